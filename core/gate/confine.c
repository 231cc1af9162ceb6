/* confine.c - see confine.h.  SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-only */
#include "gate/base.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <linux/capability.h>
#include <pwd.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#ifdef HAVE_SECCOMP
# include <seccomp.h>
#endif

#include "gate/confine.h"

#if defined (__SANITIZE_ADDRESS__)
# define SANITIZED 1
#elif defined (__has_feature)
# if __has_feature (address_sanitizer)
#  define SANITIZED 1
# endif
#endif
#ifndef SANITIZED
# define SANITIZED 0
#endif

static const char own_user[] = "fettle-gate";

static enum fettle_gate_result
failed (struct fettle_why *why, const char *what)
{
  return fettle_why_set (why, FETTLE_GATE_E_KERNEL, "%s: %s", what, strerror (errno));
}

/* ---- Privileges. ---- */

static enum fettle_gate_result
find_user (const char *name, uid_t *ret_uid, gid_t *ret_gid, struct fettle_why *why)
{
  const struct passwd *pw = getpwnam (name ? name : own_user);

  if (!pw && name)
    return fettle_why_set (why, FETTLE_GATE_E_REQUEST, "--user: there is no user %s", name);
  if (!pw)
    pw = getpwnam ("nobody");
  *ret_uid = pw ? pw->pw_uid : 65534;
  *ret_gid = pw ? pw->pw_gid : 65534;
  if (*ret_uid == 0)
    return fettle_why_set (why, FETTLE_GATE_E_REQUEST, "--user: not root");
  return FETTLE_GATE_OK;
}

/* So that no program could ever get them back.  A capability that the running
 * kernel doesn't have ends the list. */
static void
drop_bounding_set (void)
{
  for (int cap = 0; prctl (PR_CAPBSET_READ, cap, 0, 0, 0) >= 0; cap++)
    if (cap != CAP_NET_ADMIN)
      prctl (PR_CAPBSET_DROP, cap, 0, 0, 0); /* needs CAP_SETPCAP, which root has */
}

static enum fettle_gate_result
become (const char *user, struct fettle_why *why)
{
  uid_t uid = 0;
  gid_t gid = 0;

  if (find_user (user, &uid, &gid, why))
    return why->result;
  drop_bounding_set ();
  if (prctl (PR_SET_KEEPCAPS, 1, 0, 0, 0) || setgroups (0, NULL) || setresgid (gid, gid, gid)
      || setresuid (uid, uid, uid))
    return failed (why, "giving up root");
  return FETTLE_GATE_OK;
}

static enum fettle_gate_result
keep_one_capability (struct fettle_why *why)
{
  struct __user_cap_header_struct head = { .version = _LINUX_CAPABILITY_VERSION_3 };
  struct __user_cap_data_struct data[_LINUX_CAPABILITY_U32S_3] = { { 0, 0, 0 } };

  prctl (PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0);
  data[0].permitted = data[0].effective = 1u << CAP_NET_ADMIN;
  if (syscall (SYS_capset, &head, data))
    return fettle_why_set (why, FETTLE_GATE_E_KERNEL,
                           "fettle-gate needs the capability CAP_NET_ADMIN: start it as root, or "
                           "run setcap cap_net_admin+ep on it");
  return FETTLE_GATE_OK;
}

enum fettle_gate_result
fettle_drop_privileges (const char *user, struct fettle_why *why)
{
  const struct rlimit none = { 0, 0 };

  if (geteuid () == 0 && become (user, why))
    return why->result;
  if (keep_one_capability (why))
    return why->result;
  if (prctl (PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) || prctl (PR_SET_DUMPABLE, 0, 0, 0, 0)
      || setrlimit (RLIMIT_CORE, &none))
    return failed (why, "giving up privileges");
  return FETTLE_GATE_OK;
}

/* ---- System calls. ---- */

#ifdef HAVE_SECCOMP

