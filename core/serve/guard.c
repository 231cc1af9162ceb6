/* guard.c - see guard.h.  SPDX-License-Identifier: Apache-2.0 */
#include "util/base.h"

#include <strings.h>

#include "serve/guard.h"
#include "util/text.h"

/* A piece of the head. */
struct piece {
  const char *text;
  size_t size;
};

/* What the headers said. */
struct facts {
  bool http_1_1;
  bool bodyless;       /* a method that has no body */
  bool continues;      /* Expect: 100-continue */
  unsigned headers, hosts, lengths, encodings, authorizations, expects;
  uint64_t length;
  struct fettle_guard_head head;
};

static int
refuse (struct fettle_guard *g, int status, const char *why)
{
  g->refused = status;
  g->why = why;
  return status;
}

static bool
is (struct piece p, const char *text)
{
  return p.size == strlen (text) && memcmp (p.text, text, p.size) == 0;
}

static bool
is_nocase (struct piece p, const char *text)
{
  return p.size == strlen (text) && strncasecmp (p.text, text, p.size) == 0;
}

/* Takes what is before the separator off the front; false if there is none. */
static bool
cut (struct piece *rest, char separator, struct piece *ret)
{
  const char *p = memchr (rest->text, separator, rest->size);

  if (!p)
    return false;
  *ret = (struct piece) { rest->text, (size_t) (p - rest->text) };
  rest->size -= ret->size + 1;
  rest->text = p + 1;
  return true;
}

static struct piece
trim (struct piece p)
{
  while (p.size && (*p.text == ' ' || *p.text == '\t'))
    p.text++, p.size--;
  while (p.size && (p.text[p.size - 1] == ' ' || p.text[p.size - 1] == '\t'))
    p.size--;
  return p;
}

static bool
is_token (struct piece p)
{
  for (size_t i = 0; i < p.size; i++) {
    unsigned char c = (unsigned char) p.text[i];

    if (c <= ' ' || c >= 0x7f || strchr ("\"(),/:;<=>?@[\\]{}", c))
      return false;
  }
  return p.size > 0;
}

static bool
is_printable (struct piece p)
{
  for (size_t i = 0; i < p.size; i++)
    if (((unsigned char) p.text[i] < ' ' && p.text[i] != '\t') || p.text[i] == 0x7f)
      return false;
  return true;
}

/* A name, an address, a port: RFC 3986's authority without a user. */
static bool
is_host (struct piece p)
{
  for (size_t i = 0; i < p.size; i++)
    if (p.text[i] <= ' ' || p.text[i] >= 0x7f || strchr ("\"#/<>?@\\^`{|}", p.text[i]))
      return false;
  return true;
}

/* Only paths: "/a?b".  "//" at the start could be taken for a host's name. */
static bool
is_target (struct piece p)
{
  if (p.size < 1 || p.text[0] != '/' || (p.size > 1 && p.text[1] == '/'))
    return false;
  for (size_t i = 0; i < p.size; i++)
    if (p.text[i] <= ' ' || p.text[i] >= 0x7f || strchr ("#<>\"\\^`{|}", p.text[i]))
      return false;
  return true;
}

static int
check_request_line (struct fettle_guard *g, struct piece line, struct facts *f)
{
  /* The first three have no body. */
  static const char *const methods[] = { "GET", "HEAD", "OPTIONS", "POST", "PUT", "PATCH",
                                         "DELETE" };
  struct piece method, target;
  size_t i;

  if (!cut (&line, ' ', &method) || !cut (&line, ' ', &target) || !is_token (method))
    return refuse (g, 400, "The request line is malformed.");
  if (is (line, "HTTP/1.1"))
    f->http_1_1 = true;
  else if (!is (line, "HTTP/1.0"))
    return refuse (g, 505, "This is a server of HTTP/1.1.");
  for (i = 0; i < COUNT (methods) && !is (method, methods[i]); i++)
    ;
  if (i == COUNT (methods))
    return refuse (g, 501, "The method is unknown.");
  f->bodyless = i < 3;
  f->head = (struct fettle_guard_head) { .target = target.text, .target_size = target.size,
                                         .reads = i < 2 };
  if (g->nodes && !is (method, "GET") && !is (method, "HEAD") && !is (method, "POST"))
    return refuse (g, 405, "There are GET, HEAD and POST.");
  if (target.size > FETTLE_TARGET_MAX)
    return refuse (g, 414, "The path is too long.");
  if (!is_target (target))
    return refuse (g, 400, "The path is malformed.");
  return 0;
}

static bool
parse_length (struct piece value, uint64_t *ret)
{
  char text[24];

  if (value.size >= sizeof text)
    return false;
  memcpy (text, value.text, value.size);
  text[value.size] = '\0';
  return fettle_parse_uint (text, 0, INT64_MAX, ret);
}

