/* run.c - scripts on the node.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "linux.h"

#include <stdlib.h>
#include <string.h>

fettle_result
linux_call_init (struct linux_call *c, const struct fettle_host *host, fettle_ctx *ctx,
                 const struct fettle_target *target)
{
  c->host = host;
  c->ctx = ctx;
  c->target = target;
  c->ssh = host->service (ctx, "ssh", 1);
  if (!c->ssh)
    return host->error (ctx, FETTLE_E_SERVICE, "this Fettle has no SSH (service ssh/1)");
  return FETTLE_OK;
}

void
linux_answer_clear (struct linux_answer *a)
{
  text_clear (&a->out);
  text_clear (&a->err);
}

struct taker {
  const struct linux_call *call;
  struct linux_answer *answer;
};

static fettle_result
take_out (void *opaque, const void *data, size_t size)
{
  const struct taker *t = opaque;

  if (text_add (&t->answer->out, data, size) != 0)
    return fettle_fail (t->call->host, t->call->ctx, FETTLE_E_PROTOCOL,
                        "the node's answer is longer than %zu bytes", t->answer->out.max);
  return FETTLE_OK;
}

/* Of errors only the beginning matters. */
static fettle_result
take_err (void *opaque, const void *data, size_t size)
{
  const struct taker *t = opaque;
  size_t left = t->answer->err.max - t->answer->err.size;

  text_add (&t->answer->err, data, size < left ? size : left);
  return FETTLE_OK;
}

fettle_result
linux_run (const struct linux_call *c, const char *script, uint32_t flags, uint32_t timeout_ms,
           struct linux_answer *answer)
{
  struct taker taker = { c, answer };
  struct fettle_ssh_command command = {
    .struct_size = sizeof command,
    .flags = flags,
    .port = LINUX_SSH_PORT,
    .timeout_ms = timeout_ms,
    .command = "/bin/sh -s",
    .input = script,
    .input_size = strlen (script),
    .out = take_out,
    .err = take_err,
    .opaque = &taker,
  };

  if (answer->out.max == 0)
    answer->out.max = 256 * 1024;
  if (answer->err.max == 0)
    answer->err.max = 2000;
  return c->ssh->run (c->ctx, &command, &answer->status);
}

uint32_t
linux_seconds (const struct linux_call *c, const char *name, uint32_t initial)
{
  const char *text = c->host->setting (c->ctx, name);
  char *end;
  unsigned long value;

  if (!text || text[0] < '0' || text[0] > '9')
    return initial;
  value = strtoul (text, &end, 10);
  return *end == '\0' && value <= 7 * 24 * 3600 ? (uint32_t) value : initial;
}
