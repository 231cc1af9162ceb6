/* compose.c - see compose.h.  SPDX-License-Identifier: Apache-2.0 */
#include "util/base.h"

#include <limits.h>
#include <openssl/evp.h>
#include <strings.h>

#include "baseline/compose.h"
#include "baseline/hasher.h"
#include "baseline/kinds.h"
#include "baseline/side.h"
#include "util/text.h"

static fettle_result
no_memory (struct fettle_error *err)
{
  return fettle_error_set (err, FETTLE_E_NOMEM, "no memory for a component");
}

/* A file of the same folder as `path`. */
static struct fettle_record *
neighbour (const struct fettle_records *rs, const char *path, const char *name)
{
  char other[2 * PATH_MAX];

  snprintf (other, sizeof other, "%.*s%s", (int) (fettle_base_name (path) - path), path, name);
  return fettle_record_find (rs, other);
}

const struct fettle_record *
fettle_compose_side (const struct fettle_records *rs, const struct fettle_record *r)
{
  char path[2 * PATH_MAX];

  snprintf (path, sizeof path, "%s%s", r->path, FETTLE_SIDE_SUFFIX);
  return fettle_record_find (rs, path);
}

/* ---- who tells what of whom ---- */

static fettle_result
tell (struct fettle_record *to, const struct fettle_record *from, const struct fettle_about *about,
      struct fettle_error *err)
{
  struct fettle_told *bigger;

  if (to == from)
    return FETTLE_OK;
  bigger = reallocarray (to->told, to->n_told + 1, sizeof *bigger);
  if (!bigger)
    return no_memory (err);
  to->told = bigger;
  to->told[to->n_told++] = (struct fettle_told) { from, about };
  return FETTLE_OK;
}

/* "CP1.json" and "CP1.exe", "x.pldm.json" and "x.pldm.fwpkg". */
static fettle_result
tell_stem (struct fettle_records *rs, const struct fettle_record *from,
           const struct fettle_about *about, struct fettle_error *err)
{
  static const char *const ends[] = { "fwpkg", "exe", "scexe", "rpm", "deb", "zip", "bin", "flash",
                                      "hex", "uxz", "img", "vmexe" };
  const char *base = fettle_base_name (from->path), *dot = strrchr (base, '.');
  char name[PATH_MAX];
  fettle_result r = FETTLE_OK;

  for (size_t i = 0; dot && i < COUNT (ends) && !r; i++) {
    struct fettle_record *to;

    snprintf (name, sizeof name, "%.*s.%s", (int) (dot - base), base, ends[i]);
    to = neighbour (rs, from->path, name);
    if (to)
      r = tell (to, from, about, err);
  }
  return r;
}

struct missing {
  size_t n;
  struct fettle_buf names;
};

static bool
miss (struct missing *m, const char *file)
{
  m->n++;
  return m->n > 3 || fettle_buf_printf (&m->names, "%s%.80s", m->n > 1 ? ", " : "", file);
}

static fettle_result
say_missing (struct fettle_record *r, const struct missing *m, struct fettle_error *err)
{
  char text[512];

  if (!m->n)
    return FETTLE_OK;
  snprintf (text, sizeof text, "it lists %zu %s that %s here: %s%s", m->n,
            m->n == 1 ? "file" : "files", m->n == 1 ? "isn't" : "aren't", fettle_buf_text (&m->names),
            m->n > 3 ? ", ..." : "");
  return fettle_record_problem (r, text) ? FETTLE_OK : no_memory (err);
}

static fettle_result
tell_all (struct fettle_records *rs, struct fettle_record *from, bool stems,
          struct fettle_error *err)
{
  struct missing missing = { 0, FETTLE_BUF_INIT (400) };
  fettle_result r = FETTLE_OK;

  for (size_t i = 0; i < from->abouts.n && !r; i++) {
    const struct fettle_about *about = from->abouts.list[i];
    struct fettle_record *to;

    if (about->stem != stems || (!about->file && !about->stem))
      continue;
    if (about->stem) {
      r = tell_stem (rs, from, about, err);
      continue;
    }
    to = fettle_record_meant (rs, from, about->file);
    if (to)
      r = tell (to, from, about, err);
    else if (from->abouts.complete && !miss (&missing, about->file))
      r = no_memory (err);
  }
  if (!r)
    r = say_missing (from, &missing, err);
  fettle_buf_clear (&missing.names);
  return r;
}

