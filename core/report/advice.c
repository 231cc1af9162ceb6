/* advice.c - results and states in plain words: what to do now.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "util/base.h"

#include "report/internal.h"

struct words {
  const char *name, *text;
};

static const char *
look_up (const struct words *table, size_t n, const char *name)
{
  for (size_t i = 0; i < n; i++)
    if (strcmp (table[i].name, name) == 0)
      return table[i].text;
  return "";
}

static const struct words codes[] = {
  { "internal",    "This is a defect of Fettle or of the plugin: please report it, with the log." },
  { "nomem",       "Memory ran out: run fewer operations at the same time (setting workers)." },
  { "config",      "Correct what the message names, then run it again." },
  { "unreachable", "Check that the node is on, that its address is right, and that firewalls on the "
                   "way let through what “fettle ports” lists." },
  { "auth",        "Correct the node's user, password or key, then run it again." },
  { "protocol",    "The node's answer wasn't understood: look at the log, and check the node's own "
                   "health." },
  { "unsupported", "This can't be done on this node: leave the component out, or do it by the "
                   "node's own means." },
  { "busy",        "Something else is working on the node: wait for it, then run it again." },
  { "timeout",     "The node took too long: check its load and the network, or raise the timeout." },
  { "rejected",    "The node refused the component: check that it is meant for this model, and "
                   "what must be installed before it." },
  { "aborted",     "It was stopped on request: run it again to go on." },
  { "service",     "Part of Fettle that this needs isn't there: check the installation." },
};

static const struct words states[] = {
  { "unknown",        "It isn't known whether this was installed: run an inventory of the node." },
  { "blocked",        "Something that this needs is missing: see why, install that first." },
  { "skipped",        "Not done, since something before it on this node failed." },
  { "waiting-reboot", "Takes effect when the node is restarted." },
  { "aborted",        "It was stopped on request: run it again to go on." },
};

const char *
fettle_report_advice (const char *code)
{
  return look_up (codes, COUNT (codes), code);
}

const char *
fettle_report_state_advice (const char *state)
{
  return look_up (states, COUNT (states), state);
}

const char *
fettle_report_exit_meaning (int code)
{
  switch (code) {
  case 0:   return "all is done";
  case 1:   return "all is done; a restart is needed";
  case 3:   return "nothing was needed";
  case 252: return "a command failed";
  case 253: return "at least one component or node failed";
  case 254: return "the input was wrong";
  default:  return "a general failure";
  }
}
