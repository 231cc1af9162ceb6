/* redact.c - see redact.h.  SPDX-License-Identifier: Apache-2.0 */
#include "util/base.h"

#include <ctype.h>

#include "util/redact.h"

#define LIST_MAX 20
#define TEXT_MAX 300 /* bytes */

/* By their names, rather one too many: sudo_password, api_token, key. */
static bool
is_secret (const char *name)
{
  static const char *const words[] = { "pass", "secret", "token", "private", "key" };

  if (strcmp (name, "host_key") == 0)
    return false;
  for (size_t i = 0; i < COUNT (words); i++)
    if (strcasestr (name, words[i]))
      return true;
  return false;
}

/* Of credentials nothing but who they are for: new kinds are secret too. */
static bool
is_kept_credential (const char *name)
{
  static const char *const names[] = { "user", "second_user", "agent", "helper" };

  for (size_t i = 0; i < COUNT (names); i++)
    if (strcmp (name, names[i]) == 0)
      return true;
  return false;
}

static json_t *
redact_object (const json_t *object, bool credentials)
{
  json_t *copy = json_object (), *value;
  const char *name;

  json_object_foreach ((json_t *) (uintptr_t) object, name, value)
    if (credentials ? !is_kept_credential (name) : is_secret (name))
      json_object_set_new (copy, name, json_string ("(secret)"));
    else if (strstr (name, "credentials"))
      json_object_set_new (copy, name, json_is_object (value) ? redact_object (value, true)
                                       : json_string ("(secret)"));
    else
      json_object_set_new (copy, name, fettle_redact (value));
  return copy;
}

static json_t *
redact_list (const json_t *list)
{
  size_t n = json_array_size (list);
  json_t *copy = json_array ();
  char more[40];

  for (size_t i = 0; i < n && i < LIST_MAX; i++)
    json_array_append_new (copy, fettle_redact (json_array_get (list, i)));
  if (n > LIST_MAX) {
    snprintf (more, sizeof more, "and %zu more", n - LIST_MAX);
    json_array_append_new (copy, json_string (more));
  }
  return copy;
}

static json_t *
redact_text (const json_t *text)
{
  size_t n = json_string_length (text), kept = TEXT_MAX;
  const char *s = json_string_value (text);

  if (n <= TEXT_MAX)
    return json_stringn (s, n);
  while (kept && ((unsigned char) s[kept] & 0xc0) == 0x80) /* not within a character */
    kept--;
  return json_sprintf ("%.*s... (%zu bytes)", (int) kept, s, n);
}

json_t *
fettle_redact (const json_t *j)
{
  if (json_is_object (j))
    return redact_object (j, false);
  if (json_is_array (j))
    return redact_list (j);
  return json_is_string (j) ? redact_text (j) : json_deep_copy (j);
}
