/* cli-read.c - the output of the command line's "show ..." commands.
 *
 * Sections begin with a line such as "Server Blade #3 Information:" or, for
 * interconnect bays, "3. Ethernet"; the lines in them are "Name: value".
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include <string.h>

#include "enclosure.h"

enum { LINE_SIZE = 300 };

struct reading {
  struct oa_enclosure *e;
  struct oa_thing *t; /* the section that we are in; NULL: none, or the enclosure's */
  int enclosure;
  int mp;             /* within the blade: its management processor's */
  int found;
};

static const struct {
  const char *begin;
  enum oa_kind kind;
} sections[] = {
  { "Onboard Administrator #", OA_MANAGER }, { "Server Blade #", OA_BLADE }, { "Fan #", OA_FAN },
  { "Power Supply #", OA_POWER },            { "LCD #", OA_LCD },
};

/* The bay's name at the beginning of the text. */
static void
enter (struct reading *r, enum oa_kind kind, const char *text)
{
  char bay[8] = "";
  size_t n = strspn (text, "0123456789AB");

  if (n < sizeof bay)
    memcpy (bay, text, n);
  bay[n < sizeof bay ? n : 0] = '\0';
  r->t = oa_thing_at (r->e, kind, bay);
  r->enclosure = r->mp = 0;
  r->found |= r->t != NULL;
}

/* "1. Ethernet", "2. <absent>", "3. Interconnect Module Type: Bay Subsumed" */
static int
enter_module (struct reading *r, const char *line)
{
  size_t n = strspn (line, "0123456789");

  if (n == 0 || n > 2 || line[n] != '.' || line[n + 1] != ' ')
    return 0;
  enter (r, OA_MODULE, line);
  if (!r->t)
    return 1;
  if (strstr (line, "absent") || strstr (line, "Subsumed"))
    OA_KNOW (r->t->name, strstr (line, "absent") ? "<absent>" : "Bay Subsumed");
  else
    OA_KNOW (r->t->fabric, line + n + 2);
  return 1;
}

static int
is_section (struct reading *r, const char *line)
{
  size_t i;

  for (i = 0; i < sizeof sections / sizeof sections[0]; i++)
    if (strncmp (line, sections[i].begin, strlen (sections[i].begin)) == 0) {
      enter (r, sections[i].kind, line + strlen (sections[i].begin));
      return 1;
    }
  if (strncmp (line, "Enclosure Information", 21) == 0) {
    r->t = NULL;
    r->enclosure = r->found = 1;
    return 1;
  }
  if (strncmp (line, "Management Processor Information", 32) == 0) {
    r->mp = 1;
    return 1;
  }
  return enter_module (r, line);
}

#define IS(name) (strcmp (key, name) == 0)

static void
take_enclosure (struct oa_enclosure *e, const char *key, const char *value)
{
  if (IS ("Enclosure Name"))
    OA_KNOW (e->name, value);
  else if (IS ("Enclosure Type"))
    OA_KNOW (e->model, value);
  else if (IS ("Part Number"))
    OA_KNOW (e->part, value);
  else if (IS ("Serial Number"))
    OA_KNOW (e->serial, value);
}

static void
take_role (struct oa_thing *t, const char *value)
{
  if (strncmp (value, "Active", 6) == 0)
    OA_KNOW (t->role, "ACTIVE");
  else if (strncmp (value, "Standby", 7) == 0)
    OA_KNOW (t->role, "STANDBY");
  else
    OA_KNOW (t->role, "OA_ABSENT");
}

/* A blade's section about its iLO. */
static void
take_mp (struct oa_thing *t, const char *key, const char *value)
{
  if (IS ("Type"))
    OA_KNOW (t->mp, value);
  else if (IS ("Name"))
    OA_KNOW (t->host, value);
  else if (IS ("Firmware Version"))
    OA_KNOW (t->firmware, value);
  else if (IS ("IP Address") || IS ("IPv4 Address"))
    oa_know_address (t->address, value);
  else if (IS ("Power Management Controller Version"))
    OA_KNOW (t->pic, value);
}

static void
take_thing (struct oa_thing *t, const char *key, const char *value)
{
  if (IS ("Product Name") || IS ("Server Blade Type"))
    OA_KNOW (t->name, value);
  else if (IS ("Part Number"))
    OA_KNOW (t->part, value);
  else if (IS ("Serial Number"))
    OA_KNOW (t->serial, value);
  else if (IS ("Server Name"))
    OA_KNOW (t->server, value);
  else if (IS ("ROM Version"))
    OA_KNOW (t->rom, value);
  else if (t->kind == OA_MANAGER && IS ("Role"))
    take_role (t, value);
  else if (t->kind == OA_MANAGER && IS ("Name"))
    OA_KNOW (t->host, value);
  else if (t->kind != OA_BLADE && (IS ("Firmware Version") || IS ("Firmware Ver.")))
    oa_know_word (t->firmware, sizeof t->firmware, value);
  else if (IS ("IP Address") || IS ("IPv4 Address") || IS ("Management IP Address")
           || IS ("In-Band IPv4 Address"))
    oa_know_address (t->address, value);
}

static void
take_line (struct reading *r, char *line)
{
  char *colon, *end;

  line += strspn (line, " \t");
  if (is_section (r, line))
    return;
  colon = strchr (line, ':');
  if (!colon)
    return;
  for (end = colon; end > line && (end[-1] == ' ' || end[-1] == '\t'); end--)
    ;
  *end = '\0';
  if (r->enclosure)
    take_enclosure (r->e, line, colon + 1 + strspn (colon + 1, " \t"));
  else if (r->t && r->t->kind == OA_BLADE && r->mp)
    take_mp (r->t, line, colon + 1 + strspn (colon + 1, " \t"));
  else if (r->t)
    take_thing (r->t, line, colon + 1 + strspn (colon + 1, " \t"));
}

int
oa_read_cli (const char *text, size_t size, struct oa_enclosure *e)
{
  struct reading r = { e, NULL, 0, 0, 0 };
  size_t at = 0;

  while (at < size) {
    const char *end = memchr (text + at, '\n', size - at);
    size_t n = (end ? (size_t) (end - text) : size) - at, used = n < LINE_SIZE - 1 ? n : LINE_SIZE - 1;
    char line[LINE_SIZE];

    memcpy (line, text + at, used);
    line[used] = '\0';
    take_line (&r, line);
    at += n + 1;
  }
  return r.found;
}
