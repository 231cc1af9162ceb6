/* version.h - which of two versions is newer?
 *
 * Versions are texts, and what orders them is their scheme:
 *
 *  dpkg    [epoch:]upstream[-revision], as dpkg(1) orders it: "1:2.30-1~bpo12"
 *  rpm     [epoch:]version[-release], as rpm orders it, with ~ (before) and ^
 *          (after).  A missing release is before any release.
 *  semver  Semantic Versioning 2.0.0, a leading "v" allowed.  What follows
 *          "+" doesn't count.
 *  dotted  decimal numbers between '.' or '-': "52.28.3-5681".  Missing
 *          numbers at the end are 0, so "1.2" equals "1.2.0".
 *  hpe     what HPE's firmware says of itself:
 *            "2.72 (09/04/2022)", "2.46 May 11 2021"  number, then date
 *            "U46 v2.34 (03/11/2025)"                 ROM family, number, date
 *            "13.3.0 Build 37", "1.3 0"               further numbers
 *            "96.00.AF.00.02"                         hexadecimal, equal widths
 *            "0x31000030", "HPG3"                     hexadecimal; drive firmware
 *          The number decides; when it is equal and both have a date, the date
 *          does.  Two ROM or drive families can't be compared.
 *  fos     Brocade's Fabric OS: "v7.4.1", then "v7.4.1a", "v7.4.1a1", "v7.4.1b"
 *  plain   anything; equal or cannot tell
 *
 * Equal texts are equal in any scheme.  Otherwise a version that isn't of its
 * scheme's form, an unknown scheme, or two different schemes: cannot tell.
 * Space around a version is ignored.  An empty version (the node didn't say)
 * can't be compared, not even with another empty one.
 *
 * Nothing is allocated; any bytes may come in.  Numbers have no upper limit.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef FETTLE_VERSION_H
#define FETTLE_VERSION_H

#include <stdbool.h>

/* A longer text is no version: cannot tell. */
#define FETTLE_VERSION_MAX 255

/* Sets -1 (a is older), 0 or 1 (a is newer) and is true; false: cannot tell.
 * A scheme that is NULL is "plain". */
bool fettle_version_compare (const char *scheme, const char *a, const char *b, int *ret_order);

/* The same for versions that may be of two schemes: when these differ, only
 * equal texts can be compared. */
bool fettle_version_compare_schemes (const char *scheme_a, const char *a, const char *scheme_b,
                                     const char *b, int *ret_order);

/* Is it one of the schemes above? */
bool fettle_version_scheme_known (const char *scheme);

/* Is the text a version of this scheme?  Any text of sensible length is one
 * of "plain". */
bool fettle_version_valid (const char *scheme, const char *version);

#endif
