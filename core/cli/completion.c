/* completion.c - fettle completion: shells complete our command line by asking
 * us, so that there is one list of commands only.
 *
 * `fettle completion words WORD...` prints what the last word may become, a
 * line each: the word, a tab, its help; ":files" and ":folders" ask the shell
 * for those.  `fettle completion bash` prints the few lines that ask.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include "util/base.h"

#include "cli/parse.h"

static const char bash_script[] =
  "# bash completion for fettle: eval \"$(fettle completion bash)\"\n"
  "_fettle () {\n"
  "  local line IFS=$'\\n' current=${COMP_WORDS[COMP_CWORD]}\n"
  "  COMPREPLY=()\n"
  "  for line in $(fettle completion words -- \"${COMP_WORDS[@]:1:COMP_CWORD}\" 2>/dev/null); do\n"
  "    case $line in\n"
  "      :files) compopt -o filenames 2>/dev/null; COMPREPLY+=($(compgen -f -- \"$current\")) ;;\n"
  "      :folders) compopt -o filenames 2>/dev/null; COMPREPLY+=($(compgen -d -- \"$current\")) ;;\n"
  "      *) COMPREPLY+=(\"${line%%$'\\t'*}\") ;;\n"
  "    esac\n"
  "  done\n"
  "}\n"
  "complete -F _fettle fettle\n";

static const char zsh_script[] =
  "#compdef fettle\n"
  "# zsh completion for fettle: as _fettle in a folder of $fpath, or\n"
  "# eval \"$(fettle completion zsh)\" behind compinit\n"
  "_fettle () {\n"
  "  local line\n"
  "  local -a found\n"
  "  for line in ${(f)\"$(fettle completion words -- \"${(@)words[2,CURRENT]}\" 2>/dev/null)\"}; do\n"
  "    case $line in\n"
  "      :files) _files ;;\n"
  "      :folders) _files -/ ;;\n"
  "      *) found+=(\"${${line%%$'\\t'*}//:/\\\\:}:${line#*$'\\t'}\") ;;\n"
  "    esac\n"
  "  done\n"
  "  (( $#found )) && _describe fettle found\n"
  "}\n"
  "if [[ $funcstack[1] == _fettle ]]; then _fettle \"$@\"; else compdef _fettle fettle; fi\n";

static const char fish_script[] =
  "# fish completion for fettle: fettle completion fish | source\n"
  "function __fettle_complete\n"
  "    set -l words (commandline -opc)\n"
  "    set -l current (commandline -ct)\n"
  "    set -e words[1]\n"
  "    for line in (fettle completion words -- $words \"$current\" 2>/dev/null)\n"
  "        switch $line\n"
  "            case ':files'\n"
  "                __fish_complete_path \"$current\"\n"
  "            case ':folders'\n"
  "                __fish_complete_directories \"$current\"\n"
  "            case '*'\n"
  "                echo $line\n"
  "        end\n"
  "    end\n"
  "end\n"
  "complete -c fettle -f -a '(__fettle_complete)'\n";

/* What stands in front of the word to complete. */
struct line {
  const char *noun, *verb;
  const struct fettle_command *command; /* NULL while not known */
  const struct fettle_option *pending;  /* whose value the word is */
  const char *current;
  bool words_only;                      /* behind "--" */
  FILE *out;
};

static void
offer (const struct line *l, const char *word, const char *help)
{
  if (strncmp (word, l->current, strlen (l->current)) == 0)
    fprintf (l->out, "%s\t%s\n", word, help);
}

static const struct fettle_option *
find_option (const struct fettle_option *o, const char *name)
{
  for (; o && o->name; o++)
    if (strcmp (o->name, name) == 0)
      return o;
  return NULL;
}

static const struct fettle_option *
option_of (const struct line *l, const char *word)
{
  const struct fettle_option *o = NULL;

  if (strcmp (word, "-o") == 0)
    word = "--output";
  if (strncmp (word, "--", 2) != 0)
    return NULL;
  o = l->command ? find_option (l->command->options, word + 2) : NULL;
  return o ? o : find_option (fettle_global_options, word + 2);
}

