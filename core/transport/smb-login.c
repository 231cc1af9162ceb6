/* smb-login.c - a session: NTLMv2 in SPNEGO, and the keys that come of it.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "util/base.h"

#include <stdarg.h>
#include <time.h>

#include "transport/smb-crypto.h"
#include "transport/smb-spnego.h"
#include "transport/smb.h"
#include "transport/transport.h"
#include "util/secret.h"
#include "util/text.h"

#define TOKEN_MAX 16384

#define SESSION_GUEST     1u
#define SESSION_ANONYMOUS 2u
#define SESSION_ENCRYPTED 4u

struct login {
  struct fettle_ntlm_account account;
  struct fettle_ntlm_chance chance;
  struct fettle_writer negotiate, authenticate; /* messages of NTLM */
  uint8_t session_key[16];
  char target[300], workstation[64];
};

#define KEY_MAX 32 /* bytes of a session's key: 16 by NTLM, up to 32 by Kerberos */

struct fettle_smb_state *
fettle_smb_state (fettle_ctx *c)
{
  if (!c->smb) {
    c->smb = calloc (1, sizeof *c->smb);
    if (c->smb) {
      c->smb->c = c;
      c->smb->fd = -1;
    }
  }
  if (!c->smb)
    fettle_error_set (&c->error, FETTLE_E_NOMEM, "no memory for an SMB session");
  return c->smb;
}

void
fettle_smb_begins (struct fettle_smb_state *s, const char *format, ...)
{
  va_list ap;

  va_start (ap, format);
  vsnprintf (s->doing, sizeof s->doing, format, ap);
  va_end (ap);
  s->status = 0;
}

/* ---- One round ---- */

/* Sends a token; the answer's flags and token. */
static fettle_result
send_token (struct fettle_smb_state *s, const struct fettle_writer *token, struct fettle_smb_answer *a,
            struct fettle_spnego_answer *ret, uint16_t *ret_flags)
{
  struct fettle_smb_question q = { .least = 8, .also = NT_MORE_PROCESSING };
  struct fettle_writer *w = fettle_smb_begin (s, SMB_SESSION_SETUP, 0);
  struct fettle_bytes blob;
  fettle_result r;

  fettle_write16 (w, 25);
  fettle_write8 (w, 0);
  fettle_write8 (w, 3); /* signing is required */
  fettle_write32 (w, 0);
  fettle_write32 (w, 0);
  fettle_write16 (w, SMB_HEADER + 24);
  fettle_write16 (w, (uint16_t) token->b.size);
  fettle_write64 (w, 0);
  fettle_write (w, token->b.data, token->b.size);
  w->bad = w->bad || token->bad;
  r = fettle_smb_ask (s, &q, a);
  if (r == FETTLE_OK)
    r = fettle_smb_part (s, a, fettle_get16 (a->body.data + 4), fettle_get16 (a->body.data + 6), &blob);
  if (r != FETTLE_OK)
    return r;
  s->session = fettle_get64 (a->message.data + 40);
  *ret_flags = fettle_get16 (a->body.data + 2);
  *ret = (struct fettle_spnego_answer) { .state = -1 };
  if (blob.size && !fettle_spnego_read (blob, ret))
    return fettle_smb_broken (s, FETTLE_E_PROTOCOL, "the node's answer to the login isn't SPNEGO");
  return FETTLE_OK;
}

/* The first round: its challenge. */
static fettle_result
ask_challenge (struct fettle_smb_state *s, struct login *l, struct fettle_smb_answer *a,
               struct fettle_bytes *ret_message, struct fettle_ntlm_challenge *ret)
{
  struct fettle_writer token = FETTLE_WRITER_INIT (TOKEN_MAX);
  struct fettle_spnego_answer said;
  uint16_t flags = 0;
  const char *why = "";
  fettle_result r;

