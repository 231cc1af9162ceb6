/* bridge-smb.c - what a program wants done by SMB.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "util/base.h"

#include <fettle/smb.h>

#include "plugin/bridge-json.h"

enum { ENTRIES_MAX = 20000 }; /* of a list that a program is given */

/* What the node refused has a number. */
static json_t *
went (struct fettle_bridge *b, const struct fettle_smb *smb, fettle_result r)
{
  json_t *answer = fettle_answer (r);

  if (r < 0)
    json_object_set_new (answer, "status", json_integer (smb->status (b->c)));
  return answer;
}

/* An offset or a size; false: it is no such number. */
static bool
size_of (const json_t *q, const char *name, uint64_t usual, uint64_t *ret)
{
  const json_t *j = json_object_get (q, name);

  *ret = j ? (uint64_t) json_integer_value (j) : usual;
  return !j || (json_is_integer (j) && json_integer_value (j) >= 0);
}

/* ---- The session ---- */

static json_t *
facts (const struct fettle_smb_facts *f)
{
  return json_pack ("{s:b s:b s:b s:b s:i s:s? s:s? s:s? s:s? s:I s:I s:I s:I s:I s:s?}", "signed",
                    f->flags & FETTLE_SMB_SIGNED ? 1 : 0, "encrypted", f->flags & FETTLE_SMB_ENCRYPTED ? 1 : 0, "kerberos",
                    f->flags & FETTLE_SMB_KERBEROS ? 1 : 0, "logged_in", f->flags & FETTLE_SMB_LOGGED_IN ? 1 : 0, "dialect",
                    (int) f->dialect, "computer", f->computer, "domain", f->domain, "dns_name", f->dns_name, "dns_domain",
                    f->dns_domain, "os_major", (json_int_t) f->os_major, "os_minor", (json_int_t) f->os_minor, "os_build",
                    (json_int_t) f->os_build, "node_time", (json_int_t) f->node_time, "our_time", (json_int_t) f->our_time,
                    "our_address", f->our_address);
}

static json_t *
do_connect (struct fettle_bridge *b, const struct fettle_smb *smb, const json_t *q)
{
  struct fettle_smb_facts f = { .struct_size = sizeof f };
  fettle_result r = json_is_true (json_object_get (q, "look")) ? smb->look (b->c, &f) : smb->connect (b->c, &f);

  return r == FETTLE_OK ? facts (&f) : went (b, smb, r);
}

static json_t *
do_names (struct fettle_bridge *b, const struct fettle_smb *smb, const json_t *q)
{
  struct fettle_smb_names n = { .struct_size = sizeof n };
  fettle_result r = smb->name_status (b->c, fettle_wanted_number (q, "timeout_ms", 0), &n);

  if (r != FETTLE_OK)
    return went (b, smb, r);
  return json_pack ("{s:s? s:s? s:s? s:s?}", "computer", n.computer, "domain", n.domain, "mac", n.mac, "names", n.names);
}

/* ---- Files ---- */

static json_t *
do_put (struct fettle_bridge *b, const struct fettle_smb *smb, const json_t *q)
{
  uint64_t offset;

  if (!size_of (q, "offset", 0, &offset))
    return fettle_answer_bad (b, "the program's smb_put has an offset that is none");
  return went (b, smb, smb->put (b->c, fettle_wanted_number (q, "file", 0), offset, fettle_wanted_text (q, "share"),
                                 fettle_wanted_text (q, "path")));
}

static json_t *
do_write (struct fettle_bridge *b, const struct fettle_smb *smb, const json_t *q)
{
  _cleanup_ (fettle_buf_clear) struct fettle_buf data = FETTLE_BUF_INIT (FETTLE_BRIDGE_LINE);

  if (!fettle_wanted_data (q, "data", &data))
    return fettle_answer_bad (b, "the program's smb_write has no \"data\"");
  return went (b, smb, smb->write (b->c, fettle_wanted_text (q, "share"), fettle_wanted_text (q, "path"),
                                   fettle_buf_text (&data), data.size));
}

static fettle_result
keep (void *opaque, const void *data, size_t size)
{
  return fettle_buf_add (opaque, data, size) ? FETTLE_OK : FETTLE_E_NOMEM;
}

