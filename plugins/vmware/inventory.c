/* inventory.c - what is on a host, and whether a node is one.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cim.h"

enum { TEXT = 240 };

fettle_result
vm_probe (VM_CALL, uint32_t *score)
{
  struct vm_session s;
  fettle_result r = vm_hello (&s, h, c, t);

  if (r == FETTLE_OK && !s.is_vcenter)
    *score = 100;
  if (r == FETTLE_OK)
    fettle_say (h, c, FETTLE_LOG_INFO, s.is_vcenter ? "%s is a vCenter Server, not a host: add its ESXi hosts by their own"
                " addresses" : "%s", s.product);
  vm_close (&s, r);
  return r == FETTLE_E_PROTOCOL || r == FETTLE_E_UNSUPPORTED || r == FETTLE_E_REJECTED ? FETTLE_OK : r;
}

/* ---- items ---- */

struct telling {
  struct vm_session *s;
  struct vm_vibs now, next; /* what runs, what will after a restart */
  struct vm_identities firmware; /* by CIM */
  int installs;             /* HPE's providers install smart components */
};

static const char *
get (const xmlNode *n, const char *path, char text[TEXT])
{
  return fettle_xml_text (n, path, text, TEXT);
}

static fettle_result
add (const struct telling *x, const char *id, const char *kind, const char *name, const char *version,
     const char *location)
{
  struct fettle_item item;

  memset (&item, 0, sizeof item);
  item.struct_size = sizeof item;
  item.id = id;
  item.kind = kind;
  item.name = name[0] ? name : id;
  item.version = version;
  item.scheme = "plain";
  item.location = location;
  return x->s->h->add_item (x->s->c, &item);
}

/* ---- firmware by CIM ---- */

/* What vSphere tells of, too, but less. */
static const struct {
  const char *class, *id;
} known[] = {
  { "SMX_SystemFirmware", "bios" },
  { "SMX_MPFirmware",     "bmc"  },
};

static int
is_told (const struct cim_identity *f)
{
  return f->firmware || strcmp (f->class, "OMC_SMASHFirmwareIdentity") == 0;
}

static const struct cim_identity *
find_known (const struct telling *x, const char *id)
{
  for (size_t k = 0; k < FETTLE_COUNT (known); k++)
    for (size_t i = 0; strcmp (known[k].id, id) == 0 && i < x->firmware.n; i++)
      if (strcmp (x->firmware.all[i].class, known[k].class) == 0 && x->firmware.all[i].active && is_told (&x->firmware.all[i]))
        return &x->firmware.all[i];
  return NULL;
}

static int
is_first (const struct telling *x, size_t i)
{
  for (size_t k = 0; k < i; k++)
    if (strcmp (x->firmware.all[k].id, x->firmware.all[i].id) == 0)
      return 0;
  return 1;
}

static fettle_result
tell_firmware (const struct telling *x, size_t i)
{
  const struct cim_identity *f = &x->firmware.all[i];
  char id[CIM_VALUE + 8], name[CIM_VALUE + 20];
  struct fettle_item item;

  snprintf (id, sizeof id, "cim:%s", f->id);
  for (size_t k = 0; k < FETTLE_COUNT (known); k++)
    if (find_known (x, known[k].id) == f)
      snprintf (id, sizeof id, "%s", known[k].id);
  snprintf (name, sizeof name, "%s%s", f->name[0] ? f->name : f->class, f->active ? "" : " (not active)");
  memset (&item, 0, sizeof item);
  item.struct_size = sizeof item;
  item.flags = x->installs && f->match[0] ? FETTLE_ITEM_UPDATEABLE : 0;
  item.id = id;
  item.kind = "firmware";
  item.name = name;
  item.version = f->version;
  item.scheme = "hpe";
  item.match = f->match[0] ? f->match : NULL;
  return x->s->h->add_item (x->s->c, &item);
}

static fettle_result
tell_all_firmware (const struct telling *x)
{
  fettle_result r = FETTLE_OK;

  for (size_t i = 0; i < x->firmware.n && r == FETTLE_OK; i++)
    if (is_told (&x->firmware.all[i]) && is_first (x, i))
      r = tell_firmware (x, i);
  return r;
}

/* That there is no CIM is no reason to fail. */
static fettle_result
ask_cim (struct telling *x)
{
  struct vm_cim cim;
  fettle_result r = vm_cim_open (&cim, x->s);

  if (r == FETTLE_OK)
    r = vm_cim_firmware (&cim, &x->firmware);
  x->installs = cim.installs;
  vm_cim_close (&cim);
  if (r == FETTLE_E_ABORTED || r == FETTLE_E_NOMEM || x->s->gone)
    return r;
  if (r != FETTLE_OK)
    fettle_say (x->s->h, x->s->c, FETTLE_LOG_INFO, "no CIM, so HPE's firmware isn't known by the names of its components: %s",
                x->s->why);
  return FETTLE_OK;
}

