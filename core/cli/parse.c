/* parse.c - see parse.h.  SPDX-License-Identifier: Apache-2.0 */
#include "util/base.h"

#include <getopt.h>

#include "cli/parse.h"
#include "util/nearest.h"

/* What getopt_long answers for the i-th option of the table: above any letter. */
#define OPTION_BASE 1000

/* Options that may stand in one place, in the forms that getopt_long wants. */
struct table {
  const struct fettle_option **rows;
  struct option *longs;
  char letters[128];
  size_t n;
};

static size_t
count_options (const struct fettle_option *o)
{
  size_t n = 0;

  while (o && o[n].name)
    n++;
  return n;
}

static void
add_options (struct table *t, const struct fettle_option *o)
{
  for (; o && o->name; o++) {
    size_t used = strlen (t->letters);

    if (o->letter && used + 2 < sizeof t->letters)
      snprintf (t->letters + used, sizeof t->letters - used, "%c%s", o->letter,
                o->argument ? ":" : "");
    t->longs[t->n] = (struct option) { o->name, o->argument ? required_argument : no_argument,
                                       NULL, OPTION_BASE + (int) t->n };
    t->rows[t->n++] = o;
  }
}

static void
table_clear (struct table *t)
{
  free (t->rows);
  free (t->longs);
}

/* `first` is what getopt's string begins with: "+:" stops at the first word. */
static bool
table_make (struct table *t, const char *first, const struct fettle_option *own)
{
  size_t n = count_options (fettle_global_options) + count_options (own);

  t->rows = calloc (n + 1, sizeof t->rows[0]);
  t->longs = calloc (n + 1, sizeof t->longs[0]);
  if (!t->rows || !t->longs)
    return false;
  snprintf (t->letters, sizeof t->letters, "%s", first);
  add_options (t, fettle_global_options);
  add_options (t, own);
  return true;
}

static const struct fettle_option *
table_find (const struct table *t, int answer)
{
  if (answer >= OPTION_BASE && (size_t) (answer - OPTION_BASE) < t->n)
    return t->rows[answer - OPTION_BASE];
  for (size_t i = 0; i < t->n; i++)
    if (t->rows[i]->letter == answer)
      return t->rows[i];
  return NULL;
}

static fettle_result
unknown_option (const struct table *t, const char *word, struct fettle_error *err)
{
  char plain[64];
  struct fettle_nearest near = FETTLE_NEAREST_INIT (plain);

  if (word[0] != '-' || word[1] != '-')
    return fettle_error_set (err, FETTLE_E_CONFIG, "unknown option %.80s; see --help", word);
  snprintf (plain, sizeof plain, "%.*s", (int) strcspn (word + 2, "="), word + 2);
  for (size_t i = 0; i < t->n; i++)
    fettle_nearest_try (&near, t->rows[i]->name);
  if (near.best)
    return fettle_error_set (err, FETTLE_E_CONFIG, "unknown option --%s; did you mean --%s?", plain,
                             near.best);
  return fettle_error_set (err, FETTLE_E_CONFIG, "unknown option --%s; see --help", plain);
}

/* getopt_long said '?' or ':': finds out what it didn't like. */
static fettle_result
refuse (const struct table *t, int answer, const char *word, struct fettle_error *err)
{
  const struct fettle_option *o = optopt ? table_find (t, optopt) : NULL;
  size_t n = strcspn (word, "="), matches = 0;

  if (o && answer == ':')
    return fettle_error_set (err, FETTLE_E_CONFIG, "option --%s needs a value (%s)", o->name,
                             o->argument);
  if (o)
    return fettle_error_set (err, FETTLE_E_CONFIG, "option --%s takes no value", o->name);
  if (optopt) {
    char letter[3] = { '-', (char) optopt, '\0' };

    return unknown_option (t, letter, err);
  }
  for (size_t i = 0; n > 2 && i < t->n; i++)
    matches += strncmp (t->rows[i]->name, word + 2, n - 2) == 0;
  if (matches > 1)
    return fettle_error_set (err, FETTLE_E_CONFIG, "option %.*s may mean several; write it in full",
                             (int) n, word);
  return unknown_option (t, word, err);
}

