/* fill.h - the node's secrets in what is sent to it: fettle/services.h has the
 * words.  SPDX-License-Identifier: Apache-2.0
 */
#ifndef FETTLE_FILL_H
#define FETTLE_FILL_H

#include "transport/context.h"
#include "util/buf.h"

/* Adds the text to the buffer, filled in.  AUTH when a secret is wanted that
 * the user gave none of. */
fettle_result fettle_fill (fettle_ctx *, const char *text, size_t size, struct fettle_buf *ret);

#endif
