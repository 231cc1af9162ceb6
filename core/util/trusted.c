/* trusted.c - see trusted.h.  SPDX-License-Identifier: Apache-2.0 */
#include "util/base.h"

#include "util/trusted.h"

/* Whoever owns this program decides what runs here anyway: root runs a build
 * tree that is an ordinary user's with that user's plugins. */
static bool
owns_program (uid_t user)
{
  struct stat st;

  return stat ("/proc/self/exe", &st) == 0 && st.st_uid == user;
}

fettle_result
fettle_trusted_check (const char *path, const struct stat *st, struct fettle_error *err)
{
  if (st->st_uid != 0 && st->st_uid != geteuid () && !owns_program (st->st_uid))
    return fettle_error_set (err, FETTLE_E_CONFIG,
                             "%s belongs to user %u, not to root, the user that runs this (%u) or "
                             "the owner of this program: whoever owns it decides what runs here",
                             path, (unsigned) st->st_uid, (unsigned) geteuid ());
  if (st->st_mode & (S_IWGRP | S_IWOTH) && !(S_ISDIR (st->st_mode) && st->st_mode & S_ISVTX))
    return fettle_error_set (err, FETTLE_E_CONFIG,
                             "%s can be written by others than its owner: chmod go-w %s", path,
                             path);
  return FETTLE_OK;
}
