/* smb-tree.c - shares, and the session's first use of one.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "util/base.h"

#include "transport/smb.h"

static bool
is_share (const char *share)
{
  size_t n = strlen (share);

  return n > 0 && n < FETTLE_SMB_SHARE && !strpbrk (share, "\\/:*?\"<>|");
}

/* \\NODE\SHARE.  An IPv6 address has colons, which a path can't have: the node
 * goes by the name then that it gave itself. */
static void
write_unc (struct fettle_smb_state *s, struct fettle_writer *w, const char *share)
{
  const char *node = s->c->target.address;

  if (strchr (node, ':'))
    node = *s->told.computer ? s->told.computer : "node";
  fettle_write_utf16 (w, "\\\\");
  fettle_write_utf16 (w, node);
  fettle_write_utf16 (w, "\\");
  fettle_write_utf16 (w, share);
}

static fettle_result
connect_tree (struct fettle_smb_state *s, const char *share, uint32_t *ret_id)
{
  struct fettle_smb_question q = { .least = 16 };
  struct fettle_smb_answer a;
  struct fettle_writer unc = FETTLE_WRITER_INIT (1024), *w = fettle_smb_begin (s, SMB_TREE_CONNECT, 0);
  fettle_result r;

  write_unc (s, &unc, share);
  fettle_write16 (w, 9);
  fettle_write16 (w, 0);
  fettle_write16 (w, SMB_HEADER + 8);
  fettle_write16 (w, (uint16_t) unc.b.size);
  fettle_write (w, fettle_buf_text (&unc.b), unc.b.size);
  w->bad = w->bad || unc.bad;
  fettle_writer_clear (&unc);
  r = fettle_smb_ask (s, &q, &a);
  if (r == FETTLE_OK)
    *ret_id = fettle_get32 (a.message.data + 36);
  return r;
}

fettle_result
fettle_smb_tree (struct fettle_smb_state *s, const char *share, uint32_t *ret_id)
{
  uint32_t id = 0;
  fettle_result r;

  if (!share || !is_share (share))
    return fettle_error_set (&s->c->error, FETTLE_E_CONFIG, "plugin %s named a share that can't be one",
                             s->c->plugin);
  for (unsigned i = 0; i < s->n_trees; i++)
    if (strcmp (s->trees[i].share, share) == 0) {
      *ret_id = s->trees[i].id;
      return FETTLE_OK;
    }
  if (s->n_trees == FETTLE_SMB_TREES)
    return fettle_error_set (&s->c->error, FETTLE_E_CONFIG, "plugin %s uses %d shares and wanted one more",
                             s->c->plugin, FETTLE_SMB_TREES);
  r = connect_tree (s, share, &id);
  if (r == FETTLE_OK)
    r = fettle_smb_validate (s, id);
  if (r != FETTLE_OK)
    return r;
  snprintf (s->trees[s->n_trees].share, FETTLE_SMB_SHARE, "%s", share);
  s->trees[s->n_trees++].id = id;
  *ret_id = id;
  return FETTLE_OK;
}
