/* gate-request.c - what fettle-gate takes for a request, and what it makes of
 * holes in nft's language.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include <config.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <arpa/inet.h>
#include <string.h>

#include "gate/elements.h"
#include "gate/request.h"

static struct fettle_gate_policy policy;
static struct {
  struct fettle_gate_head head;
  union {
    struct fettle_gate_hole holes[FETTLE_GATE_BATCH];
    struct fettle_gate_span spans[FETTLE_GATE_PORTS_MAX];
  } with;
} packet;

static struct fettle_gate_hole
hole (const char *address, uint16_t port, const char *interface)
{
  struct fettle_gate_hole h = { .protocol = 6, .port = port };

  h.family = strchr (address, ':') ? 6 : 4;
  assert_int_equal (inet_pton (h.family == 6 ? AF_INET6 : AF_INET, address, h.address), 1);
  memcpy (h.interface, interface, strlen (interface));
  return h;
}

static int
setup (void **state)
{
  (void) state;
  memset (&policy, 0, sizeof policy);
  memset (&packet, 0, sizeof packet);
  assert_true (fettle_spans_parse ("tcp/63001,tcp/63010-63041,udp/137-138", &policy.allowed));
  policy.gated = policy.allowed;
  packet.head = (struct fettle_gate_head) { FETTLE_GATE_MAGIC, FETTLE_GATE_VERSION,
                                            FETTLE_GATE_OPEN, 7, 1 };
  packet.with.holes[0] = hole ("10.1.0.2", 63001, "");
  packet.with.holes[0].lifetime_ms = 60000;
  return 0;
}

/* The packet with `n` holes, or that many bytes more or less. */
static enum fettle_gate_result
check (uint32_t n, long more, struct fettle_why *why)
{
  struct fettle_request r;
  size_t size = sizeof packet.head + n * sizeof packet.with.holes[0];
  enum fettle_gate_result result;

  packet.head.count = n;
  result = fettle_request_check (&packet, (size_t) ((long) size + more), &policy, &r, why);
  assert_int_equal (result, why->result);
  if (!result) {
    assert_int_equal (r.head.id, 7);
    assert_ptr_equal (r.holes, &packet.with.holes);
  } else
    assert_true (strlen (why->text) > 10);
  return result;
}

static void
good_requests (void **state)
{
  struct fettle_why why;

  (void) state;
  assert_int_equal (check (1, 0, &why), FETTLE_GATE_OK);
  assert_int_equal (check (0, 0, &why), FETTLE_GATE_OK);
  packet.with.holes[1] = hole ("fe80::1", 63041, "eth0.100");
  packet.with.holes[1].lifetime_ms = FETTLE_GATE_LIFETIME;
  packet.with.holes[2] = hole ("fd00::1", 138, "");
  packet.with.holes[2].lifetime_ms = 1;
  packet.with.holes[2].protocol = 17;
  assert_int_equal (check (3, 0, &why), FETTLE_GATE_OK);
  for (uint32_t i = 0; i < FETTLE_GATE_BATCH; i++)
    packet.with.holes[i] = packet.with.holes[i % 3];
  assert_int_equal (check (FETTLE_GATE_BATCH, 0, &why), FETTLE_GATE_OK);
  packet.head.type = FETTLE_GATE_PING;
  assert_int_equal (check (0, 0, &why), FETTLE_GATE_OK);
}

static void
malformed_heads (void **state)
{
  struct fettle_why why;

  (void) state;
  assert_int_equal (check (1, -1, &why), FETTLE_GATE_E_REQUEST);
  assert_int_equal (check (1, 1, &why), FETTLE_GATE_E_REQUEST);
  assert_int_equal (check (0, -1, &why), FETTLE_GATE_E_REQUEST);
  assert_int_equal (check (0, -(long) sizeof packet.head, &why), FETTLE_GATE_E_REQUEST);
  assert_int_equal (check (FETTLE_GATE_BATCH + 1, 0, &why), FETTLE_GATE_E_REQUEST);
  packet.head.type = FETTLE_GATE_PING; /* nothing follows a PING */
  assert_int_equal (check (1, 0, &why), FETTLE_GATE_E_REQUEST);
  packet.head.type = 0;
  assert_int_equal (check (0, 0, &why), FETTLE_GATE_E_REQUEST);
  packet.head.type = FETTLE_GATE_LOOK + 1;
  assert_int_equal (check (0, 0, &why), FETTLE_GATE_E_REQUEST);
  setup (state);
  packet.head.version++;
  assert_int_equal (check (1, 0, &why), FETTLE_GATE_E_REQUEST);
  assert_non_null (strstr (why.text, "same release"));
  packet.head.version--;
  packet.head.magic ^= 1;
  assert_int_equal (check (1, 0, &why), FETTLE_GATE_E_REQUEST);
}

