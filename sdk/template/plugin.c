/* @name@.c - @title@: a node type of Fettle.
 *
 * SPDX-License-Identifier: @license@
 */
#include <string.h>

#include <fettle/services.h>
#include <fettle/util.h>

#define MODEL      "@type@" /* of the file of quirks */
#define VERSION_MAX 64

/* Begin here: what isn't in this table doesn't work. */
static const struct fettle_port ports[] = {
  FETTLE_TO (FETTLE_BOTH, FETTLE_TCP, 443, "HTTPS: version"),
};

static const struct fettle_setting settings[] = {
  { "https_port", FETTLE_SETTING_PORT, 443, "443", "port of the web server" },
};

/* Asks the node for its version.  What it sends is foreign: of a length and of
 * characters that nobody promised. */
static fettle_result
read_version (const struct fettle_host *h, fettle_ctx *c, char ret[VERSION_MAX])
{
  const struct fettle_http *http = h->service (c, "http", 1);
  const char *path = h->quirk (c, MODEL, "version_path");
  struct fettle_http_answer answer = { .struct_size = sizeof answer };
  const struct fettle_http_request request = {
    .struct_size = sizeof request, .flags = FETTLE_HTTP_BASIC, .port = 443, .method = "GET",
    .path = path ? path : "/version",
  };
  fettle_result r;
  size_t n;

  if (!http)
    return h->error (c, FETTLE_E_SERVICE, "this Fettle has no http/1");
  r = http->request (c, &request, &answer);
  if (r != FETTLE_OK)
    return r; /* it has said why */
  if (answer.status == 401 || answer.status == 403)
    return fettle_fail (h, c, FETTLE_E_AUTH, "it refuses the user (%d)", (int) answer.status);
  n = strspn (answer.body, "0123456789.");
  if (answer.status != 200 || n == 0 || n >= VERSION_MAX || answer.body[n] > ' ')
    return fettle_fail (h, c, FETTLE_E_PROTOCOL, "%s answers %d and no version", request.path, (int) answer.status);
  memcpy (ret, answer.body, n);
  ret[n] = '\0';
  return FETTLE_OK;
}

/* Is the node one of ours? */
static fettle_result
probe (const struct fettle_host *h, fettle_ctx *c, const struct fettle_target *t, uint32_t *score)
{
  char version[VERSION_MAX];
  fettle_result r = read_version (h, c, version);

  (void) t;
  *score = r == FETTLE_OK ? 60 : 0;
  return r == FETTLE_E_PROTOCOL ? FETTLE_OK : r; /* something else answers: that is no error */
}

static fettle_result
inventory (const struct fettle_host *h, fettle_ctx *c, const struct fettle_target *t)
{
  char version[VERSION_MAX];
  const struct fettle_item item = {
    .struct_size = sizeof item, .id = "firmware", .kind = "firmware", .name = "@title@ firmware",
    .version = version, .scheme = "dotted", .match = "@type@:firmware",
  };
  fettle_result r = read_version (h, c, version);

  (void) t;
  return r == FETTLE_OK ? h->add_item (c, &item) : r;
}

static const struct fettle_node_type types[] = {
  {
    .name = "@type@",
    .title = "@title@",
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
  .name = "@name@",
  .version = "0.1",
  .description = "@title@",
  .node_types = types,
  .n_node_types = FETTLE_COUNT (types),
};

FETTLE_REGISTER (@name@, plugin)
