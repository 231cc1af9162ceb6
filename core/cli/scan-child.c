/* scan-child.c - see scan-child.h.  SPDX-License-Identifier: Apache-2.0 */
#include "util/base.h"

#include <fcntl.h>
#include <sys/wait.h>

#include "cli/scan-child.h"
#include "util/buf.h"
#include "util/file.h"
#include "util/spawn.h"

enum { SAID_MAX = 65536 };

fettle_result
fettle_scan_start (const struct fettle_cli *cli, const char *const *argv,
                   struct fettle_scan_child *ret, struct fettle_error *err)
{
  int status[2], out;
  fettle_result r;

  if (pipe2 (status, O_CLOEXEC))
    return fettle_error_errno (err, FETTLE_E_INTERNAL, "making a pipe");
  r = fettle_spawn (cli->settings.libexecdir, argv, &status[1], 1, &ret->pid, &out, err);
  close (status[1]);
  if (r) {
    close (status[0]);
    return r;
  }
  ret->status = status[0];
  ret->out = fdopen (out, "r");
  if (!ret->out)
    abort (); /* no memory */
  return FETTLE_OK;
}

fettle_result
fettle_scan_end (struct fettle_scan_child *child, struct fettle_error *err)
{
  _cleanup_ (fettle_buf_clear) struct fettle_buf text = FETTLE_BUF_INIT (SAID_MAX);
  _cleanup_json_ json_t *said = NULL;
  const char *problem;
  int status;

  fclose (child->out); /* who isn't listened to ends */
  if (!fettle_fd_read (child->status, "what fettle-scan says", &text, err))
    said = json_loads (fettle_buf_text (&text), 0, NULL);
  close (child->status);
  status = fettle_spawn_wait (child->pid);
  if (WIFEXITED (status) && WEXITSTATUS (status) == 0)
    return FETTLE_OK;
  problem = json_string_value (json_object_get (said, "problem"));
  return fettle_error_set (err, FETTLE_E_CONFIG, "%.900s", problem ? problem : "it couldn't be read to "
                                                                               "its end");
}
