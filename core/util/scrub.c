/* scrub.c - see scrub.h.  SPDX-License-Identifier: Apache-2.0 */
#include "util/base.h"

#include <ctype.h>

#include "util/scrub.h"
#include "util/text.h"

#define REMOVED     "removed"
#define SECRET_MAX  16384 /* bytes of one, a key e.g. */
#define NAME_MAX_BYTES 48 /* what is longer is no name */

/* ---- Known ones ---- */

typedef bool writer (struct fettle_buf *, unsigned char);

static bool
as_text (struct fettle_buf *b, unsigned char c)
{
  return fettle_buf_add (b, &c, 1);
}

static bool
as_json (struct fettle_buf *b, unsigned char c)
{
  return c == '"' || c == '\\' ? fettle_buf_printf (b, "\\%c", c) : as_text (b, c);
}

static bool
as_json_more (struct fettle_buf *b, unsigned char c)
{
  return c == '/' ? fettle_buf_text_add (b, "\\/") : as_json (b, c);
}

static bool
as_xml_number (struct fettle_buf *b, unsigned char c)
{
  return strchr ("<>&\"'", c) ? fettle_buf_printf (b, "&#%u;", c) : as_text (b, c);
}

static bool
as_xml (struct fettle_buf *b, unsigned char c)
{
  switch (c) {
  case '<':  return fettle_buf_text_add (b, "&lt;");
  case '>':  return fettle_buf_text_add (b, "&gt;");
  case '&':  return fettle_buf_text_add (b, "&amp;");
  case '"':  return fettle_buf_text_add (b, "&quot;");
  case '\'': return fettle_buf_text_add (b, "&apos;");
  default:   return as_text (b, c);
  }
}

static bool
is_plain (unsigned char c)
{
  return isalnum (c) || strchr ("-._~", c);
}

static bool
as_url (struct fettle_buf *b, unsigned char c)
{
  return is_plain (c) ? as_text (b, c) : fettle_buf_printf (b, "%%%02X", c);
}

static bool
as_url_small (struct fettle_buf *b, unsigned char c)
{
  return is_plain (c) ? as_text (b, c) : fettle_buf_printf (b, "%%%02x", c);
}

bool
fettle_base64 (struct fettle_buf *b, const void *data, size_t size)
{
  static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  const unsigned char *p = data;
  char four[4];

  for (size_t i = 0; i < size; i += 3) {
    size_t left = size - i;
    uint32_t v = (uint32_t) p[i] << 16 | (left > 1 ? (uint32_t) p[i + 1] << 8 : 0) | (left > 2 ? p[i + 2] : 0);

    four[0] = digits[v >> 18];
    four[1] = digits[v >> 12 & 63];
    four[2] = '=';
    four[3] = '=';
    if (left > 1)
      four[2] = digits[v >> 6 & 63];
    if (left > 2)
      four[3] = digits[v & 63];
    if (!fettle_buf_add (b, four, 4))
      return false;
  }
  return true;
}

/* Takes over the text. */
static bool
keep (struct fettle_scrub *s, char *form)
{
  size_t at = s->n;

  for (size_t i = 0; form && i < s->n; i++)
    if (strcmp (s->forms[i], form) == 0) {
      fettle_wipe_free (form);
      return true;
    }
  if (!form || s->n == COUNT (s->forms)) {
    fettle_wipe_free (form);
    return false;
  }
  for (; at > 0 && strlen (s->forms[at - 1]) < strlen (form); at--)
    s->forms[at] = s->forms[at - 1];
  s->forms[at] = form;
  s->n++;
  return true;
}

static bool
keep_written (struct fettle_scrub *s, const char *secret, writer *write)
{
  struct fettle_buf b = FETTLE_BUF_SECRET (6 * SECRET_MAX);

  for (const char *p = secret; *p; p++)
    if (!write (&b, (unsigned char) *p)) {
      fettle_buf_clear (&b);
      return false;
    }
  return keep (s, b.data);
}

