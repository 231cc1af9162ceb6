/* engine.c - see engine.h.  SPDX-License-Identifier: Apache-2.0 */
#include "util/base.h"

#include <limits.h>

#include "check/probe.h"
#include "engine/component-files.h"
#include "engine/internal.h"
#include "engine/serving.h"
#include "serve/callback.h"
#include "store/audit.h"
#include "util/log.h"
#include "util/secret.h"

static const struct fettle_route routes[] = {
  { "POST",   "/api/v1/scouts",                FETTLE_ROLE_ADMIN,    fettle_api_scouts },
  { "POST",   "/api/v1/probes",                FETTLE_ROLE_ADMIN,    fettle_api_probes },
  { "GET",    "/api/v1/groups",                FETTLE_ROLE_VIEWER,   fettle_api_groups_list },
  { "POST",   "/api/v1/groups",                FETTLE_ROLE_ADMIN,    fettle_api_groups_add },
  { "GET",    "/api/v1/groups/:group",         FETTLE_ROLE_VIEWER,   fettle_api_group_show },
  { "PATCH",  "/api/v1/groups/:group",         FETTLE_ROLE_ADMIN,    fettle_api_group_change },
  { "DELETE", "/api/v1/groups/:group",         FETTLE_ROLE_ADMIN,    fettle_api_group_remove },
  { "GET",    "/api/v1/nodes",                 FETTLE_ROLE_VIEWER,   fettle_api_nodes_list },
  { "POST",   "/api/v1/nodes",                 FETTLE_ROLE_ADMIN,    fettle_api_nodes_add },
  { "GET",    "/api/v1/nodes/:node",           FETTLE_ROLE_VIEWER,   fettle_api_node_show },
  { "PATCH",  "/api/v1/nodes/:node",           FETTLE_ROLE_ADMIN,    fettle_api_node_change },
  { "DELETE", "/api/v1/nodes/:node",           FETTLE_ROLE_ADMIN,    fettle_api_node_remove },
  { "GET",    "/api/v1/nodes/:node/items",     FETTLE_ROLE_VIEWER,   fettle_api_node_items },
  { "GET",    "/api/v1/baselines",             FETTLE_ROLE_VIEWER,   fettle_api_baselines_list },
  { "POST",   "/api/v1/baselines",             FETTLE_ROLE_ADMIN,    fettle_api_baselines_add },
  { "GET",    "/api/v1/baselines/:baseline",   FETTLE_ROLE_VIEWER,   fettle_api_baseline_show },
  { "DELETE", "/api/v1/baselines/:baseline",   FETTLE_ROLE_ADMIN,    fettle_api_baseline_remove },
  { "GET",    "/api/v1/baselines/:baseline/sbom", FETTLE_ROLE_VIEWER, fettle_api_baseline_sbom },
  { "GET",    "/api/v1/nodes/:node/sbom",      FETTLE_ROLE_VIEWER,   fettle_api_node_sbom },
  { "POST",   "/api/v1/verifications",         FETTLE_ROLE_VIEWER,   fettle_api_verifications },
  { "GET",    "/api/v1/trust",                 FETTLE_ROLE_VIEWER,   fettle_api_trust_list },
  { "POST",   "/api/v1/trust",                 FETTLE_ROLE_ADMIN,    fettle_api_trust_add },
  { "DELETE", "/api/v1/trust/:key",            FETTLE_ROLE_ADMIN,    fettle_api_trust_remove },
  { "POST",   "/api/v1/inventories",           FETTLE_ROLE_OPERATOR, fettle_api_inventories },
  { "POST",   "/api/v1/recordings",            FETTLE_ROLE_ADMIN,    fettle_api_recordings },
  { "GET",    "/api/v1/jobs/:job/recording",   FETTLE_ROLE_ADMIN,    fettle_api_job_recording },
  { "POST",   "/api/v1/checks",                FETTLE_ROLE_OPERATOR, fettle_api_checks },
  { "POST",   "/api/v1/plans",                 FETTLE_ROLE_VIEWER,   fettle_api_plans },
  { "POST",   "/api/v1/deployments",           FETTLE_ROLE_OPERATOR, fettle_api_deployments },
  { "GET",    "/api/v1/snapshots",             FETTLE_ROLE_VIEWER,   fettle_api_snapshots_list },
  { "POST",   "/api/v1/snapshots",             FETTLE_ROLE_OPERATOR, fettle_api_snapshots_add },
  { "DELETE", "/api/v1/snapshots/:snapshot",   FETTLE_ROLE_OPERATOR, fettle_api_snapshot_remove },
  { "GET",    "/api/v1/jobs",                  FETTLE_ROLE_VIEWER,   fettle_api_jobs_list },
  { "GET",    "/api/v1/jobs/:job",             FETTLE_ROLE_VIEWER,   fettle_api_job_show },
  { "GET",    "/api/v1/jobs/:job/events",      FETTLE_ROLE_VIEWER,   fettle_api_job_events },
  { "POST",   "/api/v1/jobs/:job/pause",       FETTLE_ROLE_OPERATOR, fettle_api_job_pause },
  { "POST",   "/api/v1/jobs/:job/resume",      FETTLE_ROLE_OPERATOR, fettle_api_job_resume },
  { "POST",   "/api/v1/jobs/:job/approve",     FETTLE_ROLE_ADMIN,    fettle_api_job_approve },
  { "POST",   "/api/v1/jobs/:job/abort",       FETTLE_ROLE_OPERATOR, fettle_api_job_abort },
  { "GET",    "/api/v1/events",                FETTLE_ROLE_VIEWER,   fettle_api_events },
  { "GET",    "/api/v1/reports/:format",       FETTLE_ROLE_VIEWER,   fettle_api_report },
  { "GET",    "/api/v1/firewall",              FETTLE_ROLE_VIEWER,   fettle_api_firewall },
  { "POST",   "/api/v1/firewall/open",         FETTLE_ROLE_OPERATOR, fettle_api_firewall_open },
  { "POST",   "/api/v1/firewall/close",        FETTLE_ROLE_OPERATOR, fettle_api_firewall_close },
  { "GET",    "/api/v1/tokens",                FETTLE_ROLE_ADMIN,    fettle_api_tokens_list },
  { "POST",   "/api/v1/tokens",                FETTLE_ROLE_ADMIN,    fettle_api_tokens_add },
  { "DELETE", "/api/v1/tokens/:token",         FETTLE_ROLE_ADMIN,    fettle_api_token_revoke },
  { "POST",   "/api/v1/service/rotate-key",    FETTLE_ROLE_ADMIN,    fettle_api_service_rotate_key },
  { "POST",   "/api/v1/service/backup",        FETTLE_ROLE_ADMIN,    fettle_api_service_backup },
  { "GET",    "/api/v1/audit",                 FETTLE_ROLE_OPERATOR, fettle_api_audit_list },
  { "GET",    "/api/v1/audit/verify",          FETTLE_ROLE_OPERATOR, fettle_api_audit_verify },
  { NULL, NULL, FETTLE_ROLE_NONE, NULL },
};

