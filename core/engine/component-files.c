/* component-files.c - the files of a component, where they are now: in a
 * folder, in an archive as they are, or unpacked.
 *
 * Files are not copied into the service's keeping: what was hashed is
 * recognised by its stamp when it is used, and the node checks the digest once
 * more.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "util/base.h"

#include <fcntl.h>
#include <limits.h>
#include <sys/stat.h>

#include "engine/component-files.h"
#include "engine/internal.h"
#include "serve/offer.h"

fettle_result
fettle_component_file_where (const char *baseline, const json_t *file, char ret[PATH_MAX],
                             const char **ret_inside, struct fettle_error *err)
{
  const char *path = json_string_value (json_object_get (file, "path"));
  const char *container = json_string_value (json_object_get (file, "container"));
  bool archive = false;
  struct stat st;
  int n;

  *ret_inside = NULL;
  if (container)
    archive = stat (baseline, &st) == 0 && S_ISREG (st.st_mode);
  if (archive)
    n = snprintf (ret, PATH_MAX, "%s", baseline);
  else
    n = snprintf (ret, PATH_MAX, "%s/%s", baseline, container ? container : path);
  if (n >= PATH_MAX)
    return fettle_error_set (err, FETTLE_E_CONFIG, "the path %s/%s is too long", baseline, path);
  if (container)
    *ret_inside = archive ? path : path + strlen (container) + 2;
  if (container && !archive && strlen (path) < strlen (container) + 3)
    return fettle_error_set (err, FETTLE_E_CONFIG, "%s isn't in %s", path, container);
  return FETTLE_OK;
}

/* What it was hashed from. */
static fettle_result
open_file (const char *baseline, const json_t *file, int *ret_fd, char ret_stamp[FETTLE_STAMP_MAX],
           struct fettle_error *err)
{
  char full[PATH_MAX];
  const char *inside;
  struct stat st;
  int fd;

  if (fettle_component_file_where (baseline, file, full, &inside, err))
    return err->code;
  fd = open (full, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
  if (fd < 0)
    return fettle_error_errno (err, FETTLE_E_CONFIG, "opening the component's file %s", full);
  if (fstat (fd, &st) || !S_ISREG (st.st_mode)) {
    close (fd);
    return fettle_error_set (err, FETTLE_E_CONFIG, "%s isn't a plain file any more", full);
  }
  fettle_file_stamp (&st, ret_stamp);
  *ret_fd = fd;
  return FETTLE_OK;
}

fettle_result
fettle_component_file_stamp (const char *baseline, const json_t *file,
                             char ret[FETTLE_STAMP_MAX], struct fettle_error *err)
{
  int fd;
  fettle_result r = open_file (baseline, file, &fd, ret, err);

  if (!r)
    close (fd);
  return r;
}

/* Unchanged, and where its bytes are. */
static fettle_result
open_one (struct fettle_engine *e, const char *baseline, const json_t *file, const char *stamp,
          struct fettle_opened *ret, struct fettle_error *err)
{
  const json_t *offset = json_object_get (file, "offset");
  bool packed = json_is_string (json_object_get (file, "container")) && !json_is_integer (offset);

  ret->stamp[0] = '\0';
  if (packed) {
    ret->fd = fettle_unpacked_open (e, file, err);
    if (ret->fd < 0)
      return err->code;
  } else if (open_file (baseline, file, &ret->fd, ret->stamp, err)) {
    return err->code;
  } else if (!stamp || strcmp (stamp, ret->stamp) != 0) {
    close (ret->fd);
    return fettle_error_set (err, FETTLE_E_CONFIG, "%s: %s has changed since its digest was taken: add"
                             " the baseline again", baseline,
                             json_string_value (json_object_get (file, "path")));
  }
  ret->offset = (uint64_t) json_integer_value (offset);
  ret->size = (uint64_t) json_integer_value (json_object_get (file, "size"));
  return FETTLE_OK;
}

/* Where its baseline is, and what its files looked like. */
static fettle_result
find_stamps (struct fettle_engine *e, int64_t baseline, const json_t *component, char **ret_path, json_t **ret,
             struct fettle_error *err)
{
  const char *id = json_string_value (json_object_get (component, "id"));
  struct fettle_rows rows;

  fettle_store_query (e->store, &rows,
                      "SELECT path, stamps FROM component JOIN baseline"
                      " ON baseline.id = component.baseline WHERE baseline = ? AND component.id = ?",
                      "is", baseline, id);
  if (!fettle_rows_next (&rows))
    return fettle_error_set (err, FETTLE_E_CONFIG, "the component %s isn't in its baseline any"
                                                   " more: make a new plan", id);
  *ret_path = strdup (fettle_rows_text (&rows, 0));
  *ret = fettle_rows_json (&rows, 1);
  fettle_rows_end (&rows);
  return FETTLE_OK;
}

fettle_result
fettle_component_tree (struct fettle_engine *e, int64_t baseline, const json_t *component,
                       struct fettle_offer_tree **ret, struct fettle_error *err)
{
  const char *tree = json_string_value (json_object_get (component, "tree"));
  _cleanup_json_ json_t *stamps = NULL;
  _cleanup_free_ char *path = NULL;
  char full[PATH_MAX];
  const json_t *list;
  int folder, n;

  if (find_stamps (e, baseline, component, &path, &stamps, err))
    return err->code;
  list = json_object_get (json_array_get (stamps, json_array_size (stamps) - 1), "tree");
  if (!list || !tree)
    return fettle_error_set (err, FETTLE_E_CONFIG, "%s: the folder %s can't be offered.  If it is in an archive, unpack"
                             " that; then add the baseline again", path, tree ? tree : "");
  n = snprintf (full, sizeof full, "%s/%s", path, tree);
  folder = n < PATH_MAX ? open (full, O_PATH | O_DIRECTORY | O_CLOEXEC) : -1;
  if (folder < 0)
    return fettle_error_errno (err, FETTLE_E_CONFIG, "opening the component's folder %s", full);
  return fettle_offer_tree_new (folder, list, ret, err);
}

fettle_result
fettle_component_open (struct fettle_engine *e, int64_t baseline, const json_t *component,
                       struct fettle_opened *ret, size_t max, size_t *ret_n,
                       struct fettle_error *err)
{
  const char *id = json_string_value (json_object_get (component, "id"));
  const json_t *files = json_object_get (component, "files"), *file;
  _cleanup_json_ json_t *stamps = NULL;
  _cleanup_free_ char *path = NULL;
  size_t i, n = 0;

  if (find_stamps (e, baseline, component, &path, &stamps, err))
    return err->code;
  json_array_foreach (files, i, file) {
    if (n == max)
      fettle_error_set (err, FETTLE_E_CONFIG, "the component %s has more than %zu files", id, max);
    else if (open_one (e, path, file, json_string_value (json_array_get (stamps, i)), &ret[n], err)
             == FETTLE_OK) {
      n++;
      continue;
    }
    while (n > 0)
      close (ret[--n].fd);
    return err->code;
  }
  *ret_n = n;
  return FETTLE_OK;
}
