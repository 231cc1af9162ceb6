/* redfish-send.c - what changes something: POST, PATCH, DELETE, uploads.
 *
 * SPDX-License-Identifier: Apache-2.0 OR BSD-2-Clause
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "redfish-internal.h"

enum { UPLOAD_SILENCE_MS = 600 * 1000 }; /* while the node looks at what it got */

const char *
fettle_redfish_token (const struct fettle_redfish *r)
{
  return r->token;
}

static int
is_good (int32_t status)
{
  return status >= 200 && status < 300;
}

static void
keep_answer (const struct fettle_http_answer *a, struct fettle_redfish_answer *ret)
{
  size_t n = 0;
  const char *field = fettle_http_field (a->fields, "Location", &n);

  memset (ret, 0, sizeof *ret);
  ret->status = a->status;
  if (field && !fettle_redfish_location (field, n, ret->location, sizeof ret->location))
    ret->location[0] = '\0';
  field = fettle_http_field (a->fields, "Retry-After", &n);
  ret->retry_after = field ? fettle_redfish_seconds (field, n, 0) : 0;
  ret->body = fettle_redfish_parse (a);
  if (!json_is_object (ret->body)) {
    json_decref (ret->body);
    ret->body = NULL;
  }
}

static fettle_result
send_request (struct fettle_redfish *r, const struct fettle_redfish_request *q,
              struct fettle_redfish_answer *ret)
{
  struct fettle_http_answer a;
  fettle_result result;

  if (ret)
    memset (ret, 0, sizeof *ret);
  if (!fettle_redfish_path_ok (q->path))
    return fettle_redfish_fail (r, FETTLE_E_PROTOCOL, "the node named a path that can't be asked for");
  result = fettle_redfish_request (r, q, &a);
  if (result != FETTLE_OK)
    return result;
  if (ret) {
    keep_answer (&a, ret);
    if (!is_good (a.status)) { /* it is told in words */
      json_decref (ret->body);
      ret->body = NULL;
    }
  }
  return is_good (a.status) ? FETTLE_OK : fettle_redfish_refused (r, q->method, q->path, &a);
}

/* A body as text, to be freed; "" for none. */
static fettle_result
body_text (struct fettle_redfish *r, const json_t *body, char **ret)
{
  *ret = body ? json_dumps (body, JSON_COMPACT) : NULL;
  return body && !*ret ? fettle_redfish_fail (r, FETTLE_E_NOMEM, "no memory for a request") : FETTLE_OK;
}

static void
set_body (struct fettle_redfish_request *q, struct fettle_http_part *part, const char *text)
{
  memset (part, 0, sizeof *part);
  part->type = "application/json";
  part->data = text;
  part->size = text ? strlen (text) : 0;
  q->parts = part;
  q->n_parts = text ? 1 : 0;
}

fettle_result
fettle_redfish_send (struct fettle_redfish *r, const char *method, const char *path,
                     const json_t *body, struct fettle_redfish_answer *ret)
{
  struct fettle_redfish_request q = { .method = method, .path = path };
  struct fettle_http_part part;
  char *text;
  fettle_result result = body_text (r, body, &text);

  if (ret)
    memset (ret, 0, sizeof *ret);
  if (result == FETTLE_OK) {
    set_body (&q, &part, text);
    result = send_request (r, &q, ret);
  }
  free (text);
  return result;
}

/* What the resource is now, as a field "If-Match: ..." or "". */
static fettle_result
match_field (struct fettle_redfish *r, const char *path, char *field, size_t size)
{
  struct fettle_redfish_request q = { .method = "GET", .path = path };
  struct fettle_http_answer a;
  size_t n = 0;
  fettle_result result = fettle_redfish_request (r, &q, &a);
  const char *tag = result == FETTLE_OK ? fettle_http_field (a.fields, "ETag", &n) : NULL;
  json_t *body;

  field[0] = '\0';
  if (result != FETTLE_OK)
    return result;
  if (a.status != 200)
    return fettle_redfish_refused (r, "GET", path, &a);
  body = tag ? NULL : fettle_redfish_parse (&a);
  if (!tag) {
    tag = fettle_redfish_text (body, "@odata.etag");
    n = strcspn (tag, "\r\n");
  }
  if (n > 0 && n < size - 20)
    snprintf (field, size, "If-Match: %.*s", (int) n, tag);
  json_decref (body);
  return FETTLE_OK;
}

fettle_result
fettle_redfish_patch (struct fettle_redfish *r, const char *path, const json_t *body)
{
  struct fettle_redfish_request q = { .method = "PATCH", .path = path };
  struct fettle_redfish_answer answer;
  struct fettle_http_part part;
  char field[400], *text;
  fettle_result result = body_text (r, body, &text);
  int tries;

  for (tries = 0; result == FETTLE_OK && tries < 2; tries++) {
    result = fettle_redfish_path_ok (path) ? match_field (r, path, field, sizeof field)
                                           : FETTLE_OK; /* send_request says it */
    if (result != FETTLE_OK)
      break;
    q.fields = field[0] ? field : NULL;
    set_body (&q, &part, text);
    result = send_request (r, &q, &answer);
    json_decref (answer.body);
    if (result == FETTLE_OK || answer.status != 412 || tries > 0)
      break;
    result = FETTLE_OK;
  }
  free (text);
  return result;
}

/* ---- uploads ---- */

struct sending {
  struct fettle_redfish *r;
  const struct fettle_redfish_upload *u;
  uint32_t told;
};

static void
tell_sent (void *opaque, uint64_t bytes, uint64_t all)
{
  struct sending *s = opaque;
  uint32_t at = s->u->from;

  if (all)
    at += (uint32_t) ((double) bytes / (double) all * (s->u->to - s->u->from));
  if (at <= s->told + 4 && s->told)
    return;
  s->told = at;
  s->r->h->progress (s->r->c, at, s->u->step);
}

fettle_result
fettle_redfish_upload (struct fettle_redfish *r, const struct fettle_redfish_upload *u,
                       struct fettle_redfish_answer *ret)
{
  struct sending s = { r, u, 0 };
  struct fettle_redfish_request q = { .method = "POST", .path = u->path, .fields = u->fields,
                                      .flags = u->flags, .n_parts = u->n_parts, .parts = u->parts,
                                      .timeout_ms = UPLOAD_SILENCE_MS, .sent = tell_sent,
                                      .opaque = &s };

  return send_request (r, &q, ret);
}