static int
check_header (struct fettle_guard *g, struct piece line, struct facts *f)
{
  struct piece name;

  /* No space before the colon, no continuation lines: both are read
   * differently by different programs. */
  if (!cut (&line, ':', &name) || !is_token (name) || !is_printable (line))
    return refuse (g, 400, "A header is malformed.");
  if (++f->headers > FETTLE_HEADERS_MAX)
    return refuse (g, 431, "There are too many headers.");
  line = trim (line);
  if (is_nocase (name, "Host")) {
    f->hosts++;
    if (!is_host (line))
      return refuse (g, 400, "The Host header is malformed.");
  } else if (is_nocase (name, "Transfer-Encoding"))
    f->encodings++;
  else if (is_nocase (name, "Expect")) {
    f->expects++;
    f->continues = is_nocase (line, "100-continue");
  } else if (is_nocase (name, "Authorization")) {
    f->authorizations++;
    f->head.authorization = f->authorizations == 1 ? line.text : NULL;
    f->head.authorization_size = line.size;
  } else if (is_nocase (name, "Content-Length")) {
    f->lengths++;
    if (!parse_length (line, &f->length))
      return refuse (g, 400, "The length of the body is malformed.");
  }
  return 0;
}

static int
check_admission (struct fettle_guard *g, const struct facts *f)
{
  int status = f->authorizations > 1 || !g->admit ? 401 : g->admit (g->arg, &f->head);

  if (status == 403)
    return refuse (g, status, "The certificate has no role here.");
  if (status == 429)
    return refuse (g, status, "Too many wrong tokens came from there.");
  return status ? refuse (g, status, "The token is missing or wrong.") : 0;
}

/* Strangers learn that they need a token, and nothing else. */
static int
check_facts (struct fettle_guard *g, const struct facts *f)
{
  if (f->hosts > 1 || (f->http_1_1 && !f->hosts))
    return refuse (g, 400, "A request has one Host header.");
  if (f->lengths > 1 || (f->lengths && f->encodings))
    return refuse (g, 400, "The length of the body is ambiguous.");
  if (!g->nodes && check_admission (g, f))
    return g->refused;
  if (f->encodings)
    return refuse (g, 411, "The length of the body must be given.");
  if (f->length && f->bodyless)
    return refuse (g, 400, "This method has no body.");
  if (f->length > (g->nodes ? FETTLE_STATUS_MAX : FETTLE_BODY_MAX))
    return refuse (g, 413, g->nodes ? "The body is larger than 64 KiB."
                                    : "The body is larger than 16 MiB.");
  if (f->expects > 1 || (f->expects && !f->continues))
    return refuse (g, 417, "Only 100-continue can be expected.");
  return 0;
}

/* The head is complete: each line in it ends with CR LF. */
static int
check_head (struct fettle_guard *g)
{
  struct piece rest = { g->head.data, g->head.size - 2 }, line;
  struct facts f = { 0 };
  bool first = true;

  while (cut (&rest, '\n', &line)) {
    line.size--; /* the CR */
    if (!is_printable (line))
      return refuse (g, 400, "The head has control characters.");
    if (first ? check_request_line (g, line, &f) : check_header (g, line, &f))
      return g->refused;
    first = false;
  }
  if (check_facts (g, &f))
    return g->refused;
  g->body_size = g->body_left = f.length;
  g->requests++;
  return 0;
}

/* Takes a line, or a part of one, off the front.  Returns what it took. */
static size_t
feed_head (struct fettle_guard *g, const char *data, size_t size)
{
  const char *end = memchr (data, '\n', size);
  size_t n = end ? (size_t) (end - data) + 1 : size;
  const char *tail;

  if (!fettle_buf_add (&g->head, data, n)) {
    refuse (g, 431, "The head of the request is too large.");
    return n;
  }
  if (!end)
    return n;
  tail = g->head.data + g->head.size;
  if (g->head.size < 3 || tail[-2] != '\r')
    refuse (g, 400, "A line of the head doesn't end with CR LF.");
  else if (g->head.size >= 4 && memcmp (tail - 4, "\r\n\r\n", 4) == 0) {
    g->has_head = check_head (g) == 0;
    if (!g->has_head)
      fettle_guard_next (g);
  }
  return n;
}

void
fettle_guard_init (struct fettle_guard *g,
                   int (*admit) (void *arg, const struct fettle_guard_head *), void *arg)
{
  *g = (struct fettle_guard) { .admit = admit, .arg = arg, .head = FETTLE_BUF_SECRET (FETTLE_HEAD_MAX) };
}

int
fettle_guard_feed (struct fettle_guard *g, const void *data, size_t size)
{
  const char *p = data;

  while (size && !g->refused) {
    size_t n = size;

    if (!g->body_left) {
      n = feed_head (g, p, size);
      if (g->has_head)
        fettle_guard_next (g);
    } else {
      if (n > g->body_left)
        n = (size_t) g->body_left;
      g->body_left -= n;
    }
    p += n;
    size -= n;
  }
  return g->refused;
}

size_t
fettle_guard_head (struct fettle_guard *g, const void *data, size_t size)
{
  const char *p = data;
  size_t left = size;

  while (left && !g->refused && !g->has_head) {
    size_t n = feed_head (g, p, left);

    p += n;
    left -= n;
  }
  return size - left;
}

/* Connections are many, and most of them wait: they keep no memory for heads. */
void
fettle_guard_next (struct fettle_guard *g)
{
  g->has_head = false;
  if (!g->nodes) {
    fettle_wipe (g->head.data, g->head.size); /* the token */
    fettle_buf_reset (&g->head);
  } else
    fettle_buf_clear (&g->head);
}

bool
fettle_guard_between (const struct fettle_guard *g)
{
  return !g->head.size && !g->body_left && !g->refused;
}

void
fettle_guard_clear (struct fettle_guard *g)
{
  fettle_buf_clear (&g->head);
}
