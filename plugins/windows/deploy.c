/* deploy.c - upload, run, tell how it went, clean up.
 *
 * What was done already is read from our folder and our service on the node,
 * not from the token: each call looks first and goes on from there.  The token
 * says what those can't:
 *   (none)                    begin, or go on after a crash
 *   "upload N"                the connection was lost N times while uploading
 *   "run SINCE LOST PENDING"  the service was started; lost: looks in vain, in a
 *                             row; pending: the node had waited for a restart before
 *   "done CODE TEXT"          this is the result; what is left is to clean up
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <time.h>

#include "commands.h"
#include "deploy.h"

enum {
  FILES_MAX = 32,
  UPLOAD_CALLS = 6,        /* then it fails */
  LOST_S = 10,             /* between looks in vain */
  SPARE = 4 * 1024 * 1024, /* bytes that program and log may need */
  BITLOCKER_S = 120
};

struct deployment {
  struct win w;
  struct run run;
  const struct fettle_image *image;
  char windows[80];        /* "C:\Windows" */
  int pending;             /* the node waits for a restart */
  int bitlocker;
  char why[300];           /* there is too little room, in words */
};

static const struct fettle_file *
file_at (const struct fettle_image *image, uint32_t i)
{
  return (const void *) ((const char *) image->files + (size_t) i * image->file_size);
}

static int
connection_lost (fettle_result r)
{
  return r == FETTLE_E_UNREACHABLE || r == FETTLE_E_TIMEOUT || r == FETTLE_E_PROTOCOL;
}

/* ---- the end ---- */

static fettle_result
clean_up (struct deployment *d, fettle_result code, const char *text)
{
  const struct win *w = &d->w;
  fettle_result r;

  w->h->progress (w->c, 970, "cleaning up");
  r = run_remove (&d->run);
  if (connection_lost (r)) {
    w->smb->disconnect (w->c);
    r = run_remove (&d->run);
  }
  if (r == FETTLE_E_ABORTED)
    return r;
  if (r != FETTLE_OK)
    fettle_say (w->h, w->c, FETTLE_LOG_WARNING, "ADMIN$\\%s or the service of that name stays behind on the node",
                d->run.name);
  return code < 0 ? w->h->error (w->c, code, text) : code;
}

/* The result is stored before the folder goes. */
static fettle_result
end_with (struct deployment *d, fettle_result code, const char *text)
{
  char token[1000];

  snprintf (token, sizeof token, "done %d %.900s", (int) code, text);
  return d->w.h->again (d->w.c, 0, token);
}

static fettle_result
token_done (struct deployment *d, const char *token)
{
  char *text;
  long code = strtol (token + 5, &text, 10);

  return clean_up (d, (fettle_result) code, *text == ' ' ? text + 1 : text);
}

/* ---- what was left by the installer ---- */

/* What this node's registry says that decides: where Windows is, whether a
 * restart is waited for, whether its disk is locked. */
static fettle_result
look_at_node (struct deployment *d)
{
  struct registry g;
  struct ndr_handle key;
  const char *why = NULL;
  uint32_t locked = 0;
  fettle_result r = win_registry_open (&d->w, &g);

  if (r == FETTLE_OK)
    r = win_reboot_pending (&g, &why);
  d->pending = why != NULL;
  if (r == FETTLE_OK)
    r = reg_open (&g, NULL, "SOFTWARE\\Microsoft\\Windows NT\\CurrentVersion", &key);
  if (r == FETTLE_OK) {
    r = reg_text (&g, &key, "SystemRoot", d->windows, sizeof d->windows);
    reg_close (&g, &key);
  }
  if (r == FETTLE_OK && reg_open (&g, NULL, "SYSTEM\\CurrentControlSet\\Control\\BitlockerStatus", &key) == FETTLE_OK) {
    d->bitlocker = reg_number (&g, &key, "BootStatus", &locked) == FETTLE_OK && locked;
    reg_close (&g, &key);
  }
  if (r == WIN_NONE || (r == FETTLE_OK && !d->windows[0]))
    r = d->w.h->error (d->w.c, FETTLE_E_PROTOCOL, "the node's registry doesn't say where Windows is");
  return win_registry_close (&d->w, &g, r);
}

