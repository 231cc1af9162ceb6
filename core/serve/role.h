/* role.h - who calls the API, and what that entitles to.
 *
 * Roles are a ladder: an operator may do what a viewer may, an administrator
 * everything.  Viewers look; operators have nodes inventoried, checked and
 * deployed to; administrators change what there is and who may come.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef FETTLE_ROLE_H
#define FETTLE_ROLE_H

#include <stdint.h>

enum fettle_role {
  FETTLE_ROLE_NONE, /* not said: no route may have it, nobody has it */
  FETTLE_ROLE_ANYONE, /* of a route: without a token */
  FETTLE_ROLE_VIEWER,
  FETTLE_ROLE_OPERATOR,
  FETTLE_ROLE_ADMIN,
};

#define FETTLE_CALLER_MAX 128

struct fettle_caller {
  char name[FETTLE_CALLER_MAX]; /* of the token or of the certificate; "local" with STATE/token */
  enum fettle_role role;
  char from[64];                /* the address that the call came from */
  char token[16];               /* the token's id; "" without one, or with STATE/token */
  int64_t until;                /* when that ends; 0: never */
};

/* "viewer" and so on; "" for none. */
const char *fettle_role_name (enum fettle_role);
/* Of viewer, operator and admin; else NONE. */
enum fettle_role fettle_role_by_name (const char *name);

#endif
