/* pool.c - the pool with real workers: whatever a plugin does costs its own
 * call alone.  SPDX-License-Identifier: Apache-2.0 */
#include "util/base.h"

#include <arpa/inet.h>
#include <dirent.h>
#include <errno.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <time.h>

#include <cmocka.h>

#include "plugin/pool.h"
#include "util/text.h"

struct seen {
  bool done;
  fettle_result code;
  char text[1024], token[64];
  uint32_t score, delay_s;
  json_t *items;
  size_t n_items;
  unsigned logs, messages;
  struct fettle_call *call;
  int order; /* of the ends */
};

static struct event_base *base;
static struct fettle_settings settings;
static struct fettle_plugins plugins;
static struct fettle_pool *pool;
static int ends;

/* ---- Calls ---- */

static void
on_message (void *arg, const json_t *m)
{
  struct seen *s = arg;
  const json_t *items = json_object_get (m, "items"), *item;
  size_t i;

  s->messages++;
  s->logs += json_object_get (m, "log") != NULL;
  json_array_foreach (items, i, item) {
    s->n_items++;
    if (s->n_items < 100)
      json_object_set (s->items, json_string_value (json_object_get (item, "id")),
                       json_object_get (item, "name"));
  }
}

static void
on_done (void *arg, const struct fettle_outcome *o)
{
  struct seen *s = arg;

  assert_false (s->done);
  s->done = true;
  s->code = o->code;
  s->score = o->score;
  s->delay_s = o->delay_s;
  s->order = ++ends;
  snprintf (s->text, sizeof s->text, "%s", o->text ? o->text : "");
  snprintf (s->token, sizeof s->token, "%s", o->token ? o->token : "");
}

static json_t *
request (const char *call, const char *type, const char *deed, const char *port, const char *token)
{
  return json_pack ("{s:s, s:s, s:{s:s, s:s, s:s}, s:i, s:[[i,i,i,i,i]], s:{s:s, s:s}, s:{},"
                    " s:{s:s, s:n}, s:{s:i, s:i}, s:s?, s:[]}",
                    "call", call, "type", type,
                    "target", "address", "127.0.0.1", "name", "n1", "operation", "t-1",
                    "phase", 1, "ports", 6, 22, 22, 7, 7,
                    "settings", "do", deed, "port", port, "credentials",
                    "host_key", "policy", "strict", "pinned",
                    "timeouts", "connect", 2, "read", 2, "token", token, "fds");
}

static void
begin (struct seen *s, json_t *r, uint32_t deadline)
{
  static const struct fettle_call_handlers handlers = { on_message, on_done };

  *s = (struct seen) { .items = json_object () };
  s->call = fettle_pool_call (pool, r, NULL, 0, deadline, &handlers, s);
  assert_non_null (s->call);
  assert_false (s->done); /* never at once */
  json_decref (r);
}

static void
wait_for (struct seen *s)
{
  for (int i = 0; !s->done && i < 100000; i++)
    event_base_loop (base, EVLOOP_ONCE);
  assert_true (s->done);
}

static void
drop (struct seen *s)
{
  json_decref (s->items);
}

static struct seen
do_with (const char *deed, const char *port, uint32_t deadline)
{
  struct seen s;

  begin (&s, request ("inventory", "mischief", deed, port, NULL), deadline);
  wait_for (&s);
  return s;
}

static const char *
item (const struct seen *s, const char *id)
{
  const char *name = json_string_value (json_object_get (s->items, id));

  return name ? name : "(none)";
}

static bool
has_landlock_net (void)
{
  return syscall (444, NULL, 0, 1) >= 4;
}

/* ---- What plugins do ---- */

