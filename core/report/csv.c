/* csv.c - a job as CSV by RFC 4180.
 *
 * What nodes say of themselves ends up in spreadsheets: a cell that one would
 * take for a formula gets a ' in front.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "util/base.h"

#include "report/internal.h"

bool
fettle_report_cell (struct fettle_buf *b, const char *text, bool last)
{
  bool formula = text[0] && strchr ("=+-@\t\r", text[0]);
  bool quotes = strpbrk (text, ",\"\r\n") != NULL;
  bool ok = true;

  if (quotes)
    ok = fettle_buf_add (b, "\"", 1);
  if (formula)
    ok = ok && fettle_buf_add (b, "'", 1);
  for (; ok && *text; text++) {
    ok = fettle_buf_add (b, text, 1);
    if (ok && *text == '"')
      ok = fettle_buf_add (b, "\"", 1);
  }
  if (quotes)
    ok = ok && fettle_buf_add (b, "\"", 1);
  return ok && fettle_buf_text_add (b, last ? "\r\n" : ",");
}

const char *
fettle_report_member (const json_t *object, const char *name, char number[32])
{
  const char *dot = strchr (name, '.');
  const json_t *value;

  if (dot) {
    char outer[32];

    snprintf (outer, sizeof outer, "%.*s", (int) (dot - name), name);
    object = json_object_get (object, outer);
    name = dot + 1;
  }
  value = json_object_get (object, name);
  if (json_is_boolean (value))
    return json_is_true (value) ? "yes" : "no";
  if (json_is_integer (value)) {
    snprintf (number, 32, "%lld", (long long) json_integer_value (value));
    return number;
  }
  return json_is_string (value) ? json_string_value (value) : "";
}

static bool
cells (struct fettle_buf *b, const json_t *object, const char *const *names, size_t n, bool last)
{
  char number[32];

  for (size_t i = 0; i < n; i++)
    if (!fettle_report_cell (b, fettle_report_member (object, names[i], number), last && i + 1 == n))
      return false;
  return true;
}

static const char *const deployment[] = {
  "name", "address", "type", "component", "title", "state", "from", "to", "found", "verified",
  "reboot", "error.code", "error.message", "started", "finished", "signature", "signature_text",
};

static const char *const node[] = {
  "name", "address", "type", "state", "error.code", "error.message",
};

static const char *const item[] = {
  "kind", "id", "name", "version", "scheme", "match", "location", "arch", "staged", "updateable",
};

static bool
inventory_rows (struct fettle_buf *b, const json_t *task)
{
  const json_t *items = json_object_get (task, "items"), *one;
  size_t i;

  json_array_foreach (items, i, one)
    if (!cells (b, task, node, COUNT (node), false) || !cells (b, one, item, COUNT (item), true))
      return false;
  /* A node without items is still there, with why. */
  return json_array_size (items)
         || (cells (b, task, node, COUNT (node), false) && cells (b, NULL, item, COUNT (item), true));
}

bool
fettle_report_csv (const json_t *job, struct fettle_buf *ret)
{
  const json_t *task;
  bool inventory = fettle_report_is_inventory (job);
  size_t i;

  if (!fettle_buf_text_add (ret, inventory
                                     ? "node,address,type,state,error_code,error,kind,id,item,"
                                       "version,scheme,match,location,arch,staged,updateable\r\n"
                                     : "node,address,type,component,title,state,from,to,found,"
                                       "verified,reboot,error_code,error,started,finished,signature,signature_text\r\n"))
    return false;
  json_array_foreach (json_object_get (job, "tasks"), i, task)
    if (inventory ? !inventory_rows (ret, task)
                  : !cells (ret, task, deployment, COUNT (deployment), true))
      return false;
  return true;
}
