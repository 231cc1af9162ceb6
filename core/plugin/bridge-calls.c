/* bridge-calls.c - what a program wants done, and the answers.
 *
 * Numbers and texts are the program's: what the services check they check; what
 * is checked here is what C would trip over.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "util/base.h"

#include "plugin/bridge.h"
#include "util/buf.h"
#include "util/scrub.h"

enum { PARTS_MAX = 16, READ_MAX = 512 * 1024, STREAM_READ = 65536 };

/* ---- Members ---- */

static const char *
text_of (const json_t *q, const char *name)
{
  return json_string_value (json_object_get (q, name));
}

static uint32_t
number_of (const json_t *q, const char *name, uint32_t usual)
{
  const json_t *j = json_object_get (q, name);
  json_int_t n = json_integer_value (j);

  return json_is_integer (j) && n >= 0 && n <= UINT32_MAX ? (uint32_t) n : usual;
}

struct flag {
  const char *word;
  uint32_t flag;
};

static uint32_t
flags_of (const json_t *q, const struct flag *flags)
{
  const json_t *list = json_object_get (q, "flags");
  uint32_t bits = 0;
  json_t *word;
  size_t i;

  json_array_foreach (list, i, word)
    for (const struct flag *f = flags; f->word; f++)
      if (json_is_string (word) && strcmp (f->word, json_string_value (word)) == 0)
        bits |= f->flag;
  return bits;
}

static int
digit_of (char c)
{
  if (c >= 'A' && c <= 'Z')
    return c - 'A';
  if (c >= 'a' && c <= 'z')
    return c - 'a' + 26;
  if (c >= '0' && c <= '9')
    return c - '0' + 52;
  return c == '+' ? 62 : c == '/' ? 63 : -1;
}

/* "NAME": text, or "NAME_base64"; false when it is neither. */
static bool
data_of (const json_t *q, const char *name, struct fettle_buf *ret)
{
  const json_t *text = json_object_get (q, name);
  uint32_t bits = 0, have = 0;
  char other[32];
  const char *p;

  if (json_is_string (text))
    return fettle_buf_add (ret, json_string_value (text), json_string_length (text));
  snprintf (other, sizeof other, "%s_base64", name);
  p = text_of (q, other);
  for (; p && digit_of (*p) >= 0; p++) {
    unsigned char byte;

    bits = bits << 6 | (uint32_t) digit_of (*p);
    have += 6;
    if (have < 8)
      continue;
    have -= 8;
    byte = (unsigned char) (bits >> have);
    bits &= 0xff;
    if (!fettle_buf_add (ret, &byte, 1))
      return false;
  }
  return p != NULL;
}

static void
set_data (json_t *answer, const char *name, const void *data, size_t size)
{
  _cleanup_ (fettle_buf_clear) struct fettle_buf digits = FETTLE_BUF_INIT (2 * FETTLE_BRIDGE_DATA);
  json_t *text = size && memchr (data, '\0', size) ? NULL : json_stringn (size ? data : "", size);
  char other[32];

  snprintf (other, sizeof other, "%s_base64", name);
  if (text)
    json_object_set_new (answer, name, text);
  else if (fettle_base64 (&digits, data, size))
    json_object_set_new (answer, other, json_string (fettle_buf_text (&digits)));
}

/* ---- Answers ---- */

/* The host has said why. */
static json_t *
outcome (fettle_result r)
{
  return r < 0 ? json_pack ("{s:s}", "failed", fettle_result_name (r)) : json_object ();
}

static json_t *
bad (struct fettle_bridge *b, const char *why)
{
  return outcome (b->host->error (b->c, FETTLE_E_INTERNAL, why));
}

static const void *
service (struct fettle_bridge *b, const char *name, json_t **ret_answer)
{
  const void *table = b->host->service (b->c, name, 1);
  char text[128];

  if (!table) {
    snprintf (text, sizeof text, "the program wants the service %s/1, which its .exec file doesn't name", name);
    *ret_answer = outcome (b->host->error (b->c, FETTLE_E_SERVICE, text));
  }
  return table;
}

/* ---- The host ---- */

