/* record.c - what a call exchanges with its node, written down: lines of JSON
 * (fettle-recording(5)) in a file of the service's.
 *
 * The services are wrapped, so it is what the plugin asked and was told, before
 * the node's secrets were filled in.  Secrets that come back are taken out
 * here: no byte leaves this process before scrub.h has seen it, and all that a
 * command said or a stream told at a time is looked at as a whole.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "util/base.h"

#include <fettle/services.h>

#include <signal.h>
#include <sys/resource.h>

#include "transport/transport.h"
#include "util/file.h"
#include "util/scrub.h"
#include "worker/record.h"
#include "worker/worker.h"

#define FILE_LIMIT (16 * 1024 * 1024) /* bytes of a recording */
#define URL_SECRET 16                 /* bytes of a URL's part that is one */
#define BODY_LIMIT (4 * 1024 * 1024)  /* of one answer */

/* One call in a process: one recorder. */
static struct {
  int fd;
  bool on, full;
  size_t written;
  struct fettle_scrub scrub;
  struct fettle_buf heard; /* of a stream or conversation, since the last question */
  const char *heard_as;
  const struct fettle_http *http;
  const struct fettle_ssh *ssh;
  const struct fettle_stream *stream;
} rec = { .fd = -1 };

/* ---- Lines ---- */

/* Text where it is text, else {"base64": ...}. */
json_t *
fettle_record_clean (const void *data, size_t size)
{
  _cleanup_ (fettle_buf_clear) struct fettle_buf text = FETTLE_BUF_INIT (2 * BODY_LIMIT);
  _cleanup_ (fettle_buf_clear) struct fettle_buf digits = FETTLE_BUF_INIT (4 * BODY_LIMIT);
  json_t *j = NULL;

  if (!fettle_scrub (&rec.scrub, data, size, &text))
    return json_pack ("{s:b}", "left_out", 1);
  if (!memchr (fettle_buf_text (&text), '\0', text.size))
    j = json_stringn (fettle_buf_text (&text), text.size);
  if (!j && fettle_base64 (&digits, text.data, text.size))
    j = json_pack ("{s:s}", "base64", fettle_buf_text (&digits));
  return j;
}

json_t *
fettle_record_text (const char *text)
{
  return text ? fettle_record_clean (text, strlen (text)) : NULL;
}

/* Takes over the line.  What a value is too large for is left out. */
static void
put (json_t *line)
{
  _cleanup_free_ char *text = line ? json_dumps (line, JSON_COMPACT) : NULL;
  _cleanup_free_ char *whole = NULL;
  size_t n = text ? strlen (text) : 0;

  json_decref (line);
  if (!text || rec.full)
    return;
  rec.full = rec.written + n + 64 > FILE_LIMIT;
  if (rec.full)
    n = (size_t) asprintf (&whole, "{\"cut\":\"the recording was at its end of %d bytes\"}\n", FILE_LIMIT);
  else
    n = (size_t) asprintf (&whole, "%s\n", text);
  if (n == SIZE_MAX || write (rec.fd, whole, n) != (ssize_t) n)
    rec.full = true;
  rec.written += n;
}

/* What was heard comes before what is done next. */
static void
flush (void)
{
  if (rec.heard.size)
    put (json_pack ("{s:o}", rec.heard_as, fettle_record_clean (rec.heard.data, rec.heard.size)));
  fettle_buf_reset (&rec.heard);
}

static void
hear (const char *as, const void *data, int64_t size)
{
  if (size <= 0)
    return;
  if (rec.heard.size + (size_t) size > BODY_LIMIT)
    flush ();
  rec.heard_as = as;
  (void) fettle_buf_add (&rec.heard, data, (size_t) size);
}

void
fettle_record_line (json_t *line)
{
  flush ();
  put (line);
}

/* A part of a URL is a secret: what tells it from others is long and has no other sense. */
void
fettle_record_url (const char *url)
{
  struct fettle_error err;
  char part[128];
  size_t n;

  for (const char *p = url; *p; p += n) {
    p += strspn (p, "/:@");
    n = strcspn (p, "/:@");
    if (n < URL_SECRET || n >= sizeof part || memchr (p, '.', n))
      continue;
    memcpy (part, p, n);
    part[n] = '\0';
    if (fettle_scrub_add (&rec.scrub, part, &err)) { /* better nothing than a secret */
      put (json_pack ("{s:s}", "cut", "there are more secrets in URLs than a recording takes out"));
      rec.full = true;
    }
  }
}

