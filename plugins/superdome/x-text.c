/* x-text.c - reading what a Superdome X says; see superdome.h.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#define _POSIX_C_SOURCE 200809L

#include <regex.h>
#include <stdio.h>
#include <string.h>

#include "superdome.h"

#define LINE 1000 /* bytes of a line that patterns see */

/* Copies the line that begins here, without its blanks at both ends. */
static void
copy_line (const char *p, size_t n, char ret[LINE])
{
  while (n && (*p == ' ' || *p == '\t'))
    p++, n--;
  while (n && (p[n - 1] == ' ' || p[n - 1] == '\t'))
    n--;
  if (n > LINE - 1)
    n = LINE - 1;
  memcpy (ret, p, n);
  ret[n] = '\0';
}

/* The next field, up to the separator, without blanks; where the rest begins. */
static const char *
field (const char *p, const char *end, char separator, char *ret, size_t size)
{
  const char *stop = memchr (p, separator, (size_t) (end - p));
  char line[LINE];

  copy_line (p, (size_t) ((stop ? stop : end) - p), line);
  snprintf (ret, size, "%.*s", (int) size - 1, line);
  return stop ? stop + 1 : end;
}

const char *
x_row_read (const char *rows, struct x_row *ret, int *ret_ok)
{
  const char *end = rows + strcspn (rows, "\n"), *p = rows;
  char last[24];

  p = field (p, end, ';', ret->id, sizeof ret->id);
  p = field (p, end, ';', ret->command, sizeof ret->command);
  p = field (p, end, ';', ret->section, sizeof ret->section);
  p = field (p, end, ';', ret->name, sizeof ret->name);
  p = field (p, end, ';', ret->version, sizeof ret->version);
  p = field (p, end, ';', last, sizeof last);
  ret->update = strcmp (last, "update") == 0;
  *ret_ok = p == end && *ret->id && *ret->command && *ret->section && *ret->version && (ret->update || !*last);
  return *end ? end + 1 : NULL;
}

static int
matches (const regex_t *r, const char *text, size_t size, regmatch_t found[2])
{
  char line[LINE];

  copy_line (text, size, line);
  return regexec (r, line, 2, found, 0) == 0;
}

const char *
x_section (const char *text, const char *pattern, char number[16], size_t *ret_size)
{
  const char *begin = NULL;
  regmatch_t found[2];
  regex_t r;

  number[0] = '\0';
  if (regcomp (&r, pattern, REG_EXTENDED) != 0)
    return NULL;
  for (const char *p = text; *p; ) {
    size_t n = strcspn (p, "\n");

    if (matches (&r, p, n, found)) {
      char line[LINE];

      if (begin) {
        text = p;
        break;
      }
      begin = p;
      copy_line (p, n, line);
      if (found[1].rm_so >= 0)
        snprintf (number, 16, "%.*s", (int) (found[1].rm_eo - found[1].rm_so), line + found[1].rm_so);
    }
    p += n + (p[n] == '\n');
    text = p;
  }
  regfree (&r);
  *ret_size = begin ? (size_t) (text - begin) : 0;
  return begin;
}

/* Does one of the patterns fit all of the key? */
static int
is_key (const regex_t *r, const char *key)
{
  regmatch_t found[1];

  return regexec (r, key, 1, found, 0) == 0 && found[0].rm_so == 0 && key[found[0].rm_eo] == '\0';
}

void
x_value (const char *section, size_t size, const char *keys, char ret[X_TEXT])
{
  const char *end = section + size;
  regex_t r;

  ret[0] = '\0';
  if (!*keys || regcomp (&r, keys, REG_EXTENDED) != 0)
    return;
  for (const char *p = section; p < end && !*ret; p++) {
    const char *stop = memchr (p, '\n', (size_t) (end - p)), *colon;
    char key[LINE], value[LINE];

    stop = stop ? stop : end;
    colon = memchr (p, ':', (size_t) (stop - p));
    if (colon) {
      copy_line (p, (size_t) (colon - p), key);
      copy_line (colon + 1, (size_t) (stop - colon - 1), value);
      /* "[Unknown]" and "<absent>" say that it isn't known. */
      if (is_key (&r, key) && *value != '[' && *value != '<')
        snprintf (ret, X_TEXT, "%.*s", X_TEXT - 1, value);
    }
    p = stop;
  }
  regfree (&r);
}

void
x_last (const char *text, const char *pattern, char ret[X_TEXT])
{
  regmatch_t found[2];
  regex_t r;

  ret[0] = '\0';
  if (regcomp (&r, pattern, REG_EXTENDED) != 0)
    return;
  for (size_t n; *text; text += n + (text[n] == '\n')) {
    n = strcspn (text, "\n");
    if (matches (&r, text, n, found) && found[1].rm_so >= 0) {
      char line[LINE];

      copy_line (text, n, line);
      snprintf (ret, X_TEXT, "%.*s", (int) (found[1].rm_eo - found[1].rm_so) % X_TEXT, line + found[1].rm_so);
    }
  }
  regfree (&r);
}

void
x_refusal (const char *text, const char *patterns, char word[16], char line[X_TEXT])
{
  word[0] = line[0] = '\0';
  while (*patterns && !*word) {
    size_t n = strcspn (patterns, "\n"), size;
    const char *colon = memchr (patterns, ':', n), *found = NULL;
    char pattern[LINE];

    if (colon) {
      copy_line (colon + 1, n - (size_t) (colon + 1 - patterns), pattern);
      found = fettle_dialogue_find (text, pattern, &size);
    }
    if (found) {
      char whole[LINE];

      snprintf (word, 16, "%.*s", (int) (colon - patterns < 15 ? colon - patterns : 15), patterns);
      copy_line (found, size, whole);
      snprintf (line, X_TEXT, "%.*s", X_TEXT - 1, whole);
    }
    patterns += n + (patterns[n] == '\n');
  }
}

/* The value of the word at the beginning, {word}; its length in *ret_size. */
static const char *
word_at (const char *p, const char *const *words, size_t *ret_size)
{
  for (; *p == '{' && words[0]; words += 2) {
    size_t n = strlen (words[0]);

    if (strncmp (p + 1, words[0], n) == 0 && p[n + 1] == '}') {
      *ret_size = n + 2;
      return words[1];
    }
  }
  return NULL;
}

int
x_fill (const char *form, const char *const *words, char *ret, size_t size)
{
  size_t used = 0, n;

  while (*form) {
    const char *value = word_at (form, words, &n), *from = value ? value : form;
    size_t length = value ? strlen (value) : 1;

    if (used + length >= size)
      return 0;
    memcpy (ret + used, from, length);
    used += length;
    form += value ? n : 1;
  }
  ret[used] = '\0';
  return 1;
}
