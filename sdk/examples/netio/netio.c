/* netio.c - PowerPDU of NETIO: a node type of Fettle for a device with a
 * public API, M2M JSON (netio-products.com), built outside of Fettle's tree.
 *
 * The API reads and switches; it has no call that updates, so this can do an
 * inventory.
 *
 * SPDX-License-Identifier: Apache-2.0 OR BSD-2-Clause
 */
#include <jansson.h>
#include <string.h>

#include <fettle/services.h>
#include <fettle/util.h>

#define TEXT_MAX 64
#define OUTPUTS_MAX 64

static const struct fettle_port ports[] = {
  FETTLE_TO_OPT (FETTLE_INVENTORY, FETTLE_TCP, 80, "HTTP, where HTTPS is off"),
  FETTLE_TO (FETTLE_BOTH, FETTLE_TCP, 443, "HTTPS: M2M JSON"),
};

static const struct fettle_setting settings[] = {
  { "https_port", FETTLE_SETTING_PORT, 443, "443", "port of the web server with TLS" },
  { "http_port", FETTLE_SETTING_PORT, 80, "80", "port of the web server without" },
  { "tls", FETTLE_SETTING_BOOL, 0, "yes", "no: by HTTP, the password in clear text" },
};

/* ---- What the device says is foreign: of a kind and length that nobody promised ---- */

static int
take_text (const json_t *object, const char *name, char ret[TEXT_MAX])
{
  const char *text = json_string_value (json_object_get (object, name));
  size_t i;

  ret[0] = '\0';
  if (!text || !*text)
    return 0;
  for (i = 0; i + 1 < TEXT_MAX && (unsigned char) text[i] >= ' '; i++)
    ret[i] = text[i];
  ret[i] = '\0';
  return i > 0;
}

/* {"Agent": {...}, "Outputs": [...]}; the caller's. */
static fettle_result
ask (const struct fettle_host *h, fettle_ctx *c, json_t **ret)
{
  const struct fettle_http *http = h->service (c, "http", 1);
  const char *tls = h->setting (c, "tls");
  int plain = tls && strcmp (tls, "no") == 0;
  struct fettle_http_answer answer = { .struct_size = sizeof answer };
  const struct fettle_http_request request = {
    .struct_size = sizeof request, .flags = FETTLE_HTTP_BASIC | (plain ? FETTLE_HTTP_PLAIN : 0),
    .port = plain ? 80 : 443, .method = "GET", .path = "/netio.json",
  };
  fettle_result r;

  if (!http)
    return h->error (c, FETTLE_E_SERVICE, "this Fettle has no http/1");
  r = http->request (c, &request, &answer);
  if (r != FETTLE_OK)
    return r; /* it has said why */
  if (answer.status == 401 || answer.status == 403)
    return fettle_fail (h, c, FETTLE_E_AUTH, "it refuses the user (%d): M2M API Protocols, JSON API, has a user and a "
                        "password of its own, and may be off", (int) answer.status);
  if (answer.status != 200)
    return fettle_fail (h, c, FETTLE_E_PROTOCOL, "/netio.json answers %d", (int) answer.status);
  *ret = json_loadb (answer.body, (size_t) answer.size, 0, NULL);
  if (json_is_object (json_object_get (*ret, "Agent")))
    return FETTLE_OK;
  json_decref (*ret);
  return h->error (c, FETTLE_E_PROTOCOL, "/netio.json isn't an object of JSON with an Agent");
}

static fettle_result
probe (const struct fettle_host *h, fettle_ctx *c, const struct fettle_target *t, uint32_t *score)
{
  char model[TEXT_MAX];
  json_t *said = NULL;
  fettle_result r = ask (h, c, &said);

  (void) t;
  *score = 0;
  if (r == FETTLE_E_PROTOCOL)
    return FETTLE_OK; /* something else answers: that is no error */
  if (r != FETTLE_OK)
    return r;
  if (take_text (json_object_get (said, "Agent"), "Model", model))
    *score = strstr (model, "NETIO") || strstr (model, "PowerPDU") || strstr (model, "PowerBOX") ? 95 : 40;
  json_decref (said);
  return FETTLE_OK;
}

static fettle_result
add_outputs (const struct fettle_host *h, fettle_ctx *c, const json_t *outputs)
{
  size_t i, n = json_array_size (outputs);

  if (n > OUTPUTS_MAX)
    return fettle_fail (h, c, FETTLE_E_PROTOCOL, "it has %u outputs, and %d are believable", (unsigned) n, OUTPUTS_MAX);
  for (i = 0; i < n; i++) {
    const json_t *output = json_array_get (outputs, i);
    char name[TEXT_MAX], id[32], location[32];
    const struct fettle_item item = {
      .struct_size = sizeof item, .id = id, .kind = "hardware", .name = name, .version = "", .location = location,
    };
    fettle_result r;

    if (!json_is_integer (json_object_get (output, "ID")) || !take_text (output, "Name", name))
      continue;
    snprintf (id, sizeof id, "output-%u", (unsigned) json_integer_value (json_object_get (output, "ID")));
    snprintf (location, sizeof location, "Output %u", (unsigned) json_integer_value (json_object_get (output, "ID")));
    r = h->add_item (c, &item);
    if (r != FETTLE_OK)
      return r;
  }
  return FETTLE_OK;
}

static fettle_result
inventory (const struct fettle_host *h, fettle_ctx *c, const struct fettle_target *t)
{
  char version[TEXT_MAX], model[TEXT_MAX], name[TEXT_MAX + 16], match[TEXT_MAX + 16];
  const struct fettle_item item = {
    .struct_size = sizeof item, .id = "firmware", .kind = "firmware", .name = name, .version = version,
    .scheme = "dotted", .match = match,
  };
  json_t *said = NULL;
  const json_t *agent;
  fettle_result r = ask (h, c, &said);

  if (r != FETTLE_OK)
    return r;
  agent = json_object_get (said, "Agent");
  if (!take_text (agent, "Version", version) || !take_text (agent, "Model", model))
    r = fettle_fail (h, c, FETTLE_E_PROTOCOL, "%s tells no Model or no Version in /netio.json", t->name);
  else {
    size_t i;

    snprintf (name, sizeof name, "%s firmware", model);
    snprintf (match, sizeof match, "netio:%s", model);
    for (i = 0; match[i]; i++) /* spaces are between several */
      if (match[i] == ' ')
        match[i] = '-';
    r = h->add_item (c, &item);
  }
  if (r == FETTLE_OK)
    r = add_outputs (h, c, json_object_get (said, "Outputs"));
  json_decref (said);
  return r;
}

static const struct fettle_node_type types[] = {
  {
    .name = "netio",
    .title = "NETIO PDU",
    .position = 1000,
    .hosts = FETTLE_HOST_LINUX | FETTLE_HOST_WINDOWS,
    .ports = ports,
    .n_ports = FETTLE_COUNT (ports),
    .settings = settings,
    .n_settings = FETTLE_COUNT (settings),
    .services = "http/1",
    .probe = probe,
    .inventory = inventory,
  },
};

static const struct fettle_plugin plugin = {
  FETTLE_HEAD,
  .name = "netio",
  .version = "0.1",
  .description = "PowerPDU of NETIO, by M2M JSON",
  .node_types = types,
  .n_node_types = FETTLE_COUNT (types),
};

FETTLE_REGISTER (netio, plugin)
