/* redfish.c - a Redfish service: requests, the session, collections.
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
  PATH_SIZE = 1024, TOKEN_SIZE = 2048, REDIRECTIONS_MAX = 3,
  WAIT_S = 5,      /* where a busy service doesn't say how long */
  WAITS_MAX = 6,   /* how often one request is repeated, */
  WAIT_MAX_S = 60, /* and how long it waits in all */
  SILENT_MAX = 2,  /* members in a row that don't answer */
};

struct fettle_redfish {
  const struct fettle_host *h;
  fettle_ctx *c;
  const struct fettle_target *t;
  const struct fettle_http *http;
  uint32_t port, flags;
  json_t *root;
  char token[TOKEN_SIZE], session[PATH_SIZE]; /* "": none */
  int logged_in_again, expands;
  char why[1024]; /* it failed last; "": the host has said it */
};

#define SAID_SIZE 600

FETTLE_PRINTF (3, 4)
static fettle_result
fail (struct fettle_redfish *r, fettle_result code, const char *format, ...)
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
ask (struct fettle_redfish *r, const char *method, const char *path, const char *body,
     struct fettle_http_answer *a)
{
  struct fettle_http_request q;
  struct fettle_http_part part;
  char fields[TOKEN_SIZE + 200];
  int n = snprintf (fields, sizeof fields, "Accept: application/json\nOData-Version: 4.0%s%s",
                    r->token[0] ? "\nX-Auth-Token: " : "", r->token);

  if (n < 0 || (size_t) n >= sizeof fields)
    return fail (r, FETTLE_E_INTERNAL, "the session's token is too long");
  memset (&q, 0, sizeof q);
  memset (&part, 0, sizeof part);
  memset (a, 0, sizeof *a);
  a->struct_size = sizeof *a;
  part.type = "application/json";
  part.data = body;
  part.size = body ? strlen (body) : 0;
  q.struct_size = sizeof q;
  q.flags = r->flags | (body ? FETTLE_HTTP_FILL : 0);
  q.port = r->port;
  q.method = method;
  q.path = path;
  q.fields = fields;
  q.n_parts = body ? 1 : 0;
  q.part_size = sizeof part;
  q.parts = &part;
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
      return fail (r, FETTLE_E_ABORTED, "aborted while the node was busy");
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

/* What all requests here share: redirections and patience.  Only for those
 * that can be repeated. */
static fettle_result
request (struct fettle_redfish *r, const char *method, const char *path, const char *body,
         struct fettle_http_answer *a)
{
  unsigned moves = 0, waits = 0, waited = 0;
  char at[PATH_SIZE];

