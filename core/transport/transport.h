/* transport.h - the services that plugins ask for (fettle/services.h).
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef FETTLE_TRANSPORT_H
#define FETTLE_TRANSPORT_H

#include "transport/context.h"

/* Once for each process that calls are forked from: what the libraries that
 * the plugin uses make at first use is made here, so that no call pays for it. */
void fettle_transport_init (bool http);

/* A service's table, or NULL. */
const void *fettle_transport_service (const char *name, uint32_t version);

/* Ends the connections of a call. */
void fettle_transport_close (fettle_ctx *);

extern const struct fettle_http fettle_http_service;
extern const struct fettle_serve fettle_serve_service;
extern const struct fettle_smb fettle_smb_service;
extern const struct fettle_ssh fettle_ssh_service;
extern const struct fettle_stream fettle_stream_service;
void fettle_http_close (fettle_ctx *);
void fettle_serve_close (fettle_ctx *);
void fettle_smb_close (fettle_ctx *);
void fettle_ssh_init (void);
void fettle_ssh_close (fettle_ctx *);
void fettle_stream_close (fettle_ctx *);

#endif
