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
    char left[64];

    snprintf (left, sizeof left, "%s%c%s --%s%s%s", o->letter ? "-" : " ",
              o->letter ? o->letter : ' ', o->letter ? "," : " ", o->name, o->argument ? " " : "",
              o->argument ? o->argument : "");
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
    for (unsigned i = 0; i <= FETTLE_FORMAT_HTML; i++)
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

static int
run_help (struct fettle_cli *cli, const struct fettle_args *args)
{
  const struct fettle_command *c;
  struct fettle_error err;
  bool verbs;

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
  "help", NULL, "[COMMAND...]", 0, 2, "explain the commands", 0, FETTLE_FORMAT_TEXT, NULL, run_help,
};
