/* settings.h - the configuration: fettle.conf (libconfig), then options.
 *
 * One table in settings.c names each setting with its type, limits, initial
 * value and help; the manual and `fettle config show` are made from it.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef FETTLE_SETTINGS_H
#define FETTLE_SETTINGS_H

#include <stdbool.h>
#include <stdint.h>

#include "util/error.h"

struct fettle_settings {
  uint64_t port;               /* HTTP listener for nodes, 63001 */
  uint64_t ssl_port;           /* HTTPS: API, nodes, browser, 63002 */
  uint64_t ftp_port;           /* FTP listener; 0: off */
  char *api_address;           /* where the API listens: "localhost" or addresses */
  char *state_dir;             /* store, certificate, token, socket */
  char *plugindir;             /* folders of plugins, ':' between several */
  char *libexecdir;            /* where fettle-worker and fettle-scan are */
  char *worker_user;           /* whom workers run as when the service is root */
  uint64_t workers;            /* operations at the same time */
  uint64_t worker_memory;      /* MiB of address space of one operation */
  uint64_t connect_timeout;    /* s */
  uint64_t read_timeout;       /* s without any byte from the node */
  uint64_t inventory_timeout;  /* s for a whole inventory of a node */
  uint64_t deploy_timeout;     /* s for one component on a node, all calls */
  uint64_t unpacked_max;       /* MiB that components unpacked from archives may take */
  char *mirror_ca;             /* PEM file: whom baselines' web servers are certified by; "": the system's */
  char *host_keys;             /* "tofu" or "strict" */
  char *known_hosts;           /* file in OpenSSH's format, or "" */
  char *credential_helpers;    /* "NAME=/path/of/a/program ...", engine/helper.h */
  uint64_t helper_timeout;     /* s that one of them may take */
  bool open_firewall;          /* open what jobs need, for as long as they do */
  char *firewall;              /* a backend's name (firewall/firewall.h), or "auto" */
  char *data_ports;            /* "63010-63041": downloads move there; "": they don't */
  char *ftp_data_ports;        /* the same for passive FTP */
  uint64_t max_connections;    /* of nodes, all together */
  uint64_t node_connections;   /* of one node's address */
  uint64_t head_size;          /* bytes of a node's request without its body */
  uint64_t head_timeout;       /* s for TLS handshake, and for such a head */
  uint64_t keep_alive;         /* s that a node's connection may wait between two requests */
  uint64_t stall_timeout;      /* s without a byte that the node takes */
  uint64_t status_rate;        /* status posts a second of one node */
  uint64_t download_grace;     /* s that downloads have to end when the service does */
  char *browsers;              /* addresses that may use web page and API from elsewhere */
  char *client_ca;             /* PEM file: whose certificates the API takes; "": none */
  char *client_roles;          /* "SUBJECT: ROLE; ...", serve/access.h */
  char *metrics;               /* "no", "viewer" or "anyone": who may read /metrics */
  uint64_t idle_exit;          /* s; a service started by the command ends when unused; 0: never */
  char *audit_log;             /* socket of the system's log for audit lines, or "" */
  bool allow_unsigned;         /* baselines that nobody trusted has signed */
  uint64_t signatures;         /* of single trusted keys, that a baseline needs */
  char *log_level;             /* "error", "warning", "info", "debug" */
  uint64_t set;                /* bit i: row i of the table was set, see fettle_settings_is_set */
};

/* Initial values, which depend on the user (root or not) and on environment
 * variables FETTLE_STATE_DIR, FETTLE_PLUGINDIR, FETTLE_LIBEXECDIR. */
fettle_result fettle_settings_init (struct fettle_settings *, struct fettle_error *);

/* Reads the file over them, but not over the environment.  NULL: the usual
 * file if there is one: /etc/fettle/fettle.conf (SYSCONFDIR) for root,
 * $XDG_CONFIG_HOME/fettle/fettle.conf (~/.config) for others. */
fettle_result fettle_settings_read (struct fettle_settings *, const char *path,
                                    struct fettle_error *);

/* One setting by name, from text: what --port 80 does. */
fettle_result fettle_settings_set (struct fettle_settings *, const char *name, const char *value,
                                   struct fettle_error *);

/* Was it set by file, option or environment, or is it the initial value? */
bool fettle_settings_is_set (const struct fettle_settings *, const char *name);

/* Calls f for each setting in the table's order; value is text. */
void fettle_settings_each (const struct fettle_settings *,
                           void (*f) (void *arg, const char *name, const char *value,
                                      const char *initial, const char *help),
                           void *arg);

void fettle_settings_clear (struct fettle_settings *);

#endif
