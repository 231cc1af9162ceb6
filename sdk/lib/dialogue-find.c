/* dialogue-find.c - finding a line in what a node said: no I/O.
 *
 * SPDX-License-Identifier: Apache-2.0 OR BSD-2-Clause
 */
#define _POSIX_C_SOURCE 200809L

#include <regex.h>
#include <string.h>

#include <fettle/dialogue.h>

#include "dialogue-internal.h"

const char *
fettle_dialogue_find (const char *text, const char *pattern, size_t *ret_size)
{
  char line[FETTLE_DIALOGUE_LINE + 1];
  const char *found = NULL;
  regex_t compiled;

  if (regcomp (&compiled, pattern, REG_EXTENDED | REG_NOSUB) != 0)
    return NULL;
  while (*text && !found) {
    size_t size = strcspn (text, "\n"), n = size < sizeof line - 1 ? size : sizeof line - 1;

    memcpy (line, text, n);
    line[n] = '\0';
    if (regexec (&compiled, line, 0, NULL, 0) == 0) {
      found = text;
      *ret_size = size;
    }
    text += size + (text[size] == '\n');
  }
  regfree (&compiled);
  return found;
}
