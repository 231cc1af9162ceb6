/* enclosure.h - an enclosure as its Onboard Administrator tells of it: by
 * xmldata, by SOAP or by the command line.  All three fill in the same struct,
 * so that what one of them lacks another can add, and items are made of it in
 * one place.
 *
 * Texts are one line, "" where the node doesn't know ("[Unknown]").  No I/O.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef OA_ENCLOSURE_H
#define OA_ENCLOSURE_H

#include <stddef.h>

enum { OA_THINGS_MAX = 160 }; /* 64 blades, 8 modules, 10 fans, 6 supplies, ... */

enum oa_kind { OA_MANAGER, OA_BLADE, OA_MODULE, OA_FAN, OA_POWER, OA_LCD };

/* What sits in a bay. */
struct oa_thing {
  enum oa_kind kind;
  char bay[8];              /* "1", "1A" */
  char name[100];           /* the product */
  char firmware[48];        /* its own; a blade's is that of its iLO */
  char part[40], serial[40];
  char address[64];         /* an address that others can reach; a blade's is its iLO's */
  char host[64];            /* a manager's name, a blade's iLO's */
  char role[16];            /* a manager's: "ACTIVE", "STANDBY" */
  int here;                 /* the manager that was asked */
  char mp[40];              /* a blade's: "iLO4" */
  char rom[48], pic[24];    /* a blade's */
  char server[64];          /* a blade's: the name of what runs on it */
  char fabric[40];          /* a module's: "INTERCONNECT_TYPE_ETH" */
};

struct oa_enclosure {
  char name[64], model[100], part[40], serial[40];
  char oa_model[100], oa_serial[40];
  int standby; /* the one that was asked says that it isn't the active one */
  size_t n;
  size_t left_out; /* more than there is room for */
  struct oa_thing things[OA_THINGS_MAX];
};

/* That in this bay, added if need be; NULL: no such bay, or no room. */
struct oa_thing *oa_thing_at (struct oa_enclosure *, enum oa_kind, const char *bay);

/* The next one of a kind after `t`, or the first. */
const struct oa_thing *oa_thing_next (const struct oa_enclosure *, enum oa_kind,
                                      const struct oa_thing *t);

/* Copies what is known, on one line; keeps what is there already. */
void oa_know (char *ret, size_t size, const char *text);
#define OA_KNOW(member, text) oa_know (member, sizeof (member), text)

/* As OA_KNOW, if it is an address by which others reach it: not 0.0.0.0, no
 * link-local one, no loopback; without "/64". */
void oa_know_address (char ret[64], const char *text);

/* The first word alone: "4.70 Nov 1 2017" is version 4.70. */
void oa_know_word (char *ret, size_t size, const char *text);

/* Those that aren't there: bays that are empty, or covered by what is beside. */
void oa_enclosure_tidy (struct oa_enclosure *);

const struct oa_thing *oa_active (const struct oa_enclosure *);
const struct oa_thing *oa_asked (const struct oa_enclosure *);
int oa_is_standby (const struct oa_enclosure *);

/* ---- readers: 0 when the text is nothing of the kind ---- */

int oa_read_xmldata (const char *text, size_t size, struct oa_enclosure *);

/* An answer of SOAP: whatever it has of OAs, blades, modules. */
int oa_read_soap (const char *text, size_t size, struct oa_enclosure *);

/* The output of "show ..." commands, one or several of them. */
int oa_read_cli (const char *text, size_t size, struct oa_enclosure *);

#endif