static bool
keep_base64 (struct fettle_scrub *s, const char *text)
{
  struct fettle_buf b = FETTLE_BUF_SECRET (2 * SECRET_MAX);

  if (fettle_base64 (&b, text, strlen (text)))
    return keep (s, b.data);
  fettle_buf_clear (&b);
  return false;
}

fettle_result
fettle_scrub_add (struct fettle_scrub *s, const char *secret, struct fettle_error *err)
{
  static writer *const forms[] = { as_text, as_json, as_json_more, as_xml, as_xml_number, as_url, as_url_small };
  bool kept = true;

  if (!secret || !*secret)
    return FETTLE_OK;
  if (strlen (secret) < FETTLE_SCRUB_MIN)
    return fettle_error_set (err, FETTLE_E_CONFIG, "a password of the node is shorter than %d bytes, so it can't be "
                             "told from other text: give the node another one for the time of the recording",
                             FETTLE_SCRUB_MIN);
  for (size_t i = 0; i < COUNT (forms) && kept; i++)
    kept = keep_written (s, secret, forms[i]);
  if (kept && keep_base64 (s, secret))
    return FETTLE_OK;
  return fettle_error_set (err, FETTLE_E_NOMEM, "no room for the secrets that are to be removed");
}

fettle_result
fettle_scrub_add_pair (struct fettle_scrub *s, const char *user, const char *secret, struct fettle_error *err)
{
  _cleanup_ (fettle_buf_clear) struct fettle_buf pair = FETTLE_BUF_SECRET (2 * SECRET_MAX);
  bool kept = fettle_buf_printf (&pair, "%s:%s", user ? user : "", secret ? secret : "");

  if (kept && secret)
    kept = keep_base64 (s, pair.data);
  return kept ? FETTLE_OK
              : fettle_error_set (err, FETTLE_E_NOMEM, "no room for the secrets that are to be removed");
}

void
fettle_scrub_clear (struct fettle_scrub *s)
{
  for (size_t i = 0; i < s->n; i++)
    fettle_wipe_free (s->forms[i]);
  s->n = 0;
}

/* ---- What looks like one ---- */

static bool
is_name_byte (unsigned char c)
{
  return isalnum (c) || c == '_' || c == '-' || c == '.';
}

static bool
has (const char *name, size_t size, const char *word)
{
  size_t n = strlen (word);

  for (size_t i = 0; i + n <= size; i++)
    if (strncasecmp (name + i, word, n) == 0)
      return true;
  return false;
}

static bool
has_one (const char *name, size_t size, const char *const *words)
{
  for (; *words; words++)
    if (has (name, size, *words))
      return true;
  return false;
}

/* Where a value's first byte is behind its name: "name": "x", name=x, <name>x, NAME VALUE="x". */
static size_t
value_after (const char *p, size_t size, char *ret_quote)
{
  size_t i = 0;

  *ret_quote = '\0';
  if (i < size && (p[i] == '"' || p[i] == '\''))
    i++;
  while (i < size && (p[i] == ' ' || p[i] == '\t'))
    i++;
  if (size - i > 6 && strncasecmp (p + i, "value=", 6) == 0)
    i += 5;
  if (i == size || !strchr (":=>", p[i]))
    return 0;
  for (i++; i < size && (p[i] == ' ' || p[i] == '\t' || p[i] == '=' || p[i] == '>'); i++)
    ;
  if (i < size && (p[i] == '"' || p[i] == '\''))
    *ret_quote = p[i++];
  return i;
}

/* How long the value is. */
static size_t
value_size (const char *p, size_t size, char quote, bool whole_line)
{
  size_t i;

  for (i = 0; i < size; i++) {
    if (quote ? p[i] == quote && (i == 0 || p[i - 1] != '\\') : p[i] == '\n' || p[i] == '\r')
      break;
    if (!quote && !whole_line && strchr (" \t<,;&}\"'", p[i]))
      break;
  }
  return i;
}

