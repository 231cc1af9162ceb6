/* peer-get.c - downloads: conditions, ranges, and the file into the connection.
 *
 * A plain connection is given the whole answer at once, as references to one
 * segment of the file that all connections share: the kernel sends it from its
 * page cache.  With TLS the bytes pass through us: a piece at a time, read
 * when the one before it has gone.  (Not mapped: a file that is cut short
 * behind our back is then an error of one download.)
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "util/base.h"

#include <event2/buffer.h>
#include <inttypes.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <openssl/evp.h>
#include <sys/socket.h>

#include "serve/peer-internal.h"
#include "serve/route.h"
#include "util/log.h"

#define PIECE     (8 * 15000) /* of a file, with TLS: what libevent makes eight records of */
#define PIECES_KEPT 64
#define TYPE      "application/octet-stream"
#define BOUNDARY  "fettle-part"
#define PART_HEAD_MAX 160

/* ---- What the answer says of the file ---- */

static void
make_etag (const struct fettle_offer_file *f, char ret[40])
{
  snprintf (ret, 40, *f->sha256 ? "\"%.32s\"" : "", f->sha256);
}

static void
add_digests (struct evbuffer *output, const struct fettle_offer_file *f)
{
  unsigned char binary[32], base64[48];
  char byte[3] = "";

  if (strlen (f->sha256) != 64)
    return;
  for (size_t i = 0; i < sizeof binary; i++) {
    memcpy (byte, f->sha256 + 2 * i, 2);
    binary[i] = (unsigned char) strtoul (byte, NULL, 16);
  }
  EVP_EncodeBlock (base64, binary, sizeof binary);
  evbuffer_add_printf (output, "Digest: SHA-256=%s\r\nRepr-Digest: sha-256=:%s:\r\n", base64,
                       base64);
}

static void
add_file_headers (struct peer *p, const char *etag)
{
  struct evbuffer *output = bufferevent_get_output (p->bev);

  evbuffer_add_printf (output, "Accept-Ranges: bytes\r\n");
  if (*etag)
    evbuffer_add_printf (output, "ETag: %s\r\n", etag);
  add_digests (output, p->x->file);
}

static int
part_head (const struct exchange *x, unsigned i, char ret[PART_HEAD_MAX])
{
  const struct fettle_range *r = &x->ranges[i];

  return snprintf (ret, PART_HEAD_MAX, "%s--" BOUNDARY "\r\nContent-Type: " TYPE "\r\n"
                   "Content-Range: bytes %" PRIu64 "-%" PRIu64 "/%" PRIu64 "\r\n\r\n",
                   i ? "\r\n" : "", r->first, r->first + r->length - 1, x->file->length);
}

static const char last_boundary[] = "\r\n--" BOUNDARY "--\r\n";

static uint64_t
body_size (const struct exchange *x)
{
  uint64_t size = x->multipart ? strlen (last_boundary) : 0;
  char text[PART_HEAD_MAX];

  for (unsigned i = 0; i < x->n_ranges; i++)
    size += x->ranges[i].length + (uint64_t) (x->multipart ? part_head (x, i, text) : 0);
  return size;
}

/* ---- Sending ---- */

/* Records of TLS are written one by one: while a file is sent, the kernel waits
 * for as much as fits into a segment.  Without it each would go by itself. */
static void
set_cork (struct peer *p, int on)
{
  if (p->tls)
    (void) setsockopt (bufferevent_getfd (p->bev), IPPROTO_TCP, TCP_CORK, &on, sizeof on);
}

void
fettle_peer_count (struct peer *p)
{
  struct exchange *x = p->x;
  uint64_t waits = evbuffer_get_length (bufferevent_get_output (p->bev));
  uint64_t gone = x->added > waits ? x->added - waits : 0;

  if (gone <= x->counted)
    return;
  if (x->offer)
    x->offer->bytes += gone - x->counted;
  x->counted = gone;
}

static void
free_segment (void *segment)
{
  evbuffer_file_segment_free (segment);
}

