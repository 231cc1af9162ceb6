/* sandbox.c - what a worker may not do.
 *
 * The order matters: another user first; then the plugin is loaded; then no
 * privileges for good and, by Landlock, no files but those that libraries
 * read, no program.  A call adds: memory, no other process, and TCP to its
 * node's declared ports alone.  The transports check ports as well, for
 * kernels without Landlock.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "util/base.h"

#include <errno.h>
#include <grp.h>
#include <linux/capability.h>
#include <pwd.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>

#include "util/landlock.h"
#include "worker/worker.h"

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

static fettle_result
restrict_self (int ruleset, struct fettle_error *err)
{
  if (fettle_landlock_restrict (ruleset) != 0)
    return fettle_error_errno (err, FETTLE_E_INTERNAL, "confining a worker by Landlock");
  return FETTLE_OK;
}

/* What an interpreter of programs needs, too (plugin/program.c confines them further). */
static void
allow_programs (int ruleset, const char *folder)
{
  static const char *const places[] = { "/usr", "/lib", "/lib64", "/bin" };

  for (size_t i = 0; i < COUNT (places); i++)
    fettle_landlock_path (ruleset, places[i], FETTLE_FS_EXECUTE | FETTLE_FS_READ_FILE | FETTLE_FS_READ_DIR);
  fettle_landlock_path (ruleset, folder, FETTLE_FS_EXECUTE | FETTLE_FS_READ_FILE | FETTLE_FS_READ_DIR);
}

fettle_result
fettle_sandbox_zygote (const char *programs, struct fettle_error *err)
{
  long abi = fettle_landlock_abi ();
  struct fettle_ruleset all = { .files = abi > 0 ? fettle_landlock_files (abi) : 0 };
  _cleanup_close_ int ruleset = -1;

  if (!set_capabilities (0) || prctl (PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0)
    return fettle_error_errno (err, FETTLE_E_INTERNAL, "giving up a worker's privileges");
  if (abi <= 0)
    return FETTLE_OK;
  ruleset = fettle_landlock_new (&all);
  if (ruleset < 0)
    return fettle_error_errno (err, FETTLE_E_INTERNAL, "confining a worker by Landlock");
  fettle_landlock_libraries (ruleset);
  if (programs)
    allow_programs (ruleset, programs);
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
  for (uint32_t port = a->first; port <= a->last; port++)
    fettle_landlock_port (ruleset, (uint16_t) port, FETTLE_NET_CONNECT_TCP);
}

fettle_result
fettle_sandbox_call (const struct fettle_ctx *c, const struct fettle_call_limits *limits,
                     const char **ret_missing, struct fettle_error *err)
{
  long abi = fettle_landlock_abi ();
  struct fettle_ruleset net = { .files = FETTLE_FS_EXECUTE, .net = FETTLE_NET_BIND_TCP | FETTLE_NET_CONNECT_TCP,
                                .scoped = abi >= 6 ? FETTLE_SCOPE_ABSTRACT : 0 };
  _cleanup_close_ int ruleset = -1;

  /* The kernel holds PR_SET_PDEATHSIG to this, too. */
  if (abi >= 6 && !limits->signals)
    net.scoped |= FETTLE_SCOPE_SIGNAL;
  if (limit (limits, err) != FETTLE_OK)
    return err->code;
  if (abi < 4) {
    *ret_missing = "this kernel's Landlock can't confine connections (Linux 6.7 can): ports are "
                   "checked by Fettle's own services alone";
    return FETTLE_OK;
  }
  ruleset = fettle_landlock_new (&net);
  if (ruleset < 0)
    return fettle_error_errno (err, FETTLE_E_INTERNAL, "confining a call by Landlock");
  for (size_t i = 0; i < c->n_allowed; i++)
    allow_ports (ruleset, &c->allowed[i]);
  return restrict_self (ruleset, err);
}
