/* trust.c - see trust.h.  SPDX-License-Identifier: Apache-2.0 */
#include "util/base.h"

#include "sign/trust.h"
#include "util/text.h"

/* ---- Roots ---- */

/* The next version of a root, if it is among the papers. */
static fettle_result
next_root (const struct fettle_root *old, const struct fettle_papers *papers, int64_t now,
           struct fettle_root *ret, bool *ret_found, struct fettle_error *err)
{
  _cleanup_ (fettle_root_clear) struct fettle_root root = { .name = NULL };
  const struct fettle_buf *data;
  char name[40];
  fettle_result r;

  *ret_found = false;
  snprintf (name, sizeof name, "root.%llu.json", (unsigned long long) old->version + 1);
  data = fettle_papers_find (papers, name);
  if (!data)
    return FETTLE_OK;
  r = fettle_root_parse (fettle_buf_text (data), data->size, &root, err);
  if (r)
    return fettle_error_prefix (err, "%s: ", name);
  if (strcmp (root.name, old->name) != 0) /* another site's */
    return FETTLE_OK;
  if (root.version != old->version + 1)
    return fettle_error_set (err, FETTLE_E_AUTH, "%s says that it is version %llu", name,
                             (unsigned long long) root.version);
  r = fettle_root_signed (papers, name, &root, old, now, err);
  if (r)
    return r;
  *ret = root;
  root = (struct fettle_root){ .name = NULL };
  *ret_found = true;
  return FETTLE_OK;
}

static fettle_result
follow_roots (struct fettle_trust *t, const struct fettle_papers *papers, int64_t now,
              struct fettle_error *err)
{
  for (size_t i = 0; i < t->n_roots; i++)
    for (bool found = true; found;) {
      struct fettle_root next;
      fettle_result r = next_root (&t->roots[i], papers, now, &next, &found, err);

      if (r)
        return r;
      if (!found)
        continue;
      fettle_root_clear (&t->roots[i]);
      t->roots[i] = next;
      t->newer[i] = true;
    }
  return FETTLE_OK;
}

/* ---- Signatures ---- */

/* All keys that count for something; borrowed. */
static fettle_result
all_keys (const struct fettle_trust *t, struct fettle_keys *ret, struct fettle_error *err)
{
  fettle_result r = fettle_keys_borrow (ret, &t->keys, err);

  for (size_t i = 0; i < t->n_roots && !r; i++)
    r = fettle_keys_borrow (ret, &t->roots[i].keys, err);
  return r;
}

/* Different keys among the signers that single trusted keys stand for. */
static uint64_t
count_single (const struct fettle_trust *t, const json_t *signers)
{
  _cleanup_json_ json_t *ids = json_array ();
  struct fettle_root_role role = { .keys = ids };

  for (size_t i = 0; i < t->keys.n; i++)
    json_array_append_new (ids, json_string (t->keys.keys[i].id));
  return fettle_root_role_count (&role, signers);
}

static bool
root_satisfied (const struct fettle_root *root, const json_t *signers, int64_t now, char *why,
                size_t size)
{
  uint64_t n = fettle_root_role_count (&root->baselines, signers);
  char when[FETTLE_TIME_MAX];

  if (n == 0)
    return false;
  if (n < root->baselines.threshold)
    snprintf (why, size, "the root %s wants %llu signatures, and it has %llu", root->name,
              (unsigned long long) root->baselines.threshold, (unsigned long long) n);
  else if (root->expires <= now)
    snprintf (why, size, "the root %s, version %llu, has expired on %s", root->name,
              (unsigned long long) root->version, fettle_time_text (root->expires, when));
  else
    return true;
  return false;
}

bool
fettle_trust_satisfied (const struct fettle_trust *t, const json_t *signers, int64_t now, char *why,
                        size_t size)
{
  uint64_t n = count_single (t, signers);

  *why = '\0';
  if (n >= t->threshold && n > 0)
    return true;
  if (n > 0)
    snprintf (why, size, "%llu signatures are wanted (setting signatures), and it has %llu by those "
                         "who are trusted",
              (unsigned long long) t->threshold, (unsigned long long) n);
  for (size_t i = 0; i < t->n_roots; i++)
    if (root_satisfied (&t->roots[i], signers, now, why, size))
      return true;
  return false;
}

static void
decide (const struct fettle_trust *t, int64_t now, struct fettle_judgement *j)
{
  j->trusted = fettle_trust_satisfied (t, j->signers, now, j->why, sizeof j->why);
  if (j->trusted)
    j->why[0] = '\0';
  else if (!j->why[0])
    snprintf (j->why, sizeof j->why, "%s",
              json_array_size (j->others) || json_array_size (j->signers)
                ? "it is signed by nobody who is trusted here: fettle baseline trust"
                : "it has a baseline.json, but no signature of it");
}

static fettle_result
read_statement (const struct fettle_papers *papers, int64_t now, struct fettle_judgement *j,
                struct fettle_error *err)
{
  const struct fettle_buf *data = fettle_papers_find (papers, FETTLE_STATEMENT_NAME);
  char when[FETTLE_TIME_MAX];

  if (fettle_statement_parse (fettle_buf_text (data), data->size, &j->statement, err))
    return fettle_error_prefix (err, FETTLE_STATEMENT_NAME ": ");
  fettle_sha256 (data->data, data->size, j->digest);
  if (j->statement.expires > now)
    return FETTLE_OK;
  return fettle_error_set (err, FETTLE_E_AUTH, "it has expired on %s: get its successor, or sign it "
                                               "again", fettle_time_text (j->statement.expires, when));
}

fettle_result
fettle_trust_judge (struct fettle_trust *t, const struct fettle_papers *papers, int64_t now,
                    struct fettle_judgement *ret, struct fettle_error *err)
{
  _cleanup_ (fettle_judgement_clear) struct fettle_judgement j
    = { .signers = json_array (), .others = json_array () };
  struct fettle_keys keys = { .n = 0 };
  fettle_result r = follow_roots (t, papers, now, err);

  if (!r)
    r = all_keys (t, &keys, err);
  if (!r)
    r = fettle_papers_verify (papers, FETTLE_STATEMENT_NAME, &keys, now, j.signers, j.others, err);
  free (keys.keys);
  /* Signatures first: what nobody signed isn't looked into for more than it must. */
  if (!r)
    r = read_statement (papers, now, &j, err);
  if (r)
    return r;
  decide (t, now, &j);
  *ret = j;
  j = (struct fettle_judgement){ .signers = NULL };
  return FETTLE_OK;
}

void
fettle_judgement_clear (struct fettle_judgement *j)
{
  fettle_statement_clear (&j->statement);
  json_decref (j->signers);
  json_decref (j->others);
  *j = (struct fettle_judgement){ .signers = NULL };
}

void
fettle_trust_clear (struct fettle_trust *t)
{
  fettle_keys_clear (&t->keys);
  for (size_t i = 0; i < t->n_roots; i++)
    fettle_root_clear (&t->roots[i]);
  *t = (struct fettle_trust){ .threshold = 0 };
}
