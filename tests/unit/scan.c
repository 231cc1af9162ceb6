/* Parts of fettle-scan: control files, names of files, confinement.  The whole
 * is in integration/scan.sh.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "util/base.h"

#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#include <cmocka.h>

#include "baseline/confine.h"
#include "baseline/deb-control.h"
#include "baseline/kinds.h"
#include "baseline/scan.h"
#include "baseline/walk.h"

static void
test_control (void **state FETTLE_UNUSED)
{
  static const char text[] = "package: libfoo\nVERSION: 1:2.0~rc1-3+b1\nArchitecture: amd64\n"
                             "Depends: libc6 (>= 2.3),\n\tlibbar\nDescription: short \n long\n\n\n";
  _cleanup_ (fettle_component_clear) struct fettle_component c = { 0 };
  struct fettle_error err;

  assert_int_equal (fettle_deb_control_parse (text, strlen (text), &c, &err), FETTLE_OK);
  assert_string_equal (c.name, "libfoo");
  assert_string_equal (c.match, "deb:libfoo");
  assert_string_equal (c.version, "1:2.0~rc1-3+b1");
  assert_string_equal (c.arch, "amd64");
  assert_string_equal (c.summary, "short");
}

static fettle_result
parse (const char *text, size_t size, struct fettle_error *err)
{
  _cleanup_ (fettle_component_clear) struct fettle_component c = { 0 };

  return fettle_deb_control_parse (text, size, &c, err);
}

/* Limits: size, number of fields, length of a name and of a value. */
static void
test_control_limits (void **state FETTLE_UNUSED)
{
  size_t max = FETTLE_DEB_CONTROL_MAX + 1;
  _cleanup_free_ char *text = malloc (max + 64);
  struct fettle_error err;
  size_t n = 0;

  assert_non_null (text);
  memset (text, ' ', max);
  assert_int_equal (parse (text, max, &err), FETTLE_E_CONFIG);
  assert_non_null (strstr (err.text, "larger"));
  assert_int_equal (parse ("", 0, &err), FETTLE_E_CONFIG);
  assert_non_null (strstr (err.text, "no Package"));

  for (int i = 0; i < 201; i++)
    n += (size_t) snprintf (text + n, max - n, "X-%d: y\n", i);
  assert_int_equal (parse (text, n, &err), FETTLE_E_CONFIG);
  assert_non_null (strstr (err.text, "more than 200 fields"));

  memset (text, 'a', 100);
  snprintf (text + 100, 64, ": x\n");
  assert_int_equal (parse (text, 104, &err), FETTLE_E_CONFIG);
  assert_non_null (strstr (err.text, "isn't a field"));

  n = (size_t) snprintf (text, max, "Package: ");
  memset (text + n, 'a', 5000);
  assert_int_equal (parse (text, n + 5000, &err), FETTLE_E_CONFIG);
  assert_non_null (strstr (err.text, "longer"));
}

static void
test_kinds (void **state FETTLE_UNUSED)
{
  static const struct {
    const char *path;
    enum fettle_file_kind kind;
  } table[] = {
    { "a/b_1.0_all.deb",          FETTLE_FILE_DEB },
    { "x.rpm",                    FETTLE_FILE_RPM },
    { "x.deb.component.cfg",      FETTLE_FILE_SIDE },
    { "CP1.scexe",                FETTLE_FILE_SCEXE },
    { "CP1.exe",                  FETTLE_FILE_OTHER },
    { "a.FWPKG",                  FETTLE_FILE_FWPKG },
    { "a.cab",                    FETTLE_FILE_CAB },
    { "a.vib",                    FETTLE_FILE_VIB },
    { "a.tar.gz",                 FETTLE_FILE_ARCHIVE },
    { "a.ISO",                    FETTLE_FILE_ARCHIVE },
    { "v7.4.1d/release.plist",    FETTLE_FILE_PLIST },
    { "manifest/manifest.json",   FETTLE_FILE_JSON },
    { "Catalog.xml.gz",           FETTLE_FILE_XML },
    { "ilo5_278.bin",             FETTLE_FILE_OTHER },
    { "deb",                      FETTLE_FILE_OTHER },
    { ".deb",                     FETTLE_FILE_OTHER },
    { "README",                   FETTLE_FILE_PAPERS },
    { "Release Notes.PDF",        FETTLE_FILE_PAPERS },
    { "pool/Packages.gz",         FETTLE_FILE_PAPERS },
    { "SHA256SUMS",               FETTLE_FILE_PAPERS },
    { "repodata/abc-primary.bin", FETTLE_FILE_PAPERS },
    { "x/repodata/y",             FETTLE_FILE_PAPERS },
    { "CP1.compsig",              FETTLE_FILE_PAPERS },
  };

  for (size_t i = 0; i < COUNT (table); i++)
    if (fettle_file_kind (table[i].path) != table[i].kind)
      fail_msg ("%s", table[i].path);
}

/* ---- what a confined process can still do ---- */

static char folder[] = "/tmp/fettle-scan.XXXXXX";

static void
make_file (const char *name)
{
  char path[4096];
  int fd;

  snprintf (path, sizeof path, "%s/%s", folder, name);
  fd = open (path, O_CREAT | O_WRONLY | O_CLOEXEC, 0600);
  assert_true (fd >= 0);
  close (fd);
}