/* Of the installation: did it leave the node waiting for a restart? */
static fettle_result
judge_reboot (struct deployment *d, int before, fettle_result code)
{
  if (code != FETTLE_OK || before || look_at_node (d) != FETTLE_OK || !d->pending)
    return code;
  d->w.h->log (d->w.c, FETTLE_LOG_INFO, "the node waits for a restart since this installation");
  return FETTLE_OK_REBOOT;
}

static fettle_result
conclude (struct deployment *d, int pending_before)
{
  const struct win *w = &d->w;
  char words[200] = "", text[1000] = "";
  int meaning = EXIT_FAILED;
  fettle_result code;

  deploy_log (&d->run, w->h->quirk (w->c, d->image->format, "log"));
  if (d->run.failed[0])
    snprintf (text, sizeof text, "the installer couldn't be started on the node: %s: %s (error %u)", d->run.failed,
              win_error_text (d->run.failed_code) ? win_error_text (d->run.failed_code) : "refused",
              (unsigned) d->run.failed_code);
  else
    meaning = command_exit (w, d->image->format, d->run.exit, words);
  switch (meaning) {
  case EXIT_INSTALLED:
    code = judge_reboot (d, pending_before, FETTLE_OK);
    break;
  case EXIT_REBOOT:
  case EXIT_REBOOTING:
    code = FETTLE_OK_REBOOT;
    w->h->log (w->c, FETTLE_LOG_INFO, "a restart is needed");
    break;
  case EXIT_SAME:
    code = FETTLE_OK;
    fettle_say (w->h, w->c, FETTLE_LOG_WARNING, "%s; the inventory decides", words[0] ? words : "there was nothing to do");
    break;
  case EXIT_BUSY:
    code = FETTLE_E_BUSY;
    break;
  case EXIT_UNSUPPORTED:
    code = FETTLE_E_UNSUPPORTED;
    break;
  default:
    code = FETTLE_E_REJECTED;
  }
  if (code < 0 && !text[0])
    snprintf (text, sizeof text, "%s%sexit code %lu%s", words[0] ? words : "the installer failed with ",
              words[0] ? " (" : "", (unsigned long) d->run.exit, words[0] ? ")" : "");
  fettle_say (w->h, w->c, FETTLE_LOG_INFO, "exit code %lu", (unsigned long) d->run.exit);
  return end_with (d, code, text);
}

/* ---- while it runs ---- */

static fettle_result
again_run (struct deployment *d, long long since, int lost)
{
  long long age = (long long) time (NULL) - since;
  char token[64];

  snprintf (token, sizeof token, "run %lld %d %d", since, lost, d->pending);
  return d->w.h->again (d->w.c, lost ? LOST_S : age < 30 ? 1 : age < 300 ? 5 : 20, token);
}

/* An installer is never cut: it removes its folder itself when it ends. */
static fettle_result
too_long (struct deployment *d, uint32_t limit)
{
  run_abandon (&d->run);
  return fettle_fail (d->w.h, d->w.c, FETTLE_E_TIMEOUT, "it still runs after %u s and is left alone (service %s); its files go "
                      "when it ends; the setting install_timeout says how long to wait", (unsigned) limit, d->run.name);
}

/* It has gone without a result: the node restarted, or somebody ended it.
 * Whether it had done its work, only the inventory can tell. */
static fettle_result
interrupted (struct deployment *d)
{
  deploy_log (&d->run, NULL);
  d->w.h->log (d->w.c, FETTLE_LOG_WARNING, "the installation was cut off: the node restarted, or its process was ended; the "
               "inventory decides");
  return end_with (d, FETTLE_OK, "");
}

static fettle_result
go_on (struct deployment *d, long long since, int pending_before)
{
  uint32_t limit = win_number (&d->w, "install_timeout", 3600, 7 * 86400);

  switch (d->run.state) {
  case RUN_RUNNING:
    d->w.h->progress (d->w.c, 650, "installing");
    if ((long long) time (NULL) - since > (long long) limit)
      return too_long (d, limit);
    d->pending = pending_before;
    return again_run (d, since, 0);
  case RUN_FINISHED:
    return conclude (d, pending_before);
  case RUN_LOADED:
  case RUN_DEAD:
    return interrupted (d);
  default:
    d->w.h->log (d->w.c, FETTLE_LOG_WARNING, "our folder is gone from the node: somebody removed it; the inventory decides");
    return FETTLE_OK;
  }
}

