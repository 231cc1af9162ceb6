/* bytes.h - target.exe, the program that runs on a Windows node, as bytes.
 *
 * A build without a C compiler for Windows (configure: "run on Windows: no") has
 * none: then the size is 0, and what needs it says so.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef FETTLE_TARGET_BYTES_H
#define FETTLE_TARGET_BYTES_H

#include <stddef.h>

#define WINDOWS_TARGET_MISSING                                                               \
  "this Fettle was built without x86_64-w64-mingw32-gcc, and so without the program that "   \
  "runs on Windows nodes: build it with Debian's gcc-mingw-w64-x86-64-win32, or the like"

extern const unsigned char windows_target[];
extern const size_t windows_target_size;

#endif
