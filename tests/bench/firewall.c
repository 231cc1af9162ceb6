/* firewall.c - how long it takes to derive, open and close holes for many
 * nodes, through leases and fettle-gate, and how much memory it needs.
 * Run by firewall.sh, in a network namespace of its own.
 *
 *   firewall [NODES]
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "util/base.h"

#include <dirent.h>
#include <event2/event.h>
#include <inttypes.h>
#include <time.h>

#include "firewall/lease.h"
#include "ports/ports.h"
#include "util/text.h"

enum { NODES = 100000, HOUR = 3600 };

static struct event_base *base;
static size_t waiting;

static double
now_ms (void)
{
  struct timespec t;

  clock_gettime (CLOCK_MONOTONIC, &t);
  return (double) t.tv_sec * 1e3 + (double) t.tv_nsec / 1e6;
}

static void
die (const char *text)
{
  fprintf (stderr, "bench/firewall: %s\n", text);
  exit (1);
}

/* ---- Memory. ---- */

/* KiB of a line of /proc/PID/status. */
static unsigned long
memory (const char *pid, const char *line)
{
  char path[64], text[256];
  unsigned long kib = 0;
  FILE *f;

  snprintf (path, sizeof path, "/proc/%.20s/status", pid);
  f = fopen (path, "r");
  while (f && fgets (text, sizeof text, f))
    if (strncmp (text, line, strlen (line)) == 0)
      sscanf (text + strlen (line), ": %lu", &kib);
  if (f)
    fclose (f);
  return kib;
}

/* Our fettle-gate: the child of that name. */
static unsigned long
gate_memory (const char *line)
{
  DIR *d = opendir ("/proc");
  unsigned long kib = 0;
  struct dirent *e;

  while (d && (e = readdir (d)) && !kib) {
    char path[64], text[256] = "", name[32] = "";
    int parent = 0;
    FILE *f;

    if (e->d_name[0] < '0' || e->d_name[0] > '9')
      continue;
    snprintf (path, sizeof path, "/proc/%.20s/stat", e->d_name);
    f = fopen (path, "r");
    if (f && fgets (text, sizeof text, f)
        && sscanf (text, "%*d (%31[^)]) %*c %d", name, &parent) == 2 && parent == getpid ()
        && strcmp (name, "fettle-gate") == 0)
      kib = memory (e->d_name, line);
    if (f)
      fclose (f);
  }
  if (d)
    closedir (d);
  return kib;
}

/* ---- Nodes and what they need. ---- */

static const struct fettle_port rows[] = {
  FETTLE_TO (FETTLE_BOTH, FETTLE_TCP, 22, "SSH"),
  FETTLE_TO (FETTLE_BOTH, FETTLE_TCP, 443, "HTTPS"),
  FETTLE_FROM (FETTLE_DEPLOYMENT, FETTLE_LISTEN_HTTP, "pull"),
};
static const struct fettle_node_type type = {
  .name = "bench", .title = "Bench", .hosts = FETTLE_HOST_LINUX, .ports = rows,
  .n_ports = COUNT (rows),
};

struct many {
  size_t n;
  struct fettle_port_node *nodes;
  char (*addresses)[16], (*names)[24];
};

static void
make_nodes (struct many *m)
{
  m->nodes = calloc (m->n, sizeof *m->nodes);
  m->addresses = calloc (m->n, sizeof *m->addresses);
  m->names = calloc (m->n, sizeof *m->names);
  if (!m->nodes || !m->addresses || !m->names)
    die ("no memory");
  for (size_t i = 0; i < m->n; i++) {
    snprintf (m->addresses[i], sizeof m->addresses[i], "10.%u.%u.%u", (unsigned) (i >> 16 & 255),
              (unsigned) (i >> 8 & 255), (unsigned) (i & 255));
    snprintf (m->names[i], sizeof m->names[i], "n%zu", i);
    m->nodes[i] = (struct fettle_port_node) { .name = m->names[i], .address = m->addresses[i],
                                              .our_address = "10.255.0.1", .plugin = "bench",
                                              .type = &type };
  }
}

static double
derive (const struct many *m, struct fettle_rules *ret)
{
  static const struct fettle_listen_ports ours = { .http = 63001, .https = 63002 };
  struct fettle_flows flows;
  struct fettle_error err;
  double begin = now_ms ();

  if (fettle_flows_derive (m->nodes, m->n, FETTLE_DEPLOYMENT, &ours, &flows, &err)
      || fettle_rules_derive (&flows, ret, &err))
    die (err.text);
  fettle_flows_clear (&flows);
  return now_ms () - begin;
}

/* ---- Leases. ---- */

static void
opened (void *arg, fettle_result code, const char *text)
{
  (void) arg;
  if (code)
    die (text);
  waiting--;
}

