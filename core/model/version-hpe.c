/* version-hpe.c - versions as HPE's firmware writes them; see version.h.
 *
 * A text is taken apart into family, numbers and date.  What can't be taken
 * apart can't be compared: a wrong guess would flash the wrong firmware.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "util/base.h"

#include "model/version-hpe.h"

struct hpe {
  struct span family;  /* "U46", "HPG", "0x"; empty for most */
  struct span numbers; /* "2.34", "13.3.0 Build 37"; checked */
  int date;            /* 20250311; 0: none */
};

static bool
is_hex (char c)
{
  return is_digit (c) || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F');
}

static bool
is_separator (char c)
{
  return c == '.' || c == '-' || c == '_' || c == ' ';
}

/* `width` digits at `at`: their value, -1 if there is anything else. */
static int
digits (const char *at, size_t width)
{
  int value = 0;

  for (size_t i = 0; i < width; i++) {
    if (!is_digit (at[i]))
      return -1;
    value = value * 10 + (at[i] - '0');
  }
  return value;
}

static int
make_date (int year, int month, int day)
{
  if (year < 1980 || month < 1 || month > 12 || day < 1 || day > 31)
    return 0;
  return (year * 100 + month) * 100 + day;
}

/* "(03/11/2025)" at the end: month, day, year. */
static int
take_date_in_parentheses (struct span *s)
{
  const char *p;
  int date;

  if (s->n < 12)
    return 0;
  p = s->at + s->n - 12;
  if (p[0] != '(' || p[3] != '/' || p[6] != '/' || p[11] != ')')
    return 0;
  date = make_date (digits (p + 7, 4), digits (p + 1, 2), digits (p + 4, 2));
  if (date)
    s->n -= 12;
  return date;
}

