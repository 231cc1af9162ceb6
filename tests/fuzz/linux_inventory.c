/* linux-inventory.c - what a hostile node can say to the Linux plugin.
 *
 * For libFuzzer (-fsanitize=fuzzer) it is LLVMFuzzerTestOneInput alone; with
 * FUZZ_MAIN it is a test that reads the corpus, and for a second mutations of
 * it: fuzz/linux-inventory [FOLDER].
 *
 * Sources: ../plugins/linux/parse.c ../plugins/linux/items.c ../plugins/linux/fwupd.c
 *          ../plugins/linux/text.c
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../../plugins/linux/inventory.h"

int LLVMFuzzerTestOneInput (const uint8_t *data, size_t size);

/* What every item must be, whatever the node said. */
static void
text_must_be_clean (const char *s)
{
  char copy[2000];

  if (s && strcmp (text_clean (copy, sizeof copy, s, strlen (s)), s) != 0) {
    fprintf (stderr, "not clean: \"%s\"\n", s);
    abort ();
  }
}

static fettle_result
host_add_item (fettle_ctx *c, const struct fettle_item *i)
{
  (void) c;
  if (!i->id || !i->id[0] || !i->kind || !i->name || !i->version)
    abort ();
  text_must_be_clean (i->id);
  text_must_be_clean (i->name);
  text_must_be_clean (i->version);
  text_must_be_clean (i->match);
  text_must_be_clean (i->location);
  text_must_be_clean (i->arch);
  return FETTLE_OK;
}

static void
host_log (fettle_ctx *c, uint32_t level, const char *text)
{
  (void) c;
  (void) level;
  text_must_be_clean (text);
}

static fettle_result
host_error (fettle_ctx *c, fettle_result code, const char *text)
{
  host_log (c, 0, text);
  return code;
}

int
LLVMFuzzerTestOneInput (const uint8_t *data, size_t size)
{
  static const struct fettle_host host = {
    .struct_size = sizeof host,
    .abi = FETTLE_ABI,
    .log = host_log,
    .error = host_error,
    .add_item = host_add_item,
  };
  struct inventory *v = malloc (sizeof *v);
  size_t half = size / 2;

  if (!v)
    return 0;
  inventory_init (v, &host, NULL, "@");
  if (inventory_feed (v, data, half) == FETTLE_OK
      && inventory_feed (v, data + half, size - half) == FETTLE_OK)
    inventory_finish (v);
  inventory_clear (v);
  free (v);
  return 0;
}

#ifdef FUZZ_MAIN
# include <dirent.h>
# include <time.h>

# define INPUTS_MAX 64
# define INPUT_MAX  65536

static struct {
  uint8_t *data;
  size_t size;
} inputs[INPUTS_MAX];
static size_t n_inputs;

static void
read_corpus (const char *folder)
{
  DIR *d = opendir (folder);
  struct dirent *e;
  char path[5000];

  while (d && (e = readdir (d)) && n_inputs < INPUTS_MAX) {
    FILE *f;

    snprintf (path, sizeof path, "%s/%s", folder, e->d_name);
    f = e->d_name[0] != '.' ? fopen (path, "rb") : NULL;
    if (!f)
      continue;
    inputs[n_inputs].data = malloc (INPUT_MAX);
    inputs[n_inputs].size = inputs[n_inputs].data ? fread (inputs[n_inputs].data, 1, INPUT_MAX, f) : 0;
    n_inputs++;
    fclose (f);
  }
  if (d)
    closedir (d);
}

static uint32_t
random_below (uint32_t n)
{
  static uint64_t state = 88172645463325252u; /* xorshift: the same every time */

  state ^= state << 13;
  state ^= state >> 7;
  state ^= state << 17;
  return (uint32_t) (state % n);
}

/* A few bytes changed, a piece doubled or cut out, two inputs joined. */
static size_t
mutate (uint8_t *to, size_t max)
{
  size_t a = random_below ((uint32_t) n_inputs), size = inputs[a].size < max ? inputs[a].size : max;
  static const char interesting[] = "@ \t\n=\"{}[],:\0\xff\xc3(";

  memcpy (to, inputs[a].data, size);
  for (uint32_t n = random_below (8); n > 0 && size > 0; n--)
    to[random_below ((uint32_t) size)] = (uint8_t) interesting[random_below (sizeof interesting)];
  if (size > 2 && random_below (3) == 0) {
    size_t at = random_below ((uint32_t) size), n = random_below ((uint32_t) (size - at));

    memmove (to + at, to + at + n, size - at - n);
    size -= n;
  }
  if (random_below (3) == 0) {
    size_t b = random_below ((uint32_t) n_inputs), n = inputs[b].size < max - size ? inputs[b].size : max - size;

    memcpy (to + size, inputs[b].data, n);
    size += n;
  }
  return size;
}

int
main (int argc, char **argv)
{
  static uint8_t input[2 * INPUT_MAX];
  clock_t end = clock () + CLOCKS_PER_SEC;
  unsigned long runs = 0;
  const char *srcdir = getenv ("srcdir");
  char folder[4096];
  uint8_t *copy;

  snprintf (folder, sizeof folder, "%s/fuzz/linux-inventory", srcdir ? srcdir : ".");
  read_corpus (argc > 1 ? argv[1] : folder);
  printf ("1..2\n%s 1 - the corpus is there\n", n_inputs >= 3 ? "ok" : "not ok");
  for (size_t i = 0; i < n_inputs; i++)
    LLVMFuzzerTestOneInput (inputs[i].data, inputs[i].size);
  while (n_inputs > 0 && clock () < end) {
    size_t size = mutate (input, sizeof input);

    copy = malloc (size ? size : 1); /* of its own size, so that a sanitizer sees its end */
    if (!copy)
      break;
    memcpy (copy, input, size);
    LLVMFuzzerTestOneInput (copy, size);
    free (copy);
    runs++;
  }
  printf ("%s 2 - no mutation of it does harm\n# %lu inputs\n", runs > 100 ? "ok" : "not ok", runs);
  for (size_t i = 0; i < n_inputs; i++)
    free (inputs[i].data);
  return 0;
}
#endif
