/* status-body.h - what a node posts as its status, as one JSON object.
 *
 * JSON must be an object.  A form becomes an object of texts.  XML is kept as
 * it came, {"xml": "<...>"}: it is the plugin's to read, whose process is
 * confined; the service parses no more of what strangers write than it must.
 * Pure: no I/O.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef FETTLE_STATUS_BODY_H
#define FETTLE_STATUS_BODY_H

#include <jansson.h>
#include <stddef.h>

#include "util/error.h"

/* `type`: the Content-Type.  UNSUPPORTED for one that is none of these three,
 * CONFIG for a body that isn't what its type says. */
fettle_result fettle_status_read (const char *type, const char *body, size_t size, json_t **ret,
                                  struct fettle_error *);

#endif
