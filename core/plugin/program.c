/* program.c - see program.h.  SPDX-License-Identifier: Apache-2.0 */
#include "util/base.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <linux/sockios.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#include "plugin/program.h"
#include "util/landlock.h"

#if defined (__x86_64__)
# define ARCH AUDIT_ARCH_X86_64
#elif defined (__aarch64__)
# define ARCH AUDIT_ARCH_AARCH64
#elif defined (__riscv) && __riscv_xlen == 64
# define ARCH AUDIT_ARCH_RISCV64
#elif defined (__powerpc64__) && defined (__LITTLE_ENDIAN__)
# define ARCH AUDIT_ARCH_PPC64LE
#elif defined (__s390x__)
# define ARCH AUDIT_ARCH_S390X
#endif

/* ---- In the program's process ---- */

#define DENY(number)                                                                                    \
  BPF_JUMP (BPF_JMP | BPF_JEQ | BPF_K, (number), 0, 1), BPF_STMT (BPF_RET | BPF_K, SECCOMP_RET_ERRNO | EPERM)

#if __BYTE_ORDER__ == __ORDER_BIG_ENDIAN__
# define ARGUMENT(n) (offsetof (struct seccomp_data, args[n]) + 4)
#else
# define ARGUMENT(n) offsetof (struct seccomp_data, args[n])
#endif

/* EPERM for one of two values of an argument, else allowed; or the other way round. */
#define JUDGE(number, n, one, other, if_so, else_so)                                                    \
  BPF_JUMP (BPF_JMP | BPF_JEQ | BPF_K, (number), 0, 5), BPF_STMT (BPF_LD | BPF_W | BPF_ABS, ARGUMENT (n)), \
  BPF_JUMP (BPF_JMP | BPF_JEQ | BPF_K, (one), 1, 0), BPF_JUMP (BPF_JMP | BPF_JEQ | BPF_K, (other), 0, 1), \
  BPF_STMT (BPF_RET | BPF_K, (if_so)), BPF_STMT (BPF_RET | BPF_K, (else_so))
#define DENY_IF(number, n, one, other) \
  JUDGE (number, n, one, other, SECCOMP_RET_ERRNO | EPERM, SECCOMP_RET_ALLOW)
#define SELF_ONLY(number) JUDGE (number, 0, 0, self, SECCOMP_RET_ALLOW, SECCOMP_RET_ERRNO | EPERM)

/* No socket of any kind, no process, no look into others, no signal to them,
 * and nothing else that the kernel lets a user do to all of his processes.  What
 * else it could do is kept from it by Landlock and by its user. */
