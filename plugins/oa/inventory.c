/* inventory.c - what is in an enclosure, and whether a node is an OA.
 *
 * xmldata has nearly all, and wants no login; SOAP says what old firmware
 * leaves out there, and whether the credentials are good; the command line is
 * what remains where the web server is off.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <fettle/util.h>

#include "oa.h"

int
oa_says_yes (const struct fettle_host *h, fettle_ctx *c, const char *setting)
{
  const char *text = h->setting (c, setting);

  return text && strcmp (text, "yes") == 0;
}

uint32_t
oa_number (const struct fettle_host *h, fettle_ctx *c, const char *setting)
{
  const char *text = h->setting (c, setting);

  return text ? (uint32_t) strtoul (text, NULL, 10) : 0;
}

/* ---- xmldata ---- */

static fettle_result
get_xmldata (OA_CALL, uint32_t port, uint32_t flags, struct oa_enclosure *e)
{
  const struct fettle_http *http = h->service (c, "http", 1);
  struct fettle_http_request q;
  struct fettle_http_answer a;
  fettle_result r;

  (void) t;
  memset (&q, 0, sizeof q);
  memset (&a, 0, sizeof a);
  q.struct_size = sizeof q;
  q.flags = flags;
  q.port = port;
  q.method = "GET";
  q.path = "/xmldata?item=All";
  a.struct_size = sizeof a;
  r = http->request (c, &q, &a);
  if (r != FETTLE_OK)
    return r;
  if (a.status != 200)
    return fettle_fail (h, c, FETTLE_E_UNSUPPORTED, "the node has no /xmldata (status %d): perhaps it is turned off"
                        " (ENABLE XMLREPLY turns it on)", (int) a.status);
  if (!oa_read_xmldata (a.body, (size_t) a.size, e))
    return fettle_fail (h, c, FETTLE_E_PROTOCOL, "/xmldata of the node isn't that of an Onboard Administrator");
  return FETTLE_OK;
}

/* Port 80 is for OAs whose HTTPS is beyond what we speak. */
fettle_result
oa_ask_xmldata (OA_CALL, struct oa_enclosure *e)
{
  fettle_result r;

  memset (e, 0, sizeof *e);
  r = get_xmldata (h, c, t, 443, oa_says_yes (h, c, "old_tls") ? FETTLE_HTTP_OLD_TLS : 0, e);
  if ((r == FETTLE_E_PROTOCOL || r == FETTLE_E_UNREACHABLE) && oa_says_yes (h, c, "plain_http")) {
    memset (e, 0, sizeof *e);
    r = get_xmldata (h, c, t, 80, FETTLE_HTTP_PLAIN, e);
  }
  return r;
}

/* ---- SOAP ---- */

static const char *
all_bays (unsigned n, char *ret, size_t size)
{
  size_t used = 0;
  unsigned i;

  used += (size_t) snprintf (ret, size, "<hpoa:bayArray>");
  for (i = 1; i <= n && used < size - 64; i++)
    used += (size_t) snprintf (ret + used, size - used, "<hpoa:bay>%u</hpoa:bay>", i);
  snprintf (ret + used, size - used, "</hpoa:bayArray>");
  return ret;
}

static const struct {
  const char *method;
  unsigned bays; /* 0: no argument; 1 of `each`: one bay after the other */
  int each;
} methods[] = {
  { "getEnclosureInfo", 0, 0 },        { "getOaStatusArray", 2, 0 },
  { "getOaInfoArray", 2, 0 },          { "getOaNetworkInfo", 2, 1 },
  { "getBladeInfoArray", 16, 0 },      { "getBladeMpInfoArray", 16, 0 },
  { "getInterconnectTrayInfoArray", 8, 0 }, { "getPowerSupplyInfoArray", 6, 0 },
  { "getFanInfoArray", 10, 0 },
};

/* What can't be had is logged; what the OA stops at, too, ends it. */
static fettle_result
ask_one (struct oa_session *s, const char *method, const char *arguments, struct oa_enclosure *e)
{
  struct fettle_http_answer a;
  fettle_result r = oa_call (s, method, arguments, 0, &a);

  if (r == FETTLE_OK && !oa_read_soap (a.body, (size_t) a.size, e))
    fettle_say (s->h, s->c, FETTLE_LOG_WARNING, "%s: nothing of use in the answer", method);
  if (r == FETTLE_E_REJECTED || r == FETTLE_E_UNSUPPORTED || r == FETTLE_E_BUSY) {
    fettle_say (s->h, s->c, FETTLE_LOG_WARNING, "the inventory isn't complete: %s", s->why[0] ? s->why : method);
    r = FETTLE_OK;
  }
  return r;
}