/* ---- parts of a component ---- */

static bool
within (const char *path, const char *folder, size_t n)
{
  return strncmp (path, folder, n) == 0;
}

/* The folder that the tree is, with a '/' at its end. */
static size_t
tree_of (const struct fettle_record *r)
{
  return (size_t) (fettle_base_name (r->path) - r->path);
}

static void
claim_tree (struct fettle_records *rs, const struct fettle_record *r)
{
  size_t n = tree_of (r);

  for (size_t i = 0; i < rs->n; i++)
    if (rs->list[i] != r && within (rs->list[i]->path, r->path, n))
      rs->list[i]->claimed = rs->list[i]->in_tree = true;
}

/* Files that side files name as theirs need no side file of their own. */
static void
claim_files (struct fettle_records *rs, const struct fettle_record *side)
{
  _cleanup_ (fettle_component_clear) struct fettle_component c = { 0 };
  _cleanup_ (fettle_side_files_clear) struct fettle_side_files files = { 0 };
  struct fettle_error err;

  /* An error is said when its component is made. */
  if (side->problem
      || fettle_side_apply (fettle_buf_text (&side->text), side->text.size, &c, &files, &err))
    return;
  for (size_t i = 0; i < files.n; i++) {
    struct fettle_record *r = neighbour (rs, side->path, files.names[i]);

    if (r)
      r->claimed = true;
  }
}

/* What is in an archive that is a component itself isn't one. */
static void
claim_inside (struct fettle_records *rs, const struct fettle_record *archive)
{
  size_t n = strlen (archive->path);

  for (size_t i = 0; i < rs->n; i++)
    if (within (rs->list[i]->path, archive->path, n) && strncmp (rs->list[i]->path + n, "!/", 2) == 0)
      rs->list[i]->claimed = true;
}

fettle_result
fettle_compose_prepare (struct fettle_records *rs, struct fettle_error *err)
{
  fettle_result r = FETTLE_OK;

  for (int stems = 1; stems >= 0; stems--)
    for (size_t i = 0; i < rs->n && !r; i++)
      if (!rs->list[i]->problem)
        r = tell_all (rs, rs->list[i], stems, err);
  for (size_t i = 0; i < rs->n && !r; i++) {
    struct fettle_record *one = rs->list[i];

    if (fettle_file_kind (one->path) == FETTLE_FILE_SIDE)
      claim_files (rs, one);
    if (one->opened && (one->n_told || fettle_compose_side (rs, one)))
      claim_inside (rs, one);
    for (size_t k = 0; k < one->abouts.n && !one->problem; k++)
      if (one->abouts.list[k]->tree)
        claim_tree (rs, one);
  }
  return r;
}

/* ---- the component ---- */

/* The i-th of those that make components: its own, else its first teller's. */
static const struct fettle_about *
base_about (const struct fettle_record *r, size_t i)
{
  const struct fettle_record *from = NULL;

  for (size_t k = 0; k < r->abouts.n; k++)
    if (!r->abouts.list[k]->file && !r->abouts.list[k]->stem && i-- == 0)
      return r->abouts.list[k];
  for (size_t k = 0; k < r->abouts.n; k++)
    if (!r->abouts.list[k]->file && !r->abouts.list[k]->stem)
      return NULL;
  for (size_t k = 0; k < r->n_told; k++) /* a list of names says nothing */
    if (r->told[k].about->c.version && (!from || from == r->told[k].from)) {
      from = r->told[k].from;
      if (i-- == 0)
        return r->told[k].about;
    }
  return NULL;
}

size_t
fettle_compose_count (const struct fettle_records *rs, const struct fettle_record *r)
{
  size_t n = 0;

  while (base_about (r, n))
    n++;
  return n ? n : fettle_compose_side (rs, r) ? 1 : 0;
}

