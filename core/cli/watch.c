/* watch.c - fettle watch: a job to its end, or what happens, as it happens.
 *
 * The second is GET /events, server-sent events: lines "id: N", "event: TYPE",
 * "data: JSON", and an empty one behind each event.  When the connection
 * breaks, it goes on behind the last id, so nothing is missed or said twice.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "util/base.h"

#include <time.h>

#include "cli/job.h"
#include "util/text.h"

#define LINE_MAX_SIZE (1 << 20)
#define RECONNECT_SECONDS 60

struct watch {
  struct fettle_cli *cli;
  struct fettle_buf line;
  char id[24], type[16];
  char *data;
  const char *job; /* only this one's, to its end; or NULL */
  bool ended, out_failed;
};

/* ---- One event ---- */

static const char *
text_of (const json_t *event, const char *key)
{
  const char *text = json_string_value (json_object_get (event, key));

  return text ? text : "";
}

/* "12:00:01 job 3 web1: done" and what else there is to say. */
static void
print_line (const struct watch *w, const json_t *event)
{
  FILE *out = w->cli->out;
  json_int_t job = json_integer_value (json_object_get (event, "job"));
  static const char *const words[] = { "kind", "state", "step", "log", "error", "waits" };

  fprintf (out, "%s", text_of (event, "time"));
  if (job)
    fprintf (out, " job %lld", (long long) job);
  if (strcmp (w->type, "node") == 0)
    fprintf (out, " node");
  if (*text_of (event, "name"))
    fprintf (out, " %s:", text_of (event, "name"));
  for (size_t i = 0; i < COUNT (words); i++)
    if (*text_of (event, words[i]))
      fprintf (out, " %s", text_of (event, words[i]));
  fputc ('\n', out);
}

static void
print_json (const struct watch *w, json_t *event)
{
  _cleanup_free_ char *text = NULL;

  json_object_set_new (event, "type", json_string (w->type));
  if (*w->id && strcmp (w->type, "progress") != 0)
    json_object_set_new (event, "id", json_integer (strtoll (w->id, NULL, 10)));
  text = json_dumps (event, JSON_COMPACT);
  fprintf (w->cli->out, "%s\n", text ? text : "{}");
}

static void
show (struct watch *w)
{
  _cleanup_json_ json_t *event = json_loads (w->data, 0, NULL);

  if (!json_is_object (event))
    return;
  if (strcmp (w->type, "lost") == 0)
    fettle_cli_notice (w->cli, "events are missing: the service doesn't keep them so long");
  if (w->cli->format == FETTLE_FORMAT_JSON)
    print_json (w, event);
  else if (strcmp (w->type, "lost") != 0 && strcmp (w->type, "progress") != 0)
    print_line (w, event);
  if (fflush (w->cli->out))
    w->out_failed = true;
  if (w->job && strcmp (w->type, "job") == 0
      && fettle_has_word ("done aborted", text_of (event, "state")))
    w->ended = true;
}

/* ---- The stream's lines ---- */

static void
take_line (struct watch *w)
{
  const char *line = fettle_buf_text (&w->line);

  if (strncmp (line, "id: ", 4) == 0)
    snprintf (w->id, sizeof w->id, "%s", line + 4);
  else if (strncmp (line, "event: ", 7) == 0)
    snprintf (w->type, sizeof w->type, "%s", line + 7);
  else if (strncmp (line, "data: ", 6) == 0) {
    free (w->data);
    w->data = strdup (line + 6);
  } else if (!*line && w->data) {
    show (w);
    free (w->data);
    w->data = NULL;
  }
}

/* False ends the stream. */
static bool
take (void *arg, const char *data, size_t size)
{
  struct watch *w = arg;

  for (const char *p = data, *end = data + size; p < end;) {
    const char *newline = memchr (p, '\n', (size_t) (end - p));
    size_t n = newline ? (size_t) (newline - p) : (size_t) (end - p);

    if (!fettle_buf_add (&w->line, p, n))
      return false;
    p += n + (newline != NULL);
    if (!newline)
      break;
    take_line (w);
    fettle_buf_reset (&w->line);
    if (w->ended || w->out_failed)
      return false;
  }
  return true;
}

/* ---- The command ---- */

