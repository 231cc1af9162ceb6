/* fuzz.h - what every fuzz target defines; see driver.c.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef FETTLE_FUZZ_H
#define FETTLE_FUZZ_H

#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

int LLVMFuzzerTestOneInput (const uint8_t *data, size_t size);

/* What must hold whatever comes in. */
#define MUST(what)                                                            \
  do {                                                                        \
    if (!(what)) {                                                            \
      fprintf (stderr, "%s:%d: not so: %s\n", __FILE__, __LINE__, #what);     \
      abort ();                                                               \
    }                                                                         \
  } while (0)

#endif
