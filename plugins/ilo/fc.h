/* fc.h - Fibre Channel switches: what their command lines say, and what is done
 * with them.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef FC_H
#define FC_H

#include <fettle/services.h>

#include "ilo.h"

/* ---- fc-text.c: no I/O ---- */

/* The value of the first "NAME  : value", printable ASCII, no spaces around,
 * cut to fit; `name` with its colon.  0 and "" if there is none. */
int fc_value (const char *text, const char *name, char *ret, size_t size);

/* ---- Brocade's Fabric OS ---- */

enum { FC_PARTS_MAX = 8 };

/* A control processor: of a director two, of a switch one, without a name. */
struct fc_part {
  char name[20], first[40], second[40]; /* versions of both partitions; "" or as it is */
  int active;
};

/* All ways in which `firmwareshow` has been seen to write it.  How many. */
unsigned fc_firmware (const char *text, struct fc_part ret[FC_PARTS_MAX]);

enum fc_state { FC_NOTHING, FC_RUNNING, FC_DONE, FC_FAILED };

/* How the last download went, by `firmwaredownloadstatus`, or by what
 * `firmwaredownload` itself says; `words` is its last line that tells. */
enum fc_state fc_download (const char *text, char *words, size_t size);

/* A failure's words as a result, and what to do about it; "" if that isn't known. */
const char *fc_explain (const char *words, fettle_result *ret);

/* v7.4.1d is 7.4.1d. */
int fc_same_version (const char *a, const char *b);

/* ---- calls ---- */

struct fc {
  const struct fettle_host *h;
  fettle_ctx *c;
  const struct fettle_target *t;
  char *text; /* of the last command, with a NUL behind */
  size_t size;
};

/* Runs one command over SSH: what it says is in f->text, at most a MiB. */
fettle_result fc_run (struct fc *, const char *command);
void fc_clear (struct fc *);
fettle_result fc_add (struct fc *, const char *kind, const char *id, const char *name, const char *version);

/* FETTLE_E_REJECTED and the like, with the switch's words and what to do. */
fettle_result fc_failed (struct fc *, const char *words);

/* ---- fc-source.c: where firmware is fetched from ---- */

struct fc_source {
  const char *number; /* of the protocol, as a Brocade switch asks for it */
  unsigned port;      /* 0: it isn't said */
  char protocol[8], user[80], host[100], folder[520];
};

/* PROTOCOL://[USER@]HOST[:PORT]/FOLDER.  No I/O. */
int fc_split (const char *text, struct fc_source *);
int fc_is_anonymous (const struct fc_source *);

/* `what`: a file's number, or FETTLE_SERVE_FOLDER for the release's folder. */
fettle_result fc_find_source (struct fc *, const struct fettle_image *, uint32_t what, struct fc_source *);

fettle_result fc_probe (ILO_CALL, uint32_t *score);
fettle_result fc_inventory (ILO_CALL);
fettle_result fc_deploy (ILO_CALL, const struct fettle_image *);

/* fc-update.c: by `firmwaredownload` on the command line. */
fettle_result fc_fos_deploy (ILO_CALL, const struct fettle_image *);

/* fc-rest.c, fc-rest-update.c: Fabric OS 8.2 and later by its REST interface. */
int fc_is_rest (const struct fettle_host *, fettle_ctx *);
fettle_result fc_rest_probe (struct fc *, uint32_t *score);
fettle_result fc_rest_inventory (struct fc *);
fettle_result fc_rest_deploy (ILO_CALL, const struct fettle_image *);

/* fc-cisco.c, fc-cisco-update.c: MDS, of which nothing was ever seen but a few lines. */
int fc_is_cisco (const char *show_version);
fettle_result fc_cisco_inventory (struct fc *);
fettle_result fc_cisco_deploy (ILO_CALL, const struct fettle_image *);
/* "4.2(9)" behind "system:", say; 0: it isn't there. */
int fc_cisco_version (const char *show_version, const char *key, char *ret, size_t size);

#endif
