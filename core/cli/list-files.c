/* list-files.c - fettle-scan --files: it does the reading here too, so that
 * what is signed is what the service will find.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "util/base.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <openssl/evp.h>
#include <spawn.h>
#include <sys/wait.h>

#include "cli/sign.h"

extern char **environ;

struct list {
  json_t *files;
  struct fettle_papers *papers;
  bool complete;
};

static fettle_result
start (const struct fettle_cli *cli, const char *folder, FILE **ret, pid_t *ret_pid,
       struct fettle_error *err)
{
  char program[PATH_MAX];
  char *const argv[] = { program, (char *) (uintptr_t) "--files", (char *) (uintptr_t) folder, NULL };
  posix_spawn_file_actions_t actions;
  int ends[2], r;

  snprintf (program, sizeof program, "%s/fettle-scan", cli->settings.libexecdir);
  if (pipe2 (ends, O_CLOEXEC))
    return fettle_error_errno (err, FETTLE_E_INTERNAL, "making a pipe");
  posix_spawn_file_actions_init (&actions);
  posix_spawn_file_actions_adddup2 (&actions, ends[1], 1);
  r = posix_spawn (ret_pid, program, &actions, NULL, argv, environ);
  posix_spawn_file_actions_destroy (&actions);
  close (ends[1]);
  *ret = r ? NULL : fdopen (ends[0], "r");
  if (*ret)
    return FETTLE_OK;
  close (ends[0]);
  return fettle_error_set (err, FETTLE_E_INTERNAL, "starting %s: %s", program, strerror (r));
}

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
  FILE *in;
  pid_t pid;
  fettle_result r = start (cli, folder, &in, &pid, err);

  if (r)
    return r;
  r = take_all (&l, in, err);
  fclose (in);
  while (waitpid (pid, NULL, 0) < 0 && errno == EINTR)
    continue;
  if (r)
    return fettle_error_prefix (err, "reading %.400s: ", folder);
  *ret_files = STEAL (files);
  return FETTLE_OK;
}
