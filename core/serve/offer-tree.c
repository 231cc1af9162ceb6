/* offer-tree.c - a folder that is offered as a whole; see offer.h.
 * SPDX-License-Identifier: Apache-2.0 */
#include "util/base.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <sys/stat.h>
#include <sys/syscall.h>

#include "serve/offer.h"

struct entry {
  const char *path, *stamp; /* the list's */
  uint64_t size;
};

struct fettle_offer_tree {
  unsigned references;
  int folder;
  json_t *list;
  size_t n;
  struct entry entries[]; /* sorted by path */
};

static int
by_path (const void *a, const void *b)
{
  return strcmp (((const struct entry *) a)->path, ((const struct entry *) b)->path);
}

fettle_result
fettle_offer_tree_new (int folder, const json_t *list, struct fettle_offer_tree **ret, struct fettle_error *err)
{
  size_t n = json_array_size (list), i;
  struct fettle_offer_tree *t = n <= FETTLE_OFFER_TREE_MAX ? calloc (1, sizeof *t + n * sizeof *t->entries) : NULL;
  json_t *one;

  if (!t) {
    close (folder);
    return fettle_error_set (err, FETTLE_E_NOMEM, "no memory for a folder of %zu files", n);
  }
  *t = (struct fettle_offer_tree) { .references = 1, .folder = folder, .n = n, .list = json_deep_copy (list) };
  json_array_foreach (t->list, i, one)
    t->entries[i] = (struct entry) { json_string_value (json_array_get (one, 0)), json_string_value (json_array_get (one, 1)),
                                     (uint64_t) json_integer_value (json_array_get (one, 2)) };
  for (i = 0; i < n && t->list && t->entries[i].path && t->entries[i].stamp; i++)
    ;
  if (i < n || !t->list) {
    fettle_offer_tree_release (t);
    return fettle_error_set (err, FETTLE_E_INTERNAL, "a folder's list that can't be read");
  }
  qsort (t->entries, n, sizeof *t->entries, by_path);
  *ret = t;
  return FETTLE_OK;
}

struct fettle_offer_tree *
fettle_offer_tree_hold (struct fettle_offer_tree *t)
{
  t->references++;
  return t;
}

void
fettle_offer_tree_release (struct fettle_offer_tree *t)
{
  if (!t || --t->references)
    return;
  close (t->folder);
  json_decref (t->list);
  free (t);
}

/* Never out of the folder, and by no link. */
static int
open_beneath (int folder, const char *path)
{
  struct open_how how = { .flags = O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK,
                          .resolve = RESOLVE_BENEATH | RESOLVE_NO_MAGICLINKS | RESOLVE_NO_SYMLINKS };

  return (int) syscall (SYS_openat2, folder, path, &how, sizeof how);
}

struct fettle_offer_file *
fettle_offer_tree_open (const struct fettle_offer_tree *t, const char *path)
{
  const struct entry wanted = { .path = path };
  const struct entry *e = bsearch (&wanted, t->entries, t->n, sizeof *t->entries, by_path);
  struct fettle_offer_file *f;
  int fd = e ? open_beneath (t->folder, path) : -1;

  if (fd < 0)
    return NULL;
  f = fettle_offer_file_new (fd, 0, e->size, NULL);
  if (!f)
    return NULL;
  snprintf (f->stamp, sizeof f->stamp, "%s", e->stamp);
  if (*e->stamp && fettle_offer_file_unchanged (f))
    return f;
  fettle_offer_file_release (f);
  return NULL;
}
