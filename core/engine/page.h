/* page.h - lists in pages: ?limit=N&after=PLACE, and filters.
 *
 * A page goes on behind the id that the one before ended with, so what is
 * added or removed meanwhile moves nothing: no row comes twice, none that was
 * there all the time is left out.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef FETTLE_PAGE_H
#define FETTLE_PAGE_H

#include <jansson.h>
#include <stdint.h>

#include "serve/request.h"
#include "util/error.h"

#define FETTLE_PAGE_MAX 1000 /* rows of a page that was asked for */

struct fettle_page {
  const json_t *query;
  int64_t after;  /* 0: the beginning */
  int64_t read;   /* rows to ask the store for: one more than are shown */
  int64_t limit;  /* INT64_MAX: all */
  int64_t next;   /* 0: this was the last page */
  json_t *rows;   /* the caller's, by fettle_page_reply */
};

/* `filters`: names of the query's fields, beside limit and after; others are an
 * error.  `limit`: without one in the query; 0: all. */
fettle_result fettle_page_init (struct fettle_page *, const struct fettle_request *,
                                const char *filters, int64_t limit, struct fettle_error *);

/* A filter's value, or NULL. */
const char *fettle_page_filter (const struct fettle_page *, const char *name);

/* Takes over the row's reference, in the list's order. */
void fettle_page_add (struct fettle_page *, int64_t id, json_t *row);

/* {NAME: rows, "next": place or null} */
void fettle_page_reply (struct fettle_page *, struct fettle_request *, const char *name);

#endif
