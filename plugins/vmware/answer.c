/* answer.c - see answer.h.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include <stdio.h>
#include <string.h>

#include "answer.h"

/* ---- faults ---- */

char *
vm_type (const xmlNode *n, char *ret, size_t size)
{
  char *colon;

  fettle_xml_attribute (n, "type", ret, size);
  colon = strrchr (ret, ':');
  if (colon)
    memmove (ret, colon + 1, strlen (colon + 1) + 1);
  return ret;
}

static void
read_details (const xmlNode *n, struct vm_fault *f)
{
  static const char *const names[] = { "privilegeId", "method", "obj", "name", "file", "datastore" };

  for (size_t i = 0; i < FETTLE_COUNT (names) && !f->detail[0]; i++)
    fettle_xml_text (n, names[i], f->detail, sizeof f->detail);
  if (!f->text[0])
    fettle_xml_text (n, "text", f->text, sizeof f->text);
  if (!f->text[0])
    fettle_xml_text (n, "faultMessage/message", f->text, sizeof f->text);
}

void
vm_read_localized (const xmlNode *n, struct vm_fault *f)
{
  const xmlNode *fault = fettle_xml_child (n, "fault");

  memset (f, 0, sizeof *f);
  if (!n)
    return;
  vm_type (fault ? fault : n, f->name, sizeof f->name);
  fettle_xml_text (n, "localizedMessage", f->text, sizeof f->text);
  read_details (fault ? fault : n, f);
  if (!f->name[0])
    snprintf (f->name, sizeof f->name, "unknown");
}

/* xsi:type has its name; where it is missing, the element's without "Fault". */
int
vm_read_fault (xmlNode *root, struct vm_fault *f)
{
  const xmlNode *fault = fettle_xml_at (root, "Body/Fault"), *what;
  size_t n;

  memset (f, 0, sizeof *f);
  if (!fault)
    return 0;
  fettle_xml_text (fault, "faultstring", f->text, sizeof f->text);
  what = fettle_xml_child (fettle_xml_child (fault, "detail"), NULL);
  vm_type (what, f->name, sizeof f->name);
  if (!f->name[0] && what) {
    snprintf (f->name, sizeof f->name, "%.63s", (const char *) what->name);
    n = strlen (f->name);
    if (n > 5 && strcmp (f->name + n - 5, "Fault") == 0)
      f->name[n - 5] = '\0';
  }
  if (what)
    read_details (what, f);
  if (!f->name[0])
    fettle_xml_text (fault, "faultcode", f->name, sizeof f->name);
  if (!f->name[0])
    snprintf (f->name, sizeof f->name, "unknown");
  return 1;
}

struct meaning {
  const char *name;
  fettle_result result;
  const char *sentence;
};