static fettle_result
stream (struct watch *w, struct fettle_client *client, struct fettle_error *err)
{
  char path[128];

  snprintf (path, sizeof path, "/events%s%s%s%s%s", w->job || *w->id ? "?" : "",
            w->job ? "job=" : "", w->job ? w->job : "",
            *w->id ? (w->job ? "&after=" : "after=") : "", w->id);
  /* What was half there comes again. */
  fettle_buf_reset (&w->line);
  free (w->data);
  w->data = NULL;
  return fettle_client_stream (client, path, take, w, err);
}

static fettle_result
come_back (struct watch *w, struct fettle_client **client, struct fettle_error *err)
{
  fettle_client_free (*client);
  *client = NULL;
  for (int i = 0; i < RECONNECT_SECONDS * 5; i++) {
    if (fettle_client_open (w->cli, false, client, err) == FETTLE_OK || err->code == FETTLE_E_AUTH)
      break;
    nanosleep (&(struct timespec) { 0, 200 * 1000 * 1000 }, NULL);
  }
  return *client ? FETTLE_OK : err->code;
}

static int
watch_events (struct watch *w, struct fettle_client **client)
{
  struct fettle_error err;
  fettle_result r = FETTLE_OK;

  while (!r && !w->ended && !w->out_failed) {
    r = stream (w, *client, &err);
    if (w->ended || w->out_failed)
      break;
    if (r == FETTLE_OK || r == FETTLE_E_SERVICE || r == FETTLE_E_UNREACHABLE)
      r = come_back (w, client, &err);
  }
  if (w->out_failed)
    return FETTLE_EXIT_GENERAL;
  return r && !w->ended ? fettle_cli_fail (&err) : FETTLE_EXIT_DONE;
}

/* Events of one job, from its beginning; its exit code. */
static int
watch_job_events (struct watch *w, struct fettle_client **client, const json_t *job)
{
  _cleanup_json_ json_t *end = NULL;
  struct fettle_error err;
  char id[24], path[40];
  int status;

  snprintf (id, sizeof id, "%lld", (long long) json_integer_value (json_object_get (job, "id")));
  snprintf (path, sizeof path, "/jobs/%s", id);
  w->job = id;
  if (!*w->id)
    snprintf (w->id, sizeof w->id, "0");
  status = watch_events (w, client);
  if (status)
    return status;
  if (fettle_client_call (*client, "GET", path, NULL, &end, &err))
    return fettle_cli_fail (&err);
  return (int) json_integer_value (json_object_get (end, "exit_code"));
}

static int
run_watch (struct fettle_cli *cli, const struct fettle_args *args)
{
  const char *after = fettle_args_value (args, "after");
  bool events = fettle_args_flag (args, "events");
  _cleanup_client_ struct fettle_client *client = NULL;
  _cleanup_free_ char *path = fettle_client_path ("/jobs/", args->n_words ? args->words[0] : "last",
                                                     "");
  _cleanup_json_ json_t *job = NULL, *started = json_object ();
  struct watch w = { .cli = cli, .line = FETTLE_BUF_INIT (LINE_MAX_SIZE) };
  struct fettle_error err;
  uint64_t number;
  int status;

  if (after && (!events || !fettle_parse_uint (after, 0, INT64_MAX, &number)))
    return fettle_cli_usage ("--after is an event's number, and for --events");
  if (events && cli->format == FETTLE_FORMAT_CSV)
    return fettle_cli_usage ("events come as lines of text, or of JSON");
  if (fettle_client_open (cli, true, &client, &err)
      || ((args->n_words || !events) && fettle_client_call (client, "GET", path, NULL, &job, &err)))
    return fettle_cli_fail (&err);
  json_object_set (started, "job", json_object_get (job, "id"));
  if (!events)
    return fettle_job_run (cli, &client, started);
  snprintf (w.id, sizeof w.id, "%s", after ? after : "");
  status = job ? watch_job_events (&w, &client, job) : watch_events (&w, &client);
  fettle_buf_clear (&w.line);
  free (w.data);
  return status;
}

static const struct fettle_option watch_options[] = {
  { "events", 0, NULL, "show what happens as it happens, a line each, of JOB or of all" },
  { "after",  0, "ID", "begin behind this event; 0: with the oldest that is kept" },
  { NULL, 0, NULL, NULL },
};

const struct fettle_command fettle_command_watch = {
  "watch", NULL, "[JOB]", 0, 1, "follow a job to its end; without JOB, the last one",
  FETTLE_FORMATS_USUAL, FETTLE_FORMAT_TABLE, watch_options, run_watch,
};
