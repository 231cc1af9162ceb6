/* program.h - a program that is a plugin's code: started, confined, listened to.
 *
 * It has its standard input and output, and no more: no file but libraries and
 * what lies beside it, no network, no other process, limited memory; and no
 * secret, since those stay with who started it.  HACKING.md has the table.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef FETTLE_PROGRAM_H
#define FETTLE_PROGRAM_H

#include <stdbool.h>
#include <sys/types.h>

#include "util/error.h"

struct fettle_program {
  pid_t pid;
  int in, out, err; /* ours: to its input, from its output and errors; -1 when closed */
};

#define FETTLE_PROGRAM_NONE { -1, -1, -1, -1 }

/* `memory` in bytes of address space, 0: no limit.  The descriptors don't block. */
fettle_result fettle_program_start (const char *path, uint64_t memory, struct fettle_program *ret,
                                    struct fettle_error *);

/* Closes; ends it if that can be done from here (else it ends with this process). */
void fettle_program_end (struct fettle_program *);

#endif
