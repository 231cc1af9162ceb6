/* smart.c - HPE's smart components onto a host, by its CIM provider: it is told
 * a URL of ours, fetches from there, installs, and tells of that by a job, which
 * it forgets a quarter of an hour after its end.
 *
 *   (first)                       is there a provider, can it fetch?
 *   "smart begin M"               M: the host was in maintenance mode; enter it
 *   "smart start M LOST BYTES JOB..."   what was fetched, the jobs that there were; have it begin
 *   "smart job M LOST SINCE PATH" follow it; LOST: since when nobody answers
 *
 * So a call that is repeated after a crash sees by a new job, or by what was
 * fetched, that an earlier one has begun.  A job that has vanished is decided by
 * what the provider tells of the firmware.
 *
 * Names, values and their meaning are from HPE's data sheets and from what its
 * own clients send: no host was there to try.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "cim.h"

enum { INSTALL_S = 3 * 3600, JOBS_MAX = 64, TOKEN = 1000 };

struct smart {
  struct vm_session s;
  struct vm_cim cim;
  const struct fettle_image *image;
  const struct fettle_serve *serve;
  const char *url;
  struct vm_store store;
  int was_in_maintenance;
  long long since, lost;
  unsigned long long fetched; /* by an earlier try */
  unsigned known[JOBS_MAX]; /* jobs before ours, by hash */
  size_t n_known;
  struct cim_path job;      /* class "": none yet */
  int silent;               /* nothing is known, or can be done, yet */
};

int
vm_is_smart (const struct fettle_image *image)
{
  const char *name = image->files->name;
  size_t n = strlen (name);

  return n > 6 && strcmp (name + n - 6, ".vmexe") == 0;
}

/* ---- tokens ---- */

static fettle_result
go_to_start (struct smart *u, uint32_t delay)
{
  char token[TOKEN];
  int used = snprintf (token, sizeof token, "smart start %d %lld %llu", u->was_in_maintenance, u->lost, u->fetched);

  for (size_t i = 0; i < u->n_known; i++)
    used += snprintf (token + used, sizeof token - (size_t) used, " %08x", u->known[i]);
  return u->s.h->again (u->s.c, delay, token);
}

/* A path that makes the token too long is one that can't be followed. */
static fettle_result
go_to_job (struct smart *u, uint32_t delay)
{
  char token[TOKEN], path[CIM_PATH];
  int n = -1;

  if (cim_path_text (&u->job, path, sizeof path))
    n = snprintf (token, sizeof token, "smart job %d %lld %lld %s", u->was_in_maintenance, u->lost, u->since, path);
  if (n < 0 || n >= TOKEN)
    return vm_fail (&u->s, FETTLE_E_PROTOCOL, "the name of the host's job is too long to be kept");
  return u->s.h->again (u->s.c, delay, token);
}

enum step { FIRST, BEGIN, START, FOLLOW, NONE };

static enum step
read_token (struct smart *u, const char *text)
{
  int used = 0;

  if (!text)
    return FIRST;
  if (sscanf (text, "smart begin %d%n", &u->was_in_maintenance, &used) == 1)
    return text[used] ? NONE : BEGIN;
  if (sscanf (text, "smart job %d %lld %lld %n", &u->was_in_maintenance, &u->lost, &u->since, &used) == 3)
    return used && cim_path_parse (text + used, &u->job) ? FOLLOW : NONE;
  if (sscanf (text, "smart start %d %lld %llu%n", &u->was_in_maintenance, &u->lost, &u->fetched, &used) != 3)
    return NONE;
  for (text += used; u->n_known < JOBS_MAX && sscanf (text, " %8x%n", &u->known[u->n_known], &used) == 1; text += used)
    u->n_known++;
  return START;
}

/* ---- what there is ---- */

/* The image's version runs.  What waits for a restart isn't told. */
static fettle_result
runs (struct smart *u, int *ret)
{
  struct vm_identities all;
  const struct cim_identity *f;
  fettle_result r = vm_cim_firmware (&u->cim, &all);

  f = u->image->match ? vm_cim_find (&all, u->image->match) : NULL;
  *ret = f && strcmp (f->version, u->image->version) == 0;
  free (all.all);
  return r;
}

