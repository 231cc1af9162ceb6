/* node.c - a BMC by the standard, and by what redfish.quirks knows of its model.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <fettle/services.h>
#include <fettle/util.h>

#include "node.h"

#define AT   fettle_redfish_at
#define TEXT fettle_redfish_text

enum { WORD_MAX = 100, MODEL_SIZE = 200, ID_SIZE = 300, SECONDS_MAX = 7200 };

static uint32_t
tls (const struct fettle_host *h, fettle_ctx *c)
{
  const char *old = h->setting (c, "old_tls");

  return old && strcmp (old, "yes") == 0 ? FETTLE_HTTP_OLD_TLS : 0;
}

/* ---- which model ---- */

/* In lower case, what isn't printable or a '/' as '-'. */
static void
append (char *to, size_t size, const char *text)
{
  size_t n = strlen (to), end = n + WORD_MAX / 2 < size - 1 ? n + WORD_MAX / 2 : size - 1;

  for (; *text && n < end; text++)
    to[n++] = *text >= 'A' && *text <= 'Z' ? (char) (*text - 'A' + 'a')
              : *text > ' ' && *text < 0x7f && *text != '/' ? *text : '-';
  to[n] = '\0';
}

void
redfish_model (const char *vendor, const char *product, const char *firmware, char *ret, size_t size)
{
  size_t n;

  ret[0] = '\0';
  append (ret, size - 2, vendor);
  n = strlen (ret);
  memcpy (ret + n, "/", 2);
  append (ret, size - 1, product);
  n = strlen (ret);
  memcpy (ret + n, "/", 2);
  append (ret, size, firmware);
}

/* The first member of a collection; NULL if there is none that can be read. */
static json_t *
first (struct fettle_redfish *r, const char *key)
{
  const char *path = fettle_redfish_link (fettle_redfish_root (r), key), *member;
  json_t *collection = NULL, *found = NULL;

  if (!path || fettle_redfish_get (r, path, &collection, NULL) != FETTLE_OK)
    return NULL;
  member = fettle_redfish_link (json_array_get (AT (collection, "Members"), 0), "");
  if (member)
    fettle_redfish_get (r, member, &found, NULL);
  json_decref (collection);
  return found;
}

static const char *
vendor_of (const json_t *root, const json_t *system)
{
  const char *vendor = TEXT (root, "Vendor");

  return *vendor ? vendor : TEXT (system, "Manufacturer");
}

static void
read_model (struct fettle_redfish *r, char *model, size_t size)
{
  const json_t *root = fettle_redfish_root (r);
  json_t *manager = first (r, "Managers"), *system = *TEXT (root, "Vendor") ? NULL : first (r, "Systems");
  const char *product = TEXT (root, "Product");

  redfish_model (vendor_of (root, system), *product ? product : TEXT (manager, "Model"),
                 TEXT (manager, "FirmwareVersion"), model, size);
  json_decref (manager);
  json_decref (system);
}

static const char *
quirk (const struct fettle_host *h, fettle_ctx *c, const char *model, const char *key)
{
  return FETTLE_HAS (h, struct fettle_host, quirk) ? h->quirk (c, model, key) : NULL;
}

static uint32_t
seconds (const struct fettle_host *h, fettle_ctx *c, const char *model, const char *key, uint32_t otherwise)
{
  const char *text = quirk (h, c, model, key);
  unsigned long n = text ? strtoul (text, NULL, 10) : otherwise;

  return n < SECONDS_MAX ? (uint32_t) n : SECONDS_MAX;
}

/* ---- probe ---- */

/* Less sure than a plugin that knows its vendor. */
fettle_result
redfish_probe (REDFISH_CALL, uint32_t *score)
{
  struct fettle_redfish *r = NULL;
  fettle_result result = fettle_redfish_open (h, c, t, 443, tls (h, c), &r);

  *score = 0;
  if (result == FETTLE_OK && *TEXT (fettle_redfish_root (r), "RedfishVersion"))
    *score = 50;
  fettle_redfish_close (r, result);
  return result == FETTLE_E_PROTOCOL || result == FETTLE_E_UNSUPPORTED || result == FETTLE_E_AUTH ? FETTLE_OK
                                                                                                  : result;
}

/* ---- inventory ---- */

struct items {
  const struct fettle_host *h;
  fettle_ctx *c;
  const char *only; /* ids that count begin so, or NULL */
  json_t *ids;
};

/* A word of a match, of what a node says. */
static void
add_word (char *match, size_t size, const char *prefix, const char *text)
{
  char word[WORD_MAX + 1] = "";
  size_t n = strlen (match);

  append (word, sizeof word, text);
  if (word[0] && n + strlen (prefix) + strlen (word) + 2 < size)
    snprintf (match + n, size - n, "%s%s%s", n ? " " : "", prefix, word);
}

