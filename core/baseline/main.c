/* fettle-scan PATH - reads the components of a folder or an archive, writes
 * JSON lines on stdout (scan.h).  A process of its own, since it parses foreign files: it
 * opens the path, gives up what it doesn't need, and only then looks in.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "util/base.h"

#include <fcntl.h>
#include <locale.h>
#include <signal.h>
#include <sys/stat.h>

#include "baseline/cache.h"
#include "baseline/confine.h"
#include "baseline/describe.h"
#include "baseline/hasher.h"
#include "baseline/papers.h"
#include "baseline/rpm.h"
#include "baseline/scan.h"
#include "baseline/tree.h"
#include "baseline/unpack.h"
#include "baseline/vendor.h"
#include "model/component.h"
#include "util/file.h"
#include "util/text.h"

enum { EXIT_INPUT = 254, EXIT_GENERAL = 255 };

static const char *vendor_keys; /* a file of them; NULL */

/* What libraries load at first use must be loaded while they still can. */
static fettle_result
warm_up (struct fettle_error *err)
{
  char digest[FETTLE_SHA256_TEXT];

  fettle_sha256 ("", 0, digest);
  fettle_rpm_init ();
  return vendor_keys ? fettle_vendor_keys_load (vendor_keys, err) : FETTLE_OK;
}

