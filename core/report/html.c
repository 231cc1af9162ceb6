/* html.c - a job as one page (page.c).  All foreign text goes through text ().
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "util/base.h"

#include "report/internal.h"
#include "report/markup.h"
#include "util/said.h"

/* More rows of items make a page that browsers can't show: CSV has them all. */
enum { ITEMS_MAX = 50000, LOG_LINES_MAX = 200 };

struct page {
  struct fettle_markup m;
  size_t items; /* rows of items so far */
};

/* ---- writing ---- */

static void
raw (struct page *p, const char *html)
{
  fettle_markup_raw (&p->m, html);
}

static void
text (struct page *p, const char *s)
{
  fettle_markup_text (&p->m, s);
}

/* <tag class="...">text</tag>; nothing for no text. */
static void
element (struct page *p, const char *tag, const char *class, const char *s)
{
  if (!*s)
    return;
  raw (p, "<");
  raw (p, tag);
  if (class) {
    raw (p, " class=\"");
    raw (p, class);
    raw (p, "\"");
  }
  raw (p, ">");
  text (p, s);
  raw (p, "</");
  raw (p, tag);
  raw (p, ">");
}

static void
number (struct page *p, json_int_t n)
{
  char digits[32];

  snprintf (digits, sizeof digits, "%lld", (long long) n);
  raw (p, digits);
}

/* ---- states ---- */

static const struct {
  const char *state, *class, *mark, *say;
} states[] = {
  { "done",           "good", "✓", "done" },
  { "failed",         "bad",  "✗", "failed" },
  { "unknown",        "bad",  "?", "unknown" },
  { "blocked",        "warn", "!", "blocked" },
  { "skipped",        "warn", "–", "skipped" },
  { "aborted",        "warn", "■", "aborted" },
  { "waiting-reboot", "warn", "↻", "needs a restart" },
  { "verifying",      "calm", "…", "verifying" },
  { "installing",     "calm", "…", "installing" },
  { "running",        "calm", "…", "running" },
  { "pending",        "calm", "…", "waiting" },
};

static void
state_badge (struct page *p, const char *state)
{
  for (size_t i = 0; i < COUNT (states); i++)
    if (strcmp (states[i].state, state) == 0) {
      raw (p, "<span class=\"state ");
      raw (p, states[i].class);
      raw (p, "\"><span aria-hidden=\"true\">");
      raw (p, states[i].mark);
      raw (p, "</span> ");
      raw (p, states[i].say);
      raw (p, "</span>");
      return;
    }
  element (p, "span", "state calm", state);
}

/* ---- head and summary ---- */

static const char *
title_of (const json_t *job)
{
  const char *kind = fettle_report_text (job, "kind");

  if (strcmp (kind, "deployment") == 0)
    return "Deployment";
  if (strcmp (kind, "inventory") == 0)
    return "Inventory";
  return strcmp (kind, "baseline") == 0 ? "Baseline" : "Job";
}

static void
head (struct page *p, const json_t *job)
{
  char title[64];

  snprintf (title, sizeof title, "%s %lld", title_of (job),
            (long long) json_integer_value (json_object_get (job, "id")));
  fettle_html_begin (&p->m, title);
  raw (p, "<p class=\"soft\">");
  text (p, fettle_report_text (job, "created"));
  if (*fettle_report_text (job, "finished")) {
    raw (p, " to ");
    text (p, fettle_report_text (job, "finished"));
  }
  raw (p, "</p>\n");
}

static void
verdict (struct page *p, const json_t *job)
{
  const json_t *code = json_object_get (job, "exit_code");
  const char *state = fettle_report_text (job, "state");

  raw (p, "<p class=\"lead\">");
  if (strcmp (state, "running") == 0) {
    raw (p, "Still running: this is how far it is.");
  } else {
    if (strcmp (state, "aborted") == 0)
      raw (p, "Stopped on request. ");
    text (p, fettle_report_text (job, "message"));
    if (json_is_integer (code)) {
      raw (p, " <span class=\"soft\">Exit code ");
      number (p, json_integer_value (code));
      raw (p, ": ");
      raw (p, fettle_report_exit_meaning ((int) json_integer_value (code)));
      raw (p, ".</span>");
    }
  }
  raw (p, "</p>\n");
}

