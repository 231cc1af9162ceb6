/* access.h - who may come in: bearer tokens and client certificates.
 *
 * STATE/token is its owner's and may do everything.  Other tokens look like
 * "fettle_ID_SECRET": the id finds the token's row and is no secret, of the
 * 256-bit secret only a SHA-256 is known here, and compared in constant time.
 * An Authorization header decides alone when there is one; else a certificate
 * that TLS has verified does, by its subject.
 *
 * Wrong ones are counted by address.  Over the limit they are answered 429,
 * whatever they are; a right one is let in all the same, so that nobody can be
 * locked out by a neighbour.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef FETTLE_ACCESS_H
#define FETTLE_ACCESS_H

#include <openssl/ssl.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "serve/role.h"
#include "util/error.h"

#define FETTLE_TOKEN_ID      12 /* hex digits */
#define FETTLE_TOKEN_HASH    32
#define FETTLE_TOKEN_MAX    128 /* characters of a token, NUL included */
#define FETTLE_WRONG_MAX     20 /* wrong ones of an address in ... */
#define FETTLE_WRONG_SECONDS 60

struct fettle_access;

/* What is known of a token: looked up at each use, so what is revoked or over
 * is so at once. */
struct fettle_access_tokens {
  bool (*find) (void *arg, const char *id, unsigned char ret_hash[FETTLE_TOKEN_HASH],
                struct fettle_caller *ret);
  void (*used) (void *arg, const char *id);
  void *arg;
};

/* `token` is STATE/token's text, and copied as a hash.  `roles` maps subjects:
 * "CN=ops,O=Example: operator; CN=graphs: viewer", in RFC 2253's form; "" none. */
fettle_result fettle_access_new (const char *token, const char *roles, struct fettle_access **ret,
                                 struct fettle_error *);
void fettle_access_free (struct fettle_access *);

void fettle_access_set_tokens (struct fettle_access *, const struct fettle_access_tokens *);

/* Lets in (0), or says with which status not: 401, 403, 429.  `value` is the
 * Authorization header's, NULL if there is none; `ssl` may be NULL. */
int fettle_access_check (struct fettle_access *, const char *value, size_t size, SSL *ssl,
                         const char *from, struct fettle_caller *ret);

/* May who was let in go on: not revoked, not over. */
bool fettle_access_still (struct fettle_access *, const struct fettle_caller *);

/* Since the start: how many were not let in. */
uint64_t fettle_access_refused (const struct fettle_access *);

/* A new token's id and text, and the hash to keep of it. */
fettle_result fettle_access_make (char ret_id[FETTLE_TOKEN_ID + 1], char ret_text[FETTLE_TOKEN_MAX],
                                  unsigned char ret_hash[FETTLE_TOKEN_HASH],
                                  struct fettle_error *);

#endif
