/* inventory.c - runs inventory.sh on the node and reads what it says.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "inventory.h"

#include <stdlib.h>
#include <string.h>

#include "linux.h"

static fettle_result
take_out (void *opaque, const void *data, size_t size)
{
  return inventory_feed (opaque, data, size);
}


static fettle_result
take_err (void *opaque, const void *data, size_t size)
{
  struct inventory *v = opaque;
  char clean[300];

  /* Tools complain about what they lack: for the log, and not at any length. */
  if (size > 0 && v->complaints < INVENTORY_WARNINGS) {
    v->complaints++;
    v->host->log (v->ctx, FETTLE_LOG_INFO, text_clean (clean, sizeof clean, data, size));
  }
  return FETTLE_OK;
}

fettle_result
linux_inventory (const struct fettle_host *host, fettle_ctx *ctx,
                 const struct fettle_target *target)
{
  struct linux_call call;
  struct inventory *v = NULL;
  struct text script = { .max = 64 * 1024 };
  struct fettle_ssh_command command = {
    .struct_size = sizeof command,
    .port = LINUX_SSH_PORT,
    .command = "/bin/sh -s",
    .out = take_out,
    .err = take_err,
  };
  char marker[64] = "@fettle-";
  int32_t status;
  fettle_result result = linux_call_init (&call, host, ctx, target);

  if (result != FETTLE_OK)
    return result;
  v = malloc (sizeof *v);
  if (!v || text_random (marker + strlen (marker)) != 0 || text_puts (&script, "M=") != 0
      || text_puts (&script, marker) != 0 || text_puts (&script, "\n") != 0
      || text_puts (&script, linux_inventory_sh) != 0) {
    result = host->error (ctx, FETTLE_E_NOMEM, "no memory, or no random numbers from the system");
    goto out;
  }
  inventory_init (v, host, ctx, marker);
  command.input = script.data;
  command.input_size = script.size;
  command.opaque = v;
  result = call.ssh->run (ctx, &command, &status);
  if (result == FETTLE_OK)
    result = inventory_finish (v);
  inventory_clear (v);
out:
  text_clear (&script);
  free (v);
  return result;
}
