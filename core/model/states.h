/* states.h - the states of a task, and which may follow which.  fettle(1) and
 * the API's document have the same table.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef FETTLE_STATES_H
#define FETTLE_STATES_H

#include <stdbool.h>
#include <stddef.h>

struct fettle_task_states {
  const char *state;
  const char *next; /* words */
};

/* Of a deployment's task: those that something follows. */
extern const struct fettle_task_states fettle_task_states[];
extern const size_t fettle_n_task_states;

/* May a deployment's task go from one to the other?  To stay is allowed. */
bool fettle_task_may (const char *from, const char *to);

#endif
