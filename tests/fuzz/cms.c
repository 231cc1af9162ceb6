/* A CMS signature: of anything that comes in, none is good but the one that
 * was made.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "util/base.h"

#include "fuzz/fuzz.h"
#include "sign/cms.h"
#include "sign/key.h"

#define NOW 1800000000

/* Who made corpus/cms/good. */
static const char ca[] =
  "-----BEGIN CERTIFICATE-----\n"
  "MIIBezCCASGgAwIBAgIURbHTQa2invFpWskDdctBVU8sINEwCgYIKoZIzj0EAwIw\n"
  "EjEQMA4GA1UEAwwHRnV6eiBDQTAgFw0yNjExMjIxMjUxNDZaGA8yMTI2MTAyOTEy\n"
  "NTE0NlowEjEQMA4GA1UEAwwHRnV6eiBDQTBZMBMGByqGSM49AgEGCCqGSM49AwEH\n"
  "A0IABJPE/wfVrkRBOMmxuIC+OyCCqrlKPL5c4UU7UaYBzZVlgj6MYu2FVU+egkNH\n"
  "rD4tR7SgN66CQ7nX9FkGRDa2bJGjUzBRMB0GA1UdDgQWBBTeXOQgIwrSIos0nE7T\n"
  "vZE2z5sSKjAfBgNVHSMEGDAWgBTeXOQgIwrSIos0nE7TvZE2z5sSKjAPBgNVHRMB\n"
  "Af8EBTADAQH/MAoGCCqGSM49BAMCA0gAMEUCIQDHyzhlUYbEx2iV21/dOUtNYOZL\n"
  "mJ73oWLPHRrZgSo7HQIgbJ5E6MwbsGClOtURy+AofBrxxhhnDAVbTYCKX3ATLZM=\n"
  "-----END CERTIFICATE-----\n";

static const char good[] = "422d483bdc326b5d09cfd1c49f278ec94b53f1ee1da5f0b8842f42a8ed7d83cc";

int
LLVMFuzzerTestOneInput (const uint8_t *data, size_t size)
{
  static struct fettle_keys keys;
  char id[FETTLE_SHA256_TEXT], digest[FETTLE_SHA256_TEXT], signer[64];
  struct fettle_error err = { 0 };
  X509 *anchor = NULL;

  if (!keys.n)
    MUST (!fettle_keys_add (&keys, ca, sizeof ca - 1, id, &err));
  fettle_sha256 (data, size, digest);
  if (fettle_cms_verify (data, size, "hello fuzz\n", 11, &keys.keys[0].cert, 1, NOW, id, &anchor,
                         signer, sizeof signer, &err))
    MUST (err.text[0] && strcmp (digest, good) != 0);
  else
    MUST (strcmp (digest, good) == 0 && anchor);
  return 0;
}
