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

fettle_result fc_probe (ILO_CALL, uint32_t *score);
fettle_result fc_inventory (ILO_CALL);
fettle_result fc_deploy (ILO_CALL, const struct fettle_image *);

/* fc-cisco.c: MDS, of which nothing was ever seen but a few lines. */
int fc_is_cisco (const char *show_version);
fettle_result fc_cisco_inventory (struct fc *);

#endif