static fettle_result
token_run (struct deployment *d, const char *token)
{
  char *rest;
  long long since = strtoll (token + 4, &rest, 10);
  long lost = strtol (rest, &rest, 10), pending = strtol (rest, NULL, 10);
  long most = (long) win_number (&d->w, "restart_timeout", 1800, 7 * 86400) / LOST_S;
  fettle_result r = run_look (&d->run);

  if ((connection_lost (r) || r == FETTLE_E_AUTH || r == FETTLE_E_BUSY) && lost < most) {
    d->w.h->progress (d->w.c, 650, "the node doesn't answer: waiting");
    d->pending = pending != 0;
    return again_run (d, since, (int) lost + 1);
  }
  return r == FETTLE_OK ? go_on (d, since, pending != 0) : r;
}

/* ---- upload ---- */

/* *have: how much of it is on the node. */
static fettle_result
file_on_node (struct deployment *d, uint32_t i, uint64_t *have)
{
  struct fettle_smb_entry e = { .struct_size = sizeof e };
  char path[400];
  fettle_result r;

  run_path (&d->run, file_at (d->image, i)->name, path);
  r = win_stat (&d->w, path, &e);
  *have = r == FETTLE_OK ? e.size : 0;
  return r == WIN_NONE ? FETTLE_OK : r;
}

static fettle_result
check_room (struct deployment *d)
{
  uint64_t wanted = SPARE, have = 0, left = 0, all = 0;
  fettle_result r = FETTLE_OK;

  for (uint32_t i = 0; i < d->image->n_files && r == FETTLE_OK; i++) {
    r = file_on_node (d, i, &have);
    if (file_at (d->image, i)->size > have)
      wanted += file_at (d->image, i)->size - have;
  }
  if (r == FETTLE_OK)
    r = d->w.smb->space (d->w.c, RUN_SHARE, &left, &all);
  if (r == FETTLE_OK && left < wanted)
    snprintf (d->why, sizeof d->why, "the node's disk is full: %llu KiB are free for us on its system drive, %llu KiB are needed; "
              "free some and deploy again", (unsigned long long) left / 1024, (unsigned long long) wanted / 1024);
  return r;
}

static fettle_result
upload (struct deployment *d)
{
  const struct win *w = &d->w;
  char path[400];
  uint64_t have;
  fettle_result r = FETTLE_OK;

  w->h->progress (w->c, 50, "uploading");
  for (uint32_t i = 0; i < d->image->n_files && r == FETTLE_OK; i++) {
    const struct fettle_file *f = file_at (d->image, i);

    r = file_on_node (d, i, &have);
    if (r != FETTLE_OK || (have == f->size && f->size > 0))
      continue;
    if (have > f->size)
      have = 0;
    if (have)
      fettle_say (w->h, w->c, FETTLE_LOG_INFO, "%s: going on at byte %llu of %llu", f->name, (unsigned long long) have,
                  (unsigned long long) f->size);
    run_path (&d->run, f->name, path);
    r = w->smb->put (w->c, i, have, RUN_SHARE, path);
  }
  return r;
}

/* The node can't take it; or the connection is gone, which is worth another try
 * while nothing has been started. */
static fettle_result
put_failed (struct deployment *d, const char *token, int uploading, fettle_result result)
{
  long calls = token && strncmp (token, "upload ", 7) == 0 ? strtol (token + 7, NULL, 10) : 0;
  char next[32];

  if (result == FETTLE_E_REJECTED && d->w.smb->status (d->w.c) == FETTLE_NT_DISK_FULL)
    return end_with (d, result, "the node's disk is full: free some space on its system drive and deploy again");
  if (!uploading || !connection_lost (result) || calls + 1 >= UPLOAD_CALLS)
    return result;
  snprintf (next, sizeof next, "upload %ld", calls + 1);
  d->w.h->progress (d->w.c, 50, "the connection was lost: waiting");
  return d->w.h->again (d->w.c, 5, next);
}

