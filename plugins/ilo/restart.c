/* restart.c - restarts the server that an iLO 5 or later is in, so that a system
 * ROM and the like work, and waits until it is through its self-test.
 *
 * Its system is asked to end (GracefulRestart).  One that doesn't within
 * PATIENCE_S is left as it is: nobody's power is cut here.  One that is in its
 * self-test, in which it may flash, isn't asked to before that is over.  The token
 * is "test SINCE" while that is waited for, then "restart SINCE SEEN": when it was
 * asked to, and whether it has been away.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include <stdio.h>
#include <string.h>
#include <time.h>

#include <fettle/redfish.h>
#include <fettle/util.h>

#include "ilo.h"

#define AT    fettle_redfish_at
#define TEXT  fettle_redfish_text
#define TOKEN "restart "
#define TEST  "test "

enum {
  PATIENCE_S = 600, /* for the system to end */
  BACK_S = 3600,    /* for the whole restart: large servers test themselves long */
};

struct restart {
  const struct fettle_host *h;
  fettle_ctx *c;
  struct fettle_redfish *redfish;
  json_t *system;
  long long since;
  int seen;
};

static fettle_result
later (struct restart *x)
{
  char token[60];
  long long age = (long long) time (NULL) - x->since;

  snprintf (token, sizeof token, TOKEN "%lld %d", x->since, x->seen);
  return x->h->again (x->c, age < 20 ? 1 : 10, token);
}

static int
offers (const json_t *system, const char *way)
{
  const json_t *ways = json_object_get (AT (system, "Actions/#ComputerSystem.Reset"), "ResetType@Redfish.AllowableValues");
  size_t i;

  for (i = 0; i < json_array_size (ways); i++)
    if (strcmp (TEXT (json_array_get (ways, i), ""), way) == 0)
      return 1;
  return 0;
}

static const char *
post_state (const struct restart *x)
{
  return TEXT (x->system, "Oem/Hpe/PostState");
}

static int
is_through (const struct restart *x)
{
  return strcmp (post_state (x), "FinishedPost") == 0 || strcmp (post_state (x), "InPostDiscoveryComplete") == 0;
}

/* By somebody else, or by us before a crash. */
static fettle_result
await_test (struct restart *x)
{
  char token[60];

  x->since = x->since ? x->since : (long long) time (NULL);
  if ((long long) time (NULL) - x->since > BACK_S)
    return fettle_fail (x->h, x->c, FETTLE_E_TIMEOUT, "the server is in its self-test since %u minutes (%.40s), and isn't"
                        " restarted in that: look at its console", (unsigned) BACK_S / 60, post_state (x));
  x->h->progress (x->c, 50, "waiting until the server is through a self-test");
  snprintf (token, sizeof token, TEST "%lld", x->since);
  return x->h->again (x->c, (long long) time (NULL) - x->since < 20 ? 1 : 10, token);
}

static fettle_result
begin (struct restart *x)
{
  const char *target = TEXT (x->system, "Actions/#ComputerSystem.Reset/target");
  struct fettle_redfish_answer answer = { 0 };
  json_t *body;
  fettle_result r;

  if (strcmp (TEXT (x->system, "PowerState"), "On") != 0)
    return fettle_fail (x->h, x->c, FETTLE_E_REJECTED, "the server isn't on (%.20s): what was installed works from its next start",
                        TEXT (x->system, "PowerState"));
  if (!*target || !offers (x->system, "GracefulRestart"))
    return x->h->error (x->c, FETTLE_E_UNSUPPORTED, "this iLO doesn't offer to restart its server by asking the system"
                        " (GracefulRestart): restart it yourself");
  if (strncmp (post_state (x), "InPost", 6) == 0 && !is_through (x))
    return await_test (x);
  body = json_pack ("{s:s}", "ResetType", "GracefulRestart");
  r = body ? fettle_redfish_send (x->redfish, "POST", target, body, &answer) : x->h->error (x->c, FETTLE_E_NOMEM, "no memory");
  json_decref (body);
  json_decref (answer.body);
  x->since = (long long) time (NULL);
  return r == FETTLE_OK ? later (x) : r;
}

static fettle_result
look (struct restart *x)
{
  const char *post = post_state (x);
  long long age = (long long) time (NULL) - x->since;
  int up = strcmp (TEXT (x->system, "PowerState"), "On") == 0 && is_through (x);

  x->seen |= !up;
  if (up && x->seen)
    return FETTLE_OK;
  if (!x->seen && age > PATIENCE_S)
    return fettle_fail (x->h, x->c, FETTLE_E_TIMEOUT, "the server's system was asked to restart, and hasn't within %u minutes:"
                        " look at it, and restart it yourself", (unsigned) PATIENCE_S / 60);
  if (age > BACK_S)
    return fettle_fail (x->h, x->c, FETTLE_E_TIMEOUT, "the server isn't through its self-test %lld minutes after it was asked to"
                        " restart (%.40s): look at its console", age / 60, *post ? post : "its PostState isn't told");
  x->h->progress (x->c, x->seen ? 600 : 200, x->seen ? "the server starts" : "waiting until the system ends");
  return later (x);
}

fettle_result
ilo_activate (ILO_CALL)
{
  const char *token = h->token (c);
  struct restart x = { .h = h, .c = c };
  int begun = token && sscanf (token, TOKEN "%lld %d", &x.since, &x.seen) == 2;
  int waits = token && !begun && sscanf (token, TEST "%lld", &x.since) == 1;
  fettle_result r = fettle_redfish_open (h, c, t, 443, ilo_tls (h, c), &x.redfish);

  if (r == FETTLE_OK && ilo_generation_of_root (fettle_redfish_root (x.redfish)) < 5)
    r = h->error (c, FETTLE_E_UNSUPPORTED, "servers of an iLO 4 and before aren't restarted by Fettle: restart it yourself");
  if (r == FETTLE_OK)
    r = fettle_redfish_login (x.redfish);
  if (r == FETTLE_OK)
    r = ilo_read_first (x.redfish, "Systems", &x.system);
  if (r == FETTLE_OK && !x.system)
    r = h->error (c, FETTLE_E_PROTOCOL, "this iLO tells of no server that could be restarted");
  if (r == FETTLE_OK)
    r = begun ? look (&x) : begin (&x);
  else if (begun && (r == FETTLE_E_UNREACHABLE || r == FETTLE_E_TIMEOUT || r == FETTLE_E_BUSY || r == FETTLE_E_PROTOCOL)
           && (long long) time (NULL) - x.since <= BACK_S)
    r = later (&x); /* iLO is slow while its server tests itself */
  else if (waits && (r == FETTLE_E_UNREACHABLE || r == FETTLE_E_TIMEOUT || r == FETTLE_E_BUSY || r == FETTLE_E_PROTOCOL))
    r = await_test (&x);
  fettle_redfish_close (x.redfish, r);
  json_decref (x.system);
  return r;
}
