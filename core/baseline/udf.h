/* udf.h - the files in an image that has a UDF file system alone, by
 * libudfread; what has an ISO 9660 one too is read as that (container.h, which
 * is the only one to call this).
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef FETTLE_UDF_H
#define FETTLE_UDF_H

#include "baseline/container.h"

struct fettle_udf;

/* All of its folders are read; `fd` stays the caller's.  FETTLE_E_UNSUPPORTED
 * where Fettle was built without libudfread. */
fettle_result fettle_udf_open (int fd, struct fettle_udf **ret, struct fettle_error *);

/* Files and problems, in the order in which they lie there. */
fettle_result fettle_udf_next (struct fettle_udf *, struct fettle_member *ret);

/* The file's size; its next bytes, as fettle_stream does. */
uint64_t fettle_udf_size (const struct fettle_udf *);
ssize_t fettle_udf_read (struct fettle_udf *, const void **ret_data, char *why, size_t why_size);

/* When the file was read to its end: does it lie in one piece, and where? */
bool fettle_udf_stored (const struct fettle_udf *, uint64_t *ret_offset);

/* How far the image was read: where the file lies, and what was read of it. */
uint64_t fettle_udf_position (const struct fettle_udf *);

void fettle_udf_free (struct fettle_udf *);

#endif
