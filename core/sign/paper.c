/* paper.c - see paper.h.  SPDX-License-Identifier: Apache-2.0 */
#include "util/base.h"

#include "sign/cms.h"
#include "sign/paper.h"

#define HEX "0123456789abcdef"

bool
fettle_paper_signs (const char *path, const char *name, char ret_key[FETTLE_KEY_SHORT + 1],
                    bool *ret_cms)
{
  size_t n = strlen (name);
  const char *key = path + n + 1, *end;

  if (strncmp (path, name, n) != 0 || path[n] != '.' || strspn (key, HEX) != FETTLE_KEY_SHORT)
    return false;
  end = key + FETTLE_KEY_SHORT;
  if (strcmp (end, ".sig") != 0 && strcmp (end, ".p7s") != 0)
    return false;
  memcpy (ret_key, key, FETTLE_KEY_SHORT);
  ret_key[FETTLE_KEY_SHORT] = '\0';
  *ret_cms = end[1] == 'p';
  return true;
}

bool
fettle_paper_unlisted (const char *path)
{
  char key[FETTLE_KEY_SHORT + 1];
  bool cms;

  return strcmp (path, FETTLE_STATEMENT_NAME) == 0
         || fettle_paper_signs (path, FETTLE_STATEMENT_NAME, key, &cms);
}

/* "root.12.json" or a signature of it. */
static bool
is_root (const char *path)
{
  char name[32], key[FETTLE_KEY_SHORT + 1];
  size_t digits;
  bool cms;

  if (strncmp (path, "root.", 5) != 0)
    return false;
  digits = strspn (path + 5, "0123456789");
  if (digits == 0 || digits > 9 || path[5] == '0' || strncmp (path + 5 + digits, ".json", 5) != 0)
    return false;
  snprintf (name, sizeof name, "%.*s", (int) (digits + 10), path);
  return strcmp (path, name) == 0 || fettle_paper_signs (path, name, key, &cms);
}

bool
fettle_is_paper (const char *path)
{
  return fettle_paper_unlisted (path) || is_root (path);
}

static struct fettle_paper *
find (const struct fettle_papers *papers, const char *name)
{
  for (size_t i = 0; i < papers->n; i++)
    if (strcmp (papers->papers[i].name, name) == 0)
      return &papers->papers[i];
  return NULL;
}

const struct fettle_buf *
fettle_papers_find (const struct fettle_papers *papers, const char *name)
{
  struct fettle_paper *paper = find (papers, name);

  return paper ? &paper->data : NULL;
}

static struct fettle_paper *
add (struct fettle_papers *papers, const char *name)
{
  struct fettle_paper *more = reallocarray (papers->papers, papers->n + 1, sizeof *more);
  char *copy = strdup (name);

  if (more)
    papers->papers = more;
  if (!more || !copy) {
    free (copy);
    return NULL;
  }
  more[papers->n] = (struct fettle_paper){ copy, FETTLE_BUF_INIT (FETTLE_PAPERS_SIZE_MAX) };
  return &more[papers->n++];
}

fettle_result
fettle_papers_add (struct fettle_papers *papers, const char *name, const void *data, size_t size,
                   struct fettle_error *err)
{
  struct fettle_paper *paper = find (papers, name);

  if (!fettle_is_paper (name))
    return fettle_error_set (err, FETTLE_E_INTERNAL, "%.200s isn't a file about signing", name);
  if ((!paper && papers->n >= FETTLE_PAPERS_MAX) || size > FETTLE_PAPERS_SIZE_MAX - papers->size)
    return fettle_error_set (err, FETTLE_E_CONFIG,
                             "it has more than %d files about signing, or more than %u MiB of them",
                             FETTLE_PAPERS_MAX, FETTLE_PAPERS_SIZE_MAX >> 20);
  if (!paper)
    paper = add (papers, name);
  if (!paper || !fettle_buf_add (&paper->data, data, size))
    return fettle_error_set (err, FETTLE_E_NOMEM, "no memory for %.200s", name);
  papers->size += size;
  return FETTLE_OK;
}