static int
is_known (const struct smart *u, unsigned hash)
{
  for (size_t i = 0; i < u->n_known; i++)
    if (u->known[i] == hash)
      return 1;
  return 0;
}

static const xmlNode *
next_name (const xmlNode *all, const xmlNode *last)
{
  return last ? fettle_xml_next (last, NULL) : fettle_xml_child (all, NULL);
}

/* All jobs into known[], or the one that isn't there into job. */
static fettle_result
look_at_jobs (struct smart *u, int note)
{
  const xmlNode *all, *n = NULL;
  struct cim_path path;
  fettle_result r = vm_cim_names (&u->cim, CIM_HPE, "SMX_SCInstallerConcreteJob", &all);

  while (r == FETTLE_OK && (n = next_name (all, n))) {
    if (!cim_read_path (n, &path))
      continue;
    if (note && u->n_known < JOBS_MAX)
      u->known[u->n_known++] = cim_path_hash (&path);
    else if (!note && !is_known (u, cim_path_hash (&path)))
      u->job = path;
  }
  return r;
}

/* ---- the end ---- */

/* What counts is why it failed, not what putting back says. */
static fettle_result
finish (struct smart *u, fettle_result r)
{
  struct vm_session *s = &u->s;
  char why[sizeof s->why], name[120];
  fettle_result back = FETTLE_OK;

  if (s->gone)
    return r;
  memcpy (why, s->why, sizeof why);
  if (!u->was_in_maintenance)
    back = vm_exit_maintenance (s);
  if (back == FETTLE_OK && u->store.name[0]) {
    vm_file_name (s, "maintenance", name);
    back = vm_delete_file (s, &u->store, name);
  }
  if (r < 0 && why[0]) {
    memcpy (s->why, why, sizeof why);
    return s->h->error (s->c, r, why);
  }
  return r >= 0 && back != FETTLE_OK ? back : r;
}

/* The result is known no other way. */
static fettle_result
decide (struct smart *u)
{
  int there = 0;
  fettle_result r = runs (u, &there);

  if (r != FETTLE_OK)
    return r;
  fettle_say (u->s.h, u->s.c, FETTLE_LOG_WARNING, "the host has forgotten the job, so %s", there ? "what counts is that this version "
              "runs" : "only a restart and another inventory can tell whether it was installed");
  return there ? FETTLE_OK : FETTLE_OK_REBOOT;
}

/* Nobody answers, or with what says nothing: for a while that is borne. */
static fettle_result
bear (struct smart *u, enum step step)
{
  uint32_t limit = vm_number (u->s.h, u->s.c, "cim_timeout");
  long long now = (long long) time (NULL);

  if (!u->lost)
    u->lost = now;
  if (now - u->lost >= (long long) limit)
    return vm_fail (&u->s, FETTLE_E_TIMEOUT, "for %u s nobody has told what came of the installation (the setting cim_timeout"
                    " says how long to wait): look at the host, and take another inventory", (unsigned) limit);
  u->s.h->progress (u->s.c, 400, "waiting for the host's CIM server to answer");
  return step == START ? go_to_start (u, vm_number (u->s.h, u->s.c, "poll")) : go_to_job (u, vm_number (u->s.h, u->s.c, "poll"));
}

/* ---- following ---- */

static fettle_result
judge (struct smart *u, const struct cim_job *job)
{
  const char *sentence;
  fettle_result r = cim_judge_job (job, &sentence);
  char step[60];

  if (r == FETTLE_AGAIN && (long long) time (NULL) - u->since > INSTALL_S)
    return vm_fail (&u->s, FETTLE_E_TIMEOUT, "the host has installed %s for %d s, and isn't done", u->image->id, INSTALL_S);
  if (r == FETTLE_AGAIN) {
    snprintf (step, sizeof step, "the host installs it: %u %%", job->percent);
    u->s.h->progress (u->s.c, 300 + (job->percent > 100 ? 100 : job->percent) * 6, step);
    u->lost = 0;
    return go_to_job (u, vm_number (u->s.h, u->s.c, "poll"));
  }
  if (r < 0)
    return vm_fail (&u->s, r, "installing %s: %s (code %u%s%s%s)", u->image->id, sentence, job->error, job->text[0] ? ": \"" : "",
                    job->text, job->text[0] ? "\"" : "");
  return r;
}

