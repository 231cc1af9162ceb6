/* stream.h - a fuzzer's bytes as a source of a baseline, in pieces.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef FETTLE_FUZZ_STREAM_H
#define FETTLE_FUZZ_STREAM_H

#include "baseline/formats.h"
#include "fuzz/fuzz.h"

struct fuzz_stream {
  const uint8_t *data;
  size_t size, at, piece;
};

static inline ssize_t
fuzz_stream_read (void *opaque, const void **ret_data, char *why FETTLE_UNUSED,
                  size_t why_size FETTLE_UNUSED)
{
  struct fuzz_stream *s = opaque;
  size_t n = s->size - s->at < s->piece ? s->size - s->at : s->piece;

  *ret_data = s->data + s->at;
  s->at += n;
  return (ssize_t) n;
}

/* What holds of abouts whatever came in: a component of them can be made into
 * JSON, and out of it again. */
static inline void
fuzz_check_abouts (struct fettle_abouts *a)
{
  _cleanup_json_ json_t *json = fettle_abouts_to_json (a);
  struct fettle_abouts again = { 0 };

  MUST (json && fettle_abouts_from_json (json, &again));
  MUST (again.n == a->n);
  for (size_t i = 0; i < a->n; i++)
    MUST (!a->list[i]->c.match || fettle_component_text_ok (a->list[i]->c.match, FETTLE_COMPONENT_MATCH_MAX));
  fettle_abouts_clear (&again);
}

/* The reader of a format, with large and with small pieces: the same result. */
static inline void
fuzz_reader (const uint8_t *data, size_t size,
             fettle_result (*read) (struct fettle_source *, struct fettle_abouts *,
                                    struct fettle_error *))
{
  fettle_result results[2];
  size_t n[2];

  for (int i = 0; i < 2; i++) {
    struct fuzz_stream stream = { data, size, 0, i ? 4096 : 1 << 20 };
    _cleanup_ (fettle_cleanup_source) struct fettle_source *s = NULL;
    struct fettle_abouts a = { 0 };
    struct fettle_error err = { 0 };

    MUST (fettle_source_of_stream (&(struct fettle_stream) { fuzz_stream_read, &stream }, size, &s,
                                   &err) == FETTLE_OK);
    results[i] = read (s, &a, &err);
    MUST (!results[i] || (err.code == results[i] && err.text[0]));
    n[i] = a.n;
    if (!results[i])
      fuzz_check_abouts (&a);
    fettle_abouts_clear (&a);
  }
  MUST (results[0] == results[1] && (results[0] || n[0] == n[1]));
}

#endif
