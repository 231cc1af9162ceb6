/* error.c - see error.h.  SPDX-License-Identifier: Apache-2.0 */
#include "util/base.h"

#include <errno.h>
#include <stdarg.h>

static const struct {
  fettle_result code;
  const char *name;
} names[] = {
  { FETTLE_OK,            "ok" },
  { FETTLE_AGAIN,         "again" },
  { FETTLE_OK_REBOOT,     "ok-reboot" },
  { FETTLE_E_INTERNAL,    "internal" },
  { FETTLE_E_NOMEM,       "nomem" },
  { FETTLE_E_CONFIG,      "config" },
  { FETTLE_E_UNREACHABLE, "unreachable" },
  { FETTLE_E_AUTH,        "auth" },
  { FETTLE_E_PROTOCOL,    "protocol" },
  { FETTLE_E_UNSUPPORTED, "unsupported" },
  { FETTLE_E_BUSY,        "busy" },
  { FETTLE_E_TIMEOUT,     "timeout" },
  { FETTLE_E_REJECTED,    "rejected" },
  { FETTLE_E_ABORTED,     "aborted" },
  { FETTLE_E_SERVICE,     "service" },
};

fettle_result
fettle_error_set (struct fettle_error *err, fettle_result code, const char *format, ...)
{
  va_list ap;

  err->code = code;
  va_start (ap, format);
  vsnprintf (err->text, sizeof err->text, format, ap);
  va_end (ap);
  return code;
}

fettle_result
fettle_error_errno (struct fettle_error *err, fettle_result code, const char *format, ...)
{
  int e = errno;
  size_t n;
  va_list ap;

  err->code = code;
  va_start (ap, format);
  vsnprintf (err->text, sizeof err->text, format, ap);
  va_end (ap);
  n = strlen (err->text);
  snprintf (err->text + n, sizeof err->text - n, ": %s", strerror (e));
  return code;
}

fettle_result
fettle_error_prefix (struct fettle_error *err, const char *format, ...)
{
  char old[sizeof err->text];
  int n;
  va_list ap;

  memcpy (old, err->text, sizeof old);
  va_start (ap, format);
  n = vsnprintf (err->text, sizeof err->text, format, ap);
  va_end (ap);
  if (n >= 0 && (size_t) n < sizeof err->text)
    snprintf (err->text + n, sizeof err->text - n, "%s", old);
  return err->code;
}

const char *
fettle_result_name (fettle_result code)
{
  for (size_t i = 0; i < COUNT (names); i++)
    if (names[i].code == code)
      return names[i].name;
  return "internal";
}

fettle_result
fettle_result_by_name (const char *name)
{
  for (size_t i = 0; i < COUNT (names); i++)
    if (strcmp (names[i].name, name) == 0)
      return names[i].code;
  return FETTLE_E_INTERNAL;
}
