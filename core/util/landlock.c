/* landlock.c - see landlock.h.  SPDX-License-Identifier: Apache-2.0 */
#include "util/base.h"

#include <fcntl.h>
#include <sys/syscall.h>

#include "util/landlock.h"

#define SYS_RULESET_NEW  444
#define SYS_RULE_ADD     445
#define SYS_RESTRICT     446
#define RULESET_VERSION  1u
#define RULE_PATH        1
#define RULE_PORT        2

#define FS_ALL_1         ((1ull << 13) - 1)
#define FS_REFER         (1ull << 13) /* ABI 2 */
#define FS_TRUNCATE      (1ull << 14) /* 3 */
#define FS_IOCTL_DEV     (1ull << 15) /* 5 */

struct path_rule {
  uint64_t allowed;
  int32_t fd;
} __attribute__ ((__packed__));

struct port_rule {
  uint64_t allowed, port;
};

long
fettle_landlock_abi (void)
{
  return syscall (SYS_RULESET_NEW, NULL, 0, RULESET_VERSION);
}

uint64_t
fettle_landlock_files (long abi)
{
  return FS_ALL_1 | (abi >= 2 ? FS_REFER : 0) | (abi >= 3 ? FS_TRUNCATE : 0)
         | (abi >= 5 ? FS_IOCTL_DEV : 0);
}

int
fettle_landlock_new (const struct fettle_ruleset *r)
{
  int fd = (int) syscall (SYS_RULESET_NEW, r, sizeof *r, 0);

  if (fd >= 0)
    fcntl (fd, F_SETFD, FD_CLOEXEC);
  return fd;
}

void
fettle_landlock_path (int ruleset, const char *path, uint64_t allowed)
{
  _cleanup_close_ int fd = open (path, O_PATH | O_CLOEXEC);
  struct path_rule rule = { allowed, fd };

  if (fd >= 0)
    (void) syscall (SYS_RULE_ADD, ruleset, RULE_PATH, &rule, 0);
}

void
fettle_landlock_port (int ruleset, uint16_t port, uint64_t allowed)
{
  struct port_rule rule = { allowed, port };

  (void) syscall (SYS_RULE_ADD, ruleset, RULE_PORT, &rule, 0);
}

static const struct {
  const char *path;
  uint64_t allowed;
} libraries[] = {
  { "/usr",             FETTLE_FS_READ_FILE | FETTLE_FS_READ_DIR },
  { "/lib",             FETTLE_FS_READ_FILE | FETTLE_FS_READ_DIR },
  { "/lib64",           FETTLE_FS_READ_FILE | FETTLE_FS_READ_DIR },
  { "/etc/ssl",         FETTLE_FS_READ_FILE | FETTLE_FS_READ_DIR },
  { "/etc/ld.so.cache", FETTLE_FS_READ_FILE },
  { "/etc/localtime",   FETTLE_FS_READ_FILE },
  { "/dev/null",        FETTLE_FS_READ_FILE | FETTLE_FS_WRITE_FILE },
  { "/dev/zero",        FETTLE_FS_READ_FILE },
  { "/dev/random",      FETTLE_FS_READ_FILE },
  { "/dev/urandom",     FETTLE_FS_READ_FILE },
#if FETTLE_ASAN
  { "/proc",            FETTLE_FS_READ_FILE | FETTLE_FS_READ_DIR }, /* its reports read the map of memory */
#endif
};

void
fettle_landlock_libraries (int ruleset)
{
  for (size_t i = 0; i < COUNT (libraries); i++)
    fettle_landlock_path (ruleset, libraries[i].path, libraries[i].allowed);
}

int
fettle_landlock_restrict (int ruleset)
{
  return syscall (SYS_RESTRICT, ruleset, 0) ? -1 : 0;
}
