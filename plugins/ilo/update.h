/* update.h - what the files of updates by Redfish share.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef UPDATE_H
#define UPDATE_H

#include <string.h>
#include <time.h>

#include <fettle/redfish.h>
#include <fettle/util.h>

#include "ilo.h"

#define ILO_SECTION (32u << 20) /* bytes of an upload */
#define ILO_GRACE_S 30          /* until what was begun shows in State */

#define AT   fettle_redfish_at
#define TEXT fettle_redfish_text

typedef struct fettle_redfish_update update;

FETTLE_UNUSED
static unsigned
generation (const update *u)
{
  return ilo_generation_of_root (fettle_redfish_root (u->redfish));
}

FETTLE_UNUSED
static const char *
kept (const update *u, const char *key)
{
  return TEXT (u->state, key);
}

FETTLE_UNUSED
static void
keep (update *u, const char *key, const char *text)
{
  json_object_set_new (u->state, key, json_string (text));
}

FETTLE_UNUSED
static json_int_t
kept_number (const update *u, const char *key)
{
  return json_integer_value (json_object_get (u->state, key));
}

FETTLE_UNUSED
static void
keep_number (update *u, const char *key, json_int_t n)
{
  json_object_set_new (u->state, key, json_integer (n));
}

FETTLE_UNUSED
static json_int_t
age (const update *u)
{
  return (json_int_t) time (NULL) - kept_number (u, "t");
}

FETTLE_UNUSED
static const struct fettle_file *
file_at (const struct fettle_image *image, uint32_t i)
{
  return (const void *) ((const char *) image->files + (size_t) i * image->file_size);
}

FETTLE_UNUSED
static int
ends_with (const char *text, const char *end)
{
  size_t n = strlen (text), m = strlen (end);

  return n > m && strcmp (text + n - m, end) == 0;
}

/* update.c: one request: the first file from this byte on, `size` of them; with
 * the signature that is file number `signature`, 0 for none. */
fettle_result ilo_upload (update *, int flash, int tpm, uint64_t offset, uint64_t size, uint32_t signature,
                          struct fettle_redfish_answer *);

/* queue.c: the repository, and the queue that installs from it. */
fettle_result ilo_queue_start (update *, int tpm, struct fettle_redfish_answer *);
fettle_result ilo_queue_look (update *, const char *path, struct fettle_redfish_task *ret);
fettle_result ilo_queue_finish (update *);
/* After a failure or a crash: the item in the queue that has our name, then its file. */
fettle_result ilo_queue_remove (update *);

/* install-set.c: makes one of this name for the file, or finds it, and invokes it. */
fettle_result ilo_set_start (update *, const char *name, const char *file, const char *agent, int tpm,
                             struct fettle_redfish_answer *);
/* Where the one of this name is; "": there is none. */
fettle_result ilo_set_path (update *, const char *name, char path[500]);

/* Is what it did last ours, and how did it end, in words. */
int ilo_is_ours (const update *);
const char *ilo_result (const update *, char *text, size_t size);

#endif
