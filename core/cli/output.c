/* output.c - results as CSV or JSON; table.c has the tables.  SPDX-License-Identifier: Apache-2.0 */
#include "util/base.h"

#include "cli/cli.h"

void
fettle_cli_clean (char *text)
{
  for (char *p = text; *p; p++)
    if ((unsigned char) *p < ' ' || *p == 0x7f)
      *p = *p == '\n' || *p == '\t' ? ' ' : '?';
}

void
fettle_cli_csv (FILE *f, const char *text)
{
  if (!strpbrk (text, ",\"\r\n")) {
    fputs (text, f);
    return;
  }
  fputc ('"', f);
  for (; *text; text++) {
    if (*text == '"')
      fputc ('"', f);
    fputc (*text, f);
  }
  fputc ('"', f);
}

/* Down an object along "error.message". */
static const json_t *
member (const json_t *object, const char *key)
{
  while (object && *key) {
    size_t n = strcspn (key, ".");

    object = json_object_getn (object, key, n);
    key += n + (key[n] == '.');
  }
  return object;
}

/* A plain value as text, "" when there is none. */
static const char *
plain_text (const json_t *value, char *buffer, size_t size)
{
  buffer[0] = '\0';
  switch (value ? json_typeof (value) : JSON_NULL) {
  case JSON_STRING:
    return json_string_value (value);
  case JSON_INTEGER:
    snprintf (buffer, size, "%" JSON_INTEGER_FORMAT, json_integer_value (value));
    break;
  case JSON_REAL:
    snprintf (buffer, size, "%g", json_real_value (value));
    break;
  case JSON_TRUE:
  case JSON_FALSE:
    snprintf (buffer, size, "%s", json_is_true (value) ? "yes" : "no");
    break;
  case JSON_ARRAY:
  case JSON_OBJECT:
  case JSON_NULL:
    break;
  }
  return buffer;
}

/* Members of an object or array as "a=b c=d" or "a b". */
static const char *
join (const json_t *value, char *buffer, size_t size)
{
  const json_t *one;
  size_t used = 0, i;
  const char *key;
  char number[64];

  buffer[0] = '\0';
  json_array_foreach (value, i, one)
    if (used < size)
      used += (size_t) snprintf (buffer + used, size - used, "%s%s", used ? " " : "",
                                 plain_text (one, number, sizeof number));
  json_object_foreach ((json_t *) value, key, one)
    if (used < size)
      used += (size_t) snprintf (buffer + used, size - used, "%s%s=%s", used ? " " : "", key,
                                 plain_text (one, number, sizeof number));
  return buffer;
}

static const char *
value_text (const json_t *value, char *buffer, size_t size)
{
  if (json_is_array (value) || json_is_object (value))
    return join (value, buffer, size);
  return plain_text (value, buffer, size);
}

const char *
fettle_cli_text (const json_t *object, const char *key, char *buffer, size_t size)
{
  const char *text = value_text (member (object, key), buffer, size);

  return *text ? text : "-";
}

fettle_result
fettle_cli_json (struct fettle_cli *cli, const json_t *value, struct fettle_error *err)
{
  if (json_dumpf (value, cli->out, JSON_INDENT (2)) || fputc ('\n', cli->out) == EOF)
    return fettle_error_errno (err, FETTLE_E_CONFIG, "writing the output");
  return FETTLE_OK;
}

static void
print_csv (struct fettle_cli *cli, const json_t *rows, const struct fettle_column *columns,
           size_t n)
{
  const json_t *row;
  size_t r;

  for (size_t i = 0; i < n; i++)
    fprintf (cli->out, "%s%s", i ? "," : "", columns[i].key);
  fputc ('\n', cli->out);
  json_array_foreach (rows, r, row) {
    for (size_t i = 0; i < n; i++) {
      char buffer[1024];

      fputs (i ? "," : "", cli->out);
      fettle_cli_csv (cli->out, value_text (member (row, columns[i].key), buffer, sizeof buffer));
    }
    fputc ('\n', cli->out);
  }
}

fettle_result
fettle_cli_print (struct fettle_cli *cli, const json_t *value, const json_t *rows,
                  const struct fettle_column *columns, size_t n_columns, struct fettle_error *err)
{
  if (cli->format == FETTLE_FORMAT_JSON)
    return fettle_cli_json (cli, value, err);
  if (cli->format != FETTLE_FORMAT_CSV)
    return fettle_cli_table (cli, rows, columns, n_columns, err);
  print_csv (cli, rows, columns, n_columns);
  return FETTLE_OK;
}

fettle_result
fettle_cli_print_members (struct fettle_cli *cli, const json_t *object, struct fettle_error *err)
{
  const json_t *value;
  const char *key;

  if (cli->format == FETTLE_FORMAT_JSON)
    return fettle_cli_json (cli, object, err);
  json_object_foreach ((json_t *) object, key, value) {
    char buffer[1024];
    _cleanup_free_ char *text = strdup (fettle_cli_text (object, key, buffer, sizeof buffer));

    if (json_is_array (value) && json_is_object (json_array_get (value, 0)))
      continue;
    if (!text)
      return fettle_error_set (err, FETTLE_E_NOMEM, "no memory for the output");
    fettle_cli_clean (text);
    fprintf (cli->out, "%-14s %s\n", key, text);
  }
  return FETTLE_OK;
}
