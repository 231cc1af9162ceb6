/* node.c - the part of an emulated Windows node that runs under Wine.
 *
 *   node.exe relay PORTFILE         joins a TCP port of 127.0.0.1, written to PORTFILE,
 *                                   to the pipe of the service control manager
 *   node.exe registry START         the service RemoteRegistry, made anew: auto, demand
 *                                   (both are there, auto runs) or disabled
 *   node.exe services               NAME START STATE of each service, a line each
 *   node.exe                        is the service RemoteRegistry: while it runs,
 *                                   C:\node\registry is there
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include <winsock2.h>
#include <windows.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define PDU_HEAD 16
#define PDU_LAST 2
#define MARK     "C:\\node\\registry"
#define REGISTRY "RemoteRegistry"

static int
failed (const char *what)
{
  fprintf (stderr, "%s: error %lu\n", what, GetLastError ());
  return 1;
}

/* ---- The relay ---- */

static int
receive (SOCKET s, char *to, int size)
{
  int have = 0;

  while (have < size) {
    int n = recv (s, to + have, size - have, 0);
    if (n <= 0)
      return -1;
    have += n;
  }
  return 0;
}

static unsigned
pdu_size (const char *pdu)
{
  return (unsigned char) pdu[8] | (unsigned) (unsigned char) pdu[9] << 8;
}

static HANDLE
open_pipe (void)
{
  static const char name[] = "\\\\.\\pipe\\svcctl";
  DWORD mode = PIPE_READMODE_MESSAGE;
  HANDLE pipe;

  for (;;) {
    pipe = CreateFileA (name, GENERIC_READ | GENERIC_WRITE, 0, NULL, OPEN_EXISTING,
                        SECURITY_SQOS_PRESENT | SECURITY_IMPERSONATION, NULL);
    if (pipe != INVALID_HANDLE_VALUE)
      break;
    if (GetLastError () != ERROR_PIPE_BUSY)
      return pipe;
    WaitNamedPipeA (name, 2000);
  }
  SetNamedPipeHandleState (pipe, &mode, NULL, NULL);
  return pipe;
}

/* One request, whole or a fragment of it; 1: more fragments come. */
static int
pass_request (SOCKET s, HANDLE pipe, char *buffer)
{
  DWORD n;
  unsigned size;

  if (receive (s, buffer, PDU_HEAD))
    return -1;
  size = pdu_size (buffer);
  if (size < PDU_HEAD || receive (s, buffer + PDU_HEAD, (int) size - PDU_HEAD)
      || !WriteFile (pipe, buffer, size, &n, NULL))
    return -1;
  return !(buffer[3] & PDU_LAST);
}

static int
pass_answer (SOCKET s, HANDLE pipe, char *buffer)
{
  unsigned have = 0, want = PDU_HEAD;

  while (have < want) {
    DWORD n = 0;

    if (!ReadFile (pipe, buffer + have, want - have, &n, NULL) && GetLastError () != ERROR_MORE_DATA)
      return -1;
    have += n;
    if (have == PDU_HEAD)
      want = pdu_size (buffer);
  }
  if (send (s, buffer, (int) have, 0) != (int) have)
    return -1;
  return !(buffer[3] & PDU_LAST);
}

static DWORD WINAPI
relay_one (void *opaque)
{
  SOCKET s = (SOCKET) (ULONG_PTR) opaque;
  char *buffer = malloc (65536);
  HANDLE pipe = open_pipe ();
  int more = 0;

  while (buffer && pipe != INVALID_HANDLE_VALUE && more >= 0) {
    do
      more = pass_request (s, pipe, buffer);
    while (more > 0);
    if (more < 0)
      break;
    do
      more = pass_answer (s, pipe, buffer);
    while (more > 0);
  }
  if (pipe != INVALID_HANDLE_VALUE)
    CloseHandle (pipe);
  free (buffer);
  closesocket (s);
  return 0;
}

static int
relay (const char *port_file)
{
  struct sockaddr_in address = { .sin_family = AF_INET };
  int size = sizeof address;
  char temporary[MAX_PATH];
  SOCKET listener, s;
  WSADATA data;
  FILE *f;

  WSAStartup (0x202, &data);
  listener = socket (AF_INET, SOCK_STREAM, 0);
  address.sin_addr.s_addr = htonl (INADDR_LOOPBACK);
  if (bind (listener, (struct sockaddr *) &address, sizeof address) || listen (listener, 16)
      || getsockname (listener, (struct sockaddr *) &address, &size))
    return failed ("bind");
  snprintf (temporary, sizeof temporary, "%s.new", port_file);
  f = fopen (temporary, "w");
  if (!f)
    return failed (temporary);
  fprintf (f, "%u\n", ntohs (address.sin_port));
  fclose (f);
  if (!MoveFileExA (temporary, port_file, MOVEFILE_REPLACE_EXISTING))
    return failed (port_file);
  while ((s = accept (listener, NULL, NULL)) != INVALID_SOCKET) {
    HANDLE thread = CreateThread (NULL, 0, relay_one, (void *) (ULONG_PTR) s, 0, NULL);
    if (thread)
      CloseHandle (thread);
  }
  return failed ("accept");
}

