/* landlock.h - Linux' Landlock, by its system calls.
 *
 * Its numbers are the kernel's ABI, and written down here since the headers of
 * a distribution are often older than its kernel.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef FETTLE_LANDLOCK_H
#define FETTLE_LANDLOCK_H

#include <stdint.h>

#include "util/error.h"

#define FETTLE_FS_EXECUTE      (1ull << 0)
#define FETTLE_FS_WRITE_FILE   (1ull << 1)
#define FETTLE_FS_READ_FILE    (1ull << 2)
#define FETTLE_FS_READ_DIR     (1ull << 3)
#define FETTLE_NET_BIND_TCP    (1ull << 0) /* ABI 4 */
#define FETTLE_NET_CONNECT_TCP (1ull << 1) /* 4 */
#define FETTLE_SCOPE_ABSTRACT  (1ull << 0) /* 6 */
#define FETTLE_SCOPE_SIGNAL    (1ull << 1) /* 6 */

struct fettle_ruleset {
  uint64_t files, net, scoped;
};

/* The kernel's version of it; 0 or less: none. */
long fettle_landlock_abi (void);

/* All that it knows of files. */
uint64_t fettle_landlock_files (long abi);

/* A descriptor, or -1 with errno. */
int fettle_landlock_new (const struct fettle_ruleset *);

/* A path that isn't there is left out. */
void fettle_landlock_path (int ruleset, const char *path, uint64_t allowed);
void fettle_landlock_port (int ruleset, uint16_t port, uint64_t allowed);

/* The files that libraries read. */
void fettle_landlock_libraries (int ruleset);

/* -1 with errno. */
int fettle_landlock_restrict (int ruleset);

#endif
