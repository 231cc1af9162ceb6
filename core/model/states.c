/* states.c - see states.h.  SPDX-License-Identifier: Apache-2.0 */
#include "util/base.h"

#include "model/states.h"
#include "util/text.h"

const struct fettle_task_states fettle_task_states[] = {
  { "pending",        "installing done failed skipped blocked aborted" },
  { "installing",     "verifying done failed" },
  { "verifying",      "waiting-reboot done failed unknown" },
  { "waiting-reboot", "done failed unknown" },
};
const size_t fettle_n_task_states = COUNT (fettle_task_states);

bool
fettle_task_may (const char *from, const char *to)
{
  if (strcmp (from, to) == 0)
    return true;
  for (size_t i = 0; i < COUNT (fettle_task_states); i++)
    if (strcmp (fettle_task_states[i].state, from) == 0)
      return fettle_has_word (fettle_task_states[i].next, to);
  return false;
}
