/* soap.c - a session of the vSphere API: vim25 by SOAP, at /sdk of port 443.
 *
 * A host has few sessions, and they last half an hour: each is ended, whatever
 * happens.  Its cookie is kept by the host's http service.  One that expires in
 * the middle is made anew, once, since what was asked without one wasn't done.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "vmware.h"

enum { BODY_SIZE = 16384, POLL_MS = 2000 };

int
vm_says_yes (const struct fettle_host *h, fettle_ctx *c, const char *setting)
{
  const char *text = h->setting (c, setting);

  return text && strcmp (text, "yes") == 0;
}

uint32_t
vm_number (const struct fettle_host *h, fettle_ctx *c, const char *setting)
{
  const char *text = h->setting (c, setting);

  return text ? (uint32_t) strtoul (text, NULL, 10) : 0;
}

int
vm_read_ref (const xmlNode *n, struct vm_ref *ref)
{
  fettle_xml_attribute (n, "type", ref->type, sizeof ref->type);
  fettle_xml_text (n, NULL, ref->id, sizeof ref->id);
  return ref->type[0] && ref->id[0];
}

fettle_result
vm_fail (struct vm_session *s, fettle_result code, const char *format, ...)
{
  va_list ap;

  va_start (ap, format);
  vsnprintf (s->why, sizeof s->why, format, ap);
  va_end (ap);
  return s->h->error (s->c, code, s->why);
}

/* ---- one request ---- */

static fettle_result
send (struct vm_session *s, const char *method, const char *path, const char *body, uint32_t flags,
      uint32_t timeout_ms, struct fettle_http_answer *a)
{
  struct fettle_http_request q;
  struct fettle_http_part part;
  char fields[60];

  memset (&q, 0, sizeof q);
  memset (&part, 0, sizeof part);
  memset (a, 0, sizeof *a);
  snprintf (fields, sizeof fields, "SOAPAction: \"urn:vim25/%s\"", s->version);
  part.type = "text/xml; charset=utf-8";
  part.data = body;
  part.size = body ? strlen (body) : 0;
  q.struct_size = sizeof q;
  q.flags = flags | (vm_says_yes (s->h, s->c, "old_tls") ? FETTLE_HTTP_OLD_TLS : 0);
  q.port = 443;
  q.timeout_ms = timeout_ms;
  q.method = method;
  q.path = path;
  q.fields = body ? fields : NULL;
  q.n_parts = body != NULL;
  q.part_size = sizeof part;
  q.parts = &part;
  a->struct_size = sizeof *a;
  return s->http->request (s->c, &q, a);
}

static int
write_body (const char *method, const struct vm_ref *ref, const char *arguments, char *body)
{
  char id[VM_ID * 6], type[64 * 6];
  int n = -1;

  if (vm_escape (ref->id, id, sizeof id) && vm_escape (ref->type, type, sizeof type))
    n = snprintf (body, BODY_SIZE,
                  "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<soapenv:Envelope"
                  " xmlns:soapenv=\"http://schemas.xmlsoap.org/soap/envelope/\" xmlns:xsd=\"http://www.w3.org/2001/XMLSchema\""
                  " xmlns:xsi=\"http://www.w3.org/2001/XMLSchema-instance\"><soapenv:Body><%s xmlns=\"urn:vim25\">"
                  "<_this type=\"%s\">%s</_this>%s</%s></soapenv:Body></soapenv:Envelope>",
                  method, type, id, arguments, method);
  return n >= 0 && n < BODY_SIZE;
}

static fettle_result
no_soap (struct vm_session *s, const char *method, const struct fettle_http_answer *a)
{
  if (a->status == 503)
    return vm_fail (s, FETTLE_E_UNREACHABLE, "%s: the host's API isn't up (status 503)", method);
  return vm_fail (s, a->status == 404 || a->status == 405 || a->status == 501 ? FETTLE_E_UNSUPPORTED
                      : FETTLE_E_PROTOCOL, "%s: status %d, and no answer of a vSphere API", method, (int) a->status);
}

/* FETTLE_OK: the host answered, be it with a fault. */
static fettle_result
post (struct vm_session *s, const char *method, const struct vm_ref *ref, const char *arguments, uint32_t flags,
      uint32_t timeout_ms, xmlNode **ret)
{
  struct fettle_http_answer a;
  char body[BODY_SIZE], name[120];
  xmlNode *root;
  fettle_result r;

  *ret = NULL;
  memset (&s->fault, 0, sizeof s->fault);
  s->why[0] = '\0';
  xmlFreeDoc (s->doc);
  s->doc = NULL;
  if (!write_body (method, ref, arguments, body))
    return vm_fail (s, FETTLE_E_INTERNAL, "the request %s is too long", method);
  r = send (s, "POST", "/sdk", body, flags, timeout_ms, &a);
  s->gone = r == FETTLE_E_UNREACHABLE || r == FETTLE_E_TIMEOUT || r == FETTLE_E_ABORTED;
  if (r != FETTLE_OK)
    return r;
  s->doc = fettle_xml_read (a.body, (size_t) a.size, 0);
  root = fettle_xml_root (s->doc);
  if (vm_read_fault (root, &s->fault))
    return FETTLE_OK;
  snprintf (name, sizeof name, "Body/%sResponse", method);
  *ret = fettle_xml_at (root, name);
  return *ret && a.status == 200 ? FETTLE_OK : no_soap (s, method, &a);
}

