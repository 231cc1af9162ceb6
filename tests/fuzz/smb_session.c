/* A node that has logged us in and then answers what it likes: files, lists,
 * remote procedures, through the whole client.  The harness is the node: it
 * gives each answer its header and signature, as one that is hostile can.
 *
 * Input: what is asked, then answers: a status, a size (16 bits, little
 * endian), the body.  The first answer, to CREATE, is a good one.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "util/base.h"

#include <sys/socket.h>

#include "fuzz/fuzz.h"
#include "transport/smb-crypto.h"
#include "transport/smb.h"

#define ANSWERS_MAX 24
#define BYTES_MAX   60000 /* what a socket takes without a reader */

/* ---- The node ---- */

static const uint8_t key[16] = "of the session.";

static void
send_answer (int fd, uint64_t id, uint16_t command, uint32_t status, const uint8_t *body, size_t size)
{
  struct fettle_writer w = FETTLE_WRITER_INIT (70000);
  uint8_t *p;

  fettle_write_zeros (&w, 4 + SMB_HEADER);
  fettle_write (&w, body, size);
  p = fettle_writer_at (&w, 4);
  memcpy (p, "\xfeSMB", 4);
  fettle_set16 (p + 4, SMB_HEADER);
  fettle_set32 (p + 8, status);
  fettle_set16 (p + 12, command);
  fettle_set16 (p + 14, 10);
  fettle_set32 (p + 16, status == NT_PENDING ? 11 : 9);
  fettle_set64 (p + 24, id);
  MUST (!w.bad && fettle_smb_sign (FETTLE_SMB_HMAC_SHA256, key, p, w.b.size - 4, true, p + 48));
  p[-2] = (uint8_t) ((w.b.size - 4) >> 8);
  p[-1] = (uint8_t) (w.b.size - 4);
  (void) !write (fd, w.b.data, w.b.size);
  fettle_writer_clear (&w);
}

/* The command that the client sends at this place. */
static uint16_t
command_of (unsigned asked, uint8_t hint)
{
  static const uint16_t first[] = { SMB_QUERY_DIRECTORY, SMB_READ, SMB_QUERY_INFO, SMB_IOCTL, SMB_SET_INFO };

  if (hint & 0x80)
    return SMB_CLOSE;
  if (asked == 3 && hint & 0x40)
    return SMB_READ; /* of a pipe */
  return first[asked];
}

static void
play (int fd, unsigned asked, const uint8_t *data, size_t size)
{
  uint8_t created[88] = { 89 };
  uint64_t id = 1;
  size_t sent = 0;

  send_answer (fd, id++, SMB_CREATE, 0, created, sizeof created);
  for (unsigned n = 1; size >= 7 && n < ANSWERS_MAX; n++) {
    size_t body = fettle_get16 (data + 5);
    uint32_t status = fettle_get32 (data);

    body = body < size - 7 ? body : size - 7;
    sent += body + 100;
    if (sent > BYTES_MAX)
      break;
    send_answer (fd, id, command_of (asked, data[4]), status, data + 7, body);
    id += status != NT_PENDING;
    data += 7 + body;
    size -= 7 + body;
  }
  shutdown (fd, SHUT_WR);
}

/* ---- The client ---- */

static fettle_result
take (void *opaque, const struct fettle_smb_entry *e)
{
  unsigned *n = opaque;

  MUST (strcmp (e->name, "..") != 0 && !strchr (e->name, '/') && !strchr (e->name, '\\'));
  return ++*n > 10000 ? FETTLE_E_REJECTED : FETTLE_OK;
}

static fettle_result
sink (void *opaque, const void *data, size_t size)
{
  uint64_t *left = opaque;

  MUST (data && size && size <= *left);
  *left -= size;
  return FETTLE_OK;
}

static fettle_result
talk (struct fettle_ctx *c)
{
  int32_t handle = fettle_smb_rpc_open (c, 0, "winreg", "338cd001-2244-31f1-aaaa-900038001003", 1, 0);
  const void *out = NULL;
  size_t n = 0;
  fettle_result r = handle < 0 ? handle : FETTLE_OK;

  for (int i = 0; r == FETTLE_OK && i < 3; i++) {
    r = fettle_smb_rpc_call (c, handle, 2, "abcd", 4, 0, &out, &n);
    if (r == FETTLE_OK)
      MUST (out && n <= 16 * 1024 * 1024 && ((const char *) out)[n] == '\0');
  }
  if (handle >= 0)
    fettle_smb_rpc_close (c, handle);
  return r;
}

static fettle_result
ask (struct fettle_ctx *c, unsigned asked)
{
  uint64_t left = 50000, all = 0;
  unsigned n = 0;

  switch (asked) {
  case 0: return fettle_smb_list (c, "S$", "*", take, &n);
  case 1: return fettle_smb_read (c, "S$", "f", 0, left, sink, &left);
  case 2: return fettle_smb_space (c, "S$", &left, &all);
  case 3: return talk (c);
  default: return fettle_smb_remove (c, "S$", "f");
  }
}

static void
log_in (struct fettle_smb_state *s, int fd)
{
  s->fd = fd;
  s->declared = 445;
  s->dialect = 0x0210;
  s->signing = FETTLE_SMB_HMAC_SHA256;
  s->max_transfer = s->max_transact = 65536;
  s->next_id = 1;
  s->credits = 100;
  s->ready = s->validated = true;
  memcpy (s->sign_key, key, 16);
  s->out.b.max = s->in.max = 200000;
  s->n_trees = 2;
  snprintf (s->trees[0].share, FETTLE_SMB_SHARE, "S$");
  snprintf (s->trees[1].share, FETTLE_SMB_SHARE, "IPC$");
  s->trees[0].id = 1;
  s->trees[1].id = 2;
}

int
LLVMFuzzerTestOneInput (const uint8_t *data, size_t size)
{
  struct fettle_ctx c = { .call = -1, .plugin = "fuzz", .type = "fuzz", .connect_timeout = 100, .read_timeout = 1000 };
  char address[] = "192.0.2.1", name[] = "n";
  int fds[2];
  unsigned asked = size ? data[0] % 5 : 0;
  fettle_result r;

  if (!size)
    return 0;
  c.target.address = address;
  c.target.name = name;
  MUST (socketpair (AF_UNIX, SOCK_STREAM, 0, fds) == 0);
  c.smb = calloc (1, sizeof *c.smb);
  MUST (c.smb);
  c.smb->c = &c;
  log_in (c.smb, fds[0]);
  play (fds[1], asked, data + 1, size - 1);
  r = ask (&c, asked);
  MUST (r == FETTLE_OK || (r < 0 && *c.error.text));
  close (fds[1]);
  fettle_smb_drop (c.smb);
  fettle_smb_rpc_close_all (c.smb);
  free (c.smb->names);
  free (c.smb);
  return 0;
}
