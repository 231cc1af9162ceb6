/* confine.h - this process parses foreign files: take from it what it doesn't
 * need, before it reads the first byte.
 *
 * No new privileges, no capability but reading what root may read; limits on
 * memory, CPU time, descriptors, file size; no core file, no new process.
 * With Landlock (Linux 5.13, where the kernel has it on) the file system is
 * that one folder, read only (or nothing), and there is no TCP.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef FETTLE_CONFINE_H
#define FETTLE_CONFINE_H

#include "util/error.h"

/* What the kernel doesn't have is left out; what it has and refuses is an
 * error.  Without a folder (-1) nothing can be opened any more.  Files that it
 * writes have at most `file_size` bytes, 0: what a scan needs.  `threads`
 * (may be NULL) starts the last ones there will be: with no more privileges
 * than this one. */
fettle_result fettle_confine (int folder, uint64_t file_size, fettle_result (*threads) (struct fettle_error *),
                              struct fettle_error *);

#endif
