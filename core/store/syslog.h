/* syslog.h - lines to the system's log: journald's or syslog's socket.
 *
 * Never blocks the caller's loop: a line that isn't taken at once (the log is
 * busy, or just being restarted) waits, in its order, and is tried again from
 * the loop.  Only when WAITING_MAX bytes wait are lines left out; the next one
 * that is taken says how many were.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef FETTLE_SYSLOG_H
#define FETTLE_SYSLOG_H

struct event_base;
struct fettle_syslog;

/* The socket needn't be there yet. */
struct fettle_syslog *fettle_syslog_new (const char *path, struct event_base *);

/* What waits for a busy log is given a second more. */
void fettle_syslog_free (struct fettle_syslog *);

/* With priority authpriv.notice. */
void fettle_syslog_send (struct fettle_syslog *, const char *text);

#endif