  snprintf (at, sizeof at, "%s", path);
  for (;;) {
    fettle_result result = ask (r, method, at, body, a);
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

static json_t *
parse (const struct fettle_http_answer *a)
{
  json_t *json = json_loadb (a->body, (size_t) a->size, JSON_REJECT_DUPLICATES, NULL);

  /* Some services repeat a key: the last one counts. */
  return json ? json : json_loadb (a->body, (size_t) a->size, 0, NULL);
}

static const char *
said (const struct fettle_http_answer *a, char *text, size_t size)
{
  json_t *json = parse (a);
  char words[SAID_SIZE];

  text[0] = '\0';
  if (*fettle_redfish_message (json, words, sizeof words))
    snprintf (text, size, ": %s", words);
  json_decref (json);
  return text;
}

static fettle_result
refused (struct fettle_redfish *r, const char *method, const char *path,
         const struct fettle_http_answer *a)
{
  fettle_result code = a->status == 401 || a->status == 403 ? FETTLE_E_AUTH
                       : a->status == 503 || a->status == 429 ? FETTLE_E_BUSY
                       : a->status == 404 || a->status == 405 || a->status == 501
                         ? FETTLE_E_UNSUPPORTED : FETTLE_E_PROTOCOL;
  char words[SAID_SIZE + 3];

  return fail (r, code, "%s %s: the node answered with status %d%s%s", method, path,
                      (int) a->status, said (a, words, sizeof words),
                      code == FETTLE_E_BUSY ? ".  Try again later" : "");
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
  return a->size < 65536 && strstr (a->body, "SessionLimitExceeded") != NULL;
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
    return fail (r, FETTLE_E_PROTOCOL, "the node took the login and gave no X-Auth-Token");
  memcpy (r->token, token, token_size);
  r->token[token_size] = '\0';
  if (location && fettle_redfish_location (location, n, r->session, sizeof r->session))
    return FETTLE_OK;
  json = parse (a);
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
  struct fettle_http_answer a;
  char words[SAID_SIZE + 3];
  fettle_result result;

  r->token[0] = r->session[0] = '\0';
  result = request (r, "POST", sessions_path (r), body, &a);
  if (result != FETTLE_OK)
    return result;
  if (a.status == 200 || a.status == 201)
    return keep_session (r, &a);
  if (session_full (&a))
    return fail (r, FETTLE_E_BUSY, "logging in: all sessions of the node are in use."
                        "  End some of them at the node, or wait until they expire");
  if (a.status == 400 || a.status == 401 || a.status == 403)
    return fail (r, FETTLE_E_AUTH, "logging in: the node refused the user or the"
                        " password (status %d%s).  Correct them: fettle node set %s --user NAME"
                        " --ask-password", (int) a.status, said (&a, words, sizeof words), r->t->name);
  return refused (r, "POST", sessions_path (r), &a);
}

static void
logout (struct fettle_redfish *r)
{
  struct fettle_http_answer a;

  if (!r->session[0])
    return;
  if (ask (r, "DELETE", r->session, NULL, &a) != FETTLE_OK
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
    return refused (r, "GET", path, a);
  json = parse (a);
  if (json_is_object (json)) {
    *ret = json;
    return FETTLE_OK;
  }
  json_decref (json);
  return fail (r, FETTLE_E_PROTOCOL, "GET %s: the node's answer isn't a JSON object",
                      path);
}

fettle_result
fettle_redfish_get (struct fettle_redfish *r, const char *path, json_t **ret, int32_t *ret_status)
{
  struct fettle_http_answer a;
  fettle_result result;

  if (ret_status)
    *ret_status = 0;
  if (!fettle_redfish_path_ok (path))
    return fail (r, FETTLE_E_PROTOCOL, "the node named a path that can't be asked for");
  result = request (r, "GET", path, NULL, &a);
  if (result == FETTLE_OK && a.status == 401 && r->token[0] && !r->logged_in_again) {
    r->logged_in_again = 1;
    r->h->log (r->c, FETTLE_LOG_INFO, "the session has ended early: logging in again");
    result = fettle_redfish_login (r);
    if (result == FETTLE_OK)
      result = request (r, "GET", path, NULL, &a);
  }
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

/* ---- collections ---- */

struct walk {
  struct fettle_redfish *r;
  fettle_redfish_member *visit;
  void *opaque;
  json_t *seen; /* paths of pages and members */
  uint32_t members, silent, left_out;
};

/* A node that has gone or is to be left alone isn't asked for more. */
static int
is_lasting (fettle_result result)
{
  return result == FETTLE_E_UNREACHABLE || result == FETTLE_E_ABORTED || result == FETTLE_E_AUTH
         || result == FETTLE_E_BUSY || result == FETTLE_E_NOMEM;
}

static fettle_result
read_member (struct walk *w, const json_t *link, const char *path)
{
  json_t *member = NULL;
  fettle_result result;

  if (json_object_size (link) > 1) { /* expanded */
    w->silent = 0;
    return w->visit (w->opaque, link);
  }
  result = fettle_redfish_get (w->r, path, &member, NULL);
  w->silent = result == FETTLE_E_TIMEOUT ? w->silent + 1 : 0;
  if (result == FETTLE_OK) {
    result = w->visit (w->opaque, member);
    json_decref (member);
    return result;
  }
  if (is_lasting (result) || w->silent >= SILENT_MAX)
    return result;
  fettle_say (w->r->h, w->r->c, FETTLE_LOG_WARNING, "%s is left out: %s", path,
              fettle_redfish_why (w->r));
  w->left_out++;
  return FETTLE_OK;
}

static fettle_result
visit_page (struct walk *w, const json_t *page)
{
  const json_t *members = json_object_get (page, "Members");
  fettle_result result = FETTLE_OK;
  size_t i;

  for (i = 0; result == FETTLE_OK && i < json_array_size (members); i++) {
    const json_t *link = json_array_get (members, i);
    const char *path = fettle_redfish_link (link, "");

    if (!path) {
      w->r->h->log (w->r->c, FETTLE_LOG_WARNING, "a member of a collection has no path and is left out");
      w->left_out++;
      continue;
    }
    if (json_object_get (w->seen, path))
      continue;
    if (++w->members > FETTLE_REDFISH_MEMBERS_MAX)
      return fail (w->r, FETTLE_E_PROTOCOL, "a collection of the node has more than"
                          " %d members", FETTLE_REDFISH_MEMBERS_MAX);
    json_object_set_new (w->seen, path, json_true ());
    result = read_member (w, link, path);
  }
  return result;
}

/* The first page, expanded if that is offered and works. */
static fettle_result
first_page (struct fettle_redfish *r, const char *path, json_t **ret)
{
  char expanded[PATH_SIZE + 20];
  fettle_result result;

  if (!r->expands || strchr (path, '?'))
    return fettle_redfish_get (r, path, ret, NULL);
  snprintf (expanded, sizeof expanded, "%s?$expand=.", path);
  result = fettle_redfish_get (r, expanded, ret, NULL);
  if (result == FETTLE_OK || is_lasting (result))
    return result;
  fettle_say (r->h, r->c, FETTLE_LOG_INFO, "%s doesn't expand: reading its members one by one", path);
  r->expands = 0;
  return fettle_redfish_get (r, path, ret, NULL);
}

static fettle_result
walk_pages (struct walk *w, const char *path)
{
  json_t *page = NULL;
  fettle_result result = first_page (w->r, path, &page);
  unsigned n;

  for (n = 1; result == FETTLE_OK; n++) {
    const char *next = json_string_value (json_object_get (page, "Members@odata.nextLink"));
    json_t *previous = page;

    result = visit_page (w, page);
    page = NULL;
    if (result == FETTLE_OK && next) {
      if (n == FETTLE_REDFISH_PAGES_MAX || json_object_get (w->seen, next))
        result = fail (w->r, FETTLE_E_PROTOCOL, "the pages of %s have no end: %s",
                              path, n == FETTLE_REDFISH_PAGES_MAX ? "too many" : "one names an earlier one");
      else {
        json_object_set_new (w->seen, next, json_true ());
        result = fettle_redfish_get (w->r, next, &page, NULL);
      }
    }
    json_decref (previous);
    if (!page)
      break;
  }
  return result;
}

fettle_result
fettle_redfish_each (struct fettle_redfish *r, const char *path, fettle_redfish_member *visit,
                     void *opaque, uint32_t *left_out)
{
  struct walk w;
  fettle_result result;

  memset (&w, 0, sizeof w);
  w.r = r;
  w.visit = visit;
  w.opaque = opaque;
  w.seen = json_object ();
  if (!w.seen)
    return fail (r, FETTLE_E_NOMEM, "no memory");
  result = walk_pages (&w, path);
  json_decref (w.seen);
  if (left_out)
    *left_out += w.left_out;
  return result;
}
