/* services.c - the test host's ssh, http, stream and serve: no node is there.
 *
 * SPDX-License-Identifier: Apache-2.0 OR BSD-2-Clause
 */
#include "testhost-internal.h"

/* ---- ssh ---- */

static fettle_result
ssh_run (fettle_ctx *c, const struct fettle_ssh_command *command, int32_t *exit_status)
{
  fettle_result r = fettle_testhost_begin (c, "ssh run");

  if (!command || !FETTLE_HAS (command, struct fettle_ssh_command, command)) {
    fettle_testhost_wrong (c, "it runs no command by ssh (is its struct_size set?)");
    return fettle_testhost_fail (c, FETTLE_E_INTERNAL, "there is no command");
  }
  if (fettle_testhost_port (c, "ssh", command->port) != FETTLE_OK)
    return FETTLE_E_INTERNAL;
  if (r == FETTLE_OK && c->plan->recording)
    return fettle_replay_run (c, command, exit_status);
  if (r == FETTLE_OK && FETTLE_HAS (command, struct fettle_ssh_command, out) && c->plan->answer_size)
    r = command->out (command->opaque, c->plan->answer, c->plan->answer_size);
  if (r == FETTLE_OK && exit_status)
    *exit_status = c->plan->exit_status;
  return r;
}

static fettle_result
ssh_put (fettle_ctx *c, uint32_t port, uint32_t flags, uint32_t file, uint64_t offset, const char *remote)
{
  fettle_result r = fettle_testhost_begin (c, "ssh put");

  (void) flags;
  (void) offset;
  if (fettle_testhost_port (c, "ssh", port) != FETTLE_OK)
    return FETTLE_E_INTERNAL;
  if (file >= c->n_files || !remote || *remote != '/') {
    fettle_testhost_wrong (c, "it puts a file that isn't there, or to no absolute path");
    return fettle_testhost_fail (c, FETTLE_E_INTERNAL, "there is no such file");
  }
  return r == FETTLE_OK && c->plan->recording ? fettle_replay_put (c, remote) : r;
}

static void
ssh_disconnect (fettle_ctx *c)
{
  fettle_testhost_note (c, "ssh disconnect");
  c->shell = 0;
}

static fettle_result
shell_open (fettle_ctx *c, const struct fettle_ssh_shell *shell)
{
  fettle_result r = fettle_testhost_begin (c, "ssh shell_open");

  if (!shell || fettle_testhost_port (c, "ssh", shell->port) != FETTLE_OK)
    return FETTLE_E_INTERNAL;
  if (c->shell)
    fettle_testhost_wrong (c, "it opens a second conversation by ssh while one is open");
  if (r == FETTLE_OK && c->plan->recording)
    r = fettle_replay_open (c, "shell");
  c->shell = r == FETTLE_OK;
  c->shell_answered = 0;
  return r;
}

static fettle_result
shell_begin (fettle_ctx *c, const char *name)
{
  fettle_result r = fettle_testhost_begin (c, name);

  if (!c->shell) {
    fettle_testhost_wrong (c, "it calls %s without an open conversation", name);
    return fettle_testhost_fail (c, FETTLE_E_INTERNAL, "no conversation is open");
  }
  return r;
}

static fettle_result
shell_say (fettle_ctx *c, const char *name)
{
  fettle_result r = shell_begin (c, name);

  c->shell_answered = 0;
  return r == FETTLE_OK && c->plan->recording ? fettle_replay_say (c, "say") : r;
}

static fettle_result
shell_write (fettle_ctx *c, const void *data, size_t size)
{
  (void) data;
  (void) size;
  return shell_say (c, "ssh shell_write");
}

static fettle_result
shell_write_filled (fettle_ctx *c, const char *text)
{
  (void) text;
  return shell_say (c, "ssh shell_write_filled");
}

/* After each question the same answer, then silence. */
static int64_t
shell_read (fettle_ctx *c, void *buffer, size_t size, uint32_t timeout_ms)
{
  fettle_result r = shell_begin (c, "ssh shell_read");

  (void) timeout_ms;
  if (r != FETTLE_OK)
    return r;
  if (c->plan->recording) {
    int64_t n = fettle_replay_hear (c, "hear", buffer, size);

    return n ? n : fettle_testhost_fail (c, FETTLE_E_TIMEOUT, "the node says nothing");
  }
  if (c->shell_answered)
    return fettle_testhost_fail (c, FETTLE_E_TIMEOUT, "the node says nothing");
  c->shell_answered = 1;
  if (size > c->plan->answer_size)
    size = c->plan->answer_size;
  memcpy (buffer, c->plan->answer, size);
  return (int64_t) size;
}

