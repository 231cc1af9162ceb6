/* request.c - see request.h.  SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-only */
#include "gate/base.h"

#include <arpa/inet.h>
#include <ctype.h>
#include <netinet/in.h>
#include <stdarg.h>

#include "gate/request.h"

enum fettle_gate_result
fettle_why_set (struct fettle_why *why, enum fettle_gate_result result, const char *format, ...)
{
  va_list ap;

  why->result = result;
  va_start (ap, format);
  vsnprintf (why->text, sizeof why->text, format, ap);
  va_end (ap);
  return result;
}

static bool
is_zero (const void *data, size_t size)
{
  const uint8_t *p = data;

  while (size > 0 && p[size - 1] == 0)
    size--;
  return size == 0;
}

/* ---- Ports. ---- */

static bool
is_protocol (uint8_t protocol)
{
  return protocol == IPPROTO_TCP || protocol == IPPROTO_UDP;
}

/* A decimal number of 1 .. 65535; moves on behind it. */
static bool
take_port (const char **text, uint16_t *ret)
{
  uint32_t n = 0;
  const char *p = *text;

  for (; *p >= '0' && *p <= '9' && n <= UINT16_MAX; p++)
    n = n * 10 + (uint32_t) (*p - '0');
  if (p == *text || n == 0 || n > UINT16_MAX)
    return false;
  *text = p;
  *ret = (uint16_t) n;
  return true;
}

static bool
take_span (const char **text, struct fettle_gate_span *ret)
{
  struct fettle_gate_span span = { .protocol = IPPROTO_TCP };

  if (strncmp (*text, "udp/", 4) == 0)
    span.protocol = IPPROTO_UDP;
  else if (strncmp (*text, "tcp/", 4) != 0)
    return false;
  *text += 4;
  if (!take_port (text, &span.first))
    return false;
  span.last = span.first;
  if (**text == '-') {
    ++*text;
    if (!take_port (text, &span.last) || span.last < span.first)
      return false;
  }
  *ret = span;
  return true;
}

bool
fettle_spans_parse (const char *text, struct fettle_spans *ret)
{
  struct fettle_spans spans = { .n = 0 };

  do {
    if (spans.n == COUNT (spans.spans) || !take_span (&text, &spans.spans[spans.n]))
      return false;
    spans.n++;
  } while (*text == ',' && text++);
  if (*text)
    return false;
  *ret = spans;
  return true;
}

static bool
has_port (const struct fettle_spans *spans, uint8_t protocol, uint32_t port)
{
  for (size_t i = 0; i < spans->n; i++)
    if (spans->spans[i].protocol == protocol && spans->spans[i].first <= port
        && port <= spans->spans[i].last)
      return true;
  return false;
}

bool
fettle_spans_cover (const struct fettle_spans *spans, const struct fettle_gate_span *span)
{
  for (uint32_t port = span->first; port <= span->last; port++)
    if (!has_port (spans, span->protocol, port))
      return false;
  return true;
}

static enum fettle_gate_result
check_spans (const struct fettle_request *r, const struct fettle_gate_policy *policy,
             struct fettle_why *why)
{
  uint32_t ports = 0;

  for (uint32_t i = 0; i < r->head.count; i++) {
    const struct fettle_gate_span *s = &r->spans[i];

    why->index = i;
    if (!is_protocol (s->protocol) || !is_zero (s->zero, sizeof s->zero) || s->first == 0
        || s->last < s->first)
      return fettle_why_set (why, FETTLE_GATE_E_REQUEST, "the span of ports isn't one");
    ports += (uint32_t) (s->last - s->first) + 1;
    if (ports > FETTLE_GATE_SPAN_MAX)
      return fettle_why_set (why, FETTLE_GATE_E_REQUEST, "more than %u ports",
                             FETTLE_GATE_SPAN_MAX);
    if (!fettle_spans_cover (&policy->allowed, s))
      return fettle_why_set (why, FETTLE_GATE_E_REFUSED,
                             "ports %u-%u are not among those that fettle-gate was started for "
                             "(--allow)", s->first, s->last);
  }
  return FETTLE_GATE_OK;
}

/* ---- Holes. ---- */

/* What the kernel and nft's grammar take as it is, between quotes. */
static bool
is_interface (const char *name)
{
  for (; *name; name++)
    if (!isalnum ((unsigned char) *name) && !strchr ("_-.@", *name))
      return false;
  return true;
}

/* An address that packets of a node can come from. */
static bool
is_source (const struct fettle_gate_hole *h)
{
  struct in6_addr in6;

  if (h->family == 4)
    return is_zero (h->address + 4, 12) && h->address[0] != 0 && h->address[0] < 224;
  if (h->family != 6)
    return false;
  memcpy (&in6, h->address, sizeof in6);
  return !IN6_IS_ADDR_UNSPECIFIED (&in6) && !IN6_IS_ADDR_MULTICAST (&in6)
         && !IN6_IS_ADDR_V4MAPPED (&in6)
         && IN6_IS_ADDR_LINKLOCAL (&in6) == (h->interface[0] != '\0');
}

