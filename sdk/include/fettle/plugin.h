/* fettle/plugin.h - the stable C ABI between Fettle and a node-type plugin.
 *
 * The promise: a plugin built against an older copy of this header always
 * loads in a newer Fettle.  A newer plugin in an older Fettle usually does,
 * and when it can't, it is refused with a message that says why.
 *
 * How the promise is kept (tests/abi checks each):
 *  - A plugin imports no symbol of Fettle and exports exactly one function,
 *    the one that FETTLE_REGISTER defines.  What the host offers comes in
 *    tables (struct fettle_host, fettle/services.h).
 *  - Structs grow at their end only; numbers are never reused.  A struct
 *    begins with its size, an array comes with its stride.
 *  - Fixed-width integers only: no enum, bool, long, time_t, off_t, errno.
 *  - What is passed in is borrowed for the call.  What comes out is pushed
 *    through the host, which copies.  Nothing is freed across the border.
 *  - Flag bits 0-15 may be ignored by a host that doesn't know them; a host
 *    refuses a plugin with a bit 16-31 that it doesn't know.
 *
 * A descriptor is constant data: it can be read without running plugin code.
 * One operation is one call, in a process of its own, on one node.  No
 * threads, no open and close, no state to guard.
 *
 * Text is UTF-8, without newline at its end.  See fettle-plugin(3).
 *
 * SPDX-License-Identifier: Apache-2.0 OR BSD-2-Clause
 */
#ifndef FETTLE_PLUGIN_H
#define FETTLE_PLUGIN_H

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

#define FETTLE_ABI 1u /* the major number: another one is another entry symbol */

#if defined (_WIN32)
# define FETTLE_EXPORT __declspec (dllexport)
#elif defined (__GNUC__)
# define FETTLE_EXPORT __attribute__ ((__visibility__ ("default")))
#else
# define FETTLE_EXPORT
#endif

/* True if the other side's struct is new enough to have this member, and has
 * it filled in. */
#define FETTLE_HAS(p, type, member)                                           \
  ((p)->struct_size >= offsetof (type, member) + sizeof ((p)->member)         \
   && (p)->member != 0)

/* ---- Results.  A failing call says why, once, through host->error. ---- */

typedef int32_t fettle_result;

#define FETTLE_OK              0 /* done, or: the node has taken it */
#define FETTLE_AGAIN           1 /* call again; returned by host->again only */
#define FETTLE_OK_REBOOT       2 /* deploy: taken, and a restart makes it work */
#define FETTLE_E_INTERNAL    (-1) /* a defect of the plugin or the host */
#define FETTLE_E_NOMEM       (-2)
#define FETTLE_E_CONFIG      (-3) /* a setting or argument is wrong */
#define FETTLE_E_UNREACHABLE (-4) /* no answer, or no connection */
#define FETTLE_E_AUTH        (-5) /* the node refused the credentials */
#define FETTLE_E_PROTOCOL    (-6) /* the node answered nonsense */
#define FETTLE_E_UNSUPPORTED (-7) /* this node or plugin can't do that */
#define FETTLE_E_BUSY        (-8) /* the node is busy: try again later */
#define FETTLE_E_TIMEOUT     (-9)
#define FETTLE_E_REJECTED   (-10) /* the node refused the image */
#define FETTLE_E_ABORTED    (-11) /* the user asked to stop */
#define FETTLE_E_SERVICE    (-12) /* a host service this call needs is absent */

/* ---- Ports: what the nodes of a type need.  Everything else, firewall
 * ---- holes, listeners, checks, what this plugin may connect to, is derived
 * ---- from these rows.  A port that isn't here doesn't work. ---- */

/* phases, may be or-ed */
#define FETTLE_INVENTORY  (1u << 0)
#define FETTLE_DEPLOYMENT (1u << 1)
#define FETTLE_BOTH       (FETTLE_INVENTORY | FETTLE_DEPLOYMENT)

/* direction */
#define FETTLE_TO_TARGET   1u /* we connect, the node listens */
#define FETTLE_FROM_TARGET 2u /* the node connects, we listen */

