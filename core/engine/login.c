/* login.c - a node's credentials, where a program knows them: asked before a
 * call, kept for the calls that follow soon.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "util/base.h"

#include "engine/helper.h"
#include "engine/internal.h"
#include "util/clock.h"

#define KEPT 300 /* s: then it is asked again */

void
fettle_login_forget (struct lane *lane)
{
  if (!lane->login)
    return;
  fettle_credentials_free (lane->login);
  json_decref (lane->login);
  lane->login = NULL;
}

bool
fettle_login_stop (struct lane *lane)
{
  if (!lane->helper)
    return false;
  fettle_helper_stop (lane->helper);
  lane->helper = NULL;
  return true;
}

static void
on_answer (void *arg, json_t *credentials, const struct fettle_error *err)
{
  struct lane *lane = arg;

  lane->helper = NULL;
  lane->login = credentials;
  lane->login_since = (int64_t) fettle_seconds ();
  lane->known (lane, err);
}

/* The name of the program to be asked, which is "" if there is none. */
static fettle_result
helper_of (struct lane *lane, char ret[64], char ret_user[256], struct fettle_error *err)
{
  const char *helper, *user;
  json_t *stored;

  if (fettle_node_login (lane->engine, lane->node, &stored, err))
    return err->code;
  helper = json_string_value (json_object_get (stored, "helper"));
  user = json_string_value (json_object_get (stored, "user"));
  snprintf (ret, 64, "%s", helper ? helper : "");
  snprintf (ret_user, 256, "%s", user ? user : "");
  fettle_credentials_free (stored);
  json_decref (stored);
  return FETTLE_OK;
}

static fettle_result
start (struct lane *lane, const char *helper, const char *user, struct fettle_error *err)
{
  struct fettle_engine *e = lane->engine;
  _cleanup_json_ json_t *question = json_pack ("{s:i s:s s:s s:s s:s*}", "protocol", 1, "node",
                                               lane->name, "address", lane->address, "type",
                                               lane->type, "user", *user ? user : NULL);
  char path[PATH_MAX];

  if (fettle_helper_find (e->settings->credential_helpers, helper, path, err))
    return err->code;
  lane->helper = fettle_helper_start (e->base, helper, path, question,
                                      (uint32_t) e->settings->helper_timeout, on_answer, lane, err);
  return lane->helper ? FETTLE_OK : err->code;
}

/* Kerberos' tokens are each for one login: the next call needs others. */
static bool
is_kept (const struct lane *lane)
{
  return lane->login && !json_object_get (lane->login, "kerberos")
         && (int64_t) fettle_seconds () - lane->login_since < KEPT;
}

bool
fettle_login_ask (struct lane *lane, void (*then) (struct lane *, const struct fettle_error *))
{
  char helper[64], user[256];
  struct fettle_error err;

  if (is_kept (lane))
    return false;
  fettle_login_forget (lane);
  /* What can't be unsealed is told by the call itself. */
  if (helper_of (lane, helper, user, &err) || !*helper)
    return false;
  lane->known = then;
  if (start (lane, helper, user, &err))
    then (lane, &err);
  return true;
}
