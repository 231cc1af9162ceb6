/* reports.c - GET /reports: of a job, or of what is on the nodes and what would
 * be done, under the names that SUM's reports have.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "util/base.h"

#include <time.h>

#include "engine/ask.h"
#include "report/report.h"
#include "util/text.h"

#define MAX_REPORT (256u << 20)

static const char *
text_of (const json_t *object, const char *key)
{
  const char *text = json_string_value (json_object_get (object, key));

  return text ? text : "";
}

/* ---- Of a job ---- */

static int64_t
job_asked_for (struct fettle_engine *e, const struct fettle_request *r, struct fettle_error *err)
{
  const char *wanted = json_string_value (json_object_get (r->query, "job"));
  int64_t id;

  if (wanted)
    return fettle_job_find (e, wanted, err);
  id = fettle_store_number (e->store, 0,
                            "SELECT id FROM job WHERE kind IN ('inventory', 'deployment')"
                            " ORDER BY kind = 'deployment' DESC, id DESC LIMIT 1", "");
  if (!id)
    fettle_error_set (err, FETTLE_E_UNREACHABLE, "there is nothing to report yet");
  return id;
}

/* {id: true} */
static json_t *
set_of (const json_t *ids)
{
  json_t *set = json_object ();
  const json_t *id;
  char key[24];
  size_t i;

  json_array_foreach (ids, i, id) {
    snprintf (key, sizeof key, "%lld", (long long) json_integer_value (id));
    json_object_set_new (set, key, json_true ());
  }
  return set;
}

static void
keep_nodes (json_t *job, const json_t *ids)
{
  _cleanup_json_ json_t *set = set_of (ids);
  json_t *tasks = json_object_get (job, "tasks"), *kept = json_array (), *task;
  char key[24];
  size_t i;

  json_array_foreach (tasks, i, task) {
    snprintf (key, sizeof key, "%lld", (long long) json_integer_value (json_object_get (task, "node")));
    if (json_object_get (set, key))
      json_array_append (kept, task);
  }
  json_object_set_new (job, "tasks", kept);
}

/* `ids`: of these nodes only; NULL: of all. */
static json_t *
job_report (struct fettle_engine *e, const struct fettle_request *r, const json_t *ids,
            struct fettle_error *err)
{
  int64_t id = job_asked_for (e, r, err);
  json_t *job = id ? fettle_job_json (e, id) : NULL, *task;
  size_t i;

  if (!job)
    return NULL;
  if (ids)
    keep_nodes (job, ids);
  if (strcmp (text_of (job, "kind"), "inventory") == 0)
    json_array_foreach (json_object_get (job, "tasks"), i, task)
      json_object_set_new (task, "items", fettle_node_items (e, json_integer_value (
                                                                  json_object_get (task, "node"))));
  return job;
}

/* ---- Tables ---- */

struct report {
  struct fettle_engine *engine;
  const json_t *ids;    /* of these nodes */
  json_t *plan;         /* what would be done, once it was asked for */
  json_t *sections;
};

struct column { const char *key, *title; };

/* The section's rows. */
static json_t *
section (struct report *x, const char *name, const char *title, const struct column *columns, size_t n)
{
  json_t *list = json_array (), *rows = json_array ();

  for (size_t i = 0; i < n; i++)
    json_array_append_new (list, json_pack ("[s,s]", columns[i].key, columns[i].title));
  json_array_append_new (x->sections, json_pack ("{s:s s:s s:o s:o}", "name", name, "title", title,
                                                 "columns", list, "rows", rows));
  return rows;
}

/* The members that columns name. */
static json_t *
row_of (const json_t *from, const struct column *columns, size_t n)
{
  json_t *row = json_object ();

  for (size_t i = 0; i < n; i++)
    if (json_object_get (from, columns[i].key))
      json_object_set (row, columns[i].key, json_object_get (from, columns[i].key));
  return row;
}

