/* syslog.c - see syslog.h.  SPDX-License-Identifier: Apache-2.0 */
#include "util/base.h"

#include <sys/socket.h>
#include <sys/un.h>

#include "util/syslog.h"

#define PRIORITY (10 << 3 | 5) /* authpriv.notice */

struct fettle_syslog {
  struct sockaddr_un address;
  int fd;
  unsigned left_out;
};

struct fettle_syslog *
fettle_syslog_new (const char *path)
{
  struct fettle_syslog *s = calloc (1, sizeof *s);

  if (!s)
    abort ();
  s->address.sun_family = AF_UNIX;
  snprintf (s->address.sun_path, sizeof s->address.sun_path, "%s", path);
  s->fd = socket (AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
  return s;
}

void
fettle_syslog_free (struct fettle_syslog *s)
{
  if (!s)
    return;
  if (s->fd >= 0)
    close (s->fd);
  free (s);
}

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

void
fettle_syslog_send (struct fettle_syslog *s, const char *text)
{
  char note[80];

  if (s->left_out) {
    snprintf (note, sizeof note, "%u lines before this one were left out: the log was busy",
              s->left_out);
    if (send_line (s, note))
      s->left_out = 0;
  }
  if (!send_line (s, text))
    s->left_out++;
}