static void
notice (void *arg, const char *text)
{
  (void) arg;
  fprintf (stderr, "%s\n", text);
}

static void
take (struct fettle_leases *leases, const struct fettle_rule *rule)
{
  struct fettle_hole hole = { .protocol = rule->protocol, .first = rule->first, .last = rule->last,
                              .purpose = rule->purpose };
  const struct fettle_lease lease = { rule->node, "1", FETTLE_DEPLOYMENT, time (NULL) + HOUR, &hole,
                                      1 };
  struct fettle_error err;

  if (fettle_address_parse (rule->from, &hole.from, &err)
      || fettle_leases_take (leases, &lease, opened, NULL, &err))
    die (err.text);
  waiting++;
}

static void
wait_for_all (void)
{
  while (waiting > 0)
    event_base_loop (base, EVLOOP_ONCE);
}

/* What is asked after closing is answered after it. */
static void
seen (void *arg, fettle_result code, const char *text, const struct fettle_stranger *s, size_t n)
{
  (void) arg;
  (void) s;
  (void) n;
  if (code)
    die (text);
  waiting--;
}

static void
wait_for_closing (struct fettle_leases *leases)
{
  for (int i = 0; i < 200; i++)
    event_base_loop (base, EVLOOP_NONBLOCK);
  waiting++;
  fettle_firewall_seen (fettle_leases_firewall (leases), seen, NULL);
  wait_for_all ();
}

static void
measure (struct fettle_leases *leases, const struct fettle_rules *rules)
{
  const struct fettle_rule *last = NULL;
  size_t n = 0;
  double begin = now_ms (), longest = 0;

  for (size_t i = 0; i < rules->n; i++)
    if (rules->rules[i].place == FETTLE_PLACE_HERE && rules->rules[i].ingress) {
      if (last)
        take (leases, last);
      last = &rules->rules[i];
      n++;
      if (n % 1000 == 0) { /* as a service: the loop goes on meanwhile */
        double turn = now_ms ();

        event_base_loop (base, EVLOOP_NONBLOCK);
        if (now_ms () - turn > longest)
          longest = now_ms () - turn;
      }
    }
  wait_for_all ();
  printf ("open_ms %.1f\n", now_ms () - begin);
  printf ("longest_turn_ms %.1f\n", longest);
  begin = now_ms ();
  take (leases, last);
  wait_for_all ();
  printf ("open_one_ms %.2f\n", now_ms () - begin);
  printf ("service_rss_kib %lu\ngate_rss_kib %lu\n", memory ("self", "VmRSS"),
          gate_memory ("VmRSS"));
  begin = now_ms ();
  fettle_leases_give_back (leases, last->node, "1", FETTLE_DEPLOYMENT);
  wait_for_closing (leases);
  printf ("close_one_ms %.2f\n", now_ms () - begin);
  begin = now_ms ();
  fettle_leases_give_back_job (leases, "1");
  wait_for_closing (leases);
  printf ("close_ms %.1f\n", now_ms () - begin);
  printf ("service_peak_kib %lu\ngate_peak_kib %lu\n", memory ("self", "VmHWM"),
          gate_memory ("VmHWM"));
}

int
main (int argc, char **argv)
{
  static const struct fettle_port_span port = { FETTLE_TCP, 63001, 63001 };
  static const struct fettle_lease_hooks hooks = { .notice = notice };
  const struct fettle_firewall_options options = { .libexecdir = getenv ("FETTLE_LIBEXECDIR"),
                                                   .ports = &port, .n_ports = 1 };
  struct many m = { .n = NODES };
  struct fettle_leases *leases;
  const struct fettle_backend *backend;
  struct fettle_rules rules;
  struct fettle_error err;
  uint64_t n;

  if (argc > 1 && fettle_parse_uint (argv[1], 2, 16000000, &n))
    m.n = n;
  base = event_base_new ();
  make_nodes (&m);
  printf ("nodes %zu\nderive_ms %.1f\n", m.n, derive (&m, &rules));
  if (!options.libexecdir || fettle_backend_choose ("nftables", &options, &backend, NULL, &err)
      || fettle_leases_new (base, backend, &options, &hooks, NULL, &leases, &err))
    die (options.libexecdir ? err.text : "run it by ./run");
  printf ("service_before_kib %lu\n", memory ("self", "VmRSS"));
  waiting++;
  fettle_firewall_gate (fettle_leases_firewall (leases), &port, 1, opened, NULL);
  wait_for_all ();
  measure (leases, &rules);
  fettle_leases_free (leases);
  fettle_rules_clear (&rules);
  free (m.nodes);
  free (m.addresses);
  free (m.names);
  event_base_free (base);
  return 0;
}
