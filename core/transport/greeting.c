/* greeting.c - what the node said in the clear, to explain a failed handshake.
 *
 * libssh2 says no more than that keys couldn't be exchanged.  The node's offer
 * (RFC 4253, 7.1) tells which host keys it has, so that the administrator
 * hears what to mend.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "util/base.h"

#include "transport/ssh.h"

#define KEXINIT 20

/* The line of the protocol's version: others may come before it. */
static const char *
version_line (const struct fettle_ssh_state *s, size_t *ret_left)
{
  const char *p = s->greeting;
  size_t left = s->greeting_size;

  while (left >= 4) {
    const char *end;

    if (memcmp (p, "SSH-", 4) == 0) {
      *ret_left = left;
      return p;
    }
    end = memchr (p, '\n', left);
    if (!end)
      return NULL;
    left -= (size_t) (end + 1 - p);
    p = end + 1;
  }
  return NULL;
}

bool
fettle_ssh_was_turned_away (const struct fettle_ssh_state *s)
{
  static const char *const words[] = { "Exceeded MaxStartups", "Not allowed at this time" };

  for (size_t i = 0; i < COUNT (words); i++)
    if (s->greeting_size >= strlen (words[i])
        && memcmp (s->greeting, words[i], strlen (words[i])) == 0)
      return true;
  return s->greeting_size == 0;
}

static uint32_t
number (const unsigned char *p)
{
  return (uint32_t) p[0] << 24 | (uint32_t) p[1] << 16 | (uint32_t) p[2] << 8 | p[3];
}

/* The names of host key algorithms that the node offers. */
static bool
offered (const struct fettle_ssh_state *s, char *ret, size_t room)
{
  size_t left = 0;
  const char *line = version_line (s, &left);
  const char *end = line ? memchr (line, '\n', left) : NULL;
  const unsigned char *p;
  uint32_t n;

  if (!end)
    return false;
  p = (const unsigned char *) end + 1;
  left -= (size_t) (end + 1 - line);
  if (left < 22 + 4 || p[5] != KEXINIT)
    return false;
  p += 22, left -= 22; /* length, padding, message, cookie */
  n = number (p);      /* the key exchanges */
  if (n > left - 4 || left - 4 - n < 4)
    return false;
  p += 4 + n, left -= 4 + n;
  n = number (p);
  if (n > left - 4 || n >= room)
    return false;
  memcpy (ret, p + 4, n);
  ret[n] = '\0';
  return true;
}

/* A name of a comma-separated list that isn't RSA with SHA-2. */
static bool
has_more_than_rsa (const char *list)
{
  while (*list) {
    size_t n = strcspn (list, ",");

    if (n < 9 || memcmp (list, "rsa-sha2-", 9) != 0)
      return true;
    list += n + (list[n] == ',');
  }
  return false;
}

/* The words of something that isn't an SSH server, or is too busy. */
static void
first_line (const struct fettle_ssh_state *s, char *ret, size_t room)
{
  size_t n = 0;

  while (n < s->greeting_size && n + 1 < room && s->greeting[n] != '\n' && s->greeting[n] != '\r') {
    ret[n] = s->greeting[n] >= ' ' && s->greeting[n] < 0x7f ? s->greeting[n] : '?';
    n++;
  }
  ret[n] = '\0';
}

fettle_result
fettle_ssh_explain (struct fettle_ssh_state *s, int rc)
{
  struct fettle_error *err = &s->c->error;
  const char *address = s->c->target.address;
  char text[512];
  size_t left;

  if (rc == LIBSSH2_ERROR_ALLOC)
    return fettle_ssh_fail (s, rc, "connecting");
  if (!version_line (s, &left)) {
    first_line (s, text, sizeof text);
    if (!*text)
      return fettle_error_set (err, FETTLE_E_UNREACHABLE, "%s port %u closed the connection at once "
                               "(too many connections, or this host isn't let in)", address, s->port);
    return fettle_error_set (err, fettle_ssh_was_turned_away (s) ? FETTLE_E_UNREACHABLE
                                                                 : FETTLE_E_PROTOCOL,
                             "%s port %u isn't ready for SSH, it says: %s", address, s->port, text);
  }
  if (fettle_ssh_is_dead (rc))
    return fettle_ssh_fail (s, rc, "exchanging keys");
  if (!offered (s, text, sizeof text))
    return fettle_ssh_fail (s, rc, "exchanging keys");
  if (!fettle_ssh_has_rsa_sha2 () && !has_more_than_rsa (text))
    return fettle_error_set (err, FETTLE_E_UNSUPPORTED,
                             "%s port %u has RSA host keys alone (%s), which libssh2 %s can't check with "
                             "SHA-2: give the node an ed25519 host key (ssh-keygen -A, then restart "
                             "its sshd), or use libssh2 1.11 or newer", address, s->port, text,
                             libssh2_version (0));
  fettle_ssh_fail (s, rc, "exchanging keys");
  return fettle_error_prefix (err, "no common algorithm with %s port %u, whose host keys are %s: ",
                              address, s->port, text);
}
