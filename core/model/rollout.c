/* rollout.c - see rollout.h.  SPDX-License-Identifier: Apache-2.0
 *
 * Nodes for which all the rules say the same are a class: they begin in the
 * order of their positions, and it is enough to look at the classes of the
 * batch at hand, not at each node.
 */
#include "util/base.h"

#include "model/rollout.h"
#include "model/window.h"
#include "util/text.h"

#define NONE SIZE_MAX

/* Words that get numbers, and how many nodes with each are at work. */
struct words {
  json_t *numbers;
  size_t n, room;
  struct word {
    unsigned running;
    uint32_t limit; /* 0: none */
  } *words;
};

struct window {
  struct fettle_window window;
  bool open;
  int64_t asked, until; /* `open` is true from asked to before until */
};

struct enclosure {
  size_t left[FETTLE_ROLLOUT_RANKS]; /* nodes that haven't ended */
};

struct node {
  size_t type, group, enclosure, pair, window; /* NONE: none */
  size_t position, next;                       /* next: in its class */
  uint32_t rank, batch;
  enum fettle_rollout_state state;
  bool failed;
};

struct class {
  size_t first, last; /* nodes that wait; NONE when there are none */
};

struct fettle_rollout {
  const struct fettle_rollout_rules *rules;
  struct node *nodes;
  size_t n, *order;           /* the nodes by position */
  struct words types, groups, enclosures, pairs, windows;
  struct enclosure *inside;   /* by the numbers of `enclosures` */
  struct window *open;        /* by the numbers of `windows` */
  struct window job;
  struct class *classes;      /* of the batch at hand */
  size_t n_classes, room;
  bool stale;                 /* they must be made anew */
  uint32_t batch, batches;
  size_t *batch_left, *batch_end; /* nodes that haven't ended; the position behind it */
  size_t waiting, running, ended, failed;
  uint32_t limit;             /* of all; 0: none */
  bool canary, passed, stopped;
  uint32_t stopped_at;        /* the batch that had too many, + 1; 0: all nodes */
};

/* ---- Words ---- */

static size_t
word_number (struct words *w, const char *word)
{
  json_t *have;

  if (!word || !*word)
    return NONE;
  if (!w->numbers)
    w->numbers = json_object ();
  have = json_object_get (w->numbers, word);
  if (have)
    return (size_t) json_integer_value (have);
  if (w->n == w->room) {
    size_t room = w->room ? w->room * 2 : 16;
    struct word *more = realloc (w->words, room * sizeof *more);

    if (!more)
      abort ();
    w->words = more;
    w->room = room;
  }
  w->words[w->n] = (struct word) { 0, 0 };
  json_object_set_new (w->numbers, word, json_integer ((json_int_t) w->n));
  return w->n++;
}

static void
words_clear (struct words *w)
{
  json_decref (w->numbers);
  free (w->words);
}

/* Limits of this kind: "type:NAME" before "type". */
static void
set_limits (const struct fettle_rollout *r, struct words *w, const char *kind)
{
  const char *word;
  json_t *number;

  json_object_foreach (w->numbers, word, number) {
    char key[300];
    const json_t *limit;

    snprintf (key, sizeof key, "%s:%.280s", kind, word);
    limit = json_object_get (r->rules->max_parallel, key);
    if (!limit)
      limit = json_object_get (r->rules->max_parallel, kind);
    w->words[json_integer_value (number)].limit = (uint32_t) json_integer_value (limit);
  }
}

static void
count (struct words *w, size_t number, int by)
{
  if (number != NONE)
    w->words[number].running += (unsigned) by;
}

static bool
room_for (const struct words *w, size_t number)
{
  return number == NONE || !w->words[number].limit
         || w->words[number].running < w->words[number].limit;
}

/* ---- Windows ---- */

static bool
is_open (struct window *w, int64_t now)
{
  if (now < w->asked || (w->until && now >= w->until) || !w->asked) {
    w->asked = now ? now : 1;
    w->open = fettle_window_is_open (&w->window, now);
    w->until = fettle_window_change (&w->window, now);
    /* What is always so is looked at again before the horizon. */
    if (!w->until)
      w->until = now + 86400;
  }
  return w->open;
}

/* Closed: *until becomes the earlier of itself and when to look again. */
static bool
window_lets (struct window *w, int64_t now, int64_t *until)
{
  if (is_open (w, now))
    return true;
  if (!*until || w->until < *until)
    *until = w->until;
  return false;
}

