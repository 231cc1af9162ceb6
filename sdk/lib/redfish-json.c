/* redfish-json.c - reading what a Redfish service says.  No I/O.
 *
 * SPDX-License-Identifier: Apache-2.0 OR BSD-2-Clause
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <fettle/redfish.h>

#include "redfish-internal.h"

enum { PATH_MAX_SIZE = 1000, SECONDS_MAX = 86400 };

int
fettle_redfish_path_ok (const char *path)
{
  size_t n = 0;

  if (!path || path[0] != '/' || path[1] == '/')
    return 0;
  for (; path[n]; n++)
    if (path[n] <= ' ' || path[n] >= 0x7f || path[n] == '#' || n >= PATH_MAX_SIZE)
      return 0;
  return 1;
}

int
fettle_redfish_location (const char *value, size_t size, char *path, size_t path_size)
{
  const char *from = value, *end = value + size;
  size_t i;

  for (i = 0; i + 3 <= size && i < 8 && value[0] != '/'; i++)
    if (memcmp (value + i, "://", 3) == 0) {
      from = memchr (value + i + 3, '/', size - i - 3);
      break;
    }
  if (!from || (size_t) (end - from) >= path_size)
    return 0;
  memcpy (path, from, (size_t) (end - from));
  path[end - from] = '\0';
  return fettle_redfish_path_ok (path);
}

unsigned
fettle_redfish_seconds (const char *value, size_t size, unsigned otherwise)
{
  unsigned long n = 0;
  size_t i;

  for (i = 0; i < size && value[i] >= '0' && value[i] <= '9'; i++)
    if (n < SECONDS_MAX)
      n = n * 10 + (unsigned long) (value[i] - '0');
  return i == 0 || i < size ? otherwise : n < SECONDS_MAX ? (unsigned) n : SECONDS_MAX;
}

const json_t *
fettle_redfish_at (const json_t *json, const char *keys)
{
  while (json && *keys) {
    size_t n = strcspn (keys, "/");
    char key[100];

    if (n >= sizeof key)
      return NULL;
    memcpy (key, keys, n);
    key[n] = '\0';
    json = json_object_get (json, key);
    keys += n + (keys[n] == '/');
  }
  return json;
}

const char *
fettle_redfish_text (const json_t *json, const char *keys)
{
  const char *text = json_string_value (fettle_redfish_at (json, keys));

  return text ? text : "";
}

const char *
fettle_redfish_link (const json_t *json, const char *keys)
{
  const char *path = json_string_value (json_object_get (fettle_redfish_at (json, keys), "@odata.id"));

  return fettle_redfish_path_ok (path) ? path : NULL;
}

/* ---- messages ---- */

struct words {
  char *text;
  size_t size, used;
};

/* In whole UTF-8 characters, without control characters. */
static void
add (struct words *w, const char *text)
{
  size_t n = strlen (text), i;

  if (n >= w->size - w->used)
    n = w->size - w->used - 1;
  while (n > 0 && ((unsigned char) text[n] & 0xc0) == 0x80)
    n--;
  for (i = 0; i < n; i++)
    w->text[w->used++] = (char) ((unsigned char) text[i] < ' ' || text[i] == 0x7f ? ' ' : text[i]);
  w->text[w->used] = '\0';
}

/* "iLO.2.14.UpdateFailed" is said as "UpdateFailed (a, b)", or in a sentence. */
static void
add_id (struct words *w, const json_t *message)
{
  const char *id = fettle_redfish_text (message, "MessageId"), *key = strrchr (id, '.');
  const json_t *args = json_object_get (message, "MessageArgs");
  const char *sentence;
  size_t i;

  key = key && key[1] ? key + 1 : id;
  sentence = fettle_redfish_sentence (key);
  if (sentence) {
    add (w, sentence);
    add (w, ": ");
  }
  add (w, key);
  for (i = 0; i < json_array_size (args) && i < 10; i++) {
    const char *arg = json_string_value (json_array_get (args, i));

    add (w, i ? ", " : " (");
    add (w, arg ? arg : "?");
  }
  if (i)
    add (w, ")");
}

static void
add_message (struct words *w, const json_t *message)
{
  const char *said = fettle_redfish_text (message, "Message");
  size_t before = w->used;

  if (w->used)
    add (w, " ");
  if (*said)
    add (w, said);
  else
    add_id (w, message);
  if (w->used == before + 1 && before)
    w->text[w->used = before] = '\0';
}

const char *
fettle_redfish_message (const json_t *answer, char *text, size_t size)
{
  const json_t *list = fettle_redfish_at (answer, "error/@Message.ExtendedInfo");
  const char *fallback = fettle_redfish_text (answer, "error/message");
  struct words w;
  size_t i;

  w.text = text;
  w.size = size;
  w.used = 0;
  text[0] = '\0';
  if (!list)
    list = json_object_get (answer, "@Message.ExtendedInfo");
  if (json_is_object (list))
    add_message (&w, list);
  for (i = 0; i < json_array_size (list) && i < 5; i++)
    add_message (&w, json_array_get (list, i));
  if (!w.used)
    add (&w, *fallback ? fallback : fettle_redfish_text (answer, "error/code"));
  return text;
}
