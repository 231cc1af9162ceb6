/* call.c - one operation on one node by the real worker, without the service.
 *
 *   lab/call OPERATION ADDRESS NAME=VALUE...
 *
 * Names: user, password, key (file), sudo, token, operation, port, format,
 * match, version, flags, file (repeatable), sha256 (a wrong one, of file 0),
 * set.SETTING, again (0: don't call again, but show the token), abort
 * (seconds after which the call is aborted), plugin, type, argument.
 *
 * Prints the worker's messages as JSON lines, then {"outcome": code, "text",
 * "token", "delay", "score", "former"}.  Exit status: 0 for a success, 3 for AGAIN.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "util/base.h"

#include <fcntl.h>
#include <stdio.h>

#include "plugin/pool.h"
#include "util/file.h"
#include "util/settings.h"

#define FILES_MAX 8

static struct {
  const char *operation, *plugin;
  json_t *request;
  int fds[FILES_MAX];
  size_t n_fds;
  long again, abort_after;
} wanted = { .plugin = "linux", .again = 1 };

static struct event_base *base;
static struct fettle_pool *pool;
static struct fettle_call *call;
static int status = 2;

static void
print (json_t *j)
{
  json_dumpf (j, stdout, JSON_COMPACT);
  putchar ('\n');
  fflush (stdout);
}

static void
stop (const char *what, const char *why)
{
  fprintf (stderr, "call: %s: %s\n", what, why);
  exit (2);
}

/* ---- the request ---- */

static void
set (const char *object, const char *name, json_t *value)
{
  json_object_set_new (object ? json_object_get (wanted.request, object) : wanted.request, name, value);
}

static void
set_key (const char *path)
{
  char text[8192];
  FILE *f = fopen (path, "r");
  size_t n = f ? fread (text, 1, sizeof text - 1, f) : 0;

  if (f)
    fclose (f);
  text[n] = '\0';
  set ("credentials", "key", json_string (text));
}

static void
add_file (const char *path)
{
  json_t *image = json_object_get (wanted.request, "image");
  const char *name = strrchr (path, '/');
  char hex[FETTLE_SHA256_TEXT];
  struct fettle_error err;
  uint64_t size;
  int fd = open (path, O_RDONLY | O_CLOEXEC);

  if (fd < 0 || wanted.n_fds == FILES_MAX || fettle_fd_sha256 (fd, path, hex, &size, &err) != FETTLE_OK)
    stop (path, "can't be read");
  if (!image) {
    image = json_pack ("{s:s, s:s, s:s, s:s, s:i, s:[]}", "id", "test", "format", "deb", "match", "deb:test",
                       "version", "1", "flags", 0, "files");
    set (NULL, "image", image);
  }
  json_array_append_new (json_object_get (image, "files"),
                         json_pack ("{s:s, s:s, s:I}", "name", name ? name + 1 : path, "sha256", hex,
                                    "size", (json_int_t) size));
  json_array_append_new (json_object_get (wanted.request, "fds"), json_string ("file"));
  wanted.fds[wanted.n_fds++] = fd;
}

static void
set_port (const char *text)
{
  long port = strtol (text, NULL, 10);

  json_array_set_new (json_object_get (wanted.request, "ports"), 0,
                      json_pack ("[i, i, i, i, i]", 6, 22, 22, (int) port, (int) port));
}

static void
take (const char *name, const char *value)
{
  if (strcmp (name, "user") == 0 || strcmp (name, "password") == 0)
    set ("credentials", name, json_string (value));
  else if (strcmp (name, "sudo") == 0)
    set ("credentials", "sudo_password", json_string (value));
  else if (strcmp (name, "key") == 0)
    set_key (value);
  else if (strcmp (name, "token") == 0)
    set (NULL, "token", json_string (value));
  else if (strcmp (name, "argument") == 0)
    set (NULL, "argument", json_string (value));
  else if (strcmp (name, "operation") == 0)
    set ("target", "operation", json_string (value));
  else if (strcmp (name, "type") == 0)
    set (NULL, "type", json_string (value));
  else if (strcmp (name, "plugin") == 0)
    wanted.plugin = value;
  else if (strcmp (name, "port") == 0)
    set_port (value);
  else if (strcmp (name, "file") == 0)
    add_file (value);
  else if (strcmp (name, "format") == 0 || strcmp (name, "match") == 0 || strcmp (name, "version") == 0)
    set ("image", name, json_string (value));
  else if (strcmp (name, "flags") == 0)
    set ("image", name, json_integer (strtol (value, NULL, 10)));
  else if (strcmp (name, "sha256") == 0)
    json_object_set_new (json_array_get (json_object_get (json_object_get (wanted.request, "image"), "files"), 0),
                         "sha256", json_string (value));
  else if (strncmp (name, "set.", 4) == 0)
    set ("settings", name + 4, json_string (value));
  else if (strcmp (name, "again") == 0)
    wanted.again = strtol (value, NULL, 10);
  else if (strcmp (name, "abort") == 0)
    wanted.abort_after = strtol (value, NULL, 10);
  else
    stop (name, "what is that?");
}

