/* version.c - see version.h.  SPDX-License-Identifier: Apache-2.0
 *
 * The comparers work on spans of the caller's text and never look at the
 * locale.  Each is true when both texts have its form.
 */
#include "util/base.h"

#include "model/version.h"
#include "model/version-hpe.h"
#include "model/version-span.h"

static int
sign (int n)
{
  return (n > 0) - (n < 0);
}

/* [epoch:]upstream[-revision], for dpkg and rpm alike. */
struct evr {
  struct span epoch, version, release;
};

/* An epoch is digits; the last '-' begins the release. */
static bool
parse_evr (struct span s, struct evr *ret)
{
  struct evr e = { .epoch = { s.at, 0 } };
  size_t colon = span_find (s, ':');

  if (colon < s.n) {
    e.epoch.n = colon;
    if (!colon || span_count (e.epoch, is_digit) != colon)
      return false;
    s = span_after (s, colon + 1);
  }
  e.version = s;
  e.release = (struct span){ s.at + s.n, 0 };
  for (size_t i = s.n; i-- > 0;)
    if (s.at[i] == '-') {
      e.version.n = i;
      e.release = span_after (s, i + 1);
      if (!e.release.n)
        return false;
      break;
    }
  *ret = e;
  return e.version.n > 0;
}

/* ---- dpkg ---- */

static bool
is_dpkg_char (char c)
{
  return is_digit (c) || is_letter (c) || c == '.' || c == '+' || c == '~' || c == '-' || c == ':';
}

/* '~' before the end, the end before letters, letters before the rest. */
static int
dpkg_weight (struct span s)
{
  char c = s.n ? s.at[0] : '\0';

  if (!s.n || is_digit (c))
    return 0;
  if (c == '~')
    return -1;
  return is_letter (c) ? c : c + 256;
}

/* Non-digits character by character, then a number, and so on. */
static int
dpkg_part (struct span a, struct span b)
{
  while (a.n || b.n) {
    size_t na, nb;
    int order;

    while ((a.n && !is_digit (a.at[0])) || (b.n && !is_digit (b.at[0]))) {
      order = sign (dpkg_weight (a) - dpkg_weight (b));
      if (order)
        return order;
      a = span_after (a, a.n ? 1 : 0);
      b = span_after (b, b.n ? 1 : 0);
    }
    na = span_count (a, is_digit);
    nb = span_count (b, is_digit);
    order = span_number_order ((struct span){ a.at, na }, (struct span){ b.at, nb });
    if (order)
      return order;
    a = span_after (a, na);
    b = span_after (b, nb);
  }
  return 0;
}

static bool
compare_dpkg (struct span a, struct span b, int *ret_order)
{
  struct evr x, y;
  int order;

  if (span_count (a, is_dpkg_char) != a.n || span_count (b, is_dpkg_char) != b.n
      || !parse_evr (a, &x) || !parse_evr (b, &y))
    return false;
  order = span_number_order (x.epoch, y.epoch);
  if (!order)
    order = dpkg_part (x.version, y.version);
  if (!order)
    order = dpkg_part (x.release, y.release);
  *ret_order = order;
  return true;
}

/* ---- rpm ---- */

static bool
is_rpm_char (char c)
{
  return c > ' ' && c < 0x7f && !strchr ("'\"\\,;:", c);
}

static bool
is_rpm_separator (char c)
{
  return !is_digit (c) && !is_letter (c) && c != '~' && c != '^';
}

/* One segment, numbers or letters, of both; a number is newer than letters. */
static int
rpm_segment (struct span *a, struct span *b)
{
  bool (*kind) (char) = is_digit (a->at[0]) ? is_digit : is_letter;
  struct span x = { a->at, span_count (*a, kind) }, y = { b->at, span_count (*b, kind) };
  int order;

  if (!y.n)
    order = kind == is_digit ? 1 : -1;
  else if (kind == is_digit)
    order = span_number_order (x, y);
  else
    order = span_text_order (x, y);
  *a = span_after (*a, x.n);
  *b = span_after (*b, y.n);
  return order;
}

