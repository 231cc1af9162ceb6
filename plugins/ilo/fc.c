/* fc.c - Fibre Channel switches: which kind it is, and its inventory.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <fettle/util.h>

#include "fc.h"

enum { TEXT_MAX = 1 << 20, COMMAND_MS = 60000 };

static fettle_result
take (void *opaque, const void *data, size_t size)
{
  struct fc *f = opaque;
  char *more;

  if (size > TEXT_MAX - f->size)
    return f->h->error (f->c, FETTLE_E_PROTOCOL, "the switch says more than a MiB");
  more = realloc (f->text, f->size + size + 1);
  if (!more)
    return f->h->error (f->c, FETTLE_E_NOMEM, "no memory for an answer");
  memcpy (more + f->size, data, size);
  f->text = more;
  f->size += size;
  f->text[f->size] = '\0';
  return FETTLE_OK;
}

void
fc_clear (struct fc *f)
{
  free (f->text);
  f->text = NULL;
  f->size = 0;
}

fettle_result
fc_run (struct fc *f, const char *command)
{
  const struct fettle_ssh *ssh = f->h->service (f->c, "ssh", 1);
  struct fettle_ssh_command q;
  int32_t status;
  fettle_result r;
  size_t i;

  fc_clear (f);
  r = take (f, "", 0);
  if (r != FETTLE_OK)
    return r;
  memset (&q, 0, sizeof q);
  q.struct_size = sizeof q;
  q.port = 22;
  q.timeout_ms = COMMAND_MS;
  q.command = command;
  q.out = q.err = take;
  q.opaque = f;
  r = ssh->run (f->c, &q, &status);
  for (i = 0; i < f->size; i++) /* it is text from here on */
    if (!f->text[i])
      f->text[i] = ' ';
  return r;
}

fettle_result
fc_add (struct fc *f, const char *kind, const char *id, const char *name, const char *version)
{
  struct fettle_item item;

  memset (&item, 0, sizeof item);
  item.struct_size = sizeof item;
  item.kind = kind;
  item.id = id;
  item.name = name;
  item.version = version;
  return f->h->add_item (f->c, &item);
}

fettle_result
fc_failed (struct fc *f, const char *words)
{
  fettle_result r;
  const char *advice = fc_explain (words, &r);

  return fettle_fail (f->h, f->c, r, "the switch says: %.300s%s%s", words, *advice ? " -- " : "", advice);
}

/* ---- Brocade ---- */

/* "firmware:fos", of a director "firmware:fos/CP0".  The active one is what a
 * release is for: it updates all. */
static fettle_result
add_part (struct fc *f, const struct fc_part *p)
{
  char id[60], name[80];
  struct fettle_item item;
  fettle_result r;

  snprintf (id, sizeof id, "firmware:fos%s%s", p->name[0] ? "/" : "", p->name);
  memset (&item, 0, sizeof item);
  item.struct_size = sizeof item;
  item.kind = "firmware";
  item.id = id;
  item.name = "Fabric OS";
  item.version = p->first;
  item.scheme = "fos";
  item.location = p->name[0] ? p->name : NULL;
  if (p->active) {
    item.flags = FETTLE_ITEM_UPDATEABLE;
    item.match = "brocade:fos";
  }
  r = f->h->add_item (f->c, &item);
  if (r != FETTLE_OK || !p->second[0] || strcmp (p->first, p->second) == 0)
    return r;
  snprintf (name, sizeof name, "Fabric OS, secondary partition");
  snprintf (id, sizeof id, "firmware:fos%s%s/secondary", p->name[0] ? "/" : "", p->name);
  return fc_add (f, "firmware", id, name, p->second);
}

static fettle_result
add_value (struct fc *f, const char *key, const char *id, const char *name, const char *kind)
{
  char value[100];

  return fc_value (f->text, key, value, sizeof value) && value[0] ? fc_add (f, kind, id, name, value) : FETTLE_OK;
}

/* From `version`, which every Fabric OS has. */
static fettle_result
add_version (struct fc *f, int whole)
{
  struct fc_part one;

  memset (&one, 0, sizeof one);
  if (whole && fc_value (f->text, "Fabric OS:", one.first, sizeof one.first) && one.first[0]) {
    fettle_result r;

    one.active = 1;
    r = add_part (f, &one);
    if (r != FETTLE_OK)
      return r;
  }
  return add_value (f, "BootProm:", "firmware:bootprom", "Boot PROM", "firmware");
}

