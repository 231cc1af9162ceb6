/* bridge.h - a plugin that is a program: its operations are conversations with
 * it, in lines of JSON on its standard input and output (fettle-exec(5)).
 *
 * What is here is the plugin, as the host sees it: it uses struct fettle_host
 * and the services alone, so a program can be checked with the test host, too.
 * The program sees neither sockets nor secrets, as little as any plugin, and
 * has less rights: program.h.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef FETTLE_BRIDGE_H
#define FETTLE_BRIDGE_H

#include <jansson.h>
#include <stdbool.h>

#include <fettle/services.h>

#include "plugin/load.h"
#include "plugin/program.h"

#define FETTLE_BRIDGE_LINE (1024 * 1024)     /* bytes of a line that a program writes */
#define FETTLE_BRIDGE_DATA (4 * 1024 * 1024) /* bytes of one answer of the node that it is given */

/* Sets the type's function for an operation; false: there is none of that name. */
bool fettle_bridge_offer (struct fettle_node_type *, const char *operation);

/* The plugin whose calls are made in this process; borrowed.  `memory` is the
 * program's, in bytes; 0: no limit. */
void fettle_bridge_use (const struct fettle_plugin_info *, uint64_t memory);

/* Starts the program; a call does so, too, if it wasn't.  Before the process
 * is confined, since a confined one can't. */
fettle_result fettle_bridge_start (struct fettle_error *);

/* ---- Between bridge.c and bridge-calls.c ---- */

struct fettle_bridge {
  const struct fettle_host *host;
  fettle_ctx *c;
  const struct fettle_target *target;
  const char *operation;
  const struct fettle_image *image; /* deploy */
  uint32_t phases;                  /* firewall_open */
  const char *former;               /* firewall_restore */
  const char *url;                  /* reach_back */
  uint32_t timeout_s;
  struct fettle_program program;
};

/* What a program wants done; the answer. */
json_t *fettle_bridge_do (struct fettle_bridge *, const json_t *wanted);

/* The whole conversation; for the fuzzer, too. */
fettle_result fettle_bridge_talk (struct fettle_bridge *, uint32_t *ret_score);

#endif
