/* secret.c - see secret.h.  SPDX-License-Identifier: Apache-2.0 */
#include "util/base.h"

#include <errno.h>
#include <fcntl.h>
#include <termios.h>

#include "cli/secret.h"
#include "util/file.h"
#include "util/text.h"

enum { MAX_SECRET = 4096, MAX_KEY = 64 * 1024 };

/* The first line becomes the member. */
static fettle_result
put_line (struct fettle_buf *text, const char *from, const char *member, json_t *object,
          struct fettle_error *err)
{
  size_t n = strcspn (fettle_buf_text (text), "\r\n");

  if (n == 0)
    return fettle_error_set (err, FETTLE_E_CONFIG, "%s is empty", from);
  if (json_object_set_new (object, member, json_stringn (fettle_buf_text (text), n)))
    return fettle_error_set (err, FETTLE_E_CONFIG, "%s is not valid UTF-8", from);
  return FETTLE_OK;
}

fettle_result
fettle_secret_file (const char *path, const char *member, json_t *object, struct fettle_error *err)
{
  _cleanup_ (fettle_buf_clear) struct fettle_buf text = FETTLE_BUF_SECRET (MAX_SECRET);

  if (fettle_file_read (path, &text, err))
    return err->code;
  return put_line (&text, path, member, object, err);
}

static fettle_result
from_fd (const char *number, const char *member, json_t *object, struct fettle_error *err)
{
  _cleanup_ (fettle_buf_clear) struct fettle_buf text = FETTLE_BUF_SECRET (MAX_SECRET);
  char name[48];
  uint64_t fd;

  if (!fettle_parse_uint (number, 0, 65535, &fd))
    return fettle_error_set (err, FETTLE_E_CONFIG, "'%.40s' is not a descriptor's number", number);
  snprintf (name, sizeof name, "descriptor %d", (int) fd);
  if (fettle_fd_read ((int) fd, name, &text, err))
    return err->code;
  return put_line (&text, name, member, object, err);
}

static fettle_result
from_environment (const char *name, const char *member, json_t *object, struct fettle_error *err)
{
  const char *value = getenv (name);

  if (!value || !*value)
    return fettle_error_set (err, FETTLE_E_CONFIG, "the environment variable %.80s is not set", name);
  if (json_object_set_new (object, member, json_string (value)))
    return fettle_error_set (err, FETTLE_E_CONFIG, "the value of %.80s is not valid UTF-8", name);
  /* A service that this command starts would keep it as long as it runs. */
  unsetenv (name);
  return FETTLE_OK;
}

/* ---- The terminal ---- */

/* Signals from the keyboard are off meanwhile, so that the terminal can't be
 * left without echo: Ctrl-C arrives as a byte. */
static fettle_result
read_hidden (int tty, struct fettle_buf *ret, struct fettle_error *err)
{
  struct termios before, hidden;
  fettle_result result = FETTLE_OK;
  char c = 0;

  if (tcgetattr (tty, &before))
    return fettle_error_errno (err, FETTLE_E_CONFIG, "asking on the terminal");
  hidden = before;
  hidden.c_lflag &= ~(tcflag_t) (ECHO | ISIG);
  tcsetattr (tty, TCSAFLUSH, &hidden);
  while (result == FETTLE_OK && read (tty, &c, 1) == 1 && c != '\n') {
    if (c == 3)
      result = fettle_error_set (err, FETTLE_E_ABORTED, "interrupted");
    else if (!fettle_buf_add (ret, &c, 1))
      result = fettle_error_set (err, FETTLE_E_CONFIG, "what was typed is too long");
  }
  tcsetattr (tty, TCSAFLUSH, &before);
  dprintf (tty, "\n");
  return result;
}

static fettle_result
ask_hidden (const char *what, const char *member, json_t *object, struct fettle_error *err)
{
  _cleanup_ (fettle_buf_clear) struct fettle_buf text = FETTLE_BUF_SECRET (MAX_SECRET);
  _cleanup_close_ int tty = open ("/dev/tty", O_RDWR | O_CLOEXEC | O_NOCTTY);
  char from[64];

  if (tty < 0)
    return fettle_error_set (err, FETTLE_E_CONFIG,
                             "there is no terminal to ask for the %s: use a -file, -fd or -env option",
                             what);
  dprintf (tty, "%c%s: ", what[0] - 'a' + 'A', what + 1);
  if (read_hidden (tty, &text, err))
    return err->code;
  snprintf (from, sizeof from, "the %s", what);
  return put_line (&text, from, member, object, err);
}

bool
fettle_ask_yes (const char *question)
{
  char line[16] = "";

  if (!isatty (STDIN_FILENO))
    return false;
  fprintf (stderr, "%s [y/N] ", question);
  fflush (stderr);
  if (!fgets (line, sizeof line, stdin))
    return false;
  return strcasecmp (line, "y\n") == 0 || strcasecmp (line, "yes\n") == 0;
}

/* ---- All sources ---- */

fettle_result
fettle_secret_take (const struct fettle_args *args, const char *name, const char *what,
                    const char *member, json_t *object, struct fettle_error *err)
{
  char file[48], fd[48], environment[48], ask[48];
  const char *value;
  int sources = 0;

  snprintf (file, sizeof file, "%s-file", name);
  snprintf (fd, sizeof fd, "%s-fd", name);
  snprintf (environment, sizeof environment, "%s-env", name);
  snprintf (ask, sizeof ask, "ask-%s", name);
  sources += fettle_args_flag (args, file) + fettle_args_flag (args, fd)
             + fettle_args_flag (args, environment) + fettle_args_flag (args, ask);
  if (sources > 1)
    return fettle_error_set (err, FETTLE_E_CONFIG, "the %s can come from one place only", what);
  if ((value = fettle_args_value (args, file)))
    return fettle_secret_file (value, member, object, err);
  if ((value = fettle_args_value (args, fd)))
    return from_fd (value, member, object, err);
  if ((value = fettle_args_value (args, environment)))
    return from_environment (value, member, object, err);
  return sources ? ask_hidden (what, member, object, err) : FETTLE_OK;
}

fettle_result
fettle_secret_key (const char *path, json_t *object, struct fettle_error *err)
{
  _cleanup_ (fettle_buf_clear) struct fettle_buf text = FETTLE_BUF_SECRET (MAX_KEY);
  const char *key;

  if (fettle_file_read (path, &text, err))
    return err->code;
  key = fettle_buf_text (&text);
  if (strncmp (key, "PuTTY-User-Key-File", 19) == 0)
    return fettle_error_set (err, FETTLE_E_CONFIG, "%s is a key of PuTTY: export it as an OpenSSH key",
                             path);
  if (strncmp (key, "ssh-", 4) == 0 || strncmp (key, "ecdsa-", 6) == 0
      || strstr (key, " PUBLIC KEY-----"))
    return fettle_error_set (err, FETTLE_E_CONFIG, "%s is a public key: the private one is needed",
                             path);
  if (!strstr (key, "-----BEGIN ") || !strstr (key, "PRIVATE KEY-----") || strlen (key) != text.size)
    return fettle_error_set (err, FETTLE_E_CONFIG, "%s doesn't look like a private key", path);
  if (json_object_set_new (object, "key", json_stringn (key, text.size)))
    return fettle_error_set (err, FETTLE_E_CONFIG, "%s is not valid UTF-8", path);
  return FETTLE_OK;
}
