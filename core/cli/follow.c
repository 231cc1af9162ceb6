/* follow.c - see job.h.  SPDX-License-Identifier: Apache-2.0 */
#include "util/base.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <time.h>

#include "cli/job.h"

enum {
  POLL_SECONDS = 25,     /* of one long poll; the API has at most 30 */
  PACE_MS = 50,          /* between two polls: many events come in one answer then */
  RECONNECT_TRIES = 5,   /* when the service was restarted meanwhile */
};

/* A task as far as it was told. */
struct seen {
  json_int_t id;
  char *name, *title;
  char state[24], step[128];
  unsigned permille;
};

struct follow {
  struct fettle_cli *cli;
  struct fettle_client **client;
  json_int_t id, after;
  char kind[24];
  struct seen *tasks; /* by id */
  size_t n;
  struct {
    uint64_t files, mib, of_mib;
    unsigned permille;
  } scan;             /* of a baseline */
  struct fettle_bars bars;
  unsigned interrupts;
  json_t *job;        /* as last read whole */
};

/* ---- Ctrl-C ---- */

static int interrupt_pipe[2] = { -1, -1 };

static void
on_interrupt (int number)
{
  int e = errno;
  ssize_t n = write (interrupt_pipe[1], "", 1);

  (void) n;
  (void) number;
  errno = e;
}

static fettle_result
catch_interrupt (struct sigaction *ret_before, struct fettle_error *err)
{
  struct sigaction action = { .sa_handler = on_interrupt };

  if (pipe2 (interrupt_pipe, O_CLOEXEC | O_NONBLOCK))
    return fettle_error_errno (err, FETTLE_E_INTERNAL, "preparing to follow the job");
  sigaction (SIGINT, &action, ret_before);
  return FETTLE_OK;
}

static void
release_interrupt (const struct sigaction *before)
{
  sigaction (SIGINT, before, NULL);
  close (interrupt_pipe[0]);
  close (interrupt_pipe[1]);
  interrupt_pipe[0] = interrupt_pipe[1] = -1;
}

static void
interrupted (struct follow *f)
{
  char bytes[16];
  ssize_t n = read (interrupt_pipe[0], bytes, sizeof bytes);

  fettle_bars_hide (&f->bars);
  f->interrupts += n > 0 ? (unsigned) n : 0;
  if (f->interrupts > 1) {
    /* As if it had never been caught: the shell sees why we ended. */
    signal (SIGINT, SIG_DFL);
    raise (SIGINT);
  }
  fprintf (stderr,
           "fettle: job %lld goes on in the service; \"fettle abort %lld\" ends it,"
           " \"fettle watch %lld\" follows it again; Ctrl-C once more leaves now\n",
           (long long) f->id, (long long) f->id, (long long) f->id);
}

/* ---- Tasks ---- */

static int
by_id (const void *a, const void *b)
{
  const struct seen *s = a, *t = b;

  return (s->id > t->id) - (s->id < t->id);
}

static void
clear_tasks (struct follow *f)
{
  for (size_t i = 0; i < f->n; i++) {
    free (f->tasks[i].name);
    free (f->tasks[i].title);
  }
  free (f->tasks);
  f->tasks = NULL;
  f->n = 0;
}

static void
clear_follow (struct follow *f)
{
  fettle_bars_hide (&f->bars);
  clear_tasks (f);
  json_decref (f->job);
}

static const char *
text_of (const json_t *object, const char *key)
{
  const char *text = json_string_value (json_object_get (object, key));

  return text ? text : "";
}

static fettle_result
take_tasks (struct follow *f, struct fettle_error *err)
{
  const json_t *tasks = json_object_get (f->job, "tasks"), *task;
  size_t i;

  clear_tasks (f);
  f->tasks = calloc (json_array_size (tasks) + 1, sizeof f->tasks[0]);
  if (!f->tasks)
    return fettle_error_set (err, FETTLE_E_NOMEM, "no memory to follow the job");
  json_array_foreach (tasks, i, task) {
    struct seen *s = &f->tasks[f->n];

    s->id = json_integer_value (json_object_get (task, "id"));
    s->permille = (unsigned) json_integer_value (json_object_get (task, "progress"));
    s->name = strdup (text_of (task, "name"));
    s->title = strdup (text_of (task, "title"));
    snprintf (s->state, sizeof s->state, "%s", text_of (task, "state"));
    snprintf (s->step, sizeof s->step, "%s", text_of (task, "step"));
    f->n++;
    if (!s->name || !s->title)
      return fettle_error_set (err, FETTLE_E_NOMEM, "no memory to follow the job");
  }
  qsort (f->tasks, f->n, sizeof f->tasks[0], by_id);
  return FETTLE_OK;
}

static bool
is_one_of (const char *word, const char *const *words)
{
  for (; *words; words++)
    if (strcmp (word, *words) == 0)
      return true;
  return false;
}

