/* host.c - what a plugin is given: struct fettle_host.
 *
 * Everything here comes from plugin code and, through it, from nodes: it is
 * copied, made valid UTF-8, and limited.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "util/base.h"

#include <errno.h>
#include <sys/stat.h>

#include "plugin/quirks.h"
#include "transport/transport.h"
#include "util/file.h"
#include "util/text.h"
#include "worker/worker.h"

#define FIELD_MAX  4096    /* bytes of one text of an item */
#define ITEMS_MAX  100000  /* of one inventory */
#define BATCH      65536   /* bytes of items that are sent together */
#define LOGS_MAX   2000    /* lines of one call */
#define TOKEN_MAX  1000
#define SECRET_MIN 4       /* bytes */
#define INBOX_MAX  16      /* answers that nobody has taken */

static struct fettle_worker_call *
call_of (fettle_ctx *c)
{
  return (struct fettle_worker_call *) c;
}

void
fettle_worker_send (fettle_ctx *c, json_t *message)
{
  struct fettle_error err;

  /* Who can't be told has gone, which ends the call. */
  if (!message || fettle_wire_send (c->call, message, NULL, 0, &err) != FETTLE_OK)
    c->aborted = true;
  json_decref (message);
}

/* An abort, the end of the service, or an answer that somebody waits for. */
void
fettle_worker_take (fettle_ctx *c)
{
  json_t *message = NULL;
  struct fettle_error err;

  if (fettle_wire_receive (c->call, &message, NULL, NULL, &err) != FETTLE_OK
      || json_object_get (message, "abort") || json_array_size (c->inbox) >= INBOX_MAX)
    c->aborted = true;
  else if (c->inbox || (c->inbox = json_array ()))
    json_array_append (c->inbox, message);
  json_decref (message);
}

/* Takes one secret out of a text, in place.  A short one is a word that may
 * well be meant otherwise. */
static void
hide (char *text, const char *secret)
{
  size_t n = secret ? strlen (secret) : 0;

  for (char *p = text; n >= SECRET_MIN && (p = strstr (p, secret)); p += 3) {
    memcpy (p, "***", 3);
    memmove (p + 3, p + n, strlen (p + n) + 1);
  }
}

/* What a person is to read: a node may have echoed what it was sent. */
static char *
readable (fettle_ctx *c, const char *text)
{
  char *clean = fettle_clean_text (text, FIELD_MAX);

  if (clean) {
    hide (clean, c->credentials.password);
    hide (clean, c->credentials.sudo_password);
    hide (clean, c->credentials.passphrase);
  }
  return clean;
}

void
fettle_worker_log (fettle_ctx *c, uint32_t level, const char *text)
{
  struct fettle_worker_call *w = call_of (c);
  _cleanup_free_ char *clean = readable (c, text);

  const char *line = clean;

  if (w->n_logs == LOGS_MAX || !clean)
    return;
  if (++w->n_logs == LOGS_MAX)
    line = "too many lines: the rest of them is left out";
  fettle_worker_send (c, json_pack ("{s:s, s:i}", "log", line, "level", (int) (level & 7)));
}

static fettle_result
error (fettle_ctx *c, fettle_result code, const char *text)
{
  _cleanup_free_ char *clean = readable (c, text);

  return fettle_error_set (&c->error, code, "%s", clean ? clean : "");
}

static void
progress (fettle_ctx *c, uint32_t permille, const char *step)
{
  _cleanup_free_ char *clean = readable (c, step);
  struct fettle_worker_call *w = call_of (c);

  /* It never goes back. */
  if (permille > 1000)
    permille = 1000;
  if (permille > w->permille)
    w->permille = permille;
  fettle_worker_send (c, json_pack ("{s:i, s:s?}", "progress", (int) w->permille, "step", clean));
}

static int32_t
aborted (fettle_ctx *c)
{
  return fettle_context_aborted (c);
}

static fettle_result
sleep_ms (fettle_ctx *c, uint32_t ms)
{
  fettle_result r = fettle_context_wait (c, -1, 0, fettle_now_ms () + ms);

  return r == FETTLE_E_TIMEOUT ? FETTLE_OK : r;
}

