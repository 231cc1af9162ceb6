/* smb-file.c - files: opened, read, written, removed.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "util/base.h"

#include "transport/smb.h"

#define PATH_MAX_BYTES 2048 /* of UTF-16 */
#define WRITE_MAX      (16 * 1024 * 1024)

#define INFO_FILE        1 /* kinds of query and set */
#define INFO_VOLUME      2
#define FILE_RENAME      10
#define FILE_DISPOSITION 13
#define VOLUME_FULL_SIZE 7

/* ---- Paths ---- */

/* Is a name of a path fit to be one? */
static bool
is_name (const char *p, size_t n, bool pattern)
{
  if (n == 0 || (n == 1 && *p == '.') || (n == 2 && p[0] == '.' && p[1] == '.'))
    return false;
  for (size_t i = 0; i < n; i++)
    if ((unsigned char) p[i] < ' ' || strchr (pattern ? ":\"<>|" : ":*?\"<>|", p[i]))
      return false;
  return true;
}

fettle_result
fettle_smb_path (struct fettle_smb_state *s, const char *path, bool pattern, struct fettle_writer *ret)
{
  char copy[PATH_MAX_BYTES / 2];
  size_t size = path ? strlen (path) : sizeof copy;
  bool ok = size < sizeof copy;

  for (size_t i = 0, n; ok && i < size; i += n + 1) {
    n = strcspn (path + i, "/\\");
    ok = is_name (path + i, n, pattern && i + n == size) && (i + n == size || i + n + 1 < size);
    memcpy (copy + i, path + i, n);
    copy[i + n] = '\\';
  }
  if (ok) {
    copy[size] = '\0';
    fettle_write_utf16 (ret, copy);
  }
  if (!ok || ret->bad)
    return fettle_error_set (&s->c->error, FETTLE_E_CONFIG, "%s: plugin %s gave a path that can't be one",
                             s->doing, s->c->plugin);
  return FETTLE_OK;
}

/* ---- Open and close ---- */

static fettle_result
create (struct fettle_smb_state *s, const struct fettle_writer *path, const struct fettle_smb_how *how,
        struct fettle_smb_open *ret)
{
  struct fettle_smb_question q = { .least = 88 };
  struct fettle_smb_answer a;
  struct fettle_writer *w = fettle_smb_begin (s, SMB_CREATE, ret->tree);
  fettle_result r;

  fettle_write16 (w, 57);
  fettle_write16 (w, 0); /* no oplock */
  fettle_write32 (w, 2); /* impersonation */
  fettle_write_zeros (w, 16);
  fettle_write32 (w, how->access);
  fettle_write32 (w, how->disposition == SMB_CREATE_NEW && !(how->options & SMB_DIRECTORY_FILE) ? 0x80 : 0);
  fettle_write32 (w, how->sharing);
  fettle_write32 (w, how->disposition);
  fettle_write32 (w, how->options);
  fettle_write16 (w, SMB_HEADER + 56);
  fettle_write16 (w, (uint16_t) path->b.size);
  fettle_write64 (w, 0);
  fettle_write (w, fettle_buf_text (&path->b), path->b.size);
  if (path->b.size == 0)
    fettle_write8 (w, 0);
  r = fettle_smb_ask (s, &q, &a);
  if (r != FETTLE_OK)
    return r;
  ret->written = fettle_from_filetime (fettle_get64 (a.body.data + 24));
  ret->size = fettle_get64 (a.body.data + 48);
  ret->attributes = fettle_get32 (a.body.data + 56);
  memcpy (ret->file.id, a.body.data + 64, sizeof ret->file.id);
  return FETTLE_OK;
}

fettle_result
fettle_smb_open_file (struct fettle_smb_state *s, const char *share, const char *path,
                      const struct fettle_smb_how *how, struct fettle_smb_open *ret)
{
  struct fettle_writer name = FETTLE_WRITER_INIT (PATH_MAX_BYTES);
  fettle_result r = fettle_smb_path (s, path, false, &name);

  if (r == FETTLE_OK)
    r = fettle_smb_tree (s, share, &ret->tree);
  if (r == FETTLE_OK)
    r = create (s, &name, how, ret);
  fettle_writer_clear (&name);
  return r;
}