static fettle_result
check_about (const struct fettle_record *r, const struct fettle_about *about, const char *who,
             struct fettle_error *err)
{
  if (about->size != FETTLE_SIZE_ANY && about->size != r->size)
    return fettle_error_set (err, FETTLE_E_CONFIG, "it has %llu bytes, but %.200s says %llu",
                             (unsigned long long) r->size, who, (unsigned long long) about->size);
  if (about->sha256 && strcasecmp (about->sha256, r->sha256) != 0)
    return fettle_error_set (err, FETTLE_E_CONFIG, "its SHA-256 isn't the one that %.200s says",
                             who);
  return FETTLE_OK;
}

static bool
same_part (const char *a, const char *b)
{
  return !a || !b || strcmp (a, b) == 0;
}

static fettle_result
fill (const struct fettle_record *r, const struct fettle_about *base, struct fettle_component *c,
      struct fettle_error *err)
{
  fettle_result result = FETTLE_OK;

  c->order = FETTLE_ORDER_UNSET;
  if (base && !fettle_about_fill (c, &base->c))
    return no_memory (err);
  for (size_t i = 0; i < r->n_told && !result; i++) {
    const struct fettle_about *about = r->told[i].about;

    result = check_about (r, about, fettle_base_name (r->told[i].from->path), err);
    if (!result && same_part (base ? base->part : NULL, about->part)
        && !fettle_about_fill (c, &about->c))
      result = no_memory (err);
  }
  return result;
}

/* ---- its files ---- */

/* apt spells the ':' of an epoch "%3a" in names of files; a node gets "_". */
static void
name_on_node (const char *path, char *ret, size_t size)
{
  size_t n = 0;

  for (const char *p = fettle_base_name (path); *p && n + 1 < size; p++) {
    bool colon = p[0] == '%' && p[1] == '3' && (p[2] == 'a' || p[2] == 'A');

    ret[n++] = colon ? '_' : *p;
    p += colon ? 2 : 0;
  }
  ret[n] = '\0';
}

static fettle_result
add_file (struct fettle_component *c, const struct fettle_record *r, struct fettle_error *err)
{
  struct fettle_component_file *f;
  char name[NAME_MAX + 1];

  name_on_node (r->path, name, sizeof name);
  for (size_t i = 0; i < c->n_files; i++)
    if (strcmp (c->files[i].path, r->path) == 0)
      return FETTLE_OK; /* named in two ways */
  if (!fettle_component_add_file (c, name, r->path, r->size, r->sha256))
    return no_memory (err);
  f = &c->files[c->n_files - 1];
  f->offset = r->packed ? 0 : r->offset;
  f->packed = r->packed;
  return !r->container || fettle_component_set (&f->container, r->container) ? FETTLE_OK
                                                                              : no_memory (err);
}

static fettle_result
add_side_files (const struct fettle_records *rs, const struct fettle_record *r,
                const struct fettle_side_files *files, struct fettle_component *c,
                struct fettle_error *err)
{
  fettle_result result = FETTLE_OK;

  for (size_t i = 0; i < files->n && !result; i++) {
    const struct fettle_record *other = neighbour (rs, r->path, files->names[i]);

    if (!other || other->problem)
      return fettle_error_set (err, FETTLE_E_CONFIG, "its further file %s: %s", files->names[i],
                               other ? other->problem : "it can't be opened: No such file");
    result = add_file (c, other, err);
  }
  return result;
}

/* CP1.compsig, or CP1_part1.compsig and so on, beside CP1.exe.  A package's
 * tool has no use for them. */
static fettle_result
add_compsigs (const struct fettle_records *rs, const struct fettle_record *r,
              struct fettle_component *c, struct fettle_error *err)
{
  const char *base = fettle_base_name (r->path), *dot = strrchr (base, '.');
  const struct fettle_record *sig;
  char name[NAME_MAX + 32];
  fettle_result result = FETTLE_OK;

