/* smb-rpc.c - remote procedures, over named pipes and over TCP.
 *
 * The last packet of a request and the first of its answer are one exchange
 * (FSCTL_PIPE_TRANSCEIVE); what doesn't fit is written before, and read
 * afterwards.  A pipe is read as a stream: where the node's own messages end
 * doesn't matter.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "util/base.h"

#include "transport/smb-rpc-pdu.h"
#include "transport/smb.h"

#define IN_MAX           (1024 * 1024)
#define OUT_MAX          (16 * 1024 * 1024)
#define STREAM_MAX       (256 * 1024) /* received and not looked at yet */
#define PIECE            65536        /* of a read of a pipe */
#define FSCTL_TRANSCEIVE 0x0011c017u

struct fettle_smb_pipe {
  struct fettle_smb_state *s;
  struct fettle_smb_open file;
  int fd;                   /* of TCP; -1: a pipe */
  bool dead;                /* of no use but to be closed */
  uint32_t call;
  uint16_t fragment;        /* the largest packet that the node takes */
  struct fettle_buf stream; /* what came: packets */
  struct fettle_buf answer; /* the last stub */
  char name[64];            /* "winreg", "port 135" */
};

/* ---- Bytes there and back ---- */

static fettle_result
keep (struct fettle_smb_pipe *p, struct fettle_bytes d)
{
  if (!fettle_buf_add (&p->stream, d.data, d.size))
    return fettle_smb_broken (p->s, FETTLE_E_PROTOCOL, "the service sends more than it should");
  return FETTLE_OK;
}

static fettle_result
transceive (struct fettle_smb_pipe *p, const struct fettle_writer *packet, uint32_t timeout_ms)
{
  struct fettle_smb_state *s = p->s;
  struct fettle_smb_question q = { .least = 48, .also = NT_BUFFER_OVERFLOW, .payload = PIECE,
                                   .timeout_ms = timeout_ms };
  struct fettle_smb_answer a;
  struct fettle_writer *w = fettle_smb_begin (s, SMB_IOCTL, p->file.tree);
  struct fettle_bytes d;
  fettle_result r;

  fettle_write16 (w, 57);
  fettle_write16 (w, 0);
  fettle_write32 (w, FSCTL_TRANSCEIVE);
  fettle_write (w, p->file.file.id, sizeof p->file.file.id);
  fettle_write32 (w, SMB_HEADER + 56);
  fettle_write32 (w, (uint32_t) packet->b.size);
  fettle_write32 (w, 0);
  fettle_write32 (w, 0);
  fettle_write32 (w, 0);
  fettle_write32 (w, s->max_transact);
  fettle_write32 (w, 1);
  fettle_write32 (w, 0);
  fettle_write (w, packet->b.data, packet->b.size);
  r = fettle_smb_ask (s, &q, &a);
  if (r == FETTLE_OK)
    r = fettle_smb_part (s, &a, fettle_get32 (a.body.data + 32), fettle_get32 (a.body.data + 36), &d);
  return r == FETTLE_OK ? keep (p, d) : r;
}

static fettle_result
read_pipe (struct fettle_smb_pipe *p, uint32_t timeout_ms)
{
  struct fettle_smb_state *s = p->s;
  struct fettle_smb_question q = { .least = 16, .also = NT_BUFFER_OVERFLOW, .payload = PIECE,
                                   .timeout_ms = timeout_ms };
  struct fettle_smb_answer a;
  struct fettle_writer *w = fettle_smb_begin (s, SMB_READ, p->file.tree);
  struct fettle_bytes d;
  fettle_result r;

  fettle_write16 (w, 49);
  fettle_write16 (w, SMB_HEADER + 16);
  fettle_write32 (w, PIECE);
  fettle_write64 (w, 0);
  fettle_write (w, p->file.file.id, sizeof p->file.file.id);
  fettle_write_zeros (w, 16);
  fettle_write8 (w, 0);
  r = fettle_smb_ask (s, &q, &a);
  if (r == FETTLE_OK)
    r = fettle_smb_part (s, &a, a.body.data[2], fettle_get32 (a.body.data + 4), &d);
  if (r == FETTLE_OK && d.size == 0)
    r = fettle_smb_broken (s, FETTLE_E_PROTOCOL, "the service ends in the middle of its answer");
  return r == FETTLE_OK ? keep (p, d) : r;
}

