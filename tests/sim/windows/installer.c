/* installer.c - an installer as components bring them, for the tests: what it does
 * is chosen by its own file name, or by the file installer.txt beside it, in words
 * between points:
 *
 *   cp012345.exit-3.ms-500.lines-20.exe
 *
 *   exit-N       ends with this exit code (0)
 *   ms-N         takes so long (0)
 *   lines-N      writes so many lines (1), every other one on standard error
 *   bytes-N      writes as many bytes as well
 *   version-X    if it ends with 0, 1 or 3, X (with - for .) is the version of "Test Agent" among
 *                the installed programs from now on: asked for in C:\node\import.reg, since
 *                the registry that the network sees is Samba's, not Wine's
 *   pending      so that Windows waits for a restart from now on
 *   mark         makes C:\node\installed, with its arguments in it, a line each run
 *   child        starts a child that would run for an hour
 *   hang         never ends
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include <windows.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define CURRENT "SOFTWARE\\Microsoft\\Windows\\CurrentVersion\\"

struct plan {
  unsigned long exit, ms, lines, bytes;
  char version[64];
  int mark, child, hang, pending;
};

static void
read_word (struct plan *p, char *word)
{
  char *value = strchr (word, '-');

  if (!strcmp (word, "mark"))
    p->mark = 1;
  else if (!strcmp (word, "child"))
    p->child = 1;
  else if (!strcmp (word, "hang"))
    p->hang = 1;
  else if (!strcmp (word, "pending"))
    p->pending = 1;
  if (!value)
    return;
  *value++ = 0;
  if (!strcmp (word, "exit"))
    p->exit = strtoul (value, NULL, 10);
  else if (!strcmp (word, "ms"))
    p->ms = strtoul (value, NULL, 10);
  else if (!strcmp (word, "lines"))
    p->lines = strtoul (value, NULL, 10);
  else if (!strcmp (word, "bytes"))
    p->bytes = strtoul (value, NULL, 10);
  else if (!strcmp (word, "version")) {
    snprintf (p->version, sizeof p->version, "%s", value);
    for (value = p->version; *value; value++)
      if (*value == '-')
        *value = '.';
  }
}

static void
read_words (struct plan *p, char *text)
{
  char *word;

  for (word = strtok (text, ".\\/ \r\n"); word; word = strtok (NULL, ".\\/ \r\n"))
    read_word (p, word);
}

/* The folder of the program is no word: only what stands behind the last \. */
static void
read_plan (struct plan *p, char *self)
{
  char beside[MAX_PATH + 16], text[512];
  char *name = strrchr (self, '\\');
  FILE *f;

  snprintf (beside, sizeof beside, "%.*sinstaller.txt", name ? (int) (name + 1 - self) : 0, self);
  read_words (p, name ? name + 1 : self);
  f = fopen (beside, "r");
  if (!f)
    return;
  text[fread (text, 1, sizeof text - 1, f)] = 0;
  fclose (f);
  read_words (p, text);
}

static void
start_child (char *self)
{
  STARTUPINFOA start = { .cb = sizeof start };
  PROCESS_INFORMATION child;
  char command[MAX_PATH + 16];

  snprintf (command, sizeof command, "\"%s\" sleep", self);
  if (CreateProcessA (self, command, NULL, NULL, TRUE, 0, NULL, NULL, &start, &child)) {
    CloseHandle (child.hThread);
    CloseHandle (child.hProcess);
  }
}

static void
note (const struct plan *p, const char *arguments)
{
  FILE *f = p->mark ? fopen ("C:\\node\\installed", "a") : NULL;

  if (f) {
    fprintf (f, "%lu %s\n", p->exit, arguments);
    fclose (f);
  }
  f = (p->version[0] || p->pending) && (p->exit <= 1 || p->exit == 3) ? fopen ("C:\\node\\import.reg", "w") : NULL;
  if (!f)
    return;
  fprintf (f, "Windows Registry Editor Version 5.00\r\n\r\n");
  if (p->version[0])
    fprintf (f, "[HKEY_LOCAL_MACHINE\\" CURRENT "Uninstall\\Test Agent]\r\n\"DisplayVersion\"=\"%s\"\r\n\r\n", p->version);
  if (p->pending)
    fprintf (f, "[HKEY_LOCAL_MACHINE\\" CURRENT "Component Based Servicing\\RebootPending]\r\n");
  fclose (f);
}

int
main (int argc, char **argv)
{
  struct plan p = { .lines = 1 };
  char self[MAX_PATH];
  unsigned long i;

  if (!GetModuleFileNameA (NULL, self, sizeof self))
    return 99;
  if (argc == 2 && !strcmp (argv[1], "sleep")) {
    Sleep (3600 * 1000);
    return 0;
  }
  {
    char words[MAX_PATH];

    memcpy (words, self, sizeof words);
    read_plan (&p, words);
  }
  for (i = 0; i < p.lines; i++) {
    fprintf (i % 2 ? stderr : stdout, "installer: line %lu of %lu\n", i + 1, p.lines);
    fflush (stdout);
  }
  for (i = 0; i < p.bytes; i++)
    putchar (i % 80 == 79 ? '\n' : 'x');
  fflush (stdout);
  if (p.child)
    start_child (self);
  Sleep (p.hang ? INFINITE : p.ms);
  note (&p, argc > 1 ? argv[1] : "");
  printf ("installer: ends with %lu\n", p.exit);
  return (int) p.exit;
}
