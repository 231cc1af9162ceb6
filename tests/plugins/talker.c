/* talker.c - a plugin for tests of libfettle-dialogue: asks the commands of the
 * setting "commands", one a line, and makes an item of each answer.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include <stdlib.h>
#include <string.h>

#include <fettle/dialogue.h>
#include <fettle/services.h>
#include <fettle/util.h>

#define HOST const struct fettle_host *h, fettle_ctx *c, const struct fettle_target *t

static const struct fettle_port ports[] = { FETTLE_TO (FETTLE_BOTH, FETTLE_TCP, 22, "SSH") };

static const struct fettle_setting settings[] = {
  { "commands", FETTLE_SETTING_TEXT, 0, "show", "what to ask" },
  { "terminal", FETTLE_SETTING_BOOL, 0, "yes", "on a terminal" },
  { "time", FETTLE_SETTING_UINT, 0, "60000", "ms for each" },
};

static const struct fettle_dialogue_rule rules[] = {
  FETTLE_DIALOGUE_MORE,
  { "Type YES to go on: $", "YES\n", 0, 0, 1 },
  { "Password: $", "%{text:password}\n", FETTLE_E_AUTH, FETTLE_DIALOGUE_FILL, 1 },
};

static fettle_result
tell (HOST, const char *id, const char *name, const char *text)
{
  struct fettle_item item;

  (void) t;
  memset (&item, 0, sizeof item);
  item.struct_size = sizeof item;
  item.id = id;
  item.kind = "hardware";
  item.name = name;
  item.version = text;
  return h->add_item (c, &item);
}

static fettle_result
ask_all (HOST, struct fettle_dialogue *d)
{
  fettle_result r = tell (h, c, t, "greeting", "greeting", fettle_dialogue_greeting (d));
  const char *p = h->setting (c, "commands"), *text;

  for (unsigned i = 1; *p && r == FETTLE_OK; i++) {
    char command[1000], id[20];
    size_t n = strcspn (p, "\n");
    struct fettle_dialogue_ask ask;

    snprintf (command, sizeof command, "%.*s", (int) n, p);
    snprintf (id, sizeof id, "%u", i);
    memset (&ask, 0, sizeof ask);
    ask.command = command;
    ask.flags = FETTLE_DIALOGUE_FILL;
    r = fettle_dialogue_ask (d, &ask, &text);
    if (r == FETTLE_OK)
      r = tell (h, c, t, id, command, text);
    p += n + (p[n] == '\n');
  }
  return r;
}

static fettle_result
inventory (HOST)
{
  struct fettle_dialogue_options o;
  struct fettle_dialogue *d = NULL;
  fettle_result r;

  memset (&o, 0, sizeof o);
  o.port = 22;
  o.flags = strcmp (h->setting (c, "terminal"), "yes") == 0 ? FETTLE_SSH_TERMINAL : 0;
  o.prompt = "^talk> $";
  o.leave = "exit";
  o.rules = rules;
  o.n_rules = FETTLE_COUNT (rules);
  o.time_ms = (uint32_t) strtoul (h->setting (c, "time"), NULL, 10);
  r = fettle_dialogue_open (h, c, t, &o, &d);
  if (r == FETTLE_OK)
    r = ask_all (h, c, t, d);
  fettle_dialogue_close (d, r);
  return r;
}

static const struct fettle_node_type types[] = {
  {
    .name = "talker",
    .title = "Talker",
    .position = 1005,
    .hosts = FETTLE_HOST_LINUX,
    .ports = ports,
    .n_ports = FETTLE_COUNT (ports),
    .settings = settings,
    .n_settings = FETTLE_COUNT (settings),
    .services = "ssh/1",
    .inventory = inventory,
  },
};

static const struct fettle_plugin plugin = {
  FETTLE_HEAD,
  .name = "talker",
  .version = "1",
  .description = "Talks to a command line, for tests",
  .node_types = types,
  .n_node_types = FETTLE_COUNT (types),
};

FETTLE_REGISTER (talker, plugin)
