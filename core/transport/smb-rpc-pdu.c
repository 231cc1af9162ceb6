/* smb-rpc-pdu.c - see smb-rpc-pdu.h.  SPDX-License-Identifier: Apache-2.0 */
#include "util/base.h"

#include "transport/smb-rpc-pdu.h"

#define REQUEST 0
#define BIND    11

#define FIRST 1u
#define LAST  2u

#define REQUEST_HEAD (FETTLE_RPC_HEAD + 8)

/* 8a885d04-1ceb-11c9-9fe8-08002b104860, 2.0: NDR. */
static const uint8_t ndr[20] = { 0x04, 0x5d, 0x88, 0x8a, 0xeb, 0x1c, 0xc9, 0x11, 0x9f, 0xe8,
                                 0x08, 0x00, 0x2b, 0x10, 0x48, 0x60, 2,    0,    0,    0 };

static int
digit (char c)
{
  return c >= '0' && c <= '9' ? c - '0' : c >= 'a' && c <= 'f' ? c - 'a' + 10
         : c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

bool
fettle_rpc_uuid (const char *text, uint8_t ret[16])
{
  /* Its first three numbers are little endian there. */
  static const uint8_t place[16] = { 3, 2, 1, 0, 5, 4, 7, 6, 8, 9, 10, 11, 12, 13, 14, 15 };
  size_t n = 0;

  if (!text || strlen (text) != 36)
    return false;
  for (size_t i = 0; i < 36; i++) {
    if (i == 8 || i == 13 || i == 18 || i == 23) {
      if (text[i] != '-')
        return false;
      continue;
    }
    if (digit (text[i]) < 0 || digit (text[i + 1]) < 0)
      return false;
    ret[place[n++]] = (uint8_t) (digit (text[i]) << 4 | digit (text[i + 1]));
    i++;
  }
  return true;
}

/* ---- Out ---- */

static void
write_head (struct fettle_writer *w, uint8_t type, uint8_t flags, uint32_t call)
{
  static const uint8_t little_endian[4] = { 0x10, 0, 0, 0 };

  fettle_write8 (w, 5);
  fettle_write8 (w, 0);
  fettle_write8 (w, type);
  fettle_write8 (w, flags);
  fettle_write (w, little_endian, sizeof little_endian);
  fettle_write16 (w, 0); /* size: in the end */
  fettle_write16 (w, 0);
  fettle_write32 (w, call);
}

static void
end_packet (struct fettle_writer *w)
{
  fettle_set16 (fettle_writer_at (w, 8), (uint16_t) w->b.size);
}

void
fettle_rpc_write_bind (struct fettle_writer *w, uint32_t call, const struct fettle_rpc_interface *i)
{
  write_head (w, BIND, FIRST | LAST, call);
  fettle_write16 (w, FETTLE_RPC_FRAGMENT);
  fettle_write16 (w, FETTLE_RPC_FRAGMENT);
  fettle_write32 (w, 0);
  fettle_write32 (w, 1); /* one context */
  fettle_write16 (w, 0);
  fettle_write16 (w, 1); /* of one transfer syntax */
  fettle_write (w, i->uuid, sizeof i->uuid);
  fettle_write16 (w, i->major);
  fettle_write16 (w, i->minor);
  fettle_write (w, ndr, sizeof ndr);
  end_packet (w);
}

size_t
fettle_rpc_write_request (struct fettle_writer *w, uint32_t call, uint16_t opnum, size_t fragment,
                          struct fettle_bytes stub, size_t at)
{
  size_t left = stub.size - at, room = (fragment - REQUEST_HEAD) & ~(size_t) 7, n = left < room ? left : room;

  write_head (w, REQUEST, (uint8_t) ((at == 0 ? FIRST : 0) | (n == left ? LAST : 0)), call);
  fettle_write32 (w, (uint32_t) left);
  fettle_write16 (w, 0);
  fettle_write16 (w, opnum);
  if (n)
    fettle_write (w, stub.data + at, n);
  end_packet (w);
  return n;
}

/* ---- In ---- */

size_t
fettle_rpc_packet_size (const uint8_t h[FETTLE_RPC_HEAD])
{
  size_t size = fettle_get16 (h + 8);

  return h[0] == 5 && size >= FETTLE_RPC_HEAD ? size : 0;
}

bool
fettle_rpc_read_packet (struct fettle_bytes in, uint32_t call, struct fettle_rpc_packet *ret,
                        const char **ret_why)
{
  const uint8_t *h = in.data;

  *ret_why = "it isn't DCE/RPC";
  if (in.size < FETTLE_RPC_HEAD || fettle_rpc_packet_size (h) != in.size)
    return false;
  *ret_why = "it isn't in little endian, as it should be";
  if (h[4] != 0x10 || h[5] != 0)
    return false;
  *ret_why = "it has an authentication that nobody asked for";
  if (fettle_get16 (h + 10) != 0)
    return false;
  *ret_why = "it answers another call";
  if (fettle_get32 (h + 12) != call)
    return false;
  ret->type = h[2];
  ret->first = h[3] & FIRST;
  ret->last = h[3] & LAST;
  return fettle_bytes_part (in, FETTLE_RPC_HEAD, in.size - FETTLE_RPC_HEAD, &ret->body);
}

bool
fettle_rpc_read_bind_ack (const struct fettle_rpc_packet *p, uint16_t *ret_fragment, const char **ret_why)
{
  struct fettle_bytes results;
  size_t at;

  *ret_why = "the service refuses to be bound";
  if (p->type != FETTLE_RPC_BIND_ACK)
    return false;
  *ret_why = "its answer to the bind is cut";
  if (p->body.size < 10)
    return false;
  /* Behind the secondary address, which begins at 10; aligned to the packet. */
  at = ((size_t) 10 + fettle_get16 (p->body.data + 8) + 3) & ~(size_t) 3;
  if (!fettle_bytes_part (p->body, at, 4 + 24, &results) || results.data[0] != 1)
    return false;
  *ret_why = "the service has no such interface, or not that version of it";
  if (fettle_get16 (results.data + 4) != 0)
    return false;
  *ret_why = "the service marshals in a way that wasn't offered";
  if (memcmp (results.data + 8, ndr, sizeof ndr) != 0)
    return false;
  *ret_why = "it takes packets of next to nothing";
  if (fettle_get16 (p->body.data + 2) < 128)
    return false;
  *ret_fragment = fettle_get16 (p->body.data + 2);
  return true;
}

bool
fettle_rpc_read_stub (const struct fettle_rpc_packet *p, struct fettle_bytes *ret)
{
  return p->type == FETTLE_RPC_RESPONSE && p->body.size >= 8
         && fettle_bytes_part (p->body, 8, p->body.size - 8, ret);
}

bool
fettle_rpc_read_fault (const struct fettle_rpc_packet *p, uint32_t *ret)
{
  if (p->type != FETTLE_RPC_FAULT || p->body.size < 12)
    return false;
  *ret = fettle_get32 (p->body.data + 8);
  return true;
}
