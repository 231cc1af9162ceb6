/* load.h - find, validate and keep plugin descriptors.
 *
 * Main thread only, before anything else.  Preloaded plugins first, then the
 * folders; a second plugin or node type of a known name is refused.  Modules
 * are opened by full path with extension, never by bare name, never a .la.
 * A file that others than root, this user or the program's owner can write is
 * refused.
 *
 * What is kept are copies, zero-extended to this header's sizes: descriptors
 * of older plugins can be read like ours.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef FETTLE_LOAD_H
#define FETTLE_LOAD_H

#include <stdbool.h>
#include <stddef.h>

#include <fettle/plugin.h>

#include "util/error.h"

/* Services this Fettle has, "http/1 serve/1 smb/1 ssh/1 stream/1": what node types may ask for. */
#define FETTLE_SERVICES "http/1 serve/1 smb/1 ssh/1 stream/1"

struct fettle_plugin_info {
  struct fettle_plugin descriptor;     /* node_types points to node_types below */
  struct fettle_node_type *node_types; /* ports and settings are copies as well */
  char *path;                          /* of the module; NULL when preloaded */
  void *module;                        /* libltdl's handle */
  /* Of one that is a program (manifest.h), else NULL: */
  char *program;                       /* its path */
  char *name;                          /* the descriptor's */
  struct json_t *manifest;             /* whose texts the descriptor has */
  uint32_t timeout_s;
};

struct fettle_refusal {
  char *path;
  char text[512]; /* why, in a sentence */
  bool spare;     /* nothing is missing: another plugin of the same name goes before it */
};

struct fettle_plugins {
  struct fettle_plugin_info *plugins; /* by name */
  size_t n_plugins;
  struct fettle_refusal *refusals;    /* what was there but not loaded */
  size_t n_refusals;
  char *packages;                     /* packages.h: of types that may not be here; or NULL */
};

/* `folders` has ':' between several; a missing folder is no error. */
fettle_result fettle_plugins_load (struct fettle_plugins *, const char *folders,
                                   struct fettle_error *);

/* One module: for the worker and `fettle plugin check`.  A path, or the name
 * of a preloaded plugin. */
fettle_result fettle_plugin_load_one (struct fettle_plugin_info *, const char *path_or_name,
                                      struct fettle_error *);

/* A file that others than root, this user or the program's owner can write is
 * refused. */
fettle_result fettle_plugin_check_file (const char *path, struct fettle_error *);

/* Copies and checks a descriptor; sets the error to the first thing wrong.
 * Texts and functions stay the plugin's. */
fettle_result fettle_plugin_validate (const struct fettle_plugin *raw,
                                      struct fettle_plugin_info *ret, struct fettle_error *);

/* Frees the copies and closes the module. */
void fettle_plugin_clear (struct fettle_plugin_info *);

/* By node type name; NULL if there is none.  Also gives the plugin. */
const struct fettle_node_type *fettle_plugins_type (const struct fettle_plugins *,
                                                    const char *type,
                                                    const struct fettle_plugin_info **ret_plugin);

/* The same, or an error that names the nearest one. */
fettle_result fettle_plugins_find_type (const struct fettle_plugins *, const char *type,
                                        const struct fettle_node_type **ret,
                                        const struct fettle_plugin_info **ret_plugin,
                                        struct fettle_error *);

/* ": install the package fettle-plugin-oa", or "": what to say of a type that isn't here. */
void fettle_plugins_hint (const struct fettle_plugins *, const char *type, char ret[160]);

void fettle_plugins_clear (struct fettle_plugins *);

#endif
