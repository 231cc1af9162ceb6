/* agent.c - keys of an SSH agent, over a socket that the service has connected.
 *
 * libssh2 can only open an agent's path itself, which a worker may not.  Two
 * messages of the agent's protocol are enough: which keys are there, and sign
 * this.  The agent is trusted no more than a node: all sizes are checked.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "util/base.h"

#include <errno.h>
#include <poll.h>

#include "transport/ssh.h"

#define REQUEST_IDENTITIES 11
#define IDENTITIES_ANSWER  12
#define SIGN_REQUEST       13
#define SIGN_RESPONSE      14
#define FLAG_SHA2_256      2
#define FLAG_SHA2_512      4

#define ANSWER_MAX (256 * 1024)
#define KEYS_MAX   16     /* sshd itself stops at 6 */
#define SIGN_TIME  60000  /* ms: an agent may ask its user */

struct bytes {
  const unsigned char *p;
  size_t left;
};

struct signing {
  struct fettle_ssh_state *s;
  const unsigned char *key;
  size_t key_size;
};

static bool
take_number (struct bytes *b, uint32_t *ret)
{
  if (b->left < 4)
    return false;
  *ret = (uint32_t) b->p[0] << 24 | (uint32_t) b->p[1] << 16 | (uint32_t) b->p[2] << 8 | b->p[3];
  b->p += 4, b->left -= 4;
  return true;
}

static bool
take_string (struct bytes *b, const unsigned char **ret, size_t *ret_size)
{
  uint32_t n;

  if (!take_number (b, &n) || n > b->left)
    return false;
  *ret = b->p;
  *ret_size = n;
  b->p += n, b->left -= n;
  return true;
}

static bool
add_number (struct fettle_buf *b, size_t n)
{
  unsigned char p[4] = { (unsigned char) (n >> 24), (unsigned char) (n >> 16),
                         (unsigned char) (n >> 8), (unsigned char) n };

  return fettle_buf_add (b, p, 4);
}

static bool
add_string (struct fettle_buf *b, const void *data, size_t size)
{
  return add_number (b, size) && fettle_buf_add (b, data, size);
}

static fettle_result
lost (fettle_ctx *c, fettle_result r)
{
  if (r == FETTLE_E_ABORTED)
    return r;
  return fettle_error_set (&c->error, FETTLE_E_AUTH, "the SSH agent %s",
                           r == FETTLE_E_TIMEOUT ? "doesn't answer" : "has closed its socket");
}

static fettle_result
send_all (fettle_ctx *c, const char *data, size_t size, int64_t deadline)
{
  while (size) {
    fettle_result r = fettle_context_wait (c, c->credentials.agent, POLLOUT, deadline);
    ssize_t n;

    if (r != FETTLE_OK)
      return lost (c, r);
    n = send (c->credentials.agent, data, size, MSG_NOSIGNAL | MSG_DONTWAIT);
    if (n < 0 && errno != EAGAIN && errno != EINTR)
      return lost (c, FETTLE_E_UNREACHABLE);
    if (n > 0)
      data += n, size -= (size_t) n;
  }
  return FETTLE_OK;
}

static fettle_result
receive_all (fettle_ctx *c, unsigned char *data, size_t size, int64_t deadline)
{
  while (size) {
    fettle_result r = fettle_context_wait (c, c->credentials.agent, POLLIN, deadline);
    ssize_t n;

    if (r != FETTLE_OK)
      return lost (c, r);
    n = recv (c->credentials.agent, data, size, MSG_DONTWAIT);
    if (n == 0 || (n < 0 && errno != EAGAIN && errno != EINTR))
      return lost (c, FETTLE_E_UNREACHABLE);
    if (n > 0)
      data += n, size -= (size_t) n;
  }
  return FETTLE_OK;
}

/* A request and its answer, which must be of this kind.  *ret is the answer
 * behind its kind; it lies in `room`. */
static fettle_result
ask (fettle_ctx *c, const struct fettle_buf *request, unsigned char kind, struct fettle_buf *room,
     struct bytes *ret)
{
  int64_t deadline = fettle_now_ms () + SIGN_TIME;
  unsigned char head[4];
  struct bytes h = { head, 4 };
  uint32_t n = 0;
  fettle_result r = send_all (c, request->data, request->size, deadline);

  if (r == FETTLE_OK)
    r = receive_all (c, head, 4, deadline);
  if (r != FETTLE_OK)
    return r;
  take_number (&h, &n);
  if (n < 1 || n > ANSWER_MAX)
    return fettle_error_set (&c->error, FETTLE_E_AUTH, "the SSH agent answered nonsense");
  room->data = malloc (n);
  if (!room->data)
    return fettle_error_set (&c->error, FETTLE_E_NOMEM, "no memory for the agent's answer");
  room->size = n;
  r = receive_all (c, (unsigned char *) room->data, n, deadline);
  if (r != FETTLE_OK)
    return r;
  if ((unsigned char) room->data[0] != kind)
    return fettle_error_set (&c->error, FETTLE_E_AUTH,
                             "the SSH agent refused (is it locked, or did its user say no?)");
  *ret = (struct bytes) { (const unsigned char *) room->data + 1, n - 1 };
  return FETTLE_OK;
}

