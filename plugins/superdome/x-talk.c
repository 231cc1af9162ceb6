/* x-talk.c - a conversation with the Onboard Administrator of a Superdome X.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include <stdlib.h>
#include <string.h>

#include <fettle/services.h>
#include <fettle/util.h>

#include "superdome.h"

fettle_result
x_quirk (const struct fettle_host *h, fettle_ctx *c, const char *key, const char **ret)
{
  *ret = FETTLE_HAS (h, struct fettle_host, quirk) ? h->quirk (c, "superdome-x", key) : NULL;
  if (*ret)
    return FETTLE_OK;
  return fettle_fail (h, c, FETTLE_E_CONFIG, "superdome.quirks, which belongs beside the plugin, doesn't say \"%s\" "
                      "for superdome-x", key);
}

uint32_t
x_number (const struct fettle_host *h, fettle_ctx *c, const char *key, uint32_t otherwise)
{
  const char *text = NULL;
  unsigned long n;

  if (x_quirk (h, c, key, &text) != FETTLE_OK)
    return otherwise;
  n = strtoul (text, NULL, 10);
  return n > 0 && n < 1000000 ? (uint32_t) n : otherwise;
}

fettle_result
x_open (SD_CALL, int probing, struct x_talk *ret)
{
  static const struct fettle_dialogue_rule rules[] = { FETTLE_DIALOGUE_MORE };
  struct fettle_dialogue_options o;
  const char *script = NULL, *text;
  fettle_result r;

  memset (&o, 0, sizeof o);
  ret->h = h, ret->c = c, ret->t = t, ret->d = NULL;
  o.port = 22;
  o.flags = FETTLE_SSH_TERMINAL;
  if (probing) { /* a server's shell has another prompt */
    o.time_ms = 15000;
    o.still_ms = 3000;
  }
  o.leave = "exit";
  o.rules = rules;
  o.n_rules = FETTLE_COUNT (rules);
  r = x_quirk (h, c, "prompt", &o.prompt);
  if (r == FETTLE_OK)
    r = x_quirk (h, c, "script_mode", &script);
  if (r == FETTLE_OK)
    r = fettle_dialogue_open (h, c, t, &o, &ret->d);
  if (r == FETTLE_OK && *script)
    r = fettle_dialogue_run (ret->d, script, &text);
  if (r != FETTLE_OK)
    x_close (ret, r);
  return r;
}

void
x_close (struct x_talk *x, fettle_result r)
{
  fettle_dialogue_close (x->d, r);
  x->d = NULL;
}
