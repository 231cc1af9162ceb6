/* firewall-backend - one backend, by hand or by a test: what leases do, in its
 * simplest form.
 *
 *   firewall-backend [-l LIBEXECDIR] [-p tcp/FIRST-LAST]... NAME available
 *   firewall-backend ... NAME setup|show-setup|undo-setup|show-undo-setup
 *   firewall-backend ... NAME choose         which one "auto" takes (NAME: auto)
 *   firewall-backend ... NAME run            commands on standard input:
 *     open ADDRESS PROTOCOL FIRST-LAST SECONDS NODE
 *     close ADDRESS PROTOCOL FIRST-LAST
 *     settle, status, look, describe, gate, quit
 *
 * Answers "COMMAND ok" or "COMMAND CODE TEXT".  What is open is opened again
 * when the backend says that it was lost.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "util/base.h"

#include <event2/event.h>

#include "firewall/firewall.h"
#include "util/text.h"

enum { WANTED_MAX = 4096 };

static struct event_base *base;
static struct fettle_firewall *firewall;
static struct fettle_firewall_options options;
static struct fettle_hole wanted[WANTED_MAX];
static size_t n_wanted;

static void
say (const char *what, fettle_result code, const char *text)
{
  if (code)
    printf ("%s %s %s\n", what, fettle_result_name (code), text);
  else
    printf ("%s ok\n", what);
  fflush (stdout);
}

static void
on_done (void *what, fettle_result code, const char *text)
{
  say (what, code, text);
}

static void
lost (void *arg, const char *why)
{
  (void) arg;
  printf ("lost %s\n", why);
  fettle_firewall_settle (firewall, wanted, n_wanted, on_done, (void *) (uintptr_t) "settled");
}

static void
notice (void *arg, const char *text)
{
  (void) arg;
  printf ("notice %s\n", text);
  fflush (stdout);
}

static const struct fettle_firewall_events events = { lost, notice };

static void
on_status (void *arg, fettle_result code, const char *text, const struct fettle_hole_status *s,
           size_t n)
{
  char address[FETTLE_ADDRESS_TEXT];

  (void) arg;
  for (size_t i = 0; i < n && i < n_wanted; i++)
    printf ("hole %s %u %s %llu %u\n", fettle_address_text (&wanted[i].from, address),
            wanted[i].first, !s[i].known ? "unknown" : s[i].open ? "open" : "closed",
            (unsigned long long) s[i].packets, s[i].remaining_s);
  say ("status", code, text);
}

static void
on_look (void *arg, fettle_result code, const char *text, const struct fettle_obstacle *o, size_t n)
{
  (void) arg;
  for (size_t i = 0; i < n; i++)
    printf ("obstacle %s%s; %s\n", o[i].by_setup ? "(setup) " : "", o[i].what, o[i].mend);
  say ("look", code, text);
}

static bool
parse_ports (const char *text, uint16_t *first, uint16_t *last)
{
  char word[16];
  uint64_t a, b;
  size_t n = strcspn (text, "-");

  snprintf (word, sizeof word, "%.*s", (int) n, text);
  if (!fettle_parse_uint (word, 1, 65535, &a)
      || !fettle_parse_uint (text[n] ? text + n + 1 : text, a, 65535, &b))
    return false;
  *first = (uint16_t) a;
  *last = (uint16_t) b;
  return true;
}

static bool
parse_hole (char *line, struct fettle_hole *ret)
{
  char *words[6] = { 0 }, *save = NULL;
  size_t n = 0;
  uint64_t seconds = 60;
  struct fettle_error err;

  for (char *w = strtok_r (line, " ", &save); w && n < COUNT (words); w = strtok_r (NULL, " ", &save))
    words[n++] = w;
  if (n < 4 || !parse_ports (words[3], &ret->first, &ret->last)
      || fettle_address_parse (words[1], &ret->from, &err)
      || (words[4] && !fettle_parse_uint (words[4], 1, 86400, &seconds)))
    return false;
  ret->protocol = strcmp (words[2], "udp") == 0 ? FETTLE_UDP : FETTLE_TCP;
  ret->lifetime_s = (uint32_t) seconds;
  ret->node = strdup (words[5] ? words[5] : "n");
  ret->purpose = "fetches";
  ret->phase = FETTLE_DEPLOYMENT;
  return true;
}

static size_t
find (const struct fettle_hole *h)
{
  size_t i = 0;

  while (i < n_wanted && (fettle_address_compare (&wanted[i].from, &h->from)
                          || wanted[i].first != h->first || wanted[i].protocol != h->protocol))
    i++;
  return i;
}

static void
open_or_close (char *line)
{
  struct fettle_hole h = { 0 };
  bool open = line[0] == 'o';
  size_t i;

  if (!parse_hole (line, &h) || n_wanted == WANTED_MAX) {
    say (open ? "open" : "close", FETTLE_E_CONFIG, "that isn't a hole");
    return;
  }
  i = find (&h);
  if (i < n_wanted) {
    free ((char *) (uintptr_t) wanted[i].node);
    wanted[i] = wanted[--n_wanted];
  }
  if (open) {
    wanted[n_wanted++] = h;
    fettle_firewall_open (firewall, &h, 1, on_done, (void *) (uintptr_t) "open");
    return;
  }
  fettle_firewall_close (firewall, &h, 1, on_done, (void *) (uintptr_t) "close");
  free ((char *) (uintptr_t) h.node);
}

static void
describe (void)
{
  _cleanup_ (fettle_buf_clear) struct fettle_buf text = FETTLE_BUF_INIT (1 << 20);
  struct fettle_error err = { 0 };
  fettle_result r = fettle_firewall_backend (firewall)->describe (&options, wanted, n_wanted, &text,
                                                                  &err);

  fputs (fettle_buf_text (&text), stdout);
  say ("describe", r, err.text);
}

static void
on_line (evutil_socket_t fd, short what, void *arg)
{
  static char buffer[65536];
  static size_t used;
  ssize_t got = read (fd, buffer + used, sizeof buffer - 1 - used);
  char *line = buffer, *end;

  (void) what;
  (void) arg;
  if (got <= 0) {
    event_base_loopbreak (base);
    return;
  }
  used += (size_t) got;
  buffer[used] = '\0';
  for (; (end = strchr (line, '\n')); line = end + 1) {
    *end = '\0';
    if (strncmp (line, "open ", 5) == 0 || strncmp (line, "close ", 6) == 0)
      open_or_close (line);
    else if (strcmp (line, "settle") == 0)
      fettle_firewall_settle (firewall, wanted, n_wanted, on_done, (void *) (uintptr_t) "settle");
    else if (strcmp (line, "status") == 0)
      fettle_firewall_status (firewall, wanted, n_wanted, on_status, NULL);
    else if (strcmp (line, "look") == 0)
      fettle_firewall_look (firewall, on_look, NULL);
    else if (strcmp (line, "gate") == 0)
      fettle_firewall_gate (firewall, options.ports, options.n_ports, on_done,
                            (void *) (uintptr_t) "gate");
    else if (strcmp (line, "describe") == 0)
      describe ();
    else
      event_base_loopbreak (base);
  }
  used -= (size_t) (line - buffer);
  memmove (buffer, line, used);
}

static int
run (const struct fettle_backend *backend)
{
  struct event *input;
  struct fettle_error err;

  base = event_base_new ();
  input = event_new (base, STDIN_FILENO, EV_READ | EV_PERSIST, on_line, NULL);
  event_add (input, NULL);
  if (fettle_firewall_new (base, backend, &options, &events, NULL, &firewall, &err)) {
    fprintf (stderr, "%s\n", err.text);
    return 1;
  }
  event_base_dispatch (base);
  fettle_firewall_free (firewall);
  event_free (input);
  event_base_free (base);
  while (n_wanted)
    free ((char *) (uintptr_t) wanted[--n_wanted].node);
  return 0;
}

static int
set_up (const struct fettle_backend *backend, const char *word)
{
  static const char *const words[] = {
    [FETTLE_SETUP_SHOW] = "show-setup", [FETTLE_SETUP_APPLY] = "setup",
    [FETTLE_SETUP_SHOW_UNDO] = "show-undo-setup", [FETTLE_SETUP_UNDO] = "undo-setup",
  };
  _cleanup_ (fettle_buf_clear) struct fettle_buf text = FETTLE_BUF_INIT (1 << 20);
  struct fettle_error err;

  for (size_t i = 0; i < COUNT (words); i++)
    if (strcmp (word, words[i]) == 0) {
      fettle_result r = backend->setup (&options, (enum fettle_setup_action) i, &text, &err);

      fputs (fettle_buf_text (&text), stdout);
      if (r)
        fprintf (stderr, "%s\n", err.text);
      return r ? 1 : 0;
    }
  fprintf (stderr, "what is \"%s\"?\n", word);
  return 2;
}

static const struct fettle_backend *
by_name (const char *name)
{
  for (size_t i = 0; fettle_backends[i]; i++)
    if (strcmp (fettle_backends[i]->name, name) == 0)
      return fettle_backends[i];
  fprintf (stderr, "there is no backend %s\n", name);
  exit (2);
}

static int
choose (const char *name)
{
  _cleanup_ (fettle_buf_clear) struct fettle_buf why = FETTLE_BUF_INIT (1 << 20);
  const struct fettle_backend *backend;
  struct fettle_error err;

  if (fettle_backend_choose (name, &options, &backend, &why, &err)) {
    fprintf (stderr, "%s\n", err.text);
    return 1;
  }
  printf ("%s\n%s", backend->name, fettle_buf_text (&why));
  return 0;
}

int
main (int argc, char **argv)
{
  static struct fettle_port_span ports[16];
  struct fettle_error err;
  int c;

  options.ports = ports;
  options.libexecdir = FETTLE_LIBEXECDIR;
  while ((c = getopt (argc, argv, "l:p:")) != -1) {
    struct fettle_port_span *p = &ports[options.n_ports];

    if (c == 'l')
      options.libexecdir = optarg;
    else if (c == 'p' && options.n_ports < COUNT (ports) && strlen (optarg) > 4
             && parse_ports (optarg + 4, &p->first, &p->last)) {
      p->protocol = optarg[0] == 'u' ? FETTLE_UDP : FETTLE_TCP;
      options.n_ports++;
    } else
      return 2;
  }
  if (argc - optind != 2)
    return 2;
  if (strcmp (argv[optind + 1], "choose") == 0)
    return choose (argv[optind]);
  if (strcmp (argv[optind + 1], "run") == 0)
    return run (by_name (argv[optind]));
  if (strcmp (argv[optind + 1], "available") != 0)
    return set_up (by_name (argv[optind]), argv[optind + 1]);
  if (by_name (argv[optind])->available (&options, &err) == FETTLE_OK)
    return 0;
  fprintf (stderr, "%s\n", err.text);
  return 1;
}