static bool
windows_let (struct fettle_rollout *r, size_t number, int64_t now, int64_t *until)
{
  return window_lets (&r->job, now, until)
         && (number == NONE || r->rules->ignore_windows
             || window_lets (&r->open[number], now, until));
}

fettle_result
fettle_rollout_set_window (struct fettle_rollout *r, size_t node, const char *window,
                           struct fettle_error *err)
{
  size_t before = r->windows.n, number;
  struct fettle_window parsed;
  struct window *more;

  if (fettle_window_parse (window, &parsed, err))
    return err->code;
  number = word_number (&r->windows, window);
  if (r->windows.n > before) {
    more = realloc (r->open, r->windows.n * sizeof *more);
    if (!more)
      abort ();
    r->open = more;
    r->open[number] = (struct window) { .window = parsed };
  }
  r->stale |= number != r->nodes[node].window;
  r->nodes[node].window = number;
  return FETTLE_OK;
}

/* ---- Beginning ---- */

static size_t
enclosure_number (struct fettle_rollout *r, int64_t id)
{
  char text[24];

  snprintf (text, sizeof text, "%lld", (long long) id);
  return word_number (&r->enclosures, id ? text : NULL);
}

static void
take_node (struct fettle_rollout *r, size_t i, const struct fettle_rollout_node *from)
{
  struct fettle_error err;

  r->nodes[i] = (struct node) {
    .type = word_number (&r->types, from->type), .group = word_number (&r->groups, from->group),
    .pair = word_number (&r->pairs, from->pair), .enclosure = enclosure_number (r, from->enclosure),
    .window = NONE, .position = from->position, .batch = from->batch, .state = from->state,
    .rank = from->rank < FETTLE_ROLLOUT_RANKS ? from->rank : FETTLE_ROLLOUT_RANKS - 1,
    .failed = from->failed,
  };
  /* A window that can't be read must not open what it was to keep shut. */
  if (fettle_rollout_set_window (r, i, from->window, &err))
    fettle_rollout_set_window (r, i, "never", &err);
}

static void
count_node (struct fettle_rollout *r, size_t i, int by)
{
  const struct node *n = &r->nodes[i];

  count (&r->types, n->type, by);
  count (&r->groups, n->group, by);
  count (&r->enclosures, n->enclosure, by);
  count (&r->pairs, n->pair, by);
  r->running += (size_t) by;
}

static void
count_all (struct fettle_rollout *r)
{
  for (size_t i = 0; i < r->n; i++) {
    struct node *n = &r->nodes[i];

    r->order[n->position] = i;
    if (r->batch_end[n->batch] < n->position + 1)
      r->batch_end[n->batch] = n->position + 1;
    r->failed += n->failed;
    r->ended += n->state == FETTLE_ROLLOUT_ENDED;
    r->waiting += n->state == FETTLE_ROLLOUT_WAITS;
    if (n->state == FETTLE_ROLLOUT_RUNS)
      count_node (r, i, 1);
    if (n->state == FETTLE_ROLLOUT_ENDED)
      continue;
    r->batch_left[n->batch]++;
    if (n->enclosure != NONE)
      r->inside[n->enclosure].left[n->rank]++;
  }
}

static void
check_all (struct fettle_rollout *r)
{
  const struct fettle_share *s = &r->rules->max_failures;

  if (r->stopped || !r->rules->limited)
    return;
  r->stopped = s->percent ? r->failed * 100 > (size_t) s->value * r->n : r->failed > s->value;
}

struct fettle_rollout *
fettle_rollout_new (const struct fettle_rollout_rules *rules,
                    const struct fettle_rollout_node *nodes, size_t n, bool canary_passed)
{
  struct fettle_rollout *r = calloc (1, sizeof *r);
  struct fettle_error err;

  if (!r)
    return NULL;
  *r = (struct fettle_rollout) { .rules = rules, .n = n, .passed = canary_passed, .stale = true };
  for (size_t i = 0; i < n; i++)
    if (nodes[i].batch + 1 > r->batches)
      r->batches = nodes[i].batch + 1;
  r->nodes = calloc (n + 1, sizeof *r->nodes);
  r->order = calloc (n + 1, sizeof *r->order);
  r->batch_left = calloc (r->batches + 1, sizeof *r->batch_left);
  r->batch_end = calloc (r->batches + 1, sizeof *r->batch_end);
  if (!r->nodes || !r->order || !r->batch_left || !r->batch_end
      || fettle_window_parse (rules->window, &r->job.window, &err)) {
    fettle_rollout_free (r);
    return NULL;
  }
  for (size_t i = 0; i < n; i++)
    take_node (r, i, &nodes[i]);
  r->inside = calloc (r->enclosures.n + 1, sizeof *r->inside);
  if (!r->inside)
    abort ();
  count_all (r);
  check_all (r);
  set_limits (r, &r->types, "type");
  set_limits (r, &r->groups, "group");
  set_limits (r, &r->enclosures, "enclosure");
  r->limit = (uint32_t) json_integer_value (json_is_integer (rules->max_parallel)
                                              ? rules->max_parallel
                                              : json_object_get (rules->max_parallel, "all"));
  return r;
}

