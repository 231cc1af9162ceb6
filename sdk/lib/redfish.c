/* redfish.c - a Redfish service: requests, the session, resources.
 *
 * SPDX-License-Identifier: Apache-2.0 OR BSD-2-Clause
 */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <fettle/redfish.h>
#include <fettle/services.h>
#include <fettle/util.h>

#include "redfish-internal.h"

enum {
  REDIRECTIONS_MAX = 3,
  WAIT_S = 5,      /* where a busy service doesn't say how long */
  WAITS_MAX = 6,   /* how often one request is repeated, */
  WAIT_MAX_S = 60, /* and how long it waits in all */
};

#define SAID_SIZE 600

fettle_result
fettle_redfish_fail (struct fettle_redfish *r, fettle_result code, const char *format, ...)
{
  va_list ap;

  va_start (ap, format);
  vsnprintf (r->why, sizeof r->why, format, ap);
  va_end (ap);
  return r->h->error (r->c, code, r->why);
}

const char *
fettle_redfish_why (const struct fettle_redfish *r)
{
  return r->why[0] ? r->why : "the node didn't answer, or not in HTTP";
}

/* ---- requests ---- */

static fettle_result
ask (struct fettle_redfish *r, const struct fettle_redfish_request *what, const char *path,
     struct fettle_http_answer *a)
{
  struct fettle_http_request q;
  char fields[2 * FETTLE_REDFISH_TOKEN + 200];
  int n = snprintf (fields, sizeof fields, "Accept: application/json\nOData-Version: 4.0%s%s%s%s",
                    r->token[0] ? "\nX-Auth-Token: " : "", r->token, what->fields ? "\n" : "",
                    what->fields ? what->fields : "");

  if (n < 0 || (size_t) n >= sizeof fields)
    return fettle_redfish_fail (r, FETTLE_E_INTERNAL, "the session's token is too long");
  memset (&q, 0, sizeof q);
  memset (a, 0, sizeof *a);
  a->struct_size = sizeof *a;
  q.struct_size = sizeof q;
  q.flags = r->flags | what->flags;
  q.port = r->port;
  q.timeout_ms = what->timeout_ms;
  q.method = what->method;
  q.path = path;
  q.fields = fields;
  q.n_parts = what->n_parts;
  q.part_size = sizeof *what->parts;
  q.parts = what->parts;
  q.sent = what->sent;
  q.opaque = what->opaque;
  r->why[0] = '\0';
  return r->http->request (r->c, &q, a);
}

static fettle_result
pause_for (struct fettle_redfish *r, unsigned seconds)
{
  uint32_t i;

  fettle_say (r->h, r->c, FETTLE_LOG_INFO, "%s is busy: asking again in %u s", r->t->address, seconds);
  for (i = 0; i < seconds; i++)
    if (r->h->sleep_ms (r->c, 1000) != FETTLE_OK)
      return fettle_redfish_fail (r, FETTLE_E_ABORTED, "aborted while the node was busy");
  return FETTLE_OK;
}

/* A redirection, of which iLO 5 before 1.40 makes one for a slash at the end,
 * is followed within the node. */
static int
moved (const struct fettle_http_answer *a, char *path, size_t size)
{
  size_t n = 0;
  const char *to = a->status == 301 || a->status == 302 || a->status == 307 || a->status == 308
                     ? fettle_http_field (a->fields, "Location", &n) : NULL;

  return to && fettle_redfish_location (to, n, path, size);
}

/* What all requests here share: redirections and patience.  A node that is
 * busy has done nothing of what it was asked for. */
static fettle_result
request (struct fettle_redfish *r, const struct fettle_redfish_request *what,
         struct fettle_http_answer *a)
{
  unsigned moves = 0, waits = 0, waited = 0;
  char at[FETTLE_REDFISH_PATH];

  snprintf (at, sizeof at, "%s", what->path);
  for (;;) {
    fettle_result result = ask (r, what, at, a);
    const char *after;
    unsigned seconds;
    size_t n = 0;

    if (result != FETTLE_OK)
      return result;
    if (moves < REDIRECTIONS_MAX && moved (a, at, sizeof at)) {
      moves++;
      continue;
    }
    if (a->status != 503 && a->status != 429)
      return FETTLE_OK;
    after = fettle_http_field (a->fields, "Retry-After", &n);
    seconds = after ? fettle_redfish_seconds (after, n, WAIT_S) : WAIT_S;
    if (waits == WAITS_MAX || waited + seconds > WAIT_MAX_S)
      return FETTLE_OK;
    waits++;
    waited += seconds;
    result = pause_for (r, seconds);
    if (result != FETTLE_OK)
      return result;
  }
}

