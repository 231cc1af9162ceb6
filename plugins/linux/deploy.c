/* deploy.c - upload, verify, install, tell how it went, clean up.
 *
 * What was done already is read from the run folder on the node, not from the
 * token: each call looks first and goes on from there.  The token says what
 * the folder can't:
 *   (none)               begin, or go on after a crash
 *   "upload N"           the connection was lost N times while uploading
 *   "run SINCE LOST"     the runner was started; lost: failed looks in a row
 *   "done CODE TEXT"     this is the result; what is left is to clean up
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "node.h"

#define UPLOAD_TRIES   4   /* in one call */
#define UPLOAD_CALLS   6   /* then it fails */
#define LOST_MAX       60  /* looks in vain, ten seconds apart */
#define START_S        60  /* that a busy node may take to begin */
#define SPARE_KIB      2048 /* what the log and the runner may need */

static const char *const formats[] = { "deb", "rpm", "scexe", "script", "cab" };

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

/* Installing the same again does nothing for these, so that a crash between
 * cleaning up and our answer does no harm.  For others the result is stored
 * before the folder goes. */
static int
repeatable (const struct fettle_image *image)
{
  return (strcmp (image->format, "deb") == 0 || strcmp (image->format, "rpm") == 0)
         && !(image->flags & FETTLE_IMAGE_REWRITE);
}

static fettle_result
say_result (struct node *n, fettle_result code, const char *text)
{
  return code < 0 ? n->call->host->error (n->call->ctx, code, text) : code;
}

/* Remove the run folder, then answer with this. */
static fettle_result
clean_up (struct node *n, fettle_result code, const char *text)
{
  const struct linux_call *c = n->call;
  char token[1000];
  fettle_result result;

  c->host->progress (c->ctx, 970, "cleaning up");
  result = node_do (n, "remove", 0);
  if (connection_lost (result)) {
    c->ssh->disconnect (c->ctx);
    result = node_do (n, "remove", 0);
  }
  if (connection_lost (result) && c->host->token (c->ctx) == NULL) {
    snprintf (token, sizeof token, "done %d %.900s", (int) code, text);
    return c->host->again (c->ctx, 10, token);
  }
  if (result != FETTLE_OK || n->state != NODE_ABSENT)
    fettle_say (c->host, c->ctx, FETTLE_LOG_WARNING, "%s stays behind on the node: %s", n->folder,
                n->refused[0] ? n->refused : "it couldn't be removed");
  return say_result (n, code, text);
}

static fettle_result
end_with (struct node *n, fettle_result code, const char *text)
{
  char token[1000];

  if (repeatable (n->image))
    return clean_up (n, code, text);
  snprintf (token, sizeof token, "done %d %.900s", (int) code, text);
  return n->call->host->again (n->call->ctx, 0, token);
}

static fettle_result
token_done (struct node *n, const char *token)
{
  char *text;
  long code = strtol (token + 5, &text, 10);

  return clean_up (n, (fettle_result) code, *text == ' ' ? text + 1 : text);
}

/* ---- what the runner's result means ---- */

static void
log_output (struct node *n, uint32_t level)
{
  char clean[900], *line = n->log.data, *next;

  for (; line && *line; line = next ? next : line + strlen (line)) {
    next = strchr (line, '\n');
    if (next)
      *next++ = '\0';
    if (text_clean (clean, sizeof clean, line, strlen (line))[0])
      n->call->host->log (n->call->ctx, level, clean);
  }
}

/* Causes that users can mend, as tools name them. */
static const char *
advice (const struct node *n)
{
  const char *log = n->log.data ? n->log.data : "";

  if (strstr (log, "No space left on device"))
    return ": a file system of the node is full: free some space and deploy again";
  if (strstr (log, "Read-only file system"))
    return ": a file system of the node is mounted read-only: remount it and deploy again";
  return "";
}

/* Programs: the vendor's codes for a single Linux machine. */
static fettle_result
of_program (struct node *n, char *text, size_t size)
{
  switch (n->status) {
  case 0:
    return FETTLE_OK;
  case 1:
    return FETTLE_OK_REBOOT;
  case 2:
    n->call->host->log (n->call->ctx, FETTLE_LOG_WARNING,
                        "the component attempted nothing (exit 2): it is current, or its hardware "
                        "isn't there; the inventory decides");
    return FETTLE_OK;
  case 3:
    snprintf (text, size, "the component says that it was not installed (exit 3)%s%s%s",
              n->why[0] ? ": " : "", n->why, advice (n));
    return FETTLE_E_REJECTED;
  default:
    snprintf (text, size, "the component failed with exit status %d%s%s%s", n->status,
              n->why[0] ? ": " : "", n->why, advice (n));
    return FETTLE_E_REJECTED;
  }
}

