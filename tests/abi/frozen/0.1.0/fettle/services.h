/* fettle/services.h - what a plugin can use to talk to its node.
 *
 * A node type names the services that it needs, so a Fettle without one
 * refuses the plugin when it is loaded, not half way through a deployment.
 * Each table has a version of its own and grows at its end only.
 *
 * The host opens every connection, to the target's address alone.  It refuses
 * a port that the node type doesn't declare for the running phase, and it adds
 * the credentials: a plugin sees neither sockets nor passwords.  A declared
 * port that the user has moved by a setting is moved by the host: plugins
 * always name the declared one.
 *
 * All calls block, end when the operation is aborted or past its deadline,
 * and have said why (host->error) when they fail.
 *
 * SPDX-License-Identifier: Apache-2.0 OR BSD-2-Clause
 */
#ifndef FETTLE_SERVICES_H
#define FETTLE_SERVICES_H

#include <fettle/plugin.h>

#ifdef __cplusplus
extern "C" {
#endif

/* Takes output as it comes.  Any result but FETTLE_OK ends the transfer, and
 * is what the transfer returns. */
typedef fettle_result fettle_sink (void *opaque, const void *data, size_t size);

/* ---- "ssh", 1 ---- */

#define FETTLE_SSH_AS_ROOT (1u << 16) /* through sudo if the user isn't root */
#define FETTLE_SSH_FILL    (1u << 17) /* the node's secrets in the input: see below */

struct fettle_ssh_command {
  uint32_t struct_size;
  uint32_t flags;
  uint32_t port;          /* declared; usually 22 */
  uint32_t timeout_ms;    /* for this command; 0: until the deadline */
  const char *command;    /* for the login shell of the node's user */
  const void *input;      /* its standard input, or NULL */
  uint64_t input_size;
  fettle_sink *out, *err; /* NULL: thrown away */
  void *opaque;           /* for both */
};

/* A conversation with the node's command line. */

#define FETTLE_SSH_TERMINAL (1u << 17) /* on a terminal that doesn't echo */

struct fettle_ssh_shell {
  uint32_t struct_size;
  uint32_t flags;         /* FETTLE_SSH_TERMINAL or 0 */
  uint32_t port;          /* declared; usually 22 */
  uint16_t columns, rows; /* of the terminal; 0: 255 and 1000, so nothing is folded or paged */
  const char *terminal;   /* its kind; NULL: "dumb" */
  const char *command;    /* NULL: the user's login shell */
};

struct fettle_ssh {
  uint32_t struct_size;
  uint32_t version;

  /* Connects at the first call and stays connected until the operation ends.
   * FETTLE_OK when the command ran, whatever its exit status; that is 128 +
   * signal number when a signal ended it, -1 when the node didn't say. */
  fettle_result (*run) (fettle_ctx *, const struct fettle_ssh_command *,
                        int32_t *exit_status);

  /* Append a file of the image to a file on the node, from this offset:
   * offset 0 makes it anew, mode 0600.  A cut transfer is resumed by asking
   * the node how much it has and calling again with that as offset.
   * `remote` is an absolute path of [A-Za-z0-9._+~/-].  Doesn't verify. */
  fettle_result (*put) (fettle_ctx *, uint32_t port, uint32_t flags,
                        uint32_t file, uint64_t offset, const char *remote);

  /* Forget the connection: the node restarts.  The next call connects anew. */
  void (*disconnect) (fettle_ctx *);

  /* One conversation at a time, and nothing else on the connection while it is
   * open; libfettle-dialogue (fettle/dialogue.h) makes questions and answers of
   * it.  What the node writes as errors comes with its output. */
  fettle_result (*shell_open) (fettle_ctx *, const struct fettle_ssh_shell *);
  fettle_result (*shell_write) (fettle_ctx *, const void *data, size_t size);
  /* The same, with the node's secrets filled in (below). */
  fettle_result (*shell_write_filled) (fettle_ctx *, const char *text);
  /* At least one byte; 0 at the end; FETTLE_E_TIMEOUT when none came in that
   * time, and the conversation goes on; or another negative result. */
  int64_t (*shell_read) (fettle_ctx *, void *buffer, size_t size, uint32_t timeout_ms);
  void (*shell_close) (fettle_ctx *);
};

/* ---- The node's secrets in what is sent ----
 *
 * Where a plugin asks for it, these words are replaced by what the user gave
 * for the node, written as its format demands:
 *
 *   %{text:user} %{json:user} %{xml:user} %{url:user} %{base64:user}, the same
 *   with password, second_user and second_password
 *
 * The second ones are those of what is reached through the node, or that it
 * asks for beside its own: of an interconnect behind its enclosure's manager.
 *
 * %{json:password} goes between quotes that are the plugin's.  What isn't such
 * a word stays as it is. */

/* ---- "http", 1: requests to the node ----
 *
 * HTTPS unless asked otherwise.  The node is known by its certificate's key,
 * as an SSH server is by its host key.  Redirections aren't followed: they are
 * an answer.  Cookies are kept until the call ends. */

#define FETTLE_HTTP_PLAIN     (1u << 16) /* http, not https */
#define FETTLE_HTTP_BASIC     (1u << 17) /* with the node's user and password */
#define FETTLE_HTTP_FILL      (1u << 18) /* its secrets, in data */
#define FETTLE_HTTP_MULTIPART (1u << 19) /* the parts as multipart/form-data */
#define FETTLE_HTTP_OLD_TLS   (1u << 20) /* TLS 1.0 and weak ciphers, too */
#define FETTLE_HTTP_SECOND    (1u << 21) /* as BASIC, with the second user and password */

/* A body, or a part of it: bytes in memory, or a piece of a file of the image. */
struct fettle_http_part {
  const char *name;      /* multipart: of the field; else NULL */
  const char *file_name; /* multipart: or NULL */
  const char *type;      /* its Content-Type, or NULL */
  const void *data;      /* NULL: from the file */
  uint64_t offset;       /* in the file */
  uint64_t size;         /* bytes */
  uint32_t file;
  uint32_t reserved;     /* 0 */
};

struct fettle_http_request {
  uint32_t struct_size;
  uint32_t flags;
  uint32_t port;         /* declared; usually 443 */
  uint32_t timeout_ms;   /* how long the node may be silent; 0: the user's setting */
  const char *method;    /* "GET" */
  const char *path;      /* "/redfish/v1/?a=b", encoded */
  const char *fields;    /* "Name: value", newlines between; NULL: none */
  uint32_t n_parts;      /* 0: no body; more than one: multipart only */
  uint32_t part_size;    /* stride of parts[] */
  const struct fettle_http_part *parts;
  fettle_sink *body;     /* takes the answer's body as it comes; NULL: it is kept */
  void (*sent) (void *opaque, uint64_t bytes, uint64_t all); /* now and then; NULL */
  void *opaque;          /* for both */
};

/* Borrowed until the next request or the end of the call. */
struct fettle_http_answer {
  uint32_t struct_size;
  int32_t status;        /* 200 */
  const char *fields;    /* "Name: value", newlines between */
  const char *body;      /* at most 16 MiB, a NUL behind it; "" with a sink */
  uint64_t size;         /* of the body */
};

struct fettle_http {
  uint32_t struct_size;
  uint32_t version;

  /* FETTLE_OK when the node answered, whatever its status; FETTLE_E_PROTOCOL
   * when what it said isn't HTTP, FETTLE_E_UNREACHABLE when it went away.  A
   * request that may have changed something is never sent twice. */
  fettle_result (*request) (fettle_ctx *, const struct fettle_http_request *,
                            struct fettle_http_answer *);

  /* Forget connections and cookies: the node restarts. */
  void (*disconnect) (fettle_ctx *);
};

/* ---- "stream", 1: a connected, port-checked byte stream ---- */

struct fettle_stream {
  uint32_t struct_size;
  uint32_t version;
  /* A handle >= 0, or a negative result. */
  int32_t (*connect) (fettle_ctx *, uint32_t port, uint32_t timeout_ms);
  fettle_result (*write) (fettle_ctx *, int32_t handle, const void *data, size_t size);
  /* At least one byte; 0 at the end of the stream; or a negative result. */
  int64_t (*read) (fettle_ctx *, int32_t handle, void *buffer, size_t size,
                   uint32_t timeout_ms);
  void (*close) (fettle_ctx *, int32_t handle);

  /* Speaks TLS from now on; `flags`: 0 or FETTLE_HTTP_OLD_TLS. */
  fettle_result (*start_tls) (fettle_ctx *, int32_t handle, uint32_t flags);

  /* write, with the node's secrets filled in. */
  fettle_result (*write_filled) (fettle_ctx *, int32_t handle, const char *text);
};

/* ---- "serve", 1: what the node fetches from us, and what it tells us ----
 *
 * One-time URLs by our address, for this node and this task alone: for files
 * of the image, and for what the node posts as its status.  They are the same
 * when the task's call is repeated, also after a crash, and end with the task;
 * so a plugin can start the node, return FETTLE_AGAIN, and be called again.
 * The node type must declare the listener (FETTLE_FROM) for the running phase.
 * The certificate is our own: a node that is to verify it can't use HTTPS.
 *
 * Downloads may be redirected (307) to another port, once.  A status is an
 * HTTP POST of JSON (an object), a form, or XML, at most 64 KiB; it is stored
 * before it is answered with 200.  One that repeats the one before it, or that
 * has an Idempotency-Key of an earlier one, counts once.  While the task waits
 * after FETTLE_AGAIN, a status ends its delay. */

#define FETTLE_SERVE_FOLDER 0xffffffffu /* instead of a file's number */

struct fettle_serve {
  uint32_t struct_size;
  uint32_t version;

  /* Borrowed until the call ends; NULL: host->error has said why.  Files: in
   * deploy only.  listener: FETTLE_LISTEN_*; FTP has no status.  With
   * FETTLE_SERVE_FOLDER, by FTP alone, the URL of a component's whole folder,
   * whose files are to be had behind it; there is nothing to list. */
  const char *(*file_url) (fettle_ctx *, uint32_t listener, uint32_t file);
  const char *(*status_url) (fettle_ctx *, uint32_t listener);

  /* The next status that the node posted, oldest first, as text of a JSON
   * object ({"xml": text} for XML), borrowed until the next call of this.
   * What an earlier call of the task was given, which then came to its end, is
   * not given again.  FETTLE_E_TIMEOUT when none comes in that time. */
  fettle_result (*next_status) (fettle_ctx *, uint32_t timeout_ms, const char **ret);

  /* How much of a file's URL was sent: bytes in all, and answers that were
   * sent to their end. */
  fettle_result (*fetched) (fettle_ctx *, uint32_t listener, uint32_t file, uint64_t *ret_bytes,
                            uint32_t *ret_answers);

  /* Has a check found the way from the node to that listener blocked?  1: it
   * has, and no later one found it open; 0: nothing is known against it. */
  int32_t (*blocked) (fettle_ctx *, uint32_t listener);
};

#ifdef __cplusplus
}
#endif
#endif /* FETTLE_SERVICES_H */