/* ---- begin ---- */

static fettle_result
ignore (void *opaque, const void *data, size_t size)
{
  (void) opaque;
  (void) data;
  (void) size;
  return FETTLE_OK;
}

/* Where the user wants that: the disk stays open through the next restart. */
static fettle_result
suspend_bitlocker (struct deployment *d)
{
  char name[64], order[160];
  struct run run;
  fettle_result r;

  if (!d->bitlocker || !win_says_yes (&d->w, "bitlocker_suspend"))
    return FETTLE_OK;
  win_name (&d->w, "-lock", name);
  run_init (&run, &d->w, name);
  snprintf (order, sizeof order, "timeout %d\nrun manage-bde.exe -protectors -disable %.2s -RebootCount 1\n", BITLOCKER_S,
            d->windows);
  r = run_whole (&run, order, 2 * BITLOCKER_S, 65536, ignore, NULL);
  if (r == FETTLE_OK && run.exit != 0)
    r = fettle_fail (d->w.h, d->w.c, FETTLE_E_REJECTED, "BitLocker couldn't be suspended on %.2s: manage-bde.exe ended with exit code "
                     "%lu; nothing was installed", d->windows, (unsigned long) run.exit);
  if (r == FETTLE_OK)
    fettle_say (d->w.h, d->w.c, FETTLE_LOG_INFO, "BitLocker on %.2s is suspended until the restart after the next", d->windows);
  return r;
}

static fettle_result
launch (struct deployment *d)
{
  char folder[200], line[COMMAND_MAX], script[COMMAND_MAX], path[400], order[COMMAND_MAX + 16];
  fettle_result r = FETTLE_OK;

  snprintf (folder, sizeof folder, "%s\\%s", d->windows, d->run.name);
  command_script (&d->w, d->image, folder, script);
  command_line (&d->w, d->image, folder, line);
  if (script[0]) {
    run_path (&d->run, "run.cmd", path);
    r = d->w.smb->write (d->w.c, RUN_SHARE, path, script, strlen (script));
  }
  snprintf (order, sizeof order, "run %s\n", line);
  return r == FETTLE_OK ? run_launch (&d->run, order) : r;
}

static fettle_result
begin (struct deployment *d, const char *token)
{
  fettle_result r = run_is_possible (&d->w);

  if (r == FETTLE_OK)
    r = run_look (&d->run);
  if (r == FETTLE_OK && (d->run.state == RUN_RUNNING || d->run.state == RUN_FINISHED || d->run.state == RUN_DEAD))
    return go_on (d, (long long) time (NULL), 0);
  if (r == FETTLE_OK)
    r = look_at_node (d);
  if (r != FETTLE_OK)
    return put_failed (d, token, token != NULL, r); /* that it is away is news to the first call alone */
  if (d->pending)
    d->w.h->log (d->w.c, FETTLE_LOG_WARNING, "the node has waited for a restart before this installation");
  r = run_make_folder (&d->run);
  if (r == FETTLE_OK)
    r = check_room (d);
  if (d->why[0])
    return clean_up (d, FETTLE_E_REJECTED, d->why);
  if (r == FETTLE_OK)
    r = upload (d);
  if (r != FETTLE_OK)
    return put_failed (d, token, 1, r);
  r = suspend_bitlocker (d);
  if (r != FETTLE_OK)
    return r;
  d->w.h->progress (d->w.c, 600, "installing");
  r = launch (d);
  return r == FETTLE_OK ? again_run (d, (long long) time (NULL), 0) : put_failed (d, token, 0, r);
}

/* ---- the calls ---- */

static fettle_result
init (struct deployment *d, WIN_CALL, const struct fettle_image *image)
{
  char name[64];
  fettle_result r;

  memset (d, 0, sizeof *d);
  d->image = image;
  r = win_init (&d->w, h, c, t);
  if (r != FETTLE_OK)
    return r;
  win_name (&d->w, "", name);
  run_init (&d->run, &d->w, name);
  return FETTLE_OK;
}

