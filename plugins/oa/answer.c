/* answer.c - what an OA answers to requests, without any I/O: faults, tokens,
 * events, and what its error numbers mean.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "oa.h"

enum { STEP = 350, STEP_FROM = 450 };

/* ---- error numbers ---- */

static const struct {
  unsigned code;
  fettle_result result;
  const char *sentence;
} errors[] = {
  { 8,   FETTLE_E_AUTH,        "the user's rights don't suffice: it must be an administrator of the OA bays" },
  { 74,  FETTLE_E_REJECTED,    "the OA couldn't download the image" },
  { 92,  FETTLE_E_CONFIG,      "the OA says that the URL is no good one" },
  { 93,  FETTLE_E_REJECTED,    "the OA couldn't update itself with this image: is the file whole, and for this OA?" },
  { 137, FETTLE_E_BUSY,        "all sessions of the OA are in use: end some, or wait until they expire" },
  { 139, FETTLE_E_CONFIG,      "this is the standby OA, which refuses this: talk to the active one" },
  { 150, FETTLE_E_AUTH,        "the OA refused the user or the password" },
  { 162, FETTLE_E_UNSUPPORTED, "the OA doesn't know this protocol" },
  { 216, FETTLE_E_BUSY,        "a firmware update is running, during which the OA lets nobody in" },
  { 222, FETTLE_E_REJECTED,    "the two OAs are of different hardware: each must be updated alone" },
  { 223, FETTLE_E_BUSY,        "the OA doesn't know the other OA well enough yet: see that both are healthy" },
  { 225, FETTLE_E_REJECTED,    "the OA has this version already" },
  { 268, FETTLE_E_BUSY,        "another iLO image is staged on the OA: it goes away within five minutes" },
  { 269, FETTLE_E_REJECTED,    "this is no iLO image" },
  { 270, FETTLE_E_REJECTED,    "the image came through damaged: its CRC isn't that of the file" },
  { 292, FETTLE_E_REJECTED,    "the image is older than what is there: a downgrade must be asked for (--downgrade)" },
  { 293, FETTLE_E_REJECTED,    "this is no image of an Onboard Administrator" },
  { 381, FETTLE_E_REJECTED,    "the OA couldn't download the iLO image" },
  { 386, FETTLE_E_REJECTED,    "the download came to no end" },
  { 387, FETTLE_E_REJECTED,    "the OA can't reach the server of the download" },
  { 388, FETTLE_E_REJECTED,    "the server has no such file" },
  { 418, FETTLE_E_REJECTED,    "in FIPS mode the OA doesn't go back to an older version" },
  { 499, FETTLE_E_REJECTED,    "Virtual Connect in this enclosure needs a newer version of the OA than this one" },
  { 546, FETTLE_E_BUSY,        "the blade is busy" },
};

fettle_result
oa_explain (unsigned code, const char **ret_sentence)
{
  size_t i;

  for (i = 0; i < FETTLE_COUNT (errors); i++)
    if (errors[i].code == code) {
      *ret_sentence = errors[i].sentence;
      return errors[i].result;
    }
  *ret_sentence = NULL;
  return FETTLE_E_REJECTED;
}

/* ---- versions ---- */

unsigned
oa_version (const char *text)
{
  unsigned major, minor;
  char after;
  int n = sscanf (text, "%3u.%2u%c", &major, &minor, &after);

  if (n < 2 || (n == 3 && after >= '0' && after <= '9'))
    return 0;
  return major * 100 + minor;
}

const char *
oa_needs_step (unsigned from, unsigned to)
{
  return from && from < STEP && to > STEP_FROM ? "3.50" : NULL;
}

/* ---- SOAP ---- */

static unsigned
number (const xmlNode *n, const char *path)
{
  char text[24];

  fettle_xml_text (n, path, text, sizeof text);
  return (unsigned) strtoul (text, NULL, 10);
}

int
oa_read_fault (const char *text, size_t size, struct oa_fault *ret)
{
  xmlDoc *doc = fettle_xml_read (text, size, FETTLE_XML_RECOVER);
  xmlNode *root = fettle_xml_root (doc), *fault = fettle_xml_find (root, "Fault");
  xmlNode *info = fault ? fettle_xml_find (fault, "faultInfo") : NULL;

  memset (ret, 0, sizeof *ret);
  if (fault) {
    ret->code = number (info, "errorCode");
    if (!ret->code)
      ret->code = number (info, "internalErrorCode");
    fettle_xml_text (info, "errorText", ret->text, sizeof ret->text);
    fettle_xml_text (info, "operationName", ret->operation, sizeof ret->operation);
    if (!ret->text[0])
      fettle_xml_text (fault, "Reason/Text", ret->text, sizeof ret->text);
    if (!ret->text[0])
      fettle_xml_text (fault, "faultstring", ret->text, sizeof ret->text);
  }
  xmlFreeDoc (doc);
  return fault != NULL;
}

