/* plugin-calls.c - calls of a plugin with the test host: silence and nonsense
 * for answers, each call of the host failing in turn, an abort.
 *
 * One process for each call, as with Fettle.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "util/base.h"

#include <signal.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>

#include <fettle/testhost.h>

#include "cli/plugin-check.h"
#include "plugin/quirks.h"

enum {
  MAX_FAILING = 12,      /* calls of one run that are made to fail in turn */
  LONG_LINE = 256 * 1024,
  NOISE = 4096,
};

struct answer {
  const char *name, *text;
  int32_t http_status, exit_status;
};

static const struct answer answers[] = {
  { "nothing",              "",                                                     200, 0 },
  { "a version",            "1.2.3\n",                                              200, 0 },
  { "an empty object",      "{}",                                                   200, 0 },
  { "JSON of other types",  "{\"Members\": 5, \"Name\": [], \"Version\": {}, \"Status\": \"\", \"Links\": null}", 200, 0 },
  { "half of an answer",    "{\"Members\": [{\"@odata.id\": \"/redfish/v1/Sys",     200, 0 },
  { "a bare list",          "[null, [], 1e999]",                                    200, 0 },
  { "an empty document",    "<?xml version=\"1.0\"?>\n<a/>\n",                      200, 0 },
  { "half of a document",   "<?xml version=\"1.0\"?>\n<RIBCL><RESPONSE STATUS=\"",  200, 0 },
  { "tables",               "a b c\n\n--- | --- | ---\n1=2=3 :\n\t\n:::\n= =\r\n",  200, 0 },
  { "an error",             "<html>Internal Server Error</html>\n",                 500, 1 },
  { "that it won't",        "Permission denied\n",                                  401, 126 },
  { "a redirection",        "",                                                     302, 127 },
};

/* The same noise each time: what is found can be found again. */
static void
make_noise (char *text)
{
  uint32_t x = 2463534242u;

  for (size_t i = 0; i < NOISE; i++) {
    x ^= x << 13, x ^= x >> 17, x ^= x << 5;
    text[i] = (char) (x >> 8);
  }
}

struct run {
  struct fettle_checker *checker;
  const struct fettle_node_type *type;
  enum fettle_testhost_operation operation;
  struct fettle_testhost_seen *seen; /* shared with the call's process */
  const char *answer;                /* its name */
  unsigned n;                        /* calls of the plugin so far */
  char wrong[1024];                  /* the first fault */
};

static const char *
find_quirk (void *opaque, const char *model, const char *key)
{
  return fettle_quirks_find (opaque, model, key);
}

/* In the process of the call.  What the plugin prints must not get into the
 * report. */
static void
be_call (const struct run *r, const struct fettle_testhost_plan *plan)
{
  struct rlimit none = { 0, 0 };

  prctl (PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0); /* nothing stays behind when the check is interrupted */
  (void) setrlimit (RLIMIT_CORE, &none);
  (void) dup2 (STDERR_FILENO, STDOUT_FILENO);
  close (fileno (r->checker->out)); /* who stays behind doesn't keep the command waiting */
  signal (SIGPIPE, SIG_IGN);
  alarm (r->checker->timeout_s);
  fettle_testhost_call (r->type, r->operation, plan, r->seen);
  _exit (0);
}

/* What was wrong with a call that has ended; "" if nothing. */
static void
judge (const struct run *r, int status, char *ret, size_t size)
{
  const struct fettle_testhost_seen *s = r->seen;

  *ret = '\0';
  if (WIFSIGNALED (status) && WTERMSIG (status) == SIGALRM)
    snprintf (ret, size, "it didn't come back within %u s; the last it called of the host was %s",
              r->checker->timeout_s, *s->last ? s->last : "nothing");
  else if (WIFSIGNALED (status))
    snprintf (ret, size, "it ended by signal %d (%s); the last it called of the host was %s", WTERMSIG (status),
              strsignal (WTERMSIG (status)), *s->last ? s->last : "nothing");
  else if (*s->wrong)
    snprintf (ret, size, "%.255s", s->wrong);
  else if (!s->ended)
    snprintf (ret, size, "it ended its process (status %d); the last it called of the host was %s",
              WEXITSTATUS (status), *s->last ? s->last : "nothing");
}

static void
describe (const struct run *r, const struct fettle_testhost_plan *plan, char *ret, size_t size)
{
  size_t n = (size_t) snprintf (ret, size, "when the node answers %s", r->answer);

  if (plan->format && n < size)
    n += (size_t) snprintf (ret + n, size - n, " to an image of the format %s", plan->format);
  if (plan->fail_at && n < size)
    n += (size_t) snprintf (ret + n, size - n, " and the host's call %u fails", plan->fail_at);
  if (plan->abort_at && n < size)
    snprintf (ret + n, size - n, " and the host's call %u is aborted", plan->abort_at);
}

