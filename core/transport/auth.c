/* auth.c - logging in: key, agent, password, questions, in this order, as far
 * as there are credentials for them.
 *
 * What each way failed with is kept, so that the last message names them all.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "util/base.h"

#include <openssl/evp.h>

#include "transport/ssh.h"

#define QUESTIONS_MAX 3

struct attempts {
  struct fettle_buf said; /* "the key: refused; the password: refused" */
};

static void
note (struct attempts *a, const char *what, const char *why)
{
  fettle_buf_printf (&a->said, "%s%s: %s", a->said.size ? "; " : "", what, why);
}

static const char *
last_words (struct fettle_ssh_state *s)
{
  char *why = NULL;

  libssh2_session_last_error (s->session, &why, NULL, 0);
  return why && *why ? why : "refused";
}

static bool
contains (const unsigned char *data, size_t size, const char *what, size_t n)
{
  return memmem (data, size, what, n) != NULL;
}

/* An RSA key, as far as its text tells without the passphrase. */
static bool
is_rsa (const char *pem)
{
  static const char oid[] = "\x2a\x86\x48\x86\xf7\x0d\x01\x01\x01";
  const char *p = strstr (pem, "-----\n");
  unsigned char head[384];
  char base64[512];
  size_t n = 0;

  if (strstr (pem, "BEGIN RSA PRIVATE KEY"))
    return true;
  if (!p)
    return false;
  for (p += 6; *p && *p != '-' && n < sizeof base64 - 1; p++)
    if (*p != '\n' && *p != '\r')
      base64[n++] = *p;
  n -= n % 4;
  base64[n] = '\0';
  if (EVP_DecodeBlock (head, (const unsigned char *) base64, (int) n) < 0)
    return false;
  n = n / 4 * 3;
  return contains (head, n, "ssh-rsa", 7) || contains (head, n, oid, sizeof oid - 1);
}

/* Each way in returns OK, FETTLE_E_AUTH with a note when the node wants none
 * of it, or another failure, with which all is over. */
static fettle_result
by_key (struct fettle_ssh_state *s, int64_t deadline, struct attempts *a)
{
  const struct fettle_credentials *cr = &s->c->credentials;
  fettle_result r;
  int rc;

  RETRY (s, deadline, r, rc,
         libssh2_userauth_publickey_frommemory (s->session, cr->user, strlen (cr->user), NULL, 0,
                                                cr->key, strlen (cr->key), cr->passphrase));
  if (r != FETTLE_OK || rc == 0)
    return r;
  if (fettle_ssh_is_dead (rc))
    return fettle_ssh_fail (s, rc, "logging in with the key");
  if (is_rsa (cr->key) && !fettle_ssh_has_rsa_sha2 ())
    fettle_buf_printf (&a->said, "%sthe key is RSA: libssh2 %s can't sign with SHA-2, which the node "
                       "asks for; use an ed25519 key or libssh2 1.11 or newer",
                       a->said.size ? "; " : "", libssh2_version (0));
  else if (rc != LIBSSH2_ERROR_AUTHENTICATION_FAILED && rc != LIBSSH2_ERROR_PUBLICKEY_UNVERIFIED)
    note (a, "the key can't be read (wrong passphrase, or a format that libssh2 doesn't know)",
          last_words (s));
  else
    note (a, "the key", last_words (s));
  return FETTLE_E_AUTH;
}

static fettle_result
by_agent (struct fettle_ssh_state *s, int64_t deadline, struct attempts *a)
{
  unsigned tried = 0;
  char why[64];
  fettle_result r;

  s->c->error.text[0] = '\0';
  r = fettle_agent_login (s, deadline, &tried);
  if (r != FETTLE_E_AUTH)
    return r;
  snprintf (why, sizeof why, "none of %u keys was accepted", tried);
  note (a, "the agent", *s->c->error.text ? s->c->error.text : tried ? why : "it has no key");
  return r;
}

static LIBSSH2_USERAUTH_KBDINT_RESPONSE_FUNC (answer)
{
  struct fettle_ssh_state *s = *abstract;
  const char *password = s->c->credentials.password;

  (void) name, (void) name_len, (void) instruction, (void) instruction_len;
  if (++s->questions > QUESTIONS_MAX)
    return;
  for (int i = 0; i < num_prompts; i++) {
    /* What is echoed isn't a password. */
    const char *text = prompts[i].echo ? "" : password;

    responses[i].text = strdup (text);
    responses[i].length = responses[i].text ? (unsigned) strlen (text) : 0;
  }
}

