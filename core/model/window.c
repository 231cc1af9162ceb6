/* window.c - see window.h.  SPDX-License-Identifier: Apache-2.0 */
#include "util/base.h"

#include "model/window.h"

#define MINUTE     60
#define HOUR       3600
#define DAY_MINUTE 1440
#define HORIZON    (9 * 24) /* hours that are looked ahead: more than a week, whatever clocks do */

static const char day_names[7][4] = { "Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat" };

/* ---- Reading ---- */

static fettle_result
wrong (const char *text, const char *what, struct fettle_error *err)
{
  return fettle_error_set (err, FETTLE_E_CONFIG,
                           "the window \"%.200s\" %s: write it like \"Mon-Fri 22:00-04:00"
                           " Europe/Berlin\", several with ; between", text, what);
}

static const char *
skip_space (const char *p)
{
  return p + strspn (p, " \t");
}

/* -1: no name of a day. */
static int
day_of (const char **p)
{
  for (int i = 0; i < 7; i++)
    if (strncmp (*p, day_names[i], 3) == 0) {
      *p += 3;
      return i;
    }
  return -1;
}

static bool
read_days (const char **p, uint8_t *ret)
{
  *ret = 0;
  for (;;) {
    int first = day_of (p), last = first;

    if (first < 0)
      return false;
    if (**p == '-') {
      ++*p;
      last = day_of (p);
    }
    if (last < 0)
      return false;
    for (int d = first;; d = (d + 1) % 7) {
      *ret |= (uint8_t) (1u << d);
      if (d == last)
        break;
    }
    if (**p != ',')
      return true;
    ++*p;
  }
}

static bool
read_number (const char **p, unsigned digits, int max, int *ret)
{
  *ret = 0;
  for (unsigned i = 0; i < digits; i++, ++*p) {
    if (**p < '0' || **p > '9')
      return false;
    *ret = *ret * 10 + (**p - '0');
  }
  return *ret <= max;
}

static bool
read_clock (const char **p, uint16_t *ret)
{
  int hour, minute;

  if (!read_number (p, 2, 24, &hour) || *(*p)++ != ':' || !read_number (p, 2, 59, &minute)
      || (hour == 24 && minute))
    return false;
  *ret = (uint16_t) (hour * 60 + minute);
  return true;
}

static fettle_result
read_zone (const char *from, const char *end, char ret[FETTLE_ZONE_MAX], struct fettle_error *err)
{
  while (end > from && (end[-1] == ' ' || end[-1] == '\t'))
    end--;
  if ((size_t) (end - from) < FETTLE_ZONE_MAX) {
    memcpy (ret, from, (size_t) (end - from));
    ret[end - from] = '\0';
    if (fettle_zone_known (ret))
      return FETTLE_OK;
  }
  return fettle_error_set (err, FETTLE_E_CONFIG,
                           "there is no time zone \"%.*s\" on this host: it must be one of"
                           " /usr/share/zoneinfo, like Europe/Berlin (is tzdata installed?)",
                           (int) (end - from > 64 ? 64 : end - from), from);
}

/* One span, from p to end. */
static fettle_result
read_span (const char *text, const char *p, const char *end, struct fettle_window_span *ret,
           struct fettle_error *err)
{
  p = skip_space (p);
  ret->days = 0x7f;
  if (*p >= 'A' && *p <= 'Z') {
    if (!read_days (&p, &ret->days) || (*p != ' ' && *p != '\t'))
      return wrong (text, "has days that can't be read (they are Mon Tue Wed Thu Fri Sat Sun)", err);
    p = skip_space (p);
  }
  if (!read_clock (&p, &ret->from) || *p++ != '-' || !read_clock (&p, &ret->to)
      || (p < end && *p != ' ' && *p != '\t') || p > end)
    return wrong (text, "has no times that can be read", err);
  if (ret->from == ret->to || ret->from == DAY_MINUTE)
    return wrong (text, "has no length (a whole day is 00:00-24:00)", err);
  p = skip_space (p);
  return read_zone (p, p > end ? p : end, ret->zone, err);
}

