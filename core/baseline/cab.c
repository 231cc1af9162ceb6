/* cab.c - LVFS's cabinet: one component for each *.metainfo.xml in it, whose
 * checksums of the other files must be right.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "util/base.h"

#include <fnmatch.h>
#include <openssl/evp.h>
#include <strings.h>

#include "baseline/container.h"
#include "baseline/formats.h"
#include "baseline/jcat.h"
#include "baseline/xml.h"
#include "util/text.h"

enum { METAINFO_MAX = 4 << 20, FILES_MAX = 1000, DIGEST_TEXT = 2 * EVP_MAX_MD_SIZE + 1 };

static const struct {
  const char *name;
  const EVP_MD *(*md) (void);
} digests[] = { { "sha1", EVP_sha1 }, { "sha256", EVP_sha256 } };

struct file {
  char *name;
  uint64_t size;
  char hex[COUNT (digests)][DIGEST_TEXT];
  struct fettle_pgp_digests *pgp;
};

struct cab {
  struct file *files;
  size_t n;
  struct fettle_buf jcat;
  xmlDoc *docs[FILES_MAX];
  size_t n_docs;
};

static void
cab_clear (struct cab *cab)
{
  for (size_t i = 0; i < cab->n; i++) {
    free (cab->files[i].name);
    fettle_pgp_digests_free (cab->files[i].pgp);
  }
  free (cab->files);
  fettle_buf_clear (&cab->jcat);
  for (size_t i = 0; i < cab->n_docs; i++)
    xmlFreeDoc (cab->docs[i]);
}

static void
cleanup_cab (struct cab **cab)
{
  if (*cab)
    cab_clear (*cab);
  free (*cab);
}

static bool
finish_digests (EVP_MD_CTX *const *md, struct file *f)
{
  for (size_t i = 0; i < COUNT (digests); i++) {
    unsigned char digest[EVP_MAX_MD_SIZE];
    unsigned size = 0;

    if (!EVP_DigestFinal_ex (md[i], digest, &size))
      return false;
    fettle_hex (digest, size, f->hex[i]);
  }
  return true;
}

static fettle_result
digest_member (struct fettle_source *s, struct file *f, struct fettle_buf *text,
               struct fettle_error *err)
{
  EVP_MD_CTX *md[COUNT (digests)] = { NULL };
  fettle_result r = FETTLE_OK;
  const void *data;
  ssize_t n = 0;

  for (size_t i = 0; i < COUNT (digests); i++)
    if (!(md[i] = EVP_MD_CTX_new ()) || !EVP_DigestInit_ex (md[i], digests[i].md (), NULL))
      r = fettle_about_no_memory (err);
  while (!r && (n = fettle_source_read (s, &data)) > 0) {
    for (size_t i = 0; i < COUNT (digests); i++)
      EVP_DigestUpdate (md[i], data, (size_t) n);
    fettle_pgp_digests_update (f->pgp, data, (size_t) n);
    f->size += (uint64_t) n;
    if (text && !fettle_buf_add (text, data, (size_t) n))
      r = fettle_error_set (err, FETTLE_E_CONFIG, "its %.200s is larger than %zu bytes", f->name, text->max);
  }
  if (!r && n < 0)
    r = fettle_error_set (err, FETTLE_E_CONFIG, "its %.200s is broken: %s", f->name,
                          fettle_source_why (s));
  if (!r && !finish_digests (md, f))
    r = fettle_about_no_memory (err);
  for (size_t i = 0; i < COUNT (digests); i++)
    EVP_MD_CTX_free (md[i]);
  return r;
}

static bool
is_jcat (const char *name)
{
  return fnmatch ("*.jcat", name, 0) == 0;
}

static fettle_result
read_member (struct cab *cab, struct fettle_container *c, const char *name,
             struct fettle_error *err)
{
  _cleanup_ (fettle_cleanup_source) struct fettle_source *s = NULL;
  _cleanup_ (fettle_buf_clear) struct fettle_buf text = FETTLE_BUF_INIT (METAINFO_MAX);
  bool metainfo = fnmatch ("*.metainfo.xml", name, 0) == 0, jcat = is_jcat (name);
  struct file *f = reallocarray (cab->files, cab->n + 1, sizeof *f);
  fettle_result r;

  if (!f)
    return fettle_about_no_memory (err);
  cab->files = f;
  f += cab->n;
  *f = (struct file) { .name = strdup (name), .pgp = fettle_pgp_digests_new () };
  cab->n++;
  if (!f->name)
    return fettle_about_no_memory (err);
  r = fettle_container_source (c, &s, err);
  if (!r)
    r = digest_member (s, f, metainfo ? &text : jcat ? &cab->jcat : NULL, err);
  if (r || !metainfo)
    return r;
  r = fettle_xml_parse (fettle_buf_text (&text), text.size, &cab->docs[cab->n_docs], err);
  if (r)
    return fettle_error_prefix (err, "its %.200s: ", name);
  cab->n_docs++;
  return FETTLE_OK;
}

static fettle_result
read_members (struct cab *cab, struct fettle_source *s, struct fettle_error *err)
{
  _cleanup_ (fettle_cleanup_container) struct fettle_container *c = NULL;
  _cleanup_free_ struct fettle_member *m = malloc (sizeof *m);
  fettle_result r = m ? fettle_container_open (s, &c, err) : fettle_about_no_memory (err);

  while (!r) {
    r = fettle_container_next (c, m, err);
    if (r || m->kind == FETTLE_MEMBER_END)
      break;
    if (cab->n >= FILES_MAX)
      return fettle_error_set (err, FETTLE_E_CONFIG, "it has more than %d files", FILES_MAX);
    if (m->kind != FETTLE_MEMBER_FILE)
      return fettle_error_set (err, FETTLE_E_CONFIG, "its %.200s: %.200s", m->path, m->text);
    r = read_member (cab, c, m->path, err);
  }
  return r ? r : fettle_container_finish (c, err);
}

/* ---- checksums ---- */

