/* fc-rest.c - Fabric OS by REST: the session, and the inventory.  Made after
 * what the maker's own clients do; tried on no switch.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include <stdio.h>
#include <string.h>

#include <fettle/util.h>

#include "fc-rest.h"

enum { DEPTH_MAX = 12 };

int
fc_is_rest (const struct fettle_host *h, fettle_ctx *c)
{
  const char *text = h->setting (c, "interface");

  return text && strcmp (text, "rest") == 0;
}

/* ---- Reading JSON ---- */

static const json_t *
find (const json_t *json, const char *name, unsigned depth)
{
  const json_t *value, *found = json_object_get (json, name);
  const char *key;
  size_t i;

  if (json_is_integer (found) || json_is_string (found) || depth == DEPTH_MAX)
    return found;
  found = NULL;
  json_object_foreach ((json_t *) json, key, value)
    found = found ? found : find (value, name, depth + 1);
  json_array_foreach (json, i, value)
    found = found ? found : find (value, name, depth + 1);
  return found;
}

const char *
fc_rest_text (const json_t *json, const char *name, char *buffer, size_t size)
{
  const json_t *found = find (json, name, 0);

  if (json_is_integer (found)) {
    snprintf (buffer, size, "%" JSON_INTEGER_FORMAT, json_integer_value (found));
    return buffer;
  }
  return json_is_string (found) ? json_string_value (found) : "";
}

/* ---- Requests ---- */

static fettle_result
send (struct fc_rest *f, const char *method, const char *path, const char *body, uint32_t flags,
      struct fettle_http_answer *answer)
{
  const struct fettle_http *http = f->h->service (f->c, "http", 1);
  struct fettle_http_request q;
  struct fettle_http_part part;
  char fields[800];

  snprintf (fields, sizeof fields, "Accept: application/yang-data+json%s%s%s", body ? "\nContent-Type: application/yang-data+json" : "",
            f->key[0] ? "\n" : "", f->key);
  memset (&q, 0, sizeof q);
  memset (&part, 0, sizeof part);
  memset (answer, 0, sizeof *answer);
  answer->struct_size = sizeof *answer;
  q.struct_size = sizeof q;
  q.flags = flags | (body ? FETTLE_HTTP_FILL : 0);
  q.port = 443;
  q.method = method;
  q.path = path;
  q.fields = fields;
  part.data = body;
  part.size = body ? strlen (body) : 0;
  q.parts = &part;
  q.part_size = sizeof part;
  q.n_parts = body ? 1 : 0;
  return http->request (f->c, &q, answer);
}

/* {"errors": {"error": [{"error-message": ...}]}}, or nothing that is known. */
static fettle_result
refused (struct fc_rest *f, const char *method, const char *path, const struct fettle_http_answer *a)
{
  json_t *json = json_loadb (a->body, (size_t) a->size, 0, NULL);
  char number[30], words[400];
  fettle_result r = a->status == 401 || a->status == 403   ? FETTLE_E_AUTH
                    : a->status == 429 || a->status == 503 ? FETTLE_E_BUSY
                    : a->status == 404 || a->status == 405 ? FETTLE_E_UNSUPPORTED : FETTLE_E_REJECTED;

  snprintf (words, sizeof words, "%.390s", fc_rest_text (json, "error-message", number, sizeof number));
  json_decref (json);
  return fettle_fail (f->h, f->c, r, "%s %s: the switch answers with status %d%s%s%s", method, path, (int) a->status,
                      *words ? ": " : "", words,
                      r == FETTLE_E_AUTH          ? ".  It refuses the user or the password, or has no free session"
                      : r == FETTLE_E_UNSUPPORTED ? ".  REST is there from Fabric OS 8.2 on: is it turned on (mgmtapp)?"
                                                    "  Otherwise set interface to ssh" : "");
}

fettle_result
fc_rest_ask (struct fc_rest *f, const char *method, const char *path, const char *body, json_t **ret)
{
  struct fettle_http_answer a;
  fettle_result r = send (f, method, path, body, 0, &a);
  json_t *json;

  if (r != FETTLE_OK)
    return r;
  if (a.status < 200 || a.status > 299)
    return refused (f, method, path, &a);
  if (!ret)
    return FETTLE_OK;
  json = json_loadb (a.body, (size_t) a.size, 0, NULL);
  *ret = json_incref (json_object_get (json, "Response"));
  json_decref (json);
  return *ret ? FETTLE_OK : fettle_fail (f->h, f->c, FETTLE_E_PROTOCOL, "%s %s: the switch's answer isn't one of Fabric OS: it"
                                         " begins with \"%.40s\"", method, path, a.body);
}

/* The session's key is the answer's own Authorization. */
static int
take_key (struct fc_rest *f, const char *fields)
{
  static const char name[] = "Authorization:";
  const char *line = fields;

  while (line && *line) {
    size_t n = strcspn (line, "\r\n"), i;

    for (i = 0; i + 1 < sizeof name && (line[i] | 0x20) == (name[i] | 0x20); i++)
      ;
    if (i + 1 == sizeof name && n < sizeof f->key) {
      memcpy (f->key, line, n);
      f->key[n] = '\0';
      return 1;
    }
    line += n + strspn (line + n, "\r\n");
  }
  return 0;
}

