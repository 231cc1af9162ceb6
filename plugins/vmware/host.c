/* host.c - the host and its properties; maintenance mode.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include <stdio.h>
#include <string.h>

#include "vmware.h"

/* From the root folder to the host, whatever the ids are: "skip" is what a step
 * leads to, so the last one doesn't.  Each selection says its type: it needn't, by
 * the schema, but not all that speak the API know that. */
#define SELECTION(name) "<selectSet xsi:type=\"SelectionSpec\"><name>" name "</name></selectSet>"
#define STEP(name, type, path, skip, then)                                                                \
  "<selectSet xsi:type=\"TraversalSpec\"><name>" name "</name><type>" type "</type><path>" path "</path><skip>" \
  skip "</skip>" then "</selectSet>"
#define TRAVERSAL                                                                                     \
  "<skip>true</skip>"                                                                                 \
  STEP ("f", "Folder", "childEntity", "true", SELECTION ("f") SELECTION ("d") SELECTION ("c"))        \
  STEP ("d", "Datacenter", "hostFolder", "true", SELECTION ("f"))                                     \
  STEP ("c", "ComputeResource", "host", "false", "")

static const char *const paths[] = {
  "name", "hardware.systemInfo", "hardware.biosInfo", "hardware.pciDevice", "config.product",
  "config.storageDevice.hostBusAdapter", "config.storageDevice.scsiLun", "config.network.pnic",
  "runtime.inMaintenanceMode", "runtime.connectionState", "runtime.bootTime", "configManager", "datastore",
  "recentTask",
};

static fettle_result
retrieve (struct vm_session *s, const char *type, const char *pathsets, const struct vm_ref *from, const char *how,
          xmlNode **ret)
{
  char arguments[4096], id[VM_ID * 6], kind[64 * 6];
  xmlNode *object, *n;
  struct vm_fault f;
  fettle_result r;
  int length = -1;

  if (vm_escape (from->id, id, sizeof id) && vm_escape (from->type, kind, sizeof kind))
    length = snprintf (arguments, sizeof arguments, "<specSet><propSet><type>%s</type><all>false</all>%s</propSet><objectSet>"
                       "<obj type=\"%s\">%s</obj>%s</objectSet></specSet><options/>", type, pathsets, kind, id, how);
  if (length < 0 || length >= (int) sizeof arguments)
    return vm_fail (s, FETTLE_E_INTERNAL, "a request for properties is too long");
  r = vm_ask (s, "RetrievePropertiesEx", &s->collector, arguments, 0, &n);
  if (r != FETTLE_OK)
    return r;
  object = fettle_xml_child (n, "objects");
  if (!object)
    return vm_fail (s, FETTLE_E_PROTOCOL, "RetrievePropertiesEx: the answer has no %s", type);
  for (n = fettle_xml_child (object, "missingSet"); n; n = fettle_xml_next (n, "missingSet")) {
    char path[100];

    vm_read_localized (fettle_xml_child (n, "fault"), &f);
    fettle_say (s->h, s->c, FETTLE_LOG_INFO, "the host doesn't tell %s (%s)", fettle_xml_text (n, "path", path, sizeof path),
                f.name);
  }
  *ret = object;
  return FETTLE_OK;
}

fettle_result
vm_properties (struct vm_session *s, const struct vm_ref *ref, const char *pathsets, xmlNode **ret)
{
  return retrieve (s, ref->type, pathsets, ref, "<skip>false</skip>", ret);
}

const xmlNode *
vm_value (const xmlNode *object, const char *path)
{
  const xmlNode *n = fettle_xml_child (object, "propSet");
  char name[100];

  for (; n; n = fettle_xml_next (n, "propSet"))
    if (strcmp (fettle_xml_text (n, "name", name, sizeof name), path) == 0)
      return fettle_xml_child (n, "val");
  return NULL;
}

