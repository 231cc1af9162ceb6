/* pgp.c - see pgp.h.  SPDX-License-Identifier: Apache-2.0 */
#include "util/base.h"

#include <openssl/evp.h>

#include "baseline/pgp.h"

#ifdef HAVE_RPM

#include <rpm/rpmkeyring.h>
#include <rpm/rpmpgp.h>

enum { ID_SIZE = 8, ID_TEXT = 2 * ID_SIZE + 1 };

/* Keys and subkeys that may have signed. */
struct key {
  unsigned char id[ID_SIZE];
  char title[300];
};

static struct {
  rpmKeyring ring;
  struct key *keys;
  size_t n;
} ours;

static void
hex_of (const void *data, size_t n, char *ret)
{
  for (size_t i = 0; i < n; i++)
    snprintf (ret + 2 * i, 3, "%02X", ((const unsigned char *) data)[i]);
}

/* ---- keys ---- */

static bool
remember (rpmPubkey pubkey, const char *title)
{
  const uint8_t *id = pgpDigParamsSignID (rpmPubkeyPgpDigParams (pubkey));
  struct key *bigger = reallocarray (ours.keys, ours.n + 1, sizeof *bigger);

  if (!bigger)
    return false;
  ours.keys = bigger;
  memcpy (bigger[ours.n].id, id, ID_SIZE);
  snprintf (bigger[ours.n++].title, sizeof bigger->title, "%s", title);
  return rpmKeyringAddKey (ours.ring, pubkey) >= 0; /* 1: it was there */
}

static bool
remember_subkeys (rpmPubkey pubkey, const char *title)
{
  int n = 0;
  rpmPubkey *list = rpmGetSubkeys (pubkey, &n);
  bool good = true;

  for (int i = 0; i < n; i++) {
    good = good && remember (list[i], title);
    rpmPubkeyFree (list[i]);
  }
  free (list);
  return good;
}

/* "Example <key@example.com> 0123..." */
static void
title_of (const uint8_t *packets, size_t size, rpmPubkey pubkey, char *ret, size_t room)
{
  const char *user = pgpDigParamsUserID (rpmPubkeyPgpDigParams (pubkey));
  uint8_t *fingerprint = NULL;
  size_t n = 0;
  char hex[2 * 64 + 1] = "";

  if (pgpPubkeyFingerprint (packets, size, &fingerprint, &n) == 0 && n <= 64)
    hex_of (fingerprint, n, hex);
  free (fingerprint);
  if (user && fettle_component_text_ok (user, 150))
    snprintf (ret, room, "%s %s", user, hex);
  else
    snprintf (ret, room, "%s", hex);
}

static fettle_result
add_one (const uint8_t *packets, size_t size, struct fettle_error *err)
{
  rpmPubkey pubkey = rpmPubkeyNew (packets, size);
  char title[300];
  bool good;

  if (!pubkey)
    return fettle_error_set (err, FETTLE_E_CONFIG, "librpm can't read the OpenPGP key");
  title_of (packets, size, pubkey, title, sizeof title);
  good = remember (pubkey, title) && remember_subkeys (pubkey, title);
  rpmPubkeyFree (pubkey);
  return good ? FETTLE_OK : fettle_error_set (err, FETTLE_E_NOMEM, "no memory for an OpenPGP key");
}

fettle_result
fettle_pgp_add (const char *armour, struct fettle_error *err)
{
  uint8_t *packets = NULL;
  size_t size = 0, n;
  fettle_result r = FETTLE_OK;

  rpmInitCrypto ();
  if (!ours.ring)
    ours.ring = rpmKeyringNew ();
  if (pgpParsePkts (armour, &packets, &size) != PGPARMOR_PUBKEY || !size)
    r = fettle_error_set (err, FETTLE_E_CONFIG, "it isn't an OpenPGP public key in armour");
  for (size_t at = 0; !r && at < size; at += n) {
    n = 0;
    if (pgpPubKeyCertLen (packets + at, size - at, &n) || !n || n > size - at)
      r = fettle_error_set (err, FETTLE_E_CONFIG, "librpm can't read the OpenPGP key");
    else
      r = add_one (packets + at, n, err);
  }
  free (packets);
  return r;
}

