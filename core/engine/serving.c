/* serving.c - see serving.h.  SPDX-License-Identifier: Apache-2.0 */
#include "util/base.h"

#include <time.h>

#include "check/probe.h"
#include "engine/serving.h"
#include "model/component.h"
#include "plugin/wire.h"
#include "serve/callback.h"
#include "util/log.h"

#define POSTS      10000 /* that are kept of one task */
#define LINES      100   /* of its log */
#define LINE_BYTES 500
#define EVENT_BYTES 4000 /* of a status in an event */
#define STATUS     (-1)    /* instead of a file's number */
#define FOLDER     (-2)

struct offered {
  struct offered *next;
  int64_t file;
  uint32_t listener;
  struct fettle_served *served;
};

struct serving {
  struct task *task;
  struct offered *first;
  json_t *replies;      /* that wait for the store */
  bool asked;           /* the call waits for a status */
  bool news;            /* one has come since the call began */
  bool waking;          /* after the next commit */
  int64_t told;         /* the last one that the call was given */
  unsigned n_posts;
  char *last;           /* text of the last one that had no key */
};

static struct serving *
serving_of (struct task *t)
{
  if (!t->serving) {
    t->serving = calloc (1, sizeof *t->serving);
    if (!t->serving)
      abort (); /* as everywhere where nobody could be told */
    t->serving->task = t;
    t->serving->n_posts = (unsigned) fettle_store_number (
      t->job->engine->store, 0, "SELECT count (*) FROM post WHERE task = ?", "i", t->id);
  }
  return t->serving;
}

/* ---- Answers to the call ---- */

static void
send_replies (void *arg)
{
  struct serving *s = arg;
  struct lane *lane = s->task->lane;
  const json_t *reply;
  size_t i;

  json_array_foreach (s->replies, i, reply)
    if (lane->call)
      fettle_call_send (lane->call, reply);
  json_decref (s->replies);
  s->replies = NULL;
}

/* Takes over the reference. */
static void
reply (struct serving *s, json_t *answer)
{
  if (!s->replies) {
    s->replies = json_array ();
    json_array_append_new (s->replies, json_pack ("{s:o}", "served", answer));
    fettle_store_then (s->task->job->engine->store, send_replies, s);
  } else
    json_array_append_new (s->replies, json_pack ("{s:o}", "served", answer));
}

/* ---- URLs ---- */

static struct offered *
find (struct serving *s, int64_t file, uint32_t listener)
{
  struct offered *o = s->first;

  while (o && (o->file != file || o->listener != listener))
    o = o->next;
  return o;
}

/* An undeclared listener is no more to be had than an undeclared port. */
static fettle_result
may_listen (struct lane *lane, uint32_t listener, struct fettle_error *err)
{
  static const char *const names[] = { "", "HTTP", "HTTPS", "FTP" };
  const struct fettle_node_type *type = fettle_plugins_type (lane->engine->plugins, lane->type,
                                                             NULL);

  for (uint32_t i = 0; type && i < type->n_ports; i++)
    if (type->ports[i].direction == FETTLE_FROM_TARGET && type->ports[i].listener == listener
        && (type->ports[i].phases & lane->phase))
      return FETTLE_OK;
  return fettle_error_set (err, FETTLE_E_CONFIG, "a URL for %s was wanted, which node type %s"
                           " doesn't declare for %s", names[listener], lane->type,
                           lane->phase == FETTLE_INVENTORY ? "inventory" : "deployment");
}

static void
changed (void *arg, struct fettle_offer *o)
{
  struct task *t = arg;

  if (o->tree && o->contacted && o->fetches)
    return; /* many files, and no end */
  if (!o->fetches)
    fettle_task_log (t, "the node has asked for %s", o->name);
  else if (o->fetches == 1)
    fettle_task_log (t, "the node has fetched %s: %llu bytes", o->name,
                     (unsigned long long) o->bytes);
}