  fettle_ntlm_negotiate (&l->negotiate);
  fettle_spnego_first (&token, false, (struct fettle_bytes) { (uint8_t *) l->negotiate.b.data,
                                                              l->negotiate.b.size });
  r = send_token (s, &token, a, &said, &flags);
  fettle_writer_clear (&token);
  if (r != FETTLE_OK)
    return r;
  if (a->status != NT_MORE_PROCESSING)
    return fettle_smb_broken (s, FETTLE_E_AUTH, "the node lets anybody in, whoever it is: that isn't the session "
                              "of %s", l->account.user ? l->account.user : "a user");
  if (!fettle_ntlm_read_challenge (said.token, ret, &why))
    return fettle_smb_broken (s, FETTLE_E_PROTOCOL, "the node's answer to the login is refused: %s", why);
  *ret_message = said.token;
  s->told = ret->told;
  return FETTLE_OK;
}

/* ---- Keys ---- */

static bool
derive_keys (struct fettle_smb_state *s, struct fettle_bytes full)
{
  size_t n = s->cipher ? fettle_smb_key_size (s->cipher) : 16;
  struct fettle_bytes key = { full.data, 16 }, of_cipher = n == 16 ? key : full;

  if (s->dialect < 0x0300) {
    memcpy (s->sign_key, key.data, 16);
    return true;
  }
  if (s->dialect < 0x0311)
    return fettle_smb_derive (key, "SMB2AESCMAC", "SmbSign", 8, s->sign_key, 16)
           && fettle_smb_derive (key, "SMB2AESCCM", "ServerIn ", 10, s->seal_key, n)
           && fettle_smb_derive (key, "SMB2AESCCM", "ServerOut", 10, s->open_key, n);
  return fettle_smb_derive (key, "SMBSigningKey", s->preauth, sizeof s->preauth, s->sign_key, 16)
         && fettle_smb_derive (of_cipher, "SMBC2SCipherKey", s->preauth, sizeof s->preauth, s->seal_key, n)
         && fettle_smb_derive (of_cipher, "SMBS2CCipherKey", s->preauth, sizeof s->preauth, s->open_key, n);
}

/* The session is made: is it ours, and does the node have its key? */
static fettle_result
adopt_session (struct fettle_smb_state *s, const struct fettle_smb_answer *a, uint16_t flags,
               struct fettle_bytes key)
{
  if (flags & (SESSION_GUEST | SESSION_ANONYMOUS))
    return fettle_smb_broken (s, FETTLE_E_AUTH, "the node knows no such user, and would let anybody in as a guest");
  if (!derive_keys (s, key))
    return fettle_smb_broken (s, FETTLE_E_INTERNAL, "this host's OpenSSL can't derive the keys of SMB");
  if (!fettle_smb_verify (s, a->message))
    return fettle_smb_broken (s, FETTLE_E_AUTH, "the node doesn't prove that it knows the password: it isn't the "
                              "node, or someone altered its answer on its way");
  if (flags & SESSION_ENCRYPTED && !s->cipher)
    return fettle_smb_broken (s, FETTLE_E_PROTOCOL, "the node wants encryption and offers no cipher");
  s->ready = true;
  return FETTLE_OK;
}

/* ---- The login ---- */

static fettle_result
prepare (struct fettle_smb_state *s, struct login *l)
{
  fettle_ctx *c = s->c;
  char *dot;
  fettle_result r;

  r = fettle_random (l->chance.client, sizeof l->chance.client, &c->error);
  if (r == FETTLE_OK)
    r = fettle_random (l->chance.session_key, sizeof l->chance.session_key, &c->error);
  l->chance.time = ((uint64_t) time (NULL) + 11644473600) * 10000000;
  snprintf (l->target, sizeof l->target, "cifs/%s", c->target.address);
  if (gethostname (l->workstation, sizeof l->workstation - 1) != 0)
    snprintf (l->workstation, sizeof l->workstation, "FETTLE");
  dot = strchr (l->workstation, '.');
  if (dot)
    *dot = '\0';
  l->account = (struct fettle_ntlm_account) { c->credentials.user, c->credentials.password,
                                              l->workstation, l->target };
  return r;
}

