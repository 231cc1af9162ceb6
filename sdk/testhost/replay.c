/* replay.c - the node says what it said when it was recorded.
 *
 * What is asked is looked for behind what was asked last, then anywhere: a
 * plugin may ask in another order than the one that was recorded, or twice.
 *
 * SPDX-License-Identifier: Apache-2.0 OR BSD-2-Clause
 */
#include <stdlib.h>

#include "testhost-internal.h"

static const json_t *
member (const json_t *object, const char *name)
{
  return json_object_get (object, name);
}

static const char *
text_of (const json_t *object, const char *name)
{
  const char *text = json_string_value (member (object, name));

  return text ? text : "";
}

/* ---- Data, as it was or garbled ---- */

static int
digit_of (char c)
{
  static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  const char *p = c ? strchr (digits, c) : NULL;

  return p ? (int) (p - digits) : -1;
}

static size_t
decode (const char *text, char *ret)
{
  size_t n = 0;
  unsigned bits = 0, have = 0;

  for (; digit_of (*text) >= 0; text++) {
    bits = bits << 6 | (unsigned) digit_of (*text);
    have += 6;
    if (have >= 8)
      ret[n++] = (char) (bits >> (have -= 8));
    bits &= 0xffff;
  }
  return n;
}

static uint32_t
next_random (fettle_ctx *c)
{
  uint32_t x = c->random;

  x ^= x << 13;
  x ^= x >> 17;
  x ^= x << 5;
  return c->random = x;
}

/* Cut, struck out, or bytes changed: each answer a bit. */
static size_t
garble (fettle_ctx *c, char *data, size_t size)
{
  size_t i, n;

  if (!c->plan->garble || size == 0)
    return size;
  switch (next_random (c) % 4) {
  case 0:
    return next_random (c) % size;
  case 1:
    i = next_random (c) % size;
    n = next_random (c) % (size - i);
    memmove (data + i, data + i + n, size - i - n);
    return size - n;
  case 2:
    for (n = 1 + next_random (c) % 8; n > 0; n--)
      data[next_random (c) % size] = (char) next_random (c);
    return size;
  default:
    return size;
  }
}

/* A value's bytes, with a NUL behind; the call's until the next one. */
const char *
fettle_replay_bytes (fettle_ctx *c, int place, const json_t *value, size_t *ret_size)
{
  const char *digits = json_string_value (member (value, "base64"));
  size_t size = digits ? strlen (digits) : json_string_length (value);
  char *data = malloc (size + 1);

  free (c->kept[place]);
  c->kept[place] = data;
  *ret_size = 0;
  if (!data)
    return "";
  if (digits)
    size = decode (digits, data);
  else if (size)
    memcpy (data, json_string_value (value), size);
  size = garble (c, data, size);
  data[size] = '\0';
  *ret_size = size;
  return data;
}

void
fettle_replay_end (fettle_ctx *c)
{
  size_t i;

  for (i = 0; i < FETTLE_COUNT (c->kept); i++)
    free (c->kept[i]);
  free (c->used);
}

/* ---- Which exchange ---- */

static size_t
first_line (const fettle_ctx *c)
{
  return c->plan->recording->sections[c->plan->section] + 1;
}

static size_t
last_line (const fettle_ctx *c)
{
  const struct fettle_recording *r = c->plan->recording;

  return c->plan->section + 1 < r->n_sections ? r->sections[c->plan->section + 1] : json_array_size (r->lines);
}

int
fettle_replay_begin (fettle_ctx *c)
{
  c->at = first_line (c);
  c->random = 2463534242u + c->plan->garble;
  c->used = calloc (json_array_size (c->plan->recording->lines) + 1, 1);
  return c->used != NULL;
}

static const json_t *
line_at (const fettle_ctx *c, size_t i)
{
  return json_array_get (c->plan->recording->lines, i);
}

static int
is_it (const json_t *line, const char *kind, const char *const keys[], const char *const values[])
{
  const json_t *asked = member (line, kind);
  size_t i;

  if (!asked)
    return 0;
  for (i = 0; keys[i]; i++)
    if (strcmp (text_of (asked, keys[i]), values[i]) != 0)
      return 0;
  return 1;
}

/* The next one like it, else an earlier one that wasn't used, else any. */
const json_t *
fettle_replay_find (fettle_ctx *c, const char *kind, const char *const keys[], const char *const values[])
{
  size_t begin = first_line (c), end = last_line (c), i, found = end;

  for (i = c->at; i < end && found == end; i++)
    if (!c->used[i] && is_it (line_at (c, i), kind, keys, values))
      found = i;
  for (i = begin; i < end && found == end; i++)
    if (!c->used[i] && is_it (line_at (c, i), kind, keys, values))
      found = i;
  for (i = end; i-- > begin && found == end;)
    if (is_it (line_at (c, i), kind, keys, values))
      found = i;
  if (found == end)
    return NULL;
  c->used[found] = 1;
  c->at = found + 1;
  return line_at (c, found);
}