/* One packet of a request; with the last one its answer may begin. */
static fettle_result
send_packet (struct fettle_smb_pipe *p, const struct fettle_writer *packet, bool last, uint32_t timeout_ms)
{
  fettle_result r;

  if (packet->bad)
    return fettle_error_set (&p->s->c->error, FETTLE_E_NOMEM, "%s: no memory", p->s->doing);
  if (p->fd >= 0) {
    r = fettle_smb_write_all (p->s->c, p->fd, packet->b.data, packet->b.size);
    return r == FETTLE_OK || r == FETTLE_E_ABORTED
             ? r : fettle_error_prefix (&p->s->c->error, "%s: ", p->s->doing);
  }
  if (last)
    return transceive (p, packet, timeout_ms);
  return fettle_smb_write_at (p->s, &p->file, 0, packet->b.data, (uint32_t) packet->b.size);
}

/* Until so much of the stream is there. */
static fettle_result
fill (struct fettle_smb_pipe *p, size_t want, uint32_t timeout_ms)
{
  fettle_result r = FETTLE_OK;

  while (r == FETTLE_OK && p->stream.size < want) {
    char piece[8192];
    size_t n = want - p->stream.size;

    if (p->fd < 0) {
      r = read_pipe (p, timeout_ms);
      continue;
    }
    n = n < sizeof piece ? n : sizeof piece;
    r = fettle_smb_read_all (p->s->c, p->fd, piece, n, timeout_ms);
    if (r == FETTLE_OK && !fettle_buf_add (&p->stream, piece, n))
      r = fettle_error_set (&p->s->c->error, FETTLE_E_PROTOCOL, "the service sends more than it should");
    if (r != FETTLE_OK && r != FETTLE_E_ABORTED)
      fettle_error_prefix (&p->s->c->error, "%s: ", p->s->doing);
  }
  return r;
}

static fettle_result
nonsense (struct fettle_smb_pipe *p, const char *why)
{
  return fettle_error_set (&p->s->c->error, FETTLE_E_PROTOCOL, "%s: the service's answer is refused: %s",
                           p->s->doing, why);
}

/* The next packet, at the beginning of the stream; *ret_size bytes to be
 * dropped once it was looked at. */
static fettle_result
next_packet (struct fettle_smb_pipe *p, uint32_t timeout_ms, struct fettle_rpc_packet *ret, size_t *ret_size)
{
  const char *why = "";
  size_t size;
  fettle_result r = fill (p, FETTLE_RPC_HEAD, timeout_ms);

  if (r != FETTLE_OK)
    return r;
  size = fettle_rpc_packet_size ((const uint8_t *) p->stream.data);
  if (!size)
    return nonsense (p, "it isn't DCE/RPC");
  r = fill (p, size, timeout_ms);
  if (r == FETTLE_OK && !fettle_rpc_read_packet ((struct fettle_bytes) { (uint8_t *) p->stream.data, size },
                                                 p->call, ret, &why))
    r = nonsense (p, why);
  *ret_size = size;
  return r;
}

static void
drop_packet (struct fettle_smb_pipe *p, size_t size)
{
  memmove (p->stream.data, p->stream.data + size, p->stream.size - size);
  p->stream.size -= size;
}

/* ---- Bind ---- */

static fettle_result
bind_interface (struct fettle_smb_pipe *p, const struct fettle_rpc_interface *i)
{
  struct fettle_writer w = FETTLE_WRITER_INIT (256);
  struct fettle_rpc_packet packet;
  const char *why = "";
  uint16_t takes = 0;
  size_t size = 0;
  fettle_result r;

  fettle_rpc_write_bind (&w, ++p->call, i);
  r = send_packet (p, &w, true, 0);
  fettle_writer_clear (&w);
  if (r == FETTLE_OK)
    r = next_packet (p, 0, &packet, &size);
  if (r != FETTLE_OK)
    return r;
  if (!fettle_rpc_read_bind_ack (&packet, &takes, &why))
    return fettle_error_set (&p->s->c->error, FETTLE_E_UNSUPPORTED, "%s: %s", p->s->doing, why);
  p->fragment = takes < FETTLE_RPC_FRAGMENT ? takes : FETTLE_RPC_FRAGMENT;
  drop_packet (p, size);
  return FETTLE_OK;
}

