/* smbios.c - see smbios.h.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "smbios.h"

#include <stdio.h>
#include <string.h>

enum {
  HEAD = 8,          /* of the value: calling method, version, revision, length */
  STRUCTURES = 4096, /* at most */
  TYPE_BIOS = 0, TYPE_SYSTEM = 1, TYPE_BOARD = 2, TYPE_CHASSIS = 3, TYPE_PROCESSOR = 4, TYPE_SLOT = 9,
  TYPE_MEMORY = 17, TYPE_END = 127
};

struct structure {
  const unsigned char *data;    /* the formatted part */
  size_t size;
  const unsigned char *strings; /* behind it, up to `end` */
  const unsigned char *end;
};

static unsigned
u8 (const struct structure *s, size_t at)
{
  return at < s->size ? s->data[at] : 0;
}

static unsigned
u16 (const struct structure *s, size_t at)
{
  return u8 (s, at) | u8 (s, at + 1) << 8;
}

/* What makers leave in when they have nothing to say. */
static int
is_filler (const char *text)
{
  static const char *const fillers[] = {
    "To Be Filled By O.E.M.", "To be filled by O.E.M.", "Default string", "Not Specified", "System Serial Number",
    "System Product Name", "System manufacturer", "None", "N/A", "Unknown", "NO DIMM", "0123456789", "xxxxxxxx",
  };

  for (size_t i = 0; i < sizeof fillers / sizeof fillers[0]; i++)
    if (strcmp (text, fillers[i]) == 0)
      return 1;
  return 0;
}

/* Of its strings, the one whose number is at this place.  They are ASCII;
 * anything else is '?'. */
static void
text (const struct structure *s, size_t at, char to[SMBIOS_TEXT])
{
  const unsigned char *p = s->strings;
  unsigned number = u8 (s, at);
  size_t n = 0;

  to[0] = '\0';
  if (number == 0)
    return;
  for (; number > 1 && p < s->end && *p; number--) {
    while (p < s->end && *p)
      p++;
    p++;
  }
  if (p >= s->end)
    return;
  while (p < s->end && *p == ' ')
    p++;
  for (; p < s->end && *p && n < SMBIOS_TEXT - 1; p++)
    to[n++] = *p >= 0x20 && *p < 0x7f ? (char) *p : '?';
  while (n > 0 && to[n - 1] == ' ')
    n--;
  to[n] = '\0';
  if (is_filler (to))
    to[0] = '\0';
}

static void
read_bios (const struct structure *s, struct smbios *b)
{
  text (s, 4, b->bios_vendor);
  text (s, 5, b->bios_version);
  text (s, 8, b->bios_date);
  b->bios_major = u8 (s, 0x14);
  b->bios_minor = u8 (s, 0x15);
  b->has_release = s->size >= 0x16 && b->bios_major != 0xff && b->bios_minor != 0xff;
}

/* Since 2.6 its first three fields are little endian. */
static void
read_uuid (const struct structure *s, struct smbios *b)
{
  static const unsigned char order[16] = { 3, 2, 1, 0, 5, 4, 7, 6, 8, 9, 10, 11, 12, 13, 14, 15 };
  int swapped = b->major > 2 || (b->major == 2 && b->minor >= 6);
  unsigned zeroes = 0, ones = 0;
  size_t n = 0;

  if (s->size < 24)
    return;
  for (size_t i = 0; i < 16; i++) {
    unsigned byte = s->data[8 + (swapped ? order[i] : i)];

    zeroes += byte == 0;
    ones += byte == 0xff;
    n += (size_t) snprintf (b->uuid + n, sizeof b->uuid - n, "%s%02x", i == 4 || i == 6 || i == 8 || i == 10 ? "-" : "",
                            byte);
  }
  if (zeroes == 16 || ones == 16)
    b->uuid[0] = '\0';
}

