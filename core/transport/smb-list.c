/* smb-list.c - what is in a folder.  SPDX-License-Identifier: Apache-2.0 */
#include "util/base.h"

#include "transport/smb.h"

#define ENTRIES_MAX    100000
#define DIRECTORY_INFO 1
#define ANSWER_SIZE    65536
#define HEAD           64 /* of an entry, before its name */

struct list {
  fettle_smb_take *take;
  void *opaque;
  uint32_t n;
};

static fettle_result
take_entry (struct fettle_smb_state *s, struct list *l, const uint8_t *p, struct fettle_bytes text)
{
  char name[1024];
  struct fettle_smb_entry e = { .struct_size = sizeof e, .attributes = fettle_get32 (p + 56),
                                .size = fettle_get64 (p + 40),
                                .written = fettle_from_filetime (fettle_get64 (p + 24)), .name = name };

  /* Those that are left out count, too: else a list of them would have no end. */
  if (++l->n > ENTRIES_MAX)
    return fettle_smb_broken (s, FETTLE_E_PROTOCOL, "there are more than %d entries", ENTRIES_MAX);
  fettle_from_utf16 (text, name, sizeof name);
  if (strcmp (name, ".") == 0 || strcmp (name, "..") == 0)
    return FETTLE_OK;
  if (strpbrk (name, "/\\"))
    return fettle_smb_broken (s, FETTLE_E_PROTOCOL, "the node lists a name that is none");
  return l->take (l->opaque, &e);
}

/* All entries of one answer, which lies in a copy: the plugin may ask for more
 * in between. */
static fettle_result
take_all (struct fettle_smb_state *s, struct list *l, struct fettle_bytes d)
{
  fettle_result r = FETTLE_OK;

  for (size_t at = 0, next = 1; r == FETTLE_OK && next; at += next) {
    struct fettle_bytes head, name;

    if (!fettle_bytes_part (d, at, HEAD, &head)
        || !fettle_bytes_part (d, at + HEAD, fettle_get32 (head.data + 60), &name))
      return fettle_smb_broken (s, FETTLE_E_PROTOCOL, "the node's list is cut");
    next = fettle_get32 (head.data);
    if (next && next < HEAD)
      return fettle_smb_broken (s, FETTLE_E_PROTOCOL, "the node's list goes in circles");
    r = take_entry (s, l, head.data, name);
  }
  return r;
}

/* One request: FETTLE_AGAIN while there may be more. */
static fettle_result
ask_some (struct fettle_smb_state *s, struct fettle_smb_open *f, const struct fettle_writer *pattern,
          struct fettle_buf *ret)
{
  struct fettle_smb_question q = { .least = 2, .also = NT_NO_MORE_FILES, .payload = ANSWER_SIZE };
  struct fettle_smb_answer a;
  struct fettle_writer *w = fettle_smb_begin (s, SMB_QUERY_DIRECTORY, f->tree);
  struct fettle_bytes d = { NULL, 0 };
  fettle_result r;

  fettle_write16 (w, 33);
  fettle_write8 (w, DIRECTORY_INFO);
  fettle_write8 (w, 0);
  fettle_write32 (w, 0);
  fettle_write (w, f->file.id, sizeof f->file.id);
  fettle_write16 (w, SMB_HEADER + 32);
  fettle_write16 (w, (uint16_t) pattern->b.size);
  fettle_write32 (w, ANSWER_SIZE);
  fettle_write (w, pattern->b.data, pattern->b.size);
  r = fettle_smb_ask (s, &q, &a);
  if (r == FETTLE_E_REJECTED && s->fd >= 0 && s->status == FETTLE_NT_NO_SUCH_FILE) {
    s->status = 0;
    return FETTLE_OK;
  }
  if (r != FETTLE_OK || a.status == NT_NO_MORE_FILES)
    return r;
  if (a.body.size < 8)
    return fettle_smb_broken (s, FETTLE_E_PROTOCOL, "the node's answer is too short");
  r = fettle_smb_part (s, &a, fettle_get16 (a.body.data + 2), fettle_get32 (a.body.data + 4), &d);
  fettle_buf_reset (ret);
  if (r == FETTLE_OK && !fettle_buf_add (ret, d.data, d.size))
    r = fettle_smb_broken (s, FETTLE_E_PROTOCOL, "the node's list is longer than was asked for");
  return r == FETTLE_OK ? FETTLE_AGAIN : r;
}

/* The folder of "a/b/x*", and "x*". */
static fettle_result
split (struct fettle_smb_state *s, const char *pattern, char folder[1024], struct fettle_writer *ret)
{
  const char *last = pattern + strlen (pattern);

  while (last > pattern && last[-1] != '/' && last[-1] != '\\')
    last--;
  snprintf (folder, 1024, "%.*s", last > pattern ? (int) (last - pattern - 1) : 0, pattern);
  if (strlen (pattern) >= 1024 || !*last)
    return fettle_error_set (&s->c->error, FETTLE_E_CONFIG, "%s: plugin %s gave a pattern that can't be one",
                             s->doing, s->c->plugin);
  return fettle_smb_path (s, last, true, ret);
}

fettle_result
fettle_smb_list (fettle_ctx *c, const char *share, const char *pattern, fettle_smb_take *take, void *opaque)
{
  static const struct fettle_smb_how how = { SMB_READ_DATA | SMB_READ_ATTRIBUTES, SMB_SHARE_ALL, SMB_OPEN_EXISTING,
                                             SMB_DIRECTORY_FILE };
  _cleanup_ (fettle_buf_clear) struct fettle_buf some = FETTLE_BUF_INIT (ANSWER_SIZE);
  struct fettle_writer last = FETTLE_WRITER_INIT (1024);
  struct list l = { take, opaque, 0 };
  struct fettle_smb_state *s = fettle_smb_state (c);
  struct fettle_smb_open f;
  char folder[1024];
  fettle_result r;

  if (!s)
    return FETTLE_E_NOMEM;
  fettle_smb_begins (s, "listing %s/%s", share, pattern);
  r = split (s, pattern, folder, &last);
  if (r == FETTLE_OK)
    r = fettle_smb_ready (c, &s);
  if (r == FETTLE_OK)
    r = fettle_smb_open_file (s, share, folder, &how, &f);
  if (r == FETTLE_OK) {
    do {
      r = ask_some (s, &f, &last, &some);
      if (r == FETTLE_AGAIN) {
        fettle_result taken = take_all (s, &l, (struct fettle_bytes) { (uint8_t *) some.data, some.size });

        r = taken == FETTLE_OK ? FETTLE_AGAIN : taken;
      }
    } while (r == FETTLE_AGAIN);
    r = fettle_smb_close_file (s, &f, r);
  }
  fettle_writer_clear (&last);
  return r;
}