fettle_result
fettle_smb_close_file (struct fettle_smb_state *s, struct fettle_smb_open *f, fettle_result before)
{
  struct fettle_error kept = s->c->error;
  uint32_t status = s->status;
  struct fettle_smb_answer a;
  struct fettle_writer *w;
  fettle_result r;

  if (s->fd < 0)
    return before;
  w = fettle_smb_begin (s, SMB_CLOSE, f->tree);
  fettle_write16 (w, 24);
  fettle_write16 (w, 0);
  fettle_write32 (w, 0);
  fettle_write (w, f->file.id, sizeof f->file.id);
  r = fettle_smb_ask (s, &fettle_smb_plain, &a);
  if (before == FETTLE_OK)
    return r;
  s->c->error = kept;
  s->status = status;
  return before;
}

/* ---- Read and write ---- */

fettle_result
fettle_smb_read_at (struct fettle_smb_state *s, struct fettle_smb_open *f, uint64_t offset, uint32_t size,
                    struct fettle_bytes *ret)
{
  uint32_t room = fettle_smb_room (s), asked = size < room ? size : room;
  struct fettle_smb_question q = { .least = 16, .also = NT_END_OF_FILE, .payload = asked };
  struct fettle_smb_answer a;
  struct fettle_writer *w = fettle_smb_begin (s, SMB_READ, f->tree);
  fettle_result r;

  fettle_write16 (w, 49);
  fettle_write16 (w, SMB_HEADER + 16); /* where the data should begin */
  fettle_write32 (w, asked);
  fettle_write64 (w, offset);
  fettle_write (w, f->file.id, sizeof f->file.id);
  fettle_write_zeros (w, 16);
  fettle_write8 (w, 0);
  q.least = 2;
  r = fettle_smb_ask (s, &q, &a);
  if (r == FETTLE_OK && a.status == NT_END_OF_FILE) {
    *ret = (struct fettle_bytes) { a.body.data, 0 };
    return FETTLE_OK;
  }
  if (r == FETTLE_OK && (a.body.size < 16 || fettle_get32 (a.body.data + 4) > asked))
    return fettle_smb_broken (s, FETTLE_E_PROTOCOL, "the node's answer has another size than was asked for");
  return r == FETTLE_OK ? fettle_smb_part (s, &a, a.body.data[2], fettle_get32 (a.body.data + 4), ret) : r;
}

static fettle_result
write_some (struct fettle_smb_state *s, struct fettle_smb_open *f, uint64_t offset, const void *data,
            uint32_t size)
{
  struct fettle_smb_question q = { .least = 16, .payload = size };
  struct fettle_smb_answer a;
  struct fettle_writer *w = fettle_smb_begin (s, SMB_WRITE, f->tree);
  fettle_result r;

  fettle_write16 (w, 49);
  fettle_write16 (w, SMB_HEADER + 48);
  fettle_write32 (w, size);
  fettle_write64 (w, offset);
  fettle_write (w, f->file.id, sizeof f->file.id);
  fettle_write_zeros (w, 16);
  fettle_write (w, data, size);
  r = fettle_smb_ask (s, &q, &a);
  if (r == FETTLE_OK && fettle_get32 (a.body.data + 4) != size)
    r = fettle_error_set (&s->c->error, FETTLE_E_REJECTED, "%s: the node took %u bytes of %u", s->doing,
                          fettle_get32 (a.body.data + 4), size);
  return r;
}

fettle_result
fettle_smb_write_at (struct fettle_smb_state *s, struct fettle_smb_open *f, uint64_t offset,
                     const void *data, uint32_t size)
{
  const uint8_t *p = data;
  fettle_result r = FETTLE_OK;

  for (uint32_t at = 0, n; r == FETTLE_OK && at < size; at += n) {
    uint32_t room = fettle_smb_room (s);

    n = size - at < room ? size - at : room;
    r = write_some (s, f, offset + at, p + at, n);
  }
  return r;
}