void
fettle_papers_clear (struct fettle_papers *papers)
{
  for (size_t i = 0; i < papers->n; i++) {
    free (papers->papers[i].name);
    fettle_buf_clear (&papers->papers[i].data);
  }
  free (papers->papers);
  *papers = (struct fettle_papers){ 0 };
}

/* ---- Signatures ---- */

struct check {
  const struct fettle_buf *data;
  const struct fettle_keys *keys;
  int64_t now;
  json_t *signers, *others;
};

static void
note_other (const struct check *c, const struct fettle_paper *signature, const char *why)
{
  json_array_append_new (c->others, json_pack ("{s:s s:s}", "file", signature->name, "why", why));
}

static void
note_signer (const struct check *c, const struct fettle_paper *signature, const char *id,
             const char *anchor, const char *title)
{
  json_array_append_new (c->signers, json_pack ("{s:s s:s s:s s:s}", "key", id, "anchor", anchor,
                                                "title", title, "file", signature->name));
}

static fettle_result
check_ed25519 (const struct check *c, const struct fettle_paper *signature, const char *prefix,
               struct fettle_error *err)
{
  const struct fettle_key *key = fettle_keys_find (c->keys, prefix);
  char why[80];

  if (!key || !key->key) {
    snprintf (why, sizeof why, "the key %s isn't trusted here", prefix);
    note_other (c, signature, why);
    return FETTLE_OK;
  }
  if (!fettle_ed25519_verify (key->key, c->data->data, c->data->size, signature->data.data,
                              signature->data.size))
    return fettle_error_set (err, FETTLE_E_AUTH, "the signature is bad: it or what it signs was "
                                                 "changed");
  note_signer (c, signature, key->id, key->id, "Ed25519 key");
  return FETTLE_OK;
}

/* The key behind a trusted certificate, by what cms.h found. */
static const struct fettle_key *
anchor_key (const struct fettle_keys *keys, const X509 *anchor)
{
  for (size_t i = 0; i < keys->n; i++)
    if (keys->keys[i].cert == anchor)
      return &keys->keys[i];
  return NULL;
}

static fettle_result
check_cms (const struct check *c, const struct fettle_paper *signature, const char *prefix,
           struct fettle_error *err)
{
  X509 *trusted[FETTLE_KEYS_MAX], *anchor = NULL;
  char id[FETTLE_SHA256_TEXT], subject[256];
  size_t n = 0;
  fettle_result r;

  for (size_t i = 0; i < c->keys->n && n < COUNT (trusted); i++)
    if (c->keys->keys[i].cert)
      trusted[n++] = c->keys->keys[i].cert;
  if (n == 0) {
    note_other (c, signature, "no certificate is trusted here");
    return FETTLE_OK;
  }
  r = fettle_cms_verify (signature->data.data, signature->data.size, c->data->data, c->data->size,
                         trusted, n, c->now, id, &anchor, subject, sizeof subject, err);
  if (r)
    return r;
  if (strncmp (id, prefix, strlen (prefix)) != 0)
    return fettle_error_set (err, FETTLE_E_AUTH, "it was made by another key, %.16s", id);
  note_signer (c, signature, id, anchor_key (c->keys, anchor)->id, subject);
  return FETTLE_OK;
}

fettle_result
fettle_papers_verify (const struct fettle_papers *papers, const char *name,
                      const struct fettle_keys *keys, int64_t now, json_t *signers, json_t *others,
                      struct fettle_error *err)
{
  struct check c = { fettle_papers_find (papers, name), keys, now, signers, others };

  if (!c.data)
    return fettle_error_set (err, FETTLE_E_CONFIG, "there is no %.200s", name);
  for (size_t i = 0; i < papers->n; i++) {
    const struct fettle_paper *paper = &papers->papers[i];
    char prefix[FETTLE_KEY_SHORT + 1];
    bool cms;
    fettle_result r;

    if (!fettle_paper_signs (paper->name, name, prefix, &cms))
      continue;
    r = cms ? check_cms (&c, paper, prefix, err) : check_ed25519 (&c, paper, prefix, err);
    if (r)
      return fettle_error_prefix (err, "%s: ", paper->name);
  }
  return FETTLE_OK;
}