static void
fill_file (const char *name, const char *text)
{
  char path[4096];
  struct fettle_error err;

  snprintf (path, sizeof path, "%s/%s", folder, name);
  assert_int_equal (fettle_file_write (path, 0600, text, strlen (text), &err), FETTLE_OK);
}

static void
remove_file (const char *name)
{
  char path[4096];

  snprintf (path, sizeof path, "%s/%s", folder, name);
  unlink (path);
}

static bool
can_read (const char *path)
{
  _cleanup_close_ int fd = open (path, O_RDONLY | O_CLOEXEC);

  return fd >= 0;
}

/* Runs in a child; its exit status is the first claim that isn't so. */
static int
claims (int dir, bool landlock)
{
  _cleanup_close_ int inside = openat (dir, "file", O_RDONLY | O_CLOEXEC);
  _cleanup_close_ int written = -1;
  void *much;

  if (inside < 0)
    return 10;
  if (landlock) {
    if (can_read ("/etc/passwd"))
      return 11;
    written = openat (dir, "new", O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
    if (written >= 0)
      return 12;
    if (execl ("/bin/true", "true", (char *) NULL) == 0 || errno != EACCES)
      return 13;
  }
  much = mmap (NULL, (size_t) 4 << 30, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  if (!FETTLE_ASAN && much != MAP_FAILED)
    return 14;
  if (chroot ("/") == 0)
    return 15;
  return 0;
}

static void
test_confined (void **state FETTLE_UNUSED)
{
  bool landlock = syscall (SYS_landlock_create_ruleset, NULL, 0, 1) >= 1;
  struct fettle_error err;
  int dir, status;
  pid_t pid;

  if (getenv ("TAP_UNDER")) /* valgrind knows nothing of Landlock, and maps for itself */
    skip ();
  assert_non_null (mkdtemp (folder));
  make_file ("file");
  dir = open (folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  assert_true (dir >= 0);
  pid = fork ();
  if (pid == 0)
    _exit (fettle_confine (dir, 0, NULL, &err) ? 1 : claims (dir, landlock));
  assert_int_equal (waitpid (pid, &status, 0), pid);
  remove_file ("file");
  remove_file ("new");
  rmdir (folder);
  close (dir);
  assert_true (WIFEXITED (status));
  assert_int_equal (WEXITSTATUS (status), 0);
  if (!landlock)
    print_message ("this kernel has no Landlock: files outside weren't tried\n");
}

static void
test_walk_sorted (void **state FETTLE_UNUSED)
{
  static const char *const names[] = { "c", "a", "b.deb", "a-b", "B" };
  static const char *const sorted[] = { "B", "a", "a-b", "b.deb", "c" };
  struct fettle_walk walk = { 0 };
  struct fettle_error err;
  int dir;

  snprintf (folder + strlen (folder) - 6, 7, "XXXXXX");
  assert_non_null (mkdtemp (folder));
  for (size_t i = 0; i < COUNT (names); i++)
    make_file (names[i]);
  dir = open (folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  assert_int_equal (fettle_walk (dir, &walk, &err), FETTLE_OK);
  for (size_t i = 0; i < COUNT (names); i++)
    remove_file (names[i]);
  rmdir (folder);
  close (dir);
  assert_int_equal (walk.n, COUNT (sorted));
  for (size_t i = 0; i < COUNT (sorted); i++)
    assert_string_equal (walk.entries[i].path, sorted[i]);
  fettle_walk_clear (&walk);
}

/* All of it in this process, where a sanitizer sees what isn't freed. */
static void
test_whole_scan (void **state FETTLE_UNUSED)
{
  static const struct {
    const char *name, *text;
  } files[] = {
    { "x.bin",               "payload" },
    { "x.sig",               "more" },
    { "x.bin.component.cfg", "name=\"a\";version=\"1\";format=\"raw\";kind=\"os\";match=(\"a\",\"b\");"
                             "files=\"x.sig\";prerequisites=({match=\"c\";});node_types=\"linux\";" },
    { "y.bin",               "payload" },
    { "y.bin.component.cfg", "name=\"a\";match=\"c\";colour=1;" },
    { "z.deb",               "!<arch>\ndebian-binary   0           0     0     100644  4         `\n2.0\n" },
    { "z.rpm",               "not one" },
  };
  char *text = NULL;
  size_t size;
  FILE *out = open_memstream (&text, &size);
  struct fettle_error err;
  int dir;

  snprintf (folder + strlen (folder) - 6, 7, "XXXXXX");
  assert_non_null (mkdtemp (folder));
  for (size_t i = 0; i < COUNT (files); i++)
    fill_file (files[i].name, files[i].text);
  dir = open (folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  assert_int_equal (fettle_scan (dir, "scan", NULL, out, &err), FETTLE_OK);
  close (dir);
  for (size_t i = 0; i < COUNT (files); i++)
    remove_file (files[i].name);
  rmdir (folder);
  fclose (out);
  assert_non_null (strstr (text, "\"match\":\"a b\""));
  assert_non_null (strstr (text, "{\"done\":{\"components\":1,\"problems\":3}}"));
  free (text);
}

int
main (void)
{
  const struct CMUnitTest tests[] = {
    cmocka_unit_test (test_control),  cmocka_unit_test (test_control_limits),
    cmocka_unit_test (test_kinds),    cmocka_unit_test (test_confined),
    cmocka_unit_test (test_walk_sorted), cmocka_unit_test (test_whole_scan),
  };

  return cmocka_run_group_tests (tests, NULL, NULL);
}
