/* fetch.c - a well-behaved plugin for tests and measurements of http/1 and of
 * TLS on stream/1: makes the request of the node's settings and tells what
 * came of it.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include <stdlib.h>
#include <string.h>

#include <fettle/services.h>
#include <fettle/util.h>

#define HOST const struct fettle_host *h, fettle_ctx *c, const struct fettle_target *t

static const struct fettle_port ports[] = { FETTLE_TO (FETTLE_BOTH, FETTLE_TCP, 443, "HTTPS") };

static const struct fettle_setting settings[] = {
  { "https_port", FETTLE_SETTING_PORT, 443, "443", "port of the node's server" },
  { "method", FETTLE_SETTING_TEXT, 0, "GET", "of the request" },
  { "path", FETTLE_SETTING_TEXT, 0, "/", "of the request" },
  { "fields", FETTLE_SETTING_TEXT, 0, NULL, "of the request" },
  { "body", FETTLE_SETTING_TEXT, 0, NULL, "of the request" },
  { "flags", FETTLE_SETTING_TEXT, 0, "", "plain basic second fill multipart old sink" },
  { "times", FETTLE_SETTING_UINT, 0, "1", "how often" },
  { "timeout", FETTLE_SETTING_UINT, 0, "0", "ms of silence" },
  { "undeclared", FETTLE_SETTING_UINT, 0, NULL, "a port that isn't declared" },
  { "raw", FETTLE_SETTING_TEXT, 0, NULL, "through stream/1 and TLS instead: what to say" },
  { "offset", FETTLE_SETTING_UINT, 0, "0", "deploy: from where on" },
};

struct seen {
  uint64_t bytes, sent, all;
};

static fettle_result
take (void *opaque, const void *data, size_t size)
{
  struct seen *s = opaque;

  (void) data;
  s->bytes += size;
  return s->bytes > 100 * 1024 * 1024 ? FETTLE_E_REJECTED : FETTLE_OK;
}

static void
sent (void *opaque, uint64_t bytes, uint64_t all)
{
  struct seen *s = opaque;

  s->sent = bytes;
  s->all = all;
}

static uint32_t
flags (const char *words)
{
  static const struct { const char *word; uint32_t flag; } all[] = {
    { "plain", FETTLE_HTTP_PLAIN }, { "basic", FETTLE_HTTP_BASIC }, { "fill", FETTLE_HTTP_FILL },
    { "multipart", FETTLE_HTTP_MULTIPART }, { "old", FETTLE_HTTP_OLD_TLS },
    { "second", FETTLE_HTTP_SECOND },
  };
  uint32_t set = 0;

  for (size_t i = 0; i < FETTLE_COUNT (all); i++)
    if (strstr (words, all[i].word))
      set |= all[i].flag;
  return set;
}

static void
tell (const struct fettle_host *h, fettle_ctx *c, const char *id, const char *name, size_t size,
      const char *version)
{
  struct fettle_item item;
  char text[3001];

  snprintf (text, sizeof text, "%.*s", size > 3000 ? 3000 : (int) size, name);
  memset (&item, 0, sizeof item);
  item.struct_size = sizeof item;
  item.id = id;
  item.kind = "hardware";
  item.name = text;
  item.version = version;
  h->add_item (c, &item);
}

static uint32_t
number (const struct fettle_host *h, fettle_ctx *c, const char *name)
{
  return (uint32_t) strtoul (h->setting (c, name), NULL, 10);
}

static fettle_result
run (HOST, struct fettle_http_part *parts, uint32_t n_parts)
{
  const struct fettle_http *http = h->service (c, "http", 1);
  const char *undeclared = h->setting (c, "undeclared"), *how = h->setting (c, "flags");
  struct fettle_http_request q;
  struct fettle_http_answer a;
  struct seen seen = { 0, 0, 0 };
  char text[128];
  fettle_result r = FETTLE_OK;

  (void) t;
  memset (&q, 0, sizeof q);
  memset (&a, 0, sizeof a);
  q.struct_size = sizeof q;
  a.struct_size = sizeof a;
  q.flags = flags (how);
  q.port = undeclared ? number (h, c, "undeclared") : 443;
  q.timeout_ms = number (h, c, "timeout");
  q.method = h->setting (c, "method");
  q.path = h->setting (c, "path");
  q.fields = h->setting (c, "fields");
  q.n_parts = n_parts;
  q.part_size = sizeof *parts;
  q.parts = parts;
  q.body = strstr (how, "sink") ? take : NULL;
  q.sent = sent;
  q.opaque = &seen;
  for (uint32_t i = 0; r == FETTLE_OK && i < number (h, c, "times"); i++)
    r = http->request (c, &q, &a);
  if (r != FETTLE_OK)
    return r;
  snprintf (text, sizeof text, "%d", (int) a.status);
  tell (h, c, "status", text, strlen (text), "");
  snprintf (text, sizeof text, "%llu", (unsigned long long) (q.body ? seen.bytes : a.size));
  tell (h, c, "body", a.body, strlen (a.body), text);
  snprintf (text, sizeof text, "%llu of %llu", (unsigned long long) seen.sent, (unsigned long long) seen.all);
  tell (h, c, "fields", a.fields, strlen (a.fields), text);
  return FETTLE_OK;
}

static fettle_result
speak (HOST, const char *raw)
{
  const struct fettle_stream *s = h->service (c, "stream", 1);
  int32_t handle = s->connect (c, 443, 0);
  fettle_result r = handle < 0 ? handle
                               : s->start_tls (c, handle, flags (h->setting (c, "flags")) & FETTLE_HTTP_OLD_TLS);
  char heard[3000];
  size_t size = 0;
  int64_t n = 1;

  (void) t;
  if (r == FETTLE_OK)
    r = s->write_filled (c, handle, raw);
  while (r == FETTLE_OK && n > 0 && size < sizeof heard) {
    n = s->read (c, handle, heard + size, sizeof heard - size, 0);
    r = n < 0 ? (fettle_result) n : FETTLE_OK;
    size += n > 0 ? (size_t) n : 0;
  }
  if (r == FETTLE_OK)
    tell (h, c, "heard", heard, size, "");
  return r;
}

static fettle_result
inventory (HOST)
{
  const char *body = h->setting (c, "body"), *raw = h->setting (c, "raw");
  struct fettle_http_part part;

  memset (&part, 0, sizeof part);
  part.name = "data";
  part.type = "application/json";
  part.data = body;
  part.size = body ? strlen (body) : 0;
  return raw ? speak (h, c, t, raw) : run (h, c, t, &part, body ? 1 : 0);
}

static fettle_result
deploy (HOST, const struct fettle_image *image)
{
  struct fettle_http_part parts[2];
  uint64_t offset = number (h, c, "offset");
  int multipart = strstr (h->setting (c, "flags"), "multipart") != NULL;

  memset (parts, 0, sizeof parts);
  parts[0].name = "parameters";
  parts[0].type = "application/json";
  parts[0].data = "{\"Targets\": []}";
  parts[0].size = strlen (parts[0].data);
  parts[1].name = "file";
  parts[1].file_name = image->files[0].name;
  parts[1].type = "application/octet-stream";
  parts[1].offset = offset;
  parts[1].size = image->files[0].size - offset;
  return multipart ? run (h, c, t, parts, 2) : run (h, c, t, parts + 1, 1);
}

static const struct fettle_node_type type = {
  .name = "fetch", .title = "Fetch", .position = 2000, .hosts = FETTLE_HOST_LINUX,
  .ports = ports, .n_ports = FETTLE_COUNT (ports), .settings = settings,
  .n_settings = FETTLE_COUNT (settings), .services = "http/1 stream/1", .inventory = inventory,
  .deploy = deploy,
};

static const struct fettle_plugin plugin = {
  FETTLE_HEAD, .name = "fetch", .version = "1", .description = "tests http/1",
  .node_types = &type, .n_node_types = 1,
};

FETTLE_REGISTER (fetch, plugin)