/* What properties lack, they lack with status 200. */
static int
lost_session (struct vm_session *s, xmlNode *response)
{
  const xmlNode *n = fettle_xml_child (fettle_xml_find (response, "missingSet"), "fault");
  struct vm_fault f;

  if (strcmp (s->fault.name, "NotAuthenticated") == 0)
    return 1;
  vm_read_localized (n, &f);
  if (strcmp (f.name, "NotAuthenticated") != 0)
    return 0;
  s->fault = f;
  return 1;
}

static fettle_result login (struct vm_session *);

fettle_result
vm_try (struct vm_session *s, const char *method, const struct vm_ref *ref, const char *arguments,
        uint32_t timeout_ms, xmlNode **ret)
{
  xmlNode *response;
  fettle_result r = post (s, method, ref, arguments, 0, timeout_ms, &response);

  if (r == FETTLE_OK && s->logged_in && lost_session (s, response)) {
    s->h->log (s->c, FETTLE_LOG_INFO, "the session has expired: logging in again");
    s->logged_in = 0;
    r = login (s);
    if (r == FETTLE_OK)
      r = post (s, method, ref, arguments, 0, timeout_ms, &response);
    if (r == FETTLE_OK && lost_session (s, response))
      r = vm_refused (s, method);
  }
  if (ret)
    *ret = r == FETTLE_OK ? fettle_xml_child (response, "returnval") : NULL;
  return r;
}

fettle_result
vm_refused (struct vm_session *s, const char *what)
{
  const char *sentence;
  fettle_result r = vm_explain (s->fault.name, &sentence);
  const struct vm_fault *f = &s->fault;
  char words[VM_TEXT + 260];

  snprintf (words, sizeof words, "%s%s%s%s%s%s", f->name, f->detail[0] ? " of " : "", f->detail, f->text[0] ? ": \"" : "",
            f->text, f->text[0] ? "\"" : "");
  if (strcmp (f->name, "InvalidLogin") == 0)
    snprintf (s->why, sizeof s->why, "%s: %s (%s).  To give it others: fettle node set %s --user NAME --ask-password",
              what, sentence, words, s->t->name);
  else if (sentence)
    snprintf (s->why, sizeof s->why, "%s: %s (%s)", what, sentence, words);
  else
    snprintf (s->why, sizeof s->why, "%s: the host refused it: %s", what, words);
  return s->h->error (s->c, r, s->why);
}

fettle_result
vm_ask (struct vm_session *s, const char *method, const struct vm_ref *ref, const char *arguments,
        uint32_t timeout_ms, xmlNode **ret)
{
  fettle_result r = vm_try (s, method, ref, arguments, timeout_ms, ret);

  return r == FETTLE_OK && s->fault.name[0] ? vm_refused (s, method) : r;
}

/* ---- the session ---- */

static void
read_content (struct vm_session *s, const xmlNode *content)
{
  char text[60];

  vm_read_ref (fettle_xml_child (content, "propertyCollector"), &s->collector);
  vm_read_ref (fettle_xml_child (content, "sessionManager"), &s->sessions);
  vm_read_ref (fettle_xml_child (content, "rootFolder"), &s->root);
  vm_read_ref (fettle_xml_child (content, "fileManager"), &s->files);
  fettle_xml_text (content, "about/fullName", s->product, sizeof s->product);
  fettle_xml_text (content, "about/apiType", text, sizeof text);
  s->is_vcenter = strcmp (text, "VirtualCenter") == 0;
}

fettle_result
vm_hello (struct vm_session *s, VM_CALL)
{
  static const struct vm_ref instance = { "ServiceInstance", "ServiceInstance" };
  struct fettle_http_answer a;
  xmlNode *content;
  fettle_result r;

  memset (s, 0, sizeof *s);
  s->h = h, s->c = c, s->t = t;
  s->http = h->service (c, "http", 1);
  if (!s->http)
    return h->error (c, FETTLE_E_SERVICE, "this Fettle has no HTTP for plugins");
  snprintf (s->version, sizeof s->version, "5.5");
  r = send (s, "GET", "/sdk/vimServiceVersions.xml", NULL, 0, 0, &a);
  if (r != FETTLE_OK)
    return r;
  if (a.status == 200)
    vm_choose_version (a.body, (size_t) a.size, s->version);
  r = vm_ask (s, "RetrieveServiceContent", &instance, "", 0, &content);
  if (r != FETTLE_OK)
    return r;
  read_content (s, content);
  if (!s->collector.id[0] || !s->sessions.id[0] || !s->root.id[0])
    return h->error (c, FETTLE_E_PROTOCOL, "RetrieveServiceContent: the answer isn't that of a vSphere API");
  return FETTLE_OK;
}