static bool
call_plainly (const struct run *r, const struct fettle_testhost_plan *plan, char *ret_wrong, size_t size)
{
  int status = 0;
  pid_t pid;

  memset (r->seen, 0, sizeof *r->seen);
  fflush (r->checker->out); /* or the child would have it, too */
  pid = fork ();
  if (pid == 0)
    be_call (r, plan);
  if (pid < 0 || waitpid (pid, &status, 0) != pid)
    snprintf (ret_wrong, size, "this host can't start a process for the call");
  else
    judge (r, status, ret_wrong, size);
  return !*ret_wrong;
}

bool
fettle_check_call (struct fettle_checker *k, const struct fettle_node_type *type, int operation,
                   const struct fettle_testhost_plan *plan, struct fettle_testhost_seen *seen, char *ret_wrong,
                   size_t size)
{
  struct run r = { .checker = k, .type = type, .operation = (enum fettle_testhost_operation) operation, .seen = seen };

  return call_plainly (&r, plan, ret_wrong, size);
}

/* True if nothing was wrong. */
static bool
call (struct run *r, const struct fettle_testhost_plan *plan)
{
  char what[512] = "", when[160];

  r->n++;
  if (call_plainly (r, plan, what, sizeof what))
    return true;
  describe (r, plan, when, sizeof when);
  snprintf (r->wrong, sizeof r->wrong, "%s, %s", when, what);
  return false;
}

/* One answer: as it is, then with trouble at each call that it led to. */
static bool
call_each (struct run *r, struct fettle_testhost_plan *plan)
{
  uint32_t n;

  plan->fail_at = plan->abort_at = 0;
  if (!call (r, plan))
    return false;
  n = r->seen->calls;
  for (plan->fail_at = 1; plan->fail_at <= n && plan->fail_at <= MAX_FAILING; plan->fail_at++)
    if (!call (r, plan))
      return false;
  plan->fail_at = 0;
  for (plan->abort_at = 1; plan->abort_at <= n; plan->abort_at = 2 * plan->abort_at + 1)
    if (!call (r, plan))
      return false;
  return true;
}

static bool
call_formats (struct run *r, struct fettle_testhost_plan *plan)
{
  static const char *const formats[] = { "raw", "deb", "rpm", "scexe", "cab" };

  if (r->operation != FETTLE_TEST_DEPLOY)
    return call_each (r, plan);
  for (size_t i = 0; i < COUNT (formats); i++) {
    plan->format = formats[i];
    if (!call_each (r, plan))
      return false;
  }
  return true;
}

static bool
call_text (struct run *r, const char *name, const char *text, size_t size, int32_t http, int32_t status)
{
  struct fettle_testhost_plan plan = {
    .answer = text, .answer_size = size, .http_status = http, .exit_status = status, .quirk = find_quirk,
    .opaque = r->checker->quirks,
  };

  r->answer = name;
  return call_formats (r, &plan);
}

static void
call_all (struct run *r)
{
  static char noise[NOISE + 1], line[LONG_LINE + 1];

  make_noise (noise);
  memset (line, 'A', LONG_LINE);
  for (size_t i = 0; i < COUNT (answers); i++)
    if (!call_text (r, answers[i].name, answers[i].text, strlen (answers[i].text), answers[i].http_status,
                    answers[i].exit_status))
      return;
  (void) (call_text (r, "noise", noise, NOISE, 200, 0) && call_text (r, "a line without an end", line, LONG_LINE, 200, 0));
}

static void
check_operation (struct fettle_checker *k, const struct fettle_node_type *t,
                 enum fettle_testhost_operation operation, struct fettle_testhost_seen *seen)
{
  struct run r = { .checker = k, .type = t, .operation = operation, .seen = seen };
  char what[96];

  snprintf (what, sizeof what, "%s: %s bears nonsense, failing calls and an abort", t->name,
            fettle_testhost_name (operation));
  call_all (&r);
  fettle_check_tell (k, what, "%s", r.wrong);
}

struct fettle_testhost_seen *
fettle_check_seen_new (void)
{
  void *seen = mmap (NULL, sizeof (struct fettle_testhost_seen), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS,
                     -1, 0);

  if (seen == MAP_FAILED)
    abort (); /* no memory */
  return seen;
}

void
fettle_check_seen_free (struct fettle_testhost_seen *seen)
{
  munmap (seen, sizeof *seen);
}

void
fettle_check_calls (struct fettle_checker *k, const struct fettle_plugin_info *plugin)
{
  struct fettle_testhost_seen *seen = fettle_check_seen_new ();

  for (uint32_t i = 0; i < plugin->descriptor.n_node_types; i++)
    for (int o = 0; o < FETTLE_TEST_OPERATIONS; o++)
      if (fettle_testhost_has (&plugin->node_types[i], o))
        check_operation (k, &plugin->node_types[i], o, seen);
  fettle_check_seen_free (seen);
}