fettle_result
fettle_smb_read (fettle_ctx *c, const char *share, const char *path, uint64_t offset, uint64_t limit,
                 fettle_sink *sink, void *opaque)
{
  static const struct fettle_smb_how how = { SMB_READ_DATA | SMB_READ_ATTRIBUTES, SMB_SHARE_ALL,
                                             SMB_OPEN_EXISTING, SMB_NOT_DIRECTORY };
  struct fettle_smb_state *s = fettle_smb_state (c);
  struct fettle_smb_open f;
  struct fettle_bytes d = { NULL, 1 };
  fettle_result r;

  if (!s)
    return FETTLE_E_NOMEM;
  fettle_smb_begins (s, "reading %s/%s", share, path);
  r = fettle_smb_ready (c, &s);
  if (r == FETTLE_OK)
    r = fettle_smb_open_file (s, share, path, &how, &f);
  if (r != FETTLE_OK)
    return r;
  while (r == FETTLE_OK && limit > 0 && d.size > 0) {
    r = fettle_smb_read_at (s, &f, offset, limit < FETTLE_SMB_TRANSFER ? (uint32_t) limit
                                                                       : FETTLE_SMB_TRANSFER, &d);
    if (r == FETTLE_OK && d.size)
      r = sink (opaque, d.data, d.size);
    offset += d.size, limit -= r == FETTLE_OK ? d.size : 0;
  }
  return fettle_smb_close_file (s, &f, r);
}

/* ---- Made anew ---- */

static fettle_result
set_info (struct fettle_smb_state *s, struct fettle_smb_open *f, uint8_t class,
          const struct fettle_writer *data)
{
  struct fettle_smb_answer a;
  struct fettle_writer *w = fettle_smb_begin (s, SMB_SET_INFO, f->tree);

  fettle_write16 (w, 33);
  fettle_write8 (w, INFO_FILE);
  fettle_write8 (w, class);
  fettle_write32 (w, (uint32_t) data->b.size);
  fettle_write16 (w, SMB_HEADER + 32);
  fettle_write16 (w, 0);
  fettle_write32 (w, 0);
  fettle_write (w, f->file.id, sizeof f->file.id);
  fettle_write (w, data->b.data, data->b.size);
  w->bad = w->bad || data->bad;
  return fettle_smb_ask (s, &fettle_smb_plain, &a);
}

static fettle_result
remove_one (struct fettle_smb_state *s, const char *share, const char *path, uint32_t kind)
{
  const struct fettle_smb_how how = { SMB_DELETE | SMB_READ_ATTRIBUTES, SMB_SHARE_ALL, SMB_OPEN_EXISTING,
                                      kind | SMB_NOT_THROUGH_LINK };
  struct fettle_writer yes = FETTLE_WRITER_INIT (8);
  struct fettle_smb_open f;
  fettle_result r = fettle_smb_open_file (s, share, path, &how, &f);

  if (r != FETTLE_OK)
    return r;
  fettle_write8 (&yes, 1);
  r = fettle_smb_close_file (s, &f, set_info (s, &f, FILE_DISPOSITION, &yes));
  fettle_writer_clear (&yes);
  return r;
}

fettle_result
fettle_smb_create_anew (struct fettle_smb_state *s, const char *share, const char *path,
                        struct fettle_smb_open *ret)
{
  static const struct fettle_smb_how how = { SMB_WRITE_DATA | SMB_APPEND_DATA | SMB_READ_ATTRIBUTES | SMB_DELETE,
                                             SMB_SHARE_READ, SMB_CREATE_NEW, SMB_NOT_DIRECTORY };
  fettle_result r = fettle_smb_open_file (s, share, path, &how, ret);

