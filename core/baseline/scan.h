/* scan.h - a folder of components -> JSON lines.
 *
 * Objects with one member each, in this order:
 *   {"progress": {"files": done, "of": all}}         first, and now and then
 *   {"component": {...}}                             docs/api.md, component
 *   {"problem": {"file": relative path, "message"}}  one sentence
 *   {"done": {"components": n, "problems": n}}       last
 * When the folder as a whole can't be read, the last line is a problem of the
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

/* The process should be confined by now.  Fails when the folder can't be
 * listed, or when the output can't be written. */
fettle_result fettle_scan (int folder, FILE *out, struct fettle_error *);

/* One line; false when it couldn't be written.  Takes the value. */
bool fettle_scan_line (FILE *out, const char *member, json_t *value);

#endif
