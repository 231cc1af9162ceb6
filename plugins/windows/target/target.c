/* target.c - the service that runs on a Windows node: reads its order, carries
 * it out, notes the result, and goes.  README says what it and the plugin have
 * agreed on.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "target.h"

#include <stdio.h>
#include <stdlib.h>
#include <wchar.h>

static SERVICE_STATUS_HANDLE service;
static WCHAR folder[MAX_PATH]; /* where the program is */

struct ending
could_not (const char *what)
{
  return (struct ending) { .failed = what, .code = GetLastError () };
}

/* ---- The order ---- */

/* The file's text as UTF-16, allocated; NULL if that can't be. */
static WCHAR *
read_text (const WCHAR *path)
{
  HANDLE file = CreateFileW (path, GENERIC_READ, FILE_SHARE_READ, NULL, OPEN_EXISTING, 0, NULL);
  char *bytes = malloc (MAX_ORDER + 1);
  WCHAR *text = calloc (MAX_ORDER + 1, sizeof *text);
  DWORD n = 0;
  int ok = file != INVALID_HANDLE_VALUE && bytes && text;

  if (ok)
    ok = ReadFile (file, bytes, MAX_ORDER + 1, &n, NULL);
  if (ok && n > MAX_ORDER) {
    SetLastError (ERROR_FILE_TOO_LARGE);
    ok = 0;
  }
  if (ok && n > 0)
    ok = MultiByteToWideChar (CP_UTF8, MB_ERR_INVALID_CHARS, bytes, (int) n, text, MAX_ORDER);
  if (file != INVALID_HANDLE_VALUE)
    CloseHandle (file);
  free (bytes);
  if (ok)
    return text;
  free (text);
  return NULL;
}

/* What follows the word and a space, or NULL. */
static WCHAR *
after (WCHAR *line, const WCHAR *word)
{
  size_t n = wcslen (word);

  return !wcsncmp (line, word, n) && line[n] == L' ' ? line + n + 1 : NULL;
}

/* An order that isn't understood whole isn't carried out in part. */
static int
read_order (struct order *o)
{
  WCHAR *line, *next, *value;

  o->text = read_text (L"order");
  o->classes = calloc (MAX_ORDER, sizeof *o->classes);
  if (!o->text || !o->classes)
    return -1;
  for (line = o->text; *line; line = next) {
    next = wcschr (line, L'\n');
    if (next)
      *next++ = 0;
    else
      next = line + wcslen (line);
    if ((value = after (line, L"timeout")))
      o->timeout = wcstoul (value, NULL, 10);
    else if ((value = after (line, L"wmi")))
      o->classes[o->n_classes++] = value;
    else if ((value = after (line, L"run")) && !*next)
      o->command = value;
    else {
      SetLastError (ERROR_INVALID_DATA);
      return -1;
    }
  }
  if (!o->command == !o->n_classes) {
    SetLastError (ERROR_INVALID_DATA);
    return -1;
  }
  return 0;
}

/* ---- The result ---- */

static void
write_result (const struct ending *e)
{
  HANDLE file = CreateFileW (L"result.new", GENERIC_WRITE, 0, NULL, CREATE_ALWAYS, 0, NULL);
  char text[128];
  DWORD n;

  if (e->failed)
    snprintf (text, sizeof text, "{\"error\":\"%s\",\"code\":%lu}\n", e->failed, e->code);
  else if (e->timed_out)
    snprintf (text, sizeof text, "{\"timeout\":true}\n");
  else
    snprintf (text, sizeof text, "{\"exit\":%lu}\n", e->code);
  if (file == INVALID_HANDLE_VALUE)
    return;
  WriteFile (file, text, (DWORD) strlen (text), &n, NULL);
  FlushFileBuffers (file);
  CloseHandle (file);
  MoveFileExW (L"result.new", L"result", MOVEFILE_REPLACE_EXISTING | MOVEFILE_WRITE_THROUGH);
}

/* ---- Nobody waits any more ---- */

static void
delete_service (const WCHAR *name)
{
  SC_HANDLE manager = OpenSCManagerW (NULL, NULL, SC_MANAGER_CONNECT);
  SC_HANDLE self = manager ? OpenServiceW (manager, name, DELETE) : NULL;

  if (self) {
    DeleteService (self);
    CloseServiceHandle (self);
  }
  if (manager)
    CloseServiceHandle (manager);
}

/* A program can't remove itself while it runs.  Wine's
 * cmd.exe has its ways with quotes and parentheses: neither is there without need. */