/* "May 28 2025" or "May 8 2025" at the end. */
static int
take_date_in_words (struct span *s)
{
  static const char months[12][4] = { "Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                      "Jul", "Aug", "Sep", "Oct", "Nov", "Dec" };

  for (size_t day_width = 2; day_width > 0; day_width--) {
    size_t n = 4 + day_width + 1 + 4;
    const char *p;

    if (s->n < n)
      continue;
    p = s->at + s->n - n;
    if (p[3] != ' ' || p[4 + day_width] != ' ')
      continue;
    for (int m = 0; m < 12; m++)
      if (memcmp (p, months[m], 3) == 0) {
        int date = make_date (digits (p + 5 + day_width, 4), m + 1, digits (p + 4, day_width));

        if (date)
          s->n -= n;
        return date;
      }
  }
  return 0;
}

/* Drive firmware: "HP", a letter for the drive's line, then a digit or letter
 * that counts 0-9, A-Z. */
static bool
take_drive (struct span s, struct hpe *ret)
{
  if (s.n != 4 || s.at[0] != 'H' || s.at[1] != 'P' || !is_letter (s.at[2])
      || !(is_digit (s.at[3]) || is_letter (s.at[3])))
    return false;
  ret->family = (struct span){ s.at, 3 };
  ret->numbers = span_after (s, 3);
  return true;
}

/* A ROM family in front of "v2.34": letter and digits. */
static void
take_rom_family (struct span *s, struct hpe *ret)
{
  size_t space = span_find (*s, ' ');

  if (space < 2 || space > 8 || space + 2 >= s->n || !is_letter (s->at[0])
      || s->at[space + 1] != 'v' || !is_digit (s->at[space + 2]))
    return;
  for (size_t i = 1; i < space; i++)
    if (!is_digit (s->at[i]) && !is_letter (s->at[i]))
      return;
  ret->family = (struct span){ s->at, space };
  *s = span_after (*s, space + 1);
}

/* Takes the next number off; separators and "Build" lie between. */
static bool
take_number (struct span *s, struct span *ret)
{
  size_t n = span_count (*s, is_hex);

  *ret = (struct span){ s->at, n };
  *s = span_after (*s, n);
  if (!n)
    return false;
  if (s->n > 7 && memcmp (s->at, " Build ", 7) == 0)
    *s = span_after (*s, 7);
  else if (s->n > 1 && is_separator (s->at[0]))
    *s = span_after (*s, 1);
  else if (s->n)
    return false;
  return true;
}

static bool
parse_hpe (struct span s, struct hpe *ret)
{
  struct span rest, number;

  *ret = (struct hpe){ .family = { s.at, 0 } };
  ret->date = take_date_in_parentheses (&s);
  if (!ret->date)
    ret->date = take_date_in_words (&s);
  while (s.n && s.at[s.n - 1] == ' ')
    s.n--;
  if (take_drive (s, ret))
    return true;
  take_rom_family (&s, ret);
  if (s.n > 1 && s.at[0] == 'v')
    s = span_after (s, 1);
  if (s.n > 2 && s.at[0] == '0' && s.at[1] == 'x') {
    ret->family = (struct span){ s.at, 2 };
    s = span_after (s, 2);
    ret->numbers = s;
    return span_count (s, is_hex) == s.n;
  }
  /* A first number that begins with a letter is a word, not a number. */
  if (!s.n || !is_digit (s.at[0]))
    return false;
  ret->numbers = rest = s;
  while (rest.n)
    if (!take_number (&rest, &number))
      return false;
  return true;
}

static char
upper (char c)
{
  return c >= 'a' && c <= 'z' ? (char) (c - 'a' + 'A') : c;
}

/* Same width: digits before letters, letters without case. */
static int
order_of_equal_width (struct span a, struct span b)
{
  for (size_t i = 0; i < a.n; i++) {
    char x = upper (a.at[i]), y = upper (b.at[i]);

    if (x != y)
      return x > y ? 1 : -1;
  }
  return 0;
}

static bool
number_order (struct span a, struct span b, int *ret_order)
{
  if (span_count (a, is_digit) == a.n && span_count (b, is_digit) == b.n)
    *ret_order = span_number_order (a, b);
  else if (a.n == b.n)
    *ret_order = order_of_equal_width (a, b);
  else if (!a.n || !b.n)
    *ret_order = a.n ? 1 : -1; /* a hexadecimal number more than the other has */
  else
    return false;
  return true;
}

/* One hexadecimal number of any length. */
static int
hex_order (struct span a, struct span b)
{
  while (a.n && a.at[0] == '0')
    a = span_after (a, 1);
  while (b.n && b.at[0] == '0')
    b = span_after (b, 1);
  if (a.n != b.n)
    return a.n > b.n ? 1 : -1;
  return order_of_equal_width (a, b);
}

static bool
numbers_order (struct span a, struct span b, int *ret_order)
{
  *ret_order = 0;
  while ((a.n || b.n) && !*ret_order) {
    struct span x = { a.at, 0 }, y = { b.at, 0 };

    if ((a.n && !take_number (&a, &x)) || (b.n && !take_number (&b, &y))
        || !number_order (x, y, ret_order))
      return false;
  }
  return true;
}

bool
fettle_version_compare_hpe (struct span a, struct span b, int *ret_order)
{
  struct hpe x, y;
  int order;

  if (!parse_hpe (a, &x) || !parse_hpe (b, &y) || span_text_order (x.family, y.family))
    return false;
  if (x.family.n == 2)
    order = hex_order (x.numbers, y.numbers);
  else if (x.family.n == 3 && x.numbers.n == 1 && x.numbers.at == x.family.at + 3)
    order = order_of_equal_width (x.numbers, y.numbers);
  else if (!numbers_order (x.numbers, y.numbers, &order))
    return false;
  if (!order && x.date && y.date)
    order = (x.date > y.date) - (x.date < y.date);
  *ret_order = order;
  return true;
}

/* ---- fos ---- */

struct fos {
  struct span number[3], letters, last; /* v8.2.3c1: 8 2 3, c, 1 */
};

static bool
is_small_letter (char c)
{
  return c >= 'a' && c <= 'z';
}

static bool
parse_fos (struct span s, struct fos *ret)
{
  if (s.n && s.at[0] == 'v')
    s = span_after (s, 1);
  for (int i = 0; i < 3; i++) {
    size_t n = span_count (s, is_digit);

    if (!n || (i < 2 && (n == s.n || s.at[n] != '.')))
      return false;
    ret->number[i] = (struct span){ s.at, n };
    s = span_after (s, i < 2 ? n + 1 : n);
  }
  ret->letters = (struct span){ s.at, span_count (s, is_small_letter) };
  s = span_after (s, ret->letters.n);
  ret->last = (struct span){ s.at, span_count (s, is_digit) };
  return ret->last.n == s.n && ret->letters.n < 3 && (ret->letters.n || !ret->last.n);
}

bool
fettle_version_compare_fos (struct span a, struct span b, int *ret_order)
{
  struct fos x, y;
  int order = 0;

  if (!parse_fos (a, &x) || !parse_fos (b, &y))
    return false;
  for (int i = 0; i < 3 && !order; i++)
    order = span_number_order (x.number[i], y.number[i]);
  if (!order)
    order = span_text_order (x.letters, y.letters);
  *ret_order = order ? order : span_number_order (x.last, y.last);
  return true;
}