static fettle_result
open_pipe (struct fettle_smb_pipe *p, const char *name)
{
  static const struct fettle_smb_how how = { SMB_PIPE_ACCESS, SMB_SHARE_ALL, SMB_OPEN_EXISTING,
                                             SMB_NOT_DIRECTORY };
  struct fettle_smb_state *s = p->s;
  fettle_result r = fettle_smb_ready (s->c, &s);

  return r == FETTLE_OK ? fettle_smb_open_file (s, "IPC$", name, &how, &p->file) : r;
}

static void
free_pipe (struct fettle_smb_pipe *p)
{
  if (p->fd >= 0)
    close (p->fd);
  fettle_buf_clear (&p->stream);
  fettle_buf_clear (&p->answer);
  free (p);
}

static void
init_pipe (struct fettle_smb_pipe *p, struct fettle_smb_state *s, uint32_t port, const char *name)
{
  p->s = s;
  p->fd = -1;
  p->stream.max = STREAM_MAX;
  p->answer.max = OUT_MAX;
  if (port)
    snprintf (p->name, sizeof p->name, "port %u", port);
  else
    snprintf (p->name, sizeof p->name, "%s", name);
}

static int32_t
free_handle (struct fettle_smb_state *s)
{
  for (int32_t i = 0; i < FETTLE_SMB_PIPES; i++)
    if (!s->pipes[i])
      return i;
  return fettle_error_set (&s->c->error, FETTLE_E_CONFIG, "plugin %s has %d remote interfaces open and wanted "
                           "one more", s->c->plugin, FETTLE_SMB_PIPES);
}

int32_t
fettle_smb_rpc_open (fettle_ctx *c, uint32_t port, const char *pipe, const char *uuid, uint16_t major,
                     uint16_t minor)
{
  struct fettle_smb_state *s = fettle_smb_state (c);
  struct fettle_rpc_interface i = { .major = major, .minor = minor };
  struct fettle_smb_pipe *p;
  int32_t handle;
  fettle_result r;

  if (!s)
    return FETTLE_E_NOMEM;
  if (!fettle_rpc_uuid (uuid, i.uuid) || (!port && (!pipe || strlen (pipe) >= sizeof p->name)))
    return fettle_error_set (&c->error, FETTLE_E_CONFIG, "plugin %s named an interface or a pipe that can't be "
                             "one", c->plugin);
  handle = free_handle (s);
  p = handle >= 0 ? calloc (1, sizeof *p) : NULL;
  if (!p)
    return handle < 0 ? handle : fettle_error_set (&c->error, FETTLE_E_NOMEM, "no memory");
  init_pipe (p, s, port, pipe);
  fettle_smb_begins (s, "binding to %s", p->name);
  r = port ? fettle_connect (c, port, c->connect_timeout, &p->fd) : open_pipe (p, pipe);
  if (r == FETTLE_OK)
    r = bind_interface (p, &i);
  if (r != FETTLE_OK) {
    free_pipe (p);
    return r;
  }
  s->pipes[handle] = p;
  return handle;
}

/* ---- Call ---- */

static fettle_result
send_request (struct fettle_smb_pipe *p, uint16_t opnum, struct fettle_bytes stub, uint32_t timeout_ms)
{
  struct fettle_writer w = FETTLE_WRITER_INIT (65536);
  size_t at = 0;
  fettle_result r;

  p->call++;
  do {
    fettle_buf_reset (&w.b);
    at += fettle_rpc_write_request (&w, p->call, opnum, p->fragment, stub, at);
    r = send_packet (p, &w, at == stub.size, timeout_ms);
  } while (r == FETTLE_OK && at < stub.size);
  fettle_writer_clear (&w);
  return r;
}