/* protocol: IANA numbers */
#define FETTLE_TCP  6u
#define FETTLE_UDP 17u

/* flags of a port */
#define FETTLE_PORT_OPTIONAL (1u << 0) /* used when open; printed as "(80)" */
#define FETTLE_PORT_DYNAMIC  (1u << 1) /* any one port of first..last */
#define FETTLE_PORT_SPARE    (1u << 2) /* of the table, but the plugin does without: no check
                                          refuses a node where it is closed */

/* listener: ours, whose number only the configuration knows */
#define FETTLE_LISTEN_NONE  0u
#define FETTLE_LISTEN_HTTP  1u /* setting "port", usually 63001 */
#define FETTLE_LISTEN_HTTPS 2u /* setting "ssl_port", usually 63002 */
#define FETTLE_LISTEN_FTP   3u /* setting "ftp_port", usually off */

struct fettle_port {
  uint32_t phases;
  uint32_t direction;
  uint32_t protocol;
  uint32_t flags;
  uint32_t listener;    /* only from the target; then first == last == 0 */
  uint16_t first, last; /* equal but for a range */
  const char *purpose;  /* one line, e.g. "Redfish"; never NULL */
};

/* Rows of a port table.  Positional, so that they are C++ too. */
#define FETTLE_TO(phases, protocol, port, purpose)                            \
  { (phases), FETTLE_TO_TARGET, (protocol), 0, 0, (port), (port), (purpose) }
#define FETTLE_TO_OPT(phases, protocol, port, purpose)                        \
  { (phases), FETTLE_TO_TARGET, (protocol), FETTLE_PORT_OPTIONAL, 0,          \
    (port), (port), (purpose) }
#define FETTLE_TO_SPARE(phases, protocol, port, purpose)                      \
  { (phases), FETTLE_TO_TARGET, (protocol), FETTLE_PORT_SPARE, 0,             \
    (port), (port), (purpose) }
#define FETTLE_TO_RANGE(phases, protocol, first, last, purpose)               \
  { (phases), FETTLE_TO_TARGET, (protocol), FETTLE_PORT_DYNAMIC, 0,           \
    (first), (last), (purpose) }
#define FETTLE_FROM(phases, listener, purpose)                                \
  { (phases), FETTLE_FROM_TARGET, FETTLE_TCP, 0, (listener), 0, 0, (purpose) }
#define FETTLE_FROM_SPARE(phases, listener, purpose)                          \
  { (phases), FETTLE_FROM_TARGET, FETTLE_TCP, FETTLE_PORT_SPARE, (listener),  \
    0, 0, (purpose) }

/* ---- Settings of a node: data, too. ---- */

#define FETTLE_SETTING_TEXT 1u
#define FETTLE_SETTING_UINT 2u
#define FETTLE_SETTING_BOOL 3u /* "yes" or "no" */
#define FETTLE_SETTING_PORT 4u /* a port instead of the declared one, `moves` */

struct fettle_setting {
  const char *name;    /* [a-z][a-z0-9_]* */
  uint32_t type;       /* FETTLE_SETTING_* */
  uint32_t moves;      /* PORT: the declared TCP port that it replaces, else 0 */
  const char *initial; /* the value when unset; NULL: none */
  const char *help;    /* one line; never NULL */
};

/* ---- What a call is about.  Borrowed for the call. ---- */

struct fettle_target {
  uint32_t struct_size;
  uint32_t flags;
  const char *address;   /* an IPv4 or IPv6 literal, IPv6 with %zone if needed */
  const char *name;      /* what the user calls the node: for messages */
  const char *type;      /* the node type's name */
  const char *operation; /* [a-z0-9-]{1,40}: one for each task, and the same
                          * when the task's call is repeated, also after a
                          * crash: for names of what is left on the node;
                          * inventories of a node have all the same one */
  const char *message;   /* activate: for the node's users, one line, or NULL */
  uint32_t delay_s;      /* activate: what they are given before the restart */
};

/* A component's files are read by number, 0 .. n_files - 1, through the host:
 * a plugin sees neither paths nor descriptors. */
