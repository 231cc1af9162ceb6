/* smb-rpc-pdu.h - packets of DCE/RPC: connection-oriented, version 5.0, NDR
 * 2.0 in little endian, without authentication of their own.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef FETTLE_SMB_RPC_PDU_H
#define FETTLE_SMB_RPC_PDU_H

#include "transport/smb-wire.h"

#define FETTLE_RPC_HEAD     16   /* bytes of each packet before its own */
#define FETTLE_RPC_FRAGMENT 5840 /* bytes of a packet that we send or ask for */

#define FETTLE_RPC_RESPONSE 2
#define FETTLE_RPC_FAULT    3
#define FETTLE_RPC_BIND_ACK 12
#define FETTLE_RPC_BIND_NAK 13

struct fettle_rpc_interface {
  uint8_t uuid[16]; /* as on the wire */
  uint16_t major, minor;
};

/* "338cd001-2244-31f1-aaaa-900038001003". */
bool fettle_rpc_uuid (const char *text, uint8_t ret[16]);

void fettle_rpc_write_bind (struct fettle_writer *, uint32_t call, const struct fettle_rpc_interface *);

/* As much of the stub as fits into one packet of that size, from `at` on: how
 * much that was. */
size_t fettle_rpc_write_request (struct fettle_writer *, uint32_t call, uint16_t opnum, size_t fragment,
                                 struct fettle_bytes stub, size_t at);

struct fettle_rpc_packet {
  uint8_t type;
  bool first, last;
  struct fettle_bytes body;
};

/* How long the packet is of which this is the beginning; 0: it isn't one. */
size_t fettle_rpc_packet_size (const uint8_t head[FETTLE_RPC_HEAD]);

/* One whole packet that answers this call. */
bool fettle_rpc_read_packet (struct fettle_bytes, uint32_t call, struct fettle_rpc_packet *ret,
                             const char **ret_why);

/* Was the interface taken?  The largest packet that the node takes. */
bool fettle_rpc_read_bind_ack (const struct fettle_rpc_packet *, uint16_t *ret_fragment,
                               const char **ret_why);

/* The stub of a response; the number of a fault. */
bool fettle_rpc_read_stub (const struct fettle_rpc_packet *, struct fettle_bytes *ret);
bool fettle_rpc_read_fault (const struct fettle_rpc_packet *, uint32_t *ret);

#endif