static fettle_result
follow (struct smart *u)
{
  const xmlNode *all;
  struct cim_job job;
  fettle_result r = vm_cim_get (&u->cim, CIM_HPE, &u->job, &all);

  if (r == FETTLE_OK && u->cim.error.code == CIM_NOT_FOUND)
    return decide (u);
  if (r == FETTLE_OK && u->cim.error.code) {
    u->silent = 1; /* it may be at work all the same */
    r = vm_cim_refused (&u->cim, "GetInstance");
  } else if (r == FETTLE_OK)
    r = cim_read_job (cim_instance (all, NULL), &job) ? judge (u, &job)
        : vm_fail (&u->s, FETTLE_E_PROTOCOL, "CIM GetInstance: the job doesn't tell its state");
  return r;
}

/* ---- beginning ---- */

/* Options that the provider lists; where it lists none, the one that all have. */
static int
can (const xmlNode *capabilities, unsigned option)
{
  char text[20];

  for (size_t i = 0; capabilities && i < 32; i++)
    if (cim_element (capabilities, "SupportedInstallOptions", i, text, sizeof text)[0] && strtoul (text, NULL, 10) == option)
      return 1;
  return 0;
}

enum { DEFER_RESET = 2, FORCE = 3, INSTALL = 4, REPAIR = 6, SILENT = 11, DOWNGRADE = 32771 };

static fettle_result
write_parameters (struct smart *u, const char *values, char *text, size_t size)
{
  uint32_t flags = u->image->flags;
  unsigned options[5];
  size_t n = 0, used;
  const xmlNode *all, *c = NULL;
  char url[2000];
  fettle_result r = vm_cim_enumerate (&u->cim, CIM_HPE, "SMX_SCInstallationServiceCapabilities", "<VALUE>SupportedInstallOptions</VALUE>",
                                      &all);

  if (r != FETTLE_OK)
    return r;
  if (!vm_escape (u->url, url, sizeof url))
    return vm_fail (&u->s, FETTLE_E_INTERNAL, "a URL is too long");
  c = cim_instance (all, NULL);
  options[n++] = INSTALL;
  if (can (c, DEFER_RESET))
    options[n++] = DEFER_RESET;
  if (can (c, SILENT))
    options[n++] = SILENT;
  if (flags & (FETTLE_IMAGE_DOWNGRADE | FETTLE_IMAGE_REWRITE))
    options[n++] = flags & FETTLE_IMAGE_DOWNGRADE ? (can (c, DOWNGRADE) ? DOWNGRADE : FORCE) : (can (c, REPAIR) ? REPAIR : FORCE);
  used = (size_t) snprintf (text, size, "<PARAMVALUE NAME=\"URI\" PARAMTYPE=\"string\"><VALUE>%s</VALUE></PARAMVALUE>"
                            "<PARAMVALUE NAME=\"InstallOptions\" PARAMTYPE=\"uint16\"><VALUE.ARRAY>", url);
  for (size_t i = 0; i < n && used < size; i++)
    used += (size_t) snprintf (text + used, size - used, "<VALUE>%u</VALUE>", options[i]);
  if (used < size)
    used += (size_t) snprintf (text + used, size - used, "</VALUE.ARRAY></PARAMVALUE><PARAMVALUE NAME=\"%s\""
                               " PARAMTYPE=\"string\"><VALUE.ARRAY>", values);
  for (size_t i = 0; i < n && used < size; i++)
    used += (size_t) snprintf (text + used, size - used, "<VALUE></VALUE>");
  if (used < size)
    used += (size_t) snprintf (text + used, size - used, "</VALUE.ARRAY></PARAMVALUE>");
  return used < size ? FETTLE_OK : vm_fail (&u->s, FETTLE_E_INTERNAL, "a URL is too long");
}