struct fettle_file {
  const char *name;   /* base name, [A-Za-z0-9._+~-]: safe in a shell */
  const char *sha256; /* 64 lower-case hex digits, already verified here */
  uint64_t size;      /* bytes */
};

#define FETTLE_IMAGE_DOWNGRADE (1u << 0) /* an older version is wanted */
#define FETTLE_IMAGE_REWRITE   (1u << 1) /* the same version again is wanted */

struct fettle_image {
  uint32_t struct_size;
  uint32_t flags;
  const char *id;      /* of the component */
  const char *format;  /* "deb", "rpm", "scexe", "script", "cab", "raw", ... */
  const char *match;   /* what it is for: the item's match */
  const char *version;
  uint32_t n_files;    /* at least 1; file 0 is the payload */
  uint32_t file_size;  /* stride of files[] */
  const struct fettle_file *files;
};

/* ---- What an inventory found. ---- */

#define FETTLE_ITEM_UPDATEABLE   (1u << 0)
#define FETTLE_ITEM_TPM          (1u << 1) /* a TPM that is on: it measures firmware */
#define FETTLE_ITEM_ENCRYPTED    (1u << 2) /* a disk locked to the firmware, BitLocker's e.g. */
#define FETTLE_ITEM_NO_DOWNGRADE (1u << 3) /* the node refuses older versions of it */

struct fettle_item {
  uint32_t struct_size;    /* sizeof (struct fettle_item) */
  uint32_t flags;
  const char *id;          /* stable and unique on the node */
  const char *kind;        /* "firmware", "driver", "package", "os", "hardware" */
  const char *name;        /* for people */
  const char *version;     /* as the node says it; "" if it doesn't */
  const char *scheme;      /* how versions compare: "dpkg", "rpm", "semver",
                            * "dotted", "hpe", "fos", "plain"; NULL is "plain" */
  const char *match;       /* what a component names to be for this item:
                            * "deb:openssl", "pci:15b3:1017", a GUID; spaces
                            * between several; NULL if nothing can be */
  const char *location;    /* "Slot 3", or NULL */
  const char *arch;        /* "amd64", or NULL where it doesn't matter */
  const char *staged;      /* a version that waits for a restart, or NULL */
  const char *why_not;     /* without FETTLE_ITEM_UPDATEABLE: why, and what to do
                            * instead, where a component has another version:
                            * a sentence; or NULL */
};

/* A node that this node knows of: an enclosure its iLOs and modules. */
struct fettle_found {
  uint32_t struct_size;
  uint32_t flags;
  const char *address;
  const char *type;     /* a node type's name, or NULL: to be found out */
  const char *name;
  const char *location; /* "Bay 3", or NULL */
  const char *pair;     /* a name: no two nodes of this enclosure with the same
                         * one are worked on at once; or NULL */
  uint32_t relation;    /* FETTLE_FOUND_* */
};

#define FETTLE_FOUND_MEMBER  0u /* it belongs to this node: an enclosure's iLO */
#define FETTLE_FOUND_MANAGER 1u /* this node belongs to it: an iLO's enclosure */
#define FETTLE_FOUND_PEER    2u /* they are a pair, of which neither has the other */

/* ---- What the host gives to a call. ---- */

typedef struct fettle_ctx fettle_ctx; /* one call; opaque */

/* Log levels are syslog's. */
#define FETTLE_LOG_ERROR   3u
#define FETTLE_LOG_WARNING 4u
#define FETTLE_LOG_INFO    6u
#define FETTLE_LOG_DEBUG   7u

struct fettle_host {
  uint32_t struct_size;
  uint32_t abi;

  void (*log) (fettle_ctx *, uint32_t level, const char *text);

  /* Say why a call fails: what was tried, what the node said, what to do.
   * Returns the code it is given.  The node's and the plugin's names are
   * added by the host. */
  fettle_result (*error) (fettle_ctx *, fettle_result, const char *text);

  /* How far the whole call is, 0 .. 1000, and what is being done. */
  void (*progress) (fettle_ctx *, uint32_t permille, const char *step);

