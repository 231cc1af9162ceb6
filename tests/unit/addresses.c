/* Ranges of addresses.  SPDX-License-Identifier: Apache-2.0 */
#include "util/base.h"

#include <setjmp.h>
#include <stdarg.h>
#include <cmocka.h>

#include "model/addresses.h"

static const struct {
  const char *text;
  size_t n;
  const char *first, *last;
} good[] = {
  { "10.1.0.7", 1, "10.1.0.7", "10.1.0.7" },
  { "10.1.0.0/24", 254, "10.1.0.1", "10.1.0.254" },
  { "10.1.0.77/24", 254, "10.1.0.1", "10.1.0.254" },
  { "10.1.0.0/30", 2, "10.1.0.1", "10.1.0.2" },
  { "10.1.0.0/31", 2, "10.1.0.0", "10.1.0.1" },
  { "10.1.0.9/32", 1, "10.1.0.9", "10.1.0.9" },
  { "10.1.0.0/16", 65534, "10.1.0.1", "10.1.255.254" },
  { "10.1.0.5-20", 16, "10.1.0.5", "10.1.0.20" },
  { "10.1.0.250-10.1.1.3", 10, "10.1.0.250", "10.1.1.3" },
  { "255.255.255.254-255.255.255.255", 2, "255.255.255.254", "255.255.255.255" },
  { "2001:db8::/120", 256, "2001:db8::", "2001:db8::ff" },
  { "2001:db8::fffe-2001:db8::1:1", 4, "2001:db8::fffe", "2001:db8::1:1" },
  { "::1", 1, "::1", "::1" },
};

static const char *const bad[] = {
  "", "web-1", "10.1.0", "10.1.0.0/33", "10.1.0.0/", "10.1.0.0/x", "10.1.0.0/15", "10.1.0.5-4",
  "10.1.0.5-256", "10.1.0.5-", "10.1.0.5-::1", "::/111", "2001:db8::/129", "10.0.0.0-10.2.0.0",
  "10.1.0.5-20-30", "10.1.0.0/24/24", "2001:db8::5-20-",
};

static void
ranges (void **state)
{
  (void) state;
  for (size_t i = 0; i < COUNT (good); i++) {
    _cleanup_json_ json_t *list = json_array ();
    struct fettle_error err;

    if (fettle_addresses_parse (good[i].text, list, &err))
      fail_msg ("%s: %s", good[i].text, err.text);
    assert_int_equal (json_array_size (list), good[i].n);
    assert_string_equal (json_string_value (json_array_get (list, 0)), good[i].first);
    assert_string_equal (json_string_value (json_array_get (list, good[i].n - 1)), good[i].last);
  }
}

static void
mistakes (void **state)
{
  (void) state;
  for (size_t i = 0; i < COUNT (bad); i++) {
    _cleanup_json_ json_t *list = json_array ();
    struct fettle_error err;

    if (fettle_addresses_parse (bad[i], list, &err) != FETTLE_E_CONFIG)
      fail_msg ("%s was taken", bad[i]);
  }
}

static void
names (void **state)
{
  (void) state;
  assert_true (fettle_addresses_is_range ("10.1.0.0/24"));
  assert_true (fettle_addresses_is_range ("10.1.0.5-x"));
  assert_true (fettle_addresses_is_range ("2001:db8::/64"));
  assert_false (fettle_addresses_is_range ("10.1.0.5"));
  assert_false (fettle_addresses_is_range ("web-1"));
  assert_false (fettle_addresses_is_range ("web/1"));
}

int
main (void)
{
  const struct CMUnitTest tests[] = {
    cmocka_unit_test (ranges),
    cmocka_unit_test (mistakes),
    cmocka_unit_test (names),
  };

  return cmocka_run_group_tests (tests, NULL, NULL);
}