fettle_result
fettle_replay_missing (fettle_ctx *c, const char *what, const char *which)
{
  char text[300];

  c->seen->missing++;
  snprintf (text, sizeof text, "the recording doesn't have %.80s %.150s", what, which);
  return fettle_testhost_fail (c, FETTLE_E_UNREACHABLE, text);
}

fettle_result
fettle_replay_result (fettle_ctx *c, const json_t *line)
{
  fettle_result r = (fettle_result) json_integer_value (member (line, "result"));

  return r < 0 ? fettle_testhost_fail (c, r, "it failed so when it was recorded") : FETTLE_OK;
}

/* ---- http, ssh ---- */

fettle_result
fettle_replay_http (fettle_ctx *c, const struct fettle_http_request *q, struct fettle_http_answer *ret)
{
  static const char *const keys[] = { "method", "path", NULL };
  const char *const values[] = { q->method, q->path, NULL };
  const json_t *line = fettle_replay_find (c, "http", keys, values);
  const char *body;
  size_t size;
  fettle_result r;

  if (!line)
    return fettle_replay_missing (c, q->method, q->path);
  r = fettle_replay_result (c, line);
  if (r != FETTLE_OK)
    return r;
  body = fettle_replay_bytes (c, 0, member (line, "body"), &size);
  ret->struct_size = sizeof *ret;
  ret->status = (int32_t) json_integer_value (member (line, "status"));
  ret->fields = text_of (line, "fields");
  ret->body = body;
  ret->size = size;
  if (FETTLE_HAS (q, struct fettle_http_request, body)) {
    ret->body = "";
    ret->size = 0;
    r = size ? q->body (q->opaque, body, size) : FETTLE_OK;
  }
  return r;
}

fettle_result
fettle_replay_run (fettle_ctx *c, const struct fettle_ssh_command *q, int32_t *exit_status)
{
  static const char *const keys[] = { "command", NULL };
  const char *const values[] = { q->command, NULL };
  const json_t *line = fettle_replay_find (c, "ssh", keys, values);
  const char *out, *err;
  size_t n_out, n_err;
  fettle_result r;

  if (!line)
    return fettle_replay_missing (c, "the command", q->command);
  r = fettle_replay_result (c, line);
  out = fettle_replay_bytes (c, 0, member (line, "out"), &n_out);
  err = fettle_replay_bytes (c, 1, member (line, "err"), &n_err);
  if (n_out && FETTLE_HAS (q, struct fettle_ssh_command, out) && r == FETTLE_OK)
    r = q->out (q->opaque, out, n_out);
  if (n_err && FETTLE_HAS (q, struct fettle_ssh_command, err) && r == FETTLE_OK)
    r = q->err (q->opaque, err, n_err);
  if (r == FETTLE_OK && exit_status)
    *exit_status = (int32_t) json_integer_value (member (line, "exit"));
  return r;
}

fettle_result
fettle_replay_put (fettle_ctx *c, const char *remote)
{
  static const char *const keys[] = { NULL };
  const json_t *line = fettle_replay_find (c, "put", keys, keys);

  return line ? fettle_replay_result (c, line) : fettle_replay_missing (c, "a transfer to", remote);
}

/* ---- Streams and conversations: one after the other ---- */

static const char *const no_keys[] = { NULL };

fettle_result
fettle_replay_open (fettle_ctx *c, const char *kind)
{
  const json_t *line = fettle_replay_find (c, kind, no_keys, no_keys);

  c->data_at = c->data_size = 0;
  return line ? fettle_replay_result (c, line) : fettle_replay_missing (c, "a", kind);
}

/* Behind what was said; where that was never said, what followed comes anyway
 * to nobody. */
fettle_result
fettle_replay_say (fettle_ctx *c, const char *kind)
{
  size_t i, end = last_line (c);

  c->data_at = c->data_size = 0;
  for (i = c->at; i < end; i++)
    if (member (line_at (c, i), kind)) {
      c->at = i + 1;
      return FETTLE_OK;
    }
  return fettle_replay_missing (c, "that so much was said to the node: one more", kind);
}

int64_t
fettle_replay_hear (fettle_ctx *c, const char *kind, void *buffer, size_t size)
{
  size_t n;

  while (c->data_at == c->data_size) {
    const json_t *value = c->at < last_line (c) ? member (line_at (c, c->at), kind) : NULL;

    if (!value)
      return 0;
    c->data = fettle_replay_bytes (c, 2, value, &c->data_size);
    c->data_at = 0;
    c->at++;
  }
  n = c->data_size - c->data_at;
  if (n > size)
    n = size;
  memcpy (buffer, c->data + c->data_at, n);
  c->data_at += n;
  return (int64_t) n;
}

fettle_result
fettle_replay_tls (fettle_ctx *c)
{
  const json_t *line = fettle_replay_find (c, "start_tls", no_keys, no_keys);

  return line ? fettle_replay_result (c, line) : fettle_replay_missing (c, "that TLS began on", "a stream");
}

const char *
fettle_replay_setting (const fettle_ctx *c, const char *name)
{
  return json_string_value (member (member (fettle_recording_head (c->plan->recording, c->plan->section), "settings"),
                                    name));
}
