/* seal.c - see seal.h.  SPDX-License-Identifier: Apache-2.0 */
#include "util/base.h"

#include <fcntl.h>
#include <limits.h>
#include <openssl/evp.h>

#include "store/seal.h"
#include "util/file.h"
#include "util/secret.h"
#include "util/text.h"

#define FORMAT     1
#define KEY_SIZE   32
#define NONCE_SIZE 12
#define TAG_SIZE   16
#define PLAIN_MAX  (16 << 20)

struct fettle_sealer {
  char *path;
  unsigned char key[KEY_SIZE];
  char id[33]; /* the beginning of its SHA-256 */
};

static void cleanup_cipher (EVP_CIPHER_CTX **c) { EVP_CIPHER_CTX_free (*c); }
static void cleanup_sealer (struct fettle_sealer **s) { fettle_sealer_free (*s); }

static fettle_result
read_key (struct fettle_sealer *s, struct fettle_error *err)
{
  _cleanup_ (fettle_buf_clear) struct fettle_buf b = FETTLE_BUF_SECRET (4096);
  fettle_result r = fettle_secret_read (s->path, &b, err);

  if (r)
    return r;
  if (b.size != KEY_SIZE)
    return fettle_error_set (err, FETTLE_E_CONFIG,
                             "%s has %zu bytes instead of %d: restore it from a backup", s->path,
                             b.size, KEY_SIZE);
  memcpy (s->key, b.data, KEY_SIZE);
  return FETTLE_OK;
}

static fettle_result
make_key (struct fettle_sealer *s, struct fettle_error *err)
{
  fettle_result r = fettle_random (s->key, KEY_SIZE, err);

  return r ? r : fettle_secret_write (s->path, s->key, KEY_SIZE, err);
}

static void
set_id (struct fettle_sealer *s)
{
  char hex[FETTLE_SHA256_TEXT];

  fettle_sha256 (s->key, KEY_SIZE, hex);
  snprintf (s->id, sizeof s->id, "%.32s", hex);
}

static fettle_result
sealer_of (const char *state_dir, const char *name, fettle_result (*get) (struct fettle_sealer *,
           struct fettle_error *), struct fettle_sealer **ret, struct fettle_error *err)
{
  _cleanup_ (cleanup_sealer) struct fettle_sealer *s = calloc (1, sizeof *s);
  char path[PATH_MAX];

  if ((size_t) snprintf (path, sizeof path, "%s/%s", state_dir, name) >= sizeof path)
    return fettle_error_set (err, FETTLE_E_CONFIG, "the path %s is too long", state_dir);
  if (!s || !(s->path = strdup (path)))
    return fettle_error_set (err, FETTLE_E_NOMEM, "no memory for the key");
  if (get (s, err))
    return err->code;
  set_id (s);
  *ret = STEAL (s);
  return FETTLE_OK;
}

static fettle_result
read_or_make (struct fettle_sealer *s, struct fettle_error *err)
{
  fettle_result r = read_key (s, err);

  if (r == FETTLE_E_UNREACHABLE)
    r = make_key (s, err);
  err->code = r;
  return r;
}

fettle_result
fettle_sealer_new (const char *state_dir, struct fettle_sealer **ret, struct fettle_error *err)
{
  return sealer_of (state_dir, "key", read_or_make, ret, err);
}

fettle_result
fettle_sealer_make_next (const char *state_dir, struct fettle_sealer **ret,
                         struct fettle_error *err)
{
  return sealer_of (state_dir, "key.new", make_key, ret, err);
}

