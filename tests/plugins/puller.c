/* puller.c - a node that pulls its file and posts its status while the
 * deployment waits: for tests of serve/1.
 *
 * deploy starts a script on the node, by SSH, which runs without us: it
 * fetches the file by its one-time URL and posts what came of it.  Meanwhile
 * the task waits ten minutes, or until the node says something.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include <stdlib.h>
#include <string.h>

#include <fettle/services.h>
#include <fettle/util.h>

#define HOST const struct fettle_host *h, fettle_ctx *c, const struct fettle_target *t

static const struct fettle_port ports[] = {
  FETTLE_TO   (FETTLE_BOTH,       FETTLE_TCP, 22,      "SSH"),
  FETTLE_FROM (FETTLE_DEPLOYMENT, FETTLE_LISTEN_HTTP,  "pull"),
  FETTLE_FROM (FETTLE_DEPLOYMENT, FETTLE_LISTEN_HTTPS, "status"),
};

static const struct fettle_setting settings[] = {
  { "folder", FETTLE_SETTING_TEXT, 0, "/nowhere", "where the node keeps its file" },
  { "before", FETTLE_SETTING_TEXT, 0, ":", "a command that the node runs before it pulls" },
};

struct heard {
  char text[4000];
  size_t size;
};

static fettle_result
hear (void *opaque, const void *data, size_t size)
{
  struct heard *x = opaque;

  if (size > sizeof x->text - 1 - x->size)
    size = sizeof x->text - 1 - x->size;
  memcpy (x->text + x->size, data, size);
  x->size += size;
  x->text[x->size] = '\0';
  return FETTLE_OK;
}

static fettle_result
run (const struct fettle_host *h, fettle_ctx *c, const char *command, struct heard *x)
{
  const struct fettle_ssh *ssh = h->service (c, "ssh", 1);
  struct fettle_ssh_command cmd;
  int32_t status;

  memset (&cmd, 0, sizeof cmd);
  memset (x, 0, sizeof *x);
  cmd.struct_size = sizeof cmd;
  cmd.port = 22;
  cmd.command = command;
  cmd.out = hear;
  cmd.opaque = x;
  return ssh->run (c, &cmd, &status);
}

static fettle_result
inventory (HOST)
{
  struct fettle_item item;
  struct heard x;
  char command[300];
  fettle_result r;

  (void) t;
  snprintf (command, sizeof command, "cat %s/version 2>/dev/null || echo 1",
            h->setting (c, "folder"));
  r = run (h, c, command, &x);
  if (r)
    return r;
  x.text[strcspn (x.text, "\n")] = '\0';
  memset (&item, 0, sizeof item);
  item.struct_size = sizeof item;
  item.flags = FETTLE_ITEM_UPDATEABLE;
  item.id = item.match = "pulled";
  item.kind = "firmware";
  item.name = "Pulled firmware";
  item.version = x.text;
  item.scheme = "dotted";
  return h->add_item (c, &item);
}

static fettle_result
begin (HOST, const struct fettle_image *image)
{
  const struct fettle_serve *serve = h->service (c, "serve", 1);
  const char *file = serve->file_url (c, FETTLE_LISTEN_HTTP, 0);
  const char *status = file ? serve->status_url (c, FETTLE_LISTEN_HTTPS) : NULL;
  const char *folder = h->setting (c, "folder");
  char command[3000];
  struct heard x;
  fettle_result r;

  (void) t;
  if (!status)
    return FETTLE_E_SERVICE; /* it has been said why */
  snprintf (command, sizeof command,
            "mkdir -p %s; cd %s; (say () { curl -fsSk --retry 100 --retry-delay 1 --retry-all-errors"
            " -H 'Content-Type: application/json' -d \"$1\" '%s'; }; %s; say '{\"state\":\"began\"}';"
            " curl -fsSL --retry 100 --retry-delay 1 --retry-all-errors -o file '%s' && echo %s >version;"
            " say \"{\\\"state\\\":\\\"done\\\",\\\"sha256\\\":\\\"$(sha256sum <file | cut -c1-64)\\\"}\")"
            " </dev/null >log 2>&1 & echo started",
            folder, folder, status, h->setting (c, "before"), file, image->version);
  r = run (h, c, command, &x);
  return r ? r : h->again (c, 600, "started");
}

static fettle_result
look (HOST, const struct fettle_image *image)
{
  const struct fettle_serve *serve = h->service (c, "serve", 1);
  const char *status;
  fettle_result r;

  while ((r = serve->next_status (c, 100, &status)) == FETTLE_OK) {
    h->log (c, FETTLE_LOG_INFO, status);
    if (strstr (status, "\"done\"")) {
      uint64_t bytes = 0;
      uint32_t answers = 0;

      r = serve->fetched (c, FETTLE_LISTEN_HTTP, 0, &bytes, &answers);
      fettle_say (h, c, FETTLE_LOG_INFO, "%u answers of %llu bytes", (unsigned) answers,
                  (unsigned long long) bytes);
      if (r == FETTLE_OK && !strstr (status, image->files[0].sha256))
        r = fettle_fail (h, c, FETTLE_E_REJECTED, "the file came in another form on %s", t->name);
      return r;
    }
  }
  return r == FETTLE_E_TIMEOUT ? h->again (c, 600, "started") : r;
}

static fettle_result
deploy (HOST, const struct fettle_image *image)
{
  return h->token (c) ? look (h, c, t, image) : begin (h, c, t, image);
}

static const struct fettle_node_type types[] = {
  { .name = "puller", .title = "Puller", .position = 2010, .hosts = FETTLE_HOST_LINUX,
    .ports = ports, .n_ports = FETTLE_COUNT (ports), .settings = settings,
    .n_settings = FETTLE_COUNT (settings), .services = "ssh/1 serve/1", .inventory = inventory,
    .deploy = deploy },
};

static const struct fettle_plugin plugin = {
  FETTLE_HEAD, .name = "puller", .version = "1", .description = "pulls and posts, for tests",
  .node_types = types, .n_node_types = FETTLE_COUNT (types),
};

FETTLE_REGISTER (puller, plugin)