/* RSA keys sign by an algorithm of another name than the key's, which is in
 * the data: session, message, user, service, "publickey", true, algorithm. */
static uint32_t
sign_flags (const unsigned char *data, size_t size)
{
  struct bytes b = { data, size };
  const unsigned char *p;
  size_t n;

  if (!take_string (&b, &p, &n) || b.left < 1)
    return 0;
  b.p++, b.left--;
  for (int i = 0; i < 3; i++)
    if (!take_string (&b, &p, &n))
      return 0;
  if (b.left < 1)
    return 0;
  b.p++, b.left--;
  if (!take_string (&b, &p, &n) || n != 12)
    return 0;
  return memcmp (p, "rsa-sha2-512", 12) == 0 ? FLAG_SHA2_512
         : memcmp (p, "rsa-sha2-256", 12) == 0 ? FLAG_SHA2_256 : 0;
}

/* libssh2 wants the signature without the algorithm's name, in memory that it
 * frees. */
static bool
give_signature (struct bytes answer, unsigned char **ret, size_t *ret_size)
{
  const unsigned char *blob, *name, *signature;
  size_t blob_size, name_size, size;
  struct bytes b;

  if (!take_string (&answer, &blob, &blob_size))
    return false;
  b = (struct bytes) { blob, blob_size };
  if (!take_string (&b, &name, &name_size) || !take_string (&b, &signature, &size) || !size)
    return false;
  *ret = malloc (size);
  if (!*ret)
    return false;
  memcpy (*ret, signature, size);
  *ret_size = size;
  return true;
}

static LIBSSH2_USERAUTH_PUBLICKEY_SIGN_FUNC (sign)
{
  struct signing *g = *abstract;
  _cleanup_ (fettle_buf_clear) struct fettle_buf request = FETTLE_BUF_INIT (ANSWER_MAX);
  _cleanup_ (fettle_buf_clear) struct fettle_buf room = FETTLE_BUF_INIT (ANSWER_MAX);
  struct bytes answer;
  unsigned char kind = SIGN_REQUEST;

  (void) session;
  if (!add_number (&request, 1 + 4 + g->key_size + 4 + data_len + 4)
      || !fettle_buf_add (&request, &kind, 1) || !add_string (&request, g->key, g->key_size)
      || !add_string (&request, data, data_len)
      || !add_number (&request, sign_flags (data, data_len)))
    return -1;
  if (ask (g->s->c, &request, SIGN_RESPONSE, &room, &answer) != FETTLE_OK)
    return -1;
  return give_signature (answer, sig, sig_len) ? 0 : -1;
}

static fettle_result
offer (struct fettle_ssh_state *s, const unsigned char *key, size_t size, int64_t deadline)
{
  struct signing g = { s, key, size };
  void *abstract = &g;
  const char *user = s->c->credentials.user;
  fettle_result r;
  int rc;

  RETRY (s, deadline, r, rc,
         libssh2_userauth_publickey (s->session, user, key, size, sign, &abstract));
  if (r != FETTLE_OK || rc == 0)
    return r;
  if (s->c->aborted)
    return FETTLE_E_ABORTED;
  if (fettle_ssh_is_dead (rc))
    return fettle_ssh_fail (s, rc, "offering the agent's keys (the node may allow fewer tries than "
                                   "the agent has keys)");
  return FETTLE_E_AUTH;
}

/* Keys that this libssh2 can't use with servers of today come last. */
static bool
comes_late (const unsigned char *key, size_t size)
{
  return !fettle_ssh_has_rsa_sha2 () && size > 11 && memcmp (key + 4, "ssh-rsa", 7) == 0;
}

static fettle_result
offer_all (struct fettle_ssh_state *s, struct bytes answer, int64_t deadline, unsigned *ret_tried)
{
  for (int late = 0; late < 2; late++) {
    struct bytes b = answer;
    uint32_t n = 0;

    take_number (&b, &n);
    while (n-- && *ret_tried < KEYS_MAX) {
      const unsigned char *key, *comment;
      size_t size, comment_size;
      fettle_result r;

      if (!take_string (&b, &key, &size) || !take_string (&b, &comment, &comment_size))
        return fettle_error_set (&s->c->error, FETTLE_E_AUTH, "the SSH agent answered nonsense");
      if (comes_late (key, size) != (late == 1))
        continue;
      ++*ret_tried;
      r = offer (s, key, size, deadline);
      if (r != FETTLE_E_AUTH)
        return r;
    }
  }
  return FETTLE_E_AUTH;
}

fettle_result
fettle_agent_login (struct fettle_ssh_state *s, int64_t deadline, unsigned *ret_tried)
{
  static const struct fettle_buf request = { (char *) (uintptr_t) "\0\0\0\1\13", 5, 5, 5, false };
  _cleanup_ (fettle_buf_clear) struct fettle_buf room = FETTLE_BUF_INIT (ANSWER_MAX);
  struct bytes answer;
  fettle_result r = ask (s->c, &request, IDENTITIES_ANSWER, &room, &answer);

  if (r != FETTLE_OK)
    return r;
  return offer_all (s, answer, deadline, ret_tried);
}
