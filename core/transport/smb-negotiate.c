/* smb-negotiate.c - which dialect, which cipher, which signature; and that
 * nobody in between has chosen them.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "util/base.h"

#include <time.h>

#include "transport/smb-crypto.h"
#include "transport/smb-spnego.h"
#include "transport/smb.h"
#include "util/secret.h"

#define SIGNING_REQUIRED 3u /* and enabled */
#define CAN_LARGE        0x04u
#define CAN_ENCRYPT      0x40u
#define OUR_CAPABILITIES (CAN_LARGE | CAN_ENCRYPT)

#define CONTEXT_PREAUTH 1
#define CONTEXT_CIPHERS 2
#define CONTEXT_SIGNING 8
#define CONTEXTS_MAX    32
#define SHA_512         1

#define FSCTL_VALIDATE 0x00140204u
#define TRANSFER_LEAST 4096

static const uint16_t dialects[] = { 0x0210, 0x0300, 0x0302, 0x0311 };
static const uint16_t our_ciphers[] = { FETTLE_SMB_AES_128_GCM, FETTLE_SMB_AES_128_CCM,
                                        FETTLE_SMB_AES_256_GCM, FETTLE_SMB_AES_256_CCM };
static const uint16_t our_signatures[] = { FETTLE_SMB_AES_GMAC, FETTLE_SMB_AES_CMAC };

static bool
is_one_of (uint16_t v, const uint16_t *list, size_t n)
{
  for (size_t i = 0; i < n; i++)
    if (list[i] == v)
      return true;
  return false;
}

/* ---- What we offer ---- */

static void
write_context (struct fettle_writer *w, uint16_t type, const struct fettle_writer *data)
{
  fettle_write16 (w, type);
  fettle_write16 (w, (uint16_t) data->b.size);
  fettle_write32 (w, 0);
  fettle_write (w, data->b.data, data->b.size);
  w->bad = w->bad || data->bad;
}

static void
write_list (struct fettle_writer *w, uint16_t type, const uint16_t *list, size_t n)
{
  struct fettle_writer data = FETTLE_WRITER_INIT (64);

  fettle_write_align (w, 8);
  fettle_write16 (&data, (uint16_t) n);
  for (size_t i = 0; i < n; i++)
    fettle_write16 (&data, list[i]);
  write_context (w, type, &data);
  fettle_writer_clear (&data);
}

static void
write_preauth (struct fettle_writer *w, const uint8_t salt[32])
{
  struct fettle_writer data = FETTLE_WRITER_INIT (64);

  fettle_write16 (&data, 1);
  fettle_write16 (&data, 32);
  fettle_write16 (&data, SHA_512);
  fettle_write (&data, salt, 32);
  write_context (w, CONTEXT_PREAUTH, &data);
  fettle_writer_clear (&data);
}

/* In a writer of its own: what is aligned there, is aligned in the message,
 * whose first 64 bytes are its header. */
static void
write_offer (struct fettle_smb_state *s, struct fettle_writer *w, const uint8_t salt[32])
{
  size_t contexts;

  fettle_write16 (w, 36);
  fettle_write16 (w, COUNT (dialects));
  fettle_write16 (w, SIGNING_REQUIRED);
  fettle_write16 (w, 0);
  fettle_write32 (w, OUR_CAPABILITIES);
  fettle_write (w, s->our_guid, sizeof s->our_guid);
  fettle_write32 (w, 0); /* where the contexts are: below */
  fettle_write16 (w, 3);
  fettle_write16 (w, 0);
  for (size_t i = 0; i < COUNT (dialects); i++)
    fettle_write16 (w, dialects[i]);
  fettle_write_align (w, 8);
  contexts = w->b.size;
  fettle_set32 (fettle_writer_at (w, 28), (uint32_t) (SMB_HEADER + contexts));
  write_preauth (w, salt);
  write_list (w, CONTEXT_CIPHERS, our_ciphers, COUNT (our_ciphers));
  write_list (w, CONTEXT_SIGNING, our_signatures, COUNT (our_signatures));
}

/* ---- What the node chooses ---- */

