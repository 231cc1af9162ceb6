/* root.h - who may sign, as a signed file of its own, so that keys can be
 * changed without a visit to each machine (the idea is that of TUF's root).
 *
 *   {"fettle-root": 1, "name": "example.com", "version": 2,
 *    "expires": "2027-11-22T09:01:02Z",
 *    "keys": ["-----BEGIN PUBLIC KEY-----...", "-----BEGIN CERTIFICATE-----..."],
 *    "root":      {"threshold": 2, "keys": [id, id, id]},    who may change this
 *    "baselines": {"threshold": 1, "keys": [id]}}            who may sign baselines
 *
 * Version N + 1 must be signed as version N says, and as it says itself.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef FETTLE_SIGN_ROOT_H
#define FETTLE_SIGN_ROOT_H

#include "sign/paper.h"

#define FETTLE_ROOT_MAX (1u << 20) /* bytes */

struct fettle_root_role {
  uint64_t threshold;
  json_t *keys; /* ids, all different, all of `keys` */
};

struct fettle_root {
  char *name;
  uint64_t version;
  int64_t expires;
  struct fettle_keys keys;
  struct fettle_root_role root, baselines;
};

/* Strict; any bytes may come in.  `ret` is set on success only. */
fettle_result fettle_root_parse (const char *text, size_t size, struct fettle_root *ret,
                                 struct fettle_error *);

/* Is the root of the paper `name`, parsed, signed as it says itself, and as
 * its predecessor says (NULL: it has none)? */
fettle_result fettle_root_signed (const struct fettle_papers *, const char *name,
                                  const struct fettle_root *, const struct fettle_root *old,
                                  int64_t now, struct fettle_error *);

/* How many different keys of the role are among these signers (paper.h)? */
uint64_t fettle_root_role_count (const struct fettle_root_role *, const json_t *signers);

/* Keys of `more` behind those of `ret`, which only borrows them: free (ret->keys). */
fettle_result fettle_keys_borrow (struct fettle_keys *ret, const struct fettle_keys *more,
                                  struct fettle_error *);

void fettle_root_clear (struct fettle_root *);

#endif
