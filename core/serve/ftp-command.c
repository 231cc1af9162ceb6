/* ftp-command.c - see ftp-command.h.  SPDX-License-Identifier: Apache-2.0 */
#include "util/base.h"

#include <strings.h>

#include "serve/ftp-command.h"

/* Telnet (RFC 854): IAC, then a command; from WILL to DONT an option follows. */
#define IAC  0xff
#define WILL 0xfb

static const struct {
  char name[5];
  enum fettle_ftp_verb verb;
} verbs[] = {
  { "ABOR", FETTLE_FTP_ABOR }, { "ALLO", FETTLE_FTP_ALLO }, { "CDUP", FETTLE_FTP_CDUP },
  { "CWD",  FETTLE_FTP_CWD },  { "EPSV", FETTLE_FTP_EPSV }, { "FEAT", FETTLE_FTP_FEAT },
  { "HELP", FETTLE_FTP_HELP }, { "MDTM", FETTLE_FTP_MDTM }, { "MODE", FETTLE_FTP_MODE },
  { "NOOP", FETTLE_FTP_NOOP }, { "OPTS", FETTLE_FTP_OPTS }, { "PASS", FETTLE_FTP_PASS },
  { "PASV", FETTLE_FTP_PASV }, { "PWD",  FETTLE_FTP_PWD },  { "QUIT", FETTLE_FTP_QUIT },
  { "REST", FETTLE_FTP_REST }, { "RETR", FETTLE_FTP_RETR }, { "SIZE", FETTLE_FTP_SIZE },
  { "STRU", FETTLE_FTP_STRU }, { "SYST", FETTLE_FTP_SYST }, { "TYPE", FETTLE_FTP_TYPE },
  { "USER", FETTLE_FTP_USER }, { "XCUP", FETTLE_FTP_CDUP }, { "XCWD", FETTLE_FTP_CWD },
  { "XPWD", FETTLE_FTP_PWD },
  { "EPRT", FETTLE_FTP_ACTIVE },  { "PORT", FETTLE_FTP_ACTIVE },
  { "LIST", FETTLE_FTP_LISTING }, { "MLSD", FETTLE_FTP_LISTING }, { "MLST", FETTLE_FTP_LISTING },
  { "NLST", FETTLE_FTP_LISTING }, { "STAT", FETTLE_FTP_LISTING },
  { "APPE", FETTLE_FTP_WRITING }, { "DELE", FETTLE_FTP_WRITING }, { "MKD",  FETTLE_FTP_WRITING },
  { "RMD",  FETTLE_FTP_WRITING }, { "RNFR", FETTLE_FTP_WRITING }, { "RNTO", FETTLE_FTP_WRITING },
  { "SITE", FETTLE_FTP_WRITING }, { "STOR", FETTLE_FTP_WRITING }, { "STOU", FETTLE_FTP_WRITING },
  { "XMKD", FETTLE_FTP_WRITING }, { "XRMD", FETTLE_FTP_WRITING },
};

size_t
fettle_ftp_line (const char *data, size_t size)
{
  const char *end = memchr (data, '\n', size);

  return end ? (size_t) (end - data) + 1 : 0;
}

/* Without Telnet's commands; returns the length, with its NUL behind. */
static size_t
without_telnet (const char *line, size_t size, char ret[FETTLE_FTP_LINE_MAX])
{
  size_t n = 0;

  for (size_t i = 0; i < size; i++) {
    unsigned char c = (unsigned char) line[i];

    if (c == IAC && i + 1 < size && (unsigned char) line[i + 1] != IAC) {
      i += (unsigned char) line[i + 1] >= WILL ? 2 : 1;
      continue;
    }
    i += c == IAC; /* twice: itself */
    ret[n++] = line[i < size ? i : size - 1];
  }
  ret[n] = '\0';
  return n;
}

static enum fettle_ftp_verb
verb_of (const char *name, size_t size)
{
  for (size_t i = 0; i < COUNT (verbs); i++)
    if (strlen (verbs[i].name) == size && strncasecmp (verbs[i].name, name, size) == 0)
      return verbs[i].verb;
  return FETTLE_FTP_UNKNOWN;
}

bool
fettle_ftp_parse (const char *line, size_t size, struct fettle_ftp_command *ret)
{
  char text[FETTLE_FTP_LINE_MAX];
  size_t n, word;

  if (size && line[size - 1] == '\n')
    size--;
  if (size && line[size - 1] == '\r')
    size--;
  if (size >= sizeof text)
    return false;
  n = without_telnet (line, size, text);
  for (size_t i = 0; i < n; i++)
    if ((unsigned char) text[i] < ' ' || text[i] == 0x7f)
      return false;
  word = strcspn (text, " ");
  ret->verb = verb_of (text, word);
  snprintf (ret->argument, sizeof ret->argument, "%s", text + word + (text[word] == ' '));
  return true;
}

/* Appends "/PART"; "." is nothing. */
static bool
add_part (char path[FETTLE_FTP_PATH_MAX], const char *part, size_t size)
{
  size_t n = strcmp (path, "/") == 0 ? 0 : strlen (path);

  if (size == 0 || (size == 1 && part[0] == '.'))
    return true;
  if ((size == 2 && memcmp (part, "..", 2) == 0) || n + 1 + size >= FETTLE_FTP_PATH_MAX)
    return false;
  path[n] = '/';
  memcpy (path + n + 1, part, size);
  path[n + 1 + size] = '\0';
  return true;
}

bool
fettle_ftp_path (const char *from, const char *argument, char ret[FETTLE_FTP_PATH_MAX])
{
  char path[FETTLE_FTP_PATH_MAX];

  snprintf (path, sizeof path, "%s", *argument == '/' ? "/" : from);
  while (*argument) {
    size_t n = strcspn (argument, "/");

    if (!add_part (path, argument, n))
      return false;
    argument += n + (argument[n] == '/');
  }
  snprintf (ret, FETTLE_FTP_PATH_MAX, "%s", path);
  return true;
}

void
fettle_ftp_path_up (char path[FETTLE_FTP_PATH_MAX])
{
  char *last = strrchr (path, '/');

  if (last)
    last[last == path] = '\0';
}
