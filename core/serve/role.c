/* role.c - see role.h.  SPDX-License-Identifier: Apache-2.0 */
#include "util/base.h"

#include "serve/role.h"

static const char *const names[] = { "", "anyone", "viewer", "operator", "admin" };

const char *
fettle_role_name (enum fettle_role role)
{
  return (size_t) role < COUNT (names) ? names[role] : "";
}

enum fettle_role
fettle_role_by_name (const char *name)
{
  for (size_t i = FETTLE_ROLE_VIEWER; i < COUNT (names); i++)
    if (strcmp (names[i], name) == 0)
      return (enum fettle_role) i;
  return FETTLE_ROLE_NONE;
}
