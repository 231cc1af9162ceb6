/* options.h - fettled's command line.  SPDX-License-Identifier: Apache-2.0 */
#ifndef FETTLE_SERVICE_OPTIONS_H
#define FETTLE_SERVICE_OPTIONS_H

#include <stdbool.h>

#include "util/settings.h"

/* Exit codes are those of the command. */
enum { FETTLE_EXIT_OK = 0, FETTLE_EXIT_BAD_PARAMETER = 254, FETTLE_EXIT_FAILED = 255 };

struct fettle_service_options {
  struct fettle_settings settings; /* file, then options */
  char *log_file;                  /* absolute, or NULL */
  bool background;
  bool idle_exit;                  /* end after settings.idle_exit seconds unused */
  bool done;                       /* --help or --version: said, nothing more to do */
};

/* Reads command line and configuration.  Messages are on stderr already when
 * it fails; clear it in any case. */
bool fettle_service_options_read (struct fettle_service_options *, int argc, char **argv);

void fettle_service_options_clear (struct fettle_service_options *);

#endif
