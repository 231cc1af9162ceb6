/* host.c - the test host's struct fettle_host, and the call.
 *
 * SPDX-License-Identifier: Apache-2.0 OR BSD-2-Clause
 */
#include <stdlib.h>
#include <unistd.h>

#include "testhost-internal.h"

/* ---- What is seen ---- */

void
fettle_testhost_wrong (fettle_ctx *c, const char *format, ...)
{
  va_list ap;

  if (c->seen->wrong[0])
    return;
  va_start (ap, format);
  vsnprintf (c->seen->wrong, sizeof c->seen->wrong, format, ap);
  va_end (ap);
}

/* A plugin that doesn't care for an abort is ended, so that each test ends. */
static void
limit (fettle_ctx *c)
{
  if (++c->all_calls == FETTLE_TESTHOST_CALLS)
    c->aborted = 1;
  if (c->aborted && ++c->after_abort > FETTLE_TESTHOST_CALLS) {
    fettle_testhost_wrong (c, "it goes on after the call was aborted: the host was called %d more times",
                           FETTLE_TESTHOST_CALLS);
    _exit (FETTLE_TESTHOST_ENDED);
  }
}

void
fettle_testhost_note (fettle_ctx *c, const char *name)
{
  snprintf (c->seen->last, sizeof c->seen->last, "%s", name);
  limit (c);
}

fettle_result
fettle_testhost_fail (fettle_ctx *c, fettle_result code, const char *text)
{
  c->said = 1;
  snprintf (c->seen->text, sizeof c->seen->text, "%s", text);
  return code;
}

fettle_result
fettle_testhost_begin (fettle_ctx *c, const char *name)
{
  fettle_testhost_note (c, name);
  c->seen->calls++;
  if (c->plan->abort_at && c->seen->calls >= c->plan->abort_at)
    c->aborted = 1;
  if (c->aborted)
    return fettle_testhost_fail (c, FETTLE_E_ABORTED, "the call was aborted");
  if (c->seen->calls == c->plan->fail_at)
    return fettle_testhost_fail (c, FETTLE_E_UNREACHABLE, "the test host fails this call");
  return FETTLE_OK;
}

fettle_result
fettle_testhost_port (fettle_ctx *c, const char *service, uint32_t port)
{
  uint32_t i;

  for (i = 0; i < c->type->n_ports; i++) {
    const struct fettle_port *p = &c->type->ports[i];

    if (p->direction == FETTLE_TO_TARGET && p->protocol == FETTLE_TCP && p->phases & c->phases
        && port >= p->first && port <= p->last)
      return FETTLE_OK;
  }
  fettle_testhost_wrong (c, "it uses TCP port %u for %s, which its port table doesn't have in this phase",
                         (unsigned) port, service);
  return fettle_testhost_fail (c, FETTLE_E_INTERNAL, "a port that isn't declared");
}

/* ---- struct fettle_host ---- */

static void
host_log (fettle_ctx *c, uint32_t level, const char *text)
{
  fettle_testhost_note (c, "log");
  if (!text)
    fettle_testhost_wrong (c, "it logs NULL");
  if (level > 7)
    fettle_testhost_wrong (c, "it logs with level %u, which is none", (unsigned) level);
}

static fettle_result
host_error (fettle_ctx *c, fettle_result code, const char *text)
{
  fettle_testhost_note (c, "error");
  if (!text || !*text)
    fettle_testhost_wrong (c, "it fails without saying why: the text of error is empty");
  return fettle_testhost_fail (c, code, text ? text : "");
}

static void
host_progress (fettle_ctx *c, uint32_t permille, const char *step)
{
  (void) step;
  fettle_testhost_note (c, "progress");
  if (permille > 1000)
    fettle_testhost_wrong (c, "it tells a progress of %u, and 1000 is all", (unsigned) permille);
}

static int32_t
host_aborted (fettle_ctx *c)
{
  fettle_testhost_note (c, "aborted");
  return c->aborted;
}

static fettle_result
host_sleep_ms (fettle_ctx *c, uint32_t ms)
{
  (void) ms;
  fettle_testhost_note (c, "sleep_ms");
  c->seen->calls++;
  if (c->plan->abort_at && c->seen->calls >= c->plan->abort_at)
    c->aborted = 1;
  return c->aborted ? fettle_testhost_fail (c, FETTLE_E_ABORTED, "the call was aborted") : FETTLE_OK;
}

