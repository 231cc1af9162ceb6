/* baseline-trust.c - fettle baseline trust, trusted, distrust, root.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "util/base.h"

#include <limits.h>
#include <time.h>

#include "cli/client.h"
#include "cli/sign.h"
#include "sign/root.h"
#include "sign/statement.h"
#include "util/text.h"

static const struct fettle_column columns[] = {
  { "KIND",  "kind",  false, false },
  { "TITLE", "title", false, true },
  { "SINCE", "added", false, false },
  { "ID",    "id",    false, false },
};

/* ---- trust ---- */

static fettle_result
trust_file (struct fettle_cli *cli, struct fettle_client *client, const char *path, bool vendor,
            struct fettle_error *err)
{
  _cleanup_ (fettle_buf_clear) struct fettle_buf text = FETTLE_BUF_INIT (FETTLE_ROOT_MAX);
  _cleanup_json_ json_t *answer = NULL, *body = NULL;
  char buffer[32];

  if (fettle_file_read (path, &text, err))
    return err->code;
  body = json_pack ("{s:s s:b}", "data", fettle_buf_text (&text), "vendor", (int) vendor);
  if (!body)
    return fettle_error_set (err, FETTLE_E_CONFIG, "%.400s isn't text", path);
  if (fettle_client_call (client, "POST", "/trust", json_incref (body), &answer, err))
    return fettle_error_prefix (err, "%.200s: ", path);
  fettle_cli_notice (cli, "trusted: %s %s, id %s",
                     json_string_value (json_object_get (answer, "kind")),
                     json_string_value (json_object_get (answer, "title")),
                     fettle_cli_text (answer, "id", buffer, sizeof buffer));
  return FETTLE_OK;
}

static int
run_trust (struct fettle_cli *cli, const struct fettle_args *args)
{
  _cleanup_client_ struct fettle_client *client = NULL;
  struct fettle_error err;

  if (fettle_client_open (cli, true, &client, &err))
    return fettle_cli_fail (&err);
  for (size_t i = 0; i < args->n_words; i++)
    if (trust_file (cli, client, args->words[i], fettle_args_flag (args, "vendor"), &err))
      return fettle_cli_fail (&err);
  return FETTLE_EXIT_DONE;
}

static const struct fettle_option trust_options[] = {
  { "vendor", 0, NULL, "for vendors' signatures of components, not for baselines" },
  { NULL, 0, NULL, NULL },
};

const struct fettle_command fettle_command_baseline_trust = {
  "baseline", "trust", "FILE...", 1, SIZE_MAX, "trust keys, certificates or a root",
  0, FETTLE_FORMAT_TEXT, trust_options, run_trust,
};

/* ---- trusted, distrust ---- */

static int
run_trusted (struct fettle_cli *cli, const struct fettle_args *args)
{
  _cleanup_client_ struct fettle_client *client = NULL;
  _cleanup_json_ json_t *answer = NULL;
  const json_t *list;
  struct fettle_error err;

  (void) args;
  if (fettle_client_open (cli, true, &client, &err)
      || fettle_client_call (client, "GET", "/trust", NULL, &answer, &err))
    return fettle_cli_fail (&err);
  list = json_object_get (answer, "trust");
  if (json_array_size (list) == 0 && cli->format == FETTLE_FORMAT_TABLE)
    fettle_cli_notice (cli, "nobody is trusted yet; trust a key with fettle baseline trust");
  return fettle_cli_print (cli, answer, list, columns, COUNT (columns), &err)
           ? fettle_cli_fail (&err) : FETTLE_EXIT_DONE;
}

const struct fettle_command fettle_command_baseline_trusted = {
  "baseline", "trusted", NULL, 0, 0, "list whose signatures count",
  FETTLE_FORMATS_USUAL, FETTLE_FORMAT_TABLE, NULL, run_trusted,
};

static int
run_distrust (struct fettle_cli *cli, const struct fettle_args *args)
{
  _cleanup_client_ struct fettle_client *client = NULL;
  struct fettle_error err;

  if (fettle_client_open (cli, true, &client, &err))
    return fettle_cli_fail (&err);
  for (size_t i = 0; i < args->n_words; i++) {
    _cleanup_free_ char *path = fettle_client_path ("/trust/", args->words[i], "");

    if (fettle_client_call (client, "DELETE", path, NULL, NULL, &err))
      return fettle_cli_fail (&err);
    fettle_cli_notice (cli, "%s isn't trusted any more", args->words[i]);
  }
  return FETTLE_EXIT_DONE;
}

const struct fettle_command fettle_command_baseline_distrust = {
  "baseline", "distrust", "ID...", 1, SIZE_MAX, "trust keys or roots no more",
  0, FETTLE_FORMAT_TEXT, NULL, run_distrust,
};