static fettle_result
by_ntlm (struct fettle_smb_state *s, struct login *l)
{
  struct fettle_writer token = FETTLE_WRITER_INIT (TOKEN_MAX);
  struct fettle_ntlm_challenge challenge;
  struct fettle_spnego_answer said;
  struct fettle_smb_answer a;
  struct fettle_bytes message;
  uint8_t list_signature[16];
  uint16_t flags = 0;
  bool ok;
  fettle_result r = ask_challenge (s, l, &a, &message, &challenge);

  if (r != FETTLE_OK)
    return r;
  ok = fettle_ntlm_authenticate (&l->account, &l->chance,
                                 (struct fettle_bytes) { (uint8_t *) l->negotiate.b.data,
                                                         l->negotiate.b.size },
                                 message, &challenge, &l->authenticate, l->session_key)
       && fettle_ntlm_sign (l->session_key, challenge.flags, fettle_spnego_ntlm_list, list_signature);
  if (!ok)
    return fettle_smb_broken (s, FETTLE_E_CONFIG, "user or password aren't UTF-8 or too long, or this host's "
                              "OpenSSL has no MD5, which NTLM needs (one in FIPS mode, e.g.)");
  fettle_spnego_next (&token, (struct fettle_bytes) { (uint8_t *) l->authenticate.b.data,
                                                      l->authenticate.b.size },
                      (struct fettle_bytes) { list_signature, sizeof list_signature });
  r = send_token (s, &token, &a, &said, &flags);
  fettle_writer_clear (&token);
  if (r == FETTLE_OK && a.status != NT_OK)
    r = fettle_smb_refused (s, a.status);
  return r == FETTLE_OK ? adopt_session (s, &a, flags, (struct fettle_bytes) { l->session_key, 16 }) : r;
}

/* ---- Kerberos ---- */

static size_t
from_hex (const char *text, size_t size, uint8_t *ret, size_t room)
{
  if (size % 2 || size / 2 > room)
    return 0;
  for (size_t i = 0; i < size; i += 2) {
    unsigned byte;
    char pair[3] = { text[i], text[i + 1], '\0' };

    if (strspn (pair, "0123456789abcdef") != 2 || sscanf (pair, "%2x", &byte) != 1)
      return 0;
    ret[i / 2] = (uint8_t) byte;
  }
  return size / 2;
}

/* The next token and its key, of what the helper has got for us: each is good
 * for one login, since a node refuses what it has seen before. */
static bool
take_ticket (struct fettle_smb_state *s, uint8_t *token, size_t *ret_size, uint8_t *key, size_t *ret_key_size)
{
  const char *p = s->c->credentials.kerberos, *colon, *end;

  for (unsigned i = 0; i < s->n_tickets && p; i++) {
    p = strchr (p, ' ');
    p = p ? p + 1 : NULL;
  }
  colon = p ? strchr (p, ':') : NULL;
  if (!colon)
    return false;
  s->n_tickets++;
  end = colon + 1 + strcspn (colon + 1, " ");
  *ret_size = from_hex (p, (size_t) (colon - p), token, TOKEN_MAX);
  *ret_key_size = from_hex (colon + 1, (size_t) (end - colon - 1), key, KEY_MAX);
  return *ret_size && *ret_key_size >= 16;
}

