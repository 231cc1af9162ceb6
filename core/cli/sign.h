/* sign.h - what the commands about signing share.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef FETTLE_CLI_SIGN_H
#define FETTLE_CLI_SIGN_H

#include "cli/cli.h"
#include "sign/paper.h"

/* All files of a folder, by fettle-scan: {path: {"size", "sha256"}}, and those
 * about signing. */
fettle_result fettle_list_files (const struct fettle_cli *, const char *folder, json_t **ret_files,
                                 struct fettle_papers *ret_papers, struct fettle_error *);

/* --expires: days from now, or a time like 2027-11-22T00:00:00Z. */
#define FETTLE_EXPIRES_OPTION \
  { "expires", 0, "DAYS|TIME", "until when it counts: days from now, or a time; initially 365 days" }
fettle_result fettle_expires (const struct fettle_args *, int64_t now, int64_t *ret,
                              struct fettle_error *);

#endif
