/* wmi.h - what WMI says on the node: lines of JSON (target/README), made items
 * by the table in windows.quirks.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef WINDOWS_WMI_H
#define WINDOWS_WMI_H

#include "inventory.h"

enum { WMI_OUTPUT_MAX = 16 * 1024 * 1024 };

/* The order for target.exe; -1: a class isn't one, *ret_bad is it. */
int wmi_order (const char *classes, char *to, size_t size, char ret_bad[80]);

/* All lines: an item for each object of a class that the table has. */
fettle_result wmi_read (struct inventory *, char *text);

#endif
