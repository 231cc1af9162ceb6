/* vc-text.c - see vc.h.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include <string.h>

#include "fc.h"
#include "vc.h"

/* Records of "Key : value" lines with a line of dashes between. */
static const char *
next_record (const char *p)
{
  for (;;) {
    size_t n = strcspn (p, "\r\n"), dashes = strspn (p, "-=");

    if (!p[n])
      return p + n;
    if (n > 3 && dashes == n)
      return p + n + strspn (p + n, "\r\n");
    p += n + strspn (p + n, "\r\n");
  }
}

static int
is_empty (const char *value)
{
  return !*value || strcmp (value, "-- --") == 0 || strcmp (value, "<Unassigned>") == 0 || strcmp (value, "<unknown>") == 0;
}

static void
take (const char *record, const char *name, char *ret, size_t size)
{
  if (!fc_value (record, name, ret, size) || is_empty (ret))
    ret[0] = '\0';
}

/* One record, as a text of its own. */
static int
take_record (const char *begin, size_t n, char *ret, size_t size)
{
  if (n >= size)
    n = size - 1;
  memcpy (ret, begin, n);
  ret[n] = '\0';
  return n > 0;
}

unsigned
vc_modules (const char *text, struct vc_module ret[VC_MODULES_MAX])
{
  static char record[8192];
  unsigned n = 0;
  const char *p = text;

  while (*p && n < VC_MODULES_MAX) {
    const char *end = next_record (p);
    struct vc_module *m = &ret[n];

    memset (m, 0, sizeof *m);
    take_record (p, (size_t) (end - p), record, sizeof record);
    take (record, "ID:", m->id, sizeof m->id);
    take (record, "Type:", m->type, sizeof m->type);
    take (record, "Status:", m->status, sizeof m->status);
    take (record, "Firmware Version:", m->version, sizeof m->version);
    m->version[strcspn (m->version, " ")] = '\0'; /* what follows is a date */
    take (record, "Product Name:", m->product, sizeof m->product);
    take (record, "Serial Number:", m->serial, sizeof m->serial);
    take (record, "IP Address:", m->address, sizeof m->address);
    take (record, "Role:", m->role, sizeof m->role);
    n += m->id[0] != '\0';
    p = end;
  }
  return n;
}

void
vc_domain (const char *text, char *ret, size_t size)
{
  take (text, "Domain Name:", ret, size);
  if (!*ret)
    take (text, "Name:", ret, size);
}

int
vc_version (const char *text, char *ret, size_t size)
{
  const char *at = strstr (text, "Management CLI");

  ret[0] = '\0';
  if (!at)
    return 0;
  at += strlen ("Management CLI");
  at += strspn (at, " v");
  if (size > strcspn (at, " \r\n")) {
    memcpy (ret, at, strcspn (at, " \r\n"));
    ret[strcspn (at, " \r\n")] = '\0';
  }
  return 1;
}

/* "...the primary is at 10.0.0.5..." of a module that isn't: an address in a
 * line that speaks of the primary. */
int
vc_primary (const char *text, char *ret, size_t size)
{
  const char *p;

  ret[0] = '\0';
  for (p = text; *p; p += strcspn (p, "\n"), p += *p == '\n') {
    size_t n = strcspn (p, "\n"), i;

    for (i = 0; i + 7 < n && strncmp (p + i, "rimary", 6) != 0; i++)
      ;
    if (i + 7 >= n)
      continue;
    for (i = 0; i < n; i++) {
      size_t length = strspn (p + i, "0123456789."), dots = 0, k;

      for (k = 0; k < length; k++)
        dots += p[i + k] == '.';
      while (length && p[i + length - 1] == '.') {
        length--;
        dots--;
      }
      if (dots == 3 && length >= 7 && length < size && length < 16) {
        memcpy (ret, p + i, length);
        ret[length] = '\0';
        return 1;
      }
      i += length;
    }
  }
  return 0;
}
