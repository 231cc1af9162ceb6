/* SUM's command line: any words, one a line of the input.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "util/base.h"

#include "cli/secret.h"
#include "cli/sum.h"
#include "fuzz/fuzz.h"

int
LLVMFuzzerTestOneInput (const uint8_t *data, size_t size)
{
  _cleanup_free_ char *text = strndup ((const char *) data, size);
  _cleanup_ (fettle_secret_release) json_t *given = NULL;
  char *argv[258] = { (char *) "smartupdate" };
  struct fettle_error err;
  int argc = 1;

  for (char *p = text; p && argc < 257;) {
    char *end = strchr (p, '\n');

    if (end)
      *end = '\0';
    argv[argc++] = p;
    p = end ? end + 1 : NULL;
  }
  /* No files: what they hold is the other fuzzer's. */
  for (int i = 1; i < argc; i++)
    if (strcasestr (argv[i], "input"))
      return 0;
  if (fettle_sum_parse (argc, argv, &given, &err)) {
    MUST (err.code == FETTLE_E_CONFIG && *err.text && !given);
    return 0;
  }
  MUST (json_is_array (json_object_get (given, "nodes")));
  MUST (!(fettle_sum_is (given, "romonly") && fettle_sum_is (given, "softwareonly")));
  return 0;
}
