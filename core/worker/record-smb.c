/* record-smb.c - what a plugin did by SMB, and what came of it.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "util/base.h"

#include "util/buf.h"
#include "worker/record.h"

#define DATA_LIMIT    (1024 * 1024) /* bytes of a file or an answer that are kept */
#define ENTRIES_LIMIT 20000         /* of a list */

const struct fettle_smb *fettle_recorded_smb;

/* {"smb": {"do": ..., "share": ..., "path": ...}, "result": ..., "status": ...}; texts are what replay looks for. */
static json_t *
line (fettle_ctx *c, fettle_result r, const char *what, const char *share, const char *path)
{
  json_t *j = json_pack ("{s:{s:s s:o* s:o*} s:i}", "smb", "do", what, "share", fettle_record_text (share), "path",
                         fettle_record_text (path), "result", r);

  if (r < 0)
    json_object_set_new (j, "status", json_integer (fettle_recorded_smb->status (c)));
  return j;
}

static fettle_result
plain (fettle_ctx *c, fettle_result r, const char *what, const char *share, const char *path)
{
  fettle_record_line (line (c, r, what, share, path));
  return r;
}

static json_t *
data_of (const void *data, size_t size)
{
  return size <= DATA_LIMIT ? fettle_record_clean (size ? data : "", size) : json_pack ("{s:b}", "left_out", 1);
}

/* ---- The session ---- */

static fettle_result
said (fettle_ctx *c, fettle_result r, const char *what, const struct fettle_smb_facts *f)
{
  json_t *j = line (c, r, what, NULL, NULL);

  if (r == FETTLE_OK)
    json_object_set_new (j, "facts", json_pack (
      "{s:I s:I s:I s:s? s:s? s:s? s:s? s:s? s:s? s:I s:I s:I s:I s:I s:I s:s?}", "flags", (json_int_t) f->flags, "dialect",
      (json_int_t) f->dialect, "port", (json_int_t) f->port, "computer", f->computer, "domain", f->domain, "dns_name",
      f->dns_name, "dns_domain", f->dns_domain, "cipher", f->cipher, "signing", f->signing, "os_major",
      (json_int_t) f->os_major, "os_minor", (json_int_t) f->os_minor, "os_build", (json_int_t) f->os_build, "max_transfer",
      (json_int_t) f->max_transfer, "node_time", (json_int_t) f->node_time, "our_time", (json_int_t) f->our_time,
      "our_address", f->our_address));
  fettle_record_line (j);
  return r;
}

static fettle_result
look (fettle_ctx *c, struct fettle_smb_facts *ret)
{
  return said (c, fettle_recorded_smb->look (c, ret), "look", ret);
}

static fettle_result
connect_to (fettle_ctx *c, struct fettle_smb_facts *ret)
{
  struct fettle_smb_facts own = { .struct_size = sizeof own };
  struct fettle_smb_facts *facts = ret ? ret : &own;

  return said (c, fettle_recorded_smb->connect (c, facts), "connect", facts);
}

static void
disconnect (fettle_ctx *c)
{
  fettle_recorded_smb->disconnect (c);
}

static uint32_t
status (fettle_ctx *c)
{
  return fettle_recorded_smb->status (c);
}

/* ---- Files ---- */

static fettle_result
put (fettle_ctx *c, uint32_t file, uint64_t offset, const char *share, const char *path)
{
  return plain (c, fettle_recorded_smb->put (c, file, offset, share, path), "put", share, path);
}

static fettle_result
write_file (fettle_ctx *c, const char *share, const char *path, const void *data, size_t size)
{
  fettle_result r = fettle_recorded_smb->write (c, share, path, data, size);
  json_t *j = line (c, r, "write", share, path);

  json_object_set_new (j, "data", data_of (data, size));
  fettle_record_line (j);
  return r;
}

struct kept {
  struct fettle_buf data;
  fettle_sink *sink;
  fettle_smb_take *take;
  json_t *entries;
  void *opaque;
  bool too_much;
};

static fettle_result
keep (void *opaque, const void *data, size_t size)
{
  struct kept *k = opaque;

  k->too_much = k->too_much || !fettle_buf_add (&k->data, data, size);
  return k->sink (k->opaque, data, size);
}

static fettle_result
read_file (fettle_ctx *c, const char *share, const char *path, uint64_t offset, uint64_t limit, fettle_sink *sink,
           void *opaque)
{
  struct kept k = { .data = FETTLE_BUF_SECRET (DATA_LIMIT), .sink = sink, .opaque = opaque };
  fettle_result r = fettle_recorded_smb->read (c, share, path, offset, limit, keep, &k);
  json_t *j = line (c, r, "read", share, path);

  json_object_set_new (j, "offset", json_integer ((json_int_t) offset));
  json_object_set_new (j, "data", data_of (k.data.data, k.too_much ? DATA_LIMIT + 1 : k.data.size));
  fettle_record_line (j);
  fettle_buf_clear (&k.data);
  return r;
}

