/* elements.c - see elements.h.  SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-only */
#include "gate/base.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>

#include "gate/elements.h"

enum fettle_set
fettle_set_of (const struct fettle_gate_hole *h)
{
  return h->family == 4 ? FETTLE_SET_4 : h->interface[0] ? FETTLE_SET_LINK : FETTLE_SET_6;
}

const char *
fettle_set_name (enum fettle_set set)
{
  static const char *const names[FETTLE_SETS] = { "open4", "open6", "openll" };

  return names[set];
}

/* ---- Out. ---- */

void
fettle_element_key (FILE *f, const struct fettle_gate_hole *h, bool plain)
{
  char address[INET6_ADDRSTRLEN];

  inet_ntop (h->family == 4 ? AF_INET : AF_INET6, h->address, address, sizeof address);
  if (h->interface[0] && !plain)
    fprintf (f, "\"%s\" . ", h->interface);
  fprintf (f, "%s . %u . %u", address, h->protocol, h->port);
}

static void
write_lifetime (FILE *f, uint32_t ms, enum fettle_lifetime lifetime)
{
  switch (lifetime) {
  case FETTLE_LIFETIME_NONE:
    break;
  case FETTLE_LIFETIME_SHORT:
    fputs (" timeout 1s", f);
    break;
  case FETTLE_LIFETIME_OWN:
    fprintf (f, " timeout %ums", ms);
    break;
  case FETTLE_LIFETIME_AGAIN:
    fprintf (f, " timeout %ums expires %ums", ms, ms);
    break;
  }
}

void
fettle_elements_write (FILE *f, const char *verb, const struct fettle_gate_hole *holes, size_t n,
                       enum fettle_lifetime lifetime)
{
  for (enum fettle_set set = 0; set < FETTLE_SETS; set++) {
    bool any = false;

    for (size_t i = 0; i < n; i++) {
      if (fettle_set_of (&holes[i]) != set)
        continue;
      if (any)
        fputs (", ", f);
      else
        fprintf (f, "%s element inet fettle %s { ", verb, fettle_set_name (set));
      any = true;
      fettle_element_key (f, &holes[i], false);
      write_lifetime (f, holes[i].lifetime_ms, lifetime);
    }
    if (any)
      fputs (" }\n", f);
  }
}

/* ---- In: "10.0.0.1 . 6 . 63001 counter packets 1 bytes 60 timeout 1m expires 59s3ms". ---- */

struct word {
  const char *text;
  size_t size;
};

static bool
is (struct word w, const char *text)
{
  return w.size == strlen (text) && memcmp (w.text, text, w.size) == 0;
}

/* The next word of an element; false at its end, a comma or a brace. */
static bool
take_word (const char **text, struct word *ret)
{
  *text += strspn (*text, " \t\n");
  *ret = (struct word) { *text, strcspn (*text, " \t\n,}") };
  *text += ret->size;
  return ret->size > 0;
}

static bool
parse_number (struct word w, uint64_t max, uint64_t *ret)
{
  uint64_t n = 0;

  for (size_t i = 0; i < w.size; i++) {
    if (w.text[i] < '0' || w.text[i] > '9' || n > max / 10)
      return false;
    n = n * 10 + (uint64_t) (w.text[i] - '0');
  }
  *ret = n;
  return w.size > 0 && n <= max;
}

/* "1d2h3m4s5ms" in ms; what is too long or no time is 0, for ever. */
static uint32_t
parse_time (struct word w)
{
  static const struct { const char *unit; uint64_t ms; } units[] = {
    { "ms", 1 }, { "d", 86400000 }, { "h", 3600000 }, { "m", 60000 }, { "s", 1000 },
  };
  uint64_t sum = 0, n;
  size_t i;

  while (w.size > 0) {
    struct word number = { w.text, 0 };

    while (number.size < w.size && number.text[number.size] >= '0' && number.text[number.size] <= '9')
      number.size++;
    w.text += number.size;
    w.size -= number.size;
    for (i = 0; i < COUNT (units); i++)
      if (w.size >= strlen (units[i].unit)
          && memcmp (w.text, units[i].unit, strlen (units[i].unit)) == 0)
        break;
    if (i == COUNT (units) || !parse_number (number, UINT32_MAX, &n))
      return 0;
    sum += n * units[i].ms;
    if (sum > UINT32_MAX)
      return 0;
    w.text += strlen (units[i].unit);
    w.size -= strlen (units[i].unit);
  }
  return (uint32_t) sum;
}

static bool
parse_address (struct word w, struct fettle_gate_hole *h)
{
  char text[INET6_ADDRSTRLEN];

  if (w.size >= sizeof text)
    return false;
  memcpy (text, w.text, w.size);
  text[w.size] = '\0';
  h->family = strchr (text, ':') ? 6 : 4;
  return inet_pton (h->family == 6 ? AF_INET6 : AF_INET, text, h->address) == 1;
}

static bool
parse_interface (struct word w, struct fettle_gate_hole *h)
{
  if (w.size < 3 || w.text[w.size - 1] != '"' || w.size - 2 >= sizeof h->interface)
    return false;
  memcpy (h->interface, w.text + 1, w.size - 2);
  return true;
}

static bool
parse_protocol (struct word w, struct fettle_gate_hole *h)
{
  uint64_t n = is (w, "tcp") ? IPPROTO_TCP : is (w, "udp") ? IPPROTO_UDP : 0;

  if (n == 0 && !parse_number (w, UINT8_MAX, &n))
    return false;
  h->protocol = (uint8_t) n;
  return true;
}

static bool
parse_key (const char **text, struct fettle_gate_hole *h)
{
  struct word w, dot;
  uint64_t port;

  if (!take_word (text, &w))
    return false;
  if (w.text[0] == '"'
      && (!parse_interface (w, h) || !take_word (text, &dot) || !take_word (text, &w)))
    return false;
  if (!parse_address (w, h) || !take_word (text, &dot) || !is (dot, ".") || !take_word (text, &w)
      || !parse_protocol (w, h) || !take_word (text, &dot) || !is (dot, ".")
      || !take_word (text, &w) || !parse_number (w, UINT16_MAX, &port))
    return false;
  h->port = (uint16_t) port;
  return true;
}

bool
fettle_elements_next (const char **text, struct fettle_element *ret)
{
  static const char begin[] = "elements = {";
  const char *p = **text == ',' ? *text + 1 : strstr (*text, begin);
  struct word w, value;

  *text = !p ? "" : **text == ',' ? p : p + strlen (begin);
  memset (ret, 0, sizeof *ret);
  if (!parse_key (text, &ret->hole))
    return false;
  while (take_word (text, &w)) {
    if (is (w, "packets") && take_word (text, &value))
      parse_number (value, UINT64_MAX, &ret->packets);
    else if (is (w, "bytes") && take_word (text, &value))
      parse_number (value, UINT64_MAX, &ret->bytes);
    else if (is (w, "expires") && take_word (text, &value))
      ret->hole.lifetime_ms = parse_time (value);
  }
  return true;
}
