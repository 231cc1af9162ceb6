/* call.c - one call: request in, plugin runs, result out.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "util/base.h"

#include "plugin/bridge.h"
#include "transport/transport.h"
#include "util/text.h"
#include "worker/worker.h"

#define FORMER_MAX (60 * 1024) /* of a node's former firewall: plugin.h */

static void
debug (fettle_ctx *c, const char *text)
{
  fettle_worker_log (c, FETTLE_LOG_DEBUG, text);
}

static fettle_result
cannot (struct fettle_worker_call *w)
{
  return fettle_error_set (&w->ctx.error, FETTLE_E_UNSUPPORTED, "plugin %s can't do %s for nodes of type "
                           "%s yet", w->ctx.plugin, w->operation, w->ctx.type);
}

static fettle_result
run (struct fettle_worker_call *w, uint32_t *ret_score)
{
  const struct fettle_node_type *t = w->node_type;
  const struct fettle_host *h = &fettle_worker_host;
  fettle_ctx *c = &w->ctx;
  const char *op = w->operation;

  if (strcmp (op, "probe") == 0)
    return t->probe ? t->probe (h, c, &c->target, ret_score) : cannot (w);
  if (strcmp (op, "inventory") == 0)
    return t->inventory ? t->inventory (h, c, &c->target) : cannot (w);
  if (strcmp (op, "cleanup") == 0)
    return t->cleanup ? t->cleanup (h, c, &c->target) : FETTLE_OK;
  if (strcmp (op, "activate") == 0)
    return t->activate ? t->activate (h, c, &c->target) : cannot (w);
  if (strcmp (op, "firewall_open") == 0)
    return t->firewall_open ? t->firewall_open (h, c, &c->target, c->phase, &w->former) : cannot (w);
  if (!w->argument && fettle_has_word ("firewall_restore reach_back", op))
    return fettle_error_set (&c->error, FETTLE_E_INTERNAL, "the request has no argument");
  if (strcmp (op, "firewall_restore") == 0)
    return t->firewall_restore ? t->firewall_restore (h, c, &c->target, w->argument) : cannot (w);
  if (strcmp (op, "reach_back") == 0)
    return t->reach_back ? t->reach_back (h, c, &c->target, w->argument) : cannot (w);
  if (strcmp (op, "deploy") != 0)
    return cannot (w);
  if (!w->image.n_files)
    return fettle_error_set (&c->error, FETTLE_E_INTERNAL, "the request has no image");
  return t->deploy ? t->deploy (h, c, &c->target, &w->image) : cannot (w);
}

/* Holds the plugin to what it may answer. */
static fettle_result
judge (struct fettle_worker_call *w, fettle_result r)
{
  fettle_ctx *c = &w->ctx;

  if (r < 0 && c->aborted)
    return FETTLE_E_ABORTED;
  if (r == FETTLE_AGAIN && !w->again)
    return fettle_error_set (&c->error, FETTLE_E_INTERNAL, "plugin %s wanted to be called again without "
                             "saying when", c->plugin);
  if (r > FETTLE_OK_REBOOT || r < FETTLE_E_SERVICE)
    return fettle_error_set (&c->error, FETTLE_E_INTERNAL, "plugin %s returned %d, which isn't a result",
                             c->plugin, r);
  if (r < 0 && !*c->error.text)
    fettle_error_set (&c->error, r, "plugin %s failed without saying why", c->plugin);
  return r;
}

static void
send_result (struct fettle_worker_call *w, fettle_result r, uint32_t score)
{
  _cleanup_free_ char *former = fettle_clean_text (w->former, FORMER_MAX);
  _cleanup_free_ char *why = r < 0 ? fettle_clean_text (w->ctx.error.text, 1023) : NULL;
  json_t *j = json_pack ("{s:i, s:s?, s:i, s:s?}", "result", r, "error", why, "score",
                         (int) (score > 100 ? 100 : score), "former", former);

  if (r == FETTLE_AGAIN)
    json_object_update (j, w->again);
  fettle_worker_flush_items (w);
  fettle_worker_send (&w->ctx, j);
}

static fettle_result
prepare (struct fettle_worker_call *w, const struct fettle_plugin_info *plugin,
         const struct fettle_call_limits *limits)
{
  int fds[FETTLE_WIRE_FDS];
  size_t n_fds = COUNT (fds);
  json_t *request = NULL;
  const char *missing = NULL;
  fettle_result r = fettle_wire_receive (FETTLE_WORKER_SOCKET, &request, fds, &n_fds, &w->ctx.error);

  if (r == FETTLE_OK)
    r = fettle_worker_request (w, plugin, request, fds, n_fds);
  if (r == FETTLE_OK)
    r = fettle_sandbox_call (&w->ctx, limits, &missing, &w->ctx.error);
  if (missing)
    debug (&w->ctx, missing);
  if (r == FETTLE_OK && w->recording >= 0)
    r = fettle_record_begin (w, w->recording);
  return r;
}

int
fettle_worker_serve (const struct fettle_plugin_info *plugin, const struct fettle_call_limits *limits)
{
  struct fettle_worker_call *w = calloc (1, sizeof *w);
  uint32_t score = 0;
  fettle_result r;

  if (!w)
    return EXIT_FAILURE;
  w->ctx.call = FETTLE_WORKER_SOCKET;
  w->ctx.send = fettle_worker_send;
  w->ctx.debug = debug;
  w->ctx.read_file = fettle_worker_read_file;
  w->ctx.take = fettle_worker_take;
  /* A program is started before there is a secret, and before this process can't any more. */
  fettle_bridge_use (plugin, limits->memory);
  r = plugin->program ? fettle_bridge_start (&w->ctx.error) : FETTLE_OK;
  if (r == FETTLE_OK)
    r = prepare (w, plugin, limits);
  if (r == FETTLE_OK)
    r = judge (w, run (w, &score));
  fettle_record_end (r);
  send_result (w, r, score);
  fettle_transport_close (&w->ctx);
  fettle_worker_forget (w);
  json_decref (w->again);
  json_decref (w->request);
  free (w);
  return EXIT_SUCCESS;
}
