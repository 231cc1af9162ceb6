/* What an FTP client sends: each line, its path, and all of it to a session of
 * the listener, over a socket pair, in portions.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "util/base.h"

#include <event2/event.h>
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/socket.h>

#include "fuzz/fuzz.h"
#include "serve/ftp-internal.h"
#include "util/log.h"

#define TOKEN "0123456789abcdef0123456789abcdef"
#define SECRET "secret of another node"

static struct event_base *base;
static struct fettle_offers *offers;

static const char *
other (void *arg, const char *path, const char *from)
{
  (void) arg;
  MUST (*path == '/' && *from);
  return strcmp (path, "/c/hello") == 0 ? "hello" : NULL;
}

static void
publish (const char *token, const char *address, const char *text)
{
  struct fettle_offer wanted = { .job = 1, .name = "fw.bin" }, *o;
  struct fettle_error err;
  int fd = memfd_create ("fuzz", MFD_CLOEXEC);

  MUST (fd >= 0 && write (fd, text, strlen (text)) == (ssize_t) strlen (text));
  snprintf (wanted.token, sizeof wanted.token, "%s", token);
  snprintf (wanted.address, sizeof wanted.address, "%s", address);
  wanted.file = fettle_offer_file_new (fd, 0, strlen (text), NULL);
  MUST (wanted.file && fettle_offer_new (offers, &wanted, &o, &err) == FETTLE_OK);
  fettle_offer_file_release (wanted.file);
}

static void
set_up (void)
{
  if (base)
    return;
  fettle_log_init ("fuzz", FETTLE_LOG_ERROR);
  base = event_base_new ();
  offers = fettle_offers_new ();
  MUST (base && offers);
  publish (TOKEN, "127.0.0.1", "firmware");
  publish ("f123456789abcdef0123456789abcdef", "127.0.0.9", SECRET);
}

static void
check_path (const char *argument)
{
  char path[FETTLE_FTP_PATH_MAX] = "/untouched";

  if (!fettle_ftp_path ("/a/b", argument, path)) {
    MUST (strcmp (path, "/untouched") == 0);
    return;
  }
  MUST (path[0] == '/' && strlen (path) < sizeof path);
  MUST (!strstr (path, "//") && !strstr (path, "/../") && !strstr (path, "/./"));
  MUST (strcmp (path, "/") == 0 || path[strlen (path) - 1] != '/');
  fettle_ftp_path_up (path);
  MUST (path[0] == '/' && (!path[1] || path[strlen (path) - 1] != '/'));
}

static void
check_lines (const char *data, size_t size)
{
  struct fettle_ftp_command c;

  for (size_t n; (n = fettle_ftp_line (data, size)); data += n, size -= n) {
    MUST (n <= size && data[n - 1] == '\n' && !memchr (data, '\n', n - 1));
    if (!fettle_ftp_parse (data, n, &c))
      continue;
    MUST (c.verb < FETTLE_FTP_VERBS && strlen (c.argument) < n);
    for (const char *p = c.argument; *p; p++)
      MUST ((unsigned char) *p >= ' ');
    check_path (c.argument);
  }
}

/* Reads answers: each begins with three digits, or goes on in one that does. */
static void
check_answers (int fd)
{
  char text[8192];
  ssize_t n = recv (fd, text, sizeof text - 1, MSG_DONTWAIT);

  if (n <= 0)
    return;
  text[n] = '\0';
  MUST (!strstr (text, SECRET) && !memchr (text, '\0', (size_t) n));
}

static void
check_session (const char *data, size_t size)
{
  const struct fettle_ftp_options o = { .port = 21, .offers = offers, .other = other };
  struct fettle_ftp *ftp = NULL;
  struct ftp_door door = { .address = "127.0.0.1", .users = 1 };
  struct fettle_error err;
  int fds[2];

  MUST (socketpair (AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, fds) == 0);
  MUST (fettle_ftp_new (base, &o, &ftp, &err) == FETTLE_OK);
  door.ftp = ftp;
  fettle_ftp_session_new (&door, fds[0], "127.0.0.1");
  for (size_t i = 0, n; i < size && ftp->sessions; i += n) {
    n = 1 + ((unsigned char) data[i] & 63);
    n = n < size - i ? n : size - i;
    if (send (fds[1], data + i, n, MSG_NOSIGNAL | MSG_DONTWAIT) < 0)
      break;
    event_base_loop (base, EVLOOP_NONBLOCK);
    MUST (!ftp->sessions || ftp->sessions->folder[0] == '/');
    check_answers (fds[1]);
  }
  while (ftp->sessions)
    fettle_ftp_session_free (ftp->sessions);
  MUST (!ftp->passives && !ftp->n);
  event_base_loop (base, EVLOOP_NONBLOCK);
  fettle_ftp_free (ftp);
  close (fds[1]);
}

int
LLVMFuzzerTestOneInput (const uint8_t *data, size_t size)
{
  set_up ();
  check_lines ((const char *) data, size);
  check_session ((const char *) data, size);
  return 0;
}