/* ---- root ---- */

/* Ids of the keys in these files; the keys go to `pems`, each once. */
static fettle_result
add_role (const struct fettle_args *args, const char *option, const char *threshold, json_t *pems,
          json_t *root, const char *role, struct fettle_error *err)
{
  _cleanup_json_ json_t *ids = json_array ();
  const char *path, *text = fettle_args_value (args, threshold);
  uint64_t n = 1;
  size_t at = 0;

  while ((path = fettle_args_next (args, option, &at))) {
    _cleanup_ (fettle_buf_clear) struct fettle_buf pem = FETTLE_BUF_INIT (FETTLE_KEY_PEM_MAX);
    struct fettle_keys keys = { .n = 0 };
    char id[FETTLE_SHA256_TEXT];

    if (fettle_file_read (path, &pem, err))
      return err->code;
    if (fettle_keys_add (&keys, fettle_buf_text (&pem), pem.size, id, err))
      return fettle_error_prefix (err, "%.400s: ", path);
    fettle_keys_clear (&keys);
    json_array_append_new (ids, json_string (id));
    json_object_set_new (pems, id, json_string (fettle_buf_text (&pem)));
  }
  if (text && !fettle_parse_uint (text, 1, FETTLE_KEYS_MAX, &n))
    return fettle_error_set (err, FETTLE_E_CONFIG, "--%s %.40s isn't a number from 1", threshold, text);
  json_object_set_new (root, role, json_pack ("{s:I s:O}", "threshold", (json_int_t) n, "keys", ids));
  return FETTLE_OK;
}

static json_t *
values_of (json_t *object)
{
  json_t *list = json_array (), *value;
  const char *key;

  json_object_foreach (object, key, value)
    json_array_append (list, value);
  return list;
}

/* The first root.N.json that isn't there yet. */
static unsigned
next_version (const char *folder, char path[PATH_MAX])
{
  unsigned n = 0;

  do
    snprintf (path, PATH_MAX, "%s/root.%u.json", folder, ++n);
  while (access (path, F_OK) == 0);
  return n;
}

static fettle_result
write_root (const struct fettle_args *args, char path[PATH_MAX], struct fettle_error *err)
{
  _cleanup_json_ json_t *root = json_object (), *pems = json_object ();
  _cleanup_ (fettle_root_clear) struct fettle_root parsed = { .name = NULL };
  _cleanup_free_ char *text = NULL;
  unsigned version = next_version (args->words[0], path);
  const char *name = fettle_args_value (args, "name");
  char expires[FETTLE_TIME_MAX];
  int64_t until;

  if (fettle_expires (args, time (NULL), &until, err))
    return err->code;
  json_object_set_new (root, "fettle-root", json_integer (1));
  json_object_set_new (root, "name", json_string (name ? name : "root"));
  json_object_set_new (root, "version", json_integer (version));
  json_object_set_new (root, "expires", json_string (fettle_time_text (until, expires)));
  if (add_role (args, "root-key", "root-threshold", pems, root, "root", err)
      || add_role (args, "key", "threshold", pems, root, "baselines", err))
    return err->code;
  json_object_set_new (root, "keys", values_of (pems));
  text = json_dumps (root, JSON_INDENT (1));
  if (!text || fettle_root_parse (text, strlen (text), &parsed, err))
    return text ? err->code : fettle_error_set (err, FETTLE_E_NOMEM, "no memory for a root");
  return fettle_file_write (path, 0644, text, strlen (text), err);
}

static int
run_root (struct fettle_cli *cli, const struct fettle_args *args)
{
  struct fettle_error err;
  char path[PATH_MAX];

  if (write_root (args, path, &err))
    return fettle_cli_fail (&err);
  fettle_cli_notice (cli, "%s is written; now let the root keys sign it: fettle baseline sign %s "
                          "--key FILE", path, path);
  return FETTLE_EXIT_DONE;
}

static const struct fettle_option root_options[] = {
  { "name",           0, "NAME", "whose root it is; the same in each version" },
  { "root-key",       0, "FILE", "public key or certificate that may sign the next root; repeat it" },
  { "root-threshold", 0, "N",    "how many of these must; initially 1" },
  { "key",            0, "FILE", "public key or certificate that may sign baselines; repeat it" },
  { "threshold",      0, "N",    "how many of these must; initially 1" },
  FETTLE_EXPIRES_OPTION,
  { NULL, 0, NULL, NULL },
};

const struct fettle_command fettle_command_baseline_root = {
  "baseline", "root", "DIR", 1, 1, "write the next root.N.json, which says who may sign",
  0, FETTLE_FORMAT_TEXT, root_options, run_root,
};
