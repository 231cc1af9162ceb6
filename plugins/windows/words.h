/* words.h - what Windows writes, in the words that components are matched by.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef WINDOWS_WORDS_H
#define WINDOWS_WORDS_H

#include <stddef.h>
#include <stdint.h>

enum { WORD_MAX = 200, MATCH_MAX = 320 };

/* [A-Za-z0-9.+-], anything else becomes one '_', none at the ends; "" when
 * nothing is left.  Returns `to`. */
char *win_word (char *to, size_t size, const char *from);
/* The same in lower case. */
char *win_low_word (char *to, size_t size, const char *from);

/* "dotted" for numbers with dots, "hpe" where HPE made it, else "plain". */
const char *win_scheme (const char *version, const char *vendor);

/* PCI\VEN_8086&DEV_1533&SUBSYS_0003103C&REV_03 is "pci:8086:1533:103c:0003
 * pci:8086:1533 hwid:pci_ven_8086_dev_1533_subsys_0003103c_rev_03"; what isn't
 * of PCI has the last alone. */
void win_device_match (const char *id, char to[MATCH_MAX]);

/* 1: "Package_for_KB5005112~31bf3856ad364e35~amd64~~19041.1.2.0" is an update,
 * its name ("KB5005112") and version; "RollupFix" is one too.  0: it's none. */
int win_hotfix (const char *package, char name[40], char version[40]);

/* A firmware's 32-bit version as people write it: "number", "hex", "pair"
 * (16.16), "triplet" (8.8.16), "quad" (8.8.8.8).  Returns the scheme. */
const char *win_firmware_version (uint32_t version, const char *format, char to[24]);

/* Is the program of a service, as its ImagePath, below the Windows folder? */
int win_is_system_path (const char *image);

/* "{KEY}" of a template becomes what `get` says (NULL: ""), up to `size` - 1 bytes. */
void win_fill (char *to, size_t size, const char *format, const char *(*get) (void *, const char *key), void *opaque);

#endif