static fettle_result
get_plan (struct report *x, struct fettle_error *err)
{
  _cleanup_ (fettle_asked_clear) struct asked a = { 0 };
  _cleanup_json_ json_t *nodes = json_array (), *body = json_pack ("{s:O}", "nodes", nodes);
  const json_t *id;
  size_t i;

  if (x->plan)
    return FETTLE_OK;
  json_array_foreach (x->ids, i, id)
    json_array_append_new (nodes, json_sprintf ("%lld", (long long) json_integer_value (id)));
  if (fettle_ask (x->engine, body, &a, err))
    return err->code;
  x->plan = fettle_asked_plan (x->engine, &a);
  return FETTLE_OK;
}

static const struct column plan_columns[] = {
  { "node", "Node" }, { "component", "Component" }, { "name", "Item" }, { "installed", "Installed" },
  { "offered", "Offered" }, { "action", "Action" }, { "why", "Why" },
};

static bool
is_wanted (const char *action, bool failed)
{
  return failed ? fettle_has_word ("blocked cannot-tell", action)
                : !fettle_has_word ("not-applicable", action);
}

/* What would be done; or, `failed`, what lacks something that it needs. */
static fettle_result
of_plan (struct report *x, const char *name, const char *title, bool failed, struct fettle_error *err)
{
  const json_t *node, *entry;
  json_t *rows;
  size_t i, k;

  if (get_plan (x, err))
    return err->code;
  rows = section (x, name, title, plan_columns, COUNT (plan_columns));
  json_array_foreach (json_object_get (x->plan, "nodes"), i, node) {
    if (json_is_string (json_object_get (node, "problem")))
      json_array_append_new (rows, json_pack ("{s:O s:s s:O}", "node", json_object_get (node, "name"),
                                              "action", "blocked", "why",
                                              json_object_get (node, "problem")));
    json_array_foreach (json_object_get (node, "entries"), k, entry)
      if (is_wanted (text_of (entry, "action"), failed)) {
        json_t *row = row_of (entry, plan_columns, COUNT (plan_columns));

        json_object_set (row, "node", json_object_get (node, "name"));
        json_array_append_new (rows, row);
      }
  }
  return FETTLE_OK;
}

static fettle_result
deploy_preview (struct report *x, struct fettle_error *err)
{
  return of_plan (x, "deploy_preview", "What a deployment would do", false, err);
}

static fettle_result
dependency (struct report *x, struct fettle_error *err)
{
  return of_plan (x, "dependency", "Failed dependencies", true, err);
}

/* What the baselines have. */
static fettle_result
inventory (struct report *x, struct fettle_error *err)
{
  static const struct column columns[] = {
    { "baseline", "Baseline" }, { "id", "File" }, { "name", "Name" }, { "version", "Version" },
    { "kind", "Kind" }, { "format", "Format" }, { "reboot", "Restart" },
  };
  _cleanup_json_ json_t *all = json_pack ("[s]", "all"), *ids = NULL, *components = NULL;
  const json_t *component;
  json_t *rows;
  size_t i;

  if (fettle_baselines_of (x->engine, all, &ids, err))
    return err->code;
  components = fettle_baselines_components (x->engine, ids);
  rows = section (x, "inventory", "What the baselines have", columns, COUNT (columns));
  json_array_foreach (components, i, component)
    json_array_append_new (rows, row_of (component, columns, COUNT (columns)));
  return FETTLE_OK;
}

