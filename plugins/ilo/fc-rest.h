/* fc-rest.h - Fabric OS by its REST interface (8.2 and later): one session.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef FC_REST_H
#define FC_REST_H

#include <jansson.h>

#include "fc.h"

struct fc_rest {
  const struct fettle_host *h;
  fettle_ctx *c;
  const struct fettle_target *t;
  char key[600]; /* "Authorization: ..." of the session */
};

fettle_result fc_rest_open (struct fc_rest *, ILO_CALL);
/* Ends the session; one that has gone with the switch isn't looked for. */
void fc_rest_close (struct fc_rest *, fettle_result how);

/* "GET", or "POST" of a body in which secrets are filled in.  *ret is the
 * answer's "Response", to be freed; NULL: none is wanted. */
fettle_result fc_rest_ask (struct fc_rest *, const char *method, const char *path, const char *body, json_t **ret);

/* The first text or number of that name, however deep: borrowed text, or "". */
const char *fc_rest_text (const json_t *, const char *name, char *buffer, size_t size);

/* "firmware-version" of the switch. */
fettle_result fc_rest_version (struct fc_rest *, char *ret, size_t size);

#endif
