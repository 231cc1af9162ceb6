/* recording.c - reading what fettle record wrote.
 *
 * SPDX-License-Identifier: Apache-2.0 OR BSD-2-Clause
 */
#include <stdlib.h>

#include "testhost-internal.h"

#define LINES_MAX 200000

/* One line of JSON: the first of a call, or an exchange. */
static int
take_line (struct fettle_recording *r, const json_t *line)
{
  const char *call = json_string_value (json_object_get (line, "call"));

  if (json_object_get (line, "fettle_recording")) {
    if (json_integer_value (json_object_get (line, "fettle_recording")) != 1 || !call
        || !json_string_value (json_object_get (line, "type")) || r->n_sections == FETTLE_RECORDING_SECTIONS)
      return 0;
    r->sections[r->n_sections++] = json_array_size (r->lines);
  }
  return r->n_sections > 0;
}

static const char *
read_lines (struct fettle_recording *r, FILE *f)
{
  json_error_t why;
  json_t *line;

  while ((line = json_loadf (f, JSON_DISABLE_EOF_CHECK, &why))) {
    int good = json_is_object (line) && json_array_size (r->lines) < LINES_MAX && take_line (r, line);

    if (json_array_append_new (r->lines, line) != 0)
      return "there is no memory for it";
    if (!good)
      return "it isn't a recording of fettle record, or one of a newer Fettle";
  }
  if (!feof (f) && json_error_code (&why) != json_error_premature_end_of_input)
    return "a line of it isn't JSON";
  return r->n_sections ? NULL : "it is empty";
}

struct fettle_recording *
fettle_recording_read (const char *path, const char **ret_why)
{
  struct fettle_recording *r = calloc (1, sizeof *r);
  FILE *f = fopen (path, "r");

  *ret_why = !f ? "it can't be opened" : "there is no memory for it";
  if (f && r && (r->lines = json_array ()))
    *ret_why = read_lines (r, f);
  if (f)
    fclose (f);
  if (*ret_why) {
    fettle_recording_free (r);
    return NULL;
  }
  return r;
}

void
fettle_recording_free (struct fettle_recording *r)
{
  if (r)
    json_decref (r->lines);
  free (r);
}

size_t
fettle_recording_sections (const struct fettle_recording *r)
{
  return r->n_sections;
}

const json_t *
fettle_recording_head (const struct fettle_recording *r, size_t section)
{
  return section < r->n_sections ? json_array_get (r->lines, r->sections[section]) : NULL;
}

const char *
fettle_recording_type (const struct fettle_recording *r, size_t section)
{
  return json_string_value (json_object_get (fettle_recording_head (r, section), "type"));
}

const char *
fettle_recording_token (const struct fettle_recording *r, size_t section)
{
  return json_string_value (json_object_get (fettle_recording_head (r, section), "token"));
}

enum fettle_testhost_operation
fettle_recording_operation (const struct fettle_recording *r, size_t section)
{
  const char *call = json_string_value (json_object_get (fettle_recording_head (r, section), "call"));
  int o;

  for (o = 0; call && o < FETTLE_TEST_OPERATIONS; o++)
    if (strcmp (fettle_testhost_name (o), call) == 0)
      return o;
  return FETTLE_TEST_OPERATIONS;
}
