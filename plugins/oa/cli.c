/* cli.c - the command line of an OA, over SSH: what is left to ask where its
 * web server is off.
 *
 * In script mode nothing is paged and nothing is asked back; where an OA is so
 * old that it has none, the pager is answered.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include <stdio.h>
#include <string.h>

#include <fettle/dialogue.h>
#include <fettle/util.h>

#include "oa.h"

static const char *const commands[] = {
  "show enclosure info", "show oa status all", "show oa info all", "show oa network all", "show server info all",
  "show interconnect info all", "show enclosure fan all", "show enclosure powersupply all",
};

/* "OA-1C98EC1F8273 [SCRIPT MODE]> ": who we talk to. */
static void
note_asked (const char *prompt, struct oa_enclosure *e)
{
  size_t n = strcspn (prompt, " [>"), i;

  for (i = 0; i < e->n; i++) {
    struct oa_thing *t = &e->things[i];

    if (t->kind == OA_MANAGER && n > 0 && strlen (t->host) == n && strncmp (t->host, prompt, n) == 0)
      t->here = 1;
  }
}

static fettle_result
read_all (const struct fettle_host *h, fettle_ctx *c, struct fettle_dialogue *d, struct oa_enclosure *e)
{
  fettle_result r = FETTLE_OK;
  const char *text;
  unsigned found = 0;
  size_t i;

  for (i = 0; r == FETTLE_OK && i < FETTLE_COUNT (commands); i++) {
    r = fettle_dialogue_run (d, commands[i], &text);
    if (r == FETTLE_OK)
      found += (unsigned) oa_read_cli (text, strlen (text), e);
    h->progress (c, (uint32_t) (200 + 90 * i), commands[i]);
    note_asked (fettle_dialogue_prompt (d), e);
    if (oa_is_standby (e)) /* which knows no more than that */
      break;
  }
  if (r == FETTLE_OK && !found)
    return fettle_fail (h, c, FETTLE_E_PROTOCOL, "the command line answers, but not as an Onboard Administrator's");
  oa_enclosure_tidy (e);
  return r;
}

fettle_result
oa_ask_cli (OA_CALL, struct oa_enclosure *e)
{
  static const struct fettle_dialogue_rule rules[] = { FETTLE_DIALOGUE_MORE };
  struct fettle_dialogue_options options;
  struct fettle_dialogue *d = NULL;
  fettle_result r;

  memset (&options, 0, sizeof options);
  options.port = 22;
  options.flags = FETTLE_SSH_TERMINAL;
  options.prompt = "^[^ ]+( \\[SCRIPT MODE\\])?> $";
  options.leave = "exit";
  options.rules = rules;
  options.n_rules = FETTLE_COUNT (rules);
  r = fettle_dialogue_open (h, c, t, &options, &d);
  if (r == FETTLE_OK)
    r = fettle_dialogue_run (d, "set script mode on", NULL);
  if (r == FETTLE_OK)
    r = read_all (h, c, d, e);
  fettle_dialogue_close (d, r);
  return r;
}