static void
signed_baselines (struct page *p, const json_t *job)
{
  const json_t *one;
  size_t i;

  json_array_foreach (json_object_get (job, "signatures"), i, one) {
    if (strcmp (fettle_report_text (one, "state"), "signed") != 0)
      continue;
    raw (p, "<p class=\"soft\">Baseline ");
    text (p, fettle_report_text (one, "baseline"));
    raw (p, ": ");
    text (p, fettle_report_text (one, "text"));
    raw (p, "</p>\n");
  }
}

/* What the vendor's own signature of the component was worth. */
static void
vendor_signature (struct page *p, const json_t *task)
{
  static const char *const words[][2] = {
    { "verified",     "vendor’s signature verified" },
    { "unverifiable", "vendor’s signature not checked" },
    { "unsigned",     "no vendor’s signature" },
  };
  const char *state = fettle_report_text (task, "signature"),
             *why = fettle_report_text (task, "signature_text");

  for (size_t i = 0; i < COUNT (words); i++)
    if (strcmp (state, words[i][0]) == 0) {
      raw (p, "<small>");
      raw (p, words[i][1]);
      raw (p, *why ? ": " : "");
      text (p, why);
      raw (p, "</small>");
    }
}

/* What was installed although nobody trusted vouches for it. */
static void
unsigned_baselines (struct page *p, const json_t *job)
{
  const json_t *names = json_object_get (job, "unsigned"), *name;
  size_t i;

  if (json_array_size (names) == 0)
    return;
  raw (p, "<p class=\"trouble\"><strong>Not signed:</strong> ");
  json_array_foreach (names, i, name) {
    raw (p, i ? ", " : "baseline ");
    text (p, json_string_value (name) ? json_string_value (name) : "");
  }
  raw (p, ". It was used because that was allowed.</p>\n");
}

static void
tile (struct page *p, size_t n, const char *what, const char *state)
{
  raw (p, "<li><b>");
  number (p, (json_int_t) n);
  raw (p, "</b>");
  if (state)
    state_badge (p, state);
  else
    text (p, what);
  raw (p, "</li>\n");
}

static size_t
count_nodes (const json_t *tasks)
{
  _cleanup_json_ json_t *seen = json_object ();
  const json_t *task;
  size_t i;

  json_array_foreach (tasks, i, task) {
    char id[32];

    snprintf (id, sizeof id, "%lld",
              (long long) json_integer_value (json_object_get (task, "node")));
    json_object_set_new (seen, id, json_true ());
  }
  return json_object_size (seen);
}

static size_t
count_state (const json_t *tasks, const char *state)
{
  const json_t *task;
  size_t i, n = 0;

  json_array_foreach (tasks, i, task)
    n += strcmp (fettle_report_text (task, "state"), state) == 0;
  return n;
}

static void
summary (struct page *p, const json_t *tasks)
{
  size_t nodes = count_nodes (tasks);

  raw (p, "<ul class=\"tiles\" aria-label=\"Summary\">\n");
  tile (p, nodes, nodes == 1 ? "node" : "nodes", NULL);
  for (size_t i = 0; i < COUNT (states); i++) {
    size_t n = count_state (tasks, states[i].state);

    if (n)
      tile (p, n, NULL, states[i].state);
  }
  raw (p, "</ul>\n");
}

/* ---- what went wrong ---- */

static bool
is_trouble (const json_t *task)
{
  const char *state = fettle_report_text (task, "state");

  return json_is_object (json_object_get (task, "error")) || strcmp (state, "failed") == 0
         || strcmp (state, "unknown") == 0 || strcmp (state, "blocked") == 0;
}

static void
log_lines (struct page *p, const json_t *log)
{
  const json_t *line;
  size_t i, n = json_array_size (log);

  if (!n)
    return;
  raw (p, "<details><summary>Log</summary><pre>");
  json_array_foreach (log, i, line)
    if (i + LOG_LINES_MAX >= n) {
      text (p, json_string_value (line) ? json_string_value (line) : "");
      raw (p, "\n");
    }
  raw (p, "</pre></details>");
}

