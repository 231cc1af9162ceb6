/* text.h - numbers and names out of text, strictly.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef FETTLE_TEXT_H
#define FETTLE_TEXT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* The whole text is a decimal number of min .. max: sets it and is true. */
bool fettle_parse_uint (const char *text, uint64_t min, uint64_t max, uint64_t *ret_value);

/* The whole text is yes|true|on|1 or no|false|off|0. */
bool fettle_parse_bool (const char *text, bool *ret_value);

/* `text` has `words` separated by spaces; is `word` one of them? */
bool fettle_has_word (const char *words, const char *word);

/* An IPv4 or IPv6 literal (IPv6 may have %zone); v4-mapped counts as IPv4. */
bool fettle_is_address (const char *text);

/* Bytes as lower-case hex digits; ret has room for 2 * size + 1. */
void fettle_hex (const void *bytes, size_t size, char *ret);

/* Overwrites with zeros so that the compiler can't leave it out. */
void fettle_wipe (void *data, size_t size);

/* Wipes the string and frees it.  NULL is fine. */
void fettle_wipe_free (char *text);

/* Now as "2026-11-22T09:01:02Z"; borrowed from the caller's buffer. */
#define FETTLE_TIME_MAX 32
const char *fettle_time_text (int64_t seconds, char buffer[FETTLE_TIME_MAX]);

#endif
