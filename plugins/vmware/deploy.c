/* deploy.c - VIBs and offline bundles onto a host, in maintenance mode.
 *
 * The first call remembers in its token whether the host was in maintenance
 * mode; the second notes on the datastore that it isn't to stay there, enters
 * it, does all the rest, and puts the host back, whatever came of it.  Repeated after a crash it looks first
 * whether the packages are there.  What it couldn't put back, since it was
 * aborted or the host was away, cleanup does by the note.
 *
 * The host fetches VIBs from us where the way is open, else they are put on
 * its datastore; bundles always are, since esxcli reads them from there alone.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cim.h"

enum { FILES_MAX = 16, URL_SIZE = 512, INSTALL_S = 3600, SCRATCH_MAX = 200 << 20 };

struct update {
  struct vm_session s;
  const struct fettle_image *image;
  struct vm_store store;        /* "": none */
  int was_in_maintenance;
  int reboot;                   /* what was installed works after a restart */
  int put;                      /* files are on the datastore */
  char urls[FILES_MAX][URL_SIZE];
};

static const struct fettle_file *
file_of (const struct fettle_image *image, uint32_t i)
{
  return (const void *) ((const char *) image->files + (size_t) i * image->file_size);
}

static int
ends_with (const char *text, const char *end)
{
  size_t a = strlen (text), b = strlen (end);

  return a >= b && strcmp (text + a - b, end) == 0;
}

static int
is_bundle (const struct fettle_image *image)
{
  return ends_with (file_of (image, 0)->name, ".zip");
}

/* HPE's signatures come with what they sign, and are for those who know their format. */
static uint32_t
without_signatures (const struct fettle_image *image)
{
  uint32_t n = image->n_files;

  while (n > 1 && ends_with (file_of (image, n - 1)->name, ".compsig"))
    n--;
  return n;
}

static fettle_result
check_image (VM_CALL, const struct fettle_image *image)
{
  (void) t;
  if (image->n_files > FILES_MAX || (is_bundle (image) && image->n_files != 1))
    return fettle_fail (h, c, FETTLE_E_CONFIG, "%s has %u files: at most %d VIBs, or one bundle", image->id,
                        (unsigned) image->n_files, FILES_MAX);
  for (uint32_t i = 0; i < image->n_files; i++)
    if (!ends_with (file_of (image, i)->name, ".vib") && !is_bundle (image))
      return fettle_fail (h, c, FETTLE_E_UNSUPPORTED, "%s is neither a VIB nor an offline bundle (.zip), nor a smart component "
                          "of HPE's for VMware (.vmexe)", file_of (image, i)->name);
  return FETTLE_OK;
}

/* ---- names on the datastore ---- */

static void
image_name (const struct update *u, uint32_t i, char ret[120])
{
  char what[24];

  snprintf (what, sizeof what, "%u.%s", (unsigned) i, is_bundle (u->image) ? "zip" : "vib");
  vm_file_name (&u->s, what, ret);
}

/* All that the operation could have left there. */
static fettle_result
remove_files (struct vm_session *s, const struct vm_store *store, uint32_t vibs, uint32_t bundles)
{
  fettle_result r = FETTLE_OK;
  char what[24], name[120];

  for (uint32_t i = 0; i < vibs + bundles && r == FETTLE_OK; i++) {
    snprintf (what, sizeof what, i < vibs ? "%u.vib" : "%u.zip", (unsigned) (i < vibs ? i : i - vibs));
    vm_file_name (s, what, name);
    r = vm_delete_file (s, store, name);
  }
  return r;
}

/* ---- installing ---- */

static fettle_result
push (struct update *u)
{
  fettle_result r = FETTLE_OK;
  char name[120];

  if (!u->store.name[0]) { /* what else it has is memory */
    u->store = (struct vm_store) { .name = "/tmp", .free = SCRATCH_MAX, .scratch = 1 };
    u->s.h->log (u->s.c, FETTLE_LOG_INFO, "the host has no datastore that could be used: files are put into its /tmp");
  }
  for (uint32_t i = 0; i < u->image->n_files && r == FETTLE_OK; i++) {
    image_name (u, i, name);
    u->put = 1;
    r = vm_put_file (&u->s, &u->store, name, u->image, i);
    snprintf (u->urls[i], URL_SIZE, "%s%s/%s", u->store.scratch ? "" : "/vmfs/volumes/", u->store.name, name);
  }
  return r;
}

