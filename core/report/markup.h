/* markup.h - HTML and XML as they are written.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef FETTLE_MARKUP_H
#define FETTLE_MARKUP_H

#include "util/buf.h"

struct fettle_markup {
  struct fettle_buf *b;
  bool full; /* something didn't fit: all that comes is left out */
};

/* As it is. */
void fettle_markup_raw (struct fettle_markup *, const char *);

/* Foreign text, between tags or in an attribute.  What neither HTML nor XML
 * can have, control characters for example, becomes U+FFFD. */
void fettle_markup_text (struct fettle_markup *, const char *);

/* <name>text</name> */
void fettle_markup_element (struct fettle_markup *, const char *name, const char *text);
/* A blank, name="text" */
void fettle_markup_attribute (struct fettle_markup *, const char *name, const char *text);

/* page.c: what all pages have; columns and captions may be foreign. */
void fettle_html_begin (struct fettle_markup *, const char *title);
void fettle_html_table (struct fettle_markup *, const char *caption, const char *const *columns,
                        size_t n);
void fettle_html_table_end (struct fettle_markup *);
void fettle_html_end (struct fettle_markup *, const char *note);

#endif
