/* sudo.c - becoming root on the node.
 *
 * sudo's own words and the command's come on the same stderr.  Two words that
 * nobody can guess tell them apart: sudo asks for the password with one, and
 * the other is said by the shell that sudo starts.  So the password is written
 * when sudo asks and at no other time, and the command's input begins behind
 * sudo's.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "util/base.h"

#include <openssl/rand.h>

#include "transport/ssh.h"
#include "util/text.h"

#define HELD_MAX    16384
#define COMMAND_MAX 32000

bool
fettle_shell_quote (struct fettle_buf *b, const char *text)
{
  bool ok = fettle_buf_text_add (b, "'");

  while (ok && *text) {
    size_t n = strcspn (text, "'");

    ok = fettle_buf_add (b, text, n);
    text += n;
    if (ok && *text) {
      ok = fettle_buf_text_add (b, "'\\''");
      text++;
    }
  }
  return ok && fettle_buf_text_add (b, "'");
}

bool
fettle_sudo_needed (const fettle_ctx *c, uint32_t flags)
{
  return (flags & FETTLE_SSH_AS_ROOT) && c->credentials.user && strcmp (c->credentials.user, "root") != 0;
}

static bool
make_words (struct fettle_sudo *sudo)
{
  unsigned char random[16];
  char hex[2 * sizeof random + 1];

  if (RAND_bytes (random, sizeof random) != 1)
    return false;
  fettle_hex (random, sizeof random, hex);
  snprintf (sudo->prompt, sizeof sudo->prompt, "fettle-asks-%.16s", hex);
  snprintf (sudo->passed, sizeof sudo->passed, "fettle-in-%s", hex + 16);
  return true;
}

fettle_result
fettle_sudo_wrap (fettle_ctx *c, struct fettle_sudo *sudo, const char *command, struct fettle_buf *ret)
{
  bool ok;

  *sudo = (struct fettle_sudo) { .credentials = &c->credentials, .held = FETTLE_BUF_INIT (HELD_MAX),
                                 .deadline = fettle_now_ms () + FETTLE_SUDO_TIME };
  if (!make_words (sudo))
    return fettle_error_set (&c->error, FETTLE_E_INTERNAL, "no random numbers");
  if (c->credentials.sudo_password)
    ok = fettle_buf_printf (ret, "exec sudo -S -p %s", sudo->prompt);
  else
    ok = fettle_buf_text_add (ret, "exec sudo -n");
  ok = ok && fettle_buf_printf (ret, " -- /bin/sh -c 'echo %s >&2; eval \"$1\"' sh ", sudo->passed)
       && fettle_shell_quote (ret, command);
  if (!ok || ret->size > COMMAND_MAX)
    return fettle_error_set (&c->error, FETTLE_E_CONFIG, "a command of %zu bytes is too long for sudo: "
                             "send it as the input of a shell", strlen (command));
  return FETTLE_OK;
}

/* Forgets what is held, up to the end of `word` at p. */
static void
drop_to (struct fettle_buf *held, const char *p)
{
  size_t n = (size_t) (p - held->data);

  memmove (held->data, p, held->size - n);
  held->size -= n;
  held->data[held->size] = '\0';
}

static fettle_result
ask_password (fettle_ctx *c, struct fettle_sudo *sudo, const char *prompt)
{
  drop_to (&sudo->held, prompt + strlen (sudo->prompt));
  if (++sudo->asked > 1)
    return fettle_error_set (&c->error, FETTLE_E_AUTH,
                             "sudo on the node refused the sudo password of %s", c->credentials.user);
  sudo->wants_password = true;
  return FETTLE_OK;
}

fettle_result
fettle_sudo_heard (fettle_ctx *c, struct fettle_sudo *sudo, const char *data, size_t size,
                   fettle_sink *sink, void *opaque)
{
  const char *p;
  size_t n = strlen (sudo->passed);

  if (!fettle_buf_add (&sudo->held, data, size))
    return fettle_error_set (&c->error, FETTLE_E_PROTOCOL,
                             "sudo on the node says more than %d bytes before it starts", HELD_MAX);
  while ((p = memmem (sudo->held.data, sudo->held.size, sudo->prompt, strlen (sudo->prompt)))
         && c->credentials.sudo_password) {
    fettle_result r = ask_password (c, sudo, p);

    if (r != FETTLE_OK)
      return r;
  }
  p = memmem (sudo->held.data, sudo->held.size, sudo->passed, n);
  if (!p || p + n >= sudo->held.data + sudo->held.size) /* the newline is still to come */
    return FETTLE_OK;
  sudo->in = true;
  drop_to (&sudo->held, p + n + 1);
  return sudo->held.size && sink ? sink (opaque, sudo->held.data, sudo->held.size) : FETTLE_OK;
}

/* sudo's words on one line, without spaces at the ends. */
static const char *
words (struct fettle_sudo *sudo)
{
  char *p = sudo->held.data;
  size_t n = sudo->held.size;

  if (!p)
    return "";
  for (size_t i = 0; i < n; i++)
    if ((unsigned char) p[i] < ' ')
      p[i] = ' ';
  while (n && p[n - 1] == ' ')
    p[--n] = '\0';
  return p + strspn (p, " ");
}

fettle_result
fettle_sudo_refused (fettle_ctx *c, struct fettle_sudo *sudo, int32_t exit_status)
{
  const char *said = words (sudo), *user = c->credentials.user;

  if (exit_status == 127 || exit_status == 126)
    return fettle_error_set (&c->error, FETTLE_E_CONFIG,
                             "the node has no sudo for its user %s: install sudo there, or log in as root "
                             "(it says: %s)", user, said);
  if (!c->credentials.sudo_password)
    return fettle_error_set (&c->error, FETTLE_E_AUTH,
                             "sudo on the node doesn't let %s in without a password: set a sudo password, "
                             "or allow it with NOPASSWD (it says: %s)", user, said);
  return fettle_error_set (&c->error, FETTLE_E_AUTH, "sudo on the node doesn't let %s in (it says: %s)",
                           user, said);
}

void
fettle_sudo_clear (struct fettle_sudo *sudo)
{
  fettle_buf_clear (&sudo->held);
}
