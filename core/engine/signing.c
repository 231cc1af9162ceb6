/* signing.c - see signing.h.  SPDX-License-Identifier: Apache-2.0 */
#include "util/base.h"

#include <openssl/evp.h>
#include <time.h>

#include "engine/signing.h"
#include "util/text.h"

struct signing {
  struct fettle_engine *engine;
  bool allow_unsigned, judged, listed; /* listed: all files have been named */
  struct fettle_papers papers;
  struct fettle_trust trust;
  struct fettle_judgement judgement; /* its signers are NULL when there is no baseline.json */
  json_t *found;                     /* {path: true}: files that are what they should be */
};

struct signing *
fettle_signing_new (struct fettle_engine *e, bool allow_unsigned)
{
  struct signing *s = calloc (1, sizeof *s);

  if (!s)
    abort ();
  s->engine = e;
  s->allow_unsigned = allow_unsigned || e->settings->allow_unsigned;
  s->found = json_object ();
  return s;
}

void
fettle_signing_free (struct signing *s)
{
  if (!s)
    return;
  fettle_papers_clear (&s->papers);
  fettle_trust_clear (&s->trust);
  fettle_judgement_clear (&s->judgement);
  json_decref (s->found);
  free (s);
}

/* ---- Papers ---- */

static fettle_result
take_paper (struct signing *s, const json_t *paper, struct fettle_error *err)
{
  const char *name = json_string_value (json_object_get (paper, "name"));
  const json_t *text = json_object_get (paper, "data");
  size_t size = json_string_length (text), n = size / 4 * 3;
  _cleanup_free_ unsigned char *data = malloc (n + 1);

  if (!name || !json_is_string (text) || !data || size % 4 || size > INT32_MAX
      || EVP_DecodeBlock (data, (const unsigned char *) json_string_value (text), (int) size) != (int) n)
    return fettle_error_set (err, FETTLE_E_INTERNAL, "the scanner's files about signing are broken");
  for (size_t i = 0; i < 2 && size > i && json_string_value (text)[size - 1 - i] == '='; i++)
    n--;
  return fettle_papers_add (&s->papers, name, data, n, err);
}

static fettle_result
unsigned_one (const struct signing *s, const char *why, struct fettle_error *err)
{
  if (s->allow_unsigned)
    return FETTLE_OK;
  return fettle_error_set (err, FETTLE_E_AUTH, "%s; to use it all the same: --allow-unsigned", why);
}

static fettle_result
judge (struct signing *s, struct fettle_error *err)
{
  int64_t now = time (NULL);
  const struct fettle_judgement *j = &s->judgement;

  s->judged = true;
  if (!fettle_papers_find (&s->papers, FETTLE_STATEMENT_NAME))
    return unsigned_one (s, "it isn't signed: fettle baseline sign", err);
  if (fettle_trust_load (s->engine, &s->trust, err)
      || fettle_trust_judge (&s->trust, &s->papers, now, &s->judgement, err))
    return err->code;
  if (!j->trusted)
    return unsigned_one (s, j->why, err);
  return fettle_signature_version (s->engine, j->statement.name, j->statement.version, j->digest,
                                   err);
}

/* ---- Files ---- */

static fettle_result
check_file (struct signing *s, const char *path, uint64_t size, const char *sha256,
            struct fettle_error *err)
{
  fettle_result r = fettle_statement_check_file (&s->judgement.statement, path, size, sha256, err);

  if (!r)
    json_object_set_new (s->found, path, json_true ());
  return r;
}

static fettle_result
take_file (struct signing *s, const json_t *file, struct fettle_error *err)
{
  const char *path = json_string_value (json_object_get (file, "path"));

  return check_file (s, path ? path : "?",
                     (uint64_t) json_integer_value (json_object_get (file, "size")),
                     json_string_value (json_object_get (file, "sha256")), err);
}

/* Of a file that lies in a file of the baseline, that one is listed; its own
 * line comes anyway. */
static fettle_result
take_component (struct signing *s, const json_t *component, struct fettle_error *err)
{
  const json_t *file;
  size_t i;

  json_array_foreach (json_object_get (component, "files"), i, file) {
    const char *path = json_string_value (json_object_get (file, "path"));

    if (path && !strstr (path, "!/") && take_file (s, file, err))
      return err->code;
  }
  return FETTLE_OK;
}

fettle_result
fettle_signing_line (struct signing *s, const json_t *line, struct fettle_error *err)
{
  const json_t *paper = json_object_get (line, "paper"), *file = json_object_get (line, "file");
  const json_t *component = json_object_get (line, "component");

  if (paper && !s->judged)
    return take_paper (s, paper, err);
  if (json_object_get (line, "papers") && !s->judged)
    return judge (s, err);
  if (component && !s->judged)
    return fettle_error_set (err, FETTLE_E_INTERNAL, "the scanner says nothing about signatures");
  if (!s->judgement.signers) /* no baseline.json */
    return FETTLE_OK;
  if (json_object_get (line, "files"))
    s->listed = true;
  if (file)
    return take_file (s, file, err);
  return component ? take_component (s, component, err) : FETTLE_OK;
}

fettle_result
fettle_signing_end (struct signing *s, struct fettle_error *err)
{
  const char *path;
  json_t *file;

  if (!s->judged || (s->judgement.signers && !s->listed))
    return fettle_error_set (err, FETTLE_E_INTERNAL, "the scanner says too little about signatures");
  json_object_foreach (s->judgement.statement.files, path, file)
    if (!json_object_get (s->found, path))
      return fettle_error_set (err, FETTLE_E_AUTH, "%.300s is missing: baseline.json lists it", path);
  return FETTLE_OK;
}

/* ---- What is kept of it ---- */

json_t *
fettle_signing_json (const struct signing *s)
{
  const struct fettle_judgement *j = &s->judgement;
  const struct fettle_statement *st = &j->statement;
  char expires[FETTLE_TIME_MAX];

  if (!j->signers)
    return json_pack ("{s:s s:s}", "state", "unsigned", "why", "it has no baseline.json");
  if (!j->trusted)
    return json_pack ("{s:s s:s s:O}", "state", "unsigned", "why", j->why, "others", j->others);
  return json_pack ("{s:s s:s s:I s:s s:s s:s? s:O s:O}", "state", "signed", "name", st->name,
                    "version", (json_int_t) st->version, "expires",
                    fettle_time_text (st->expires, expires), "digest", j->digest, "adds_to",
                    st->adds_to, "signers", j->signers, "others", j->others);
}

void
fettle_signing_keep (struct signing *s)
{
  const struct fettle_judgement *j = &s->judgement;

  if (!j->signers || !j->trusted)
    return;
  fettle_store_run (s->engine->store,
                    "INSERT OR REPLACE INTO seen (name, version, digest) VALUES (?, ?, ?)", "sis",
                    j->statement.name, (int64_t) j->statement.version, j->digest);
  for (size_t i = 0; i < s->trust.n_roots; i++) {
    const struct fettle_root *root = &s->trust.roots[i];
    char name[40];

    snprintf (name, sizeof name, "root.%llu.json", (unsigned long long) root->version);
    if (s->trust.newer[i])
      fettle_trust_save_root (s->engine, root->name, root->version,
                              fettle_buf_text (fettle_papers_find (&s->papers, name)));
  }
}
