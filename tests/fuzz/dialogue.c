/* What a node's command line writes: lines end, limits hold, the echo of a
 * command with secrets is told in no time.  The first byte says how it is cut.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include <string.h>

#include "../../sdk/lib/dialogue-internal.h"
#include "../../sdk/lib/fettle/dialogue.h"
#include "fuzz/fuzz.h"

int
LLVMFuzzerTestOneInput (const uint8_t *data, size_t size)
{
  struct fettle_dialogue_screen s = { .bytes_max = 20000, .lines_max = 200 };
  size_t step = size ? data[0] % 32u + 1 : 1, n = 1, found;
  const char *p;

  for (size_t i = 1; i < size && n; i += n) {
    size_t some = size - i < step ? size - i : step;
    int line;

    n = fettle_dialogue_screen_take (&s, (const char *) data + i, some, &line);
    MUST (n <= some && s.size <= FETTLE_DIALOGUE_LINE && s.cursor <= FETTLE_DIALOGUE_LINE);
    MUST (strlen (s.line) == s.size && !strchr (s.line, '\n') && !strchr (s.line, 0x1b));
    MUST (!fettle_dialogue_is_echo (s.line, "load %{text:user} %{text:password} x") || strstr (s.line, "load "));
    if (n && line)
      MUST (fettle_dialogue_screen_keep (&s) && s.size == 0);
  }
  MUST (s.bytes <= s.bytes_max + 1 && s.lines <= s.lines_max + 1 && s.text_size <= 2 * s.bytes_max);
  p = s.text ? fettle_dialogue_find (s.text, "^[Ee]rror|: +[0-9]+$", &found) : NULL;
  if (p)
    MUST (p >= s.text && p + found < s.text + s.text_size && p[found] == '\n');
  fettle_dialogue_screen_free (&s);
  return 0;
}