fettle_result
fettle_window_parse (const char *text, struct fettle_window *ret, struct fettle_error *err)
{
  struct fettle_window w = { 0 };
  const char *p = text ? text : "";

  if (strlen (p) > FETTLE_WINDOW_TEXT)
    return fettle_error_set (err, FETTLE_E_CONFIG, "a window has at most %d bytes",
                             FETTLE_WINDOW_TEXT);
  w.never = strcmp (p, "never") == 0;
  if (!*p || w.never || strcmp (p, "always") == 0) {
    *ret = w;
    return FETTLE_OK;
  }
  for (;; p++) {
    const char *end = p + strcspn (p, ";");

    if (w.n == FETTLE_WINDOW_SPANS)
      return wrong (text, "has more than 16 spans", err);
    if (read_span (text, p, end, &w.spans[w.n], err))
      return err->code;
    w.n++;
    p = end;
    if (!*p)
      break;
  }
  *ret = w;
  return FETTLE_OK;
}

/* ---- Open or not ---- */

/* Does the wall's clock show one of the span's minutes? */
static bool
span_open (const struct fettle_window_span *s, int64_t now, int32_t offset)
{
  int64_t minutes = (now + offset) / MINUTE; /* since 1970, a Thursday, by the wall */
  int minute = (int) (minutes % DAY_MINUTE), day = (int) ((minutes / DAY_MINUTE + 4) % 7);

  if (s->from < s->to)
    return (s->days & (1u << day)) && minute >= s->from && minute < s->to;
  return ((s->days & (1u << day)) && minute >= s->from)
         || ((s->days & (1u << ((day + 6) % 7))) && minute < s->to);
}

bool
fettle_window_is_open (const struct fettle_window *w, int64_t now)
{
  for (size_t i = 0; i < w->n; i++) {
    int32_t offset;

    fettle_zone_offsets (w->spans[i].zone, &now, 1, &offset);
    if (span_open (&w->spans[i], now, offset))
      return true;
  }
  return w->n == 0 && !w->never;
}

/* Adds what is open of the hour's minutes: bit n is minute n. */
static uint64_t
open_minutes (const struct fettle_window_span *s, int64_t hour, int32_t first, int32_t last)
{
  int64_t times[60];
  int32_t offsets[60];
  uint64_t open = 0;

  for (int m = 0; m < 60; m++) {
    times[m] = hour + m * MINUTE;
    offsets[m] = first;
  }
  if (first != last)
    fettle_zone_offsets (s->zone, times, 60, offsets);
  for (int m = 0; m < 60; m++)
    if (span_open (s, times[m], offsets[m]))
      open |= UINT64_C (1) << m;
  return open;
}

int64_t
fettle_window_change (const struct fettle_window *w, int64_t now)
{
  int64_t hours[HORIZON + 1], start = now - now % HOUR;
  int32_t offsets[HORIZON + 1];
  uint64_t open[HORIZON] = { 0 };
  bool is_open = fettle_window_is_open (w, now);

  for (int h = 0; h <= HORIZON; h++)
    hours[h] = start + (int64_t) h * HOUR;
  for (size_t i = 0; i < w->n; i++) {
    fettle_zone_offsets (w->spans[i].zone, hours, HORIZON + 1, offsets);
    for (int h = 0; h < HORIZON; h++)
      open[h] |= open_minutes (&w->spans[i], hours[h], offsets[h], offsets[h + 1]);
  }
  for (int h = 0; w->n && h < HORIZON; h++)
    for (int m = 0; m < 60; m++) {
      int64_t at = hours[h] + m * MINUTE;

      if (at > now && (bool) (open[h] >> m & 1) != is_open)
        return at;
    }
  return 0;
}