static const int calls[] = {
  /* memory */
  SCMP_SYS (brk), SCMP_SYS (mmap), SCMP_SYS (mmap2), SCMP_SYS (munmap), SCMP_SYS (mremap),
  SCMP_SYS (madvise), SCMP_SYS (mprotect), SCMP_SYS (futex),
  /* sockets and files that are open */
  SCMP_SYS (read), SCMP_SYS (pread64), SCMP_SYS (write), SCMP_SYS (writev), SCMP_SYS (close),
  SCMP_SYS (lseek), SCMP_SYS (_llseek), SCMP_SYS (fstat), SCMP_SYS (fstat64), SCMP_SYS (newfstatat),
  SCMP_SYS (fstatat64), SCMP_SYS (statx), SCMP_SYS (recv), SCMP_SYS (recvfrom), SCMP_SYS (recvmsg),
  SCMP_SYS (send), SCMP_SYS (sendto), SCMP_SYS (sendmsg), SCMP_SYS (bind), SCMP_SYS (getsockname),
  SCMP_SYS (getsockopt), SCMP_SYS (setsockopt), SCMP_SYS (shutdown), SCMP_SYS (fcntl),
  SCMP_SYS (fcntl64), SCMP_SYS (poll), SCMP_SYS (ppoll), SCMP_SYS (select), SCMP_SYS (_newselect),
  SCMP_SYS (pselect6),
  /* time, ourselves, the end */
  SCMP_SYS (clock_gettime), SCMP_SYS (clock_gettime64), SCMP_SYS (gettimeofday), SCMP_SYS (time),
  SCMP_SYS (getpid), SCMP_SYS (gettid), SCMP_SYS (getuid), SCMP_SYS (geteuid), SCMP_SYS (getrandom),
  SCMP_SYS (uname), SCMP_SYS (rt_sigaction), SCMP_SYS (rt_sigprocmask), SCMP_SYS (rt_sigreturn),
  SCMP_SYS (sigreturn), SCMP_SYS (restart_syscall), SCMP_SYS (exit), SCMP_SYS (exit_group),
};

static bool
add_calls (scmp_filter_ctx ctx)
{
  for (size_t i = 0; i < COUNT (calls); i++)
    if (seccomp_rule_add (ctx, SCMP_ACT_ALLOW, calls[i], 0))
      return false;
  return !seccomp_rule_add (ctx, SCMP_ACT_ALLOW, SCMP_SYS (socket), 1,
                            SCMP_A0 (SCMP_CMP_EQ, AF_NETLINK))
         && !seccomp_rule_add (ctx, SCMP_ACT_ALLOW, SCMP_SYS (openat), 1,
                               SCMP_A2 (SCMP_CMP_MASKED_EQ, O_ACCMODE | O_CREAT | O_TRUNC,
                                        O_RDONLY));
}

/* What isn't listed fails with EPERM: another libc's habits are no reason to
 * die, and nothing is gained by them. */
enum fettle_gate_result
fettle_limit_calls (bool *ret, struct fettle_why *why)
{
  scmp_filter_ctx ctx;
  bool done;

  *ret = false;
  if (SANITIZED) /* its run-time needs many more */
    return FETTLE_GATE_OK;
  ctx = seccomp_init (SCMP_ACT_ERRNO (EPERM));
  if (!ctx)
    return fettle_why_set (why, FETTLE_GATE_E_NOMEM, "no memory");
  done = add_calls (ctx) && !seccomp_load (ctx);
  seccomp_release (ctx);
  if (!done)
    return fettle_why_set (why, FETTLE_GATE_E_KERNEL, "limiting system calls failed");
  *ret = true;
  return FETTLE_GATE_OK;
}

#else

enum fettle_gate_result
fettle_limit_calls (bool *ret, struct fettle_why *why)
{
  (void) why;
  *ret = false;
  return FETTLE_GATE_OK;
}

#endif
