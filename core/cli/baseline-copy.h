/* baseline-copy.h - the files of a component, out of wherever its baseline has
 * them, into a folder; each is what was hashed when the baseline was added, or
 * isn't left there.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef FETTLE_CLI_BASELINE_COPY_H
#define FETTLE_CLI_BASELINE_COPY_H

#include "cli/cli.h"

/* `from`: the baseline's path; `file` and `component`: as docs/api.md has them. */
fettle_result fettle_copy_file (const struct fettle_cli *, const char *from, const json_t *file,
                                const char *to, struct fettle_error *);

/* A component that is a whole folder: into one of its name, in `to`. */
fettle_result fettle_copy_tree (const struct fettle_cli *, const char *from,
                                const json_t *component, const char *to, struct fettle_error *);

#endif