static fettle_result
of_tool (struct node *n, char *text, size_t size)
{
  const char *tool = strcmp (n->image->format, "deb") == 0   ? "dpkg"
                     : strcmp (n->image->format, "rpm") == 0 ? "rpm"
                                                             : "fwupd";

  if (n->status == 0)
    return n->reboot ? FETTLE_OK_REBOOT : FETTLE_OK;
  if (n->status == 2 && strcmp (tool, "fwupd") == 0) {
    n->call->host->log (n->call->ctx, FETTLE_LOG_WARNING,
                        "fwupd had nothing to do: no device here takes this firmware, or it is current");
    return FETTLE_OK;
  }
  snprintf (text, size, "%s ended with exit status %d%s%s%s", tool, n->status,
            n->why[0] ? ": " : "", n->why, advice (n));
  return FETTLE_E_REJECTED;
}

static fettle_result
conclude (struct node *n)
{
  char text[1200] = "";
  fettle_result code;

  if (strcmp (n->kind, "exit") == 0)
    code = strcmp (n->image->format, "script") == 0 || strcmp (n->image->format, "scexe") == 0
             ? of_program (n, text, sizeof text)
             : of_tool (n, text, sizeof text);
  else if (strcmp (n->kind, "same") == 0)
    code = FETTLE_OK;
  else {
    code = strcmp (n->kind, "busy") == 0          ? FETTLE_E_BUSY
           : strcmp (n->kind, "unsupported") == 0 ? FETTLE_E_UNSUPPORTED
                                                  : FETTLE_E_REJECTED;
    snprintf (text, sizeof text, "%s%s", n->why[0] ? n->why : "the node's runner left no result",
              advice (n));
  }
  log_output (n, code < 0 ? FETTLE_LOG_WARNING : FETTLE_LOG_INFO);
  if (code == FETTLE_OK_REBOOT)
    n->call->host->log (n->call->ctx, FETTLE_LOG_INFO, "a restart is needed");
  return end_with (n, code, text);
}

/* The runner is gone without a result: the node went down, or somebody killed
 * it.  Whether it had done its work, only the inventory can tell. */
static fettle_result
interrupted (struct node *n)
{
  log_output (n, FETTLE_LOG_WARNING);
  fettle_say (n->call->host, n->call->ctx, FETTLE_LOG_WARNING,
              "the installation was cut off: the node restarted, or its process was killed; the "
              "inventory decides%s",
              strcmp (n->image->format, "deb") == 0 ? " (\"dpkg --configure -a\" mends what is half done)"
                                                    : "");
  return end_with (n, FETTLE_OK, "");
}

/* ---- while it runs ---- */

static fettle_result
again_run (struct node *n, long long since, int lost)
{
  const struct linux_call *c = n->call;
  long long age = (long long) time (NULL) - since;
  char token[64];

  snprintf (token, sizeof token, "run %lld %d", since, lost);
  return c->host->again (c->ctx, lost ? 10 : age < 30 ? 2 : age < 300 ? 10 : 30, token);
}

/* It is never killed: it removes its folder itself when it ends. */
static fettle_result
too_long (struct node *n, uint32_t limit)
{
  char pid[16];

  memcpy (pid, n->pid, sizeof pid);
  node_do (n, "abandon", 0);
  return fettle_fail (n->call->host, n->call->ctx, FETTLE_E_TIMEOUT,
                      "it still runs after %u s (process %s) and is left alone; its files go when it "
                      "ends; the setting install_timeout says how long to wait", (unsigned) limit, pid);
}

/* What the folder says, once it was started. */
static fettle_result
go_on (struct node *n, long long since)
{
  const struct linux_call *c = n->call;
  uint32_t limit = linux_seconds (c, "install_timeout", 3600);

  switch (n->state) {
  case NODE_RUNNING:
    c->host->progress (c->ctx, 650, n->step[0] ? n->step : "installing");
    if ((long long) time (NULL) - since > (long long) limit)
      return too_long (n, limit);
    return again_run (n, since, 0);
  case NODE_FINISHED:
    return conclude (n);
  case NODE_DEAD:
    return interrupted (n);
  case NODE_ABSENT:
    fettle_say (c->host, c->ctx, FETTLE_LOG_WARNING,
                "%s is gone from the node: somebody removed it; the inventory decides", n->folder);
    return FETTLE_OK;
  case NODE_LOADED:
    if ((long long) time (NULL) - since < START_S)
      return again_run (n, since, 0);
    return clean_up (n, FETTLE_E_REJECTED,
                     "the node didn't start the installation: is its disk full, or is it overloaded?");
  case NODE_UNKNOWN:
    break;
  }
  return fettle_fail (c->host, c->ctx, FETTLE_E_PROTOCOL, "%s",
                      n->refused[0] ? n->refused : "the node doesn't say what became of the installation");
}

