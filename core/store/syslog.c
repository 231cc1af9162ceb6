/* syslog.c - see syslog.h.  SPDX-License-Identifier: Apache-2.0 */
#include "util/base.h"

#include <errno.h>
#include <event2/event.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>

#include "store/syslog.h"
#include "util/buf.h"

#define PRIORITY    (10 << 3 | 5) /* authpriv.notice */
#define WAITING_MAX (1 << 20)     /* bytes */
#define RETRY_FIRST 50            /* milliseconds; twice as long each time */
#define RETRY_MOST  5000

struct fettle_syslog {
  struct sockaddr_un address;
  struct fettle_buf waiting; /* lines, each with its NUL */
  struct event *retry;
  int fd, pause;             /* pause: milliseconds to the next try */
  unsigned left_out;
};

/* By address each time: the other end may be started anew at any moment. */
static bool
send_line (const struct fettle_syslog *s, const char *text)
{
  char line[2048];
  int n = snprintf (line, sizeof line, "<%d>fettled[%d]: %s", PRIORITY, (int) getpid (), text);

  if (n >= (int) sizeof line)
    n = sizeof line - 1;
  for (int i = 0; i < n; i++)
    if ((unsigned char) line[i] < ' ' || line[i] == 0x7f)
      line[i] = ' ';
  return sendto (s->fd, line, (size_t) n, MSG_NOSIGNAL, (const struct sockaddr *) &s->address,
                 sizeof s->address) == n;
}

/* True when nothing waits any more. */
static bool
flush (struct fettle_syslog *s)
{
  char note[80];
  size_t at = 0;

  while (at < s->waiting.size && send_line (s, s->waiting.data + at))
    at += strlen (s->waiting.data + at) + 1;
  if (at) {
    memmove (s->waiting.data, s->waiting.data + at, s->waiting.size - at);
    s->waiting.size -= at;
  }
  if (s->waiting.size)
    return false;
  snprintf (note, sizeof note, "%u lines before this one were left out: the log was busy",
            s->left_out);
  if (s->left_out && !send_line (s, note))
    return false;
  s->left_out = 0;
  return true;
}

static void
flush_or_wait (struct fettle_syslog *s)
{
  if (flush (s)) {
    s->pause = RETRY_FIRST;
    return;
  }
  event_add (s->retry, &(struct timeval) { s->pause / 1000, s->pause % 1000 * 1000 });
  s->pause = s->pause * 2 < RETRY_MOST ? s->pause * 2 : RETRY_MOST;
}

static void
on_retry (evutil_socket_t fd, short what, void *arg)
{
  (void) fd, (void) what;
  flush_or_wait (arg);
}

struct fettle_syslog *
fettle_syslog_new (const char *path, struct event_base *base)
{
  struct fettle_syslog *s = calloc (1, sizeof *s);

  if (!s || !(s->retry = event_new (base, -1, 0, on_retry, s)))
    abort ();
  s->address.sun_family = AF_UNIX;
  snprintf (s->address.sun_path, sizeof s->address.sun_path, "%s", path);
  s->waiting = (struct fettle_buf) FETTLE_BUF_INIT (WAITING_MAX);
  s->pause = RETRY_FIRST;
  s->fd = socket (AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
  return s;
}

void
fettle_syslog_free (struct fettle_syslog *s)
{
  if (!s)
    return;
  for (int tries = 0; tries < 20 && !flush (s) && errno == EAGAIN; tries++)
    nanosleep (&(struct timespec) { .tv_nsec = RETRY_FIRST * 1000000L }, NULL);
  event_free (s->retry);
  fettle_buf_clear (&s->waiting);
  if (s->fd >= 0)
    close (s->fd);
  free (s);
}

void
fettle_syslog_send (struct fettle_syslog *s, const char *text)
{
  if (s->left_out || !fettle_buf_add (&s->waiting, text, strlen (text) + 1))
    s->left_out++;
  if (!event_pending (s->retry, EV_TIMEOUT, NULL))
    flush_or_wait (s);
}
