/* gate_request.c - what a client can send to fettle-gate, and what nft can
 * answer it.  Input: a packet; as text, elements of a set.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include <config.h>

#include <netinet/in.h>
#include <string.h>

#include "fuzz/fuzz.h"
#include "gate/elements.h"
#include "gate/request.h"

/* What was let through must hold, whatever is done with it: no byte of nft's
 * grammar comes out of a request, and no port that isn't ours. */
static void
check_granted (const struct fettle_request *r)
{
  char *text = NULL;
  size_t size = 0;
  FILE *f = open_memstream (&text, &size);

  MUST (f != NULL);
  if (r->holes && r->head.count > 0)
    fettle_elements_write (f, "add", r->holes, r->head.count, FETTLE_LIFETIME_AGAIN);
  fclose (f);
  for (uint32_t i = 0; r->holes && i < r->head.count; i++) {
    MUST (r->head.type != FETTLE_GATE_OPEN
          || (r->holes[i].port == 63001 && r->holes[i].protocol == IPPROTO_TCP));
    MUST (r->holes[i].lifetime_ms <= FETTLE_GATE_LIFETIME);
  }
  MUST (text == NULL || strspn (text, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"
                                      " {}.,:\"\n_-@") == size);
  free (text);
}

int
LLVMFuzzerTestOneInput (const uint8_t *data, size_t size)
{
  struct fettle_gate_policy policy = { .mark = FETTLE_GATE_MARK };
  struct fettle_request r;
  struct fettle_why why;
  struct fettle_element e;
  char *copy = malloc (size + 1); /* aligned as the gate's buffer is */
  const char *text = copy;

  MUST (copy && fettle_spans_parse ("tcp/63001,udp/137-138", &policy.allowed)
        && fettle_spans_parse ("tcp/63001", &policy.gated));
  memcpy (copy, data, size);
  copy[size] = '\0';
  if (fettle_request_check (copy, size, &policy, &r, &why) == FETTLE_GATE_OK)
    check_granted (&r);
  else
    MUST (why.result != FETTLE_GATE_OK && memchr (why.text, '\0', sizeof why.text));
  fettle_spans_parse (copy, &policy.allowed);
  while (fettle_elements_next (&text, &e))
    ;
  free (copy);
  return 0;
}