static fettle_result
by_kerberos (struct fettle_smb_state *s)
{
  struct fettle_writer w = FETTLE_WRITER_INIT (TOKEN_MAX + 256);
  struct fettle_spnego_answer said;
  struct fettle_smb_answer a;
  uint8_t token[TOKEN_MAX], key[KEY_MAX];
  size_t size = 0, key_size = 0;
  uint16_t flags = 0;
  fettle_result r;

  if (!take_ticket (s, token, &size, key, &key_size))
    return fettle_error_set (&s->c->error, FETTLE_E_AUTH, "%s: all Kerberos tickets of this call are used up",
                             s->doing);
  fettle_spnego_first (&w, true, (struct fettle_bytes) { token, size });
  r = send_token (s, &w, &a, &said, &flags);
  fettle_writer_clear (&w);
  if (r == FETTLE_OK && a.status != NT_OK)
    r = fettle_smb_refused (s, a.status);
  if (r == FETTLE_OK)
    r = adopt_session (s, &a, flags, (struct fettle_bytes) { key, key_size });
  s->kerberos = r == FETTLE_OK;
  fettle_wipe (token, sizeof token);
  fettle_wipe (key, sizeof key);
  return r;
}

static void
login_clear (struct login *l)
{
  fettle_writer_clear (&l->negotiate);
  fettle_writer_clear (&l->authenticate);
  fettle_wipe (l, sizeof *l);
}

static void
init_login (struct login *l)
{
  memset (l, 0, sizeof *l);
  l->negotiate.b.max = l->authenticate.b.max = TOKEN_MAX;
}

static fettle_result
log_in (struct fettle_smb_state *s)
{
  fettle_ctx *c = s->c;
  struct login l;
  fettle_result r;

  if (c->credentials.kerberos)
    return by_kerberos (s);
  if (!c->credentials.user || !c->credentials.password)
    return fettle_error_set (&c->error, FETTLE_E_AUTH, "%s wants a user and a password, and none is known: "
                             "fettle node set %s --user NAME --ask-password", c->target.name, c->target.name);
  init_login (&l);
  r = prepare (s, &l);
  if (r == FETTLE_OK)
    r = by_ntlm (s, &l);
  login_clear (&l);
  return r;
}

fettle_result
fettle_smb_ready (fettle_ctx *c, struct fettle_smb_state **ret)
{
  struct fettle_smb_state *s = fettle_smb_state (c);
  char doing[sizeof s->doing];
  fettle_result r = FETTLE_OK;

  if (!s)
    return FETTLE_E_NOMEM;
  *ret = s;
  if (s->ready)
    return FETTLE_OK;
  if (*s->login_failed)
    return fettle_error_set (&c->error, FETTLE_E_AUTH, "%s", s->login_failed);
  snprintf (doing, sizeof doing, "%s", s->doing);
  fettle_smb_begins (s, "connecting to %s", c->target.address);
  r = fettle_smb_connect (s);
  if (r == FETTLE_OK)
    r = fettle_smb_negotiate (s);
  if (r == FETTLE_OK) {
    fettle_smb_begins (s, "logging in at %s as %s", c->target.address,
                       c->credentials.kerberos ? "Kerberos knows us" : c->credentials.user ? c->credentials.user : "nobody");
    r = log_in (s);
    if (r == FETTLE_E_AUTH)
      snprintf (s->login_failed, sizeof s->login_failed, "%.*s", (int) sizeof s->login_failed - 1,
                c->error.text);
  }
  if (r != FETTLE_OK)
    fettle_smb_drop (s);
  snprintf (s->doing, sizeof s->doing, "%s", doing);
  return r;
}

fettle_result
fettle_smb_look (fettle_ctx *c, struct fettle_smb_state **ret)
{
  struct fettle_smb_state *s = fettle_smb_state (c);
  struct fettle_ntlm_challenge challenge;
  struct fettle_smb_answer a;
  struct fettle_bytes message;
  struct login l;
  fettle_result r;

  if (!s)
    return FETTLE_E_NOMEM;
  *ret = s;
  init_login (&l);
  fettle_smb_begins (s, "looking at %s", c->target.address);
  r = fettle_smb_connect (s);
  if (r == FETTLE_OK)
    r = fettle_smb_negotiate (s);
  if (r == FETTLE_OK)
    r = ask_challenge (s, &l, &a, &message, &challenge);
  login_clear (&l);
  if (r != FETTLE_OK)
    fettle_smb_drop (s);
  return r;
}
