/* baseline.json: what is taken comes out the same, and leads nowhere else.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "util/base.h"

#include "fuzz/fuzz.h"
#include "sign/statement.h"

int
LLVMFuzzerTestOneInput (const uint8_t *data, size_t size)
{
  _cleanup_ (fettle_statement_clear) struct fettle_statement s = { .name = NULL }, again = s;
  _cleanup_free_ char *text = NULL;
  struct fettle_error err = { 0 };
  const char *path;
  json_t *file;

  if (fettle_statement_parse ((const char *) data, size, &s, &err)) {
    MUST (err.text[0] && err.code && !s.name);
    return 0;
  }
  json_object_foreach (s.files, path, file)
    MUST (path[0] != '/' && fettle_statement_path_ok (path));
  text = fettle_statement_text (&s);
  MUST (text && fettle_statement_parse (text, strlen (text), &again, &err) == FETTLE_OK);
  MUST (json_equal (s.files, again.files) && s.version == again.version
        && s.expires == again.expires && strcmp (s.name, again.name) == 0);
  return 0;
}
