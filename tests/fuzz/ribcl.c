/* What an iLO 2, 3 or 4 answers to RIBCL: tags follow one another, values are
 * printable and fit, whatever comes; and it takes no more time than it is long.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include <stdlib.h>
#include <string.h>

#include "../../plugins/ilo/ribcl.h"
#include "fuzz/fuzz.h"

static void
look_at (const struct ribcl_tag *tag, size_t room)
{
  static const char *const names[] = { "VALUE", "STATUS", "MESSAGE", "FIRMWARE_VERSION", "A" };
  char value[40];

  for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
    int there = ribcl_attribute (tag, names[i], value, room);
    size_t n = strnlen (value, room);

    MUST (n < room && (there || n == 0));
    for (size_t k = 0; k < n; k++)
      MUST (value[k] >= ' ' && value[k] < 0x7f);
    MUST (n == 0 || (value[0] != ' ' && value[n - 1] != ' ') || room < sizeof value);
  }
  ribcl_text (tag, value, room);
  MUST (strnlen (value, room) < room);
}

int
LLVMFuzzerTestOneInput (const uint8_t *data, size_t size)
{
  char *text = malloc (size ? size : 1); /* without a NUL behind it */
  const char *at = text, *end = text + size, *before = at;
  struct ribcl_said said;
  struct ribcl_tag tag;
  size_t n = 0;

  MUST (text);
  memcpy (text, data, size);
  while (ribcl_next (&at, end, &tag)) {
    MUST (at > before && at <= end && tag.name_size > 0);
    MUST (tag.name > before && tag.name + tag.name_size <= tag.inside && tag.inside + tag.inside_size <= at);
    MUST (tag.text >= before && tag.text + tag.text_size < tag.name);
    if (n++ < 200) {
      look_at (&tag, 40);
      look_at (&tag, 3);
    }
    before = at;
  }
  ribcl_read (text, size, &said);
  MUST (said.documents <= n && said.percent >= -1 && said.percent <= 100);
  MUST (memchr (said.message, '\0', sizeof said.message) && memchr (said.inform, '\0', sizeof said.inform));
  free (text);
  return 0;
}
