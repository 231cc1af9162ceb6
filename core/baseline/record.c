/* record.c - see record.h.  SPDX-License-Identifier: Apache-2.0 */
#include "util/base.h"

#include <limits.h>

#include "baseline/record.h"
#include "baseline/side.h"

const char *
fettle_base_name (const char *path)
{
  const char *slash = strrchr (path, '/');

  return slash ? slash + 1 : path;
}

static fettle_result
no_memory (struct fettle_error *err)
{
  return fettle_error_set (err, FETTLE_E_NOMEM, "no memory to list the files");
}

struct fettle_record *
fettle_record_add (struct fettle_records *rs, const char *path, struct fettle_error *err)
{
  struct fettle_record *r = NULL;

  if (rs->n >= FETTLE_RECORDS_MAX) {
    fettle_error_set (err, FETTLE_E_CONFIG,
                      "there are more than %d files: add its parts as baselines of their own",
                      FETTLE_RECORDS_MAX);
    return NULL;
  }
  if (rs->n == rs->room) {
    size_t room = rs->room ? 2 * rs->room : 256;
    struct fettle_record **list = reallocarray (rs->list, room, sizeof (struct fettle_record *));

    if (list) {
      rs->list = list;
      rs->room = room;
    }
  }
  if (rs->n < rs->room)
    r = calloc (1, sizeof *r);
  if (!r || !(r->path = strdup (path))) {
    free (r);
    no_memory (err);
    return NULL;
  }
  r->text = (struct fettle_buf) FETTLE_BUF_INIT (FETTLE_SIDE_MAX);
  rs->list[rs->n++] = r;
  return r;
}

bool
fettle_record_problem (struct fettle_record *r, const char *sentence)
{
  free (r->problem);
  r->problem = strdup (sentence);
  return r->problem != NULL;
}

void
fettle_record_reset (struct fettle_record *r)
{
  char *path = r->path;

  free (r->problem);
  free (r->container);
  fettle_buf_clear (&r->text);
  fettle_abouts_clear (&r->abouts);
  free (r->told);
  *r = (struct fettle_record) { .path = path, .text = FETTLE_BUF_INIT (FETTLE_SIDE_MAX) };
}

static void
record_free (struct fettle_record *r)
{
  fettle_record_reset (r);
  free (r->path);
  free (r);
}

void
fettle_records_cut (struct fettle_records *rs, size_t n)
{
  while (rs->n > n)
    record_free (rs->list[--rs->n]);
}

void
fettle_records_clear (struct fettle_records *rs)
{
  fettle_records_cut (rs, 0);
  free (rs->list);
  free (rs->by_name);
  *rs = (struct fettle_records) { 0 };
}

/* ---- order ---- */

static int
by_path (const void *a, const void *b)
{
  return strcmp ((*(struct fettle_record *const *) a)->path,
                 (*(struct fettle_record *const *) b)->path);
}

static int
by_name (const void *a, const void *b)
{
  return strcmp (fettle_base_name ((*(struct fettle_record *const *) a)->path),
                 fettle_base_name ((*(struct fettle_record *const *) b)->path));
}

fettle_result
fettle_records_sort (struct fettle_records *rs, struct fettle_error *err)
{
  free (rs->by_name);
  rs->by_name = reallocarray (NULL, rs->n + 1, sizeof (struct fettle_record *));
  if (!rs->by_name)
    return no_memory (err);
  if (!rs->n)
    return FETTLE_OK;
  qsort (rs->list, rs->n, sizeof (struct fettle_record *), by_path);
  memcpy (rs->by_name, rs->list, rs->n * sizeof (struct fettle_record *));
  qsort (rs->by_name, rs->n, sizeof (struct fettle_record *), by_name);
  for (size_t i = 1; i < rs->n; i++)
    if (strcmp (rs->list[i - 1]->path, rs->list[i]->path) == 0
        && (!fettle_record_problem (rs->list[i], "it is in the archive twice")
            || !fettle_record_problem (rs->list[i - 1], "it is in the archive twice")))
      return no_memory (err);
  return FETTLE_OK;
}

/* ---- look-up ---- */

struct fettle_record *
fettle_record_find (const struct fettle_records *rs, const char *path)
{
  struct fettle_record key = { .path = (char *) path }, *k = &key, **found;

  found = rs->n ? bsearch (&k, rs->list, rs->n, sizeof k, by_path) : NULL;
  return found ? *found : NULL;
}

struct fettle_record *
fettle_record_by_name (const struct fettle_records *rs, const char *name)
{
  struct fettle_record key = { .path = (char *) name }, *k = &key, **found;
  size_t at;

  if (!*name || strchr (name, '/'))
    return NULL;
  found = rs->n ? bsearch (&k, rs->by_name, rs->n, sizeof k, by_name) : NULL;
  if (!found)
    return NULL;
  at = (size_t) (found - rs->by_name);
  if ((at > 0 && by_name (&rs->by_name[at - 1], found) == 0)
      || (at + 1 < rs->n && by_name (&rs->by_name[at + 1], found) == 0))
    return NULL;
  return *found;
}

struct fettle_record *
fettle_record_meant (const struct fettle_records *rs, const struct fettle_record *from,
                     const char *file)
{
  char path[2 * PATH_MAX], folder[PATH_MAX];
  struct fettle_record *found;
  char *outside;

  snprintf (folder, sizeof folder, "%s", from->path);
  do {
    snprintf (path, sizeof path, "%.*s%s", (int) (fettle_base_name (folder) - folder), folder, file);
    found = fettle_record_find (rs, path);
    outside = strstr (folder, "!/") ? folder + strlen (folder) : NULL;
    while (outside && strncmp (outside, "!/", 2) != 0)
      outside--;
    if (outside)
      *outside = '\0';
  } while (!found && outside);
  return found ? found : fettle_record_by_name (rs, fettle_base_name (file));
}