static fettle_result
tell_system (const struct telling *x)
{
  const xmlNode *info = vm_property (x->s, "hardware.systemInfo"), *bios = vm_property (x->s, "hardware.biosInfo"), *n;
  char name[TEXT * 2 + 24], a[TEXT], b[TEXT], serial[TEXT];
  fettle_result r;

  snprintf (name, sizeof name, "%s %s", get (info, "vendor", a), get (info, "model", b));
  r = add (x, "system", "hardware", name, "", get (vm_property (x->s, "name"), NULL, a)[0] ? a : NULL);
  get (info, "serialNumber", serial);
  n = fettle_xml_child (info, "otherIdentifyingInfo");
  for (; n && !serial[0]; n = fettle_xml_next (n, "otherIdentifyingInfo")) {
    get (n, "identifierType/key", a);
    if (strcmp (a, "ServiceTag") == 0 || strcmp (a, "SerialNumberTag") == 0)
      get (n, "identifierValue", serial);
  }
  if (r == FETTLE_OK && serial[0])
    r = add (x, "serial", "hardware", "Serial number", serial, NULL);
  if (r == FETTLE_OK && !find_known (x, "bios") && get (bios, "biosVersion", a)[0]) {
    get (bios, "releaseDate", b); /* 2017-02-17T00:00:00Z */
    snprintf (name, sizeof name, "%s%s%.10s", a, b[0] ? " " : "", b);
    r = add (x, "bios", "firmware", "System ROM", name, NULL);
  }
  get (bios, "firmwareMajorRelease", a);
  get (bios, "firmwareMinorRelease", b);
  if (r == FETTLE_OK && !find_known (x, "bmc") && a[0] && b[0] && strcmp (a, "255") != 0) {
    snprintf (name, sizeof name, "%s.%s%s", a, strlen (b) < 2 ? "0" : "", b);
    r = add (x, "bmc", "firmware", "Management processor", name, NULL);
  }
  return r == FETTLE_OK ? tell_all_firmware (x) : r;
}

/* What the image's manager says in a word or two. */
static const char *
ask_image (const struct telling *x, const struct vm_ref *images, const char *method, const char *path, char text[TEXT])
{
  xmlNode *n = NULL;

  text[0] = '\0';
  if (vm_try (x->s, method, images, "", 0, &n) == FETTLE_OK && !x->s->fault.name[0])
    get (n, path, text);
  return text;
}

static fettle_result
tell_software (const struct telling *x)
{
  const xmlNode *product = vm_property (x->s, "config.product");
  char version[TEXT * 2 + 24], name[TEXT], a[TEXT], b[TEXT];
  struct vm_ref images;
  fettle_result r;

  snprintf (version, sizeof version, "%s build-%s", get (product, "version", a), get (product, "build", b));
  r = add (x, "os", "os", get (product, "name", name), version, NULL);
  if (vm_manager (x->s, "imageConfigManager", &images)) {
    if (r == FETTLE_OK && ask_image (x, &images, "HostImageConfigGetProfile", "name", a)[0])
      r = add (x, "profile", "os", "Image profile", a, NULL);
    if (r == FETTLE_OK && ask_image (x, &images, "HostImageConfigGetAcceptance", NULL, a)[0])
      r = add (x, "acceptance", "os", "Acceptance level", a, NULL);
  }
  if (r == FETTLE_OK)
    r = add (x, "maintenance", "os", "Maintenance mode",
             vm_is (x->s, "runtime.inMaintenanceMode", "true") ? "on" : "off", NULL);
  return r;
}

/* ---- devices ---- */

static const xmlNode *
pci_device (const struct telling *x, const char *address)
{
  const xmlNode *n = fettle_xml_child (vm_property (x->s, "hardware.pciDevice"), NULL);
  char text[TEXT];

  for (; n && address[0]; n = fettle_xml_next (n, NULL))
    if (strcmp (get (n, "id", text), address) == 0)
      return n;
  return NULL;
}

/* The ids are of a type with a sign: 0x8086 comes as -32634. */
static unsigned
number (const xmlNode *n, const char *name)
{
  char text[TEXT];

  return (unsigned) strtol (get (n, name, text), NULL, 10) & 0xffff;
}

