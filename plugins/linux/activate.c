/* activate.c - restart a node, and wait until it is back.
 *
 * The token is what makes this safe to repeat: "boot ID" is stored before the
 * restart is asked for, so a repeated call sees by another boot id that it
 * has happened.  Then "went ID SINCE" while the node is on its way.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "linux.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

static const char ask[] = "cat /proc/sys/kernel/random/boot_id </dev/null\n";

/* In the background, so that this connection can still end well. */
static const char go[] =
  "PATH=$PATH:/usr/sbin:/sbin\n"
  "if [ -d /run/systemd/system ] && command -v systemctl >/dev/null; then c='systemctl reboot'\n"
  "elif command -v shutdown >/dev/null; then c='shutdown -r now'\n"
  "elif command -v reboot >/dev/null; then c=reboot\n"
  "else exit 9; fi\n"
  "(sleep 1; $c) </dev/null >/dev/null 2>&1 &\n"
  "exit 0\n";

static fettle_result
boot_id (const struct linux_call *c, char *to, size_t size)
{
  struct linux_answer answer = { .out.max = 4096 };
  fettle_result result = linux_run (c, ask, 0, 30000, &answer);

  if (result == FETTLE_OK) {
    text_word (to, size, answer.out.data ? answer.out.data : "");
    if (answer.status != 0 || !to[0])
      result = c->host->error (c->ctx, FETTLE_E_UNSUPPORTED,
                               "the node has no /proc/sys/kernel/random/boot_id, so a restart couldn't "
                               "be told from none: restart it by hand");
  }
  linux_answer_clear (&answer);
  return result;
}

static fettle_result
restart (const struct linux_call *c, const char *id)
{
  struct linux_answer answer = { .out.max = 4096 };
  char token[128];
  fettle_result result;

  c->host->progress (c->ctx, 100, "restarting");
  result = linux_run (c, go, FETTLE_SSH_AS_ROOT, 30000, &answer);
  linux_answer_clear (&answer);
  if (result != FETTLE_OK)
    return result;
  if (answer.status == 9)
    return c->host->error (c->ctx, FETTLE_E_UNSUPPORTED,
                           "the node has none of systemctl, shutdown, reboot: restart it by hand");
  if (answer.status != 0)
    return fettle_fail (c->host, c->ctx, FETTLE_E_REJECTED,
                        "the node refused to restart (exit status %d)", (int) answer.status);
  c->ssh->disconnect (c->ctx);
  snprintf (token, sizeof token, "went %s %lld", id, (long long) time (NULL));
  return c->host->again (c->ctx, 5, token);
}

/* Not back yet is what any failure means while it is on its way. */
static fettle_result
wait_for_it (const struct linux_call *c, const char *id, long long since)
{
  uint32_t limit = linux_seconds (c, "restart_timeout", 900);
  char now[64];
  fettle_result result = boot_id (c, now, sizeof now);

  if (result == FETTLE_E_ABORTED)
    return result;
  if (result == FETTLE_OK && strcmp (now, id) != 0) {
    c->host->log (c->ctx, FETTLE_LOG_INFO, "the node has restarted");
    return FETTLE_OK;
  }
  if ((long long) time (NULL) - since > (long long) limit)
    return fettle_fail (c->host, c->ctx, FETTLE_E_TIMEOUT,
                        "the node isn't back %u s after its restart: look at its console "
                        "(the setting restart_timeout says how long to wait)", (unsigned) limit);
  c->host->progress (c->ctx, 500, result == FETTLE_OK ? "shutting down" : "waiting for the node to be back");
  return c->host->again (c->ctx, 5, c->host->token (c->ctx));
}

/* Whoever is logged in hears of it.  The message is one line, so it can't end
 * the text before its end. */
static void
tell_users (const struct linux_call *c, const char *message)
{
  struct linux_answer answer = { .out.max = 4096 };
  char script[1200];

  if (snprintf (script, sizeof script, "wall <<'END_OF_MESSAGE_'\n%s\nEND_OF_MESSAGE_\n", message)
      >= (int) sizeof script)
    return;
  if (linux_run (c, script, FETTLE_SSH_AS_ROOT, 30000, &answer) != FETTLE_OK || answer.status != 0)
    c->host->log (c->ctx, FETTLE_LOG_WARNING, "the node's users couldn't be told of the restart");
  linux_answer_clear (&answer);
}

fettle_result
linux_activate (const struct fettle_host *host, fettle_ctx *ctx, const struct fettle_target *target)
{
  const char *token = host->token (ctx);
  char copy[128], now[64], *field[3];
  struct linux_call c;
  size_t n = 0;
  fettle_result result = linux_call_init (&c, host, ctx, target);

  if (result != FETTLE_OK)
    return result;
  if (token) {
    snprintf (copy, sizeof copy, "%s", token);
    n = text_split (copy, ' ', field, 3);
  }
  if (n == 3 && strcmp (field[0], "went") == 0)
    return wait_for_it (&c, field[1], strtoll (field[2], NULL, 10));
  result = boot_id (&c, now, sizeof now);
  if (result != FETTLE_OK)
    return result;
  if (n == 2 && strcmp (field[0], "boot") == 0)
    return strcmp (field[1], now) != 0 ? FETTLE_OK : restart (&c, now);
  if (FETTLE_HAS (target, struct fettle_target, message))
    tell_users (&c, target->message);
  snprintf (copy, sizeof copy, "boot %s", now);
  return host->again (ctx, FETTLE_HAS (target, struct fettle_target, delay_s) ? target->delay_s : 0, copy);
}
