/* What a hostile node can say to the Linux plugin.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../../plugins/linux/inventory.h"
#include "fuzz/fuzz.h"

/* What every item must be, whatever the node said. */
static void
text_must_be_clean (const char *s)
{
  char copy[2000];

  if (s && strcmp (text_clean (copy, sizeof copy, s, strlen (s)), s) != 0) {
    fprintf (stderr, "not clean: \"%s\"\n", s);
    abort ();
  }
}

static fettle_result
host_add_item (fettle_ctx *c, const struct fettle_item *i)
{
  (void) c;
  if (!i->id || !i->id[0] || !i->kind || !i->name || !i->version)
    abort ();
  text_must_be_clean (i->id);
  text_must_be_clean (i->name);
  text_must_be_clean (i->version);
  text_must_be_clean (i->match);
  text_must_be_clean (i->location);
  text_must_be_clean (i->arch);
  return FETTLE_OK;
}

static void
host_log (fettle_ctx *c, uint32_t level, const char *text)
{
  (void) c;
  (void) level;
  text_must_be_clean (text);
}

static fettle_result
host_error (fettle_ctx *c, fettle_result code, const char *text)
{
  host_log (c, 0, text);
  return code;
}

int
LLVMFuzzerTestOneInput (const uint8_t *data, size_t size)
{
  static const struct fettle_host host = {
    .struct_size = sizeof host,
    .abi = FETTLE_ABI,
    .log = host_log,
    .error = host_error,
    .add_item = host_add_item,
  };
  struct inventory *v = malloc (sizeof *v);
  size_t half = size / 2;

  if (!v)
    return 0;
  inventory_init (v, &host, NULL, "@");
  if (inventory_feed (v, data, half) == FETTLE_OK
      && inventory_feed (v, data + half, size - half) == FETTLE_OK)
    inventory_finish (v);
  inventory_clear (v);
  free (v);
  return 0;
}
