/* firewall.c - the node's own firewall: what a job needs, for as long as it does.
 *
 * The declared row, SSH, passes: the connection that says so came by it.  So
 * there is something to do only where the settings name ports that components
 * on the node use.  The former state that the host keeps for us is the node's
 * boot id, a sum over its rules and the name that ours carry; all else is
 * found on the node, so that opening is safe to repeat and tells the same.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "linux.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define ROWS_MAX 16 /* ports or ranges of a setting */
#define SCRIPT_MS 180000

struct firewall {
  struct linux_call call;
  char marker[64];
  char us[INET6_ADDRSTRLEN]; /* our address, as the node sees it */
  int family;                /* 4 or 6 */
  char in[ROWS_MAX * 18 + 1], out[ROWS_MAX * 18 + 1];
  char former[120];          /* "BOOT SUM" */
  char opened[120];          /* names of what was */
  int warned, went, same, ended;
};

/* ---- what is to be opened ---- */

static int
number (const char *text, char **end)
{
  unsigned long value = text[0] >= '0' && text[0] <= '9' ? strtoul (text, end, 10) : 0;

  return value <= 65535 ? (int) value : 0;
}

/* "8080", "9000-9010", "161/udp"; adds "tcp:8080". */
static int
add_row (char *to, size_t size, const char *word)
{
  size_t used = strlen (to);
  char *end = NULL;
  int first = number (word, &end), last = first;

  if (first && *end == '-')
    last = number (end + 1, &end);
  if (!first || last < first || (*end && strcmp (end, "/udp") != 0 && strcmp (end, "/tcp") != 0))
    return -1;
  snprintf (to + used, size - used, first == last ? "%s%s:%d" : "%s%s:%d-%d", used ? " " : "",
            strcmp (end, "/udp") == 0 ? "udp" : "tcp", first, last);
  return 0;
}

static fettle_result
take_setting (const struct linux_call *c, const char *name, char *to, size_t size)
{
  const char *value = c->host->setting (c->ctx, name);
  char copy[256], *words[ROWS_MAX + 1], *word;
  size_t n = 0;

  to[0] = '\0';
  if (!value || !value[0])
    return FETTLE_OK;
  snprintf (copy, sizeof copy, "%s", value);
  if (strlen (value) < sizeof copy)
    n = text_split (copy, ',', words, ROWS_MAX + 1);
  for (size_t i = 0; i < n && n <= ROWS_MAX; i++) {
    word = words[i] + strspn (words[i], " ");
    if (add_row (to, size, word) != 0)
      n = 0;
  }
  if (n == 0 || n > ROWS_MAX)
    return fettle_fail (c->host, c->ctx, FETTLE_E_CONFIG,
                        "the setting %s is \"%.100s\": up to %d ports like 8080, 9000-9010 or 161/udp, "
                        "with commas between them", name, value, ROWS_MAX);
  return FETTLE_OK;
}

/* ---- who we are to the node ---- */

/* Sudo hides the variable: so the user himself is asked. */
static fettle_result
ask_who (struct firewall *f)
{
  struct linux_answer answer = { .out.max = 4096 };
  unsigned char binary[16];
  char clean[200];
  fettle_result result = linux_run (&f->call, "echo \"$SSH_CONNECTION\"\n", 0, 30000, &answer);

  if (result == FETTLE_OK) {
    text_clean (clean, sizeof clean, answer.out.data ? answer.out.data : "", answer.out.size);
    clean[strcspn (clean, " %")] = '\0';
    f->family = inet_pton (AF_INET, clean, binary) == 1 ? 4 : inet_pton (AF_INET6, clean, binary) == 1 ? 6 : 0;
    if (f->family)
      snprintf (f->us, sizeof f->us, "%.45s", clean);
    else
      result = f->call.host->error (f->call.ctx, FETTLE_E_UNSUPPORTED,
                                    "the node's SSH server doesn't tell our address (SSH_CONNECTION): "
                                    "open its firewall by hand");
  }
  linux_answer_clear (&answer);
  return result;
}

/* ---- the script and its answer ---- */

static void
take (struct firewall *f, const char *key, const char *rest)
{
  const struct fettle_host *host = f->call.host;
  char clean[400];

  text_clean (clean, sizeof clean, rest, strlen (rest));
  if (strcmp (key, "former") == 0)
    text_clean (f->former, sizeof f->former, rest, strlen (rest));
  else if (strcmp (key, "opened") == 0 && !strstr (f->opened, clean) && strlen (clean) < 40
           && strlen (f->opened) + 42 < sizeof f->opened)
    snprintf (f->opened + strlen (f->opened), sizeof f->opened - strlen (f->opened), "%s%s",
              f->opened[0] ? ", " : "", clean);
  else if (strcmp (key, "warn") == 0) {
    f->warned = 1;
    fettle_say (host, f->call.ctx, FETTLE_LOG_WARNING, "the node's firewall: %s", clean);
  }
  f->went |= strcmp (key, "went") == 0;
  f->same |= strcmp (key, "same") == 0;
  f->ended |= strcmp (key, "end") == 0;
}

static void
take_answer (struct firewall *f, char *text)
{
  size_t length = strlen (f->marker);

  for (char *line = text, *next; line; line = next) {
    char *rest;

    next = strchr (line, '\n');
    if (next)
      *next++ = '\0';
    if (strncmp (line, f->marker, length) != 0 || line[length] != ' ')
      continue;
    line += length + 1;
    rest = strchr (line, ' ');
    if (rest)
      *rest++ = '\0';
    take (f, line, rest ? rest : "");
  }
}

