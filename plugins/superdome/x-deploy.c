/* x-deploy.c - a firmware bundle onto a Superdome X, which fetches it from us.
 *
 * The first call tells the node to update itself, the later ones look how far
 * it is.  The token has when that was; so has our listener what the node has
 * fetched, by which a call that is repeated after a crash knows that the node
 * was told.  While it updates itself the node may be gone, and what it says
 * of updates may still be about an earlier one.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <fettle/services.h>
#include <fettle/util.h>

#include "superdome.h"

#define COMMAND   1200             /* bytes, of which a URL may have 511 */
#define ANSWER_S  120              /* for the command that begins the update */
#define LOGIN_S   (15 * 60)        /* how long it may refuse logins while it restarts */

/* What the calls of a task know of each other. */
struct x_token {
  long long since, away;           /* told; not to be asked since then, or 0 */
  unsigned long before;            /* of what it said of updates before */
};

struct x_update {
  struct x_talk talk;
  const struct fettle_image *image;
  const struct fettle_serve *serve;
  uint32_t listener;
  struct x_token token;
  const char *url;
  uint64_t fetched;
};

static unsigned long
hash (const char *text)
{
  unsigned long x = 5381;

  while (*text)
    x = (x * 33 + (unsigned char) *text++) & 0xffffffff;
  return x;
}

static fettle_result
come_back (struct x_update *u)
{
  uint32_t delay = x_number (u->talk.h, u->talk.c, "poll_s", 30);
  char text[120];

  snprintf (text, sizeof text, "since %lld away %lld before %lu", u->token.since, u->token.away, u->token.before);
  return u->talk.h->again (u->talk.c, delay, text);
}

/* ---- What it says ---- */

struct meaning {
  const char *word;
  fettle_result code;
  const char *text;                /* %s: the node's line */
};

static const struct meaning meanings[] = {
  { "busy",     FETTLE_E_BUSY,        "an update is already running on the node: \"%s\"; try again when it is done" },
  { "hardware", FETTLE_E_REJECTED,    "the bundle isn't for this hardware: \"%s\"" },
  { "same",     FETTLE_E_REJECTED,    "the node has this version, and doesn't install it again: \"%s\"" },
  { "older",    FETTLE_E_REJECTED,    "the bundle is older than what is there, and the node doesn't go back: \"%s\"; an "
                                      "older version must be asked for (--downgrade)" },
  { "download", FETTLE_E_REJECTED,    "the node couldn't fetch the bundle from here: \"%s\"; fettle check tells what is in "
                                      "the way" },
  { "analysis", FETTLE_E_REJECTED,    "the node's analysis says that the update would do harm: \"%s\"; shut the partitions "
                                      "down that it names, or update another time" },
  { "image",    FETTLE_E_REJECTED,    "the node doesn't take the file for a bundle: \"%s\"" },
  { "rights",   FETTLE_E_AUTH,        "the node's user may not update it: \"%s\"" },
};

/* Is there a refusal?  Then *ret is what it comes to. */
static int
refused (struct x_update *u, const char *text, fettle_result *ret)
{
  const char *patterns, *form = "the node has refused the update: \"%s\"";
  char word[16], line[X_TEXT], why[X_TEXT + 200];
  fettle_result code = FETTLE_E_REJECTED;

  *ret = x_quirk (u->talk.h, u->talk.c, "refused", &patterns);
  if (*ret != FETTLE_OK)
    return 1;
  x_refusal (text, patterns, word, line);
  if (!*word)
    return 0;
  if (strcmp (word, "same") == 0 && !(u->image->flags & FETTLE_IMAGE_REWRITE)) {
    fettle_say (u->talk.h, u->talk.c, FETTLE_LOG_INFO, "nothing to do, says the node: \"%s\"", line);
    *ret = FETTLE_OK; /* the inventory decides */
    return 1;
  }
  for (size_t i = 0; i < FETTLE_COUNT (meanings); i++)
    if (strcmp (meanings[i].word, word) == 0) {
      form = meanings[i].text;
      code = meanings[i].code;
    }
  {
    const char *at = strstr (form, "%s");

    snprintf (why, sizeof why, "%.*s%s%s", (int) (at - form), form, line, at + 2);
  }
  *ret = u->talk.h->error (u->talk.c, code, why);
  return 1;
}

static int
says (struct x_update *u, const char *key, const char *text, fettle_result *ret)
{
  const char *pattern;
  size_t size;

  *ret = x_quirk (u->talk.h, u->talk.c, key, &pattern);
  return *ret == FETTLE_OK && fettle_dialogue_find (text, pattern, &size) != NULL;
}

static void
tell_progress (struct x_update *u, const char *text)
{
  char percent[X_TEXT];
  const char *pattern;
  unsigned long n;

  if (x_quirk (u->talk.h, u->talk.c, "percent", &pattern) != FETTLE_OK)
    return;
  x_last (text, pattern, percent);
  n = strtoul (percent, NULL, 10);
  u->talk.h->progress (u->talk.c, n <= 100 ? 100 + (uint32_t) n * 8 : 100, "the node updates itself");
}

