/* states.c - a task's states: the table, and the manual's and the API's copies
 * of it.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "util/base.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>

#include <cmocka.h>

#include "model/states.h"

static void
test_ways (void **state)
{
  (void) state;
  assert_true (fettle_task_may ("pending", "installing"));
  assert_true (fettle_task_may ("installing", "verifying"));
  assert_true (fettle_task_may ("verifying", "verifying"));
  assert_false (fettle_task_may ("pending", "verifying"));
  assert_false (fettle_task_may ("done", "failed"));
  assert_false (fettle_task_may ("failed", "pending"));
  assert_false (fettle_task_may ("installing", "pending"));
}

static char *
read_all (const char *name)
{
  static char text[400000];
  const char *srcdir = getenv ("srcdir");
  char path[4096];
  size_t n;
  FILE *f;

  snprintf (path, sizeof path, "%s/../docs/%s", srcdir ? srcdir : ".", name);
  f = fopen (path, "r");
  if (!f)
    fail_msg ("%s can't be read", path);
  n = fread (text, 1, sizeof text - 1, f);
  fclose (f);
  text[n] = '\0';
  return text;
}

/* The table as documents have it: "state  next, next", each line indented so. */
static void
as_table (const char *indent, char *ret, size_t size)
{
  size_t used = 0;

  for (size_t i = 0; i < fettle_n_task_states; i++) {
    used += (size_t) snprintf (ret + used, size - used, "%s%-16s", indent,
                               fettle_task_states[i].state);
    for (const char *c = fettle_task_states[i].next; *c; c++)
      used += (size_t) snprintf (ret + used, size - used, "%.*s%s", *c != ' ', c, *c == ' ' ? ", " : "");
    used += (size_t) snprintf (ret + used, size - used, "\n");
  }
}

static void
test_documents (void **state)
{
  char table[2000];

  (void) state;
  as_table ("", table, sizeof table);
  if (!strstr (read_all ("fettle.1"), table))
    fail_msg ("fettle(1) has another table than:\n%s", table);
  as_table ("    ", table, sizeof table);
  if (!strstr (read_all ("api.md"), table))
    fail_msg ("api.md has another table than:\n%s", table);
}

int
main (void)
{
  const struct CMUnitTest tests[] = {
    cmocka_unit_test (test_ways),
    cmocka_unit_test (test_documents),
  };

  return cmocka_run_group_tests (tests, NULL, NULL);
}
