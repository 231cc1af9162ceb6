/* baseline-sign.c - fettle baseline sign.  The private key stays in this
 * process: the service never sees it.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "util/base.h"

#include <errno.h>
#include <limits.h>
#include <sys/stat.h>
#include <time.h>

#include "cli/secret.h"
#include "cli/sign.h"
#include "sign/cms.h"
#include "sign/statement.h"
#include "util/text.h"

#define DAY 86400

static void cleanup_pkey (EVP_PKEY **k) { EVP_PKEY_free (*k); }

fettle_result
fettle_expires (const struct fettle_args *args, int64_t now, int64_t *ret, struct fettle_error *err)
{
  const char *text = fettle_args_value (args, "expires");
  uint64_t days = 365;

  if (text && fettle_time_parse (text, ret))
    return FETTLE_OK;
  if (text && !fettle_parse_uint (text, 1, 36500, &days))
    return fettle_error_set (err, FETTLE_E_CONFIG, "--expires %.40s is neither 1 to 36500 days nor a"
                                                   " time like 2027-11-22T00:00:00Z", text);
  *ret = now + (int64_t) days * DAY;
  return FETTLE_OK;
}

/* ---- baseline.json ---- */

static bool
describes (const struct fettle_args *args)
{
  static const char *const options[] = { "name", "set-version", "expires", "adds-to" };

  for (size_t i = 0; i < COUNT (options); i++)
    if (fettle_args_flag (args, options[i]))
      return true;
  return false;
}

/* The name and version that are to be; `old` may be empty. */
static fettle_result
fill (const struct fettle_args *args, const char *folder, const struct fettle_statement *old,
      struct fettle_statement *s, struct fettle_error *err)
{
  const char *name = fettle_args_value (args, "name"), *adds_to = fettle_args_value (args, "adds-to");
  const char *version = fettle_args_value (args, "set-version"), *slash = strrchr (folder, '/');

  name = name ? name : old->name ? old->name : slash && slash[1] ? slash + 1 : folder;
  adds_to = adds_to ? adds_to : old->adds_to;
  if (!fettle_statement_name_ok (name) || (adds_to && !fettle_statement_name_ok (adds_to)))
    return fettle_error_set (err, FETTLE_E_CONFIG, "'%.120s' can't be a baseline's name: it has "
                             "letters, digits, '.', '_' and '-'; say another with --name", name);
  s->version = old->version + 1;
  if (version && !fettle_parse_uint (version, 1, UINT64_C (1) << 53, &s->version))
    return fettle_error_set (err, FETTLE_E_CONFIG, "--set-version %.40s isn't a number from 1", version);
  if (s->version <= old->version)
    return fettle_error_set (err, FETTLE_E_CONFIG, "it was version %llu before, and whoever has seen "
                             "that will refuse %llu", (unsigned long long) old->version,
                             (unsigned long long) s->version);
  s->name = strdup (name);
  s->adds_to = adds_to ? strdup (adds_to) : NULL;
  s->created = time (NULL);
  return fettle_expires (args, s->created, &s->expires, err);
}

/* Signatures of what was there before count for nothing now. */
static fettle_result
remove_signatures (const char *folder, const struct fettle_papers *papers, struct fettle_error *err)
{
  for (size_t i = 0; i < papers->n; i++) {
    char key[FETTLE_KEY_SHORT + 1], path[2 * PATH_MAX];
    bool cms;

    if (!fettle_paper_signs (papers->papers[i].name, FETTLE_STATEMENT_NAME, key, &cms))
      continue;
    snprintf (path, sizeof path, "%s/%s", folder, papers->papers[i].name);
    if (unlink (path) && errno != ENOENT)
      return fettle_error_errno (err, FETTLE_E_CONFIG, "removing the old signature %.400s", path);
  }
  return FETTLE_OK;
}

static fettle_result
write_statement (const struct fettle_args *args, const char *folder, const char *path, json_t *files,
                 const struct fettle_papers *papers, const struct fettle_statement *old,
                 struct fettle_error *err)
{
  _cleanup_ (fettle_statement_clear) struct fettle_statement s = { .files = json_incref (files) };
  _cleanup_free_ char *text = NULL;

  if (json_object_size (files) == 0)
    return fettle_error_set (err, FETTLE_E_CONFIG, "there are no files in %.400s", folder);
  if (fill (args, folder, old, &s, err))
    return err->code;
  text = fettle_statement_text (&s);
  if (!text || remove_signatures (folder, papers, err))
    return text ? err->code : fettle_error_set (err, FETTLE_E_NOMEM, "no memory for baseline.json");
  return fettle_file_write (path, 0644, text, strlen (text), err);
}

/* Writes baseline.json, unless what is there says the same already: then this
 * is one more signature of it. */
static fettle_result
prepare (struct fettle_cli *cli, const struct fettle_args *args, const char *folder,
         const char *path, struct fettle_error *err)
{
  _cleanup_ (fettle_papers_clear) struct fettle_papers papers = { .n = 0 };
  _cleanup_ (fettle_statement_clear) struct fettle_statement old = { .name = NULL };
  _cleanup_json_ json_t *files = NULL;
  const struct fettle_buf *there;

  if (fettle_list_files (cli, folder, &files, &papers, err))
    return err->code;
  there = fettle_papers_find (&papers, FETTLE_STATEMENT_NAME);
  if (there && fettle_statement_parse (fettle_buf_text (there), there->size, &old, err))
    return fettle_error_prefix (err, "%.400s: ", path);
  if (there && !describes (args) && json_equal (files, old.files) && old.expires > time (NULL))
    return FETTLE_OK;
  return write_statement (args, folder, path, files, &papers, &old, err);
}

