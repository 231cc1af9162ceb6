/* waiter.h - long polls: requests that wait for a job's next event.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef FETTLE_WAITER_H
#define FETTLE_WAITER_H

#include "engine/internal.h"

/* Something happened: those who wait are answered at the end of this pass of
 * the loop, with all that happened in it. */
void fettle_waiters_wake (struct job *);

/* Answers all, since the job is about to be freed. */
void fettle_waiters_drop (struct job *);

#endif