fettle_result
vm_host (struct vm_session *s)
{
  char sets[1200] = "";
  size_t used = 0;
  xmlNode *object;
  fettle_result r;

  for (size_t i = 0; i < FETTLE_COUNT (paths); i++)
    used += (size_t) snprintf (sets + used, sizeof sets - used, "<pathSet>%s</pathSet>", paths[i]);
  r = retrieve (s, "HostSystem", sets, &s->root, TRAVERSAL, &object);
  if (r != FETTLE_OK)
    return r;
  if (!vm_read_ref (fettle_xml_child (object, "obj"), &s->host))
    return vm_fail (s, FETTLE_E_PROTOCOL, "RetrievePropertiesEx: the host has no id");
  xmlFreeDoc (s->props);
  s->props = s->doc; /* beyond the next request */
  s->doc = NULL;
  return FETTLE_OK;
}

const xmlNode *
vm_property (const struct vm_session *s, const char *path)
{
  return vm_value (fettle_xml_find (fettle_xml_root (s->props), "objects"), path);
}

int
vm_is (const struct vm_session *s, const char *path, const char *value)
{
  char text[60];

  return strcmp (fettle_xml_text (vm_property (s, path), NULL, text, sizeof text), value) == 0;
}

int
vm_manager (const struct vm_session *s, const char *name, struct vm_ref *ref)
{
  return vm_read_ref (fettle_xml_child (vm_property (s, "configManager"), name), ref);
}

/* ---- maintenance mode ---- */

fettle_result
vm_enter_maintenance (struct vm_session *s)
{
  uint32_t limit = vm_number (s->h, s->c, "maintenance_timeout");
  char arguments[120];
  fettle_result r;

  if (vm_is (s, "runtime.inMaintenanceMode", "true"))
    return FETTLE_OK;
  s->h->progress (s->c, 100, "entering maintenance mode");
  snprintf (arguments, sizeof arguments, "<timeout>%u</timeout><evacuatePoweredOffVms>false</evacuatePoweredOffVms>",
            (unsigned) limit);
  r = vm_task (s, "EnterMaintenanceMode_Task", &s->host, arguments, limit + 30);
  if (r == FETTLE_E_TIMEOUT && strcmp (s->fault.name, "Timedout") == 0)
    return vm_fail (s, r, "the host didn't enter maintenance mode within %u s, as it does while virtual machines "
                        "run on it: move or shut them down (the setting maintenance_timeout says how long to wait)",
                        (unsigned) limit);
  if (r == FETTLE_OK)
    s->h->log (s->c, FETTLE_LOG_INFO, "the host is in maintenance mode");
  return r;
}

/* One that an aborted call has begun may wait for machines to stop. */
fettle_result
vm_stop_entering (struct vm_session *s)
{
  const xmlNode *n = fettle_xml_child (vm_property (s, "recentTask"), NULL);
  fettle_result r = FETTLE_OK;

  for (; n && r == FETTLE_OK; n = fettle_xml_next (n, NULL)) {
    char what[80], state[20];
    const xmlNode *info;
    xmlNode *object;
    struct vm_ref task;

    if (!vm_read_ref (n, &task) || vm_properties (s, &task, "<pathSet>info</pathSet>", &object) != FETTLE_OK)
      continue; /* it is gone by now */
    info = vm_value (object, "info");
    fettle_xml_text (info, "descriptionId", what, sizeof what);
    fettle_xml_text (info, "state", state, sizeof state);
    if (strstr (what, "enterMaintenanceMode") && (strcmp (state, "running") == 0 || strcmp (state, "queued") == 0))
      r = vm_end_task (s, &task);
  }
  return s->gone ? FETTLE_E_UNREACHABLE : r;
}

/* By what it is now: an earlier call may have changed it. */
fettle_result
vm_exit_maintenance (struct vm_session *s)
{
  fettle_result r = vm_host (s);

  if (r != FETTLE_OK || !vm_is (s, "runtime.inMaintenanceMode", "true"))
    return r;
  r = vm_task (s, "ExitMaintenanceMode_Task", &s->host, "<timeout>300</timeout>", 330);
  if (r == FETTLE_OK)
    s->h->log (s->c, FETTLE_LOG_INFO, "the host has left maintenance mode");
  return r;
}
