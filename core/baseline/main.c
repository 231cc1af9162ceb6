/* fettle-scan PATH - reads the components of a folder or an archive, writes
 * JSON lines on stdout (scan.h).  A process of its own, since it parses foreign files: it
 * opens the path, gives up what it doesn't need, and only then looks in.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "util/base.h"

#include <fcntl.h>
#include <locale.h>
#include <signal.h>
#include <sys/stat.h>

#include "baseline/confine.h"
#include "baseline/hasher.h"
#include "baseline/rpm.h"
#include "baseline/scan.h"
#include "util/file.h"

enum { EXIT_INPUT = 254, EXIT_GENERAL = 255 };

/* What libraries load at first use must be loaded while they still can. */
static void
warm_up (void)
{
  char digest[FETTLE_SHA256_TEXT];

  fettle_sha256 ("", 0, digest);
  fettle_rpm_init ();
}

static fettle_result
run (const char *path, struct fettle_error *err)
{
  _cleanup_close_ int fd = open (path, O_RDONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
  const char *slash = strrchr (path, '/');
  struct stat st;
  fettle_result r;

  if (fd < 0 || fstat (fd, &st))
    return fettle_error_errno (err, FETTLE_E_CONFIG, "%s can't be read", path);
  if (!S_ISDIR (st.st_mode) && !S_ISREG (st.st_mode))
    return fettle_error_set (err, FETTLE_E_CONFIG, "%s isn't a folder or a file", path);
  warm_up ();
  r = fettle_confine (S_ISDIR (st.st_mode) ? fd : -1, fettle_hasher_start, err);
  if (!r)
    r = fettle_scan (fd, slash && slash[1] ? slash + 1 : path, stdout, err);
  return r;
}

#if FETTLE_ASAN
/* Confined, it can't be looked through for leaks; the unit tests' processes can. */
int __lsan_is_turned_off (void);

int
__lsan_is_turned_off (void)
{
  return 1;
}
#endif

int
main (int argc, char **argv)
{
  struct fettle_error err;
  fettle_result r;

  if (argc != 2 || argv[1][0] == '-') {
    fprintf (stderr, "usage: fettle-scan PATH\n"
                     "Reads the components of a folder or an archive; Fettle's service runs it.\n");
    return EXIT_INPUT;
  }
  signal (SIGXFSZ, SIG_IGN); /* the limit on files is an error of a write */
  /* Names in packages may be UTF-8, whatever the user's language is. */
  if (!setlocale (LC_CTYPE, "C.UTF-8"))
    setlocale (LC_CTYPE, "");
  r = run (argv[1], &err);
  if (!r)
    return 0;
  fprintf (stderr, "fettle-scan: %s\n", err.text);
  fettle_scan_line (stdout, "problem",
                    json_pack ("{s:s, s:s}", "file", ".", "message", err.text));
  return r == FETTLE_E_CONFIG ? EXIT_INPUT : EXIT_GENERAL;
}
