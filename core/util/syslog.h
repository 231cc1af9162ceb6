/* syslog.h - lines to the system's log: journald's or syslog's socket.
 *
 * Never blocks: a line that isn't taken at once is left out, and the next one
 * that is taken says how many were.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef FETTLE_SYSLOG_H
#define FETTLE_SYSLOG_H

struct fettle_syslog;

/* The socket needn't be there yet. */
struct fettle_syslog *fettle_syslog_new (const char *path);
void fettle_syslog_free (struct fettle_syslog *);

/* With priority authpriv.notice. */
void fettle_syslog_send (struct fettle_syslog *, const char *text);

#endif
