/* file.h - files: read whole with a limit, write so that a crash leaves the
 * old or the new one, digests.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef FETTLE_FILE_H
#define FETTLE_FILE_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "util/buf.h"
#include "util/error.h"

/* All of a file, at most the buffer's limit; more is FETTLE_E_CONFIG. */
fettle_result fettle_file_read (const char *path, struct fettle_buf *ret, struct fettle_error *);
fettle_result fettle_fd_read (int fd, const char *name, struct fettle_buf *ret,
                              struct fettle_error *);

/* False: errno says why, or the file takes no more. */
bool fettle_write_all (int fd, const void *data, size_t size);

/* Replaces the file as a whole, synced before it gets its name. */
fettle_result fettle_file_write (const char *path, mode_t mode, const void *data, size_t size,
                                 struct fettle_error *);

/* What a file looks like: changes whenever its content may have, if some
 * time had passed since its last change. */
#define FETTLE_STAMP_MAX 128
struct stat;
void fettle_file_stamp (const struct stat *, char ret[FETTLE_STAMP_MAX]);

/* Makes a folder and what is missing above it, with this mode. */
fettle_result fettle_make_folder (const char *path, mode_t mode, struct fettle_error *);

/* SHA-256 of all of an open file (from its start; the offset is not moved). */
#define FETTLE_SHA256_TEXT 65 /* 64 lower-case hex digits and NUL */
fettle_result fettle_fd_sha256 (int fd, const char *name, char ret_hex[FETTLE_SHA256_TEXT],
                                uint64_t *ret_size, struct fettle_error *);

/* SHA-256 of bytes in memory. */
void fettle_sha256 (const void *data, size_t size, char ret_hex[FETTLE_SHA256_TEXT]);

#endif
