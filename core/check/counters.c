/* counters.c - see counters.h.  SPDX-License-Identifier: Apache-2.0 */
#include "util/base.h"

#include "check/counters.h"
#include "util/text.h"

#define LINE_SIZE 8192

/* The n-th word of a line, without its blanks; false behind the last. */
static bool
word (const char **rest, char *ret, size_t size)
{
  const char *p = *rest + strspn (*rest, " \n");
  size_t n = strcspn (p, " \n");

  if (!n)
    return false;
  snprintf (ret, size, "%.*s", (int) n, p);
  *rest = p + n;
  return true;
}

/* Lines come in pairs: names, then values. */
static uint64_t
find (const char *names, const char *values, const char *wanted)
{
  char name[64], value[64];
  uint64_t number;

  while (word (&names, name, sizeof name) && word (&values, value, sizeof value))
    if (strcmp (name, wanted) == 0 && fettle_parse_uint (value, 0, UINT64_MAX, &number))
      return number;
  return 0;
}

static uint64_t
counter (const char *path, const char *group, const char *name)
{
  _cleanup_fclose_ FILE *f = fopen (path, "re");
  char names[LINE_SIZE], values[LINE_SIZE];

  while (f && fgets (names, sizeof names, f) && fgets (values, sizeof values, f))
    if (strncmp (names, group, strlen (group)) == 0)
      return find (names, values, name);
  return 0;
}

void
fettle_counters_read (struct fettle_counters *ret)
{
  ret->reverse_path = counter ("/proc/net/netstat", "TcpExt:", "IPReversePathFilter");
  ret->unsent = counter ("/proc/net/netstat", "TcpExt:", "TCPRetransFail");
}
