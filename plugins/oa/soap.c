/* soap.c - a session of an OA's SOAP service, at /hpoa, and its door for files.
 *
 * An OA has few sessions: each is ended, whatever happens.  Its key goes with
 * each call, in the header that WS-Security has for such things, and with an
 * upload as form field (before 2.00) and as cookie (since).
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include <stdio.h>
#include <string.h>

#include <fettle/util.h>

#include "oa.h"

#define ENVELOPE "http://www.w3.org/2003/05/soap-envelope"
#define SECEXT   "http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-wssecurity-secext-1.0.xsd"

enum { BODY_SIZE = 8192 };

static uint32_t
tls (const struct oa_session *s)
{
  return oa_says_yes (s->h, s->c, "old_tls") ? FETTLE_HTTP_OLD_TLS : 0;
}

/* "what failed: what that means (error 150: Login failed)". */
static fettle_result
refused (struct oa_session *s, const char *what, unsigned code, const char *text)
{
  const char *sentence, *between = *text ? ": " : "";
  fettle_result r = oa_explain (code, &sentence);

  s->code = code;
  if (r == FETTLE_E_AUTH)
    snprintf (s->why, sizeof s->why, "%s: %s (error %u%s%s).  To give it others: fettle node set %s --user NAME"
              " --ask-password", what, sentence, code, between, text, s->t->name);
  else if (sentence)
    snprintf (s->why, sizeof s->why, "%s: %s (error %u%s%s)", what, sentence, code, between, text);
  else if (code)
    snprintf (s->why, sizeof s->why, "%s: the OA refused it with error %u%s%s", what, code, between, text);
  else
    snprintf (s->why, sizeof s->why, "%s: the OA refused it%s%s", what, *text ? ": " : ", without a reason",
              text);
  return s->h->error (s->c, r, s->why);
}

static int
write_body (const struct oa_session *s, const char *method, const char *arguments, char *body)
{
  char header[400] = "";

  if (s->key[0])
    snprintf (header, sizeof header,
              "<SOAP-ENV:Header><wsse:Security SOAP-ENV:mustUnderstand=\"true\"><hpoa:HpOaSessionKeyToken>"
              "<hpoa:oaSessionKey>%s</hpoa:oaSessionKey></hpoa:HpOaSessionKeyToken></wsse:Security>"
              "</SOAP-ENV:Header>", s->key);
  return snprintf (body, BODY_SIZE,
                   "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<SOAP-ENV:Envelope xmlns:SOAP-ENV=\"" ENVELOPE "\""
                   " xmlns:wsse=\"" SECEXT "\" xmlns:hpoa=\"hpoa.xsd\">%s<SOAP-ENV:Body><hpoa:%s>%s</hpoa:%s>"
                   "</SOAP-ENV:Body></SOAP-ENV:Envelope>", header, method, arguments, method);
}

static fettle_result
post (struct oa_session *s, const char *method, const char *arguments, uint32_t flags, uint32_t timeout_ms,
      struct fettle_http_answer *a)
{
  const struct fettle_http *http = s->h->service (s->c, "http", 1);
  struct fettle_http_request q;
  struct fettle_http_part part;
  char body[BODY_SIZE];
  int n = write_body (s, method, arguments, body);

  if (n < 0 || n >= BODY_SIZE)
    return fettle_fail (s->h, s->c, FETTLE_E_INTERNAL, "the request %s is too long", method);
  memset (&q, 0, sizeof q);
  memset (&part, 0, sizeof part);
  memset (a, 0, sizeof *a);
  part.type = "application/soap+xml; charset=utf-8";
  part.data = body;
  part.size = (uint64_t) n;
  q.struct_size = sizeof q;
  q.flags = tls (s) | flags;
  q.port = 443;
  q.timeout_ms = timeout_ms;
  q.method = "POST";
  q.path = "/hpoa";
  q.n_parts = 1;
  q.part_size = sizeof part;
  q.parts = &part;
  a->struct_size = sizeof *a;
  return http->request (s->c, &q, a);
}

static fettle_result
check (struct oa_session *s, const char *method, const struct fettle_http_answer *a)
{
  struct oa_fault fault;

  s->reached = 1;
  s->code = 0;
  if (oa_read_fault (a->body, (size_t) a->size, &fault))
    return refused (s, method, fault.code, fault.text);
  if (a->status == 404 || a->status == 501 || a->status == 405)
    return fettle_fail (s->h, s->c, FETTLE_E_UNSUPPORTED, "the node has no SOAP service at /hpoa (status %d)",
                        (int) a->status);
  if (a->status != 200 || a->size == 0)
    return fettle_fail (s->h, s->c, FETTLE_E_PROTOCOL, "%s: status %d, and no answer in SOAP", method,
                        (int) a->status);
  return FETTLE_OK;
}