static bool
has_ended (const struct seen *s)
{
  static const char *const ended[] = { "done", "failed", "unknown", "skipped", "blocked", "aborted",
                                       NULL };

  return is_one_of (s->state, ended);
}

static bool
went_wrong (const struct seen *s)
{
  static const char *const wrong[] = { "failed", "unknown", "skipped", "blocked", NULL };

  return is_one_of (s->state, wrong);
}

/* "web1: inventory: done (412 items)", as a line that stays. */
static void
say (struct follow *f, const struct seen *s, const char *why)
{
  static const char *const silent[] = { "pending", "running", NULL };
  const char *step = has_ended (s) ? s->step : "";
  char text[1400];

  if (f->cli->quiet || (f->cli->progress && !went_wrong (s)) || is_one_of (s->state, silent))
    return;
  snprintf (text, sizeof text, "%s%s%s: %s%s%s%s", s->name, *s->name ? ": " : "",
            *s->title ? s->title : f->kind, s->state, *why ? ": " : *step ? " (" : "",
            *why ? why : step, !*why && *step ? ")" : "");
  fettle_cli_clean (text);
  fettle_bars_hide (&f->bars);
  fprintf (stderr, "%s\n", text);
}

/* How far a baseline is read. */
static void
take_scan (struct follow *f, const json_t *scan)
{
  double done = json_number_value (json_object_get (scan, "bytes")),
         all = json_number_value (json_object_get (scan, "of_bytes"));

  f->scan.files = (uint64_t) json_integer_value (json_object_get (scan, "files"));
  f->scan.mib = (uint64_t) (done / (1 << 20));
  f->scan.of_mib = (uint64_t) (all / (1 << 20));
  f->scan.permille = all > 0 && done <= all ? (unsigned) (done / all * 1000) : 0;
}

/* Why nothing new begins. */
static void
say_waits (struct follow *f, const char *why, const char *until)
{
  static const struct { const char *word, *text, *verb; } texts[] = {
    { "approval", "waits for approval",                  "approve" },
    { "pause",    "is paused",                           "resume" },
    { "canary",   "has done its first batch, and waits", "resume" },
    { "time",     "waits for its time",                  NULL },
    { "window",   "waits for a maintenance window",      NULL },
  };
  char go_on[64] = "";

  for (size_t i = 0; i < COUNT (texts); i++)
    if (strcmp (texts[i].word, why) == 0) {
      if (texts[i].verb)
        snprintf (go_on, sizeof go_on, ": fettle job %s %lld", texts[i].verb, (long long) f->id);
      fettle_bars_hide (&f->bars);
      fettle_cli_notice (f->cli, "job %lld %s%s%s%s", (long long) f->id, texts[i].text,
                         *until ? " until " : "", until, go_on);
    }
}

static void
take_event (struct follow *f, const json_t *event)
{
  struct seen wanted = { .id = json_integer_value (json_object_get (event, "task")) };
  struct seen *s = f->n ? bsearch (&wanted, f->tasks, f->n, sizeof f->tasks[0], by_id) : NULL;
  const char *state = json_string_value (json_object_get (event, "state"));
  const json_t *progress = json_object_get (event, "progress");
  json_int_t seq = json_integer_value (json_object_get (event, "seq"));

  if (seq > f->after)
    f->after = seq;
  if (json_object_get (event, "scan"))
    take_scan (f, json_object_get (event, "scan"));
  if (json_object_get (event, "waits"))
    say_waits (f, text_of (event, "waits"), text_of (event, "until"));
  if (!s)
    return;
  if (progress)
    s->permille = (unsigned) json_integer_value (progress);
  if (json_object_get (event, "step"))
    snprintf (s->step, sizeof s->step, "%s", text_of (event, "step"));
  if (!state || strcmp (state, s->state) == 0)
    return;
  snprintf (s->state, sizeof s->state, "%s", state);
  say (f, s, text_of (event, "error"));
  if (!has_ended (s))
    s->step[0] = '\0';
}

/* ---- The screen ---- */

