/* gate-client.h - requests to fettle-gate, one after the other, without
 * waiting: protocol, queue, answers.
 *
 * What isn't answered when the gate goes is kept, and asked again of the next
 * one: requests can be repeated without harm.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef FETTLE_GATE_CLIENT_H
#define FETTLE_GATE_CLIENT_H

#include "firewall/firewall.h"
#include "firewall/gate-protocol.h"

struct fettle_gate_client;

/* `answer->head.count` structs are at `with`.  The first argument is what was
 * given with the request. */
typedef void fettle_gate_answered (void *arg, fettle_result, const char *text,
                                   const struct fettle_gate_answer *, const void *with);

/* `gone` is called when the gate closes the socket or answers nonsense; it is
 * detached then. */
struct fettle_gate_client *fettle_gate_client_new (struct event_base *, void (*gone) (void *arg),
                                                   void *arg);
void fettle_gate_client_free (struct fettle_gate_client *); /* nobody is answered any more */

/* Takes the descriptor; what is in the queue is sent from its beginning. */
void fettle_gate_client_attach (struct fettle_gate_client *, int fd);
void fettle_gate_client_detach (struct fettle_gate_client *);

/* The array is copied.  `first`: before everything that isn't answered yet;
 * only while detached. */
void fettle_gate_client_ask (struct fettle_gate_client *, enum fettle_gate_type, const void *array,
                             size_t each, size_t n, bool first, fettle_gate_answered *, void *arg);

/* Answers everything in the queue with this failure. */
void fettle_gate_client_fail (struct fettle_gate_client *, fettle_result, const char *text);

#endif
