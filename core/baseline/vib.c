/* vib.c - VMware's installation bundle: an ar whose descriptor.xml comes first;
 * and the lists of a depot, whose files those are.  See formats.h.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "util/base.h"

#include <strings.h>

#include "baseline/container.h"
#include "baseline/formats.h"
#include "baseline/xml.h"

enum { DESCRIPTOR_MAX = 4 << 20, PAYLOADS_MAX = 1000 };

struct payloads {
  size_t n;
  char names[PAYLOADS_MAX][64];
  char sha256[PAYLOADS_MAX][FETTLE_SHA256_TEXT];
};

static bool
set_text (char **member, const xmlNode *n, size_t max)
{
  _cleanup_free_ char *text = fettle_xml_text (n);

  return fettle_about_text (member, text, max);
}

static bool
is_true (const xmlNode *n)
{
  _cleanup_free_ char *text = fettle_xml_text (n);

  return strcmp (text, "true") == 0;
}

fettle_result
fettle_vib_descriptor (const xmlNode *root, struct fettle_abouts *a, struct fettle_error *err)
{
  _cleanup_free_ char *name = fettle_xml_text (fettle_xml_child (root, "name")),
                      *version = fettle_xml_text (fettle_xml_child (root, "version"));
  struct fettle_about *one;
  struct fettle_component *c;

  if (!fettle_xml_is (root, "vib"))
    return fettle_not_this (err);
  one = fettle_about_add (a, NULL, err);
  if (!one)
    return err->code;
  c = &one->c;
  c->reboot = is_true (fettle_xml_find (root, "live-install-allowed")) ? false
              : fettle_xml_child (root, "live-install-allowed") != NULL;
  if (!fettle_about_text (&c->name, name, 200) || !fettle_about_version (c, version, "rpm")
      || !set_text (&c->summary, fettle_xml_child (root, "summary"), 300)
      || !fettle_about_match (c, "vib", name) || !fettle_component_set (&c->format, "vib")
      || !fettle_component_set (&c->kind, "driver") || !fettle_component_add_node_type (c, "vmware"))
    return fettle_about_no_memory (err);
  return c->name && c->version ? FETTLE_OK
                               : fettle_error_set (err, FETTLE_E_CONFIG, "its descriptor.xml has no name"
                                                                         " and version");
}

/* ---- the file ---- */

/* A payload as it lies there has the digest that needs no unpacking. */
static fettle_result
list_payloads (const xmlNode *root, struct payloads *p, struct fettle_error *err)
{
  const xmlNode *list = fettle_xml_child (root, "payloads");

  for (xmlNode *n = fettle_xml_child (list, "payload"); n; n = fettle_xml_next (n, "payload")) {
    _cleanup_free_ char *name = fettle_xml_attribute (n, "name");

    if (p->n == PAYLOADS_MAX)
      return fettle_error_set (err, FETTLE_E_CONFIG, "it has more than %d payloads", PAYLOADS_MAX);
    snprintf (p->names[p->n], sizeof p->names[0], "%s", name);
    for (xmlNode *k = fettle_xml_child (n, "checksum"); k; k = fettle_xml_next (k, "checksum")) {
      _cleanup_free_ char *type = fettle_xml_attribute (k, "checksum-type"),
                          *process = fettle_xml_attribute (k, "verify-process"), *hex = fettle_xml_text (k);

      if (strcasecmp (type, "sha-256") == 0 && !*process)
        snprintf (p->sha256[p->n], sizeof p->sha256[0], "%s", hex);
    }
    p->n++;
  }
  return FETTLE_OK;
}

static fettle_result
check_payload (const struct payloads *p, const char *name, const char *sha256,
               struct fettle_error *err)
{
  for (size_t i = 0; i < p->n; i++)
    if (strcmp (p->names[i], name) == 0 && *p->sha256[i] && strcasecmp (p->sha256[i], sha256) != 0)
      return fettle_error_set (err, FETTLE_E_CONFIG,
                               "its payload %.64s hasn't the SHA-256 that its descriptor says", name);
  return FETTLE_OK;
}

static fettle_result
read_descriptor (struct fettle_source *s, struct payloads *p, struct fettle_abouts *a,
                 struct fettle_error *err)
{
  _cleanup_ (fettle_buf_clear) struct fettle_buf text = FETTLE_BUF_INIT (DESCRIPTOR_MAX);
  _cleanup_ (fettle_cleanup_xml) xmlDoc *doc = NULL;
  const void *data;
  fettle_result r;
  ssize_t n;

