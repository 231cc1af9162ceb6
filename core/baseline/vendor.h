/* vendor.h - the vendor's own signature of a component: what became of it.
 *
 * In a component it is a state, "verified", "unverifiable" or "unsigned", and
 * a sentence's end that says by whom, or why not.  A bad signature is the
 * component's problem instead: it isn't offered.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef FETTLE_VENDOR_H
#define FETTLE_VENDOR_H

#include <openssl/x509.h>

#include "model/component.h"
#include "util/compat.h"

enum fettle_vendor_state {
  FETTLE_VENDOR_UNSIGNED, /* later ones count for more */
  FETTLE_VENDOR_UNVERIFIABLE,
  FETTLE_VENDOR_VERIFIED,
  FETTLE_VENDOR_BAD,
};

/* Zeroed: unsigned. */
struct fettle_vendor {
  enum fettle_vendor_state state;
  char text[500];
};

/* One signature more; of several the one that counts most is kept. */
void fettle_vendor_found (struct fettle_vendor *, enum fettle_vendor_state, const char *format, ...)
  FETTLE_FORMAT (3, 4);

/* Into the component; an error if it is bad. */
fettle_result fettle_vendor_apply (const struct fettle_vendor *, struct fettle_component *,
                                   struct fettle_error *);

#define FETTLE_VENDOR_KEYS_MAX (8u << 20) /* bytes of the file */

/* The keys that count: OpenPGP public keys in armour, certificates and
 * Ed25519 keys in PEM, one after the other.  Before the process is confined.
 * What can't be read is left out, and said. */
fettle_result fettle_vendor_keys_load (const char *path, struct fettle_error *);

/* The SHA-256 of what was loaded, "" without keys. */
const char *fettle_vendor_keys_digest (void);

size_t fettle_vendor_certificates (X509 ***ret);

void fettle_vendor_keys_clear (void);

#endif
