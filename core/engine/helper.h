/* helper.h - programs of the user's that know credentials: a vault's client, a
 * password manager.
 *
 * The setting credential_helpers names them, so that only who may change the
 * configuration decides what runs here; nodes and groups name one of those.
 * The protocol is in fettled(8), CREDENTIAL HELPERS: the question is one JSON
 * object on the standard input, the answer one on the standard output.  No
 * shell; nothing secret in arguments or environment; time and size have limits.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef FETTLE_HELPER_H
#define FETTLE_HELPER_H

#include <jansson.h>
#include <limits.h>

#include "util/error.h"

struct event_base;
struct fettle_helper;

/* Members that such a program may answer with, all of them text. */
#define FETTLE_CREDENTIALS                                                                        \
  "user password key passphrase sudo_password second_user second_password kerberos"

/* The path of the program of that name in the setting; CONFIG names those
 * there are. */
fettle_result fettle_helper_find (const char *setting, const char *name, char ret[PATH_MAX],
                                  struct fettle_error *);

/* `credentials` (taken over) or the error; the helper is gone by then. */
typedef void fettle_helper_done (void *arg, json_t *credentials, const struct fettle_error *);

/* On failure nothing is called. */
struct fettle_helper *fettle_helper_start (struct event_base *, const char *name, const char *path,
                                           const json_t *question, uint32_t seconds,
                                           fettle_helper_done *, void *arg, struct fettle_error *);

/* Kills it; nobody is told. */
void fettle_helper_stop (struct fettle_helper *);

#endif