static fettle_result
login (struct vm_session *s)
{
  xmlNode *response;
  fettle_result r = post (s, "Login", &s->sessions, "<userName>%{xml:user}</userName><password>%{xml:password}</password>"
                          "<locale>en</locale>", FETTLE_HTTP_FILL, 0, &response);

  if (r == FETTLE_OK && s->fault.name[0])
    r = vm_refused (s, "logging in");
  if (r == FETTLE_OK) {
    s->logged_in = 1;
    fettle_xml_text (response, "returnval/ipAddress", s->us, sizeof s->us);
  }
  return r;
}

fettle_result
vm_open (struct vm_session *s, VM_CALL)
{
  fettle_result r = vm_hello (s, h, c, t);

  if (r == FETTLE_OK && s->is_vcenter)
    return fettle_fail (h, c, FETTLE_E_UNSUPPORTED, "this is a vCenter Server (%s), not a host: add its ESXi hosts as nodes by "
                        "their own addresses", s->product);
  return r == FETTLE_OK ? login (s) : r;
}

fettle_result
vm_close (struct vm_session *s, fettle_result result)
{
  char why[sizeof s->why];
  xmlNode *response;

  memcpy (why, s->why, sizeof why);
  if (s->logged_in && s->gone)
    s->http->disconnect (s->c);
  else if (s->logged_in && (post (s, "Logout", &s->sessions, "", 0, 20000, &response) != FETTLE_OK || s->fault.name[0])) {
    s->h->log (s->c, FETTLE_LOG_WARNING, "the session couldn't be ended: it stays until it expires");
    if (result < 0 && why[0]) /* what counts is why the call failed */
      s->h->error (s->c, result, why);
  }
  s->logged_in = 0;
  xmlFreeDoc (s->doc);
  xmlFreeDoc (s->props);
  s->doc = s->props = NULL;
  return result;
}

/* ---- tasks ---- */

static void
cancel (struct vm_session *s, const struct vm_ref *task)
{
  xmlNode *response;

  post (s, "CancelTask", task, "", 0, 20000, &response);
}

/* FETTLE_AGAIN: it runs. */
static fettle_result
look (struct vm_session *s, const char *method, const struct vm_ref *task)
{
  xmlNode *object;
  const xmlNode *info;
  char state[20], percent[20];
  fettle_result r = vm_properties (s, task, "<pathSet>info</pathSet>", &object);

  if (r != FETTLE_OK)
    return r;
  info = vm_value (object, "info");
  fettle_xml_text (info, "state", state, sizeof state);
  if (strcmp (state, "success") == 0)
    return FETTLE_OK;
  if (strcmp (state, "error") == 0) {
    vm_read_localized (fettle_xml_child (info, "error"), &s->fault);
    return vm_refused (s, method);
  }
  if (strcmp (state, "queued") != 0 && strcmp (state, "running") != 0)
    return vm_fail (s, FETTLE_E_PROTOCOL, "%s: the task's state is \"%s\", which is none", method, state);
  fettle_say (s->h, s->c, FETTLE_LOG_DEBUG, "%s: %s %s", method, state,
              fettle_xml_text (info, "progress", percent, sizeof percent));
  return FETTLE_AGAIN;
}

/* FETTLE_AGAIN: it hasn't ended in that time. */
static fettle_result
follow (struct vm_session *s, const char *method, const struct vm_ref *task, uint32_t limit_s)
{
  time_t since = time (NULL);
  uint32_t pause = 100;
  fettle_result r;

  while ((r = look (s, method, task)) == FETTLE_AGAIN) {
    if (time (NULL) - since > (time_t) limit_s)
      return FETTLE_AGAIN;
    r = s->h->sleep_ms (s->c, pause);
    pause = pause * 2 < POLL_MS ? pause * 2 : POLL_MS;
    if (r != FETTLE_OK) { /* the host does what is left of it */
      s->gone = 1;
      return r;
    }
  }
  return r;
}

fettle_result
vm_task (struct vm_session *s, const char *method, const struct vm_ref *ref, const char *arguments, uint32_t limit_s)
{
  struct vm_ref task;
  xmlNode *n;
  fettle_result r = vm_ask (s, method, ref, arguments, 0, &n);

  if (r != FETTLE_OK)
    return r;
  if (!vm_read_ref (n, &task))
    return vm_fail (s, FETTLE_E_PROTOCOL, "%s: the answer names no task", method);
  r = follow (s, method, &task, limit_s);
  if (r == FETTLE_AGAIN) {
    cancel (s, &task);
    snprintf (s->fault.name, sizeof s->fault.name, "Timedout");
    return vm_fail (s, FETTLE_E_TIMEOUT, "%s: not done within %u s", method, (unsigned) limit_s);
  }
  return r;
}

fettle_result
vm_end_task (struct vm_session *s, const struct vm_ref *task)
{
  fettle_result r;

  cancel (s, task);
  r = s->gone ? FETTLE_E_UNREACHABLE : follow (s, "CancelTask", task, 120);
  if (r == FETTLE_AGAIN)
    return vm_fail (s, FETTLE_E_BUSY, "a task on the host can't be cancelled: %s", task->id);
  return s->gone ? r : FETTLE_OK; /* it has ended: well, cancelled or with an error */
}
