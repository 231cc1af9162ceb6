/* What a Brocade switch's REST interface says, in a whole inventory, probe and
 * update: answers between lines of "--", each a status, its fields, an empty line
 * and a body.  And the same text as the setting firmware_source.  What is made of
 * it has limits, and no more is asked than there are steps.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include <stdlib.h>
#include <string.h>

#include "../../plugins/ilo/fc-rest.h"
#include "fuzz/fuzz.h"

enum { REQUESTS_MAX = 10, FIELDS_MAX = 800 };

static const char *source, *token;
static char *answers, *next;
static unsigned requests;
static int waits;

/* ---- a node whose answers are the input ---- */

static fettle_result
request (fettle_ctx *c, const struct fettle_http_request *q, struct fettle_http_answer *a)
{
  char *begin = next, *end = next ? strstr (next, "\n--\n") : NULL, *body;

  (void) c;
  MUST (++requests < REQUESTS_MAX && q->port == 443 && strlen (q->fields) < FIELDS_MAX - 1 && !strchr (q->fields, '\r'));
  MUST (q->n_parts == 0 || (q->flags & FETTLE_HTTP_FILL && strlen (q->parts->data) == q->parts->size));
  if (!begin)
    return FETTLE_E_UNREACHABLE;
  next = end ? end + 4 : NULL;
  if (end)
    *end = '\0';
  a->status = (int32_t) (strtoul (begin, NULL, 10) % 1000);
  begin += strcspn (begin, "\n");
  begin += *begin != '\0';
  body = strstr (begin, "\n\n");
  a->fields = body ? begin : "";
  a->body = body ? body + 2 : begin;
  a->size = strlen (a->body);
  if (body)
    *body = '\0';
  return FETTLE_OK;
}

static const void *
service (fettle_ctx *c, const char *name, uint32_t version)
{
  static const struct fettle_http http = { .struct_size = sizeof http, .version = 1, .request = request };

  (void) c;
  (void) version;
  return strcmp (name, "http") == 0 ? &http : NULL;
}

static void
host_log (fettle_ctx *c, uint32_t level, const char *text)
{
  (void) c;
  MUST (level <= FETTLE_LOG_DEBUG && *text && strlen (text) < 2000);
}

static fettle_result
host_error (fettle_ctx *c, fettle_result code, const char *text)
{
  host_log (c, 0, text);
  MUST (code < 0);
  return code;
}

static void
host_progress (fettle_ctx *c, uint32_t permille, const char *step)
{
  host_log (c, 0, step);
  MUST (permille <= 1000);
}

static const char *
host_setting (fettle_ctx *c, const char *name)
{
  (void) c;
  return strcmp (name, "firmware_source") == 0 ? source : strcmp (name, "accept_eula") == 0 ? "yes" : NULL;
}

static fettle_result
host_add_item (fettle_ctx *c, const struct fettle_item *i)
{
  (void) c;
  MUST (i->id[0] && i->name[0] && i->version && strlen (i->name) < 100 && strlen (i->version) < 100);
  return FETTLE_OK;
}

static fettle_result
host_again (fettle_ctx *c, uint32_t delay, const char *text)
{
  (void) c;
  MUST (delay > 0 && delay <= 10 && strncmp (text, "fos rest ", 9) == 0 && strlen (text) < 100);
  waits++;
  return FETTLE_OK;
}

static const char *
host_token (fettle_ctx *c)
{
  (void) c;
  return token;
}

static const struct fettle_host host = {
  .struct_size = sizeof host, .abi = FETTLE_ABI, .log = host_log, .error = host_error, .progress = host_progress,
  .setting = host_setting, .add_item = host_add_item, .again = host_again, .token = host_token, .service = service,
};

/* fc.c's, which speaks SSH for the rest. */
fettle_result
fc_add (struct fc *f, const char *kind, const char *id, const char *name, const char *version)
{
  struct fettle_item item = { .struct_size = sizeof item, .kind = kind, .id = id, .name = name, .version = version };

  return f->h->add_item (f->c, &item);
}

fettle_result
fc_failed (struct fc *f, const char *words)
{
  fettle_result r;

  fc_explain (words, &r);
  return f->h->error (f->c, r, words);
}

/* ---- what is made of it ---- */

static const struct fettle_target target = { .struct_size = sizeof target, .name = "fc1" };

static void
restart (const char *text)
{
  free (answers);
  answers = next = strdup (text);
  MUST (answers);
  requests = 0;
  waits = 0;
}

static void
look_at_switch (const char *text)
{
  static const struct fettle_image image = { .struct_size = sizeof image, .id = "fos", .format = "fos", .version = "v9.0.1b" };
  struct fc f = { &host, NULL, &target, NULL, 0 };
  uint32_t score = 7;
  fettle_result r;

  source = "sftp://me@[fd00::1]:2222/fos/";
  restart (text);
  r = fc_rest_probe (&f, &score);
  MUST ((score == 95 || score == 0) && (score == 0 || r == FETTLE_OK));
  restart (text);
  fc_rest_inventory (&f);
  token = NULL;
  restart (text);
  r = fc_rest_deploy (&host, NULL, &target, &image);
  MUST (waits == 0 || r == FETTLE_OK);
  token = "fos rest 99999999999 20000 0";
  restart (text);
  r = fc_rest_deploy (&host, NULL, &target, &image);
  MUST (waits == 0 || r == FETTLE_OK);
}

static void
look_at_source (const char *text)
{
  struct fc_source s;
  size_t folder, host_size;

  if (!fc_split (text, &s))
    return;
  folder = strnlen (s.folder, sizeof s.folder);
  host_size = strnlen (s.host, sizeof s.host);
  MUST (s.number && memchr (s.protocol, '\0', sizeof s.protocol) && memchr (s.user, '\0', sizeof s.user));
  MUST (host_size > 0 && host_size < sizeof s.host && strstr (text, s.host) && !strpbrk (s.host, "/@[]"));
  MUST (folder + 250 < sizeof s.folder && (folder == 0 || (s.folder[0] == '/' && s.folder[folder - 1] != '/')));
  if (s.port) {
    char port[20];

    snprintf (port, sizeof port, "%u/", s.port);
    MUST (s.port < 65536 && strstr (text, port)); /* it is what was written */
  }
}

int
LLVMFuzzerTestOneInput (const uint8_t *data, size_t size)
{
  char *text = strndup ((const char *) data, size);

  MUST (text);
  look_at_switch (text);
  text[strcspn (text, "\n")] = '\0';
  look_at_source (text);
  free (text);
  free (answers);
  answers = NULL;
  return 0;
}
