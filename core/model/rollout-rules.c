/* rollout-rules.c - reading a rollout's rules, and what follows from them for
 * the nodes' order; see rollout.h.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "util/base.h"

#include "model/rollout.h"
#include "model/window.h"
#include "util/text.h"

#define MAX_PARALLEL 1000000

bool
fettle_share_parse (const char *text, size_t length, struct fettle_share *ret)
{
  struct fettle_share s = { .percent = length && text[length - 1] == '%' };
  char digits[12];
  uint64_t value;
  size_t n = length - s.percent;

  if (!length || n >= sizeof digits)
    return false;
  memcpy (digits, text, n);
  digits[n] = '\0';
  if (!fettle_parse_uint (digits, 0, s.percent ? 100 : INT32_MAX, &value))
    return false;
  s.value = (uint32_t) value;
  *ret = s;
  return true;
}

static fettle_result
read_batches (const json_t *value, struct fettle_rollout_rules *r, struct fettle_error *err)
{
  const char *p = json_string_value (value);

  for (; p; p++) {
    size_t n = strcspn (p, ",");

    if (r->n_batches == FETTLE_ROLLOUT_BATCHES
        || !fettle_share_parse (p, n, &r->batches[r->n_batches])
        || !r->batches[r->n_batches].value)
      break;
    r->n_batches++;
    p += n;
    if (!*p)
      return FETTLE_OK;
  }
  return fettle_error_set (err, FETTLE_E_CONFIG,
                           "option batch must be up to %d numbers or percentages of at least 1,"
                           " like \"1,10%%,50%%\"", FETTLE_ROLLOUT_BATCHES);
}

static fettle_result
read_failures (const json_t *value, struct fettle_rollout_rules *r, struct fettle_error *err)
{
  const char *text = json_string_value (value);

  r->limited = true;
  if (text && fettle_share_parse (text, strlen (text), &r->max_failures))
    return FETTLE_OK;
  if (json_is_integer (value) && json_integer_value (value) >= 0
      && json_integer_value (value) <= INT32_MAX) {
    r->max_failures.value = (uint32_t) json_integer_value (value);
    return FETTLE_OK;
  }
  return fettle_error_set (err, FETTLE_E_CONFIG,
                           "option max_failures must be a number or a percentage, like 3 or \"10%%\"");
}

static bool
limit_ok (const char *key, const json_t *value)
{
  bool named = (strncmp (key, "type:", 5) == 0 && key[5])
               || (strncmp (key, "group:", 6) == 0 && key[6]);

  return (named || fettle_has_word ("all type group enclosure", key)) && json_is_integer (value)
         && json_integer_value (value) >= 1 && json_integer_value (value) <= MAX_PARALLEL;
}

static fettle_result
read_parallel (const json_t *value, struct fettle_rollout_rules *r, struct fettle_error *err)
{
  bool ok = json_is_object (value) || limit_ok ("all", value);
  const char *key;
  json_t *one;

  json_object_foreach ((json_t *) value, key, one)
    ok &= limit_ok (key, one);
  r->max_parallel = value;
  if (ok)
    return FETTLE_OK;
  return fettle_error_set (err, FETTLE_E_CONFIG,
                           "option max_parallel must be a number of at least 1, or an object of such"
                           " with the members all, type, type:NAME, group, group:NAME, enclosure");
}

static fettle_result
read_bool (const char *key, const json_t *value, bool *ret, struct fettle_error *err)
{
  *ret = json_is_true (value);
  return json_is_boolean (value)
           ? FETTLE_OK
           : fettle_error_set (err, FETTLE_E_CONFIG, "option %s must be true or false", key);
}

static fettle_result
read_pause (const json_t *v, struct fettle_rollout_rules *r, struct fettle_error *err)
{
  return read_bool ("pause_after_canary", v, &r->pause_after_canary, err);
}

static fettle_result
read_approve (const json_t *v, struct fettle_rollout_rules *r, struct fettle_error *err)
{
  return read_bool ("approve", v, &r->approve, err);
}

static fettle_result
read_ignore (const json_t *v, struct fettle_rollout_rules *r, struct fettle_error *err)
{
  return read_bool ("ignore_windows", v, &r->ignore_windows, err);
}

static fettle_result
read_at (const json_t *value, struct fettle_rollout_rules *r, struct fettle_error *err)
{
  if (!json_is_string (value))
    return fettle_error_set (err, FETTLE_E_CONFIG, "option at must be a time as text");
  return fettle_moment_parse (json_string_value (value), &r->at, err);
}

static fettle_result
read_window (const json_t *value, struct fettle_rollout_rules *r, struct fettle_error *err)
{
  struct fettle_window checked;

  if (!json_is_string (value))
    return fettle_error_set (err, FETTLE_E_CONFIG, "option window must be text");
  if (fettle_window_parse (json_string_value (value), &checked, err))
    return err->code;
  free (r->window);
  r->window = strdup (json_string_value (value));
  return r->window ? FETTLE_OK : fettle_error_set (err, FETTLE_E_NOMEM, "no memory for a window");
}

static const struct {
  const char *member;
  fettle_result (*read) (const json_t *, struct fettle_rollout_rules *, struct fettle_error *);
} rules[] = {
  { "batch",              read_batches  },
  { "max_failures",       read_failures },
  { "max_parallel",       read_parallel },
  { "pause_after_canary", read_pause    },
  { "approve",            read_approve  },
  { "at",                 read_at       },
  { "window",             read_window   },
  { "ignore_windows",     read_ignore   },
};

bool
fettle_rollout_is_rule (const char *member)
{
  for (size_t i = 0; i < COUNT (rules); i++)
    if (strcmp (rules[i].member, member) == 0)
      return true;
  return false;
}

fettle_result
fettle_rollout_rules_read (const json_t *options, struct fettle_rollout_rules *ret,
                           struct fettle_error *err)
{
  struct fettle_rollout_rules r = { 0 };

  for (size_t i = 0; i < COUNT (rules); i++) {
    const json_t *value = json_object_get (options, rules[i].member);

    if (value && !json_is_null (value) && rules[i].read (value, &r, err)) {
      fettle_rollout_rules_clear (&r);
      return err->code;
    }
  }
  *ret = r;
  return FETTLE_OK;
}

void
fettle_rollout_rules_clear (struct fettle_rollout_rules *r)
{
  free (r->window);
  *r = (struct fettle_rollout_rules) { 0 };
}

/* ---- Order and batches ---- */