static fettle_result
tell_pci (const struct telling *x)
{
  const xmlNode *n = fettle_xml_child (vm_property (x->s, "hardware.pciDevice"), NULL);
  fettle_result r = FETTLE_OK;

  for (; n && r == FETTLE_OK; n = fettle_xml_next (n, NULL)) {
    char address[TEXT], vendor[TEXT], device[TEXT], id[TEXT + 8], name[2 * TEXT + 20];
    unsigned class = number (n, "classId") >> 8;

    if (class == 6 || class == 8 || !get (n, "id", address)[0]) /* bridges, timers and the like */
      continue;
    snprintf (id, sizeof id, "pci:%s", address);
    snprintf (name, sizeof name, "%s %s (%04x:%04x)", get (n, "vendorName", vendor), get (n, "deviceName", device),
              number (n, "vendorId"), number (n, "deviceId"));
    r = add (x, id, "hardware", name, "", address);
  }
  return r;
}

/* "nhpsa", or as VIBs are called whose driver has a _ in its name. */
static const char *
driver_version (const struct telling *x, const char *driver)
{
  for (size_t i = 0; driver[0] && i < x->now.n; i++) {
    const char *a = x->now.all[i].name, *b = driver;

    while (*a && (*a == *b || (*a == '-' && *b == '_')))
      a++, b++;
    if (!*a && !*b)
      return x->now.all[i].version;
  }
  return "";
}

static fettle_result
tell_driver (const struct telling *x, const char *id, const char *driver, const char *version, const char *device)
{
  char own[2 * TEXT], name[TEXT + 20];

  if (!driver[0])
    return FETTLE_OK;
  snprintf (own, sizeof own, "%s/driver", id);
  snprintf (name, sizeof name, "Driver %s", driver);
  return add (x, own, "driver", name, version[0] ? version : driver_version (x, driver), device);
}

static fettle_result
tell_nic (const struct telling *x, const xmlNode *pnic)
{
  char device[TEXT], address[TEXT], driver[TEXT], firmware[TEXT] = "", version[TEXT] = "", id[TEXT + 8], name[TEXT];
  struct vm_argument argument = { "nicname", device };
  xmlDoc *doc = NULL;
  const xmlNode *info;
  fettle_result r;

  if (!get (pnic, "device", device)[0])
    return FETTLE_OK;
  get (pnic, "pci", address);
  get (pnic, "driver", driver);
  r = vm_esxcli (x->s, "network.nic.get", &argument, 1, 60000, &doc);
  if (r == FETTLE_OK && doc) {
    info = fettle_xml_find (fettle_xml_root (doc), "DriverInfo");
    get (info, "FirmwareVersion", firmware);
    get (info, "Version", version);
  }
  xmlFreeDoc (doc);
  if (r < 0 && x->s->gone)
    return r;
  snprintf (id, sizeof id, "nic:%s", device);
  get (pci_device (x, address), "deviceName", name);
  r = add (x, id, firmware[0] ? "firmware" : "hardware", name[0] ? name : "Network adapter", firmware, device);
  return r == FETTLE_OK ? tell_driver (x, id, driver, version, device) : r;
}

static fettle_result
tell_hba (const struct telling *x, const xmlNode *hba, const xmlNode *fibre_channel)
{
  char device[TEXT], model[TEXT], driver[TEXT], firmware[TEXT] = "", version[TEXT] = "", id[TEXT + 8], text[TEXT];
  fettle_result r;

  if (!get (hba, "device", device)[0])
    return FETTLE_OK;
  for (; fibre_channel; fibre_channel = fettle_xml_next (fibre_channel, "DataObject"))
    if (strcmp (get (fibre_channel, "Adapter", text), device) == 0) {
      get (fibre_channel, "FirmwareVersion", firmware);
      get (fibre_channel, "DriverVersion", version);
    }
  snprintf (id, sizeof id, "hba:%s", device);
  r = add (x, id, firmware[0] ? "firmware" : "hardware", get (hba, "model", model)[0] ? model : "Storage adapter", firmware,
           device);
  return r == FETTLE_OK ? tell_driver (x, id, get (hba, "driver", driver), version, device) : r;
}

static int
has_fibre_channel (const xmlNode *hba)
{
  char type[TEXT];

  for (; hba; hba = fettle_xml_next (hba, NULL))
    if (strcmp (vm_type (hba, type, sizeof type), "HostFibreChannelHba") == 0)
      return 1;
  return 0;
}