/* What is on the nodes; of that kind only, if one is given. */
static fettle_result
of_items (struct report *x, const char *name, const char *title, const char *kind)
{
  static const struct column columns[] = {
    { "node", "Node" }, { "kind", "Kind" }, { "id", "Id" }, { "name", "Name" },
    { "version", "Version" }, { "staged", "After a restart" }, { "location", "Location" },
    { "inventoried", "Seen" },
  };
  json_t *rows = section (x, name, title, columns, COUNT (columns));
  char seen[FETTLE_TIME_MAX];
  struct fettle_rows found;
  const json_t *item;
  size_t i;

  fettle_store_query (x->engine->store, &found,
                      "SELECT node.name, inventory.data, coalesce (node.inventoried, 0) FROM node"
                      " JOIN inventory ON inventory.node = node.id WHERE node.id IN"
                      " (SELECT value FROM json_each (?)) ORDER BY node.id", "j", x->ids);
  while (fettle_rows_next (&found)) {
    _cleanup_json_ json_t *items = fettle_rows_json (&found, 1);

    json_array_foreach (items, i, item)
      if (!kind || strcmp (text_of (item, "kind"), kind) == 0) {
        json_t *row = row_of (item, columns, COUNT (columns));

        json_object_set_new (row, "node", json_string (fettle_rows_text (&found, 0)));
        json_object_set_new (row, "inventoried", json_string (fettle_time_text (
                                                   fettle_rows_int (&found, 2), seen)));
        json_array_append_new (rows, row);
      }
  }
  return FETTLE_OK;
}

static fettle_result
firmware (struct report *x, struct fettle_error *err)
{
  (void) err;
  return of_items (x, "firmware", "Firmware of the nodes", "firmware");
}

static fettle_result
installed (struct report *x, struct fettle_error *err)
{
  (void) err;
  return of_items (x, "installed", "All that is on the nodes", NULL);
}

static const struct kind {
  const char *name, *title;
  fettle_result (*add) (struct report *, struct fettle_error *);
} kinds[] = {
  { "deploy_preview", "Deploy preview",        deploy_preview },
  { "inventory",      "Baseline inventory",    inventory },
  { "firmware",       "Firmware",              firmware },
  { "dependency",     "Failed dependencies",   dependency },
  { "installed",      "Installed",             installed },
};

static fettle_result
add_sections (struct report *x, const char *kind, const char **ret_title, struct fettle_error *err)
{
  bool combined = strcmp (kind, "combined") == 0;

  *ret_title = combined ? "Combined report" : NULL;
  for (size_t i = 0; i < COUNT (kinds); i++)
    if (combined || strcmp (kind, kinds[i].name) == 0) {
      if (kinds[i].add (x, err))
        return err->code;
      *ret_title = combined ? *ret_title : kinds[i].title;
    }
  return *ret_title ? FETTLE_OK
                    : fettle_error_set (err, FETTLE_E_CONFIG, "there is no report \"%.40s\": use job,"
                                        " deploy_preview, inventory, firmware, dependency, installed"
                                        " or combined", kind);
}

static json_t *
tables (struct fettle_engine *e, const char *kind, const json_t *ids, struct fettle_error *err)
{
  _cleanup_json_ json_t *sections = json_array (), *plan = NULL;
  struct report x = { .engine = e, .ids = ids, .sections = sections };
  fettle_result r;
  const char *title;
  char now[FETTLE_TIME_MAX];

  r = add_sections (&x, kind, &title, err);
  plan = x.plan;
  return r ? NULL : json_pack ("{s:s s:s s:s s:O}", "report", kind, "title", title, "created",
                               fettle_time_text (time (NULL), now), "sections", sections);
}

void
fettle_api_report (void *engine, struct fettle_request *r)
{
  const char *kind = json_string_value (json_object_get (r->query, "kind"));
  const char *selector = json_string_value (json_object_get (r->query, "select"));
  _cleanup_ (fettle_buf_clear) struct fettle_buf text = FETTLE_BUF_INIT (MAX_REPORT);
  _cleanup_json_ json_t *ids = NULL, *report = NULL;
  bool of_job = !kind || strcmp (kind, "job") == 0;
  struct fettle_error err;

  if ((selector || !of_job) && fettle_nodes_selected (engine, selector, &ids, &err)) {
    fettle_request_fail (r, &err);
    return;
  }
  report = of_job ? job_report (engine, r, ids, &err) : tables (engine, kind, ids, &err);
  if (!report || fettle_report (report, r->parameter, &text, &err))
    fettle_request_fail (r, &err);
  else
    fettle_request_reply_text (r, 200, fettle_report_type (r->parameter), text.data, text.size);
}
