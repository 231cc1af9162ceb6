/* reply.c - answers: see request.h and exchange.h.  SPDX-License-Identifier: Apache-2.0 */
#include "util/base.h"

#include <event2/buffer.h>

#include "serve/exchange.h"
#include "serve/http-status.h"
#include "util/log.h"

static int
status_of_code (fettle_result code)
{
  switch (code) {
  case FETTLE_E_CONFIG:      return 400;
  case FETTLE_E_AUTH:        return 403;
  case FETTLE_E_UNREACHABLE: return 404;
  case FETTLE_E_BUSY:        return 409;
  case FETTLE_E_UNSUPPORTED: return 422;
  default:                   return 500;
  }
}

json_t *
fettle_problem (int status, const char *code, const char *detail)
{
  json_t *problem = json_pack ("{s:s, s:s, s:i, s:s, s:s}", "type", "about:blank", "title",
                               fettle_status_text (status), "status", status, "detail", detail,
                               "code", code ? code : fettle_status_code (status));

  /* A node's words in the detail may be no UTF-8. */
  return problem || strcmp (detail, "") == 0 ? problem : fettle_problem (status, code, "");
}

void
fettle_exchange_free (struct fettle_exchange *x)
{
  if (!x)
    return;
  json_decref (x->query);
  json_decref (x->body);
  free (x->parameter);
  free (x);
}

static void
sent (struct evhttp_request *http, void *conn)
{
  (void) http;
  fettle_conn_done (conn);
}

static void
add_headers (struct fettle_exchange *x, int status, const char *content_type, size_t size)
{
  struct evkeyvalq *headers = evhttp_request_get_output_headers (x->http);
  char length[24];

  snprintf (length, sizeof length, "%zu", size);
  evhttp_add_header (headers, "Content-Type", content_type);
  evhttp_add_header (headers, "Content-Length", length);
  evhttp_add_header (headers, "Cache-Control", "no-store");
  evhttp_add_header (headers, "X-Content-Type-Options", "nosniff");
  if (status == 401)
    evhttp_add_header (headers, "WWW-Authenticate", "Bearer");
  if (x->close || status == 401)
    evhttp_add_header (headers, "Connection", "close");
}

static void
free_text (const void *data, size_t size, void *arg)
{
  (void) data, (void) size;
  free (arg);
}

/* Takes over the text.  The one way out of an exchange, but for `gone`. */
static void
answer (struct fettle_exchange *x, int status, const char *content_type, char *text, size_t size)
{
  struct evbuffer *body = evbuffer_new ();

  if (!body || evbuffer_add_reference (body, text, size, free_text, text)) {
    free (text);
    size = 0;
    status = 500;
  }
  add_headers (x, status, content_type, size);
  if (x->head && body)
    evbuffer_drain (body, size);
  fettle_log (FETTLE_LOG_DEBUG, "answered %d, %zu bytes", status, size);
  fettle_conn_answering (x->conn, size);
  evhttp_request_set_on_complete_cb (x->http, sent, x->conn);
  evhttp_send_reply (x->http, status, fettle_status_text (status), body);
  if (body)
    evbuffer_free (body);
  fettle_exchange_free (x);
}

static void
tell_watch (const struct fettle_exchange *x, int status, const json_t *body)
{
  if (x->route && x->watch && x->watch->answered)
    x->watch->answered (x->watch->arg, &x->request, x->route, status, body);
}

static void
answer_json (struct fettle_exchange *x, int status, const char *content_type, json_t *body)
{
  char *text = body ? json_dumps (body, JSON_COMPACT) : NULL;

  tell_watch (x, status, body);
  json_decref (body);
  if (!text) {
    fettle_log (FETTLE_LOG_ERROR, "an answer of the API is no valid JSON, or memory is short");
    text = strdup ("{}");
    status = 500;
  }
  answer (x, status, content_type, text, text ? strlen (text) : 0);
}

void
fettle_exchange_fail (struct fettle_exchange *x, int status, const char *code, const char *detail)
{
  answer_json (x, status, "application/problem+json", fettle_problem (status, code, detail));
}

void
fettle_request_reply (struct fettle_request *r, int status, json_t *body)
{
  answer_json ((struct fettle_exchange *) r, status, "application/json", body);
}

void
fettle_request_reply_text (struct fettle_request *r, int status, const char *content_type,
                           const char *text, size_t size)
{
  char *copy = malloc (size + 1);

  if (!copy) {
    fettle_exchange_fail ((struct fettle_exchange *) r, 500, NULL, "There is no memory.");
    return;
  }
  memcpy (copy, text, size);
  tell_watch ((struct fettle_exchange *) r, status, NULL);
  answer ((struct fettle_exchange *) r, status, content_type, copy, size);
}

void
fettle_request_fail (struct fettle_request *r, const struct fettle_error *err)
{
  fettle_exchange_fail ((struct fettle_exchange *) r, status_of_code (err->code),
                        fettle_result_name (err->code), err->text);
}