/* Numbers and words of JSON are no secrets, and objects aren't values. */
static bool
is_harmless (const char *p, size_t size, char quote)
{
  static const char *const words[] = { "true", "false", "null", "none", "yes", "no", NULL };

  if (size == 0 || *p == '{' || *p == '[' || *p == '<' || *p == '%')
    return true;
  for (size_t i = 0; !quote && words[i]; i++)
    if (strlen (words[i]) == size && strncasecmp (p, words[i], size) == 0)
      return true;
  return false;
}

/* A name that secrets have begins here: how much is to be copied, and then left out. */
static bool
named_secret (const char *p, size_t size, size_t name, size_t *ret_copied, size_t *ret_left_out)
{
  static const char *const words[] = { "passw", "passphrase", "secret", "token", "community", "sessionkey", "sessionid",
                                       "session_key", "apikey", "api_key", "privatekey", "private_key", NULL };
  static const char *const lines[] = { "cookie", "authorization", NULL };
  bool line = has_one (p, name, lines);
  size_t at, n;
  char quote;

  if (!line && !has_one (p, name, words))
    return false;
  at = value_after (p + name, size - name, &quote);
  if (at == 0)
    return false;
  at += name;
  n = value_size (p + at, size - at, quote, line);
  if (is_harmless (p + at, n, quote))
    return false;
  *ret_copied = at;
  *ret_left_out = n;
  return true;
}

static size_t
private_key (const char *p, size_t size)
{
  static const char begin[] = "-----BEGIN ", end[] = "-----END ";
  const char *line, *last;

  if (size < sizeof begin || memcmp (p, begin, sizeof begin - 1) != 0)
    return 0;
  line = memchr (p, '\n', size);
  if (!has (p, line ? (size_t) (line - p) : size, "PRIVATE KEY"))
    return 0;
  last = memmem (p, size, end, sizeof end - 1);
  line = last ? memchr (last, '\n', size - (size_t) (last - p)) : NULL;
  return line ? (size_t) (line - p) : size;
}

static size_t
known_secret (const struct fettle_scrub *s, const char *p, size_t size)
{
  for (size_t i = 0; i < s->n; i++) {
    size_t n;

    if (s->forms[i][0] != *p) /* most are told by that, and a key is long */
      continue;
    n = strlen (s->forms[i]);
    if (n <= size && memcmp (p, s->forms[i], n) == 0)
      return n;
    if (n > size && size >= FETTLE_SCRUB_MIN && memcmp (p, s->forms[i], size) == 0)
      return size; /* cut: it ends with what was said */
  }
  return 0;
}

/* The known ones first, so that none hides behind a name. */
static bool
without_known (const struct fettle_scrub *s, const char *p, size_t size, struct fettle_buf *ret)
{
  bool fits = true;
  size_t n, i = 0;

  while (i < size && fits) {
    n = known_secret (s, p + i, size - i);
    if (n == 0)
      n = private_key (p + i, size - i);
    fits = n ? fettle_buf_text_add (ret, REMOVED) : fettle_buf_add (ret, p + i, 1);
    i += n ? n : 1;
  }
  return fits;
}

static bool
without_named (const char *p, size_t size, struct fettle_buf *ret)
{
  bool fits = true;
  size_t i = 0, copied, left_out, name;

  while (i < size && fits) {
    for (name = 0; i + name < size && is_name_byte ((unsigned char) p[i + name]); name++)
      ;
    if (name && name <= NAME_MAX_BYTES && named_secret (p + i, size - i, name, &copied, &left_out)) {
      fits = fettle_buf_add (ret, p + i, copied) && fettle_buf_text_add (ret, REMOVED);
      i += copied + left_out;
    } else {
      name += name == 0;
      fits = fettle_buf_add (ret, p + i, name);
      i += name;
    }
  }
  return fits;
}

bool
fettle_scrub (const struct fettle_scrub *s, const void *data, size_t size, struct fettle_buf *ret)
{
  struct fettle_buf first = FETTLE_BUF_SECRET (ret->max);
  bool fits = without_known (s, data, size, &first) && without_named (fettle_buf_text (&first), first.size, ret);

  fettle_buf_clear (&first);
  return fits;
}
