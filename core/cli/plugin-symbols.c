/* plugin-symbols.c - what a plugin's file exports and imports: one function,
 * and nothing of Fettle.
 *
 * Reads the table of dynamic symbols of an ELF file of this machine's kind;
 * each number in it is checked, since the file may be anything.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "util/base.h"

#include <elf.h>
#include <limits.h>
#include <link.h>

#include "cli/plugin-check.h"
#include "util/buf.h"
#include "util/file.h"
#include "util/text.h"

#define FILE_MAX (256u << 20) /* bytes of a plugin */

struct symbols {
  const struct fettle_buf *file;
  const ElfW (Sym) *all;
  size_t n;
  const char *names;
  size_t names_size;
};

/* So many bytes of the file from there; NULL: it hasn't got them. */
static const void *
piece (const struct fettle_buf *file, uint64_t offset, uint64_t size)
{
  if (offset > file->size || size > file->size - offset || offset % sizeof (void *))
    return NULL;
  return file->data + offset;
}

static const ElfW (Ehdr) *
elf_header (const struct fettle_buf *file)
{
  const ElfW (Ehdr) *h = piece (file, 0, sizeof *h);
  const unsigned char class = sizeof (void *) == 8 ? ELFCLASS64 : ELFCLASS32;

  return h && memcmp (h->e_ident, ELFMAG, SELFMAG) == 0 && h->e_ident[EI_CLASS] == class
           && h->e_shentsize == sizeof (ElfW (Shdr)) ? h : NULL;
}

static bool
find_symbols (const struct fettle_buf *file, struct symbols *ret)
{
  const ElfW (Ehdr) *h = elf_header (file);
  const ElfW (Shdr) *s = h ? piece (file, h->e_shoff, (uint64_t) h->e_shnum * sizeof *s) : NULL;

  for (unsigned i = 0; s && i < h->e_shnum; i++) {
    const ElfW (Shdr) *names = s[i].sh_link < h->e_shnum ? &s[s[i].sh_link] : NULL;

    if (s[i].sh_type != SHT_DYNSYM || !names || names->sh_offset > file->size
        || names->sh_size > file->size - names->sh_offset || names->sh_size == 0
        || !(ret->all = piece (file, s[i].sh_offset, s[i].sh_size)))
      continue;
    ret->n = s[i].sh_size / sizeof *ret->all;
    ret->names = file->data + names->sh_offset;
    ret->names_size = names->sh_size;
    return ret->names[ret->names_size - 1] == '\0';
  }
  return false;
}

static const char *
name_of (const struct symbols *s, size_t i)
{
  return s->all[i].st_name < s->names_size ? s->names + s->all[i].st_name : "";
}

/* What linkers put in by themselves. */
static bool
is_linkers (const char *name)
{
  return fettle_has_word ("_init _fini _edata _end __bss_start", name);
}

/* Adds a name to a list that is for people. */
static void
add_name (char *list, size_t size, const char *name)
{
  size_t used = strlen (list);

  if (used < size)
    snprintf (list + used, size - used, "%s%.80s", used ? ", " : "", name);
}

static void
check_exports (struct fettle_checker *k, const struct symbols *s, const char *entry)
{
  char more[256] = "";
  bool has = false;

  for (size_t i = 1; i < s->n; i++) {
    unsigned char bind = s->all[i].st_info >> 4, seen = s->all[i].st_other & 3;
    const char *name = name_of (s, i);

    if (s->all[i].st_shndx == SHN_UNDEF || bind == STB_LOCAL || seen == STV_HIDDEN || seen == STV_INTERNAL
        || is_linkers (name))
      continue;
    if (strcmp (name, entry) == 0)
      has = true;
    else
      add_name (more, sizeof more, name);
  }
  if (!has)
    fettle_check_tell (k, "it exports its entry alone", "it doesn't export %s: FETTLE_REGISTER defines that, "
                       "with the file's name", entry);
  else
    fettle_check_tell (k, "it exports its entry alone", *more ? "it exports %s as well: compile with "
                       "-fvisibility=hidden" : "", more);
}

static void
check_imports (struct fettle_checker *k, const struct symbols *s)
{
  char bad[256] = "";

  for (size_t i = 1; i < s->n; i++) {
    const char *name = name_of (s, i);

    if (s->all[i].st_shndx == SHN_UNDEF
        && (strncmp (name, "fettle_", 7) == 0 || strstr (name, "_LTX_") || strncmp (name, "lt_dl", 5) == 0))
      add_name (bad, sizeof bad, name);
  }
  fettle_check_tell (k, "it imports nothing of Fettle", *bad ? "it imports %s: what the host offers comes in "
                     "tables" : "", bad);
}

void
fettle_check_symbols (struct fettle_checker *k)
{
  _cleanup_ (fettle_buf_clear) struct fettle_buf file = FETTLE_BUF_INIT (FILE_MAX);
  struct symbols s = { .file = &file };
  const char *base = strrchr (k->path, '/') + 1;
  char entry[NAME_MAX + sizeof "_LTX_" FETTLE_ENTRY];
  struct fettle_error err;

  snprintf (entry, sizeof entry, "%.*s_LTX_%s", (int) strcspn (base, "."), base, FETTLE_ENTRY);
  if (fettle_file_read (k->path, &file, &err))
    fettle_check_tell (k, "it can be read", "%s", err.text);
  else if (file.size > 2 && memcmp (file.data, "MZ", 2) == 0)
    fettle_check_tell (k, "it is a module of this system", "it is one of Windows: check it there");
  else if (!find_symbols (&file, &s))
    fettle_check_tell (k, "it is a module of this system", "it isn't an ELF file of this machine's kind with a table of "
                       "dynamic symbols");
  else {
    check_exports (k, &s, entry);
    check_imports (k, &s);
  }
}
