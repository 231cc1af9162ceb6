/* rpm.h - an RPM package: metadata by librpm, which checks its digests too.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef FETTLE_RPM_H
#define FETTLE_RPM_H

#include "baseline/source.h"
#include "model/component.h"

/* Reads librpm's configuration: before the process confines itself.  If that
 * fails, fettle_rpm_read says why. */
void fettle_rpm_init (void);

/* name, version ([epoch:]version-release), match "rpm:NAME", arch, summary;
 * scheme and format "rpm", kind "package", node type "linux".  The source's
 * bytes are all left, or all read.  The message begins in the middle of a sentence. */
fettle_result fettle_rpm_read (struct fettle_source *, struct fettle_component *,
                               struct fettle_error *);

#endif
