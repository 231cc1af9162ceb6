/* probe.c - is this a Linux machine that answers on SSH?
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "linux.h"

#include <string.h>

fettle_result
linux_probe (const struct fettle_host *host, fettle_ctx *ctx, const struct fettle_target *target,
             uint32_t *score)
{
  struct linux_call call;
  struct linux_answer answer = { .out.max = 4096 };
  char name[64];
  fettle_result result;

  *score = 0;
  result = linux_call_init (&call, host, ctx, target);
  if (result != FETTLE_OK)
    return result;
  result = linux_run (&call, "uname -s\n", 0, 20000, &answer);
  if (result == FETTLE_OK && answer.status == 0 && answer.out.data) {
    text_clean (name, sizeof name, answer.out.data, answer.out.size);
    if (strcmp (name, "Linux") == 0)
      *score = 90; /* not 100: an appliance may be Linux beneath its own type */
  }
  linux_answer_clear (&answer);
  /* Whoever answers a shell's question with something else isn't Linux. */
  return result == FETTLE_E_PROTOCOL ? FETTLE_OK : result;
}