static bool
read_context (uint16_t type, struct fettle_bytes d, struct fettle_smb_offer *o, const char **ret_why)
{
  *ret_why = "what it chooses isn't what was offered";
  if (type == CONTEXT_PREAUTH) {
    if (d.size < 6 || fettle_get16 (d.data) != 1 || fettle_get16 (d.data + 4) != SHA_512)
      return false;
    o->preauth = true;
  } else if (type == CONTEXT_CIPHERS) {
    /* 0: it has none of ours. */
    if (d.size < 4 || fettle_get16 (d.data) != 1)
      return false;
    o->cipher = fettle_get16 (d.data + 2);
    return !o->cipher || is_one_of ((uint16_t) o->cipher, our_ciphers, COUNT (our_ciphers));
  } else if (type == CONTEXT_SIGNING) {
    if (d.size < 4 || fettle_get16 (d.data) != 1)
      return false;
    o->signing = fettle_get16 (d.data + 2);
    return is_one_of ((uint16_t) o->signing, our_signatures, COUNT (our_signatures));
  }
  return true;
}

static bool
read_contexts (const struct fettle_smb_answer *a, size_t at, unsigned n, struct fettle_smb_offer *o,
               const char **ret_why)
{
  *ret_why = "its list of choices is cut or too long";
  if (n > CONTEXTS_MAX)
    return false;
  for (unsigned i = 0; i < n; i++) {
    struct fettle_bytes head, data;

    *ret_why = "its list of choices is cut or too long";
    if (at < SMB_HEADER || !fettle_bytes_part (a->message, at, 8, &head)
        || !fettle_bytes_part (a->message, at + 8, fettle_get16 (head.data + 2), &data)
        || !read_context (fettle_get16 (head.data), data, o, ret_why))
      return false;
    at += 8 + ((data.size + 7) & ~(size_t) 7);
  }
  *ret_why = "it speaks SMB 3.1.1 without protecting what was negotiated";
  return o->preauth;
}

/* What older dialects mean by themselves. */
static void
imply (struct fettle_smb_offer *o)
{
  o->signing = o->dialect >= 0x0300 ? FETTLE_SMB_AES_CMAC : FETTLE_SMB_HMAC_SHA256;
  if (o->dialect >= 0x0300 && o->dialect < 0x0311 && o->capabilities & CAN_ENCRYPT)
    o->cipher = FETTLE_SMB_AES_128_CCM;
}

bool
fettle_smb_read_offer (const struct fettle_smb_answer *a, struct fettle_smb_offer *ret,
                       const char **ret_why)
{
  const uint8_t *b = a->body.data;
  struct fettle_smb_offer o = { .dialect = 0 };

  *ret_why = "it is too short";
  if (a->body.size < 64)
    return false;
  o.security_mode = fettle_get16 (b + 2);
  o.dialect = fettle_get16 (b + 4);
  memcpy (o.guid, b + 8, sizeof o.guid);
  o.capabilities = fettle_get32 (b + 24);
  o.max_transact = fettle_get32 (b + 28);
  o.max_read = fettle_get32 (b + 32);
  o.max_write = fettle_get32 (b + 36);
  o.time = fettle_get64 (b + 40);
  *ret_why = "it chooses a dialect that wasn't offered";
  if (!is_one_of (o.dialect, dialects, COUNT (dialects)))
    return false;
  *ret_why = "it moves next to nothing in one request";
  if (o.max_transact < TRANSFER_LEAST || o.max_read < TRANSFER_LEAST || o.max_write < TRANSFER_LEAST)
    return false;
  *ret_why = "what it offers to log in with is cut";
  if (fettle_get16 (b + 58) && (fettle_get16 (b + 56) < SMB_HEADER
                                || !fettle_bytes_part (a->message, fettle_get16 (b + 56),
                                                       fettle_get16 (b + 58), &o.blob)))
    return false;
  imply (&o);
  if (o.dialect == 0x0311
      && !read_contexts (a, fettle_get32 (b + 60), fettle_get16 (b + 6), &o, ret_why))
    return false;
  *ret = o;
  return true;
}

static uint32_t
least (uint32_t a, uint32_t b)
{
  return a < b ? a : b;
}

static void
adopt (struct fettle_smb_state *s, const struct fettle_smb_offer *o)
{
  uint32_t most = FETTLE_SMB_TRANSFER;

  s->dialect = o->dialect;
  s->security_mode = o->security_mode;
  s->capabilities = o->capabilities;
  memcpy (s->node_guid, o->guid, sizeof s->node_guid);
  s->cipher = o->cipher;
  s->signing = o->signing;
  s->large = o->capabilities & CAN_LARGE;
  if (!s->large || s->declared == 139)
    most = 65536;
  s->max_transfer = least (most, least (o->max_read, o->max_write));
  s->max_transact = least (65536, o->max_transact);
  s->node_time = fettle_from_filetime (o->time);
  s->our_time = (int64_t) time (NULL);
}