static fettle_result
tell_adapters (const struct telling *x)
{
  const xmlNode *n = fettle_xml_child (vm_property (x->s, "config.network.pnic"), NULL);
  xmlDoc *fc = NULL;
  fettle_result r = FETTLE_OK;

  for (; n && r == FETTLE_OK; n = fettle_xml_next (n, NULL))
    r = tell_nic (x, n);
  n = fettle_xml_child (vm_property (x->s, "config.storageDevice.hostBusAdapter"), NULL);
  if (r == FETTLE_OK && has_fibre_channel (n))
    r = vm_esxcli (x->s, "storage.san.fc.list", NULL, 0, 60000, &fc);
  if (r == FETTLE_E_UNSUPPORTED)
    r = FETTLE_OK;
  for (; n && r == FETTLE_OK; n = fettle_xml_next (n, NULL))
    r = tell_hba (x, n, fettle_xml_child (fettle_xml_root (fc), "DataObject"));
  xmlFreeDoc (fc);
  return r;
}

static fettle_result
tell_disks (const struct telling *x)
{
  const xmlNode *n = fettle_xml_child (vm_property (x->s, "config.storageDevice.scsiLun"), NULL);
  fettle_result r = FETTLE_OK;

  for (; n && r == FETTLE_OK; n = fettle_xml_next (n, NULL)) {
    char canonical[TEXT], vendor[TEXT], model[TEXT], revision[TEXT], id[TEXT + 8], name[2 * TEXT + 2];

    if (!get (n, "canonicalName", canonical)[0])
      continue;
    snprintf (id, sizeof id, "disk:%s", canonical);
    snprintf (name, sizeof name, "%s %s", get (n, "vendor", vendor), get (n, "model", model));
    get (n, "revision", revision);
    r = add (x, id, revision[0] ? "firmware" : "hardware", name, revision, canonical);
  }
  return r;
}

/* ---- VIBs ---- */

static fettle_result
tell_vib (const struct telling *x, const char *name, const char *match, const char *version, const char *staged)
{
  struct fettle_item item;

  memset (&item, 0, sizeof item);
  item.struct_size = sizeof item;
  item.flags = FETTLE_ITEM_UPDATEABLE;
  item.id = match;
  item.kind = "package";
  item.name = name;
  item.version = version;
  item.scheme = "rpm";
  item.match = match;
  item.staged = staged && strcmp (staged, version) != 0 ? staged : NULL;
  return x->s->h->add_item (x->s->c, &item);
}

/* One that a restart brings is an item, too: it couldn't be told from a missing one else. */
static fettle_result
tell_vibs (const struct telling *x)
{
  fettle_result r = FETTLE_OK;
  char match[140];

  for (size_t i = 0; i < x->now.n && r == FETTLE_OK; i++)
    if (vm_vib_match (x->now.all[i].name, match, sizeof match))
      r = tell_vib (x, x->now.all[i].name, match, x->now.all[i].version, vm_vib_version (&x->next, match));
  for (size_t i = 0; i < x->next.n && r == FETTLE_OK; i++)
    if (vm_vib_match (x->next.all[i].name, match, sizeof match) && !vm_vib_version (&x->now, match))
      r = tell_vib (x, x->next.all[i].name, match, "", x->next.all[i].version);
  return r;
}

static fettle_result
list_next (struct telling *x)
{
  fettle_result r = vm_list_vibs (x->s, 1, &x->next);

  if (r == FETTLE_E_UNSUPPORTED) {
    x->s->h->log (x->s->c, FETTLE_LOG_WARNING, "the inventory isn't complete: this host runs no esxcli for us, so versions of "
                  "adapters' firmware, and what waits for a restart, aren't known");
    return FETTLE_OK;
  }
  return r;
}

fettle_result
vm_inventory (VM_CALL)
{
  struct vm_session s;
  struct telling x;
  fettle_result r = vm_open (&s, h, c, t);

  memset (&x, 0, sizeof x);
  x.s = &s;
  if (r == FETTLE_OK)
    r = vm_host (&s);
  if (r == FETTLE_OK)
    r = vm_list_vibs (&s, 0, &x.now);
  if (r == FETTLE_OK)
    r = list_next (&x);
  if (r == FETTLE_OK)
    r = ask_cim (&x);
  if (r == FETTLE_OK)
    r = tell_system (&x);
  if (r == FETTLE_OK)
    r = tell_software (&x);
  if (r == FETTLE_OK)
    r = tell_pci (&x);
  if (r == FETTLE_OK)
    r = tell_adapters (&x);
  if (r == FETTLE_OK)
    r = tell_disks (&x);
  if (r == FETTLE_OK)
    r = tell_vibs (&x);
  free (x.now.all);
  free (x.next.all);
  free (x.firmware.all);
  return vm_close (&s, r);
}
