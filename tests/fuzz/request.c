/* What a client sends: through the guard whole and in portions, then path,
 * query and body of the first request that it lets in.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "util/base.h"

#include <strings.h>

#include "fuzz/fuzz.h"
#include "serve/guard.h"
#include "serve/route.h"

static const struct fettle_route rows[] = {
  { "GET", "/a/:x",   FETTLE_ROLE_VIEWER, NULL },
  { "GET", "/a/:x/b", FETTLE_ROLE_VIEWER, NULL },
  { "GET", "/a",      FETTLE_ROLE_VIEWER, NULL },
};

struct rest {
  const char *data;
  size_t size;
};

static size_t
read_rest (void *buffer, size_t size, void *arg)
{
  struct rest *r = arg;
  size_t n = size < r->size ? size : r->size;

  memcpy (buffer, r->data, n);
  r->data += n;
  r->size -= n;
  return n;
}

static bool
is_clean (const char *text)
{
  for (; *text; text++)
    if ((unsigned char) *text < ' ')
      return false;
  return true;
}

static void
try_path (const char *target)
{
  _cleanup_free_ char *path = strdup (target);
  _cleanup_json_ json_t *query = NULL;
  char *q = strchr (path, '?');
  struct fettle_error err;

  if (q)
    *q++ = '\0';
  if (fettle_query_parse (q, &query, &err) == FETTLE_OK)
    MUST (json_is_object (query) && json_object_size (query) <= FETTLE_QUERY_MAX);
  for (size_t i = 0; i < COUNT (rows); i++) {
    const char *parameter = NULL;
    size_t size = 0;
    _cleanup_free_ char *decoded = NULL;

    if (!fettle_route_fits (&rows[i], path, &parameter, &size) || !parameter)
      continue;
    MUST (size > 0 && parameter + size <= path + strlen (path) && !memchr (parameter, '/', size));
    decoded = fettle_percent_decode (parameter, size, false, FETTLE_PARAMETER_MAX);
    if (decoded)
      MUST (strlen (decoded) <= size && is_clean (decoded));
  }
}

static void
try_body (const char *data, size_t size)
{
  struct rest r = { data, size };
  json_t *body = NULL;
  struct fettle_error err;

  if (fettle_body_parse (read_rest, &r, &body, &err) == FETTLE_OK)
    MUST (json_is_object (body));
  else
    MUST (!body && err.code == FETTLE_E_CONFIG);
  json_decref (body);
}

/* A header of that name, with what some take for its end. */
static bool
is_header (const char *line, const char *name)
{
  return strncasecmp (line, name, strlen (name)) == 0 && strchr (": \t", line[strlen (name)]);
}

/* A simpler reading of a head that was let in: nothing in it that others read
 * in another way. */
static void
check_head (const char *head, size_t size)
{
  unsigned lengths = 0, tokens = 0;

  for (const char *p = head, *end = head + size; p < end;) {
    const char *next = memchr (p, '\n', (size_t) (end - p));

    MUST (next && next > p && next[-1] == '\r' && *p != ' ' && *p != '\t');
    MUST (!is_header (p, "transfer-encoding"));
    lengths += is_header (p, "content-length");
    tokens += is_header (p, "authorization");
    p = next + 1;
  }
  MUST (lengths <= 1 && tokens == 1);
}

static int
admit (void *arg, const struct fettle_guard_head *head)
{
  (void) arg;
  MUST (head->target_size && *head->target == '/');
  return head->authorization && head->authorization_size == 8
             && strncasecmp (head->authorization, "Bearer t", 8) == 0
           ? 0 : 401;
}

int
LLVMFuzzerTestOneInput (const uint8_t *data, size_t size)
{
  struct fettle_guard whole, parts;
  _cleanup_free_ char *text = strndup ((const char *) data, size);
  const char *end = memmem (data, size, "\r\n\r\n", 4);

  fettle_guard_init (&whole, admit, NULL);
  fettle_guard_init (&parts, admit, NULL);
  fettle_guard_feed (&whole, data, size);
  for (size_t i = 0, n; i < size; i += n) {
    n = 1 + (data[i] & 7);
    if (n > size - i)
      n = size - i;
    fettle_guard_feed (&parts, data + i, n);
  }
  MUST (whole.refused == parts.refused && whole.requests == parts.requests);
  MUST (whole.body_left == parts.body_left && whole.head.size == parts.head.size);
  MUST (whole.body_left <= FETTLE_BODY_MAX && whole.head.size <= FETTLE_HEAD_MAX);
  if (whole.requests) {
    MUST (end);
    MUST (!memchr (data, '\0', (size_t) (end - (const char *) data)));
    check_head (text, (size_t) (end - (const char *) data) + 2);
    text[strcspn (text, "\r")] = '\0';
    *strrchr (text, ' ') = '\0';
    try_path (strchr (text, ' ') + 1);
  }
  if (end)
    try_body (end + 4, size - (size_t) (end + 4 - (const char *) data));
  fettle_guard_clear (&whole);
  fettle_guard_clear (&parts);
  return 0;
}
