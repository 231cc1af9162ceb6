/* activate.c - restart a node, and wait until it is back.
 *
 * A key of the registry that lasts until the next start (a volatile one) is
 * what makes this safe to repeat: "boot" is stored when it is there and before
 * the restart is asked for, so a call that finds it gone knows that the node
 * has restarted.  Then "went SINCE" while the node is on its way.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "inventory.h"

enum {
  OP_SHUTDOWN_EX = 30,
  /* Planned; operating system or application, and there an upgrade. */
  REASON_PLANNED = (int) 0x80000000, REASON_OS = 0x00020000, REASON_UPGRADE = 0x00000003,
  POLL_S = 5
};

static void
key_path (const struct win *w, char ret[128])
{
  char name[64];

  win_name (w, "-boot", name);
  snprintf (ret, 128, "SOFTWARE\\%s", name);
}

/* A counted string whose NUL isn't in it. */
static void
put_message (struct ndr_out *o, const char *text)
{
  struct ndr_out string = { .referents = 0 };
  uint32_t bytes;

  ndr_put_string (&string, text);
  o->failed |= string.failed || string.size > 12 + 0x8000;
  if (o->failed) {
    ndr_out_clear (&string);
    return;
  }
  bytes = (uint32_t) string.size - 12 - 2;
  ndr_put_pointer (o, 1);
  ndr_put_u16 (o, bytes);
  ndr_put_u16 (o, bytes + 2);
  ndr_put_pointer (o, 1);
  ndr_put_u32 (o, bytes / 2 + 1);
  ndr_put_u32 (o, 0);
  ndr_put_u32 (o, bytes / 2);
  ndr_put (o, string.data + 12, bytes);
  ndr_put_align (o, 4);
  ndr_out_clear (&string);
}

/* OK too when it is on its way already: perhaps by us, before a crash. */
static fettle_result
ask_for_restart (struct registry *g, const char *message, uint32_t delay)
{
  static const unsigned char forced_reboot[2] = { 1, 1 };
  struct ndr_out out = { .referents = 0 };
  struct ndr_in in;
  uint32_t error;
  fettle_result r;

  ndr_put_pointer (&out, 0);
  put_message (&out, message);
  ndr_put_u32 (&out, delay);
  ndr_put (&out, forced_reboot, 2);
  ndr_put_u32 (&out, (uint32_t) REASON_PLANNED | REASON_OS | REASON_UPGRADE);
  r = win_rpc (g->w, g->pipe, OP_SHUTDOWN_EX, &out, &in);
  if (r != FETTLE_OK)
    return r;
  error = ndr_take_error (&in);
  if (in.failed)
    return g->w->h->error (g->w->c, FETTLE_E_PROTOCOL, "restarting: the node answered nonsense");
  return error && error != WIN_SHUTDOWN_IN_PROGRESS && error != WIN_SHUTDOWN_IS_SCHEDULED
           ? win_refused (g->w, "restarting", error) : FETTLE_OK;
}

/* 1: it has restarted since the key was made. */
static fettle_result
has_restarted (struct registry *g, const char *path, int *ret)
{
  struct ndr_handle key;
  fettle_result r = reg_open (g, NULL, path, &key);

  *ret = r == WIN_NONE;
  if (r == FETTLE_OK)
    reg_close (g, &key);
  return r == WIN_NONE ? FETTLE_OK : r;
}

static uint32_t
delay_of (const struct fettle_target *t)
{
  return FETTLE_HAS (t, struct fettle_target, delay_s) ? t->delay_s : 0;
}

/* ---- the three calls ---- */

static fettle_result
begin (const struct win *w, struct registry *g, const char *path)
{
  struct ndr_handle key;
  int was_there;
  fettle_result r = reg_create (g, path, 1, &key, &was_there);

  if (r == FETTLE_OK)
    reg_close (g, &key);
  r = win_registry_close (w, g, r);
  return r == FETTLE_OK ? w->h->again (w->c, 0, "boot") : r;
}

static fettle_result
restart (const struct win *w, struct registry *g, const char *path)
{
  const char *message = FETTLE_HAS (w->t, struct fettle_target, message) ? w->t->message : NULL;
  char token[64];
  int done = 0;
  fettle_result r = has_restarted (g, path, &done);

  if (r == FETTLE_OK && !done) {
    w->h->progress (w->c, 100, "restarting");
    r = ask_for_restart (g, message && message[0] ? message : "Fettle restarts this machine to complete an update.",
                         delay_of (w->t));
    if (r == FETTLE_E_UNREACHABLE || r == FETTLE_E_TIMEOUT) /* it may go before it has answered */
      r = FETTLE_OK;
    else if (r != FETTLE_OK)
      reg_delete (g, path);
  }
  r = win_registry_close (w, g, r);
  if (r != FETTLE_OK || done)
    return r;
  w->smb->disconnect (w->c);
  snprintf (token, sizeof token, "went %lld", (long long) time (NULL));
  return w->h->again (w->c, POLL_S, token);
}

/* Not back yet is what any failure means while it is on its way. */
static fettle_result
wait_for_it (const struct win *w, const char *path, long long since)
{
  uint32_t limit = win_number (w, "restart_timeout", 1800, 7 * 86400);
  int is_late = (long long) time (NULL) - since > (long long) limit + delay_of (w->t), done = 0;
  struct registry g;
  fettle_result r = win_registry_open (w, &g);

  if (r == FETTLE_OK)
    r = has_restarted (&g, path, &done);
  if (r == FETTLE_OK && !done && is_late)
    reg_delete (&g, path);
  if (r == FETTLE_OK)
    r = win_registry_close (w, &g, r);
  if (r == FETTLE_E_ABORTED)
    return r;
  if (r == FETTLE_OK && done) {
    w->h->log (w->c, FETTLE_LOG_INFO, "the node has restarted");
    return FETTLE_OK;
  }
  if (is_late)
    return fettle_fail (w->h, w->c, FETTLE_E_TIMEOUT, "the node isn't back %u s after its restart: look at its console (the setting "
                        "restart_timeout says how long to wait)", (unsigned) limit);
  w->h->progress (w->c, 500, r == FETTLE_OK ? "shutting down" : "waiting for the node to be back");
  return w->h->again (w->c, POLL_S, w->h->token (w->c));
}

fettle_result
win_activate (WIN_CALL)
{
  const char *token = h->token (c);
  char path[128];
  struct registry g;
  struct win w;
  fettle_result r = win_init (&w, h, c, t);

  if (r != FETTLE_OK)
    return r;
  key_path (&w, path);
  if (token && strncmp (token, "went ", 5) == 0)
    return wait_for_it (&w, path, strtoll (token + 5, NULL, 10));
  r = win_registry_open (&w, &g);
  if (r != FETTLE_OK)
    return win_registry_close (&w, &g, r);
  return token ? restart (&w, &g, path) : begin (&w, &g, path);
}
