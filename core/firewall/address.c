/* address.c - see address.h.  SPDX-License-Identifier: Apache-2.0 */
#include "util/base.h"

#include <arpa/inet.h>
#include <net/if.h>
#include <netinet/in.h>

#include "firewall/address.h"
#include "util/text.h"

static fettle_result
set_interface (struct fettle_address *a, const char *name, struct fettle_error *err)
{
  char by_index[IF_NAMESIZE];
  uint64_t index;

  if (fettle_parse_uint (name, 1, UINT32_MAX, &index)) {
    if (!if_indextoname ((unsigned) index, by_index))
      return fettle_error_set (err, FETTLE_E_CONFIG, "there is no network interface number %s", name);
    name = by_index;
  }
  if (strlen (name) >= sizeof a->interface || name[strspn (name, " \t")] == '\0')
    return fettle_error_set (err, FETTLE_E_CONFIG, "\"%.40s\" is no name of a network interface",
                             name);
  memcpy (a->interface, name, strlen (name));
  return FETTLE_OK;
}

static fettle_result
from_4 (const struct in_addr *in, const char *text, struct fettle_address *ret,
        struct fettle_error *err)
{
  uint32_t n = ntohl (in->s_addr);

  if (n >> 24 == 0 || n >> 28 >= 14)
    return fettle_error_set (err, FETTLE_E_CONFIG, "%s can't be a node's address", text);
  *ret = (struct fettle_address) { .family = 4 };
  memcpy (ret->bytes, in, sizeof *in);
  return FETTLE_OK;
}

static fettle_result
from_6 (const struct in6_addr *in6, const char *interface, const char *text,
        struct fettle_address *ret, struct fettle_error *err)
{
  struct fettle_address a = { .family = 6 };
  struct in_addr in;

  if (IN6_IS_ADDR_V4MAPPED (in6)) {
    memcpy (&in, in6->s6_addr + 12, sizeof in);
    return from_4 (&in, text, ret, err);
  }
  if (IN6_IS_ADDR_UNSPECIFIED (in6) || IN6_IS_ADDR_MULTICAST (in6))
    return fettle_error_set (err, FETTLE_E_CONFIG, "%s can't be a node's address", text);
  memcpy (a.bytes, in6, sizeof *in6);
  if (IN6_IS_ADDR_LINKLOCAL (in6)) {
    if (!interface)
      return fettle_error_set (err, FETTLE_E_CONFIG, "%s is a link-local address: it needs its "
                               "interface, as in %s%%eth0", text, text);
    if (set_interface (&a, interface, err))
      return err->code;
  }
  *ret = a;
  return FETTLE_OK;
}

fettle_result
fettle_address_parse (const char *text, struct fettle_address *ret, struct fettle_error *err)
{
  char plain[INET6_ADDRSTRLEN];
  const char *percent = strchr (text, '%');
  size_t n = percent ? (size_t) (percent - text) : strlen (text);
  struct in_addr in;
  struct in6_addr in6;

  if (n < sizeof plain) {
    memcpy (plain, text, n);
    plain[n] = '\0';
    if (!percent && inet_pton (AF_INET, plain, &in) == 1)
      return from_4 (&in, text, ret, err);
    if (inet_pton (AF_INET6, plain, &in6) == 1)
      return from_6 (&in6, percent ? percent + 1 : NULL, plain, ret, err);
  }
  return fettle_error_set (err, FETTLE_E_CONFIG, "\"%.80s\" is no IPv4 or IPv6 address", text);
}

fettle_result
fettle_address_of (const struct sockaddr *sa, struct fettle_address *ret, struct fettle_error *err)
{
  char text[INET6_ADDRSTRLEN], name[IF_NAMESIZE];

  if (sa->sa_family == AF_INET) {
    const struct sockaddr_in *sin = (const void *) sa;

    return from_4 (&sin->sin_addr, "0.0.0.0", ret, err);
  }
  if (sa->sa_family == AF_INET6) {
    const struct sockaddr_in6 *sin6 = (const void *) sa;

    inet_ntop (AF_INET6, &sin6->sin6_addr, text, sizeof text);
    return from_6 (&sin6->sin6_addr, if_indextoname (sin6->sin6_scope_id, name), text, ret, err);
  }
  return fettle_error_set (err, FETTLE_E_CONFIG, "the address is neither IPv4 nor IPv6");
}

const char *
fettle_address_text (const struct fettle_address *a, char buffer[FETTLE_ADDRESS_TEXT])
{
  size_t n;

  inet_ntop (a->family == 4 ? AF_INET : AF_INET6, a->bytes, buffer, FETTLE_ADDRESS_TEXT);
  n = strlen (buffer);
  if (a->interface[0])
    snprintf (buffer + n, FETTLE_ADDRESS_TEXT - n, "%%%s", a->interface);
  return buffer;
}

int
fettle_address_compare (const struct fettle_address *a, const struct fettle_address *b)
{
  int r = memcmp (a->bytes, b->bytes, sizeof a->bytes);

  if (a->family != b->family)
    return a->family < b->family ? -1 : 1;
  return r ? r : strncmp (a->interface, b->interface, sizeof a->interface);
}