void
fettle_pgp_clear (void)
{
  ours.ring = rpmKeyringFree (ours.ring);
  free (ours.keys);
  ours.keys = NULL;
  ours.n = 0;
}

struct rpmKeyring_s *
fettle_pgp_keyring (void)
{
  return ours.n ? ours.ring : NULL;
}

/* ---- digests ---- */

static const int algorithms[] = { PGPHASHALGO_SHA256, PGPHASHALGO_SHA512, PGPHASHALGO_SHA384 };

struct fettle_pgp_digests {
  DIGEST_CTX list[COUNT (algorithms)];
};

struct fettle_pgp_digests *
fettle_pgp_digests_new (void)
{
  struct fettle_pgp_digests *d = ours.n ? calloc (1, sizeof *d) : NULL;

  for (size_t i = 0; d && i < COUNT (algorithms); i++)
    d->list[i] = rpmDigestInit (algorithms[i], RPMDIGEST_NONE);
  return d;
}

void
fettle_pgp_digests_update (struct fettle_pgp_digests *d, const void *data, size_t size)
{
  for (size_t i = 0; d && i < COUNT (algorithms); i++)
    rpmDigestUpdate (d->list[i], data, size);
}

void
fettle_pgp_digests_free (struct fettle_pgp_digests *d)
{
  for (size_t i = 0; d && i < COUNT (algorithms); i++)
    rpmDigestFinal (d->list[i], NULL, NULL, 0);
  free (d);
}

static DIGEST_CTX
digest_for (const struct fettle_pgp_digests *d, unsigned algorithm)
{
  for (size_t i = 0; d && i < COUNT (algorithms); i++)
    if ((unsigned) algorithms[i] == algorithm)
      return d->list[i];
  return NULL;
}

/* ---- signatures ---- */

/* librpm takes off the armour of keys alone.  What is between the empty line
 * and the checksum; the signature itself is the check of that. */
static uint8_t *
without_armour (const char *text, size_t *ret_size)
{
  const char *body = strstr (text, "\n\n"), *end;
  EVP_ENCODE_CTX *ctx = EVP_ENCODE_CTX_new ();
  uint8_t *packets = NULL;
  int n = -1, rest = 0;

  body = body ? body : strstr (text, "\n\r\n");
  end = body ? strstr (body + 2, "\n=") : NULL;
  end = end || !body ? end : strstr (body + 2, "\n-----END");
  if (end && end - body < (int) FETTLE_PGP_SIGNATURE_MAX)
    packets = malloc ((size_t) (end - body) + 4);
  if (packets && ctx) {
    EVP_DecodeInit (ctx);
    if (EVP_DecodeUpdate (ctx, packets, &n, (const unsigned char *) body, (int) (end + 1 - body)) < 0
        || EVP_DecodeFinal (ctx, packets + n, &rest) < 0)
      n = -1;
  }
  EVP_ENCODE_CTX_free (ctx);
  *ret_size = n < 0 ? 0 : (size_t) n + (size_t) rest;
  return packets;
}

static pgpDigParams
parse (const void *signature, size_t size)
{
  uint8_t *packets = NULL;
  pgpDigParams sig = NULL;
  bool armoured = size > 5 && memcmp (signature, "-----", 5) == 0;

  if (armoured)
    packets = without_armour (signature, &size);
  if (!size || pgpPrtParams (armoured ? packets : signature, size, PGPTAG_SIGNATURE, &sig))
    sig = NULL;
  free (packets);
  return sig;
}

static const char *
title_by_id (const pgpDigParams sig)
{
  const uint8_t *id = pgpDigParamsSignID (sig);

  for (size_t i = 0; id && i < ours.n; i++)
    if (memcmp (ours.keys[i].id, id, ID_SIZE) == 0)
      return ours.keys[i].title;
  return NULL;
}

