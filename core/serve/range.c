/* range.c - see range.h.  SPDX-License-Identifier: Apache-2.0 */
#include "util/base.h"

#include <strings.h>

#include "serve/range.h"

/* At most 18 digits, so that nothing overflows. */
static bool
read_number (const char **p, uint64_t *ret)
{
  size_t n = strspn (*p, "0123456789");

  if (n == 0 || n > 18)
    return false;
  *ret = strtoull (*p, NULL, 10);
  *p += n;
  return true;
}

enum read { BAD, OUTSIDE, GOOD };

/* "first-", "first-last" or "-suffix". */
static enum read
read_one (const char **p, uint64_t size, struct fettle_range *ret)
{
  uint64_t first, last = UINT64_MAX;

  if (**p == '-') {
    ++*p;
    if (!read_number (p, &last))
      return BAD;
    if (!last || !size)
      return OUTSIDE;
    if (last > size)
      last = size;
    *ret = (struct fettle_range) { size - last, last };
    return GOOD;
  }
  if (!read_number (p, &first) || **p != '-')
    return BAD;
  ++*p;
  if (**p >= '0' && **p <= '9' && (!read_number (p, &last) || last < first))
    return BAD;
  if (first >= size)
    return OUTSIDE;
  if (last >= size)
    last = size - 1;
  *ret = (struct fettle_range) { first, last - first + 1 };
  return GOOD;
}

static void
skip_space (const char **p)
{
  *p += strspn (*p, " \t");
}

int
fettle_range_read (const char *header, uint64_t size, struct fettle_range ret[FETTLE_RANGES_MAX])
{
  const char *p = header;
  uint64_t sum = 0;
  int n = 0, asked = 0;

  if (strncasecmp (p, "bytes=", 6) != 0)
    return 0;
  for (p += 6;; p++) {
    struct fettle_range one;
    enum read r;

    skip_space (&p);
    if (++asked > FETTLE_RANGES_MAX || (r = read_one (&p, size, &one)) == BAD)
      return 0;
    if (r == GOOD) {
      ret[n++] = one;
      sum += one.length;
    }
    skip_space (&p);
    if (*p != ',')
      break;
  }
  if (*p || sum > size)
    return 0;
  return n ? n : -1;
}

bool
fettle_etag_listed (const char *list, const char *tag, bool strong)
{
  const char *p = list;

  if (strcmp (p, "*") == 0)
    return true;
  for (;;) {
    bool weak;
    const char *end;

    p += strspn (p, " \t,");
    weak = strncmp (p, "W/", 2) == 0;
    if (weak)
      p += 2;
    if (*p != '"' || !(end = strchr (p + 1, '"')))
      return false;
    if (!(weak && strong) && (size_t) (++end - p) == strlen (tag)
        && memcmp (p, tag, strlen (tag)) == 0)
      return true;
    p = strchr (p + 1, '"') + 1;
  }
}