static json_t *
do_read (struct fettle_bridge *b, const struct fettle_smb *smb, const json_t *q)
{
  _cleanup_ (fettle_buf_clear) struct fettle_buf data = FETTLE_BUF_INIT (FETTLE_BRIDGE_DATA);
  uint64_t offset, limit;
  json_t *answer;
  fettle_result r;

  if (!size_of (q, "offset", 0, &offset) || !size_of (q, "limit", FETTLE_BRIDGE_DATA, &limit) || limit > FETTLE_BRIDGE_DATA)
    return fettle_answer_bad (b, "the program's smb_read has an offset that is none, or a limit above 4 MiB");
  r = smb->read (b->c, fettle_wanted_text (q, "share"), fettle_wanted_text (q, "path"), offset, limit, keep, &data);
  answer = went (b, smb, r);
  if (r == FETTLE_OK)
    fettle_answer_data (answer, "data", data.data, data.size);
  return answer;
}

static json_t *
entry (const struct fettle_smb_entry *e)
{
  return json_pack ("{s:s? s:I s:I s:I s:b}", "name", e->name, "size", (json_int_t) e->size, "written", (json_int_t) e->written,
                    "attributes", (json_int_t) e->attributes, "directory", e->attributes & FETTLE_SMB_DIRECTORY ? 1 : 0);
}

static json_t *
do_stat (struct fettle_bridge *b, const struct fettle_smb *smb, const json_t *q)
{
  struct fettle_smb_entry e = { .struct_size = sizeof e };
  fettle_result r = smb->stat (b->c, fettle_wanted_text (q, "share"), fettle_wanted_text (q, "path"), &e);

  return r == FETTLE_OK ? entry (&e) : went (b, smb, r);
}

struct list {
  struct fettle_bridge *b;
  json_t *entries;
};

static fettle_result
take (void *opaque, const struct fettle_smb_entry *e)
{
  struct list *l = opaque;

  if (json_array_size (l->entries) == ENTRIES_MAX)
    return l->b->host->error (l->b->c, FETTLE_E_PROTOCOL, "the folder has more than 20000 entries, which a program isn't "
                              "given: ask for fewer by a pattern");
  json_array_append_new (l->entries, entry (e));
  return FETTLE_OK;
}

static json_t *
do_list (struct fettle_bridge *b, const struct fettle_smb *smb, const json_t *q)
{
  _cleanup_json_ json_t *entries = json_array ();
  struct list l = { b, entries };
  fettle_result r = smb->list (b->c, fettle_wanted_text (q, "share"), fettle_wanted_text (q, "pattern"), take, &l);
  json_t *answer = went (b, smb, r);

  if (r == FETTLE_OK)
    json_object_set (answer, "entries", entries);
  return answer;
}

static json_t *
do_make (struct fettle_bridge *b, const struct fettle_smb *smb, const json_t *q)
{
  return went (b, smb, smb->make_directory (b->c, fettle_wanted_text (q, "share"), fettle_wanted_text (q, "path")));
}

static json_t *
do_remove (struct fettle_bridge *b, const struct fettle_smb *smb, const json_t *q)
{
  const char *share = fettle_wanted_text (q, "share"), *path = fettle_wanted_text (q, "path");

  return went (b, smb, json_is_true (json_object_get (q, "directory")) ? smb->remove_directory (b->c, share, path)
                                                                       : smb->remove (b->c, share, path));
}

static json_t *
do_rename (struct fettle_bridge *b, const struct fettle_smb *smb, const json_t *q)
{
  return went (b, smb, smb->rename (b->c, fettle_wanted_text (q, "share"), fettle_wanted_text (q, "path"),
                                    fettle_wanted_text (q, "to")));
}

static json_t *
do_space (struct fettle_bridge *b, const struct fettle_smb *smb, const json_t *q)
{
  uint64_t room = 0, all = 0;
  fettle_result r = smb->space (b->c, fettle_wanted_text (q, "share"), &room, &all);

  return r == FETTLE_OK ? json_pack ("{s:I s:I}", "free", (json_int_t) room, "total", (json_int_t) all) : went (b, smb, r);
}

/* ---- Remote procedures ---- */