static void
not_ours (pgpDigParams sig, struct fettle_vendor *v)
{
  const uint8_t *id = pgpDigParamsSignID (sig);
  char hex[ID_TEXT] = "";

  if (id)
    hex_of (id, ID_SIZE, hex);
  fettle_vendor_found (v, FETTLE_VENDOR_UNVERIFIABLE, "not verifiable because the OpenPGP key %s, which "
                       "signed it, isn't trusted: fettle baseline trust --vendor", hex);
}

static void
not_read (struct fettle_vendor *v)
{
  fettle_vendor_found (v, FETTLE_VENDOR_UNVERIFIABLE,
                       "not verifiable because librpm can't read the OpenPGP signature in it");
}

const char *
fettle_pgp_signer (const void *signature, size_t size, struct fettle_vendor *v)
{
  pgpDigParams sig = parse (signature, size);
  const char *title = sig ? title_by_id (sig) : NULL;

  if (!sig)
    not_read (v);
  else if (!title)
    not_ours (sig, v);
  pgpDigParamsFree (sig);
  return title;
}

static void
check (pgpDigParams sig, const char *title, const struct fettle_pgp_digests *d,
       struct fettle_vendor *v)
{
  DIGEST_CTX digest = digest_for (d, pgpDigParamsAlgo (sig, PGPVAL_HASHALGO));

  if (pgpSignatureType (sig) != PGPSIGTYPE_BINARY)
    fettle_vendor_found (v, FETTLE_VENDOR_UNVERIFIABLE,
                         "not verifiable because its OpenPGP signature isn't one of binary data");
  else if (!digest)
    fettle_vendor_found (v, FETTLE_VENDOR_UNVERIFIABLE, "not verifiable because its OpenPGP signature "
                         "uses another digest than SHA-256, SHA-384 and SHA-512");
  else if (rpmKeyringVerifySig (ours.ring, sig, digest) == RPMRC_OK)
    fettle_vendor_found (v, FETTLE_VENDOR_VERIFIED, "verified by %s", title);
  else
    fettle_vendor_found (v, FETTLE_VENDOR_BAD, "its OpenPGP signature by %s is bad", title);
}

void
fettle_pgp_check (const void *signature, size_t size, const struct fettle_pgp_digests *d,
                  struct fettle_vendor *v)
{
  pgpDigParams sig = parse (signature, size);
  const char *title = sig ? title_by_id (sig) : NULL;

  if (!sig)
    not_read (v);
  else if (!title)
    not_ours (sig, v);
  else
    check (sig, title, d, v);
  pgpDigParamsFree (sig);
}

#else /* without librpm */

fettle_result
fettle_pgp_add (const char *armour FETTLE_UNUSED, struct fettle_error *err)
{
  return fettle_error_set (err, FETTLE_E_UNSUPPORTED, "OpenPGP keys can't be used, since this Fettle is "
                                                      "built without librpm");
}

void
fettle_pgp_clear (void)
{
}

struct rpmKeyring_s *
fettle_pgp_keyring (void)
{
  return NULL;
}

struct fettle_pgp_digests *
fettle_pgp_digests_new (void)
{
  return NULL;
}

void
fettle_pgp_digests_update (struct fettle_pgp_digests *d FETTLE_UNUSED, const void *p FETTLE_UNUSED,
                           size_t n FETTLE_UNUSED)
{
}

void
fettle_pgp_digests_free (struct fettle_pgp_digests *d FETTLE_UNUSED)
{
}

void
fettle_pgp_check (const void *signature FETTLE_UNUSED, size_t size FETTLE_UNUSED,
                  const struct fettle_pgp_digests *d FETTLE_UNUSED, struct fettle_vendor *v)
{
  fettle_vendor_found (v, FETTLE_VENDOR_UNVERIFIABLE, "not verifiable because this Fettle is built "
                                                      "without librpm, which checks OpenPGP signatures");
}

const char *
fettle_pgp_signer (const void *signature, size_t size, struct fettle_vendor *v)
{
  fettle_pgp_check (signature, size, NULL, v);
  return NULL;
}

#endif
