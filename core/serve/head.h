/* head.h - what the head of a node's request says, once the guard has found it
 * good: target and the few headers that matter to downloads and status posts.
 * Pure: no I/O.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef FETTLE_HEAD_H
#define FETTLE_HEAD_H

#include <stdbool.h>
#include <stddef.h>

/* Borrowed from the head; "" for a header that isn't there. */
struct fettle_head {
  const char *method, *target;
  const char *range, *if_range, *if_match, *if_none_match;
  const char *content_type, *key; /* key: Idempotency-Key */
  bool keep_alive, continues;     /* Expect: 100-continue */
  bool ambiguous;                 /* one of these is there twice */
};

/* Reads a head that ends with an empty line; writes NULs into it. */
void fettle_head_read (char *text, size_t size, struct fettle_head *ret);

/* What follows "/d/": the token, and the name behind it ("" if there is none),
 * without query.  False for another target. */
bool fettle_target_split (const char *target, const char *prefix, const char **ret_token,
                          size_t *ret_size, const char **ret_name, size_t *ret_name_size);

#endif
