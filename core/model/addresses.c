/* addresses.c - see addresses.h.  SPDX-License-Identifier: Apache-2.0 */
#include "util/base.h"

#include <arpa/inet.h>

#include "model/addresses.h"
#include "util/text.h"

/* In network order; IPv4 has four bytes. */
struct address {
  int family;
  unsigned size;
  unsigned char bytes[16];
};

static bool
parse (const char *text, size_t size, struct address *ret)
{
  char copy[INET6_ADDRSTRLEN];

  if (size >= sizeof copy)
    return false;
  snprintf (copy, sizeof copy, "%.*s", (int) size, text);
  *ret = (struct address) { .family = strchr (copy, ':') ? AF_INET6 : AF_INET };
  ret->size = ret->family == AF_INET6 ? 16 : 4;
  return inet_pton (ret->family, copy, ret->bytes) == 1;
}

/* False behind the last address there is. */
static bool
next (struct address *a)
{
  for (unsigned i = a->size; i-- > 0;)
    if (++a->bytes[i])
      return true;
  return false;
}

static fettle_result
add_all (struct address from, const struct address *last, json_t *ret, const char *text,
         struct fettle_error *err)
{
  char one[INET6_ADDRSTRLEN];
  size_t n = 0;

  if (memcmp (from.bytes, last->bytes, from.size) > 0)
    return fettle_error_set (err, FETTLE_E_CONFIG, "the range %.100s ends before it begins", text);
  do {
    if (++n > FETTLE_ADDRESSES_MAX)
      return fettle_error_set (err, FETTLE_E_CONFIG, "the range %.100s has more than %d addresses",
                               text, FETTLE_ADDRESSES_MAX);
    inet_ntop (from.family, from.bytes, one, sizeof one);
    json_array_append_new (ret, json_string (one));
  } while (memcmp (from.bytes, last->bytes, from.size) != 0 && next (&from));
  return FETTLE_OK;
}

static fettle_result
add_network (const char *text, struct address a, unsigned prefix, json_t *ret,
             struct fettle_error *err)
{
  struct address last = a;
  unsigned bits = 8 * a.size;

  if (bits - prefix > 16)
    return fettle_error_set (err, FETTLE_E_CONFIG, "the range %.100s has more than %d addresses", text,
                             FETTLE_ADDRESSES_MAX);
  for (unsigned i = prefix; i < bits; i++) {
    a.bytes[i / 8] &= (unsigned char) ~(0x80u >> i % 8);
    last.bytes[i / 8] |= (unsigned char) (0x80u >> i % 8);
  }
  if (a.family == AF_INET && bits - prefix > 1) {
    a.bytes[3]++;
    last.bytes[3]--;
  }
  return add_all (a, &last, ret, text, err);
}

static fettle_result
wrong (const char *text, struct fettle_error *err)
{
  return fettle_error_set (err, FETTLE_E_CONFIG, "\"%.100s\" is no range of addresses like"
                           " 10.1.0.0/24 or 10.1.0.5-20", text);
}

/* "20" is the last byte of an IPv4 address. */
static fettle_result
add_span (const char *text, const struct address *from, const char *end, json_t *ret,
          struct fettle_error *err)
{
  struct address last = *from;
  uint64_t number;

  if (from->family == AF_INET && fettle_parse_uint (end, 0, 255, &number))
    last.bytes[3] = (unsigned char) number;
  else if (!parse (end, strlen (end), &last) || last.family != from->family)
    return wrong (text, err);
  return add_all (*from, &last, ret, text, err);
}

bool
fettle_addresses_is_range (const char *text)
{
  size_t n = strcspn (text, "/-");
  struct address a;

  return text[n] && parse (text, n, &a);
}

fettle_result
fettle_addresses_parse (const char *text, json_t *ret, struct fettle_error *err)
{
  size_t n = strcspn (text, "/-");
  struct address a;
  uint64_t prefix;

  if (!parse (text, n, &a))
    return wrong (text, err);
  if (text[n] == '-')
    return add_span (text, &a, text + n + 1, ret, err);
  if (!text[n])
    return add_all (a, &a, ret, text, err);
  if (!fettle_parse_uint (text + n + 1, 0, 8 * a.size, &prefix))
    return wrong (text, err);
  return add_network (text, a, (unsigned) prefix, ret, err);
}
