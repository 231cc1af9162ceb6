/* nft.h - libnftables: text in, text or JSON out.
 *
 * One context for the life of the process: its socket is what the kernel knows
 * the owner of our table by.
 *
 * SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-only
 */
#ifndef FETTLE_GATE_NFT_H
#define FETTLE_GATE_NFT_H

#include <jansson.h>

#include "gate/base.h"

struct fettle_nft;

enum fettle_gate_result fettle_nft_open (struct fettle_nft **ret, struct fettle_why *);
void fettle_nft_close (struct fettle_nft *);

/* Commands in nft's language, all or none of which are carried out. */
enum fettle_gate_result fettle_nft_run (struct fettle_nft *, const char *commands,
                                        struct fettle_why *);

/* The same as a question: would the kernel do it? */
enum fettle_gate_result fettle_nft_try (struct fettle_nft *, const char *commands,
                                        struct fettle_why *);

/* What a list or get command says, numbers instead of names.  Borrowed until
 * the next call. */
enum fettle_gate_result fettle_nft_ask (struct fettle_nft *, const char *command,
                                        const char **ret, struct fettle_why *);

/* The array "nftables" of the same as JSON, without the elements of named
 * sets.  Not for what shows a table: libnftables 1.0.6 reads beyond an array
 * for the name of the flag "owner".  The caller's reference. */
enum fettle_gate_result fettle_nft_ask_json (struct fettle_nft *, const char *command,
                                             json_t **ret, struct fettle_why *);

#endif