static fettle_result
run (struct firewall *f, const char *variables)
{
  const struct linux_call *c = &f->call;
  struct linux_answer answer = { .out.max = 64 * 1024 };
  struct text script = { .max = 64 * 1024 };
  char line[96], clean[300];
  fettle_result result;

  snprintf (f->marker, sizeof f->marker, "@fettle-");
  if (text_random (f->marker + strlen (f->marker)) != 0)
    return c->host->error (c->ctx, FETTLE_E_INTERNAL, "the system has no random numbers");
  snprintf (line, sizeof line, "M=%s\n", f->marker);
  if (text_puts (&script, line) != 0 || text_puts (&script, variables) != 0
      || text_puts (&script, linux_firewall_sh) != 0)
    result = c->host->error (c->ctx, FETTLE_E_NOMEM, "no memory for the script");
  else
    result = linux_run (c, script.data, FETTLE_SSH_AS_ROOT, SCRIPT_MS, &answer);
  if (result == FETTLE_OK && answer.out.data)
    take_answer (f, answer.out.data);
  if (result == FETTLE_OK && !f->ended)
    result = fettle_fail (c->host, c->ctx, answer.err.size ? FETTLE_E_PROTOCOL : FETTLE_E_UNREACHABLE,
                          "the node broke off while its firewall was changed%s%s",
                          answer.err.size ? ": " : "",
                          text_clean (clean, sizeof clean, answer.err.data ? answer.err.data : "",
                                      answer.err.size));
  text_clear (&script);
  linux_answer_clear (&answer);
  return result;
}

/* ---- the calls ---- */

static void
tell (const struct firewall *f)
{
  if (f->opened[0])
    fettle_say (f->call.host, f->call.ctx, FETTLE_LOG_INFO,
                "the node's firewall (%s) is open for %s%s%s%s%s", f->opened, f->us,
                f->in[0] ? ", in " : "", f->in, f->out[0] ? ", out " : "", f->out);
  else if (!f->warned)
    f->call.host->log (f->call.ctx, FETTLE_LOG_INFO, "the node has no firewall in the way");
}

fettle_result
linux_firewall_open (const struct fettle_host *host, fettle_ctx *ctx, const struct fettle_target *target,
                     uint32_t phases, const char **former)
{
  static char kept[256]; /* a call has a process of its own */
  struct firewall f = { .family = 0 };
  char variables[sizeof f.in + sizeof f.out + 256];
  fettle_result result = linux_call_init (&f.call, host, ctx, target);

  (void) phases; /* the settings know no phases */
  *former = NULL;
  if (result == FETTLE_OK)
    result = take_setting (&f.call, "firewall_in", f.in, sizeof f.in);
  if (result == FETTLE_OK)
    result = take_setting (&f.call, "firewall_out", f.out, sizeof f.out);
  if (result != FETTLE_OK || (!f.in[0] && !f.out[0]))
    return result;
  result = ask_who (&f);
  if (result != FETTLE_OK)
    return result;
  snprintf (variables, sizeof variables, "VERB=open TAG=%s F=%d US=%s LIFE=%u IN='%s' OUT='%s'\n",
            target->operation, f.family, f.us, (unsigned) linux_seconds (&f.call, "firewall_time", 10800),
            f.in, f.out);
  result = run (&f, variables);
  if (result != FETTLE_OK)
    return result;
  tell (&f);
  snprintf (kept, sizeof kept, "linux 1 %s %d %s", target->operation, f.family, f.former);
  *former = kept;
  return FETTLE_OK;
}

/* Ours, or at least harmless between quotes. */
static int
is_word (const char *text, const char *extra)
{
  if (!text[0] || strlen (text) > 60)
    return 0;
  for (; *text; text++)
    if (!(*text >= 'a' && *text <= 'z') && !(*text >= '0' && *text <= '9') && *text != '-'
        && !strchr (extra, *text))
      return 0;
  return 1;
}

fettle_result
linux_firewall_restore (const struct fettle_host *host, fettle_ctx *ctx,
                        const struct fettle_target *target, const char *former)
{
  struct firewall f = { .family = 0 };
  char copy[256], variables[400], *word[6];
  fettle_result result = linux_call_init (&f.call, host, ctx, target);

  if (result != FETTLE_OK)
    return result;
  snprintf (copy, sizeof copy, "%s", former);
  if (text_split (copy, ' ', word, 6) != 6 || strcmp (word[0], "linux") != 0 || strcmp (word[1], "1") != 0
      || !is_word (word[2], "") || (strcmp (word[3], "4") != 0 && strcmp (word[3], "6") != 0)
      || !is_word (word[4], "") || !is_word (word[5], ""))
    return fettle_fail (host, ctx, FETTLE_E_CONFIG,
                        "the former state of the node's firewall can't be read: \"%.100s\"", former);
  snprintf (variables, sizeof variables, "VERB=restore TAG=%s F=%s WAS='%s %s' IN= OUT= US= LIFE=0\n",
            word[2], word[3], word[4], word[5]);
  result = run (&f, variables);
  if (result == FETTLE_OK && f.warned)
    return host->error (ctx, FETTLE_E_REJECTED, "what was opened in the node's firewall can't be removed");
  if (result == FETTLE_OK)
    host->log (ctx, FETTLE_LOG_INFO,
               f.went   ? "the node has restarted since its firewall was opened: nothing of that is left"
               : f.same ? "the node's firewall is as it was"
                        : "what was opened in the node's firewall is closed; somebody else has changed "
                          "other rules meanwhile, and those stay");
  return result;
}
