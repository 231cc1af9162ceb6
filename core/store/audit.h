/* audit.h - who did what, and what came of it: a log that only grows.
 *
 * A row is written in the transaction of what it tells of, so that neither is
 * there without the other.  Each row's hash is over the one before it and the
 * row: a row that was changed, taken out or put in between breaks the chain.
 * Rows at the end could still be cut off, or all be made anew; so each row and
 * its hash also go to the system's log, and a hash that was noted down
 * elsewhere can be asked for.
 *
 * hash = SHA-256 (hash of the row before it, 64 hex digits, 64 zeros before
 * the first; then the JSON array [id, time, who, role, origin, what, object,
 * outcome, detail] without spaces), as 64 hex digits.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef FETTLE_AUDIT_H
#define FETTLE_AUDIT_H

#include <jansson.h>

#include "store/store.h"
#include "util/error.h"

#define FETTLE_AUDIT_HASH 65 /* bytes, with the NUL */

struct event_base;
struct fettle_audit;

struct fettle_audit_entry {
  const char *who, *role, *origin; /* origin: the address; NULL: the service itself */
  const char *what;                /* "DELETE /nodes/:node", "task", "job", "service" */
  const char *object;              /* which one, or NULL */
  const char *outcome;             /* "done", a task's state, why it was refused */
  const json_t *detail;            /* or NULL; no secrets: fettle_redact */
};

/* The store is borrowed.  system_log: the socket of the system's log, "": it
 * isn't told. */
struct fettle_audit *fettle_audit_new (struct fettle_store *, struct event_base *,
                                       const char *system_log);
void fettle_audit_free (struct fettle_audit *);

void fettle_audit_add (struct fettle_audit *, const struct fettle_audit_entry *);

/* Verifying goes on from what is here; all zero at first. */
struct fettle_audit_state {
  int64_t id;                   /* the last row that was looked at */
  int64_t rows;
  char hash[FETTLE_AUDIT_HASH]; /* its; "" before the first */
  const char *wrong;            /* what is wrong with row `id`, or NULL */
  bool done;
};

/* Looks at up to `rows` more rows. */
void fettle_audit_verify (struct fettle_store *, struct fettle_audit_state *, int rows);

#endif
