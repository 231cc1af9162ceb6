/* secret-wipe.c - JSON that holds secrets goes.  SPDX-License-Identifier: Apache-2.0 */
#include "util/base.h"

#include "cli/secret.h"
#include "util/text.h"

static void
wipe_strings (json_t *value)
{
  const char *key;
  json_t *member;
  size_t i;

  if (json_is_string (value))
    fettle_wipe ((char *) json_string_value (value), json_string_length (value));
  json_array_foreach (value, i, member)
    wipe_strings (member);
  json_object_foreach (value, key, member)
    wipe_strings (member);
}

void
fettle_secret_release (json_t **value)
{
  wipe_strings (*value);
  json_decref (*value);
}
