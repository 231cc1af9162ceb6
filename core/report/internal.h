/* internal.h - the writers behind report.h.  Each is false when the buffer is
 * full or memory is out.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef FETTLE_REPORT_INTERNAL_H
#define FETTLE_REPORT_INTERNAL_H

#include <jansson.h>
#include <stdbool.h>

#include "util/buf.h"

bool fettle_report_html (const json_t *job, struct fettle_buf *ret);
bool fettle_report_csv (const json_t *job, struct fettle_buf *ret);
bool fettle_report_xml (const json_t *job, struct fettle_buf *ret);
bool fettle_report_junit (const json_t *job, struct fettle_buf *ret);
bool fettle_report_tables_html (const json_t *doc, struct fettle_buf *ret);
bool fettle_report_tables_csv (const json_t *doc, struct fettle_buf *ret);

/* A cell and what comes behind it. */
bool fettle_report_cell (struct fettle_buf *, const char *text, bool last);
/* Members by name, as text, in `number` if need be.  "error.code" looks into an
 * object. */
const char *fettle_report_member (const json_t *object, const char *name, char number[32]);

/* Text members; "" where there is none. */
const char *fettle_report_text (const json_t *object, const char *member);

bool fettle_report_is_inventory (const json_t *job);

/* What a person is to read in the place of a state or code; "" if nothing. */
const char *fettle_report_advice (const char *code);
const char *fettle_report_state_advice (const char *state);
const char *fettle_report_exit_meaning (int code);

#endif
