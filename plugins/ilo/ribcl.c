/* ribcl.c - see ribcl.h.  iLO 2 takes RIBCL right after the TLS handshake,
 * iLO 3 and 4 as the body of a POST.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <fettle/util.h>

#include "ribcl.h"

enum { PORT = 443, BODY_MAX = 4000, PIECE = 32768 };

#define HEADER "<?xml version=\"1.0\"?>\r\n"
#define LOGIN  "<RIBCL VERSION=\"2.0\">\r\n<LOGIN USER_LOGIN=\"%{xml:user}\" PASSWORD=\"%{xml:password}\">\r\n"
#define END    "</LOGIN>\r\n</RIBCL>\r\n"

void
ribcl_init (struct ribcl *r, ILO_CALL, const struct ilo_identity *who)
{
  const char *old = h->setting (c, "old_tls");

  memset (r, 0, sizeof *r);
  r->h = h;
  r->c = c;
  r->t = t;
  r->who = who;
  r->file = -1;
  r->tls = old && strcmp (old, "yes") == 0 ? FETTLE_HTTP_OLD_TLS : 0;
}

void
ribcl_clear (struct ribcl *r)
{
  free (r->answer);
  r->answer = NULL;
  r->size = 0;
}

static fettle_result
take (void *opaque, const void *data, size_t size)
{
  struct ribcl *r = opaque;
  char *more;

  if (size > RIBCL_ANSWER_MAX - r->size)
    return fettle_fail (r->h, r->c, FETTLE_E_PROTOCOL, "its answer to RIBCL has no end: more than %u MiB came",
                        RIBCL_ANSWER_MAX >> 20);
  more = realloc (r->answer, r->size + size + 1);
  if (!more)
    return r->h->error (r->c, FETTLE_E_NOMEM, "no memory for an answer");
  memcpy (more + r->size, data, size);
  r->answer = more;
  r->size += size;
  r->answer[r->size] = '\0';
  return r->heard ? r->heard (r->opaque, data, size) : FETTLE_OK;
}

/* ---- iLO 3 and 4 ---- */

static fettle_result
post (struct ribcl *r, const char *text)
{
  const struct fettle_http *http = r->h->service (r->c, "http", 1);
  struct fettle_http_request q;
  struct fettle_http_answer a;
  struct fettle_http_part part;
  fettle_result result;

  memset (&q, 0, sizeof q);
  memset (&a, 0, sizeof a);
  memset (&part, 0, sizeof part);
  part.data = text;
  part.size = strlen (text);
  q.struct_size = sizeof q;
  q.flags = r->tls | FETTLE_HTTP_FILL;
  q.port = PORT;
  q.timeout_ms = r->silence_ms;
  q.method = "POST";
  q.path = "/ribcl";
  q.fields = r->cookie ? r->cookie : "Connection: Close";
  q.n_parts = 1;
  q.part_size = sizeof part;
  q.parts = &part;
  q.body = take;
  q.opaque = r;
  a.struct_size = sizeof a;
  result = http->request (r->c, &q, &a);
  if (result == FETTLE_OK && a.status == 404)
    return fettle_fail (r->h, r->c, FETTLE_E_UNSUPPORTED, "it has no RIBCL at /ribcl (status 404): RIBCL over"
                        " HTTP begins with iLO 3, and ends with iLO 5");
  if (result == FETTLE_OK && a.status != 200)
    return fettle_fail (r->h, r->c, a.status == 503 ? FETTLE_E_BUSY : FETTLE_E_PROTOCOL,
                        "it answers RIBCL with status %d", (int) a.status);
  return result;
}

/* ---- iLO 2 ---- */

static fettle_result
send_file (struct ribcl *r, const struct fettle_stream *stream, int32_t s)
{
  char *piece = malloc (PIECE);
  fettle_result result = piece ? FETTLE_OK : r->h->error (r->c, FETTLE_E_NOMEM, "no memory to send the image");
  uint64_t done = 0;

  while (result == FETTLE_OK && done < r->file_size) {
    int64_t n = r->h->read_file (r->c, (uint32_t) r->file, done, piece, PIECE);

    if (n <= 0)
      result = n < 0 ? (fettle_result) n
                     : r->h->error (r->c, FETTLE_E_CONFIG, "the image is shorter than the component says");
    else
      result = stream->write (r->c, s, piece, (size_t) n);
    done += n > 0 && result == FETTLE_OK ? (uint64_t) n : 0;
    r->file_sent = done;
    if (r->sent && result == FETTLE_OK)
      r->sent (r->opaque, done, r->file_size);
    if (result == FETTLE_OK && r->h->aborted (r->c))
      result = FETTLE_E_ABORTED;
  }
  free (piece);
  return result;
}

/* It closes the connection when it has said all, but takes no leave of TLS: who
 * reads the answer must see whether it is whole. */