fettle_result
fc_rest_open (struct fc_rest *f, ILO_CALL)
{
  struct fettle_http_answer a;
  fettle_result r;

  memset (f, 0, sizeof *f);
  f->h = h;
  f->c = c;
  f->t = t;
  r = send (f, "POST", "/rest/login", NULL, FETTLE_HTTP_BASIC, &a);
  if (r != FETTLE_OK)
    return r;
  if (a.status < 200 || a.status > 299)
    return refused (f, "POST", "/rest/login", &a);
  return take_key (f, a.fields) ? FETTLE_OK : h->error (c, FETTLE_E_PROTOCOL, "the switch lets us in, and names no session");
}

void
fc_rest_close (struct fc_rest *f, fettle_result how)
{
  struct fettle_http_answer a;

  if (f->key[0] && how != FETTLE_E_UNREACHABLE && how != FETTLE_E_TIMEOUT
      && (send (f, "POST", "/rest/logout", NULL, 0, &a) != FETTLE_OK || a.status > 299))
    f->h->log (f->c, FETTLE_LOG_WARNING, "the switch's REST session couldn't be ended");
  f->key[0] = '\0';
}

/* ---- Inventory ---- */

#define SWITCH  "/rest/running/brocade-fibrechannel-switch/fibrechannel-switch"
#define CHASSIS "/rest/running/brocade-chassis/chassis"

fettle_result
fc_rest_version (struct fc_rest *f, char *ret, size_t size)
{
  char number[30];
  json_t *json = NULL;
  fettle_result r = fc_rest_ask (f, "GET", SWITCH, NULL, &json);

  snprintf (ret, size, "%s", fc_rest_text (json, "firmware-version", number, sizeof number));
  json_decref (json);
  return r != FETTLE_OK || *ret ? r : f->h->error (f->c, FETTLE_E_PROTOCOL, "the switch doesn't tell its firmware's version");
}

static fettle_result
add (struct fc *f, const json_t *json, const char *key, const char *id, const char *name)
{
  char number[30], value[100];

  snprintf (value, sizeof value, "%s", fc_rest_text (json, key, number, sizeof number));
  return *value ? fc_add (f, "hardware", id, name, value) : FETTLE_OK;
}

static fettle_result
add_switch (struct fc *f, const json_t *json)
{
  char number[30], model[60], version[60], name[90];
  struct fettle_item item;
  fettle_result r;

  snprintf (model, sizeof model, "%s", fc_rest_text (json, "model", number, sizeof number));
  snprintf (version, sizeof version, "%s", fc_rest_text (json, "firmware-version", number, sizeof number));
  if (!*version)
    return f->h->error (f->c, FETTLE_E_PROTOCOL, "the switch doesn't tell its firmware's version");
  memset (&item, 0, sizeof item);
  item.struct_size = sizeof item;
  item.kind = "firmware";
  item.id = "firmware:fos";
  item.name = "Fabric OS";
  item.version = version;
  item.scheme = "fos";
  item.match = "brocade:fos";
  item.flags = FETTLE_ITEM_UPDATEABLE;
  r = f->h->add_item (f->c, &item);
  snprintf (name, sizeof name, "Brocade switch, type %s", model);
  if (r == FETTLE_OK && *model)
    r = fc_add (f, "hardware", "system", name, "");
  if (r == FETTLE_OK)
    r = add (f, json, "user-friendly-name", "name", "Switch name");
  return r == FETTLE_OK ? add (f, json, "name", "wwn", "WWN") : r;
}

static fettle_result
read_all (struct fc *f, struct fc_rest *rest)
{
  json_t *json = NULL, *chassis = NULL;
  fettle_result r = fc_rest_ask (rest, "GET", SWITCH, NULL, &json);

  if (r == FETTLE_OK)
    r = add_switch (f, json);
  if (r == FETTLE_OK)
    r = fc_rest_ask (rest, "GET", CHASSIS, NULL, &chassis);
  if (r == FETTLE_OK)
    r = add (f, chassis, "vendor-serial-number", "serial", "Serial number");
  if (r == FETTLE_OK)
    r = add (f, chassis, "serial-number", "factory-serial", "Factory serial number");
  if (r == FETTLE_OK)
    r = add (f, chassis, "vendor-part-number", "part", "Part number");
  json_decref (json);
  json_decref (chassis);
  return r;
}

fettle_result
fc_rest_inventory (struct fc *f)
{
  struct fc_rest rest;
  fettle_result r = fc_rest_open (&rest, f->h, f->c, f->t);

  if (r == FETTLE_OK)
    r = read_all (f, &rest);
  fc_rest_close (&rest, r);
  return r;
}

fettle_result
fc_rest_probe (struct fc *f, uint32_t *score)
{
  struct fc_rest rest;
  char version[60];
  fettle_result r = fc_rest_open (&rest, f->h, f->c, f->t);

  if (r == FETTLE_OK)
    r = fc_rest_version (&rest, version, sizeof version);
  *score = r == FETTLE_OK ? 95 : 0;
  fc_rest_close (&rest, r);
  return r == FETTLE_E_PROTOCOL || r == FETTLE_E_UNSUPPORTED || r == FETTLE_E_AUTH ? FETTLE_OK : r;
}
