/* What an ESXi host says: SOAP answers and faults, lists of versions, esxcli's
 * answers inside them.  Texts end, names of faults are never missing.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include <string.h>

#include "../../plugins/vmware/answer.h"
#include "fuzz/fuzz.h"

/* libxml2 keeps its last error until the thread ends. */
const char *__lsan_default_suppressions (void);
const char *
__lsan_default_suppressions (void)
{
  return "leak:xmlGetGlobalState";
}

static void
check (const struct vm_fault *f)
{
  const char *sentence;

  MUST (memchr (f->name, '\0', sizeof f->name) && memchr (f->text, '\0', sizeof f->text)
        && memchr (f->detail, '\0', sizeof f->detail));
  sentence = vm_fetch_word (f->text);
  MUST (!sentence || strlen (sentence) < 14);
  MUST (vm_explain (f->name, &sentence) < 0 && vm_explain_esxcli (f->text, &sentence) < 0);
}

static void
look_inside (xmlNode *root)
{
  char escaped[64], text[64];
  struct vm_fault f;
  xmlDoc *inner = vm_read_esxcli (fettle_xml_find (root, "returnval"), &f);

  MUST (!inner == (f.name[0] != '\0') && (inner || f.text[0]));
  check (&f);
  xmlFreeDoc (inner);
  vm_read_localized (fettle_xml_find (root, "error"), &f);
  check (&f);
  fettle_xml_text (fettle_xml_find (root, "name"), NULL, text, sizeof text);
  if (vm_escape (text, escaped, sizeof escaped))
    MUST (!strpbrk (escaped, "<>\"'"));
  if (vm_percent (text, escaped, sizeof escaped))
    MUST (!strpbrk (escaped, " /?&#"));
  if (vm_vib_match (text, escaped, sizeof escaped))
    MUST (!strchr (escaped, ' ') && strlen (escaped) > 4);
}

int
LLVMFuzzerTestOneInput (const uint8_t *data, size_t size)
{
  xmlDoc *doc = fettle_xml_read ((const char *) data, size, 0);
  xmlNode *root = fettle_xml_root (doc);
  struct vm_fault f;
  char version[16];

  vm_choose_version ((const char *) data, size, version);
  MUST (version[0] >= '4' && version[0] <= '8' && version[1] == '.');
  MUST (vm_read_fault (root, &f) == (f.name[0] != '\0'));
  check (&f);
  look_inside (root);
  xmlFreeDoc (doc);
  return 0;
}
