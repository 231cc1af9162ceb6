/* kinds.c - see kinds.h.  SPDX-License-Identifier: Apache-2.0 */
#include "util/base.h"

#include <fnmatch.h>
#include <strings.h>

#include "baseline/kinds.h"
#include "baseline/side.h"

/* In any case of letters. */
static const char *const papers[] = {
  "*.txt", "*.md", "*.rst", "*.htm", "*.html", "*.css", "*.js", "*.pdf", "*.rtf", "*.doc", "*.docx",
  "*.xls", "*.xlsx", "*.csv", "*.png", "*.jpg", "*.jpeg", "*.gif", "*.svg", "*.ico",
  "*.xml.xz", "*.xml.zst", "*.yaml", "*.yml", "*.ini", "*.log",
  "*.asc", "*.sig", "*.gpg", "*.p7s", "*.compsig", "*.crt", "*.cer", "*.pem",
  "*.md5", "*.md5sum", "*.sha1", "*.sha256", "*.sha256sum", "*.sha512", "*.sum",
  "*.changes", "*.buildinfo", "*.dsc", "*.sqlite*", "*~", "*.bak", "*.orig",
  "packages", "packages.*", "release", "inrelease", "contents-*", "*sums", "translation-*",
  "readme*", "license*", "licence*", "copying*", "copyright*", "changelog*", "notice*", "news*",
  "relnotes*", "releasenotes*", "makefile", "treeinfo", "thumbs.db",
};

/* In any case of letters. */
static const struct {
  const char *end;
  enum fettle_file_kind kind;
} ends[] = {
  { ".fwpkg",   FETTLE_FILE_FWPKG },
  { ".cab",     FETTLE_FILE_CAB },
  { ".vib",     FETTLE_FILE_VIB },
  { ".scexe",   FETTLE_FILE_SCEXE },
  { ".zip",     FETTLE_FILE_ARCHIVE },
  { ".iso",     FETTLE_FILE_ARCHIVE },
  { ".tar",     FETTLE_FILE_ARCHIVE },
  { ".tar.gz",  FETTLE_FILE_ARCHIVE },
  { ".tgz",     FETTLE_FILE_ARCHIVE },
  { ".tar.bz2", FETTLE_FILE_ARCHIVE },
  { ".tar.xz",  FETTLE_FILE_ARCHIVE },
  { ".txz",     FETTLE_FILE_ARCHIVE },
  { ".tar.zst", FETTLE_FILE_ARCHIVE },
  { ".json",    FETTLE_FILE_JSON },
  { ".xml",     FETTLE_FILE_XML },
  { ".xml.gz",  FETTLE_FILE_XML },
};

static bool
ends_with (const char *text, const char *end, bool any_case)
{
  size_t n = strlen (text), m = strlen (end);

  return n > m && (any_case ? strcasecmp (text + n - m, end) : strcmp (text + n - m, end)) == 0;
}

enum fettle_file_kind
fettle_file_kind (const char *path)
{
  const char *slash = strrchr (path, '/'), *name = slash ? slash + 1 : path;

  if (ends_with (name, FETTLE_SIDE_SUFFIX, false))
    return FETTLE_FILE_SIDE;
  if (ends_with (name, ".deb", false))
    return FETTLE_FILE_DEB;
  if (ends_with (name, ".rpm", false))
    return FETTLE_FILE_RPM;
  if (strcmp (name, "release.plist") == 0)
    return FETTLE_FILE_PLIST;
  if (strncmp (path, "repodata/", 9) == 0 || strstr (path, "/repodata/"))
    return FETTLE_FILE_PAPERS;
  for (size_t i = 0; i < COUNT (ends); i++)
    if (ends_with (name, ends[i].end, true))
      return ends[i].kind;
  for (size_t i = 0; i < COUNT (papers); i++)
    if (fnmatch (papers[i], name, FNM_CASEFOLD) == 0)
      return FETTLE_FILE_PAPERS;
  return FETTLE_FILE_OTHER;
}
