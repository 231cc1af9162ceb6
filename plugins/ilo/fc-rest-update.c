/* fc-rest-update.c - Fabric OS by REST: the switch is told to fetch a release's
 * folder, and asked now and then how far it is.
 *
 * The token is "fos rest SINCE NUMBER LOST": when it began, the message that
 * show-status knows it by, whether the switch has been away since.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <fettle/util.h>

#include "fc-rest.h"

enum {
  WAIT_S = 5400,  /* until it is done, restarts and all */
  QUIET_S = 300,  /* after which a switch that knows nothing of a download has none */
  MESSAGE = 20000 /* what show-status calls a download, where the answer doesn't say */
};

#define TOKEN "fos rest "

struct update {
  struct fc f;
  struct fc_rest rest;
  const struct fettle_image *image;
  long long since;
  long number;
  int lost;
};

static fettle_result
wait_on (struct update *u, uint32_t delay)
{
  char token[100];

  snprintf (token, sizeof token, TOKEN "%lld %ld %d", u->since, u->number, u->lost);
  return u->f.h->again (u->f.c, delay, token);
}

static uint32_t
interval (const struct update *u)
{
  return (long long) time (NULL) - u->since < 30 ? 2 : 10;
}

/* ---- how far is it ---- */

/* "queued", "in-progress", "done", "error", or "" where it knows of none. */
static fettle_result
read_status (struct update *u, char status[30], char words[300])
{
  char body[100], number[30];
  json_t *json = NULL;
  fettle_result r;

  snprintf (body, sizeof body, "{\"show-status-parameters\": {\"message-id\": %ld}}", u->number);
  r = fc_rest_ask (&u->rest, "POST", "/rest/operations/show-status", body, &json);
  snprintf (status, 30, "%.29s", fc_rest_text (json, "status", number, sizeof number));
  snprintf (words, 300, "%.299s", fc_rest_text (json, "message", number, sizeof number));
  json_decref (json);
  return r == FETTLE_E_REJECTED || r == FETTLE_E_UNSUPPORTED ? FETTLE_OK : r; /* it has forgotten it */
}

static fettle_result
judge (struct update *u)
{
  long long age = (long long) time (NULL) - u->since;
  char status[30], words[300], version[60];
  int has;
  fettle_result r = read_status (u, status, words);

  if (r == FETTLE_OK)
    r = fc_rest_version (&u->rest, version, sizeof version);
  if (r != FETTLE_OK)
    return r;
  has = fc_same_version (version, u->image->version);
  if (strcmp (status, "error") == 0)
    return fc_failed (&u->f, *words ? words : "error, and no more");
  if (strcmp (status, "done") == 0 || (!*status && (has || u->lost || age > QUIET_S))) {
    if (!has)
      fettle_say (u->f.h, u->f.c, FETTLE_LOG_WARNING, "the download has ended, and the switch has %s: %s", version,
                  *words ? words : "it says nothing of one");
    return FETTLE_OK; /* the inventory decides */
  }
  if (age > WAIT_S)
    return fettle_fail (u->f.h, u->f.c, FETTLE_E_TIMEOUT, "the switch isn't done after %lld minutes: %s", age / 60, words);
  u->f.h->progress (u->f.c, 700, *words ? words : "the switch updates itself");
  return wait_on (u, interval (u));
}

/* ---- beginning ---- */

static fettle_result
tell (struct update *u, const struct fc_source *s)
{
  const char *eula = u->f.h->setting (u->f.c, "accept_eula");
  json_t *p = json_pack ("{s:s, s:s, s:s, s:s, s:s}", "host", s->host, "remote-directory", s->folder, "protocol", s->protocol,
                         "user-name", fc_is_anonymous (s) ? "anonymous" : s->user[0] ? s->user : "%{json:second_user}",
                         /* base64, as REST wants it: of "anonymous" */
                         "password", fc_is_anonymous (s) ? "YW5vbnltb3Vz" : "%{base64:second_password}");
  json_t *body, *answer = NULL;
  char *text, number[30];
  fettle_result r;

  if (p && s->port)
    json_object_set_new (p, "port", json_integer (s->port));
  if (p && eula && strcmp (eula, "yes") == 0)
    json_object_set_new (p, "eula-action", json_string ("accept"));
  body = json_pack ("{s:o}", "firmwaredownload-parameters", p);
  text = body ? json_dumps (body, JSON_COMPACT) : NULL;
  json_decref (body);
  if (!text)
    return u->f.h->error (u->f.c, FETTLE_E_NOMEM, "no memory");
  fettle_say (u->f.h, u->f.c, FETTLE_LOG_INFO, "the switch is told to fetch %s from %s by %s", s->folder, s->host, s->protocol);
  r = fc_rest_ask (&u->rest, "POST", "/rest/operations/firmwaredownload", text, &answer);
  free (text);
  u->number = strtol (fc_rest_text (answer, "message-id", number, sizeof number), NULL, 10);
  u->number = u->number ? u->number : MESSAGE;
  json_decref (answer);
  u->since = (long long) time (NULL);
  /* It may have begun, and its answer is what was lost: show-status tells. */
  return r == FETTLE_OK || r == FETTLE_E_UNREACHABLE || r == FETTLE_E_TIMEOUT ? wait_on (u, 2) : r;
}

static fettle_result
begin (struct update *u)
{
  char version[60], status[30], words[300];
  struct fc_source source;
  fettle_result r = fc_find_source (&u->f, u->image, FETTLE_SERVE_FOLDER, &source);

  u->number = MESSAGE;
  if (r == FETTLE_OK)
    r = fc_rest_version (&u->rest, version, sizeof version);
  if (r == FETTLE_OK && fc_same_version (version, u->image->version)) {
    fettle_say (u->f.h, u->f.c, FETTLE_LOG_INFO, "it has %s already", version);
    return FETTLE_OK;
  }
  if (r == FETTLE_OK)
    r = read_status (u, status, words);
  if (r != FETTLE_OK)
    return r;
  if (strcmp (status, "queued") == 0 || strcmp (status, "in-progress") == 0) {
    fettle_say (u->f.h, u->f.c, FETTLE_LOG_INFO, "a download is under way: %s", words);
    u->since = (long long) time (NULL);
    return wait_on (u, 2);
  }
  return tell (u, &source);
}

static fettle_result
go_on (struct update *u, int begun)
{
  fettle_result r = fc_rest_open (&u->rest, u->f.h, u->f.c, u->f.t);

  if (r == FETTLE_OK)
    r = begun ? judge (u) : begin (u);
  fc_rest_close (&u->rest, r);
  return r;
}

fettle_result
fc_rest_deploy (ILO_CALL, const struct fettle_image *image)
{
  const char *token = h->token (c);
  struct update u = { .f = { h, c, t, NULL, 0 }, .image = image };
  int begun = token && strncmp (token, TOKEN, strlen (TOKEN)) == 0;
  fettle_result r;

  if (begun && sscanf (token + strlen (TOKEN), "%lld %ld %d", &u.since, &u.number, &u.lost) != 3)
    return h->error (c, FETTLE_E_INTERNAL, "a token that can't be read");
  r = go_on (&u, begun);
  /* Its restart ends sessions, and refuses new ones. */
  if (begun && (r == FETTLE_E_UNREACHABLE || r == FETTLE_E_TIMEOUT || r == FETTLE_E_AUTH || r == FETTLE_E_PROTOCOL
                || r == FETTLE_E_BUSY) && (long long) time (NULL) - u.since <= WAIT_S) {
    h->progress (c, 800, "the switch restarts");
    u.lost = 1;
    r = wait_on (&u, interval (&u));
  }
  return r;
}