static void
read_system (const struct structure *s, struct smbios *b)
{
  text (s, 4, b->maker);
  text (s, 5, b->product);
  text (s, 7, b->serial);
  read_uuid (s, b);
  text (s, 0x19, b->sku);
}

static void
read_processor (const struct structure *s, struct smbios *b)
{
  if (!(u8 (s, 0x18) & 0x40)) /* the socket is empty */
    return;
  if (!b->processor[0])
    text (s, 0x10, b->processor);
  if (b->n_processors < SMBIOS_PROCESSORS)
    b->n_processors++;
}

static void
read_memory (const struct structure *s, struct smbios *b)
{
  unsigned size = u16 (s, 0x0c);
  uint64_t mib = size & 0x8000 ? (size & 0x7fff) / 1024 : size;

  if (size == 0 || size == 0xffff)
    return;
  if (size == 0x7fff)
    mib = u16 (s, 0x1c) | (uint64_t) (u16 (s, 0x1e) & 0x7fff) << 16;
  b->n_modules++;
  b->memory_mib += mib;
}

static void
read_slot (const struct structure *s, struct smbios *b)
{
  struct smbios_slot *slot = &b->slots[b->n_slots];
  unsigned usage = u8 (s, 7);

  if (b->n_slots == SMBIOS_SLOTS)
    return;
  text (s, 4, slot->name);
  if (!slot->name[0])
    return;
  slot->in_use = usage == 4 ? 1 : usage == 3 ? 0 : -1;
  slot->segment = u16 (s, 0x0d);
  slot->bus = u8 (s, 0x0f);
  slot->device = u8 (s, 0x10) >> 3;
  slot->function = u8 (s, 0x10) & 7;
  slot->has_address = s->size >= 0x11 && slot->segment != 0xffff && !(slot->bus == 0xff && u8 (s, 0x10) == 0xff);
  b->n_slots++;
}

static void
read_structure (const struct structure *s, struct smbios *b)
{
  switch (s->data[0]) {
  case TYPE_BIOS:
    read_bios (s, b);
    break;
  case TYPE_SYSTEM:
    read_system (s, b);
    break;
  case TYPE_BOARD:
    if (!b->board[0]) { /* the first is the machine's, others are risers */
      text (s, 5, b->board);
      text (s, 7, b->board_serial);
    }
    break;
  case TYPE_CHASSIS:
    text (s, 7, b->chassis_serial);
    text (s, 8, b->asset_tag);
    break;
  case TYPE_PROCESSOR:
    read_processor (s, b);
    break;
  case TYPE_SLOT:
    read_slot (s, b);
    break;
  case TYPE_MEMORY:
    read_memory (s, b);
    break;
  default:
    break;
  }
}

/* The structure at p, and where the next one begins; NULL: it is none. */
static const unsigned char *
next_structure (const unsigned char *p, const unsigned char *end, struct structure *s)
{
  if (end - p < 4 || p[1] < 4 || end - p < p[1] + 2)
    return NULL;
  s->data = p;
  s->size = p[1];
  s->strings = p + p[1];
  for (p = s->strings; end - p >= 2; p++)
    if (p[0] == 0 && p[1] == 0) {
      s->end = p + 1;
      return p + 2;
    }
  return NULL;
}

int
smbios_read (const void *data, size_t size, struct smbios *b)
{
  const unsigned char *p = data, *end;
  uint64_t length;
  struct structure s;

  memset (b, 0, sizeof *b);
  if (size < HEAD + 4)
    return -1;
  b->major = p[1];
  b->minor = p[2];
  length = p[4] | (unsigned) p[5] << 8 | (uint64_t) p[6] << 16 | (uint64_t) p[7] << 24;
  end = p + HEAD + (length < size - HEAD ? (size_t) length : size - HEAD);
  for (p += HEAD; b->n_structures < STRUCTURES; b->n_structures++) {
    p = next_structure (p, end, &s);
    if (!p || s.data[0] == TYPE_END)
      break;
    read_structure (&s, b);
  }
  return b->n_structures ? 0 : -1;
}