  if (!dot || (c->format && (strcmp (c->format, "deb") == 0 || strcmp (c->format, "rpm") == 0)))
    return FETTLE_OK;
  snprintf (name, sizeof name, "%.*s.compsig", (int) (dot - base), base);
  sig = neighbour (rs, r->path, name);
  if (sig && !sig->problem)
    return add_file (c, sig, err);
  for (unsigned part = 1; part < FETTLE_COMPONENT_FILES_MAX && !result; part++) {
    snprintf (name, sizeof name, "%.*s_part%u.compsig", (int) (dot - base), base, part);
    sig = neighbour (rs, r->path, name);
    if (!sig || sig->problem)
      break;
    result = add_file (c, sig, err);
  }
  return result;
}

/* "CP012345": HPE's number of a component. */
static bool
is_numbered (const char *base)
{
  return strncasecmp (base, "cp", 2) == 0 && strspn (base + 2, "0123456789") >= 6;
}

static bool
has_compsig (const struct fettle_records *rs, const struct fettle_record *r)
{
  const char *base = fettle_base_name (r->path), *dot = strrchr (base, '.');
  static const char *const ends[] = { "", "_part1" };
  char name[NAME_MAX + 32];

  for (size_t i = 0; dot && i < COUNT (ends); i++) {
    const struct fettle_record *sig;

    snprintf (name, sizeof name, "%.*s%s.compsig", (int) (dot - base), base, ends[i]);
    sig = neighbour (rs, r->path, name);
    if (sig && !sig->problem)
      return true;
  }
  return false;
}

/* A .compsig is in a format of HPE's that isn't public: what can be said is
 * whether it is there.  Without it, an update of VMware hosts is refused by
 * them; Windows and Linux components of old generations never had one. */
static fettle_result
judge_compsig (const struct fettle_records *rs, const struct fettle_record *r,
               struct fettle_component *c, struct fettle_error *err)
{
  const char *base = fettle_base_name (r->path), *dot = strrchr (base, '.');
  bool there = has_compsig (rs, r);
  char text[FETTLE_COMPONENT_TEXT_MAX];

  if (!there && (!is_numbered (base) || !dot || !c->format || !fettle_has_word ("zip exe scexe rpm", c->format)))
    return FETTLE_OK;
  if (!there && strcmp (c->format, "zip") == 0)
    return fettle_error_set (err, FETTLE_E_AUTH, "its signature file %.*s.compsig is missing, without which "
                             "no VMware host may take it", (int) (dot - base), base);
  if (there && c->signature && strcmp (c->signature, "unsigned") != 0)
    return FETTLE_OK; /* a package's own says more */
  if (there)
    snprintf (text, sizeof text, "not verifiable because its .compsig is in a format of HPE's: the node "
                                 "looks at it");
  else
    snprintf (text, sizeof text, "%.600s%sits signature file %.*s.compsig is missing",
              c->signature_text ? c->signature_text : "", c->signature_text ? "; " : "",
              (int) (dot - base), base);
  if ((!c->signature || there)
      && !fettle_component_set (&c->signature, there ? "unverifiable" : "unsigned"))
    return no_memory (err);
  return fettle_component_set (&c->signature_text, text) ? FETTLE_OK : no_memory (err);
}

/* ---- a folder as one component ---- */

static fettle_result
add_tree (const struct fettle_records *rs, const struct fettle_record *r,
          struct fettle_component *c, struct fettle_error *err)
{
  EVP_MD_CTX *md = EVP_MD_CTX_new ();
  size_t n = tree_of (r);
  char folder[2 * PATH_MAX], line[2 * PATH_MAX + 80], hex[FETTLE_SHA256_TEXT];

