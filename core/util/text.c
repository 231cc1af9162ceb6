/* text.c - see text.h.  SPDX-License-Identifier: Apache-2.0 */
#include "util/base.h"

#include <arpa/inet.h>
#include <openssl/crypto.h>
#include <time.h>

#include "util/text.h"

bool
fettle_parse_uint (const char *text, uint64_t min, uint64_t max, uint64_t *ret_value)
{
  uint64_t value = 0;

  if (!*text)
    return false;
  for (const char *p = text; *p; p++) {
    unsigned digit = (unsigned char) *p - (unsigned) '0';

    if (digit > 9 || value > (UINT64_MAX - digit) / 10)
      return false;
    value = value * 10 + digit;
  }
  if (value < min || value > max)
    return false;
  *ret_value = value;
  return true;
}

bool
fettle_parse_bool (const char *text, bool *ret_value)
{
  static const char *const words[] = { "no", "yes", "false", "true", "off", "on", "0", "1" };

  for (size_t i = 0; i < COUNT (words); i++)
    if (strcmp (text, words[i]) == 0) {
      *ret_value = i & 1;
      return true;
    }
  return false;
}

bool
fettle_has_word (const char *words, const char *word)
{
  size_t n = strlen (word);

  while (words && *words) {
    size_t m = strcspn (words, " ");

    if (m == n && memcmp (words, word, n) == 0)
      return true;
    words += m;
    words += strspn (words, " ");
  }
  return false;
}

bool
fettle_is_address (const char *text)
{
  unsigned char out[16];
  char plain[INET6_ADDRSTRLEN];
  size_t n = strcspn (text, "%");

  if (n >= sizeof plain)
    return false;
  memcpy (plain, text, n);
  plain[n] = '\0';
  if (text[n] == '%')
    return text[n + 1] && inet_pton (AF_INET6, plain, out) == 1;
  return inet_pton (AF_INET, plain, out) == 1 || inet_pton (AF_INET6, plain, out) == 1;
}

void
fettle_hex (const void *bytes, size_t size, char *ret)
{
  static const char digits[] = "0123456789abcdef";
  const unsigned char *b = bytes;

  for (size_t i = 0; i < size; i++) {
    ret[2 * i] = digits[b[i] >> 4];
    ret[2 * i + 1] = digits[b[i] & 15];
  }
  ret[2 * size] = '\0';
}

void
fettle_wipe (void *data, size_t size)
{
  OPENSSL_cleanse (data, size);
}

void
fettle_wipe_free (char *text)
{
  if (text)
    fettle_wipe (text, strlen (text));
  free (text);
}

const char *
fettle_time_text (int64_t seconds, char buffer[FETTLE_TIME_MAX])
{
  time_t t = (time_t) seconds;
  struct tm tm;

  if (!gmtime_r (&t, &tm) || !strftime (buffer, FETTLE_TIME_MAX, "%Y-%m-%dT%H:%M:%SZ", &tm))
    snprintf (buffer, FETTLE_TIME_MAX, "?");
  return buffer;
}