static fettle_result
begun (struct smart *u, const xmlNode *response)
{
  const char *sentence;
  unsigned value;
  fettle_result r;

  if (!cim_read_install (response, &value, &u->job))
    return vm_fail (&u->s, FETTLE_E_PROTOCOL, "CIM InstallFromURI: the answer has no value");
  r = cim_judge_install (value, &sentence);
  u->silent = r == FETTLE_E_BUSY; /* with somebody else's */
  if (r < 0)
    return vm_fail (&u->s, r, "installing %s: %s (InstallFromURI returned %u)", u->image->id, sentence, value);
  if (r != FETTLE_AGAIN)
    return r;
  u->since = (long long) time (NULL);
  u->lost = 0;
  u->s.h->log (u->s.c, FETTLE_LOG_INFO, "the host has begun: it fetches the component, then installs it");
  if (!u->job.class[0]) /* it has made one and doesn't say which */
    return go_to_start (u, 1);
  return go_to_job (u, vm_number (u->s.h, u->s.c, "poll"));
}

/* Both names of the third parameter are documented: what refuses the one (error 4) hasn't begun. */
static fettle_result
invoke (struct smart *u)
{
  static const char *const names[] = { "InstallOptionValues", "InstallOptionsValues" };
  char parameters[4000];
  const xmlNode *response;
  fettle_result r = FETTLE_OK;

  u->s.h->progress (u->s.c, 250, "the host is told to fetch and install it");
  for (size_t i = 0; i < FETTLE_COUNT (names) && r == FETTLE_OK; i++) {
    r = write_parameters (u, names[i], parameters, sizeof parameters);
    if (r == FETTLE_OK)
      r = vm_cim_try (&u->cim, CIM_HPE, "InstallFromURI", &u->cim.installer, parameters, &response);
    if (r == FETTLE_OK && !u->cim.error.code)
      return begun (u, response);
    if (r == FETTLE_OK && u->cim.error.code != 4)
      break;
  }
  return r == FETTLE_OK ? vm_cim_refused (&u->cim, "InstallFromURI") : r;
}

static fettle_result
offer (struct smart *u, uint64_t *ret_fetched)
{
  uint32_t answers;

  u->url = u->serve->file_url (u->s.c, FETTLE_LISTEN_HTTP, 0);
  if (!u->url)
    return FETTLE_E_SERVICE; /* it has been said why */
  return u->serve->fetched (u->s.c, FETTLE_LISTEN_HTTP, 0, ret_fetched, &answers);
}

/* It was fetched, and there is no job: one is about to come, or has been forgotten.
 * While it could still be at work nothing is concluded from that. */
static fettle_result
await_job (struct smart *u)
{
  long long now = (long long) time (NULL);
  int there = 0;
  fettle_result r = u->image->flags & FETTLE_IMAGE_REWRITE ? FETTLE_OK : runs (u, &there);

  if (r != FETTLE_OK)
    return r;
  if (!u->lost)
    u->lost = now;
  if (there || now - u->lost >= (long long) vm_number (u->s.h, u->s.c, "cim_timeout"))
    return decide (u);
  u->s.h->progress (u->s.c, 300, "the host has fetched it: waiting for its job");
  return go_to_start (u, vm_number (u->s.h, u->s.c, "poll"));
}

static fettle_result
start (struct smart *u)
{
  uint64_t bytes = 0;
  fettle_result r = look_at_jobs (u, 0);

  if (r != FETTLE_OK)
    return r;
  if (u->job.class[0]) { /* an earlier call's */
    u->since = (long long) time (NULL);
    return follow (u);
  }
  r = offer (u, &bytes);
  if (r != FETTLE_OK)
    return r;
  return bytes > u->fetched ? await_job (u) : invoke (u);
}

