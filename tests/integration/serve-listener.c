/* serve-listener - the listeners for nodes alone, for tests and measurements.
 *
 *   serve-listener FOLDER FILE [NAME=VALUE...]
 *
 * Offers FILE, and places for status, to one node on HTTP and HTTPS; prints
 * "file URL" and "status URL" for each, then "ready".  What is posted goes to
 * FOLDER/store.db, as the service does it: a row and an event, on the disk
 * before the answer.  The certificate is in FOLDER, too.  SIGTERM: downloads
 * that are under way have so many seconds (grace).
 *
 * Names, with initial values: http https (ports; needed)  ours node 127.0.0.1
 * offset length sha256 (of a part of FILE)  statuses 1  data (ports)
 * connections node_connections head idle stall rate  grace 30
 * SPDX-License-Identifier: Apache-2.0 */
#include "util/base.h"

#include <event2/event.h>
#include <fcntl.h>
#include <libgen.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <time.h>

#include "ports/ports.h"
#include "serve/callback.h"
#include "serve/tls.h"
#include "store/store.h"
#include "util/clock.h"
#include "util/log.h"
#include "util/text.h"

struct options {
  uint64_t http, https, offset, length, statuses, grace;
  uint64_t connections, node_connections, head, idle, stall, rate;
  const char *ours, *node, *sha256, *data;
};

static struct event_base *base;
static struct fettle_callbacks *all;
static struct fettle_store *store;
static struct fettle_offers *offers;
static struct event *stop_timer;
static uint64_t grace, give_up;

static void
die (const char *text)
{
  fprintf (stderr, "serve-listener: %s\n", text);
  exit (2);
}

static void
store_failed (void *arg, const char *why)
{
  (void) arg;
  die (why);
}

static void
stored (void *post)
{
  fettle_post_answer (post, 200, "Stored.\n");
}

static void
on_post (void *arg, struct fettle_offer *o, json_t *body, const char *key, struct fettle_post *post)
{
  _cleanup_free_ char *text = json_dumps (body, JSON_COMPACT);

  (void) arg;
  fettle_store_run (store, "INSERT OR IGNORE INTO post (task, time, key, body) VALUES (1, ?, ?, ?)", "iss",
                    (int64_t) time (NULL), *key ? key : NULL, text);
  fettle_store_run (store, "INSERT INTO event (job, type, data) VALUES (1, 'task', ?)", "s", text);
  fettle_store_then (store, stored, post);
  (void) o;
  json_decref (body);
}

static void
look_whether_done (evutil_socket_t fd, short what, void *arg)
{
  (void) fd, (void) what, (void) arg;
  if (!fettle_callbacks_sending (all) || fettle_seconds () >= give_up)
    event_base_loopbreak (base);
}

static void
stop (evutil_socket_t fd, short what, void *arg)
{
  static const struct timeval step = { 0, 20 * 1000 };

  (void) fd, (void) what, (void) arg;
  give_up = fettle_seconds () + grace;
  fettle_callbacks_stop (all);
  event_add (stop_timer, &step);
}

static void
read_options (struct options *o, char **argv)
{
  struct {
    const char *name;
    uint64_t *number;
    const char **text;
  } const names[] = {
    { "http", &o->http, NULL }, { "https", &o->https, NULL }, { "offset", &o->offset, NULL },
    { "length", &o->length, NULL }, { "statuses", &o->statuses, NULL },
    { "grace", &o->grace, NULL }, { "connections", &o->connections, NULL },
    { "node_connections", &o->node_connections, NULL }, { "head", &o->head, NULL },
    { "idle", &o->idle, NULL }, { "stall", &o->stall, NULL }, { "rate", &o->rate, NULL },
    { "ours", NULL, &o->ours }, { "node", NULL, &o->node }, { "sha256", NULL, &o->sha256 },
    { "data", NULL, &o->data },
  };

  for (; *argv; argv++) {
    char *value = strchr (*argv, '=');
    size_t i = 0;

    if (value)
      *value++ = '\0';
    while (i < COUNT (names) && strcmp (names[i].name, *argv) != 0)
      i++;
    if (!value || i == COUNT (names)
        || (names[i].number && !fettle_parse_uint (value, 0, INT64_MAX, names[i].number)))
      die ("wrong arguments: see its beginning");
    if (names[i].text)
      *names[i].text = value;
  }
}