/* "never|always" takes one of these words. */
static fettle_result
check_choice (const struct fettle_option *o, const char *value, struct fettle_error *err)
{
  const char *choice = o->argument;
  size_t n = strlen (value);

  if (!strchr (choice, '|') || strpbrk (choice, "ABCDEFGHIJKLMNOPQRSTUVWXYZ"))
    return FETTLE_OK;
  while (*choice) {
    size_t m = strcspn (choice, "|");

    if (m == n && memcmp (choice, value, n) == 0)
      return FETTLE_OK;
    choice += m + (choice[m] == '|');
  }
  return fettle_error_set (err, FETTLE_E_CONFIG, "--%s %.40s: it is one of %s", o->name, value,
                           o->argument);
}

static bool
args_add (struct fettle_args *a, const char *name, const char *value)
{
  struct fettle_given *given = realloc (a->given, (a->n_given + 1) * sizeof given[0]);

  if (!given)
    return false;
  a->given = given;
  a->given[a->n_given++] = (struct fettle_given) { name, value };
  return true;
}

/* Options out of argv; optind is then where the words begin. */
static fettle_result
take_options (int argc, char **argv, const char *first, const struct fettle_option *own,
              struct fettle_args *ret, struct fettle_error *err)
{
  _cleanup_ (table_clear) struct table t = { 0 };
  int answer;

  if (!table_make (&t, first, own))
    return fettle_error_set (err, FETTLE_E_NOMEM, "no memory for the command line");
  opterr = 0;
  optind = 0; /* glibc: begin anew */
  while ((answer = getopt_long (argc, argv, t.letters, t.longs, NULL)) != -1) {
    const struct fettle_option *o = answer == '?' || answer == ':' ? NULL : table_find (&t, answer);

    if (!o)
      return refuse (&t, answer, argv[optind - 1], err);
    if (o->argument && check_choice (o, optarg, err))
      return err->code;
    if (!args_add (ret, o->name, o->argument ? optarg : NULL))
      return fettle_error_set (err, FETTLE_E_NOMEM, "no memory for the command line");
  }
  return FETTLE_OK;
}

const struct fettle_command *
fettle_command_find (const char *noun, const char *verb)
{
  for (size_t i = 0; fettle_commands[i]; i++) {
    const struct fettle_command *c = fettle_commands[i];

    if (strcmp (c->noun, noun) == 0
        && (c->verb && verb ? strcmp (c->verb, verb) == 0 : !c->verb && !verb))
      return c;
  }
  return NULL;
}

fettle_result
fettle_noun_has_verbs (const char *noun, bool *ret, struct fettle_error *err)
{
  struct fettle_nearest near = FETTLE_NEAREST_INIT (noun);

  for (size_t i = 0; fettle_commands[i]; i++) {
    if (strcmp (fettle_commands[i]->noun, noun) == 0) {
      *ret = fettle_commands[i]->verb != NULL;
      return FETTLE_OK;
    }
    fettle_nearest_try (&near, fettle_commands[i]->noun);
  }
  if (near.best)
    return fettle_error_set (err, FETTLE_E_CONFIG, "unknown command '%.80s'; did you mean '%s'?",
                             noun, near.best);
  return fettle_error_set (err, FETTLE_E_CONFIG, "unknown command '%.80s'; see fettle --help", noun);
}

static fettle_result
unknown_verb (const char *noun, const char *verb, struct fettle_error *err)
{
  struct fettle_nearest near = FETTLE_NEAREST_INIT (verb ? verb : "");
  char all[512] = "";

  for (size_t i = 0; fettle_commands[i]; i++) {
    size_t used = strlen (all);

    if (strcmp (fettle_commands[i]->noun, noun) != 0)
      continue;
    snprintf (all + used, sizeof all - used, "%s%s", used ? ", " : "", fettle_commands[i]->verb);
    fettle_nearest_try (&near, fettle_commands[i]->verb);
  }
  if (!verb)
    return fettle_error_set (err, FETTLE_E_CONFIG, "fettle %s what? One of: %s", noun, all);
  if (near.best)
    return fettle_error_set (err, FETTLE_E_CONFIG,
                             "unknown command '%s %.80s'; did you mean '%s %s'?", noun, verb, noun,
                             near.best);
  return fettle_error_set (err, FETTLE_E_CONFIG, "unknown command '%s %.80s'; there is: %s", noun,
                           verb, all);
}