  if (r == FETTLE_OK || s->status != FETTLE_NT_NAME_COLLISION || s->fd < 0)
    return r;
  r = remove_one (s, share, path, SMB_NOT_DIRECTORY);
  s->status = r == FETTLE_OK ? 0 : s->status;
  return r == FETTLE_OK ? fettle_smb_open_file (s, share, path, &how, ret) : r;
}

fettle_result
fettle_smb_write (fettle_ctx *c, const char *share, const char *path, const void *data, size_t size)
{
  struct fettle_smb_state *s = fettle_smb_state (c);
  struct fettle_smb_open f;
  fettle_result r;

  if (!s)
    return FETTLE_E_NOMEM;
  fettle_smb_begins (s, "writing %s/%s", share, path);
  if (size > WRITE_MAX)
    return fettle_error_set (&c->error, FETTLE_E_CONFIG, "%s: that is more than 16 MiB", s->doing);
  r = fettle_smb_ready (c, &s);
  if (r == FETTLE_OK)
    r = fettle_smb_create_anew (s, share, path, &f);
  if (r != FETTLE_OK)
    return r;
  return fettle_smb_close_file (s, &f, fettle_smb_write_at (s, &f, 0, data, (uint32_t) size));
}

/* ---- One call each ---- */

/* Opens and closes: for what that does by itself. */
static fettle_result
touch (fettle_ctx *c, const char *doing, const char *share, const char *path,
       const struct fettle_smb_how *how, struct fettle_smb_open *ret)
{
  struct fettle_smb_state *s = fettle_smb_state (c);
  fettle_result r;

  if (!s)
    return FETTLE_E_NOMEM;
  fettle_smb_begins (s, "%s %s/%s", doing, share, path);
  r = fettle_smb_ready (c, &s);
  if (r == FETTLE_OK)
    r = fettle_smb_open_file (s, share, path, how, ret);
  return r == FETTLE_OK ? fettle_smb_close_file (s, ret, r) : r;
}

fettle_result
fettle_smb_stat (fettle_ctx *c, const char *share, const char *path, struct fettle_smb_entry *ret)
{
  static const struct fettle_smb_how how = { SMB_READ_ATTRIBUTES, SMB_SHARE_ALL, SMB_OPEN_EXISTING,
                                             SMB_NOT_THROUGH_LINK };
  struct fettle_smb_open f;
  uint32_t size = ret->struct_size;
  struct fettle_smb_entry e;
  fettle_result r = touch (c, "looking at", share, path, &how, &f);

  if (r != FETTLE_OK)
    return r;
  e = (struct fettle_smb_entry) { size, f.attributes, f.size, f.written, "" };
  memcpy (ret, &e, size < sizeof e ? size : sizeof e);
  return FETTLE_OK;
}

fettle_result
fettle_smb_make_directory (fettle_ctx *c, const char *share, const char *path)
{
  static const struct fettle_smb_how how = { SMB_READ_ATTRIBUTES, SMB_SHARE_ALL, SMB_CREATE_NEW,
                                             SMB_DIRECTORY_FILE };
  struct fettle_smb_open f;

  return touch (c, "making the folder", share, path, &how, &f);
}

static fettle_result
remove_call (fettle_ctx *c, const char *share, const char *path, uint32_t kind)
{
  struct fettle_smb_state *s = fettle_smb_state (c);
  fettle_result r;

  if (!s)
    return FETTLE_E_NOMEM;
  fettle_smb_begins (s, "removing %s/%s", share, path);
  r = fettle_smb_ready (c, &s);
  return r == FETTLE_OK ? remove_one (s, share, path, kind) : r;
}

fettle_result
fettle_smb_remove (fettle_ctx *c, const char *share, const char *path)
{
  return remove_call (c, share, path, SMB_NOT_DIRECTORY);
}

fettle_result
fettle_smb_remove_directory (fettle_ctx *c, const char *share, const char *path)
{
  return remove_call (c, share, path, SMB_DIRECTORY_FILE);
}

