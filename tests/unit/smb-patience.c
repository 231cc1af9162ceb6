/* smb-patience.c - how long smb/1 bears a node that answers without end: one
 * that says "soon" for ever, and one whose list has nothing but "." in it.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "util/base.h"

#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <cmocka.h>

#include "transport/smb-crypto.h"
#include "transport/smb.h"
#include "transport/transport.h"

static const uint8_t key[16] = "of the session.";

/* ---- The node, in a process of its own ---- */

static void
answer (int fd, uint64_t id, uint16_t command, uint32_t status, const void *body, size_t size)
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
  if (w.bad || !fettle_smb_sign (FETTLE_SMB_HMAC_SHA256, key, p, w.b.size - 4, true, p + 48))
    _exit (1);
  p[-3] = (uint8_t) ((w.b.size - 4) >> 16);
  p[-2] = (uint8_t) ((w.b.size - 4) >> 8);
  p[-1] = (uint8_t) (w.b.size - 4);
  if (send (fd, w.b.data, w.b.size, MSG_NOSIGNAL) != (ssize_t) w.b.size)
    _exit (0);
  fettle_writer_clear (&w);
}

/* The next question's command and number. */
static uint16_t
question (int fd, uint64_t *ret_id)
{
  uint8_t frame[4 + 4096];
  size_t size;

  if (recv (fd, frame, 4, MSG_WAITALL) != 4)
    _exit (0);
  size = (size_t) frame[2] << 8 | frame[3];
  if (size > 4096 || recv (fd, frame + 4, size, MSG_WAITALL) != (ssize_t) size)
    _exit (0);
  *ret_id = fettle_get64 (frame + 4 + 24);
  return fettle_get16 (frame + 4 + 12);
}

static void
say_soon (int fd)
{
  uint8_t body[9] = { 9 };
  uint64_t id;
  uint16_t command = question (fd, &id);

  for (;;) {
    answer (fd, id, command, NT_PENDING, body, sizeof body);
    usleep (20000);
  }
}

/* Each answer holds so many entries ".", one behind the other. */
static void
list_dots (int fd)
{
  enum { N = 600, ENTRY = 72 };
  static uint8_t list[8 + N * ENTRY], created[88] = { 89 };
  uint64_t id;

  list[0] = 9;
  fettle_set16 (list + 2, SMB_HEADER + 8);
  fettle_set32 (list + 4, N * ENTRY);
  for (int i = 0; i < N; i++) {
    uint8_t *e = list + 8 + i * ENTRY;

    fettle_set32 (e, i + 1 < N ? ENTRY : 0);
    fettle_set32 (e + 60, 2);
    e[64] = '.';
  }
  for (;;) {
    uint16_t command = question (fd, &id);

    if (command == SMB_CREATE)
      answer (fd, id, command, 0, created, sizeof created);
    else
      answer (fd, id, command, 0, list, sizeof list);
  }
}

/* ---- Us ---- */

struct both {
  struct fettle_ctx c;
  pid_t node;
};

static void
begin (struct both *b, void node (int fd))
{
  static char address[] = "192.0.2.1";
  struct fettle_smb_state *s;
  int fds[2];

  *b = (struct both) { .c = { .call = -1, .plugin = "test", .type = "test", .read_timeout = 60000 } };
  b->c.target.address = address;
  assert_int_equal (socketpair (AF_UNIX, SOCK_STREAM, 0, fds), 0);
  b->node = fork ();
  assert_true (b->node >= 0);
  if (b->node == 0) {
    close (fds[0]);
    node (fds[1]);
  }
  close (fds[1]);
  s = fettle_smb_state (&b->c);
  assert_non_null (s);
  s->fd = fds[0];
  s->declared = 445;
  s->dialect = 0x0210;
  s->signing = FETTLE_SMB_HMAC_SHA256;
  s->max_transfer = s->max_transact = 65536;
  s->next_id = 1;
  s->credits = 100;
  s->ready = s->validated = true;
  memcpy (s->sign_key, key, sizeof key);
  s->out.b.max = s->in.max = 200000;
  s->n_trees = 1;
  snprintf (s->trees[0].share, sizeof s->trees[0].share, "S$");
  s->trees[0].id = 1;
}

static void
end (struct both *b)
{
  fettle_smb_close (&b->c);
  kill (b->node, SIGKILL);
  assert_int_equal (waitpid (b->node, NULL, 0), b->node);
}

static void
test_soon (void **state FETTLE_UNUSED)
{
  struct both b;
  uint64_t free_bytes, all;

  begin (&b, say_soon);
  b.c.read_timeout = 500; /* 1000 messages of it would take 20 s and more */
  assert_int_equal (fettle_smb_space (&b.c, "S$", &free_bytes, &all), FETTLE_E_TIMEOUT);
  assert_non_null (strstr (b.c.error.text, "192.0.2.1"));
  assert_int_equal (b.c.smb->fd, -1);
  end (&b);
}

static fettle_result
take_none (void *opaque FETTLE_UNUSED, const struct fettle_smb_entry *e)
{
  fail_msg ("an entry %s", e->name);
  return FETTLE_OK;
}

static void
test_dots (void **state FETTLE_UNUSED)
{
  struct both b;

  begin (&b, list_dots);
  assert_int_equal (fettle_smb_list (&b.c, "S$", "*", take_none, NULL), FETTLE_E_PROTOCOL);
  assert_non_null (strstr (b.c.error.text, "more than 100000 entries"));
  end (&b);
}

int
main (void)
{
  const struct CMUnitTest tests[] = {
    cmocka_unit_test (test_soon),
    cmocka_unit_test (test_dots),
  };

  return cmocka_run_group_tests (tests, NULL, NULL);
}
