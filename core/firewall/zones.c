/* zones.c - see zones.h.  SPDX-License-Identifier: Apache-2.0 */
#include "util/base.h"

#include <arpa/inet.h>

#include "firewall/zones.h"
#include "util/text.h"

enum { MEMBERS_MAX = 65536, NAMES_MAX = 4096 };

bool
fettle_zones_add (struct fettle_zones *z, const char *zone, bool source, const char *text)
{
  struct fettle_zone_member *more;

  if (z->n >= MEMBERS_MAX)
    return false;
  if (z->n == z->room) {
    more = reallocarray (z->members, z->room ? 2 * z->room : 16, sizeof *more);
    if (!more)
      return false;
    z->members = more;
    z->room = z->room ? 2 * z->room : 16;
  }
  more = &z->members[z->n++];
  memset (more, 0, sizeof *more);
  snprintf (more->zone, sizeof more->zone, "%s", zone);
  snprintf (more->text, sizeof more->text, "%s", text);
  more->source = source;
  return true;
}

void
fettle_zones_clear (struct fettle_zones *z)
{
  free (z->members);
  z->members = NULL;
  z->n = z->room = 0;
}

/* "interfaces" or "sources", and what they are. */
static bool
read_members (struct fettle_zones *z, const char *zone, sd_bus_message *m)
{
  const char *kind, *text;

  if (sd_bus_message_read (m, "s", &kind) < 0
      || sd_bus_message_enter_container (m, 'a', "s") < 0)
    return false;
  while (sd_bus_message_read (m, "s", &text) > 0)
    if (!fettle_zones_add (z, zone, strcmp (kind, "sources") == 0, text))
      return false;
  return sd_bus_message_exit_container (m) >= 0;
}

static bool
read_zone (struct fettle_zones *z, sd_bus_message *m)
{
  const char *zone;

  if (sd_bus_message_read (m, "s", &zone) < 0
      || sd_bus_message_enter_container (m, 'a', "{sas}") < 0)
    return false;
  while (sd_bus_message_enter_container (m, 'e', "sas") > 0)
    if (!read_members (z, zone, m) || sd_bus_message_exit_container (m) < 0)
      return false;
  return sd_bus_message_exit_container (m) >= 0;
}

bool
fettle_zones_read (struct fettle_zones *z, sd_bus_message *m)
{
  fettle_zones_clear (z);
  if (sd_bus_message_enter_container (m, 'a', "{sa{sas}}") < 0)
    return false;
  while (sd_bus_message_enter_container (m, 'e', "sa{sas}") > 0)
    if (!read_zone (z, m) || sd_bus_message_exit_container (m) < 0)
      return false;
  return true;
}

bool
fettle_zone_names_read (struct fettle_zone_names *names, sd_bus_message *m)
{
  const char *text;
  void *more;

  fettle_zone_names_clear (names);
  if (sd_bus_message_enter_container (m, 'a', "s") < 0)
    return false;
  while (sd_bus_message_read (m, "s", &text) > 0) {
    more = names->n < NAMES_MAX
             ? reallocarray (names->names, names->n + 1, sizeof *names->names) : NULL;
    if (!more)
      return false;
    names->names = more;
    snprintf (names->names[names->n++], FETTLE_ZONE_NAME, "%s", text);
  }
  return true;
}

void
fettle_zone_names_clear (struct fettle_zone_names *names)
{
  free (names->names);
  memset (names, 0, sizeof *names);
}

/* ---- Where an address belongs. ---- */

static bool
is_in (const struct fettle_address *a, const uint8_t *net, unsigned bits)
{
  const unsigned bytes = bits / 8, rest = bits % 8;

  return memcmp (a->bytes, net, bytes) == 0
         && (rest == 0 || (a->bytes[bytes] ^ net[bytes]) >> (8 - rest) == 0);
}

/* "24" or "255.255.255.0". */
static bool
parse_mask (const char *text, unsigned most, unsigned *ret)
{
  struct in_addr mask;
  uint64_t bits;

  if (fettle_parse_uint (text, 0, most, &bits)) {
    *ret = (unsigned) bits;
    return true;
  }
  if (most != 32 || inet_pton (AF_INET, text, &mask) != 1)
    return false;
  *ret = (unsigned) __builtin_popcount (mask.s_addr);
  return true;
}

static bool
is_source (const struct fettle_address *a, const char *text)
{
  char address[64];
  uint8_t net[16];
  const char *slash = strchr (text, '/');
  const unsigned most = a->family == 4 ? 32 : 128;
  unsigned bits = most;

  snprintf (address, sizeof address, "%.*s", (int) strcspn (text, "/"), text);
  return inet_pton (a->family == 4 ? AF_INET : AF_INET6, address, net) == 1
         && (!slash || parse_mask (slash + 1, most, &bits)) && is_in (a, net, bits);
}

const char *
fettle_zone_of (const struct fettle_zones *z, const struct fettle_address *a, const char *interface)
{
  const char *by_source = NULL, *by_interface = NULL;

  for (size_t i = 0; i < z->n; i++) {
    const struct fettle_zone_member *m = &z->members[i];

    if (!m->source && *interface && strcmp (m->text, interface) == 0)
      by_interface = m->zone;
    else if (m->source && is_source (a, m->text)
             && (!by_source || strcmp (m->zone, by_source) < 0))
      by_source = m->zone;
  }
  return by_source ? by_source : by_interface ? by_interface : z->initial;
}