/* Nothing is changed before it is clear that it could work. */
static fettle_result
first (struct smart *u)
{
  char token[40];
  int there = 0;
  fettle_result r = FETTLE_OK;

  if (!(u->image->flags & FETTLE_IMAGE_REWRITE))
    r = runs (u, &there);
  if (r == FETTLE_OK && there) {
    u->s.h->log (u->s.c, FETTLE_LOG_INFO, "the host has it already");
    return FETTLE_OK;
  }
  if (r == FETTLE_OK && FETTLE_HAS (u->serve, struct fettle_serve, blocked)
      && u->serve->blocked (u->s.c, FETTLE_LISTEN_HTTP) == 1)
    return vm_fail (&u->s, FETTLE_E_UNREACHABLE, "%s: the host must fetch a smart component itself, and a check has found the way from it"
                    " to us closed: open its firewall (--open-firewall), and the ones between", u->image->id);
  snprintf (token, sizeof token, "smart begin %d", vm_is (&u->s, "runtime.inMaintenanceMode", "true"));
  return r == FETTLE_OK ? u->s.h->again (u->s.c, 0, token) : r;
}

static fettle_result
begin (struct smart *u)
{
  uint64_t bytes = 0;
  fettle_result r = look_at_jobs (u, 1);

  if (r == FETTLE_OK)
    r = offer (u, &bytes);
  u->fetched = bytes;
  if (r == FETTLE_OK)
    r = vm_enter_noted (&u->s, &u->store);
  return r == FETTLE_OK ? go_to_start (u, 0) : finish (u, r);
}

static fettle_result
work (struct smart *u, enum step what)
{
  fettle_result r = vm_cim_open (&u->cim, &u->s);

  u->silent = r != FETTLE_OK; /* what has begun goes on without a CIM server that tells of it */
  if (r == FETTLE_OK && !u->cim.installs && what == FIRST)
    r = vm_fail (&u->s, FETTLE_E_UNSUPPORTED, "%s is installed through HPE's CIM providers, and this host has none that installs:"
                 " HPE's image of ESXi has them, or HPE's bundle of WBEM providers", u->image->id);
  else if (r < 0 && what == FIRST && !u->s.gone) {
    char why[sizeof u->s.why];

    memcpy (why, u->s.why, sizeof why);
    r = vm_fail (&u->s, r, "%s is installed through HPE's CIM providers: %.800s", u->image->id, why);
  } else if (r == FETTLE_OK && !u->cim.installs && what == START)
    u->silent = 1, r = vm_fail (&u->s, FETTLE_E_UNREACHABLE, "the host's installer of smart components isn't there any more");
  else if (r == FETTLE_OK)
    r = what == FIRST ? first (u) : what == BEGIN ? begin (u) : what == START ? start (u) : follow (u);
  u->silent |= u->cim.silent;
  vm_cim_close (&u->cim);
  return r;
}

static fettle_result
open_session (struct smart *u, VM_CALL)
{
  fettle_result r = vm_open (&u->s, h, c, t);

  if (r == FETTLE_OK)
    r = vm_host (&u->s);
  if (r == FETTLE_OK && vm_store (&u->s, &u->store) != FETTLE_OK && u->s.gone)
    r = FETTLE_E_UNREACHABLE;
  return r;
}

fettle_result
vm_deploy_smart (VM_CALL, const struct fettle_image *image)
{
  struct smart u;
  enum step what;
  fettle_result r;

  memset (&u, 0, sizeof u);
  u.image = image;
  u.serve = h->service (c, "serve", 1);
  what = read_token (&u, h->token (c));
  if (what == NONE)
    return h->error (c, FETTLE_E_INTERNAL, "a token of an earlier call isn't one");
  if (image->n_files != 1)
    return fettle_fail (h, c, FETTLE_E_CONFIG, "%s has %u files: a smart component is one", image->id, (unsigned) image->n_files);
  if (!u.serve)
    return h->error (c, FETTLE_E_SERVICE, "this Fettle has nothing that a host could fetch a smart component from");
  r = open_session (&u, h, c, t);
  if (r == FETTLE_OK)
    r = work (&u, what);
  else
    u.silent = r == FETTLE_E_UNREACHABLE || r == FETTLE_E_TIMEOUT;
  if ((what == START || what == FOLLOW) && r < 0 && u.silent && r != FETTLE_E_ABORTED)
    r = bear (&u, what);
  if ((what == START || what == FOLLOW) && r != FETTLE_AGAIN)
    r = finish (&u, r);
  return vm_close (&u.s, r);
}
