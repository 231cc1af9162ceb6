/* smb-message.c - a command and its answer: headers, credits, signatures,
 * encryption, answers that take their time.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "util/base.h"

#include "transport/smb-crypto.h"
#include "transport/smb.h"
#include "util/clock.h"
#include "util/secret.h"

#define TRANSFORM       52   /* bytes of the header around an encrypted message */
#define CREDITS_WANTED  64   /* for each request: a few large ones on */
#define CREDITS_MAX     8192
#define CREDIT          65536
#define NOT_OURS_MAX    1000 /* messages in a row that are no answer; all in one timeout */

#define FLAG_FROM_SERVER 1u
#define FLAG_ASYNC       2u
#define FLAG_SIGNED      8u

#define NO_ID UINT64_MAX /* of an oplock break, which answers nothing */

const struct fettle_smb_question fettle_smb_plain = { .least = 2 };

/* Where in s->out the message begins. */
static size_t
message_at (const struct fettle_smb_state *s)
{
  return FETTLE_SMB_FRAME_HEAD + (s->ready && s->cipher ? TRANSFORM : 0);
}

uint32_t
fettle_smb_room (const struct fettle_smb_state *s)
{
  uint32_t most = s->max_transfer;

  if (!s->large || s->credits <= 1)
    return most < CREDIT ? most : CREDIT;
  return most / CREDIT < s->credits ? most : s->credits * CREDIT;
}

struct fettle_writer *
fettle_smb_begin (struct fettle_smb_state *s, enum fettle_smb_command command, uint32_t tree)
{
  struct fettle_writer *w = &s->out;

  fettle_buf_reset (&w->b);
  w->bad = false;
  fettle_write_zeros (w, message_at (s));
  fettle_write (w, "\xfeSMB", 4);
  fettle_write16 (w, SMB_HEADER);
  fettle_write16 (w, 0); /* charge: finish */
  fettle_write32 (w, 0);
  fettle_write16 (w, (uint16_t) command);
  fettle_write16 (w, CREDITS_WANTED);
  fettle_write32 (w, 0);
  fettle_write32 (w, 0);
  fettle_write64 (w, s->next_id);
  fettle_write32 (w, 0);
  fettle_write32 (w, tree);
  fettle_write64 (w, s->session);
  fettle_write_zeros (w, 16);
  return w;
}

/* ---- Out ---- */

static fettle_result
pay (struct fettle_smb_state *s, uint8_t *header, uint32_t payload)
{
  uint32_t charge = payload ? (payload - 1) / CREDIT + 1 : 1;

  if (charge > s->credits)
    return fettle_smb_broken (s, FETTLE_E_PROTOCOL, "the node grants no more requests");
  s->credits -= charge;
  s->next_id += charge;
  if (s->dialect && s->large)
    fettle_set16 (header + 6, (uint16_t) charge);
  return FETTLE_OK;
}

/* Encrypts from the header on, in place. */
static bool
seal (struct fettle_smb_state *s, uint8_t *message, size_t size)
{
  uint8_t *t = message - TRANSFORM;
  struct fettle_bytes aad = { t + 20, 32 };

  memset (t, 0, TRANSFORM);
  memcpy (t, "\xfdSMB", 4);
  fettle_set64 (t + 20, ++s->n_sealed);
  fettle_set32 (t + 36, (uint32_t) size);
  fettle_set16 (t + 42, 1);
  fettle_set64 (t + 44, s->session);
  return fettle_smb_seal (s->cipher, s->seal_key, t + 20, aad, message, size, t + 4);
}

static bool
add_to_preauth (struct fettle_smb_state *s, struct fettle_bytes message)
{
  struct fettle_bytes parts[2] = { { s->preauth, sizeof s->preauth }, message };

  return fettle_sha512 (parts, 2, s->preauth);
}

