/* parse.h - from argv to a command and its arguments; help.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef FETTLE_CLI_PARSE_H
#define FETTLE_CLI_PARSE_H

#include "cli/cli.h"

/* The command line as a whole: global options may stand anywhere, a command's
 * own behind its words "noun verb".  ret->command is NULL when only global
 * options were given.  The strings are argv's.  Clear with fettle_args_clear. */
fettle_result fettle_args_parse (int argc, char **argv, struct fettle_args *ret,
                                 struct fettle_error *);
void fettle_args_clear (struct fettle_args *);

/* A command by its words; NULL if there is none. */
const struct fettle_command *fettle_command_find (const char *noun, const char *verb);

/* Whether this noun has verbs; sets the error (with the nearest name) when
 * there is no such noun at all. */
fettle_result fettle_noun_has_verbs (const char *noun, bool *ret, struct fettle_error *);

/* The help of everything, of a noun's verbs, of a command. */
void fettle_help_all (FILE *);
void fettle_help_noun (FILE *, const char *noun);
void fettle_help_command (FILE *, const struct fettle_command *);

#endif