static fettle_result
ask_soap (struct oa_session *s, struct oa_enclosure *e)
{
  char arguments[700];
  fettle_result r = FETTLE_OK;
  unsigned bay;
  size_t i;

  for (i = 0; r == FETTLE_OK && i < FETTLE_COUNT (methods); i++) {
    s->h->progress (s->c, (uint32_t) (200 + 80 * i), methods[i].method);
    if (!methods[i].each) {
      r = ask_one (s, methods[i].method,
                   methods[i].bays ? all_bays (methods[i].bays, arguments, sizeof arguments) : "", e);
      continue;
    }
    for (bay = 1; r == FETTLE_OK && bay <= methods[i].bays; bay++) {
      snprintf (arguments, sizeof arguments, "<hpoa:bayNumber>%u</hpoa:bayNumber>", bay);
      r = ask_one (s, methods[i].method, arguments, e);
    }
  }
  oa_enclosure_tidy (e);
  return r;
}

/* Old firmware leaves out of xmldata what SOAP has: which iLOs there are. */
static int
is_lacking (const struct oa_enclosure *e)
{
  const struct oa_thing *t = NULL;
  int blades = 0, known = 0;

  while ((t = oa_thing_next (e, OA_BLADE, t))) {
    if (t->address[0] && !t->mp[0])
      return 1;
    blades++;
    known += t->mp[0] != '\0';
  }
  return (blades && !known) || !oa_thing_next (e, OA_MANAGER, NULL);
}

/* ---- the call ---- */

/* May what xmldata said do, although there was no way in?  Bad credentials are
 * no such case: whoever gave them wants to know. */
static int
is_borne (struct oa_session *s, fettle_result r, int have)
{
  if (r == FETTLE_E_ABORTED || !have)
    return 0;
  if (r == FETTLE_E_AUTH && s->reached)
    return 0;
  fettle_say (s->h, s->c, FETTLE_LOG_INFO, "read by xmldata alone, which wants no login%s%s",
              s->why[0] ? ": " : "", s->why);
  return 1;
}

static fettle_result
by_soap (OA_CALL, struct oa_enclosure *e, int have, int *reached)
{
  struct oa_session s;
  fettle_result r = oa_login (&s, h, c, t);

  if (r == FETTLE_OK && (!have || is_lacking (e)))
    r = ask_soap (&s, e);
  oa_logout (&s, r);
  *reached = s.reached && r != FETTLE_E_UNSUPPORTED;
  if (s.code == 139 && !have) {
    e->standby = 1;
    return FETTLE_OK;
  }
  return r != FETTLE_OK && is_borne (&s, r, have) ? FETTLE_OK : r;
}

static int
is_way (const char *way, const char *this_one)
{
  return !way || strcmp (way, "auto") == 0 || strcmp (way, this_one) == 0;
}

static fettle_result
read_enclosure (OA_CALL, struct oa_enclosure *e)
{
  const char *way = h->setting (c, "inventory_by");
  fettle_result r = FETTLE_E_UNSUPPORTED;
  int have = 0, reached = 0;

  memset (e, 0, sizeof *e);
  if (is_way (way, "xmldata"))
    r = oa_ask_xmldata (h, c, t, e);
  have = r == FETTLE_OK;
  if (r == FETTLE_E_ABORTED)
    return r;
  if (is_way (way, "soap") && !(have && oa_is_standby (e)))
    r = by_soap (h, c, t, e, have, &reached);
  if (is_way (way, "cli") && !have && !reached && (r == FETTLE_E_UNSUPPORTED || r == FETTLE_E_UNREACHABLE
                                                   || r == FETTLE_E_PROTOCOL || r == FETTLE_E_TIMEOUT)) {
    h->log (c, FETTLE_LOG_INFO, "its web server doesn't help: asking the command line");
    memset (e, 0, sizeof *e);
    r = oa_ask_cli (h, c, t, e);
  }
  return r;
}

fettle_result
oa_inventory (OA_CALL)
{
  struct oa_enclosure *e = calloc (1, sizeof *e);
  fettle_result r = e ? read_enclosure (h, c, t, e) : h->error (c, FETTLE_E_NOMEM, "no memory");

  if (r == FETTLE_OK && e->n == 0 && !e->standby)
    r = h->error (c, FETTLE_E_PROTOCOL, "the Onboard Administrator says nothing of an enclosure");
  if (r == FETTLE_OK)
    r = oa_tell (h, c, t, e);
  free (e);
  return r;
}

fettle_result
oa_probe (OA_CALL, uint32_t *score)
{
  struct oa_enclosure *e = calloc (1, sizeof *e);
  fettle_result r = e ? oa_ask_xmldata (h, c, t, e) : h->error (c, FETTLE_E_NOMEM, "no memory");

  *score = 0;
  /* Those of Superdomes have the name, and are another thing. */
  if (r == FETTLE_OK && !strstr (e->oa_model, "Superdome") && !strstr (e->model, "Superdome")) {
    const struct oa_thing *oa = oa_asked (e);

    fettle_say (h, c, FETTLE_LOG_INFO, "%s, firmware %s, of a %s",
                e->oa_model[0] ? e->oa_model : "Onboard Administrator", oa && oa->firmware[0] ? oa->firmware : "?",
                e->model[0] ? e->model : "BladeSystem enclosure");
    *score = 100;
  }
  free (e);
  return r == FETTLE_E_PROTOCOL || r == FETTLE_E_UNSUPPORTED ? FETTLE_OK : r;
}
