/* dialogue.c - questions and answers with a node's command line.
 *
 * SPDX-License-Identifier: Apache-2.0 OR BSD-2-Clause
 */
#define _POSIX_C_SOURCE 200809L

#include <regex.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <fettle/dialogue.h>
#include <fettle/services.h>
#include <fettle/util.h>

#include "dialogue-internal.h"

enum {
  TIME_MS = 60000, BYTES_MAX = 1024 * 1024, LINES_MAX = 20000, SETTLE_MS = 60,
  LEAVE_MS = 2000,  /* for the node to hang up */
  TAIL = 512,       /* bytes of a line's end that patterns are looked for in */
  SHOWN = 3,        /* last lines in a message */
  RULES_MAX = 64,   /* of a command and a conversation */
  WHY_SIZE = 1200,
};

/* A rule, ready for use. */
struct ready {
  const struct fettle_dialogue_rule *rule;
  regex_t pattern;
  uint32_t used;
};

struct rules {
  struct ready *all;
  size_t n;
};

struct fettle_dialogue {
  const struct fettle_host *h;
  fettle_ctx *c;
  const struct fettle_target *t;
  const struct fettle_ssh *ssh;
  struct fettle_dialogue_options o;
  struct fettle_dialogue_screen screen;
  struct rules rules;
  regex_t prompt;
  int has_prompt, over, ended;
  char *greeting;
  char prompted[TAIL + 1];
  char why[WHY_SIZE];
  /* The running command. */
  const struct fettle_dialogue_ask *ask;
  struct rules own;
  int echo_wanted;
  int64_t deadline;
};

