/* redact.c - no secret stays in what is kept or shown.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "util/base.h"

#include <setjmp.h>
#include <stdarg.h>
#include <cmocka.h>

#include "util/redact.h"

static void
check (const char *text, const char *wanted)
{
  json_t *j = json_loads (text, JSON_DECODE_ANY, NULL), *copy = fettle_redact (j);
  char *got = json_dumps (copy, JSON_COMPACT | JSON_ENCODE_ANY);

  assert_string_equal (got, wanted);
  free (got);
  json_decref (copy);
  json_decref (j);
}

static void
test_secrets (void **state)
{
  (void) state;
  check ("{\"password\": \"x\", \"sudo_password\": \"y\", \"api_token\": [1], \"key\": {\"a\": 1}}",
         "{\"password\":\"(secret)\",\"sudo_password\":\"(secret)\",\"api_token\":\"(secret)\","
         "\"key\":\"(secret)\"}");
  check ("{\"credentials\": {\"user\": \"root\", \"agent\": \"/a\", \"password\": \"x\", \"new\": 1}}",
         "{\"credentials\":{\"user\":\"root\",\"agent\":\"/a\",\"password\":\"(secret)\","
         "\"new\":\"(secret)\"}}");
  check ("{\"second_credentials\": {\"user\": \"root\", \"phrase\": \"x\"}}",
         "{\"second_credentials\":{\"user\":\"root\",\"phrase\":\"(secret)\"}}");
  check ("{\"nodes\": [{\"a\": {\"Passphrase\": \"x\"}}]}",
         "{\"nodes\":[{\"a\":{\"Passphrase\":\"(secret)\"}}]}");
}

static void
test_kept (void **state)
{
  (void) state;
  check ("{\"address\": \"::1\", \"host_key\": \"ssh-ed25519 SHA256:x\", \"force\": true, \"n\": 3}",
         "{\"address\":\"::1\",\"host_key\":\"ssh-ed25519 SHA256:x\",\"force\":true,\"n\":3}");
  check ("null", "null");
}

static void
test_long (void **state)
{
  json_t *list = json_array (), *copy, *text;
  char *long_text = malloc (601);

  (void) state;
  for (int i = 0; i < 1000; i++)
    json_array_append_new (list, json_integer (i));
  copy = fettle_redact (list);
  assert_int_equal (json_array_size (copy), 21);
  assert_string_equal (json_string_value (json_array_get (copy, 20)), "and 980 more");
  json_decref (copy);
  json_decref (list);

  /* Cut between characters: 299 bytes, then one of two bytes. */
  memset (long_text, 'a', 601);
  memcpy (long_text + 299, "\xc3\xa4", 2);
  long_text[600] = '\0';
  text = json_string (long_text);
  copy = fettle_redact (text);
  assert_int_equal (json_string_length (copy), 299 + strlen ("... (600 bytes)"));
  json_decref (copy);
  json_decref (text);
  free (long_text);
}

int
main (void)
{
  const struct CMUnitTest tests[] = {
    cmocka_unit_test (test_secrets),
    cmocka_unit_test (test_kept),
    cmocka_unit_test (test_long),
  };

  return cmocka_run_group_tests (tests, NULL, NULL);
}
