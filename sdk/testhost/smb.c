/* smb.c - the test host's smb: files hold the plan's answer, procedures answer it.
 *
 * SPDX-License-Identifier: Apache-2.0 OR BSD-2-Clause
 */
#include <fettle/smb.h>

#include "testhost-internal.h"

static fettle_result
smb_begin (fettle_ctx *c, const char *name)
{
  fettle_result r = fettle_testhost_begin (c, name);

  if (fettle_testhost_port (c, "smb", 445) != FETTLE_OK)
    return FETTLE_E_INTERNAL;
  return r;
}

/* A share and a path that can be sent. */
static fettle_result
file_begin (fettle_ctx *c, const char *name, const char *share, const char *path)
{
  fettle_result r = smb_begin (c, name);

  if (share && *share && path)
    return r;
  fettle_testhost_wrong (c, "it calls %s without a share or a path", name);
  return fettle_testhost_fail (c, FETTLE_E_INTERNAL, "there is no share or path");
}

static fettle_result
smb_connect (fettle_ctx *c, struct fettle_smb_facts *ret)
{
  fettle_result r = smb_begin (c, "smb connect");

  if (r == FETTLE_OK && c->plan->recording)
    return fettle_replay_smb.connect (c, ret);
  if (r == FETTLE_OK && ret) {
    const struct fettle_smb_facts facts = {
      .struct_size = sizeof facts, .flags = FETTLE_SMB_SIGNED | FETTLE_SMB_LOGGED_IN, .dialect = 0x0311, .port = 445,
      .computer = "TEST", .domain = "TEST", .dns_name = "test", .dns_domain = "", .cipher = "", .signing = "AES-CMAC",
      .os_major = 10, .os_build = 20348, .max_transfer = 65536, .our_address = "192.0.2.1",
    };

    *ret = facts;
  }
  return r;
}

static fettle_result
smb_look (fettle_ctx *c, struct fettle_smb_facts *ret)
{
  fettle_result r;

  if (!c->plan->recording)
    return smb_connect (c, ret);
  r = smb_begin (c, "smb look");
  return r == FETTLE_OK ? fettle_replay_smb.look (c, ret) : r;
}

static void
smb_disconnect (fettle_ctx *c)
{
  fettle_testhost_note (c, "smb disconnect");
}

static uint32_t
smb_status (fettle_ctx *c)
{
  fettle_testhost_note (c, "smb status");
  if (c->plan->recording)
    return fettle_replay_smb.status (c);
  return c->plan->exit_status ? FETTLE_NT_ACCESS_DENIED : 0;
}

static fettle_result
smb_put (fettle_ctx *c, uint32_t file, uint64_t offset, const char *share, const char *path)
{
  fettle_result r = file_begin (c, "smb put", share, path);

  if (file < c->n_files)
    return r == FETTLE_OK && c->plan->recording ? fettle_replay_smb.put (c, file, offset, share, path) : r;
  fettle_testhost_wrong (c, "it puts file %u of %u", (unsigned) file, (unsigned) c->n_files);
  return fettle_testhost_fail (c, FETTLE_E_INTERNAL, "there is no such file");
}

static fettle_result
smb_write (fettle_ctx *c, const char *share, const char *path, const void *data, size_t size)
{
  fettle_result r = file_begin (c, "smb write", share, path);

  return r == FETTLE_OK && c->plan->recording ? fettle_replay_smb.write (c, share, path, data, size) : r;
}

static fettle_result
smb_read (fettle_ctx *c, const char *share, const char *path, uint64_t offset, uint64_t limit, fettle_sink *sink,
          void *opaque)
{
  fettle_result r = file_begin (c, "smb read", share, path);
  uint64_t left = offset < c->plan->answer_size ? c->plan->answer_size - offset : 0;

  if (r == FETTLE_OK && c->plan->recording)
    return fettle_replay_smb.read (c, share, path, offset, limit, sink, opaque);
  if (left > limit)
    left = limit;
  return r == FETTLE_OK && left ? sink (opaque, c->plan->answer + offset, (size_t) left) : r;
}

static fettle_result
smb_stat (fettle_ctx *c, const char *share, const char *path, struct fettle_smb_entry *ret)
{
  fettle_result r = file_begin (c, "smb stat", share, path);
  const struct fettle_smb_entry entry = { .struct_size = sizeof entry, .attributes = FETTLE_SMB_ARCHIVE,
                                          .size = c->plan->answer_size, .name = "" };

  if (r == FETTLE_OK && c->plan->recording)
    return fettle_replay_smb.stat (c, share, path, ret);
  if (r == FETTLE_OK)
    *ret = entry;
  return r;
}

static fettle_result
smb_list (fettle_ctx *c, const char *share, const char *pattern, fettle_smb_take *take, void *opaque)
{
  fettle_result r = file_begin (c, "smb list", share, pattern);
  const struct fettle_smb_entry entry = { .struct_size = sizeof entry, .attributes = FETTLE_SMB_ARCHIVE,
                                          .size = c->plan->answer_size, .name = "fettle-test" };

  if (r == FETTLE_OK && c->plan->recording)
    return fettle_replay_smb.list (c, share, pattern, take, opaque);
  return r == FETTLE_OK && c->plan->answer_size ? take (opaque, &entry) : r;
}

