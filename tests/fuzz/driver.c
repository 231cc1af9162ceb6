/* A fuzz target as an ordinary test: its corpus, then a second of mutations of
 * it, always the same ones.  `make check-fuzz` gives the same targets to
 * libFuzzer instead, which has a main of its own.  A target is a file NAME.c
 * here, a folder corpus/NAME, and what local.mk says of it.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef FETTLE_LIBFUZZER
#include "util/base.h"

#include <dirent.h>
#include <time.h>

#include "fuzz/fuzz.h"
#include "util/file.h"

enum { SEEDS_MAX = 256, INPUT_MAX = 1 << 16 };

static struct fettle_buf seeds[SEEDS_MAX];
static size_t n_seeds;
static uint64_t random_state = 88172645463325252u;

static size_t
dice (size_t n)
{
  random_state ^= random_state << 13;
  random_state ^= random_state >> 7;
  random_state ^= random_state << 17;
  return n ? (size_t) (random_state % n) : 0;
}

static bool
read_corpus (const char *name)
{
  char folder[4096], path[8192];
  struct dirent *e;
  DIR *dir;

  snprintf (folder, sizeof folder, "%s/fuzz/corpus/%s", getenv ("srcdir") ? getenv ("srcdir") : ".",
            name);
  dir = opendir (folder);
  while (dir && (e = readdir (dir)) && n_seeds < SEEDS_MAX) {
    struct fettle_error err;

    if (e->d_name[0] == '.')
      continue;
    snprintf (path, sizeof path, "%s/%s", folder, e->d_name);
    seeds[n_seeds] = (struct fettle_buf) FETTLE_BUF_INIT (INPUT_MAX);
    if (fettle_file_read (path, &seeds[n_seeds], &err))
      return false;
    n_seeds++;
  }
  if (dir)
    closedir (dir);
  return n_seeds > 0;
}

/* In memory of its exact size, so that a sanitizer sees a read behind it. */
static void
feed (const void *data, size_t size)
{
  uint8_t *exact = malloc (size ? size : 1);

  if (size)
    memcpy (exact, data, size);
  LLVMFuzzerTestOneInput (exact, size);
  free (exact);
}

static size_t
mutate_once (char *data, size_t n)
{
  static const char interesting[] = "\0\n\r\t \"\\~^:-+.{}[]();=,@#<&\x7f\x80\xff"
                                    "09azAZ";
  size_t at = dice (n), length = 1 + dice (n - at < 32 ? n - at : 32), to = dice (n);
  const struct fettle_buf *other = &seeds[dice (n_seeds)];

  switch (dice (6)) {
  case 0:
    data[at] ^= (char) (1 << dice (8));
    break;
  case 1:
    data[at] = interesting[dice (sizeof interesting - 1)];
    break;
  case 2: /* a piece goes */
    memmove (data + at, data + at + length, n - at - length);
    return n - length;
  case 3: /* a piece comes again */
    if (n + length > INPUT_MAX)
      break;
    memmove (data + to + length, data + to, n - to);
    memmove (data + to, data + (at < to ? at : at + length < n ? at + length : at), length);
    return n + length;
  case 4: /* something from elsewhere */
    if (other->size < length)
      break;
    memcpy (data + at, other->data + dice (other->size - length), length);
    break;
  default:
    return at + 1; /* cut */
  }
  return n;
}

static uint64_t
now_ms (void)
{
  struct timespec t;

  clock_gettime (CLOCK_MONOTONIC, &t);
  return (uint64_t) t.tv_sec * 1000 + (uint64_t) t.tv_nsec / 1000000;
}

int
main (int argc FETTLE_UNUSED, char **argv)
{
  const char *slash = strrchr (argv[0], '/'), *name = slash ? slash + 1 : argv[0];
  char *data = calloc (2, INPUT_MAX);
  uint64_t end;
  unsigned long runs = 0;

  name += strncmp (name, "lt-", 3) == 0 ? 3 : 0;
  puts ("1..2");
  if (!data || !read_corpus (name)) {
    printf ("not ok 1 - fuzz/corpus/%s can't be read\n", name);
    return 1;
  }
  alarm (120); /* a hang is a failure */
  for (size_t i = 0; i < n_seeds; i++)
    feed (seeds[i].data, seeds[i].size);
  printf ("ok 1 - %s: %zu files of the corpus\n", name, n_seeds);
  fflush (stdout);
  for (end = now_ms () + 1000; now_ms () < end; runs++) {
    const struct fettle_buf *seed = &seeds[dice (n_seeds)];
    size_t n = seed->size;

    memcpy (data, fettle_buf_text (seed), n);
    for (size_t times = 1 + dice (8); times && n; times--)
      n = mutate_once (data, n);
    feed (data, n);
  }
  printf ("ok 2 - %s: %lu mutations\n", name, runs);
  for (size_t i = 0; i < n_seeds; i++)
    fettle_buf_clear (&seeds[i]);
  free (data);
  return 0;
}
#endif
