/* bridge-json.c - see bridge-json.h.  SPDX-License-Identifier: Apache-2.0 */
#include "util/base.h"

#include "plugin/bridge-json.h"
#include "util/scrub.h"

/* ---- Members ---- */

const char *
fettle_wanted_text (const json_t *q, const char *name)
{
  return json_string_value (json_object_get (q, name));
}

uint32_t
fettle_wanted_number (const json_t *q, const char *name, uint32_t usual)
{
  const json_t *j = json_object_get (q, name);
  json_int_t n = json_integer_value (j);

  return json_is_integer (j) && n >= 0 && n <= UINT32_MAX ? (uint32_t) n : usual;
}

uint32_t
fettle_wanted_flags (const json_t *q, const struct fettle_bridge_flag *flags)
{
  const json_t *list = json_object_get (q, "flags");
  uint32_t bits = 0;
  json_t *word;
  size_t i;

  json_array_foreach (list, i, word)
    for (const struct fettle_bridge_flag *f = flags; f->word; f++)
      if (json_is_string (word) && strcmp (f->word, json_string_value (word)) == 0)
        bits |= f->flag;
  return bits;
}

static int
digit_of (char c)
{
  if (c >= 'A' && c <= 'Z')
    return c - 'A';
  if (c >= 'a' && c <= 'z')
    return c - 'a' + 26;
  if (c >= '0' && c <= '9')
    return c - '0' + 52;
  return c == '+' ? 62 : c == '/' ? 63 : -1;
}

/* "NAME": text, or "NAME_base64"; false when it is neither. */
bool
fettle_wanted_data (const json_t *q, const char *name, struct fettle_buf *ret)
{
  const json_t *text = json_object_get (q, name);
  uint32_t bits = 0, have = 0;
  char other[32];
  const char *p;

  if (json_is_string (text))
    return fettle_buf_add (ret, json_string_value (text), json_string_length (text));
  snprintf (other, sizeof other, "%s_base64", name);
  p = fettle_wanted_text (q, other);
  for (; p && digit_of (*p) >= 0; p++) {
    unsigned char byte;

    bits = bits << 6 | (uint32_t) digit_of (*p);
    have += 6;
    if (have < 8)
      continue;
    have -= 8;
    byte = (unsigned char) (bits >> have);
    bits &= 0xff;
    if (!fettle_buf_add (ret, &byte, 1))
      return false;
  }
  return p != NULL;
}

void
fettle_answer_data (json_t *answer, const char *name, const void *data, size_t size)
{
  _cleanup_ (fettle_buf_clear) struct fettle_buf digits = FETTLE_BUF_INIT (2 * FETTLE_BRIDGE_DATA);
  json_t *text = size && memchr (data, '\0', size) ? NULL : json_stringn (size ? data : "", size);
  char other[32];

  snprintf (other, sizeof other, "%s_base64", name);
  if (text)
    json_object_set_new (answer, name, text);
  else if (fettle_base64 (&digits, data, size))
    json_object_set_new (answer, other, json_string (fettle_buf_text (&digits)));
}

/* ---- Answers ---- */

/* The host has said why. */
json_t *
fettle_answer (fettle_result r)
{
  return r < 0 ? json_pack ("{s:s}", "failed", fettle_result_name (r)) : json_object ();
}

json_t *
fettle_answer_bad (struct fettle_bridge *b, const char *why)
{
  return fettle_answer (b->host->error (b->c, FETTLE_E_INTERNAL, why));
}

const void *
fettle_bridge_service (struct fettle_bridge *b, const char *name, json_t **ret_answer)
{
  const void *table = b->host->service (b->c, name, 1);
  char text[128];

  if (!table) {
    snprintf (text, sizeof text, "the program wants the service %s/1, which its .exec file doesn't name", name);
    *ret_answer = fettle_answer (b->host->error (b->c, FETTLE_E_SERVICE, text));
  }
  return table;
}
