/* fc-text.c - see fc.h.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include <string.h>

#include "fc.h"

static size_t
line_length (const char *p)
{
  return strcspn (p, "\r\n");
}

static const char *
next_line (const char *p)
{
  p += line_length (p);
  return p + strspn (p, "\r\n");
}

static void
copy (const char *p, size_t n, char *ret, size_t size)
{
  size_t used = 0;

  for (; n && !(*p > ' ' && *p < 0x7f); p++)
    n--;
  for (; n && used + 1 < size; p++, n--)
    ret[used++] = *p >= ' ' && *p < 0x7f ? *p : ' ';
  while (used && ret[used - 1] == ' ')
    used--;
  ret[used] = '\0';
}

int
fc_value (const char *text, const char *name, char *ret, size_t size)
{
  size_t n = strlen (name);
  const char *p;

  ret[0] = '\0';
  for (p = text; *p; p = next_line (p)) {
    const char *at = p + strspn (p, " \t");
    size_t length = line_length (p), before = (size_t) (at - p), i = 0, k = 0;

    /* Spaces before the colon don't count. */
    while (before + i < length && k < n) {
      if (name[k] == ':' && (at[i] == ' ' || at[i] == '\t')) {
        i++;
        continue;
      }
      if (at[i] != name[k])
        break;
      i++;
      k++;
    }
    if (k < n)
      continue;
    copy (at + i, length - before - i, ret, size);
    return 1;
  }
  return 0;
}

int
fc_same_version (const char *a, const char *b)
{
  return strcmp (a + (*a == 'v'), b + (*b == 'v')) == 0;
}

/* ---- firmwareshow ---- */

static int
is_digit (char c)
{
  return c >= '0' && c <= '9';
}

/* "v7.4.1d" and the like in a line: where it begins, NULL if nowhere. */
static const char *
find_version (const char *line, size_t length)
{
  size_t i;

  for (i = 0; i + 4 < length; i++)
    if (line[i] == 'v' && is_digit (line[i + 1]) && (i == 0 || line[i - 1] == ' ' || line[i - 1] == '\t'
                                                      || line[i - 1] == ':'))
      return line + i;
  return NULL;
}

static int
has (const char *line, size_t length, const char *word)
{
  size_t n = strlen (word), i;

  for (i = 0; i + n <= length; i++)
    if (memcmp (line + i, word, n) == 0)
      return 1;
  return 0;
}

static void
take_version (const char *at, const char *line, size_t length, char *ret, size_t size)
{
  size_t left = length - (size_t) (at - line), n = strcspn (at, " \t\r\n");

  copy (at, n < left ? n : left, ret, size);
}

/* "6  CP0   FOS  v7.0.0   STANDBY": its name, and whether it is the active one. */
static void
take_name (const char *line, size_t length, struct fc_part *part)
{
  size_t i;

  for (i = 0; i + 2 < length && part->name[0] == '\0'; i++)
    if (line[i] == 'C' && line[i + 1] == 'P' && is_digit (line[i + 2]))
      copy (line + i, strcspn (line + i, " \t\r\n"), part->name, sizeof part->name);
  part->active = has (line, length, "ACTIVE");
}

unsigned
fc_firmware (const char *text, struct fc_part ret[FC_PARTS_MAX])
{
  unsigned n = 0;
  const char *p;

  memset (ret, 0, FC_PARTS_MAX * sizeof *ret);
  for (p = text; *p; p = next_line (p)) {
    size_t length = line_length (p);
    const char *version = find_version (p, length);
    int second = has (p, length, "econdary ") && n;
    int first = has (p, length, "FOS") || (has (p, length, "rimary ") && !has (p, length, "Versions"));

    if (!version || has (p, length, "Fabric OS"))
      continue;
    if (first && n < FC_PARTS_MAX) {
      take_name (p, length, &ret[n]);
      take_version (version, p, length, ret[n].first, sizeof ret[n].first);
      n++;
    }
    else if (n && !ret[n - 1].second[0] && (second || p + strspn (p, " \t") == version))
      take_version (version, p, length, ret[n - 1].second, sizeof ret[n - 1].second);
  }
  if (n == 1)
    ret[0].active = 1;
  return n;
}