static json_t *
do_log (struct fettle_bridge *b, const json_t *q)
{
  static const struct flag levels[] = { { "error", FETTLE_LOG_ERROR }, { "warning", FETTLE_LOG_WARNING },
                                        { "debug", FETTLE_LOG_DEBUG }, { 0 } };
  uint32_t level = FETTLE_LOG_INFO;

  for (const struct flag *l = levels; l->word; l++)
    if (text_of (q, "level") && strcmp (l->word, text_of (q, "level")) == 0)
      level = l->flag;
  b->host->log (b->c, level, text_of (q, "text") ? text_of (q, "text") : "");
  return json_object ();
}

static json_t *
do_progress (struct fettle_bridge *b, const json_t *q)
{
  uint32_t permille = number_of (q, "permille", 0);

  b->host->progress (b->c, permille > 1000 ? 1000 : permille, text_of (q, "step") ? text_of (q, "step") : "");
  return json_object ();
}

static json_t *
do_sleep (struct fettle_bridge *b, const json_t *q)
{
  return outcome (b->host->sleep_ms (b->c, number_of (q, "ms", 0)));
}

static json_t *
do_item (struct fettle_bridge *b, const json_t *q)
{
  static const struct flag flags[] = { { "updateable", FETTLE_ITEM_UPDATEABLE }, { "tpm", FETTLE_ITEM_TPM },
                                       { "encrypted", FETTLE_ITEM_ENCRYPTED },
                                       { "no_downgrade", FETTLE_ITEM_NO_DOWNGRADE }, { 0 } };
  const struct fettle_item item = {
    .struct_size = sizeof item, .flags = flags_of (q, flags), .id = text_of (q, "id"), .kind = text_of (q, "kind"),
    .name = text_of (q, "name"), .version = text_of (q, "version") ? text_of (q, "version") : "",
    .scheme = text_of (q, "scheme"), .match = text_of (q, "match"), .location = text_of (q, "location"),
    .arch = text_of (q, "arch"), .staged = text_of (q, "staged"),
  };

  if (!item.id || !item.kind || !item.name)
    return bad (b, "the program gave an item without id, kind or name");
  return outcome (b->host->add_item (b->c, &item));
}

static json_t *
do_node (struct fettle_bridge *b, const json_t *q)
{
  const char *relation = text_of (q, "relation");
  const struct fettle_found node = {
    .struct_size = sizeof node, .address = text_of (q, "address"), .type = text_of (q, "type"),
    .name = text_of (q, "name"), .location = text_of (q, "location"), .pair = text_of (q, "pair"),
    .relation = relation && strcmp (relation, "manager") == 0 ? FETTLE_FOUND_MANAGER
                : relation && strcmp (relation, "peer") == 0  ? FETTLE_FOUND_PEER : FETTLE_FOUND_MEMBER,
  };

  return node.address ? outcome (b->host->add_node (b->c, &node)) : bad (b, "the program gave a node without an address");
}

static json_t *
do_quirk (struct fettle_bridge *b, const json_t *q)
{
  const char *model = text_of (q, "model"), *key = text_of (q, "key");

  if (!model || !key)
    return bad (b, "the program asked for a quirk without \"model\" or \"key\"");
  return json_pack ("{s:s?}", "value", b->host->quirk (b->c, model, key));
}

static json_t *
do_read (struct fettle_bridge *b, const json_t *q)
{
  uint32_t size = number_of (q, "size", READ_MAX);
  _cleanup_free_ char *data = malloc (READ_MAX);
  json_t *answer;
  int64_t n;

  if (!data)
    return bad (b, "no memory to read a file");
  n = b->host->read_file (b->c, number_of (q, "file", 0),
                          (uint64_t) json_integer_value (json_object_get (q, "offset")), data,
                          size > READ_MAX ? READ_MAX : size);
  answer = outcome (n < 0 ? (fettle_result) n : FETTLE_OK);
  if (n >= 0)
    set_data (answer, "data", data, (size_t) n);
  return answer;
}

/* ---- http ---- */

static const struct flag http_flags[] = {
  { "plain", FETTLE_HTTP_PLAIN }, { "basic", FETTLE_HTTP_BASIC }, { "fill", FETTLE_HTTP_FILL },
  { "old_tls", FETTLE_HTTP_OLD_TLS }, { "second", FETTLE_HTTP_SECOND }, { "multipart", FETTLE_HTTP_MULTIPART }, { 0 }
};

