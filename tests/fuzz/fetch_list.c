/* A list of files of a web server: SHA256SUMS, fwrepo.json.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "util/base.h"

#include "baseline/container.h"
#include "baseline/fetch-list.h"
#include "fuzz/fuzz.h"

static void
check (fettle_result r, struct fettle_fetch_list *l, const struct fettle_error *err)
{
  MUST (!r || (err->code == r && err->text[0]));
  for (size_t i = 0; i < l->n; i++) {
    MUST (!fettle_path_wrong (l->entries[i].path) && l->entries[i].path[0] != '.');
    MUST (!l->entries[i].sha256[0] || strspn (l->entries[i].sha256, "0123456789abcdef") == 64);
  }
  fettle_fetch_list_clear (l);
}

int
LLVMFuzzerTestOneInput (const uint8_t *data, size_t size)
{
  struct fettle_fetch_list l = { 0 };
  struct fettle_error err = { 0 };

  check (fettle_fetch_sums ((const char *) data, size, &l, &err), &l, &err);
  check (fettle_fetch_fwrepo ((const char *) data, size, &l, &err), &l, &err);
  return 0;
}
