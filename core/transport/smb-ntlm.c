/* smb-ntlm.c - see smb-ntlm.h.  SPDX-License-Identifier: Apache-2.0 */
#include "util/base.h"

#include "transport/smb-crypto.h"
#include "transport/smb-ntlm.h"
#include "util/text.h"

#define UNICODE        0x00000001u
#define REQUEST_TARGET 0x00000004u
#define SIGN           0x00000010u
#define NTLM           0x00000200u
#define ALWAYS_SIGN    0x00008000u
#define EXTENDED       0x00080000u
#define TARGET_INFO    0x00800000u
#define SAYS_VERSION   0x02000000u
#define KEY_128        0x20000000u
#define KEY_EXCHANGE   0x40000000u
#define KEY_56         0x80000000u

#define OURS (UNICODE | REQUEST_TARGET | SIGN | NTLM | ALWAYS_SIGN | EXTENDED | TARGET_INFO | SAYS_VERSION \
              | KEY_128 | KEY_EXCHANGE | KEY_56)
#define NEEDED (UNICODE | EXTENDED | TARGET_INFO | KEY_128)

#define INFO_MAX    8192 /* bytes of target information; a node's has some 200 */
#define MESSAGE_MAX 65535
#define HEAD        88   /* of an AUTHENTICATE message with version and MIC */
#define MIC_AT      72

/* MsvAv*: what target information is made of. */
enum { AV_END, AV_COMPUTER, AV_DOMAIN, AV_DNS_NAME, AV_DNS_DOMAIN, AV_DNS_TREE, AV_FLAGS, AV_TIME,
       AV_SINGLE_HOST, AV_TARGET, AV_BINDINGS };

#define AV_FLAG_MIC 2u

static const char signature[8] = "NTLMSSP";
static const uint8_t version[8] = { 6, 1, 0, 0, 0, 0, 0, 15 }; /* of the protocol, it says nothing of us */

void
fettle_ntlm_negotiate (struct fettle_writer *w)
{
  fettle_write (w, signature, sizeof signature);
  fettle_write32 (w, 1);
  fettle_write32 (w, OURS);
  fettle_write_zeros (w, 16); /* no domain, no workstation: those come in the end */
  fettle_write (w, version, sizeof version);
}

/* ---- The challenge ---- */

/* The pair at *at, which is moved behind it; false at the end, or when it is
 * cut (*ret_cut). */
static bool
next_pair (struct fettle_bytes info, size_t *at, uint16_t *ret_id, struct fettle_bytes *ret, bool *ret_cut)
{
  struct fettle_bytes head;

  if (!fettle_bytes_part (info, *at, 4, &head)
      || !fettle_bytes_part (info, *at + 4, fettle_get16 (head.data + 2), ret)) {
    *ret_cut = true;
    return false;
  }
  *ret_id = fettle_get16 (head.data);
  *at += 4 + ret->size;
  return *ret_id != AV_END;
}

static bool
read_info (struct fettle_ntlm_challenge *c)
{
  struct fettle_ntlm_told *t = &c->told;
  struct fettle_bytes value;
  uint16_t id = AV_END;
  bool cut = false;

  for (size_t at = 0; next_pair (c->info, &at, &id, &value, &cut);) {
    char *text = id == AV_COMPUTER ? t->computer : id == AV_DOMAIN ? t->domain
                 : id == AV_DNS_NAME ? t->dns_name : id == AV_DNS_DOMAIN ? t->dns_domain : NULL;

    if (text)
      fettle_from_utf16 (value, text, FETTLE_NTLM_NAME);
    else if (id == AV_TIME && value.size == 8)
      c->time = fettle_get64 (value.data);
  }
  return !cut;
}

bool
fettle_ntlm_read_challenge (struct fettle_bytes m, struct fettle_ntlm_challenge *ret,
                            const char **ret_why)
{
  struct fettle_ntlm_challenge c = { .flags = 0 };

  *ret_why = "it isn't a challenge of NTLM";
  if (m.size < 48 || memcmp (m.data, signature, sizeof signature) != 0 || fettle_get32 (m.data + 8) != 2)
    return false;
  c.flags = fettle_get32 (m.data + 20);
  memcpy (c.server, m.data + 24, sizeof c.server);
  *ret_why = "it wants an NTLM that is older or weaker than NTLMv2 with 128 bits";
  if ((c.flags & NEEDED) != NEEDED)
    return false;
  *ret_why = "its target information is cut or too long";
  if (!fettle_bytes_part (m, fettle_get32 (m.data + 44), fettle_get16 (m.data + 40), &c.info)
      || c.info.size > INFO_MAX || !read_info (&c))
    return false;
  if (c.flags & SAYS_VERSION && m.size >= 56) {
    c.told.os_major = m.data[48];
    c.told.os_minor = m.data[49];
    c.told.os_build = fettle_get16 (m.data + 50);
  }
  *ret = c;
  return true;
}

/* ---- The response ---- */