/* ---- firmwaredownload ---- */

static const struct {
  enum fc_state state;
  fettle_result result;
  const char *words, *advice;
} known[] = {
  { FC_DONE,    FETTLE_OK,         "has completed successfully", "" },
  { FC_FAILED,  FETTLE_E_REJECTED, "server is inaccessible", "the switch can't reach the server, or there is no"
                                   " release.plist in that folder: look at the settings firmware_source and whether"
                                   " the switch's way there is open" },
  { FC_FAILED,  FETTLE_E_REJECTED, "firmware path is invalid", "there is no release.plist in that folder" },
  { FC_FAILED,  FETTLE_E_REJECTED, "Cannot download the same firmware", "it has this version already" },
  { FC_FAILED,  FETTLE_E_BUSY,     "another session is running", "somebody else is updating it" },
  { FC_FAILED,  FETTLE_E_BUSY,     "Max remote sessions", "too many are logged in at the switch" },
  { FC_FAILED,  FETTLE_E_REJECTED, "Cannot upgrade directly", "it goes there by steps: add the releases between to a"
                                   " baseline and update to them first" },
  { FC_FAILED,  FETTLE_E_REJECTED, "owngrade is not allowed", "its configuration keeps it from an older version" },
  { FC_FAILED,  FETTLE_E_REJECTED, "re-install script failed", "what the switch has against it, it says above" },
  { FC_FAILED,  FETTLE_E_REJECTED, "reinstall script failed", "what the switch has against it, it says above" },
  { FC_FAILED,  FETTLE_E_REJECTED, "faulty state", "a blade or a port of it is faulty: mend that first" },
  { FC_FAILED,  FETTLE_E_REJECTED, "EULA", "read the maker's licence, and set the switch's setting accept_eula to yes" },
  { FC_FAILED,  FETTLE_E_AUTH,     "ermission denied", "the user of the switch may not update it" },
  { FC_FAILED,  FETTLE_E_AUTH,     "RBAC permission", "the user of the switch may not update it" },
  { FC_FAILED,  FETTLE_E_REJECTED, "irmware download failed", "" },
  { FC_FAILED,  FETTLE_E_REJECTED, "irmwaredownload failed", "" },
  { FC_FAILED,  FETTLE_E_REJECTED, "irmwaredownload has failed", "" },
  { FC_FAILED,  FETTLE_E_REJECTED, "ailed to download", "" },
  { FC_RUNNING, FETTLE_OK,         "is being downloaded", "" },
  { FC_RUNNING, FETTLE_OK,         "has been downloaded", "" },
  { FC_RUNNING, FETTLE_OK,         "has started", "" },
  { FC_RUNNING, FETTLE_OK,         "is being committed", "" },
  { FC_RUNNING, FETTLE_OK,         "commit has started", "" },
  { FC_RUNNING, FETTLE_OK,         "reboot", "" },
};

enum fc_state
fc_download (const char *text, char *words, size_t size)
{
  enum fc_state state = FC_NOTHING;
  const char *p;
  size_t i;

  words[0] = '\0';
  for (p = text; *p; p = next_line (p)) {
    size_t length = line_length (p);

    for (i = 0; i < FETTLE_COUNT (known) && !has (p, length, known[i].words); i++)
      ;
    /* A failure is the last word of an attempt, but for another attempt's. */
    if (i == FETTLE_COUNT (known) || (state == FC_FAILED && known[i].state == FC_RUNNING && !has (p, length, "started")))
      continue;
    /* What explains a failure is better than that it is one. */
    if (state == FC_FAILED && known[i].state == FC_FAILED && !*known[i].advice)
      continue;
    state = known[i].state;
    copy (p, length, words, size);
    if (!has (words, strlen (words), known[i].words)) /* behind more than there is room for */
      copy (known[i].words, strlen (known[i].words), words, size);
  }
  return state;
}

const char *
fc_explain (const char *words, fettle_result *ret)
{
  size_t i;

  for (i = 0; i < FETTLE_COUNT (known); i++)
    if (known[i].state == FC_FAILED && strstr (words, known[i].words)) {
      *ret = known[i].result;
      return known[i].advice;
    }
  *ret = FETTLE_E_REJECTED;
  return "";
}
