/* cim.c - talking to the host's CIM server: CIM-XML, at /cimom of port 5989.
 *
 * It is off on most hosts, and deprecated: that it isn't there is normal.  We
 * are known to it by a ticket of the vSphere session, which lives two minutes;
 * one that is refused is asked for anew, once, and then the node's own user and
 * password are tried, since some versions refuse all tickets.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cim.h"

enum { BODY_SIZE = 16384 };

/* ---- one request ---- */

static size_t
write_space (const char *space, char *ret, size_t size)
{
  size_t used = (size_t) snprintf (ret, size, "<LOCALNAMESPACEPATH>");

  while (*space && used < size) {
    size_t n = strcspn (space, "/");

    used += (size_t) snprintf (ret + used, size - used, "<NAMESPACE NAME=\"%.*s\"/>", (int) n, space);
    space += n + (space[n] == '/');
  }
  if (used < size)
    used += (size_t) snprintf (ret + used, size - used, "</LOCALNAMESPACEPATH>");
  return used;
}

/* An intrinsic method, with its parameters; or one of the instance at `path`. */
static int
write_body (const char *space, const char *method, const struct cim_path *path, const char *parameters, char *body)
{
  char where[400], instance[4000] = "";
  const char *call = path ? "METHODCALL" : "IMETHODCALL";
  int n;

  if (write_space (space, where, sizeof where) >= sizeof where || (path && !cim_write_path (path, instance, sizeof instance)))
    return 0;
  n = snprintf (body, BODY_SIZE,
                "<?xml version=\"1.0\" encoding=\"utf-8\"?>\n<CIM CIMVERSION=\"2.0\" DTDVERSION=\"2.0\"><MESSAGE ID=\"1\""
                " PROTOCOLVERSION=\"1.0\"><SIMPLEREQ><%s NAME=\"%s\">%s%s%s%s%s</%s></SIMPLEREQ></MESSAGE></CIM>",
                call, method, path ? "<LOCALINSTANCEPATH>" : "", where, instance, path ? "</LOCALINSTANCEPATH>" : "",
                parameters, call);
  return n > 0 && n < BODY_SIZE;
}

static int
write_fields (const struct vm_cim *x, const char *space, const char *method, const struct cim_path *path, char *fields, size_t size)
{
  char object[4000];
  int n;

  if (!(path ? cim_write_object (space, path, object, sizeof object) : vm_percent (space, object, sizeof object)))
    return 0;
  n = snprintf (fields, size, "CIMProtocolVersion: 1.0\nCIMOperation: MethodCall\nCIMMethod: %s\nCIMObject: %s%s%s", method, object,
                x->ticket[0] ? "\nAuthorization: " : "", x->ticket);
  return n > 0 && (size_t) n < size;
}

static fettle_result
send (struct vm_cim *x, const char *body, const char *fields, struct fettle_http_answer *a)
{
  struct vm_session *s = x->s;
  struct fettle_http_request q;
  struct fettle_http_part part;

  memset (&q, 0, sizeof q);
  memset (&part, 0, sizeof part);
  memset (a, 0, sizeof *a);
  part.type = "application/xml; charset=\"utf-8\"";
  part.data = body;
  part.size = strlen (body);
  q.struct_size = sizeof q;
  q.flags = (x->ticket[0] ? 0 : FETTLE_HTTP_BASIC) | (vm_says_yes (s->h, s->c, "old_tls") ? FETTLE_HTTP_OLD_TLS : 0);
  q.port = 5989;
  q.method = "POST";
  q.path = "/cimom";
  q.fields = fields;
  q.n_parts = 1;
  q.part_size = sizeof part;
  q.parts = &part;
  a->struct_size = sizeof *a;
  return s->http->request (s->c, &q, a);
}

/* ---- who we are ---- */

/* 1: there is one. */
static int
get_ticket (struct vm_cim *x)
{
  char text[300];
  xmlNode *n;

  x->ticket[0] = '\0';
  x->tickets++;
  if (vm_try (x->s, "AcquireCimServicesTicket", &x->s->host, "", 0, &n) != FETTLE_OK || x->s->fault.name[0])
    return 0;
  fettle_xml_text (n, "sessionId", text, sizeof text);
  return text[0] && !strpbrk (text, "\r\n:") && cim_basic (text, text, x->ticket, sizeof x->ticket);
}

/* After a 401: another way to say who we are.  0: there is none left. */
static int
another_way (struct vm_cim *x)
{
  if (x->by_password)
    return 0;
  if (x->ticket[0] && x->tickets < 2 && get_ticket (x))
    return 1;
  x->ticket[0] = '\0';
  x->by_password = 1;
  return 1;
}

/* ---- a method ---- */