/* It is put into XML, a header and a form: of these alone. */
static int
is_token (const char *text)
{
  size_t n = strspn (text, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789._/:+=-");

  return n > 0 && text[n] == '\0';
}

int
oa_read_key (const char *text, size_t size, char ret[80])
{
  xmlDoc *doc = fettle_xml_read (text, size, FETTLE_XML_RECOVER);

  fettle_xml_text (fettle_xml_find (fettle_xml_root (doc), "oaSessionKey"), NULL, ret, 80);
  xmlFreeDoc (doc);
  if (is_token (ret) && strlen (ret) < 79)
    return 1;
  ret[0] = '\0';
  return 0;
}

unsigned
oa_read_number (const char *text, size_t size, const char *name)
{
  xmlDoc *doc = fettle_xml_read (text, size, FETTLE_XML_RECOVER);
  unsigned value = number (fettle_xml_find (fettle_xml_root (doc), name), NULL);

  xmlFreeDoc (doc);
  return value;
}

/* ---- uploads: XML, or a page whose hidden fields have the same names ---- */

static void
read_field (xmlNode *root, const char *name, char *ret, size_t size)
{
  xmlNode *n = fettle_xml_find (root, name), *at = root;
  char id[32];

  fettle_xml_text (n, NULL, ret, size);
  while (!ret[0] && at) {
    fettle_xml_attribute (at, "id", id, sizeof id);
    if (strcmp (id, name) == 0)
      fettle_xml_attribute (at, "value", ret, size);
    /* the next element in the document's order */
    if (fettle_xml_child (at, NULL))
      at = fettle_xml_child (at, NULL);
    else {
      while (at && at != root && !fettle_xml_next (at, NULL))
        at = at->parent;
      at = at && at != root ? fettle_xml_next (at, NULL) : NULL;
    }
  }
}

int
oa_read_upload (const char *text, size_t size, struct oa_upload *ret)
{
  xmlDoc *doc = fettle_xml_read (text, size, FETTLE_XML_RECOVER);
  xmlNode *root = fettle_xml_root (doc);
  char code[24];

  memset (ret, 0, sizeof *ret);
  if (root) {
    read_field (root, "oaFileToken", ret->token, sizeof ret->token);
    read_field (root, "crc32", ret->crc32, sizeof ret->crc32);
    read_field (root, "errorCode", code, sizeof code);
    if (!code[0])
      read_field (root, "internalErrorCode", code, sizeof code);
    ret->code = (unsigned) strtoul (code, NULL, 10);
    read_field (root, "errorText", ret->text, sizeof ret->text);
  }
  xmlFreeDoc (doc);
  if (!is_token (ret->token) || (ret->crc32[0] && !is_token (ret->crc32)))
    ret->token[0] = ret->crc32[0] = '\0';
  return ret->token[0] && !ret->code;
}

/* ---- events ---- */

static void
take_event (const xmlNode *n, struct oa_events *e)
{
  char name[48];

  fettle_xml_text (n, "event", name, sizeof name);
  if (strncmp (name, "EVENT_FLASH", 11) != 0 && strncmp (name, "EVENT_STANDBY_FLASH", 19) != 0)
    return;
  memcpy (e->name, name, sizeof e->name);
  e->percent = number (n, "numValue");
  if (e->percent > 100)
    e->percent = 100;
  e->standby_failed |= strcmp (name, "EVENT_STANDBY_FLASH_FAILED") == 0;
  e->standby_done |= strcmp (name, "EVENT_STANDBY_FLASH_BOOTED") == 0
                     || strcmp (name, "EVENT_STANDBY_FLASH_COMPLETE") == 0;
  e->sync_failed |= strcmp (name, "EVENT_FLASHSYNC_FAILED") == 0
                    || strcmp (name, "EVENT_FLASHSYNC_STANDBY_FAILED") == 0;
  e->flash_done |= strcmp (name, "EVENT_FLASH_COMPLETE") == 0;
  e->pending |= strcmp (name, "EVENT_FLASH_PENDING") == 0;
}

void
oa_read_events (const char *text, size_t size, struct oa_events *ret)
{
  xmlDoc *doc = fettle_xml_read (text, size, FETTLE_XML_RECOVER);
  xmlNode *n = fettle_xml_find (fettle_xml_root (doc), "eventInfo");

  ret->name[0] = '\0';
  ret->percent = 0;
  for (; n; n = fettle_xml_next (n, "eventInfo"))
    take_event (n, ret);
  xmlFreeDoc (doc);
}
