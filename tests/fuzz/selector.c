/* Selectors of nodes: what is taken keeps its limits and can be asked.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "util/base.h"

#include "fuzz/fuzz.h"
#include "model/selector.h"

int
LLVMFuzzerTestOneInput (const uint8_t *data, size_t size)
{
  _cleanup_free_ char *text = strndup ((const char *) data, size);
  _cleanup_json_ json_t *node = json_pack ("{s:s s:{s:s s:s}}", "name", "web1", "labels", "rack",
                                           "12", "role", "db");
  struct fettle_selector s;
  struct fettle_error err;

  if (fettle_selector_parse (text, &s, &err)) {
    MUST (err.code == FETTLE_E_CONFIG && *err.text);
    return 0;
  }
  MUST (s.n_terms >= 1 && s.n_terms <= FETTLE_SELECTOR_TERMS);
  MUST (s.n_values <= FETTLE_SELECTOR_VALUES);
  for (size_t i = 0; i < s.n_terms; i++) {
    const struct fettle_selector_term *t = &s.terms[i];

    MUST (*t->key && strlen (t->key) <= strlen (text) && t->first + t->n <= s.n_values);
    MUST ((t->op == FETTLE_SELECT_IN || t->op == FETTLE_SELECT_NOT_IN) == (t->n > 0));
    for (size_t k = 0; k < t->n; k++)
      MUST (*s.values[t->first + k] && !strpbrk (s.values[t->first + k], " ,()=!"));
  }
  fettle_selector_fits (&s, node);
  return 0;
}
