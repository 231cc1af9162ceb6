/* node.c - a deployment's run folder on the node: deploy.sh from C.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "node.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define PATH_CHARACTERS \
  "0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ._+~/-"

/* The folder is removed with all that is in it: it must be one of ours. */
fettle_result
node_init (struct node *n, struct linux_call *call, const struct fettle_image *image)
{
  const char *base = call->host->setting (call->ctx, "work_folder");
  size_t length;

  memset (n, 0, sizeof *n);
  n->call = call;
  n->image = image;
  n->log.max = 16 * 1024;
  n->lock_wait = linux_seconds (call, "lock_wait", 300);
  if (!base || !base[0])
    base = "/var/tmp/fettle";
  length = strlen (base);
  while (length > 1 && base[length - 1] == '/')
    length--;
  if (base[0] != '/' || length < 2 || length >= sizeof n->base
      || strspn (base, PATH_CHARACTERS) != strlen (base) || strstr (base, "//")
      || strstr (base, "/.") || strstr (base, "/~"))
    return fettle_fail (call->host, call->ctx, FETTLE_E_CONFIG,
                        "the setting work_folder is \"%.100s\": it must be an absolute path of "
                        "letters, digits and ._+-", base);
  snprintf (n->base, sizeof n->base, "%.*s", (int) length, base);
  snprintf (n->folder, sizeof n->folder, "%s/%s", n->base, call->target->operation);
  return FETTLE_OK;
}

void
node_clear (struct node *n)
{
  text_clear (&n->log);
}

/* ---- the script ---- */

static int
add_files (const struct node *n, struct text *s)
{
  const struct fettle_file *f = n->image->files;
  int bad = text_puts (s, "FILES='");

  for (uint32_t i = 0; i < n->image->n_files; i++) {
    bad |= text_puts (s, i ? " " : "") | text_puts (s, f->name);
    f = (const void *) ((const char *) f + n->image->file_size);
  }
  bad |= text_puts (s, "'\nSUMS='");
  f = n->image->files;
  for (uint32_t i = 0; i < n->image->n_files; i++) {
    bad |= text_puts (s, i ? "\n" : "") | text_puts (s, f->sha256) | text_puts (s, " ")
           | text_puts (s, f->name);
    f = (const void *) ((const char *) f + n->image->file_size);
  }
  return bad | text_puts (s, "'\n");
}

/* What runner.sh is to know, within the function that prints it. */
static int
add_runner (const struct node *n, struct text *s, const char *marker)
{
  char line[700];
  int bad;

  snprintf (line, sizeof line, "runner () {\ncat <<'%s-runner'\nB=%s D=%s FORMAT=%s DOWNGRADE=%s REWRITE=%s LOCK_WAIT=%u\n",
            marker, n->base, n->folder, n->image->format,
            n->image->flags & FETTLE_IMAGE_DOWNGRADE ? "yes" : "no",
            n->image->flags & FETTLE_IMAGE_REWRITE ? "yes" : "no", (unsigned) n->lock_wait);
  bad = text_puts (s, line) | add_files (n, s) | text_puts (s, linux_runner_sh);
  snprintf (line, sizeof line, "%s-runner\n}\n", marker);
  return bad | text_puts (s, line);
}

static int
compose (const struct node *n, struct text *s, const char *verb, const char *marker, uint32_t wait_s)
{
  char line[700];
  int bad;

  snprintf (line, sizeof line, "M=%s B=%s D=%s VERB=%s WAIT=%u\n", marker, n->base, n->folder, verb,
            (unsigned) wait_s);
  bad = text_puts (s, line);
  if (strcmp (verb, "start") == 0)
    bad |= add_files (n, s) | add_runner (n, s, marker);
  return bad | text_puts (s, linux_deploy_sh);
}

/* ---- the answer ---- */

static enum node_state
state_of (const char *word)
{
  static const struct {
    const char *word;
    enum node_state state;
  } states[] = {
    { "absent",  NODE_ABSENT },  { "loaded",   NODE_LOADED },
    { "running", NODE_RUNNING }, { "finished", NODE_FINISHED },
    { "dead",    NODE_DEAD },
  };

  for (size_t i = 0; i < FETTLE_COUNT (states); i++)
    if (strcmp (word, states[i].word) == 0)
      return states[i].state;
  return NODE_UNKNOWN;
}