const struct fettle_route *
fettle_engine_routes (void)
{
  return routes;
}

/* Fail-stop: what is on the disk is true, and the next start goes on from it.
 * Going on without a journal could install twice. */
static void
store_failed (void *arg, const char *why)
{
  (void) arg;
  fettle_log (FETTLE_LOG_ERROR, "%s: ending; what runs on nodes is found again at the next start",
              why);
  _exit (255);
}

/* Several services may work on the same node: each names its own leavings. */
static fettle_result
name_installation (struct fettle_engine *e, struct fettle_error *err)
{
  struct fettle_rows rows;
  unsigned char random[4];

  fettle_store_query (e->store, &rows, "SELECT value FROM meta WHERE name = 'installation'", "");
  if (fettle_rows_next (&rows)) {
    snprintf (e->installation, sizeof e->installation, "%s", fettle_rows_text (&rows, 0));
    fettle_rows_end (&rows);
    return FETTLE_OK;
  }
  if (fettle_random (random, sizeof random, err))
    return err->code;
  snprintf (e->installation, sizeof e->installation, "%02x%02x%02x%02x", random[0], random[1],
            random[2], random[3]);
  fettle_store_run (e->store, "INSERT INTO meta (name, value) VALUES ('installation', ?)", "s",
                    e->installation);
  return FETTLE_OK;
}

fettle_result
fettle_engine_new (struct event_base *base, const struct fettle_settings *settings,
                   const struct fettle_plugins *plugins, struct fettle_pool *pool,
                   struct fettle_engine **ret, struct fettle_error *err)
{
  struct fettle_engine *e = calloc (1, sizeof *e);
  char path[PATH_MAX];