static enum fettle_gate_result
check_hole (const struct fettle_gate_hole *h, uint16_t type,
            const struct fettle_gate_policy *policy, struct fettle_why *why)
{
  size_t n = strnlen (h->interface, sizeof h->interface);

  if (!is_protocol (h->protocol) || h->port == 0)
    return fettle_why_set (why, FETTLE_GATE_E_REQUEST, "the hole has no protocol or port");
  if (n == sizeof h->interface || !is_zero (h->interface + n, sizeof h->interface - n)
      || !is_interface (h->interface))
    return fettle_why_set (why, FETTLE_GATE_E_REQUEST, "the interface's name is malformed");
  if (!is_source (h))
    return fettle_why_set (why, FETTLE_GATE_E_REQUEST,
                           "the hole's address can't be a node's (a link-local one needs its "
                           "interface, IPv4 is not written as IPv6)");
  if (type == FETTLE_GATE_OPEN ? h->lifetime_ms == 0 || h->lifetime_ms > FETTLE_GATE_LIFETIME
                               : h->lifetime_ms != 0)
    return fettle_why_set (why, FETTLE_GATE_E_REQUEST, "the lifetime is not one of 1 to %u ms",
                           FETTLE_GATE_LIFETIME);
  if (type == FETTLE_GATE_OPEN && !has_port (&policy->gated, h->protocol, h->port))
    return fettle_why_set (why, FETTLE_GATE_E_REFUSED,
                           "port %u is not among those that PORTS named", h->port);
  return FETTLE_GATE_OK;
}

static enum fettle_gate_result
check_holes (const struct fettle_request *r, const struct fettle_gate_policy *policy,
             struct fettle_why *why)
{
  for (uint32_t i = 0; i < r->head.count; i++) {
    why->index = i;
    if (check_hole (&r->holes[i], r->head.type, policy, why))
      return why->result;
  }
  return FETTLE_GATE_OK;
}

/* ---- Requests. ---- */

/* Size of what is in the array; SIZE_MAX: there is no such request. */
static size_t
struct_size (uint16_t type)
{
  switch ((enum fettle_gate_type) type) {
  case FETTLE_GATE_OPEN:
  case FETTLE_GATE_CLOSE:
  case FETTLE_GATE_STATUS:
  case FETTLE_GATE_TRACE:
    return sizeof (struct fettle_gate_hole);
  case FETTLE_GATE_PORTS:
    return sizeof (struct fettle_gate_span);
  case FETTLE_GATE_PING:
  case FETTLE_GATE_CLOSE_ALL:
  case FETTLE_GATE_SEEN:
  case FETTLE_GATE_LOOK:
    return 0;
  }
  return SIZE_MAX;
}

static enum fettle_gate_result
check_head (const struct fettle_gate_head *head, size_t size, struct fettle_why *why)
{
  size_t each = struct_size (head->type);
  uint32_t most = each == sizeof (struct fettle_gate_span) ? FETTLE_GATE_PORTS_MAX
                  : each > 0 ? FETTLE_GATE_BATCH : 0;

  if (head->magic != FETTLE_GATE_MAGIC)
    return fettle_why_set (why, FETTLE_GATE_E_REQUEST, "this is no request");
  if (head->version != FETTLE_GATE_VERSION)
    return fettle_why_set (why, FETTLE_GATE_E_REQUEST,
                           "the request is of version %u, fettle-gate of version %u: both must "
                           "be of the same release", head->version, FETTLE_GATE_VERSION);
  if (each == SIZE_MAX)
    return fettle_why_set (why, FETTLE_GATE_E_REQUEST, "request %u is unknown", head->type);
  if (head->count > most)
    return fettle_why_set (why, FETTLE_GATE_E_REQUEST, "more than %u structs in a request", most);
  if (size != sizeof *head + head->count * each)
    return fettle_why_set (why, FETTLE_GATE_E_REQUEST, "the request's size is wrong");
  return FETTLE_GATE_OK;
}

enum fettle_gate_result
fettle_request_check (const void *packet, size_t size, const struct fettle_gate_policy *policy,
                      struct fettle_request *ret, struct fettle_why *why)
{
  const void *array = (const char *) packet + sizeof ret->head;

  memset (ret, 0, sizeof *ret);
  memset (why, 0, sizeof *why);
  if (size < sizeof ret->head)
    return fettle_why_set (why, FETTLE_GATE_E_REQUEST, "the request is too short");
  memcpy (&ret->head, packet, sizeof ret->head);
  if (check_head (&ret->head, size, why))
    return why->result;
  if (ret->head.type == FETTLE_GATE_PORTS) {
    ret->spans = array;
    return check_spans (ret, policy, why);
  }
  ret->holes = array;
  return check_holes (ret, policy, why);
}
