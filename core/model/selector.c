/* selector.c - see selector.h.  SPDX-License-Identifier: Apache-2.0 */
#include "util/base.h"

#include <ctype.h>

#include "model/selector.h"
#include "util/text.h"

/* Where the parser is. */
struct cursor {
  struct fettle_selector *s;
  const char *text;  /* the whole, for messages */
  const char *at;    /* in the whole */
  size_t used;       /* of s->text */
};

static void
skip_blanks (struct cursor *c)
{
  c->at += strspn (c->at, " \t");
}

static fettle_result
wrong (const struct cursor *c, const char *what, struct fettle_error *err)
{
  return fettle_error_set (err, FETTLE_E_CONFIG, "the selector \"%.100s\": %s at \"%.40s\"", c->text,
                           what, c->at);
}

static bool
take (struct cursor *c, const char *word)
{
  size_t n = strlen (word);

  skip_blanks (c);
  if (strncmp (c->at, word, n) != 0)
    return false;
  c->at += n;
  return true;
}

/* A word of the language: "in" of "in (", but not of "inside". */
static bool
take_word (struct cursor *c, const char *word)
{
  const char *before = c->at;

  if (take (c, word) && strchr (" \t(", *c->at) && *c->at)
    return true;
  c->at = before;
  return false;
}

static bool
is_piece (char byte)
{
  return isalnum ((unsigned char) byte) || (unsigned char) byte >= 0x80
         || (byte && strchr ("._-/:*%@+~", byte));
}

/* A key or value, copied; NULL: there is none. */
static const char *
take_piece (struct cursor *c)
{
  char *piece = c->s->text + c->used;
  size_t n = 0;

  skip_blanks (c);
  while (is_piece (c->at[n]))
    n++;
  if (n == 0)
    return NULL;
  memcpy (piece, c->at, n); /* as long as the whole at most, in pieces with one NUL for what parts them */
  piece[n] = '\0';
  c->at += n;
  c->used += n + 1;
  return piece;
}

static fettle_result
add_value (struct cursor *c, struct fettle_selector_term *t, struct fettle_error *err)
{
  const char *value;

  if (c->s->n_values == FETTLE_SELECTOR_VALUES)
    return wrong (c, "there are too many values", err);
  value = take_piece (c);
  if (!value)
    return wrong (c, "a value is missing", err);
  c->s->values[c->s->n_values++] = value;
  t->n++;
  return FETTLE_OK;
}

static fettle_result
take_list (struct cursor *c, struct fettle_selector_term *t, struct fettle_error *err)
{
  if (!take (c, "("))
    return wrong (c, "a list in parentheses is missing", err);
  do
    if (add_value (c, t, err))
      return err->code;
  while (take (c, ","));
  return take (c, ")") ? FETTLE_OK : wrong (c, "the list isn't closed", err);
}

static fettle_result
take_term (struct cursor *c, struct fettle_error *err)
{
  struct fettle_selector *s = c->s;
  struct fettle_selector_term *t = &s->terms[s->n_terms];
  bool none;

  if (s->n_terms == FETTLE_SELECTOR_TERMS)
    return wrong (c, "there are too many terms", err);
  none = take (c, "!");
  *t = (struct fettle_selector_term) { .key = take_piece (c), .first = s->n_values,
                                       .op = none ? FETTLE_SELECT_NOT_THERE : FETTLE_SELECT_THERE };
  if (!t->key)
    return wrong (c, "a label's name is missing", err);
  s->n_terms++;
  if (none)
    return FETTLE_OK;
  if (take_word (c, "in") || take_word (c, "notin")) {
    t->op = c->at[-3] == 't' ? FETTLE_SELECT_NOT_IN : FETTLE_SELECT_IN;
    return take_list (c, t, err);
  }
  if (take (c, "!="))
    t->op = FETTLE_SELECT_NOT_IN;
  else if (take (c, "==") || take (c, "="))
    t->op = FETTLE_SELECT_IN;
  else
    return FETTLE_OK;
  return add_value (c, t, err);
}

fettle_result
fettle_selector_parse (const char *text, struct fettle_selector *ret, struct fettle_error *err)
{
  struct cursor c = { .s = ret, .text = text, .at = text };

  ret->n_terms = ret->n_values = 0;
  if (strlen (text) >= FETTLE_SELECTOR_TEXT)
    return fettle_error_set (err, FETTLE_E_CONFIG, "the selector is longer than %d bytes",
                             FETTLE_SELECTOR_TEXT - 1);
  do
    if (take_term (&c, err))
      return err->code;
  while (take (&c, ","));
  skip_blanks (&c);
  return *c.at ? wrong (&c, "a comma is missing", err) : FETTLE_OK;
}

/* ---- Nodes ---- */

static const char *
value_of (const json_t *node, const char *key)
{
  bool own = fettle_has_word ("name address type group state", key);

  return json_string_value (json_object_get (own ? node : json_object_get (node, "labels"), key));
}

static bool
is_like (const char *text, const char *wanted)
{
  size_t n = strlen (wanted);

  if (n && wanted[n - 1] == '*')
    return strncmp (text, wanted, n - 1) == 0;
  return strcmp (text, wanted) == 0;
}

static bool
term_fits (const struct fettle_selector *s, const struct fettle_selector_term *t,
           const json_t *node)
{
  const char *value = value_of (node, t->key);
  bool among = false;

  for (size_t i = 0; value && i < t->n; i++)
    among = among || is_like (value, s->values[t->first + i]);
  switch (t->op) {
  case FETTLE_SELECT_IN:        return among;
  case FETTLE_SELECT_NOT_IN:    return !among;
  case FETTLE_SELECT_THERE:     return value != NULL;
  case FETTLE_SELECT_NOT_THERE: return value == NULL;
  }
  return false;
}

bool
fettle_selector_fits (const struct fettle_selector *s, const json_t *node)
{
  for (size_t i = 0; i < s->n_terms; i++)
    if (!term_fits (s, &s->terms[i], node))
      return false;
  return true;
}
