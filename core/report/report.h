/* report.h - a job as a document for people or programs.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef FETTLE_REPORT_H
#define FETTLE_REPORT_H

#include <jansson.h>

#include "util/buf.h"
#include "util/error.h"

/* `job` as in docs/api.md; an inventory's tasks have "items" as well.  Or
 * tables: tables.c says what they are.  Format is "html", "json", "csv", "xml"
 * or, of a job, "junit"; another is FETTLE_E_CONFIG. */
fettle_result fettle_report (const json_t *job, const char *format, struct fettle_buf *ret,
                             struct fettle_error *);

/* Its media type. */
const char *fettle_report_type (const char *format);

#endif
