/* version-hpe.h - the comparers of schemes "hpe" and "fos": for version.c only.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef FETTLE_VERSION_HPE_H
#define FETTLE_VERSION_HPE_H

#include "model/version-span.h"

bool fettle_version_compare_hpe (struct span a, struct span b, int *ret_order);
bool fettle_version_compare_fos (struct span a, struct span b, int *ret_order);

#endif
