/* guard.h - stands in front of the HTTP library: reads each request's head
 * first, strictly, and refuses what is ambiguous, too large or not ours.
 *
 * The library keeps what a client sends until it has a whole request, and
 * knows no limit for some of that.  The guard sees the same bytes as they come
 * (it is fed, and keeps no more than one head) and says no before the library
 * holds more than that: a body is let in only after the right token.
 * Pure: no I/O.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef FETTLE_GUARD_H
#define FETTLE_GUARD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "util/buf.h"

#define FETTLE_HEAD_MAX   (16 << 10) /* bytes of request line and headers */
#define FETTLE_TARGET_MAX (4 << 10)  /* bytes of path and query */
#define FETTLE_HEADERS_MAX 64
#define FETTLE_BODY_MAX   (16 << 20)
#define FETTLE_STATUS_MAX (64 << 10) /* bytes of what a node posts */

/* A head that is otherwise good, as whoever decides about it sees it. */
struct fettle_guard_head {
  const char *target;        /* path and query */
  size_t target_size;
  bool reads;                /* GET or HEAD */
  const char *authorization; /* NULL: none, or more than one */
  size_t authorization_size;
};

struct fettle_guard {
  /* May it come in?  0, or the status to refuse it with. */
  int (*admit) (void *arg, const struct fettle_guard_head *);
  void *arg;
  bool nodes;             /* of a listener for nodes: GET, HEAD and POST, and admit isn't asked */
  struct fettle_buf head; /* as far as it has come */
  uint64_t body_left;     /* bytes of body still to come */
  uint64_t body_size;     /* of the last good request */
  uint64_t requests;      /* heads that were good */
  bool has_head;          /* `head` is a whole one, and good: fettle_guard_head */
  int refused;            /* HTTP status; 0 while all is well */
  const char *why;        /* a sentence without details of ours; static */
};

void fettle_guard_init (struct fettle_guard *,
                        int (*admit) (void *arg, const struct fettle_guard_head *), void *arg);

/* The next bytes of the connection, in any portions.  Returns `refused`; once
 * that is set, what comes is ignored. */
int fettle_guard_feed (struct fettle_guard *, const void *data, size_t size);

/* The same, up to the end of a head.  Returns how much of it was taken; with
 * `has_head` set, the head's text is there until fettle_guard_next, and what
 * follows is `body_left` bytes of body, which the caller counts down. */
size_t fettle_guard_head (struct fettle_guard *, const void *data, size_t size);
void fettle_guard_next (struct fettle_guard *);

/* Nothing of a next request has come yet. */
bool fettle_guard_between (const struct fettle_guard *);

void fettle_guard_clear (struct fettle_guard *);

#endif
