/* What an iLO says: /xmldata, and JSON as an inventory, an iLO 4's, a system, a
 * message.  Ids differ, match words are words, texts end.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include <jansson.h>
#include <stdlib.h>
#include <string.h>

#include "../../plugins/ilo/ilo.h"
#include "../../plugins/ilo/items.h"
#include "../../sdk/lib/fettle/redfish.h"
#include "../../sdk/lib/redfish-internal.h"
#include "fuzz/fuzz.h"

/* libxml2 keeps its last error until the thread ends. */
const char *__lsan_default_suppressions (void);
const char *
__lsan_default_suppressions (void)
{
  return "leak:xmlGetGlobalState";
}

static json_t *ids;

static fettle_result
add_item (fettle_ctx *c, const struct fettle_item *i)
{
  (void) c;
  MUST (i->id[0] && i->name[0] && i->version && strlen (i->id) < 300);
  for (const char *p = i->id; *p; p++)
    MUST (*p > ' ' && *p < 0x7f);
  for (const char *p = i->match ? i->match : "guid:x"; *p; p++)
    MUST (*p >= ' ' && *p < 0x7f && !(*p >= 'A' && *p <= 'Z'));
  /* One that names itself "x#2" may meet another's number; no more than that. */
  if (!strchr (i->id, '#'))
    MUST (!json_object_get (ids, i->id));
  json_object_set_new (ids, i->id, json_true ());
  return FETTLE_OK;
}

static void
log_text (fettle_ctx *c, uint32_t level, const char *text)
{
  (void) c;
  MUST (level <= FETTLE_LOG_DEBUG && *text);
}

typedef fettle_result reader (struct ilo_items *, const json_t *);

static void
look (reader *read, const json_t *json)
{
  static const struct fettle_host host = { .struct_size = sizeof host, .log = log_text, .add_item = add_item };
  struct ilo_items v = { &host, NULL, "hpe", 0, json_object () };

  ids = json_object ();
  MUST (read (&v, json) == FETTLE_OK);
  json_decref (v.ids);
  json_decref (ids);
}

int
LLVMFuzzerTestOneInput (const uint8_t *data, size_t size)
{
  json_t *json = json_loadb ((const char *) data, size, 0, NULL);
  struct ilo_identity who;
  char text[64], path[100];

  if (!ilo_identify ((const char *) data, size, &who))
    MUST (!who.generation && !who.product[0]);
  MUST (who.generation < 10 && memchr (who.model, '\0', sizeof who.model));
  if (fettle_redfish_location ((const char *) data, size, path, sizeof path))
    MUST (path[0] == '/' && fettle_redfish_path_ok (path));
  if (!json)
    return 0;
  look (ilo_items_firmware, json);
  look (ilo_items_ilo4, json);
  look (ilo_items_system, json);
  MUST (strlen (fettle_redfish_message (json, text, sizeof text)) < sizeof text);
  json_decref (json);
  return 0;
}
