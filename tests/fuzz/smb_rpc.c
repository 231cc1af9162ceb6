/* A packet of DCE/RPC: an answer to a bind, to a call, a fault.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "util/base.h"

#include "fuzz/fuzz.h"
#include "transport/smb-rpc-pdu.h"

int
LLVMFuzzerTestOneInput (const uint8_t *data, size_t size)
{
  struct fettle_rpc_packet p;
  struct fettle_bytes stub;
  const char *why = NULL;
  uint16_t fragment = 0;
  uint32_t fault = 0;

  if (!fettle_rpc_read_packet ((struct fettle_bytes) { data, size }, 1, &p, &why)) {
    MUST (why && *why);
    return 0;
  }
  MUST (p.body.size + FETTLE_RPC_HEAD == size);
  if (fettle_rpc_read_bind_ack (&p, &fragment, &why))
    MUST (p.type == FETTLE_RPC_BIND_ACK && fragment >= 128);
  if (fettle_rpc_read_stub (&p, &stub))
    MUST (stub.size + 8 == p.body.size && !fettle_rpc_read_fault (&p, &fault));
  return 0;
}