/* Words at argv[0]: finds the command and how many words name it. */
static fettle_result
find_command (char **argv, const struct fettle_command **ret, int *ret_words,
              struct fettle_error *err)
{
  bool verbs = false;

  if (fettle_noun_has_verbs (argv[0], &verbs, err))
    return err->code;
  *ret_words = verbs ? 2 : 1;
  *ret = fettle_command_find (argv[0], verbs ? argv[1] : NULL);
  if (verbs && !argv[1])
    *ret = NULL;
  return *ret ? FETTLE_OK : unknown_verb (argv[0], argv[1], err);
}

static fettle_result
check_words (const struct fettle_args *a, struct fettle_error *err)
{
  const struct fettle_command *c = a->command;
  const char *verb = c->verb ? c->verb : "", *space = c->verb ? " " : "";

  if (a->n_words < c->min_words)
    return fettle_error_set (err, FETTLE_E_CONFIG, "fettle %s%s%s needs %s; see --help", c->noun,
                             space, verb, c->words);
  if (a->n_words > c->max_words)
    return fettle_error_set (err, FETTLE_E_CONFIG, "fettle %s%s%s: '%.80s' is one word too many",
                             c->noun, space, verb, a->words[c->max_words]);
  return FETTLE_OK;
}

/* "fettle node --help": a noun that has verbs, asked about as a whole. */
static bool
asks_about_noun (char **argv)
{
  bool verbs;
  struct fettle_error ignored;

  return argv[1] && (strcmp (argv[1], "--help") == 0 || strcmp (argv[1], "-h") == 0)
         && fettle_noun_has_verbs (argv[0], &verbs, &ignored) == FETTLE_OK && verbs;
}

fettle_result
fettle_args_parse (int argc, char **argv, struct fettle_args *ret, struct fettle_error *err)
{
  int words = 0;

  if (take_options (argc, argv, "+:", NULL, ret, err))
    return err->code;
  argc -= optind;
  argv += optind;
  ret->words = argv;
  if (argc == 0 || fettle_args_flag (ret, "version"))
    return FETTLE_OK;
  if (asks_about_noun (argv)) {
    ret->n_words = 1;
    return args_add (ret, "help", NULL)
             ? FETTLE_OK
             : fettle_error_set (err, FETTLE_E_NOMEM, "no memory for the command line");
  }
  if (find_command (argv, &ret->command, &words, err))
    return err->code;
  /* getopt takes the word before the options for the program's name. */
  argc -= words - 1;
  argv += words - 1;
  if (take_options (argc, argv, ":", ret->command->options, ret, err))
    return err->code;
  ret->words = argv + optind;
  ret->n_words = (size_t) (argc - optind);
  return fettle_args_flag (ret, "help") ? FETTLE_OK : check_words (ret, err);
}

void
fettle_args_clear (struct fettle_args *a)
{
  free (a->given);
  a->given = NULL;
  a->n_given = 0;
}

const char *
fettle_args_value (const struct fettle_args *a, const char *name)
{
  const char *value = NULL;

  for (size_t i = 0; i < a->n_given; i++)
    if (strcmp (a->given[i].name, name) == 0)
      value = a->given[i].value;
  return value;
}

bool
fettle_args_flag (const struct fettle_args *a, const char *name)
{
  for (size_t i = 0; i < a->n_given; i++)
    if (strcmp (a->given[i].name, name) == 0)
      return true;
  return false;
}

const char *
fettle_args_next (const struct fettle_args *a, const char *name, size_t *at)
{
  for (; *at < a->n_given; (*at)++)
    if (strcmp (a->given[*at].name, name) == 0)
      return a->given[(*at)++].value;
  return NULL;
}

fettle_result
fettle_args_pair (json_t *object, const char *what, const char *pair, struct fettle_error *err)
{
  const char *equals = strchr (pair, '=');

  if (!equals || equals == pair)
    return fettle_error_set (err, FETTLE_E_CONFIG, "%s %.80s: write it as NAME=VALUE", what, pair);
  if (json_object_setn_new (object, pair, (size_t) (equals - pair), json_string (equals + 1)))
    return fettle_error_set (err, FETTLE_E_CONFIG, "%s %.80s is not valid UTF-8", what, pair);
  return FETTLE_OK;
}
