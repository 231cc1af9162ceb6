/* ilo.h - what the files of the ilo plugin share.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef ILO_H
#define ILO_H

#include <fettle/plugin.h>
#include <fettle/redfish.h>

/* For calls: the three that each gets. */
#define ILO_CALL const struct fettle_host *h, fettle_ctx *c, const struct fettle_target *t

fettle_result ilo_probe (ILO_CALL, uint32_t *score);
fettle_result ilo_inventory (ILO_CALL);
fettle_result ilo_deploy_which (ILO_CALL, const struct fettle_image *);

/* update.c: by Redfish, and by iLO 4's REST. */
fettle_result ilo_deploy (ILO_CALL, const struct fettle_image *);
fettle_result ilo_cleanup (ILO_CALL);

/* restart.c: the server that the iLO is in. */
fettle_result ilo_activate (ILO_CALL);

/* ---- what they share of Redfish ---- */

/* FETTLE_HTTP_OLD_TLS if the user has set it, else 0. */
uint32_t ilo_tls (const struct fettle_host *, fettle_ctx *);

/* 4 to 7, 0: it isn't an iLO, or doesn't say so. */
unsigned ilo_generation_of_root (const json_t *root);

/* The first member of a collection that the root links to; no such is no error. */
fettle_result ilo_read_first (struct fettle_redfish *, const char *key, json_t **ret);

/* ---- /xmldata: who an HP management processor says it is, to anybody ---- */

struct ilo_identity {
  unsigned generation; /* 2 to 7; 0: it isn't an iLO */
  char product[100];   /* "Integrated Lights-Out 4 (iLO 4)" */
  char firmware[40], model[100], serial[40];
};

/* By asking it.  FETTLE_OK also when the answer is of something else. */
fettle_result ilo_read_identity (ILO_CALL, struct ilo_identity *ret);

/* However malformed: 0 when there was nothing of it.  No I/O. */
int ilo_identify (const char *text, size_t size, struct ilo_identity *ret);

/* The digit of "... iLO 4 ..." or "... Lights-Out 2", 0 if there is none.  No I/O. */
unsigned ilo_generation (const char *text);

#endif