static void
shell_close (fettle_ctx *c)
{
  fettle_testhost_note (c, "ssh shell_close");
  c->shell = 0;
}

const struct fettle_ssh fettle_testhost_ssh = {
  .struct_size = sizeof (struct fettle_ssh), .version = 1, .run = ssh_run, .put = ssh_put,
  .disconnect = ssh_disconnect, .shell_open = shell_open, .shell_write = shell_write,
  .shell_write_filled = shell_write_filled, .shell_read = shell_read, .shell_close = shell_close,
};

/* ---- http ---- */

static int
is_request (fettle_ctx *c, const struct fettle_http_request *q)
{
  if (!q || !FETTLE_HAS (q, struct fettle_http_request, method) || !FETTLE_HAS (q, struct fettle_http_request, path)
      || *q->path != '/') {
    fettle_testhost_wrong (c, "it requests by http without method or path (is its struct_size set?)");
    return 0;
  }
  if (q->n_parts > 1 && !(q->flags & FETTLE_HTTP_MULTIPART)) {
    fettle_testhost_wrong (c, "it requests %s with several parts, but without FETTLE_HTTP_MULTIPART", q->path);
    return 0;
  }
  return 1;
}

static fettle_result
http_request (fettle_ctx *c, const struct fettle_http_request *q, struct fettle_http_answer *ret)
{
  fettle_result r = fettle_testhost_begin (c, "http request");
  int sink;

  if (!is_request (c, q) || !ret)
    return fettle_testhost_fail (c, FETTLE_E_INTERNAL, "it isn't a request");
  if (fettle_testhost_port (c, "http", q->port) != FETTLE_OK)
    return FETTLE_E_INTERNAL;
  if (r == FETTLE_OK && c->plan->recording)
    return fettle_replay_http (c, q, ret);
  sink = FETTLE_HAS (q, struct fettle_http_request, body);
  if (r == FETTLE_OK && sink && c->plan->answer_size)
    r = q->body (q->opaque, c->plan->answer, c->plan->answer_size);
  if (r == FETTLE_OK) {
    ret->struct_size = sizeof *ret;
    ret->status = c->plan->http_status;
    ret->fields = "";
    ret->body = sink ? "" : c->plan->answer;
    ret->size = sink ? 0 : c->plan->answer_size;
  }
  return r;
}

static void
http_disconnect (fettle_ctx *c)
{
  fettle_testhost_note (c, "http disconnect");
}

const struct fettle_http fettle_testhost_http = {
  .struct_size = sizeof (struct fettle_http), .version = 1, .request = http_request,
  .disconnect = http_disconnect,
};

/* ---- stream ---- */

static int32_t
stream_connect (fettle_ctx *c, uint32_t port, uint32_t timeout_ms)
{
  fettle_result r = fettle_testhost_begin (c, "stream connect");

  (void) timeout_ms;
  if (fettle_testhost_port (c, "stream", port) != FETTLE_OK)
    return FETTLE_E_INTERNAL;
  if (r == FETTLE_OK && c->plan->recording)
    r = fettle_replay_open (c, "connect");
  if (r != FETTLE_OK)
    return r;
  c->stream = 1;
  c->stream_at = 0;
  return 1;
}

static fettle_result
stream_begin (fettle_ctx *c, const char *name, int32_t handle)
{
  fettle_result r = fettle_testhost_begin (c, name);

  if (handle != 1 || !c->stream) {
    fettle_testhost_wrong (c, "it calls %s with handle %d, which isn't open", name, (int) handle);
    return fettle_testhost_fail (c, FETTLE_E_INTERNAL, "that stream isn't open");
  }
  return r;
}

static fettle_result
stream_write (fettle_ctx *c, int32_t handle, const void *data, size_t size)
{
  fettle_result r = stream_begin (c, "stream write", handle);

  (void) data;
  (void) size;
  return r == FETTLE_OK && c->plan->recording ? fettle_replay_say (c, "write") : r;
}

static int64_t
stream_read (fettle_ctx *c, int32_t handle, void *buffer, size_t size, uint32_t timeout_ms)
{
  fettle_result r = stream_begin (c, "stream read", handle);
  size_t left = c->plan->answer_size - c->stream_at;

  (void) timeout_ms;
  if (r != FETTLE_OK)
    return r;
  if (c->plan->recording)
    return fettle_replay_hear (c, "read", buffer, size);
  if (size > left)
    size = left;
  memcpy (buffer, c->plan->answer + c->stream_at, size);
  c->stream_at += size;
  return (int64_t) size;
}

