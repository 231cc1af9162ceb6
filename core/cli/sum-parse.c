/* sum-parse.c - SUM's command line.  SPDX-License-Identifier: Apache-2.0 */
#include "util/base.h"

#include "cli/secret.h"
#include "cli/sum.h"
#include "util/file.h"
#include "util/nearest.h"
#include "util/text.h"

bool
fettle_sum_is (const json_t *given, const char *member)
{
  const json_t *value = json_object_get (given, member);

  return value && !json_is_false (value);
}

const char *
fettle_sum_text (const json_t *given, const char *member)
{
  return json_string_value (json_object_get (given, member));
}

/* ---- One value ---- */

/* The word of "A|B|C" that the value is, in the table's letters. */
static const char *
choose (const char *choices, const char *value, char *buffer, size_t size)
{
  size_t n;

  for (; *choices; choices += n + (choices[n] == '|')) {
    n = strcspn (choices, "|");
    snprintf (buffer, size, "%.*s", (int) n, choices);
    if (strcasecmp (buffer, value) == 0)
      return buffer;
  }
  return NULL;
}

static fettle_result
add_to_list (json_t *object, const char *member, const char *value, const char *where,
             struct fettle_error *err)
{
  json_t *list = json_object_get (object, member);

  if (!list) {
    list = json_array ();
    json_object_set_new (object, member, list);
  }
  if (json_array_size (list) >= FETTLE_SUM_WORDS_MAX)
    return fettle_error_set (err, FETTLE_E_CONFIG, "%s: more than %d values", where,
                             FETTLE_SUM_WORDS_MAX);
  if (json_array_append_new (list, json_string (value)))
    return fettle_error_set (err, FETTLE_E_CONFIG, "%s is not valid UTF-8", where);
  return FETTLE_OK;
}

/* "ServerNotFound,BadPassword": each of them, or one alone. */
static fettle_result
put_list (json_t *object, const struct fettle_sum_row *row, const char *value, const char *where,
          struct fettle_error *err)
{
  if (!strchr (row->argument, '|'))
    return add_to_list (object, fettle_sum_member (row), value, where, err);
  while (*value) {
    size_t n = strcspn (value, ", ");
    char one[64], known[64];

    snprintf (one, sizeof one, "%.*s", n < sizeof one ? (int) n : 0, value);
    if (n && !choose (row->argument, one, known, sizeof known))
      return fettle_error_set (err, FETTLE_E_CONFIG, "%s %.60s: it is one of %s", where, value,
                               row->argument);
    if (n && add_to_list (object, fettle_sum_member (row), known, where, err))
      return err->code;
    value += n + (value[n] != '\0');
  }
  return FETTLE_OK;
}

static fettle_result
put_text (json_t *object, const struct fettle_sum_row *row, const char *value, const char *where,
          struct fettle_error *err)
{
  char known[64];

  if (strchr (row->argument, '|')) {
    const char *word = choose (row->argument, value, known, sizeof known);

    if (!word)
      return fettle_error_set (err, FETTLE_E_CONFIG, "%s %.60s: it is one of %s", where, value,
                               row->argument);
    value = word;
  }
  if (!*value)
    return fettle_error_set (err, FETTLE_E_CONFIG, "%s needs a value (%s)", where, row->argument);
  if (json_object_set_new (object, fettle_sum_member (row), json_string (value)))
    return fettle_error_set (err, FETTLE_E_CONFIG, "%s is not valid UTF-8", where);
  return FETTLE_OK;
}

static void
put_flag (json_t *object, const struct fettle_sum_row *row)
{
  struct fettle_error ignored;

  if (row->value && strcmp (fettle_sum_member (row), "continue_on_error") == 0)
    add_to_list (object, fettle_sum_member (row), row->value, "", &ignored);
  else
    json_object_set_new (object, fettle_sum_member (row),
                         row->value ? json_string (row->value) : json_true ());
}

fettle_result
fettle_sum_put (json_t *object, const struct fettle_sum_row *row, const char *value,
                const char *where, struct fettle_error *err)
{
  uint64_t number;

  switch (row->kind) {
  case FETTLE_SUM_FLAG:
    put_flag (object, row);
    return FETTLE_OK;
  case FETTLE_SUM_FORCE:
    return put_text (object, row, value ? value : "all", where, err);
  case FETTLE_SUM_TEXT:
    return put_text (object, row, value, where, err);
  case FETTLE_SUM_LIST:
    return put_list (object, row, value, where, err);
  case FETTLE_SUM_NUMBER:
    if (!fettle_parse_uint (value, 0, 65535, &number))
      return fettle_error_set (err, FETTLE_E_CONFIG, "%s wants a number of 0 to 65535, not \"%.40s\"",
                               where, value);
    json_object_set_new (object, fettle_sum_member (row), json_integer ((json_int_t) number));
    return FETTLE_OK;
  }
  return FETTLE_OK;
}

/* ---- The words ---- */

/* How many letters of prefix a word has: "/", "-", "--". */
static size_t
prefix_of (const char *word)
{
  return *word == '/' ? 1 : strspn (word, "-") <= 2 ? strspn (word, "-") : 0;
}

/* Wrappers hand on several parameters as one word, "" or " --c a --c b". */
static fettle_result
split_words (int argc, char **argv, json_t *words, struct fettle_error *err)
{
  for (int i = 1; i < argc; i++) {
    const char *word = argv[i], *first = word + strspn (word, " ");

    if (*word && (first == word || !prefix_of (first))) {
      if (json_array_append_new (words, json_string (word)))
        return fettle_error_set (err, FETTLE_E_CONFIG, "the parameter %d is not valid UTF-8", i);
      continue;
    }
    while (*first) {
      size_t n = strcspn (first, " ");

      if (json_array_append_new (words, json_stringn (first, n)))
        return fettle_error_set (err, FETTLE_E_CONFIG, "the parameter %d is not valid UTF-8", i);
      first += n + strspn (first + n, " ");
    }
  }
  return FETTLE_OK;
}