fettle_result
oa_call (struct oa_session *s, const char *method, const char *arguments, uint32_t timeout_ms,
         struct fettle_http_answer *a)
{
  fettle_result r = post (s, method, arguments, 0, timeout_ms, a);

  return r == FETTLE_OK ? check (s, method, a) : r;
}

fettle_result
oa_login (struct oa_session *s, OA_CALL)
{
  struct fettle_http_answer a;
  fettle_result r;

  memset (s, 0, sizeof *s);
  s->h = h;
  s->c = c;
  s->t = t;
  r = post (s, "userLogIn", "<hpoa:username>%{xml:user}</hpoa:username><hpoa:password>%{xml:password}"
            "</hpoa:password>", FETTLE_HTTP_FILL, 0, &a);
  if (r == FETTLE_OK)
    r = check (s, "logging in", &a);
  if (r == FETTLE_OK && !oa_read_key (a.body, (size_t) a.size, s->key))
    r = fettle_fail (h, c, FETTLE_E_PROTOCOL, "logging in: the OA's answer has no session key");
  return r;
}

void
oa_logout (struct oa_session *s, fettle_result result)
{
  const struct fettle_http *http;
  struct fettle_http_answer a;

  if (!s->key[0])
    return;
  http = s->h->service (s->c, "http", 1);
  if (result == FETTLE_E_UNREACHABLE || result == FETTLE_E_TIMEOUT || result == FETTLE_E_ABORTED)
    http->disconnect (s->c);
  else if (post (s, "userLogOut", "", 0, 20000, &a) != FETTLE_OK || a.status != 200) {
    if (result != FETTLE_AGAIN) /* else it restarts, which ends it, too */
      fettle_say (s->h, s->c, FETTLE_LOG_WARNING, "the session couldn't be ended: it stays until it expires");
    if (result < 0 && s->why[0]) /* what counts is why the call failed */
      s->h->error (s->c, result, s->why);
  }
  s->key[0] = '\0';
}

/* ---- files ---- */

static void
set_field (struct fettle_http_part *part, const char *name, const char *value)
{
  memset (part, 0, sizeof *part);
  part->name = name;
  part->data = value;
  part->size = strlen (value);
}

static fettle_result
send_parts (struct oa_session *s, struct fettle_http_part *parts, uint32_t n, struct fettle_http_answer *a)
{
  const struct fettle_http *http = s->h->service (s->c, "http", 1);
  struct fettle_sending sending = { s->h, s->c, 20, 220, 0 };
  struct fettle_http_request q;
  char cookie[160];

  snprintf (cookie, sizeof cookie, "Cookie: encLocalKey=%s", s->key);
  memset (&q, 0, sizeof q);
  memset (a, 0, sizeof *a);
  q.struct_size = sizeof q;
  q.flags = tls (s) | FETTLE_HTTP_MULTIPART;
  q.port = 443;
  q.timeout_ms = 300000; /* it looks at the image before it answers */
  q.method = "POST";
  q.path = "/cgi-bin/uploadFile";
  q.fields = cookie;
  q.n_parts = n;
  q.part_size = sizeof parts[0];
  q.parts = parts;
  q.sent = fettle_note_sent;
  q.opaque = &sending;
  a->struct_size = sizeof *a;
  return http->request (s->c, &q, a);
}

fettle_result
oa_send_file (struct oa_session *s, const char *type, const struct fettle_image *image, struct oa_upload *ret)
{
  struct fettle_http_part parts[4];
  struct fettle_http_answer a;
  fettle_result r;

  set_field (&parts[0], "oaSessionKey", s->key);
  set_field (&parts[1], "fileType", type);
  set_field (&parts[2], "stylesheetUrl", "/Templates/uploadResponse.xsl");
  memset (&parts[3], 0, sizeof parts[3]);
  parts[3].name = "file";
  parts[3].file_name = image->files[0].name;
  parts[3].type = "application/octet-stream";
  parts[3].size = image->files[0].size;
  r = send_parts (s, parts, FETTLE_COUNT (parts), &a);
  if (r != FETTLE_OK)
    return r;
  if (oa_read_upload (a.body, (size_t) a.size, ret) && a.status == 200)
    return FETTLE_OK;
  if (a.status == 401 || a.status == 403)
    return fettle_fail (s->h, s->c, FETTLE_E_AUTH, "uploading %s: the OA doesn't take it from this user (status %d)",
                        image->files[0].name, (int) a.status);
  if (ret->code || ret->text[0])
    return refused (s, "uploading the image", ret->code, ret->text);
  return fettle_fail (s->h, s->c, FETTLE_E_PROTOCOL, "uploading %s: status %d, and no token in the answer",
                      image->files[0].name, (int) a.status);
}