static fettle_result
finish (struct fettle_smb_state *s, uint32_t payload)
{
  size_t at = message_at (s), size = s->out.b.size - at;
  uint8_t *m = fettle_writer_at (&s->out, at);
  bool ok = true;
  fettle_result r;

  if (s->out.bad)
    return fettle_smb_broken (s, FETTLE_E_NOMEM, "no room for the request");
  r = pay (s, m, payload);
  if (r != FETTLE_OK)
    return r;
  if (!s->ready)
    ok = add_to_preauth (s, (struct fettle_bytes) { m, size });
  else if (s->cipher)
    ok = seal (s, m, size);
  else {
    fettle_set32 (m + 16, FLAG_SIGNED);
    ok = fettle_smb_sign (s->signing, s->sign_key, m, size, false, m + 48);
  }
  if (!ok)
    return fettle_smb_broken (s, FETTLE_E_INTERNAL, "this host's OpenSSL can't sign or encrypt SMB");
  return fettle_smb_send (s);
}

/* ---- In ---- */

bool
fettle_smb_verify (const struct fettle_smb_state *s, struct fettle_bytes m)
{
  uint8_t signature[16];

  return m.size >= SMB_HEADER && fettle_get32 (m.data + 16) & FLAG_SIGNED
         && fettle_smb_sign (s->signing, s->sign_key, m.data, m.size, true, signature)
         && fettle_secret_equal (signature, 16, m.data + 48, 16);
}

bool
fettle_smb_parse (struct fettle_bytes m, uint16_t command, uint64_t id, struct fettle_smb_answer *ret,
                  bool *ret_not_ours, const char **ret_why)
{
  *ret_not_ours = false;
  *ret_why = "it isn't SMB";
  if (m.size < SMB_HEADER + 2 || memcmp (m.data, "\xfeSMB", 4) != 0
      || fettle_get16 (m.data + 4) != SMB_HEADER)
    return false;
  *ret_why = "it isn't an answer";
  if (!(fettle_get32 (m.data + 16) & FLAG_FROM_SERVER) || fettle_get32 (m.data + 20) != 0)
    return false;
  *ret_not_ours = fettle_get64 (m.data + 24) == NO_ID;
  *ret_why = "it answers another request";
  if (!*ret_not_ours && (fettle_get64 (m.data + 24) != id || fettle_get16 (m.data + 12) != command))
    return false;
  ret->status = fettle_get32 (m.data + 8);
  ret->message = m;
  return fettle_bytes_part (m, SMB_HEADER, m.size - SMB_HEADER, &ret->body);
}

/* Decrypts what came; without encryption it is what came. */
static bool
unseal (struct fettle_smb_state *s, struct fettle_bytes *m, const char **ret_why)
{
  uint8_t *t = (uint8_t *) s->in.data;
  struct fettle_bytes aad = { t + 20, 32 };

  *m = (struct fettle_bytes) { t, s->in.size };
  if (!s->ready || !s->cipher)
    return true;
  *ret_why = "it isn't encrypted, and all must be";
  if (m->size < TRANSFORM || memcmp (t, "\xfdSMB", 4) != 0)
    return false;
  *ret_why = "it is encrypted with another key, or was altered on its way";
  if (fettle_get32 (t + 36) != m->size - TRANSFORM || fettle_get64 (t + 44) != s->session)
    return false;
  m->data += TRANSFORM;
  m->size -= TRANSFORM;
  return fettle_smb_open (s->cipher, s->open_key, t + 20, aad, t + TRANSFORM, m->size, t + 4);
}

static void
take_credits (struct fettle_smb_state *s, struct fettle_bytes m)
{
  s->credits += fettle_get16 (m.data + 14);
  if (s->credits > CREDITS_MAX)
    s->credits = CREDITS_MAX;
}

/* One message: FETTLE_AGAIN if it isn't the answer yet. */
static fettle_result
take_one (struct fettle_smb_state *s, uint16_t command, uint64_t id, uint32_t timeout_ms,
          struct fettle_smb_answer *ret)
{
  struct fettle_bytes m;
  bool not_ours = false;
  const char *why = "";
  fettle_result r = fettle_smb_receive (s, timeout_ms);

