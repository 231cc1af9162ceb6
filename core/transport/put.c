/* put.c - a file of the image onto the node, through `cat`.
 *
 * No SFTP: it may be switched off, it can't become root, and `cat` is there
 * wherever a shell is.  Appending happens only if the file is as long as the
 * plugin thinks, so a repeated call can't double a part.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "util/base.h"

#include "transport/ssh.h"

#define PATH_BYTES 1024

struct source {
  fettle_ctx *c;
  uint32_t file;
  uint64_t at;
};

/* What cat or the shell said, and the word that tells it went well. */
struct said {
  struct fettle_buf out, err;
};

static int64_t
from_file (void *opaque, void *buffer, size_t room)
{
  struct source *f = opaque;
  int64_t n = f->c->read_file (f->c, f->file, f->at, buffer, (uint32_t) room);

  if (n > 0)
    f->at += (uint64_t) n;
  return n;
}

static fettle_result
keep_out (void *opaque, const void *data, size_t size)
{
  struct said *s = opaque;

  (void) fettle_buf_add (&s->out, data, size); /* too much is none of ours */
  return FETTLE_OK;
}

static fettle_result
keep_err (void *opaque, const void *data, size_t size)
{
  struct said *s = opaque;
  size_t room = s->err.max - s->err.size;

  (void) fettle_buf_add (&s->err, data, size < room ? size : room);
  return FETTLE_OK;
}

static bool
is_safe_path (const char *p)
{
  static const char safe[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789._+~/-";

  return *p == '/' && strlen (p) < PATH_BYTES && p[strspn (p, safe)] == '\0';
}

/* `set -C` makes the shell refuse a file, or a link, that somebody put there
 * between rm and cat. */
static bool
make_command (struct fettle_buf *b, const char *remote, uint64_t offset)
{
  _cleanup_ (fettle_buf_clear) struct fettle_buf script = FETTLE_BUF_INIT (4 * PATH_BYTES);
  bool ok;

  if (offset == 0)
    ok = fettle_buf_printf (&script, "umask 077; set -C; rm -f %s && cat > %s && echo done", remote,
                            remote);
  else
    ok = fettle_buf_printf (&script, "umask 077; if [ -L %s ] || [ ! -f %s ] || "
                            "[ $(($(wc -c < %s))) -ne %llu ]; then echo \"%s isn't a file of %llu bytes\" >&2; "
                            "exit 1; fi; cat >> %s && echo done",
                            remote, remote, remote, (unsigned long long) offset, remote,
                            (unsigned long long) offset, remote);
  return ok && fettle_buf_text_add (b, "exec /bin/sh -c ")
         && fettle_shell_quote (b, fettle_buf_text (&script));
}

static fettle_result
judge (fettle_ctx *c, const char *remote, int32_t status, struct said *said)
{
  for (size_t i = 0; i < said->err.size; i++)
    if ((unsigned char) said->err.data[i] < ' ')
      said->err.data[i] = ' ';
  if (status == 0 && said->out.size >= 4 && memcmp (said->out.data, "done", 4) == 0)
    return FETTLE_OK;
  return fettle_error_set (&c->error, FETTLE_E_REJECTED, "the node can't write %s (exit status %d): %s",
                           remote, status,
                           said->err.size ? fettle_buf_text (&said->err) : "it doesn't say why");
}

fettle_result
fettle_ssh_put (fettle_ctx *c, uint32_t port, uint32_t flags, uint32_t file, uint64_t offset,
                const char *remote)
{
  struct source source = { c, file, offset };
  struct said said = { FETTLE_BUF_INIT (256), FETTLE_BUF_INIT (400) };
  _cleanup_ (fettle_buf_clear) struct fettle_buf plain = FETTLE_BUF_INIT (16384);
  _cleanup_ (fettle_buf_clear) struct fettle_buf wrapped = FETTLE_BUF_INIT (65536);
  struct fettle_sudo sudo = { .in = true };
  struct fettle_ssh_state *s = NULL;
  struct fettle_ssh_exec e = { .input = from_file, .input_opaque = &source, .out = keep_out,
                               .err = keep_err, .opaque = &said, .deadline = FETTLE_NEVER };
  int32_t status = -1;
  fettle_result r;

  if (!is_safe_path (remote) || !make_command (&plain, remote, offset))
    return fettle_error_set (&c->error, FETTLE_E_CONFIG, "plugin %s wanted to write a file on the node "
                             "whose path isn't an absolute one of [A-Za-z0-9._+~/-]", c->plugin);
  r = fettle_ssh_ready (c, port, &s);
  e.command = fettle_buf_text (&plain);
  if (r == FETTLE_OK && fettle_sudo_needed (c, flags)) {
    r = fettle_sudo_wrap (c, &sudo, e.command, &wrapped);
    e.command = fettle_buf_text (&wrapped);
    e.sudo = &sudo;
  }
  if (r == FETTLE_OK)
    r = fettle_ssh_exec (s, &e, &status);
  if (r == FETTLE_OK)
    r = judge (c, remote, status, &said);
  fettle_sudo_clear (&sudo);
  fettle_buf_clear (&said.out);
  fettle_buf_clear (&said.err);
  return r;
}
