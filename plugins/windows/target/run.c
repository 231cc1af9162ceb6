/* run.c - one command line, its output into a file, at most for so long.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "target.h"

#include <stdlib.h>

/* Only what it writes to and reads from is inherited, so that a child that stays holds nothing else of ours. */
static LPPROC_THREAD_ATTRIBUTE_LIST
inherit_only (HANDLE *handles, size_t n)
{
  LPPROC_THREAD_ATTRIBUTE_LIST list;
  SIZE_T size = 0;

  InitializeProcThreadAttributeList (NULL, 1, 0, &size);
  list = malloc (size);
  if (!list || !InitializeProcThreadAttributeList (list, 1, 0, &size)
      || !UpdateProcThreadAttribute (list, 0, PROC_THREAD_ATTRIBUTE_HANDLE_LIST, handles, n * sizeof *handles, NULL,
                                     NULL)) {
    free (list);
    return NULL;
  }
  return list;
}

static int
start (WCHAR *command, HANDLE output, PROCESS_INFORMATION *ret)
{
  SECURITY_ATTRIBUTES inherited = { sizeof inherited, NULL, TRUE };
  STARTUPINFOEXW how = { .StartupInfo.cb = sizeof how, .StartupInfo.dwFlags = STARTF_USESTDHANDLES };
  HANDLE nothing = CreateFileW (L"NUL", GENERIC_READ, FILE_SHARE_READ | FILE_SHARE_WRITE, &inherited, OPEN_EXISTING,
                                0, NULL);
  HANDLE handles[2] = { output, nothing };
  int ok;

  how.StartupInfo.hStdOutput = how.StartupInfo.hStdError = output;
  how.StartupInfo.hStdInput = nothing;
  how.lpAttributeList = inherit_only (handles, nothing == INVALID_HANDLE_VALUE ? 1 : 2);
  if (!how.lpAttributeList)
    return 0;
  ok = CreateProcessW (NULL, command, NULL, NULL, TRUE,
                       CREATE_NO_WINDOW | CREATE_SUSPENDED | CREATE_UNICODE_ENVIRONMENT
                         | EXTENDED_STARTUPINFO_PRESENT,
                       NULL, NULL, &how.StartupInfo, ret);
  if (nothing != INVALID_HANDLE_VALUE)
    CloseHandle (nothing);
  return ok;
}

static DWORD
milliseconds (DWORD seconds)
{
  return seconds == 0 || seconds > 0x7fffffff / 1000 ? INFINITE : seconds * 1000;
}

struct ending
run_command (const struct order *o, HANDLE output)
{
  struct ending e = { 0 };
  PROCESS_INFORMATION process;
  HANDLE job = CreateJobObjectW (NULL, NULL);

  if (!job)
    return could_not ("CreateJobObject");
  if (!start (o->command, output, &process)) {
    e = could_not ("CreateProcess");
    CloseHandle (job);
    return e;
  }
  /* Where it can't have a job of its own, the process alone can be ended. */
  if (!AssignProcessToJobObject (job, process.hProcess)) {
    CloseHandle (job);
    job = NULL;
  }
  ResumeThread (process.hThread);
  CloseHandle (process.hThread);
  e.timed_out = WaitForSingleObject (process.hProcess, milliseconds (o->timeout)) == WAIT_TIMEOUT;
  if (e.timed_out) {
    if (!job || !TerminateJobObject (job, ERROR_TIMEOUT))
      TerminateProcess (process.hProcess, ERROR_TIMEOUT);
    WaitForSingleObject (process.hProcess, INFINITE);
  } else if (!GetExitCodeProcess (process.hProcess, &e.code))
    e = could_not ("GetExitCodeProcess");
  CloseHandle (process.hProcess);
  if (job)
    CloseHandle (job);
  return e;
}
