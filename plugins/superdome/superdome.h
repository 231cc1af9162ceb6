/* superdome.h - what the files of this plugin share.
 *
 * x-*.c are a Superdome X, whose Onboard Administrator has a command line;
 * flex-*.c a Superdome Flex, whose rack management controller speaks Redfish.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef SUPERDOME_H
#define SUPERDOME_H

#include <fettle/dialogue.h>
#include <fettle/plugin.h>

#define SD_CALL const struct fettle_host *h, fettle_ctx *c, const struct fettle_target *t

/* ---- x-text.c: reading; no I/O ---- */

#define X_TEXT 300 /* bytes of a name, a version, a pattern's match */

/* A row of the quirk "inventory". */
struct x_row {
  char id[24], command[X_TEXT], section[X_TEXT], name[X_TEXT], version[X_TEXT];
  int update;
};

/* The next row; where the one after it begins, or NULL behind the last.
 * *ret_ok: it is one. */
const char *x_row_read (const char *rows, struct x_row *ret, int *ret_ok);

/* What the pattern says at the beginning of a line, of the next such section:
 * where the section begins, its size; `number` is the pattern's first group, or
 * "".  NULL: there is none. */
const char *x_section (const char *text, const char *pattern, char number[16], size_t *ret_size);

/* The value of the first line "key : value" whose key is one of the patterns
 * (whole, with | between).  "" if there is none, or it isn't known. */
void x_value (const char *section, size_t size, const char *keys, char ret[X_TEXT]);

/* The first group of the pattern, in the last line that has it.  "": none. */
void x_last (const char *text, const char *pattern, char ret[X_TEXT]);

/* What a refusal means: the word before ":" of the first of the patterns (lines
 * of "word:pattern") that fits a line; "": none of them.  The line is copied. */
void x_refusal (const char *text, const char *patterns, char word[16], char line[X_TEXT]);

/* Fills in {url} and the like: `words` are pairs, NULL behind the last.  0: it
 * doesn't fit. */
int x_fill (const char *form, const char *const *words, char *ret, size_t size);

/* ---- x-talk.c ---- */

struct x_talk {
  const struct fettle_host *h;
  fettle_ctx *c;
  const struct fettle_target *t;
  struct fettle_dialogue *d;
};

/* A quirk; CONFIG when there is none. */
fettle_result x_quirk (const struct fettle_host *, fettle_ctx *, const char *key, const char **ret);
uint32_t x_number (const struct fettle_host *, fettle_ctx *, const char *key, uint32_t otherwise);

/* Logs in, and leaves confirmations and pages.  Probing, it doesn't wait long
 * for a prompt. */
fettle_result x_open (SD_CALL, int probing, struct x_talk *ret);
void x_close (struct x_talk *, fettle_result);

/* ---- the node types ---- */

fettle_result x_probe (SD_CALL, uint32_t *score);
fettle_result x_inventory (SD_CALL);
fettle_result x_deploy (SD_CALL, const struct fettle_image *);
fettle_result x_cleanup (SD_CALL);

#endif
