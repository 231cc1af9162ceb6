/* deb.h - a Debian package: metadata out of control.tar, and all of data.tar
 * read through, so that a broken package is known before it is on a node.
 *
 * Foreign input: what it expands to is limited, and nothing is written.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef FETTLE_DEB_H
#define FETTLE_DEB_H

#include "baseline/source.h"
#include "model/component.h"

/* Fills in what fettle_deb_control_parse does.  The source may have bytes
 * left.  The message begins in the middle of a sentence: "its data.tar.xz ..." */
fettle_result fettle_deb_read (struct fettle_source *, struct fettle_component *,
                               struct fettle_error *);

#endif
