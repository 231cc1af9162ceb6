/* selector.h - which nodes are meant, by what is known of them.
 *
 *   SELECTOR  TERM [, TERM ...]       all of them must hold
 *   TERM      KEY = VALUE, KEY == VALUE, KEY != VALUE
 *             KEY in (VALUE, ...), KEY notin (VALUE, ...)
 *             KEY                     there is one
 *             !KEY                    there is none
 *
 * A key is name, address, type, group or state of a node, else one of its
 * labels.  != and notin hold, too, where there is no such label.  A '*' at the
 * end of a value stands for anything.  Pure: no I/O.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef FETTLE_SELECTOR_H
#define FETTLE_SELECTOR_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>

#include "util/error.h"

#define FETTLE_SELECTOR_TEXT   1024 /* bytes with NUL */
#define FETTLE_SELECTOR_TERMS  32
#define FETTLE_SELECTOR_VALUES 128  /* of all terms */

enum fettle_selector_op { FETTLE_SELECT_IN, FETTLE_SELECT_NOT_IN, FETTLE_SELECT_THERE,
                          FETTLE_SELECT_NOT_THERE };

struct fettle_selector {
  char text[FETTLE_SELECTOR_TEXT]; /* in pieces, which the rest points into */
  struct fettle_selector_term {
    const char *key;
    enum fettle_selector_op op;
    size_t first, n;               /* of values */
  } terms[FETTLE_SELECTOR_TERMS];
  const char *values[FETTLE_SELECTOR_VALUES];
  size_t n_terms, n_values;
};

/* Not to be copied: it points into itself. */
fettle_result fettle_selector_parse (const char *text, struct fettle_selector *ret,
                                     struct fettle_error *);

/* Does it hold for this node (as the API shows nodes)? */
bool fettle_selector_fits (const struct fettle_selector *, const json_t *node);

#endif
