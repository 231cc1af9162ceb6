/* plugin-new.c - fettle plugin new: a plugin of one's own, from sdk/template.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "util/base.h"

#include <errno.h>
#include <limits.h>
#include <sys/stat.h>

#include "cli/cli.h"
#include "cli/plugin-template.h"
#include "util/buf.h"
#include "util/file.h"

enum { FILE_MAX = 65536, NAME_MAX_BYTES = 32, TITLE_MAX = 40 };

static const struct {
  const char *name; /* in its folder */
  const char *text;
  mode_t mode;
} files[] = {
  { "README.md",       fettle_template_README_md,      0644 },
  { "configure.ac",    fettle_template_configure_ac,   0644 },
  { "Makefile.am",     fettle_template_Makefile_am,    0644 },
  { "CMakeLists.txt",  fettle_template_CMakeLists_txt, 0644 },
  { "@name@.c",        fettle_template_plugin_c,       0644 },
  { "@name@.quirks",   fettle_template_plugin_quirks,  0644 },
  { "fettle-@name@.7", fettle_template_plugin_7,       0644 },
  { "check.sh",        fettle_template_check_sh,       0755 },
  { "emulator.py",     fettle_template_emulator_py,    0755 },
};

/* What the words between @ stand for. */
struct words {
  char name[NAME_MAX_BYTES + 1];  /* of the plugin: a_b */
  char type[NAME_MAX_BYTES + 1];  /* of its node type: a-b */
  char upper[NAME_MAX_BYTES + 1]; /* of its manual: A_B */
  char title[TITLE_MAX + 1];
  const char *license;
};

static bool
fill (struct fettle_buf *to, const char *text, const struct words *w)
{
  const struct { const char *word, *value; } all[] = {
    { "@name@", w->name }, { "@type@", w->type }, { "@NAME@", w->upper }, { "@title@", w->title },
    { "@license@", w->license },
  };
  bool ok = true;

  while (ok && *text) {
    size_t n = strcspn (text, "@"), i = 0;

    ok = fettle_buf_add (to, text, n);
    text += n;
    while (i < COUNT (all) && strncmp (text, all[i].word, strlen (all[i].word)) != 0)
      i++;
    if (i < COUNT (all)) {
      ok = ok && fettle_buf_text_add (to, all[i].value);
      text += strlen (all[i].word);
    } else if (*text)
      ok = ok && fettle_buf_add (to, text++, 1);
  }
  return ok;
}

static fettle_result
write_file (const char *folder, size_t i, const struct words *w, struct fettle_error *err)
{
  _cleanup_ (fettle_buf_clear) struct fettle_buf name = FETTLE_BUF_INIT (PATH_MAX);
  _cleanup_ (fettle_buf_clear) struct fettle_buf text = FETTLE_BUF_INIT (FILE_MAX);

  if (!fettle_buf_text_add (&name, folder) || !fettle_buf_text_add (&name, "/") || !fill (&name, files[i].name, w)
      || !fill (&text, files[i].text, w))
    return fettle_error_set (err, FETTLE_E_CONFIG, "the folder's name is too long");
  return fettle_file_write (fettle_buf_text (&name), files[i].mode, text.data, text.size, err);
}

/* ---- What is asked for ---- */

static bool
set_name (struct words *w, const char *name)
{
  static const char small[] = "abcdefghijklmnopqrstuvwxyz";
  size_t n = strlen (name);

  if (n == 0 || n > NAME_MAX_BYTES || !strchr (small, *name)
      || strspn (name, "abcdefghijklmnopqrstuvwxyz0123456789_") != n)
    return false;
  for (size_t i = 0; i <= n; i++) {
    w->name[i] = name[i];
    w->type[i] = name[i] == '_' ? '-' : name[i];
    w->upper[i] = name[i] >= 'a' && name[i] <= 'z' ? (char) (name[i] - 'a' + 'A') : name[i];
  }
  memcpy (w->title, w->name, n + 1);
  w->title[0] = w->upper[0];
  return true;
}

/* It comes to stand in C, in a manual, in a makefile. */
static bool
is_plain (const char *text)
{
  for (const char *p = text; *p; p++)
    if (!(*p >= 'a' && *p <= 'z') && !(*p >= 'A' && *p <= 'Z') && !(*p >= '0' && *p <= '9') && !strchr (" .+-()", *p))
      return false;
  return *text && *text != ' ' && *text != '.' && strlen (text) <= TITLE_MAX;
}

static int
make_plugin (const char *folder, const struct words *w)
{
  struct fettle_error err;

  if (mkdir (folder, 0777)) {
    fettle_error_errno (&err, FETTLE_E_CONFIG, errno == EEXIST ? "making the folder %s (--dir DIR is another one)"
                                                               : "making the folder %s", folder);
    return fettle_cli_fail (&err);
  }
  for (size_t i = 0; i < COUNT (files); i++)
    if (write_file (folder, i, w, &err))
      return fettle_cli_fail (&err);
  return FETTLE_EXIT_DONE;
}

static int
run_new (struct fettle_cli *cli, const struct fettle_args *args)
{
  const char *title = fettle_args_value (args, "title"), *license = fettle_args_value (args, "license");
  const char *folder = fettle_args_value (args, "dir");
  struct words w = { .license = license ? license : "Apache-2.0 OR BSD-2-Clause" };
  char usual[NAME_MAX_BYTES + sizeof "fettle-"];
  int status;

  if (!set_name (&w, args->words[0]))
    return fettle_cli_usage ("the name of a plugin is [a-z][a-z0-9_]*, at most %d long, not \"%.64s\"", NAME_MAX_BYTES,
                             args->words[0]);
  if (title && !is_plain (title))
    return fettle_cli_usage ("--title takes up to %d letters, digits, spaces and . + - ( ), not \"%.64s\"", TITLE_MAX,
                             title);
  if (!is_plain (w.license))
    return fettle_cli_usage ("--license takes an SPDX identifier like BSD-2-Clause, not \"%.64s\"", w.license);
  if (title)
    snprintf (w.title, sizeof w.title, "%s", title);
  snprintf (usual, sizeof usual, "fettle-%s", w.name);
  folder = folder ? folder : usual;
  status = make_plugin (folder, &w);
  if (status == FETTLE_EXIT_DONE)
    fettle_cli_notice (cli, "the plugin %s is in %s; its README.md says how to build it", w.name, folder);
  return status;
}

static const struct fettle_option new_options[] = {
  { "dir",     0, "DIR",   "make this folder for it (fettle-NAME)" },
  { "title",   0, "TITLE", "what tables call its nodes (the name)" },
  { "license", 0, "SPDX",  "licence of its files (Apache-2.0 OR BSD-2-Clause)" },
  { NULL, 0, NULL, NULL },
};

const struct fettle_command fettle_command_plugin_new = {
  "plugin", "new", "NAME", 1, 1, "begin a plugin of your own, which builds and passes the check", 0,
  FETTLE_FORMAT_TEXT, new_options, run_new,
};
