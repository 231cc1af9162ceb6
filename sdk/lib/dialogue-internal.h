/* dialogue-internal.h - what the files of libfettle-dialogue share: what a
 * node has written, as a terminal would show it.
 *
 * SPDX-License-Identifier: Apache-2.0 OR BSD-2-Clause
 */
#ifndef FETTLE_DIALOGUE_INTERNAL_H
#define FETTLE_DIALOGUE_INTERNAL_H

#include <stddef.h>

#include <fettle/plugin.h>

#define FETTLE_DIALOGUE_LINE 4096 /* bytes of one line */

struct fettle_dialogue_screen {
  char line[FETTLE_DIALOGUE_LINE + 1]; /* that isn't complete; ends with a NUL */
  size_t size, cursor;                 /* of line */
  char *text;                          /* the complete ones, each with its newline; NULL: none */
  size_t text_size, room;
  size_t bytes, bytes_max;             /* what came, also what isn't kept */
  size_t lines, lines_max;
  int escape;                          /* in the middle of a sequence of a terminal */
};

/* Forgets what came; the limits stay. */
void fettle_dialogue_screen_clear (struct fettle_dialogue_screen *);
void fettle_dialogue_screen_free (struct fettle_dialogue_screen *);

/* Takes the next bytes, at most up to the end of a line: how many.  *ret_line:
 * a line is complete, and is in `line` until the next call.  0: a limit is
 * reached, or there is no memory. */
size_t fettle_dialogue_screen_take (struct fettle_dialogue_screen *, const char *data, size_t size,
                                    int *ret_line);

/* Appends the line to the text, and begins a new one.  0: no memory. */
int fettle_dialogue_screen_keep (struct fettle_dialogue_screen *);
void fettle_dialogue_screen_drop (struct fettle_dialogue_screen *);

/* Is this line the echo of the command, behind a prompt or not?  Words like
 * %{text:password} in the command stand for anything. */
int fettle_dialogue_is_echo (const char *line, const char *command);

#endif
