/* paper.h - the files of a baseline that say what belongs to it and who says
 * so, all in its top folder:
 *
 *   baseline.json                what belongs to it (statement.h)
 *   baseline.json.KEY.sig        an Ed25519 signature of that file, 64 bytes
 *   baseline.json.KEY.p7s        a CMS signature of that file (cms.h)
 *   root.N.json                  who may sign, version N (root.h)
 *   root.N.json.KEY.sig, .p7s    signatures of that file
 *
 * KEY: the first 16 digits of the id of the signer's key (key.h).  Each of
 * these signatures can be checked with openssl(1) alone.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef FETTLE_SIGN_PAPER_H
#define FETTLE_SIGN_PAPER_H

#include "sign/key.h"
#include "util/buf.h"

#define FETTLE_STATEMENT_NAME  "baseline.json"
#define FETTLE_PAPERS_MAX      256
#define FETTLE_PAPERS_SIZE_MAX (40u << 20) /* bytes, all together */

struct fettle_paper {
  char *name;
  struct fettle_buf data;
};

struct fettle_papers {
  struct fettle_paper *papers;
  size_t n, size;
};

/* By its path: is it one of the above? */
bool fettle_is_paper (const char *path);

/* Is it left out of the list in baseline.json: that file and its signatures? */
bool fettle_paper_unlisted (const char *path);

/* "NAME.KEY.sig" or ".p7s" of this NAME: sets which KEY, and if it is CMS. */
bool fettle_paper_signs (const char *path, const char *name, char ret_key[FETTLE_KEY_SHORT + 1],
                         bool *ret_cms);

/* Its bytes, or further bytes of it. */
fettle_result fettle_papers_add (struct fettle_papers *, const char *name, const void *data,
                                 size_t size, struct fettle_error *);

const struct fettle_buf *fettle_papers_find (const struct fettle_papers *, const char *name);

/* Signatures of the paper `name`.  Good ones are added to `signers`: {"key":
 * id, "anchor": id of the one of `keys`, "title", "file"}; those that nobody
 * of `keys` made to `others`: {"file", "why"}.  A bad one is an error.  A CMS
 * signature must be good as soon as there is a certificate in `keys`. */
fettle_result fettle_papers_verify (const struct fettle_papers *, const char *name,
                                    const struct fettle_keys *, int64_t now, json_t *signers,
                                    json_t *others, struct fettle_error *);

void fettle_papers_clear (struct fettle_papers *);

#endif