static fettle_result
nonsense (struct vm_cim *x, const char *method, const struct fettle_http_answer *a)
{
  char said[120];
  size_t n;
  const char *why = fettle_http_field (a->fields, "CIMError", &n);

  snprintf (said, sizeof said, "%s%.*s", why ? ", CIMError " : "", why ? (int) (n > 90 ? 90 : n) : 0, why ? why : "");
  if (a->status == 503)
    return vm_fail (x->s, FETTLE_E_UNREACHABLE, "CIM %s: the host's CIM server isn't up (status 503)", method);
  return vm_fail (x->s, a->status == 404 || a->status == 501 ? FETTLE_E_UNSUPPORTED : FETTLE_E_PROTOCOL,
                  "CIM %s: status %d%s, and no answer in CIM-XML", method, (int) a->status, said);
}

static fettle_result
post (struct vm_cim *x, const char *space, const char *method, const struct cim_path *path, const char *parameters,
      struct fettle_http_answer *a)
{
  char body[BODY_SIZE], fields[5000];
  fettle_result r;

  if (!write_body (space, method, path, parameters, body))
    return vm_fail (x->s, FETTLE_E_INTERNAL, "CIM %s: the request is too long", method);
  do {
    if (!write_fields (x, space, method, path, fields, sizeof fields))
      return vm_fail (x->s, FETTLE_E_INTERNAL, "CIM %s: the request is too long", method);
    r = send (x, body, fields, a);
  } while (r == FETTLE_OK && a->status == 401 && another_way (x));
  x->s->gone |= r == FETTLE_E_ABORTED; /* for us */
  if (r != FETTLE_OK)
    snprintf (x->s->why, sizeof x->s->why, r == FETTLE_E_AUTH ? "CIM %s: 5989 shows another certificate's key than 443, so it isn't"
              " asked" : "CIM %s: the host didn't answer on 5989", method);
  else if (a->status == 401)
    r = vm_fail (x->s, FETTLE_E_REJECTED, "CIM %s: the host's CIM server refuses tickets of the vSphere session as well as the"
                 " user and password (status 401).  Restart its service sfcbd-watchdog, or give the node root's password",
                 method);
  else if (a->status == 200)
    x->tickets = 0; /* it was good */
  return r;
}

fettle_result
vm_cim_try (struct vm_cim *x, const char *space, const char *method, const struct cim_path *path, const char *parameters,
            const xmlNode **ret)
{
  struct fettle_http_answer a;
  fettle_result r;

  *ret = NULL;
  memset (&x->error, 0, sizeof x->error);
  xmlFreeDoc (x->doc);
  x->doc = NULL;
  r = post (x, space, method, path, parameters, &a);
  if (r == FETTLE_OK && a.status == 200)
    x->doc = fettle_xml_read (a.body, (size_t) a.size, 0);
  if (r == FETTLE_OK && !cim_read (x->doc, method, &x->error, ret))
    r = nonsense (x, method, &a);
  x->silent |= r == FETTLE_E_UNREACHABLE || r == FETTLE_E_TIMEOUT || r == FETTLE_E_PROTOCOL;
  return r;
}

fettle_result
vm_cim_refused (struct vm_cim *x, const char *what)
{
  const char *sentence;
  fettle_result r = cim_explain (x->error.code, &sentence);

  return vm_fail (x->s, r, "CIM %s: %s (error %d%s%s%s)", what, sentence, x->error.code, x->error.text[0] ? ": \"" : "",
                  x->error.text, x->error.text[0] ? "\"" : "");
}

fettle_result
vm_cim_ask (struct vm_cim *x, const char *space, const char *method, const struct cim_path *path, const char *parameters,
            const xmlNode **ret)
{
  fettle_result r = vm_cim_try (x, space, method, path, parameters, ret);

  return r == FETTLE_OK && x->error.code ? vm_cim_refused (x, method) : r;
}

fettle_result
vm_cim_enumerate (struct vm_cim *x, const char *space, const char *class, const char *properties, const xmlNode **ret)
{
  char parameters[2000];

  snprintf (parameters, sizeof parameters,
            "<IPARAMVALUE NAME=\"ClassName\"><CLASSNAME NAME=\"%s\"/></IPARAMVALUE>"
            "<IPARAMVALUE NAME=\"LocalOnly\"><VALUE>FALSE</VALUE></IPARAMVALUE>"
            "<IPARAMVALUE NAME=\"DeepInheritance\"><VALUE>TRUE</VALUE></IPARAMVALUE>"
            "<IPARAMVALUE NAME=\"PropertyList\"><VALUE.ARRAY>%s</VALUE.ARRAY></IPARAMVALUE>", class, properties);
  return vm_cim_try (x, space, "EnumerateInstances", NULL, parameters, ret);
}

fettle_result
vm_cim_names (struct vm_cim *x, const char *space, const char *class, const xmlNode **ret)
{
  char parameters[200];

  snprintf (parameters, sizeof parameters, "<IPARAMVALUE NAME=\"ClassName\"><CLASSNAME NAME=\"%s\"/></IPARAMVALUE>", class);
  return vm_cim_try (x, space, "EnumerateInstanceNames", NULL, parameters, ret);
}

