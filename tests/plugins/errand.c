/* errand.c - a well-behaved plugin for tests and measurements of ssh/1: runs
 * the command of the node's setting "command" and tells how it went.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include <stdlib.h>
#include <string.h>

#include <fettle/services.h>
#include <fettle/util.h>

#define HOST const struct fettle_host *h, fettle_ctx *c, const struct fettle_target *t
#define SHOWN 3000

static const struct fettle_port ports[] = { FETTLE_TO (FETTLE_BOTH, FETTLE_TCP, 22, "SSH") };

static const struct fettle_setting settings[] = {
  { "ssh_port", FETTLE_SETTING_PORT, 22, "22", "port of the node's SSH server" },
  { "command", FETTLE_SETTING_TEXT, 0, "true", "what to run" },
  { "then", FETTLE_SETTING_TEXT, 0, NULL, "what to run after it" },
  { "root", FETTLE_SETTING_BOOL, 0, "no", "as root" },
  { "input", FETTLE_SETTING_UINT, 0, "0", "bytes of input, of all values in turn" },
  { "fill", FETTLE_SETTING_TEXT, 0, NULL, "input instead, with the node's secrets filled in" },
  { "timeout", FETTLE_SETTING_UINT, 0, "0", "ms" },
  { "remote", FETTLE_SETTING_TEXT, 0, "/nowhere", "where deploy puts file 0" },
  { "offset", FETTLE_SETTING_UINT, 0, "0", "from where on" },
};

/* What came on one stream: its beginning, its size, and whether it was the
 * pattern that was sent. */
struct heard {
  char text[SHOWN + 1];
  unsigned long long size;
  int differs;
};

static unsigned char
pattern (unsigned long long i)
{
  return (unsigned char) (i ^ i >> 8 ^ i >> 16);
}

static fettle_result
hear (struct heard *x, const void *data, size_t size)
{
  const unsigned char *p = data;

  for (size_t i = 0; i < size; i++, x->size++) {
    if (x->size < SHOWN)
      x->text[x->size] = (char) p[i];
    if (p[i] != pattern (x->size))
      x->differs = 1;
  }
  return FETTLE_OK;
}

static fettle_result
out (void *opaque, const void *data, size_t size)
{
  struct heard *x = opaque;

  return hear (&x[0], data, size);
}

static fettle_result
err (void *opaque, const void *data, size_t size)
{
  struct heard *x = opaque;

  return hear (&x[1], data, size);
}

static void
tell (const struct fettle_host *h, fettle_ctx *c, const char *id, const char *name, const char *version)
{
  struct fettle_item item;

  memset (&item, 0, sizeof item);
  item.struct_size = sizeof item;
  item.id = id;
  item.kind = "hardware";
  item.name = name;
  item.version = version;
  h->add_item (c, &item);
}

static void
report (const struct fettle_host *h, fettle_ctx *c, struct heard *x, int32_t status)
{
  static const char *const ids[] = { "out", "err" };
  char text[64];

  for (int i = 0; i < 2; i++) {
    snprintf (text, sizeof text, "%llu bytes%s", x[i].size, x[i].differs ? "" : ", the pattern");
    tell (h, c, ids[i], x[i].text, text);
  }
  snprintf (text, sizeof text, "%d", (int) status);
  tell (h, c, "status", text, "");
}

static fettle_result
run (HOST, const char *command)
{
  const struct fettle_ssh *ssh = h->service (c, "ssh", 1);
  struct heard *x = calloc (2, sizeof *x);
  size_t n = strtoul (h->setting (c, "input"), NULL, 10);
  unsigned char *input = n ? malloc (n) : NULL;
  const char *fill = h->setting (c, "fill");
  struct fettle_ssh_command cmd;
  int32_t status = -2;
  fettle_result r = FETTLE_E_NOMEM;

  (void) t;
  memset (&cmd, 0, sizeof cmd);
  if (!ssh || !x || (n && !input))
    goto done;
  for (size_t i = 0; i < n; i++)
    input[i] = pattern (i);
  cmd.struct_size = sizeof cmd;
  cmd.flags = strcmp (h->setting (c, "root"), "yes") == 0 ? FETTLE_SSH_AS_ROOT : 0;
  cmd.port = 22;
  cmd.timeout_ms = (uint32_t) strtoul (h->setting (c, "timeout"), NULL, 10);
  cmd.command = command;
  cmd.input = input;
  cmd.input_size = n;
  if (fill) {
    cmd.flags |= FETTLE_SSH_FILL;
    cmd.input = fill;
    cmd.input_size = strlen (fill);
  }
  cmd.out = out;
  cmd.err = err;
  cmd.opaque = x;
  r = ssh->run (c, &cmd, &status);
  if (r == FETTLE_OK)
    report (h, c, x, status);
done:
  free (input);
  free (x);
  return r;
}

static fettle_result
inventory (HOST)
{
  const char *then = h->setting (c, "then");
  fettle_result r = run (h, c, t, h->setting (c, "command"));

  if (r == FETTLE_E_TIMEOUT && then)
    fettle_say (h, c, FETTLE_LOG_WARNING, "timed out, going on");
  else if (r != FETTLE_OK)
    return r;
  return then ? run (h, c, t, then) : FETTLE_OK;
}

static fettle_result
deploy (HOST, const struct fettle_image *image)
{
  const struct fettle_ssh *ssh = h->service (c, "ssh", 1);
  uint32_t flags = strcmp (h->setting (c, "root"), "yes") == 0 ? FETTLE_SSH_AS_ROOT : 0;

  (void) t, (void) image;
  return ssh->put (c, 22, flags, 0, strtoull (h->setting (c, "offset"), NULL, 10),
                   h->setting (c, "remote"));
}

static const struct fettle_node_type types[] = {
  { .name = "errand", .title = "Errand", .position = 2001, .hosts = FETTLE_HOST_LINUX,
    .ports = ports, .n_ports = FETTLE_COUNT (ports), .settings = settings,
    .n_settings = FETTLE_COUNT (settings), .services = "ssh/1", .inventory = inventory,
    .deploy = deploy },
};

static const struct fettle_plugin plugin = {
  FETTLE_HEAD, .name = "errand", .version = "1", .description = "runs a command",
  .node_types = types, .n_node_types = FETTLE_COUNT (types),
};

FETTLE_REGISTER (errand, plugin)