static void
publish (const struct options *o, uint32_t listener, const char *name,
         struct fettle_offer_file *file)
{
  struct fettle_offer wanted = { .file = file };
  struct fettle_served *served;
  struct fettle_error err;

  snprintf (wanted.address, sizeof wanted.address, "%s", o->node);
  snprintf (wanted.name, sizeof wanted.name, "%s", name);
  if (fettle_served_new (all, listener, o->ours, &wanted, &served, &err))
    die (err.text);
  printf ("%s %s\n", file ? "file" : "status", fettle_served_url (served));
}

/* A row that posts belong to. */
static void
make_task (void)
{
  if (fettle_store_number (store, 0, "SELECT count (*) FROM job", ""))
    return;
  fettle_store_run (store, "INSERT INTO job (kind, state, created) VALUES ('test', 'done', 0)", "");
  fettle_store_run (store, "INSERT INTO task (job, name, address, type, title, state)"
                           " VALUES (1, 'n', 'n', 't', 't', 'done')", "");
  fettle_store_sync (store);
}

static struct fettle_offer_file *
open_file (const char *path, const struct options *o)
{
  struct stat st;
  int fd = open (path, O_RDONLY | O_CLOEXEC);

  if (fd < 0 || fstat (fd, &st))
    die ("the file can't be opened");
  return fettle_offer_file_new (fd, o->offset,
                                o->length ? o->length : (uint64_t) st.st_size - o->offset,
                                o->sha256);
}

static void
begin (const struct options *o, const char *folder, const char *path)
{
  struct fettle_error err;
  SSL_CTX *tls;
  struct fettle_callbacks_options co = {
    .http = (uint16_t) o->http, .https = (uint16_t) o->https, .offers = offers,
    .api_address = "",
    .limits = { .connections = (unsigned) o->connections,
                .node_connections = (unsigned) o->node_connections,
                .head_seconds = (unsigned) o->head, .idle_seconds = (unsigned) o->idle,
                .stall_seconds = (unsigned) o->stall, .post_rate = (unsigned) o->rate },
  };
  _cleanup_free_ char *name = strdup (path), *db = NULL;
  struct fettle_offer_file *file = open_file (path, o);

  if (asprintf (&db, "%s/store.db", folder) < 0
      || fettle_parse_port_range (o->data, &co.data_first, &co.data_last, &err)
      || fettle_tls_new (folder, o->ours, &tls, &err)
      || fettle_store_open (db, base, store_failed, NULL, &store, &err))
    die (err.text);
  make_task ();
  co.tls = tls;
  if (fettle_callbacks_new (base, &co, &all, &err))
    die (err.text);
  fettle_callbacks_set_post (all, on_post, NULL);
  for (uint32_t l = FETTLE_LISTEN_HTTP; l <= FETTLE_LISTEN_HTTPS; l++) {
    publish (o, l, basename (name), file);
    for (uint64_t i = 0; i < o->statuses; i++)
      publish (o, l, "", NULL);
  }
  fettle_offer_file_release (file);
  SSL_CTX_free (tls);
}

int
main (int argc, char **argv)
{
  struct options o = { .statuses = 1, .grace = 30, .ours = "127.0.0.1", .node = "127.0.0.1",
                       .sha256 = "", .data = "" };
  struct rlimit files;
  struct event *term;

  if (argc < 3)
    die ("wrong arguments: see its beginning");
  read_options (&o, argv + 3);
  grace = o.grace;
  signal (SIGPIPE, SIG_IGN);
  if (getrlimit (RLIMIT_NOFILE, &files) == 0) {
    files.rlim_cur = files.rlim_max;
    setrlimit (RLIMIT_NOFILE, &files);
  }
  fettle_log_init ("serve-listener", FETTLE_LOG_WARNING);
  base = event_base_new ();
  offers = fettle_offers_new ();
  term = evsignal_new (base, SIGTERM, stop, NULL);
  stop_timer = event_new (base, -1, EV_PERSIST, look_whether_done, NULL);
  event_add (term, NULL);
  begin (&o, argv[1], argv[2]);
  printf ("ready\n");
  fflush (stdout);
  event_base_dispatch (base);
  event_free (term);
  event_free (stop_timer);
  fettle_callbacks_free (all);
  fettle_offers_free (offers);
  fettle_store_close (store);
  event_base_free (base);
  libevent_global_shutdown ();
  return 0;
}