static const char *
setting (fettle_ctx *c, const char *name)
{
  const struct fettle_node_type *t = call_of (c)->node_type;
  const char *value = json_string_value (json_object_get (
    json_object_get (call_of (c)->request, "settings"), name));

  for (uint32_t i = 0; !value && i < t->n_settings; i++)
    if (strcmp (t->settings[i].name, name) == 0)
      value = t->settings[i].initial;
  return value;
}

static json_t *
text (const char *s)
{
  _cleanup_free_ char *clean = fettle_clean_text (s, FIELD_MAX);

  return clean ? json_string_nocheck (clean) : NULL;
}

static void
set (json_t *object, const char *name, const char *value)
{
  json_t *j = value ? text (value) : NULL;

  if (j)
    json_object_set_new_nocheck (object, name, j);
}

/* Members that few items have are there only when they are true. */
static void
set_flag (json_t *object, const char *name, uint32_t flag)
{
  if (flag)
    json_object_set_new (object, name, json_true ());
}

void
fettle_worker_flush_items (struct fettle_worker_call *w)
{
  if (!w->items)
    return;
  fettle_worker_send (&w->ctx, json_pack ("{s:o}", "items", w->items));
  w->items = NULL;
  w->items_size = 0;
}

static fettle_result
queue_item (struct fettle_worker_call *w, json_t *item)
{
  size_t size = json_dumpb (item, NULL, 0, JSON_COMPACT) + 1;

  if (w->items_size + size > BATCH)
    fettle_worker_flush_items (w);
  if (!w->items)
    w->items = json_array ();
  if (!w->items || json_array_append_new (w->items, item) != 0)
    return fettle_error_set (&w->ctx.error, FETTLE_E_NOMEM, "no memory for an item");
  w->items_size += size;
  return FETTLE_OK;
}

/* A member of a struct that may be older, and shorter, than ours. */
#define MEMBER(p, type, member) (FETTLE_HAS (p, type, member) ? (p)->member : NULL)

static fettle_result
add_item (fettle_ctx *c, const struct fettle_item *i)
{
  struct fettle_worker_call *w = call_of (c);
  json_t *item;

  if (!MEMBER (i, struct fettle_item, id) || !MEMBER (i, struct fettle_item, name) || !*i->id)
    return fettle_error_set (&c->error, FETTLE_E_INTERNAL, "plugin %s reported an item without an id "
                             "or a name", c->plugin);
  if (w->n_items == ITEMS_MAX)
    return fettle_error_set (&c->error, FETTLE_E_PROTOCOL, "the node has more than %d items", ITEMS_MAX);
  item = json_object ();
  if (!item)
    return fettle_error_set (&c->error, FETTLE_E_NOMEM, "no memory for an item");
  w->n_items++;
  set (item, "id", i->id);
  set (item, "kind", MEMBER (i, struct fettle_item, kind));
  set (item, "name", i->name);
  set (item, "version", MEMBER (i, struct fettle_item, version));
  set (item, "scheme", MEMBER (i, struct fettle_item, scheme));
  set (item, "match", MEMBER (i, struct fettle_item, match));
  set (item, "location", MEMBER (i, struct fettle_item, location));
  set (item, "arch", MEMBER (i, struct fettle_item, arch));
  set (item, "staged", MEMBER (i, struct fettle_item, staged));
  set (item, "why_not", MEMBER (i, struct fettle_item, why_not));
  json_object_set_new (item, "updateable", json_boolean (i->flags & FETTLE_ITEM_UPDATEABLE));
  set_flag (item, "tpm", i->flags & FETTLE_ITEM_TPM);
  set_flag (item, "encrypted", i->flags & FETTLE_ITEM_ENCRYPTED);
  set_flag (item, "no_downgrade", i->flags & FETTLE_ITEM_NO_DOWNGRADE);
  return queue_item (w, item);
}

static fettle_result
add_node (fettle_ctx *c, const struct fettle_found *n)
{
  json_t *node = json_object ();

  if (!MEMBER (n, struct fettle_found, address) || !node) {
    json_decref (node);
    return fettle_error_set (&c->error, FETTLE_E_INTERNAL, "plugin %s reported a node without an address",
                             c->plugin);
  }
  set (node, "address", n->address);
  set (node, "type", MEMBER (n, struct fettle_found, type));
  set (node, "name", MEMBER (n, struct fettle_found, name));
  set (node, "location", MEMBER (n, struct fettle_found, location));
  set (node, "pair", MEMBER (n, struct fettle_found, pair));
  if (FETTLE_HAS (n, struct fettle_found, relation))
    set (node, "relation", n->relation == FETTLE_FOUND_MANAGER ? "manager"
                           : n->relation == FETTLE_FOUND_PEER  ? "peer" : "member");
  fettle_worker_send (c, json_pack ("{s:o}", "node", node));
  return FETTLE_OK;
}

