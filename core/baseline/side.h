/* side.h - NAME.component.cfg: what a file can't tell of itself, and what is
 * to be different from what it tells.  See component.cfg(5).
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef FETTLE_SIDE_H
#define FETTLE_SIDE_H

#include "model/component.h"

#define FETTLE_SIDE_SUFFIX ".component.cfg"
#define FETTLE_SIDE_MAX    (64u << 10) /* bytes */

/* Names of further files of the component, in the same folder. */
struct fettle_side_files {
  size_t n;
  char *names[FETTLE_COMPONENT_FILES_MAX];
};

void fettle_side_files_clear (struct fettle_side_files *);

/* Sets what the text says over what the component has.  Strict: an unknown
 * key or a wrong type is an error that says its line.  Any bytes may come in.
 * Whether all that is needed is there is fettle_component_check's question.
 * Members and files are set also when it fails; the caller clears them. */
fettle_result fettle_side_apply (const char *text, size_t size, struct fettle_component *,
                                 struct fettle_side_files *, struct fettle_error *);

#endif