static const struct meaning faults[] = {
  { "InvalidLogin", FETTLE_E_AUTH, "the host refused the user or the password; after too many wrong ones it locks the user"
    " for a while" },
  { "NotAuthenticated", FETTLE_E_AUTH, "the session isn't valid any more" },
  /* Who has just been let in isn't unknown: AUTH would keep all from being put back. */
  { "NoPermission", FETTLE_E_REJECTED, "the user's role doesn't allow that: give it the role Administrator on the host" },
  { "HostAccessRestrictedToManagementServer", FETTLE_E_AUTH, "the host is in lockdown mode and lets only its vCenter Server in:"
    " add the user to the exceptions of the lockdown mode" },
  { "RestrictedVersion", FETTLE_E_UNSUPPORTED, "the host's licence allows no changes through the API (the free one doesn't):"
    " give it another licence" },
  { "InvalidState", FETTLE_E_REJECTED, "the host isn't in a state in which it does that" },
  { "InvalidPowerState", FETTLE_E_REJECTED, "the host isn't in a state in which it does that" },
  { "TaskInProgress", FETTLE_E_BUSY, "the host is busy with another task" },
  { "ConcurrentAccess", FETTLE_E_BUSY, "somebody else changes the same thing" },
  { "ResourceInUse", FETTLE_E_BUSY, "it is in use" },
  { "Timedout", FETTLE_E_TIMEOUT, "the host didn't do it in time" },
  { "RequestCanceled", FETTLE_E_REJECTED, "it was cancelled on the host" },
  { "NotSupported", FETTLE_E_UNSUPPORTED, "the host can't do that" },
  { "NotImplemented", FETTLE_E_UNSUPPORTED, "the host can't do that" },
  { "MethodNotFound", FETTLE_E_UNSUPPORTED, "the host's version doesn't have that" },
  { "ManagedObjectNotFound", FETTLE_E_UNSUPPORTED, "the host doesn't have that" },
  { "InvalidProperty", FETTLE_E_UNSUPPORTED, "the host's version doesn't have that" },
  { "InvalidRequest", FETTLE_E_PROTOCOL, "the host doesn't understand the request" },
  { "InvalidArgument", FETTLE_E_REJECTED, "the host doesn't take what it was given" },
  { "VersionMismatchFaultCode", FETTLE_E_PROTOCOL, "the host doesn't speak the version of the API that it lists" },
  { "NotFound", FETTLE_E_REJECTED, "the host doesn't have it" },
  { "FileNotFound", FETTLE_E_REJECTED, "the file isn't there" },
  { "CannotAccessFile", FETTLE_E_REJECTED, "the host can't get at the file" },
  { "NoDiskSpace", FETTLE_E_REJECTED, "the datastore is full: free some space, or name another one in the setting datastore" },
  { "InvalidDatastore", FETTLE_E_REJECTED, "the datastore can't be used: name another one in the setting datastore" },
  { "PatchInstallFailed", FETTLE_E_REJECTED, "the installation failed" },
  { "PatchMetadataInvalid", FETTLE_E_REJECTED, "the host doesn't take it for a bundle" },
  { "PatchMetadataCorrupted", FETTLE_E_REJECTED, "the bundle's description is damaged" },
  { "PatchMetadataNotFound", FETTLE_E_UNREACHABLE, "the host couldn't fetch the bundle's description" },
  { "PatchBinariesNotFound", FETTLE_E_UNREACHABLE, "the host couldn't fetch the packages" },
  { "PatchNotApplicable", FETTLE_E_REJECTED, "it isn't for this host" },
  { "PatchAlreadyInstalled", FETTLE_E_REJECTED, "the host has it already" },
  { "PatchSuperseded", FETTLE_E_REJECTED, "the host has a newer one" },
  { "PatchMissingDependencies", FETTLE_E_REJECTED, "it needs other packages, which the host doesn't have" },
  { "PatchIntegrityError", FETTLE_E_REJECTED, "its signature or its digest is wrong" },
  { "RebootRequired", FETTLE_E_REJECTED, "the host must be restarted first" },
  { "PlatformConfigFault", FETTLE_E_REJECTED, "the host couldn't do it" },
  { "HostConfigFault", FETTLE_E_REJECTED, "the host couldn't do it" },
  { "HostConfigFailed", FETTLE_E_REJECTED, "the host couldn't do it" },
  { "SystemError", FETTLE_E_REJECTED, "something went wrong inside the host" },
  { "LicenseExpired", FETTLE_E_UNSUPPORTED, "the host's licence has expired" },
  { "NotEnoughLicenses", FETTLE_E_UNSUPPORTED, "the host's licence doesn't allow it" },
};

static const struct meaning *
find_name (const struct meaning *all, size_t n, const char *name)
{
  for (size_t i = 0; i < n; i++)
    if (strcmp (all[i].name, name) == 0)
      return &all[i];
  return NULL;
}

fettle_result
vm_explain (const char *name, const char **ret_sentence)
{
  const struct meaning *m = find_name (faults, FETTLE_COUNT (faults), name);

  *ret_sentence = m ? m->sentence : NULL;
  return m ? m->result : FETTLE_E_REJECTED;
}

/* ---- esxcli ---- */

