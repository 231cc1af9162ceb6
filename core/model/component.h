/* component.h - what a baseline offers: one update, with its files.
 *
 * A component owns its texts.  One that came out of fettle_component_check
 * without error keeps these promises, whoever made it:
 *  - id, name, version, scheme, format, kind, match are not NULL and not
 *    empty; arch, summary may be NULL;
 *  - texts are UTF-8 without control characters, at most
 *    FETTLE_COMPONENT_TEXT_MAX bytes, a match FETTLE_COMPONENT_MATCH_MAX;
 *  - the scheme is one of version.h, the kind one of "firmware", "driver",
 *    "package", "os";
 *  - match is one or more words with one space between; an item is meant if
 *    one of its own words is one of these;
 *  - there are 1 .. FETTLE_COMPONENT_FILES_MAX files, the payload first, with
 *    different names of [A-Za-z0-9._+~-] that don't begin with '-' or '.',
 *    relative paths without "..", and 64 hex digits each;
 *  - no node types means: any that has a matching item.
 *
 * As JSON it is **component** of docs/api.md.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef FETTLE_COMPONENT_H
#define FETTLE_COMPONENT_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "util/error.h"
#include "util/file.h"

#define FETTLE_COMPONENT_TEXT_MAX          1024
#define FETTLE_COMPONENT_MATCH_MAX         32768
#define FETTLE_COMPONENT_NAME_MAX          200 /* of a file */
#define FETTLE_COMPONENT_PATH_MAX          4095
#define FETTLE_COMPONENT_FILES_MAX         64
#define FETTLE_COMPONENT_NODE_TYPES_MAX    32
#define FETTLE_COMPONENT_PREREQUISITES_MAX 64
#define FETTLE_COMPONENT_ORDER_MAX         10000
#define FETTLE_COMPONENT_SIZE_MAX          (UINT64_C (1) << 40)
#define FETTLE_COMPONENT_DURATION_MAX      (7 * 24 * 3600)

struct fettle_component_file {
  char *name; /* on the node: safe in a shell */
  char *path; /* within the baseline, '/' between; "!/" is behind an archive's */
  uint64_t size;
  char sha256[FETTLE_SHA256_TEXT];
  char *container; /* the file of the folder that it is in, or the baseline's
                    * own file; NULL: it is a file of the folder */
  uint64_t offset; /* where its bytes lie in the container, as they are ... */
  bool packed;     /* ... unless they must be unpacked first */
};

struct fettle_prerequisite {
  char *match;       /* an item or component of one of these words ... */
  char *min_version; /* ... of at least this version; NULL: any */
  bool hard;         /* without it: blocked; else it only goes first */
};

struct fettle_component {
  char *id; /* unique in its baseline: the payload's path */
  char *name, *version, *scheme, *format, *kind, *match;
  char *arch;    /* NULL: any */
  char *summary; /* one line, or NULL */
  char **node_types;
  size_t n_node_types;
  uint32_t order; /* lower is installed first; see fettle_component_usual_order */
  uint32_t duration; /* expected, s; 0: not known */
  char *tree; /* it is all of this folder of the baseline, "." for all of it;
               * NULL: just its files */
  char *tree_sha256; /* of lines "SHA256  PATH\n", sorted by path, PATH within
                      * the folder; NULL without a tree */
  char *signature;      /* the vendor's own: "verified", "unverifiable", "unsigned"; NULL:
                         * nothing is known of one in this format */
  char *signature_text; /* by whom, or why not; NULL */
  bool reboot, install_missing;
  struct fettle_prerequisite *prerequisites;
  size_t n_prerequisites;
  struct fettle_component_file *files;
  size_t n_files;
};

/* Frees what it owns and zeroes it.  For _cleanup_ (fettle_component_clear). */
void fettle_component_clear (struct fettle_component *);

/* Is everything as promised above?  The message names the member. */
fettle_result fettle_component_check (const struct fettle_component *, struct fettle_error *);

/* NULL when out of memory, or when a text isn't UTF-8. */
json_t *fettle_component_to_json (const struct fettle_component *);

/* Strict: a wrong type or an unknown member is an error, and the result has
 * been checked.  `ret` is set on success only, and is the caller's to clear. */
fettle_result fettle_component_from_json (const json_t *, struct fettle_component *ret,
                                          struct fettle_error *);

/* The same without the check: members may be missing or null.  They are set
 * also when it fails; the caller clears them. */
fettle_result fettle_component_parse_json (const json_t *, struct fettle_component *,
                                           struct fettle_error *);

/* Firmware 100, drivers 200, packages 300, the system 400.  Management
 * processors say a lower one in their side file. */
uint32_t fettle_component_usual_order (const char *kind);

/* May a file have this name on a node? */
bool fettle_component_file_name_ok (const char *name);

/* UTF-8, one line, not empty, at most max bytes. */
bool fettle_component_text_ok (const char *text, size_t max);

/* To fill one in.  Texts are copied; false is out of memory.  A file that is
 * added is one of the folder; where else it is, is set afterwards. */
bool fettle_component_set (char **member, const char *text);
bool fettle_component_add_node_type (struct fettle_component *, const char *type);
bool fettle_component_add_prerequisite (struct fettle_component *, const char *match,
                                        const char *min_version, bool hard);
bool fettle_component_add_file (struct fettle_component *, const char *name, const char *path,
                                uint64_t size, const char *sha256);

#endif
