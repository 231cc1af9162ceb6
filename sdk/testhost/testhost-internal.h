/* testhost-internal.h - one call with the test host.
 *
 * SPDX-License-Identifier: Apache-2.0 OR BSD-2-Clause
 */
#ifndef FETTLE_TESTHOST_INTERNAL_H
#define FETTLE_TESTHOST_INTERNAL_H

#include <jansson.h>

#include <fettle/smb.h>
#include <fettle/testhost.h>
#include <fettle/util.h>

#define TESTHOST_FILE_SIZE 4096u /* bytes of each file of the image */

#define FETTLE_RECORDING_SECTIONS 256
#define FETTLE_RECORDING_FILES 64

struct fettle_recording {
  json_t *lines;
  size_t sections[FETTLE_RECORDING_SECTIONS], n_sections; /* where they begin */
};

struct fettle_ctx {
  const struct fettle_node_type *type;
  const struct fettle_testhost_plan *plan;
  struct fettle_testhost_seen *seen;
  uint32_t phases;        /* the operation's: a port of one of them may be used */
  uint32_t n_files;
  uint32_t all_calls;     /* of everything */
  uint32_t after_abort;
  int aborted, said, again;
  int shell, shell_answered; /* a conversation is open; the node has said its text */
  int stream;             /* a stream is open */
  size_t stream_at;       /* how much of the answer was read */

  /* Of a recording. */
  size_t at;              /* the line behind the last one that was used */
  char *used;             /* by line */
  char *kept[4];          /* what the plugin borrows */
  const char *data;       /* of a stream: being read */
  size_t data_at, data_size;
  uint32_t random;
  uint32_t smb_status;    /* of the last call */
};

extern const struct fettle_ssh fettle_testhost_ssh;
extern const struct fettle_http fettle_testhost_http;
extern const struct fettle_stream fettle_testhost_stream;
extern const struct fettle_serve fettle_testhost_serve;
extern const struct fettle_smb fettle_testhost_smb;

/* The first thing that a plugin must not do is kept. */
FETTLE_PRINTF (2, 3) void fettle_testhost_wrong (fettle_ctx *, const char *format, ...);

/* A call of the host, which can't fail or which can: with the latter a result
 * other than FETTLE_OK is what it is to return. */
void fettle_testhost_note (fettle_ctx *, const char *name);
fettle_result fettle_testhost_begin (fettle_ctx *, const char *name);

/* Fails as the host does, which has then said why. */
fettle_result fettle_testhost_fail (fettle_ctx *, fettle_result, const char *text);

/* A port of the node that a service is to use. */
fettle_result fettle_testhost_port (fettle_ctx *, const char *service, uint32_t port);

/* ---- recording.c, replay.c ---- */

const json_t *fettle_recording_head (const struct fettle_recording *, size_t section);

/* 0: no memory. */
int fettle_replay_begin (fettle_ctx *);
void fettle_replay_end (fettle_ctx *);
fettle_result fettle_replay_http (fettle_ctx *, const struct fettle_http_request *, struct fettle_http_answer *);
fettle_result fettle_replay_run (fettle_ctx *, const struct fettle_ssh_command *, int32_t *exit_status);
fettle_result fettle_replay_put (fettle_ctx *, const char *remote);
const char *fettle_replay_setting (const fettle_ctx *, const char *name);

/* The next line of a kind like it whose question has these values, or an
 * earlier one; NULL: there is none. */
const json_t *fettle_replay_find (fettle_ctx *, const char *kind, const char *const keys[], const char *const values[]);
fettle_result fettle_replay_missing (fettle_ctx *, const char *what, const char *which);
fettle_result fettle_replay_result (fettle_ctx *, const json_t *line);
/* A value's bytes, with a NUL behind; place 0 .. 3: the call's until the next there. */
const char *fettle_replay_bytes (fettle_ctx *, int place, const json_t *value, size_t *ret_size);

/* replay-serve.c */
const char *fettle_replay_url (fettle_ctx *, uint32_t listener, const char *file);
fettle_result fettle_replay_status (fettle_ctx *, const char **ret);
fettle_result fettle_replay_fetched (fettle_ctx *, uint32_t listener, const char *file, uint64_t *ret_bytes,
                                     uint32_t *ret_answers);
int32_t fettle_replay_blocked (fettle_ctx *, uint32_t listener);

/* replay-smb.c: a call that has nothing but a result, too. */
extern const struct fettle_smb fettle_replay_smb;

/* kind: "shell", "connect"; "say", "write"; "hear", "read". */
fettle_result fettle_replay_open (fettle_ctx *, const char *kind);
fettle_result fettle_replay_say (fettle_ctx *, const char *kind);
int64_t fettle_replay_hear (fettle_ctx *, const char *kind, void *buffer, size_t size);
fettle_result fettle_replay_tls (fettle_ctx *);

#endif