fettle_result
fettle_smb_negotiate (struct fettle_smb_state *s)
{
  struct fettle_smb_question q = { .least = 64 };
  struct fettle_smb_answer a;
  struct fettle_smb_offer o;
  struct fettle_writer body = FETTLE_WRITER_INIT (512), *w;
  const char *why = "";
  uint8_t salt[32];
  fettle_result r = fettle_random (s->our_guid, sizeof s->our_guid, &s->c->error);

  if (r == FETTLE_OK)
    r = fettle_random (salt, sizeof salt, &s->c->error);
  if (r != FETTLE_OK)
    return r;
  write_offer (s, &body, salt);
  w = fettle_smb_begin (s, SMB_NEGOTIATE, 0);
  fettle_write (w, body.b.data, body.b.size);
  w->bad = w->bad || body.bad;
  fettle_writer_clear (&body);
  r = fettle_smb_ask (s, &q, &a);
  if (r == FETTLE_E_UNSUPPORTED && s->status == NT_NOT_SUPPORTED)
    return fettle_smb_broken (s, r, "the node speaks no SMB of 2.1 or later");
  if (r != FETTLE_OK)
    return r;
  if (!fettle_smb_read_offer (&a, &o, &why))
    return fettle_smb_broken (s, FETTLE_E_PROTOCOL, "the node's answer is refused: %s", why);
  adopt (s, &o);
  if (fettle_spnego_offers (o.blob) == FETTLE_SPNEGO_KERBEROS && !s->c->credentials.kerberos)
    return fettle_smb_broken (s, FETTLE_E_UNSUPPORTED, "the node lets nobody in by NTLM, but by Kerberos alone");
  return FETTLE_OK;
}

/* ---- Was it the node? ---- */

/* By a request that is signed with the session's key.  Servers older than this
 * request refuse it, but sign that. */
static bool
is_old_server (uint32_t status)
{
  return status == NT_NOT_SUPPORTED || status == NT_INVALID_DEVICE_REQUEST || status == NT_FILE_CLOSED;
}

static void
write_validation (struct fettle_smb_state *s, uint32_t tree)
{
  struct fettle_writer *w = fettle_smb_begin (s, SMB_IOCTL, tree);

  fettle_write16 (w, 57);
  fettle_write16 (w, 0);
  fettle_write32 (w, FSCTL_VALIDATE);
  fettle_write64 (w, UINT64_MAX);
  fettle_write64 (w, UINT64_MAX);
  fettle_write32 (w, SMB_HEADER + 56);
  fettle_write32 (w, 24 + 2 * COUNT (dialects));
  fettle_write32 (w, 0);
  fettle_write32 (w, 0);
  fettle_write32 (w, 0);
  fettle_write32 (w, 24);
  fettle_write32 (w, 1);
  fettle_write32 (w, 0);
  fettle_write32 (w, OUR_CAPABILITIES);
  fettle_write (w, s->our_guid, sizeof s->our_guid);
  fettle_write16 (w, SIGNING_REQUIRED);
  fettle_write16 (w, COUNT (dialects));
  for (size_t i = 0; i < COUNT (dialects); i++)
    fettle_write16 (w, dialects[i]);
}

fettle_result
fettle_smb_validate (struct fettle_smb_state *s, uint32_t tree)
{
  struct fettle_smb_question q = { .least = 48 };
  struct fettle_smb_answer a;
  struct fettle_bytes d;
  fettle_result r;

  if (s->validated || s->dialect == 0x0311)
    return FETTLE_OK;
  write_validation (s, tree);
  r = fettle_smb_ask (s, &q, &a);
  if (r != FETTLE_OK && s->fd >= 0 && is_old_server (s->status)) {
    s->validated = true;
    s->status = 0;
    return FETTLE_OK;
  }
  if (r == FETTLE_OK)
    r = fettle_smb_part (s, &a, fettle_get32 (a.body.data + 32), fettle_get32 (a.body.data + 36), &d);
  if (r != FETTLE_OK)
    return r;
  if (d.size != 24 || fettle_get32 (d.data) != s->capabilities
      || memcmp (d.data + 4, s->node_guid, sizeof s->node_guid) != 0
      || fettle_get16 (d.data + 20) != s->security_mode || fettle_get16 (d.data + 22) != s->dialect)
    return fettle_smb_broken (s, FETTLE_E_PROTOCOL, "what was negotiated isn't what the node has chosen: someone "
                              "in between has altered it");
  s->validated = true;
  return FETTLE_OK;
}