  /* Not 0 when the call is to end.  Ask in every loop; end within a second. */
  int32_t (*aborted) (fettle_ctx *);

  /* FETTLE_E_ABORTED when woken by an abort. */
  fettle_result (*sleep_ms) (fettle_ctx *, uint32_t ms);

  /* A setting of this node, its initial value if unset, NULL if none.
   * Borrowed until the call ends. */
  const char *(*setting) (fettle_ctx *, const char *name);

  fettle_result (*add_item) (fettle_ctx *, const struct fettle_item *);
  fettle_result (*add_node) (fettle_ctx *, const struct fettle_found *);

  /* End this call; call again in delay_s seconds with this token (text, at
   * most 1000 bytes).  Stored before the delay begins, so it outlives a crash.
   * Use as: return host->again (ctx, 30, "task 7"); */
  fettle_result (*again) (fettle_ctx *, uint32_t delay_s, const char *token);

  /* The token of the call before, NULL on the first call. */
  const char *(*token) (fettle_ctx *);

  /* Bytes of an image's file at an offset.  0 at its end, else how many were
   * read, or a negative result. */
  int64_t (*read_file) (fettle_ctx *, uint32_t file, uint64_t offset,
                        void *buffer, uint32_t size);

  /* The table of a service ("ssh", 1), or NULL: see fettle/services.h. */
  const void *(*service) (fettle_ctx *, const char *name, uint32_t version);

  /* What differs between models is data, in the plugin's file NAME.quirks
   * beside it, which the user can add to: the value of a key for a model, as
   * the plugin calls it.  NULL: there is none.  Borrowed until the call ends. */
  const char *(*quirk) (fettle_ctx *, const char *model, const char *key);
};

/* ---- What a plugin gives to the host. ---- */

/* systems that a node type can be run from */
#define FETTLE_HOST_LINUX   (1u << 0)
#define FETTLE_HOST_WINDOWS (1u << 1)
/* With FETTLE_HOST_WINDOWS alone: the user guides' table has the type for
 * Windows, and here it can be run from Linux, too: a row of its own behind all
 * others, without the ports that the plugin does without. */
#define FETTLE_HOST_LINUX_TOO (1u << 2)

#define FETTLE_CALL const struct fettle_host *, fettle_ctx *, const struct fettle_target *

/* flags of a node type */
#define FETTLE_TYPE_ANNOUNCES (1u << 0) /* activate tells target->message to the node's users, and
                                         * waits target->delay_s itself */
#define FETTLE_TYPE_INVENTORY_LEAVES (1u << 1) /* an inventory that is cut may leave something on
                                                * the node: cleanup is called for it, too */

#define FETTLE_LAYER_SERVER       0u /* and all else */
#define FETTLE_LAYER_MANAGER      1u /* of an enclosure */
#define FETTLE_LAYER_INTERCONNECT 2u

struct fettle_node_type {
  const char *name;      /* [a-z][a-z0-9-]*: "ilo" */
  const char *title;     /* "iLO" */
  uint32_t position;     /* in lists; 1000 and above for types outside Fettle */
  uint32_t hosts;        /* FETTLE_HOST_* */
  uint32_t flags;
  uint32_t n_ports;
  uint32_t n_settings;
  uint32_t reserved;     /* 0 */
  const struct fettle_port *ports;
  const struct fettle_setting *settings;
  const char *services;  /* needed: "ssh/1 http/1"; NULL: none */
  const char *wants;     /* used if there; NULL: none */

  /* NULL: this type can't do that (yet). */

  /* Is the node of this type?  Score 0 (not mine: that's no error) to 100
   * (certain).  Must not change the node. */
  fettle_result (*probe) (FETTLE_CALL, uint32_t *score);

  /* What is on the node?  Must not change it.  One item that can't be read
   * is logged and left out; it doesn't fail the call. */
  fettle_result (*inventory) (FETTLE_CALL);

