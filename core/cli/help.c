/* help.c - `fettle help` and --help, from the list of commands.
 * SPDX-License-Identifier: Apache-2.0 */
#include "util/base.h"

#include "cli/parse.h"

static void
print_options (FILE *f, const char *title, const struct fettle_option *o)
{
  if (!o || !o->name)
    return;
  fprintf (f, "\n%s:\n", title);
  for (; o->name; o++) {
    char left[96];

    snprintf (left, sizeof left, "%s%c%s --%s%s%s", o->letter ? "-" : " ",
              o->letter ? o->letter : ' ', o->letter ? "," : " ", o->name, o->argument ? " " : "",
              o->argument ? o->argument : "");
    if (strlen (left) > 30) /* a long one has the line to itself */
      fprintf (f, "  %s\n%33s%s\n", left, "", o->help);
    else
      fprintf (f, "  %-30s %s\n", left, o->help);
  }
}

void
fettle_help_command (FILE *f, const struct fettle_command *c)
{
  const char *comma = "";

  fprintf (f, "Usage: fettle %s%s%s [OPTION...]%s%s\n\n%s.\n", c->noun, c->verb ? " " : "",
           c->verb ? c->verb : "", c->words ? " " : "", c->words ? c->words : "", c->help);
  if (c->formats) {
    fputs ("\nFormats: ", f);
    for (unsigned i = 0; i <= FETTLE_FORMAT_LAST; i++)
      if (c->formats & FETTLE_FORMATS (i)) {
        fprintf (f, "%s%s%s", comma, fettle_format_name ((enum fettle_format) i),
                 i == c->initial ? " (initial)" : "");
        comma = ", ";
      }
    fputs (".\n", f);
  }
  print_options (f, "Options", c->options);
  print_options (f, "Options of every command", fettle_global_options);
}

static void
print_command_line (FILE *f, const struct fettle_command *c)
{
  char left[48];

  snprintf (left, sizeof left, "%s%s%s", c->noun, c->verb ? " " : "", c->verb ? c->verb : "");
  fprintf (f, "  %-20s %s\n", left, c->help);
}

void
fettle_help_noun (FILE *f, const char *noun)
{
  fprintf (f, "Usage: fettle %s VERB [OPTION...]\n\n", noun);
  for (size_t i = 0; fettle_commands[i]; i++)
    if (strcmp (fettle_commands[i]->noun, noun) == 0)
      print_command_line (f, fettle_commands[i]);
  fprintf (f, "\n\"fettle %s VERB --help\" explains one of them.\n", noun);
}

void
fettle_help_all (FILE *f)
{
  fputs ("Usage: fettle COMMAND [OPTION...]\n\n"
         "Keeps firmware, drivers and software of many unlike machines in good order.\n\n", f);
  for (size_t i = 0; fettle_commands[i]; i++)
    print_command_line (f, fettle_commands[i]);
  print_options (f, "Options of every command", fettle_global_options);
  fputs ("\n\"fettle COMMAND --help\" explains one command.\n\n"
         "Exit codes: 0 done; 1 done, a reboot is needed; 3 nothing needed; 252 a command failed;\n"
         "253 a component failed; 254 bad parameter or input; 255 another failure.\n", f);
}

/* ---- The list as JSON: for completions, and for the test of the manual ---- */

static json_t *
options_json (const struct fettle_option *o)
{
  json_t *list = json_array ();

  for (; o && o->name; o++) {
    char letter[2] = { (char) o->letter, '\0' };

    json_array_append_new (list, json_pack ("{s:s s:s? s:s? s:s}", "name", o->name, "letter",
                                            o->letter ? letter : NULL, "argument", o->argument,
                                            "help", o->help));
  }
  return list;
}

static json_t *
command_json (const struct fettle_command *c)
{
  json_t *formats = json_array ();

  for (unsigned i = 0; i <= FETTLE_FORMAT_LAST; i++)
    if (c->formats & FETTLE_FORMATS (i))
      json_array_append_new (formats, json_string (fettle_format_name ((enum fettle_format) i)));
  return json_pack ("{s:s s:s? s:s? s:s s:o s:o}", "noun", c->noun, "verb", c->verb, "words",
                    c->words, "help", c->help, "formats", formats, "options",
                    options_json (c->options));
}

static int
print_json (struct fettle_cli *cli)
{
  _cleanup_json_ json_t *all = json_object ();
  json_t *commands = json_array ();
  struct fettle_error err;

  json_object_set_new (all, "options", options_json (fettle_global_options));
  json_object_set_new (all, "commands", commands);
  for (size_t i = 0; fettle_commands[i]; i++)
    json_array_append_new (commands, command_json (fettle_commands[i]));
  return fettle_cli_json (cli, all, &err) ? fettle_cli_fail (&err) : FETTLE_EXIT_DONE;
}

static int
run_help (struct fettle_cli *cli, const struct fettle_args *args)
{
  const struct fettle_command *c;
  struct fettle_error err;
  bool verbs;

  if (cli->format == FETTLE_FORMAT_JSON)
    return print_json (cli);
  if (args->n_words == 0) {
    fettle_help_all (cli->out);
    return FETTLE_EXIT_DONE;
  }
  if (fettle_noun_has_verbs (args->words[0], &verbs, &err))
    return fettle_cli_fail (&err);
  c = fettle_command_find (args->words[0], args->n_words > 1 ? args->words[1] : NULL);
  if (c)
    fettle_help_command (cli->out, c);
  else if (args->n_words == 1)
    fettle_help_noun (cli->out, args->words[0]);
  else
    return fettle_cli_usage ("unknown command '%s %.80s'; see fettle help %s", args->words[0],
                             args->words[1], args->words[0]);
  return FETTLE_EXIT_DONE;
}

const struct fettle_command fettle_command_help = {
  "help", NULL, "[COMMAND...]", 0, 2, "explain the commands",
  FETTLE_FORMATS (FETTLE_FORMAT_TEXT) | FETTLE_FORMATS (FETTLE_FORMAT_JSON), FETTLE_FORMAT_TEXT,
  NULL, run_help,
};
