/* ranges.c - see ranges.h.  SPDX-License-Identifier: Apache-2.0 */
#include "util/base.h"

#include "firewall/ranges.h"

static unsigned
length (const struct fettle_address *a)
{
  return a->family == 4 ? 4 : 16;
}

static int
compare (const void *a, const void *b)
{
  return fettle_address_compare (a, b);
}

/* The next address; false: that was the last. */
static bool
next (struct fettle_address *a)
{
  for (unsigned i = length (a); i-- > 0;)
    if (++a->bytes[i] != 0)
      return true;
  return false;
}

fettle_result
fettle_ranges (struct fettle_address *addresses, size_t n, struct fettle_range **ret,
               size_t *ret_n, struct fettle_error *err)
{
  struct fettle_range *ranges = calloc (n + 1, sizeof *ranges);
  size_t used = 0;

  if (!ranges)
    return fettle_error_set (err, FETTLE_E_NOMEM, "no memory for %zu addresses", n);
  for (size_t i = 0; i < n; i++)
    memset (addresses[i].interface, 0, sizeof addresses[i].interface);
  if (n > 0)
    qsort (addresses, n, sizeof *addresses, compare);
  for (size_t i = 0; i < n; i++) {
    struct fettle_range *r = used ? &ranges[used - 1] : NULL;
    struct fettle_address after;

    if (r && fettle_address_compare (&r->last, &addresses[i]) == 0)
      continue;
    if (r) {
      after = r->last;
      if (next (&after) && fettle_address_compare (&after, &addresses[i]) == 0) {
        r->last = addresses[i];
        continue;
      }
    }
    ranges[used++] = (struct fettle_range) { addresses[i], addresses[i] };
  }
  *ret = ranges;
  *ret_n = used;
  return FETTLE_OK;
}

/* The last address of the network that begins at `a`. */
static struct fettle_address
end_of (const struct fettle_address *a, unsigned bits)
{
  struct fettle_address end = *a;

  for (unsigned i = bits; i < 8 * length (a); i++)
    end.bytes[i / 8] |= (uint8_t) (0x80 >> i % 8);
  return end;
}

static bool
begins_network (const struct fettle_address *a, unsigned bits)
{
  return !(a->bytes[bits / 8] & 0x80 >> bits % 8);
}

bool
fettle_range_network (struct fettle_range *r, struct fettle_address *ret_first, unsigned *ret_bits)
{
  unsigned bits = r->first.family ? 8 * length (&r->first) : 0;
  struct fettle_address end = r->first;

  if (bits == 0)
    return false;
  while (bits > 0 && begins_network (&r->first, bits - 1)) {
    struct fettle_address larger = end_of (&r->first, bits - 1);

    if (fettle_address_compare (&larger, &r->last) > 0)
      break;
    end = larger;
    bits--;
  }
  *ret_first = r->first;
  *ret_bits = bits;
  if (fettle_address_compare (&end, &r->last) == 0 || !next (&end))
    r->first.family = 0;
  else
    r->first = end;
  return true;
}

const char *
fettle_range_text (const struct fettle_range *r, char buffer[FETTLE_RANGE_TEXT])
{
  char last[FETTLE_ADDRESS_TEXT];
  size_t n;

  fettle_address_text (&r->first, buffer);
  n = strlen (buffer);
  if (fettle_address_compare (&r->first, &r->last) != 0)
    snprintf (buffer + n, FETTLE_RANGE_TEXT - n, "-%s", fettle_address_text (&r->last, last));
  return buffer;
}
