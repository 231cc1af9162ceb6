/* packages.h - which package has a node type that isn't installed.
 *
 * Who packages plugins one by one puts a file "packages" into their folder, with
 * lines "TYPE PACKAGE".  Where it isn't, nothing is said.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef FETTLE_PACKAGES_H
#define FETTLE_PACKAGES_H

#include "util/buf.h"

#define FETTLE_PACKAGES_MAX 65536 /* bytes of all such files */

/* Appends what the folder's file says, if there is one. */
void fettle_packages_read (const char *folder, struct fettle_buf *);

/* The package of a type: "" if it isn't known. */
void fettle_packages_find (const char *packages, const char *type, char ret[100]);

#endif