/* The component's file of that number, open. */
static fettle_result
open_file (struct task *t, int64_t number, struct fettle_offer *ret, struct fettle_error *err)
{
  const json_t *component = json_object_get (t->spec, "component");
  const json_t *file = json_array_get (json_object_get (component, "files"), (size_t) number);
  struct fettle_opened opened[FETTLE_WIRE_FDS];
  size_t n;

  if (!file)
    return fettle_error_set (err, FETTLE_E_INTERNAL, "a URL for file %lld of a task without it was"
                             " wanted", (long long) number);
  if (fettle_component_open (t->job->engine,
                             json_integer_value (json_object_get (t->spec, "baseline_id")),
                             component, opened, COUNT (opened), &n, err))
    return err->code;
  for (size_t i = 0; i < n; i++)
    if (i != (size_t) number)
      close (opened[i].fd);
  ret->file = fettle_offer_file_new (opened[number].fd, opened[number].offset,
                                     opened[number].size,
                                     json_string_value (json_object_get (file, "sha256")));
  if (!ret->file)
    return fettle_error_set (err, FETTLE_E_NOMEM, "no memory for a URL");
  memcpy (ret->file->stamp, opened[number].stamp, sizeof ret->file->stamp);
  snprintf (ret->name, sizeof ret->name, "%s",
            json_string_value (json_object_get (file, "name")));
  return FETTLE_OK;
}

/* The component's whole folder. */
static fettle_result
open_tree (struct task *t, struct fettle_offer *ret, struct fettle_error *err)
{
  const json_t *component = json_object_get (t->spec, "component");
  const char *tree = json_string_value (json_object_get (component, "tree")), *slash = tree ? strrchr (tree, '/') : NULL,
             *name = slash ? slash + 1 : tree;

  if (!tree)
    return fettle_error_set (err, FETTLE_E_CONFIG, "the component is no folder, so that none can be offered");
  snprintf (ret->name, sizeof ret->name, "%s", fettle_component_file_name_ok (name) ? name : "release");
  return fettle_component_tree (t->job->engine, json_integer_value (json_object_get (t->spec, "baseline_id")), component,
                                &ret->tree, err);
}

static fettle_result
offer (struct serving *s, int64_t file, uint32_t listener, const char *ours, const char *address,
       const char *token, struct offered **ret, struct fettle_error *err)
{
  struct task *t = s->task;
  struct fettle_offer wanted = { .node = t->lane->node, .job = t->job->id, .task = t->id,
                                 .changed = changed, .arg = t };
  struct offered *o = calloc (1, sizeof *o);
  fettle_result r;

  if (!o)
    return fettle_error_set (err, FETTLE_E_NOMEM, "no memory for a URL");
  snprintf (wanted.token, sizeof wanted.token, "%s", token);
  snprintf (wanted.address, sizeof wanted.address, "%.*s", (int) strcspn (address, "%"), address);
  r = file == STATUS   ? FETTLE_OK
      : file == FOLDER ? open_tree (t, &wanted, err) : open_file (t, file, &wanted, err);
  if (!r)
    r = fettle_served_new (t->job->engine->callbacks, listener, ours, &wanted, &o->served, err);
  fettle_offer_file_release (wanted.file);
  fettle_offer_tree_release (wanted.tree);
  if (r) {
    free (o);
    return r;
  }
  o->file = file;
  o->listener = listener;
  o->next = s->first;
  s->first = o;
  *ret = o;
  return FETTLE_OK;
}

static fettle_result
new_url (struct lane *lane, struct serving *s, int64_t file, uint32_t listener,
         struct offered **ret, struct fettle_error *err)
{
  char ours[64];

  if (!lane->engine->callbacks)
    return fettle_error_set (err, FETTLE_E_SERVICE, "this service has no listeners for nodes");
  if (may_listen (lane, listener, err)
      || fettle_own_address (lane->literal, ours, sizeof ours, err)
      || offer (s, file, listener, ours, lane->literal, "", ret, err))
    return err->code;
  fettle_store_run (lane->engine->store,
                    "INSERT INTO offer (token, task, file, listener, ours, address)"
                    " VALUES (?, ?, ?, ?, ?, ?)", "siiiss",
                    fettle_served_offer ((*ret)->served)->token, s->task->id, file,
                    (int64_t) listener, ours, lane->literal);
  return FETTLE_OK;
}

/* ---- Status ---- */

