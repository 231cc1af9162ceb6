/* fettle-fetch - a baseline from a web server (fetch.h).  A process of its own,
 * so that the service does nothing else meanwhile, and no server speaks to it.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "util/base.h"

#include <sys/prctl.h>
#include <sys/resource.h>

#include "baseline/fetch.h"
#include "baseline/scan.h"

enum { EXIT_INPUT = 254, EXIT_GENERAL = 255 };

int
main (int argc, char **argv)
{
  const char *ca = NULL;
  struct fettle_error err;
  fettle_result r;

  if (argc > 2 && strcmp (argv[1], "--ca") == 0) {
    ca = argv[2];
    argv += 2;
    argc -= 2;
  }
  if (argc < 3 || argc > 4 || (strncmp (argv[1], "http://", 7) != 0 && strncmp (argv[1], "https://", 8) != 0)) {
    fputs ("usage: fettle-fetch [--ca FILE] URL DEST [SHA256]\n"
           "Fetches a baseline, an archive or (with / at the URL's end) a folder; Fettle's service runs it.\n",
           stderr);
    return EXIT_INPUT;
  }
  prctl (PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
  setrlimit (RLIMIT_CORE, &(struct rlimit) { 0, 0 });
  r = fettle_fetch (argv[1], argv[2], argc > 3 ? argv[3] : NULL, ca, stdout, &err);
  if (!r)
    return 0;
  fprintf (stderr, "fettle-fetch: %s\n", err.text);
  fettle_scan_line (stdout, "problem", json_pack ("{s:s, s:s}", "file", ".", "message", err.text));
  return r == FETTLE_E_CONFIG ? EXIT_INPUT : EXIT_GENERAL;
}
