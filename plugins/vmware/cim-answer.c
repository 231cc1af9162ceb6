/* cim-answer.c - see cim-answer.h.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "answer.h"
#include "cim-answer.h"

/* ---- answers ---- */

static unsigned
number (const char *text)
{
  char *end;
  unsigned long n = strtoul (text, &end, 10);

  return *text >= '0' && *text <= '9' && n <= 0xffffffff ? (unsigned) n : 0;
}

/* Some servers say which method they answer to, some don't. */
static int
is_named (const xmlNode *n, const char *name)
{
  char text[CIM_NAME];

  fettle_xml_attribute (n, "NAME", text, sizeof text);
  return !text[0] || strcmp (text, name) == 0;
}

int
cim_read (xmlDoc *doc, const char *method, struct cim_error *e, const xmlNode **ret)
{
  const xmlNode *top = fettle_xml_at (fettle_xml_root (doc), "MESSAGE/SIMPLERSP"), *n, *error;
  int intrinsic;
  char text[20];

  memset (e, 0, sizeof *e);
  *ret = NULL;
  n = fettle_xml_child (top, "IMETHODRESPONSE");
  intrinsic = n != NULL;
  if (!n)
    n = fettle_xml_child (top, "METHODRESPONSE");
  if (!n || !is_named (n, method))
    return 0;
  error = fettle_xml_child (n, "ERROR");
  if (error) {
    e->code = (int) (number (fettle_xml_attribute (error, "CODE", text, sizeof text)) & 0xffff);
    fettle_xml_attribute (error, "DESCRIPTION", e->text, sizeof e->text);
    if (!e->code)
      e->code = 1; /* it has failed, and doesn't say how */
  } else
    *ret = intrinsic ? fettle_xml_child (n, "IRETURNVALUE") : n;
  return 1;
}

/* VALUE.NAMEDINSTANCE and VALUE.OBJECTWITHPATH have it inside; GetInstance answers with it alone. */
const xmlNode *
cim_instance (const xmlNode *all, const xmlNode *last)
{
  const xmlNode *n, *instance;

  if (!last)
    n = fettle_xml_child (all, NULL);
  else
    n = fettle_xml_next (last->parent == all ? last : last->parent, NULL);
  for (; n; n = fettle_xml_next (n, NULL)) {
    instance = strcmp ((const char *) n->name, "INSTANCE") == 0 ? n : fettle_xml_child (n, "INSTANCE");
    if (instance)
      return instance;
  }
  return NULL;
}

static const xmlNode *
find_property (const xmlNode *instance, const char *name)
{
  const xmlNode *n = fettle_xml_child (instance, NULL);
  char text[CIM_NAME];

  for (; n; n = fettle_xml_next (n, NULL))
    if (strncmp ((const char *) n->name, "PROPERTY", 8) == 0
        && strcmp (fettle_xml_attribute (n, "NAME", text, sizeof text), name) == 0)
      return n;
  return NULL;
}

char *
cim_property (const xmlNode *instance, const char *name, char *ret, size_t size)
{
  return fettle_xml_text (find_property (instance, name), "VALUE", ret, size);
}

static const xmlNode *
elements (const xmlNode *instance, const char *name)
{
  return fettle_xml_child (fettle_xml_child (find_property (instance, name), "VALUE.ARRAY"), NULL);
}

char *
cim_element (const xmlNode *instance, const char *name, size_t i, char *ret, size_t size)
{
  const xmlNode *n = elements (instance, name);

  while (n && i--)
    n = fettle_xml_next (n, NULL);
  return fettle_xml_text (n, NULL, ret, size);
}

size_t
cim_count (const xmlNode *instance, const char *name)
{
  const xmlNode *n = elements (instance, name);
  size_t all = 0;

  for (; n; n = fettle_xml_next (n, NULL))
    all++;
  return all;
}

/* ---- paths ---- */

static int
is_word (const char *text)
{
  const char *p = text;

  while ((*p >= 'a' && *p <= 'z') || (*p >= 'A' && *p <= 'Z') || (*p >= '0' && *p <= '9') || *p == '_')
    p++;
  return p > text && !*p;
}