/* ---- RemoteRegistry ---- */

static SERVICE_STATUS_HANDLE service;
static HANDLE stop;

static void
say (DWORD state)
{
  SERVICE_STATUS status = { .dwServiceType = SERVICE_WIN32_OWN_PROCESS, .dwCurrentState = state };

  status.dwControlsAccepted = state == SERVICE_RUNNING ? SERVICE_ACCEPT_STOP : 0;
  SetServiceStatus (service, &status);
}

static void WINAPI
control (DWORD what)
{
  if (what == SERVICE_CONTROL_STOP)
    SetEvent (stop);
}

static void WINAPI
service_main (DWORD argc, char **argv)
{
  HANDLE mark;

  (void) argc;
  (void) argv;
  stop = CreateEventA (NULL, TRUE, FALSE, NULL);
  service = RegisterServiceCtrlHandlerA (REGISTRY, control);
  mark = CreateFileA (MARK, GENERIC_WRITE, 0, NULL, CREATE_ALWAYS, 0, NULL);
  if (mark != INVALID_HANDLE_VALUE)
    CloseHandle (mark);
  say (SERVICE_RUNNING);
  WaitForSingleObject (stop, INFINITE);
  DeleteFileA (MARK);
  say (SERVICE_STOPPED);
}

/* Wine deletes a service when its last handle is closed: then it is made again. */
static void
remove_service (SC_HANDLE manager)
{
  SC_HANDLE old = OpenServiceA (manager, REGISTRY, SERVICE_ALL_ACCESS);
  SERVICE_STATUS status;
  int i;

  if (!old)
    return;
  ControlService (old, SERVICE_CONTROL_STOP, &status);
  for (i = 0; i < 1000 && QueryServiceStatus (old, &status)
              && status.dwCurrentState != SERVICE_STOPPED; i++)
    Sleep (10);
  DeleteService (old);
  CloseServiceHandle (old);
}

static int
registry (const char *start)
{
  SC_HANDLE manager = OpenSCManagerA (NULL, NULL, SC_MANAGER_ALL_ACCESS), made = NULL;
  DWORD type = !strcmp (start, "auto")     ? SERVICE_AUTO_START
               : !strcmp (start, "demand") ? SERVICE_DEMAND_START
                                           : SERVICE_DISABLED;
  char program[MAX_PATH];
  int i;

  if (!manager || !GetModuleFileNameA (NULL, program, sizeof program))
    return failed ("the service control manager");
  remove_service (manager);
  for (i = 0; !made && i < 1000; i++) {
    made = CreateServiceA (manager, REGISTRY, "Remote Registry", SERVICE_ALL_ACCESS, SERVICE_WIN32_OWN_PROCESS,
                           type, SERVICE_ERROR_NORMAL, program, NULL, NULL, NULL, NULL, NULL);
    if (!made)
      Sleep (10);
  }
  if (!made || (type == SERVICE_AUTO_START && !StartServiceA (made, 0, NULL)))
    return failed (REGISTRY);
  CloseServiceHandle (made);
  CloseServiceHandle (manager);
  return 0;
}

static int
services (void)
{
  SC_HANDLE manager = OpenSCManagerA (NULL, NULL, SC_MANAGER_ENUMERATE_SERVICE | SC_MANAGER_CONNECT);
  DWORD size = 1 << 20, need, count = 0, resume = 0, i;
  ENUM_SERVICE_STATUS_PROCESSA *list = malloc (size);

  if (!manager || !list
      || !EnumServicesStatusExA (manager, SC_ENUM_PROCESS_INFO, SERVICE_WIN32, SERVICE_STATE_ALL, (BYTE *) list,
                                 size, &need, &count, &resume, NULL))
    return failed ("EnumServicesStatusEx");
  for (i = 0; i < count; i++) {
    SC_HANDLE one = OpenServiceA (manager, list[i].lpServiceName, SERVICE_QUERY_CONFIG);
    union { QUERY_SERVICE_CONFIGA config; char bytes[8192]; } u;

    if (!one || !QueryServiceConfigA (one, &u.config, sizeof u, &need))
      u.config.dwStartType = 99;
    printf ("%s %lu %lu\n", list[i].lpServiceName, u.config.dwStartType,
            list[i].ServiceStatusProcess.dwCurrentState);
    if (one)
      CloseServiceHandle (one);
  }
  return 0;
}

int
main (int argc, char **argv)
{
  static char none[] = "";
  const SERVICE_TABLE_ENTRYA table[] = { { none, service_main }, { NULL, NULL } };

  if (argc == 3 && !strcmp (argv[1], "relay"))
    return relay (argv[2]);
  if (argc == 3 && !strcmp (argv[1], "registry"))
    return registry (argv[2]);
  if (argc == 2 && !strcmp (argv[1], "services"))
    return services ();
  return StartServiceCtrlDispatcherA (table) ? 0 : 1;
}
