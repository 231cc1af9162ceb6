/* fettle/dialogue.h - a conversation with a node's command line, for plugins.
 *
 * One asks a command and gets what the node says to it, up to its next prompt.
 * Pagers and questions on the way are answered by rules.  Prompts, pagers and
 * questions are patterns: POSIX extended regular expressions that are looked
 * for in the line that the node hasn't finished, so write them to its end:
 * "^[^ ]+> $".  Text is without colours, and as a terminal would show it when
 * a line was written over; without the command's echo and without the prompt.
 *
 * The code is in libfettle-dialogue.a (pkg-config fettle-dialogue), which is
 * linked into the plugin; it needs the service "ssh", whose shell it uses, and
 * nothing of Fettle.  Functions that return a fettle_result have said why
 * (host->error) when they fail: what was sent, as the plugin wrote it, and the
 * last lines that came.  A secret is written as services.h says, %{text:password},
 * and is seen neither by the plugin nor in a message.
 *
 * After a failure the conversation is over: nobody knows what the node is at.
 *
 * SPDX-License-Identifier: Apache-2.0 OR BSD-2-Clause
 */
#ifndef FETTLE_DIALOGUE_H
#define FETTLE_DIALOGUE_H

#include <fettle/plugin.h>

#ifdef __cplusplus
extern "C" {
#endif

#define FETTLE_DIALOGUE_FILL  (1u << 0) /* the node's secrets, in what is sent */
#define FETTLE_DIALOGUE_PAGER (1u << 1) /* a rule's: the matched line is no answer */
#define FETTLE_DIALOGUE_ENDS  (1u << 2) /* of ask: the node may end the conversation */

struct fettle_dialogue;

/* What to do when the node waits behind this. */
struct fettle_dialogue_rule {
  const char *pattern;
  const char *answer;   /* as it is sent, with its newline; NULL: that is the end, */
  fettle_result result; /* with this result: FETTLE_E_REJECTED if 0 */
  uint32_t flags;       /* FETTLE_DIALOGUE_FILL, _PAGER */
  uint32_t times;       /* how often in one command, then it is the end; 0: once */
};

/* A rule for "--More--" and the like, with a space as the answer. */
#define FETTLE_DIALOGUE_MORE                                                  \
  { "-+ ?\\(?[Mm]ore|[Pp]ress any key to continue", " ", 0, FETTLE_DIALOGUE_PAGER, 100000 }

struct fettle_dialogue_options {
  uint32_t port;        /* declared; usually 22 */
  uint32_t flags;       /* of the shell: FETTLE_SSH_TERMINAL or 0 */
  const char *prompt;   /* the pattern; must be given */
  const char *newline;  /* behind a command; NULL: "\n" */
  const char *leave;    /* said at the end: "exit"; NULL: nothing */
  const struct fettle_dialogue_rule *rules; /* for all commands, behind their own */
  uint32_t n_rules;
  /* Limits of what one command may answer; 0: 60 s, 1 MiB, 20000 lines. */
  uint32_t time_ms, bytes_max, lines_max;
  uint32_t settle_ms;   /* a match counts when nothing follows it for so long; 0: 60 */
  /* For probes: if the node's first words are followed by silence for so long,
   * and end with no prompt of this pattern, then it is something else:
   * FETTLE_E_PROTOCOL.  0: time_ms alone counts. */
  uint32_t still_ms;
};

struct fettle_dialogue_ask {
  const char *command;  /* one line */
  uint32_t flags;       /* FETTLE_DIALOGUE_FILL, _ENDS */
  uint32_t time_ms;     /* 0: the conversation's */
  const struct fettle_dialogue_rule *rules;
  uint32_t n_rules;
  /* Is given each line when it is complete, or NULL.  Another result than
   * FETTLE_OK ends the conversation, and is what ask returns. */
  fettle_result (*line) (void *opaque, const char *text);
  void *opaque;
};

/* Connects, and waits for the first prompt. */
fettle_result fettle_dialogue_open (const struct fettle_host *, fettle_ctx *,
                                    const struct fettle_target *,
                                    const struct fettle_dialogue_options *,
                                    struct fettle_dialogue **ret);

/* Sends a command.  *ret_text, if wanted: its answer, lines that end with a
 * newline, borrowed until the next one; also after a failure. */
fettle_result fettle_dialogue_ask (struct fettle_dialogue *, const struct fettle_dialogue_ask *,
                                   const char **ret_text);

/* The same for a command of which nothing is special. */
fettle_result fettle_dialogue_run (struct fettle_dialogue *, const char *command,
                                   const char **ret_text);

/* From now on the prompt is this. */
fettle_result fettle_dialogue_set_prompt (struct fettle_dialogue *, const char *pattern);

/* What came before the first prompt; the last prompt itself: borrowed. */
const char *fettle_dialogue_greeting (const struct fettle_dialogue *);
const char *fettle_dialogue_prompt (const struct fettle_dialogue *);

/* Did the node end the conversation? */
int fettle_dialogue_ended (const struct fettle_dialogue *);

/* Why a function here failed last: borrowed. */
const char *fettle_dialogue_why (const struct fettle_dialogue *);

/* Hangs up; takes leave first if `result`, which is how the call went, is no
 * failure, whose message stays.  NULL is taken. */
void fettle_dialogue_close (struct fettle_dialogue *, fettle_result result);

/* ---- Reading text: no I/O ---- */

/* The next line that matches the pattern, from `text` on: its beginning, and
 * its length in *ret_size; NULL if there is none. */
const char *fettle_dialogue_find (const char *text, const char *pattern, size_t *ret_size);

#ifdef __cplusplus
}
#endif
#endif /* FETTLE_DIALOGUE_H */
