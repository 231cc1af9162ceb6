/* firewall.h - this host's firewall: holes for nodes, and who makes them.
 *
 * A hole lets one source address reach one of our ports (or a span of them)
 * for a while.  A backend makes holes in one kind of firewall: one file each,
 * a table of functions (struct fettle_backend), listed in firewall.c.  Leases
 * (lease.h) decide what is open and how long; nobody else calls `open`.
 *
 * How to write a backend: fill in struct fettle_backend; none.c is the
 * shortest.  What a backend can rely on: calls come from one thread, that of
 * the event loop; the holes it is given are valid, their addresses unmapped;
 * a hole is named by `from`, `protocol`, `first` and `last`, and isn't opened
 * twice with different words.  What it must keep: nothing blocks for more than
 * a few milliseconds (setup and undo-setup may); changes take effect in the
 * order of calls; each `done` is called exactly once, from the event loop,
 * never from within the call, and not after `stop`; arrays are the caller's
 * and are gone when a call returns.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef FETTLE_FIREWALL_H
#define FETTLE_FIREWALL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "firewall/address.h"
#include "util/buf.h"
#include "util/error.h"

struct event_base;

#define FETTLE_HOLE_PORTS_MAX 1024 /* ports of one hole */
#define FETTLE_FIREWALL_MARK  0x00100000u

struct fettle_hole {
  struct fettle_address from;
  uint32_t protocol;    /* FETTLE_TCP or FETTLE_UDP */
  uint16_t first, last; /* ports of ours; equal for one */
  uint32_t lifetime_s;  /* close it after that by yourself; it is opened again before */
  /* Why: for comments and for people.  Of one of those who want it. */
  uint32_t phase;       /* FETTLE_INVENTORY, FETTLE_DEPLOYMENT, both; 0: by hand */
  const char *node;     /* name */
  const char *purpose;  /* the plugin's words */
  int64_t until;        /* when the last lease ends, seconds since 1970 */
};

struct fettle_hole_status {
  bool known;           /* the backend can tell */
  bool open;
  uint64_t packets;
  bool counted;         /* packets is a number, not just 0 */
  uint32_t remaining_s; /* 0: unlimited, or unknown */
};

/* Who came to one of our ports without a hole. */
struct fettle_stranger {
  struct fettle_address from; /* of a link-local one, the interface isn't known */
  uint32_t protocol;
  uint16_t port;
  uint64_t packets;
};

/* Packets that begin a connection, of one hole's address to its first port. */
struct fettle_hole_trace {
  uint64_t arrived; /* from the network, before routing and filters */
  uint64_t refused; /* dropped by us: no hole */
  uint64_t passed;  /* through all filters of this host */
};

/* Something on this host that stands in the way, which `setup` or a person
 * must mend: what it is, what to type, in full. */
struct fettle_obstacle {
  char what[700];
  char mend[1200];
  bool by_setup; /* `fettle firewall setup` does it */
};

struct fettle_port_span {
  uint32_t protocol;
  uint16_t first, last;
};

struct fettle_firewall_options {
  const char *libexecdir;  /* where fettle-gate is */
  const char *gate_socket; /* of a fettle-gate that runs already; NULL: start one */
  /* Ports that holes can be asked for, now or later: of listeners, downloads,
   * passive FTP. */
  const struct fettle_port_span *ports;
  size_t n_ports;
  uint32_t mark;           /* 0: FETTLE_FIREWALL_MARK */
};

/* What a backend says unasked. */
struct fettle_firewall_events {
  /* Holes are gone, though nobody closed them: settle again.  The backend
   * works again when this is called. */
  void (*lost) (void *arg, const char *why);
  /* Worth a line in the log. */
  void (*notice) (void *arg, const char *text);
};

typedef void fettle_firewall_done (void *arg, fettle_result, const char *text);
typedef void fettle_firewall_status_done (void *arg, fettle_result, const char *text,
                                          const struct fettle_hole_status *, size_t n);
typedef void fettle_firewall_seen_done (void *arg, fettle_result, const char *text,
                                        const struct fettle_stranger *, size_t n);
typedef void fettle_firewall_trace_done (void *arg, fettle_result, const char *text,
                                         const struct fettle_hole_trace *);
typedef void fettle_firewall_look_done (void *arg, fettle_result, const char *text,
                                        const struct fettle_obstacle *, size_t n);

enum fettle_setup_action {
  FETTLE_SETUP_SHOW,  /* say what setup would do and what a person must do */
  FETTLE_SETUP_APPLY,
  FETTLE_SETUP_SHOW_UNDO,
  FETTLE_SETUP_UNDO,  /* leave the rules as they were, to the byte */
};

