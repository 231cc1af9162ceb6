/* list-files.c - fettle-scan --files: it does the reading here too, so that
 * what is signed is what the service will find.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "util/base.h"

#include <openssl/evp.h>

#include "cli/sign.h"
#include "util/spawn.h"

struct list {
  json_t *files;
  struct fettle_papers *papers;
  bool complete;
};

static fettle_result
take_paper (struct list *l, const json_t *paper, struct fettle_error *err)
{
  const char *name = json_string_value (json_object_get (paper, "name"));
  const char *text = json_string_value (json_object_get (paper, "data"));
  size_t size = text ? strlen (text) : 0, n = size / 4 * 3;
  _cleanup_free_ unsigned char *data = malloc (n + 1);

  if (!name || !text || !data || size > INT32_MAX
      || EVP_DecodeBlock (data, (const unsigned char *) text, (int) size) != (int) n)
    return fettle_error_set (err, FETTLE_E_INTERNAL, "fettle-scan says what can't be understood");
  while (size > 0 && text[--size] == '=')
    n--;
  return fettle_papers_add (l->papers, name, data, n, err);
}

static fettle_result
take_line (struct list *l, const char *line, struct fettle_error *err)
{
  _cleanup_json_ json_t *said = json_loads (line, 0, NULL);
  json_t *file = json_object_get (said, "file"), *paper = json_object_get (said, "paper");
  const char *path = json_string_value (json_object_get (file, "path"));
  const char *problem
    = json_string_value (json_object_get (json_object_get (said, "problem"), "message"));

  if (problem)
    return fettle_error_set (err, FETTLE_E_CONFIG, "%s", problem);
  if (path) {
    json_object_set (l->files, path, file);
    json_object_del (file, "path");
  }
  if (json_object_get (said, "files"))
    l->complete = true;
  return paper ? take_paper (l, paper, err) : FETTLE_OK;
}

static fettle_result
take_all (struct list *l, FILE *in, struct fettle_error *err)
{
  _cleanup_free_ char *line = NULL;
  size_t room = 0;
  fettle_result r = FETTLE_OK;

  while (!r && getline (&line, &room, in) > 0)
    r = take_line (l, line, err);
  if (!r && !l->complete)
    r = fettle_error_set (err, FETTLE_E_CONFIG, "it couldn't be read to its end");
  return r;
}

fettle_result
fettle_list_files (const struct fettle_cli *cli, const char *folder, json_t **ret_files,
                   struct fettle_papers *ret_papers, struct fettle_error *err)
{
  _cleanup_json_ json_t *files = json_object ();
  struct list l = { .files = files, .papers = ret_papers };
  const char *const argv[] = { "fettle-scan", "--files", folder, NULL };
  FILE *in;
  pid_t pid;
  int fd;
  fettle_result r = fettle_spawn (cli->settings.libexecdir, argv, NULL, 0, &pid, &fd, err);

  if (r)
    return r;
  in = fdopen (fd, "r");
  if (!in)
    abort (); /* no memory */
  r = take_all (&l, in, err);
  fclose (in);
  fettle_spawn_wait (pid);
  if (r)
    return fettle_error_prefix (err, "reading %.400s: ", folder);
  *ret_files = STEAL (files);
  return FETTLE_OK;
}