  if (!e)
    return fettle_error_set (err, FETTLE_E_NOMEM, "no memory for the engine");
  *e = (struct fettle_engine) { .base = base, .settings = settings, .plugins = plugins,
                                .pool = pool };
  e->ready_end = &e->ready;
  snprintf (path, sizeof path, "%s/store.db", settings->state_dir);
  if (fettle_sealer_new (settings->state_dir, &e->sealer, err)
      || fettle_store_open (path, base, store_failed, e, &e->store, err)
      || name_installation (e, err) || fettle_key_settle (e, err) || fettle_holes_recover (e, err)) {
    fettle_engine_free (e);
    return err->code;
  }
  e->audit = fettle_audit_new (e->store, base, settings->audit_log ? settings->audit_log : "");
  fettle_audit_service (e, "started");
  e->dns = evdns_base_new (base, EVDNS_BASE_INITIALIZE_NAMESERVERS
                                   | EVDNS_BASE_DISABLE_WHEN_INACTIVE);
  if (!e->dns) /* no resolver configured: /etc/hosts still works */
    e->dns = evdns_base_new (base, EVDNS_BASE_DISABLE_WHEN_INACTIVE);
  e->prober = fettle_prober_new (base);
  if (!e->prober) {
    fettle_engine_free (e);
    return fettle_error_set (err, FETTLE_E_NOMEM, "no memory for the engine");
  }
  fettle_browsers_begin (e);
  fettle_events_begin (e);
  fettle_engine_recover (e);
  *ret = e;
  return FETTLE_OK;
}

void
fettle_engine_set_callbacks (struct fettle_engine *e, struct fettle_callbacks *callbacks)
{
  e->callbacks = callbacks;
  fettle_serving_begin (e);
}

json_t *
fettle_engine_summary (struct fettle_engine *e)
{
  json_int_t jobs = 0;

  for (struct job *j = e->jobs; j; j = j->next)
    jobs += !j->finished;
  return json_pack ("{s:I s:I s:I s:I s:o}", "nodes",
                    (json_int_t) fettle_store_number (e->store, 0, "SELECT count (*) FROM node", ""),
                    "baselines",
                    (json_int_t) fettle_store_number (
                      e->store, 0, "SELECT count (*) FROM baseline WHERE ready = 1", ""),
                    "calls", (json_int_t) e->calls, "jobs", jobs, "listeners",
                    e->callbacks ? fettle_callbacks_listeners (e->callbacks) : json_array ());
}

static json_t *
counts_by_state (struct fettle_engine *e, const char *sql)
{
  struct fettle_rows rows;
  json_t *counts = json_object ();

  fettle_store_query (e->store, &rows, sql, "");
  while (fettle_rows_next (&rows))
    json_object_set_new (counts, fettle_rows_text (&rows, 0),
                         json_integer (fettle_rows_int (&rows, 1)));
  return counts;
}

json_t *
fettle_engine_counts (struct fettle_engine *e)
{
  return json_pack ("{s:o s:o s:I s:i}", "nodes",
                    counts_by_state (e, "SELECT state, count (*) FROM node GROUP BY state"), "tasks",
                    counts_by_state (e, "SELECT state, count (*) FROM task GROUP BY state"),
                    "events", (json_int_t) e->event_last, "watchers", e->n_watches);
}

bool
fettle_engine_busy (const struct fettle_engine *e)
{
  for (const struct job *j = e->jobs; j; j = j->next)
    if (!j->finished)
      return true;
  return false;
}

unsigned
fettle_engine_calls (const struct fettle_engine *e)
{
  return e->calls;
}

void
fettle_engine_stop (struct fettle_engine *e)
{
  if (!e->stopping)
    fettle_audit_service (e, "stopping");
  e->stopping = true;
  fettle_events_end (e);
}

void
fettle_engine_free (struct fettle_engine *e)
{
  if (!e)
    return;
  while (e->jobs) {
    struct job *j = e->jobs;

    e->jobs = j->next;
    fettle_job_free (j);
  }
  fettle_unpack_stop (e);
  fettle_browsers_end (e);
  fettle_events_end (e);
  fettle_holes_free (e);
  fettle_prober_free (e->prober);
  fettle_probes_free (e);
  if (e->dns)
    evdns_base_free (e->dns, 0);
  fettle_backup_stop (e);
  fettle_audit_free (e->audit);
  fettle_store_close (e->store);
  fettle_sealer_free (e->sealer);
  free (e);
}
