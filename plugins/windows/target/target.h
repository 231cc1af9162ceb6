/* target.h - the program that runs on a Windows node; README says what it does.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef FETTLE_TARGET_H
#define FETTLE_TARGET_H

#include <windows.h>

#define MAX_ORDER   (64 * 1024)
#define MAX_OBJECTS 10000
#define MAX_TEXT    4096              /* bytes of a text */
#define MAX_ARRAY   1000              /* elements of an array */
#define MAX_OUTPUT  (16 * 1024 * 1024)

/* What the plugin wants, as read from the file; texts point into `text`. */
struct order {
  WCHAR *text;
  DWORD timeout;      /* seconds; 0: none */
  WCHAR *command;     /* NULL: none */
  WCHAR **classes;    /* of WMI */
  unsigned n_classes;
};

/* How it ended: exactly one of these is written as result. */
struct ending {
  const char *failed; /* what couldn't be done; NULL: nothing */
  DWORD code;         /* of what failed: GetLastError; else the exit code */
  int timed_out;
};

/* Runs the command line, with `output` for what it writes. */
struct ending run_command (const struct order *, HANDLE output);

/* Asks for the classes, JSON lines into `output`. */
struct ending ask_wmi (const struct order *, HANDLE output);

struct ending could_not (const char *what);

#endif