static int
rpm_part (struct span a, struct span b)
{
  for (;;) {
    char ca, cb;
    int order;

    a = span_after (a, span_count (a, is_rpm_separator));
    b = span_after (b, span_count (b, is_rpm_separator));
    ca = a.n ? a.at[0] : '\0';
    cb = b.n ? b.at[0] : '\0';
    if (ca == '~' || cb == '~') { /* before everything, also before the end */
      if (ca != cb)
        return ca == '~' ? -1 : 1;
    } else if (ca == '^' || cb == '^') { /* after the end, before all else */
      if (ca != cb)
        return (!ca || (ca == '^' && cb)) ? -1 : 1;
    } else if (!ca || !cb) {
      return ca ? 1 : cb ? -1 : 0;
    } else {
      order = rpm_segment (&a, &b);
      if (order)
        return order;
      continue;
    }
    a = span_after (a, 1);
    b = span_after (b, 1);
  }
}

static bool
compare_rpm (struct span a, struct span b, int *ret_order)
{
  struct evr x, y;
  int order;

  if (!parse_evr (a, &x) || !parse_evr (b, &y)
      || span_count (x.version, is_rpm_char) != x.version.n
      || span_count (y.version, is_rpm_char) != y.version.n
      || span_count (x.release, is_rpm_char) != x.release.n
      || span_count (y.release, is_rpm_char) != y.release.n)
    return false;
  order = span_number_order (x.epoch, y.epoch);
  if (!order)
    order = rpm_part (x.version, y.version);
  if (!order && (!x.release.n || !y.release.n))
    order = (x.release.n > 0) - (y.release.n > 0);
  else if (!order)
    order = rpm_part (x.release, y.release);
  *ret_order = order;
  return true;
}

/* ---- semver ---- */

static bool
is_semver_char (char c)
{
  return is_digit (c) || is_letter (c) || c == '-';
}

/* Identifiers between dots, none empty; numbers without leading zero where
 * the standard wants that. */
static bool
semver_identifiers_valid (struct span s, bool numbers_strict)
{
  do {
    struct span id = span_until (&s, '.');

    if (!id.n || span_count (id, is_semver_char) != id.n)
      return false;
    if (numbers_strict && id.n > 1 && id.at[0] == '0' && span_count (id, is_digit) == id.n)
      return false;
  } while (s.at[-1] == '.');
  return true;
}

struct semver {
  struct span number[3], before; /* before.n is 0 for a release */
};

static bool
parse_semver (struct span s, struct semver *ret)
{
  size_t build;

  if (s.n && s.at[0] == 'v')
    s = span_after (s, 1);
  build = span_find (s, '+');
  if (build < s.n) {
    if (!semver_identifiers_valid (span_after (s, build + 1), false))
      return false;
    s.n = build;
  }
  for (int i = 0; i < 3; i++) {
    size_t n = span_count (s, is_digit);

    if (!n || (n > 1 && s.at[0] == '0') || (i < 2 && (n == s.n || s.at[n] != '.')))
      return false;
    ret->number[i] = (struct span){ s.at, n };
    s = span_after (s, i < 2 ? n + 1 : n);
  }
  ret->before = (struct span){ s.at, 0 };
  if (!s.n)
    return true;
  if (s.at[0] != '-')
    return false;
  ret->before = span_after (s, 1);
  return semver_identifiers_valid (ret->before, true);
}

/* A number is before a text; fewer identifiers are before more. */
static int
semver_before_order (struct span a, struct span b)
{
  if (!a.n || !b.n)
    return (b.n > 0) - (a.n > 0); /* a release is after what leads to it */
  while (a.n && b.n) {
    struct span x = span_until (&a, '.'), y = span_until (&b, '.');
    bool nx = span_count (x, is_digit) == x.n, ny = span_count (y, is_digit) == y.n;
    int order;

    if (nx != ny)
      return nx ? -1 : 1;
    order = nx ? span_number_order (x, y) : span_text_order (x, y);
    if (order)
      return order;
  }
  return (a.n > 0) - (b.n > 0);
}

