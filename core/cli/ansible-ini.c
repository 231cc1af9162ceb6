/* ansible-ini.c - see ansible.h.  SPDX-License-Identifier: Apache-2.0 */
#include "util/base.h"

#include <stdarg.h>

#include "cli/ansible.h"
#include "util/buf.h"
#include "util/text.h"

enum section { HOSTS, CHILDREN, VARS };

struct reader {
  const char *name;       /* of the file */
  unsigned line;
  json_t *groups;
  json_t *group;          /* the section's */
  enum section section;
  size_t hosts;           /* so far */
  struct fettle_error *err;
};

static fettle_result FETTLE_FORMAT (2, 3)
wrong (struct reader *r, const char *format, ...)
{
  struct fettle_error *err = r->err;
  char text[512];
  va_list ap;

  va_start (ap, format);
  vsnprintf (text, sizeof text, format, ap);
  va_end (ap);
  return fettle_error_set (err, FETTLE_E_CONFIG, "%.256s:%u: %s", r->name, r->line, text);
}

static char *
trim (char *text)
{
  size_t n;

  text += strspn (text, " \t\r");
  n = strlen (text);
  while (n && strchr (" \t\r", text[n - 1]))
    text[--n] = '\0';
  return text;
}

/* Takes a word off the front, in place: quotes keep blanks and are taken away,
 * '#' begins a comment.  NULL: there is none; *ret_open: a quote isn't closed. */
static char *
take_word (char **rest, bool *ret_open)
{
  char *from = *rest + strspn (*rest, " \t"), *word = from, *to = from, quote = '\0';

  *ret_open = false;
  if (!*from || *from == '#')
    return NULL;
  for (; *from && (quote || !strchr (" \t", *from)); from++)
    if (quote ? *from == quote : *from == '"' || *from == '\'')
      quote = quote ? '\0' : *from;
    else
      *to++ = *from;
  *ret_open = quote != '\0';
  *rest = *from ? from + 1 : from;
  *to = '\0';
  return word;
}

/* Templates aren't for us. */
static void
set (json_t *object, const char *name, const char *value)
{
  json_t *text = strstr (value, "{{") ? NULL : json_string (value);

  if (text)
    json_object_set_new (object, name, text);
}

/* ---- Hosts ---- */

static fettle_result
host_line (struct reader *r, char *line)
{
  _cleanup_json_ json_t *values = json_object ();
  bool open;
  char *host = take_word (&line, &open), *word;

  if (!host || !*host || open)
    return wrong (r, "a host's name is missing");
  while (!open && (word = take_word (&line, &open))) {
    char *equals = strchr (word, '=');

    if (!equals || equals == word)
      return wrong (r, "\"%.100s\" is no VARIABLE=VALUE", word);
    *equals = '\0';
    set (values, word, equals + 1);
  }
  if (open)
    return wrong (r, "a quote isn't closed");
  if (fettle_ansible_hosts (r->group, host, values, &r->hosts, r->err))
    return fettle_error_prefix (r->err, "%.256s:%u: ", r->name, r->line);
  return FETTLE_OK;
}

/* ---- The other sections ---- */

static fettle_result
variable_line (struct reader *r, char *line)
{
  char *equals = strchr (line, '='), *value;
  size_t n;

  if (!equals)
    return wrong (r, "\"%.100s\" is no VARIABLE=VALUE", line);
  *equals = '\0';
  value = trim (equals + 1);
  n = strlen (value);
  if (n >= 2 && (*value == '"' || *value == '\'') && value[n - 1] == *value) {
    value[n - 1] = '\0';
    value++;
  }
  set (json_object_get (r->group, "vars"), trim (line), value);
  return FETTLE_OK;
}

static fettle_result
child_line (struct reader *r, char *line)
{
  line[strcspn (line, " \t#")] = '\0';
  if (!*line || json_array_append_new (json_object_get (r->group, "children"), json_string (line)))
    return wrong (r, "a group's name is missing or is not valid UTF-8");
  fettle_ansible_group (r->groups, line);
  return FETTLE_OK;
}

static fettle_result
section_line (struct reader *r, char *line)
{
  char *end = strchr (line, ']'), *kind;

  if (!end || end == line + 1)
    return wrong (r, "the section isn't closed, or has no name");
  *end = '\0';
  kind = strchr (++line, ':');
  if (kind)
    *kind++ = '\0';
  if (kind && !fettle_has_word ("children vars hosts", kind))
    return wrong (r, "there are sections [GROUP], [GROUP:children] and [GROUP:vars], not :%.40s", kind);
  r->section = !kind || *kind == 'h' ? HOSTS : *kind == 'c' ? CHILDREN : VARS;
  r->group = fettle_ansible_group (r->groups, line);
  return r->group ? FETTLE_OK : wrong (r, "the group's name is not valid UTF-8");
}

static fettle_result
one_line (struct reader *r, char *line)
{
  line = trim (line);
  if (!*line || *line == '#' || *line == ';')
    return FETTLE_OK;
  if (*line == '[')
    return section_line (r, line);
  return r->section == HOSTS ? host_line (r, line)
         : r->section == VARS ? variable_line (r, line) : child_line (r, line);
}

fettle_result
fettle_ansible_ini (char *text, const char *name, json_t **ret, struct fettle_error *err)
{
  _cleanup_json_ json_t *groups = json_object ();
  struct reader r = { .name = name, .groups = groups, .err = err,
                      .group = fettle_ansible_group (groups, "ungrouped") };

  while (text) {
    char *end = strchr (text, '\n');

    if (end)
      *end++ = '\0';
    r.line++;
    if (one_line (&r, text))
      return err->code;
    text = end;
  }
  *ret = STEAL (groups);
  return FETTLE_OK;
}

/* ---- Writing ---- */

static void
write_host (FILE *out, const json_t *node)
{
  _cleanup_json_ json_t *values = fettle_ansible_variables (node);
  const char *name;
  json_t *value;

  fputs (json_string_value (json_object_get (node, "name")), out);
  json_object_foreach (values, name, value) {
    const char *text = json_string_value (value);
    const char *quote = !*text || strpbrk (text, " \t#'") ? "\"" : strchr (text, '"') ? "'" : "";

    fprintf (out, " %s=%s%s%s", name, quote, text, quote);
  }
  fputc ('\n', out);
}

void
fettle_ansible_ini_write (FILE *out, const json_t *nodes)
{
  _cleanup_json_ json_t *groups = json_object ();
  const json_t *node, *list;
  const char *name;
  size_t i;

  json_array_foreach (nodes, i, node) {
    const char *group = json_string_value (json_object_get (node, "group"));

    if (!group)
      write_host (out, node);
    else if (!json_object_get (groups, group))
      json_object_set_new (groups, group, json_array ());
    if (group)
      json_array_append (json_object_get (groups, group), (json_t *) node);
  }
  json_object_foreach (groups, name, list) {
    fprintf (out, "\n[%s]\n", name);
    json_array_foreach (list, i, node)
      write_host (out, node);
  }
}