/* A body or a part of one; false: it is nothing that can be sent. */
static bool
take_part (const json_t *q, struct fettle_buf *data, struct fettle_http_part *ret)
{
  const json_t *file = json_object_get (q, "file");

  *ret = (struct fettle_http_part) { .name = text_of (q, "name"), .file_name = text_of (q, "file_name"),
                                     .type = text_of (q, "type") };
  if (json_is_integer (file)) {
    json_int_t offset = json_integer_value (json_object_get (q, "offset"));
    json_int_t size = json_integer_value (json_object_get (q, "size"));

    if (offset < 0 || size < 0)
      return false;
    ret->file = number_of (q, "file", UINT32_MAX);
    ret->offset = (uint64_t) offset;
    ret->size = (uint64_t) size;
    return true;
  }
  if (!data_of (q, "body", data))
    return false;
  ret->data = fettle_buf_text (data);
  ret->size = data->size;
  return true;
}

static json_t *
http_answer (struct fettle_bridge *b, const struct fettle_http_answer *a)
{
  json_t *answer;

  if (a->size > FETTLE_BRIDGE_DATA)
    return outcome (b->host->error (b->c, FETTLE_E_PROTOCOL, "the node's answer has more than 4 MiB, which a program "
                                    "isn't given"));
  answer = json_pack ("{s:i s:s?}", "status", (int) a->status, "fields", a->fields);
  if (!answer) /* not UTF-8 */
    answer = json_pack ("{s:i s:s}", "status", (int) a->status, "fields", "");
  set_data (answer, "body", a->body, (size_t) a->size);
  return answer;
}

static json_t *
do_http (struct fettle_bridge *b, const json_t *q)
{
  json_t *answer = NULL;
  const struct fettle_http *http = service (b, "http", &answer);
  const json_t *list = json_object_get (q, "parts");
  struct fettle_http_part parts[PARTS_MAX];
  struct fettle_buf data[PARTS_MAX];
  struct fettle_http_answer a = { .struct_size = sizeof a };
  struct fettle_http_request request = {
    .struct_size = sizeof request, .flags = flags_of (q, http_flags), .port = number_of (q, "port", 443),
    .timeout_ms = number_of (q, "timeout_ms", 0), .method = text_of (q, "method") ? text_of (q, "method") : "GET",
    .path = text_of (q, "path"), .fields = text_of (q, "fields"), .part_size = sizeof parts[0], .parts = parts,
  };
  bool body = json_object_get (q, "body") || json_object_get (q, "body_base64") || json_object_get (q, "file");
  size_t n = body ? 1 : json_array_size (list);
  bool good = request.path && n <= PARTS_MAX;
  fettle_result r;

  for (size_t i = 0; good && http && i < n; i++) {
    data[i] = (struct fettle_buf) FETTLE_BUF_INIT (FETTLE_BRIDGE_LINE);
    good = take_part (body ? q : json_array_get (list, i), &data[i], &parts[i]);
    request.n_parts = (uint32_t) i + 1;
  }
  if (good && http) {
    r = http->request (b->c, &request, &a);
    answer = r == FETTLE_OK ? http_answer (b, &a) : outcome (r);
  } else if (http)
    answer = bad (b, "the program's http has no \"path\", or a body or part that can't be sent");
  for (uint32_t i = 0; i < request.n_parts; i++)
    fettle_buf_clear (&data[i]);
  return answer;
}

/* ---- ssh ---- */

struct heard {
  struct fettle_bridge *b;
  struct fettle_buf out, err;
};

static fettle_result
hear (struct fettle_bridge *b, struct fettle_buf *to, const void *data, size_t size)
{
  return fettle_buf_add (to, data, size)
           ? FETTLE_OK : b->host->error (b->c, FETTLE_E_PROTOCOL, "the command wrote more than 4 MiB, which a program isn't "
                                         "given");
}

static fettle_result
hear_out (void *opaque, const void *data, size_t size)
{
  struct heard *h = opaque;

  return hear (h->b, &h->out, data, size);
}

static fettle_result
hear_err (void *opaque, const void *data, size_t size)
{
  struct heard *h = opaque;

  return hear (h->b, &h->err, data, size);
}