static json_t *
do_open (struct fettle_bridge *b, const struct fettle_smb *smb, const json_t *q)
{
  int32_t handle;

  if (!fettle_wanted_text (q, "pipe") && !fettle_wanted_number (q, "port", 0))
    return fettle_answer_bad (b, "the program's smb_open has neither \"pipe\" nor \"port\"");
  handle = smb->rpc_open (b->c, fettle_wanted_number (q, "port", 0), fettle_wanted_text (q, "pipe"),
                          fettle_wanted_text (q, "uuid"), (uint16_t) fettle_wanted_number (q, "major", 1),
                          (uint16_t) fettle_wanted_number (q, "minor", 0));
  return handle < 0 ? went (b, smb, handle) : json_pack ("{s:i}", "interface", (int) handle);
}

static int32_t
handle_of (const json_t *q)
{
  return (int32_t) (fettle_wanted_number (q, "interface", INT32_MAX) & INT32_MAX);
}

static json_t *
do_call (struct fettle_bridge *b, const struct fettle_smb *smb, const json_t *q)
{
  _cleanup_ (fettle_buf_clear) struct fettle_buf in = FETTLE_BUF_INIT (FETTLE_BRIDGE_LINE);
  const void *out = NULL;
  size_t size = 0;
  json_t *answer;
  fettle_result r;

  if (!fettle_wanted_data (q, "data", &in))
    return fettle_answer_bad (b, "the program's smb_call has no \"data\"");
  r = smb->rpc_call (b->c, handle_of (q), fettle_wanted_number (q, "opnum", 0), fettle_buf_text (&in), in.size,
                     fettle_wanted_number (q, "timeout_ms", 0), &out, &size);
  if (r == FETTLE_OK && size > FETTLE_BRIDGE_DATA)
    r = b->host->error (b->c, FETTLE_E_PROTOCOL, "the procedure's answer has more than 4 MiB, which a program isn't given");
  answer = went (b, smb, r);
  if (r == FETTLE_OK)
    fettle_answer_data (answer, "data", out, size);
  return answer;
}

static json_t *
do_close (struct fettle_bridge *b, const struct fettle_smb *smb, const json_t *q)
{
  smb->rpc_close (b->c, handle_of (q));
  return json_object ();
}

/* ---- Which ---- */

static const struct {
  const char *word;
  json_t *(*call) (struct fettle_bridge *, const struct fettle_smb *, const json_t *);
  const char *needs[2]; /* texts that the service would trip over without */
} calls[] = {
  { "smb_connect", do_connect, { NULL, NULL } },      { "smb_names", do_names, { NULL, NULL } },
  { "smb_put", do_put, { "share", "path" } },         { "smb_write", do_write, { "share", "path" } },
  { "smb_read", do_read, { "share", "path" } },       { "smb_stat", do_stat, { "share", "path" } },
  { "smb_list", do_list, { "share", "pattern" } },    { "smb_make_directory", do_make, { "share", "path" } },
  { "smb_remove", do_remove, { "share", "path" } },   { "smb_rename", do_rename, { "share", "path" } },
  { "smb_space", do_space, { "share", NULL } },       { "smb_open", do_open, { "uuid", NULL } },
  { "smb_call", do_call, { NULL, NULL } },            { "smb_close", do_close, { NULL, NULL } },
};

json_t *
fettle_bridge_smb (struct fettle_bridge *b, const char *word, const json_t *q)
{
  const struct fettle_smb *smb;
  json_t *answer = NULL;
  size_t i = 0, k;

  while (i < COUNT (calls) && strcmp (calls[i].word, word) != 0)
    i++;
  if (i == COUNT (calls) || !(smb = fettle_bridge_service (b, "smb", &answer)))
    return answer;
  for (k = 0; k < COUNT (calls[i].needs) && calls[i].needs[k]; k++)
    if (!fettle_wanted_text (q, calls[i].needs[k]))
      return fettle_answer_bad (b, "what the program wants by SMB lacks a \"share\", a \"path\" or what fettle-exec(5) names");
  if (calls[i].call == do_rename && !fettle_wanted_text (q, "to"))
    return fettle_answer_bad (b, "the program's smb_rename has no \"to\"");
  return calls[i].call (b, smb, q);
}
