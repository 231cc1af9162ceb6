/* service.h - the running service: puts plugins, pool, engine and server
 * together, and ends them in order.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef FETTLE_SERVICE_H
#define FETTLE_SERVICE_H

#include "service/options.h"
#include "util/error.h"

/* Starts, calls ready (arg) when it can be used, and returns when it has
 * ended as it should.  An error is why it couldn't start; nothing is left of
 * it then. */
fettle_result fettle_service_run (struct fettle_service_options *, void (*ready) (void *arg),
                                  void *arg, struct fettle_error *);

#endif
