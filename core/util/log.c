/* log.c - see log.h.  SPDX-License-Identifier: Apache-2.0 */
#include "util/base.h"

#include <stdarg.h>
#include <time.h>

#include "util/log.h"
#include "util/text.h"

static const char *program = "fettle";
static uint32_t max_level = FETTLE_LOG_INFO;

void
fettle_log_init (const char *name, uint32_t level)
{
  program = name;
  max_level = level;
}

static const char *
level_name (uint32_t level)
{
  if (level <= FETTLE_LOG_ERROR)
    return "error";
  if (level <= FETTLE_LOG_WARNING)
    return "warning";
  return level <= FETTLE_LOG_INFO ? "info" : "debug";
}

void
fettle_log (uint32_t level, const char *format, ...)
{
  char text[2048], now[FETTLE_TIME_MAX];
  va_list ap;

  if (level > max_level)
    return;
  va_start (ap, format);
  vsnprintf (text, sizeof text, format, ap);
  va_end (ap);
  /* A node's words may hold control characters: one message stays one line. */
  for (char *p = text; *p; p++)
    if ((unsigned char) *p < ' ' || *p == 0x7f)
      *p = ' ';
  fprintf (stderr, "%s %s[%d] %s: %s\n", fettle_time_text (time (NULL), now), program,
           (int) getpid (), level_name (level), text);
}