static fettle_result
smb_make_directory (fettle_ctx *c, const char *share, const char *path)
{
  fettle_result r = file_begin (c, "smb make_directory", share, path);

  return r == FETTLE_OK && c->plan->recording ? fettle_replay_smb.make_directory (c, share, path) : r;
}

static fettle_result
smb_remove (fettle_ctx *c, const char *share, const char *path)
{
  fettle_result r = file_begin (c, "smb remove", share, path);

  return r == FETTLE_OK && c->plan->recording ? fettle_replay_smb.remove (c, share, path) : r;
}

static fettle_result
smb_remove_directory (fettle_ctx *c, const char *share, const char *path)
{
  fettle_result r = file_begin (c, "smb remove_directory", share, path);

  return r == FETTLE_OK && c->plan->recording ? fettle_replay_smb.remove_directory (c, share, path) : r;
}

static fettle_result
smb_rename (fettle_ctx *c, const char *share, const char *from, const char *to)
{
  fettle_result r = file_begin (c, "smb rename", share, to ? from : NULL);

  return r == FETTLE_OK && c->plan->recording ? fettle_replay_smb.rename (c, share, from, to) : r;
}

static fettle_result
smb_space (fettle_ctx *c, const char *share, uint64_t *ret_free, uint64_t *ret_total)
{
  fettle_result r = file_begin (c, "smb space", share, "");

  if (r == FETTLE_OK && c->plan->recording)
    return fettle_replay_smb.space (c, share, ret_free, ret_total);
  if (r == FETTLE_OK) {
    *ret_free = (uint64_t) 1 << 30;
    *ret_total = (uint64_t) 1 << 34;
  }
  return r;
}

static int32_t
smb_rpc_open (fettle_ctx *c, uint32_t port, const char *pipe, const char *uuid, uint16_t major, uint16_t minor)
{
  fettle_result r = fettle_testhost_begin (c, "smb rpc_open");

  if (fettle_testhost_port (c, "smb", port ? port : 445) != FETTLE_OK)
    return FETTLE_E_INTERNAL;
  if (r == FETTLE_OK && uuid && (pipe || port) && c->plan->recording)
    return fettle_replay_smb.rpc_open (c, port, pipe, uuid, major, minor);
  if (uuid && (pipe || port))
    return r == FETTLE_OK ? 1 : r;
  fettle_testhost_wrong (c, "it opens a remote procedure without an interface, or a pipe");
  return fettle_testhost_fail (c, FETTLE_E_INTERNAL, "there is no interface");
}

static fettle_result
smb_rpc_call (fettle_ctx *c, int32_t handle, uint32_t opnum, const void *in, size_t in_size, uint32_t timeout_ms,
              const void **ret_out, size_t *ret_size)
{
  fettle_result r = fettle_testhost_begin (c, "smb rpc_call");

  if (handle != 1) {
    fettle_testhost_wrong (c, "it calls a remote procedure with handle %d, which isn't open", (int) handle);
    return fettle_testhost_fail (c, FETTLE_E_INTERNAL, "that interface isn't open");
  }
  if (r == FETTLE_OK && c->plan->recording)
    return fettle_replay_smb.rpc_call (c, handle, opnum, in, in_size, timeout_ms, ret_out, ret_size);
  if (r == FETTLE_OK) {
    *ret_out = c->plan->answer;
    *ret_size = c->plan->answer_size;
  }
  return r;
}

static void
smb_rpc_close (fettle_ctx *c, int32_t handle)
{
  (void) handle;
  fettle_testhost_note (c, "smb rpc_close");
}

static fettle_result
smb_name_status (fettle_ctx *c, uint32_t timeout_ms, struct fettle_smb_names *ret)
{
  fettle_result r = fettle_testhost_begin (c, "smb name_status");

  if (r == FETTLE_OK && c->plan->recording)
    return fettle_replay_smb.name_status (c, timeout_ms, ret);
  return r != FETTLE_OK ? r : fettle_testhost_fail (c, FETTLE_E_UNREACHABLE, "the node's name service says nothing");
}

const struct fettle_smb fettle_testhost_smb = {
  .struct_size = sizeof (struct fettle_smb), .version = 1, .look = smb_look, .connect = smb_connect,
  .disconnect = smb_disconnect, .status = smb_status, .put = smb_put, .write = smb_write, .read = smb_read,
  .stat = smb_stat, .list = smb_list, .make_directory = smb_make_directory, .remove = smb_remove,
  .remove_directory = smb_remove_directory, .rename = smb_rename, .space = smb_space, .rpc_open = smb_rpc_open,
  .rpc_call = smb_rpc_call, .rpc_close = smb_rpc_close, .name_status = smb_name_status,
};