static fettle_result
token_run (struct node *n, const char *token)
{
  char *rest;
  long long since = strtoll (token + 4, &rest, 10);
  long lost = strtol (rest, NULL, 10);
  fettle_result result = node_do (n, "poll", 3);

  if ((connection_lost (result) || result == FETTLE_E_AUTH) && lost < LOST_MAX) {
    n->call->host->progress (n->call->ctx, 650, "the node doesn't answer: waiting");
    return again_run (n, since, (int) lost + 1);
  }
  return result == FETTLE_OK ? go_on (n, since) : result;
}

/* ---- upload ---- */

static uint64_t
missing_bytes (const struct node *n)
{
  uint64_t sum = 0;

  for (uint32_t i = 0; i < n->image->n_files; i++)
    if (file_at (n->image, i)->size > n->have[i])
      sum += file_at (n->image, i)->size - n->have[i];
  return sum;
}

/* FETTLE_E_REJECTED, with the text, when there isn't enough. */
static fettle_result
check_room (const struct node *n, char *text, size_t size)
{
  uint64_t wanted = missing_bytes (n) / 1024 + SPARE_KIB;

  if (n->free_kib < 0 || (uint64_t) n->free_kib >= wanted)
    return FETTLE_OK;
  snprintf (text, size,
            "the node's disk is full: %lld KiB are free at %s, %llu KiB are needed; free some, or let "
            "the setting work_folder name another file system",
            (long long) n->free_kib, n->base, (unsigned long long) wanted);
  return FETTLE_E_REJECTED;
}

static fettle_result
upload (struct node *n)
{
  const struct linux_call *c = n->call;
  char path[520];
  fettle_result result = FETTLE_OK;

  c->host->progress (c->ctx, 50, "uploading");
  for (uint32_t i = 0; i < n->image->n_files && result == FETTLE_OK; i++) {
    const struct fettle_file *f = file_at (n->image, i);
    uint64_t offset = n->have[i] > f->size ? 0 : n->have[i];

    if (n->have[i] == f->size && f->size > 0)
      continue;
    if (offset > 0)
      fettle_say (c->host, c->ctx, FETTLE_LOG_INFO, "%s: going on at byte %llu of %llu", f->name,
                  (unsigned long long) offset, (unsigned long long) f->size);
    snprintf (path, sizeof path, "%s/%s", n->folder, f->name);
    result = c->ssh->put (c->ctx, LINUX_SSH_PORT, FETTLE_SSH_AS_ROOT, i, offset, path);
  }
  return result;
}

static fettle_result
give_up_upload (struct node *n, const char *token, fettle_result result)
{
  const struct linux_call *c = n->call;
  long calls = token ? strtol (token + 7, NULL, 10) : 0;
  char next[32];

  if (calls + 1 >= UPLOAD_CALLS)
    return result;
  snprintf (next, sizeof next, "upload %ld", calls + 1);
  c->host->progress (c->ctx, 50, "the connection was lost: waiting");
  return c->host->again (c->ctx, 15, next);
}

/* The node can't write.  It may be full; or a cut connection's last bytes were
 * still on their way to the file, then another try does it. */
static fettle_result
upload_failed (struct node *n, fettle_result result, int last)
{
  char text[600];

  if (result != FETTLE_E_REJECTED || node_do (n, "prepare", 0) != FETTLE_OK || n->state != NODE_LOADED)
    return result;
  if (check_room (n, text, sizeof text) != FETTLE_OK)
    return clean_up (n, FETTLE_E_REJECTED, text);
  if (!last)
    return FETTLE_E_UNREACHABLE;
  node_do (n, "remove", 0);
  return result;
}

/* One go from looking to starting.  *retry: a lost connection is worth another
 * try, since the node has answered before and nothing else has come of it. */