/* ---- A moment ---- */

/* Days since 1970 of a date of the Gregorian calendar. */
static int64_t
days_of (int year, int month, int day)
{
  int64_t y = year - (month <= 2), era = y / 400, of_era = y - era * 400;
  int64_t of_year = (153 * (month + (month > 2 ? -3 : 9)) + 2) / 5 + day - 1;

  return era * 146097 + of_era * 365 + of_era / 4 - of_era / 100 + of_year - 719468;
}

static bool
date_exists (int year, int month, int day)
{
  static const int lengths[] = { 31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31 };
  bool leap = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;

  return year >= 1970 && month >= 1 && month <= 12 && day >= 1
         && day <= lengths[month - 1] + (leap && month == 2);
}

/* The wall's time as if it were UTC. */
static bool
read_wall (const char **p, int64_t *ret)
{
  int year, month, day, hour, minute, second = 0;

  if (!read_number (p, 4, 9999, &year) || *(*p)++ != '-' || !read_number (p, 2, 12, &month)
      || *(*p)++ != '-' || !read_number (p, 2, 31, &day) || (**p != 'T' && **p != ' '))
    return false;
  ++*p;
  if (!read_number (p, 2, 23, &hour) || *(*p)++ != ':' || !read_number (p, 2, 59, &minute))
    return false;
  if (**p == ':') {
    ++*p;
    if (!read_number (p, 2, 59, &second))
      return false;
  }
  *ret = days_of (year, month, day) * 86400 + hour * HOUR + minute * MINUTE + second;
  return date_exists (year, month, day);
}

/* The zone's offsets a day before and after are all that it can be. */
static bool
by_zone (const char *zone, int64_t wall, int64_t *ret)
{
  int64_t around[2] = { wall - 86400, wall + 86400 }, times[2];
  int32_t offsets[2], real[2];

  fettle_zone_offsets (zone, around, 2, offsets);
  times[0] = wall - offsets[0];
  times[1] = wall - offsets[1];
  fettle_zone_offsets (zone, times, 2, real);
  for (int i = 0; i < 2; i++)
    if (real[i] == offsets[i]) {
      *ret = i == 0 && real[1] == offsets[1] && times[1] < times[0] ? times[1] : times[i];
      return true;
    }
  return false;
}

fettle_result
fettle_moment_parse (const char *text, int64_t *ret, struct fettle_error *err)
{
  const char *p = text;
  char zone[FETTLE_ZONE_MAX];
  int64_t wall;
  int hour, minute;

  if (!read_wall (&p, &wall))
    return fettle_error_set (err, FETTLE_E_CONFIG, "\"%.80s\" is no time: write it like"
                                                   " 2026-12-01T02:00, with Z, +01:00 or a zone's"
                                                   " name behind it if need be", text);
  if (strcmp (p, "Z") == 0) {
    *ret = wall;
    return FETTLE_OK;
  }
  if (*p == '+' || *p == '-') {
    int sign = *p++ == '-' ? -1 : 1;

    if (!read_number (&p, 2, 23, &hour) || *p++ != ':' || !read_number (&p, 2, 59, &minute) || *p)
      return fettle_error_set (err, FETTLE_E_CONFIG, "\"%.80s\" doesn't end like +01:00", text);
    *ret = wall - sign * (hour * HOUR + minute * MINUTE);
    return FETTLE_OK;
  }
  if (*p && *p != ' ')
    return fettle_error_set (err, FETTLE_E_CONFIG, "\"%.80s\" must have a space before the zone", text);
  p = skip_space (p);
  if (read_zone (p, p + strlen (p), zone, err))
    return err->code;
  if (by_zone (zone, wall, ret))
    return FETTLE_OK;
  return fettle_error_set (err, FETTLE_E_CONFIG, "\"%.80s\" isn't there: the zone's clocks jump over"
                                                 " that time", text);
}
