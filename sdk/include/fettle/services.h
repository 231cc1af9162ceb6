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
};

#ifdef __cplusplus
}
#endif
#endif /* FETTLE_SERVICES_H */