static json_t *
entry (const struct fettle_smb_entry *e)
{
  return json_pack ("{s:I s:I s:I s:o*}", "attributes", (json_int_t) e->attributes, "size", (json_int_t) e->size, "written",
                    (json_int_t) e->written, "name", fettle_record_text (e->name));
}

static fettle_result
stat_file (fettle_ctx *c, const char *share, const char *path, struct fettle_smb_entry *ret)
{
  fettle_result r = fettle_recorded_smb->stat (c, share, path, ret);
  json_t *j = line (c, r, "stat", share, path);

  if (r == FETTLE_OK)
    json_object_set_new (j, "entry", entry (ret));
  fettle_record_line (j);
  return r;
}

static fettle_result
keep_entry (void *opaque, const struct fettle_smb_entry *e)
{
  struct kept *k = opaque;

  if (json_array_size (k->entries) < ENTRIES_LIMIT)
    json_array_append_new (k->entries, entry (e));
  return k->take (k->opaque, e);
}

static fettle_result
list (fettle_ctx *c, const char *share, const char *pattern, fettle_smb_take *take, void *opaque)
{
  struct kept k = { .take = take, .opaque = opaque, .entries = json_array () };
  fettle_result r = fettle_recorded_smb->list (c, share, pattern, keep_entry, &k);
  json_t *j = line (c, r, "list", share, pattern);

  json_object_set_new (j, "entries", k.entries);
  fettle_record_line (j);
  return r;
}

static fettle_result
make_directory (fettle_ctx *c, const char *share, const char *path)
{
  return plain (c, fettle_recorded_smb->make_directory (c, share, path), "make_directory", share, path);
}

static fettle_result
remove_file (fettle_ctx *c, const char *share, const char *path)
{
  return plain (c, fettle_recorded_smb->remove (c, share, path), "remove", share, path);
}

static fettle_result
remove_directory (fettle_ctx *c, const char *share, const char *path)
{
  return plain (c, fettle_recorded_smb->remove_directory (c, share, path), "remove_directory", share, path);
}

static fettle_result
rename_file (fettle_ctx *c, const char *share, const char *from, const char *to)
{
  return plain (c, fettle_recorded_smb->rename (c, share, from, to), "rename", share, from);
}

static fettle_result
space (fettle_ctx *c, const char *share, uint64_t *ret_free, uint64_t *ret_total)
{
  fettle_result r = fettle_recorded_smb->space (c, share, ret_free, ret_total);
  json_t *j = line (c, r, "space", share, NULL);

  if (r == FETTLE_OK) {
    json_object_set_new (j, "free", json_integer ((json_int_t) *ret_free));
    json_object_set_new (j, "total", json_integer ((json_int_t) *ret_total));
  }
  fettle_record_line (j);
  return r;
}

/* ---- Remote procedures, names ---- */

static int32_t
rpc_open (fettle_ctx *c, uint32_t port, const char *pipe, const char *uuid, uint16_t major, uint16_t minor)
{
  int32_t handle = fettle_recorded_smb->rpc_open (c, port, pipe, uuid, major, minor);

  (void) plain (c, handle < 0 ? handle : FETTLE_OK, "rpc_open", uuid, pipe);
  return handle;
}

static fettle_result
rpc_call (fettle_ctx *c, int32_t handle, uint32_t opnum, const void *in, size_t in_size, uint32_t timeout_ms,
          const void **ret_out, size_t *ret_size)
{
  fettle_result r = fettle_recorded_smb->rpc_call (c, handle, opnum, in, in_size, timeout_ms, ret_out, ret_size);
  char number[16];
  json_t *j;

  snprintf (number, sizeof number, "%u", opnum);
  j = line (c, r, "rpc_call", NULL, number);
  json_object_set_new (j, "in", data_of (in, in_size));
  if (r == FETTLE_OK)
    json_object_set_new (j, "data", data_of (*ret_out, *ret_size));
  fettle_record_line (j);
  return r;
}

static void
rpc_close (fettle_ctx *c, int32_t handle)
{
  fettle_recorded_smb->rpc_close (c, handle);
}

static fettle_result
name_status (fettle_ctx *c, uint32_t timeout_ms, struct fettle_smb_names *ret)
{
  fettle_result r = fettle_recorded_smb->name_status (c, timeout_ms, ret);
  json_t *j = line (c, r, "name_status", NULL, NULL);

  if (r == FETTLE_OK)
    json_object_set_new (j, "names", json_pack ("{s:I s:s? s:s? s:s? s:s?}", "n_names", (json_int_t) ret->n_names, "computer",
                                                ret->computer, "domain", ret->domain, "mac", ret->mac, "names", ret->names));
  fettle_record_line (j);
  return r;
}

const struct fettle_smb fettle_record_smb = {
  .struct_size = sizeof (struct fettle_smb), .version = 1, .look = look, .connect = connect_to, .disconnect = disconnect,
  .status = status, .put = put, .write = write_file, .read = read_file, .stat = stat_file, .list = list,
  .make_directory = make_directory, .remove = remove_file, .remove_directory = remove_directory, .rename = rename_file,
  .space = space, .rpc_open = rpc_open, .rpc_call = rpc_call, .rpc_close = rpc_close, .name_status = name_status,
};