/* As it is: a key with a space less is another one. */
static int
read_exactly (const xmlNode *n, char *ret, size_t size)
{
  xmlChar *text = xmlNodeGetContent ((xmlNode *) (size_t) n);
  size_t length = text ? strlen ((const char *) text) : size;

  if (length < size)
    memcpy (ret, text, length + 1);
  xmlFree (text);
  return length < size;
}

static int
read_key (const xmlNode *binding, struct cim_path *path)
{
  const xmlNode *value = fettle_xml_child (binding, "KEYVALUE");
  size_t i = path->n;

  if (!value || i == CIM_KEYS)
    return 0; /* a reference as a key: none of what is looked at has one */
  fettle_xml_attribute (binding, "NAME", path->keys[i].name, sizeof path->keys[i].name);
  fettle_xml_attribute (value, "VALUETYPE", path->keys[i].type, sizeof path->keys[i].type);
  if (!path->keys[i].type[0])
    snprintf (path->keys[i].type, sizeof path->keys[i].type, "string");
  path->n++;
  return is_word (path->keys[i].name) && is_word (path->keys[i].type)
         && read_exactly (value, path->keys[i].value, sizeof path->keys[i].value);
}

int
cim_read_path (const xmlNode *n, struct cim_path *path)
{
  const xmlNode *name = fettle_xml_find ((xmlNode *) (size_t) n, "INSTANCENAME"), *binding;
  int good;

  memset (path, 0, sizeof *path);
  fettle_xml_attribute (name, "CLASSNAME", path->class, sizeof path->class);
  good = is_word (path->class);
  for (binding = fettle_xml_child (name, "KEYBINDING"); good && binding; binding = fettle_xml_next (binding, "KEYBINDING"))
    good = read_key (binding, path);
  if (!good)
    memset (path, 0, sizeof *path);
  return good;
}

int
cim_write_path (const struct cim_path *path, char *ret, size_t size)
{
  size_t used = (size_t) snprintf (ret, size, "<INSTANCENAME CLASSNAME=\"%s\">", path->class);

  for (size_t i = 0; i < path->n && used < size; i++) {
    char value[CIM_VALUE * 6];

    if (!vm_escape (path->keys[i].value, value, sizeof value))
      return 0;
    used += (size_t) snprintf (ret + used, size - used, "<KEYBINDING NAME=\"%s\"><KEYVALUE VALUETYPE=\"%s\">%s</KEYVALUE>"
                               "</KEYBINDING>", path->keys[i].name, path->keys[i].type, value);
  }
  if (used < size)
    used += (size_t) snprintf (ret + used, size - used, "</INSTANCENAME>");
  return used < size;
}

/* "Class Name type value ...", each without a space in it; an empty value is "%". */
int
cim_path_text (const struct cim_path *path, char *ret, size_t size)
{
  size_t used = (size_t) snprintf (ret, size, "%s", path->class);

  for (size_t i = 0; i < path->n && used < size; i++) {
    char value[CIM_VALUE * 3 + 1] = "%";

    if (path->keys[i].value[0] && !vm_percent (path->keys[i].value, value, sizeof value))
      return 0;
    used += (size_t) snprintf (ret + used, size - used, " %s %s %s", path->keys[i].name, path->keys[i].type, value);
  }
  return used < size;
}

static int
decode (const char *text, size_t length, char *ret, size_t size)
{
  size_t used = 0;

  for (size_t i = 0; i < length && !(length == 1 && text[0] == '%'); i++) {
    char hex[3] = { 0 }, *end;
    unsigned k = (unsigned char) text[i];

    if (k == '%') {
      if (i + 2 >= length)
        return 0;
      memcpy (hex, text + i + 1, 2);
      k = (unsigned) strtoul (hex, &end, 16);
      if (*end || strchr (" +-", hex[0]))
        return 0;
      i += 2;
    }
    if (used + 1 >= size || (k < ' ' && k != '\t' && k != '\n' && k != '\r'))
      return 0;
    ret[used++] = (char) k;
  }
  ret[used] = '\0';
  return xmlCheckUTF8 ((const unsigned char *) ret);
}

/* The next word of a text; 0: there is none, or it is too long. */
static size_t
word (const char **text, const char **ret)
{
  size_t n;

  *text += strspn (*text, " ");
  n = strcspn (*text, " ");
  *ret = *text;
  *text += n;
  return n;
}