static bool
filter_calls (void)
{
#ifdef ARCH
  const uint32_t self = (uint32_t) getpid (); /* the program's, too: it takes this process over */
  const struct sock_filter code[] = {
    BPF_STMT (BPF_LD | BPF_W | BPF_ABS, offsetof (struct seccomp_data, arch)),
    BPF_JUMP (BPF_JMP | BPF_JEQ | BPF_K, ARCH, 1, 0),
    BPF_STMT (BPF_RET | BPF_K, SECCOMP_RET_KILL_PROCESS),
    BPF_STMT (BPF_LD | BPF_W | BPF_ABS, offsetof (struct seccomp_data, nr)),
# ifdef __x86_64__
    BPF_JUMP (BPF_JMP | BPF_JGE | BPF_K, 0x40000000, 0, 1), /* those of x32 */
    BPF_STMT (BPF_RET | BPF_K, SECCOMP_RET_ERRNO | EPERM),
# endif
    DENY (__NR_socket), DENY (__NR_socketpair), DENY (__NR_connect), DENY (__NR_bind), DENY (__NR_ptrace),
    DENY (__NR_process_vm_readv), DENY (__NR_process_vm_writev), DENY (__NR_kill), DENY (__NR_tkill),
    DENY (425 /* io_uring_setup */), DENY (424 /* pidfd_send_signal */), DENY (438 /* pidfd_getfd */),
    DENY (__NR_clone), DENY (435 /* clone3 */), DENY (__NR_unshare), DENY (__NR_mount), DENY (__NR_bpf),
    DENY (__NR_perf_event_open), DENY (__NR_add_key), DENY (__NR_keyctl), DENY (__NR_setpriority),
    DENY (__NR_ioprio_set),
    SELF_ONLY (__NR_tgkill), SELF_ONLY (__NR_rt_sigqueueinfo), SELF_ONLY (__NR_rt_tgsigqueueinfo),
    SELF_ONLY (__NR_prlimit64), SELF_ONLY (__NR_sched_setaffinity), SELF_ONLY (__NR_sched_setscheduler),
    SELF_ONLY (__NR_sched_setparam), SELF_ONLY (__NR_sched_setattr),
    DENY_IF (__NR_fcntl, 1, F_SETOWN, F_SETOWN_EX), /* whom a descriptor's signals go to */
    DENY_IF (__NR_ioctl, 1, FIOSETOWN, SIOCSPGRP),
# ifdef __NR_fork
    DENY (__NR_fork), DENY (__NR_vfork),
# endif
    BPF_STMT (BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
  };
  const struct sock_fprog program = { COUNT (code), (struct sock_filter *) (uintptr_t) code };

  return prctl (PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program) == 0;
#else
  return true;
#endif
}

static bool
limit (uint64_t memory)
{
  struct rlimit none = { 0, 0 }, some = { memory, memory }, files = { 64, 64 };

  return setrlimit (RLIMIT_CORE, &none) == 0 && setrlimit (RLIMIT_FSIZE, &none) == 0
         && setrlimit (RLIMIT_NPROC, &none) == 0 && setrlimit (RLIMIT_NOFILE, &files) == 0
         && (memory == 0 || setrlimit (RLIMIT_AS, &some) == 0);
}

static bool
restrict_files (const char *folder)
{
  static const char *const places[] = { "/usr", "/lib", "/lib64", "/bin" };
  const uint64_t run = FETTLE_FS_EXECUTE | FETTLE_FS_READ_FILE | FETTLE_FS_READ_DIR;
  long abi = fettle_landlock_abi ();
  struct fettle_ruleset all = {
    .files = abi > 0 ? fettle_landlock_files (abi) : 0,
    .net = abi >= 4 ? FETTLE_NET_BIND_TCP | FETTLE_NET_CONNECT_TCP : 0,
    .scoped = abi >= 6 ? FETTLE_SCOPE_ABSTRACT | FETTLE_SCOPE_SIGNAL : 0,
  };
  int ruleset;

  if (abi <= 0)
    return true;
  ruleset = fettle_landlock_new (&all);
  if (ruleset < 0)
    return false;
  fettle_landlock_libraries (ruleset);
  for (size_t i = 0; i < COUNT (places); i++)
    fettle_landlock_path (ruleset, places[i], run);
  fettle_landlock_path (ruleset, folder, run);
  return fettle_landlock_restrict (ruleset) == 0;
}

/* Returns only when it can't. */
static void
become (const char *path, const int fds[3], uint64_t memory, pid_t parent)
{
  static char *const environment[] = {
    (char *) (uintptr_t) "PATH=/usr/bin:/bin", (char *) (uintptr_t) "LANG=C.UTF-8",
    (char *) (uintptr_t) "HOME=/", (char *) (uintptr_t) "PYTHONDONTWRITEBYTECODE=1", NULL,
  };
  char *const argv[] = { (char *) (uintptr_t) path, NULL };
  _cleanup_free_ char *folder = strndup (path, (size_t) (strrchr (path, '/') - path));
  sigset_t none;

  sigemptyset (&none);
  sigprocmask (SIG_SETMASK, &none, NULL);
  signal (SIGPIPE, SIG_DFL);
  prctl (PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0);
  if (getppid () != parent || !folder || chdir (*folder ? folder : "/") != 0)
    return;
  /* fds are 3 and above: nothing is overwritten that is still needed. */
  if (dup2 (fds[0], 0) < 0 || dup2 (fds[1], 1) < 0 || dup2 (fds[2], 2) < 0
      || syscall (SYS_close_range, 3, ~0u, 4 /* CLOEXEC */) != 0)
    return;
  if (prctl (PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0 && limit (memory) && restrict_files (folder) && filter_calls ())
    execve (path, argv, environment);
}

/* ---- In ours ---- */

static void
close_all (int fds[2])
{
  for (int i = 0; i < 2; i++)
    if (fds[i] >= 0)
      close (fds[i]);
}

/* Why it didn't start comes by this pipe, which a program that did closes. */
static fettle_result
wait_for_start (const char *path, int fd, struct fettle_error *err)
{
  int why = 0;
  ssize_t n;

  do
    n = read (fd, &why, sizeof why);
  while (n < 0 && errno == EINTR);
  if (n == 0)
    return FETTLE_OK;
  errno = n == (ssize_t) sizeof why ? why : EIO;
  return fettle_error_errno (err, FETTLE_E_CONFIG, "starting %s (the user that workers run as must be able to read and "
                             "execute it, and what its first line names)", path);
}

fettle_result
fettle_program_start (const char *path, uint64_t memory, struct fettle_program *ret, struct fettle_error *err)
{
  int in[2] = { -1, -1 }, out[2] = { -1, -1 }, errors[2] = { -1, -1 }, status[2] = { -1, -1 };
  pid_t self = getpid (), pid = -1;
  fettle_result r;

  if (pipe2 (in, O_CLOEXEC) == 0 && pipe2 (out, O_CLOEXEC) == 0 && pipe2 (errors, O_CLOEXEC) == 0
      && pipe2 (status, O_CLOEXEC) == 0)
    pid = fork ();
  if (pid == 0) {
    const int fds[3] = { in[0], out[1], errors[1] };
    int why;

    become (path, fds, memory, self);
    why = errno;
    (void) !write (status[1], &why, sizeof why);
    _exit (127);
  }
  if (pid < 0) {
    fettle_error_errno (err, FETTLE_E_INTERNAL, "starting a process for %s", path);
    close_all (in), close_all (out), close_all (errors), close_all (status);
    return err->code;
  }
  close (in[0]), close (out[1]), close (errors[1]), close (status[1]);
  *ret = (struct fettle_program) { pid, in[1], out[0], errors[0] };
  r = wait_for_start (path, status[0], err);
  close (status[0]);
  for (int i = 0; i < 3; i++)
    fcntl ((&ret->in)[i], F_SETFL, O_NONBLOCK);
  if (r)
    fettle_program_end (ret);
  return r;
}

void
fettle_program_end (struct fettle_program *p)
{
  int status;

  for (int i = 0; i < 3; i++)
    if ((&p->in)[i] >= 0)
      close ((&p->in)[i]);
  if (p->pid > 0 && kill (p->pid, SIGKILL) == 0)
    waitpid (p->pid, &status, 0);
  *p = (struct fettle_program) FETTLE_PROGRAM_NONE;
}
