/* smb-spnego.h - SPNEGO (RFC 4178): the envelope around NTLM and Kerberos.
 *
 * One mechanism is offered at a time, so that nothing is to be chosen.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef FETTLE_SMB_SPNEGO_H
#define FETTLE_SMB_SPNEGO_H

#include "transport/smb-wire.h"

/* The first token, and the one that follows, with a signature of the list. */
void fettle_spnego_first (struct fettle_writer *, bool kerberos, struct fettle_bytes token);
void fettle_spnego_next (struct fettle_writer *, struct fettle_bytes token, struct fettle_bytes signature);

/* The list of mechanisms that NTLM's first token has: what is signed. */
extern const struct fettle_bytes fettle_spnego_ntlm_list;

#define FETTLE_SPNEGO_COMPLETED  0
#define FETTLE_SPNEGO_INCOMPLETE 1
#define FETTLE_SPNEGO_REJECT     2

struct fettle_spnego_answer {
  int state;                 /* FETTLE_SPNEGO_*; -1: not said */
  struct fettle_bytes token; /* borrowed; of size 0: none */
};

/* A node's answer to either.  false: it isn't one. */
bool fettle_spnego_read (struct fettle_bytes, struct fettle_spnego_answer *ret);

#define FETTLE_SPNEGO_NTLM     (1u << 0)
#define FETTLE_SPNEGO_KERBEROS (1u << 1)

/* Which mechanisms a node offers in its first word; 0: it doesn't say. */
unsigned fettle_spnego_offers (struct fettle_bytes);

#endif