/* One segment of the whole part, for all connections. */
static struct evbuffer_file_segment *
segment_of (struct fettle_offer_file *f)
{
  if (!f->segment) {
    f->segment = evbuffer_file_segment_new (f->fd, (ev_off_t) f->offset, (ev_off_t) f->length,
                                            EVBUF_FS_DISABLE_LOCKING);
    f->segment_free = free_segment;
  }
  return f->segment;
}

static bool
add_segment (struct exchange *x, struct evbuffer *output, const struct fettle_range *r)
{
  struct evbuffer_file_segment *s
    = fettle_offer_file_unchanged (x->file) ? segment_of (x->file) : NULL;

  x->added += r->length;
  x->done = r->length;
  return s && evbuffer_add_file_segment (output, s, (ev_off_t) r->first, (ev_off_t) r->length) == 0;
}

/* Room for a piece of a file.  It is used again: malloc would give so much back
 * to the kernel each time, and the kernel would clear it. */
struct piece {
  struct piece *next;
  char data[PIECE];
};

static struct piece *pieces;
static unsigned n_pieces;

static void
release_piece (const void *data, size_t size, void *arg)
{
  struct piece *p = arg;

  (void) data, (void) size;
  if (n_pieces == PIECES_KEPT) {
    free (p);
    return;
  }
  p->next = pieces;
  pieces = p;
  n_pieces++;
}

static struct piece *
take_piece (void)
{
  struct piece *p = pieces;

  if (!p)
    return malloc (sizeof *p);
  pieces = p->next;
  n_pieces--;
  return p;
}

void
fettle_peer_forget_pieces (void)
{
  while (pieces)
    free (take_piece ());
}

static bool
add_piece (struct exchange *x, struct evbuffer *output, const struct fettle_range *r)
{
  struct piece *piece = take_piece ();
  uint64_t left = r->length - x->done;
  ssize_t n;

  if (!piece)
    return false;
  n = fettle_offer_file_read (x->file, r->first + x->done, piece->data,
                              left < PIECE ? (size_t) left : PIECE);
  if (n <= 0 || evbuffer_add_reference (output, piece->data, (size_t) n, release_piece, piece)) {
    release_piece (NULL, 0, piece);
    return false;
  }
  x->done += (uint64_t) n;
  x->added += (uint64_t) n;
  return true;
}

/* Not dropped here, as callers still look at it: the next tick does. */
static void
failed (struct peer *p)
{
  fettle_log (FETTLE_LOG_ERROR,
              "%s can't be read any more, or has changed since its digest was taken: its download"
              " by %s ends",
              p->x->offer ? p->x->offer->name : "a file", p->quota->address);
  bufferevent_disable (p->bev, EV_READ | EV_WRITE);
  fettle_peer_set_state (p, PEER_LINGER);
  p->deadline = 1;
}

void
fettle_peer_feed (struct peer *p)
{
  struct exchange *x = p->x;
  struct evbuffer *output = bufferevent_get_output (p->bev);
  char text[PART_HEAD_MAX];

  while (x->at < x->n_ranges) {
    const struct fettle_range *r = &x->ranges[x->at];

    if (x->multipart && !x->done)
      evbuffer_add (output, text, (size_t) part_head (x, x->at, text));
    if (!(p->tls ? add_piece (x, output, r) : add_segment (x, output, r))) {
      failed (p);
      return;
    }
    if (x->done == r->length) {
      x->at++;
      x->done = 0;
    }
    if (p->tls && evbuffer_get_length (output) >= PIECE)
      return;
  }
  if (x->multipart)
    evbuffer_add (output, last_boundary, strlen (last_boundary));
  x->sent_all = true;
}

/* ---- The answer ---- */

static void
tell (struct fettle_offer *o)
{
  if (o->changed)
    o->changed (o->arg, o);
}

void
fettle_peer_sent (struct peer *p)
{
  struct fettle_offer *o = p->x->offer;

  set_cork (p, 0);
  fettle_peer_count (p);
  if (!o)
    return;
  o->fetches++;
  tell (o);
}

