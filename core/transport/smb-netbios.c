/* smb-netbios.c - NetBIOS over TCP/IP (RFC 1001, 1002): a session on port 139,
 * and what a node's name service says on UDP port 137.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "util/base.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>

#include "transport/smb.h"
#include "util/secret.h"

#define NAME          34 /* bytes of an encoded name: length, 32 letters, end */
#define TRIES         3
#define STATUS_TIME   3000
#define DATAGRAM      2048
#define ENTRY         18
#define TYPE_STATUS   0x21
#define SESSION_ASKED 0x81
#define SESSION_GIVEN 0x82
#define SESSION_DENIED 0x83

#define NAME_GROUP  0x8000u
#define NAME_ACTIVE 0x0400u

/* 16 bytes as 32 letters. */
static void
encode_name (const char name[16], uint8_t ret[NAME])
{
  ret[0] = 32;
  for (size_t i = 0; i < 16; i++) {
    ret[1 + 2 * i] = (uint8_t) ('A' + ((uint8_t) name[i] >> 4));
    ret[2 + 2 * i] = (uint8_t) ('A' + ((uint8_t) name[i] & 15));
  }
  ret[NAME - 1] = 0;
}

/* ---- Session ---- */

/* Anybody's name for "whoever serves files here". */
static const char any_server[17] = "*SMBSERVER      ";
static const char our_name[17] = "FETTLE          ";

static const char *
why_denied (uint8_t code)
{
  switch (code) {
  case 0x80: return "it doesn't listen for that name";
  case 0x81: return "it doesn't listen for us";
  case 0x82: return "it has no such name";
  case 0x83: return "it is out of resources";
  default:   return "it doesn't say why";
  }
}

fettle_result
fettle_smb_netbios_session (struct fettle_smb_state *s)
{
  uint8_t request[4 + 2 * NAME] = { SESSION_ASKED, 0, 0, 2 * NAME }, head[4], code = 0;
  fettle_ctx *c = s->c;
  fettle_result r;

  encode_name (any_server, request + 4);
  encode_name (our_name, request + 4 + NAME);
  r = fettle_smb_write_all (c, s->fd, request, sizeof request);
  if (r == FETTLE_OK)
    r = fettle_smb_read_all (c, s->fd, head, sizeof head, c->connect_timeout);
  if (r == FETTLE_OK && head[0] == SESSION_DENIED && head[3] == 1)
    r = fettle_smb_read_all (c, s->fd, &code, 1, c->connect_timeout);
  if (r != FETTLE_OK)
    return r;
  if (head[0] == SESSION_GIVEN && head[3] == 0)
    return FETTLE_OK;
  return fettle_error_set (&c->error, head[0] == SESSION_DENIED ? FETTLE_E_UNREACHABLE : FETTLE_E_PROTOCOL,
                           "%s gives no NetBIOS session on port 139: %s", c->target.address,
                           head[0] == SESSION_DENIED ? why_denied (code) : "what it answers isn't NetBIOS");
}

/* ---- Name status ---- */

static size_t
write_status_request (uint16_t id, uint8_t ret[12 + NAME + 4])
{
  static const char anybody[16] = "*";

  memset (ret, 0, 12 + NAME + 4);
  ret[0] = (uint8_t) (id >> 8);
  ret[1] = (uint8_t) id;
  ret[5] = 1; /* one question */
  encode_name (anybody, ret + 12);
  ret[12 + NAME + 1] = TYPE_STATUS;
  ret[12 + NAME + 3] = 1;
  return 12 + NAME + 4;
}

static unsigned
big16 (const uint8_t *p)
{
  return (unsigned) p[0] << 8 | p[1];
}

/* 15 bytes, without the spaces at their end and what isn't text. */
static void
clean_name (const uint8_t *p, char ret[32])
{
  size_t n = 15;

  while (n && (p[n - 1] == ' ' || p[n - 1] == 0))
    n--;
  for (size_t i = 0; i < n; i++)
    ret[i] = p[i] > ' ' && p[i] < 0x7f ? (char) p[i] : '?';
  ret[n] = '\0';
}

static void
add_entry (struct fettle_smb_name_list *l, const uint8_t *p)
{
  unsigned flags = big16 (p + 16);
  size_t at = strlen (l->text);
  char name[32];

  clean_name (p, name);
  snprintf (l->text + at, sizeof l->text - at, "%s%s<%02x> %s%s", at ? "\n" : "", name, p[15],
            flags & NAME_GROUP ? "group" : "unique", flags & NAME_ACTIVE ? " active" : "");
  if (p[15] == 0 && !(flags & NAME_GROUP) && !*l->computer)
    memcpy (l->computer, name, sizeof l->computer);
  if (p[15] == 0 && flags & NAME_GROUP && !*l->domain)
    memcpy (l->domain, name, sizeof l->domain);
  l->n++;
}

