/* manifest.h - NAME.exec: the descriptor of a plugin that is a program.
 *
 * JSON; docs/fettle-exec.5 describes it.  It becomes a struct fettle_plugin
 * like that of any other, and is validated as such; what its operations do is
 * bridge.h's.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef FETTLE_MANIFEST_H
#define FETTLE_MANIFEST_H

#include <jansson.h>

#include "plugin/load.h"

#define FETTLE_MANIFEST_EXT ".exec"
#define FETTLE_MANIFEST_MAX (256 * 1024) /* bytes of the file */

/* Makes a descriptor of it; what it points to lives as long as ret_keep. */
fettle_result fettle_manifest_parse (const char *text, size_t size, const char *name, struct fettle_plugin_info *ret,
                                     struct fettle_error *);

/* The same of a file, whose program must be there. */
fettle_result fettle_manifest_load (const char *path, const char *name, struct fettle_plugin_info *ret,
                                    struct fettle_error *);

#endif
