/* serve-load - clients for tests/bench/serve.sh: what they did, as numbers.
 *
 *   get   HOST PORT tls|plain PATH PROCESSES TIMES   downloads: bytes and seconds
 *   idle  HOST PORT tls|plain PATH CONNECTIONS       keeps them open after one small
 *                                                    request each, until its input ends
 *   posts HOST PORT tls|plain PATH CONNECTIONS SECONDS   answered ones, and seconds
 *   new   HOST PORT tls|plain PATH PROCESSES SECONDS     new connections, one request each
 *   wrong HOST PORT tls|plain PATH PROCESSES SECONDS   the same, refused by 404
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include "util/base.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/tcp.h>
#include <openssl/ssl.h>
#include <signal.h>
#include <sys/epoll.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>

struct client {
  int fd;
  SSL *ssl;
  char head[1024];
  size_t size;
};

static const char *host, *path, *wanted = "HTTP/1.1 20"; /* wanted: how an answer begins */
static uint16_t port;
static SSL_CTX *tls;
static volatile uint64_t *counts; /* one for each process */

static void
die (const char *doing)
{
  perror (doing);
  exit (2);
}

static double
now (void)
{
  struct timespec t;

  clock_gettime (CLOCK_MONOTONIC, &t);
  return (double) t.tv_sec + (double) t.tv_nsec / 1e9;
}

