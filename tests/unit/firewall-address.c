/* firewall-address.c - addresses that holes can be for.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "util/base.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

#include <arpa/inet.h>
#include <netinet/in.h>

#include "firewall/firewall.h"

static void
is (const char *text, const char *wanted, int family)
{
  struct fettle_address a;
  struct fettle_error err;
  char buffer[FETTLE_ADDRESS_TEXT];

  assert_int_equal (fettle_address_parse (text, &a, &err), FETTLE_OK);
  assert_int_equal (a.family, family);
  assert_string_equal (fettle_address_text (&a, buffer), wanted);
}

static void
isnt (const char *text, const char *why)
{
  struct fettle_address a;
  struct fettle_error err;

  assert_int_equal (fettle_address_parse (text, &a, &err), FETTLE_E_CONFIG);
  assert_non_null (strstr (err.text, why));
}

static void
texts (void **state)
{
  (void) state;
  is ("10.0.0.1", "10.0.0.1", 4);
  is ("FD00::0:1", "fd00::1", 6);
  is ("::ffff:10.0.0.1", "10.0.0.1", 4); /* unmapped before anything else */
  is ("::FFFF:0a00:0001", "10.0.0.1", 4);
  is ("fe80::1%lo", "fe80::1%lo", 6);
  is ("fe80::1%1", "fe80::1%lo", 6);
  is ("fd00::1%lo", "fd00::1", 6); /* means nothing there */
  isnt ("fe80::1", "needs its interface");
  isnt ("fe80::1%", "no name of a network interface");
  isnt ("fe80::1%0123456789abcdef", "no name of a network interface");
  isnt ("fe80::1%4000000000", "no network interface number");
  isnt ("10.0.0.1%lo", "no IPv4 or IPv6 address");
  isnt ("10.0.0", "no IPv4 or IPv6 address");
  isnt ("", "no IPv4 or IPv6 address");
  isnt ("node.example.com", "no IPv4 or IPv6 address");
  isnt ("0.0.0.0", "can't be a node's");
  isnt ("224.0.0.1", "can't be a node's");
  isnt ("::", "can't be a node's");
  isnt ("ff02::1", "can't be a node's");
  isnt ("::ffff:255.255.255.255", "can't be a node's");
}

static void
sockaddrs (void **state)
{
  struct sockaddr_in6 sin6 = { .sin6_family = AF_INET6, .sin6_scope_id = 1 };
  struct sockaddr_in sin = { .sin_family = AF_INET };
  const struct sockaddr other = { .sa_family = AF_UNIX };
  struct fettle_address a, b;
  struct fettle_error err;
  char buffer[FETTLE_ADDRESS_TEXT];

  (void) state;
  inet_pton (AF_INET6, "::ffff:10.0.0.1", &sin6.sin6_addr);
  inet_pton (AF_INET, "10.0.0.1", &sin.sin_addr);
  assert_int_equal (fettle_address_of ((struct sockaddr *) &sin6, &a, &err), FETTLE_OK);
  assert_int_equal (fettle_address_of ((struct sockaddr *) &sin, &b, &err), FETTLE_OK);
  assert_int_equal (fettle_address_compare (&a, &b), 0);
  inet_pton (AF_INET6, "fe80::9", &sin6.sin6_addr);
  assert_int_equal (fettle_address_of ((struct sockaddr *) &sin6, &a, &err), FETTLE_OK);
  assert_string_equal (fettle_address_text (&a, buffer), "fe80::9%lo");
  assert_int_not_equal (fettle_address_compare (&a, &b), 0);
  b = a;
  b.interface[0] = 'x';
  assert_int_not_equal (fettle_address_compare (&a, &b), 0);
  assert_int_equal (fettle_address_of (&other, &a, &err), FETTLE_E_CONFIG);
}

static void
holes (void **state)
{
  struct fettle_hole h = { .from.family = 4, .protocol = FETTLE_TCP, .first = 1, .last = 1024 };
  struct fettle_error err;

  (void) state;
  assert_int_equal (fettle_hole_check (&h, &err), FETTLE_OK);
  h.last = 1025;
  assert_int_equal (fettle_hole_check (&h, &err), FETTLE_E_CONFIG);
  h.last = 0;
  assert_int_equal (fettle_hole_check (&h, &err), FETTLE_E_CONFIG);
  h.first = 0;
  assert_int_equal (fettle_hole_check (&h, &err), FETTLE_E_CONFIG);
  h.first = h.last = 1;
  h.protocol = 1;
  assert_int_equal (fettle_hole_check (&h, &err), FETTLE_E_CONFIG);
  h.protocol = FETTLE_UDP;
  h.from.family = 0;
  assert_int_equal (fettle_hole_check (&h, &err), FETTLE_E_INTERNAL);
}

static void
choice (void **state)
{
  const struct fettle_firewall_options none = { .libexecdir = "/nonexistent" };
  _cleanup_ (fettle_buf_clear) struct fettle_buf why = FETTLE_BUF_INIT (4096);
  const struct fettle_backend *backend = NULL;
  struct fettle_error err;

  (void) state;
  assert_int_equal (fettle_backend_choose ("none", &none, &backend, NULL, &err), FETTLE_OK);
  assert_string_equal (backend->name, "none");
  assert_int_equal (fettle_backend_choose ("pf", &none, &backend, NULL, &err), FETTLE_E_CONFIG);
  assert_non_null (strstr (err.text, "nftables"));
  assert_int_equal (fettle_backend_choose ("nftables", &none, &backend, NULL, &err),
                    FETTLE_E_UNSUPPORTED);
  assert_non_null (strstr (err.text, "firewall = \"nftables\": there is no /nonexistent/fettle-gate"));
}

int
main (void)
{
  const struct CMUnitTest tests[] = {
    cmocka_unit_test (texts),
    cmocka_unit_test (sockaddrs),
    cmocka_unit_test (holes),
    cmocka_unit_test (choice),
  };

  return cmocka_run_group_tests_name ("firewall-address", tests, NULL, NULL);
}
