/* deb-control.h - the control file of a Debian package, as text.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef FETTLE_DEB_CONTROL_H
#define FETTLE_DEB_CONTROL_H

#include "model/component.h"

#define FETTLE_DEB_CONTROL_MAX (1u << 20) /* bytes */

/* Package, Version, Architecture and the first line of Description become
 * name, version, match "deb:NAME", arch and summary; scheme "dpkg", format
 * "deb", kind "package", node type "linux".  Strict: one paragraph, each line
 * a field or a continuation, no field twice.  Any bytes may come in.  Members
 * are set also when it fails; the caller clears them. */
fettle_result fettle_deb_control_parse (const char *text, size_t size, struct fettle_component *,
                                        struct fettle_error *);

#endif