static fettle_result
open_path (const char *path, int *ret_fd, bool *ret_folder, struct fettle_error *err)
{
  int fd = open (path, O_RDONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
  struct stat st;

  if (fd < 0 || fstat (fd, &st)) {
    fettle_error_errno (err, FETTLE_E_CONFIG, "%s can't be read", path);
  } else if (!S_ISDIR (st.st_mode) && !S_ISREG (st.st_mode)) {
    fettle_error_set (err, FETTLE_E_CONFIG, "%s isn't a folder or a file", path);
  } else {
    *ret_fd = fd;
    *ret_folder = S_ISDIR (st.st_mode);
    return FETTLE_OK;
  }
  if (fd >= 0)
    close (fd);
  return err->code;
}

static fettle_result
read_all (const char *path,
          fettle_result (*work) (int fd, const char *name, FILE *out, struct fettle_error *),
          struct fettle_error *err)
{
  const char *slash = strrchr (path, '/');
  _cleanup_close_ int fd = -1;
  bool folder;
  fettle_result r = open_path (path, &fd, &folder, err);

  if (r)
    return r;
  r = warm_up (err);
  if (!r)
    r = fettle_confine (folder ? fd : -1, 0, fettle_hasher_start, err);
  if (!r)
    r = work (fd, slash && slash[1] ? slash + 1 : path, stdout, err);
  return r;
}

static fettle_result
all_anew (int fd, const char *name, FILE *out, struct fettle_error *err)
{
  return fettle_scan (fd, name, NULL, out, err);
}

static fettle_result
what_changed (int fd, const char *name, FILE *out, struct fettle_error *err)
{
  struct fettle_cache *cache = fettle_cache_open (3);
  fettle_result r = fettle_scan (fd, name, cache, out, err);

  fettle_cache_free (cache);
  return r;
}

static fettle_result
scan (char **words, struct fettle_error *err)
{
  return read_all (words[0], all_anew, err);
}

static fettle_result
scan_again (char **words, struct fettle_error *err)
{
  return read_all (words[0], what_changed, err);
}

static fettle_result
list_files (char **words, struct fettle_error *err)
{
  return read_all (words[0], fettle_scan_files_alone, err);
}

static fettle_result
describe (char **words, struct fettle_error *err)
{
  const char *slash = strrchr (words[0], '/');
  bool folder;
  fettle_result r;
  int fd;

  r = open_path (words[0], &fd, &folder, err);
  if (!r && folder) {
    close (fd);
    r = fettle_error_set (err, FETTLE_E_CONFIG, "%s is a folder: describe its files", words[0]);
  }
  if (r)
    return r;
  r = warm_up (err);
  if (!r)
    r = fettle_confine (-1, 0, NULL, err);
  return r ? r : fettle_describe (fd, slash ? slash + 1 : words[0], stdout, err);
}

static fettle_result
unpack (char **words, struct fettle_error *err)
{
  _cleanup_close_ int fd = -1;
  bool folder;
  fettle_result r = open_path (words[0], &fd, &folder, err);

  if (!r)
    r = fettle_confine (-1, 0, NULL, err);
  return r ? r : fettle_unpack_member (fd, words[1], 1, err);
}

static fettle_result
unpack_tree (char **words, struct fettle_error *err)
{
  _cleanup_close_ int fd = -1;
  bool folder;
  fettle_result r = open_path (words[0], &fd, &folder, err);

  if (!r)
    r = warm_up (err);
  if (!r)
    r = fettle_confine (folder ? fd : -1, 0, NULL, err);
  return r ? r : fettle_tree_write (fd, words[1], stdout, err);
}

static fettle_result
keep (char **words, struct fettle_error *err)
{
  uint64_t size;
  fettle_result r;

  if (!fettle_parse_uint (words[0], 0, FETTLE_COMPONENT_SIZE_MAX, &size))
    return fettle_error_set (err, FETTLE_E_CONFIG, "%s isn't a size", words[0]);
  fettle_sha256 ("", 0, (char[FETTLE_SHA256_TEXT]) { 0 }); /* loaded while it can be */
  r = fettle_confine (-1, size, NULL, err);
  return r ? r : fettle_unpack_keep (0, 1, size, words[1], err);
}

static const struct {
  const char *option;
  int words;
  fettle_result (*run) (char **words, struct fettle_error *);
  const char *done; /* what is said on descriptor 3, since data is on stdout */
} modes[] = {
  { NULL,       1, scan,       NULL },
  { "--cache",  1, scan_again, NULL },
  { "--files",  1, list_files, NULL },
  { "--describe", 1, describe, NULL },
  { "--unpack", 2, unpack,     "unpacked" },
  { "--tree",   2, unpack_tree, "unpacked" },
  { "--keep",   2, keep,       "kept" },
};

static int
usage (void)
{
  fputs ("usage: fettle-scan [--keys FILE] [--cache] PATH\n"
         "       fettle-scan --files PATH\n"
         "       fettle-scan --describe FILE\n"
         "       fettle-scan --unpack ARCHIVE MEMBER\n"
         "       fettle-scan --tree PATH FOLDER\n"
         "       fettle-scan --keep SIZE SHA256\n"
         "Reads the components of a folder or an archive; lists what there is to sign; unpacks a file or a folder; passes it on if it is\n"
         "the right one.  Fettle's service runs it.\n", stderr);
  return EXIT_INPUT;
}

#if FETTLE_ASAN
/* Confined, it can't be looked through for leaks; the unit tests' processes can. */
int __lsan_is_turned_off (void);

int
__lsan_is_turned_off (void)
{
  return 1;
}
#endif

static int
ended (const char *done, bool describes, fettle_result r, const struct fettle_error *err)
{
  _cleanup_fclose_ FILE *status = done ? fdopen (3, "w") : NULL;

  if (status)
    fettle_scan_line (status, r ? "problem" : done, r ? json_string (err->text) : json_true ());
  if (!r)
    return 0;
  fprintf (stderr, "fettle-scan: %s\n", err->text);
  if (!done && !describes)
    fettle_scan_line (stdout, "problem",
                      json_pack ("{s:s, s:s}", "file", ".", "message", err->text));
  return r == FETTLE_E_CONFIG ? EXIT_INPUT : EXIT_GENERAL;
}

int
main (int argc, char **argv)
{
  struct fettle_error err;

  signal (SIGXFSZ, SIG_IGN); /* the limit on files is an error of a write */
  /* Names in packages may be UTF-8, whatever the user's language is. */
  if (!setlocale (LC_CTYPE, "C.UTF-8"))
    setlocale (LC_CTYPE, "");
  if (argc > 2 && strcmp (argv[1], "--keys") == 0) {
    vendor_keys = argv[2];
    argv += 2;
    argc -= 2;
  }
  for (size_t i = 0; i < COUNT (modes); i++) {
    int first = modes[i].option ? 2 : 1;
    bool meant = modes[i].option ? argc > 1 && strcmp (argv[1], modes[i].option) == 0
                                 : argc > 1 && argv[1][0] != '-';

    if (meant && argc == first + modes[i].words)
      return ended (modes[i].done, modes[i].run == describe, modes[i].run (argv + first, &err), &err);
  }
  return usage ();
}