static int64_t
now_ms (void)
{
  struct timespec t;

  clock_gettime (CLOCK_MONOTONIC, &t);
  return (int64_t) t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

/* ---- What went wrong ---- */

/* The last lines that came, with " | " between. */
static void
last_lines (const struct fettle_dialogue *d, char *text, size_t size)
{
  const struct fettle_dialogue_screen *s = &d->screen;
  const char *begin = s->text_size ? s->text : "", *p = begin + s->text_size;
  unsigned n = s->size ? 1 : 0;
  size_t used = 0;

  while (p > begin && n < SHOWN) {
    for (p--; p > begin && p[-1] != '\n';)
      p--;
    n += *p != '\n';
  }
  text[0] = '\0';
  for (; *p && used + 1 < size; p += strcspn (p, "\n"), p += *p == '\n') {
    int length = (int) strcspn (p, "\n");

    if (length)
      used += (size_t) snprintf (text + used, size - used, "%s%.*s", used ? " | " : "",
                                 length < 160 ? length : 160, p);
  }
  if (s->size && used + 1 < size)
    snprintf (text + used, size - used, "%s%.160s", used ? " | " : "", s->line);
}

FETTLE_PRINTF (3, 4)
static fettle_result
fail (struct fettle_dialogue *d, fettle_result code, const char *format, ...)
{
  char what[400], came[600];
  va_list ap;

  va_start (ap, format);
  vsnprintf (what, sizeof what, format, ap);
  va_end (ap);
  last_lines (d, came, sizeof came);
  snprintf (d->why, sizeof d->why, "%s%.120s%s%s%s%s", d->ask ? "\"" : "", d->ask ? d->ask->command : "logging in",
            d->ask ? "\": " : ": ", what, *came ? "; it said: " : "", came);
  d->over = 1;
  return d->h->error (d->c, code, d->why);
}

/* ---- Rules ---- */

static void
release (struct rules *r)
{
  while (r->n)
    regfree (&r->all[--r->n].pattern);
  free (r->all);
  r->all = NULL;
}

/* The pattern as a program; a bad one is the plugin's fault, or of its data. */
static fettle_result
compile (struct fettle_dialogue *d, const char *pattern, regex_t *ret)
{
  char why[200];
  int rc = regcomp (ret, pattern, REG_EXTENDED | REG_NOSUB);

  if (rc == 0)
    return FETTLE_OK;
  regerror (rc, ret, why, sizeof why);
  return fail (d, FETTLE_E_CONFIG, "the pattern \"%s\" isn't one: %s", pattern, why);
}

static fettle_result
prepare (struct fettle_dialogue *d, const struct fettle_dialogue_rule *rules, uint32_t n, struct rules *ret)
{
  fettle_result r = FETTLE_OK;

  ret->n = 0;
  ret->all = NULL;
  if (n > RULES_MAX)
    return fail (d, FETTLE_E_CONFIG, "%u rules are more than %d", (unsigned) n, RULES_MAX);
  if (n && !(ret->all = calloc (n, sizeof *ret->all)))
    return fail (d, FETTLE_E_NOMEM, "no memory for rules");
  while (ret->n < n && r == FETTLE_OK) {
    struct ready *one = &ret->all[ret->n];

    one->rule = &rules[ret->n];
    r = compile (d, rules[ret->n].pattern, &one->pattern);
    ret->n += r == FETTLE_OK;
  }
  return r;
}

static struct ready *
find_rule (struct rules *r, const char *line)
{
  for (size_t i = 0; i < r->n; i++)
    if (regexec (&r->all[i].pattern, line, 0, NULL, 0) == 0)
      return &r->all[i];
  return NULL;
}

/* ---- Reading ---- */

/* A line is complete. */
static fettle_result
take_line (struct fettle_dialogue *d)
{
  struct fettle_dialogue_screen *s = &d->screen;
  fettle_result r = FETTLE_OK;

  if (d->echo_wanted) {
    int echo = fettle_dialogue_is_echo (s->line, d->ask->command);

    d->echo_wanted = !echo && !s->size; /* behind empty lines it may still come */
    if (echo) {
      fettle_dialogue_screen_drop (s);
      return FETTLE_OK;
    }
  }
  if (d->ask && d->ask->line)
    r = d->ask->line (d->ask->opaque, s->line);
  if (!fettle_dialogue_screen_keep (s))
    return fail (d, FETTLE_E_NOMEM, "no memory for what it says");
  if (r != FETTLE_OK)
    d->over = 1;
  return r;
}

static fettle_result
take (struct fettle_dialogue *d, const char *data, size_t size)
{
  fettle_result r = FETTLE_OK;

  while (size && r == FETTLE_OK) {
    int line;
    size_t n = fettle_dialogue_screen_take (&d->screen, data, size, &line);

    if (n == 0)
      return fail (d, FETTLE_E_PROTOCOL, "the answer is too long (%zu bytes of %zu, %zu lines of %zu, or a line "
                   "of %d bytes)", d->screen.bytes, d->screen.bytes_max, d->screen.lines, d->screen.lines_max,
                   FETTLE_DIALOGUE_LINE);
    data += n, size -= n;
    if (line)
      r = take_line (d);
  }
  return r;
}

static fettle_result
hung_up (struct fettle_dialogue *d)
{
  d->over = d->ended = 1;
  if (d->screen.size)
    fettle_dialogue_screen_keep (&d->screen);
  if (d->ask && d->ask->flags & FETTLE_DIALOGUE_ENDS)
    return FETTLE_OK;
  return fail (d, FETTLE_E_UNREACHABLE, "the node ended the conversation");
}

/* Reads once.  *ret_quiet: nothing came within `ms`. */
static fettle_result
hear (struct fettle_dialogue *d, uint32_t ms, int *ret_quiet)
{
  char buffer[8192];
  int64_t n = d->ssh->shell_read (d->c, buffer, sizeof buffer, ms);

  *ret_quiet = n == FETTLE_E_TIMEOUT;
  if (*ret_quiet)
    return FETTLE_OK;
  if (n > 0)
    return take (d, buffer, (size_t) n);
  if (n == 0)
    return hung_up (d);
  d->over = 1;
  if (n == FETTLE_E_UNREACHABLE) {
    d->ended = 1;
    return fail (d, FETTLE_E_UNREACHABLE, "the connection was lost");
  }
  snprintf (d->why, sizeof d->why, "reading failed (%d)", (int) n);
  return (fettle_result) n; /* the host has said why */
}

/* ---- Answering ---- */

static fettle_result
say (struct fettle_dialogue *d, const char *text, uint32_t flags)
{
  fettle_result r = flags & FETTLE_DIALOGUE_FILL ? d->ssh->shell_write_filled (d->c, text)
                                                 : d->ssh->shell_write (d->c, text, strlen (text));

  if (r == FETTLE_E_UNREACHABLE) {
    d->ended = 1;
    return fail (d, r, "the connection was lost");
  }
  if (r != FETTLE_OK) {
    d->over = 1;
    snprintf (d->why, sizeof d->why, "writing failed (%d)", (int) r);
  }
  return r;
}

static fettle_result
follow (struct fettle_dialogue *d, struct ready *x)
{
  fettle_result code = x->rule->result ? x->rule->result : FETTLE_E_REJECTED;
  uint32_t times = x->rule->times ? x->rule->times : 1;

  if (!x->rule->answer)
    return fail (d, code, "the node wants what it can't be given");
  if (x->used++ == times)
    return fail (d, code, "the node asks again, after %u answer%s", (unsigned) times, times == 1 ? "" : "s");
  if (x->rule->flags & FETTLE_DIALOGUE_PAGER)
    fettle_dialogue_screen_drop (&d->screen);
  else if (!fettle_dialogue_screen_keep (&d->screen))
    return fail (d, FETTLE_E_NOMEM, "no memory for what it says");
  d->echo_wanted = 0;
  return say (d, x->rule->answer, x->rule->flags);
}

/* Does the node wait for us?  Then *ret is the rule, or NULL at its prompt. */
static int
waits (struct fettle_dialogue *d, struct ready **ret)
{
  const char *line = d->screen.line + (d->screen.size > TAIL ? d->screen.size - TAIL : 0);

  *ret = NULL;
  if (!d->screen.size)
    return 0;
  *ret = find_rule (&d->own, line);
  if (!*ret)
    *ret = find_rule (&d->rules, line);
  return *ret || regexec (&d->prompt, line, 0, NULL, 0) == 0;
}

static uint32_t
least (uint32_t a, int64_t b)
{
  return b < (int64_t) a ? (uint32_t) b : a;
}

/* Up to the prompt. */
static fettle_result
listen (struct fettle_dialogue *d)
{
  uint32_t still_ms = d->greeting ? 0 : d->o.still_ms;
  int64_t heard = now_ms ();

  for (;;) {
    struct ready *rule;
    int waiting = waits (d, &rule), quiet;
    int64_t left = d->deadline - now_ms ();
    fettle_result r;

    if (!waiting && left <= 0)
      return fail (d, FETTLE_E_TIMEOUT, "no prompt came in time");
    r = hear (d, waiting ? d->o.settle_ms : least (still_ms ? least (1000, still_ms) : 1000, left), &quiet);
    if (r != FETTLE_OK || d->over)
      return r;
    if (!quiet)
      heard = now_ms ();
    else if (!waiting && still_ms && d->screen.size && now_ms () - heard >= still_ms)
      return fail (d, FETTLE_E_PROTOCOL, "the node waits at a prompt of another kind");
    if (!waiting || !quiet)
      continue;
    if (!rule) {
      const struct fettle_dialogue_screen *s = &d->screen;

      snprintf (d->prompted, sizeof d->prompted, "%.*s", TAIL, s->line + (s->size > TAIL ? s->size - TAIL : 0));
      fettle_dialogue_screen_drop (&d->screen);
      return FETTLE_OK;
    }
    r = follow (d, rule);
    if (r != FETTLE_OK)
      return r;
  }
}

/* ---- The conversation ---- */

static fettle_result
send_command (struct fettle_dialogue *d, const char *command, uint32_t flags)
{
  size_t size = strlen (command) + strlen (d->o.newline) + 1;
  char *line = malloc (size);
  fettle_result r;

  if (!line)
    return fail (d, FETTLE_E_NOMEM, "no memory for a command");
  snprintf (line, size, "%s%s", command, d->o.newline);
  r = say (d, line, flags);
  free (line);
  return r;
}

fettle_result
fettle_dialogue_ask (struct fettle_dialogue *d, const struct fettle_dialogue_ask *ask, const char **ret_text)
{
  fettle_result r;

  d->ask = ask;
  for (size_t i = 0; i < d->rules.n; i++)
    d->rules.all[i].used = 0;
  fettle_dialogue_screen_clear (&d->screen);
  if (ret_text)
    *ret_text = "";
  if (d->over)
    r = fail (d, FETTLE_E_UNREACHABLE, "the conversation with the node is over");
  else if (strpbrk (ask->command, "\r\n"))
    r = fail (d, FETTLE_E_INTERNAL, "a command is one line");
  else
    r = prepare (d, ask->rules, ask->n_rules, &d->own);
  d->echo_wanted = 1;
  d->deadline = now_ms () + (ask->time_ms ? ask->time_ms : d->o.time_ms);
  if (r == FETTLE_OK)
    r = send_command (d, ask->command, ask->flags);
  if (r == FETTLE_OK)
    r = listen (d);
  if (ret_text && d->screen.text_size)
    *ret_text = d->screen.text;
  release (&d->own);
  d->ask = NULL;
  return r;
}

fettle_result
fettle_dialogue_run (struct fettle_dialogue *d, const char *command, const char **ret_text)
{
  struct fettle_dialogue_ask ask;

  memset (&ask, 0, sizeof ask);
  ask.command = command;
  return fettle_dialogue_ask (d, &ask, ret_text);
}

fettle_result
fettle_dialogue_set_prompt (struct fettle_dialogue *d, const char *pattern)
{
  regex_t compiled;
  fettle_result r = compile (d, pattern, &compiled);

  if (r != FETTLE_OK)
    return r;
  if (d->has_prompt)
    regfree (&d->prompt);
  d->prompt = compiled;
  d->has_prompt = 1;
  return FETTLE_OK;
}

static fettle_result
begin (struct fettle_dialogue *d)
{
  struct fettle_ssh_shell shell;
  fettle_result r;

  memset (&shell, 0, sizeof shell);
  shell.struct_size = sizeof shell;
  shell.port = d->o.port;
  shell.flags = d->o.flags;
  r = d->ssh->shell_open (d->c, &shell);
  if (r != FETTLE_OK) {
    d->over = d->ended = 1;
    return r;
  }
  d->deadline = now_ms () + d->o.time_ms;
  r = listen (d);
  if (r == FETTLE_OK && !(d->greeting = strdup (d->screen.text_size ? d->screen.text : "")))
    r = fail (d, FETTLE_E_NOMEM, "no memory for its greeting");
  return r;
}

static uint32_t
or_else (uint32_t value, uint32_t otherwise)
{
  return value ? value : otherwise;
}

fettle_result
fettle_dialogue_open (const struct fettle_host *h, fettle_ctx *c, const struct fettle_target *t,
                      const struct fettle_dialogue_options *o, struct fettle_dialogue **ret)
{
  struct fettle_dialogue *d = calloc (1, sizeof *d);
  fettle_result r;

  if (!d)
    return h->error (c, FETTLE_E_NOMEM, "no memory for a conversation");
  d->h = h, d->c = c, d->t = t, d->o = *o;
  d->o.newline = o->newline ? o->newline : "\n";
  d->o.time_ms = or_else (o->time_ms, TIME_MS);
  d->o.settle_ms = or_else (o->settle_ms, SETTLE_MS);
  d->screen.bytes_max = or_else (o->bytes_max, BYTES_MAX);
  d->screen.lines_max = or_else (o->lines_max, LINES_MAX);
  d->ssh = h->service (c, "ssh", 1);
  if (!d->ssh || !FETTLE_HAS (d->ssh, struct fettle_ssh, shell_close)) {
    free (d);
    return h->error (c, FETTLE_E_SERVICE, "this Fettle can't talk to a node's command line: a newer one can");
  }
  r = fettle_dialogue_set_prompt (d, o->prompt);
  if (r == FETTLE_OK)
    r = prepare (d, o->rules, o->n_rules, &d->rules);
  if (r == FETTLE_OK)
    r = begin (d);
  if (r != FETTLE_OK) {
    fettle_dialogue_close (d, r);
    return r;
  }
  *ret = d;
  return FETTLE_OK;
}

/* Says goodbye, and lets the node hang up. */
static void
take_leave (struct fettle_dialogue *d)
{
  int64_t deadline = now_ms () + LEAVE_MS, left;
  char buffer[512];

  if (send_command (d, d->o.leave, 0) != FETTLE_OK)
    return;
  while ((left = deadline - now_ms ()) > 0)
    if (d->ssh->shell_read (d->c, buffer, sizeof buffer, (uint32_t) left) <= 0)
      return;
}

void
fettle_dialogue_close (struct fettle_dialogue *d, fettle_result result)
{
  if (!d)
    return;
  if (result >= 0 && !d->over && d->o.leave && !d->h->aborted (d->c))
    take_leave (d);
  d->ssh->shell_close (d->c);
  release (&d->rules);
  if (d->has_prompt)
    regfree (&d->prompt);
  fettle_dialogue_screen_free (&d->screen);
  free (d->greeting);
  free (d);
}

const char *
fettle_dialogue_greeting (const struct fettle_dialogue *d)
{
  return d->greeting ? d->greeting : "";
}

const char *
fettle_dialogue_prompt (const struct fettle_dialogue *d)
{
  return d->prompted;
}

int
fettle_dialogue_ended (const struct fettle_dialogue *d)
{
  return d->ended;
}

const char *
fettle_dialogue_why (const struct fettle_dialogue *d)
{
  return d->why;
}