void
fettle_rollout_free (struct fettle_rollout *r)
{
  if (!r)
    return;
  words_clear (&r->types);
  words_clear (&r->groups);
  words_clear (&r->enclosures);
  words_clear (&r->pairs);
  words_clear (&r->windows);
  free (r->nodes);
  free (r->order);
  free (r->inside);
  free (r->open);
  free (r->classes);
  free (r->batch_left);
  free (r->batch_end);
  free (r);
}

/* ---- Batches and failures ---- */

static size_t
failed_up_to (const struct fettle_rollout *r, uint32_t batch)
{
  size_t failed = 0;

  for (size_t p = 0; p < r->batch_end[batch]; p++)
    failed += r->nodes[r->order[p]].failed;
  return failed;
}

/* The batch has ended: have too many failed up to here? */
static void
check_batch (struct fettle_rollout *r)
{
  const struct fettle_share *s = &r->rules->max_failures;

  if (r->stopped || !r->rules->limited || !s->percent || !r->waiting)
    return;
  if (failed_up_to (r, r->batch) * 100 <= (size_t) s->value * r->batch_end[r->batch])
    return;
  r->stopped = true;
  r->stopped_at = r->batch + 1;
}

/* Goes on to the batch that has something left. */
static void
advance (struct fettle_rollout *r)
{
  while (r->batch < r->batches && r->batch_left[r->batch] == 0 && !r->stopped && !r->canary) {
    check_batch (r);
    if (r->stopped)
      return;
    r->canary = r->batch == 0 && r->rules->pause_after_canary && !r->passed && r->waiting;
    if (r->canary)
      return;
    r->batch++;
    r->stale = true;
  }
}

void
fettle_rollout_pass_canary (struct fettle_rollout *r)
{
  r->passed = true;
  r->canary = false;
}

void
fettle_rollout_failed (struct fettle_rollout *r, size_t node)
{
  if (r->nodes[node].failed)
    return;
  r->nodes[node].failed = true;
  r->failed++;
  check_all (r);
}

void
fettle_rollout_ended (struct fettle_rollout *r, size_t node)
{
  struct node *n = &r->nodes[node];

  if (n->state == FETTLE_ROLLOUT_ENDED)
    return;
  if (n->state == FETTLE_ROLLOUT_RUNS)
    count_node (r, node, -1);
  else {
    r->waiting--;
    r->stale = true;
  }
  n->state = FETTLE_ROLLOUT_ENDED;
  r->ended++;
  r->batch_left[n->batch]--;
  if (n->enclosure != NONE)
    r->inside[n->enclosure].left[n->rank]--;
  advance (r);
}

void
fettle_rollout_parked (struct fettle_rollout *r, size_t node)
{
  if (r->nodes[node].state != FETTLE_ROLLOUT_RUNS)
    return;
  count_node (r, node, -1);
  r->nodes[node].state = FETTLE_ROLLOUT_WAITS;
  r->waiting++;
  r->stale = true;
}

/* ---- Classes ---- */

static void
add_to_class (struct fettle_rollout *r, json_t *known, size_t i)
{
  struct node *n = &r->nodes[i];
  struct class *c;
  json_t *have;
  char key[160];

  snprintf (key, sizeof key, "%zx %zx %zx %zx %zx %x", n->type, n->group, n->enclosure, n->pair,
            n->window, n->rank);
  have = json_object_get (known, key);
  n->next = NONE;
  if (have) {
    c = &r->classes[json_integer_value (have)];
    r->nodes[c->last].next = i;
    c->last = i;
    return;
  }
  if (r->n_classes == r->room) {
    size_t room = r->room ? r->room * 2 : 16;

    c = realloc (r->classes, room * sizeof *c);
    if (!c)
      abort ();
    r->classes = c;
    r->room = room;
  }
  json_object_set_new (known, key, json_integer ((json_int_t) r->n_classes));
  r->classes[r->n_classes++] = (struct class) { i, i };
}