static json_t *
do_ssh (struct fettle_bridge *b, const json_t *q)
{
  static const struct flag flags[] = { { "as_root", FETTLE_SSH_AS_ROOT }, { "fill", FETTLE_SSH_FILL }, { 0 } };
  json_t *answer = NULL;
  const struct fettle_ssh *ssh = service (b, "ssh", &answer);
  _cleanup_ (fettle_buf_clear) struct fettle_buf input = FETTLE_BUF_INIT (FETTLE_BRIDGE_LINE);
  struct heard heard = { b, FETTLE_BUF_INIT (FETTLE_BRIDGE_DATA), FETTLE_BUF_INIT (FETTLE_BRIDGE_DATA) };
  struct fettle_ssh_command command = {
    .struct_size = sizeof command, .flags = flags_of (q, flags), .port = number_of (q, "port", 22),
    .timeout_ms = number_of (q, "timeout_ms", 0), .command = text_of (q, "command"), .out = hear_out, .err = hear_err,
    .opaque = &heard,
  };
  int32_t status = -1;
  fettle_result r;

  if (!ssh)
    return answer;
  if (!command.command)
    return bad (b, "the program's ssh has no \"command\"");
  if (data_of (q, "input", &input)) {
    command.input = fettle_buf_text (&input);
    command.input_size = input.size;
  }
  r = ssh->run (b->c, &command, &status);
  answer = outcome (r);
  if (r == FETTLE_OK) {
    json_object_set_new (answer, "exit", json_integer (status));
    set_data (answer, "out", heard.out.data, heard.out.size);
    set_data (answer, "err", heard.err.data, heard.err.size);
  }
  fettle_buf_clear (&heard.out);
  fettle_buf_clear (&heard.err);
  return answer;
}

static json_t *
do_put (struct fettle_bridge *b, const json_t *q)
{
  static const struct flag flags[] = { { "as_root", FETTLE_SSH_AS_ROOT }, { 0 } };
  json_t *answer = NULL;
  const struct fettle_ssh *ssh = service (b, "ssh", &answer);
  json_int_t offset = json_integer_value (json_object_get (q, "offset"));

  if (!ssh)
    return answer;
  if (!text_of (q, "remote") || offset < 0)
    return bad (b, "the program's put has no \"remote\", or an offset below 0");
  return outcome (ssh->put (b->c, number_of (q, "port", 22), flags_of (q, flags), number_of (q, "file", 0),
                            (uint64_t) offset, text_of (q, "remote")));
}

/* ---- stream ---- */

static json_t *
do_connect (struct fettle_bridge *b, const json_t *q)
{
  json_t *answer = NULL;
  const struct fettle_stream *stream = service (b, "stream", &answer);
  int32_t handle = stream ? stream->connect (b->c, number_of (q, "port", 0), number_of (q, "timeout_ms", 0)) : 0;

  if (!stream)
    return answer;
  return handle < 0 ? outcome (handle) : json_pack ("{s:i}", "stream", (int) handle);
}

static json_t *
do_write (struct fettle_bridge *b, const json_t *q)
{
  _cleanup_ (fettle_buf_clear) struct fettle_buf data = FETTLE_BUF_INIT (FETTLE_BRIDGE_LINE);
  json_t *answer = NULL;
  const struct fettle_stream *stream = service (b, "stream", &answer);
  int32_t handle = (int32_t) (number_of (q, "stream", INT32_MAX) & INT32_MAX);

  if (!stream)
    return answer;
  if (json_is_true (json_object_get (q, "fill")) && text_of (q, "data"))
    return outcome (stream->write_filled (b->c, handle, text_of (q, "data")));
  if (!data_of (q, "data", &data))
    return bad (b, "the program's write has no \"data\"");
  return outcome (stream->write (b->c, handle, fettle_buf_text (&data), data.size));
}

static json_t *
do_stream_read (struct fettle_bridge *b, const json_t *q)
{
  json_t *answer = NULL;
  const struct fettle_stream *stream = service (b, "stream", &answer);
  char data[STREAM_READ];
  int64_t n;

  if (!stream)
    return answer;
  n = stream->read (b->c, (int32_t) (number_of (q, "stream", INT32_MAX) & INT32_MAX), data, sizeof data,
                    number_of (q, "timeout_ms", 0));
  answer = outcome (n < 0 ? (fettle_result) n : FETTLE_OK);
  if (n >= 0)
    set_data (answer, "data", data, (size_t) n);
  return answer;
}