/* "DOMAIN\USER" as two; what is before an @ and behind it stays together. */
static void
split (const char *account, char domain[FETTLE_NTLM_NAME], const char **ret_user)
{
  const char *slash = strchr (account, '\\');
  size_t n = slash ? (size_t) (slash - account) : 0;

  snprintf (domain, FETTLE_NTLM_NAME, "%.*s", (int) (n < FETTLE_NTLM_NAME ? n : 0), account);
  *ret_user = slash ? slash + 1 : account;
}

bool
fettle_ntlm_hash (const struct fettle_ntlm_account *a, uint8_t ret[16])
{
  struct fettle_writer password = FETTLE_WRITER_INIT (4096), name = FETTLE_WRITER_INIT (4096);
  char domain[FETTLE_NTLM_NAME];
  const char *user;
  uint8_t nt[16];
  bool ok;

  split (a->user, domain, &user);
  fettle_write_utf16 (&password, a->password);
  fettle_write_upper (&name, user);
  fettle_write_utf16 (&name, domain);
  ok = !password.bad && !name.bad;
  if (ok) {
    fettle_md4 (fettle_buf_text (&password.b), password.b.size, nt);
    ok = fettle_hmac_md5 (nt, fettle_buf_text (&name.b), name.b.size, ret);
  }
  fettle_wipe (nt, sizeof nt);
  fettle_writer_clear (&password);
  fettle_writer_clear (&name);
  return ok;
}

bool
fettle_ntlm_respond (const uint8_t hash[16], const uint8_t server[8], const uint8_t client[8],
                     uint64_t when, struct fettle_bytes info, struct fettle_writer *ret,
                     uint8_t ret_base_key[16])
{
  struct fettle_writer temp = FETTLE_WRITER_INIT (INFO_MAX + 1024);
  uint8_t proof[16];
  bool ok;

  fettle_write (&temp, server, 8);
  fettle_write (&temp, "\1\1\0\0\0\0\0\0", 8);
  fettle_write64 (&temp, when);
  fettle_write (&temp, client, 8);
  fettle_write_zeros (&temp, 4);
  fettle_write (&temp, info.data, info.size);
  fettle_write_zeros (&temp, 4);
  ok = !temp.bad && fettle_hmac_md5 (hash, temp.b.data, temp.b.size, proof)
       && fettle_hmac_md5 (hash, proof, sizeof proof, ret_base_key);
  if (ok) {
    fettle_write (ret, proof, sizeof proof);
    fettle_write (ret, temp.b.data + 8, temp.b.size - 8);
  }
  fettle_writer_clear (&temp);
  return ok && !ret->bad;
}

static void
write_pair (struct fettle_writer *w, uint16_t id, const void *data, size_t size)
{
  fettle_write16 (w, id);
  fettle_write16 (w, (uint16_t) size);
  fettle_write (w, data, size);
}

/* What the node said of itself, and that we send a MIC, to whom, and that no
 * TLS is around it. */
static void
write_info (struct fettle_writer *w, const struct fettle_ntlm_challenge *c, const char *target)
{
  static const uint8_t no_bindings[16];
  struct fettle_writer name = FETTLE_WRITER_INIT (2 * FETTLE_NTLM_NAME);
  struct fettle_bytes value;
  uint16_t id = AV_END;
  uint32_t flags = AV_FLAG_MIC;
  uint8_t le[4];
  bool cut = false;

  for (size_t at = 0; next_pair (c->info, &at, &id, &value, &cut);) {
    if (id == AV_FLAGS && value.size == 4)
      flags |= fettle_get32 (value.data);
    else if (id != AV_FLAGS && id != AV_TARGET && id != AV_BINDINGS)
      write_pair (w, id, value.data, value.size);
  }
  fettle_set32 (le, flags);
  write_pair (w, AV_FLAGS, le, sizeof le);
  write_pair (w, AV_BINDINGS, no_bindings, sizeof no_bindings);
  fettle_write_utf16 (&name, target);
  write_pair (w, AV_TARGET, fettle_buf_text (&name.b), name.b.size);
  write_pair (w, AV_END, NULL, 0);
  w->bad = w->bad || name.bad;
  fettle_writer_clear (&name);
}

/* ---- The third message ---- */

/* A field of its head: what is written next is its value. */
static void
begin_field (struct fettle_writer *w, size_t at)
{
  fettle_set32 (fettle_writer_at (w, at + 4), (uint32_t) w->b.size);
}

static void
end_field (struct fettle_writer *w, size_t at)
{
  uint8_t *p = fettle_writer_at (w, at);
  uint16_t size = (uint16_t) (w->b.size - fettle_get32 (p + 4));

  fettle_set16 (p, size);
  fettle_set16 (p + 2, size);
}

static void
write_field (struct fettle_writer *w, size_t at, const void *data, size_t size)
{
  begin_field (w, at);
  fettle_write (w, data, size);
  end_field (w, at);
}

