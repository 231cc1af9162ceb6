/* What an Onboard Administrator says: xmldata, answers of SOAP and of uploads,
 * text of its command line.  Texts end and are one line, bays are bays, tokens
 * can be sent back, addresses are addresses.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include <arpa/inet.h>
#include <string.h>

#include "../../plugins/oa/oa.h"
#include "fuzz/fuzz.h"

/* libxml2 keeps its last error until the thread ends. */
const char *__lsan_default_suppressions (void);
const char *
__lsan_default_suppressions (void)
{
  return "leak:xmlGetGlobalState";
}

static void
line (const char *text, size_t size)
{
  MUST (memchr (text, '\0', size));
  for (; *text; text++)
    MUST ((unsigned char) *text >= ' ' && *text != 0x7f);
}

#define LINE(member) line (member, sizeof (member))

static void
thing (const struct oa_thing *t)
{
  unsigned char binary[4];

  LINE (t->name);
  LINE (t->firmware);
  LINE (t->part);
  LINE (t->serial);
  LINE (t->host);
  LINE (t->role);
  LINE (t->mp);
  LINE (t->rom);
  LINE (t->pic);
  LINE (t->fabric);
  LINE (t->address);
  LINE (t->bay);
  MUST (t->bay[0] >= '0' && t->bay[0] <= '9' && strlen (t->bay) < 5);
  MUST (strlen (t->address) < sizeof t->address);
  if (t->address[0] && !strchr (t->address, ':'))
    MUST (inet_pton (AF_INET, t->address, binary) == 1);
}

static void
look (int (*read) (const char *, size_t, struct oa_enclosure *), const char *text, size_t size)
{
  static struct oa_enclosure e;
  size_t i, k;

  memset (&e, 0, sizeof e);
  read (text, size, &e);
  LINE (e.name);
  LINE (e.model);
  LINE (e.serial);
  MUST (e.n <= OA_THINGS_MAX);
  for (i = 0; i < e.n; i++) {
    thing (&e.things[i]);
    for (k = 0; k < i; k++)
      MUST (e.things[i].kind != e.things[k].kind || strcmp (e.things[i].bay, e.things[k].bay) != 0);
  }
  oa_enclosure_tidy (&e);
  oa_is_standby (&e);
}

int
LLVMFuzzerTestOneInput (const uint8_t *data, size_t size)
{
  const char *text = (const char *) data;
  struct oa_events events;
  struct oa_upload upload;
  struct oa_fault fault;
  char key[80], word[64];

  look (oa_read_xmldata, text, size);
  look (oa_read_soap, text, size);
  look (oa_read_cli, text, size);
  oa_read_fault (text, size, &fault);
  LINE (fault.text);
  LINE (fault.operation);
  if (oa_read_key (text, size, key))
    MUST (key[0] && !strpbrk (key, "<>&\"' \r\n") && strlen (key) < sizeof key);
  if (oa_read_upload (text, size, &upload))
    MUST (upload.token[0] && !strpbrk (upload.token, "<>&\"' \r\n") && !upload.code);
  LINE (upload.text);
  LINE (upload.crc32);
  memset (&events, 0, sizeof events);
  oa_read_events (text, size, &events);
  LINE (events.name);
  MUST (events.percent <= 100);
  oa_read_number (text, size, "pid");
  memset (word, 0, sizeof word);
  memcpy (word, data, size < sizeof word - 1 ? size : sizeof word - 1);
  MUST (oa_version (word) <= 99999);
  return 0;
}
