/* rpm.c - see rpm.h.  SPDX-License-Identifier: Apache-2.0 */
#include "util/base.h"

#include "baseline/pgp.h"
#include "baseline/rpm.h"

#ifdef HAVE_RPM

#include <rpm/rpmcli.h>
#include <rpm/rpmio.h>
#include <rpm/rpmkeyring.h>
#include <rpm/rpmlib.h>
#include <rpm/rpmlog.h>
#include <rpm/rpmts.h>

/* First digests only: a package may be whole, and its signer not known here. */
static const rpmVSFlags no_signatures = RPMVSF_MASK_NOSIGNATURES;

/* librpm says why in its log.  The last words it said. */
static char last_words[400];

/* Why no .rpm can be read here; a folder of other components still can. */
static struct fettle_error not_ready;

static int
keep_words (rpmlogRec record, rpmlogCallbackData data FETTLE_UNUSED)
{
  const char *text = rpmlogRecMessage (record);

  if (rpmlogRecPriority (record) <= RPMLOG_WARNING && text) {
    snprintf (last_words, sizeof last_words, "%s", text);
    last_words[strcspn (last_words, "\n")] = '\0';
  }
  return 0; /* and not to stderr */
}

void
fettle_rpm_init (void)
{
  rpmlogSetCallback (keep_words, NULL);
  if (rpmReadConfigFiles (NULL, NULL))
    fettle_error_set (&not_ready, FETTLE_E_CONFIG,
                      "librpm can't read its configuration, which comes with rpm (Debian:"
                      " rpm-common): %s", last_words);
}

static void
cleanup_fd (FD_t *fd)
{
  if (*fd)
    Fclose (*fd);
}

static void
cleanup_ts (rpmts *ts)
{
  if (*ts)
    rpmtsFree (*ts);
}

static void
cleanup_header (Header *h)
{
  if (*h)
    headerFree (*h);
}

/* Without keys, and so without opening the host's rpm database. */
static rpmts
make_ts (void)
{
  rpmts ts = rpmtsCreate ();
  rpmKeyring none = rpmKeyringNew ();

  rpmtsSetKeyring (ts, none);
  rpmKeyringFree (none);
  rpmtsSetVSFlags (ts, no_signatures);
  rpmtsSetVfyFlags (ts, no_signatures);
  rpmtsSetVfyLevel (ts, RPMSIG_DIGEST_TYPE);
  return ts;
}

static FD_t
open_fd (int fd)
{
  return lseek (fd, 0, SEEK_SET) ? NULL : fdDup (fd);
}

static fettle_result
no_memory (struct fettle_error *err)
{
  return fettle_error_set (err, FETTLE_E_NOMEM, "no memory for a component");
}

/* [epoch:]version-release */
static bool
set_version (Header h, struct fettle_component *c)
{
  char text[FETTLE_COMPONENT_TEXT_MAX];
  const char *version = headerGetString (h, RPMTAG_VERSION),
             *release = headerGetString (h, RPMTAG_RELEASE);
  uint64_t epoch = headerGetNumber (h, RPMTAG_EPOCH);

  if (epoch)
    snprintf (text, sizeof text, "%llu:%s-%s", (unsigned long long) epoch, version, release);
  else
    snprintf (text, sizeof text, "%s-%s", version, release);
  return fettle_component_set (&c->version, text);
}

/* One line of the summary, if it is text. */
static bool
set_summary (Header h, struct fettle_component *c)
{
  char text[FETTLE_COMPONENT_TEXT_MAX + 1];
  const char *summary = headerGetString (h, RPMTAG_SUMMARY);

  snprintf (text, sizeof text, "%s", summary ? summary : "");
  text[strcspn (text, "\n")] = '\0';
  return !fettle_component_text_ok (text, sizeof text) || fettle_component_set (&c->summary, text);
}

static fettle_result
fill_in (Header h, struct fettle_component *c, struct fettle_error *err)
{
  const char *name = headerGetString (h, RPMTAG_NAME), *arch = headerGetString (h, RPMTAG_ARCH);
  char match[FETTLE_COMPONENT_TEXT_MAX];

  if (headerIsSource (h))
    return fettle_error_set (err, FETTLE_E_CONFIG,
                             "it is a source package: a node can only install a built one");
  if (!name || !headerGetString (h, RPMTAG_VERSION) || !headerGetString (h, RPMTAG_RELEASE))
    return fettle_error_set (err, FETTLE_E_CONFIG, "its header has no name, version and release");
  if ((size_t) snprintf (match, sizeof match, "rpm:%s", name) >= sizeof match)
    return fettle_error_set (err, FETTLE_E_CONFIG, "its name is longer than %zu bytes",
                             sizeof match - 5);
  if (!set_version (h, c) || !set_summary (h, c) || !fettle_component_set (&c->name, name)
      || !fettle_component_set (&c->match, match) || !fettle_component_set (&c->scheme, "rpm")
      || !fettle_component_set (&c->format, "rpm") || !fettle_component_set (&c->kind, "package")
      || !fettle_component_add_node_type (c, "linux"))
    return no_memory (err);
  if (arch && strcmp (arch, "noarch") != 0 && !fettle_component_set (&c->arch, arch))
    return no_memory (err);
  return FETTLE_OK;
}

