/* route.h - what of a request is read before its handler sees it: path, query
 * and JSON body.  Pure: no I/O.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef FETTLE_ROUTE_H
#define FETTLE_ROUTE_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>

#include "serve/request.h"
#include "util/error.h"

#define FETTLE_PARAMETER_MAX 1024 /* bytes of ":x", decoded */
#define FETTLE_QUERY_MAX 32       /* fields of a query */
#define FETTLE_JSON_DEPTH 32      /* of a body */

/* Does the path (encoded, without query) fit the row's?  Sets the parameter to
 * the encoded text in it, or to NULL. */
bool fettle_route_fits (const struct fettle_route *, const char *path, const char **ret_parameter,
                        size_t *ret_size);

/* Decodes %xx: to UTF-8 without control characters.  NULL when it isn't that,
 * or is longer than max.  The caller frees. */
char *fettle_percent_decode (const char *text, size_t size, bool plus_is_space, size_t max);

/* "a=1&b=x%20y" as an object of strings; a name twice is an error. */
fettle_result fettle_query_parse (const char *query, json_t **ret, struct fettle_error *);

/* Is a Content-Type JSON?  NULL: no. */
bool fettle_type_is_json (const char *content_type);

/* Reads a JSON object; `read` is json_load_callback's. */
fettle_result fettle_body_parse (json_load_callback_t read, void *arg, json_t **ret,
                                 struct fettle_error *);

#endif