/* ---- http ---- */

struct kept {
  struct fettle_buf out, err;
  fettle_sink *to_out, *to_err;
  void (*sent) (void *opaque, uint64_t bytes, uint64_t all);
  void *opaque;
};

static fettle_result
keep_out (void *opaque, const void *data, size_t size)
{
  struct kept *k = opaque;

  (void) fettle_buf_add (&k->out, data, size);
  return k->to_out ? k->to_out (k->opaque, data, size) : FETTLE_OK;
}

static fettle_result
keep_err (void *opaque, const void *data, size_t size)
{
  struct kept *k = opaque;

  (void) fettle_buf_add (&k->err, data, size);
  return k->to_err ? k->to_err (k->opaque, data, size) : FETTLE_OK;
}

static void
pass_sent (void *opaque, uint64_t bytes, uint64_t all)
{
  struct kept *k = opaque;

  k->sent (k->opaque, bytes, all);
}

static json_t *
asked (const struct fettle_http_request *q)
{
  json_t *j = json_pack ("{s:I s:I s:s s:o s:o*}", "port", (json_int_t) q->port, "flags", (json_int_t) q->flags, "method",
                         q->method, "path", fettle_record_text (q->path), "fields", fettle_record_text (q->fields));

  for (uint32_t i = 0; i < q->n_parts && i < 1; i++)
    if (q->parts[i].data && q->parts[i].size <= BODY_LIMIT)
      json_object_set_new (j, "body", fettle_record_clean (q->parts[i].data, (size_t) q->parts[i].size));
  return j;
}

static fettle_result
http_request (fettle_ctx *c, const struct fettle_http_request *request, struct fettle_http_answer *ret)
{
  struct fettle_http_request q = { 0 };
  struct kept k = { .out = FETTLE_BUF_INIT (BODY_LIMIT) };
  fettle_result r;
  json_t *line;

  memcpy (&q, request, request->struct_size < sizeof q ? request->struct_size : sizeof q);
  k.to_out = q.body;
  k.sent = q.sent;
  k.opaque = q.opaque;
  q.struct_size = sizeof q;
  q.body = q.body ? keep_out : NULL;
  q.sent = q.sent ? pass_sent : NULL;
  q.opaque = &k;
  flush ();
  r = rec.http->request (c, &q, ret);
  line = json_pack ("{s:o s:i}", "http", asked (&q), "result", r);
  if (r == FETTLE_OK) {
    json_object_set_new (line, "status", json_integer (ret->status));
    json_object_set_new (line, "fields", fettle_record_text (ret->fields));
    json_object_set_new (line, "body", q.body ? fettle_record_clean (fettle_buf_text (&k.out), k.out.size)
                                              : fettle_record_clean (ret->body, (size_t) ret->size));
  }
  put (line);
  fettle_buf_clear (&k.out);
  return r;
}

static void
http_disconnect (fettle_ctx *c)
{
  rec.http->disconnect (c);
}

static const struct fettle_http http_table = {
  .struct_size = sizeof (struct fettle_http), .version = 1, .request = http_request,
  .disconnect = http_disconnect,
};

/* ---- ssh ---- */

static fettle_result
ssh_run (fettle_ctx *c, const struct fettle_ssh_command *command, int32_t *exit_status)
{
  struct fettle_ssh_command q = { 0 };
  struct kept k = { .out = FETTLE_BUF_INIT (BODY_LIMIT), .err = FETTLE_BUF_INIT (BODY_LIMIT) };
  fettle_result r;
  json_t *line;

  memcpy (&q, command, command->struct_size < sizeof q ? command->struct_size : sizeof q);
  k.to_out = q.out;
  k.to_err = q.err;
  k.opaque = q.opaque;
  q.struct_size = sizeof q;
  q.out = keep_out;
  q.err = keep_err;
  q.opaque = &k;
  flush ();
  r = rec.ssh->run (c, &q, exit_status);
  line = json_pack ("{s:{s:I s:I s:o s:o*} s:i}", "ssh", "port", (json_int_t) q.port, "flags", (json_int_t) q.flags,
                    "command", fettle_record_text (q.command), "input",
                    q.input && q.input_size <= BODY_LIMIT ? fettle_record_clean (q.input, (size_t) q.input_size) : NULL, "result", r);
  if (r == FETTLE_OK)
    json_object_set_new (line, "exit", json_integer (*exit_status));
  json_object_set_new (line, "out", fettle_record_clean (fettle_buf_text (&k.out), k.out.size));
  json_object_set_new (line, "err", fettle_record_clean (fettle_buf_text (&k.err), k.err.size));
  put (line);
  fettle_buf_clear (&k.out);
  fettle_buf_clear (&k.err);
  return r;
}