/* All digests there are, the payload's too; with a ring also the signatures,
 * which must cover header and payload. */
static bool
verify (rpmts ts, int file)
{
  _cleanup_ (cleanup_fd) FD_t fd = open_fd (file);
  struct rpmQVKArguments_s arguments = { 0 };

  last_words[0] = '\0';
  return fd && !rpmVerifySignatures (&arguments, ts, fd, "it");
}

static bool
verify_signed (int file)
{
  _cleanup_ (cleanup_ts) rpmts ts = rpmtsCreate ();

  rpmtsSetKeyring (ts, fettle_pgp_keyring ());
  rpmtsSetVSFlags (ts, 0);
  rpmtsSetVfyFlags (ts, 0);
  rpmtsSetVfyLevel (ts, RPMSIG_VERIFIABLE_TYPE);
  return verify (ts, file);
}

/* The first signature that there is: whose it is. */
static const char *
signer_of (Header h, struct fettle_vendor *v)
{
  static const rpmTag tags[] = { RPMTAG_RSAHEADER, RPMTAG_DSAHEADER, RPMTAG_SIGPGP, RPMTAG_SIGGPG };
  const char *title = NULL;

  for (size_t i = 0; i < COUNT (tags) && !title; i++) {
    struct rpmtd_s data;

    if (!headerGet (h, tags[i], &data, HEADERGET_DEFAULT))
      continue;
    if (data.count <= FETTLE_PGP_SIGNATURE_MAX)
      title = fettle_pgp_signer (data.data, data.count, v);
    rpmtdFreeData (&data);
  }
  return title;
}

static fettle_result
judge_signature (Header h, int file, struct fettle_component *c, struct fettle_error *err)
{
  struct fettle_vendor v = { 0 };
  const char *title = signer_of (h, &v);

  if (title && verify_signed (file))
    fettle_vendor_found (&v, FETTLE_VENDOR_VERIFIED, "verified by %s", title);
  else if (title)
    fettle_vendor_found (&v, FETTLE_VENDOR_BAD, "its OpenPGP signature by %.300s is bad (%.100s)", title,
                         last_words[0] ? last_words : "librpm doesn't say why");
  return fettle_vendor_apply (&v, c, err);
}

fettle_result
fettle_rpm_read (struct fettle_source *s, struct fettle_component *c, struct fettle_error *err)
{
  _cleanup_ (cleanup_ts) rpmts ts = make_ts ();
  _cleanup_ (cleanup_header) Header h = NULL;
  _cleanup_ (cleanup_fd) FD_t fd = NULL;
  rpmRC got;
  fettle_result r;
  int file;

  if (not_ready.code) {
    *err = not_ready;
    return err->code;
  }
  r = fettle_source_spool (s, &file, err);
  if (r)
    return r;
  fd = open_fd (file);
  if (!fd)
    return no_memory (err);
  last_words[0] = '\0';
  got = rpmReadPackageFile (ts, fd, "it", &h);
  if (lseek (file, 0, SEEK_SET))
    return fettle_error_errno (err, FETTLE_E_CONFIG, "reading it failed");
  if ((got != RPMRC_OK && got != RPMRC_NOKEY && got != RPMRC_NOTTRUSTED) || !h)
    return fettle_error_set (err, FETTLE_E_CONFIG, "it isn't a whole RPM package: %s",
                             last_words[0] ? last_words : "its header can't be read");
  r = fill_in (h, c, err);
  if (!r && !verify (ts, file))
    r = fettle_error_set (err, FETTLE_E_CONFIG, "it is damaged: %s",
                          last_words[0] ? last_words : "a digest doesn't match");
  if (!r)
    r = judge_signature (h, file, c, err);
  if (lseek (file, 0, SEEK_SET))
    return fettle_error_errno (err, FETTLE_E_CONFIG, "reading it failed");
  return r;
}

#else /* without librpm */

void
fettle_rpm_init (void)
{
}

fettle_result
fettle_rpm_read (struct fettle_source *s FETTLE_UNUSED, struct fettle_component *c FETTLE_UNUSED,
                 struct fettle_error *err)
{
  return fettle_error_set (err, FETTLE_E_UNSUPPORTED,
                           "it can't be read, since this Fettle is built without librpm: install "
                           "librpm's development files and build with --with-rpm=yes");
}

#endif
