/* What a host's CIM server says: answers in CIM-XML, paths of jobs, which go into a
 * token and back, software identities.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include <string.h>

#include "../../plugins/vmware/cim-answer.h"
#include "fuzz/fuzz.h"

/* libxml2 keeps its last error until the thread ends. */
const char *__lsan_default_suppressions (void);
const char *
__lsan_default_suppressions (void)
{
  return "leak:xmlGetGlobalState";
}

static const char *const methods[] = { "EnumerateInstances", "EnumerateInstanceNames", "GetInstance", "InstallFromURI" };

/* It comes back from a token as it went in, and makes XML that is read as it is. */
static void
check_path (const struct cim_path *path, int from_xml)
{
  char text[CIM_PATH], xml[8192], object[8192];
  struct cim_path again;
  xmlDoc *doc;

  if (cim_path_text (path, text, sizeof text)) {
    MUST (cim_path_parse (text, &again));
    MUST (cim_path_hash (&again) == cim_path_hash (path) && again.n == path->n && strcmp (again.class, path->class) == 0);
    for (size_t i = 0; i < path->n; i++)
      MUST (strcmp (again.keys[i].value, path->keys[i].value) == 0 && strcmp (again.keys[i].name, path->keys[i].name) == 0
            && strcmp (again.keys[i].type, path->keys[i].type) == 0);
  }
  if (cim_write_object ("root/hpq", path, object, sizeof object))
    MUST (!strpbrk (object, "\r\n\" :/"));
  if (cim_write_path (path, xml, sizeof xml) && from_xml) {
    doc = fettle_xml_read (xml, strlen (xml), 0);
    MUST (doc && cim_read_path (fettle_xml_root (doc), &again) && again.n == path->n);
    MUST (cim_path_hash (&again) == cim_path_hash (path));
    xmlFreeDoc (doc);
  }
}

static void
check_instances (const xmlNode *all)
{
  const xmlNode *n = NULL;
  struct cim_identity one;
  struct cim_job job;
  const char *sentence;

  while ((n = cim_instance (all, n))) {
    if (cim_read_identity (n, &one))
      MUST (one.class[0] && one.id[0] && one.version[0] && !strchr (one.match, ' ') && memchr (one.name, '\0', sizeof one.name)
            && (one.active || !one.match[0]));
    if (cim_read_job (n, &job)) {
      fettle_result r = cim_judge_job (&job, &sentence);

      MUST (memchr (job.text, '\0', sizeof job.text) && (r >= 0 || sentence));
      MUST (r == FETTLE_AGAIN || job.state < 2 || job.state > 6);
    }
  }
}

static void
check_answer (xmlDoc *doc, const char *method)
{
  const xmlNode *answer;
  struct cim_error e;
  struct cim_path path;
  const char *sentence;
  unsigned value;

  if (!cim_read (doc, method, &e, &answer)) {
    MUST (!answer && !e.code);
    return;
  }
  MUST (!e.code || !answer);
  MUST (cim_explain (e.code, &sentence) < 0 && sentence && memchr (e.text, '\0', sizeof e.text));
  check_instances (answer);
  for (const xmlNode *n = fettle_xml_child (answer, NULL); n; n = fettle_xml_next (n, NULL))
    if (cim_read_path (n, &path))
      check_path (&path, 1);
  if (cim_read_install (answer, &value, &path))
    MUST (cim_judge_install (value, &sentence) >= 0 || sentence);
  if (path.class[0])
    check_path (&path, 1);
}

int
LLVMFuzzerTestOneInput (const uint8_t *data, size_t size)
{
  xmlDoc *doc = fettle_xml_read ((const char *) data, size, 0);
  char text[2048], basic[200];
  struct cim_path path;

  for (size_t i = 0; i < FETTLE_COUNT (methods); i++)
    check_answer (doc, methods[i]);
  xmlFreeDoc (doc);
  if (size < sizeof text && !memchr (data, '\0', size)) { /* as a token; and as a ticket */
    memcpy (text, data, size);
    text[size] = '\0';
    if (cim_path_parse (text, &path))
      check_path (&path, 0);
    if (cim_basic (text, "x", basic, sizeof basic))
      MUST (strlen (basic) < sizeof basic && !strpbrk (basic + 6, " \r\n"));
  }
  return 0;
}
