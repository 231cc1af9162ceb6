/* component-files.h - where a component's files are: in the baseline's folder,
 * in an archive as they are, or, unpacked, in the service's keeping.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef FETTLE_COMPONENT_FILES_H
#define FETTLE_COMPONENT_FILES_H

#include <jansson.h>
#include <limits.h>

#include "util/error.h"
#include "util/file.h"

struct fettle_engine;

/* The file on the disk, and what to look for within it; NULL: it is that. */
fettle_result fettle_component_file_where (const char *baseline, const json_t *file,
                                           char ret[PATH_MAX], const char **ret_inside,
                                           struct fettle_error *);
fettle_result fettle_component_file_stamp (const char *baseline, const json_t *file,
                                           char ret[FETTLE_STAMP_MAX], struct fettle_error *);

/* ---- unpack.c: members that are compressed ---- */

/* FETTLE_OK: all packed files of the component are unpacked.  FETTLE_AGAIN:
 * they are being unpacked, by processes of their own: ask again in a second.
 * Else: they can't be. */
fettle_result fettle_unpack (struct fettle_engine *, int64_t baseline, const json_t *component,
                             struct fettle_error *);

/* The unpacked file, or -1 and an error. */
int fettle_unpacked_open (struct fettle_engine *, const json_t *file, struct fettle_error *);

/* Ends what runs. */
void fettle_unpack_stop (struct fettle_engine *);

#endif