static void
take_size (struct node *n, char *rest)
{
  const struct fettle_file *f = n->image ? n->image->files : NULL;
  char *name;
  uint64_t size = strtoull (rest, &name, 10);

  for (uint32_t i = 0; f && *name == ' ' && i < n->image->n_files; i++) {
    if (strcmp (name + 1, f->name) == 0)
      n->have[i] = size;
    f = (const void *) ((const char *) f + n->image->file_size);
  }
}

/* "KIND STATUS REBOOT" */
static void
take_result (struct node *n, char *rest)
{
  char *field[3];

  if (text_split (rest, ' ', field, 3) != 3)
    return;
  text_word (n->kind, sizeof n->kind, field[0]);
  n->status = (int) strtol (field[1], NULL, 10);
  n->reboot = strcmp (field[2], "yes") == 0;
}

#define CLEAN(to, from) text_clean ((to), sizeof (to), (from), strlen (from))

static void
take (struct node *n, char *key, char *rest)
{
  if (strcmp (key, "state") == 0)
    n->state = state_of (rest);
  else if (strcmp (key, "size") == 0)
    take_size (n, rest);
  else if (strcmp (key, "free") == 0)
    n->free_kib = rest[0] >= '0' && rest[0] <= '9' ? strtoll (rest, NULL, 10) : -1;
  else if (strcmp (key, "step") == 0)
    CLEAN (n->step, rest);
  else if (strcmp (key, "refused") == 0)
    CLEAN (n->refused, rest);
  else if (strcmp (key, "damaged") == 0)
    CLEAN (n->damaged, rest);
  else if (strcmp (key, "why") == 0)
    CLEAN (n->why, rest);
  else if (strcmp (key, "pid") == 0)
    text_word (n->pid, sizeof n->pid, rest);
  else if (strcmp (key, "result") == 0)
    take_result (n, rest);
}

/* Our lines begin with the marker; after "log" come the node's until the end. */
static int
take_answer (struct node *n, char *text, const char *marker)
{
  size_t length = strlen (marker);
  int log = 0, ended = 0;

  for (char *line = text, *next; line; line = next) {
    next = strchr (line, '\n');
    if (next)
      *next++ = '\0';
    if (strncmp (line, marker, length) == 0 && line[length] == ' ') {
      char *key = line + length + 1, *rest = strchr (key, ' ');

      if (rest)
        *rest++ = '\0';
      log = strcmp (key, "log") == 0;
      ended |= strcmp (key, "end") == 0;
      take (n, key, rest ? rest : key + strlen (key));
    }
    else if (log && line[0]) {
      text_puts (&n->log, line);
      text_puts (&n->log, "\n");
    }
  }
  return ended;
}

static void
forget (struct node *n)
{
  n->state = NODE_UNKNOWN;
  memset (n->have, 0, sizeof n->have);
  n->free_kib = -1;
  n->step[0] = n->refused[0] = n->damaged[0] = n->why[0] = n->kind[0] = n->pid[0] = '\0';
  n->status = n->reboot = 0;
  text_clear (&n->log);
}

fettle_result
node_do (struct node *n, const char *verb, uint32_t wait_s)
{
  struct linux_call *c = n->call;
  struct linux_answer answer = { .out.max = 64 * 1024 };
  struct text script = { .max = 128 * 1024 };
  char marker[64] = "@fettle-", clean[300];
  fettle_result result;

  forget (n);
  if (text_random (marker + strlen (marker)) != 0 || compose (n, &script, verb, marker, wait_s) != 0)
    result = c->host->error (c->ctx, FETTLE_E_NOMEM, "no memory, or no random numbers from the system");
  else
    result = linux_run (c, script.data, FETTLE_SSH_AS_ROOT, (wait_s + 300) * 1000, &answer);
  if (result == FETTLE_OK && !(answer.out.data && take_answer (n, answer.out.data, marker)))
    result = fettle_fail (c->host, c->ctx, answer.err.size ? FETTLE_E_PROTOCOL : FETTLE_E_UNREACHABLE,
                          "the node broke off in \"%s\"%s%s", verb, answer.err.size ? ": " : "",
                          text_clean (clean, sizeof clean, answer.err.data ? answer.err.data : "",
                                      answer.err.size));
  text_clear (&script);
  linux_answer_clear (&answer);
  return result;
}