  if (!md || !EVP_DigestInit_ex (md, EVP_sha256 (), NULL)) {
    EVP_MD_CTX_free (md);
    return no_memory (err);
  }
  for (size_t i = 0; i < rs->n; i++) {
    const struct fettle_record *one = rs->list[i];

    if (!within (one->path, r->path, n))
      continue;
    if (!*one->sha256) {
      EVP_MD_CTX_free (md);
      return fettle_error_set (err, FETTLE_E_CONFIG, "%.400s belongs to it, but %.400s", one->path,
                               one->problem ? one->problem : "it can't be read");
    }
    fettle_hasher_update (md, line, (size_t) snprintf (line, sizeof line, "%s  %s\n", one->sha256,
                                                       one->path + n));
  }
  fettle_hasher_finish (md, hex);
  EVP_MD_CTX_free (md);
  snprintf (folder, sizeof folder, "%.*s", n ? (int) n - 1 : 1, n ? r->path : ".");
  return fettle_component_set (&c->tree, folder) && fettle_component_set (&c->tree_sha256, hex)
           ? FETTLE_OK : no_memory (err);
}

/* ---- all of it ---- */

static fettle_result
apply_side (const struct fettle_record *side, struct fettle_component *c,
            struct fettle_side_files *files, struct fettle_error *err)
{
  fettle_result r;

  if (side->problem)
    r = fettle_error_set (err, FETTLE_E_CONFIG, "%s", side->problem);
  else
    r = fettle_side_apply (fettle_buf_text (&side->text), side->text.size, c, files, err);
  return r ? fettle_error_prefix (err, "%.200s: ", fettle_base_name (side->path)) : FETTLE_OK;
}

/* What a file of such a name usually is, where nothing says so. */
static bool
guess (const char *path, struct fettle_component *c)
{
  static const struct {
    const char *end, *format, *type;
  } usual[] = {
    { ".fwpkg", "fwpkg", "ilo" },   { ".exe",   "exe", "windows" }, { ".scexe", "scexe", "linux" },
    { ".zip",   "zip",   "vmware" }, { ".uxz",   "uxz", NULL },      { ".bin",   "raw",   NULL },
    { ".flash", "raw",   NULL },     { ".hex",   "raw", NULL },      { ".rom",   "raw",   NULL },
    { ".msi",   "msi",   "windows" }, { ".msu",  "msu", "windows" },
    { ".vmexe", "vmexe", "vmware" },
  };
  const char *dot = strrchr (fettle_base_name (path), '.');

  for (size_t i = 0; dot && i < COUNT (usual); i++) {
    if (strcasecmp (dot, usual[i].end) != 0)
      continue;
    if (!c->n_node_types && !c->format && usual[i].type
        && !fettle_component_add_node_type (c, usual[i].type))
      return false;
    return c->format || fettle_component_set (&c->format, usual[i].format);
  }
  return true;
}

static fettle_result
finish (const struct fettle_record *r, const char *part, struct fettle_component *c,
        struct fettle_error *err)
{
  char id[2 * PATH_MAX];

  snprintf (id, sizeof id, "%s%s%s", r->path, part ? "#" : "", part ? part : "");
  if (!fettle_component_set (&c->id, id) || !guess (r->path, c)
      || (!c->scheme && !fettle_component_set (&c->scheme, "plain")))
    return no_memory (err);
  if (c->order == FETTLE_ORDER_UNSET && c->kind)
    c->order = fettle_component_usual_order (c->kind);
  return FETTLE_OK;
}

fettle_result
fettle_compose (const struct fettle_records *rs, const struct fettle_record *r, size_t i,
                struct fettle_component *c, struct fettle_error *err)
{
  _cleanup_ (fettle_side_files_clear) struct fettle_side_files files = { 0 };
  const struct fettle_about *base = base_about (r, i);
  const struct fettle_record *side = fettle_compose_side (rs, r);
  fettle_result result = fill (r, base, c, err);

  if (!result && side)
    result = apply_side (side, c, &files, err);
  if (!result)
    result = add_file (c, r, err);
  if (!result)
    result = add_side_files (rs, r, &files, c, err);
  if (!result)
    result = add_compsigs (rs, r, c, err);
  if (!result && base && base->tree)
    result = add_tree (rs, r, c, err);
  if (!result)
    result = finish (r, base && base_about (r, 1) ? base->part : NULL, c, err);
  if (!result)
    result = judge_compsig (rs, r, c, err);
  if (result)
    return result;
  result = fettle_component_check (c, err);
  return result && side ? fettle_error_prefix (err, "%.200s: ", fettle_base_name (side->path)) : result;
}