static fettle_result
offer (struct update *u, const struct fettle_serve *serve)
{
  for (uint32_t i = 0; i < u->image->n_files; i++) {
    const char *url = serve->file_url (u->s.c, FETTLE_LISTEN_HTTP, i);

    if (!url)
      return FETTLE_E_SERVICE; /* it has been said why */
    snprintf (u->urls[i], URL_SIZE, "%s", url);
  }
  return FETTLE_OK;
}

static void
log_list (struct update *u, const xmlNode *root, const char *element, const char *words)
{
  const xmlNode *n = fettle_xml_child (root, element);
  char text[VM_TEXT];

  for (; n; n = fettle_xml_next (n, element))
    fettle_say (u->s.h, u->s.c, FETTLE_LOG_INFO, "%s: %s", words, fettle_xml_text (n, NULL, text, sizeof text));
}

static fettle_result
installed (struct update *u, xmlDoc *doc)
{
  const xmlNode *root = fettle_xml_root (doc);
  char text[VM_TEXT];

  u->reboot = strcmp (fettle_xml_text (root, "RebootRequired", text, sizeof text), "true") == 0;
  if (fettle_xml_text (root, "Message", text, sizeof text)[0])
    fettle_say (u->s.h, u->s.c, FETTLE_LOG_INFO, "the host says: %s", text);
  log_list (u, root, "VIBsInstalled", "installed");
  log_list (u, root, "VIBsRemoved", "removed");
  log_list (u, root, "VIBsSkipped", "skipped, since the host has it or a newer one");
  xmlFreeDoc (doc);
  return FETTLE_OK;
}

static fettle_result
refused (struct update *u)
{
  struct vm_session *s = &u->s;
  const char *sentence;
  fettle_result r = vm_explain_esxcli (s->fault.text, &sentence);

  if (strcmp (s->fault.name, "esxcli") != 0)
    return vm_refused (s, "esxcli");
  if (sentence)
    snprintf (s->why, sizeof s->why, "installing %s: %s (\"%s\")", u->image->id, sentence, s->fault.text);
  else
    snprintf (s->why, sizeof s->why, "installing %s: the host refused it: \"%s\"", u->image->id, s->fault.text);
  return s->h->error (s->c, r, s->why);
}

/* A bundle may have more than the host is to get: what is there is updated. */
static fettle_result
by_esxcli (struct update *u, const char *former)
{
  struct vm_argument arguments[FILES_MAX];
  int update = is_bundle (u->image) && former && !(u->image->flags & (FETTLE_IMAGE_DOWNGRADE | FETTLE_IMAGE_REWRITE));
  xmlDoc *doc;
  fettle_result r;

  for (uint32_t i = 0; i < u->image->n_files; i++)
    arguments[i] = (struct vm_argument) { is_bundle (u->image) ? "depot" : "viburl", u->urls[i] };
  r = vm_esxcli (&u->s, update ? "software.vib.update" : "software.vib.install", arguments, u->image->n_files,
                 INSTALL_S * 1000u, &doc);
  if (r != FETTLE_OK)
    return r;
  return doc ? installed (u, doc) : refused (u);
}

/* Where there is no esxcli for us.  It doesn't say whether a restart is needed
 * in words that all versions share, so it is taken to be. */
static fettle_result
by_patch_manager (struct update *u)
{
  char arguments[FILES_MAX * (URL_SIZE + 40)] = "", escaped[URL_SIZE * 2];
  struct vm_ref manager;
  size_t used = 0;
  fettle_result r;

  if (!vm_manager (&u->s, "patchManager", &manager) || is_bundle (u->image))
    return vm_fail (&u->s, FETTLE_E_UNSUPPORTED, "the host has neither esxcli nor a patch manager that would install this");
  for (uint32_t i = 0; i < u->image->n_files && used < sizeof arguments; i++) {
    if (!vm_escape (u->urls[i], escaped, sizeof escaped))
      return vm_fail (&u->s, FETTLE_E_INTERNAL, "a URL is too long");
    used += (size_t) snprintf (arguments + used, sizeof arguments - used, "<vibUrls>%s%s</vibUrls>",
                               escaped[0] == '/' ? "file://" : "", escaped);
  }
  r = vm_task (&u->s, "InstallHostPatchV2_Task", &manager, arguments, INSTALL_S);
  u->reboot = r == FETTLE_OK;
  return r;
}