/* The call waits for a status: the next one that it hasn't been given. */
static void
give (struct serving *s)
{
  struct lane *lane = s->task->lane;
  struct fettle_rows rows;
  _cleanup_json_ json_t *message = NULL;

  if (!s->asked || !lane->call || lane->told != s->task)
    return;
  fettle_store_query (lane->engine->store, &rows,
                      "SELECT id, body FROM post WHERE task = ? AND taken = 0 AND id > ?"
                      " ORDER BY id LIMIT 1", "ii", s->task->id, s->told);
  if (fettle_rows_next (&rows)) {
    s->told = fettle_rows_int (&rows, 0);
    s->asked = false;
    message = json_pack ("{s:o}", "status", fettle_rows_json (&rows, 1));
    fettle_rows_end (&rows);
    fettle_call_send (lane->call, message);
  }
}

static void
stored (void *arg)
{
  struct serving *s = arg;

  s->waking = false;
  give (s);
  fettle_deploy_wake (s->task);
}

static void
answer (void *post)
{
  fettle_post_answer (post, 200, "Stored.\n");
}

/* It was said before: by its own name, or in the same words as the last one. */
static bool
is_known (struct serving *s, const char *key, const char *text)
{
  if (*key)
    return fettle_store_number (s->task->job->engine->store, 0,
                                "SELECT 1 FROM post WHERE task = ? AND key = ?", "is",
                                s->task->id, key);
  return s->last && strcmp (s->last, text) == 0;
}

static void
keep (struct serving *s, const json_t *body, const char *key, char *text)
{
  struct task *t = s->task;
  struct fettle_store *store = t->job->engine->store;

  fettle_store_run (store, "INSERT INTO post (task, time, key, body) VALUES (?, ?, ?, ?)", "iiss",
                    t->id, (int64_t) time (NULL), *key ? key : NULL, text);
  if (s->n_posts++ < LINES)
    fettle_task_log (t, "the node says: %.*s", LINE_BYTES, text);
  fettle_job_event (t->job, t, strlen (text) <= EVENT_BYTES
                                 ? json_pack ("{s:O}", "status", body)
                                 : json_pack ("{s:{s:I}}", "status", "bytes",
                                              (json_int_t) strlen (text)));
  s->news = true;
  if (!s->waking) {
    s->waking = true;
    fettle_store_then (store, stored, s);
  }
}


static void
on_post (void *arg, struct fettle_offer *o, json_t *body, const char *key,
         struct fettle_post *post)
{
  struct fettle_engine *e = arg;
  struct task *t = o->arg;
  _cleanup_free_ char *text = json_dumps (body, JSON_COMPACT);

  if (!t->serving || !text)
    fettle_post_answer (post, 503, "Nobody takes this now.\n");
  else if (!is_known (t->serving, key, text) && t->serving->n_posts >= POSTS)
    fettle_post_answer (post, 403, "This task has taken all that it takes.\n");
  else {
    if (!is_known (t->serving, key, text)) {
      keep (t->serving, body, key, text);
      if (!*key) {
        free (t->serving->last);
        t->serving->last = STEAL (text);
      }
    }
    /* On the disk, also what came twice within this pass. */
    fettle_store_then (e->store, answer, post);
  }
  json_decref (body);
}

/* ---- From the call ---- */

static json_t *
fetched (struct serving *s, int64_t file, uint32_t listener)
{
  struct offered *o = find (s, file, listener);
  const struct fettle_offer *offered = o ? fettle_served_offer (o->served) : NULL;

  return json_pack ("{s:I s:I}", "bytes", (json_int_t) (offered ? offered->bytes : 0), "answers",
                    (json_int_t) (offered ? offered->fetches : 0));
}

/* As the last check saw it; ways.c keeps what is blocked. */
static json_t *
way (struct lane *lane, uint32_t listener)
{
  const struct fettle_settings *s = lane->engine->settings;
  int64_t port = (int64_t) (listener == FETTLE_LISTEN_HTTP    ? s->port
                            : listener == FETTLE_LISTEN_HTTPS ? s->ssl_port : s->ftp_port);

  return json_pack ("{s:b}", "blocked", fettle_store_number (
                      lane->engine->store, 0, "SELECT 1 FROM way WHERE node = ? AND direction = 'from'"
                      " AND protocol = 'tcp' AND port = ?", "ii", lane->node, port) == 1);
}

