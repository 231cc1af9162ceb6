/* sbom.c - GET /baselines/B/sbom and /nodes/N/sbom.
 * SPDX-License-Identifier: Apache-2.0 */
#include "util/base.h"

#include <time.h>

#include "engine/internal.h"
#include "report/sbom.h"
#include "util/secret.h"

static void
answer (struct fettle_request *r, const char *subject, const char *name, const char *version,
        const json_t *parts)
{
  unsigned char serial[16];
  struct fettle_error err;
  json_t *sbom;

  if (fettle_random (serial, sizeof serial, &err)) {
    fettle_request_fail (r, &err);
    return;
  }
  sbom = fettle_sbom (subject, name, version, parts, serial, time (NULL));
  if (sbom)
    fettle_request_reply (r, 200, sbom);
  else {
    fettle_error_set (&err, FETTLE_E_NOMEM, "no memory for the document");
    fettle_request_fail (r, &err);
  }
}

void
fettle_api_baseline_sbom (void *engine, struct fettle_request *r)
{
  struct fettle_engine *e = engine;
  _cleanup_json_ json_t *ids = NULL, *parts = NULL, *signature = NULL;
  _cleanup_free_ char *name = NULL;
  struct fettle_error err;
  struct fettle_rows rows;
  int64_t id = fettle_baseline_find (e, r->parameter, &err);
  char version[32] = "";

  if (!id) {
    fettle_request_fail (r, &err);
    return;
  }
  fettle_store_query (e->store, &rows, "SELECT name, signature FROM baseline WHERE id = ?", "i", id);
  fettle_rows_next (&rows);
  name = strdup (fettle_rows_text (&rows, 0));
  signature = fettle_rows_json (&rows, 1);
  fettle_rows_end (&rows);
  if (json_object_get (signature, "version"))
    snprintf (version, sizeof version, "%lld",
              (long long) json_integer_value (json_object_get (signature, "version")));
  ids = json_pack ("[I]", (json_int_t) id);
  parts = fettle_baselines_components (e, ids);
  answer (r, "platform", name, *version ? version : NULL, parts);
}

void
fettle_api_node_sbom (void *engine, struct fettle_request *r)
{
  struct fettle_engine *e = engine;
  _cleanup_json_ json_t *items = NULL;
  _cleanup_free_ char *name = NULL;
  struct fettle_error err;
  struct fettle_rows rows;
  int64_t id = fettle_node_find (e, r->parameter, &err);

  if (!id) {
    fettle_request_fail (r, &err);
    return;
  }
  fettle_store_query (e->store, &rows, "SELECT name FROM node WHERE id = ?", "i", id);
  fettle_rows_next (&rows);
  name = strdup (fettle_rows_text (&rows, 0));
  fettle_rows_end (&rows);
  items = fettle_node_items (e, id);
  answer (r, "device", name, NULL, items);
}