static void
draw (struct follow *f)
{
  size_t room = f->bars.on ? fettle_bars_room () : 0, n = 0, ended = 0, wrong = 0, running = 0;
  struct fettle_bar bars[64], total = { .name = f->kind };
  char what[COUNT (bars)][256], sum[128];
  uint64_t progress = 0;

  if (!f->bars.on)
    return;
  for (size_t i = 0; i < f->n; i++) {
    const struct seen *s = &f->tasks[i];

    ended += has_ended (s);
    wrong += went_wrong (s);
    progress += has_ended (s) ? 1000 : s->permille <= 1000 ? s->permille : 1000;
    if (has_ended (s) || strcmp (s->state, "pending") == 0)
      continue;
    running++;
    if (n == room || n == COUNT (bars))
      continue;
    snprintf (what[n], sizeof what[n], "%s%s%s%s%s", strcmp (s->title, f->kind) ? s->title : "",
              strcmp (s->title, f->kind) && *s->title ? ": " : "", s->state, *s->step ? ": " : "",
              s->step);
    bars[n] = (struct fettle_bar) { *s->name ? s->name : f->kind, what[n], s->permille };
    n++;
  }
  if (!f->n) {
    snprintf (sum, sizeof sum, "%llu files, %llu of %llu MiB", (unsigned long long) f->scan.files,
              (unsigned long long) f->scan.mib, (unsigned long long) f->scan.of_mib);
    total.what = sum;
    total.permille = f->scan.permille;
    fettle_bars_draw (&f->bars, bars, 0, &total);
    return;
  }
  snprintf (sum, sizeof sum, "%zu of %zu, %zu running%s", ended, f->n, running, wrong ? ", " : "");
  if (wrong)
    snprintf (sum + strlen (sum), sizeof sum - strlen (sum), "%zu failed", wrong);
  total.what = sum;
  total.permille = f->n ? (unsigned) (progress / f->n) : 0;
  fettle_bars_draw (&f->bars, bars, n, &total);
}

/* ---- The service ---- */

static fettle_result
read_job (struct follow *f, struct fettle_error *err)
{
  char path[64];
  json_t *job;

  snprintf (path, sizeof path, "/jobs/%lld", (long long) f->id);
  if (fettle_client_call (*f->client, "GET", path, NULL, &job, err))
    return err->code;
  json_decref (f->job);
  f->job = job;
  snprintf (f->kind, sizeof f->kind, "%s", text_of (job, "kind"));
  return FETTLE_OK;
}

/* The service went away: jobs outlive it, so wait for it, or start it again. */
static fettle_result
reconnect (struct follow *f, struct fettle_error *err)
{
  struct fettle_client *again = NULL;
  struct fettle_error why = *err;

  fettle_bars_hide (&f->bars);
  for (int i = 0; i < RECONNECT_TRIES && !again; i++) {
    nanosleep (&(struct timespec) { 1, 0 }, NULL);
    if (fettle_client_open (f->cli, true, &again, err))
      again = NULL;
  }
  if (!again)
    return fettle_error_set (err, why.code, "lost the service while job %lld ran: %.800s",
                             (long long) f->id, why.text);
  fettle_client_free (*f->client);
  *f->client = again;
  f->after = 0; /* the new service counts its events anew */
  return read_job (f, err) ? err->code : take_tasks (f, err);
}

/* One long poll.  Sets whether the job still runs. */
static fettle_result
poll_events (struct follow *f, bool *ret_running, struct fettle_error *err)
{
  _cleanup_json_ json_t *answer = NULL;
  const json_t *event;
  char path[128];
  size_t i;

  snprintf (path, sizeof path, "/jobs/%lld/events?after=%lld&wait=%d", (long long) f->id,
            (long long) f->after, POLL_SECONDS);
  fettle_client_interrupt (*f->client, interrupt_pipe[0]);
  fettle_client_call (*f->client, "GET", path, NULL, &answer, err);
  fettle_client_interrupt (*f->client, -1);
  if (!answer && err->code == FETTLE_E_ABORTED) {
    interrupted (f);
    return FETTLE_OK;
  }
  if (!answer && (err->code == FETTLE_E_UNREACHABLE || err->code == FETTLE_E_SERVICE
                  || err->code == FETTLE_E_TIMEOUT))
    return reconnect (f, err);
  if (!answer)
    return err->code;
  json_array_foreach (json_object_get (answer, "events"), i, event)
    take_event (f, event);
  *ret_running = strcmp (text_of (answer, "state"), "running") == 0;
  return FETTLE_OK;
}

static fettle_result
follow (struct follow *f, struct fettle_error *err)
{
  bool running = true;

  if (read_job (f, err) || take_tasks (f, err))
    return err->code;
  while (running) {
    draw (f);
    if (poll_events (f, &running, err))
      return err->code;
    if (running)
      nanosleep (&(struct timespec) { 0, PACE_MS * 1000 * 1000 }, NULL);
  }
  fettle_bars_hide (&f->bars);
  return read_job (f, err);
}

fettle_result
fettle_follow (struct fettle_cli *cli, struct fettle_client **client, json_int_t id,
               json_t **ret_job, struct fettle_error *err)
{
  _cleanup_ (clear_follow) struct follow f = {
    .cli = cli, .client = client, .id = id, .bars = { .on = cli->progress },
  };
  struct sigaction before;
  fettle_result result;

  if (catch_interrupt (&before, err))
    return err->code;
  result = follow (&f, err);
  release_interrupt (&before);
  if (result == FETTLE_OK)
    *ret_job = STEAL (f.job);
  return result;
}