static fettle_result
ssh_put (fettle_ctx *c, uint32_t port, uint32_t flags, uint32_t file, uint64_t offset, const char *remote)
{
  fettle_result r = rec.ssh->put (c, port, flags, file, offset, remote);

  flush ();
  put (json_pack ("{s:{s:I s:I s:I s:o} s:i}", "put", "port", (json_int_t) port, "file", (json_int_t) file, "offset",
                  (json_int_t) offset, "remote", fettle_record_text (remote), "result", r));
  return r;
}

static void
ssh_disconnect (fettle_ctx *c)
{
  rec.ssh->disconnect (c);
}

static fettle_result
shell_open (fettle_ctx *c, const struct fettle_ssh_shell *shell)
{
  fettle_result r = rec.ssh->shell_open (c, shell);

  flush ();
  put (json_pack ("{s:{s:I} s:i}", "shell", "port", (json_int_t) shell->port, "result", r));
  return r;
}

static fettle_result
shell_write (fettle_ctx *c, const void *data, size_t size)
{
  flush ();
  put (json_pack ("{s:o}", "say", fettle_record_clean (data, size)));
  return rec.ssh->shell_write (c, data, size);
}

static fettle_result
shell_write_filled (fettle_ctx *c, const char *text)
{
  flush ();
  put (json_pack ("{s:o}", "say", fettle_record_text (text)));
  return rec.ssh->shell_write_filled (c, text);
}

static int64_t
shell_read (fettle_ctx *c, void *buffer, size_t size, uint32_t timeout_ms)
{
  int64_t n = rec.ssh->shell_read (c, buffer, size, timeout_ms);

  hear ("hear", buffer, n);
  return n;
}

static void
shell_close (fettle_ctx *c)
{
  flush ();
  put (json_pack ("{s:b}", "hang_up", 1));
  rec.ssh->shell_close (c);
}

static const struct fettle_ssh ssh_table = {
  .struct_size = sizeof (struct fettle_ssh), .version = 1, .run = ssh_run, .put = ssh_put,
  .disconnect = ssh_disconnect, .shell_open = shell_open, .shell_write = shell_write,
  .shell_write_filled = shell_write_filled, .shell_read = shell_read, .shell_close = shell_close,
};

/* ---- stream ---- */

static int32_t
stream_connect (fettle_ctx *c, uint32_t port, uint32_t timeout_ms)
{
  int32_t r = rec.stream->connect (c, port, timeout_ms);

  flush ();
  put (json_pack ("{s:{s:I} s:i}", "connect", "port", (json_int_t) port, "result", r < 0 ? r : 0));
  return r;
}

static fettle_result
stream_write (fettle_ctx *c, int32_t handle, const void *data, size_t size)
{
  flush ();
  put (json_pack ("{s:o}", "write", fettle_record_clean (data, size)));
  return rec.stream->write (c, handle, data, size);
}

static int64_t
stream_read (fettle_ctx *c, int32_t handle, void *buffer, size_t size, uint32_t timeout_ms)
{
  int64_t n = rec.stream->read (c, handle, buffer, size, timeout_ms);

  hear ("read", buffer, n);
  return n;
}

static void
stream_close (fettle_ctx *c, int32_t handle)
{
  flush ();
  put (json_pack ("{s:b}", "close", 1));
  rec.stream->close (c, handle);
}

static fettle_result
stream_start_tls (fettle_ctx *c, int32_t handle, uint32_t flags)
{
  fettle_result r = rec.stream->start_tls (c, handle, flags);

  flush ();
  put (json_pack ("{s:I s:i}", "start_tls", (json_int_t) flags, "result", r));
  return r;
}