  if (r != FETTLE_OK)
    return r;
  if (s->in.size >= 4 && memcmp (s->in.data, "\xffSMB", 4) == 0)
    return fettle_smb_broken (s, FETTLE_E_UNSUPPORTED, "the node speaks SMB 1 only, which is unsafe; SMB 2.1 is "
                              "the least that is spoken here");
  if (!unseal (s, &m, &why) || !fettle_smb_parse (m, command, id, ret, &not_ours, &why))
    return fettle_smb_broken (s, FETTLE_E_PROTOCOL, "the node's answer is refused: %s", why);
  if (not_ours)
    return FETTLE_AGAIN;
  take_credits (s, m);
  if (ret->status == NT_PENDING && fettle_get32 (m.data + 16) & FLAG_ASYNC)
    return FETTLE_AGAIN;
  if (s->ready && !s->cipher && !fettle_smb_verify (s, m))
    return fettle_smb_broken (s, FETTLE_E_PROTOCOL, "the node's answer is refused: it isn't signed by the node "
                              "(someone altered it on its way, or the session has ended)");
  return FETTLE_OK;
}

/* The answer of a session's beginning is hashed, but for the one that ends it. */
static bool
hash_answer (struct fettle_smb_state *s, uint16_t command, const struct fettle_smb_answer *a)
{
  if (s->ready || (command == SMB_SESSION_SETUP && a->status != NT_MORE_PROCESSING))
    return true;
  return add_to_preauth (s, a->message);
}

/* Its time goes by while the node sends what is no answer. */
static fettle_result
wait_for_answer (struct fettle_smb_state *s, uint16_t command, uint64_t id, uint32_t timeout_ms,
                 struct fettle_smb_answer *ret)
{
  int64_t left = timeout_ms, end = fettle_now_ms () + timeout_ms;
  fettle_result r = FETTLE_AGAIN;

  for (int i = 0; r == FETTLE_AGAIN; i++, left = end - fettle_now_ms ()) {
    if (i == NOT_OURS_MAX)
      return fettle_smb_broken (s, FETTLE_E_PROTOCOL, "the node sends all but an answer");
    if (left <= 0)
      return fettle_smb_broken (s, FETTLE_E_TIMEOUT, "%s has sent all but an answer for %u s", s->c->target.address,
                                (timeout_ms + 999) / 1000);
    r = take_one (s, command, id, (uint32_t) left, ret);
  }
  return r;
}

fettle_result
fettle_smb_ask (struct fettle_smb_state *s, const struct fettle_smb_question *q,
                struct fettle_smb_answer *ret)
{
  uint64_t id = s->next_id;
  uint16_t command = fettle_get16 (fettle_writer_at (&s->out, message_at (s)) + 12);
  fettle_result r = finish (s, q->payload);

  if (r == FETTLE_OK)
    r = wait_for_answer (s, command, id, q->timeout_ms ? q->timeout_ms : s->c->read_timeout, ret);
  if (r != FETTLE_OK)
    return r;
  if (!hash_answer (s, command, ret))
    return fettle_smb_broken (s, FETTLE_E_INTERNAL, "this host's OpenSSL has no SHA-512");
  if (ret->status != NT_OK && (!q->also || ret->status != q->also))
    return fettle_smb_refused (s, ret->status);
  if (ret->body.size < q->least)
    return fettle_smb_broken (s, FETTLE_E_PROTOCOL, "the node's answer is too short");
  return FETTLE_OK;
}

fettle_result
fettle_smb_part (struct fettle_smb_state *s, const struct fettle_smb_answer *a, size_t offset,
                 size_t size, struct fettle_bytes *ret)
{
  if (size == 0) {
    ret->data = a->message.data;
    ret->size = 0;
    return FETTLE_OK;
  }
  if (offset < SMB_HEADER || !fettle_bytes_part (a->message, offset, size, ret))
    return fettle_smb_broken (s, FETTLE_E_PROTOCOL, "the node's answer says that it is longer than it is");
  return FETTLE_OK;
}