static void
not_satisfiable (struct peer *p)
{
  char text[64];

  snprintf (text, sizeof text, "Content-Range: bytes */%" PRIu64 "\r\n", p->x->file->length);
  fettle_peer_answer (p, 416, text, "The file has no such bytes.\n");
  fettle_peer_done (p);
}

static void
without_body (struct peer *p, int status, const char *etag)
{
  fettle_peer_begin_answer (p, status, p->x->file->length);
  add_file_headers (p, etag);
  evbuffer_add_printf (bufferevent_get_output (p->bev), "Content-Type: " TYPE "\r\n\r\n");
  fettle_peer_done (p);
}

static void
send_ranges (struct peer *p, bool partial, const char *etag)
{
  struct exchange *x = p->x;
  struct evbuffer *output = bufferevent_get_output (p->bev);

  x->multipart = x->n_ranges > 1;
  fettle_peer_begin_answer (p, partial ? 206 : 200, body_size (x));
  add_file_headers (p, etag);
  if (x->multipart)
    evbuffer_add_printf (output, "Content-Type: multipart/byteranges; boundary=" BOUNDARY "\r\n");
  else
    evbuffer_add_printf (output, "Content-Type: " TYPE "\r\n");
  if (partial && !x->multipart)
    evbuffer_add_printf (output, "Content-Range: bytes %" PRIu64 "-%" PRIu64 "/%" PRIu64 "\r\n",
                         x->ranges[0].first, x->ranges[0].first + x->ranges[0].length - 1,
                         x->file->length);
  evbuffer_add_printf (output, "\r\n");
  fettle_peer_set_state (p, PEER_SENDING);
  set_cork (p, 1);
  fettle_peer_feed (p);
}

/* Which bytes: -1 none that there are, 0 all. */
static int
choose_ranges (struct exchange *x, const char *etag)
{
  int n = 0;

  if (*x->head.range && (!*x->head.if_range || (*etag && strcmp (x->head.if_range, etag) == 0)))
    n = fettle_range_read (x->head.range, x->file->length, x->ranges);
  x->n_ranges = n > 0 ? (unsigned) n : 0;
  if (!n && x->file->length) {
    x->ranges[0] = (struct fettle_range) { 0, x->file->length };
    x->n_ranges = 1;
  }
  return n;
}

static bool
is_name (const char *text, size_t size, const char *name)
{
  _cleanup_free_ char *decoded = fettle_percent_decode (text, size, false, FETTLE_OFFER_NAME);

  return decoded && strcmp (decoded, name) == 0;
}

static bool
moved (struct peer *p)
{
  const struct exchange *x = p->x;
  char extra[FETTLE_OFFER_URL + 32];

  if (p->dedicated || !x->offer->moved)
    return false;
  snprintf (extra, sizeof extra, "Location: %s\r\n", x->offer->moved);
  fettle_peer_answer (p, 307, extra, "The file is at another port.\n");
  fettle_peer_done (p);
  return true;
}

void
fettle_peer_get (struct peer *p, const char *name, size_t name_size)
{
  struct exchange *x = p->x;
  struct fettle_offer *o = x->offer;
  char etag[40];
  int n;

  if (!is_name (name, name_size, o->name)) {
    fettle_peer_not_found (p, "a file by a wrong name");
    fettle_peer_done (p);
    return;
  }
  if (!o->contacted) {
    o->contacted = true;
    tell (o);
  }
  if (moved (p))
    return;
  x->file = fettle_offer_file_hold (o->file);
  make_etag (x->file, etag);
  if (*x->head.if_match && (!*etag || !fettle_etag_listed (x->head.if_match, etag, true))) {
    fettle_peer_answer (p, 412, "", "This is another version of the file.\n");
    fettle_peer_done (p);
  } else if (*x->head.if_none_match && *etag
             && fettle_etag_listed (x->head.if_none_match, etag, false))
    without_body (p, 304, etag);
  else if (strcmp (x->head.method, "HEAD") == 0)
    without_body (p, 200, etag);
  else if ((n = choose_ranges (x, etag)) < 0)
    not_satisfiable (p);
  else
    send_ranges (p, n > 0, etag);
}
