/* call.c - calls of a plugin through the pool and real workers, for test
 * scripts and measurements.
 *
 *   call [--recording FILE] [--agent SOCKET] [--known-hosts FILE] [--file FILE]... [--deadline S]
 *        [--workers N] [--count N] [--quiet] REQUEST
 *
 * REQUEST is JSON (core/plugin/wire.h) without "fds"; each message is printed
 * as a line of JSON, the last one is {"outcome": ...}.  With --count, calls go
 * to 127.0.0.1, 127.0.0.2, ... all at once, and the last line has the sums.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "util/base.h"

#include <fcntl.h>
#include <getopt.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>

#include "plugin/pool.h"
#include "plugin/wire.h"
#include "util/text.h"

struct options {
  const char *agent, *known_hosts, *recording, *files[FETTLE_WIRE_FDS];
  size_t n_files;
  uint64_t deadline, workers, count;
  bool quiet;
  const char *request;
};

static struct event_base *base;
static uint64_t left;
static unsigned ok, failed;
static size_t n_items;
static bool quiet;
static struct fettle_call *latest;

static double
now (void)
{
  struct timespec t;

  clock_gettime (CLOCK_MONOTONIC, &t);
  return (double) t.tv_sec + (double) t.tv_nsec / 1e9;
}

static void
print (json_t *m)
{
  char *text = json_dumps (m, JSON_COMPACT);

  printf ("%s\n", text);
  free (text);
  json_decref (m);
}

/* Here are no listeners, which a plugin learns at once. */
static void
answer_serve (void)
{
  json_t *answer = json_pack ("{s:{s:i, s:s}}", "served", "code", FETTLE_E_SERVICE, "error", "a call alone has no listeners");

  fettle_call_send (latest, answer);
  json_decref (answer);
}

static void
on_message (void *arg, const json_t *m)
{
  (void) arg;
  if (latest && json_object_get (m, "serve"))
    answer_serve ();
  n_items += json_array_size (json_object_get (m, "items"));
  if (!quiet)
    print (json_copy ((json_t *) (uintptr_t) m));
}

static void
on_done (void *arg, const struct fettle_outcome *o)
{
  (void) arg;
  if (o->code >= 0)
    ok++;
  else
    failed++;
  if (!quiet || o->code < 0)
    print (json_pack ("{s:s, s:s?, s:i, s:i, s:s?, s:s*}", "outcome", fettle_result_name (o->code), "text",
                      o->text, "score", (int) o->score, "delay", (int) o->delay_s, "token", o->token, "former", o->former));
  if (--left == 0)
    event_base_loopbreak (base);
}

