/* test.c - netio.c with the test host: test RECORDING.
 *
 * SPDX-License-Identifier: Apache-2.0 OR BSD-2-Clause
 */
#include <stdio.h>
#include <string.h>

#include <fettle/testhost.h>

extern const struct fettle_plugin *netio_LTX_fettle_plugin_1 (void);

static char found[4096];

static void
see (void *opaque, const struct fettle_item *item)
{
  size_t n = strlen (found);

  (void) opaque;
  snprintf (found + n, sizeof found - n, "%s %s %s\n", item->id, item->name, item->version);
}

static int
expect (const char *what, const char *got, const char *wanted)
{
  if (strcmp (got, wanted) == 0)
    return 0;
  fprintf (stderr, "%s: got\n%s\nwanted\n%s\n", what, got, wanted);
  return 1;
}

/* As it was recorded. */
static int
replay (const struct fettle_node_type *type, const struct fettle_recording *recording)
{
  struct fettle_testhost_seen seen = { 0 };
  const struct fettle_testhost_plan plan = { .answer = "", .recording = recording, .item = see };

  fettle_testhost_call (type, FETTLE_TEST_INVENTORY, &plan, &seen);
  return expect ("what it must not do", seen.wrong, "")
         + expect ("its items", found, "firmware PowerPDU 4C firmware 3.4.0\noutput-1 rack fan \noutput-2 switch \n");
}

/* Each call of the host fails in turn: it says so, and comes to an end. */
static int
trouble (const struct fettle_node_type *type, const struct fettle_recording *recording)
{
  struct fettle_testhost_plan plan = { .answer = "", .recording = recording };
  int wrong = 0;

  for (plan.fail_at = 1; plan.fail_at <= 4; plan.fail_at++) {
    struct fettle_testhost_seen seen = { 0 };

    fettle_testhost_call (type, FETTLE_TEST_INVENTORY, &plan, &seen);
    wrong += expect ("what it must not do", seen.wrong, "") + (seen.result != FETTLE_E_UNREACHABLE);
  }
  return wrong;
}

/* What it says to an answer that isn't one. */
static int
nonsense (const struct fettle_node_type *type)
{
  struct fettle_testhost_seen seen = { 0 };
  const struct fettle_testhost_plan plan = { .answer = "[1]", .answer_size = 3, .http_status = 200 };

  fettle_testhost_call (type, FETTLE_TEST_INVENTORY, &plan, &seen);
  return expect ("why it fails", seen.text, "/netio.json isn't an object of JSON with an Agent");
}

int
main (int argc, char **argv)
{
  const struct fettle_node_type *type = netio_LTX_fettle_plugin_1 ()->node_types;
  const char *why = "RECORDING isn't given";
  struct fettle_recording *recording = argc == 2 ? fettle_recording_read (argv[1], &why) : NULL;
  int wrong;

  if (!recording) {
    fprintf (stderr, "%s\n", why);
    return 2;
  }
  wrong = replay (type, recording) + trouble (type, recording) + nonsense (type);
  fettle_recording_free (recording);
  return wrong != 0;
}
