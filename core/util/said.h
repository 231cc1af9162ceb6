/* said.h - what one process writes into a node's log and another finds there
 * again: changed here, it is changed for both.  Logs of jobs that are kept
 * have it as it was.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef FETTLE_SAID_H
#define FETTLE_SAID_H

/* transport/tls.c, of a connection by what TLS has given up; report/html.c. */
#define FETTLE_SAID_OLD_TLS "which its setting old_tls allows"

#endif
