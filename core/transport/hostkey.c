/* hostkey.c - is it the node that it was?
 *
 * A key that is pinned for the node decides alone.  Else what known_hosts says
 * about the node's address or name; else the policy.  The kinds of key that
 * are known are asked for first, so that a node which has got a key of a new
 * kind beside its old one is still known.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "util/base.h"

#include <openssl/evp.h>
#include <openssl/sha.h>

#include "transport/ssh.h"
#include "util/file.h"

#define KNOWN_MAX      16                 /* keys of one node in known_hosts */
#define KNOWN_FILE_MAX (8 * 1024 * 1024)  /* bytes of known_hosts */
#define FINGERPRINT    160                /* "TYPE SHA256:..." */

struct known {
  char fingerprint[FINGERPRINT];
  bool revoked;
};

struct known_list {
  struct known keys[KNOWN_MAX];
  size_t n;
};

static const char *const kinds[] = {
  "ssh-ed25519", "ecdsa-sha2-nistp256", "ecdsa-sha2-nistp384", "ecdsa-sha2-nistp521",
  "rsa-sha2-512", "rsa-sha2-256", "ssh-rsa",
};

/* "TYPE SHA256:base64" of a key as it is sent: its type is its first string. */
static bool
fingerprint (const unsigned char *key, size_t size, char ret[FINGERPRINT])
{
  unsigned char digest[SHA256_DIGEST_LENGTH];
  char base64[64];
  size_t n;

  if (size < 4)
    return false;
  n = (size_t) key[0] << 24 | (size_t) key[1] << 16 | (size_t) key[2] << 8 | key[3];
  if (n > size - 4 || n > 64)
    return false;
  if (!EVP_Digest (key, size, digest, NULL, EVP_sha256 (), NULL))
    return false;
  EVP_EncodeBlock ((unsigned char *) base64, digest, sizeof digest);
  base64[strcspn (base64, "=")] = '\0';
  snprintf (ret, FINGERPRINT, "%.*s SHA256:%s", (int) n, (const char *) key + 4, base64);
  return true;
}

/* The kind of a fingerprint, "ssh-rsa" being three kinds of signature. */
static bool
is_kind (const char *print, const char *kind)
{
  size_t n = strcspn (print, " ");

  if (strncmp (kind, "rsa-sha2-", 9) == 0)
    kind = "ssh-rsa";
  return strlen (kind) == n && strncmp (print, kind, n) == 0;
}

static bool
names_node (LIBSSH2_KNOWNHOSTS *one, const struct fettle_ssh_state *s, const char *key, int kind)
{
  const char *names[] = { s->c->target.address, s->c->target.name };

  for (size_t i = 0; i < COUNT (names); i++)
    if (names[i]
        && libssh2_knownhost_checkp (one, names[i], s->port, key, strlen (key),
                                     LIBSSH2_KNOWNHOST_TYPE_PLAIN | LIBSSH2_KNOWNHOST_KEYENC_BASE64
                                       | kind, NULL) == LIBSSH2_KNOWNHOST_CHECK_MATCH)
      return true;
  return false;
}

static void
remember (struct known_list *list, const char *base64, bool revoked)
{
  unsigned char key[4096];
  size_t n = strlen (base64);
  int size;

  if (list->n == KNOWN_MAX || n > sizeof key)
    return;
  size = EVP_DecodeBlock (key, (const unsigned char *) base64, (int) n);
  for (; size > 0 && n && base64[n - 1] == '='; n--)
    size--;
  if (size <= 0 || !fingerprint (key, (size_t) size, list->keys[list->n].fingerprint))
    return;
  list->keys[list->n++].revoked = revoked;
}

/* One line, by itself: libssh2 then says whether it is about this node, also
 * where names are hashed. */
static void
read_line (struct fettle_ssh_state *s, char *line, struct known_list *list)
{
  bool revoked = strncmp (line, "@revoked ", 9) == 0;
  LIBSSH2_KNOWNHOSTS *one;
  struct libssh2_knownhost *entry = NULL;

  if (revoked)
    line += 9;
  line += strspn (line, " \t");
  if (*line == '\0' || *line == '#' || *line == '@')
    return;
  one = libssh2_knownhost_init (s->session);
  if (one && libssh2_knownhost_readline (one, line, strlen (line), LIBSSH2_KNOWNHOST_FILE_OPENSSH) == 0
      && libssh2_knownhost_get (one, &entry, NULL) == 0
      && names_node (one, s, entry->key, entry->typemask & LIBSSH2_KNOWNHOST_KEY_MASK))
    remember (list, entry->key, revoked);
  if (one)
    libssh2_knownhost_free (one);
}

