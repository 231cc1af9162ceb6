/* ribcl-inventory.c - what is on an iLO 2, 3 or 4, as RIBCL tells it.
 *
 * iLO 3 and 4 list their server's firmware in the health data; iLO 2 knows its
 * own version, and the system ROM's from the SMBIOS records.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include <stdio.h>
#include <string.h>

#include <fettle/util.h>

#include "ribcl.h"

enum { FIRMWARE_MAX = 200 };

#define READ_VERSION "<RIB_INFO MODE=\"read\"><GET_FW_VERSION/></RIB_INFO>\r\n"
#define READ_HOST    "<SERVER_INFO MODE=\"read\"><GET_HOST_DATA/></SERVER_INFO>\r\n"
#define READ_HEALTH  "<SERVER_INFO MODE=\"read\"><GET_EMBEDDED_HEALTH/></SERVER_INFO>\r\n"
#define READ_NAME    "<SERVER_INFO MODE=\"read\"><GET_SERVER_NAME/></SERVER_INFO>\r\n"

struct found {
  struct ribcl r;
  uint32_t firmware_flags;
  char version[40], date[40];       /* of the iLO */
  char family[20], rom_date[40];    /* of the system ROM */
  char model[100], serial[40], name[100];
};

static fettle_result
add (struct found *f, const char *kind, const char *id, const char *name, const char *version, const char *match)
{
  int firmware = strcmp (kind, "firmware") == 0;
  struct fettle_item item;

  memset (&item, 0, sizeof item);
  item.struct_size = sizeof item;
  item.kind = kind;
  item.id = id;
  item.name = name;
  item.version = version;
  item.scheme = firmware ? "hpe" : NULL;
  item.match = match;
  item.flags = (firmware ? f->firmware_flags : 0) | (match ? FETTLE_ITEM_UPDATEABLE : 0);
  return f->r.h->add_item (f->r.c, &item);
}

/* ---- reading ---- */

/* SMBIOS records as iLO unpacks them: fields of name and value within a record
 * of a type, 0 the BIOS, 1 the system. */
static void
read_host (struct found *f)
{
  static const struct { char type; const char *name; size_t at, size; } wanted[] = {
#define FIELD(type, name, member) { type, name, offsetof (struct found, member), sizeof ((struct found *) 0)->member }
    FIELD ('0', "Family", family),      FIELD ('0', "Date", rom_date),
    FIELD ('1', "Product Name", model), FIELD ('1', "Serial Number", serial),
#undef FIELD
  };
  const char *at = f->r.answer, *end = at + f->r.size;
  char type[8] = "", name[40];
  struct ribcl_tag tag;
  size_t i;

  while (ribcl_next (&at, end, &tag)) {
    if (ribcl_is (&tag, "SMBIOS_RECORD"))
      ribcl_attribute (&tag, "TYPE", type, sizeof type);
    if (!ribcl_is (&tag, "FIELD") || type[1] || !ribcl_attribute (&tag, "NAME", name, sizeof name))
      continue;
    for (i = 0; i < FETTLE_COUNT (wanted); i++) {
      char *to = (char *) f + wanted[i].at;

      if (type[0] == wanted[i].type && strcmp (name, wanted[i].name) == 0 && !*to)
        ribcl_attribute (&tag, "VALUE", to, wanted[i].size);
    }
  }
}

static void
read_versions (struct found *f)
{
  const char *at = f->r.answer, *end = at + f->r.size;
  struct ribcl_tag tag;

  ribcl_version (&f->r, f->version, sizeof f->version);
  while (ribcl_next (&at, end, &tag))
    if (ribcl_is (&tag, "GET_FW_VERSION") && !f->date[0])
      ribcl_attribute (&tag, "FIRMWARE_DATE", f->date, sizeof f->date);
}

/* ---- items ---- */

static fettle_result
add_system (struct found *f)
{
  const struct ilo_identity *who = f->r.who;
  const char *model = who->model[0] ? who->model : f->model, *serial = who->serial[0] ? who->serial : f->serial;
  fettle_result result = FETTLE_OK;

  if (*model)
    result = add (f, "hardware", "system", model, "", NULL);
  if (result == FETTLE_OK && *serial)
    result = add (f, "hardware", "serial", "Serial number", serial, NULL);
  if (result == FETTLE_OK && f->name[0])
    result = add (f, "hardware", "server-name", "Server name", f->name, NULL);
  return result;
}

static fettle_result
add_ilo (struct found *f)
{
  char name[20], match[20];

  snprintf (name, sizeof name, "iLO %u", f->r.who->generation);
  snprintf (match, sizeof match, "ilo:%u", f->r.who->generation);
  return add (f, "firmware", "firmware:iLO", name, f->version, match);
}

/* "bios:i19", where the family is known; only iLO 4's way of writing it is. */
static const char *
rom_match (const struct found *f, char *ret, size_t size)
{
  size_t i, n = strlen (f->family);

  if (f->r.who->generation != 4 || n == 0 || n > 10 || strspn (f->family, "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789") != n)
    return NULL;
  snprintf (ret, size, "bios:%s", f->family);
  for (i = 0; ret[i]; i++)
    if (ret[i] >= 'A' && ret[i] <= 'Z')
      ret[i] = (char) (ret[i] + 'a' - 'A');
  return ret;
}

