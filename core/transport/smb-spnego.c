/* smb-spnego.c - see smb-spnego.h.  SPDX-License-Identifier: Apache-2.0 */
#include "util/base.h"

#include <openssl/asn1.h>

#include "transport/smb-spnego.h"

#define MECHANISMS_MAX 16

/* With tag and length. */
static const uint8_t spnego_oid[] = { 0x06, 0x06, 0x2b, 0x06, 0x01, 0x05, 0x05, 0x02 };
static const uint8_t ntlm_list[] = { 0x30, 0x0c, 0x06, 0x0a, 0x2b, 0x06, 0x01, 0x04, 0x01, 0x82, 0x37, 0x02, 0x02, 0x0a };
const struct fettle_bytes fettle_spnego_ntlm_list = { ntlm_list, sizeof ntlm_list };
static const uint8_t ntlm_oid[] = { 0x06, 0x0a, 0x2b, 0x06, 0x01, 0x04, 0x01, 0x82, 0x37, 0x02, 0x02, 0x0a };
static const uint8_t kerberos_oid[] = { 0x06, 0x09, 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x12, 0x01, 0x02, 0x02 };
/* As Windows 2000 wrote it, and servers still offer. */
static const uint8_t old_kerberos_oid[] = { 0x06, 0x09, 0x2a, 0x86, 0x48, 0x82, 0xf7, 0x12, 0x01, 0x02, 0x02 };

#define SEQUENCE     0x30
#define OCTETS       0x04
#define APPLICATION  0x60
#define CONTEXT(n)   (0xa0 | (n))

/* ---- Writing ---- */

/* Puts tag and length in front of what was written from `begin` on. */
static void
wrap (struct fettle_writer *w, size_t begin, uint8_t tag)
{
  size_t size = w->b.size - begin, n = size < 0x80 ? 2 : size < 0x100 ? 3 : 4;
  uint8_t head[4] = { tag, (uint8_t) (n == 2 ? size : 0x80 + n - 2), (uint8_t) (n == 4 ? size >> 8 : size),
                      (uint8_t) size };
  uint8_t *p;

  if (size > 0xffff)
    w->bad = true;
  fettle_write_zeros (w, n);
  if (w->bad)
    return;
  p = fettle_writer_at (w, begin);
  memmove (p + n, p, size);
  memcpy (p, head, n);
}

static void
write_octets (struct fettle_writer *w, uint8_t field, struct fettle_bytes octets)
{
  size_t begin = w->b.size;

  fettle_write (w, octets.data, octets.size);
  wrap (w, begin, OCTETS);
  wrap (w, begin, field);
}

void
fettle_spnego_first (struct fettle_writer *w, bool kerberos, struct fettle_bytes token)
{
  size_t begin = w->b.size, inner;

  fettle_write (w, spnego_oid, sizeof spnego_oid);
  inner = w->b.size;
  if (kerberos)
    fettle_write (w, kerberos_oid, sizeof kerberos_oid);
  else
    fettle_write (w, ntlm_oid, sizeof ntlm_oid);
  wrap (w, inner, SEQUENCE);
  wrap (w, inner, CONTEXT (0));
  write_octets (w, CONTEXT (2), token);
  wrap (w, inner, SEQUENCE);
  wrap (w, inner, CONTEXT (0));
  wrap (w, begin, APPLICATION);
}

void
fettle_spnego_next (struct fettle_writer *w, struct fettle_bytes token, struct fettle_bytes signature)
{
  size_t begin = w->b.size;

  write_octets (w, CONTEXT (2), token);
  write_octets (w, CONTEXT (3), signature);
  wrap (w, begin, SEQUENCE);
  wrap (w, begin, CONTEXT (1));
}

/* ---- Reading ---- */

/* The element at the beginning of *in, which is moved behind it: its tag's
 * byte, or 0 when there is none.  OpenSSL reads the lengths. */
static uint8_t
next_element (struct fettle_bytes *in, struct fettle_bytes *ret)
{
  const unsigned char *p = in->data;
  long size = 0;
  int tag = 0, class = 0, how;

  if (!in->size || in->size > INT32_MAX)
    return 0;
  how = ASN1_get_object (&p, &size, &tag, &class, (long) in->size);
  if (how & 0x80 || how & 1 || size < 0 || tag > 30)
    return 0;
  ret->data = p;
  ret->size = (size_t) size;
  in->size -= (size_t) (p - in->data) + ret->size;
  in->data = p + size;
  return (uint8_t) (class | tag | (how & V_ASN1_CONSTRUCTED));
}

static bool
enter (struct fettle_bytes *in, uint8_t tag)
{
  struct fettle_bytes inner;

  if (next_element (in, &inner) != tag)
    return false;
  *in = inner;
  return true;
}

bool
fettle_spnego_read (struct fettle_bytes in, struct fettle_spnego_answer *ret)
{
  struct fettle_spnego_answer a = { .state = -1 };
  struct fettle_bytes field;

  if (!enter (&in, CONTEXT (1)) || !enter (&in, SEQUENCE))
    return false;
  while (in.size) {
    uint8_t tag = next_element (&in, &field);

    if (tag == 0)
      return false;
    if (tag == CONTEXT (0)) {
      if (!enter (&field, V_ASN1_ENUMERATED) || field.size != 1)
        return false;
      a.state = field.data[0];
    } else if (tag == CONTEXT (2)) {
      if (!enter (&field, OCTETS))
        return false;
      a.token = field;
    }
  }
  *ret = a;
  return true;
}

static bool
is_oid (struct fettle_bytes value, const uint8_t *oid, size_t size)
{
  return value.size == size - 2 && memcmp (value.data, oid + 2, value.size) == 0;
}

unsigned
fettle_spnego_offers (struct fettle_bytes in)
{
  struct fettle_bytes value;
  unsigned found = 0;

  if (!enter (&in, APPLICATION) || next_element (&in, &value) != V_ASN1_OBJECT
      || !is_oid (value, spnego_oid, sizeof spnego_oid) || !enter (&in, CONTEXT (0))
      || !enter (&in, SEQUENCE) || !enter (&in, CONTEXT (0)) || !enter (&in, SEQUENCE))
    return 0;
  for (int i = 0; i < MECHANISMS_MAX && next_element (&in, &value) == V_ASN1_OBJECT; i++) {
    if (is_oid (value, ntlm_oid, sizeof ntlm_oid))
      found |= FETTLE_SPNEGO_NTLM;
    if (is_oid (value, kerberos_oid, sizeof kerberos_oid)
        || is_oid (value, old_kerberos_oid, sizeof old_kerberos_oid))
      found |= FETTLE_SPNEGO_KERBEROS;
  }
  return found;
}
