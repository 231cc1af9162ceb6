/* window.h - maintenance windows: when something new may begin on a node.
 *
 *   WINDOW  SPAN [; SPAN ...]   open when one of them is; or "always", "never"
 *   SPAN    [DAYS] HH:MM-HH:MM [ZONE]
 *   DAYS    Mon, Mon-Fri, Sat,Sun, Fri-Mon,Wed; without: each day
 *   ZONE    Europe/Berlin; without: this host's own
 *
 * The clock on the wall of the zone decides: a window is open while that shows
 * one of its minutes, from the first to before the last.  So a time that is
 * jumped over in spring isn't there that day, and one that comes twice in
 * autumn is open twice.  One that ends before it begins ends the next day;
 * DAYS are those on which it begins.  24:00 is the end of the day.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef FETTLE_WINDOW_H
#define FETTLE_WINDOW_H

#include "util/error.h"
#include "util/zone.h"

#define FETTLE_WINDOW_SPANS 16
#define FETTLE_WINDOW_TEXT  1024 /* bytes of a window's text, at most */

struct fettle_window {
  bool never;
  size_t n;                    /* 0: always open, unless never */
  struct fettle_window_span {
    uint8_t days;              /* bit 0: Sunday */
    uint16_t from, to;         /* minutes of the day, 0 .. 1440 */
    char zone[FETTLE_ZONE_MAX];
  } spans[FETTLE_WINDOW_SPANS];
};

/* NULL and "" are "always". */
fettle_result fettle_window_parse (const char *text, struct fettle_window *ret,
                                   struct fettle_error *);

bool fettle_window_is_open (const struct fettle_window *, int64_t now);

/* When it next opens or closes; 0: not within nine days, so never. */
int64_t fettle_window_change (const struct fettle_window *, int64_t now);

/* "2026-12-01T02:00[:00]", a space for the T, then "Z", "+01:00", " ZONE" or
 * nothing, which is this host's own zone.  A time that comes twice is the
 * first, one that is jumped over an error. */
fettle_result fettle_moment_parse (const char *text, int64_t *ret, struct fettle_error *);

#endif
