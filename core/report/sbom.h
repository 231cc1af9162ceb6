/* sbom.h - what is in a baseline, or on a node, as a CycloneDX document.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef FETTLE_SBOM_H
#define FETTLE_SBOM_H

#include <jansson.h>
#include <stdint.h>

/* CycloneDX 1.5 as JSON.  subject: "platform" (a baseline) or "device" (a
 * node); parts: components or items of docs/api.md; serial: 16 random bytes.
 * NULL when out of memory. */
json_t *fettle_sbom (const char *subject, const char *name, const char *version,
                     const json_t *parts, const unsigned char serial[16], int64_t now);

#endif
