/* replay-smb.c - what came of a plugin's SMB when it was recorded.
 *
 * SPDX-License-Identifier: Apache-2.0 OR BSD-2-Clause
 */
#include "testhost-internal.h"

static const json_t *
member (const json_t *object, const char *name)
{
  return json_object_get (object, name);
}

static uint64_t
number_of (const json_t *object, const char *name)
{
  return (uint64_t) json_integer_value (member (object, name));
}

static const char *
text_of (const json_t *object, const char *name)
{
  const char *text = json_string_value (member (object, name));

  return text ? text : "";
}

/* The line of such a call, and its result. */
static fettle_result
begin (fettle_ctx *c, const char *what, const char *share, const char *path, const json_t **ret)
{
  static const char *const keys[] = { "do", "share", "path", NULL };
  const char *const values[] = { what, share ? share : "", path ? path : "", NULL };

  *ret = fettle_replay_find (c, "smb", keys, values);
  c->smb_status = (uint32_t) number_of (*ret, "status");
  return *ret ? fettle_replay_result (c, *ret) : fettle_replay_missing (c, what, path ? path : share ? share : "");
}

static fettle_result
plain (fettle_ctx *c, const char *what, const char *share, const char *path)
{
  const json_t *line;

  return begin (c, what, share, path, &line);
}

/* ---- The session ---- */

static fettle_result
facts (fettle_ctx *c, const char *what, struct fettle_smb_facts *ret)
{
  const json_t *line, *f;
  fettle_result r = begin (c, what, NULL, NULL, &line);

  if (r != FETTLE_OK || !ret)
    return r;
  f = member (line, "facts");
  ret->struct_size = sizeof *ret;
  ret->flags = (uint32_t) number_of (f, "flags");
  ret->dialect = (uint32_t) number_of (f, "dialect");
  ret->port = (uint32_t) number_of (f, "port");
  ret->computer = text_of (f, "computer");
  ret->domain = text_of (f, "domain");
  ret->dns_name = text_of (f, "dns_name");
  ret->dns_domain = text_of (f, "dns_domain");
  ret->cipher = text_of (f, "cipher");
  ret->signing = text_of (f, "signing");
  ret->os_major = (uint32_t) number_of (f, "os_major");
  ret->os_minor = (uint32_t) number_of (f, "os_minor");
  ret->os_build = (uint32_t) number_of (f, "os_build");
  ret->max_transfer = (uint32_t) number_of (f, "max_transfer");
  ret->node_time = (int64_t) number_of (f, "node_time");
  ret->our_time = (int64_t) number_of (f, "our_time");
  ret->our_address = text_of (f, "our_address");
  return r;
}

static fettle_result
look (fettle_ctx *c, struct fettle_smb_facts *ret)
{
  return facts (c, "look", ret);
}

static fettle_result
connect_to (fettle_ctx *c, struct fettle_smb_facts *ret)
{
  return facts (c, "connect", ret);
}

static void
disconnect (fettle_ctx *c)
{
  (void) c;
}

static uint32_t
status (fettle_ctx *c)
{
  return c->smb_status;
}

/* ---- Files ---- */

static fettle_result
put (fettle_ctx *c, uint32_t file, uint64_t offset, const char *share, const char *path)
{
  (void) file;
  (void) offset;
  return plain (c, "put", share, path);
}

static fettle_result
write_file (fettle_ctx *c, const char *share, const char *path, const void *data, size_t size)
{
  (void) data;
  (void) size;
  return plain (c, "write", share, path);
}

static fettle_result
read_file (fettle_ctx *c, const char *share, const char *path, uint64_t offset, uint64_t limit, fettle_sink *sink,
           void *opaque)
{
  const json_t *line;
  fettle_result r = begin (c, "read", share, path, &line);
  const char *data;
  size_t size;

  (void) offset; /* pieces are read in the order in which they were */
  data = fettle_replay_bytes (c, 0, member (line, "data"), &size);
  if (size > limit)
    size = (size_t) limit;
  return r == FETTLE_OK && size ? sink (opaque, data, size) : r;
}

static void
take_entry (const json_t *j, struct fettle_smb_entry *ret)
{
  ret->struct_size = sizeof *ret;
  ret->attributes = (uint32_t) number_of (j, "attributes");
  ret->size = number_of (j, "size");
  ret->written = (int64_t) number_of (j, "written");
  ret->name = text_of (j, "name");
}

