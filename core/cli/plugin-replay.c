/* plugin-replay.c - fettle plugin check --recording: the node says what it said
 * when it was recorded; then each call of the host fails in turn, then what it
 * says is garbled.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "util/base.h"

#include <fettle/testhost.h>

#include "cli/plugin-check.h"
#include "plugin/quirks.h"

enum {
  MAX_FAILING = 200, /* calls that are made to fail in turn */
  GARBLED = 60,      /* runs with garbled answers */
};

static const char *
find_quirk (void *opaque, const char *model, const char *key)
{
  return fettle_quirks_find (opaque, model, key);
}

static const struct fettle_node_type *
find_type (const struct fettle_plugin_info *plugin, const char *name)
{
  for (uint32_t i = 0; i < plugin->descriptor.n_node_types; i++)
    if (strcmp (plugin->node_types[i].name, name) == 0)
      return &plugin->node_types[i];
  return NULL;
}

struct replay {
  struct fettle_checker *checker;
  const struct fettle_node_type *type;
  int operation;
  struct fettle_testhost_plan plan;
  struct fettle_testhost_seen *seen;
  char wrong[512], what[160];
};

static bool
call (struct replay *r)
{
  *r->wrong = '\0';
  return fettle_check_call (r->checker, r->type, r->operation, &r->plan, r->seen, r->wrong, sizeof r->wrong);
}

static void
tell (struct replay *r, const char *what)
{
  char text[300];

  snprintf (text, sizeof text, "%s %s", r->what, what);
  fettle_check_tell (r->checker, text, "%s", r->wrong);
}

/* As it was: it ends well, and asks nothing that wasn't asked then. */
static bool
as_it_was (struct replay *r)
{
  char what[64];

  if (call (r) && r->seen->missing)
    snprintf (r->wrong, sizeof r->wrong, "%u questions have no answer in the recording; %s", r->seen->missing,
              r->seen->text);
  else if (!*r->wrong && r->seen->result < 0)
    snprintf (r->wrong, sizeof r->wrong, "it fails (%s): %s", fettle_result_name (r->seen->result), r->seen->text);
  snprintf (what, sizeof what, "as it was recorded: %u items", r->seen->items);
  tell (r, what);
  return !*r->wrong;
}

static void
with_trouble (struct replay *r)
{
  uint32_t n = r->seen->calls;
  char where[64];

  for (r->plan.fail_at = 1; r->plan.fail_at <= n && r->plan.fail_at <= MAX_FAILING; r->plan.fail_at++)
    if (!call (r))
      break;
  tell (r, "when each call of the host fails in turn");
  r->plan.fail_at = 0;
  for (r->plan.garble = 1; r->plan.garble <= GARBLED; r->plan.garble++)
    if (!call (r))
      break;
  snprintf (where, sizeof where, "when the answers are garbled in %u ways",
            r->plan.garble < GARBLED ? r->plan.garble : (unsigned) GARBLED);
  tell (r, where);
}

static void
check_section (struct fettle_checker *k, const struct fettle_plugin_info *plugin,
               const struct fettle_recording *recording, size_t section)
{
  const char *type = fettle_recording_type (recording, section);
  struct replay r = {
    .checker = k, .type = find_type (plugin, type), .operation = (int) fettle_recording_operation (recording, section),
    .plan = { .answer = "", .quirk = find_quirk, .opaque = k->quirks, .recording = recording, .section = section,
              .token = fettle_recording_token (recording, section) },
  };

  snprintf (r.what, sizeof r.what, "call %zu of the recording, %.40s of %.40s,", section + 1,
            r.operation < FETTLE_TEST_OPERATIONS ? fettle_testhost_name (r.operation) : "nothing known", type);
  if (!r.type || r.operation == FETTLE_TEST_OPERATIONS || !fettle_testhost_has (r.type, r.operation)) {
    snprintf (r.wrong, sizeof r.wrong, "this plugin can't do that");
    tell (&r, "can be played back");
    return;
  }
  r.seen = fettle_check_seen_new ();
  if (as_it_was (&r))
    with_trouble (&r);
  fettle_check_seen_free (r.seen);
}

void
fettle_check_recording (struct fettle_checker *k, const struct fettle_plugin_info *plugin)
{
  const char *why;
  struct fettle_recording *recording = fettle_recording_read (k->recording, &why);

  fettle_check_tell (k, "the recording can be read", "%s", recording ? "" : why);
  for (size_t i = 0; recording && i < fettle_recording_sections (recording); i++)
    check_section (k, plugin, recording, i);
  fettle_recording_free (recording);
}