static void
make_classes (struct fettle_rollout *r)
{
  _cleanup_json_ json_t *known = json_object ();
  size_t from = r->batch ? r->batch_end[r->batch - 1] : 0;

  r->stale = false;
  r->n_classes = 0;
  for (size_t p = from; r->batch < r->batches && p < r->batch_end[r->batch]; p++)
    if (r->nodes[r->order[p]].state == FETTLE_ROLLOUT_WAITS)
      add_to_class (r, known, r->order[p]);
}

/* An empty class gives its place to the last one. */
static size_t
take_first (struct fettle_rollout *r, size_t class)
{
  struct class *c = &r->classes[class];
  size_t i = c->first;

  c->first = r->nodes[i].next;
  if (c->first == NONE)
    *c = r->classes[--r->n_classes];
  return i;
}

static bool
lower_ranks_ended (const struct fettle_rollout *r, const struct node *n)
{
  for (uint32_t rank = 0; n->enclosure != NONE && rank < n->rank; rank++)
    if (r->inside[n->enclosure].left[rank])
      return false;
  return true;
}

static bool
may_begin (struct fettle_rollout *r, const struct node *n, int64_t now, int64_t *until)
{
  return room_for (&r->types, n->type) && room_for (&r->groups, n->group)
         && room_for (&r->enclosures, n->enclosure)
         && (n->pair == NONE || r->pairs.words[n->pair].running == 0) && lower_ranks_ended (r, n)
         && windows_let (r, n->window, now, until);
}

/* Of the classes that may begin, the one whose first node comes first. */
static size_t
best_class (struct fettle_rollout *r, int64_t now, int64_t *until)
{
  size_t best = NONE;

  for (size_t c = 0; c < r->n_classes; c++) {
    const struct node *n = &r->nodes[r->classes[c].first];

    if ((best == NONE || n->position < r->nodes[r->classes[best].first].position)
        && may_begin (r, n, now, until))
      best = c;
  }
  return best;
}

static enum fettle_rollout_answer
begin (struct fettle_rollout *r, size_t class, size_t *ret_node)
{
  size_t i = take_first (r, class);

  r->nodes[i].state = FETTLE_ROLLOUT_RUNS;
  r->waiting--;
  count_node (r, i, 1);
  *ret_node = i;
  return FETTLE_ROLLOUT_BEGIN;
}

enum fettle_rollout_answer
fettle_rollout_next (struct fettle_rollout *r, int64_t now, size_t *ret_node, int64_t *ret_until)
{
  size_t class;

  *ret_until = 0;
  advance (r);
  if (r->stopped)
    return FETTLE_ROLLOUT_STOPPED;
  if (!r->waiting)
    return FETTLE_ROLLOUT_DONE;
  if (r->canary)
    return FETTLE_ROLLOUT_CANARY;
  if (now < r->rules->at) {
    *ret_until = r->rules->at;
    return FETTLE_ROLLOUT_LATER;
  }
  if (r->limit && r->running >= r->limit)
    return FETTLE_ROLLOUT_WAIT;
  if (r->stale)
    make_classes (r);
  class = best_class (r, now, ret_until);
  if (class != NONE)
    return begin (r, class, ret_node);
  return *ret_until ? FETTLE_ROLLOUT_LATER : FETTLE_ROLLOUT_WAIT;
}

bool
fettle_rollout_is_open (struct fettle_rollout *r, size_t node, int64_t now, int64_t *ret_until)
{
  *ret_until = 0;
  return windows_let (r, r->nodes[node].window, now, ret_until);
}

void
fettle_rollout_look (const struct fettle_rollout *r, struct fettle_rollout_view *ret)
{
  *ret = (struct fettle_rollout_view) { .batch = r->batch, .batches = r->batches, .nodes = r->n,
                                        .waiting = r->waiting, .running = r->running,
                                        .ended = r->ended, .failed = r->failed,
                                        .stopped = r->stopped, .canary = r->canary };
}

void
fettle_rollout_stop_text (const struct fettle_rollout *r, char *ret, size_t size)
{
  const struct fettle_share *s = &r->rules->max_failures;

  if (r->stopped_at)
    snprintf (ret, size, "%zu of the first %zu nodes failed, and max_failures is %u%% after each"
                         " batch", failed_up_to (r, r->stopped_at - 1),
              r->batch_end[r->stopped_at - 1], s->value);
  else
    snprintf (ret, size, "%zu of %zu nodes failed, and max_failures is %u%s", r->failed, r->n,
              s->value, s->percent ? "%" : "");
}