static void
test_good (void **state)
{
  struct seen s = do_with ("nothing", "", 10);

  (void) state;
  assert_int_equal (s.code, FETTLE_OK);
  assert_string_equal (item (&s, "good"), "did nothing bad");
  drop (&s);
  s = do_with ("setting", "", 10);
  assert_string_equal (item (&s, "initial"), "as declared");
  assert_string_equal (item (&s, "unknown"), "not set");
  drop (&s);
  begin (&s, request ("probe", "mischief", "", "", NULL), 10);
  wait_for (&s);
  assert_int_equal (s.code, FETTLE_OK);
  assert_int_equal (s.score, 100);
  drop (&s);
}

static void
test_crash (void **state)
{
  struct seen s = do_with ("crash", "", 10);

  (void) state;
  assert_int_equal (s.code, FETTLE_E_INTERNAL);
  if (!FETTLE_ASAN) /* which makes an exit of it */
    assert_non_null (strstr (s.text, "crashed (signal 11"));
  assert_non_null (strstr (s.text, "during inventory"));
  drop (&s);
  s = do_with ("leave", "", 10);
  assert_int_equal (s.code, FETTLE_E_INTERNAL);
  assert_non_null (strstr (s.text, "without a result"));
  drop (&s);
  test_good (state);
}

static void
test_hang (void **state)
{
  struct seen s = do_with ("hang", "", 1);

  (void) state;
  assert_int_equal (s.code, FETTLE_E_TIMEOUT);
  assert_non_null (strstr (s.text, "longer than 1 s"));
  drop (&s);
}

static void
test_eat (void **state)
{
  struct seen s;

  (void) state;
  if (FETTLE_ASAN)
    skip (); /* no limit on addresses then */
  s = do_with ("eat", "", 30);
  assert_int_equal (s.code, FETTLE_E_NOMEM);
  drop (&s);
  test_good (state);
}

static void
test_ports (void **state)
{
  struct seen s = do_with ("undeclared", "8080", 10);

  (void) state;
  assert_int_equal (s.code, FETTLE_E_CONFIG);
  assert_string_equal (s.text, "plugin mischief wanted TCP port 8080, which its node type mischief "
                               "doesn't declare for inventory");
  drop (&s);
  /* Declared, but for the other phase. */
  s = do_with ("undeclared", "8081", 10);
  assert_int_equal (s.code, FETTLE_E_CONFIG);
  drop (&s);
  /* Moved to 7, where nobody listens: so it isn't 22 that is tried. */
  s = do_with ("undeclared", "22", 10);
  assert_int_equal (s.code, FETTLE_E_UNREACHABLE);
  assert_non_null (strstr (s.text, "port 7"));
  drop (&s);
}