/* How the update is, as the node says. */
static fettle_result
judge (struct x_update *u, const char *text)
{
  const struct fettle_host *h = u->talk.h;
  long long waited = (long long) time (NULL) - u->token.since;
  fettle_result r;
  int stale = !u->fetched && hash (text) == u->token.before;

  if (says (u, "running", text, &r)) {
    tell_progress (u, text);
    return come_back (u);
  }
  if (r != FETTLE_OK)
    return r;
  if (stale && waited < x_number (h, u->talk.c, "begin_s", 300)) /* it hasn't begun yet, or that is what it said before */
    return come_back (u);
  if (u->fetched && says (u, "done", text, &r))
    return FETTLE_OK;
  if (r != FETTLE_OK || refused (u, text, &r))
    return r;
  if (u->fetched) {
    h->log (u->talk.c, FETTLE_LOG_INFO, "the node has fetched the bundle, and says nothing of an update any more");
    return FETTLE_OK;
  }
  return fettle_fail (h, u->talk.c, FETTLE_E_REJECTED, "the node was told to update itself %lld s ago, and has neither "
                      "fetched the bundle nor said why: look at its log, and at fettle check", waited);
}

/* ---- Beginning ---- */

/* What the component is for: the command's form, and which partition. */
static fettle_result
choose (struct x_update *u, const char **form, char number[16])
{
  static const char partition[] = "superdome-x:partition:";
  const char *match = u->image->match ? u->image->match : "", *p = strstr (match, partition);
  size_t n = p ? strspn (p + sizeof partition - 1, "0123456789") : 0;

  number[0] = '\0';
  if (strstr (match, "superdome-x:complex"))
    return x_quirk (u->talk.h, u->talk.c, "update_complex", form);
  if (!n || n > 10)
    return fettle_fail (u->talk.h, u->talk.c, FETTLE_E_CONFIG, "%s is for \"%s\": a bundle is for superdome-x:complex, or for "
                        "superdome-x:partition:1 and the like", u->image->id, match);
  snprintf (number, 16, "%.*s", (int) n, p + sizeof partition - 1);
  return x_quirk (u->talk.h, u->talk.c, "update_partition", form);
}

static fettle_result
make_command (struct x_update *u, char *command)
{
  const char *form, *reinstall, *force;
  char number[16];
  fettle_result r = choose (u, &form, number);

  if (r == FETTLE_OK)
    r = x_quirk (u->talk.h, u->talk.c, "reinstall", &reinstall);
  if (r == FETTLE_OK)
    r = x_quirk (u->talk.h, u->talk.c, "force", &force);
  if (r == FETTLE_OK) {
    const char *const words[] = { "url", u->url, "n", number,
                                  "reinstall", u->image->flags & FETTLE_IMAGE_REWRITE ? reinstall : "",
                                  "force", u->image->flags & FETTLE_IMAGE_DOWNGRADE ? force : "", NULL };

    if (!x_fill (form, words, command, COMMAND))
      r = fettle_fail (u->talk.h, u->talk.c, FETTLE_E_CONFIG, "the update's command is longer than %d bytes", COMMAND);
  }
  return r;
}

/* The node is told.  What comes back may be all of its answer, a part, or
 * nothing, when it goes away at once. */
static fettle_result
tell (struct x_update *u)
{
  char command[COMMAND], yes[40];
  struct fettle_dialogue_rule confirm;
  struct fettle_dialogue_ask ask;
  const char *text, *answer;
  fettle_result r = make_command (u, command);

  memset (&confirm, 0, sizeof confirm);
  memset (&ask, 0, sizeof ask);
  if (r == FETTLE_OK)
    r = x_quirk (u->talk.h, u->talk.c, "confirm", &confirm.pattern);
  if (r == FETTLE_OK)
    r = x_quirk (u->talk.h, u->talk.c, "confirm_answer", &answer);
  if (r != FETTLE_OK)
    return r;
  snprintf (yes, sizeof yes, "%s\n", answer);
  confirm.answer = yes;
  confirm.times = 3;
  ask.command = command;
  ask.flags = FETTLE_DIALOGUE_ENDS;
  ask.time_ms = ANSWER_S * 1000;
  ask.rules = &confirm;
  ask.n_rules = 1;
  u->token.since = (long long) time (NULL);
  u->talk.h->progress (u->talk.c, 50, "the node is told to fetch the bundle");
  r = fettle_dialogue_ask (u->talk.d, &ask, &text);
  if (r == FETTLE_E_UNREACHABLE || r == FETTLE_E_TIMEOUT)
    return come_back (u);
  if (r != FETTLE_OK || (!says (u, "running", text, &r) && r == FETTLE_OK && refused (u, text, &r)))
    return r;
  return r == FETTLE_OK ? come_back (u) : r;
}