static fettle_result
install (struct update *u, const char *former)
{
  fettle_result r;

  u->s.h->progress (u->s.c, 400, "the host installs it");
  r = by_esxcli (u, former);
  if (r == FETTLE_E_UNSUPPORTED && !u->s.executer.id[0])
    r = by_patch_manager (u);
  return r;
}

static int
not_fetched (const struct update *u, fettle_result r)
{
  return r < 0 && !u->s.gone && (vm_is_download_fault (u->s.fault.text) || vm_is_download_fault (u->s.fault.name));
}

static fettle_result
transfer_and_install (struct update *u, const char *former)
{
  const struct fettle_host *h = u->s.h;
  const struct fettle_serve *serve = h->service (u->s.c, "serve", 1);
  const char *how = h->setting (u->s.c, "transfer");
  int pull = how && strcmp (how, "pull") == 0, pushes = how && strcmp (how, "push") == 0;
  fettle_result r;

  if (is_bundle (u->image) && pull)
    return h->error (u->s.c, FETTLE_E_CONFIG, "a host can't fetch an offline bundle, only its VIBs: set transfer=auto");
  if (!pull && (pushes || is_bundle (u->image) || !serve || serve->blocked (u->s.c, FETTLE_LISTEN_HTTP) == 1)) {
    r = push (u);
    return r == FETTLE_OK ? install (u, former) : r;
  }
  if (!serve)
    return h->error (u->s.c, FETTLE_E_SERVICE, "this Fettle has nothing that a host could fetch files from");
  r = offer (u, serve);
  if (r == FETTLE_OK)
    r = install (u, former);
  if (pull || !not_fetched (u, r))
    return r;
  fettle_say (h, u->s.c, FETTLE_LOG_WARNING, "%s; so it is put on the host's datastore", u->s.why);
  r = push (u);
  return r == FETTLE_OK ? install (u, former) : r;
}

/* ---- before and after ---- */

/* An earlier call, which didn't come to its end, may have done it. */
static fettle_result
is_there (struct update *u, int *ret, char former[100])
{
  struct vm_vibs now, next = { NULL, 0 };
  const char *match = u->image->match ? u->image->match : "", *version;
  fettle_result r = vm_list_vibs (&u->s, 0, &now);

  *ret = 0;
  former[0] = '\0';
  if (r == FETTLE_OK) {
    r = vm_list_vibs (&u->s, 1, &next);
    r = r == FETTLE_E_UNSUPPORTED ? FETTLE_OK : r;
  }
  version = vm_vib_version (&now, match);
  if (version)
    snprintf (former, 100, "%s", version);
  if (version && strcmp (version, u->image->version) == 0)
    *ret = !next.n || (vm_vib_version (&next, match) && strcmp (vm_vib_version (&next, match), version) == 0);
  version = vm_vib_version (&next, match);
  if (version && strcmp (version, u->image->version) == 0)
    *ret = 1, u->reboot = !former[0] || strcmp (former, version) != 0;
  free (now.all);
  free (next.all);
  return r;
}

static fettle_result
put_back (struct update *u)
{
  char name[120];
  fettle_result r = FETTLE_OK;

  if (!u->was_in_maintenance)
    r = vm_exit_maintenance (&u->s);
  if (r != FETTLE_OK || !u->store.name[0])
    return r;
  if (u->put)
    r = remove_files (&u->s, &u->store, is_bundle (u->image) ? 0 : u->image->n_files, is_bundle (u->image) ? 1 : 0);
  vm_file_name (&u->s, "maintenance", name);
  return r == FETTLE_OK ? vm_delete_file (&u->s, &u->store, name) : r;
}

/* Each time it is entered, since the note goes when it is left. */
fettle_result
vm_enter_noted (struct vm_session *s, const struct vm_store *store)
{
  char name[120];
  fettle_result r = FETTLE_OK;

  if (!vm_says_yes (s->h, s->c, "maintenance_mode") || vm_is (s, "runtime.inMaintenanceMode", "true"))
    return FETTLE_OK;
  if (store->name[0]) {
    vm_file_name (s, "maintenance", name);
    r = vm_put_note (s, store, name, "Fettle has put this host into maintenance mode.\n");
  }
  if (r == FETTLE_E_REJECTED || r == FETTLE_E_AUTH) {
    s->h->log (s->c, FETTLE_LOG_WARNING, "no note can be left on the datastore: if this is cut off in the middle, look whether the "
               "host is to leave maintenance mode");
    r = FETTLE_OK;
  }
  return r == FETTLE_OK ? vm_enter_maintenance (s) : r;
}