/* ---- Signatures ---- */

static fettle_result
read_key (const struct fettle_args *args, EVP_PKEY **ret, struct fettle_error *err)
{
  _cleanup_ (fettle_secret_release) json_t *secret = json_object ();
  _cleanup_ (fettle_buf_clear) struct fettle_buf pem = FETTLE_BUF_SECRET (FETTLE_KEY_PEM_MAX);
  const char *path = fettle_args_value (args, "key");

  if (!path)
    return fettle_error_set (err, FETTLE_E_CONFIG, "whose signature? give --key FILE, a private key");
  if (fettle_secret_take (args, "password", "the key's password", "password", secret, err)
      || fettle_file_read (path, &pem, err))
    return err->code;
  if (fettle_key_private (fettle_buf_text (&pem), pem.size,
                          json_string_value (json_object_get (secret, "password")), ret, err))
    return fettle_error_prefix (err, "%.400s: ", path);
  return FETTLE_OK;
}

static fettle_result
make_signature (const struct fettle_args *args, EVP_PKEY *key, const struct fettle_buf *data,
                struct fettle_buf *ret, char ret_id[FETTLE_SHA256_TEXT], struct fettle_error *err)
{
  _cleanup_ (fettle_buf_clear) struct fettle_buf pem = FETTLE_BUF_INIT (FETTLE_KEY_PEM_MAX);
  const char *certificate = fettle_args_value (args, "certificate");
  unsigned char signature[FETTLE_ED25519_SIZE];
  fettle_result r = certificate ? fettle_file_read (certificate, &pem, err) : FETTLE_OK;

  if (r)
    return r;
  if (certificate)
    return fettle_cms_sign (key, fettle_buf_text (&pem), pem.size, data->data, data->size, ret,
                            ret_id, err);
  r = fettle_ed25519_sign (key, data->data, data->size, signature, err);
  if (!r)
    r = fettle_key_id (key, ret_id, err);
  if (!r && !fettle_buf_add (ret, signature, sizeof signature))
    r = fettle_error_set (err, FETTLE_E_NOMEM, "no memory for a signature");
  return r;
}

/* FILE.KEY.sig or .p7s beside the file. */
static fettle_result
sign_file (struct fettle_cli *cli, const struct fettle_args *args, const char *path,
           struct fettle_error *err)
{
  _cleanup_ (fettle_buf_clear) struct fettle_buf data = FETTLE_BUF_INIT (FETTLE_STATEMENT_MAX),
                                                 signature = FETTLE_BUF_INIT (FETTLE_CMS_MAX);
  _cleanup_ (cleanup_pkey) EVP_PKEY *key = NULL;
  char id[FETTLE_SHA256_TEXT], file[PATH_MAX];

  if (fettle_file_read (path, &data, err) || read_key (args, &key, err)
      || make_signature (args, key, &data, &signature, id, err))
    return err->code;
  if ((size_t) snprintf (file, sizeof file, "%s.%.*s.%s", path, FETTLE_KEY_SHORT, id,
                         fettle_args_flag (args, "certificate") ? "p7s" : "sig") >= sizeof file)
    return fettle_error_set (err, FETTLE_E_CONFIG, "the path %.400s is too long", path);
  if (fettle_file_write (file, 0644, signature.data, signature.size, err))
    return err->code;
  fettle_cli_notice (cli, "%s: signed by the key %s", file, id);
  return FETTLE_OK;
}

static int
run_sign (struct fettle_cli *cli, const struct fettle_args *args)
{
  char folder[PATH_MAX], path[PATH_MAX];
  struct fettle_error err;
  struct stat st;
  const char *name;

  if (!realpath (args->words[0], folder) || stat (folder, &st)) {
    fettle_error_errno (&err, FETTLE_E_CONFIG, "reading %.400s", args->words[0]);
    return fettle_cli_fail (&err);
  }
  name = strrchr (folder, '/') + 1;
  if (S_ISREG (st.st_mode) && strncmp (name, "root.", 5) == 0 && fettle_is_paper (name))
    return sign_file (cli, args, folder, &err) ? fettle_cli_fail (&err) : FETTLE_EXIT_DONE;
  if (!S_ISDIR (st.st_mode))
    return fettle_cli_usage ("%.400s is neither a folder nor a root.N.json: sign the folder first, "
                             "then make an image or archive of it", args->words[0]);
  if ((size_t) snprintf (path, sizeof path, "%s/%s", folder, FETTLE_STATEMENT_NAME) >= sizeof path)
    return fettle_cli_usage ("the path %.400s is too long", folder);
  if (prepare (cli, args, folder, path, &err) || sign_file (cli, args, path, &err))
    return fettle_cli_fail (&err);
  return FETTLE_EXIT_DONE;
}

static const struct fettle_option sign_options[] = {
  { "key",         0, "FILE", "the private key, PEM" },
  { "certificate", 0, "FILE", "its certificate, PEM, with those that certify it: sign as CMS" },
  FETTLE_SECRET_OPTIONS ("password", "key's password"),
  { "name",        0, "NAME", "the baseline's name; initially what it was, or the folder's" },
  { "set-version", 0, "N",    "the baseline's version; initially one more than it was, or 1" },
  FETTLE_EXPIRES_OPTION,
  { "adds-to",     0, "NAME", "it is a supplement: what it has comes with the baseline NAME" },
  { NULL, 0, NULL, NULL },
};

const struct fettle_command fettle_command_baseline_sign = {
  "baseline", "sign", "DIR|FILE", 1, 1, "sign a folder's baseline, or a root.N.json",
  0, FETTLE_FORMAT_TEXT, sign_options, run_sign,
};
