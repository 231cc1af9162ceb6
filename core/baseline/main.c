/* fettle-scan DIR - reads the components of a folder, writes JSON lines on
 * stdout (scan.h).  A process of its own, since it parses foreign files: it
 * opens the folder, gives up what it doesn't need, and only then looks in.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "util/base.h"

#include <fcntl.h>
#include <locale.h>

#include "baseline/confine.h"
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
  _cleanup_close_ int folder = open (path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  fettle_result r;

  if (folder < 0)
    return fettle_error_errno (err, FETTLE_E_CONFIG, "the folder %s can't be read", path);
  warm_up ();
  r = fettle_confine (folder, err);
  if (!r)
    r = fettle_scan (folder, stdout, err);
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
    fprintf (stderr, "usage: fettle-scan DIR\n"
                     "Reads the components of a folder; Fettle's service runs it.\n");
    return EXIT_INPUT;
  }
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