fettle_result
vm_cim_get (struct vm_cim *x, const char *space, const struct cim_path *path, const xmlNode **ret)
{
  char instance[4000], parameters[4200];

  if (!cim_write_path (path, instance, sizeof instance))
    return vm_fail (x->s, FETTLE_E_INTERNAL, "CIM GetInstance: the path is too long");
  snprintf (parameters, sizeof parameters, "<IPARAMVALUE NAME=\"InstanceName\">%s</IPARAMVALUE>"
            "<IPARAMVALUE NAME=\"LocalOnly\"><VALUE>FALSE</VALUE></IPARAMVALUE>", instance);
  return vm_cim_try (x, space, "GetInstance", NULL, parameters, ret);
}

/* ---- is it there? ---- */

/* What vSphere says of the service, where it says it: a closed port may not answer for a minute. */
static int
is_off (struct vm_session *s)
{
  struct vm_ref services;
  xmlNode *object;
  const xmlNode *n;
  char key[60], running[10];

  if (!vm_manager (s, "serviceSystem", &services)
      || vm_properties (s, &services, "<pathSet>serviceInfo</pathSet>", &object) != FETTLE_OK)
    return 0;
  n = fettle_xml_child (vm_value (object, "serviceInfo"), "service");
  for (; n; n = fettle_xml_next (n, "service"))
    if (strcmp (fettle_xml_text (n, "key", key, sizeof key), "sfcbd-watchdog") == 0)
      return strcmp (fettle_xml_text (n, "running", running, sizeof running), "false") == 0;
  return 0;
}

fettle_result
vm_cim_open (struct vm_cim *x, struct vm_session *s)
{
  const xmlNode *all;
  fettle_result r;

  memset (x, 0, sizeof *x);
  x->s = s;
  if (!vm_says_yes (s->h, s->c, "cim"))
    return vm_fail (s, FETTLE_E_UNSUPPORTED, "CIM isn't used for this node: its setting cim is \"no\"");
  if (is_off (s))
    return s->gone ? FETTLE_E_UNREACHABLE
                   : vm_fail (s, FETTLE_E_UNSUPPORTED, "CIM is off on this host: its service sfcbd-watchdog doesn't run"
                              " (esxcli system wbem set --enable true)");
  if (s->gone)
    return FETTLE_E_UNREACHABLE;
  if (!get_ticket (x) && !s->gone)
    x->by_password = 1;
  if (s->gone)
    return FETTLE_E_UNREACHABLE;
  r = vm_cim_names (x, CIM_HPE, "SMX_SCInstallationService", &all);
  x->installs = r == FETTLE_OK && !x->error.code && cim_read_path (all, &x->installer);
  return r;
}

void
vm_cim_close (struct vm_cim *x)
{
  xmlFreeDoc (x->doc);
  x->doc = NULL;
  memset (x->ticket, 0, sizeof x->ticket);
}

/* ---- software ---- */

#define IDENTITY                                                                                                \
  "<VALUE>InstanceID</VALUE><VALUE>Name</VALUE><VALUE>ElementName</VALUE><VALUE>VersionString</VALUE>"          \
  "<VALUE>MajorVersion</VALUE><VALUE>MinorVersion</VALUE><VALUE>RevisionNumber</VALUE><VALUE>BuildNumber</VALUE>" \
  "<VALUE>IdentityInfoType</VALUE><VALUE>IdentityInfoValue</VALUE><VALUE>Classifications</VALUE>"               \
  "<VALUE>OperationalStatus</VALUE>"

static fettle_result
list (struct vm_cim *x, const char *space, const char *class, struct vm_identities *all)
{
  const xmlNode *answer, *n = NULL;
  struct cim_identity one, *grown;
  fettle_result r = vm_cim_enumerate (x, space, class, IDENTITY, &answer);

  while (r == FETTLE_OK && all->n < IDENTITIES_MAX && (n = cim_instance (answer, n)))
    if (cim_read_identity (n, &one)) {
      grown = realloc (all->all, (all->n + 1) * sizeof *grown);
      if (!grown)
        return vm_fail (x->s, FETTLE_E_NOMEM, "no memory for a host's software");
      all->all = grown;
      grown[all->n++] = one;
    }
  return r;
}

/* HPE's providers tell more; the other class is VMware's, on any hardware. */
fettle_result
vm_cim_firmware (struct vm_cim *x, struct vm_identities *all)
{
  fettle_result r;

  memset (all, 0, sizeof *all);
  r = list (x, CIM_HPE, "CIM_SoftwareIdentity", all);
  if (r == FETTLE_OK && all->n == 0)
    r = list (x, "root/cimv2", "OMC_SMASHFirmwareIdentity", all);
  if (r == FETTLE_OK && x->error.code)
    fettle_say (x->s->h, x->s->c, FETTLE_LOG_INFO, "CIM tells of no firmware (error %d)", x->error.code);
  return r;
}

const struct cim_identity *
vm_cim_find (const struct vm_identities *all, const char *match)
{
  for (size_t i = 0; i < all->n; i++) {
    const char *one = all->all[i].match, *at = match;
    size_t length = strlen (one);

    for (; length && (at = strstr (at, one)); at += length) /* a word of it */
      if ((at == match || at[-1] == ' ') && (at[length] == ' ' || !at[length]))
        return &all->all[i];
  }
  return NULL;
}