static int
take_word (const char **text, char *ret, size_t size)
{
  const char *w;
  size_t n = word (text, &w);

  if (n == 0 || n >= size)
    return 0;
  memcpy (ret, w, n);
  ret[n] = '\0';
  return is_word (ret);
}

int
cim_path_parse (const char *text, struct cim_path *path)
{
  const char *value;
  size_t n;

  memset (path, 0, sizeof *path);
  if (!take_word (&text, path->class, sizeof path->class))
    return 0;
  for (; text += strspn (text, " "), *text; path->n++)
    if (path->n == CIM_KEYS || !take_word (&text, path->keys[path->n].name, sizeof path->keys[0].name)
        || !take_word (&text, path->keys[path->n].type, sizeof path->keys[0].type) || (n = word (&text, &value)) == 0
        || !decode (value, n, path->keys[path->n].value, sizeof path->keys[0].value))
      return 0;
  return 1;
}

/* root/hpq:Class.Name="value",...: percent-encoded, for a field of HTTP. */
int
cim_write_object (const char *space, const struct cim_path *path, char *ret, size_t size)
{
  char text[CIM_NAME * 2 + CIM_KEYS * (CIM_NAME + CIM_VALUE * 2 + 8)];
  size_t used = (size_t) snprintf (text, sizeof text, "%s:%s", space, path->class);

  for (size_t i = 0; i < path->n && used + CIM_NAME + CIM_VALUE * 2 + 8 < sizeof text; i++) {
    int quoted = strcmp (path->keys[i].type, "string") == 0;

    used += (size_t) snprintf (text + used, sizeof text - used, "%c%s=%s", i ? ',' : '.', path->keys[i].name, quoted ? "\"" : "");
    for (const char *p = path->keys[i].value; *p; p++) {
      if (*p == '"' || *p == '\\')
        text[used++] = '\\';
      text[used++] = *p;
    }
    used += (size_t) snprintf (text + used, sizeof text - used, "%s", quoted ? "\"" : "");
  }
  return vm_percent (text, ret, size);
}

unsigned
cim_path_hash (const struct cim_path *path)
{
  unsigned hash = 2166136261u; /* FNV-1a */

  for (size_t i = 0; i < path->n; i++)
    for (const char *p = path->keys[i].value; *p; p++)
      hash = (hash ^ (unsigned char) *p) * 16777619u;
  return hash;
}

/* ---- what errors mean ---- */

struct meaning {
  int code;
  fettle_result result;
  const char *sentence;
};

static const struct meaning errors[] = {
  { 1,  FETTLE_E_REJECTED,    "the host's CIM server or one of its providers failed" },
  { 2,  FETTLE_E_REJECTED,    "the user's role doesn't allow that through CIM: HPE's providers want root" },
  { 3,  FETTLE_E_UNSUPPORTED, "the host's CIM server doesn't have that namespace: HPE's providers aren't installed (they come with"
                              " HPE's image of ESXi, or its bundle of WBEM providers)" },
  { 4,  FETTLE_E_PROTOCOL,    "the host's CIM server doesn't take what it was given" },
  { 5,  FETTLE_E_UNSUPPORTED, "the host's CIM server doesn't have that class: the provider that it comes from isn't installed" },
  { 6,  FETTLE_E_REJECTED,    "the host's CIM server doesn't have it any more" },
  { 7,  FETTLE_E_UNSUPPORTED, "the host's CIM server can't do that" },
  { 16, FETTLE_E_UNSUPPORTED, "the provider doesn't do that on this host" },
  { 17, FETTLE_E_UNSUPPORTED, "the provider is a version that can't do that" },
};