struct fettle_backend {
  const char *name;  /* firewall = "..." */
  const char *title;

  /* Is this what governs this host, and may we use it?  For the choice at
   * start; changes nothing; `err` says why not.  May take tens of ms. */
  fettle_result (*available) (const struct fettle_firewall_options *, struct fettle_error *);

  /* The options are borrowed until stop.  What takes longer than a few ms
   * (a helper's start) goes on in the background; calls are kept till then. */
  fettle_result (*start) (struct event_base *, const struct fettle_firewall_options *,
                          const struct fettle_firewall_events *, void *arg, void **ret_state,
                          struct fettle_error *);

  /* Closes all holes (waiting for that, if it must, at most a second). */
  void (*stop) (void *state);

  /* Open for lifetime_s from now, new or open already. */
  void (*open) (void *state, const struct fettle_hole *, size_t n, fettle_firewall_done *, void *);

  /* Not open any more, if they were. */
  void (*close) (void *state, const struct fettle_hole *, size_t n, fettle_firewall_done *, void *);

  /* Exactly these: whatever of ours is there besides, from a former life too,
   * goes. */
  void (*settle) (void *state, const struct fettle_hole *, size_t n, fettle_firewall_done *, void *);

  /* In the same order. */
  void (*status) (void *state, const struct fettle_hole *, size_t n, fettle_firewall_status_done *,
                  void *);

  /* What of the host's firewall would still drop what comes through. */
  void (*look) (void *state, fettle_firewall_look_done *, void *);

  /* For an administrator, in the command, not in the service: what was done,
   * or would be, is added to the text. */
  fettle_result (*setup) (const struct fettle_firewall_options *, enum fettle_setup_action,
                          struct fettle_buf *, struct fettle_error *);

  /* The same holes by hand: commands or lines of a configuration. */
  fettle_result (*describe) (const struct fettle_firewall_options *, const struct fettle_hole *,
                             size_t n, struct fettle_buf *, struct fettle_error *);

  /* ---- May be NULL. ---- */

  /* Ports that are shut to everybody but holes, from now on, whether or not
   * the host has a policy of its own.  Before: none. */
  void (*gate) (void *state, const struct fettle_port_span *, size_t n, fettle_firewall_done *,
                void *);
  void (*seen) (void *state, fettle_firewall_seen_done *, void *);
  void (*trace) (void *state, const struct fettle_hole *, fettle_firewall_trace_done *, void *);
};

/* ---- The one that was chosen. ---- */

struct fettle_firewall;

/* In the order of choice; ends with NULL.  `none` is the last. */
extern const struct fettle_backend *const fettle_backends[];

/* "auto" or a backend's name.  What is named must be available; of "auto", the
 * first that is, and `ret_why` says why not each before it (may be NULL). */
fettle_result fettle_backend_choose (const char *name, const struct fettle_firewall_options *,
                                     const struct fettle_backend **ret, struct fettle_buf *ret_why,
                                     struct fettle_error *);

fettle_result fettle_firewall_new (struct event_base *, const struct fettle_backend *,
                                   const struct fettle_firewall_options *,
                                   const struct fettle_firewall_events *, void *arg,
                                   struct fettle_firewall **ret, struct fettle_error *);
void fettle_firewall_free (struct fettle_firewall *);

const struct fettle_backend *fettle_firewall_backend (const struct fettle_firewall *);

/* The backend's functions.  Holes must be valid (fettle_hole_check); what a
 * backend lacks is answered with FETTLE_E_UNSUPPORTED. */
void fettle_firewall_open (struct fettle_firewall *, const struct fettle_hole *, size_t n,
                           fettle_firewall_done *, void *arg);
void fettle_firewall_close (struct fettle_firewall *, const struct fettle_hole *, size_t n,
                            fettle_firewall_done *, void *arg);
void fettle_firewall_settle (struct fettle_firewall *, const struct fettle_hole *, size_t n,
                             fettle_firewall_done *, void *arg);
void fettle_firewall_status (struct fettle_firewall *, const struct fettle_hole *, size_t n,
                             fettle_firewall_status_done *, void *arg);
void fettle_firewall_look (struct fettle_firewall *, fettle_firewall_look_done *, void *arg);
void fettle_firewall_gate (struct fettle_firewall *, const struct fettle_port_span *, size_t n,
                           fettle_firewall_done *, void *arg);
void fettle_firewall_seen (struct fettle_firewall *, fettle_firewall_seen_done *, void *arg);
void fettle_firewall_trace (struct fettle_firewall *, const struct fettle_hole *,
                            fettle_firewall_trace_done *, void *arg);

/* Address, protocol, ports: can it be asked for? */
fettle_result fettle_hole_check (const struct fettle_hole *, struct fettle_error *);

#endif
