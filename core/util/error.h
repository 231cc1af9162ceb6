/* error.h - how a function says why it failed.
 *
 * A function that can fail returns a fettle_result and takes a
 * struct fettle_error last.  Who knows why it failed sets it, once; who passes
 * the failure on may put words in front.  Outputs are set on success only.
 * Results are those of the plugin ABI, so that one table explains them all.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef FETTLE_ERROR_H
#define FETTLE_ERROR_H

#include <fettle/plugin.h>

#include "util/compat.h"

struct fettle_error {
  fettle_result code;
  char text[1024]; /* one sentence, no newline */
};

/* Sets and returns the code: return fettle_error_set (err, FETTLE_E_CONFIG, "..."). */
fettle_result fettle_error_set (struct fettle_error *, fettle_result, const char *format, ...)
  FETTLE_FORMAT (3, 4);

/* The same, with ": " and the text of errno at its end. */
fettle_result fettle_error_errno (struct fettle_error *, fettle_result, const char *format, ...)
  FETTLE_FORMAT (3, 4);

/* Puts words in front of the text: "reading /a: " "no such file".  Returns the code. */
fettle_result fettle_error_prefix (struct fettle_error *, const char *format, ...)
  FETTLE_FORMAT (2, 3);

/* "unreachable", "auth", ...: the name of a result in JSON, logs and manuals. */
const char *fettle_result_name (fettle_result);

/* The result of that name; FETTLE_E_INTERNAL if there is none. */
fettle_result fettle_result_by_name (const char *name);

#endif
