/* scrub.h - takes secrets out of what was exchanged with a node, so that it
 * can be given to others.
 *
 * Known secrets go however they are written (as they are, quoted for URL, JSON
 * or XML, in base64); what looks like a secret goes by its name ("token": ...,
 * PASSWORD="...", Set-Cookie: ...), and so do private keys.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef FETTLE_SCRUB_H
#define FETTLE_SCRUB_H

#include "util/buf.h"
#include "util/error.h"

#define FETTLE_SCRUB_MIN 4 /* bytes: what is shorter is found everywhere */

struct fettle_scrub {
  char *forms[64]; /* of the secrets, longest first */
  size_t n;
};

/* NULL is no secret; CONFIG when it is too short. */
fettle_result fettle_scrub_add (struct fettle_scrub *, const char *secret, struct fettle_error *);

/* A secret together with its user, as HTTP sends them. */
fettle_result fettle_scrub_add_pair (struct fettle_scrub *, const char *user, const char *secret,
                                     struct fettle_error *);

/* Adds the bytes without secrets; false: no room. */
bool fettle_scrub (const struct fettle_scrub *, const void *data, size_t size, struct fettle_buf *ret);

/* Wipes. */
void fettle_scrub_clear (struct fettle_scrub *);

/* Adds bytes in base64. */
bool fettle_base64 (struct fettle_buf *, const void *data, size_t size);

#endif
