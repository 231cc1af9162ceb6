/* plugins.h - the plugins, for commands that need what they declare.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef FETTLE_CLI_PLUGINS_H
#define FETTLE_CLI_PLUGINS_H

#include "cli/cli.h"
#include "plugin/load.h"

/* Loads them; a notice says so when files were refused or nothing is there. */
fettle_result fettle_cli_plugins (struct fettle_cli *, struct fettle_plugins *ret,
                                  struct fettle_error *);

/* "inventory" or "deployment"; NULL: both. */
fettle_result fettle_cli_phase (const char *text, uint32_t *ret_phases, struct fettle_error *);

/* The numbers of our listeners, out of the settings. */
struct fettle_listen_ports fettle_cli_listen_ports (const struct fettle_settings *);

#endif