static const struct meaning esxcli_faults[] = {
  { "[MetadataDownloadError]", FETTLE_E_UNREACHABLE, "the host couldn't fetch it from here" },
  { "[VibDownloadError]", FETTLE_E_UNREACHABLE, "the host couldn't fetch it from here" },
  { "[MaintenanceModeError]", FETTLE_E_REJECTED, "it can be installed in maintenance mode only: set maintenance_mode=yes" },
  { "[LiveInstallationError]", FETTLE_E_REJECTED, "it couldn't be installed into the running system" },
  { "[DependencyError]", FETTLE_E_REJECTED, "it needs other packages, or doesn't go with those that are there" },
  { "[ProfileValidationError]", FETTLE_E_REJECTED, "it doesn't go with the packages that are there" },
  { "[NoMatchError]", FETTLE_E_REJECTED, "there is nothing in it that is for this host" },
  { "[AcceptanceConfigError]", FETTLE_E_REJECTED, "the host's acceptance level doesn't allow it: raise the package's, or lower"
    " the host's" },
  { "[VibSigMissingError]", FETTLE_E_REJECTED, "it isn't signed" },
  { "[VibSigVersionError]", FETTLE_E_REJECTED, "its signature is of a kind that the host doesn't know" },
  { "[VibSigDigestError]", FETTLE_E_REJECTED, "its signature is wrong" },
  { "[VibSigInvalidError]", FETTLE_E_REJECTED, "its signature is wrong" },
  { "[VibSigVerifyError]", FETTLE_E_REJECTED, "its signature is wrong" },
  { "[VibSigFormatError]", FETTLE_E_REJECTED, "its signature is damaged" },
  { "[VibCertStoreError]", FETTLE_E_REJECTED, "the host's certificates can't be read" },
  { "[VibHwPlatformError]", FETTLE_E_REJECTED, "it is for other hardware" },
  { "[VibFormatError]", FETTLE_E_REJECTED, "the host doesn't take it for a VIB" },
  { "[VibMetadataError]", FETTLE_E_REJECTED, "the host doesn't take it for a VIB" },
  { "[VibXmlValidationError]", FETTLE_E_REJECTED, "its description isn't valid" },
  { "[VibRecallError]", FETTLE_E_REJECTED, "its maker has called it back" },
  { "[MetadataFormatError]", FETTLE_E_REJECTED, "the host doesn't take it for a bundle" },
  { "[LockingError]", FETTLE_E_BUSY, "another installation runs on the host" },
  { "[StatelessError]", FETTLE_E_UNSUPPORTED, "the host was booted over the network: change its image there" },
  { "[BootbankError]", FETTLE_E_REJECTED, "the host's boot device can't be written to" },
  { "[FileIOError]", FETTLE_E_REJECTED, "the host couldn't read or write a file" },
  { "[InstallationError]", FETTLE_E_REJECTED, "the installation failed" },
  { "No space left", FETTLE_E_REJECTED, "the host has no space left for it" },
};

fettle_result
vm_explain_esxcli (const char *text, const char **ret_sentence)
{
  *ret_sentence = NULL;
  for (size_t i = 0; i < FETTLE_COUNT (esxcli_faults); i++)
    if (strstr (text, esxcli_faults[i].name)) {
      *ret_sentence = esxcli_faults[i].sentence;
      return esxcli_faults[i].result;
    }
  return FETTLE_E_REJECTED;
}

/* Python's words, since that is what esxcli's software commands are written in. */
const char *
vm_fetch_word (const char *text)
{
  static const struct {
    const char *words, *means;
  } all[] = {
    { "[Errno 111]", "refused" },             { "[Errno 110]", "timed-out" },     { "timed out", "timed-out" },
    { "[Errno 101]", "no-route" },            { "[Errno 113]", "unreachable" },   { "[Errno 1]", "not-permitted" },
    { "[Errno 13]", "not-permitted" },        { "HTTP Error ", "answered" },      { "BadStatusLine", "connected" },
    { "Remote end closed", "connected" },     { "[Errno 104]", "connected" },     { "[MetadataFormatError]", "" },
    { "[MetadataIOError]", "" },              { "no element found", "" },         { "syntax error", "" },
  };

  for (size_t i = 0; i < FETTLE_COUNT (all); i++)
    if (strstr (text, all[i].words))
      return all[i].means;
  return NULL;
}

int
vm_is_download_fault (const char *text)
{
  return strstr (text, "[MetadataDownloadError]") || strstr (text, "[VibDownloadError]")
         || strstr (text, "[VibIOError]") || strcmp (text, "PatchBinariesNotFound") == 0
         || strcmp (text, "PatchMetadataNotFound") == 0;
}

/* The text of an element as it is: not on one line, and of any length. */
static xmlDoc *
read_inner (const xmlNode *n)
{
  xmlChar *text = n ? xmlNodeGetContent ((xmlNode *) (size_t) n) : NULL;
  xmlDoc *doc = text ? fettle_xml_read ((const char *) text, strlen ((const char *) text), 0) : NULL;

  xmlFree (text);
  return doc;
}

/* errMsg* of its detail, in one line. */
static void
read_messages (xmlDoc *doc, struct vm_fault *why)
{
  const xmlNode *n = fettle_xml_find (fettle_xml_root (doc), "errMsg");
  size_t used = 0;

  for (; n && used + 1 < sizeof why->text; n = fettle_xml_next (n, "errMsg")) {
    char one[VM_TEXT];

    fettle_xml_text (n, NULL, one, sizeof one);
    used += (size_t) snprintf (why->text + used, sizeof why->text - used, "%s%s", used ? " " : "", one);
  }
}