static void
take_word (struct line *l, const char *word)
{
  struct fettle_error ignored;
  bool verbs;

  if (strcmp (word, "=") == 0) /* bash takes --option=value apart */
    return;
  if (l->pending) {
    l->pending = NULL;
    return;
  }
  if (word[0] == '-' && !l->words_only) {
    l->words_only = strcmp (word, "--") == 0;
    l->pending = option_of (l, word);
    if (l->pending && !l->pending->argument)
      l->pending = NULL;
    return;
  }
  if (!l->noun) {
    l->noun = word;
    if (fettle_noun_has_verbs (word, &verbs, &ignored) == FETTLE_OK && !verbs)
      l->command = fettle_command_find (word, NULL);
  } else if (!l->command && !l->verb) {
    l->verb = word;
    l->command = fettle_command_find (l->noun, word);
  }
}

static void
offer_commands (const struct line *l)
{
  for (size_t i = 0; fettle_commands[i]; i++) {
    const struct fettle_command *c = fettle_commands[i];
    bool first = i == 0 || strcmp (fettle_commands[i - 1]->noun, c->noun) != 0;

    if (l->noun && c->verb && strcmp (c->noun, l->noun) == 0)
      offer (l, c->verb, c->help);
    if (!l->noun && first)
      offer (l, c->noun, c->verb ? "has several commands" : c->help);
  }
}

static void
offer_options (const struct line *l, const struct fettle_option *o)
{
  for (; o && o->name; o++) {
    char word[64];

    snprintf (word, sizeof word, "--%s", o->name);
    offer (l, word, o->help);
  }
}

/* A value by what the help calls it: "FILE", "DIR", "never|always". */
static void
offer_values (const struct line *l, const char *what)
{
  bool choice = strchr (what, '|') != NULL;

  while (*what) {
    size_t n = strcspn (what, "|[]. ");
    char word[64];

    snprintf (word, sizeof word, "%.*s", (int) n, what);
    if (strcmp (word, "FILE") == 0)
      fputs (":files\n", l->out);
    else if (strcmp (word, "DIR") == 0)
      fputs (":folders\n", l->out);
    else if (choice && n && (word[0] < 'A' || word[0] > 'Z'))
      offer (l, word, "");
    what += n + (what[n] != '\0');
  }
}

static void
offer_formats (const struct line *l)
{
  for (unsigned i = 0; i <= FETTLE_FORMAT_LAST; i++)
    if (!l->command || l->command->formats & FETTLE_FORMATS (i))
      offer (l, fettle_format_name ((enum fettle_format) i), "");
}

static void
complete (const struct line *l)
{
  if (l->pending && strcmp (l->pending->name, "format") == 0)
    offer_formats (l);
  else if (l->pending)
    offer_values (l, l->pending->argument);
  else if (l->current[0] == '-' && !l->words_only) {
    offer_options (l, l->command ? l->command->options : NULL);
    offer_options (l, fettle_global_options);
  }
  else if (!l->command)
    offer_commands (l);
  else if (l->command->words)
    offer_values (l, l->command->words);
}

static int
run_completion (struct fettle_cli *cli, const struct fettle_args *args)
{
  static const struct { const char *shell, *script; } scripts[] = {
    { "bash", bash_script }, { "zsh", zsh_script }, { "fish", fish_script },
  };
  struct line l = { .out = cli->out };

  for (size_t i = 0; i < COUNT (scripts); i++)
    if (args->n_words == 1 && strcmp (args->words[0], scripts[i].shell) == 0) {
      fputs (scripts[i].script, cli->out);
      return FETTLE_EXIT_DONE;
    }
  if (strcmp (args->words[0], "words") != 0)
    return fettle_cli_usage ("fettle completion %.40s: it is one of bash, zsh, fish",
                             args->words[args->n_words - 1]);
  for (size_t i = 1; i + 1 < args->n_words; i++)
    take_word (&l, args->words[i]);
  l.current = args->n_words > 1 ? args->words[args->n_words - 1] : "";
  if (strcmp (l.current, "=") == 0)
    l.current = "";
  complete (&l);
  return FETTLE_EXIT_DONE;
}

const struct fettle_command fettle_command_completion = {
  "completion", NULL, "bash|zsh|fish", 1, SIZE_MAX,
  "print the lines that make a shell complete this command", 0, FETTLE_FORMAT_TEXT, NULL,
  run_completion,
};
