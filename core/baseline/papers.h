/* papers.h - the files about signing, and what there is for them to sign, as
 * JSON lines:
 *
 *   {"paper": {"name", "data"}}            base64; a large one is several lines
 *   {"papers": how many}                   behind the last of them
 *   {"file": {"path", "size", "sha256"}}   each other file of the folder or the
 *                                          image; not what is in archives there
 *   {"files": how many}                    behind the last of them
 *
 * What they say is judged by the service (sign/trust.h): it doesn't parse the
 * components.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef FETTLE_PAPERS_H
#define FETTLE_PAPERS_H

#include <stdio.h>

#include "baseline/record.h"

fettle_result fettle_scan_papers (const struct fettle_records *, FILE *out, struct fettle_error *);
fettle_result fettle_scan_files (const struct fettle_records *, FILE *out, struct fettle_error *);

/* Both, and no components; as fettle_scan. */
fettle_result fettle_scan_files_alone (int fd, const char *name, FILE *out, struct fettle_error *);

#endif
