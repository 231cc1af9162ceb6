/* buf.c - see buf.h.  SPDX-License-Identifier: Apache-2.0 */
#include "util/base.h"

#include "util/buf.h"

static void
give_back (struct fettle_buf *b)
{
  if (b->secret && b->data)
    explicit_bzero (b->data, b->room);
  free (b->data);
}

/* realloc would leave a copy behind. */
static char *
move (struct fettle_buf *b, size_t room)
{
  char *data = malloc (room);

  if (!data)
    return NULL;
  if (b->data)
    memcpy (data, b->data, b->size + 1);
  give_back (b);
  return data;
}

/* Room for `more` bytes and the NUL behind them. */
static bool
make_room (struct fettle_buf *b, size_t more)
{
  size_t room = b->room ? b->room : 256;
  char *data;

  if (more > b->max || b->size > b->max - more)
    return false;
  while (room < b->size + more + 1)
    room = room > SIZE_MAX / 2 ? b->size + more + 1 : room * 2;
  if (room == b->room)
    return true;
  data = b->secret ? move (b, room) : realloc (b->data, room);
  if (!data)
    return false;
  b->data = data;
  b->room = room;
  return true;
}

bool
fettle_buf_add (struct fettle_buf *b, const void *data, size_t size)
{
  if (!make_room (b, size))
    return false;
  if (size)
    memcpy (b->data + b->size, data, size);
  b->size += size;
  b->data[b->size] = '\0';
  return true;
}

bool
fettle_buf_text_add (struct fettle_buf *b, const char *text)
{
  return fettle_buf_add (b, text, strlen (text));
}

bool
fettle_buf_printf (struct fettle_buf *b, const char *format, ...)
{
  va_list ap, again;
  int n;
  bool ok = false;

  va_start (ap, format);
  va_copy (again, ap);
  n = vsnprintf (NULL, 0, format, ap);
  if (n >= 0 && make_room (b, (size_t) n)) {
    vsnprintf (b->data + b->size, (size_t) n + 1, format, again);
    b->size += (size_t) n;
    ok = true;
  }
  va_end (again);
  va_end (ap);
  return ok;
}

const char *
fettle_buf_text (const struct fettle_buf *b)
{
  return b->data ? b->data : "";
}

void
fettle_buf_reset (struct fettle_buf *b)
{
  b->size = 0;
  if (b->data)
    b->data[0] = '\0';
}

void
fettle_buf_clear (struct fettle_buf *b)
{
  give_back (b);
  b->data = NULL;
  b->size = b->room = 0;
}