static json_t *
do_tls (struct fettle_bridge *b, const json_t *q)
{
  json_t *answer = NULL;
  const struct fettle_stream *stream = service (b, "stream", &answer);

  return stream ? outcome (stream->start_tls (b->c, (int32_t) (number_of (q, "stream", INT32_MAX) & INT32_MAX),
                                              flags_of (q, http_flags) & FETTLE_HTTP_OLD_TLS))
                : answer;
}

static json_t *
do_close (struct fettle_bridge *b, const json_t *q)
{
  json_t *answer = NULL;
  const struct fettle_stream *stream = service (b, "stream", &answer);

  if (!stream)
    return answer;
  stream->close (b->c, (int32_t) (number_of (q, "stream", INT32_MAX) & INT32_MAX));
  return json_object ();
}

/* ---- serve ---- */

static uint32_t
listener_of (const json_t *q)
{
  const char *word = text_of (q, "listener") ? text_of (q, "listener") : "http";

  return strcmp (word, "https") == 0 ? FETTLE_LISTEN_HTTPS : strcmp (word, "ftp") == 0 ? FETTLE_LISTEN_FTP
                                                                                         : FETTLE_LISTEN_HTTP;
}

static json_t *
do_url (struct fettle_bridge *b, const json_t *q)
{
  json_t *answer = NULL;
  const struct fettle_serve *serve = service (b, "serve", &answer);
  const char *url;

  if (!serve)
    return answer;
  url = json_object_get (q, "file") ? serve->file_url (b->c, listener_of (q), number_of (q, "file", 0))
                                    : serve->status_url (b->c, listener_of (q));
  return url ? json_pack ("{s:s}", "url", url) : outcome (FETTLE_E_SERVICE);
}

static json_t *
do_status (struct fettle_bridge *b, const json_t *q)
{
  json_t *answer = NULL;
  const struct fettle_serve *serve = service (b, "serve", &answer);
  const char *status = NULL;
  fettle_result r;

  if (!serve)
    return answer;
  r = serve->next_status (b->c, number_of (q, "timeout_ms", 0), &status);
  answer = outcome (r);
  if (r == FETTLE_OK)
    json_object_set_new (answer, "status", json_loads (status, JSON_DECODE_ANY, NULL));
  return answer;
}

static json_t *
do_fetched (struct fettle_bridge *b, const json_t *q)
{
  json_t *answer = NULL;
  const struct fettle_serve *serve = service (b, "serve", &answer);
  uint64_t bytes = 0;
  uint32_t answers = 0;
  fettle_result r;

  if (!serve)
    return answer;
  r = serve->fetched (b->c, listener_of (q), number_of (q, "file", 0), &bytes, &answers);
  return r < 0 ? outcome (r) : json_pack ("{s:I s:I}", "bytes", (json_int_t) bytes, "answers", (json_int_t) answers);
}

/* ---- Which ---- */

static const struct {
  const char *word;
  json_t *(*call) (struct fettle_bridge *, const json_t *);
} calls[] = {
  { "log", do_log },         { "progress", do_progress }, { "sleep", do_sleep },   { "item", do_item },
  { "node", do_node },       { "quirk", do_quirk },       { "read_file", do_read }, { "http", do_http },
  { "ssh", do_ssh },         { "put", do_put },           { "connect", do_connect }, { "write", do_write },
  { "read", do_stream_read }, { "start_tls", do_tls },    { "close", do_close },   { "url", do_url },
  { "status", do_status },   { "fetched", do_fetched },
};

json_t *
fettle_bridge_do (struct fettle_bridge *b, const json_t *wanted)
{
  const char *word = text_of (wanted, "do");
  json_t *answer = NULL;

  for (size_t i = 0; word && i < COUNT (calls); i++)
    if (strcmp (calls[i].word, word) == 0)
      answer = calls[i].call (b, wanted);
  if (!answer)
    answer = bad (b, "the program wants something done that fettle-exec(5) doesn't have");
  if (b->host->aborted (b->c))
    json_object_set_new (answer, "aborted", json_true ());
  return answer;
}