/* Of HPE's data sheets of its WBEM providers for ESXi (2012).  No host was there to try. */
static const struct meaning installs[] = {
  { 0,     FETTLE_OK,            NULL },
  { 4096,  FETTLE_AGAIN,         NULL },
  { 32768, FETTLE_OK_REBOOT,     NULL },
  { 1,     FETTLE_E_UNSUPPORTED, "the provider can't do that" },
  { 2,     FETTLE_E_REJECTED,    "the provider failed, and doesn't say how" },
  { 3,     FETTLE_E_TIMEOUT,     "the provider didn't do it in time" },
  { 4,     FETTLE_E_REJECTED,    "the provider couldn't begin" },
  { 5,     FETTLE_E_REJECTED,    "the provider doesn't take what it was given" },
  { 6,     FETTLE_E_BUSY,        "another smart component is being installed on the host" },
  { 4105,  FETTLE_E_REJECTED,    "it needs another component, which the host doesn't have: deploy that first" },
  { 4106,  FETTLE_E_REJECTED,    "it isn't for this host's hardware" },
  { 32769, FETTLE_E_REJECTED,    "there was nothing to install: its hardware isn't there, or has this version or a newer one" },
};

/* A smart component's own exit codes, which the job hands on. */
static const struct meaning exits[] = {
  { 0,   FETTLE_OK,            NULL },
  { 1,   FETTLE_OK_REBOOT,     NULL },
  { 2,   FETTLE_E_REJECTED,    "it didn't install anything: the hardware has this version or a newer one, or there is nothing to do" },
  { 3,   FETTLE_E_REJECTED,    "it didn't install anything, or failed to: its hardware isn't there, or it isn't for this host" },
  { 4,   FETTLE_E_REJECTED,    "it doesn't reach one of its devices" },
  { 5,   FETTLE_E_REJECTED,    "its installation was stopped" },
  { 6,   FETTLE_E_REJECTED,    "it can't run, since something that it needs is missing" },
  { 7,   FETTLE_E_REJECTED,    "the installation itself failed, or the provider couldn't run it" },
  { 500, FETTLE_E_UNREACHABLE, "the host couldn't fetch it from here: is its firewall open for us?" },
};

static const struct meaning *
find_code (const struct meaning *all, size_t n, int code)
{
  for (size_t i = 0; i < n; i++)
    if (all[i].code == code)
      return &all[i];
  return NULL;
}

static fettle_result
explain (const struct meaning *all, size_t n, unsigned code, const char **ret_sentence)
{
  const struct meaning *m = code <= 0x7fffffff ? find_code (all, n, (int) code) : NULL;

  *ret_sentence = m ? m->sentence : "it answered with a code that nobody has told of";
  return m ? m->result : FETTLE_E_REJECTED;
}

fettle_result
cim_explain (int code, const char **ret_sentence)
{
  return explain (errors, FETTLE_COUNT (errors), code > 0 ? (unsigned) code : 0x80000000u, ret_sentence);
}

fettle_result
cim_judge_install (unsigned value, const char **ret_sentence)
{
  return explain (installs, FETTLE_COUNT (installs), value, ret_sentence);
}

int
cim_read_job (const xmlNode *instance, struct cim_job *job)
{
  char text[20];

  memset (job, 0, sizeof *job);
  if (!cim_property (instance, "JobState", text, sizeof text)[0])
    return 0;
  job->state = number (text);
  job->percent = number (cim_property (instance, "PercentComplete", text, sizeof text));
  job->error = number (cim_property (instance, "ErrorCode", text, sizeof text));
  cim_property (instance, "ErrorDescription", job->text, sizeof job->text);
  return 1;
}

fettle_result
cim_judge_job (const struct cim_job *job, const char **ret_sentence)
{
  fettle_result r;

  *ret_sentence = NULL;
  switch (job->state) {
  case 2: /* new */
  case 3: /* starting */
  case 4: /* running */
  case 5: /* suspended */
  case 6: /* shutting down */
    return FETTLE_AGAIN;
  case 7: /* completed */
    return explain (exits, FETTLE_COUNT (exits), job->error, ret_sentence);
  case 8: /* terminated */
  case 9: /* killed */
    *ret_sentence = "somebody has stopped it on the host";
    return FETTLE_E_REJECTED;
  default: /* exception; but a restart that is needed is one, too */
    r = explain (exits, FETTLE_COUNT (exits), job->error, ret_sentence);
    if (r == FETTLE_OK) {
      *ret_sentence = "it failed, and doesn't say how";
      r = FETTLE_E_REJECTED;
    }
    return r;
  }
}