/* The system ROM of an iLO 2: what was its family and date. */
static fettle_result
add_rom (struct found *f)
{
  char version[70];

  if (!f->rom_date[0])
    return FETTLE_OK;
  snprintf (version, sizeof version, "%s%s%s", f->family, f->family[0] ? " " : "", f->rom_date);
  return add (f, "firmware", "firmware:SystemRom", "System ROM", version, NULL);
}

/* An id of the firmware's name; several of one name are numbered. */
static void
make_id (char *id, size_t size, const char *name, unsigned n)
{
  size_t i;

  snprintf (id, size, "firmware:%s", name);
  for (i = 0; id[i]; i++)
    if (id[i] == ' ')
      id[i] = '-';
  if (n > 1 && i + 8 < size)
    snprintf (id + i, size - i, "#%u", n);
}

struct listed {
  char name[100], version[100];
};

static fettle_result
add_listed (struct found *f, const struct listed *all, size_t i)
{
  unsigned same = 1;
  char id[140], word[20];
  const char *match = NULL;
  size_t k;

  if (strncmp (all[i].name, "iLO", 3) == 0)
    return FETTLE_OK; /* it has been said, and better: "1.82", not with its date */
  for (k = 0; k < i; k++)
    same += strcmp (all[k].name, all[i].name) == 0;
  make_id (id, sizeof id, all[i].name, same);
  if (strlen (all[i].name) > 10 && strcmp (all[i].name + strlen (all[i].name) - 10, "System ROM") == 0)
    match = rom_match (f, word, sizeof word);
  return add (f, "firmware", id, all[i].name, all[i].version, match);
}

/* INDEX_1, INDEX_2, ... of FIRMWARE_INFORMATION, each a name and a version. */
static fettle_result
add_health (struct found *f, int *ret_any)
{
  static struct listed all[FIRMWARE_MAX];
  const char *at = f->r.answer, *end = at + f->r.size;
  fettle_result result = FETTLE_OK;
  struct ribcl_tag tag;
  int inside = 0;
  size_t n = 0;

  all[0].name[0] = all[0].version[0] = '\0';
  while (ribcl_next (&at, end, &tag)) {
    if (ribcl_is (&tag, "FIRMWARE_INFORMATION"))
      inside = !tag.closing;
    if (!inside || n == FIRMWARE_MAX)
      continue;
    if (!tag.closing && ribcl_is (&tag, "FIRMWARE_NAME"))
      ribcl_attribute (&tag, "VALUE", all[n].name, sizeof all[n].name);
    if (!tag.closing && ribcl_is (&tag, "FIRMWARE_VERSION")
        && ribcl_attribute (&tag, "VALUE", all[n].version, sizeof all[n].version) && all[n].name[0]) {
      result = result == FETTLE_OK ? add_listed (f, all, n) : result;
      if (++n < FIRMWARE_MAX)
        all[n].name[0] = all[n].version[0] = '\0';
    }
  }
  *ret_any = n > 0;
  return result;
}

/* ---- the call ---- */

/* What may be missing: it is logged, unless the node has gone. */
static fettle_result
ask_maybe (struct found *f, const char *body, const char *what, int *ret_said)
{
  fettle_result result = ribcl_ask_surely (&f->r, body);

  *ret_said = result == FETTLE_OK;
  if (result != FETTLE_E_UNSUPPORTED && result != FETTLE_E_PROTOCOL)
    return result;
  fettle_say (f->r.h, f->r.c, FETTLE_LOG_WARNING, "the iLO doesn't tell %s", what);
  return FETTLE_OK;
}

static fettle_result
read_all (struct found *f)
{
  int said, any = 0;
  fettle_result result = ribcl_ask_surely (&f->r, READ_VERSION);

  if (result != FETTLE_OK)
    return result;
  read_versions (f);
  if (!f->version[0])
    return f->r.h->error (f->r.c, FETTLE_E_PROTOCOL, "its answer to GET_FW_VERSION was cut off, or has no version in"
                          " it");
  result = ask_maybe (f, READ_HOST, "the server's SMBIOS records", &said);
  if (result == FETTLE_OK && said)
    read_host (f);
  if (result == FETTLE_OK)
    result = ask_maybe (f, READ_NAME, "the server's name", &said);
  if (result == FETTLE_OK && said) {
    const char *at = f->r.answer;
    struct ribcl_tag tag;

    while (ribcl_next (&at, f->r.answer + f->r.size, &tag) && !f->name[0])
      if (ribcl_is (&tag, "SERVER_NAME"))
        ribcl_attribute (&tag, "VALUE", f->name, sizeof f->name);
  }
  if (result == FETTLE_OK && ribcl_has_tpm (&f->r))
    f->firmware_flags |= FETTLE_ITEM_TPM;
  if (result == FETTLE_OK)
    result = add_system (f);
  if (result == FETTLE_OK)
    result = add_ilo (f);
  if (result == FETTLE_OK && f->r.who->generation > 2) {
    result = ask_maybe (f, READ_HEALTH, "its server's firmware", &said);
    if (result == FETTLE_OK && said)
      result = add_health (f, &any);
  }
  return result == FETTLE_OK && !any ? add_rom (f) : result;
}

fettle_result
ribcl_inventory (ILO_CALL, const struct ilo_identity *who)
{
  struct found f;
  fettle_result result;

  memset (&f, 0, sizeof f);
  ribcl_init (&f.r, h, c, t, who);
  result = read_all (&f);
  ribcl_clear (&f.r);
  return result;
}
