/* gate-keeper.c - see gate-keeper.h.  SPDX-License-Identifier: Apache-2.0 */
#include "util/base.h"

#include <event2/event.h>
#include <signal.h>
#include <sys/wait.h>

#include "firewall/gate-keeper.h"
#include "firewall/gate-program.h"
#include "util/clock.h"

enum {
  RESTART_MS = 100,     /* after the first end; then twice that, and so on */
  RESTART_MAX_MS = 5000,
  FAILURES_MAX = 6,     /* in a row: then what is asked fails */
  GOOD_S = 5,           /* one that has answered that long was no failure */
  STOP_MS = 1000,
};

struct fettle_gate_keeper {
  const struct fettle_firewall_options *options;
  const struct fettle_gate_keeper_events *events;
  void *arg;
  struct fettle_gate_client *client;
  struct event *restart;
  pid_t pid;        /* 0: none, or not ours */
  unsigned failures;
  bool has_worked, works;
  uint64_t since;     /* when it began to work */
  bool asks_ping, asks_ports; /* in the client's queue */
  struct fettle_gate_span ports[FETTLE_GATE_PORTS_MAX];
  size_t n_ports;
};

/* ---- Start. ---- */

static void
ping_answered (void *arg, fettle_result code, const char *text,
               const struct fettle_gate_answer *answer, const void *with)
{
  struct fettle_gate_keeper *k = arg;
  bool again = k->has_worked;

  k->asks_ping = false;
  if (code || answer->head.count != 1) {
    k->events->notice (k->arg, text);
    return;
  }
  k->works = k->has_worked = true;
  k->since = fettle_seconds ();
  k->events->works (k->arg, again, with);
}

static void
ports_answered (void *arg, fettle_result code, const char *text,
                const struct fettle_gate_answer *answer, const void *with)
{
  struct fettle_gate_keeper *k = arg;

  (void) answer;
  (void) with;
  k->asks_ports = false;
  if (code)
    k->events->notice (k->arg, text);
}

/* The ports are shut again before anything else is asked.  What a former one
 * didn't answer is still at the head of the queue. */
static fettle_result
begin (struct fettle_gate_keeper *k, struct fettle_error *err)
{
  int fd;

  if (fettle_gate_start (k->options, &k->pid, &fd, err))
    return err->code;
  if (!k->asks_ping)
    fettle_gate_client_ask (k->client, FETTLE_GATE_PING, NULL, 0, 0, true, ping_answered, k);
  k->asks_ping = true;
  if (k->n_ports > 0 && !k->asks_ports) {
    fettle_gate_client_ask (k->client, FETTLE_GATE_PORTS, k->ports, sizeof k->ports[0], k->n_ports,
                            true, ports_answered, k);
    k->asks_ports = true;
  }
  fettle_gate_client_attach (k->client, fd);
  return FETTLE_OK;
}

/* ---- Again. ---- */

static void
restart_later (struct fettle_gate_keeper *k)
{
  unsigned ms = RESTART_MS << (k->failures < FAILURES_MAX ? k->failures : FAILURES_MAX);
  struct timeval t;

  if (ms > RESTART_MAX_MS)
    ms = RESTART_MAX_MS;
  t = (struct timeval) { ms / 1000, (suseconds_t) (ms % 1000) * 1000 };
  event_add (k->restart, &t);
}

static void
failed (struct fettle_gate_keeper *k, const char *text)
{
  k->failures++;
  if (k->failures >= FAILURES_MAX)
    fettle_gate_client_fail (k->client, FETTLE_E_SERVICE, text);
  restart_later (k);
}

/* Its socket is closed; that it is dead, too, is a matter of milliseconds. */
static void
gone (void *arg)
{
  struct fettle_gate_keeper *k = arg;
  bool good = k->works && fettle_seconds () - k->since >= GOOD_S;

  if (k->pid)
    kill (k->pid, SIGKILL);
  if (k->works)
    k->events->notice (k->arg, "fettle-gate ended, and with it all holes; it is started again");
  k->works = false;
  if (good) {
    k->failures = 0;
    restart_later (k);
  } else
    failed (k, "fettle-gate doesn't work: its messages are in the service's log");
}

static bool
is_reaped (struct fettle_gate_keeper *k)
{
  int status;

  if (k->pid && waitpid (k->pid, &status, WNOHANG) == 0)
    return false;
  k->pid = 0;
  return true;
}

static void
on_restart (evutil_socket_t fd, short what, void *arg)
{
  struct fettle_gate_keeper *k = arg;
  struct fettle_error err;

  (void) fd;
  (void) what;
  if (!is_reaped (k))
    restart_later (k);
  else if (begin (k, &err)) {
    k->events->notice (k->arg, err.text);
    failed (k, err.text);
  }
}

/* ---- Interface. ---- */

void
fettle_gate_keeper_free (struct fettle_gate_keeper *k)
{
  const struct timespec t = { 0, 2000000 };

  if (!k)
    return;
  fettle_gate_client_free (k->client);
  for (int waited = 0; !is_reaped (k) && waited < STOP_MS; waited += 2)
    nanosleep (&t, NULL);
  if (k->pid) {
    kill (k->pid, SIGKILL);
    waitpid (k->pid, NULL, 0);
  }
  if (k->restart)
    event_free (k->restart);
  free (k);
}

fettle_result
fettle_gate_keeper_new (struct event_base *base, const struct fettle_firewall_options *o,
                        const struct fettle_gate_keeper_events *events, void *arg,
                        struct fettle_gate_keeper **ret, struct fettle_error *err)
{
  struct fettle_gate_keeper *k = calloc (1, sizeof *k);

  if (!k)
    return fettle_error_set (err, FETTLE_E_NOMEM, "no memory for the firewall");
  k->options = o;
  k->events = events;
  k->arg = arg;
  k->client = fettle_gate_client_new (base, gone, k);
  k->restart = evtimer_new (base, on_restart, k);
  if (!k->client || !k->restart)
    fettle_error_set (err, FETTLE_E_NOMEM, "no memory for the firewall");
  else if (begin (k, err) == FETTLE_OK) {
    *ret = k;
    return FETTLE_OK;
  }
  fettle_gate_keeper_free (k);
  return err->code;
}

struct fettle_gate_client *
fettle_gate_keeper_client (struct fettle_gate_keeper *k)
{
  return k->client;
}

void
fettle_gate_keeper_ports (struct fettle_gate_keeper *k, const struct fettle_gate_span *ports,
                          size_t n)
{
  k->n_ports = n < FETTLE_GATE_PORTS_MAX ? n : FETTLE_GATE_PORTS_MAX;
  if (n > 0)
    memcpy (k->ports, ports, k->n_ports * sizeof *ports);
}
