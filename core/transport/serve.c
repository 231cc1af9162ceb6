/* serve.c - serve/1: asks the service for URLs, and waits for what the node
 * posts.  The listeners are the service's; a worker only hears of them.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "util/base.h"

#include <fettle/services.h>

#include "transport/transport.h"

#define ANSWER_MS (60 * 1000) /* the service answers at once, or is busy */
#define STATUS    (-1)
#define FOLDER    (-2)
#define URLS      (3 * (FETTLE_CONTEXT_FILES - FOLDER))

struct fettle_serve_state {
  json_t *urls[URLS]; /* the answers that the plugin's pointers are into */
  char *text;         /* the last status */
  bool asked;         /* the next one will come by itself */
};

static struct fettle_serve_state *
state (fettle_ctx *c)
{
  if (!c->serve && !(c->serve = calloc (1, sizeof *c->serve)))
    fettle_error_set (&c->error, FETTLE_E_NOMEM, "no memory for a service");
  return c->serve;
}

/* The message of that name out of the inbox, or NULL. */
static json_t *
find (fettle_ctx *c, const char *name)
{
  const json_t *message;
  size_t i;

  json_array_foreach (c->inbox, i, message) {
    json_t *found = json_object_get (message, name);

    if (!found)
      continue;
    json_incref (found);
    json_array_remove (c->inbox, i);
    return found;
  }
  return NULL;
}

/* Other messages may come first: they stay in the inbox. */
static fettle_result
wait_for (fettle_ctx *c, const char *name, int64_t deadline, json_t **ret)
{
  fettle_result r = FETTLE_OK;

  while (!(*ret = find (c, name)) && !r) {
    /* What isn't looked for mustn't end the wait. */
    json_t *others = c->inbox;

    c->inbox = NULL;
    r = fettle_context_wait_message (c, deadline);
    if (others) {
      json_array_extend (others, c->inbox);
      json_decref (c->inbox);
      c->inbox = others;
    }
  }
  return *ret ? FETTLE_OK : r;
}

static fettle_result
ask (fettle_ctx *c, const char *what, uint32_t listener, int64_t file, json_t **ret)
{
  fettle_result r;
  const char *why;

  if (listener < FETTLE_LISTEN_HTTP || listener > FETTLE_LISTEN_FTP)
    return fettle_error_set (&c->error, FETTLE_E_INTERNAL, "plugin %s wanted a URL of listener %u",
                             c->plugin, listener);
  c->send (c, json_pack ("{s:s s:i s:I}", "serve", what, "listener", (int) listener, "file",
                         (json_int_t) file));
  r = wait_for (c, "served", fettle_now_ms () + ANSWER_MS, ret);
  if (r == FETTLE_E_TIMEOUT)
    return fettle_error_set (&c->error, FETTLE_E_SERVICE, "the service doesn't answer");
  if (r)
    return r;
  why = json_string_value (json_object_get (*ret, "error"));
  if (!why)
    return FETTLE_OK;
  r = (fettle_result) json_integer_value (json_object_get (*ret, "code"));
  fettle_error_set (&c->error, r < 0 ? r : FETTLE_E_SERVICE, "%s", why);
  json_decref (*ret);
  return c->error.code;
}

static const char *
url (fettle_ctx *c, uint32_t listener, int64_t file)
{
  struct fettle_serve_state *s = state (c);
  size_t i = (size_t) (file - FOLDER) * 3 + listener - 1;
  json_t *answer;

  if (!s)
    return NULL;
  if (i >= URLS || file >= FETTLE_CONTEXT_FILES) {
    fettle_error_set (&c->error, FETTLE_E_INTERNAL, "plugin %s wanted a URL of file %lld",
                      c->plugin, (long long) file);
    return NULL;
  }
  if (!s->urls[i] && ask (c, "url", listener, file, &answer) == FETTLE_OK)
    s->urls[i] = answer;
  return json_string_value (json_object_get (s->urls[i], "url"));
}

static int64_t
number (uint32_t file)
{
  return file == FETTLE_SERVE_FOLDER ? FOLDER : (int64_t) file;
}

static const char *
file_url (fettle_ctx *c, uint32_t listener, uint32_t file)
{
  return url (c, listener, number (file));
}

static const char *
status_url (fettle_ctx *c, uint32_t listener)
{
  return url (c, listener, STATUS);
}

static fettle_result
next_status (fettle_ctx *c, uint32_t timeout_ms, const char **ret)
{
  struct fettle_serve_state *s = state (c);
  json_t *status;
  fettle_result r;

  if (!s)
    return FETTLE_E_NOMEM;
  if (!s->asked)
    c->send (c, json_pack ("{s:s}", "serve", "status"));
  s->asked = true;
  r = wait_for (c, "status", fettle_now_ms () + timeout_ms, &status);
  if (r == FETTLE_E_TIMEOUT)
    return fettle_error_set (&c->error, r, "%s has posted no status for %u s", c->target.address,
                             (timeout_ms + 999) / 1000);
  if (r)
    return r;
  s->asked = false;
  free (s->text);
  s->text = json_dumps (status, JSON_COMPACT);
  json_decref (status);
  if (!s->text)
    return fettle_error_set (&c->error, FETTLE_E_NOMEM, "no memory for a status");
  *ret = s->text;
  return FETTLE_OK;
}

static fettle_result
fetched (fettle_ctx *c, uint32_t listener, uint32_t file, uint64_t *ret_bytes,
         uint32_t *ret_answers)
{
  json_t *answer;
  fettle_result r = ask (c, "fetched", listener, number (file), &answer);

  if (r)
    return r;
  *ret_bytes = (uint64_t) json_integer_value (json_object_get (answer, "bytes"));
  *ret_answers = (uint32_t) json_integer_value (json_object_get (answer, "answers"));
  json_decref (answer);
  return FETTLE_OK;
}

static int32_t
blocked (fettle_ctx *c, uint32_t listener)
{
  json_t *answer;
  int32_t found;

  if (ask (c, "way", listener, STATUS, &answer) != FETTLE_OK)
    return 0;
  found = json_is_true (json_object_get (answer, "blocked"));
  json_decref (answer);
  return found;
}

void
fettle_serve_close (fettle_ctx *c)
{
  json_decref (c->inbox);
  c->inbox = NULL;
  if (!c->serve)
    return;
  for (size_t i = 0; i < URLS; i++)
    json_decref (c->serve->urls[i]);
  free (c->serve->text);
  free (c->serve);
  c->serve = NULL;
}

const struct fettle_serve fettle_serve_service = {
  .struct_size = sizeof (struct fettle_serve),
  .version = 1,
  .file_url = file_url,
  .status_url = status_url,
  .next_status = next_status,
  .fetched = fetched,
  .blocked = blocked,
};
