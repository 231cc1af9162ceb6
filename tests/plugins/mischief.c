/* mischief.c - a plugin that does what a plugin must not: the node's setting
 * "do" says what.  Each must cost its own call alone.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <fettle/services.h>
#include <fettle/util.h>

#define HOST const struct fettle_host *h, fettle_ctx *c, const struct fettle_target *t

static const struct fettle_port ports[] = {
  FETTLE_TO (FETTLE_BOTH, FETTLE_TCP, 22, "a declared port"),
  FETTLE_TO (FETTLE_DEPLOYMENT, FETTLE_TCP, 8081, "a port of the other phase"),
};

static const struct fettle_setting settings[] = {
  { "do", FETTLE_SETTING_TEXT, 0, NULL, "what to do" },
  { "port", FETTLE_SETTING_TEXT, 0, "8080", "a port to try" },
  { "clean", FETTLE_SETTING_TEXT, 0, NULL, "how to clean up" },
  { "initial", FETTLE_SETTING_TEXT, 0, "as declared", "a setting with an initial value" },
};

/* One item, for what has no other way to tell. */
static fettle_result
tell (const struct fettle_host *h, fettle_ctx *c, const char *id, const char *name)
{
  struct fettle_item item;

  memset (&item, 0, sizeof item);
  item.struct_size = sizeof item;
  item.id = id;
  item.kind = "hardware";
  item.name = name;
  item.version = "";
  return h->add_item (c, &item);
}

static fettle_result
crash (HOST)
{
  (void) h, (void) c, (void) t;
  raise (SIGSEGV);
  return FETTLE_OK;
}

static fettle_result
hang (HOST)
{
  (void) h, (void) c, (void) t;
  while (h)
    pause ();
  return FETTLE_OK;
}

/* Until there is no more, and then says so, as a good plugin does. */
static fettle_result
eat (HOST)
{
  size_t n = 0;

  (void) t;
  for (;; n += 16) {
    char *p = malloc (16 << 20);

    if (!p)
      return fettle_fail (h, c, FETTLE_E_NOMEM, "no memory after %u MiB", (unsigned) n);
    memset (p, 1, 16 << 20);
  }
}

/* By the service, which must say who wanted what. */
static fettle_result
undeclared (HOST)
{
  const struct fettle_stream *s = h->service (c, "stream", 1);
  int32_t r;

  (void) t;
  if (!s)
    return h->error (c, FETTLE_E_SERVICE, "no stream/1");
  r = s->connect (c, (uint32_t) atoi (h->setting (c, "port")), 1000);
  if (r < 0)
    return r;
  s->close (c, r);
  return FETTLE_OK;
}

/* Past all services. */
static fettle_result
raw (HOST)
{
  struct sockaddr_in a;
  int fd = socket (AF_INET, SOCK_STREAM, 0);

  (void) t;
  memset (&a, 0, sizeof a);
  a.sin_family = AF_INET;
  a.sin_addr.s_addr = htonl (INADDR_LOOPBACK);
  a.sin_port = htons ((uint16_t) atoi (h->setting (c, "port")));
  if (fd >= 0 && connect (fd, (struct sockaddr *) &a, sizeof a) == 0)
    return tell (h, c, "raw", "connected");
  return tell (h, c, "raw", fd < 0 ? "no socket" : errno == EACCES ? "EACCES" : strerror (errno));
}

static fettle_result
files (HOST)
{
  static const char *const paths[] = { "/etc/shadow", "/etc/passwd", "/etc/hostname", "/proc/self/environ" };
  char *const args[] = { (char *) "true", NULL };
  int fd;

  (void) t;
  fd = open ("/tmp/fettle-mischief", O_WRONLY | O_CREAT, 0600);
  tell (h, c, "write", fd < 0 ? "refused" : "written");
  for (size_t i = 0; i < sizeof paths / sizeof paths[0]; i++) {
    fd = open (paths[i], O_RDONLY);
    tell (h, c, paths[i], fd < 0 ? "refused" : "read");
  }
  tell (h, c, "fork", fork () < 0 ? "refused" : "forked");
  execv ("/bin/true", args);
  return tell (h, c, "exec", "refused");
}

/* Whom it runs as, and what it holds. */
static fettle_result
who (HOST)
{
  char text[32];
  int n = 0;

  (void) t;
  tell (h, c, "user", geteuid () == 0 ? "root" : "not root");
  tell (h, c, "setuid", setuid (0) == 0 && geteuid () == 0 ? "became root" : "refused");
  for (int fd = 0; fd < 1024; fd++)
    n += fcntl (fd, F_GETFD) >= 0;
  text[0] = (char) ('0' + n);
  text[1] = '\0';
  tell (h, c, "descriptors", text);
  tell (h, c, "siblings", kill (getppid (), 0) == 0 ? "can signal" : "refused");
  return FETTLE_OK;
}

/* Never asks whether it is to end. */
static fettle_result
deaf (HOST)
{
  (void) t;
  h->progress (c, 1, "started");
  while (h)
    sleep (1);
  return FETTLE_OK;
}

