/* ansible-hosts.c - hosts of an inventory, with spans in their names.
 * SPDX-License-Identifier: Apache-2.0 */
#include "util/base.h"

#include <ctype.h>

#include "cli/ansible.h"
#include "util/text.h"

#define MAX_NAME 253

/* What is being added. */
struct hosts {
  json_t *group;
  const json_t *values;
  size_t *n;
  struct fettle_error *err;
};

/* "[01:50:2]" or "[a:f]": what is in front, what comes behind, and the span. */
struct span {
  char *before, *behind;
  bool letters;
  uint64_t first, last, step;
  int width; /* of numbers with zeros in front */
};

static bool
read_span (char *inside, struct span *s)
{
  char *last = strchr (inside, ':'), *step = last ? strchr (last + 1, ':') : NULL;

  if (!last)
    return false;
  *last++ = '\0';
  if (step)
    *step++ = '\0';
  s->step = 1;
  if (step && !fettle_parse_uint (step, 1, 1000000, &s->step))
    return false;
  s->letters = isalpha ((unsigned char) *inside) && !inside[1];
  if (s->letters) {
    s->first = (unsigned char) *inside;
    s->last = (unsigned char) *last;
    return isalpha ((unsigned char) *last) && !last[1] && s->first <= s->last;
  }
  s->width = *inside == '0' ? (int) strlen (inside) : 0;
  if (!*inside)
    inside = (char *) "0";
  return s->width < 16 && fettle_parse_uint (inside, 0, 1000000000, &s->first)
         && fettle_parse_uint (last, 0, 1000000000, &s->last) && s->first <= s->last;
}

static fettle_result
add_host (struct hosts *h, const char *host)
{
  json_t *hosts = json_object_get (h->group, "hosts"), *old = json_object_get (hosts, host);

  if (strlen (host) > MAX_NAME)
    return fettle_error_set (h->err, FETTLE_E_CONFIG, "the host's name is longer than %d bytes", MAX_NAME);
  if (++*h->n > FETTLE_ANSIBLE_HOSTS)
    return fettle_error_set (h->err, FETTLE_E_CONFIG, "there are more than %d hosts", FETTLE_ANSIBLE_HOSTS);
  if (old)
    json_object_update (old, (json_t *) h->values);
  else if (json_object_set_new (hosts, host, json_deep_copy (h->values)))
    return fettle_error_set (h->err, FETTLE_E_CONFIG, "the host's name is not valid UTF-8");
  return FETTLE_OK;
}

static fettle_result add_hosts (struct hosts *h, const char *pattern, unsigned depth);

static fettle_result
add_spans (struct hosts *h, const struct span *s, unsigned depth)
{
  for (uint64_t i = s->first; i <= s->last; i += s->step) {
    char host[3 * MAX_NAME];

    if (s->letters)
      snprintf (host, sizeof host, "%.253s%c%.253s", s->before, (int) i, s->behind);
    else
      snprintf (host, sizeof host, "%.253s%0*llu%.253s", s->before, s->width,
                (unsigned long long) i, s->behind);
    if (add_hosts (h, host, depth + 1))
      return h->err->code;
  }
  return FETTLE_OK;
}

static fettle_result
add_hosts (struct hosts *h, const char *pattern, unsigned depth)
{
  _cleanup_free_ char *copy = strdup (pattern);
  char *open = copy ? strchr (copy, '[') : NULL, *close = open ? strchr (open, ']') : NULL;
  struct span s = { .before = copy };

  if (!copy)
    return fettle_error_set (h->err, FETTLE_E_NOMEM, "no memory for the inventory");
  if (!close || !strchr (open, ':') || strchr (open, ':') > close)
    return add_host (h, pattern);
  *open = *close = '\0';
  s.behind = close + 1;
  if (depth > 4 || !read_span (open + 1, &s))
    return fettle_error_set (h->err, FETTLE_E_CONFIG, "\"%.100s\" has no span like [01:50] or [a:f]", pattern);
  return add_spans (h, &s, depth);
}

fettle_result
fettle_ansible_hosts (json_t *group, const char *pattern, const json_t *values, size_t *n,
                      struct fettle_error *err)
{
  struct hosts h = { group, values, n, err };

  return add_hosts (&h, pattern, 0);
}