static const char *
host_setting (fettle_ctx *c, const char *name)
{
  uint32_t i;

  fettle_testhost_note (c, "setting");
  for (i = 0; name && i < c->type->n_settings; i++)
    if (strcmp (c->type->settings[i].name, name) == 0)
      return c->plan->recording && fettle_replay_setting (c, name) ? fettle_replay_setting (c, name)
                                                                    : c->type->settings[i].initial;
  fettle_testhost_wrong (c, "it asks for the setting \"%.32s\", which it doesn't declare",
                         name ? name : "NULL");
  return NULL;
}

static int
is_one_of (const char *word, const char *const *words)
{
  for (; *words; words++)
    if (strcmp (word, *words) == 0)
      return 1;
  return 0;
}

static fettle_result
host_add_item (fettle_ctx *c, const struct fettle_item *i)
{
  static const char *const kinds[] = { "firmware", "driver", "package", "os", "hardware", NULL };
  static const char *const schemes[] = { "dpkg", "rpm", "semver", "dotted", "hpe", "fos", "plain", NULL };
  fettle_result r = fettle_testhost_begin (c, "add_item");

  if (!i || !FETTLE_HAS (i, struct fettle_item, id) || !FETTLE_HAS (i, struct fettle_item, kind)
      || !FETTLE_HAS (i, struct fettle_item, name) || !*i->id)
    fettle_testhost_wrong (c, "it adds an item without id, kind or name (is its struct_size set?)");
  else if (!is_one_of (i->kind, kinds))
    fettle_testhost_wrong (c, "it adds an item of the kind \"%.32s\", which there isn't", i->kind);
  else if (FETTLE_HAS (i, struct fettle_item, scheme) && !is_one_of (i->scheme, schemes))
    fettle_testhost_wrong (c, "it adds an item whose versions compare as \"%.32s\", which there isn't",
                           i->scheme);
  if (r == FETTLE_OK)
    c->seen->items++;
  if (r == FETTLE_OK && c->plan->item)
    c->plan->item (c->plan->opaque, i);
  return r;
}

static fettle_result
host_add_node (fettle_ctx *c, const struct fettle_found *n)
{
  fettle_result r = fettle_testhost_begin (c, "add_node");

  if (!n || !FETTLE_HAS (n, struct fettle_found, address) || !*n->address)
    fettle_testhost_wrong (c, "it adds a node without an address (is its struct_size set?)");
  return r;
}

static fettle_result
host_again (fettle_ctx *c, uint32_t delay_s, const char *token)
{
  (void) delay_s;
  fettle_testhost_note (c, "again");
  if (!token || strlen (token) > 1000)
    fettle_testhost_wrong (c, "it gives again a token that is %s", token ? "longer than 1000 bytes" : "NULL");
  c->again = 1;
  return FETTLE_AGAIN;
}

static const char *
host_token (fettle_ctx *c)
{
  fettle_testhost_note (c, "token");
  return c->plan->token;
}

static int64_t
host_read_file (fettle_ctx *c, uint32_t file, uint64_t offset, void *buffer, uint32_t size)
{
  fettle_result r = fettle_testhost_begin (c, "read_file");

  if (r != FETTLE_OK)
    return r;
  if (file >= c->n_files) {
    fettle_testhost_wrong (c, "it reads file %u of %u", (unsigned) file, (unsigned) c->n_files);
    return fettle_testhost_fail (c, FETTLE_E_INTERNAL, "there is no such file");
  }
  if (offset >= TESTHOST_FILE_SIZE)
    return 0;
  if (size > TESTHOST_FILE_SIZE - offset)
    size = (uint32_t) (TESTHOST_FILE_SIZE - offset);
  memset (buffer, 'f', size);
  return size;
}

/* "ssh/1" among words with spaces between. */
static int
has_word (const char *words, const char *word)
{
  size_t n = strlen (word);
  const char *p;

  for (p = words; p && (p = strstr (p, word)); p++)
    if ((p == words || p[-1] == ' ') && (p[n] == '\0' || p[n] == ' '))
      return 1;
  return 0;
}

