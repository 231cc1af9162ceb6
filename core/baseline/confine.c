/* confine.c - see confine.h.  SPDX-License-Identifier: Apache-2.0 */
#include "util/base.h"

#include <errno.h>
#include <linux/capability.h>
#include <linux/landlock.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>

#include "baseline/confine.h"

#define MIB (UINT64_C (1) << 20)

static const struct {
  __rlimit_resource_t what;
  rlim_t most;
} limits[] = {
  { RLIMIT_AS,     1024 * MIB }, /* xz and zstd windows, lists of many files */
  { RLIMIT_CPU,    3600 },       /* s */
  { RLIMIT_FSIZE,  1024 * MIB }, /* stdout, if that is a file */
  { RLIMIT_NOFILE, 128 },        /* one for each folder on the way down */
  { RLIMIT_NPROC,  0 },
  { RLIMIT_CORE,   0 },
};

static fettle_result
set_limits (uint64_t file_size, struct fettle_error *err)
{
  for (size_t i = 0; i < COUNT (limits); i++) {
    rlim_t most = limits[i].what == RLIMIT_FSIZE && file_size ? file_size : limits[i].most;
    struct rlimit now;

    if (limits[i].what == RLIMIT_AS && FETTLE_ASAN)
      continue;
    if (getrlimit (limits[i].what, &now))
      return fettle_error_errno (err, FETTLE_E_INTERNAL, "reading a resource limit");
    if (now.rlim_max == RLIM_INFINITY || now.rlim_max > most)
      now.rlim_max = most;
    now.rlim_cur = now.rlim_max;
    if (setrlimit (limits[i].what, &now))
      return fettle_error_errno (err, FETTLE_E_INTERNAL, "setting a resource limit");
  }
  return FETTLE_OK;
}

/* Root keeps reading what others may not; nothing else of root is needed. */
static fettle_result
drop_capabilities (struct fettle_error *err)
{
  struct __user_cap_header_struct head = { .version = _LINUX_CAPABILITY_VERSION_3 };
  struct __user_cap_data_struct data[_LINUX_CAPABILITY_U32S_3];

  if (syscall (SYS_capget, &head, data))
    return fettle_error_errno (err, FETTLE_E_INTERNAL, "reading the capabilities");
  for (size_t i = 0; i < COUNT (data); i++) {
    unsigned keep = i == 0 ? data[i].permitted & (1u << CAP_DAC_READ_SEARCH) : 0;

    data[i].permitted = data[i].effective = keep;
    data[i].inheritable = 0;
  }
  if (syscall (SYS_capset, &head, data))
    return fettle_error_errno (err, FETTLE_E_INTERNAL, "dropping capabilities");
  return FETTLE_OK;
}

/* Newer than the system's header may be; the kernel takes any prefix of it. */
struct ruleset {
  uint64_t fs, net, scoped;
};

/* Rights that each version of Landlock knows: 13 file system rights, then
 * REFER, TRUNCATE, (4: TCP bind and connect), IOCTL_DEV, (6: scopes). */
static struct ruleset
everything (int version)
{
  struct ruleset r = { .fs = (UINT64_C (1) << 13) - 1 };

  if (version >= 2)
    r.fs |= UINT64_C (1) << 13;
  if (version >= 3)
    r.fs |= UINT64_C (1) << 14;
  if (version >= 4)
    r.net = 3;
  if (version >= 5)
    r.fs |= UINT64_C (1) << 15;
  if (version >= 6)
    r.scoped = 3;
  return r;
}

static fettle_result
landlock (int folder, struct fettle_error *err)
{
  long version = syscall (SYS_landlock_create_ruleset, NULL, 0, LANDLOCK_CREATE_RULESET_VERSION);
  struct landlock_path_beneath_attr readable = {
    .allowed_access = LANDLOCK_ACCESS_FS_READ_FILE | LANDLOCK_ACCESS_FS_READ_DIR,
    .parent_fd = folder,
  };
  struct ruleset all;
  _cleanup_close_ int fd = -1;

  if (version < 1) /* not built in, or not turned on */
    return FETTLE_OK;
  all = everything ((int) version);
  fd = (int) syscall (SYS_landlock_create_ruleset, &all,
                      version >= 6 ? sizeof all : version >= 4 ? 16 : 8, 0);
  if (fd < 0
      || (folder >= 0 && syscall (SYS_landlock_add_rule, fd, LANDLOCK_RULE_PATH_BENEATH, &readable, 0))
      || syscall (SYS_landlock_restrict_self, fd, 0))
    return fettle_error_errno (err, FETTLE_E_INTERNAL, "confining the scan with Landlock");
  return FETTLE_OK;
}

fettle_result
fettle_confine (int folder, uint64_t file_size, fettle_result (*threads) (struct fettle_error *),
                struct fettle_error *err)
{
  fettle_result r;

  if (prctl (PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0))
    return fettle_error_errno (err, FETTLE_E_INTERNAL, "giving up new privileges");
  r = drop_capabilities (err);
  if (!r)
    r = landlock (folder, err);
  if (!r && threads)
    r = threads (err);
  if (!r)
    r = set_limits (file_size, err);
  return r;
}
