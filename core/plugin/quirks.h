/* quirks.h - what differs between models, as data: NAME.quirks beside a plugin.
 *
 *   # superdome.quirks
 *   quirks = (
 *     { models = "superdome-x*";
 *       prompt = "^[^ ]+> $"; },
 *   );
 *
 * libconfig's format.  `models` is a pattern of a file name (fnmatch) for what
 * the plugin calls its model, or a list of those; all else are texts, numbers,
 * true and false, or lists of texts.  The last group with a model and a key
 * has it, and SYSCONFDIR/NAME.quirks comes behind the plugin's own.
 *
 * Read once, by the zygote; a file that is wrong refuses the plugin.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef FETTLE_QUIRKS_H
#define FETTLE_QUIRKS_H

#include <jansson.h>

#include "util/error.h"

#define FETTLE_QUIRKS_MAX (256 * 1024) /* bytes of a file */

/* Appends the groups of a file's text to the array.  `name` is for messages. */
fettle_result fettle_quirks_parse (const char *text, const char *name, json_t *all, struct fettle_error *);

/* The files of a plugin; `path` is its module's, NULL when it is preloaded.
 * None is no error. */
fettle_result fettle_quirks_read (const char *path, const char *plugin, json_t *all, struct fettle_error *);

/* A list's texts have newlines between.  NULL: there is none. */
const char *fettle_quirks_find (const json_t *all, const char *model, const char *key);

#endif