/* Asks, and ends. */
static fettle_result
polite (HOST)
{
  (void) t;
  h->progress (c, 1, "started");
  while (h->sleep_ms (c, 60000) == FETTLE_OK)
    continue;
  return h->error (c, FETTLE_E_UNREACHABLE, "the node went away meanwhile");
}

static fettle_result
count (HOST)
{
  const char *token = h->token (c);
  char next[16] = "1";

  (void) t;
  if (token && strcmp (token, "3") == 0)
    return tell (h, c, "token", token);
  if (token)
    next[0] = (char) (token[0] + 1);
  return h->again (c, 5, next);
}

/* Writes to the socket of the call, which it has to look for. */
static fettle_result
garbage (HOST)
{
  static const char *const words[] = { "{\"items\":[{\"id\":1,\"name\":2}]}" };
  const char *what = h->setting (c, "port");

  (void) t;
  if (strcmp (what, "json") != 0)
    send (3, what, strlen (what), 0);
  else
    send (3, words[0], strlen (words[0]), 0);
  sleep (30);
  return FETTLE_OK;
}

static fettle_result
silent (HOST)
{
  (void) h, (void) c, (void) t;
  return FETTLE_E_PROTOCOL;
}

static fettle_result
leave (HOST)
{
  (void) h, (void) c, (void) t;
  _exit (0);
}

static fettle_result
nonsense (HOST)
{
  (void) h, (void) c, (void) t;
  return 4711;
}

/* Text that isn't text, and too much of it. */
static fettle_result
dirty (HOST)
{
  char *longer = malloc (20000);

  (void) t;
  if (!longer)
    return h->error (c, FETTLE_E_NOMEM, "no memory");
  memset (longer, '"', 19999);
  longer[19999] = '\0';
  tell (h, c, "bad", "a\xff\xc0\x80z\x1b[31m\x01");
  tell (h, c, "long", longer);
  for (int i = 0; i < 3000; i++)
    h->log (c, FETTLE_LOG_INFO, "again and again");
  tell (h, c, "", "no id");
  free (longer);
  return h->error (c, FETTLE_E_PROTOCOL, "said \xff\x1b[0m");
}

static fettle_result
many (HOST)
{
  char id[24];

  for (uint32_t i = 0; i < 100001; i++) {
    fettle_result r;

    snprintf (id, sizeof id, "item %u", i);
    r = tell (h, c, id, t->name);
    if (r != FETTLE_OK)
      return r;
  }
  return FETTLE_OK;
}

static fettle_result
setting (HOST)
{
  (void) t;
  tell (h, c, "initial", h->setting (c, "initial"));
  return tell (h, c, "unknown", h->setting (c, "unknown") ? "set" : "not set");
}

static const struct {
  const char *name;
  fettle_result (*f) (HOST);
} deeds[] = {
  { "crash", crash }, { "hang", hang }, { "eat", eat }, { "undeclared", undeclared }, { "raw", raw },
  { "files", files }, { "who", who }, { "deaf", deaf }, { "polite", polite }, { "count", count },
  { "garbage", garbage }, { "silent", silent }, { "leave", leave }, { "nonsense", nonsense },
  { "dirty", dirty }, { "many", many }, { "setting", setting },
};

static fettle_result
inventory (HOST)
{
  const char *what = h->setting (c, "do");

  for (size_t i = 0; what && i < sizeof deeds / sizeof deeds[0]; i++)
    if (strcmp (deeds[i].name, what) == 0)
      return deeds[i].f (h, c, t);
  return tell (h, c, "good", "did nothing bad");
}

static fettle_result
probe (HOST, uint32_t *score)
{
  (void) h, (void) c, (void) t;
  *score = 250;
  return FETTLE_OK;
}

/* Says for whom: the tests read the log. */
static fettle_result
cleanup (HOST)
{
  const char *what = h->setting (c, "clean");
  char text[100];

  snprintf (text, sizeof text, "cleans up after %s", t->operation);
  h->log (c, FETTLE_LOG_INFO, text);
  return what && strcmp (what, "refuse") == 0 ? h->error (c, FETTLE_E_REJECTED, "it is kept") : FETTLE_OK;
}

static const struct fettle_node_type types[] = {
  { .name = "mischief", .title = "Mischief", .position = 2000, .hosts = FETTLE_HOST_LINUX,
    .ports = ports, .n_ports = FETTLE_COUNT (ports), .settings = settings,
    .n_settings = FETTLE_COUNT (settings), .services = "stream/1", .probe = probe,
    .inventory = inventory },
  { .name = "untidy", .title = "Untidy", .position = 2004, .hosts = FETTLE_HOST_LINUX,
    .flags = FETTLE_TYPE_INVENTORY_LEAVES, .ports = ports, .n_ports = FETTLE_COUNT (ports),
    .settings = settings, .n_settings = FETTLE_COUNT (settings), .services = "stream/1",
    .inventory = inventory, .cleanup = cleanup },
};

static const struct fettle_plugin plugin = {
  FETTLE_HEAD, .name = "mischief", .version = "1", .description = "does what it must not",
  .node_types = types, .n_node_types = FETTLE_COUNT (types),
};

FETTLE_REGISTER (mischief, plugin)