xmlDoc *
vm_read_esxcli (const xmlNode *returnval, struct vm_fault *why)
{
  const xmlNode *fault = fettle_xml_child (returnval, "fault");
  xmlDoc *doc;

  memset (why, 0, sizeof *why);
  if (!fault) {
    doc = read_inner (fettle_xml_child (returnval, "response"));
    if (doc)
      return doc;
    snprintf (why->name, sizeof why->name, "nonsense");
    snprintf (why->text, sizeof why->text, "the answer of esxcli can't be read");
    return NULL;
  }
  snprintf (why->name, sizeof why->name, "esxcli");
  doc = read_inner (fettle_xml_child (fault, "faultDetail"));
  read_messages (doc, why);
  if (!why->text[0] && doc)
    fettle_xml_text (fettle_xml_find (fettle_xml_root (doc), "localizedMessage"), NULL, why->text, sizeof why->text);
  xmlFreeDoc (doc);
  if (!why->text[0])
    fettle_xml_text (fault, "faultMsg", why->text, sizeof why->text);
  if (!why->text[0])
    snprintf (why->text, sizeof why->text, "it gives no reason");
  return NULL;
}

/* ---- versions, text ---- */

/* From old to new: what the host's list is looked up in. */
static const char *const versions[] = {
  "4.0", "4.1", "5.0", "5.1", "5.5", "6.0", "6.5", "6.7", "6.7.1", "6.7.2", "6.7.3", "6.8.7", "6.9.1", "7.0.0.0",
  "7.0.0.2", "7.0.1.0", "7.0.2.0", "7.0.3.0", "8.0.0.0", "8.0.0.1", "8.0.1.0", "8.0.2.0", "8.0.3.0",
};

static size_t
rank (const xmlNode *n, size_t best)
{
  char text[40];

  fettle_xml_text (n, NULL, text, sizeof text);
  for (size_t i = best; i < FETTLE_COUNT (versions); i++)
    if (strcmp (text, versions[i]) == 0)
      best = i + 1;
  return best;
}

void
vm_choose_version (const char *text, size_t size, char ret[16])
{
  xmlDoc *doc = fettle_xml_read (text, size, 0);
  const xmlNode *n = fettle_xml_child (fettle_xml_root (doc), "namespace"), *prior;
  char name[40];
  size_t best = 0; /* its place, from 1 */

  for (; n; n = fettle_xml_next (n, "namespace")) {
    if (strcmp (fettle_xml_text (n, "name", name, sizeof name), "urn:vim25") != 0)
      continue;
    best = rank (fettle_xml_child (n, "version"), best);
    prior = fettle_xml_at (n, "priorVersions/version");
    for (; prior; prior = fettle_xml_next (prior, "version"))
      best = rank (prior, best);
  }
  snprintf (ret, 16, "%s", best ? versions[best - 1] : "5.5");
  xmlFreeDoc (doc);
}

int
vm_escape (const char *text, char *ret, size_t size)
{
  size_t used = 0;

  for (; *text; text++) {
    unsigned char k = (unsigned char) *text;
    int plain = k >= ' ' && k != '<' && k != '>' && k != '&' && k != '"' && k != '\'';
    int n = plain ? snprintf (ret + used, size - used, "%c", k) : snprintf (ret + used, size - used, "&#%u;", k);

    used += (size_t) n;
    if (used >= size)
      return 0;
  }
  if (used >= size)
    return 0;
  ret[used] = '\0';
  return 1;
}

int
vm_percent (const char *text, char *ret, size_t size)
{
  size_t used = 0;

  for (; *text; text++) {
    unsigned char k = (unsigned char) *text;
    int plain = (k >= 'a' && k <= 'z') || (k >= 'A' && k <= 'Z') || (k >= '0' && k <= '9') || strchr ("-._~", k);

    used += (size_t) snprintf (ret + used, size - used, plain ? "%c" : "%%%02X", k);
    if (used >= size)
      return 0;
  }
  if (used >= size)
    return 0;
  ret[used] = '\0';
  return 1;
}

int
vm_vib_match (const char *name, char *ret, size_t size)
{
  size_t used = (size_t) snprintf (ret, size, "vib:"), begin = used;

  for (; *name; name++)
    if (*name > ' ' && *name < 0x7f) {
      if (used + 1 >= size)
        return 0;
      ret[used++] = *name >= 'A' && *name <= 'Z' ? (char) (*name - 'A' + 'a') : *name;
    }
  ret[used] = '\0';
  return used > begin;
}