static fettle_result
stream_write_filled (fettle_ctx *c, int32_t handle, const char *text)
{
  flush ();
  put (json_pack ("{s:o}", "write", fettle_record_text (text)));
  return rec.stream->write_filled (c, handle, text);
}

static const struct fettle_stream stream_table = {
  .struct_size = sizeof (struct fettle_stream), .version = 1, .connect = stream_connect,
  .write = stream_write, .read = stream_read, .close = stream_close, .start_tls = stream_start_tls,
  .write_filled = stream_write_filled,
};

/* ---- From the call ---- */

static const struct {
  const char *name;
  const void *table, **real;
} wrapped[] = {
  { "http",   &http_table,   (const void **) &rec.http },
  { "ssh",    &ssh_table,    (const void **) &rec.ssh },
  { "stream", &stream_table, (const void **) &rec.stream },
  { "serve",  &fettle_record_serve, (const void **) &fettle_recorded_serve },
  { "smb",    &fettle_record_smb,   (const void **) &fettle_recorded_smb },
};

const void *
fettle_record_service (const char *name, const void *table)
{
  if (!rec.on || !table)
    return table;
  for (size_t i = 0; i < COUNT (wrapped); i++)
    if (strcmp (wrapped[i].name, name) == 0) {
      *wrapped[i].real = table;
      return wrapped[i].table;
    }
  return table;
}

/* Names and sizes of the files; what is in them is the user's. */
static json_t *
image_of (const struct fettle_image *i)
{
  json_t *files = json_array ();

  for (uint32_t k = 0; k < i->n_files; k++)
    json_array_append_new (files, json_pack ("{s:s s:s s:I}", "name", i->files[k].name, "sha256", i->files[k].sha256, "size",
                                             (json_int_t) i->files[k].size));
  return json_pack ("{s:I s:s s:s s:s? s:s s:o}", "flags", (json_int_t) i->flags, "id", i->id, "format", i->format, "match",
                    i->match, "version", i->version, "files", files);
}

static fettle_result
know_secrets (const struct fettle_credentials *s, struct fettle_error *err)
{
  const char *const secrets[] = { s->password, s->passphrase, s->sudo_password, s->second_password, s->key };

  for (size_t i = 0; i < COUNT (secrets); i++)
    if (fettle_scrub_add (&rec.scrub, secrets[i], err))
      return err->code;
  if (fettle_scrub_add_pair (&rec.scrub, s->user, s->password, err))
    return err->code;
  return fettle_scrub_add_pair (&rec.scrub, s->second_user, s->second_password, err);
}

fettle_result
fettle_record_begin (struct fettle_worker_call *w, int fd)
{
  struct rlimit limit = { FILE_LIMIT + 4096, FILE_LIMIT + 4096 };
  const struct fettle_node_type *t = w->node_type;
  json_t *settings = json_object ();

  if (know_secrets (&w->ctx.credentials, &w->ctx.error))
    return w->ctx.error.code;
  /* The file is the service's memory, and plugin code runs here. */
  signal (SIGXFSZ, SIG_IGN);
  if (setrlimit (RLIMIT_FSIZE, &limit) != 0)
    return fettle_error_errno (&w->ctx.error, FETTLE_E_INTERNAL, "limiting a recording");
  rec.fd = fd;
  rec.on = true;
  rec.heard.max = BODY_LIMIT;
  for (uint32_t i = 0; i < t->n_settings; i++)
    if (t->settings[i].type != FETTLE_SETTING_PORT) {
      json_t *value = json_object_get (json_object_get (w->request, "settings"), t->settings[i].name);

      if (value)
        json_object_set_new (settings, t->settings[i].name, fettle_record_text (json_string_value (value)));
    }
  put (json_pack ("{s:i s:s s:s s:s s:s s:o s:o* s:o?}", "fettle_recording", 1, "fettle", PACKAGE_VERSION, "plugin",
                  w->ctx.plugin, "type", t->name, "call", w->operation, "settings", settings,
                  "image", w->image.n_files ? image_of (&w->image) : NULL, "token",
                  fettle_record_text (w->token)));
  return FETTLE_OK;
}

void
fettle_record_end (fettle_result r)
{
  if (!rec.on)
    return;
  flush ();
  put (json_pack ("{s:i}", "end", r));
  fettle_buf_clear (&rec.heard);
  fettle_scrub_clear (&rec.scrub);
  close (rec.fd);
  rec.on = false;
}