/* A packet of the answer: FETTLE_AGAIN while more are to come. */
static fettle_result
take_packet (struct fettle_smb_pipe *p, const struct fettle_rpc_packet *packet, bool first)
{
  struct fettle_bytes stub;
  uint32_t fault = 0;

  if (fettle_rpc_read_fault (packet, &fault))
    return fettle_smb_faulted (p->s, fault);
  if (!fettle_rpc_read_stub (packet, &stub))
    return nonsense (p, "it is neither a response nor a fault");
  if (packet->first != first || (stub.size == 0 && !packet->last))
    return nonsense (p, "its parts don't fit together");
  if (!fettle_buf_add (&p->answer, stub.data, stub.size))
    return nonsense (p, "it is longer than 16 MiB");
  return packet->last ? FETTLE_OK : FETTLE_AGAIN;
}

static fettle_result
take_answer (struct fettle_smb_pipe *p, uint32_t timeout_ms, bool *ret_fault)
{
  fettle_result r;

  fettle_buf_reset (&p->answer);
  for (bool first = true;; first = false) {
    struct fettle_rpc_packet packet;
    size_t size = 0;

    r = next_packet (p, timeout_ms, &packet, &size);
    if (r != FETTLE_OK)
      return r;
    r = take_packet (p, &packet, first);
    *ret_fault = packet.type == FETTLE_RPC_FAULT;
    drop_packet (p, size);
    if (r != FETTLE_AGAIN)
      return r;
  }
}

static struct fettle_smb_pipe *
pipe_of (fettle_ctx *c, int32_t handle)
{
  if (c->smb && handle >= 0 && handle < FETTLE_SMB_PIPES && c->smb->pipes[handle])
    return c->smb->pipes[handle];
  fettle_error_set (&c->error, FETTLE_E_INTERNAL, "plugin %s used a remote interface that isn't open", c->plugin);
  return NULL;
}

fettle_result
fettle_smb_rpc_call (fettle_ctx *c, int32_t handle, uint32_t opnum, const void *in, size_t in_size,
                     uint32_t timeout_ms, const void **ret_out, size_t *ret_size)
{
  struct fettle_smb_pipe *p = pipe_of (c, handle);
  bool fault = false;
  fettle_result r;

  if (!p)
    return FETTLE_E_INTERNAL;
  fettle_smb_begins (p->s, "calling procedure %u of %s", opnum, p->name);
  if (p->dead)
    return fettle_error_set (&c->error, FETTLE_E_UNREACHABLE, "%s: its connection has ended", p->s->doing);
  if (in_size > IN_MAX || opnum > UINT16_MAX)
    return fettle_error_set (&c->error, FETTLE_E_CONFIG, "%s: plugin %s wanted to send more than 1 MiB, or there "
                             "is no such procedure", p->s->doing, c->plugin);
  r = send_request (p, (uint16_t) opnum, (struct fettle_bytes) { in, in_size }, timeout_ms);
  if (r == FETTLE_OK)
    r = take_answer (p, timeout_ms, &fault);
  if (r != FETTLE_OK) {
    p->dead = !fault;
    return r;
  }
  *ret_out = fettle_buf_text (&p->answer);
  *ret_size = p->answer.size;
  return FETTLE_OK;
}

/* ---- Ends ---- */

void
fettle_smb_rpc_close (fettle_ctx *c, int32_t handle)
{
  struct fettle_smb_pipe *p = pipe_of (c, handle);

  if (!p)
    return;
  if (p->fd < 0 && p->s->ready && p->file.tree && !c->aborted) {
    struct fettle_error kept = c->error;

    (void) fettle_smb_close_file (p->s, &p->file, FETTLE_OK);
    c->error = kept;
  }
  c->smb->pipes[handle] = NULL;
  free_pipe (p);
}

void
fettle_smb_rpc_lost (struct fettle_smb_state *s)
{
  for (size_t i = 0; i < FETTLE_SMB_PIPES; i++)
    if (s->pipes[i] && s->pipes[i]->fd < 0) {
      s->pipes[i]->dead = true;
      s->pipes[i]->file.tree = 0;
    }
}

void
fettle_smb_rpc_close_all (struct fettle_smb_state *s)
{
  for (size_t i = 0; i < FETTLE_SMB_PIPES; i++)
    if (s->pipes[i]) {
      free_pipe (s->pipes[i]);
      s->pipes[i] = NULL;
    }
}
