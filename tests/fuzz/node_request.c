/* What a node sends: heads through the guard of a listener for nodes, whole and
 * in portions; then target, ranges and tags of each, and its body as a status.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "util/base.h"

#include "fuzz/fuzz.h"
#include "serve/guard.h"
#include "serve/head.h"
#include "serve/range.h"
#include "serve/status-body.h"

static void
try_ranges (const char *header)
{
  static const uint64_t sizes[] = { 0, 1, 1000, INT64_MAX };

  for (size_t k = 0; k < COUNT (sizes); k++) {
    struct fettle_range r[FETTLE_RANGES_MAX];
    int n = fettle_range_read (header, sizes[k], r);
    uint64_t sum = 0;

    MUST (n >= -1 && n <= FETTLE_RANGES_MAX);
    for (int i = 0; i < n; i++) {
      MUST (r[i].length && r[i].first < sizes[k] && r[i].length <= sizes[k] - r[i].first);
      sum += r[i].length;
    }
    MUST (sum <= sizes[k]);
  }
}

static void
try_target (const char *target)
{
  static const char *const prefixes[] = { "/c/", "/d/", "/s/" };

  for (size_t i = 0; i < COUNT (prefixes); i++) {
    const char *token, *name, *end = target + strlen (target);
    size_t size, name_size;

    if (!fettle_target_split (target, prefixes[i], &token, &size, &name, &name_size))
      continue;
    MUST (token >= target && token + size <= end && name + name_size <= end);
    MUST (!memchr (token, '/', size) && !memchr (token, '?', size));
  }
}

static void
try_body (const char *type, const char *body, size_t size)
{
  json_t *status = NULL;
  struct fettle_error err;
  fettle_result r = fettle_status_read (type, body, size, &status, &err);

  MUST (r == FETTLE_OK ? json_is_object (status) : status == NULL);
  MUST (r == FETTLE_OK || r == FETTLE_E_CONFIG || r == FETTLE_E_UNSUPPORTED);
  json_decref (status);
}

/* One request after the other, as a connection does it; returns the verdict. */
static int
converse (const char *data, size_t size, size_t portion, unsigned *ret_requests)
{
  struct fettle_guard g;
  size_t at = 0;

  *ret_requests = 0;
  fettle_guard_init (&g, NULL, NULL);
  g.nodes = true;
  while (at < size && !g.refused) {
    size_t n = size - at < portion ? size - at : portion;
    struct fettle_head h;

    n = fettle_guard_head (&g, data + at, n);
    MUST (n > 0 && g.head.size <= FETTLE_HEAD_MAX);
    at += n;
    if (!g.has_head)
      continue;
    MUST (g.body_left <= FETTLE_STATUS_MAX);
    fettle_head_read (g.head.data, g.head.size, &h);
    MUST (*h.method && *h.target == '/');
    MUST (strcmp (h.method, "GET") == 0 || strcmp (h.method, "HEAD") == 0
          || strcmp (h.method, "POST") == 0);
    try_target (h.target);
    try_ranges (h.range);
    fettle_etag_listed (h.if_none_match, "\"a\"", false);
    fettle_etag_listed (h.if_match, "\"a\"", true);
    if (g.body_left > size - at)
      g.body_left = size - at;
    try_body (h.content_type, data + at, (size_t) g.body_left);
    at += (size_t) g.body_left;
    g.body_left = 0;
    ++*ret_requests;
    fettle_guard_next (&g);
  }
  fettle_guard_clear (&g);
  return g.refused;
}

int
LLVMFuzzerTestOneInput (const uint8_t *data, size_t size)
{
  static const char *const types[] = { "application/json", "application/x-www-form-urlencoded",
                                       "text/xml", "" };
  _cleanup_free_ char *text = strndup ((const char *) data, size);
  unsigned whole, bytes;

  MUST (converse ((const char *) data, size, SIZE_MAX, &whole)
        == converse ((const char *) data, size, 1, &bytes));
  MUST (whole == bytes);
  for (size_t i = 0; i < COUNT (types); i++)
    try_body (types[i], (const char *) data, size);
  try_ranges (text);
  try_target (text);
  fettle_etag_listed (text, "\"a\"", true);
  return 0;
}