static void
dial (struct client *c)
{
  struct sockaddr_in sa = { .sin_family = AF_INET, .sin_port = htons (port) };
  int one = 1;

  inet_pton (AF_INET, host, &sa.sin_addr);
  c->fd = socket (AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  setsockopt (c->fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
  if (connect (c->fd, (struct sockaddr *) &sa, sizeof sa))
    die ("connect");
  if (!tls)
    return;
  c->ssl = SSL_new (tls);
  SSL_set_fd (c->ssl, c->fd);
  if (SSL_connect (c->ssl) != 1)
    die ("TLS");
}

static void
hang_up (struct client *c)
{
  SSL_free (c->ssl);
  close (c->fd);
  memset (c, 0, sizeof *c);
}

static ssize_t
hear (struct client *c, void *data, size_t size, int flags)
{
  return c->ssl ? SSL_read (c->ssl, data, (int) size) : recv (c->fd, data, size, flags);
}

static void
say (struct client *c, const char *text)
{
  size_t n = strlen (text);

  if (c->ssl ? SSL_write (c->ssl, text, (int) n) != (int) n
             : send (c->fd, text, n, MSG_NOSIGNAL) != (ssize_t) n)
    die ("send");
}

/* Reads an answer's head, and what came behind it; returns the body's size and
 * how much of it has come. */
static uint64_t
read_head (struct client *c, uint64_t *ret_here)
{
  char *end = NULL, *length;

  c->size = 0;
  while (!end) {
    ssize_t n = hear (c, c->head + c->size, sizeof c->head - 1 - c->size, 0);

    if (n <= 0)
      die ("receive");
    c->size += (size_t) n;
    c->head[c->size] = '\0';
    end = strstr (c->head, "\r\n\r\n");
    if (!end && c->size == sizeof c->head - 1)
      die ("head");
  }
  if (strncmp (c->head, wanted, strlen (wanted)) != 0) {
    fprintf (stderr, "%s", c->head);
    exit (2);
  }
  *ret_here = c->size - (size_t) (end + 4 - c->head);
  length = strcasestr (c->head, "\r\nContent-Length: ");
  return length ? strtoull (length + 18, NULL, 10) : 0;
}

static uint64_t
get (struct client *c, const char *request)
{
  static char buffer[256 << 10];
  uint64_t here, all;

  say (c, request);
  all = read_head (c, &here);
  while (here < all) {
    /* Thrown away in the kernel: the measure is the server. */
    ssize_t n = hear (c, buffer, sizeof buffer, MSG_TRUNC);

    if (n <= 0)
      die ("receive");
    here += (uint64_t) n;
  }
  return all;
}

static const char *
request_of (const char *fields)
{
  static char text[1024];

  snprintf (text, sizeof text, "GET %s HTTP/1.1\r\nHost: %s\r\n%s\r\n", path, host, fields);
  return text;
}

/* ---- What is measured ---- */

static void
run_get (unsigned me, unsigned times)
{
  struct client c = { 0 };

  dial (&c);
  while (times--)
    counts[me] += get (&c, request_of (""));
  hang_up (&c);
}

static void
run_new (unsigned me, unsigned seconds)
{
  double end = now () + seconds;

  while (now () < end) {
    struct client c = { 0 };

    dial (&c);
    get (&c, request_of ("Range: bytes=0-0\r\nConnection: close\r\n"));
    hang_up (&c);
    counts[me]++;
  }
}

/* Each on a connection of its own: a wrong name ends it. */
static void
run_wrong (unsigned me, unsigned seconds)
{
  wanted = "HTTP/1.1 404";
  run_new (me, seconds);
}

static void
run_idle (unsigned n)
{
  struct client *c = calloc (n, sizeof *c);
  char byte;

  for (unsigned i = 0; i < n; i++) {
    dial (&c[i]);
    get (&c[i], request_of ("Range: bytes=0-0\r\n"));
  }
  printf ("idle %u\n", n);
  fflush (stdout);
  (void) !read (STDIN_FILENO, &byte, 1);
}

static void
run_posts (unsigned me, unsigned n, unsigned seconds)
{
  int poll = epoll_create1 (EPOLL_CLOEXEC);
  struct client *c = calloc (n, sizeof *c);
  struct epoll_event ready[64];
  double end = now () + seconds;
  uint64_t number = 0;
  char text[512];

  for (unsigned i = 0; i < n; i++) {
    struct epoll_event e = { .events = EPOLLIN, .data.u32 = i };

    dial (&c[i]);
    epoll_ctl (poll, EPOLL_CTL_ADD, c[i].fd, &e);
  }
  for (unsigned i = 0; now () < end;) {
    int k = 0;

    for (; i < n; i++) { /* at first, all */
      snprintf (text, sizeof text, "POST %s HTTP/1.1\r\nHost: %s\r\nContent-Type: application/json\r\n"
                "Content-Length: 16\r\n\r\n{\"n\": %9llu}", path, host,
                (unsigned long long) (me * 100000000ull + number++));
      say (&c[i], text);
    }
    k = epoll_wait (poll, ready, COUNT (ready), 1000);
    for (int r = 0; r < k; r++) {
      struct client *x = &c[ready[r].data.u32];
      uint64_t here, all = read_head (x, &here);

      while (here < all)
        here += (uint64_t) hear (x, x->head, sizeof x->head, 0);
      counts[me]++;
      snprintf (text, sizeof text, "POST %s HTTP/1.1\r\nHost: %s\r\nContent-Type: application/json\r\n"
                "Content-Length: 16\r\n\r\n{\"n\": %9llu}", path, host,
                (unsigned long long) (me * 100000000ull + number++));
      say (x, text);
    }
  }
}

static void
in_processes (unsigned n, void (*f) (unsigned me, unsigned a), unsigned a, const char *unit)
{
  double begin = now ();
  uint64_t sum = 0;
  int status;

  for (unsigned i = 0; i < n; i++)
    if (fork () == 0) {
      f (i, a);
      _exit (0);
    }
  while (wait (&status) > 0)
    if (status)
      exit (2);
  for (unsigned i = 0; i < n; i++)
    sum += counts[i];
  printf ("%s %llu seconds %.3f\n", unit, (unsigned long long) sum, now () - begin);
}

static unsigned of_each;

static void
posts (unsigned me, unsigned seconds)
{
  run_posts (me, of_each, seconds);
}

int
main (int argc, char **argv)
{
  struct rlimit files;
  unsigned a, b;

  if (argc < 7)
    return 2;
  signal (SIGPIPE, SIG_IGN);
  if (getrlimit (RLIMIT_NOFILE, &files) == 0) {
    files.rlim_cur = files.rlim_max;
    setrlimit (RLIMIT_NOFILE, &files);
  }
  host = argv[2];
  port = (uint16_t) strtoul (argv[3], NULL, 10);
  path = argv[5];
  a = (unsigned) strtoul (argv[6], NULL, 10);
  b = argc > 7 ? (unsigned) strtoul (argv[7], NULL, 10) : 1;
  if (strcmp (argv[4], "tls") == 0)
    tls = SSL_CTX_new (TLS_client_method ());
  counts = mmap (NULL, 4096 * sizeof *counts, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS,
                 -1, 0);
  if (counts == MAP_FAILED || a > 65000)
    return 2;
  if (strcmp (argv[1], "get") == 0 && a <= 4096)
    in_processes (a, run_get, b, "bytes");
  else if (strcmp (argv[1], "new") == 0 && a <= 4096)
    in_processes (a, run_new, b, "connections");
  else if (strcmp (argv[1], "wrong") == 0 && a <= 4096)
    in_processes (a, run_wrong, b, "refused");
  else if (strcmp (argv[1], "posts") == 0) {
    of_each = (a + 1) / 2;
    in_processes (2, posts, b, "posts");
  } else if (strcmp (argv[1], "idle") == 0)
    run_idle (a);
  else
    return 2;
  return 0;
}