void
fettle_serving_ask (struct lane *lane, const json_t *message)
{
  const char *what = json_string_value (json_object_get (message, "serve"));
  int64_t file = json_integer_value (json_object_get (message, "file"));
  uint32_t listener = (uint32_t) json_integer_value (json_object_get (message, "listener"));
  struct serving *s = serving_of (lane->told);
  struct offered *o;
  struct fettle_error err;

  if (strcmp (what, "status") == 0) {
    s->asked = true;
    give (s);
  } else if (strcmp (what, "fetched") == 0)
    reply (s, fetched (s, file, listener));
  else if (strcmp (what, "way") == 0)
    reply (s, way (lane, listener));
  else if (file != STATUS && strcmp (lane->what, "deploy") != 0)
    reply (s, json_pack ("{s:i s:s}", "code", FETTLE_E_CONFIG, "error",
                         "files are offered in deploy only"));
  else if ((o = find (s, file, listener)) || !new_url (lane, s, file, listener, &o, &err))
    reply (s, json_pack ("{s:s}", "url", fettle_served_url (o->served)));
  else
    reply (s, json_pack ("{s:i s:s}", "code", (int) err.code, "error", err.text));
}

void
fettle_serving_called (struct lane *lane, bool failed)
{
  struct serving *s = lane->told ? lane->told->serving : NULL;

  if (!s)
    return;
  if (s->told && !failed)
    fettle_store_run (lane->engine->store, "UPDATE post SET taken = 1 WHERE task = ? AND id <= ?",
                      "ii", s->task->id, s->told);
  s->told = 0;
  s->asked = false;
}

bool
fettle_serving_has_news (const struct task *t)
{
  bool news = t->serving && t->serving->news;

  if (t->serving)
    t->serving->news = false;
  return news;
}

/* ---- Beginning and end ---- */

void
fettle_serving_end (struct serving *s, bool for_good)
{
  struct fettle_store *store;

  if (!s)
    return;
  store = s->task->job->engine->store;
  fettle_store_forget (store, s);
  if (for_good)
    fettle_store_run (store, "DELETE FROM offer WHERE task = ?", "i", s->task->id);
  while (s->first) {
    struct offered *o = s->first;

    s->first = o->next;
    fettle_served_free (o->served);
    free (o);
  }
  s->task->serving = NULL;
  json_decref (s->replies);
  free (s->last);
  free (s);
}

static void
offer_again (struct task *t)
{
  struct fettle_rows rows;
  struct offered *o;
  struct fettle_error err;

  fettle_store_query (t->job->engine->store, &rows,
                      "SELECT file, listener, ours, address, token FROM offer WHERE task = ?", "i",
                      t->id);
  while (fettle_rows_next (&rows))
    if (offer (serving_of (t), fettle_rows_int (&rows, 0), (uint32_t) fettle_rows_int (&rows, 1),
               fettle_rows_text (&rows, 2), fettle_rows_text (&rows, 3),
               fettle_rows_text (&rows, 4), &o, &err))
      fettle_task_log (t, "what was offered to the node can't be offered any more: %s", err.text);
}

void
fettle_serving_begin (struct fettle_engine *e)
{
  fettle_callbacks_set_post (e->callbacks, on_post, e);
  for (struct job *j = e->jobs; j; j = j->next)
    for (size_t i = 0; !j->finished && i < j->n_tasks; i++)
      if (!fettle_task_ended (&j->tasks[i]))
        offer_again (&j->tasks[i]);
}

json_t *
fettle_serving_last (struct fettle_engine *e, int64_t task)
{
  struct fettle_rows rows;
  json_t *last = NULL;

  fettle_store_query (e->store, &rows,
                      "SELECT body FROM post WHERE task = ? ORDER BY id DESC LIMIT 1", "i", task);
  if (fettle_rows_next (&rows)) {
    last = fettle_rows_json (&rows, 0);
    fettle_rows_end (&rows);
  }
  return last ? last : json_null ();
}