/* A listener that would answer, so that "refused" means the worker's rules. */
static void
test_raw_socket (void **state)
{
  struct sockaddr_in a = { .sin_family = AF_INET, .sin_addr.s_addr = htonl (INADDR_LOOPBACK) };
  socklen_t n = sizeof a;
  char port[8];
  int fd = socket (AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  struct seen s;

  (void) state;
  assert_int_equal (bind (fd, (struct sockaddr *) &a, sizeof a), 0);
  assert_int_equal (listen (fd, 5), 0);
  assert_int_equal (getsockname (fd, (struct sockaddr *) &a, &n), 0);
  snprintf (port, sizeof port, "%u", ntohs (a.sin_port));
  s = do_with ("raw", port, 10);
  assert_int_equal (s.code, FETTLE_OK);
  close (fd);
  if (has_landlock_net ())
    assert_string_equal (item (&s, "raw"), "EACCES");
  drop (&s);
}

static void
test_confined (void **state)
{
  struct seen s;

  (void) state;
  s = do_with ("who", "", 10);
  assert_string_equal (item (&s, "user"), "not root");
  assert_string_equal (item (&s, "setuid"), "refused");
  assert_string_equal (item (&s, "descriptors"), "4"); /* three /dev/null and its socket */
  if (syscall (444, NULL, 0, 1) >= 6)
    assert_string_equal (item (&s, "siblings"), "refused");
  drop (&s);
  if (syscall (444, NULL, 0, 1) < 1)
    skip ();
  s = do_with ("files", "", 10);
  assert_string_equal (item (&s, "write"), "refused");
  assert_string_equal (item (&s, "/etc/shadow"), "refused");
  assert_string_equal (item (&s, "/etc/passwd"), "refused");
  assert_string_equal (item (&s, "/etc/hostname"), "refused");
  assert_string_equal (item (&s, "exec"), "refused");
  if (!FETTLE_ASAN) {
    assert_string_equal (item (&s, "/proc/self/environ"), "refused");
    if (geteuid () == 0) /* root isn't limited, and this test's user may be none else */
      assert_string_equal (item (&s, "fork"), "refused");
  }
  drop (&s);
  assert_int_not_equal (access ("/tmp/fettle-mischief", F_OK), 0);
}

static void
test_again (void **state)
{
  static const char *const tokens[] = { NULL, "1", "2" };
  struct seen s;

  (void) state;
  for (size_t i = 0; i < COUNT (tokens); i++) {
    begin (&s, request ("inventory", "mischief", "count", "", tokens[i]), 10);
    wait_for (&s);
    assert_int_equal (s.code, FETTLE_AGAIN);
    assert_int_equal (s.delay_s, 5);
    assert_int_equal (s.token[0], '1' + (int) i);
    drop (&s);
  }
  begin (&s, request ("inventory", "mischief", "count", "", "3"), 10);
  wait_for (&s);
  assert_int_equal (s.code, FETTLE_OK);
  assert_string_equal (item (&s, "token"), "3");
  drop (&s);
}

static void
test_results (void **state)
{
  struct seen s = do_with ("silent", "", 10);

  (void) state;
  assert_int_equal (s.code, FETTLE_E_PROTOCOL);
  assert_non_null (strstr (s.text, "without saying why"));
  drop (&s);
  s = do_with ("nonsense", "", 10);
  assert_int_equal (s.code, FETTLE_E_INTERNAL);
  assert_non_null (strstr (s.text, "4711"));
  drop (&s);
  begin (&s, request ("deploy", "mischief", "", "", NULL), 10);
  wait_for (&s);
  assert_true (s.code < 0);
  drop (&s);
  begin (&s, request ("activate", "mischief", "", "", NULL), 10);
  wait_for (&s);
  assert_int_equal (s.code, FETTLE_E_UNSUPPORTED);
  drop (&s);
  begin (&s, request ("inventory", "toaster", "", "", NULL), 10);
  wait_for (&s);
  assert_int_equal (s.code, FETTLE_E_CONFIG);
  assert_non_null (strstr (s.text, "toaster"));
  drop (&s);
}

static void
test_garbage (void **state)
{
  static const char *const words[] = { "nonsense", "[]", "json", "{\"result\": 99}", "{\"log\": 7}",
                                       "{\"result\": 1}", "{\"progress\": 5000}" };
  struct seen s;

  (void) state;
  for (size_t i = 0; i < COUNT (words); i++) {
    s = do_with ("garbage", words[i], 10);
    assert_int_equal (s.code, FETTLE_E_INTERNAL);
    assert_non_null (strstr (s.text, "was killed"));
    drop (&s);
  }
}

static void
test_dirty_text (void **state)
{
  struct seen s = do_with ("dirty", "", 10);

  (void) state;
  assert_int_equal (s.code, FETTLE_E_PROTOCOL);
  assert_string_equal (s.text, "said \xef\xbf\xbd [0m");
  assert_string_equal (item (&s, "bad"), "a\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbdz [31m ");
  assert_int_equal (strlen (item (&s, "long")), 4096);
  assert_int_equal (s.n_items, 2);
  assert_int_equal (s.logs, 2000);
  drop (&s);
}

static void
test_many_items (void **state)
{
  struct seen s = do_with ("many", "", 60);

  (void) state;
  assert_int_equal (s.code, FETTLE_E_PROTOCOL);
  assert_int_equal (s.n_items, 100000);
  assert_true (s.messages < 1000); /* they come together */
  drop (&s);
}

/* ---- Abort, queue, deaths ---- */

static void
until_message (struct seen *s)
{
  for (int i = 0; !s->messages && !s->done && i < 100000; i++)
    event_base_loop (base, EVLOOP_ONCE);
}

static void
test_abort (void **state)
{
  static const char *const deeds[] = { "polite", "deaf" };
  struct seen s;

  (void) state;
  for (size_t i = 0; i < COUNT (deeds); i++) {
    begin (&s, request ("inventory", "mischief", deeds[i], "", NULL), 30);
    until_message (&s);
    fettle_call_abort (s.call);
    wait_for (&s);
    assert_int_equal (s.code, FETTLE_E_ABORTED);
    drop (&s);
  }
  /* Before it has begun. */
  begin (&s, request ("inventory", "mischief", "hang", "", NULL), 30);
  fettle_call_abort (s.call);
  wait_for (&s);
  assert_int_equal (s.code, FETTLE_E_ABORTED);
  drop (&s);
}

/* With one worker: a plugin with many calls doesn't keep another one waiting. */
static void
test_turns (void **state)
{
  struct seen many[6], other;
  uint64_t workers = settings.workers;

  (void) state;
  /* Its plugin is loaded before, as the time of that isn't what is meant. */
  begin (&other, request ("cleanup", "errand", "", "", NULL), 30);
  wait_for (&other);
  drop (&other);
  settings.workers = 1;
  for (size_t i = 0; i < COUNT (many); i++)
    begin (&many[i], request ("inventory", "mischief", "nothing", "", NULL), 30);
  begin (&other, request ("cleanup", "errand", "", "", NULL), 30);
  wait_for (&other);
  assert_int_equal (other.code, FETTLE_OK);
  drop (&other);
  for (size_t i = 0; i < COUNT (many); i++) {
    wait_for (&many[i]);
    assert_int_equal (many[i].code, FETTLE_OK);
    drop (&many[i]);
  }
  assert_true (other.order < many[5].order);
  settings.workers = workers;
}

static void
test_at_once (void **state)
{
  enum { N = 200 };
  struct seen *s = calloc (N, sizeof *s);
  static const char *const deeds[] = { "nothing", "crash", "nothing", "silent" };
  static const fettle_result codes[] = { FETTLE_OK, FETTLE_E_INTERNAL, FETTLE_OK, FETTLE_E_PROTOCOL };

  (void) state;
  for (size_t i = 0; i < N; i++)
    begin (&s[i], request ("inventory", "mischief", deeds[i % 4], "", NULL), 60);
  for (size_t i = 0; i < N; i++) {
    wait_for (&s[i]);
    assert_int_equal (s[i].code, codes[i % 4]);
    drop (&s[i]);
  }
  free (s);
}

static void
test_stuck (void **state)
{
  struct seen s;

  (void) state;
  begin (&s, request ("inventory", "stuck", "", "", NULL), 10);
  wait_for (&s);
  assert_int_equal (s.code, FETTLE_E_INTERNAL);
  assert_non_null (strstr (s.text, "doesn't start"));
  drop (&s);
}

/* The first process that this one has started. */
static pid_t
child_of (pid_t parent)
{
  char path[64], text[512];
  FILE *f;
  int pid = -1;

  snprintf (path, sizeof path, "/proc/%d/task/%d/children", (int) parent, (int) parent);
  f = fopen (path, "r");
  if (f && fgets (text, sizeof text, f))
    pid = (int) strtol (text, NULL, 10);
  if (f)
    fclose (f);
  return pid;
}

static void
test_killed_zygote (void **state)
{
  struct seen s;
  pid_t zygote, call;

  (void) state;
  fettle_pool_free (pool);
  pool = fettle_pool_new (base, &settings, &plugins);
  begin (&s, request ("inventory", "mischief", "deaf", "", NULL), 30);
  until_message (&s);
  zygote = child_of (getpid ());
  call = child_of (zygote);
  assert_true (zygote > 0 && call > 0);
  kill (zygote, SIGKILL);
  wait_for (&s);
  assert_int_equal (s.code, FETTLE_E_INTERNAL);
  assert_non_null (strstr (s.text, "has gone"));
  drop (&s);
  for (int i = 0; i < 100 && kill (call, 0) == 0; i++)
    usleep (20000);
  assert_int_not_equal (kill (call, 0), 0); /* none is left */
  test_good (state);
}

static void
test_free_while_running (void **state)
{
  struct seen s[4];
  pid_t zygote;

  (void) state;
  for (size_t i = 0; i < COUNT (s); i++)
    begin (&s[i], request ("inventory", "mischief", "deaf", "", NULL), 30);
  until_message (&s[0]);
  zygote = child_of (getpid ());
  fettle_pool_free (pool);
  assert_int_not_equal (kill (zygote, 0), 0);
  for (size_t i = 0; i < COUNT (s); i++) {
    assert_false (s[i].done);
    drop (&s[i]);
  }
  pool = fettle_pool_new (base, &settings, &plugins);
}

static void
test_no_worker (void **state)
{
  char *libexecdir = settings.libexecdir;
  struct seen s;

  if (getenv ("TAP_UNDER")) /* valgrind starts a program that isn't there, and fails then */
    skip ();
  (void) state;
  fettle_pool_free (pool);
  settings.libexecdir = (char *) (uintptr_t) "/nowhere";
  pool = fettle_pool_new (base, &settings, &plugins);
  s = do_with ("nothing", "", 10);
  settings.libexecdir = libexecdir;
  assert_int_equal (s.code, FETTLE_E_INTERNAL);
  assert_non_null (strstr (s.text, "/nowhere/fettle-worker"));
  drop (&s);
  test_good (state);
}

static int
group_setup (void **state)
{
  const char *build = getenv ("builddir");
  char folder[4096];
  struct fettle_error err;

  (void) state;
  snprintf (folder, sizeof folder, "%s/plugins/.libs", build ? build : ".");
  if (fettle_settings_init (&settings, &err) || fettle_plugins_load (&plugins, folder, &err)) {
    print_error ("%s\n", err.text);
    return -1;
  }
  base = event_base_new ();
  pool = fettle_pool_new (base, &settings, &plugins);
  return plugins.n_plugins >= 3 && pool ? 0 : -1;
}

static int
group_teardown (void **state)
{
  (void) state;
  fettle_pool_free (pool);
  event_base_free (base);
  fettle_plugins_clear (&plugins);
  fettle_settings_clear (&settings);
  return 0;
}

int
main (void)
{
  const struct CMUnitTest tests[] = {
    cmocka_unit_test (test_good),         cmocka_unit_test (test_crash),
    cmocka_unit_test (test_hang),         cmocka_unit_test (test_eat),
    cmocka_unit_test (test_ports),        cmocka_unit_test (test_raw_socket),
    cmocka_unit_test (test_confined),     cmocka_unit_test (test_again),
    cmocka_unit_test (test_results),      cmocka_unit_test (test_garbage),
    cmocka_unit_test (test_dirty_text),   cmocka_unit_test (test_many_items),
    cmocka_unit_test (test_abort),        cmocka_unit_test (test_turns),
    cmocka_unit_test (test_at_once),      cmocka_unit_test (test_stuck),
    cmocka_unit_test (test_killed_zygote), cmocka_unit_test (test_free_while_running),
    cmocka_unit_test (test_no_worker),
  };

  return cmocka_run_group_tests (tests, group_setup, group_teardown);
}
