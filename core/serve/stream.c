/* stream.c - answers without an end: see request.h.  SPDX-License-Identifier: Apache-2.0 */
#include "util/base.h"

#include <event2/buffer.h>

#include "serve/exchange.h"
#include "serve/http-status.h"

/* All that was written has been taken. */
static void
drained (struct evhttp_connection *connection, void *arg)
{
  struct fettle_exchange *x = arg;

  (void) connection;
  fettle_conn_streaming (x->conn, false);
  if (x->request.room)
    x->request.room (&x->request, x->request.arg);
}

void
fettle_request_stream (struct fettle_request *r, const char *content_type)
{
  struct fettle_exchange *x = (struct fettle_exchange *) r;
  struct evkeyvalq *headers = evhttp_request_get_output_headers (x->http);

  evhttp_add_header (headers, "Content-Type", content_type);
  evhttp_add_header (headers, "Cache-Control", "no-store");
  evhttp_add_header (headers, "X-Content-Type-Options", "nosniff");
  fettle_conn_streaming (x->conn, true);
  evhttp_send_reply_start (x->http, 200, fettle_status_text (200));
}

void
fettle_request_write (struct fettle_request *r, const char *text, size_t size)
{
  struct fettle_exchange *x = (struct fettle_exchange *) r;
  struct evbuffer *buffer = evbuffer_new ();

  if (buffer && !evbuffer_add (buffer, text, size)) {
    fettle_conn_streaming (x->conn, true);
    evhttp_send_reply_chunk_with_cb (x->http, buffer, drained, x);
  }
  if (buffer)
    evbuffer_free (buffer);
}

size_t
fettle_request_unsent (struct fettle_request *r)
{
  return evbuffer_get_length (
    bufferevent_get_output (((struct fettle_exchange *) r)->conn->bev));
}

static void
sent (struct evhttp_request *http, void *conn)
{
  (void) http;
  fettle_conn_done (conn);
}

void
fettle_request_end (struct fettle_request *r)
{
  struct fettle_exchange *x = (struct fettle_exchange *) r;
  struct evhttp_request *http = x->http;

  fettle_conn_answering (x->conn, fettle_request_unsent (r));
  evhttp_request_set_on_complete_cb (http, sent, x->conn);
  fettle_exchange_free (x);
  evhttp_send_reply_end (http);
}
