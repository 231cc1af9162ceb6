/* fettle/util.h - header-only helpers for plugins: printf-like messages,
 * fields of HTTP, progress of what is sent.
 *
 * The ABI takes finished text; these format it.  C only, since they are
 * conveniences of a C plugin; longer messages are cut at 1023 bytes.
 *
 * SPDX-License-Identifier: Apache-2.0 OR BSD-2-Clause
 */
#ifndef FETTLE_UTIL_H
#define FETTLE_UTIL_H

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <fettle/plugin.h>

#ifdef __cplusplus
extern "C" {
#endif

#if defined (__GNUC__)
# define FETTLE_PRINTF(a, b) __attribute__ ((__format__ (__printf__, a, b), __unused__))
# define FETTLE_UNUSED       __attribute__ ((__unused__))
#else
# define FETTLE_PRINTF(a, b)
# define FETTLE_UNUSED
#endif

/* return fettle_fail (h, c, FETTLE_E_PROTOCOL, "no version in %s", path); */
FETTLE_PRINTF (4, 5)
static fettle_result
fettle_fail (const struct fettle_host *h, fettle_ctx *c, fettle_result code,
             const char *format, ...)
{
  char text[1024];
  va_list ap;

  va_start (ap, format);
  vsnprintf (text, sizeof text, format, ap);
  va_end (ap);
  return h->error (c, code, text);
}

FETTLE_PRINTF (4, 5)
static void
fettle_say (const struct fettle_host *h, fettle_ctx *c, uint32_t level,
            const char *format, ...)
{
  char text[1024];
  va_list ap;

  va_start (ap, format);
  vsnprintf (text, sizeof text, format, ap);
  va_end (ap);
  h->log (c, level, text);
}

/* The value of a field in "Name: value" lines, whatever the name's case:
 * borrowed, up to its line's end, *ret_size bytes.  NULL: there is none. */
FETTLE_UNUSED
static const char *
fettle_http_field (const char *fields, const char *name, size_t *ret_size)
{
  size_t n = strlen (name), i;

  while (fields && *fields) {
    const char *value = fields, *end = fields + strcspn (fields, "\n");

    for (i = 0; i < n && (value[i] | 0x20) == (name[i] | 0x20); i++)
      ;
    if (i == n && value[n] == ':') {
      value += n + 1;
      value += strspn (value, " \t");
      *ret_size = value < end ? (size_t) (end - value) : 0;
      return value;
    }
    fields = *end ? end + 1 : end;
  }
  return NULL;
}

/* Progress while something is sent, once for each percent: `fettle_note_sent` is
 * a request's `sent`, one of these its `opaque`.  From and to: of 1000. */
struct fettle_sending {
  const struct fettle_host *h;
  fettle_ctx *c;
  uint32_t from, to;
  uint32_t told; /* percent; 0 at first */
};

FETTLE_UNUSED
static void
fettle_note_sent (void *opaque, uint64_t bytes, uint64_t all)
{
  struct fettle_sending *s = (struct fettle_sending *) opaque;
  uint32_t percent = all ? (uint32_t) (bytes * 100 / all) : 0;
  char step[60];

  if (percent <= s->told)
    return;
  s->told = percent;
  snprintf (step, sizeof step, "uploading: %u %%", (unsigned) percent);
  s->h->progress (s->c, s->from + percent * (s->to - s->from) / 100, step);
}

#ifdef __cplusplus
}
#endif
#endif /* FETTLE_UTIL_H */
