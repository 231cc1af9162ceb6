/* firewall.c - see firewall.h.  SPDX-License-Identifier: Apache-2.0 */
#include "util/base.h"

#include <event2/event.h>

#include "firewall/backends.h"
#include "firewall/firewall.h"

/* What manages the host's rules goes before what is beneath it. */
const struct fettle_backend *const fettle_backends[] = {
#ifdef HAVE_SYSTEMD
  &fettle_backend_firewalld,
#endif
  &fettle_backend_ufw,
  &fettle_backend_iptables,
  &fettle_backend_nftables,
  &fettle_backend_windows,
  &fettle_backend_none,
  NULL,
};

struct fettle_firewall {
  struct event_base *base;
  const struct fettle_backend *backend;
  void *state;
};

/* ---- Choice. ---- */

static fettle_result
choose_named (const char *name, const struct fettle_firewall_options *o,
              const struct fettle_backend **ret, struct fettle_error *err)
{
  char names[200] = "auto";

  for (size_t i = 0; fettle_backends[i]; i++) {
    size_t n = strlen (names);

    if (strcmp (fettle_backends[i]->name, name) == 0) {
      if (fettle_backends[i]->available (o, err))
        return fettle_error_prefix (err, "firewall = \"%s\": ", name);
      *ret = fettle_backends[i];
      return FETTLE_OK;
    }
    snprintf (names + n, sizeof names - n, ", %s", fettle_backends[i]->name);
  }
  return fettle_error_set (err, FETTLE_E_CONFIG, "firewall = \"%.40s\": there is no such firewall "
                           "here; choose one of %s", name, names);
}

fettle_result
fettle_backend_choose (const char *name, const struct fettle_firewall_options *o,
                       const struct fettle_backend **ret, struct fettle_buf *ret_why,
                       struct fettle_error *err)
{
  if (strcmp (name, "auto") != 0)
    return choose_named (name, o, ret, err);
  for (size_t i = 0; fettle_backends[i]; i++) {
    if (fettle_backends[i]->available (o, err) == FETTLE_OK) {
      *ret = fettle_backends[i];
      return FETTLE_OK;
    }
    if (ret_why)
      fettle_buf_printf (ret_why, "not %s: %s\n", fettle_backends[i]->name, err->text);
  }
  return fettle_error_prefix (err, "no firewall can be used: ");
}

/* ---- Holes. ---- */

fettle_result
fettle_hole_check (const struct fettle_hole *h, struct fettle_error *err)
{
  char text[FETTLE_ADDRESS_TEXT];

  if (h->from.family != 4 && h->from.family != 6)
    return fettle_error_set (err, FETTLE_E_INTERNAL, "the hole has no address");
  if ((h->protocol == FETTLE_TCP || h->protocol == FETTLE_UDP) && h->first > 0
      && h->first <= h->last && h->last - h->first < FETTLE_HOLE_PORTS_MAX)
    return FETTLE_OK;
  return fettle_error_set (err, FETTLE_E_CONFIG, "a hole for %s to ports %u-%u of protocol %u can't "
                           "be opened: TCP or UDP, at most %u ports",
                           fettle_address_text (&h->from, text), h->first, h->last, h->protocol,
                           FETTLE_HOLE_PORTS_MAX);
}

/* ---- The one that was chosen. ---- */

fettle_result
fettle_firewall_new (struct event_base *base, const struct fettle_backend *backend,
                     const struct fettle_firewall_options *o,
                     const struct fettle_firewall_events *events, void *arg,
                     struct fettle_firewall **ret, struct fettle_error *err)
{
  _cleanup_free_ struct fettle_firewall *fw = calloc (1, sizeof *fw);

  if (!fw)
    return fettle_error_set (err, FETTLE_E_NOMEM, "no memory for the firewall");
  fw->base = base;
  fw->backend = backend;
  if (backend->start (base, o, events, arg, &fw->state, err))
    return err->code;
  *ret = STEAL (fw);
  return FETTLE_OK;
}

void
fettle_firewall_free (struct fettle_firewall *fw)
{
  if (!fw)
    return;
  fw->backend->stop (fw->state);
  free (fw);
}

const struct fettle_backend *
fettle_firewall_backend (const struct fettle_firewall *fw)
{
  return fw->backend;
}

void
fettle_firewall_open (struct fettle_firewall *fw, const struct fettle_hole *holes, size_t n,
                      fettle_firewall_done *done, void *arg)
{
  fw->backend->open (fw->state, holes, n, done, arg);
}

void
fettle_firewall_close (struct fettle_firewall *fw, const struct fettle_hole *holes, size_t n,
                       fettle_firewall_done *done, void *arg)
{
  fw->backend->close (fw->state, holes, n, done, arg);
}

void
fettle_firewall_settle (struct fettle_firewall *fw, const struct fettle_hole *holes, size_t n,
                        fettle_firewall_done *done, void *arg)
{
  fw->backend->settle (fw->state, holes, n, done, arg);
}

void
fettle_firewall_status (struct fettle_firewall *fw, const struct fettle_hole *holes, size_t n,
                        fettle_firewall_status_done *done, void *arg)
{
  fw->backend->status (fw->state, holes, n, done, arg);
}

void
fettle_firewall_look (struct fettle_firewall *fw, fettle_firewall_look_done *done, void *arg)
{
  fw->backend->look (fw->state, done, arg);
}

/* ---- What a backend may lack: said from the event loop, like any answer. ---- */

struct lack {
  fettle_firewall_done *gate;
  fettle_firewall_seen_done *seen;
  fettle_firewall_trace_done *trace;
  void *arg;
};

static void
say_lack (evutil_socket_t fd, short what, void *arg)
{
  _cleanup_free_ struct lack *l = arg;
  static const char text[] = "this firewall can't tell";

  (void) fd;
  (void) what;
  if (l->gate)
    l->gate (l->arg, FETTLE_E_UNSUPPORTED, "this firewall can't shut ports");
  if (l->seen)
    l->seen (l->arg, FETTLE_E_UNSUPPORTED, text, NULL, 0);
  if (l->trace)
    l->trace (l->arg, FETTLE_E_UNSUPPORTED, text, NULL);
}

static void
lack (struct fettle_firewall *fw, struct lack l)
{
  const struct timeval now = { 0, 0 };
  struct lack *copy = malloc (sizeof *copy);

  if (!copy)
    abort ();
  *copy = l;
  if (event_base_once (fw->base, -1, EV_TIMEOUT, say_lack, copy, &now))
    abort ();
}

void
fettle_firewall_gate (struct fettle_firewall *fw, const struct fettle_port_span *spans, size_t n,
                      fettle_firewall_done *done, void *arg)
{
  if (fw->backend->gate)
    fw->backend->gate (fw->state, spans, n, done, arg);
  else if (done)
    lack (fw, (struct lack) { .gate = done, .arg = arg });
}

void
fettle_firewall_seen (struct fettle_firewall *fw, fettle_firewall_seen_done *done, void *arg)
{
  if (fw->backend->seen)
    fw->backend->seen (fw->state, done, arg);
  else
    lack (fw, (struct lack) { .seen = done, .arg = arg });
}

void
fettle_firewall_trace (struct fettle_firewall *fw, const struct fettle_hole *hole,
                       fettle_firewall_trace_done *done, void *arg)
{
  if (fw->backend->trace)
    fw->backend->trace (fw->state, hole, done, arg);
  else
    lack (fw, (struct lack) { .trace = done, .arg = arg });
}
