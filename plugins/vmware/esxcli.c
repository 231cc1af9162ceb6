/* esxcli.c - the host's command line over SOAP, as its own clients speak it: a
 * method executer that takes a handler, a method and arguments as escaped XML,
 * and answers in escaped XML.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "vmware.h"

enum { ARGUMENTS = 8192, VIBS_MAX = 4000 };

/* A list is one argument, whose value has its element more than once. */
static int
write_arguments (const struct vm_argument *a, size_t n, char *text)
{
  size_t used = 0;

  text[0] = '\0';
  for (size_t i = 0; i < n; i++) {
    char once[1600], one[2000], twice[5000];
    int first = i == 0 || strcmp (a[i - 1].name, a[i].name) != 0;
    int last = i + 1 == n || strcmp (a[i + 1].name, a[i].name) != 0;

    if (!vm_escape (a[i].value, once, sizeof once))
      return 0;
    snprintf (one, sizeof one, "<%.100s>%s</%.100s>", a[i].name, once, a[i].name);
    if (!vm_escape (one, twice, sizeof twice))
      return 0;
    used += (size_t) snprintf (text + used, ARGUMENTS - used, "%s%s%s%s%s", first ? "<argument><name>" : "",
                               first ? a[i].name : "", first ? "</name><val>" : "", twice, last ? "</val></argument>" : "");
    if (used >= ARGUMENTS)
      return 0;
  }
  return 1;
}

/* "software.vib.list" as "ha-cli-handler-software-vib". */
static void
handler_of (const char *command, char *ret, size_t size)
{
  const char *last = strrchr (command, '.');

  snprintf (ret, size, "ha-cli-handler-%.*s", last ? (int) (last - command) : 0, command);
  for (; *ret; ret++)
    if (*ret == '.')
      *ret = '-';
}

static fettle_result
find_executer (struct vm_session *s)
{
  xmlNode *n;
  fettle_result r;

  if (s->executer.id[0])
    return FETTLE_OK;
  r = vm_try (s, "RetrieveManagedMethodExecuter", &s->host, "", 0, &n);
  if (r == FETTLE_OK && s->fault.name[0])
    return vm_refused (s, "esxcli");
  if (r == FETTLE_OK && !vm_read_ref (n, &s->executer))
    r = vm_fail (s, FETTLE_E_UNSUPPORTED, "esxcli: the host names nothing that runs its commands");
  return r;
}

fettle_result
vm_esxcli (struct vm_session *s, const char *command, const struct vm_argument *a, size_t n, uint32_t timeout_ms,
           xmlDoc **ret)
{
  char handler[100], text[ARGUMENTS], arguments[ARGUMENTS + 400];
  xmlNode *returnval;
  fettle_result r = find_executer (s);

  *ret = NULL;
  if (r != FETTLE_OK)
    return r;
  if (!write_arguments (a, n, text))
    return vm_fail (s, FETTLE_E_INTERNAL, "the arguments of esxcli %s are too long", command);
  handler_of (command, handler, sizeof handler);
  snprintf (arguments, sizeof arguments, "<moid>%s</moid><version>urn:vim25/5.0</version><method>vim.EsxCLI.%s</method>%s",
            handler, command, text);
  r = vm_try (s, "ExecuteSoap", &s->executer, arguments, timeout_ms, &returnval);
  if (r != FETTLE_OK || s->fault.name[0])
    return r;
  *ret = vm_read_esxcli (returnval, &s->fault);
  return FETTLE_OK;
}

/* ---- VIBs ---- */

static int
add_vib (struct vm_vibs *v, const xmlNode *n, const char *name, const char *version)
{
  struct vm_vib *grown;

  if (v->n == VIBS_MAX)
    return 0;
  grown = realloc (v->all, (v->n + 1) * sizeof *grown);
  if (!grown)
    return 0;
  v->all = grown;
  fettle_xml_text (n, name, grown[v->n].name, sizeof grown[0].name);
  fettle_xml_text (n, version, grown[v->n].version, sizeof grown[0].version);
  if (grown[v->n].name[0] && grown[v->n].version[0])
    v->n++;
  return 1;
}

/* Of hosts that have nobody to ask for the packages, and of what comes up after a restart. */
static fettle_result
list_by_esxcli (struct vm_session *s, int rebooting, struct vm_vibs *v)
{
  static const struct vm_argument argument = { "rebootingimage", "true" };
  xmlDoc *doc;
  const xmlNode *n;
  fettle_result r = vm_esxcli (s, "software.vib.list", &argument, rebooting ? 1 : 0, 120000, &doc);

  if (r == FETTLE_OK && !doc && rebooting) /* nothing waits for a restart */
    return FETTLE_OK;
  if (r != FETTLE_OK || !doc)
    return r == FETTLE_OK ? vm_refused (s, "esxcli software vib list") : r;
  n = fettle_xml_child (fettle_xml_root (doc), "DataObject");
  for (; n && add_vib (v, n, "Name", "Version"); n = fettle_xml_next (n, "DataObject"))
    ;
  xmlFreeDoc (doc);
  return FETTLE_OK;
}

fettle_result
vm_list_vibs (struct vm_session *s, int rebooting, struct vm_vibs *v)
{
  struct vm_ref images;
  xmlNode *n;
  fettle_result r;

  memset (v, 0, sizeof *v);
  if (!rebooting && vm_manager (s, "imageConfigManager", &images)) {
    r = vm_try (s, "fetchSoftwarePackages", &images, "", 120000, &n);
    if (r != FETTLE_OK || !s->fault.name[0]) {
      for (; r == FETTLE_OK && n && add_vib (v, n, "name", "version"); n = fettle_xml_next (n, "returnval"))
        ;
      return r;
    }
  }
  return list_by_esxcli (s, rebooting, v);
}

const char *
vm_vib_version (const struct vm_vibs *v, const char *match)
{
  char one[140];

  for (size_t i = 0; i < v->n; i++) {
    const char *at = match;
    size_t length;

    if (!vm_vib_match (v->all[i].name, one, sizeof one))
      continue;
    for (length = strlen (one); (at = strstr (at, one)); at += length) /* a word of it */
      if ((at == match || at[-1] == ' ') && (at[length] == ' ' || !at[length]))
        return v->all[i].version;
  }
  return NULL;
}