static fettle_result
read_known_hosts (struct fettle_ssh_state *s, struct known_list *list)
{
  _cleanup_ (fettle_buf_clear) struct fettle_buf text = FETTLE_BUF_INIT (KNOWN_FILE_MAX);
  char *p;

  if (s->c->known_hosts < 0 || s->c->pinned)
    return FETTLE_OK;
  if (lseek (s->c->known_hosts, 0, SEEK_SET) < 0
      || fettle_fd_read (s->c->known_hosts, "known_hosts", &text, &s->c->error) != FETTLE_OK)
    return fettle_error_prefix (&s->c->error, "looking for the node's host key: ");
  for (p = text.data; p && *p;) {
    char *end = p + strcspn (p, "\r\n");
    bool last = *end == '\0';

    *end = '\0';
    read_line (s, p, list);
    p = last ? NULL : end + 1;
  }
  return FETTLE_OK;
}

static bool
is_known_kind (const struct fettle_ssh_state *s, const struct known_list *list, const char *kind)
{
  if (s->c->pinned)
    return is_kind (s->c->pinned, kind);
  for (size_t i = 0; i < list->n; i++)
    if (!list->keys[i].revoked && is_kind (list->keys[i].fingerprint, kind))
      return true;
  return false;
}

fettle_result
fettle_hostkey_prefer (struct fettle_ssh_state *s)
{
  struct known_list list = { .n = 0 };
  _cleanup_ (fettle_buf_clear) struct fettle_buf names = FETTLE_BUF_INIT (1024);
  fettle_result r = read_known_hosts (s, &list);

  if (r != FETTLE_OK)
    return r;
  for (int known = 1; known >= 0; known--)
    for (size_t i = 0; i < COUNT (kinds); i++)
      if (is_known_kind (s, &list, kinds[i]) == (known == 1))
        fettle_buf_printf (&names, "%s%s", names.size ? "," : "", kinds[i]);
  libssh2_session_method_pref (s->session, LIBSSH2_METHOD_HOSTKEY, fettle_buf_text (&names));
  return FETTLE_OK;
}

static fettle_result
changed (struct fettle_ssh_state *s, const char *old, const char *now)
{
  const char *name = s->c->target.name;

  return fettle_error_set (&s->c->error, FETTLE_E_AUTH,
                           "the host key of %s has changed: known is %s, the node at %s port %u shows %s. "
                           "Somebody may be in between; if the node was set up anew, accept it with: "
                           "fettle node set %s --forget-host-key", name, old, s->c->target.address,
                           s->port, now, name);
}

static fettle_result
unknown (struct fettle_ssh_state *s, const char *now)
{
  return fettle_error_set (&s->c->error, FETTLE_E_AUTH,
                           "the host key of %s is unknown, and host_keys is \"strict\": it shows %s. "
                           "Compare it on the node (ssh-keygen -lf), then: fettle node set %s "
                           "--host-key \"%s\"", s->c->target.name, now, s->c->target.name, now);
}

/* What known_hosts says: OK with *ret_known, or a failure. */
static fettle_result
look_up (struct fettle_ssh_state *s, const char *now, bool *ret_known)
{
  struct known_list list = { .n = 0 };
  const char *other = NULL;
  fettle_result r = read_known_hosts (s, &list);

  if (r != FETTLE_OK)
    return r;
  for (size_t i = 0; i < list.n; i++) {
    bool same = strcmp (list.keys[i].fingerprint, now) == 0;

    if (same && list.keys[i].revoked)
      return fettle_error_set (&s->c->error, FETTLE_E_AUTH,
                               "the host key %s of %s is marked as revoked in known_hosts", now,
                               s->c->target.name);
    if (list.keys[i].revoked)
      continue;
    *ret_known |= same;
    other = list.keys[i].fingerprint;
  }
  if (!*ret_known && other)
    return changed (s, other, now);
  return FETTLE_OK;
}

fettle_result
fettle_hostkey_check (struct fettle_ssh_state *s)
{
  char now[FINGERPRINT];
  size_t size = 0;
  int kind = 0;
  const char *key = libssh2_session_hostkey (s->session, &size, &kind);
  bool known = false;
  fettle_result r;

  if (!key || !fingerprint ((const unsigned char *) key, size, now))
    return fettle_error_set (&s->c->error, FETTLE_E_PROTOCOL, "%s port %u shows no host key",
                             s->c->target.address, s->port);
  if (s->c->pinned)
    return strcmp (s->c->pinned, now) == 0 ? FETTLE_OK : changed (s, s->c->pinned, now);
  r = look_up (s, now, &known);
  if (r != FETTLE_OK)
    return r;
  if (!known && s->c->strict)
    return unknown (s, now);
  s->c->send (s->c, json_pack ("{s:s}", "host_key", now));
  return FETTLE_OK;
}