static fettle_result
by_password (struct fettle_ssh_state *s, int64_t deadline, struct attempts *a)
{
  const struct fettle_credentials *cr = &s->c->credentials;
  unsigned n = (unsigned) strlen (cr->user);
  fettle_result r;
  int rc;

  RETRY (s, deadline, r, rc,
         libssh2_userauth_password_ex (s->session, cr->user, n, cr->password,
                                       (unsigned) strlen (cr->password), NULL));
  if (r != FETTLE_OK || rc == 0)
    return r;
  if (fettle_ssh_is_dead (rc))
    return fettle_ssh_fail (s, rc, "logging in with the password");
  note (a, "the password", rc == LIBSSH2_ERROR_PASSWORD_EXPIRED ? "it has expired" : "refused");
  return FETTLE_E_AUTH;
}

/* For nodes that ask for the password through PAM alone. */
static fettle_result
by_questions (struct fettle_ssh_state *s, int64_t deadline, struct attempts *a)
{
  const struct fettle_credentials *cr = &s->c->credentials;
  unsigned n = (unsigned) strlen (cr->user);
  fettle_result r;
  int rc;

  s->questions = 0;
  RETRY (s, deadline, r, rc,
         libssh2_userauth_keyboard_interactive_ex (s->session, cr->user, n, answer));
  if (r != FETTLE_OK || rc == 0)
    return r;
  if (fettle_ssh_is_dead (rc))
    return fettle_ssh_fail (s, rc, "answering the node's questions with the password");
  note (a, "the password, asked for by keyboard-interactive", "refused");
  return FETTLE_E_AUTH;
}

/* What the node lets in by; NULL also when it lets anybody in, which is then
 * done. */
static fettle_result
methods (struct fettle_ssh_state *s, int64_t deadline, const char **ret)
{
  const char *user = s->c->credentials.user;
  char *list;
  fettle_result r;

  while (!(list = libssh2_userauth_list (s->session, user, (unsigned) strlen (user)))) {
    int rc = libssh2_session_last_errno (s->session);

    if (libssh2_userauth_authenticated (s->session))
      break;
    if (rc != LIBSSH2_ERROR_EAGAIN)
      return fettle_ssh_fail (s, rc, "asking how to log in");
    r = fettle_ssh_wait (s, deadline);
    if (r != FETTLE_OK)
      return r;
  }
  *ret = list;
  return FETTLE_OK;
}

/* One way only: a wrong password that is tried twice counts twice where users
 * are locked out. */
static fettle_result
with_password (struct fettle_ssh_state *s, int64_t deadline, struct attempts *a, const char *list)
{
  if (!list || strstr (list, "password"))
    return by_password (s, deadline, a);
  if (strstr (list, "keyboard-interactive"))
    return by_questions (s, deadline, a);
  note (a, "the password", "not wanted");
  return FETTLE_E_AUTH;
}

fettle_result
fettle_ssh_login (struct fettle_ssh_state *s, int64_t deadline)
{
  const struct fettle_credentials *cr = &s->c->credentials;
  struct attempts a = { FETTLE_BUF_INIT (600) };
  const char *list = NULL;
  fettle_result r = FETTLE_E_AUTH;

  if (!cr->user)
    return fettle_error_set (&s->c->error, FETTLE_E_CONFIG, "the node has no user to log in as: "
                             "fettle node set %s --user NAME", s->c->target.name);
  if (cr->key)
    r = by_key (s, deadline, &a);
  if (r == FETTLE_E_AUTH && cr->agent >= 0)
    r = by_agent (s, deadline, &a);
  if (r == FETTLE_E_AUTH) {
    r = methods (s, deadline, &list);
    if (r == FETTLE_OK && !libssh2_userauth_authenticated (s->session))
      r = cr->password ? with_password (s, deadline, &a, list) : FETTLE_E_AUTH;
  }
  if (r == FETTLE_E_AUTH)
    fettle_error_set (&s->c->error, r, "%s refused the user %s (%s); it accepts: %s",
                      s->c->target.address, cr->user,
                      a.said.size ? fettle_buf_text (&a.said) : "no password, key or agent is set",
                      list ? list : "unknown");
  fettle_buf_clear (&a.said);
  return r;
}
