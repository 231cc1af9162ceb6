/* gate-holes.c - leases from the command line, for test scripts: one command a
 * line on stdin, its answer on stdout, which ends with "ok" or "failed: ...".
 * Notices go to stderr.
 *
 *   gate tcp/63001,udp/137-138      shut these ports but for holes
 *   take NODE SECONDS ADDRESS PROTOCOL FIRST[-LAST]
 *   give NODE
 *   status | seen | look | count
 *   trace ADDRESS PROTOCOL PORT
 *
 *   gate-holes [BACKEND [GATE-SOCKET]]
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "util/base.h"

#include <event2/event.h>
#include <fcntl.h>
#include <signal.h>
#include <time.h>

#include "firewall/lease.h"
#include "util/text.h"

static struct event_base *base;
static struct fettle_leases *leases;

static void
answer (fettle_result code, const char *text)
{
  if (code)
    printf ("failed: %s: %s\n", fettle_result_name (code), text);
  else
    puts ("ok");
  fflush (stdout);
}

static void
done (void *arg, fettle_result code, const char *text)
{
  (void) arg;
  answer (code, text);
}

static void
notice (void *arg, const char *text)
{
  (void) arg;
  fprintf (stderr, "notice: %s\n", text);
}

static fettle_result
taken (void *arg, const struct fettle_lease *l, struct fettle_error *err)
{
  (void) arg;
  (void) err;
  fprintf (stderr, "journal: taken %s\n", l->node);
  return FETTLE_OK;
}

static fettle_result
ended (void *arg, const struct fettle_lease *l, bool by_time, struct fettle_error *err)
{
  (void) arg;
  (void) err;
  fprintf (stderr, "journal: %s %s\n", by_time ? "expired" : "given back", l->node);
  return FETTLE_OK;
}

/* ---- Commands. ---- */

static bool
parse_ports (const char *text, uint16_t *first, uint16_t *last)
{
  unsigned a = 0, b = 0;
  int n = sscanf (text, "%u-%u", &a, &b);

  *first = (uint16_t) a;
  *last = (uint16_t) (n == 2 ? b : a);
  return n >= 1;
}

static uint32_t
parse_protocol (const char *text)
{
  return strncmp (text, "udp", 3) == 0 ? FETTLE_UDP : FETTLE_TCP;
}

static void
gate (char *list)
{
  struct fettle_port_span spans[16];
  size_t n = 0;

  for (char *rest = list, *word; n < COUNT (spans) && (word = strsep (&rest, ","));) {
    spans[n].protocol = parse_protocol (word);
    if (strlen (word) > 4 && parse_ports (word + 4, &spans[n].first, &spans[n].last))
      n++;
  }
  fettle_firewall_gate (fettle_leases_firewall (leases), spans, n, done, NULL);
}

static bool
parse_hole (char **words, struct fettle_hole *h)
{
  struct fettle_error err;

  *h = (struct fettle_hole) { .protocol = parse_protocol (words[1]), .purpose = "a test",
                              .node = "", .phase = FETTLE_DEPLOYMENT };
  if (fettle_address_parse (words[0], &h->from, &err)) {
    answer (err.code, err.text);
    return false;
  }
  return parse_ports (words[2], &h->first, &h->last);
}

static void
take (char **words)
{
  struct fettle_hole hole;
  struct fettle_lease lease = { .node = words[1], .job = "1", .phase = FETTLE_DEPLOYMENT,
                                .holes = &hole, .n = 1 };
  struct fettle_error err;

  lease.until = time (NULL) + strtol (words[2], NULL, 10);
  if (parse_hole (words + 3, &hole) && fettle_leases_take (leases, &lease, done, NULL, &err))
    answer (err.code, err.text);
}

static void
status_done (void *arg, fettle_result code, const char *text, const struct fettle_lease_row *rows,
             size_t n)
{
  char address[FETTLE_ADDRESS_TEXT];

  (void) arg;
  for (size_t i = 0; i < n; i++)
    printf ("%s %s %u-%u %s packets=%llu left=%u %s\n", rows[i].hole.node,
            fettle_address_text (&rows[i].hole.from, address), rows[i].hole.first,
            rows[i].hole.last, rows[i].status.open ? "open" : "shut",
            (unsigned long long) rows[i].status.packets, rows[i].status.remaining_s,
            rows[i].hole.purpose);
  answer (code, text);
}

static void
seen_done (void *arg, fettle_result code, const char *text, const struct fettle_stranger *s,
           size_t n)
{
  char address[FETTLE_ADDRESS_TEXT];

  (void) arg;
  for (size_t i = 0; i < n; i++)
    printf ("%s %s %u packets=%llu\n", fettle_address_text (&s[i].from, address),
            s[i].protocol == FETTLE_UDP ? "udp" : "tcp", s[i].port,
            (unsigned long long) s[i].packets);
  answer (code, text);
}