static fettle_result
again (fettle_ctx *c, uint32_t delay_s, const char *token)
{
  struct fettle_worker_call *w = call_of (c);
  size_t n = token ? strnlen (token, TOKEN_MAX + 1) : 0;
  json_t *j = n <= TOKEN_MAX ? json_pack ("{s:I, s:s}", "delay", (json_int_t) delay_s, "token",
                                          token ? token : "") : NULL;

  if (!j)
    return fettle_error_set (&c->error, FETTLE_E_INTERNAL, "plugin %s gave a token that isn't UTF-8 of at "
                             "most %d bytes", c->plugin, TOKEN_MAX);
  json_decref (w->again);
  w->again = j;
  return FETTLE_AGAIN;
}

static const char *
token (fettle_ctx *c)
{
  return call_of (c)->token;
}

/* Its digest was taken when it looked like that. */
static bool
unchanged (struct fettle_worker_call *w, uint32_t file)
{
  const char *then = w->file_stamps[file];
  char now[FETTLE_STAMP_MAX];
  struct stat st;

  if (!then || !*then)
    return true;
  if (!fstat (w->file_fds[file], &st)) {
    fettle_file_stamp (&st, now);
    if (strcmp (then, now) == 0)
      return true;
  }
  fettle_error_set (&w->ctx.error, FETTLE_E_CONFIG, "%s has changed since its digest was taken: add the "
                    "baseline again", w->files[file].name);
  return false;
}

int64_t
fettle_worker_read_file (fettle_ctx *c, uint32_t file, uint64_t offset, void *buffer, uint32_t size)
{
  struct fettle_worker_call *w = call_of (c);
  ssize_t n;

  if (file >= w->n_file_fds || file >= w->image.n_files)
    return fettle_error_set (&c->error, FETTLE_E_INTERNAL, "plugin %s wanted file %u of %u", c->plugin,
                             file, w->image.n_files);
  if (offset >= w->files[file].size)
    return 0;
  if (size > w->files[file].size - offset) /* behind it another member of the archive may lie */
    size = (uint32_t) (w->files[file].size - offset);
  do
    n = pread (w->file_fds[file], buffer, size, (off_t) (w->file_offsets[file] + offset));
  while (n < 0 && errno == EINTR);
  if (n < 0)
    return fettle_error_errno (&c->error, FETTLE_E_CONFIG, "reading %s", w->files[file].name);
  /* After it was read: a change before that, or meanwhile, is seen. */
  return unchanged (w, file) ? n : c->error.code;
}

/* A service that the node type doesn't name isn't given: its manual and the
 * loader's check say what a plugin uses. */
static const void *
service (fettle_ctx *c, const char *name, uint32_t version)
{
  const struct fettle_node_type *t = call_of (c)->node_type;
  char word[64];

  snprintf (word, sizeof word, "%s/%u", name, version);
  if (!fettle_has_word (t->services, word) && !fettle_has_word (t->wants, word)) {
    c->debug (c, "a service was asked for that the node type doesn't declare");
    return NULL;
  }
  return fettle_record_service (name, fettle_transport_service (name, version));
}

json_t *fettle_worker_quirks;

static const char *
quirk (fettle_ctx *c, const char *model, const char *key)
{
  (void) c;
  return fettle_quirks_find (fettle_worker_quirks, model, key);
}

const struct fettle_host fettle_worker_host = {
  .struct_size = sizeof (struct fettle_host),
  .abi = FETTLE_ABI,
  .log = fettle_worker_log,
  .error = error,
  .progress = progress,
  .aborted = aborted,
  .sleep_ms = sleep_ms,
  .setting = setting,
  .add_item = add_item,
  .add_node = add_node,
  .again = again,
  .token = token,
  .read_file = fettle_worker_read_file,
  .service = service,
  .quirk = quirk,
};