/* And by whom: a session that has ended is made anew, once in a call. */
fettle_result
fettle_redfish_request (struct fettle_redfish *r, const struct fettle_redfish_request *what,
                        struct fettle_http_answer *a)
{
  fettle_result result = request (r, what, a);

  if (result != FETTLE_OK || a->status != 401 || !r->token[0] || r->logged_in_again)
    return result;
  r->logged_in_again = 1;
  r->h->log (r->c, FETTLE_LOG_INFO, "the session has ended early: logging in again");
  result = fettle_redfish_login (r);
  return result == FETTLE_OK ? request (r, what, a) : result;
}

json_t *
fettle_redfish_parse (const struct fettle_http_answer *a)
{
  json_t *json = json_loadb (a->body, (size_t) a->size, JSON_REJECT_DUPLICATES, NULL);

  /* Some services repeat a key: the last one counts. */
  return json ? json : json_loadb (a->body, (size_t) a->size, 0, NULL);
}

static const char *
said (const struct fettle_http_answer *a, char *text, size_t size)
{
  json_t *json = fettle_redfish_parse (a);
  char words[SAID_SIZE];

  text[0] = '\0';
  if (*fettle_redfish_message (json, words, sizeof words))
    snprintf (text, size, ": %s", words);
  json_decref (json);
  return text;
}

fettle_result
fettle_redfish_refused (struct fettle_redfish *r, const char *method, const char *path,
                        const struct fettle_http_answer *a)
{
  char words[SAID_SIZE + 3];
  fettle_result code;

  said (a, words, sizeof words);
  code = fettle_redfish_code (a->status, strcmp (method, "GET") != 0, a->body);
  return fettle_redfish_fail (r, code, "%s %s: the node answered with status %d%s%s", method, path,
                              (int) a->status, words, code == FETTLE_E_BUSY ? ".  Try again later" : "");
}

/* ---- session ---- */

static const char *
sessions_path (const struct fettle_redfish *r)
{
  const char *path = fettle_redfish_link (r->root, "Links/Sessions");

  if (!path) /* iLO 4's REST */
    path = fettle_redfish_text (r->root, "links/Sessions/href");
  return fettle_redfish_path_ok (path) ? path : "/redfish/v1/SessionService/Sessions";
}

static int
session_full (const struct fettle_http_answer *a)
{
  return a->size < 65536 && (strstr (a->body, "SessionLimitExceeded") || strstr (a->body, "RAC0218"));
}

/* Keeps the token and where the session is, so that it can be ended. */
static fettle_result
keep_session (struct fettle_redfish *r, const struct fettle_http_answer *a)
{
  size_t token_size = 0, n = 0;
  const char *token = fettle_http_field (a->fields, "X-Auth-Token", &token_size);
  const char *location = fettle_http_field (a->fields, "Location", &n);
  json_t *json;

  if (!token || token_size == 0 || token_size >= sizeof r->token)
    return fettle_redfish_fail (r, FETTLE_E_PROTOCOL, "the node took the login and gave no X-Auth-Token");
  memcpy (r->token, token, token_size);
  r->token[token_size] = '\0';
  if (location && fettle_redfish_location (location, n, r->session, sizeof r->session))
    return FETTLE_OK;
  json = fettle_redfish_parse (a);
  snprintf (r->session, sizeof r->session, "%s",
            fettle_redfish_link (json, "") ? fettle_redfish_link (json, "") : "");
  json_decref (json);
  if (!r->session[0])
    r->h->log (r->c, FETTLE_LOG_WARNING,
               "the node didn't say where its session is: it stays until it expires");
  return FETTLE_OK;
}