/* Sets one thing wrong in the second of two holes. */
#define WRONG(result, change)                                                                     \
  do {                                                                                            \
    struct fettle_gate_hole *h = &packet.with.holes[1];                                           \
    *h = packet.with.holes[0];                                                                    \
    change;                                                                                       \
    assert_int_equal (check (2, 0, &why), result);                                                \
    assert_int_equal (why.index, 1);                                                              \
  } while (0)

static void
malformed_holes (void **state)
{
  struct fettle_why why;

  (void) state;
  WRONG (FETTLE_GATE_E_REQUEST, h->family = 0);
  WRONG (FETTLE_GATE_E_REQUEST, h->family = 5);
  WRONG (FETTLE_GATE_E_REQUEST, h->protocol = 1);
  WRONG (FETTLE_GATE_E_REQUEST, h->port = 0);
  WRONG (FETTLE_GATE_E_REQUEST, h->lifetime_ms = 0);
  WRONG (FETTLE_GATE_E_REQUEST, h->lifetime_ms = FETTLE_GATE_LIFETIME + 1);
  WRONG (FETTLE_GATE_E_REQUEST, h->address[0] = 0);
  WRONG (FETTLE_GATE_E_REQUEST, h->address[0] = 224);
  WRONG (FETTLE_GATE_E_REQUEST, h->address[0] = 255);
  WRONG (FETTLE_GATE_E_REQUEST, h->address[9] = 1); /* IPv4 has four bytes */
  WRONG (FETTLE_GATE_E_REQUEST, *h = hole ("::", 63001, ""); h->lifetime_ms = 1);
  WRONG (FETTLE_GATE_E_REQUEST, *h = hole ("ff02::1", 63001, ""); h->lifetime_ms = 1);
  WRONG (FETTLE_GATE_E_REQUEST, *h = hole ("::ffff:10.0.0.1", 63001, ""); h->lifetime_ms = 1);
  WRONG (FETTLE_GATE_E_REQUEST, *h = hole ("fe80::1", 63001, ""); h->lifetime_ms = 1);
  WRONG (FETTLE_GATE_E_REQUEST, *h = hole ("fd00::1", 63001, "eth0"); h->lifetime_ms = 1);
  WRONG (FETTLE_GATE_E_REQUEST, *h = hole ("fe80::1", 63001, "eth0\" . "); h->lifetime_ms = 1);
  WRONG (FETTLE_GATE_E_REQUEST, *h = hole ("fe80::1", 63001, "a;b"); h->lifetime_ms = 1);
  WRONG (FETTLE_GATE_E_REQUEST, *h = hole ("fe80::1", 63001, "a\0b"); h->interface[2] = 'b';
         h->lifetime_ms = 1);
  WRONG (FETTLE_GATE_E_REQUEST, *h = hole ("fe80::1", 63001, "0123456789abcdef");
         h->lifetime_ms = 1); /* without a NUL */
  WRONG (FETTLE_GATE_E_REFUSED, h->port = 22);
  WRONG (FETTLE_GATE_E_REFUSED, h->port = 63042);
  WRONG (FETTLE_GATE_E_REFUSED, h->protocol = 17);
  policy.gated.n = 0; /* PORTS goes first */
  assert_int_equal (check (1, 0, &why), FETTLE_GATE_E_REFUSED);
  packet.head.type = FETTLE_GATE_CLOSE; /* what was open when PORTS changed can be closed */
  packet.with.holes[0].lifetime_ms = 0;
  assert_int_equal (check (1, 0, &why), FETTLE_GATE_OK);
  packet.with.holes[0].lifetime_ms = 1;
  assert_int_equal (check (1, 0, &why), FETTLE_GATE_E_REQUEST);
}

static enum fettle_gate_result
check_span (uint8_t protocol, uint16_t first, uint16_t last)
{
  struct fettle_request r;
  struct fettle_why why;

  packet.head.type = FETTLE_GATE_PORTS;
  packet.head.count = 1;
  packet.with.spans[0] = (struct fettle_gate_span) { .protocol = protocol, .first = first,
                                                     .last = last };
  return fettle_request_check (&packet, sizeof packet.head + sizeof packet.with.spans[0], &policy,
                               &r, &why);
}

