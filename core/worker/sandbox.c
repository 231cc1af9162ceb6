/* sandbox.c - what a worker may not do.
 *
 * The order matters: another user first; then the plugin is loaded; then no
 * privileges for good and, by Landlock, no files but those that libraries
 * read, no program.  A call adds: memory, no other process, and TCP to its
 * node's declared ports alone.  The transports check ports as well, for
 * kernels without Landlock.
 *
 * Landlock's numbers are the kernel's ABI, and written down here since the
 * headers of a distribution are often older than its kernel.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "util/base.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <linux/capability.h>
#include <pwd.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>

#include "worker/worker.h"

/* ---- Landlock's ABI ---- */

#define SYS_RULESET_NEW  444
#define SYS_RULE_ADD     445
#define SYS_RESTRICT     446
#define RULESET_VERSION  1u
#define RULE_PATH        1
#define RULE_PORT        2

#define FS_EXECUTE       (1ull << 0)
#define FS_WRITE_FILE    (1ull << 1)
#define FS_READ_FILE     (1ull << 2)
#define FS_READ_DIR      (1ull << 3)
#define FS_ALL_1         ((1ull << 13) - 1)
#define FS_REFER         (1ull << 13) /* ABI 2 */
#define FS_TRUNCATE      (1ull << 14) /* 3 */
#define FS_IOCTL_DEV     (1ull << 15) /* 5 */
#define NET_BIND_TCP     (1ull << 0)  /* 4 */
#define NET_CONNECT_TCP  (1ull << 1)  /* 4 */
#define SCOPE_ABSTRACT   (1ull << 0)  /* 6 */
#define SCOPE_SIGNAL     (1ull << 1)  /* 6 */

struct ruleset {
  uint64_t files, net, scoped;
};

struct path_rule {
  uint64_t allowed;
  int32_t fd;
} __attribute__ ((__packed__));

struct port_rule {
  uint64_t allowed, port;
};

static long
landlock_abi (void)
{
  return syscall (SYS_RULESET_NEW, NULL, 0, RULESET_VERSION);
}

static int
make_ruleset (const struct ruleset *r)
{
  int fd = (int) syscall (SYS_RULESET_NEW, r, sizeof *r, 0);

  if (fd >= 0)
    fcntl (fd, F_SETFD, FD_CLOEXEC);
  return fd;
}

/* ---- The zygote ---- */

static bool
set_capabilities (uint32_t low)
{
  struct __user_cap_header_struct h = { .version = _LINUX_CAPABILITY_VERSION_3 };
  struct __user_cap_data_struct d[2] = { { .effective = low, .permitted = low } };

  return syscall (SYS_capset, &h, d) == 0;
}

fettle_result
fettle_sandbox_user (const char *user, struct fettle_error *err)
{
  const struct passwd *p;

  if (geteuid () != 0)
    return FETTLE_OK;
  p = getpwnam (user);
  if (!p)
    return fettle_error_set (err, FETTLE_E_CONFIG, "workers should run as the user %s, whom this host "
                             "doesn't know: see the setting worker_user", user);
  /* Until the plugin is loaded, its folder may be one that only root enters. */
  prctl (PR_SET_KEEPCAPS, 1, 0, 0, 0);
  if (setgroups (0, NULL) || setgid (p->pw_gid) || setuid (p->pw_uid))
    return fettle_error_errno (err, FETTLE_E_CONFIG, "becoming the user %s", user);
  (void) set_capabilities (1u << CAP_DAC_READ_SEARCH);
  return FETTLE_OK;
}

static const struct {
  const char *path;
  uint64_t allowed;
} readable[] = {
  { "/usr",             FS_READ_FILE | FS_READ_DIR },
  { "/lib",             FS_READ_FILE | FS_READ_DIR },
  { "/lib64",           FS_READ_FILE | FS_READ_DIR },
  { "/etc/ssl",         FS_READ_FILE | FS_READ_DIR },
  { "/etc/ld.so.cache", FS_READ_FILE },
  { "/etc/localtime",   FS_READ_FILE },
  { "/dev/null",        FS_READ_FILE | FS_WRITE_FILE },
  { "/dev/zero",        FS_READ_FILE },
  { "/dev/random",      FS_READ_FILE },
  { "/dev/urandom",     FS_READ_FILE },
#if FETTLE_ASAN
  { "/proc",            FS_READ_FILE | FS_READ_DIR }, /* its reports read the map of memory */
#endif
};

