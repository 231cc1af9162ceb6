/* ftp-command.h - a line of an FTP client, and the paths in it.
 *
 * Pure: no I/O.  What a client sends is foreign; all that can be wrong with it
 * is found here.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef FETTLE_FTP_COMMAND_H
#define FETTLE_FTP_COMMAND_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define FETTLE_FTP_LINE_MAX 1024 /* bytes of a command with its argument and its end */
#define FETTLE_FTP_PATH_MAX 512  /* bytes of a path with its NUL */

enum fettle_ftp_verb {
  FETTLE_FTP_UNKNOWN,
  FETTLE_FTP_ABOR, FETTLE_FTP_ALLO, FETTLE_FTP_CDUP, FETTLE_FTP_CWD, FETTLE_FTP_EPSV,
  FETTLE_FTP_FEAT, FETTLE_FTP_HELP, FETTLE_FTP_MDTM, FETTLE_FTP_MODE, FETTLE_FTP_NOOP,
  FETTLE_FTP_OPTS, FETTLE_FTP_PASS, FETTLE_FTP_PASV, FETTLE_FTP_PWD, FETTLE_FTP_QUIT,
  FETTLE_FTP_REST, FETTLE_FTP_RETR, FETTLE_FTP_SIZE, FETTLE_FTP_STRU, FETTLE_FTP_SYST,
  FETTLE_FTP_TYPE, FETTLE_FTP_USER,
  FETTLE_FTP_ACTIVE,  /* PORT and EPRT: refused */
  FETTLE_FTP_LISTING, /* LIST, NLST, MLSD, ...: refused */
  FETTLE_FTP_WRITING, /* STOR, DELE, ...: refused */
  FETTLE_FTP_VERBS,
};

struct fettle_ftp_command {
  enum fettle_ftp_verb verb;
  char argument[FETTLE_FTP_LINE_MAX]; /* "" when there is none */
};

/* How many bytes of what has come are its first line, with its end (LF, or CR
 * LF); 0: it isn't whole yet. */
size_t fettle_ftp_line (const char *data, size_t size);

/* Such a line, its end included or not.  Telnet's commands in it (which come
 * in front of ABOR) are taken out.  False: it has NULs or other control
 * characters, or is too long. */
bool fettle_ftp_parse (const char *line, size_t size, struct fettle_ftp_command *ret);

/* Where `argument` leads from the folder `from` ("/", "/d/1234"): "/d/1234/a".
 * False for "..", and for what is too long. */
bool fettle_ftp_path (const char *from, const char *argument, char ret[FETTLE_FTP_PATH_MAX]);

/* The folder above, in place. */
void fettle_ftp_path_up (char path[FETTLE_FTP_PATH_MAX]);

#endif