static const void *
host_service (fettle_ctx *c, const char *name, uint32_t version)
{
  static const struct { const char *word; const void *table; } all[] = {
    { "ssh/1", &fettle_testhost_ssh },       { "http/1", &fettle_testhost_http },
    { "stream/1", &fettle_testhost_stream }, { "serve/1", &fettle_testhost_serve },
    { "smb/1", &fettle_testhost_smb },
  };
  char word[64];
  size_t i;

  fettle_testhost_note (c, "service");
  snprintf (word, sizeof word, "%.32s/%u", name ? name : "NULL", (unsigned) version);
  if (!has_word (c->type->services, word) && !has_word (c->type->wants, word)) {
    fettle_testhost_wrong (c, "it asks for the service %s, which it neither needs nor wants", word);
    return NULL;
  }
  for (i = 0; i < FETTLE_COUNT (all); i++)
    if (strcmp (all[i].word, word) == 0)
      return all[i].table;
  return NULL;
}

static const char *
host_quirk (fettle_ctx *c, const char *model, const char *key)
{
  fettle_testhost_note (c, "quirk");
  if (!model || !key) {
    fettle_testhost_wrong (c, "it asks for a quirk without a model or a key");
    return NULL;
  }
  return c->plan->quirk ? c->plan->quirk (c->plan->opaque, model, key) : NULL;
}

static const struct fettle_host host = {
  .struct_size = sizeof (struct fettle_host),
  .abi = FETTLE_ABI,
  .log = host_log,
  .error = host_error,
  .progress = host_progress,
  .aborted = host_aborted,
  .sleep_ms = host_sleep_ms,
  .setting = host_setting,
  .add_item = host_add_item,
  .add_node = host_add_node,
  .again = host_again,
  .token = host_token,
  .read_file = host_read_file,
  .service = host_service,
  .quirk = host_quirk,
};

/* ---- The call ---- */

static const char *const names[] = {
  "probe", "inventory", "deploy", "cleanup", "activate", "firewall_open", "firewall_restore", "reach_back",
};

const char *
fettle_testhost_name (enum fettle_testhost_operation operation)
{
  return names[operation];
}

int
fettle_testhost_has (const struct fettle_node_type *t, enum fettle_testhost_operation operation)
{
  const int has[] = {
    t->probe != NULL, t->inventory != NULL, t->deploy != NULL, t->cleanup != NULL, t->activate != NULL,
    t->firewall_open != NULL, t->firewall_restore != NULL, t->reach_back != NULL,
  };

  return has[operation];
}

static uint32_t
phases_of (enum fettle_testhost_operation operation)
{
  if (operation == FETTLE_TEST_PROBE || operation == FETTLE_TEST_INVENTORY)
    return FETTLE_INVENTORY;
  if (operation == FETTLE_TEST_DEPLOY || operation == FETTLE_TEST_CLEANUP || operation == FETTLE_TEST_ACTIVATE)
    return FETTLE_DEPLOYMENT;
  return FETTLE_BOTH;
}

/* As it was then; what the files hold isn't in it. */
static fettle_result
deploy_recorded (fettle_ctx *c, const struct fettle_target *target)
{
  const json_t *j = json_object_get (fettle_recording_head (c->plan->recording, c->plan->section), "image");
  const json_t *list = json_object_get (j, "files");
  struct fettle_file files[FETTLE_RECORDING_FILES];
  struct fettle_image image = {
    .struct_size = sizeof image, .flags = (uint32_t) json_integer_value (json_object_get (j, "flags")),
    .id = json_string_value (json_object_get (j, "id")), .format = json_string_value (json_object_get (j, "format")),
    .match = json_string_value (json_object_get (j, "match")), .version = json_string_value (json_object_get (j, "version")),
    .file_size = sizeof files[0], .files = files,
  };
  size_t i, n = json_array_size (list);
  int good = image.id && image.format && image.version && n > 0 && n <= FETTLE_RECORDING_FILES;

  for (i = 0; good && i < n; i++) {
    const json_t *f = json_array_get (list, i);

    files[i].name = json_string_value (json_object_get (f, "name"));
    files[i].sha256 = json_string_value (json_object_get (f, "sha256"));
    files[i].size = (uint64_t) json_integer_value (json_object_get (f, "size"));
    good = files[i].name && files[i].sha256;
  }
  if (!good)
    return fettle_testhost_fail (c, FETTLE_E_CONFIG, "the recording of this deployment has no image");
  image.n_files = c->n_files = (uint32_t) n;
  return c->type->deploy (&host, c, target, &image);
}

