/* store.c - files of ours on the host's datastore, at /folder of port 443: images
 * that the host can't fetch, and notes of what must be put back.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "vmware.h"

enum { NAME = 120 };

/* The one that the setting names; else the first of those that can be used, by
 * name: so each call finds the same. */
static void
consider (struct vm_session *s, const struct vm_ref *ref, struct vm_store *best)
{
  const char *wanted = s->h->setting (s->c, "datastore");
  char name[100], text[40];
  const xmlNode *summary;
  xmlNode *object;

  if (vm_properties (s, ref, "<pathSet>summary</pathSet>", &object) != FETTLE_OK)
    return;
  summary = vm_value (object, "summary");
  fettle_xml_text (summary, "name", name, sizeof name);
  if (!name[0] || strchr (name, '/') || strchr (name, ']')
      || strcmp (fettle_xml_text (summary, "accessible", text, sizeof text), "true") != 0)
    return;
  if (wanted && wanted[0] ? strcmp (wanted, name) != 0 : best->name[0] && strcmp (best->name, name) <= 0)
    return;
  snprintf (best->name, sizeof best->name, "%s", name);
  best->free = strtoull (fettle_xml_text (summary, "freeSpace", text, sizeof text), NULL, 10);
}

fettle_result
vm_store (struct vm_session *s, struct vm_store *store)
{
  const xmlNode *n = fettle_xml_child (vm_property (s, "datastore"), NULL);
  const char *wanted = s->h->setting (s->c, "datastore");
  char name[290];
  struct vm_ref ref;

  memset (store, 0, sizeof *store);
  for (; n; n = fettle_xml_next (n, NULL))
    if (vm_read_ref (n, &ref))
      consider (s, &ref, store);
  if (s->gone)
    return FETTLE_E_UNREACHABLE;
  if (!store->name[0])
    return vm_fail (s, FETTLE_E_UNSUPPORTED, "the host has no datastore%s%s that could be used",
                        wanted && wanted[0] ? " called " : "", wanted ? wanted : "");
  if (!vm_percent (store->name, name, sizeof name))
    return vm_fail (s, FETTLE_E_UNSUPPORTED, "the datastore's name is too long");
  snprintf (store->folder, sizeof store->folder, "dcPath=ha-datacenter&dsName=%s", name);
  return FETTLE_OK;
}

void
vm_file_name (const struct vm_session *s, const char *what, char ret[NAME])
{
  snprintf (ret, NAME, "fettle-%.40s-%s", s->t->operation, what);
}

/* ---- requests ---- */

static fettle_result
transfer (struct vm_session *s, const struct vm_store *store, const char *method, const char *name,
          struct fettle_http_part *part, struct fettle_http_answer *a)
{
  struct fettle_sending sending = { s->h, s->c, 150, 350, 0 };
  struct fettle_http_request q;
  char path[NAME + 400];
  fettle_result r;

  if (store->scratch)
    snprintf (path, sizeof path, "/tmp/%s", name);
  else
    snprintf (path, sizeof path, "/folder/%s?%s", name, store->folder);
  memset (&q, 0, sizeof q);
  memset (a, 0, sizeof *a);
  q.struct_size = sizeof q;
  q.flags = vm_says_yes (s->h, s->c, "old_tls") ? FETTLE_HTTP_OLD_TLS : 0;
  q.port = 443;
  q.timeout_ms = 300000;
  q.method = method;
  q.path = path;
  q.n_parts = part != NULL;
  q.part_size = sizeof *part;
  q.parts = part;
  q.sent = part ? fettle_note_sent : NULL;
  q.opaque = &sending;
  a->struct_size = sizeof *a;
  r = s->http->request (s->c, &q, a);
  s->gone = r == FETTLE_E_UNREACHABLE || r == FETTLE_E_TIMEOUT || r == FETTLE_E_ABORTED;
  return r;
}

static fettle_result
put (struct vm_session *s, const struct vm_store *store, const char *name, struct fettle_http_part *part)
{
  struct fettle_http_answer a;
  fettle_result r;

  part->type = "application/octet-stream";
  r = transfer (s, store, "PUT", name, part, &a);
  if (r != FETTLE_OK || (a.status >= 200 && a.status < 300))
    return r;
  if (a.status == 401 || a.status == 403)
    return vm_fail (s, FETTLE_E_AUTH, "the host doesn't let this user write to the datastore %s (status %d)",
                        store->name, (int) a.status);
  return vm_fail (s, FETTLE_E_REJECTED, "the host didn't take a file on its datastore %s (status %d): is it full? "
                      "Another one can be named in the setting datastore", store->name, (int) a.status);
}

fettle_result
vm_put_file (struct vm_session *s, const struct vm_store *store, const char *name, const struct fettle_image *image,
             uint32_t file)
{
  const struct fettle_file *f = (const void *) ((const char *) image->files + (size_t) file * image->file_size);
  struct fettle_http_part part;

  if (f->size > store->free)
    return vm_fail (s, FETTLE_E_REJECTED, "the datastore %s has %llu bytes free, and %s has %llu: free some space, or "
                        "name another one in the setting datastore", store->name, store->free, f->name,
                        (unsigned long long) f->size);
  memset (&part, 0, sizeof part);
  part.file = file;
  part.size = f->size;
  return put (s, store, name, &part);
}

fettle_result
vm_put_note (struct vm_session *s, const struct vm_store *store, const char *name, const char *text)
{
  struct fettle_http_part part;

  memset (&part, 0, sizeof part);
  part.data = text;
  part.size = strlen (text);
  return put (s, store, name, &part);
}

fettle_result
vm_get_note (struct vm_session *s, const struct vm_store *store, const char *name, char *ret, size_t size)
{
  struct fettle_http_answer a;
  fettle_result r = transfer (s, store, "GET", name, NULL, &a);

  ret[0] = '\0';
  if (r != FETTLE_OK || a.status == 404)
    return r;
  if (a.status != 200 || a.size == 0 || a.size >= size || memchr (a.body, '\0', (size_t) a.size))
    return vm_fail (s, FETTLE_E_PROTOCOL, "the note %s on the datastore %s can't be read (status %d)", name,
                        store->name, (int) a.status);
  memcpy (ret, a.body, (size_t) a.size + 1);
  return FETTLE_OK;
}

/* Not all hosts let go of what is in there before they restart. */
static fettle_result
delete_scratch (struct vm_session *s, const struct vm_store *store, const char *name)
{
  struct fettle_http_answer a;
  fettle_result r = transfer (s, store, "DELETE", name, NULL, &a);

  if (r == FETTLE_OK && a.status >= 300 && a.status != 404)
    fettle_say (s->h, s->c, FETTLE_LOG_INFO, "%s stays in the host's /tmp until its restart (status %d)", name, (int) a.status);
  return r;
}

/* Of a note or an image; one that isn't there is fine. */
fettle_result
vm_delete_file (struct vm_session *s, const struct vm_store *store, const char *name)
{
  char arguments[NAME + 700], escaped[600];
  fettle_result r;

  if (store->scratch)
    return delete_scratch (s, store, name);
  if (!s->files.id[0] || !vm_escape (store->name, escaped, sizeof escaped))
    return vm_fail (s, FETTLE_E_UNSUPPORTED, "the host has no file manager");
  snprintf (arguments, sizeof arguments, "<name>[%s] %s</name>", escaped, name);
  r = vm_task (s, "DeleteDatastoreFile_Task", &s->files, arguments, 120);
  return r < 0 && strcmp (s->fault.name, "FileNotFound") == 0 ? FETTLE_OK : r;
}
