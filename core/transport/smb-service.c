/* smb-service.c - the table of smb/1, what it tells, and the connection's end.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "util/base.h"

#include <netdb.h>
#include <sys/socket.h>

#include "transport/smb-crypto.h"
#include "transport/smb.h"
#include "transport/transport.h"

static const char *
signing_name (const struct fettle_smb_state *s)
{
  if (!s->dialect)
    return "";
  return s->signing == FETTLE_SMB_AES_GMAC ? "AES-GMAC" : s->signing == FETTLE_SMB_AES_CMAC ? "AES-CMAC"
                                                                                          : "HMAC-SHA256";
}

/* A call has a process of its own. */
static const char *
our_address (const struct fettle_smb_state *s)
{
  static char text[NI_MAXHOST];
  struct sockaddr_storage a;
  socklen_t size = sizeof a;

  text[0] = '\0';
  if (s->fd < 0 || getsockname (s->fd, (struct sockaddr *) &a, &size) != 0
      || getnameinfo ((struct sockaddr *) &a, size, text, sizeof text, NULL, 0, NI_NUMERICHOST) != 0)
    text[0] = '\0';
  return text;
}

static void
tell (const struct fettle_smb_state *s, struct fettle_smb_facts *ret)
{
  struct fettle_smb_facts f = {
    .struct_size = ret->struct_size,
    .flags = s->ready ? FETTLE_SMB_LOGGED_IN | FETTLE_SMB_SIGNED | (s->cipher ? FETTLE_SMB_ENCRYPTED : 0)
                          | (s->kerberos ? FETTLE_SMB_KERBEROS : 0)
                      : 0,
    .dialect = s->dialect,
    .port = s->declared,
    .computer = s->told.computer,
    .domain = s->told.domain,
    .dns_name = s->told.dns_name,
    .dns_domain = s->told.dns_domain,
    .cipher = fettle_smb_cipher_name (s->cipher),
    .signing = signing_name (s),
    .os_major = s->told.os_major,
    .os_minor = s->told.os_minor,
    .os_build = s->told.os_build,
    .max_transfer = s->max_transfer,
    .node_time = s->node_time,
    .our_time = s->our_time,
  };

  f.our_address = our_address (s);
  memcpy (ret, &f, f.struct_size < sizeof f ? f.struct_size : sizeof f);
}

static fettle_result
look (fettle_ctx *c, struct fettle_smb_facts *ret)
{
  struct fettle_smb_state *s = NULL;
  fettle_result r = fettle_smb_look (c, &s);

  if (r != FETTLE_OK)
    return r;
  tell (s, ret);
  /* What was told is kept; nobody logged in. */
  if (s->fd >= 0)
    close (s->fd);
  s->fd = -1;
  return FETTLE_OK;
}

static fettle_result
connect_call (fettle_ctx *c, struct fettle_smb_facts *ret)
{
  struct fettle_smb_state *s = fettle_smb_state (c);
  fettle_result r;

  if (!s)
    return FETTLE_E_NOMEM;
  fettle_smb_begins (s, "connecting to %s", c->target.address);
  r = fettle_smb_ready (c, &s);
  if (r == FETTLE_OK && ret)
    tell (s, ret);
  return r;
}

static void
disconnect (fettle_ctx *c)
{
  if (c->smb)
    fettle_smb_drop (c->smb);
}

static uint32_t
status (fettle_ctx *c)
{
  return c->smb ? c->smb->status : 0;
}

void
fettle_smb_close (fettle_ctx *c)
{
  if (!c->smb)
    return;
  fettle_smb_drop (c->smb);
  fettle_smb_rpc_close_all (c->smb);
  free (c->smb->names);
  free (c->smb);
  c->smb = NULL;
}

const struct fettle_smb fettle_smb_service = {
  .struct_size = sizeof (struct fettle_smb),
  .version = 1,
  .look = look,
  .connect = connect_call,
  .disconnect = disconnect,
  .status = status,
  .put = fettle_smb_put,
  .write = fettle_smb_write,
  .read = fettle_smb_read,
  .stat = fettle_smb_stat,
  .list = fettle_smb_list,
  .make_directory = fettle_smb_make_directory,
  .remove = fettle_smb_remove,
  .remove_directory = fettle_smb_remove_directory,
  .rename = fettle_smb_rename,
  .space = fettle_smb_space,
  .rpc_open = fettle_smb_rpc_open,
  .rpc_call = fettle_smb_rpc_call,
  .rpc_close = fettle_smb_rpc_close,
  .name_status = fettle_smb_name_status,
};