static void
stream_close (fettle_ctx *c, int32_t handle)
{
  fettle_testhost_note (c, "stream close");
  if (handle == 1)
    c->stream = 0;
}

static fettle_result
stream_start_tls (fettle_ctx *c, int32_t handle, uint32_t flags)
{
  fettle_result r = stream_begin (c, "stream start_tls", handle);

  (void) flags;
  return r == FETTLE_OK && c->plan->recording ? fettle_replay_tls (c) : r;
}

static fettle_result
stream_write_filled (fettle_ctx *c, int32_t handle, const char *text)
{
  fettle_result r = stream_begin (c, "stream write_filled", handle);

  (void) text;
  return r == FETTLE_OK && c->plan->recording ? fettle_replay_say (c, "write") : r;
}

const struct fettle_stream fettle_testhost_stream = {
  .struct_size = sizeof (struct fettle_stream), .version = 1, .connect = stream_connect,
  .write = stream_write, .read = stream_read, .close = stream_close, .start_tls = stream_start_tls,
  .write_filled = stream_write_filled,
};

/* ---- serve ---- */

static fettle_result
serve_begin (fettle_ctx *c, const char *name, uint32_t listener)
{
  fettle_result r = fettle_testhost_begin (c, name);
  uint32_t i;

  for (i = 0; i < c->type->n_ports; i++) {
    const struct fettle_port *p = &c->type->ports[i];

    if (p->direction == FETTLE_FROM_TARGET && p->listener == listener && p->phases & c->phases)
      return r;
  }
  fettle_testhost_wrong (c, "it calls %s for listener %u, which its port table doesn't have in this phase",
                         name, (unsigned) listener);
  return fettle_testhost_fail (c, FETTLE_E_INTERNAL, "a listener that isn't declared");
}

static const char *
serve_file_url (fettle_ctx *c, uint32_t listener, uint32_t file)
{
  char number[16];

  if (serve_begin (c, "serve file_url", listener) != FETTLE_OK)
    return NULL;
  if (file == FETTLE_SERVE_FOLDER && listener == FETTLE_LISTEN_FTP)
    return c->plan->recording ? fettle_replay_url (c, listener, "folder") : "ftp://192.0.2.1:63021/0123456789abcdef/";
  if (file >= c->n_files) {
    fettle_testhost_wrong (c, "it serves file %u of %u", (unsigned) file, (unsigned) c->n_files);
    fettle_testhost_fail (c, FETTLE_E_INTERNAL, "there is no such file");
    return NULL;
  }
  snprintf (number, sizeof number, "%u", (unsigned) file);
  if (c->plan->recording)
    return fettle_replay_url (c, listener, number);
  return "http://192.0.2.1:63001/d/0123456789abcdef/payload-1.0.bin";
}

static const char *
serve_status_url (fettle_ctx *c, uint32_t listener)
{
  if (serve_begin (c, "serve status_url", listener) != FETTLE_OK)
    return NULL;
  return c->plan->recording ? fettle_replay_url (c, listener, "status") : "http://192.0.2.1:63001/s/0123456789abcdef";
}

static fettle_result
serve_next_status (fettle_ctx *c, uint32_t timeout_ms, const char **ret)
{
  fettle_result r = fettle_testhost_begin (c, "serve next_status");

  (void) timeout_ms;
  if (r == FETTLE_OK && c->plan->recording)
    return fettle_replay_status (c, ret);
  return r != FETTLE_OK ? r : fettle_testhost_fail (c, FETTLE_E_TIMEOUT, "the node told no status");
}

static fettle_result
serve_fetched (fettle_ctx *c, uint32_t listener, uint32_t file, uint64_t *ret_bytes, uint32_t *ret_answers)
{
  fettle_result r = serve_begin (c, "serve fetched", listener);
  char number[16];

  snprintf (number, sizeof number, "%u", (unsigned) file);
  if (r == FETTLE_OK && c->plan->recording)
    return fettle_replay_fetched (c, listener, file == FETTLE_SERVE_FOLDER ? "folder" : number, ret_bytes, ret_answers);
  if (r == FETTLE_OK) {
    *ret_bytes = 0;
    *ret_answers = 0;
  }
  return r;
}

static int32_t
serve_blocked (fettle_ctx *c, uint32_t listener)
{
  fettle_testhost_note (c, "serve blocked");
  return c->plan->recording ? fettle_replay_blocked (c, listener) : 0;
}

const struct fettle_serve fettle_testhost_serve = {
  .struct_size = sizeof (struct fettle_serve), .version = 1, .file_url = serve_file_url,
  .status_url = serve_status_url, .next_status = serve_next_status, .fetched = serve_fetched,
  .blocked = serve_blocked,
};