static fettle_result
try_once (struct node *n, int last, int *retry, int *damages)
{
  const struct linux_call *c = n->call;
  char text[600];
  long long since;
  fettle_result result = node_do (n, "prepare", 0);

  if (result != FETTLE_OK)
    return result;
  *retry = 1;
  if (n->state == NODE_UNKNOWN)
    return c->host->error (c->ctx, FETTLE_E_REJECTED, n->refused);
  if (n->state != NODE_LOADED) {
    *retry = 0;
    return go_on (n, (long long) time (NULL));
  }
  if (*damages)
    memset (n->have, 0, sizeof n->have);
  result = check_room (n, text, sizeof text);
  if (result != FETTLE_OK)
    return clean_up (n, result, text);
  result = upload (n);
  if (result != FETTLE_OK)
    return connection_lost (result) ? result : upload_failed (n, result, last);
  c->host->progress (c->ctx, 600, "installing");
  since = (long long) time (NULL);
  result = node_do (n, "start", 5);
  if (result != FETTLE_OK)
    return result;
  if (n->damaged[0] && ++*damages < 2) {
    fettle_say (c->host, c->ctx, FETTLE_LOG_WARNING, "%s arrived damaged: uploading it again", n->damaged);
    return FETTLE_E_UNREACHABLE;
  }
  if (n->damaged[0]) {
    snprintf (text, sizeof text, "%s arrived damaged twice (its SHA-256 is wrong on the node): look at "
              "the node's disk and memory", n->damaged);
    return clean_up (n, FETTLE_E_REJECTED, text);
  }
  if (n->refused[0]) {
    snprintf (text, sizeof text, "%s", n->refused);
    return clean_up (n, FETTLE_E_REJECTED, text);
  }
  *retry = 0;
  return go_on (n, since);
}

static fettle_result
begin (struct node *n, const char *token)
{
  const struct linux_call *c = n->call;
  int retry = token != NULL, damages = 0;
  fettle_result result = FETTLE_OK;

  for (uint32_t i = 1; i <= UPLOAD_TRIES; i++) {
    result = try_once (n, i == UPLOAD_TRIES, &retry, &damages);
    if (!retry || !connection_lost (result))
      return result;
    c->ssh->disconnect (c->ctx);
    if (c->host->sleep_ms (c->ctx, damages ? 0 : 500 * i) != FETTLE_OK)
      return FETTLE_E_ABORTED;
  }
  return give_up_upload (n, token, result);
}

/* ---- the calls ---- */

static fettle_result
check_image (const struct linux_call *c, const struct fettle_image *image)
{
  for (size_t i = 0; i < FETTLE_COUNT (formats); i++)
    if (strcmp (image->format, formats[i]) == 0) {
      if (image->n_files < 1 || image->n_files > NODE_FILES_MAX)
        return fettle_fail (c->host, c->ctx, FETTLE_E_CONFIG,
                            "the component has %u files: 1 to %d can be deployed",
                            (unsigned) image->n_files, NODE_FILES_MAX);
      return FETTLE_OK;
    }
  return fettle_fail (c->host, c->ctx, FETTLE_E_UNSUPPORTED,
                      "a Linux node can't install the format \"%.40s\": deb, rpm, scexe, script and cab "
                      "it can", image->format);
}

fettle_result
linux_deploy (const struct fettle_host *host, fettle_ctx *ctx, const struct fettle_target *target,
              const struct fettle_image *image)
{
  const char *token = host->token (ctx);
  struct linux_call call;
  struct node n;
  fettle_result result = linux_call_init (&call, host, ctx, target);

  if (result == FETTLE_OK)
    result = check_image (&call, image);
  if (result == FETTLE_OK)
    result = node_init (&n, &call, image);
  if (result != FETTLE_OK)
    return result;
  if (token && strncmp (token, "done ", 5) == 0)
    result = token_done (&n, token);
  else if (token && strncmp (token, "run ", 4) == 0)
    result = token_run (&n, token);
  else
    result = begin (&n, token && strncmp (token, "upload ", 7) == 0 ? token : NULL);
  node_clear (&n);
  return result;
}

/* What still runs is waited for; after that it is left to itself, with the
 * order to remove its files. */
fettle_result
linux_cleanup (const struct fettle_host *host, fettle_ctx *ctx, const struct fettle_target *target)
{
  const char *token = host->token (ctx);
  struct linux_call call;
  struct node n;
  char next[32];
  long long since = token ? strtoll (token, NULL, 10) : (long long) time (NULL);
  fettle_result result = linux_call_init (&call, host, ctx, target);

  if (result == FETTLE_OK)
    result = node_init (&n, &call, NULL);
  if (result != FETTLE_OK)
    return result;
  result = node_do (&n, "abandon", 3);
  if (result == FETTLE_OK && n.state == NODE_RUNNING) {
    snprintf (next, sizeof next, "%lld", since);
    if ((long long) time (NULL) - since > (long long) linux_seconds (&call, "install_timeout", 3600))
      result = fettle_fail (host, ctx, FETTLE_E_BUSY,
                            "an installation still runs on the node (process %s); it is left alone and "
                            "removes its files when it ends", n.pid);
    else
      result = host->again (ctx, 5, next);
  }
  else if (result == FETTLE_OK)
    result = node_do (&n, "remove", 0);
  if (result == FETTLE_OK && n.state != NODE_ABSENT)
    result = fettle_fail (host, ctx, FETTLE_E_REJECTED, "%s can't be removed from the node: %s",
                          n.folder, n.refused[0] ? n.refused : "it is in use");
  node_clear (&n);
  return result;
}