static const struct file *
find (const struct cab *cab, const char *name)
{
  for (size_t i = 0; i < cab->n; i++)
    if (strcmp (cab->files[i].name, name) == 0)
      return &cab->files[i];
  return NULL;
}

static fettle_result
check_file (const struct cab *cab, const char *name, const char *type, const char *hex,
            struct fettle_error *err)
{
  const struct file *f = find (cab, name);

  if (!f)
    return fettle_error_set (err, FETTLE_E_CONFIG, "its metainfo names %.200s, which isn't in it", name);
  for (size_t i = 0; i < COUNT (digests); i++)
    if (strcasecmp (type, digests[i].name) == 0 && strcasecmp (hex, f->hex[i]) != 0)
      return fettle_error_set (err, FETTLE_E_CONFIG, "its %.200s hasn't the %s that its metainfo says",
                               name, digests[i].name);
  return FETTLE_OK;
}

/* <checksum filename="firmware.bin" target="content" type="sha256">, in releases
 * and their artifacts. */
static fettle_result
check_metainfo (const struct cab *cab, const xmlNode *root, struct fettle_error *err)
{
  fettle_result r = FETTLE_OK;

  for (const xmlNode *n = root; !r && (n = fettle_xml_walk (root, n, "checksum"));) {
    _cleanup_free_ char *target = fettle_xml_attribute (n, "target"),
                        *name = fettle_xml_attribute (n, "filename"),
                        *type = fettle_xml_attribute (n, "type"), *hex = fettle_xml_text (n);

    if (*name && strcmp (target, "content") == 0)
      r = check_file (cab, name, type, hex, err);
  }
  return r;
}

/* ---- signatures ---- */

static fettle_result
judge_signatures (const struct cab *cab, struct fettle_abouts *a, struct fettle_error *err)
{
  _cleanup_free_ struct fettle_jcat_file *files = calloc (cab->n + 1, sizeof *files);
  struct fettle_vendor v = { 0 };
  fettle_result r = files ? FETTLE_OK : fettle_about_no_memory (err);
  size_t n = 0;

  for (size_t i = 0; !r && i < cab->n; i++)
    if (!is_jcat (cab->files[i].name))
      files[n++] = (struct fettle_jcat_file) { cab->files[i].name, cab->files[i].hex[0],
                                               cab->files[i].hex[1], cab->files[i].pgp };
  if (!r && cab->jcat.size)
    fettle_jcat_check (fettle_buf_text (&cab->jcat), cab->jcat.size, files, n, &v);
  for (size_t i = 0; !r && i < a->n; i++)
    r = fettle_vendor_apply (&v, &a->list[i]->c, err);
  return r;
}

fettle_result
fettle_cab_read (struct fettle_source *s, struct fettle_abouts *a, struct fettle_error *err)
{
  _cleanup_ (cleanup_cab) struct cab *cab = calloc (1, sizeof *cab);
  fettle_result r = cab ? FETTLE_OK : fettle_about_no_memory (err);

  if (!r) {
    cab->jcat = (struct fettle_buf) FETTLE_BUF_INIT (FETTLE_JCAT_MAX);
    r = read_members (cab, s, err);
  }
  for (size_t i = 0; !r && i < cab->n_docs; i++) {
    const xmlNode *root = xmlDocGetRootElement (cab->docs[i]);

    r = check_metainfo (cab, root, err);
    if (!r)
      r = fettle_metainfo (root, a, err);
    if (r == FETTLE_E_UNSUPPORTED)
      r = FETTLE_OK; /* of a program, not of firmware */
  }
  if (!r && !a->n)
    r = fettle_error_set (err, FETTLE_E_CONFIG, "it has no *.metainfo.xml of firmware in it");
  return r ? r : judge_signatures (cab, a, err);
}
