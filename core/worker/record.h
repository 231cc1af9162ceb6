/* record.h - what the files of a recording share (record.c says what it is).
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef FETTLE_WORKER_RECORD_H
#define FETTLE_WORKER_RECORD_H

#include <jansson.h>

#include <fettle/smb.h>

/* Without secrets: text where it is text, else {"base64": ...}. */
json_t *fettle_record_clean (const void *data, size_t size);
json_t *fettle_record_text (const char *text); /* NULL for NULL */

/* Behind what was heard; takes over the line. */
void fettle_record_line (json_t *line);

/* Its long parts are secrets from now on. */
void fettle_record_url (const char *url);

/* record-serve.c, record-smb.c: tables that write down what the real ones do. */
extern const struct fettle_serve fettle_record_serve, *fettle_recorded_serve;
extern const struct fettle_smb fettle_record_smb, *fettle_recorded_smb;

#endif