static fettle_result
deploy (fettle_ctx *c, const struct fettle_target *target)
{
  static const struct fettle_file file = {
    "payload-1.0.bin", "0000000000000000000000000000000000000000000000000000000000000000", TESTHOST_FILE_SIZE
  };
  const struct fettle_image image = {
    .struct_size = sizeof image, .id = "test", .format = c->plan->format, .match = "test:test",
    .version = "1.0", .n_files = 1, .file_size = sizeof file, .files = &file,
  };

  c->n_files = 1;
  if (c->plan->recording)
    return deploy_recorded (c, target);
  return c->type->deploy (&host, c, target, &image);
}

static fettle_result
call (fettle_ctx *c, enum fettle_testhost_operation operation, const struct fettle_target *t)
{
  const char *former = NULL;
  uint32_t score = 0;
  fettle_result r = FETTLE_E_INTERNAL;

  switch (operation) {
  case FETTLE_TEST_PROBE:
    r = c->type->probe (&host, c, t, &score);
    if (score > 100)
      fettle_testhost_wrong (c, "its score is %u, and 100 is certain", (unsigned) score);
    break;
  case FETTLE_TEST_INVENTORY:        r = c->type->inventory (&host, c, t); break;
  case FETTLE_TEST_DEPLOY:           r = deploy (c, t); break;
  case FETTLE_TEST_CLEANUP:          r = c->type->cleanup (&host, c, t); break;
  case FETTLE_TEST_ACTIVATE:         r = c->type->activate (&host, c, t); break;
  case FETTLE_TEST_FIREWALL_OPEN:
    r = c->type->firewall_open (&host, c, t, FETTLE_BOTH, &former);
    if (r == FETTLE_OK && former && strlen (former) > 60 * 1024)
      fettle_testhost_wrong (c, "the former state of the firewall is longer than 60 KiB");
    break;
  case FETTLE_TEST_FIREWALL_RESTORE: r = c->type->firewall_restore (&host, c, t, c->plan->answer); break;
  case FETTLE_TEST_REACH_BACK:
    r = c->type->reach_back (&host, c, t, "http://192.0.2.1:63001/c/0123456789abcdef");
    break;
  case FETTLE_TEST_OPERATIONS:       break;
  }
  return r;
}

static void
judge (fettle_ctx *c, enum fettle_testhost_operation operation, fettle_result r)
{
  if (r == FETTLE_OK || (r == FETTLE_OK_REBOOT && operation == FETTLE_TEST_DEPLOY))
    return;
  if (r == FETTLE_OK_REBOOT)
    fettle_testhost_wrong (c, "it returns FETTLE_OK_REBOOT, which only deploy may");
  else if (r == FETTLE_AGAIN && !c->again)
    fettle_testhost_wrong (c, "it returns FETTLE_AGAIN without having called again");
  else if (r > FETTLE_AGAIN || r < FETTLE_E_SERVICE)
    fettle_testhost_wrong (c, "it returns %d, which is no result", (int) r);
  else if (r < 0 && !c->said)
    fettle_testhost_wrong (c, "it fails (%d) without saying why: error wasn't called", (int) r);
}

void
fettle_testhost_call (const struct fettle_node_type *type, enum fettle_testhost_operation operation,
                      const struct fettle_testhost_plan *plan, struct fettle_testhost_seen *seen)
{
  struct fettle_ctx c = { .type = type, .plan = plan, .seen = seen, .phases = phases_of (operation) };
  const struct fettle_target target = {
    .struct_size = sizeof target, .address = "127.0.0.1", .name = "test", .type = type->name,
    .operation = "check-1", .message = operation == FETTLE_TEST_ACTIVATE ? "maintenance" : NULL,
    .delay_s = operation == FETTLE_TEST_ACTIVATE ? 60 : 0,
  };

  if (plan->recording && !fettle_replay_begin (&c))
    return;
  seen->result = call (&c, operation, &target);
  fettle_replay_end (&c);
  judge (&c, operation, seen->result);
  seen->ended = 1;
}
