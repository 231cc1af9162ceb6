/* ftp-listener - the FTP listener alone, for tests.
 *
 *   ftp-listener PORT DATA-PORTS FILE NODE OURS...
 *
 * Publishes FILE for NODE and listens on our addresses; prints the path
 * ("d/TOKEN/NAME") when it is ready.  Reads from standard input: "end" ends the
 * offer, "part OFFSET SIZE" publishes a part of FILE and prints its path, "say"
 * prints "bytes N fetches N listeners N"; it ends with its input.  FTP_LOGIN,
 * FTP_IDLE and FTP_STALL are limits in seconds; 60 without.
 * SPDX-License-Identifier: Apache-2.0 */
#include "util/base.h"

#include <event2/event.h>
#include <fcntl.h>
#include <libgen.h>
#include <signal.h>
#include <sys/stat.h>

#include "ports/ports.h"
#include "serve/ftp.h"
#include "util/log.h"
#include "util/text.h"

static struct event_base *base;
static struct fettle_ftp *ftp;
static struct fettle_offers *offers;
static struct fettle_offer *offer;
static char *path, *node;

static void
publish (uint64_t offset, uint64_t size)
{
  struct fettle_offer wanted = { .job = 1 };
  struct fettle_error err;
  struct stat st;
  int fd = open (path, O_RDONLY | O_CLOEXEC);

  if (fd < 0 || fstat (fd, &st))
    exit (2);
  wanted.file = fettle_offer_file_new (fd, offset, size ? size : (uint64_t) st.st_size, NULL);
  snprintf (wanted.address, sizeof wanted.address, "%s", node);
  snprintf (wanted.name, sizeof wanted.name, "%s", basename (path));
  fettle_offer_free (offer);
  offer = NULL;
  if (fettle_offer_new (offers, &wanted, &offer, &err))
    exit (2);
  fettle_offer_file_release (wanted.file);
  printf ("d/%s/%s\n", offer->token, offer->name);
  fflush (stdout);
}

static void
say (void)
{
  _cleanup_json_ json_t *list = json_array ();

  fettle_ftp_listeners (ftp, list);
  printf ("bytes %llu fetches %llu listeners %zu\n",
          (unsigned long long) (offer ? offer->bytes : 0),
          (unsigned long long) (offer ? offer->fetches : 0), json_array_size (list));
  fflush (stdout);
}

static void
on_line (evutil_socket_t fd, short what, void *arg)
{
  unsigned long long offset, size;
  char line[128];

  (void) fd, (void) what, (void) arg;
  if (!fgets (line, sizeof line, stdin))
    event_base_loopbreak (base);
  else if (strcmp (line, "end\n") == 0) {
    fettle_offer_free (offer);
    offer = NULL;
    say ();
  }
  else if (strcmp (line, "say\n") == 0)
    say ();
  else if (sscanf (line, "part %llu %llu", &offset, &size) == 2)
    publish (offset, size);
}

static unsigned
seconds (const char *variable)
{
  const char *text = getenv (variable);
  uint64_t value = 60;

  if (text && !fettle_parse_uint (text, 1, 3600, &value))
    exit (2);
  return (unsigned) value;
}

int
main (int argc, char **argv)
{
  struct fettle_ftp_options o = { .login_seconds = seconds ("FTP_LOGIN"),
                                  .idle_seconds = seconds ("FTP_IDLE"),
                                  .stall_seconds = seconds ("FTP_STALL") };
  struct fettle_error err = { .code = FETTLE_OK };
  struct event *input;
  uint64_t port;

  if (argc < 6 || !fettle_parse_uint (argv[1], 1, 65535, &port)
      || fettle_parse_port_range (argv[2], &o.data_first, &o.data_last, &err))
    return 2;
  signal (SIGPIPE, SIG_IGN);
  fettle_log_init ("ftp-listener", FETTLE_LOG_WARNING);
  setvbuf (stdin, NULL, _IONBF, 0); /* what is read is what the loop waits for */
  o.port = (uint16_t) port;
  base = event_base_new ();
  o.offers = offers = fettle_offers_new ();
  path = argv[3];
  node = argv[4];
  if (!base || !offers || fettle_ftp_new (base, &o, &ftp, &err))
    return 2;
  for (int i = 5; i < argc; i++)
    if (fettle_ftp_open (ftp, argv[i], &err)) {
      fprintf (stderr, "%s\n", err.text);
      return 3;
    }
  input = event_new (base, STDIN_FILENO, EV_READ | EV_PERSIST, on_line, NULL);
  event_add (input, NULL);
  publish (0, 0);
  event_base_dispatch (base);
  event_free (input);
  fettle_ftp_free (ftp);
  fettle_offers_free (offers);
  event_base_free (base);
  libevent_global_shutdown ();
  return 0;
}