static void
trouble (struct page *p, const json_t *task)
{
  const json_t *error = json_object_get (task, "error");
  const char *advice = fettle_report_advice (fettle_report_text (error, "code"));
  const char *state = fettle_report_text (task, "state");

  raw (p, "<div class=\"trouble\"><p><strong>");
  text (p, fettle_report_text (task, "name"));
  raw (p, "</strong>");
  if (*fettle_report_text (task, "title")) {
    raw (p, ", ");
    text (p, fettle_report_text (task, "title"));
  }
  raw (p, " ");
  state_badge (p, state);
  raw (p, "</p>\n");
  element (p, "p", NULL, fettle_report_text (error, "message"));
  element (p, "p", "soft", *advice ? advice : fettle_report_state_advice (state));
  log_lines (p, json_object_get (task, "log"));
  raw (p, "</div>\n");
}

static void
troubles (struct page *p, const json_t *tasks)
{
  const json_t *task;
  bool any = false;
  size_t i;

  json_array_foreach (tasks, i, task) {
    if (!is_trouble (task))
      continue;
    if (!any)
      raw (p, "<h2>What needs attention</h2>\n");
    any = true;
    trouble (p, task);
  }
}

/* Nodes that are spoken to by old TLS are named also where all went well: the
 * lines of their logs that transport/tls.c writes (util/said.h). */
static void
old_tls (struct page *p, const json_t *tasks)
{
  const json_t *task, *line;
  const char *before = "";
  size_t i, k;

  json_array_foreach (tasks, i, task)
    json_array_foreach (json_object_get (task, "log"), k, line) {
      const char *said = json_string_value (line);

      if (!said || !strstr (said, FETTLE_SAID_OLD_TLS) || strcmp (said, before) == 0)
        continue;
      if (!*before)
        raw (p, "<h2>Old TLS</h2>\n");
      element (p, "p", NULL, said);
      before = said;
    }
}

/* ---- tables ---- */

static void
node_cell (struct page *p, const json_t *task)
{
  raw (p, "<tr><th scope=\"row\">");
  text (p, fettle_report_text (task, "name"));
  if (strcmp (fettle_report_text (task, "name"), fettle_report_text (task, "address")) != 0)
    element (p, "small", NULL, fettle_report_text (task, "address"));
  raw (p, "</th>");
}

static void
version_cell (struct page *p, const json_t *task)
{
  const char *from = fettle_report_text (task, "from"), *to = fettle_report_text (task, "to");

  raw (p, "<td class=\"v\">");
  text (p, *from ? from : "not installed");
  raw (p, " <span aria-label=\"to\">→</span> ");
  text (p, to);
  raw (p, "</td>");
}

static void
found_cell (struct page *p, const json_t *task)
{
  const char *found = fettle_report_text (task, "found");

  raw (p, "<td class=\"v\">");
  text (p, *found ? found : "–");
  if (json_is_true (json_object_get (task, "verified")))
    raw (p, " <span title=\"a fresh inventory found it\">✓<span class=\"soft\"> verified"
            "</span></span>");
  else if (strcmp (fettle_report_text (task, "state"), "done") == 0)
    raw (p, "<small>not confirmed: the node's own word</small>");
  raw (p, "</td>");
}

static void
deployment_row (struct page *p, const json_t *task)
{
  const char *state = fettle_report_text (task, "state");

  node_cell (p, task);
  raw (p, "<td>");
  text (p, fettle_report_text (task, "title"));
  element (p, "small", NULL, fettle_report_text (task, "component"));
  vendor_signature (p, task);
  raw (p, "</td><td>");
  state_badge (p, state);
  if (json_is_true (json_object_get (task, "reboot")) && strcmp (state, "waiting-reboot") != 0)
    raw (p, "<small>needs a restart</small>");
  raw (p, "</td>");
  version_cell (p, task);
  found_cell (p, task);
  raw (p, "</tr>\n");
}

