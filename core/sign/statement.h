/* statement.h - baseline.json: name and version of a baseline, until when it
 * counts, and the length and SHA-256 of each of its files.
 *
 *   {"fettle-baseline": 1, "name": "site", "version": 7,
 *    "created": "2026-11-22T09:01:02Z", "expires": "2027-11-22T09:01:02Z",
 *    "adds_to": "other",                              (a supplement's, else absent)
 *    "files": [{"path": "a/b.deb", "size": 12, "sha256": "..."}]}
 *
 * The signatures are over the bytes of the file.  Versions count upwards: who
 * has seen 7 refuses 6, and another 7.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef FETTLE_SIGN_STATEMENT_H
#define FETTLE_SIGN_STATEMENT_H

#include "util/file.h"

#define FETTLE_STATEMENT_MAX       (32u << 20) /* bytes */
#define FETTLE_STATEMENT_FILES_MAX 100000
#define FETTLE_STATEMENT_NAME_MAX  100

struct fettle_statement {
  char *name, *adds_to; /* adds_to may be NULL */
  uint64_t version;     /* 1 .. 2^53 */
  int64_t created, expires;
  json_t *files;        /* {path: {"size", "sha256"}} */
};

/* Strict; any bytes may come in.  `ret` is set on success only. */
fettle_result fettle_statement_parse (const char *text, size_t size, struct fettle_statement *ret,
                                      struct fettle_error *);

/* As it is written to the file; NULL when out of memory. */
char *fettle_statement_text (const struct fettle_statement *);

/* Is what was found of this path what the statement says? */
fettle_result fettle_statement_check_file (const struct fettle_statement *, const char *path,
                                           uint64_t size, const char *sha256,
                                           struct fettle_error *);

/* A path that may stand in a statement: relative, "a/b", no ".." */
bool fettle_statement_path_ok (const char *path);

void fettle_statement_clear (struct fettle_statement *);

/* ---- Members that root.h has too ---- */

/* "2026-11-22T09:01:02Z" -> seconds. */
bool fettle_time_parse (const char *text, int64_t *ret);

/* 1 .. 2^53 out of a member. */
bool fettle_version_number (const json_t *, uint64_t *ret);

/* A name of a baseline or a root: [A-Za-z0-9._-], not '.' or '-' first. */
bool fettle_statement_name_ok (const char *name);

#endif