fettle_result
fettle_redfish_login (struct fettle_redfish *r)
{
  static const char body[] = "{\"UserName\": \"%{json:user}\", \"Password\": \"%{json:password}\"}";
  struct fettle_http_part part = { .type = "application/json", .data = body, .size = sizeof body - 1 };
  struct fettle_redfish_request q = { .method = "POST", .flags = FETTLE_HTTP_FILL, .parts = &part,
                                      .n_parts = 1 };
  struct fettle_http_answer a;
  char words[SAID_SIZE + 3];
  fettle_result result;

  r->token[0] = r->session[0] = '\0';
  q.path = sessions_path (r);
  result = request (r, &q, &a);
  if (result != FETTLE_OK)
    return result;
  if (a.status == 200 || a.status == 201)
    return keep_session (r, &a);
  if (session_full (&a))
    return fettle_redfish_fail (r, FETTLE_E_BUSY, "logging in: all sessions of the node are in use."
                        "  End some of them at the node, or wait until they expire");
  if (a.status == 400 || a.status == 401 || a.status == 403)
    return fettle_redfish_fail (r, FETTLE_E_AUTH, "logging in: the node refused the user or the"
                        " password (status %d%s).  Correct them: fettle node set %s --user NAME"
                        " --ask-password", (int) a.status, said (&a, words, sizeof words), r->t->name);
  return fettle_redfish_refused (r, "POST", sessions_path (r), &a);
}

static void
logout (struct fettle_redfish *r)
{
  struct fettle_redfish_request q = { .method = "DELETE" };
  struct fettle_http_answer a;

  if (!r->session[0])
    return;
  if (ask (r, &q, r->session, &a) != FETTLE_OK
      || (a.status >= 300 && a.status != 404 && a.status != 401))
    fettle_say (r->h, r->c, FETTLE_LOG_WARNING, "the session %s couldn't be ended: it stays until it"
                " expires", r->session);
  r->session[0] = r->token[0] = '\0';
}

void
fettle_redfish_close (struct fettle_redfish *r, fettle_result result)
{
  if (!r)
    return;
  if (result != FETTLE_E_UNREACHABLE && result != FETTLE_E_ABORTED)
    logout (r);
  json_decref (r->root);
  free (r);
}

/* ---- resources ---- */

static fettle_result
resource (struct fettle_redfish *r, const char *path, struct fettle_http_answer *a, json_t **ret)
{
  json_t *json;

  if (a->status != 200)
    return fettle_redfish_refused (r, "GET", path, a);
  json = fettle_redfish_parse (a);
  if (json_is_object (json)) {
    *ret = json;
    return FETTLE_OK;
  }
  json_decref (json);
  return fettle_redfish_fail (r, FETTLE_E_PROTOCOL, "GET %s: the node's answer isn't a JSON object",
                      path);
}

fettle_result
fettle_redfish_get (struct fettle_redfish *r, const char *path, json_t **ret, int32_t *ret_status)
{
  struct fettle_redfish_request q = { .method = "GET", .path = path };
  struct fettle_http_answer a;
  fettle_result result;

  if (ret_status)
    *ret_status = 0;
  if (!fettle_redfish_path_ok (path))
    return fettle_redfish_fail (r, FETTLE_E_PROTOCOL, "the node named a path that can't be asked for");
  result = fettle_redfish_request (r, &q, &a);
  if (result != FETTLE_OK)
    return result;
  if (ret_status)
    *ret_status = a.status;
  return resource (r, path, &a, ret);
}

fettle_result
fettle_redfish_open (const struct fettle_host *h, fettle_ctx *c, const struct fettle_target *t,
                     uint32_t port, uint32_t flags, struct fettle_redfish **ret)
{
  struct fettle_redfish *r = calloc (1, sizeof *r);
  fettle_result result;
  int32_t status;

  if (!r)
    return h->error (c, FETTLE_E_NOMEM, "no memory");
  r->h = h;
  r->c = c;
  r->t = t;
  r->port = port;
  r->flags = flags;
  r->http = h->service (c, "http", 1);
  if (!r->http) {
    free (r);
    return h->error (c, FETTLE_E_SERVICE, "Redfish needs the service http/1, which this Fettle doesn't offer");
  }
  result = fettle_redfish_get (r, "/redfish/v1/", &r->root, &status);
  if (status == 404) /* iLO 4 before 2.30 has the forerunner */
    result = fettle_redfish_get (r, "/rest/v1", &r->root, NULL);
  if (result != FETTLE_OK) {
    fettle_redfish_close (r, result);
    return result;
  }
  r->expands = json_is_true (fettle_redfish_at (r->root, "ProtocolFeaturesSupported/ExpandQuery/NoLinks"));
  *ret = r;
  return FETTLE_OK;
}

const json_t *
fettle_redfish_root (const struct fettle_redfish *r)
{
  return r->root;
}
