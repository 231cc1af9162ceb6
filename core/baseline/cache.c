/* cache.c - see cache.h.  SPDX-License-Identifier: Apache-2.0 */
#include "util/base.h"

#include <time.h>

#include "baseline/cache.h"
#include "baseline/vendor.h"

#define CACHE_MAX (UINT64_C (256) << 20) /* bytes */
#define LOOKS_FOR "3"
#define TICK_NS   50000000 /* longer than the kernel's coarsest clock stands still */

struct fettle_cache {
  int fd;
  json_t *lines; /* stamp and path -> the record, with "used" once it was */
};

/* What is found depends on the file, on whose signatures count, and on what
 * this Fettle looks for. */
static void
key_of (const struct stat *st, const char *path, char *ret, size_t size)
{
  char stamp[FETTLE_STAMP_MAX];

  fettle_file_stamp (st, stamp);
  snprintf (ret, size, LOOKS_FOR " %s %s %s", fettle_vendor_keys_digest (), stamp, path);
}

struct fettle_cache *
fettle_cache_open (int fd)
{
  struct fettle_cache *c = calloc (1, sizeof *c);
  int copy = dup (fd);
  FILE *in = copy >= 0 ? fdopen (copy, "r") : NULL;
  _cleanup_free_ char *line = NULL;
  size_t room = 0;
  struct stat st;
  ssize_t n;

  if (c) {
    c->fd = fd;
    c->lines = json_object ();
  }
  if (c && in && fstat (fd, &st) == 0 && (uint64_t) st.st_size <= CACHE_MAX)
    while ((n = getline (&line, &room, in)) > 0) {
      json_t *one = json_loadb (line, (size_t) n, 0, NULL);
      const char *key = json_string_value (json_object_get (one, "key"));

      if (key)
        json_object_set_new (c->lines, key, one);
      else
        json_decref (one);
    }
  if (in)
    fclose (in);
  else if (copy >= 0)
    close (copy);
  return c;
}

/* ---- records as JSON ---- */

static json_t *
record_to_json (const struct fettle_record *r)
{
  return json_pack ("{s:s, s:s?, s:s?, s:I, s:I, s:b, s:b, s:b, s:s, s:s%, s:o}", "path", r->path,
                    "problem", r->problem, "container", r->container, "offset",
                    (json_int_t) r->offset, "size", (json_int_t) r->size, "packed", r->packed,
                    "unsure", r->unsure, "opened", r->opened, "sha256", r->sha256, "text",
                    fettle_buf_text (&r->text), r->text.size, "abouts",
                    fettle_abouts_to_json (&r->abouts));
}

static bool
record_from_json (const json_t *json, struct fettle_record *r)
{
  const char *problem = json_string_value (json_object_get (json, "problem")),
             *container = json_string_value (json_object_get (json, "container")),
             *sha256 = json_string_value (json_object_get (json, "sha256"));
  const json_t *text = json_object_get (json, "text");

  if (!sha256 || !fettle_abouts_from_json (json_object_get (json, "abouts"), &r->abouts)
      || (problem && !fettle_record_problem (r, problem))
      || (container && !fettle_component_set (&r->container, container))
      || !fettle_buf_add (&r->text, json_string_value (text) ? json_string_value (text) : "",
                          json_string_length (text)))
    return false;
  snprintf (r->sha256, sizeof r->sha256, "%s", sha256);
  r->offset = (uint64_t) json_integer_value (json_object_get (json, "offset"));
  r->size = (uint64_t) json_integer_value (json_object_get (json, "size"));
  r->packed = json_is_true (json_object_get (json, "packed"));
  r->unsure = json_is_true (json_object_get (json, "unsure"));
  r->opened = json_is_true (json_object_get (json, "opened"));
  return true;
}

/* ---- get, put ---- */

static bool
get_inside (const json_t *list, struct fettle_records *rs)
{
  const json_t *one;
  size_t i;

  json_array_foreach (list, i, one) {
    const char *path = json_string_value (json_object_get (one, "path"));
    struct fettle_error err;
    struct fettle_record *r = path ? fettle_record_add (rs, path, &err) : NULL;

    if (!r || !record_from_json (one, r))
      return false;
  }
  return true;
}

bool
fettle_cache_get (struct fettle_cache *c, const struct stat *st, struct fettle_record *r,
                  struct fettle_records *rs)
{
  char key[FETTLE_COMPONENT_PATH_MAX * 2 + 256];
  size_t first = rs->n;
  json_t *line;

  if (!c)
    return false;
  key_of (st, r->path, key, sizeof key);
  line = json_object_get (c->lines, key);
  if (!line)
    return false;
  if (!record_from_json (json_object_get (line, "record"), r)
      || !get_inside (json_object_get (line, "inside"), rs)) {
    fettle_records_cut (rs, first);
    fettle_record_reset (r);
    return false;
  }
  json_object_set_new (line, "used", json_true ());
  return true;
}

static bool
write_line (struct fettle_cache *c, const json_t *line)
{
  _cleanup_free_ char *text = json_dumps (line, JSON_COMPACT);
  size_t n = text ? strlen (text) : 0;

  if (!text)
    return false;
  text[n++] = '\n'; /* in the place of the NUL: a whole line or none of it */
  return lseek (c->fd, 0, SEEK_END) >= 0 && write (c->fd, text, n) == (ssize_t) n;
}

static int64_t
age_of (const struct stat *st)
{
  struct timespec now;

  clock_gettime (CLOCK_REALTIME, &now);
  return ((int64_t) now.tv_sec - st->st_ctim.tv_sec) * 1000000000 + now.tv_nsec - st->st_ctim.tv_nsec;
}

/* Has time passed since it was last changed?  Else a later change could look
 * the same. */
static bool
is_settled (const struct stat *st)
{
  return age_of (st) > TICK_NS;
}

void
fettle_cache_settle (const struct stat *st)
{
  int64_t age = age_of (st);

  if (age >= 0 && age <= TICK_NS)
    nanosleep (&(struct timespec) { .tv_nsec = TICK_NS - age + 1 }, NULL);
}

void
fettle_cache_put (struct fettle_cache *c, const struct stat *st, const struct fettle_record *r,
                  const struct fettle_records *rs, size_t first)
{
  char key[FETTLE_COMPONENT_PATH_MAX * 2 + 256];
  _cleanup_json_ json_t *inside = json_array ();
  _cleanup_json_ json_t *line = NULL;

  if (!c || !is_settled (st))
    return;
  key_of (st, r->path, key, sizeof key);
  for (size_t i = first; i < rs->n; i++)
    json_array_append_new (inside, record_to_json (rs->list[i]));
  line = json_pack ("{s:s, s:o*, s:O}", "key", key, "record", record_to_json (r), "inside", inside);
  if (!line || !json_object_get (line, "record") || json_array_size (inside) != rs->n - first
      || !write_line (c, line)) /* a name that isn't UTF-8, say: it is read again next time */
    return;
  json_object_set_new (line, "used", json_true ());
  json_object_set (c->lines, key, line);
}

void
fettle_cache_finish (struct fettle_cache *c)
{
  const char *key;
  json_t *line;
  bool stale = false;

  if (!c)
    return;
  json_object_foreach (c->lines, key, line)
    stale = stale || !json_object_get (line, "used");
  if (!stale || ftruncate (c->fd, 0))
    return;
  json_object_foreach (c->lines, key, line)
    if (json_object_get (line, "used")) {
      json_object_del (line, "used");
      write_line (c, line);
    }
}

void
fettle_cache_free (struct fettle_cache *c)
{
  if (c)
    json_decref (c->lines);
  free (c);
}