static fettle_result
listen_to (struct ribcl *r, const struct fettle_stream *stream, int32_t s)
{
  char piece[4096];
  fettle_result result = FETTLE_OK;
  int64_t n;

  while ((n = stream->read (r->c, s, piece, sizeof piece, r->silence_ms)) > 0)
    if ((result = take (r, piece, (size_t) n)) != FETTLE_OK)
      return result;
  return n == FETTLE_E_UNREACHABLE && r->size ? FETTLE_OK : (fettle_result) n;
}

/* The header and the rest go apart: some firmware loses what comes together. */
static fettle_result
speak (struct ribcl *r, const char *text, const char *tail)
{
  const struct fettle_stream *stream = r->h->service (r->c, "stream", 1);
  int32_t s = stream ? stream->connect (r->c, PORT, 0)
                     : r->h->error (r->c, FETTLE_E_SERVICE, "this Fettle has no streams, which RIBCL of iLO 2 needs");
  fettle_result result;

  if (s < 0)
    return s;
  result = stream->start_tls (r->c, s, r->tls);
  if (result == FETTLE_OK)
    result = stream->write (r->c, s, HEADER, strlen (HEADER));
  if (result == FETTLE_OK)
    result = stream->write_filled (r->c, s, text);
  if (result == FETTLE_OK && r->file >= 0)
    result = send_file (r, stream, s);
  if (result == FETTLE_OK && *tail)
    result = stream->write (r->c, s, tail, strlen (tail));
  if (result == FETTLE_OK)
    result = listen_to (r, stream, s);
  stream->close (r->c, s);
  return result;
}

/* ---- both ---- */

fettle_result
ribcl_ask (struct ribcl *r, const char *body, const char *tail)
{
  int raw = r->who->generation == 2;
  char text[BODY_MAX], rest[300] = "";
  int n;

  ribcl_clear (r);
  r->file_sent = 0;
  if (raw && r->file >= 0) {
    n = snprintf (text, sizeof text, "%s%s", LOGIN, body);
    snprintf (rest, sizeof rest, "%s%s", tail, END);
  }
  else
    n = snprintf (text, sizeof text, "%s%s%s%s%s", raw ? "" : HEADER, LOGIN, body, tail, END);
  if (n < 0 || (size_t) n >= sizeof text)
    return r->h->error (r->c, FETTLE_E_INTERNAL, "a RIBCL request is too long");
  return raw ? speak (r, text, rest) : post (r, text);
}

fettle_result
ribcl_judge (struct ribcl *r, fettle_result otherwise)
{
  struct ribcl_said said;
  const char *why;
  char begin[60];
  size_t i;

  ribcl_read (r->answer ? r->answer : "", r->size, &said);
  if (said.documents && !said.status)
    return FETTLE_OK;
  if (said.documents) {
    why = ribcl_explain (said.status, &otherwise);
    return fettle_fail (r->h, r->c, otherwise, "%s says %s (status 0x%04X)%s%s", r->who->product, said.message,
                        said.status, why ? ": " : "", why ? why : "");
  }
  for (i = 0; i < r->size && i + 1 < sizeof begin; i++)
    begin[i] = r->answer[i] > ' ' && r->answer[i] < 0x7f ? r->answer[i] : ' ';
  begin[i] = '\0';
  return fettle_fail (r->h, r->c, FETTLE_E_PROTOCOL, "%s answers with no RIBCL: it begins with \"%s\"",
                      r->who->product, begin);
}

fettle_result
ribcl_ask_surely (struct ribcl *r, const char *body)
{
  fettle_result result = ribcl_ask (r, body, "");

  /* How it ends the connection behind an answer, if at all, is its own affair. */
  if (result == FETTLE_OK || ((result == FETTLE_E_UNREACHABLE || result == FETTLE_E_PROTOCOL
                               || result == FETTLE_E_TIMEOUT) && r->size && strstr (r->answer, "</RIBCL>")))
    result = ribcl_judge (r, FETTLE_E_PROTOCOL);
  return result;
}

int
ribcl_has_tpm (struct ribcl *r)
{
  const char *at;
  struct ribcl_tag tag;
  char value[8];

  if (ribcl_ask (r, "<SERVER_INFO MODE=\"read\"><GET_TPM_STATUS/></SERVER_INFO>\r\n", "") != FETTLE_OK || !r->answer)
    return 0;
  for (at = r->answer; ribcl_next (&at, r->answer + r->size, &tag);)
    if (ribcl_is (&tag, "TPM_ENABLED") && ribcl_attribute (&tag, "VALUE", value, sizeof value))
      return value[0] == 'Y' || value[0] == 'y';
  return 0;
}

void
ribcl_version (const struct ribcl *r, char *ret, size_t size)
{
  const char *at = r->answer, *end = at ? at + r->size : NULL;
  struct ribcl_tag tag;

  ret[0] = '\0';
  while (at && !ret[0] && ribcl_next (&at, end, &tag))
    if (!tag.closing && ribcl_is (&tag, "GET_FW_VERSION"))
      ribcl_attribute (&tag, "FIRMWARE_VERSION", ret, size);
}