static fettle_result
ask_state (struct x_update *u, const char **ret)
{
  const char *command, *unknown;
  size_t size;
  fettle_result r = x_quirk (u->talk.h, u->talk.c, "show_update", &command);

  if (r == FETTLE_OK)
    r = x_quirk (u->talk.h, u->talk.c, "unknown_command", &unknown);
  if (r == FETTLE_OK)
    r = fettle_dialogue_run (u->talk.d, command, ret);
  if (r == FETTLE_OK && fettle_dialogue_find (*ret, unknown, &size))
    r = fettle_fail (u->talk.h, u->talk.c, FETTLE_E_UNSUPPORTED, "the node doesn't know \"%s\", so nobody could tell how its "
                     "update goes: mend show_update in superdome.quirks", command);
  return r;
}

static fettle_result
begin (struct x_update *u)
{
  fettle_result r = x_open (u->talk.h, u->talk.c, u->talk.t, 0, &u->talk);
  const char *text;

  if (r == FETTLE_OK)
    r = ask_state (u, &text);
  if (r == FETTLE_OK && u->fetched) { /* before a crash, it was told already */
    u->token.since = (long long) time (NULL);
    r = judge (u, text);
  } else if (r == FETTLE_OK && says (u, "running", text, &r)) {
    r = fettle_fail (u->talk.h, u->talk.c, FETTLE_E_BUSY, "an update is already running on the node, which isn't this one: try "
                     "again when it is done");
  } else if (r == FETTLE_OK) {
    u->token.before = hash (text);
    r = tell (u);
  }
  x_close (&u->talk, r);
  return r;
}

/* ---- Following ---- */

static fettle_result
gone (struct x_update *u, fettle_result why)
{
  long long now = (long long) time (NULL);
  uint32_t minutes = x_number (u->talk.h, u->talk.c, "minutes", 180);

  if (!u->token.away)
    u->token.away = now;
  if (why == FETTLE_E_AUTH && now - u->token.away > LOGIN_S)
    return why;
  if (now - u->token.since > 60LL * minutes)
    return fettle_fail (u->talk.h, u->talk.c, FETTLE_E_TIMEOUT, "the node was told to update itself %lld minutes ago, and can't be "
                        "asked any more since %lld minutes", (now - u->token.since) / 60, (now - u->token.away) / 60);
  u->talk.h->progress (u->talk.c, 100, "the node is away, as it is while it updates itself");
  return come_back (u);
}

static fettle_result
follow (struct x_update *u)
{
  const char *text;
  fettle_result r = x_open (u->talk.h, u->talk.c, u->talk.t, 0, &u->talk);

  if (r == FETTLE_OK)
    r = ask_state (u, &text);
  if (r == FETTLE_E_UNREACHABLE || r == FETTLE_E_TIMEOUT || r == FETTLE_E_AUTH || r == FETTLE_E_PROTOCOL) {
    x_close (&u->talk, r);
    return gone (u, r);
  }
  u->token.away = 0;
  if (r == FETTLE_OK)
    r = judge (u, text);
  if (r == FETTLE_AGAIN && (long long) time (NULL) - u->token.since
                             > 60LL * x_number (u->talk.h, u->talk.c, "minutes", 180))
    r = fettle_fail (u->talk.h, u->talk.c, FETTLE_E_TIMEOUT, "the update still runs, longer than superdome.quirks allows");
  x_close (&u->talk, r);
  return r;
}

fettle_result
x_deploy (SD_CALL, const struct fettle_image *image)
{
  const char *token = h->token (c), *pull = h->setting (c, "pull");
  struct x_update u;
  uint32_t answers;
  fettle_result r;

  memset (&u, 0, sizeof u);
  u.talk.h = h, u.talk.c = c, u.talk.t = t;
  u.image = image;
  u.serve = h->service (c, "serve", 1);
  if (!u.serve)
    return h->error (c, FETTLE_E_SERVICE, "this Fettle has nothing that a node could fetch a bundle from");
  u.listener = pull && strcmp (pull, "https") == 0 ? FETTLE_LISTEN_HTTPS : FETTLE_LISTEN_HTTP;
  u.url = u.serve->file_url (c, u.listener, 0);
  if (!u.url)
    return FETTLE_E_SERVICE; /* it has been said why */
  r = u.serve->fetched (c, u.listener, 0, &u.fetched, &answers);
  if (r != FETTLE_OK)
    return r;
  if (!token)
    return begin (&u);
  if (sscanf (token, "since %lld away %lld before %lu", &u.token.since, &u.token.away, &u.token.before) != 3)
    return h->error (c, FETTLE_E_INTERNAL, "a token of an earlier call isn't one");
  return follow (&u);
}

/* ---- After it was interrupted ---- */

/* Nothing of ours is on the node, and what it was told it can't be told not to
 * do: but who interrupted it should know whether it goes on. */
fettle_result
x_cleanup (SD_CALL)
{
  struct x_update u;
  const char *text;
  fettle_result r;

  memset (&u, 0, sizeof u);
  r = x_open (h, c, t, 0, &u.talk);
  if (r == FETTLE_OK)
    r = ask_state (&u, &text);
  if (r == FETTLE_OK && says (&u, "running", text, &r))
    h->log (c, FETTLE_LOG_WARNING, "the node goes on with an update, which can't be called back: leave its power on"
            " until it says that it is done");
  x_close (&u.talk, r);
  return r;
}