static void
write_text_field (struct fettle_writer *w, size_t at, const char *text)
{
  begin_field (w, at);
  fettle_write_utf16 (w, text);
  end_field (w, at);
}

static void
write_message (struct fettle_writer *w, const struct fettle_ntlm_account *a, uint32_t flags,
               const struct fettle_writer *response, const uint8_t *sealed_key)
{
  static const uint8_t no_lm[24];
  char domain[FETTLE_NTLM_NAME];
  const char *user;

  split (a->user, domain, &user);
  fettle_write (w, signature, sizeof signature);
  fettle_write32 (w, 3);
  fettle_write_zeros (w, HEAD - 12);
  fettle_set32 (fettle_writer_at (w, 60), flags);
  memcpy (fettle_writer_at (w, 64), version, sizeof version);
  write_text_field (w, 28, domain);
  write_text_field (w, 36, user);
  write_text_field (w, 44, a->workstation);
  write_field (w, 12, no_lm, sizeof no_lm);
  write_field (w, 20, response->b.data, response->b.size);
  write_field (w, 52, sealed_key, sealed_key ? 16 : 0);
}

static bool
add_mic (struct fettle_writer *w, struct fettle_bytes negotiate, struct fettle_bytes challenge,
         const uint8_t key[16])
{
  struct fettle_writer all = FETTLE_WRITER_INIT (4 * MESSAGE_MAX);
  bool ok;

  fettle_write (&all, negotiate.data, negotiate.size);
  fettle_write (&all, challenge.data, challenge.size);
  fettle_write (&all, w->b.data, w->b.size);
  ok = !all.bad && !w->bad
       && fettle_hmac_md5 (key, all.b.data, all.b.size, fettle_writer_at (w, MIC_AT));
  fettle_writer_clear (&all);
  return ok;
}

bool
fettle_ntlm_authenticate (const struct fettle_ntlm_account *a, const struct fettle_ntlm_chance *chance,
                          struct fettle_bytes negotiate, struct fettle_bytes challenge_message,
                          const struct fettle_ntlm_challenge *c, struct fettle_writer *ret,
                          uint8_t ret_session_key[16])
{
  struct fettle_writer info = FETTLE_WRITER_INIT (INFO_MAX + 1024);
  struct fettle_writer response = FETTLE_WRITER_INIT (INFO_MAX + 2048);
  bool exchange = c->flags & KEY_EXCHANGE;
  uint8_t hash[16], base[16], sealed[16];
  bool ok;

  write_info (&info, c, a->target);
  ok = !info.bad && fettle_ntlm_hash (a, hash)
       && fettle_ntlm_respond (hash, c->server, chance->client, c->time ? c->time : chance->time,
                               (struct fettle_bytes) { (uint8_t *) info.b.data, info.b.size },
                               &response, base);
  if (ok) {
    memcpy (ret_session_key, exchange ? chance->session_key : base, 16);
    fettle_rc4 (base, chance->session_key, sealed, sizeof sealed);
    write_message (ret, a, c->flags & OURS, &response, exchange ? sealed : NULL);
    ok = !ret->bad && ret->b.size <= MESSAGE_MAX
         && add_mic (ret, negotiate, challenge_message, ret_session_key);
  }
  fettle_wipe (hash, sizeof hash);
  fettle_wipe (base, sizeof base);
  fettle_writer_clear (&info);
  fettle_writer_clear (&response);
  return ok;
}

/* ---- Signatures ---- */

/* The key for one purpose: hash of the session's and a sentence, whose NUL counts. */
static bool
magic_key (const uint8_t session_key[16], const char *sentence, uint8_t ret[16])
{
  uint8_t all[16 + 80];
  size_t n = strlen (sentence) + 1;
  bool ok;

  memcpy (all, session_key, 16);
  memcpy (all + 16, sentence, n);
  ok = fettle_md5 (all, 16 + n, ret);
  fettle_wipe (all, sizeof all);
  return ok;
}

bool
fettle_ntlm_sign (const uint8_t session_key[16], uint32_t flags, struct fettle_bytes data, uint8_t ret[16])
{
  struct fettle_writer all = FETTLE_WRITER_INIT (4096);
  uint8_t sign[16], seal[16], mac[16];
  bool ok;

  fettle_write32 (&all, 0); /* sequence number */
  fettle_write (&all, data.data, data.size);
  ok = !all.bad
       && magic_key (session_key, "session key to client-to-server signing key magic constant", sign)
       && magic_key (session_key, "session key to client-to-server sealing key magic constant", seal)
       && fettle_hmac_md5 (sign, all.b.data, all.b.size, mac);
  if (ok) {
    memset (ret, 0, 16);
    ret[0] = 1; /* version */
    if (flags & KEY_EXCHANGE)
      fettle_rc4 (seal, mac, ret + 4, 8);
    else
      memcpy (ret + 4, mac, 8);
  }
  fettle_wipe (sign, sizeof sign);
  fettle_wipe (seal, sizeof seal);
  fettle_writer_clear (&all);
  return ok;
}