static fettle_result
stat_file (fettle_ctx *c, const char *share, const char *path, struct fettle_smb_entry *ret)
{
  const json_t *line;
  fettle_result r = begin (c, "stat", share, path, &line);

  if (r == FETTLE_OK)
    take_entry (member (line, "entry"), ret);
  return r;
}

static fettle_result
list (fettle_ctx *c, const char *share, const char *pattern, fettle_smb_take *take, void *opaque)
{
  const json_t *line, *entries;
  fettle_result r = begin (c, "list", share, pattern, &line);
  struct fettle_smb_entry e;
  size_t i;

  entries = member (line, "entries");
  for (i = 0; r == FETTLE_OK && i < json_array_size (entries); i++) {
    take_entry (json_array_get (entries, i), &e);
    r = take (opaque, &e);
  }
  return r;
}

static fettle_result
make_directory (fettle_ctx *c, const char *share, const char *path)
{
  return plain (c, "make_directory", share, path);
}

static fettle_result
remove_file (fettle_ctx *c, const char *share, const char *path)
{
  return plain (c, "remove", share, path);
}

static fettle_result
remove_directory (fettle_ctx *c, const char *share, const char *path)
{
  return plain (c, "remove_directory", share, path);
}

static fettle_result
rename_file (fettle_ctx *c, const char *share, const char *from, const char *to)
{
  (void) to;
  return plain (c, "rename", share, from);
}

static fettle_result
space (fettle_ctx *c, const char *share, uint64_t *ret_free, uint64_t *ret_total)
{
  const json_t *line;
  fettle_result r = begin (c, "space", share, NULL, &line);

  if (r == FETTLE_OK) {
    *ret_free = number_of (line, "free");
    *ret_total = number_of (line, "total");
  }
  return r;
}

/* ---- Remote procedures, names ---- */

static int32_t
rpc_open (fettle_ctx *c, uint32_t port, const char *pipe, const char *uuid, uint16_t major, uint16_t minor)
{
  fettle_result r = plain (c, "rpc_open", uuid, pipe);

  (void) port;
  (void) major;
  (void) minor;
  return r == FETTLE_OK ? 1 : r;
}

static fettle_result
rpc_call (fettle_ctx *c, int32_t handle, uint32_t opnum, const void *in, size_t in_size, uint32_t timeout_ms,
          const void **ret_out, size_t *ret_size)
{
  const json_t *line;
  char number[16];
  fettle_result r;

  (void) handle;
  (void) in;
  (void) in_size;
  (void) timeout_ms;
  snprintf (number, sizeof number, "%u", (unsigned) opnum);
  r = begin (c, "rpc_call", NULL, number, &line);
  if (r == FETTLE_OK)
    *ret_out = fettle_replay_bytes (c, 0, member (line, "data"), ret_size);
  return r;
}

static void
rpc_close (fettle_ctx *c, int32_t handle)
{
  (void) c;
  (void) handle;
}

static fettle_result
name_status (fettle_ctx *c, uint32_t timeout_ms, struct fettle_smb_names *ret)
{
  const json_t *line, *names;
  fettle_result r = begin (c, "name_status", NULL, NULL, &line);

  (void) timeout_ms;
  if (r != FETTLE_OK)
    return r;
  names = member (line, "names");
  ret->struct_size = sizeof *ret;
  ret->n_names = (uint32_t) number_of (names, "n_names");
  ret->computer = text_of (names, "computer");
  ret->domain = text_of (names, "domain");
  ret->mac = text_of (names, "mac");
  ret->names = text_of (names, "names");
  return r;
}

const struct fettle_smb fettle_replay_smb = {
  .struct_size = sizeof (struct fettle_smb), .version = 1, .look = look, .connect = connect_to, .disconnect = disconnect,
  .status = status, .put = put, .write = write_file, .read = read_file, .stat = stat_file, .list = list,
  .make_directory = make_directory, .remove = remove_file, .remove_directory = remove_directory, .rename = rename_file,
  .space = space, .rpc_open = rpc_open, .rpc_call = rpc_call, .rpc_close = rpc_close, .name_status = name_status,
};