fettle_result
fettle_sealer_take_place (struct fettle_sealer *s, struct fettle_error *err)
{
  char *dot = strrchr (s->path, '.');
  _cleanup_free_ char *place = strndup (s->path, dot ? (size_t) (dot - s->path) : 0);
  _cleanup_free_ char *folder = place ? strdup (place) : NULL;
  _cleanup_close_ int fd = -1;

  if (!folder || !dot)
    return fettle_error_set (err, FETTLE_E_INTERNAL, "%s has its place", s->path);
  if (rename (s->path, place))
    return fettle_error_errno (err, FETTLE_E_CONFIG, "renaming %s", s->path);
  *strrchr (folder, '/') = '\0';
  fd = open (folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (fd >= 0)
    fsync (fd);
  free (s->path);
  s->path = STEAL (place);
  return FETTLE_OK;
}

const char *
fettle_sealer_id (const struct fettle_sealer *s)
{
  return s->id;
}

fettle_result
fettle_sealer_settle (const char *state_dir, struct fettle_sealer **sealer, const char *id,
                      struct fettle_error *err)
{
  _cleanup_ (cleanup_sealer) struct fettle_sealer *next = NULL;
  fettle_result r = sealer_of (state_dir, "key.new", read_key, &next, err);

  if (strcmp ((*sealer)->id, id) == 0) {
    if (r == FETTLE_OK)
      unlink (next->path);
    return FETTLE_OK;
  }
  if (r != FETTLE_OK || strcmp (next->id, id) != 0)
    return fettle_error_set (err, FETTLE_E_CONFIG,
                             "%s isn't the key of the secrets in the store: put the right one back,"
                             " or give the credentials of all nodes again", (*sealer)->path);
  if (fettle_sealer_take_place (next, err))
    return err->code;
  fettle_sealer_free (*sealer);
  *sealer = STEAL (next);
  return FETTLE_OK;
}

void
fettle_sealer_free (struct fettle_sealer *s)
{
  if (!s)
    return;
  fettle_wipe (s->key, sizeof s->key);
  free (s->path);
  free (s);
}

/* Binds version, nonce and context; true when the cipher is ready for data. */
static bool
begin (EVP_CIPHER_CTX *c, const struct fettle_sealer *s, const unsigned char *head,
       const char *context, int encrypt)
{
  int n;

  return EVP_CipherInit_ex (c, EVP_aes_256_gcm (), NULL, s->key, head + 1, encrypt)
         && EVP_CipherUpdate (c, NULL, &n, head, 1)
         && EVP_CipherUpdate (c, NULL, &n, (const unsigned char *) context,
                              (int) strlen (context));
}

fettle_result
fettle_seal (const struct fettle_sealer *s, const char *context, const void *plain, size_t size,
             struct fettle_buf *ret, struct fettle_error *err)
{
  _cleanup_ (cleanup_cipher) EVP_CIPHER_CTX *c = EVP_CIPHER_CTX_new ();
  _cleanup_free_ unsigned char *out = NULL;
  unsigned char *text, *tag;
  int n = 0, last = 0;
  fettle_result r;

  if (size > PLAIN_MAX || strlen (context) > INT_MAX)
    return fettle_error_set (err, FETTLE_E_CONFIG, "a secret of %zu bytes is too long", size);
  out = malloc (size + FETTLE_SEAL_EXTRA);
  if (!c || !out)
    return fettle_error_set (err, FETTLE_E_NOMEM, "no memory to seal a secret");
  out[0] = FORMAT;
  if ((r = fettle_random (out + 1, NONCE_SIZE, err)))
    return r;
  text = out + 1 + NONCE_SIZE;
  tag = text + size;
  if (!begin (c, s, out, context, 1)
      || (size && !EVP_CipherUpdate (c, text, &n, plain, (int) size))
      || !EVP_CipherFinal_ex (c, text + n, &last)
      || !EVP_CIPHER_CTX_ctrl (c, EVP_CTRL_GCM_GET_TAG, TAG_SIZE, tag))
    return fettle_error_set (err, FETTLE_E_INTERNAL, "sealing a secret failed");
  if (!fettle_buf_add (ret, out, size + FETTLE_SEAL_EXTRA))
    return fettle_error_set (err, FETTLE_E_NOMEM, "no room for a sealed secret");
  return FETTLE_OK;
}

/* Opens into out, which has room for size - FETTLE_SEAL_EXTRA bytes. */
static bool
decrypt (const struct fettle_sealer *s, const char *context, const unsigned char *sealed,
         size_t size, unsigned char *out)
{
  _cleanup_ (cleanup_cipher) EVP_CIPHER_CTX *c = EVP_CIPHER_CTX_new ();
  size_t text_size = size - FETTLE_SEAL_EXTRA;
  unsigned char tag[TAG_SIZE];
  int n = 0, last = 0;

  memcpy (tag, sealed + size - TAG_SIZE, TAG_SIZE);
  return c && begin (c, s, sealed, context, 0)
         && (!text_size
             || EVP_CipherUpdate (c, out, &n, sealed + 1 + NONCE_SIZE, (int) text_size))
         && EVP_CIPHER_CTX_ctrl (c, EVP_CTRL_GCM_SET_TAG, TAG_SIZE, tag)
         && EVP_CipherFinal_ex (c, out + n, &last) == 1;
}

fettle_result
fettle_unseal (const struct fettle_sealer *s, const char *context, const void *sealed, size_t size,
               struct fettle_buf *ret, struct fettle_error *err)
{
  _cleanup_ (fettle_buf_clear) struct fettle_buf plain = FETTLE_BUF_SECRET (PLAIN_MAX + 1);
  const unsigned char *in = sealed;

  if (size < FETTLE_SEAL_EXTRA || size - FETTLE_SEAL_EXTRA > PLAIN_MAX || in[0] != FORMAT
      || strlen (context) > INT_MAX)
    return fettle_error_set (err, FETTLE_E_CONFIG, "a sealed secret (%s) is damaged", context);
  /* The room that the plain text needs, and so no copy by growing. */
  if (!fettle_buf_add (&plain, sealed, size - FETTLE_SEAL_EXTRA))
    return fettle_error_set (err, FETTLE_E_NOMEM, "no memory to open a sealed secret");
  if (!decrypt (s, context, in, size, (unsigned char *) plain.data))
    return fettle_error_set (err, FETTLE_E_CONFIG,
                             "a sealed secret (%s) doesn't open: it was changed, or %s is not the "
                             "key that it was sealed with; give the credentials again", context,
                             s->path);
  if (!fettle_buf_add (ret, plain.data, plain.size))
    return fettle_error_set (err, FETTLE_E_NOMEM, "no room for an opened secret");
  return FETTLE_OK;
}