bool
fettle_smb_read_names (struct fettle_bytes d, uint16_t id, struct fettle_smb_name_list *ret)
{
  struct fettle_bytes head, data, names, mac;
  size_t at = 12;

  memset (ret, 0, sizeof *ret);
  /* A response to this question, with one answer and without an error. */
  if (!fettle_bytes_part (d, 0, 12, &head) || big16 (head.data) != id || !(head.data[2] & 0x80)
      || (head.data[3] & 15) || big16 (head.data + 6) != 1)
    return false;
  /* Its name: as asked, or a pointer to a name. */
  at += d.size > at && d.data[at] >= 0xc0 ? 2 : NAME;
  if (!fettle_bytes_part (d, at, 10, &head) || big16 (head.data) != TYPE_STATUS
      || !fettle_bytes_part (d, at + 10, big16 (head.data + 8), &data) || data.size < 1
      || !fettle_bytes_part (data, 1, (size_t) data.data[0] * ENTRY, &names))
    return false;
  for (size_t i = 0; i < names.size; i += ENTRY)
    add_entry (ret, names.data + i);
  if (fettle_bytes_part (data, 1 + names.size, 6, &mac) && memcmp (mac.data, "\0\0\0\0\0\0", 6) != 0)
    snprintf (ret->mac, sizeof ret->mac, "%02x:%02x:%02x:%02x:%02x:%02x", mac.data[0], mac.data[1],
              mac.data[2], mac.data[3], mac.data[4], mac.data[5]);
  return true;
}

/* A socket that hears the node alone. */
static fettle_result
open_datagrams (fettle_ctx *c, int *ret_fd)
{
  struct sockaddr_in a;
  uint16_t port = 0;
  _cleanup_close_ int fd = -1;
  fettle_result r = fettle_context_port (c, FETTLE_UDP, 137, &port);

  if (r != FETTLE_OK)
    return r;
  if (c->address.ss_family != AF_INET)
    return fettle_error_set (&c->error, FETTLE_E_UNSUPPORTED, "NetBIOS names are for IPv4 only");
  memcpy (&a, &c->address, sizeof a);
  a.sin_port = htons (port);
  fd = socket (AF_INET, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, IPPROTO_UDP);
  if (fd < 0 || connect (fd, (struct sockaddr *) &a, sizeof a) != 0)
    return fettle_error_errno (&c->error, FETTLE_E_UNREACHABLE, "asking %s port %u for its names",
                               c->target.address, port);
  *ret_fd = STEAL_FD (fd);
  return FETTLE_OK;
}

/* Until an answer comes that is one, or the time is over (TIMEOUT). */
static fettle_result
await_names (fettle_ctx *c, int fd, uint16_t id, int64_t deadline, struct fettle_smb_name_list *ret)
{
  for (;;) {
    uint8_t d[DATAGRAM];
    fettle_result r = fettle_context_wait (c, fd, POLLIN, deadline);
    ssize_t n;

    if (r != FETTLE_OK)
      return r;
    n = recv (fd, d, sizeof d, MSG_DONTWAIT);
    if (n > 0 && fettle_smb_read_names ((struct fettle_bytes) { d, (size_t) n }, id, ret))
      return FETTLE_OK;
    if (n < 0 && errno != EAGAIN && errno != EINTR)
      return FETTLE_E_UNREACHABLE; /* nobody listens there */
  }
}

static fettle_result
ask_names (fettle_ctx *c, uint32_t timeout_ms, struct fettle_smb_name_list *ret)
{
  uint32_t time = timeout_ms ? timeout_ms : STATUS_TIME;
  uint8_t request[12 + NAME + 4];
  _cleanup_close_ int fd = -1;
  uint16_t id = 0;
  fettle_result r = open_datagrams (c, &fd);

  if (r == FETTLE_OK)
    r = fettle_random (&id, sizeof id, &c->error);
  if (r != FETTLE_OK)
    return r;
  for (int i = 0; i < TRIES; i++) {
    (void) send (fd, request, write_status_request (id, request), MSG_NOSIGNAL);
    r = await_names (c, fd, id, fettle_now_ms () + time / TRIES, ret);
    if (r == FETTLE_OK || r == FETTLE_E_ABORTED)
      return r;
  }
  return fettle_error_set (&c->error, FETTLE_E_UNREACHABLE, "asking %s for its NetBIOS names: %s",
                           c->target.address, r == FETTLE_E_TIMEOUT
                             ? "no answer (it doesn't use them, as most nodes of today, or a firewall is in between)"
                             : "nobody listens there");
}

fettle_result
fettle_smb_name_status (fettle_ctx *c, uint32_t timeout_ms, struct fettle_smb_names *ret)
{
  struct fettle_smb_state *s = fettle_smb_state (c);
  uint32_t size = ret->struct_size;
  struct fettle_smb_names names;
  fettle_result r;

  if (s && !s->names)
    s->names = malloc (sizeof *s->names);
  if (!s || !s->names)
    return fettle_error_set (&c->error, FETTLE_E_NOMEM, "no memory");
  s->status = 0;
  r = ask_names (c, timeout_ms, s->names);
  if (r != FETTLE_OK)
    return r;
  names = (struct fettle_smb_names) { size, s->names->n, s->names->computer, s->names->domain,
                                      s->names->mac, s->names->text };
  memcpy (ret, &names, size < sizeof names ? size : sizeof names);
  return FETTLE_OK;
}
