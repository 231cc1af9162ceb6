/* backup.h - copies of the store, whole and synced, while it is in use.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef FETTLE_BACKUP_H
#define FETTLE_BACKUP_H

#include "store/store.h"
#include "util/error.h"

/* At once; replaces what is there.  The file is made with mode 0600. */
fettle_result fettle_backup_now (sqlite3 *, const char *path, struct fettle_error *);

/* In slices, from the event loop; changes made meanwhile are in the copy too.
 * `path` mustn't exist yet.  `done` comes once, err NULL when all went well; not
 * after the free. */
struct fettle_backup;
fettle_result fettle_backup_begin (struct fettle_store *, struct event_base *, const char *path,
                                   void (*done) (void *arg, const struct fettle_error *err),
                                   void *arg, struct fettle_backup **ret, struct fettle_error *);
void fettle_backup_free (struct fettle_backup *);

#endif
