/* main.c - fettled.  SPDX-License-Identifier: Apache-2.0 */
#include "util/base.h"

#include <errno.h>

#include "service/options.h"
#include "service/process.h"
#include "service/service.h"
#include "util/log.h"
#include "util/secret.h"

static uint32_t
log_level (const char *name)
{
  if (strcmp (name, "error") == 0)
    return FETTLE_LOG_ERROR;
  if (strcmp (name, "warning") == 0)
    return FETTLE_LOG_WARNING;
  return strcmp (name, "debug") == 0 ? FETTLE_LOG_DEBUG : FETTLE_LOG_INFO;
}

struct start {
  const struct fettle_service_options *options;
  int waiting; /* the parent, in the background; else -1 */
};

/* Up to here, messages went to who started us. */
static void
ready (void *arg)
{
  const struct start *s = arg;
  struct fettle_error err;

  if (s->options->log_file && fettle_process_log_to (s->options->log_file, &err))
    fettle_log (FETTLE_LOG_ERROR, "%s", err.text);
  if (s->waiting >= 0)
    fettle_process_ready (s->waiting);
}

static int
run (struct fettle_service_options *o)
{
  struct start s = { .options = o, .waiting = -1 };
  struct fettle_error err;

  if (o->background && !o->log_file
      && asprintf (&o->log_file, "%s/fettled.log", o->settings.state_dir) < 0)
    o->log_file = NULL;
  fettle_process_prepare ();
  if (o->background && (s.waiting = fettle_process_background ()) < 0) {
    fprintf (stderr, "fettled: going to the background: %s\n", strerror (errno));
    return FETTLE_EXIT_FAILED;
  }
  fettle_log_init ("fettled", log_level (o->settings.log_level));
  if (fettle_service_run (o, ready, &s, &err)) {
    fprintf (stderr, "fettled: %s\n", err.text);
    return FETTLE_EXIT_FAILED;
  }
  return FETTLE_EXIT_OK;
}

int
main (int argc, char **argv)
{
  struct fettle_service_options o;
  int status = FETTLE_EXIT_OK;

  fettle_secret_json ();
  if (!fettle_service_options_read (&o, argc, argv))
    status = FETTLE_EXIT_BAD_PARAMETER;
  else if (!o.done)
    status = run (&o);
  fettle_service_options_clear (&o);
  return status;
}