  /* Bring the image onto the node.  A state machine over host->token: it may
   * be called again with the last stored token, also after a crash, so each
   * step is safe to repeat or looks first whether it was done.  FETTLE_OK
   * means that the node has taken it, FETTLE_OK_REBOOT that it has, but must
   * restart (activate) to use it; a fresh inventory decides. */
  fettle_result (*deploy) (FETTLE_CALL, const struct fettle_image *);

  /* Remove what an interrupted deploy of this target's operation left; with
   * FETTLE_TYPE_INVENTORY_LEAVES also what an interrupted inventory did. */
  fettle_result (*cleanup) (FETTLE_CALL);

  /* Restart, or activate what was staged; OK when the node is back. */
  fettle_result (*activate) (FETTLE_CALL);

  /* The node's own firewall.  open answers with its former state (text, at
   * most 60 KiB, borrowed until the call ends), restore is given just that.
   * NULL: there is nothing to restore.  open may be called again for the same
   * operation, to keep it open, or since nobody knows whether the first call
   * came through: it answers with the state before the first.  What it opens
   * is for our address alone, and ends by itself in some hours. */
  fettle_result (*firewall_open) (FETTLE_CALL, uint32_t phases, const char **former);
  fettle_result (*firewall_restore) (FETTLE_CALL, const char *former);

  /* Make the node fetch this URL of ours (http or https, by address; the
   * certificate isn't to be verified, the node knows none of ours): is the way
   * back open?  FETTLE_OK when it got status 200.  Otherwise an error whose
   * text says what the node saw, so that it can be judged:
   *
   *   WORD: anything (NAME=VALUE NAME=VALUE ...)
   *
   * WORD is one of  refused  timed-out  no-route (network unreachable)
   * unreachable (host unreachable)  not-permitted (by its own kernel)
   * connected (it can connect, but doesn't speak the protocol)  answered (by
   * something else, or with another status).  A text with no such word, or
   * FETTLE_E_UNSUPPORTED, means that nothing was found out.  Notes, where the
   * node can tell:  source=ADDRESS source-port=N that it used  offender=ADDRESS icmp-type=N
   * icmp-code=N of the ICMP error  output-filter=yes when its own firewall
   * keeps packets from leaving  output-rules=NAME the ruleset of an ESXi host
   * that would let them out.  Repeat what is silent once, more than a
   * second later, and come to an end within a minute. */
  fettle_result (*reach_back) (FETTLE_CALL, const char *url);

  /* FETTLE_LAYER_*: of one enclosure, managers are updated first, then
   * interconnects, then servers. */
  uint32_t layer;
};

struct fettle_plugin {
  uint32_t struct_size;  /* the first five by FETTLE_HEAD */
  uint32_t abi;
  uint32_t node_type_size;
  uint32_t port_size;
  uint32_t setting_size;

  uint32_t flags;
  const char *name;        /* = file name, [a-z][a-z0-9_]* */
  const char *version;
  const char *description; /* one line */
  const struct fettle_node_type *node_types;
  uint32_t n_node_types;   /* at least 1 */
  uint32_t reserved;       /* 0 */
};

#define FETTLE_HEAD                                                           \
  sizeof (struct fettle_plugin), FETTLE_ABI, sizeof (struct fettle_node_type), \
      sizeof (struct fettle_port), sizeof (struct fettle_setting)

#define FETTLE_COUNT(array) (sizeof (array) / sizeof ((array)[0]))

/* The one exported symbol.  The prefix is libltdl's rule for modules that can
 * also be linked in (-dlpreopen) without clashing.  `name` is the plugin's
 * file name, not in quotes; `plugin` a constant struct fettle_plugin. */
#define FETTLE_ENTRY "fettle_plugin_1"
#define FETTLE_REGISTER(name, plugin)                                         \
  FETTLE_EXPORT const struct fettle_plugin *name##_LTX_fettle_plugin_1 (void); \
  const struct fettle_plugin *name##_LTX_fettle_plugin_1 (void)               \
  {                                                                           \
    return &(plugin);                                                         \
  }

typedef const struct fettle_plugin *fettle_entry (void);

#ifdef __cplusplus
}
#endif
#endif /* FETTLE_PLUGIN_H */
