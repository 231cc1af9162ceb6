/* windows.c - the backend for Windows' own firewall.
 *
 * It says what a person types there, with netsh or in PowerShell: for a service
 * on another system, which can't open anything on Windows.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "util/base.h"

#include "firewall/backends.h"
#include "firewall/windows-text.h"

static fettle_result
available (const struct fettle_firewall_options *o, struct fettle_error *err)
{
  (void) o;
  return fettle_error_set (err, FETTLE_E_UNSUPPORTED, "this host doesn't run Windows");
}

static fettle_result
start (struct event_base *base, const struct fettle_firewall_options *o,
       const struct fettle_firewall_events *events, void *arg, void **ret_state,
       struct fettle_error *err)
{
  (void) base;
  (void) events;
  (void) arg;
  (void) ret_state;
  return available (o, err);
}

static fettle_result
setup (const struct fettle_firewall_options *o, enum fettle_setup_action action,
       struct fettle_buf *ret, struct fettle_error *err)
{
  (void) action;
  (void) ret;
  return available (o, err);
}

/* Holes of the same ports are one rule. */
static bool
is_same (const struct fettle_hole *a, const struct fettle_hole *b)
{
  return a->protocol == b->protocol && a->first == b->first && a->last == b->last;
}

static fettle_result
write_rules (FILE *f, const struct fettle_hole *holes, size_t n, const struct fettle_hole *like,
             struct fettle_error *err)
{
  _cleanup_free_ struct fettle_address *addresses = calloc (n, sizeof *addresses);
  _cleanup_free_ struct fettle_range *ranges = NULL;
  char name[32];
  struct fettle_windows_rule r = {
    .name = name, .in = true, .udp = like->protocol == FETTLE_UDP, .first = like->first,
    .last = like->last, .local_port = true, .local = "",
  };
  size_t found = 0;

  if (!addresses)
    return fettle_error_set (err, FETTLE_E_NOMEM, "no memory for the rules");
  for (size_t i = 0; i < n; i++)
    if (is_same (&holes[i], like))
      addresses[found++] = holes[i].from;
  if (fettle_ranges (addresses, found, &ranges, &r.n_remote, err))
    return err->code;
  r.remote = ranges;
  snprintf (name, sizeof name, "fettle %s %u", r.udp ? "UDP" : "TCP", like->first);
  fettle_windows_netsh (f, &r);
  fputs ("rem the same in PowerShell:\r\n", f);
  fettle_windows_powershell (f, &r);
  return FETTLE_OK;
}

static fettle_result
describe (const struct fettle_firewall_options *o, const struct fettle_hole *holes, size_t n,
          struct fettle_buf *ret, struct fettle_error *err)
{
  char *text = NULL;
  size_t size;
  FILE *f = open_memstream (&text, &size);
  fettle_result r = FETTLE_OK;
  bool ok;

  (void) o;
  if (!f)
    return fettle_error_set (err, FETTLE_E_NOMEM, "no memory for the rules");
  for (size_t i = 0; i < n && !r; i++) {
    size_t before = 0;

    while (before < i && !is_same (&holes[before], &holes[i]))
      before++;
    if (before == i)
      r = write_rules (f, holes, n, &holes[i], err);
  }
  ok = fclose (f) == 0 && fettle_buf_add (ret, text, size);
  free (text);
  return r || ok ? r : fettle_error_set (err, FETTLE_E_NOMEM, "no memory for the rules");
}

/* Nothing but the last ones is ever called: start fails. */
const struct fettle_backend fettle_backend_windows = {
  .name = "windows",
  .title = "Windows' firewall: what to type there",
  .available = available,
  .start = start,
  .setup = setup,
  .describe = describe,
};