static void
leave_remover (void)
{
  const WCHAR *quote = wcspbrk (folder, L" &()^,;=") ? L"\"" : L"";
  WCHAR system[MAX_PATH], name[MAX_PATH + 3], command[3 * MAX_PATH + 200];
  STARTUPINFOW start = { .cb = sizeof start };
  PROCESS_INFORMATION remover;

  if (!GetSystemDirectoryW (system, MAX_PATH))
    return;
  _snwprintf (name, sizeof name / sizeof name[0], L"%ls%ls%ls", quote, folder, quote);
  _snwprintf (command, sizeof command / sizeof command[0],
              L"cmd.exe /d /c for /l %%i in (1,1,60) do if exist %ls "
              L"rd /s /q %ls >nul 2>nul & if exist %ls ping -n 2 127.0.0.1 >nul",
              name, name, name);
  if (!CreateProcessW (NULL, command, NULL, NULL, FALSE, CREATE_NO_WINDOW, NULL, system, &start, &remover))
    return;
  CloseHandle (remover.hThread);
  CloseHandle (remover.hProcess);
}

static int
is_there (const WCHAR *name)
{
  return GetFileAttributesW (name) != INVALID_FILE_ATTRIBUTES;
}

/* ---- The work ---- */

static struct ending
carry_out (void)
{
  SECURITY_ATTRIBUTES inherited = { sizeof inherited, NULL, TRUE };
  DWORD shared = FILE_SHARE_READ | FILE_SHARE_WRITE | FILE_SHARE_DELETE;
  struct order order = { 0 };
  struct ending e;
  HANDLE output;

  if (read_order (&order))
    return could_not ("order");
  /* To be appended to, as several processes may write; the folder can be
   * removed while a child that stayed has it open. */
  output = CreateFileW (L"output", (FILE_GENERIC_WRITE & ~FILE_WRITE_DATA) | FILE_READ_ATTRIBUTES, shared, &inherited,
                        CREATE_ALWAYS, 0, NULL);
  if (output == INVALID_HANDLE_VALUE)
    return could_not ("output");
  e = order.command ? run_command (&order, output) : ask_wmi (&order, output);
  FlushFileBuffers (output);
  CloseHandle (output);
  return e;
}

static struct ending
work (const WCHAR *name)
{
  struct ending e = { 0 };

  if (is_there (L"result"))
    return e;
  e = carry_out ();
  write_result (&e);
  if (is_there (L"abandon")) {
    if (name)
      delete_service (name);
    leave_remover ();
  }
  return e;
}

/* ---- The service ---- */

static void
say (DWORD state, DWORD error, DWORD own_error)
{
  SERVICE_STATUS status = { .dwServiceType = SERVICE_WIN32_OWN_PROCESS, .dwCurrentState = state };

  status.dwWin32ExitCode = error;
  status.dwServiceSpecificExitCode = own_error;
  SetServiceStatus (service, &status);
}

static DWORD WINAPI
control (DWORD what, DWORD type, void *data, void *context)
{
  (void) type;
  (void) data;
  (void) context;
  return what == SERVICE_CONTROL_INTERROGATE ? NO_ERROR : ERROR_CALL_NOT_IMPLEMENTED;
}

static void WINAPI
service_main (DWORD argc, WCHAR **argv)
{
  struct ending e;

  service = RegisterServiceCtrlHandlerExW (argc > 0 ? argv[0] : L"", control, NULL);
  if (!service)
    return;
  say (SERVICE_RUNNING, 0, 0);
  e = work (argc > 0 ? argv[0] : NULL);
  if (e.failed)
    say (SERVICE_STOPPED, e.code ? e.code : ERROR_GEN_FAILURE, 0);
  else if (e.timed_out)
    say (SERVICE_STOPPED, ERROR_TIMEOUT, 0);
  else
    say (SERVICE_STOPPED, e.code ? ERROR_SERVICE_SPECIFIC_ERROR : 0, e.code);
}

static int
find_folder (void)
{
  DWORD n = GetModuleFileNameW (NULL, folder, MAX_PATH);
  WCHAR *last = wcsrchr (folder, L'\\');

  if (n == 0 || n >= MAX_PATH || !last)
    return -1;
  *last = 0;
  return SetCurrentDirectoryW (folder) ? 0 : -1;
}

/* Started by hand, not as a service, it does the same. */
int
wmain (void)
{
  static WCHAR none[] = L"";
  const SERVICE_TABLE_ENTRYW table[] = { { none, service_main }, { NULL, NULL } };
  struct ending e;

  if (find_folder ())
    return 1;
  if (StartServiceCtrlDispatcherW (table))
    return 0;
  if (GetLastError () != ERROR_FAILED_SERVICE_CONTROLLER_CONNECT)
    return 1;
  e = work (NULL);
  return e.failed || e.timed_out ? 1 : (int) e.code;
}