static fettle_result
add_member (void *opaque, const json_t *member)
{
  struct items *v = opaque;
  const char *id = TEXT (member, "Id"), *name = TEXT (member, "Name"), *software = TEXT (member, "SoftwareId");
  char key[ID_SIZE] = "firmware:", match[300] = "";
  struct fettle_item item;
  json_int_t n;

  if (v->only && strncmp (id, v->only, strlen (v->only)) != 0)
    return FETTLE_OK;
  if (!*name && !*id) {
    v->h->log (v->c, FETTLE_LOG_WARNING, "a firmware has neither name nor id, and is left out");
    return FETTLE_OK;
  }
  append (key, sizeof key - 10, *software ? software : *id ? id : name);
  n = json_integer_value (json_object_get (v->ids, key)) + 1;
  if (json_object_set_new (v->ids, key, json_integer (n)) != 0)
    return v->h->error (v->c, FETTLE_E_NOMEM, "no memory");
  if (n > 1)
    snprintf (key + strlen (key), 10, "#%d", (int) (n % 100000));
  add_word (match, sizeof match, "redfish:", software);
  add_word (match, sizeof match, "redfish:", id);
  memset (&item, 0, sizeof item);
  item.struct_size = sizeof item;
  item.kind = "firmware";
  item.id = key;
  item.name = *name ? name : id;
  item.version = TEXT (member, "Version");
  item.scheme = strcmp (TEXT (member, "VersionScheme"), "SemVer") == 0 ? "semver" : "hpe";
  item.match = match[0] ? match : NULL;
  if (json_is_true (AT (member, "Updateable")))
    item.flags |= FETTLE_ITEM_UPDATEABLE;
  return v->h->add_item (v->c, &item);
}

static fettle_result
add_system (struct items *v, const json_t *system)
{
  struct fettle_item item;

  if (!*TEXT (system, "Model"))
    return FETTLE_OK;
  memset (&item, 0, sizeof item);
  item.struct_size = sizeof item;
  item.kind = "hardware";
  item.id = "system";
  item.name = TEXT (system, "Model");
  item.version = "";
  return v->h->add_item (v->c, &item);
}

static fettle_result
read_firmware (struct fettle_redfish *r, struct items *v)
{
  const char *path = fettle_redfish_link (fettle_redfish_root (r), "UpdateService");
  json_t *service = NULL;
  uint32_t left_out = 0;
  fettle_result result;

  if (!path)
    return v->h->error (v->c, FETTLE_E_UNSUPPORTED, "the node has no Redfish UpdateService, which tells of"
                        " firmware");
  result = fettle_redfish_get (r, path, &service, NULL);
  path = result == FETTLE_OK ? fettle_redfish_link (service, "FirmwareInventory") : NULL;
  if (path)
    result = fettle_redfish_each (r, path, add_member, v, &left_out);
  json_decref (service);
  if (left_out)
    fettle_say (v->h, v->c, FETTLE_LOG_WARNING, "%u of the node's firmware couldn't be read", left_out);
  return result;
}

fettle_result
redfish_inventory (REDFISH_CALL)
{
  struct fettle_redfish *r = NULL;
  struct items v = { h, c, NULL, json_object () };
  char model[MODEL_SIZE];
  json_t *system = NULL;
  fettle_result result = v.ids ? fettle_redfish_open (h, c, t, 443, tls (h, c), &r)
                               : h->error (c, FETTLE_E_NOMEM, "no memory");

  if (result == FETTLE_OK)
    result = fettle_redfish_login (r);
  if (result == FETTLE_OK) {
    read_model (r, model, sizeof model);
    fettle_say (h, c, FETTLE_LOG_INFO, "its model, as quirks call it: %s", model);
    v.only = quirk (h, c, model, "only_ids");
    system = first (r, "Systems");
    result = add_system (&v, system);
  }
  if (result == FETTLE_OK)
    result = read_firmware (r, &v);
  json_decref (system);
  fettle_redfish_close (r, result);
  json_decref (v.ids);
  return result;
}

/* ---- deployment ---- */

/* What quirks say of the ways, and of the time that it takes. */
static void
ways (struct fettle_redfish_update *u)
{
  char model[MODEL_SIZE];
  const char *no;

  read_model (u->redfish, model, sizeof model);
  fettle_redfish_ways (u->service, &u->ways);
  no = quirk (u->h, u->c, model, "no_ways");
  if (no && strstr (no, "pull"))
    u->ways.pull[0] = '\0';
  if (no && strstr (no, "multipart"))
    u->ways.multipart[0] = '\0';
  if (no && strstr (no, "push"))
    u->ways.push[0] = '\0';
  u->reset_s = seconds (u->h, u->c, model, "reset_s", u->reset_s);
  u->fetch_s = seconds (u->h, u->c, model, "fetch_s", u->fetch_s);
  u->silent_s = seconds (u->h, u->c, model, "silent_s", u->silent_s);
}

fettle_result
redfish_deploy (REDFISH_CALL, const struct fettle_image *image)
{
  const char *timeout = h->setting (c, "reset_timeout");
  struct fettle_redfish_updater updater;

  memset (&updater, 0, sizeof updater);
  updater.tls = tls (h, c);
  updater.away_s = timeout ? (uint32_t) strtoul (timeout, NULL, 10) : 900;
  updater.reset_s = 5;
  updater.fetch_s = 120;
  updater.silent_s = 300;
  updater.ways = ways;
  return fettle_redfish_deploy (h, c, t, image, &updater);
}
