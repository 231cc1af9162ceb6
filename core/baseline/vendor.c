/* vendor.c - see vendor.h.  SPDX-License-Identifier: Apache-2.0 */
#include "util/base.h"

#include <fcntl.h>
#include <stdarg.h>

#include "baseline/pgp.h"
#include "baseline/vendor.h"
#include "sign/key.h"
#include "util/file.h"

/* ---- what was found ---- */

void
fettle_vendor_found (struct fettle_vendor *v, enum fettle_vendor_state state, const char *format, ...)
{
  va_list args;

  if (v->text[0] && state <= v->state)
    return;
  v->state = state;
  va_start (args, format);
  vsnprintf (v->text, sizeof v->text, format, args);
  va_end (args);
}

fettle_result
fettle_vendor_apply (const struct fettle_vendor *v, struct fettle_component *c,
                     struct fettle_error *err)
{
  static const char *const words[] = { "unsigned", "unverifiable", "verified" };

  if (v->state == FETTLE_VENDOR_BAD)
    return fettle_error_set (err, FETTLE_E_AUTH, "%s: it isn't what its vendor has signed", v->text);
  return fettle_component_set (&c->signature, words[v->state])
             && fettle_component_set (&c->signature_text, v->text[0] ? v->text : "its vendor hasn't signed it")
           ? FETTLE_OK : fettle_error_set (err, FETTLE_E_NOMEM, "no memory for a component");
}

/* ---- whose count ---- */

/* No more than the store hands over; set up once, before anything is parsed. */
static struct {
  struct fettle_keys keys;
  X509 *certs[FETTLE_KEYS_MAX];
  size_t n_certs;
  char digest[FETTLE_SHA256_TEXT];
} given;

static fettle_result
add_pem (const char *text, size_t size, struct fettle_error *err)
{
  char id[FETTLE_SHA256_TEXT];
  fettle_result r = fettle_keys_add (&given.keys, text, size, id, err);

  given.n_certs = 0;
  for (size_t i = 0; i < given.keys.n; i++)
    if (given.keys.keys[i].cert)
      given.certs[given.n_certs++] = given.keys.keys[i].cert;
  return r;
}

/* From its BEGIN to behind its END. */
static fettle_result
add_block (const char *begin, const char *end, struct fettle_error *err)
{
  static const char pgp[] = "-----BEGIN PGP ";
  _cleanup_free_ char *text = strndup (begin, (size_t) (end - begin));

  if (!text)
    return fettle_error_set (err, FETTLE_E_NOMEM, "no memory for a key");
  return strncmp (text, pgp, sizeof pgp - 1) == 0 ? fettle_pgp_add (text, err)
                                                 : add_pem (text, strlen (text), err);
}

static void
add_blocks (const char *text)
{
  struct fettle_error err;

  while ((text = strstr (text, "-----BEGIN "))) {
    const char *end = strstr (text, "-----END ");

    end = end ? strchr (end, '\n') : NULL;
    end = end ? end + 1 : text + strlen (text);
    if (add_block (text, end, &err))
      fprintf (stderr, "fettle-scan: a vendor's key is left out: %s\n", err.text);
    text = end;
  }
}

fettle_result
fettle_vendor_keys_load (const char *path, struct fettle_error *err)
{
  _cleanup_ (fettle_buf_clear) struct fettle_buf text = FETTLE_BUF_INIT (FETTLE_VENDOR_KEYS_MAX);
  fettle_result r = fettle_file_read (path, &text, err);

  if (r)
    return r;
  add_blocks (fettle_buf_text (&text));
  if (text.size)
    fettle_sha256 (fettle_buf_text (&text), text.size, given.digest);
  return FETTLE_OK;
}

const char *
fettle_vendor_keys_digest (void)
{
  return given.digest;
}

size_t
fettle_vendor_certificates (X509 ***ret)
{
  *ret = given.certs;
  return given.n_certs;
}

void
fettle_vendor_keys_clear (void)
{
  fettle_keys_clear (&given.keys);
  given.n_certs = 0;
  given.digest[0] = '\0';
  fettle_pgp_clear ();
}