struct place {
  int64_t enclosure;
  size_t index, first; /* first: of the enclosure */
  uint32_t rank;
};

static int
by_enclosure (const void *a, const void *b)
{
  const struct place *x = a, *y = b;

  if (x->enclosure != y->enclosure)
    return x->enclosure < y->enclosure ? -1 : 1;
  return x->index < y->index ? -1 : 1;
}

static int
by_place (const void *a, const void *b)
{
  const struct place *x = a, *y = b;

  if (x->first != y->first)
    return x->first < y->first ? -1 : 1;
  if (x->rank != y->rank)
    return x->rank < y->rank ? -1 : 1;
  return x->index < y->index ? -1 : 1;
}

static size_t
batch_size (const struct fettle_rollout_rules *r, uint32_t batch, size_t n)
{
  const struct fettle_share *s;

  if (!r->n_batches)
    return n ? n : 1;
  s = &r->batches[batch < r->n_batches ? batch : r->n_batches - 1];
  if (!s->percent)
    return s->value;
  return n ? (n * s->value + 99) / 100 : 1;
}

uint32_t
fettle_rollout_batches (const struct fettle_rollout_rules *r, size_t n)
{
  uint32_t batch = 0;

  for (size_t done = 0; done < n; batch++)
    done += batch_size (r, batch, n);
  return batch;
}

void
fettle_rollout_arrange (const struct fettle_rollout_rules *r, struct fettle_rollout_node *nodes,
                        size_t n)
{
  _cleanup_free_ struct place *places = calloc (n + 1, sizeof *places);
  uint32_t batch = 0;
  size_t left = batch_size (r, 0, n);

  if (!places)
    abort ();
  for (size_t i = 0; i < n; i++)
    places[i] = (struct place) { nodes[i].enclosure, i, i, nodes[i].enclosure ? nodes[i].rank : 0 };
  qsort (places, n, sizeof *places, by_enclosure);
  for (size_t i = 1; i < n; i++)
    if (places[i].enclosure && places[i].enclosure == places[i - 1].enclosure)
      places[i].first = places[i - 1].first;
  qsort (places, n, sizeof *places, by_place);
  for (size_t i = 0; i < n; i++) {
    if (!left--)
      left = batch_size (r, ++batch, n) - 1;
    nodes[places[i].index].position = i;
    nodes[places[i].index].batch = batch;
  }
}
