/* scan.h - a folder of components, or an archive of them -> JSON lines.
 *
 * Objects, in general with one member each, in this order:
 *   {"progress": {"files": done, "of": all, "bytes", "of_bytes", "reused"}}
 *                                                    first, and now and then;
 *                                                    "of" is 0 for an archive
 *   {"paper": ...}, {"papers": n}                    papers.h
 *   {"bundle": {"name", "version"}}                  if it says what it is
 *   {"component": {...}, "stamps": [text, {"tree": [[path, stamp, size]]}]}           docs/api.md, component; for each
 *                                                    of its files, what was on the
 *                                                    disk looked like (util/file.h)
 *   {"problem": {"file": relative path, "message"}}  one sentence
 *   {"file": ...}, {"files": n}                      with a baseline.json: papers.h
 *   {"done": {"components": n, "problems": n}}       last
 * When it as a whole can't be read, the last line is a problem of the
 * file "." and there is no "done".  Components and problems come sorted by path.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef FETTLE_SCAN_H
#define FETTLE_SCAN_H

#include <jansson.h>
#include <stdbool.h>
#include <stdio.h>

#include "util/error.h"

struct fettle_cache;

/* Of an open folder or file, whose last name is `name`; the cache may be NULL.  The process should be
 * confined by now.  Fails when it can't be listed, or when the output can't be
 * written. */
fettle_result fettle_scan (int fd, const char *name, struct fettle_cache *, FILE *out,
                           struct fettle_error *);

/* One line; false when it couldn't be written.  Takes the value. */
bool fettle_scan_line (FILE *out, const char *member, json_t *value);
/* Takes both values; `more` may be NULL. */
bool fettle_scan_line_with (FILE *out, const char *member, json_t *value, const char *more,
                            json_t *second);

#endif