static fettle_result
add_chassis (struct fc *f)
{
  char type[40], name[80];
  fettle_result r = fc_run (f, "switchshow");

  if (r != FETTLE_OK)
    return r;
  if (fc_value (f->text, "switchType:", type, sizeof type)) {
    snprintf (name, sizeof name, "Brocade switch, type %s", type);
    r = fc_add (f, "hardware", "system", name, "");
  }
  if (r == FETTLE_OK)
    r = add_value (f, "switchName:", "name", "Switch name", "hardware");
  if (r == FETTLE_OK)
    r = add_value (f, "switchWwn:", "wwn", "WWN", "hardware");
  if (r == FETTLE_OK)
    r = fc_run (f, "chassisshow");
  if (r == FETTLE_OK)
    r = add_value (f, "Serial Num:", "serial", "Serial number", "hardware");
  if (r == FETTLE_OK)
    r = add_value (f, "Factory Serial Num:", "factory-serial", "Factory serial number", "hardware");
  return r == FETTLE_OK ? add_value (f, "Part Num:", "part", "Part number", "hardware") : r;
}

/* f->text has the answer to `version`. */
static fettle_result
brocade_inventory (struct fc *f)
{
  struct fc_part parts[FC_PARTS_MAX];
  struct fc first = *f;
  fettle_result r;
  unsigned n, i;

  f->text = NULL;
  f->size = 0;
  r = fc_run (f, "firmwareshow");
  n = r == FETTLE_OK ? fc_firmware (f->text, parts) : 0;
  for (i = 0; i < n && r == FETTLE_OK; i++)
    r = add_part (f, &parts[i]);
  if (r == FETTLE_OK)
    r = add_version (&first, n == 0);
  fc_clear (&first);
  return r == FETTLE_OK ? add_chassis (f) : r;
}

/* ---- the calls ---- */

enum kind { NEITHER, BROCADE, CISCO };

static fettle_result
look (struct fc *f, enum kind *ret)
{
  fettle_result r = fc_run (f, "version");

  *ret = NEITHER;
  if (r == FETTLE_OK && strstr (f->text, "Fabric OS:"))
    *ret = BROCADE;
  if (r != FETTLE_OK || *ret)
    return r;
  r = fc_run (f, "show version");
  if (r == FETTLE_OK && fc_is_cisco (f->text))
    *ret = CISCO;
  return r;
}

fettle_result
fc_probe (ILO_CALL, uint32_t *score)
{
  struct fc f = { h, c, t, NULL, 0 };
  enum kind kind = NEITHER;
  fettle_result r;

  if (fc_is_rest (h, c))
    return fc_rest_probe (&f, score);
  r = look (&f, &kind);
  fc_clear (&f);
  *score = kind == BROCADE ? 95 : kind == CISCO ? 80 : 0;
  return r == FETTLE_E_PROTOCOL || r == FETTLE_E_AUTH ? FETTLE_OK : r;
}

fettle_result
fc_inventory (ILO_CALL)
{
  struct fc f = { h, c, t, NULL, 0 };
  enum kind kind = NEITHER;
  char begin[80];
  fettle_result r;

  if (fc_is_rest (h, c))
    return fc_rest_inventory (&f);
  r = look (&f, &kind);
  if (r == FETTLE_OK && kind == BROCADE)
    r = brocade_inventory (&f);
  else if (r == FETTLE_OK && kind == CISCO)
    r = fc_cisco_inventory (&f);
  else if (r == FETTLE_OK) {
    snprintf (begin, sizeof begin, "%.*s", (int) strcspn (f.text, "\r\n"), f.text);
    r = fettle_fail (h, c, FETTLE_E_UNSUPPORTED, "it is neither a Brocade switch (\"version\") nor a Cisco MDS (\"show"
                     " version\"), the Fibre Channel switches that are known: it says \"%s\"", begin);
  }
  fc_clear (&f);
  return r;
}

fettle_result
fc_deploy (ILO_CALL, const struct fettle_image *image)
{
  if (strcmp (image->format, "mds") == 0)
    return fc_cisco_deploy (h, c, t, image);
  if (strcmp (image->format, "fos") != 0)
    return fettle_fail (h, c, FETTLE_E_UNSUPPORTED, "a Fibre Channel switch takes releases of Fabric OS (a folder with"
                        " release.plist), or a pair of images of a Cisco MDS (format mds), not \"%.20s\"", image->format);
  return fc_is_rest (h, c) ? fc_rest_deploy (h, c, t, image) : fc_fos_deploy (h, c, t, image);
}