static void
allow_path (int ruleset, const char *path, uint64_t allowed)
{
  _cleanup_close_ int fd = open (path, O_PATH | O_CLOEXEC);
  struct path_rule rule = { allowed, fd };

  if (fd >= 0)
    (void) syscall (SYS_RULE_ADD, ruleset, RULE_PATH, &rule, 0);
}

static uint64_t
all_of_files (long abi)
{
  return FS_ALL_1 | (abi >= 2 ? FS_REFER : 0) | (abi >= 3 ? FS_TRUNCATE : 0)
         | (abi >= 5 ? FS_IOCTL_DEV : 0);
}

static fettle_result
restrict_self (int ruleset, struct fettle_error *err)
{
  if (syscall (SYS_RESTRICT, ruleset, 0) != 0)
    return fettle_error_errno (err, FETTLE_E_INTERNAL, "confining a worker by Landlock");
  return FETTLE_OK;
}

fettle_result
fettle_sandbox_zygote (struct fettle_error *err)
{
  long abi = landlock_abi ();
  struct ruleset all = { .files = abi > 0 ? all_of_files (abi) : 0 };
  _cleanup_close_ int ruleset = -1;

  if (!set_capabilities (0) || prctl (PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0)
    return fettle_error_errno (err, FETTLE_E_INTERNAL, "giving up a worker's privileges");
  if (abi <= 0)
    return FETTLE_OK;
  ruleset = make_ruleset (&all);
  if (ruleset < 0)
    return fettle_error_errno (err, FETTLE_E_INTERNAL, "confining a worker by Landlock");
  for (size_t i = 0; i < COUNT (readable); i++)
    allow_path (ruleset, readable[i].path, readable[i].allowed);
  return restrict_self (ruleset, err);
}

/* ---- A call ---- */

static fettle_result
limit (const struct fettle_call_limits *limits, struct fettle_error *err)
{
  struct rlimit none = { 0, 0 }, memory = { limits->memory, limits->memory };

  if (setrlimit (RLIMIT_CORE, &none) != 0)
    return fettle_error_errno (err, FETTLE_E_INTERNAL, "limiting a worker");
  if (FETTLE_ASAN)
    return FETTLE_OK;
  /* No other process, no thread. */
  if (setrlimit (RLIMIT_NPROC, &none) != 0
      || (limits->memory && setrlimit (RLIMIT_AS, &memory) != 0)
      || prctl (PR_SET_DUMPABLE, 0, 0, 0, 0) != 0)
    return fettle_error_errno (err, FETTLE_E_INTERNAL, "limiting a worker");
  return FETTLE_OK;
}

static void
allow_ports (int ruleset, const struct fettle_allowed *a)
{
  if (a->protocol != FETTLE_TCP)
    return;
  for (uint32_t port = a->first; port <= a->last; port++) {
    struct port_rule rule = { NET_CONNECT_TCP, port };

    (void) syscall (SYS_RULE_ADD, ruleset, RULE_PORT, &rule, 0);
  }
}

fettle_result
fettle_sandbox_call (const struct fettle_ctx *c, const struct fettle_call_limits *limits,
                     const char **ret_missing, struct fettle_error *err)
{
  long abi = landlock_abi ();
  struct ruleset net = { .net = NET_BIND_TCP | NET_CONNECT_TCP,
                         .scoped = abi >= 6 ? SCOPE_ABSTRACT | SCOPE_SIGNAL : 0 };
  _cleanup_close_ int ruleset = -1;

  if (limit (limits, err) != FETTLE_OK)
    return err->code;
  if (abi < 4) {
    *ret_missing = "this kernel's Landlock can't confine connections (Linux 6.7 can): ports are "
                   "checked by Fettle's own services alone";
    return FETTLE_OK;
  }
  ruleset = make_ruleset (&net);
  if (ruleset < 0)
    return fettle_error_errno (err, FETTLE_E_INTERNAL, "confining a call by Landlock");
  for (size_t i = 0; i < c->n_allowed; i++)
    allow_ports (ruleset, &c->allowed[i]);
  return restrict_self (ruleset, err);
}
