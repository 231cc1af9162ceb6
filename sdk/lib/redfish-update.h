/* redfish-update.h - what the files of updates by libfettle-redfish share.
 *
 * SPDX-License-Identifier: Apache-2.0 OR BSD-2-Clause
 */
#ifndef FETTLE_REDFISH_UPDATE_H
#define FETTLE_REDFISH_UPDATE_H

#include <time.h>

#include "redfish-internal.h"

#define AT   fettle_redfish_at
#define TEXT fettle_redfish_text

typedef struct fettle_redfish_update update;

/* ---- what is kept: redfish-deploy.c says which keys there are ---- */

FETTLE_UNUSED
static void
keep_text (update *u, const char *key, const char *text)
{
  json_object_set_new (u->state, key, json_string (text));
}

FETTLE_UNUSED
static void
keep_number (update *u, const char *key, json_int_t n)
{
  json_object_set_new (u->state, key, json_integer (n));
}

FETTLE_UNUSED
static json_int_t
number (const update *u, const char *key)
{
  return json_integer_value (json_object_get (u->state, key));
}

FETTLE_UNUSED
static json_int_t
age (const update *u)
{
  return (json_int_t) time (NULL) - number (u, "t");
}

FETTLE_UNUSED
static void
set_step (update *u, const char *step)
{
  keep_text (u, "s", step);
  keep_number (u, "t", (json_int_t) time (NULL));
}

/* ---- redfish-versions.c: a sum that changes with any version ---- */

/* "" when it can't be told. */
void fettle_redfish_read_versions (update *, char text[24]);

/* 1: something was flashed since; 0: nothing; -1: nobody knows. */
int fettle_redfish_has_changed (update *);

/* ---- redfish-ways.c: how the image gets to the node ---- */

fettle_result fettle_redfish_choose_way (update *);

/* The best way of pushing, 0 if there is none. */
uint32_t fettle_redfish_push_way (const update *);

/* By the chosen way, as the standard has it. */
fettle_result fettle_redfish_start_standard (update *, struct fettle_redfish_answer *);

/* ---- redfish-wait.c: from the beginning of its work to its end ---- */

/* An update that runs on the node, which nobody has named: 0 when there is
 * none, or it has no tasks. */
int fettle_redfish_find_running (update *, char path[FETTLE_REDFISH_PATH]);

fettle_result fettle_redfish_wait_for_task (update *);

/* The service is there: is the node well again, and has it what it was given? */
fettle_result fettle_redfish_settle (update *);

/* ---- redfish-deploy.c ---- */

/* It doesn't answer.  Once its update has begun, that is to be expected. */
fettle_result fettle_redfish_gone (update *, fettle_result);

const char *fettle_redfish_service_path (update *);

#endif
