/* bridge-json.h - what a program wants done as C has it, and answers to it.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef FETTLE_BRIDGE_JSON_H
#define FETTLE_BRIDGE_JSON_H

#include "plugin/bridge.h"
#include "util/buf.h"

struct fettle_bridge_flag {
  const char *word;
  uint32_t flag;
};

/* NULL: it has no such text. */
const char *fettle_wanted_text (const json_t *wanted, const char *name);
uint32_t fettle_wanted_number (const json_t *wanted, const char *name, uint32_t usual);
/* The words of "flags"; what isn't known is left out. */
uint32_t fettle_wanted_flags (const json_t *wanted, const struct fettle_bridge_flag *);
/* "NAME": text, or "NAME_base64"; false when it is neither, or too long. */
bool fettle_wanted_data (const json_t *wanted, const char *name, struct fettle_buf *ret);

/* What came of a call whose failure the host has said; of one that can't be made. */
json_t *fettle_answer (fettle_result);
json_t *fettle_answer_bad (struct fettle_bridge *, const char *why);
/* Bytes, as text where they are. */
void fettle_answer_data (json_t *answer, const char *name, const void *data, size_t size);

/* A service's table, or NULL and an answer. */
const void *fettle_bridge_service (struct fettle_bridge *, const char *name, json_t **ret_answer);

/* bridge-smb.c: NULL when it has no such word. */
json_t *fettle_bridge_smb (struct fettle_bridge *, const char *word, const json_t *wanted);

#endif
