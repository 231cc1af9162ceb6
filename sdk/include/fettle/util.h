/* fettle/util.h - header-only helpers for plugins: printf-like messages.
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

#include <fettle/plugin.h>

#ifdef __cplusplus
extern "C" {
#endif

#if defined (__GNUC__)
# define FETTLE_PRINTF(a, b) __attribute__ ((__format__ (__printf__, a, b), __unused__))
#else
# define FETTLE_PRINTF(a, b)
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

#ifdef __cplusplus
}
#endif
#endif /* FETTLE_UTIL_H */
