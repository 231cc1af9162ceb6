/* fill.c - see fill.h.  SPDX-License-Identifier: Apache-2.0 */
#include "util/base.h"

#include <openssl/evp.h>

#include "transport/fill.h"

typedef bool writer (struct fettle_buf *, unsigned char);

static bool
as_text (struct fettle_buf *b, unsigned char c)
{
  return fettle_buf_add (b, &c, 1);
}

static bool
as_json (struct fettle_buf *b, unsigned char c)
{
  if (c == '"' || c == '\\')
    return fettle_buf_printf (b, "\\%c", c);
  return c < 0x20 ? fettle_buf_printf (b, "\\u%04x", c) : as_text (b, c);
}

/* Good for text and for attributes in either kind of quotes. */
static bool
as_xml (struct fettle_buf *b, unsigned char c)
{
  return strchr ("<>&\"'", c) || c < 0x20 ? fettle_buf_printf (b, "&#%u;", c) : as_text (b, c);
}

static bool
as_url (struct fettle_buf *b, unsigned char c)
{
  bool plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9')
               || c == '-' || c == '.' || c == '_' || c == '~';

  return plain ? as_text (b, c) : fettle_buf_printf (b, "%%%02X", c);
}

static bool
add_base64 (struct fettle_buf *b, const char *text)
{
  size_t n = strlen (text), size = 4 * ((n + 2) / 3) + 1;
  unsigned char *coded = malloc (size);
  bool added = coded && n < INT_MAX / 2
               && fettle_buf_add (b, coded, (size_t) EVP_EncodeBlock (coded, (const unsigned char *) text, (int) n));

  if (coded)
    OPENSSL_cleanse (coded, size);
  free (coded);
  return added;
}

static const struct {
  const char *format;
  writer *write; /* NULL: base64 */
} formats[] = { { "text", as_text }, { "json", as_json }, { "xml", as_xml }, { "url", as_url }, { "base64", NULL } };

static const struct {
  const char *name, *what, *option;
  size_t member;
} secrets[] = {
  { "user",            "user",            "--user NAME",
    offsetof (struct fettle_credentials, user) },
  { "password",        "password",        "--ask-password",
    offsetof (struct fettle_credentials, password) },
  { "second_user",     "second user",     "--second-user NAME",
    offsetof (struct fettle_credentials, second_user) },
  { "second_password", "second password", "--ask-second-password",
    offsetof (struct fettle_credentials, second_password) },
};

static const char *
value_of (const fettle_ctx *c, size_t i)
{
  return *(char *const *) ((const char *) &c->credentials + secrets[i].member);
}

/* Is there a word at the beginning of the text?  Its length, or 0. */
static size_t
word_at (const char *text, size_t size, size_t *ret_format, size_t *ret_secret)
{
  if (size < 2 || text[0] != '%' || text[1] != '{')
    return 0;
  for (size_t f = 0; f < COUNT (formats); f++)
    for (size_t s = 0; s < COUNT (secrets); s++) {
      char word[32];
      size_t n = (size_t) snprintf (word, sizeof word, "%%{%s:%s}", formats[f].format, secrets[s].name);

      if (n <= size && memcmp (text, word, n) == 0) {
        *ret_format = f;
        *ret_secret = s;
        return n;
      }
    }
  return 0;
}

fettle_result
fettle_fill (fettle_ctx *c, const char *text, size_t size, struct fettle_buf *ret)
{
  bool fits = true;

  for (size_t i = 0, n; i < size && fits; i += n) {
    const char *rest = text + i, *percent;
    size_t f = 0, s = 0;

    n = word_at (rest, size - i, &f, &s);
    if (n) {
      if (!value_of (c, s))
        return fettle_error_set (&c->error, FETTLE_E_AUTH, "%s wants a %s, and none is known: fettle node "
                                 "set %s %s", c->target.name, secrets[s].what, c->target.name,
                                 secrets[s].option);
      if (!formats[f].write)
        fits = add_base64 (ret, value_of (c, s));
      for (const char *p = value_of (c, s); formats[f].write && *p && fits; p++)
        fits = formats[f].write (ret, (unsigned char) *p);
      continue;
    }
    percent = size - i > 1 ? memchr (rest + 1, '%', size - i - 1) : NULL;
    n = percent ? (size_t) (percent - rest) : size - i;
    fits = fettle_buf_add (ret, rest, n);
  }
  return fits ? FETTLE_OK : fettle_error_set (&c->error, FETTLE_E_NOMEM, "no room for what is to be sent");
}