/* Our own files in the folder (target/README) aren't a component's. */
static int
is_ours (const char *name)
{
  static const char *const ours[] = { "order", "output", "result", "result.new", "abandon", "target.exe", "run.cmd" };

  for (size_t i = 0; i < FETTLE_COUNT (ours); i++)
    if (strcasecmp (name, ours[i]) == 0)
      return 1;
  return 0;
}

static fettle_result
check_image (struct deployment *d)
{
  const struct fettle_image *image = d->image;

  if (!command_known (&d->w, image->format))
    return fettle_fail (d->w.h, d->w.c, FETTLE_E_UNSUPPORTED, "a Windows node can't install the format \"%.40s\": exe, msi, msu, "
                        "inf, cab, dup and setup it can, and what windows.quirks has", image->format);
  if (image->n_files < 1 || image->n_files > FILES_MAX)
    return fettle_fail (d->w.h, d->w.c, FETTLE_E_CONFIG, "the component has %u files: 1 to %d can be deployed",
                        (unsigned) image->n_files, FILES_MAX);
  for (uint32_t i = 0; i < image->n_files; i++)
    if (is_ours (file_at (image, i)->name))
      return fettle_fail (d->w.h, d->w.c, FETTLE_E_CONFIG, "the component has a file %s: one of this name runs it on the node, so it "
                          "must have another", file_at (image, i)->name);
  return FETTLE_OK;
}

fettle_result
win_deploy (WIN_CALL, const struct fettle_image *image)
{
  const char *token = h->token (c);
  struct deployment d;
  fettle_result r = init (&d, h, c, t, image);

  if (r == FETTLE_OK)
    r = check_image (&d);
  if (r != FETTLE_OK)
    return r;
  if (token && strncmp (token, "done ", 5) == 0)
    return token_done (&d, token);
  if (token && strncmp (token, "run ", 4) == 0)
    return token_run (&d, token);
  return begin (&d, token);
}

/* Of what other runs of ours may have been cut: asking WMI, BitLocker.  One
 * that still runs removes itself when it ends. */
static fettle_result
clean_other (struct deployment *d, const char *name)
{
  struct run run;
  fettle_result r;

  run_init (&run, &d->w, name);
  r = run_look (&run);
  if (r != FETTLE_OK || run.state == RUN_ABSENT)
    return r;
  return run.state == RUN_RUNNING ? run_abandon (&run) : run_remove (&run);
}

/* After a failure the rest is removed all the same. */
static fettle_result
both (fettle_result a, fettle_result b)
{
  return a == FETTLE_OK ? b : a;
}

/* What still runs is waited for; after that it is left to itself, with the
 * order to remove its files. */
static fettle_result
clean_run (struct deployment *d)
{
  const char *token = d->w.h->token (d->w.c);
  long long since = token ? strtoll (token, NULL, 10) : (long long) time (NULL);
  char next[32];
  fettle_result r = run_look (&d->run);

  if (r != FETTLE_OK)
    return r;
  if (d->run.state != RUN_RUNNING)
    return run_remove (&d->run);
  r = run_abandon (&d->run);
  if (r != FETTLE_OK)
    return r;
  if ((long long) time (NULL) - since > (long long) win_number (&d->w, "install_timeout", 3600, 7 * 86400))
    return fettle_fail (d->w.h, d->w.c, FETTLE_E_BUSY, "an installation still runs on the node (service %s); it is left alone and "
                        "removes its files when it ends", d->run.name);
  snprintf (next, sizeof next, "%lld", since);
  return d->w.h->again (d->w.c, 5, next);
}

fettle_result
win_cleanup (WIN_CALL)
{
  struct deployment d;
  char name[64];
  fettle_result r = init (&d, h, c, t, NULL), registry;

  if (r != FETTLE_OK)
    return r;
  registry = win_registry_restore (&d.w);
  if (connection_lost (registry) || registry == FETTLE_E_ABORTED || registry == FETTLE_E_AUTH)
    return registry;
  r = clean_run (&d);
  if (r == FETTLE_AGAIN)
    return r;
  r = both (r, clean_other (&d, "fettle-wmi"));
  win_name (&d.w, "-lock", name);
  return both (both (registry, r), clean_other (&d, name));
}
