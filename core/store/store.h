/* store.h - the service's memory: SQLite, written in groups.
 *
 * The first write of a pass of the event loop begins a transaction; at the
 * end of the pass it is committed (synced), and then what waited for that is
 * done: fettle_store_then.  So a journal row is on the disk before its side
 * effect, and a thousand rows cost one sync.
 *
 * A store that can't be written any more is fatal: fettle_store_failed is
 * called once, and nothing that waited for the commit is done.  What is on
 * the disk stays true; the next start goes on from there.
 *
 * Arguments of a statement follow a format, one letter each: i int64_t,
 * s text (may be NULL), j json_t * (stored as text; NULL stays NULL),
 * b const void * and size_t.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef FETTLE_STORE_H
#define FETTLE_STORE_H

#include <event2/event.h>
#include <jansson.h>
#include <sqlite3.h>
#include <stdbool.h>
#include <stdint.h>

#include "util/error.h"

struct fettle_store;

/* Opens or makes the store; brings an older one up to date, after a copy of it
 * was made beside it (PATH.schema-N).  `failed` is called when writing becomes
 * impossible. */
fettle_result fettle_store_open (const char *path, struct event_base *,
                                 void (*failed) (void *arg, const char *why), void *arg,
                                 struct fettle_store **ret, struct fettle_error *);

/* For copies: store/backup.h. */
sqlite3 *fettle_store_db (struct fettle_store *);

/* Commits and closes. */
void fettle_store_close (struct fettle_store *);

/* One statement that changes something.  False: the store has failed. */
bool fettle_store_run (struct fettle_store *, const char *sql, const char *format, ...);

/* The row id of the last insert. */
int64_t fettle_store_last_id (struct fettle_store *);

/* Does f (arg) after the next commit; at once if nothing waits to be written. */
void fettle_store_then (struct fettle_store *, void (*f) (void *arg), void *arg);

/* Commits now, for what can't wait for the end of the pass.  False: the store
 * has failed. */
bool fettle_store_sync (struct fettle_store *);

/* Forgets what waits with this arg. */
void fettle_store_forget (struct fettle_store *, void *arg);

/* Rows of a query:
 *   struct fettle_rows rows;
 *   fettle_store_query (store, &rows, "SELECT a FROM t WHERE b = ?", "i", b);
 *   while (fettle_rows_next (&rows)) ... fettle_rows_text (&rows, 0) ...
 * Reading to the end, or fettle_rows_end, closes.  Text is borrowed until the
 * next row. */
struct fettle_rows {
  sqlite3_stmt *statement;
};
void fettle_store_query (struct fettle_store *, struct fettle_rows *, const char *sql,
                         const char *format, ...);
bool fettle_rows_next (struct fettle_rows *);
void fettle_rows_end (struct fettle_rows *);
int64_t fettle_rows_int (struct fettle_rows *, int column);
const char *fettle_rows_text (struct fettle_rows *, int column); /* NULL for NULL */
const void *fettle_rows_blob (struct fettle_rows *, int column, size_t *ret_size);
json_t *fettle_rows_json (struct fettle_rows *, int column);     /* a new reference; null for NULL */

/* One number of a query, `otherwise` if it has no row. */
int64_t fettle_store_number (struct fettle_store *, int64_t otherwise, const char *sql,
                             const char *format, ...);

#endif
