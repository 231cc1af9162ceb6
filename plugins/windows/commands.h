/* commands.h - how a component's format is installed, and what its exit code
 * means: the table in windows.quirks.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef WINDOWS_COMMANDS_H
#define WINDOWS_COMMANDS_H

#include "windows.h"

enum {
  EXIT_INSTALLED,   /* it works now */
  EXIT_REBOOT,      /* it works after a restart */
  EXIT_REBOOTING,   /* the node restarts by itself */
  EXIT_SAME,        /* there was nothing to do */
  EXIT_BUSY,        /* another installation runs */
  EXIT_UNSUPPORTED, /* not for this node */
  EXIT_FAILED
};

enum { COMMAND_MAX = 2048 };

/* 0: there is no such format in the table. */
int command_known (const struct win *, const char *format);

/* The command line for target.exe; `folder` is our folder, as the node has it. */
void command_line (const struct win *, const struct fettle_image *, const char *folder, char to[COMMAND_MAX]);

/* A batch file that the command line names, with \r\n; "" when it needs none. */
void command_script (const struct win *, const struct fettle_image *, const char *folder, char to[COMMAND_MAX]);

/* What an exit code means: EXIT_*; words for it, "" when there are none. */
int command_exit (const struct win *, const char *format, uint32_t code, char text[200]);
/* The same of one row list, "CODE:WORD[:TEXT]" lines, for tests. */
int command_exit_of (const char *rows, uint32_t code, char text[200]);

#endif
