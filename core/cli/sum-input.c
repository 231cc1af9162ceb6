/* sum-input.c - SUM's input files: "KEY = VALUE" lines, then blocks of nodes:
 *
 *   SILENT = YES                 [Node]
 *   [TARGETS_WEB]                TARGET = 192.0.2.7
 *   UID = root                   TARGETTYPE = ILO
 *   PWD = secret                 USERNAME = admin
 *   HOST = 192.0.2.5             PASSWORD = secret
 *   HOST = 192.0.2.6
 *   [END]
 *
 * In [TARGETS...], UID and PWD hold for the hosts behind them, until they are
 * said again.  A [Node] is one node; it ends where another block begins.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "util/base.h"

#include "cli/secret.h"
#include "cli/sum.h"
#include "util/nearest.h"
#include "util/secret.h"
#include "util/text.h"

enum block { SETTINGS, TARGETS, ONE_NODE };

struct reader {
  const char *path;
  unsigned line;
  enum block block;
  json_t *given, *nodes;
  json_t *login;   /* of [TARGETS]: what the next HOST gets */
  json_t *node;    /* of [Node]; borrowed */
  bool hosts;      /* the block has one */
};

static fettle_result
wrong (const struct reader *r, struct fettle_error *err, const char *what, const char *text)
{
  return fettle_error_set (err, FETTLE_E_CONFIG, "%s:%u: %s%.80s", r->path, r->line, what, text);
}

static char *
trim (char *text)
{
  size_t n;

  text += strspn (text, " \t");
  n = strlen (text);
  while (n && strchr (" \t\r", text[n - 1]))
    text[--n] = '\0';
  return text;
}

static void
unquote (char **text)
{
  size_t n = strlen (*text);

  if (n >= 2 && (*text)[0] == '"' && (*text)[n - 1] == '"') {
    (*text)[n - 1] = '\0';
    (*text)++;
  }
}

static fettle_result
end_block (struct reader *r, struct fettle_error *err)
{
  if (r->block == TARGETS && !r->hosts)
    return wrong (r, err, "the block that ends here has no HOST", "");
  if (r->block == ONE_NODE && !json_object_get (r->node, "target"))
    return wrong (r, err, "the [Node] that ends here has no TARGET", "");
  r->block = SETTINGS;
  r->hosts = false;
  return FETTLE_OK;
}

static fettle_result
add_node (struct reader *r, json_t *node, struct fettle_error *err)
{
  json_array_append_new (r->nodes, node);
  return json_array_size (r->nodes) <= FETTLE_SUM_NODES_MAX
           ? FETTLE_OK : wrong (r, err, "too many nodes", "");
}

static fettle_result
take_heading (struct reader *r, const char *name, struct fettle_error *err)
{
  size_t n = strcspn (name, "]");

  if (name[n] != ']' || name[n + 1])
    return wrong (r, err, "a heading is written [NAME], not [", name);
  if (strncasecmp (name, "END]", 4) == 0)
    return r->block == SETTINGS ? wrong (r, err, "[END] of nothing", "") : end_block (r, err);
  if (r->block == TARGETS)
    return wrong (r, err, "the [TARGETS] before it lacks its [END]", "");
  if (end_block (r, err))
    return err->code;
  if (strncasecmp (name, "TARGETS", 7) == 0) {
    fettle_secret_release (&r->login);
    r->login = json_object ();
    r->block = TARGETS;
    return FETTLE_OK;
  }
  if (strncasecmp (name, "NODE", 4) != 0)
    return wrong (r, err, "a block is [TARGETS...] or [Node], not [", name);
  r->block = ONE_NODE;
  r->node = json_object ();
  return add_node (r, r->node, err);
}

static fettle_result
unknown_key (const struct reader *r, const char *key, struct fettle_error *err)
{
  enum fettle_sum_place place = r->block == SETTINGS ? FETTLE_SUM_RUN : FETTLE_SUM_NODE;
  char upper[64], keys[64];
  struct fettle_nearest near = FETTLE_NEAREST_INIT (upper);
  char best[64] = "";

  if (fettle_sum_find_key (key, place == FETTLE_SUM_RUN ? FETTLE_SUM_NODE : FETTLE_SUM_RUN))
    return wrong (r, err, place == FETTLE_SUM_RUN ? "this belongs into a block of nodes: "
                                                  : "this belongs before the blocks of nodes: ", key);
  snprintf (upper, sizeof upper, "%.60s", key);
  for (char *p = upper; *p; p++)
    *p = *p >= 'a' && *p <= 'z' ? (char) (*p - 'a' + 'A') : *p;
  for (const struct fettle_sum_row *row = fettle_sum_table; row->does; row++) {
    if (!row->keys || row->place != place)
      continue;
    snprintf (keys, sizeof keys, "%.*s", (int) strcspn (row->keys, " "), row->keys);
    near.best = NULL;
    fettle_nearest_try (&near, keys);
    if (near.best)
      snprintf (best, sizeof best, "%s", keys);
  }
  return fettle_error_set (err, FETTLE_E_CONFIG, "%s:%u: there is no key %.60s%s%s%s", r->path,
                           r->line, key, *best ? "; is it " : "", best, *best ? "?" : "");
}

