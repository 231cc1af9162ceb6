/* trust.h - may this baseline be used, by its papers and by whom we trust?
 * No I/O.
 *
 * Trusted are single keys and certificates, of which a number must have
 * signed, and roots, each of which says itself who must.  One that is
 * satisfied is enough.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef FETTLE_SIGN_TRUST_H
#define FETTLE_SIGN_TRUST_H

#include "sign/paper.h"
#include "sign/root.h"
#include "sign/statement.h"

#define FETTLE_ROOTS_MAX 16

struct fettle_trust {
  struct fettle_keys keys; /* single ones */
  uint64_t threshold;      /* how many of them: 1 or more */
  struct fettle_root roots[FETTLE_ROOTS_MAX];
  bool newer[FETTLE_ROOTS_MAX]; /* this root came with the papers: to be kept */
  size_t n_roots;
};

struct fettle_judgement {
  bool trusted;                 /* enough of those who are trusted have signed */
  char why[512];                /* why not */
  char digest[FETTLE_SHA256_TEXT]; /* of baseline.json */
  struct fettle_statement statement;
  json_t *signers, *others;     /* paper.h */
};

/* Papers without a baseline.json are the caller's to find.  An error: a bad
 * signature, an expired one, a broken file.  Not trusted is none: `why` says
 * who didn't sign.  Newer roots among the papers that the old ones signed are
 * taken over into the trust first. */
fettle_result fettle_trust_judge (struct fettle_trust *, const struct fettle_papers *, int64_t now,
                                  struct fettle_judgement *ret, struct fettle_error *);

/* Have enough of those who are trusted signed?  `why` says why not. */
bool fettle_trust_satisfied (const struct fettle_trust *, const json_t *signers, int64_t now,
                             char *why, size_t size);

void fettle_judgement_clear (struct fettle_judgement *);
void fettle_trust_clear (struct fettle_trust *);

#endif