static fettle_result
unknown (const char *word, struct fettle_error *err)
{
  size_t skip = prefix_of (word);
  char name[64];
  struct fettle_nearest near = FETTLE_NEAREST_INIT (name);

  snprintf (name, sizeof name, "%.*s", (int) strcspn (word + skip, ":="), word + skip);
  for (const struct fettle_sum_row *row = fettle_sum_table; row->does; row++)
    if (row->name)
      fettle_nearest_try (&near, row->name);
  if (!skip)
    return fettle_error_set (err, FETTLE_E_CONFIG, "'%.80s' is one word too many; parameters begin"
                                                   " with /, - or --", word);
  return near.best ? fettle_error_set (err, FETTLE_E_CONFIG, "unknown parameter %.80s; did you mean"
                                                             " %.*s%s?", word, (int) skip, word, near.best)
                   : fettle_error_set (err, FETTLE_E_CONFIG, "unknown parameter %.80s; see smartupdate"
                                                             " --help", word);
}

/* All that the command line says of nodes, and those that it names. */
struct line {
  json_t *run, *node, *targets;
};

static fettle_result
put_word (struct line *l, const struct fettle_sum_row *row, const char *value, const char *where,
          struct fettle_error *err)
{
  if (row->place == FETTLE_SUM_RUN)
    return fettle_sum_put (l->run, row, value, where, err);
  if (strcmp (row->name, "target") != 0)
    return fettle_sum_put (l->node, row, value, where, err);
  if (!*value || json_array_append_new (l->targets, json_string (value)))
    return fettle_error_set (err, FETTLE_E_CONFIG, "%s needs a value (%s)", where, row->argument);
  return FETTLE_OK;
}

static fettle_result
take_word (struct line *l, const json_t *words, size_t *at, struct fettle_error *err)
{
  const char *word = json_string_value (json_array_get (words, (*at)++));
  size_t skip = prefix_of (word), n = strcspn (word + skip, ":=");
  const struct fettle_sum_row *row = skip ? fettle_sum_find (word + skip, n) : NULL;
  const char *value = word[skip + n] ? word + skip + n + 1 : NULL;
  char where[80];

  if (!row)
    return unknown (word, err);
  snprintf (where, sizeof where, "%.*s", (int) (skip + n), word);
  if (!row->argument && value)
    return fettle_error_set (err, FETTLE_E_CONFIG, "%s takes no value", where);
  if (row->argument && !value && row->kind != FETTLE_SUM_FORCE) {
    value = json_string_value (json_array_get (words, *at));
    (*at)++;
    /* A password may look like anything. */
    if (!value || (strncmp (value, "--", 2) == 0 && !strstr (row->name, "password")))
      return fettle_error_set (err, FETTLE_E_CONFIG, "%s needs a value (%s)", where, row->argument);
  }
  return put_word (l, row, value, where, err);
}

/* Each target with what was said of all; the input file's nodes likewise. */
static void
make_nodes (const struct line *l, json_t *result)
{
  json_t *nodes = json_object_get (result, "nodes"), *target, *node;
  size_t i;

  if (!nodes) {
    nodes = json_array ();
    json_object_set_new (result, "nodes", nodes);
  }
  if (json_array_size (l->targets))
    json_array_clear (nodes);
  json_array_foreach (l->targets, i, target) {
    json_array_append_new (nodes, node = json_object ());
    json_object_set (node, "target", target);
  }
  json_array_foreach (nodes, i, node)
    json_object_update (node, l->node);
  json_object_set (result, "login", l->node);
}

static fettle_result
read_input (const json_t *run, json_t **ret, struct fettle_error *err)
{
  const char *path = fettle_sum_text (run, "inputfile");
  _cleanup_ (fettle_buf_clear) struct fettle_buf text = FETTLE_BUF_SECRET (FETTLE_SUM_INPUT_MAX);

  if (!path) {
    *ret = json_object ();
    return FETTLE_OK;
  }
  if (fettle_file_read (path, &text, err)) {
    err->code = FETTLE_E_CONFIG;
    return err->code;
  }
  if (strlen (fettle_buf_text (&text)) != text.size)
    return fettle_error_set (err, FETTLE_E_CONFIG, "%s is not text", path);
  fettle_buf_add (&text, "", 0);
  return fettle_sum_input (text.data, path, ret, err);
}

fettle_result
fettle_sum_parse (int argc, char **argv, json_t **ret, struct fettle_error *err)
{
  _cleanup_ (fettle_secret_release) json_t *words = json_array (), *run = json_object (),
    *node = json_object (), *targets = json_array ();
  struct line l = { run, node, targets };
  json_t *result;

  if (split_words (argc, argv, words, err))
    return err->code;
  for (size_t at = 0; at < json_array_size (words);)
    if (take_word (&l, words, &at, err))
      return err->code;
  if (read_input (run, &result, err))
    return err->code;
  json_object_update (result, run);
  make_nodes (&l, result);
  if (fettle_sum_is (result, "romonly") && fettle_sum_is (result, "softwareonly")) {
    fettle_secret_release (&result);
    return fettle_error_set (err, FETTLE_E_CONFIG, "/romonly and /softwareonly exclude each other");
  }
  *ret = json_deep_copy (result); /* nothing of it is shared with what is wiped now */
  fettle_secret_release (&result);
  return FETTLE_OK;
}
