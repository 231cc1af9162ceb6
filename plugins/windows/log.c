/* log.c - what an installer wrote, into the log of its task.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include <stdlib.h>
#include <string.h>

#include "deploy.h"

enum { TAIL = 64 * 1024, LINES = 200, LINE_MAX_BYTES = 900 };

struct tail {
  unsigned char *data;
  size_t size;
};

static fettle_result
take (void *opaque, const void *data, size_t size)
{
  struct tail *t = opaque;
  size_t room = TAIL - t->size;

  memcpy (t->data + t->size, data, size < room ? size : room);
  t->size += size < room ? size : room;
  return FETTLE_OK;
}

/* Windows Installer writes UTF-16; of it the low bytes of what is ASCII do. */
static void
narrow (struct tail *t)
{
  size_t n = 0;

  if (t->size < 2 || (memchr (t->data, 0, t->size) == NULL))
    return;
  for (size_t i = 0; i < t->size; i++)
    if (t->data[i] != 0 && t->data[i] != 0xff && t->data[i] != 0xfe)
      t->data[n++] = t->data[i];
  t->size = n;
}

static void
say_line (const struct win *w, const unsigned char *line, size_t n)
{
  char text[LINE_MAX_BYTES];

  while (n > 0 && (line[n - 1] == '\r' || line[n - 1] == ' '))
    n--;
  if (n == 0)
    return;
  snprintf (text, sizeof text, "%.*s", n < sizeof text - 1 ? (int) n : (int) sizeof text - 1, (const char *) line);
  w->h->log (w->c, FETTLE_LOG_INFO, text);
}

/* Only the last lines; `is_cut`: the first is a part of one. */
static void
say (const struct win *w, const struct tail *t, int is_cut)
{
  size_t begin = t->size, lines = 0, n;

  for (; begin > 0 && lines <= LINES; begin--)
    lines += t->data[begin - 1] == '\n';
  if (lines > LINES)
    begin++;
  if (is_cut || begin > 0)
    w->h->log (w->c, FETTLE_LOG_INFO, "(only the end of what the installer wrote:)");
  for (; begin < t->size; begin += n + 1) {
    const unsigned char *end = memchr (t->data + begin, '\n', t->size - begin);

    n = end ? (size_t) (end - t->data) - begin : t->size - begin;
    if (!is_cut || begin > 0)
      say_line (w, t->data + begin, n);
  }
}

static void
log_file (struct run *r, const char *name)
{
  struct fettle_smb_entry e = { .struct_size = sizeof e };
  struct tail t = { malloc (TAIL), 0 };
  char path[400];
  uint64_t offset;

  run_path (r, name, path);
  if (!t.data || win_stat (r->w, path, &e) != FETTLE_OK) {
    free (t.data);
    return;
  }
  offset = e.size > TAIL ? (e.size - TAIL) & ~(uint64_t) 1 : 0;
  if (r->w->smb->read (r->w->c, RUN_SHARE, path, offset, TAIL, take, &t) == FETTLE_OK) {
    narrow (&t);
    say (r->w, &t, offset > 0);
  }
  free (t.data);
}

void
deploy_log (struct run *r, const char *file)
{
  log_file (r, "output");
  if (file)
    log_file (r, file);
}
