/* secret.h - secrets from wherever the command line says: file, descriptor,
 * environment, question.  Never from an argument, which others can see.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef FETTLE_CLI_SECRET_H
#define FETTLE_CLI_SECRET_H

#include "cli/cli.h"

/* The options for one secret, e.g. FETTLE_SECRET_OPTIONS ("password", "password"). */
#define FETTLE_SECRET_OPTIONS(name, what)                                                    \
  { name "-file", 0, "FILE", "file with the " what " in its first line" },                   \
  { name "-fd",   0, "N",    "open descriptor to read the " what " from" },                  \
  { name "-env",  0, "NAME", "environment variable with the " what },                        \
  { "ask-" name,  0, NULL,   "ask for the " what " on the terminal" }

/* Adds the secret `name` ("sudo-password") as member `member` if an option
 * asks for it.  `what` is for the question. */
fettle_result fettle_secret_take (const struct fettle_args *, const char *name, const char *what,
                                  const char *member, json_t *object, struct fettle_error *);

/* The first line of a file as the member. */
fettle_result fettle_secret_file (const char *path, const char *member, json_t *object,
                                  struct fettle_error *);

/* The text of a private key; refuses what doesn't look like one. */
fettle_result fettle_secret_key (const char *path, json_t *object, struct fettle_error *);

/* Overwrites all strings in it, then lets it go: nobody else may hold it.
 * For _cleanup_ (fettle_secret_release). */
void fettle_secret_release (json_t **);

/* A yes-or-no question on the terminal; false without one. */
bool fettle_ask_yes (const char *question);

#endif