static bool
compare_semver (struct span a, struct span b, int *ret_order)
{
  struct semver x, y;
  int order = 0;

  if (!parse_semver (a, &x) || !parse_semver (b, &y))
    return false;
  for (int i = 0; i < 3 && !order; i++)
    order = span_number_order (x.number[i], y.number[i]);
  *ret_order = order ? order : semver_before_order (x.before, y.before);
  return true;
}

/* ---- dotted ---- */

static bool
dotted_valid (struct span s)
{
  do {
    size_t n = span_count (s, is_digit);

    if (!n || (n < s.n && s.at[n] != '.' && s.at[n] != '-') || n + 1 == s.n)
      return false;
    s = span_after (s, n < s.n ? n + 1 : n);
  } while (s.n);
  return true;
}

static bool
compare_dotted (struct span a, struct span b, int *ret_order)
{
  if (!dotted_valid (a) || !dotted_valid (b))
    return false;
  while (a.n || b.n) {
    struct span x = { a.at, span_count (a, is_digit) }, y = { b.at, span_count (b, is_digit) };
    int order = span_number_order (x, y);

    if (order) {
      *ret_order = order;
      return true;
    }
    a = span_after (a, x.n < a.n ? x.n + 1 : x.n);
    b = span_after (b, y.n < b.n ? y.n + 1 : y.n);
  }
  *ret_order = 0;
  return true;
}

static bool
compare_plain (struct span a, struct span b, int *ret_order)
{
  if (a.n != b.n || memcmp (a.at, b.at, a.n))
    return false;
  *ret_order = 0;
  return true;
}

/* ---- the table ---- */

static const struct {
  const char *name;
  bool (*compare) (struct span, struct span, int *ret_order);
} schemes[] = {
  { "dpkg",   compare_dpkg },
  { "rpm",    compare_rpm },
  { "semver", compare_semver },
  { "dotted", compare_dotted },
  { "hpe",    fettle_version_compare_hpe },
  { "fos",    fettle_version_compare_fos },
  { "plain",  compare_plain },
};

/* The text without space around it; false if nothing sensible is left. */
static bool
trim (const char *text, struct span *ret)
{
  size_t n;

  if (!text)
    return false;
  text += strspn (text, " \t");
  n = strnlen (text, FETTLE_VERSION_MAX + 1);
  if (n > FETTLE_VERSION_MAX)
    return false;
  while (n && (text[n - 1] == ' ' || text[n - 1] == '\t'))
    n--;
  *ret = (struct span){ text, n };
  return n > 0;
}

bool
fettle_version_compare (const char *scheme, const char *a, const char *b, int *ret_order)
{
  struct span x, y;

  if (!trim (a, &x) || !trim (b, &y))
    return false;
  if (compare_plain (x, y, ret_order))
    return true;
  for (size_t i = 0; scheme && i < COUNT (schemes); i++)
    if (strcmp (schemes[i].name, scheme) == 0)
      return schemes[i].compare (x, y, ret_order);
  return false;
}

bool
fettle_version_compare_schemes (const char *scheme_a, const char *a, const char *scheme_b,
                                const char *b, int *ret_order)
{
  bool same = strcmp (scheme_a ? scheme_a : "plain", scheme_b ? scheme_b : "plain") == 0;

  return fettle_version_compare (same ? scheme_a : "plain", a, b, ret_order);
}

bool
fettle_version_scheme_known (const char *scheme)
{
  for (size_t i = 0; i < COUNT (schemes); i++)
    if (strcmp (schemes[i].name, scheme) == 0)
      return true;
  return false;
}

bool
fettle_version_valid (const char *scheme, const char *version)
{
  struct span s;
  int order;

  if (!trim (version, &s))
    return false;
  for (size_t i = 0; i < COUNT (schemes); i++)
    if (strcmp (schemes[i].name, scheme ? scheme : "plain") == 0)
      return schemes[i].compare (s, s, &order);
  return false;
}