/* YES or NO; what a NO takes back is what the same key would have set. */
static fettle_result
take_flag (const struct reader *r, json_t *object, const struct fettle_sum_row *row, const char *key,
           const char *value, struct fettle_error *err)
{
  bool yes = strcasecmp (value, "yes") == 0 || strcasecmp (value, "true") == 0;

  if (!yes && strcasecmp (value, "no") != 0 && strcasecmp (value, "false") != 0)
    return fettle_error_set (err, FETTLE_E_CONFIG, "%s:%u: %.60s is YES or NO, not %.60s", r->path,
                             r->line, key, value);
  if (yes)
    return fettle_sum_put (object, row, NULL, key, err);
  if (!row->value)
    json_object_del (object, fettle_sum_member (row));
  return FETTLE_OK;
}

static fettle_result
take_value (struct reader *r, json_t *object, const struct fettle_sum_row *row, const char *key,
            const char *value, struct fettle_error *err)
{
  if (row->kind == FETTLE_SUM_FLAG)
    return take_flag (r, object, row, key, value, err);
  return fettle_sum_put (object, row, value, key, err)
           ? fettle_error_prefix (err, "%s:%u: ", r->path, r->line) : FETTLE_OK;
}

static fettle_result
take_host (struct reader *r, const char *value, struct fettle_error *err)
{
  json_t *node = json_deep_copy (r->login);

  if (json_object_set_new (node, "target", json_string (value)) || !*value) {
    json_decref (node);
    return wrong (r, err, "HOST needs an address", "");
  }
  r->hosts = true;
  return add_node (r, node, err);
}

static fettle_result
take_pair (struct reader *r, char *key, char *value, struct fettle_error *err)
{
  const struct fettle_sum_row *row =
    fettle_sum_find_key (key, r->block == SETTINGS ? FETTLE_SUM_RUN : FETTLE_SUM_NODE);

  unquote (&value);
  if (!row)
    return unknown_key (r, key, err);
  if (r->block == SETTINGS)
    return take_value (r, r->given, row, key, value, err);
  if (r->block == ONE_NODE)
    return take_value (r, r->node, row, key, value, err);
  return strcmp (row->name, "target") == 0 ? take_host (r, value, err)
                                           : take_value (r, r->login, row, key, value, err);
}

static fettle_result
take_line (struct reader *r, char *line, struct fettle_error *err)
{
  char *equals;

  line = trim (line);
  if (!*line || *line == '#' || *line == ';')
    return FETTLE_OK;
  if (*line == '[')
    return take_heading (r, line + 1, err);
  equals = strchr (line, '=');
  if (!equals)
    return wrong (r, err, "write it as KEY = VALUE: ", line);
  *equals = '\0';
  return take_pair (r, trim (line), trim (equals + 1), err);
}

static fettle_result
read_all (struct reader *r, char *text, struct fettle_error *err)
{
  if (strncmp (text, "\xef\xbb\xbf", 3) == 0)
    text += 3;
  while (text) {
    char *end = strchr (text, '\n');

    r->line++;
    if (end)
      *end = '\0';
    if (take_line (r, text, err))
      return err->code;
    text = end ? end + 1 : NULL;
  }
  if (r->block == TARGETS)
    return wrong (r, err, "the last [TARGETS] lacks its [END]", "");
  return end_block (r, err);
}

fettle_result
fettle_sum_input (char *text, const char *path, json_t **ret, struct fettle_error *err)
{
  _cleanup_ (fettle_secret_release) json_t *given = json_object (), *login = NULL;
  struct reader r = { .path = path, .given = given, .nodes = json_array () };
  fettle_result result;

  json_object_set_new (given, "nodes", r.nodes);
  result = read_all (&r, text, err);
  login = r.login;
  if (result)
    return result;
  *ret = STEAL (given);
  return FETTLE_OK;
}
