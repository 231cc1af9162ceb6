/* report.h - a job as a document for people or programs.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef FETTLE_REPORT_H
#define FETTLE_REPORT_H

#include <jansson.h>

#include "util/buf.h"
#include "util/error.h"

/* `job` as in docs/api.md; an inventory's tasks have "items" as well.  Format
 * is "html", "json" or "csv"; another is FETTLE_E_CONFIG. */
fettle_result fettle_report (const json_t *job, const char *format, struct fettle_buf *ret,
                             struct fettle_error *);

#endif