static fettle_result
work (struct update *u)
{
  char former[100], why[sizeof u->s.why];
  int there = 0;
  fettle_result r = is_there (u, &there, former), back;

  if (r == FETTLE_OK && there && !(u->image->flags & FETTLE_IMAGE_REWRITE)) {
    u->put = 1; /* perhaps, by an earlier call */
    u->s.h->log (u->s.c, FETTLE_LOG_INFO, "the host has it already");
  } else if (r == FETTLE_OK) {
    r = vm_enter_noted (&u->s, &u->store);
    if (r == FETTLE_OK)
      r = transfer_and_install (u, former[0] ? former : NULL);
  }
  if (u->s.gone)
    return r;
  memcpy (why, u->s.why, sizeof why);
  back = put_back (u);
  if (r < 0 && why[0]) { /* what counts is why the call failed */
    memcpy (u->s.why, why, sizeof why);
    return u->s.h->error (u->s.c, r, why);
  }
  if (r == FETTLE_OK && back != FETTLE_OK)
    return back;
  return r == FETTLE_OK && u->reboot ? FETTLE_OK_REBOOT : r;
}

fettle_result
vm_deploy (VM_CALL, const struct fettle_image *given)
{
  const char *token = h->token (c);
  struct fettle_image all;
  const struct fettle_image *image = &all;
  struct update u;
  fettle_result r;

  memset (&all, 0, sizeof all);
  memcpy (&all, given, given->struct_size < sizeof all ? given->struct_size : sizeof all);
  all.n_files = without_signatures (given);
  if (vm_is_smart (image))
    return vm_deploy_smart (h, c, t, image);
  r = check_image (h, c, t, image);
  if (r != FETTLE_OK)
    return r;
  memset (&u, 0, sizeof u);
  u.image = image;
  r = vm_open (&u.s, h, c, t);
  if (r == FETTLE_OK)
    r = vm_host (&u.s);
  if (r == FETTLE_OK && vm_store (&u.s, &u.store) != FETTLE_OK && u.s.gone)
    r = FETTLE_E_UNREACHABLE;
  if (r == FETTLE_OK && !token)
    r = h->again (c, 0, vm_is (&u.s, "runtime.inMaintenanceMode", "true") ? "install 1" : "install 0");
  else if (r == FETTLE_OK && strncmp (token, "install ", 8) == 0) {
    u.was_in_maintenance = token[8] == '1';
    r = work (&u);
  } else if (r == FETTLE_OK)
    r = h->error (c, FETTLE_E_INTERNAL, "a token of an earlier call isn't one");
  return vm_close (&u.s, r);
}

/* ---- what an interrupted one left ---- */

fettle_result
vm_cleanup (VM_CALL)
{
  struct vm_session s;
  struct vm_store store;
  char name[120], text[200];
  fettle_result r = vm_open (&s, h, c, t);

  if (r == FETTLE_OK)
    r = vm_host (&s);
  if (r == FETTLE_OK && vm_store (&s, &store) != FETTLE_OK) {
    r = s.gone ? FETTLE_E_UNREACHABLE : FETTLE_OK;
    if (!s.gone && vm_is (&s, "runtime.inMaintenanceMode", "true"))
      h->log (c, FETTLE_LOG_WARNING, "the host is in maintenance mode, and has no datastore with a note on whether Fettle put it there: "
              "look whether it is to leave it");
  } else if (r == FETTLE_OK) {
    vm_file_name (&s, "maintenance", name);
    r = vm_get_note (&s, &store, name, text, sizeof text);
    if (r == FETTLE_OK && text[0])
      r = vm_stop_entering (&s);
    if (r == FETTLE_OK && text[0])
      r = vm_exit_maintenance (&s);
    if (r == FETTLE_OK && text[0])
      r = remove_files (&s, &store, FILES_MAX, 1);
    if (r == FETTLE_OK && text[0])
      r = vm_delete_file (&s, &store, name);
    if (r == FETTLE_E_UNSUPPORTED) { /* by its licence: that won't change */
      fettle_say (h, c, FETTLE_LOG_WARNING, "remove %s by hand from the datastore %s: %s", name, store.name, s.why);
      r = FETTLE_OK;
    }
  }
  return vm_close (&s, r);
}