static void
ports (void **state)
{
  struct fettle_spans spans;

  (void) state;
  assert_int_equal (check_span (6, 63001, 63001), FETTLE_GATE_OK);
  assert_int_equal (check_span (6, 63020, 63041), FETTLE_GATE_OK);
  assert_int_equal (check_span (6, 63041, 63042), FETTLE_GATE_E_REFUSED);
  assert_int_equal (check_span (6, 63001, 63010), FETTLE_GATE_E_REFUSED);
  assert_int_equal (check_span (17, 63001, 63001), FETTLE_GATE_E_REFUSED);
  assert_int_equal (check_span (6, 63041, 63040), FETTLE_GATE_E_REQUEST);
  assert_int_equal (check_span (6, 0, 0), FETTLE_GATE_E_REQUEST);
  assert_int_equal (check_span (6, 1, 65535), FETTLE_GATE_E_REQUEST);
  assert_int_equal (check_span (58, 63001, 63001), FETTLE_GATE_E_REQUEST);

  assert_true (fettle_spans_parse ("udp/1-65535", &spans));
  assert_int_equal (spans.spans[0].last, 65535);
  assert_false (fettle_spans_parse ("", &spans));
  assert_false (fettle_spans_parse ("63001", &spans));
  assert_false (fettle_spans_parse ("tcp/", &spans));
  assert_false (fettle_spans_parse ("tcp/0", &spans));
  assert_false (fettle_spans_parse ("tcp/65536", &spans));
  assert_false (fettle_spans_parse ("tcp/4294967297", &spans));
  assert_false (fettle_spans_parse ("tcp/2-1", &spans));
  assert_false (fettle_spans_parse ("tcp/1,", &spans));
  assert_false (fettle_spans_parse ("tcp/1;udp/2", &spans));
}

/* ---- Elements. ---- */

static void
check_written (const struct fettle_gate_hole *holes, size_t n, enum fettle_lifetime lifetime,
               const char *wanted)
{
  char *text = NULL;
  size_t size;
  FILE *f = open_memstream (&text, &size);

  fettle_elements_write (f, "add", holes, n, lifetime);
  fclose (f);
  assert_string_equal (text, wanted);
  free (text);
}

static void
elements_out (void **state)
{
  struct fettle_gate_hole holes[] = {
    hole ("10.1.0.2", 63001, ""), hole ("fd00::2", 63001, ""), hole ("10.1.0.3", 138, ""),
    hole ("fe80::1", 63001, "eth0"),
  };

  (void) state;
  holes[0].lifetime_ms = 1500;
  check_written (holes, 1, FETTLE_LIFETIME_OWN,
                 "add element inet fettle open4 { 10.1.0.2 . 6 . 63001 timeout 1500ms }\n");
  check_written (holes, 1, FETTLE_LIFETIME_AGAIN,
                 "add element inet fettle open4 { 10.1.0.2 . 6 . 63001 timeout 1500ms expires "
                 "1500ms }\n");
  check_written (holes, 4, FETTLE_LIFETIME_NONE,
                 "add element inet fettle open4 { 10.1.0.2 . 6 . 63001, 10.1.0.3 . 6 . 138 }\n"
                 "add element inet fettle open6 { fd00::2 . 6 . 63001 }\n"
                 "add element inet fettle openll { \"eth0\" . fe80::1 . 6 . 63001 }\n");
  check_written (holes, 0, FETTLE_LIFETIME_NONE, "");
}

static void
elements_in (void **state)
{
  const char *text = "table inet fettle {\n\tset x {\n\t\ttype ipv4_addr . inet_proto\n"
                     "\t\telements = { 10.1.0.2 . 6 . 63001 counter packets 12 bytes 642 timeout 4s "
                     "expires 2s420ms,\n\t\t\t     \"eth0\" . fe80::1 . udp . 137 timeout 1d1h expires "
                     "1h2m3s,\n fd00::9 . tcp . 1 }\n\t}\n}\n";
  struct fettle_element e;

  (void) state;
  assert_true (fettle_elements_next (&text, &e));
  assert_int_equal (e.hole.family, 4);
  assert_int_equal (e.hole.address[3], 2);
  assert_int_equal (e.hole.protocol, 6);
  assert_int_equal (e.hole.port, 63001);
  assert_int_equal (e.packets, 12);
  assert_int_equal (e.bytes, 642);
  assert_int_equal (e.hole.lifetime_ms, 2420);
  assert_true (fettle_elements_next (&text, &e));
  assert_string_equal (e.hole.interface, "eth0");
  assert_int_equal (e.hole.protocol, 17);
  assert_int_equal (e.hole.lifetime_ms, 3723000);
  assert_true (fettle_elements_next (&text, &e));
  assert_int_equal (e.hole.port, 1);
  assert_int_equal (e.hole.lifetime_ms, 0);
  assert_false (fettle_elements_next (&text, &e));
  assert_false (fettle_elements_next (&text, &e));
  text = "table inet fettle {\n set x {\n }\n}\n";
  assert_false (fettle_elements_next (&text, &e));
}

int
main (void)
{
  const struct CMUnitTest tests[] = {
    cmocka_unit_test_setup (good_requests, setup),
    cmocka_unit_test_setup (malformed_heads, setup),
    cmocka_unit_test_setup (malformed_holes, setup),
    cmocka_unit_test_setup (ports, setup),
    cmocka_unit_test (elements_out),
    cmocka_unit_test (elements_in),
  };

  return cmocka_run_group_tests_name ("gate-request", tests, NULL, NULL);
}