static void
deployment_table (struct page *p, const json_t *tasks)
{
  static const char *const columns[] = { "Node", "Component", "State", "From → to",
                                         "Found by inventory" };
  const json_t *task;
  size_t i;

  if (!json_array_size (tasks)) {
    raw (p, "<p class=\"lead\">There was nothing to do.</p>\n");
    return;
  }
  raw (p, "<h2>Nodes and components</h2>\n");
  fettle_html_table (&p->m, "Nodes and components", columns, COUNT (columns));
  json_array_foreach (tasks, i, task)
    deployment_row (p, task);
  fettle_html_table_end (&p->m);
}

static void
inventory_row (struct page *p, const json_t *task)
{
  node_cell (p, task);
  element (p, "td", NULL, *fettle_report_text (task, "type") ? fettle_report_text (task, "type") : "–");
  raw (p, "<td>");
  state_badge (p, fettle_report_text (task, "state"));
  raw (p, "</td><td>");
  number (p, (json_int_t) json_array_size (json_object_get (task, "items")));
  raw (p, "</td></tr>\n");
}

static void
item_row (struct page *p, const json_t *item)
{
  const char *version = fettle_report_text (item, "version");

  raw (p, "<tr><td>");
  text (p, fettle_report_text (item, "kind"));
  raw (p, "</td><th scope=\"row\">");
  text (p, fettle_report_text (item, "name"));
  element (p, "small", NULL, fettle_report_text (item, "location"));
  raw (p, "</th><td class=\"v\">");
  text (p, *version ? version : "–");
  if (*fettle_report_text (item, "staged")) {
    raw (p, "<small>after a restart: ");
    text (p, fettle_report_text (item, "staged"));
    raw (p, "</small>");
  }
  raw (p, "</td></tr>\n");
}

static void
node_items (struct page *p, const json_t *task)
{
  static const char *const columns[] = { "Kind", "Item", "Version" };
  const json_t *items = json_object_get (task, "items"), *item;
  size_t i, n = json_array_size (items);

  if (!n)
    return;
  raw (p, "<details><summary>");
  text (p, fettle_report_text (task, "name"));
  raw (p, ", ");
  number (p, (json_int_t) n);
  raw (p, " items</summary>\n");
  fettle_html_table (&p->m, fettle_report_text (task, "name"), columns, COUNT (columns));
  json_array_foreach (items, i, item)
    if (p->items < ITEMS_MAX) {
      item_row (p, item);
      p->items++;
    }
  fettle_html_table_end (&p->m);
  if (p->items >= ITEMS_MAX)
    raw (p, "<p>There are more than this page can hold: the CSV and JSON reports have all.</p>");
  raw (p, "</details>\n");
}

static void
inventory_tables (struct page *p, const json_t *tasks)
{
  static const char *const columns[] = { "Node", "Type", "State", "Items" };
  const json_t *task;
  size_t i;

  raw (p, "<h2>Nodes</h2>\n");
  fettle_html_table (&p->m, "Nodes", columns, COUNT (columns));
  json_array_foreach (tasks, i, task)
    inventory_row (p, task);
  fettle_html_table_end (&p->m);
  raw (p, "<h2>What was found</h2>\n");
  json_array_foreach (tasks, i, task)
    node_items (p, task);
}

bool
fettle_report_html (const json_t *job, struct fettle_buf *ret)
{
  struct page page = { .m = { ret, false } }, *p = &page;
  const json_t *tasks = json_object_get (job, "tasks");

  head (p, job);
  verdict (p, job);
  signed_baselines (p, job);
  unsigned_baselines (p, job);
  if (json_array_size (tasks))
    summary (p, tasks);
  troubles (p, tasks);
  old_tls (p, tasks);
  if (fettle_report_is_inventory (job))
    inventory_tables (p, tasks);
  else if (strcmp (fettle_report_text (job, "kind"), "deployment") == 0)
    deployment_table (p, tasks);
  fettle_html_end (&p->m, strcmp (fettle_report_text (job, "kind"), "deployment") == 0
                            ? ". “Verified” means that a fresh inventory of the node found the new"
                              " version." : "");
  return !p->m.full;
}
