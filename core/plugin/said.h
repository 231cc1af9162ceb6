/* said.h - what a call's process may say (wire.h): the plugin's code runs where
 * it comes from, so nothing of it is believed before it was looked at.
 *
 * Pure functions.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef FETTLE_SAID_H
#define FETTLE_SAID_H

#include <jansson.h>
#include <stdbool.h>

#include <fettle/plugin.h>

/* The last one, with "result". */
bool fettle_said_is_result (const json_t *);
/* One before it: items, log, progress, node, certificate, host_key. */
bool fettle_said_is_message (const json_t *);

#endif
