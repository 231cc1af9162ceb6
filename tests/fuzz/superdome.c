/* What the two Superdomes say: what begins with { is Redfish of an RMC, all else
 * a Superdome X's command line and the rows of its quirks.  Texts end, sections
 * lie within what was said, ids are words.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include <jansson.h>
#include <stdlib.h>
#include <string.h>

#include "../../plugins/superdome/flex.h"
#include "../../sdk/lib/fettle/redfish.h"
#include "fuzz/fuzz.h"

static fettle_result
add_item (fettle_ctx *c, const struct fettle_item *i)
{
  (void) c;
  MUST (i->id[0] && i->name[0] && i->version && strlen (i->id) < 100);
  for (const char *p = i->id; *p; p++)
    MUST (*p > ' ' && *p < 0x7f);
  return FETTLE_OK;
}

static void
look_at_json (const char *text, size_t size)
{
  static const struct fettle_host host = { .struct_size = sizeof host, .add_item = add_item };
  struct flex_view v = { &host, NULL, "^([0-9]+([.][0-9]+)+)", 0 };
  json_t *json = json_loadb (text, size, 0, NULL);
  const char *target;

  if (!json)
    return;
  MUST (flex_add_system (&v, json) == FETTLE_OK && flex_add_manager (&v, json) == FETTLE_OK);
  MUST (flex_add_chassis (&v, json) == FETTLE_OK && flex_add_firmware (&v, json) == FETTLE_OK);
  target = flex_find_update (json);
  MUST (!target || target[0] == '/');
  json_decref (json);
}

static void
look_at_sections (const char *text)
{
  char number[16], value[X_TEXT];
  const char *p = text;
  size_t size;

  while ((p = x_section (p, "^Server Blade #([0-9]+[AB]?) Information:", number, &size))) {
    MUST (p >= text && size > 0 && size <= strlen (p) && strlen (number) < sizeof number);
    x_value (p, size, "Product Name|ROM Version", value);
    MUST (strlen (value) < sizeof value && !strchr (value, '\n') && *value != '[');
    p += size;
  }
}

static void
look_at_text (const char *text)
{
  static const char patterns[] = "busy:already running\nhardware:not for this hardware\nother:^Error";
  char word[16], line[X_TEXT], filled[200];
  const char *const words[] = { "url", "http://x/", "n", "1", NULL };
  const char *rows = text;
  struct x_row row;
  int ok;

  look_at_sections (text);
  x_last (text, "([0-9]+) ?%", line);
  MUST (strspn (line, "0123456789") == strlen (line));
  x_refusal (text, patterns, word, line);
  MUST (strlen (word) < sizeof word && strlen (line) < sizeof line && (!*line || *word));
  while (rows && *rows) {
    rows = x_row_read (rows, &row, &ok);
    MUST (!ok || (*row.id && *row.command && *row.section));
  }
  MUST (!x_fill (text, words, filled, sizeof filled) || strlen (filled) < sizeof filled);
}

int
LLVMFuzzerTestOneInput (const uint8_t *data, size_t size)
{
  char *text = malloc (size + 1);

  MUST (text);
  memcpy (text, data, size);
  text[size] = '\0';
  if (size && data[0] == '{')
    look_at_json (text, size);
  else
    look_at_text (text);
  free (text);
  return 0;
}