static void
arguments (int argc, char **argv)
{
  if (argc < 3)
    stop ("use", "call OPERATION ADDRESS NAME=VALUE...");
  wanted.request = json_pack (
    "{s:s, s:s, s:{s:s, s:s, s:s}, s:i, s:[[i,i,i,i,i]], s:{}, s:{s:s}, s:{s:s, s:n}, s:{s:i, s:i}, s:n, s:[]}",
    "call", argv[1], "type", "linux", "target", "address", argv[2], "name", argv[2], "operation", "test-1",
    "phase", strcmp (argv[1], "inventory") == 0 || strcmp (argv[1], "probe") == 0 ? 1 : 2,
    "ports", 6, 22, 22, 22, 22, "settings", "credentials", "user", "root", "host_key", "policy", "tofu",
    "pinned", "timeouts", "connect", 10, "read", 30, "token", "fds");
  for (int i = 3; i < argc; i++) {
    char *value = strchr (argv[i], '=');

    if (!value)
      stop (argv[i], "it should be NAME=VALUE");
    *value++ = '\0';
    take (argv[i], value);
  }
}

/* ---- the calls ---- */

static void start (void);

static void
on_message (void *arg, const json_t *message)
{
  (void) arg;
  print ((json_t *) (uintptr_t) message);
}

static void
on_again (evutil_socket_t fd, short what, void *arg)
{
  (void) fd;
  (void) what;
  (void) arg;
  start ();
}

static void
on_abort (evutil_socket_t fd, short what, void *arg)
{
  (void) fd;
  (void) what;
  (void) arg;
  if (call)
    fettle_call_abort (call);
}

static void
on_done (void *arg, const struct fettle_outcome *outcome)
{
  json_t *j = json_pack ("{s:i, s:s?, s:i, s:s?, s:i, s:s?}", "outcome", (int) outcome->code, "text",
                         outcome->text, "delay", (int) outcome->delay_s, "token", outcome->token,
                         "score", (int) outcome->score, "former", outcome->former);
  struct timeval delay = { outcome->delay_s, 0 };

  (void) arg;
  call = NULL;
  print (j);
  json_decref (j);
  status = outcome->code == FETTLE_AGAIN ? 3 : outcome->code < 0;
  if (outcome->code == FETTLE_AGAIN && wanted.again) {
    set (NULL, "token", json_string (outcome->token));
    event_base_once (base, -1, EV_TIMEOUT, on_again, NULL, &delay);
  }
  else
    event_base_loopbreak (base);
}

static void
start (void)
{
  static const struct fettle_call_handlers handlers = { on_message, on_done };
  struct timeval after = { wanted.abort_after, 0 };

  call = fettle_pool_call (pool, wanted.request, wanted.fds, wanted.n_fds, 120, &handlers, NULL);
  if (wanted.abort_after)
    event_base_once (base, -1, EV_TIMEOUT, on_abort, NULL, &after);
}

int
main (int argc, char **argv)
{
  struct fettle_settings settings;
  struct fettle_plugins plugins;
  struct fettle_error err;

  if (fettle_settings_init (&settings, &err) != FETTLE_OK
      || fettle_plugins_load (&plugins, settings.plugindir, &err) != FETTLE_OK)
    stop ("start", err.text);
  arguments (argc, argv);
  base = event_base_new ();
  pool = fettle_pool_new (base, &settings, &plugins);
  if (!base || !pool)
    stop ("start", "no memory");
  start ();
  event_base_dispatch (base);
  fettle_pool_free (pool);
  event_base_free (base);
  fettle_plugins_clear (&plugins);
  fettle_settings_clear (&settings);
  json_decref (wanted.request);
  return status;
}
