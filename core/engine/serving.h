/* serving.h - what a task offers to its node: URLs of files and for status, and
 * what the node has posted.
 *
 * URLs are in the store, so a node that is busy with one finds it again after
 * a restart of the service.  They end with their task.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef FETTLE_SERVING_H
#define FETTLE_SERVING_H

#include "engine/internal.h"

/* A call's {"serve": ...}: answered on its socket, now or later. */
void fettle_serving_ask (struct lane *, const json_t *message);

/* The lane's call has ended: what it was given of the node's status isn't
 * given again, unless it failed. */
void fettle_serving_called (struct lane *, bool failed);

/* A status has come since the call began: no reason to wait long. */
bool fettle_serving_has_news (const struct task *);

/* The task has ended.  NULL is fine. */
void fettle_serving_end (struct serving *, bool for_good);

/* The listeners are there: takes posts, and offers again what running tasks
 * had offered before the service ended. */
void fettle_serving_begin (struct fettle_engine *);

/* The last thing that the node of a task posted, or null. */
json_t *fettle_serving_last (struct fettle_engine *, int64_t task);

#endif