fettle_result
fettle_smb_rename (fettle_ctx *c, const char *share, const char *from, const char *to)
{
  static const struct fettle_smb_how how = { SMB_DELETE | SMB_READ_ATTRIBUTES, SMB_SHARE_ALL,
                                             SMB_OPEN_EXISTING, SMB_NOT_THROUGH_LINK };
  struct fettle_writer name = FETTLE_WRITER_INIT (PATH_MAX_BYTES);
  struct fettle_writer info = FETTLE_WRITER_INIT (PATH_MAX_BYTES + 32);
  struct fettle_smb_state *s = fettle_smb_state (c);
  struct fettle_smb_open f;
  fettle_result r;

  if (!s)
    return FETTLE_E_NOMEM;
  fettle_smb_begins (s, "renaming %s/%s to %s", share, from, to);
  r = fettle_smb_path (s, to, false, &name);
  fettle_write_zeros (&info, 16); /* replaces nothing */
  fettle_write32 (&info, (uint32_t) name.b.size);
  fettle_write (&info, name.b.data, name.b.size);
  if (r == FETTLE_OK)
    r = fettle_smb_ready (c, &s);
  if (r == FETTLE_OK)
    r = fettle_smb_open_file (s, share, from, &how, &f);
  if (r == FETTLE_OK)
    r = fettle_smb_close_file (s, &f, set_info (s, &f, FILE_RENAME, &info));
  fettle_writer_clear (&name);
  fettle_writer_clear (&info);
  return r;
}

/* ---- Space ---- */

static fettle_result
ask_space (struct fettle_smb_state *s, struct fettle_smb_open *f, uint64_t *ret_free, uint64_t *ret_total)
{
  struct fettle_smb_question q = { .least = 8 };
  struct fettle_smb_answer a;
  struct fettle_writer *w = fettle_smb_begin (s, SMB_QUERY_INFO, f->tree);
  struct fettle_bytes d;
  uint64_t unit;
  fettle_result r;

  fettle_write16 (w, 41);
  fettle_write8 (w, INFO_VOLUME);
  fettle_write8 (w, VOLUME_FULL_SIZE);
  fettle_write32 (w, 32);
  fettle_write_zeros (w, 16);
  fettle_write (w, f->file.id, sizeof f->file.id);
  fettle_write8 (w, 0);
  r = fettle_smb_ask (s, &q, &a);
  if (r == FETTLE_OK)
    r = fettle_smb_part (s, &a, fettle_get16 (a.body.data + 2), fettle_get32 (a.body.data + 4), &d);
  if (r == FETTLE_OK && d.size < 32)
    r = fettle_smb_broken (s, FETTLE_E_PROTOCOL, "the node's answer is too short");
  if (r != FETTLE_OK)
    return r;
  unit = (uint64_t) fettle_get32 (d.data + 24) * fettle_get32 (d.data + 28);
  if (__builtin_mul_overflow (fettle_get64 (d.data + 8), unit, ret_free))
    *ret_free = UINT64_MAX;
  if (__builtin_mul_overflow (fettle_get64 (d.data), unit, ret_total))
    *ret_total = UINT64_MAX;
  return FETTLE_OK;
}

fettle_result
fettle_smb_space (fettle_ctx *c, const char *share, uint64_t *ret_free, uint64_t *ret_total)
{
  static const struct fettle_smb_how how = { SMB_READ_ATTRIBUTES | SMB_READ_DATA, SMB_SHARE_ALL, SMB_OPEN_EXISTING,
                                             SMB_DIRECTORY_FILE };
  struct fettle_smb_state *s = fettle_smb_state (c);
  struct fettle_smb_open f;
  fettle_result r;

  if (!s)
    return FETTLE_E_NOMEM;
  fettle_smb_begins (s, "asking how much room %s has", share);
  r = fettle_smb_ready (c, &s);
  if (r == FETTLE_OK)
    r = fettle_smb_open_file (s, share, "", &how, &f);
  return r == FETTLE_OK ? fettle_smb_close_file (s, &f, ask_space (s, &f, ret_free, ret_total)) : r;
}