int
cim_read_install (const xmlNode *response, unsigned *ret_value, struct cim_path *ret_job)
{
  const xmlNode *n = fettle_xml_child (response, "PARAMVALUE");
  char text[20], name[CIM_NAME];

  memset (ret_job, 0, sizeof *ret_job);
  fettle_xml_text (response, "RETURNVALUE/VALUE", text, sizeof text);
  *ret_value = number (text);
  for (; n; n = fettle_xml_next (n, "PARAMVALUE"))
    if (strcmp (fettle_xml_attribute (n, "NAME", name, sizeof name), "Job") == 0)
      cim_read_path (n, ret_job);
  return text[0] >= '0' && text[0] <= '9';
}

/* ---- identities ---- */

/* Where the version is one of numbers alone, some providers give these. */
static void
compose_version (const xmlNode *instance, char *ret, size_t size)
{
  static const char *const parts[] = { "MajorVersion", "MinorVersion", "RevisionNumber", "BuildNumber" };
  size_t used = 0;

  for (size_t i = 0; i < FETTLE_COUNT (parts) && used < size; i++) {
    char text[20];

    if (!cim_property (instance, parts[i], text, sizeof text)[0])
      break;
    used += (size_t) snprintf (ret + used, size - used, "%s%s", i ? "." : "", text);
  }
}

/* "HPQ:RI7" as a component says it: "hpe:ri7". */
static void
read_family (const xmlNode *instance, struct cim_identity *x)
{
  size_t n = cim_count (instance, "IdentityInfoType"), used;
  char text[CIM_VALUE];

  for (size_t i = 0; i < n && i < 16 && !x->match[0]; i++) {
    if (strcmp (cim_element (instance, "IdentityInfoType", i, text, sizeof text), "CIM:SoftwareFamily") != 0)
      continue;
    cim_element (instance, "IdentityInfoValue", i, text, sizeof text);
    if (strncmp (text, "HPQ:", 4) != 0 || !text[4])
      continue;
    used = (size_t) snprintf (x->match, sizeof x->match, "hpe:");
    for (const char *p = text + 4; *p && used + 1 < sizeof x->match; p++)
      if (*p > ' ' && *p < 0x7f)
        x->match[used++] = *p >= 'A' && *p <= 'Z' ? (char) (*p - 'A' + 'a') : *p;
    x->match[used > 4 ? used : 0] = '\0';
  }
}

int
cim_read_identity (const xmlNode *instance, struct cim_identity *x)
{
  char text[20];

  memset (x, 0, sizeof *x);
  fettle_xml_attribute (instance, "CLASSNAME", x->class, sizeof x->class);
  cim_property (instance, "InstanceID", x->id, sizeof x->id);
  cim_property (instance, "Name", x->name, sizeof x->name);
  if (!x->name[0])
    cim_property (instance, "ElementName", x->name, sizeof x->name);
  cim_property (instance, "VersionString", x->version, sizeof x->version);
  if (!x->version[0])
    compose_version (instance, x->version, sizeof x->version);
  x->active = 1;
  for (size_t i = 0; i < 8; i++) {
    unsigned n = number (cim_element (instance, "Classifications", i, text, sizeof text));

    x->firmware |= n == 10 || n == 11; /* firmware, BIOS */
    if (number (cim_element (instance, "OperationalStatus", i, text, sizeof text)) == 0x8001)
      x->active = 0; /* installed, and another one runs */
  }
  if (x->active)
    read_family (instance, x);
  return x->class[0] && x->id[0] && x->version[0];
}

/* ---- who we are ---- */

int
cim_basic (const char *user, const char *password, char *ret, size_t size)
{
  static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  unsigned char text[600];
  size_t n = (size_t) snprintf ((char *) text, sizeof text, "%s:%s", user, password), used;

  used = (size_t) snprintf (ret, size, "Basic ");
  if (n >= sizeof text || used + (n + 2) / 3 * 4 >= size)
    return 0;
  for (size_t i = 0; i < n; i += 3) {
    unsigned three = (unsigned) text[i] << 16 | (i + 1 < n ? (unsigned) text[i + 1] << 8 : 0) | (i + 2 < n ? text[i + 2] : 0);

    for (unsigned k = 0; k < 4; k++)
      ret[used++] = i + k > n ? '=' : digits[three >> (18 - 6 * k) & 63];
  }
  ret[used] = '\0';
  return 1;
}
