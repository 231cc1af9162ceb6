/* signing.h - may this baseline be used?  One scan's papers and files, as
 * fettle-scan says them, against whom we trust.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef FETTLE_ENGINE_SIGNING_H
#define FETTLE_ENGINE_SIGNING_H

#include "engine/internal.h"

struct signing;

struct signing *fettle_signing_new (struct fettle_engine *, bool allow_unsigned);
void fettle_signing_free (struct signing *);

/* One line of the scanner's; lines that are of no concern are fine.  An error
 * ends the baseline: it names the file, and what is wrong. */
fettle_result fettle_signing_line (struct signing *, const json_t *line, struct fettle_error *);

/* After the last line: is everything there? */
fettle_result fettle_signing_end (struct signing *, struct fettle_error *);

/* {"state": "signed"|"unsigned", ...} for the store, as docs/api.md says. */
json_t *fettle_signing_json (const struct signing *);

/* Remembers the version, so that there is no way back, and newer roots. */
void fettle_signing_keep (struct signing *);

/* ---- trust.c ---- */

/* The vendors' keys, as a file that can be read once more by /dev/fd; -1: there are none. */
#define FETTLE_VENDOR_TEXT_MAX (8u << 20)
int fettle_vendor_keys (struct fettle_engine *);

/* Whom we trust, out of the store. */
fettle_result fettle_trust_load (struct fettle_engine *, struct fettle_trust *ret,
                                 struct fettle_error *);
void fettle_trust_save_root (struct fettle_engine *, const char *name, uint64_t version,
                             const char *text);

/* At this moment: is its signature still worth something, is it the newest
 * known one?  `name` is the baseline's. */
fettle_result fettle_signature_usable (struct fettle_engine *, const char *name,
                                       const json_t *signature, struct fettle_error *);

/* EXPIRED, ROLLED BACK, or another of the same version. */
fettle_result fettle_signature_version (struct fettle_engine *, const char *name, uint64_t version,
                                        const char *digest, struct fettle_error *);

#endif