static int
agent_socket (const char *path)
{
  struct sockaddr_un a = { .sun_family = AF_UNIX };
  int fd = socket (AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

  snprintf (a.sun_path, sizeof a.sun_path, "%s", path);
  if (fd >= 0 && connect (fd, (struct sockaddr *) &a, sizeof a) == 0)
    return fd;
  perror (path);
  exit (2);
}

static void
add (json_t *request, int *fds, size_t *n, const char *what, int fd)
{
  if (fd < 0) {
    perror (what);
    exit (2);
  }
  json_array_append_new (json_object_get (request, "fds"), json_string (what));
  fds[(*n)++] = fd;
}

static void
begin (struct fettle_pool *pool, const struct options *o, uint64_t i)
{
  static const struct fettle_call_handlers handlers = { on_message, on_done };
  json_t *request = json_loads (o->request, 0, NULL);
  int fds[FETTLE_WIRE_FDS];
  size_t n = 0;
  char address[24];

  if (!json_is_object (request))
    exit (2);
  json_object_set_new (request, "fds", json_array ());
  if (o->count) {
    snprintf (address, sizeof address, "127.0.%u.%u", (unsigned) (i / 250), (unsigned) (i % 250 + 1));
    json_object_set_new (json_object_get (request, "target"), "address", json_string (address));
  }
  if (o->agent)
    add (request, fds, &n, "agent", agent_socket (o->agent));
  if (o->known_hosts)
    add (request, fds, &n, "known_hosts", open (o->known_hosts, O_RDONLY | O_CLOEXEC));
  if (o->recording)
    add (request, fds, &n, "recording", open (o->recording, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600));
  for (size_t k = 0; k < o->n_files; k++)
    add (request, fds, &n, "file", open (o->files[k], O_RDONLY | O_CLOEXEC));
  latest = fettle_pool_call (pool, request, fds, n, (uint32_t) o->deadline, &handlers, NULL);
  while (n)
    close (fds[--n]);
  json_decref (request);
}

static void
read_options (int argc, char **argv, struct options *o)
{
  static const struct option names[] = {
    { "agent", 1, NULL, 'a' }, { "known-hosts", 1, NULL, 'k' }, { "file", 1, NULL, 'f' },
    { "deadline", 1, NULL, 'd' }, { "workers", 1, NULL, 'w' }, { "count", 1, NULL, 'c' },
    { "quiet", 0, NULL, 'q' }, { "recording", 1, NULL, 'r' }, { 0 },
  };
  bool valid = true;
  int c;

  while ((c = getopt_long (argc, argv, "", names, NULL)) != -1)
    switch (c) {
    case 'a': o->agent = optarg; break;
    case 'k': o->known_hosts = optarg; break;
    case 'f': o->files[o->n_files++ % 16] = optarg; break;
    case 'd': valid &= fettle_parse_uint (optarg, 1, 100000, &o->deadline); break;
    case 'w': valid &= fettle_parse_uint (optarg, 1, 4096, &o->workers); break;
    case 'c': valid &= fettle_parse_uint (optarg, 1, 10000, &o->count); break;
    case 'q': o->quiet = true; break;
    case 'r': o->recording = optarg; break;
    default: valid = false;
    }
  if (!valid || optind + 1 != argc || o->n_files > 16) {
    fprintf (stderr, "usage: call [OPTIONS] REQUEST\n");
    exit (2);
  }
  o->request = argv[optind];
}

static double
cpu_ms (int who)
{
  struct rusage u;

  getrusage (who, &u);
  return (double) (u.ru_utime.tv_sec + u.ru_stime.tv_sec) * 1e3
         + (double) (u.ru_utime.tv_usec + u.ru_stime.tv_usec) / 1e3;
}

int
main (int argc, char **argv)
{
  struct options o = { .deadline = 60, .workers = 64 };
  struct fettle_settings settings;
  struct fettle_plugins plugins;
  struct fettle_error err;
  struct fettle_pool *pool;
  double began;

  read_options (argc, argv, &o);
  if (fettle_settings_init (&settings, &err) || fettle_plugins_load (&plugins, settings.plugindir, &err)) {
    fprintf (stderr, "call: %s\n", err.text);
    return 2;
  }
  settings.workers = o.workers;
  quiet = o.quiet;
  base = event_base_new ();
  pool = fettle_pool_new (base, &settings, &plugins);
  setvbuf (stdout, NULL, _IOLBF, 0);
  began = now ();
  left = o.count ? o.count : 1;
  for (uint64_t i = 0; i < (o.count ? o.count : 1); i++)
    begin (pool, &o, i);
  event_base_dispatch (base);
  began = now () - began;
  fettle_pool_free (pool);
  if (o.count)
    printf ("{\"ok\":%u,\"failed\":%u,\"items\":%zu,\"seconds\":%.3f,\"service_cpu_ms\":%.1f,"
            "\"worker_cpu_ms\":%.1f}\n", ok, failed, n_items, began, cpu_ms (RUSAGE_SELF),
            cpu_ms (RUSAGE_CHILDREN));
  event_base_free (base);
  fettle_plugins_clear (&plugins);
  fettle_settings_clear (&settings);
  return failed ? 1 : 0;
}