  while ((n = fettle_source_read (s, &data)) > 0)
    if (!fettle_buf_add (&text, data, (size_t) n))
      return fettle_error_set (err, FETTLE_E_CONFIG, "its descriptor.xml is larger than %zu bytes",
                               text.max);
  if (n < 0)
    return fettle_error_set (err, FETTLE_E_CONFIG, "its descriptor.xml is broken: %s",
                             fettle_source_why (s));
  r = fettle_xml_parse (fettle_buf_text (&text), text.size, &doc, err);
  if (r)
    return fettle_error_prefix (err, "its descriptor.xml: ");
  r = fettle_vib_descriptor (xmlDocGetRootElement (doc), a, err);
  if (r == FETTLE_E_UNSUPPORTED)
    return fettle_error_set (err, FETTLE_E_CONFIG, "its descriptor.xml isn't one of a VIB");
  return r ? r : list_payloads (xmlDocGetRootElement (doc), p, err);
}

static fettle_result
read_member (struct fettle_container *c, const char *name, struct payloads *p,
             struct fettle_abouts *a, struct fettle_error *err)
{
  _cleanup_ (fettle_cleanup_source) struct fettle_source *s = NULL;
  char sha256[FETTLE_SHA256_TEXT];
  uint64_t size;
  fettle_result r = fettle_container_source (c, &s, err);

  if (r)
    return r;
  if (strcmp (name, "descriptor.xml") == 0)
    return a->n ? fettle_error_set (err, FETTLE_E_CONFIG, "it has descriptor.xml twice")
                : read_descriptor (s, p, a, err);
  r = fettle_source_finish (s, sha256, &size, err);
  return r ? fettle_error_prefix (err, "its %.64s is broken: ", name)
           : check_payload (p, name, sha256, err);
}

fettle_result
fettle_vib_read (struct fettle_source *s, struct fettle_abouts *a, struct fettle_error *err)
{
  _cleanup_ (fettle_cleanup_container) struct fettle_container *c = NULL;
  _cleanup_free_ struct fettle_member *m = malloc (sizeof *m);
  _cleanup_free_ struct payloads *p = calloc (1, sizeof *p);
  fettle_result r = m && p ? fettle_container_open (s, &c, err) : fettle_about_no_memory (err);

  for (unsigned n = 0; !r; n++) {
    r = fettle_container_next (c, m, err);
    if (r || m->kind == FETTLE_MEMBER_END)
      break;
    if (m->kind != FETTLE_MEMBER_FILE || n > PAYLOADS_MAX + 10)
      return fettle_error_set (err, FETTLE_E_CONFIG, "its %.64s isn't what a VIB has", m->path);
    r = read_member (c, m->path, p, a, err);
  }
  if (!r)
    r = fettle_container_finish (c, err);
  return r || a->n ? r : fettle_error_set (err, FETTLE_E_CONFIG, "it isn't a VIB: it has no descriptor.xml");
}

/* ---- a depot ---- */

static fettle_result
add_listed (const xmlNode *vib, struct fettle_abouts *a, struct fettle_error *err)
{
  const xmlNode *file = fettle_xml_child (vib, "vibFile");
  _cleanup_free_ char *path = fettle_xml_text (fettle_xml_child (file, "relativePath")),
                      *size = fettle_xml_text (fettle_xml_child (file, "packedSize")),
                      *type = fettle_xml_text (fettle_xml_find (file, "checksum/checksumType")),
                      *hex = fettle_xml_text (fettle_xml_find (file, "checksum/checksum"));
  struct fettle_about *one;

  if (!*path)
    return FETTLE_OK;
  one = fettle_about_add (a, path, err);
  if (!one)
    return err->code;
  if (*size && strspn (size, "0123456789") == strlen (size))
    one->size = strtoull (size, NULL, 10);
  if (strcmp (type, "sha-256") == 0 && !fettle_component_set (&one->sha256, hex))
    return fettle_about_no_memory (err);
  return FETTLE_OK;
}

fettle_result
fettle_vib_depot (const xmlNode *root, struct fettle_abouts *a, struct fettle_error *err)
{
  fettle_result r = FETTLE_OK;

  if (!fettle_xml_is (root, "metadataResponse"))
    return fettle_not_this (err);
  for (const xmlNode *n = root; !r && (n = fettle_xml_walk (root, n, "vib"));)
    r = add_listed (n, a, err);
  a->complete = true;
  return r;
}