static void
look_done (void *arg, fettle_result code, const char *text, const struct fettle_obstacle *o,
           size_t n)
{
  (void) arg;
  for (size_t i = 0; i < n; i++)
    printf ("%s\n%s\n", o[i].what, o[i].mend);
  answer (code, text);
}

static void
trace_done (void *arg, fettle_result code, const char *text, const struct fettle_hole_trace *t)
{
  (void) arg;
  if (!code)
    printf ("arrived=%llu refused=%llu passed=%llu\n", (unsigned long long) t->arrived,
            (unsigned long long) t->refused, (unsigned long long) t->passed);
  answer (code, text);
}

static void
ask_status (evutil_socket_t fd, short what, void *arg)
{
  (void) fd;
  (void) what;
  (void) arg;
  fettle_leases_status (leases, status_done, NULL);
}

/* What is asked a moment later is answered after the closing. */
static void
give (const char *node)
{
  const struct timeval moment = { 0, 10000 };

  fettle_leases_give_back (leases, node, "1", FETTLE_DEPLOYMENT);
  event_base_once (base, -1, EV_TIMEOUT, ask_status, NULL, &moment);
}

static void
command (char *line)
{
  struct fettle_firewall *fw = fettle_leases_firewall (leases);
  struct fettle_hole hole;
  char *words[8] = { 0 };
  size_t n = 0;

  for (char *rest = line; n < COUNT (words) && (words[n] = strsep (&rest, " "));)
    n++;
  if (strcmp (words[0], "gate") == 0 && n == 2)
    gate (words[1]);
  else if (strcmp (words[0], "take") == 0 && n == 6)
    take (words);
  else if (strcmp (words[0], "give") == 0 && n == 2)
    give (words[1]);
  else if (strcmp (words[0], "status") == 0)
    fettle_leases_status (leases, status_done, NULL);
  else if (strcmp (words[0], "seen") == 0)
    fettle_firewall_seen (fw, seen_done, NULL);
  else if (strcmp (words[0], "look") == 0)
    fettle_firewall_look (fw, look_done, NULL);
  else if (strcmp (words[0], "trace") == 0 && n == 4) {
    if (parse_hole (words + 1, &hole))
      fettle_firewall_trace (fw, &hole, trace_done, NULL);
  } else if (strcmp (words[0], "count") == 0) {
    printf ("%zu\n", fettle_leases_count (leases));
    answer (FETTLE_OK, "");
  } else
    answer (FETTLE_E_CONFIG, "no such command");
}

static void
on_input (evutil_socket_t fd, short what, void *arg)
{
  static char buffer[4096];
  static size_t size;
  ssize_t n = read (fd, buffer + size, sizeof buffer - 1 - size);
  char *end;

  (void) what;
  (void) arg;
  if (n <= 0) {
    event_base_loopbreak (base);
    return;
  }
  size += (size_t) n;
  buffer[size] = '\0';
  while ((end = strchr (buffer, '\n'))) {
    *end = '\0';
    command (buffer);
    size -= (size_t) (end + 1 - buffer);
    memmove (buffer, end + 1, size + 1);
  }
}

static void
on_signal (evutil_socket_t fd, short what, void *arg)
{
  (void) fd;
  (void) what;
  (void) arg;
  event_base_loopbreak (base);
}

int
main (int argc, char **argv)
{
  static const struct fettle_port_span ports[] = {
    { FETTLE_TCP, 63001, 63041 }, { FETTLE_UDP, 137, 138 }, { FETTLE_UDP, 63001, 63001 },
  };
  static const struct fettle_lease_hooks hooks = { taken, ended, notice, 4 };
  const struct fettle_firewall_options options = {
    .libexecdir = getenv ("FETTLE_LIBEXECDIR"), .gate_socket = argc > 2 ? argv[2] : NULL,
    .ports = ports, .n_ports = COUNT (ports),
  };
  const struct fettle_backend *backend;
  struct fettle_error err;
  struct event *input, *signals[2];

  base = event_base_new ();
  if (!options.libexecdir
      || fettle_backend_choose (argc > 1 ? argv[1] : "auto", &options, &backend, NULL, &err)
      || fettle_leases_new (base, backend, &options, &hooks, NULL, &leases, &err)) {
    fprintf (stderr, "gate-holes: %s\n", options.libexecdir ? err.text : "FETTLE_LIBEXECDIR isn't set");
    return 1;
  }
  input = event_new (base, STDIN_FILENO, EV_READ | EV_PERSIST, on_input, NULL);
  event_add (input, NULL);
  signals[0] = evsignal_new (base, SIGTERM, on_signal, NULL);
  signals[1] = evsignal_new (base, SIGINT, on_signal, NULL);
  event_add (signals[0], NULL);
  event_add (signals[1], NULL);
  printf ("%s\n", backend->name);
  fflush (stdout);
  event_base_dispatch (base);
  fettle_leases_free (leases);
  event_free (input);
  event_free (signals[0]);
  event_free (signals[1]);
  event_base_free (base);
  return 0;
}
