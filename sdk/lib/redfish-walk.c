/* redfish-walk.c - collections of a Redfish service.
 *
 * SPDX-License-Identifier: Apache-2.0 OR BSD-2-Clause
 */
#include <stdio.h>
#include <string.h>

#include <fettle/util.h>

#include "redfish-internal.h"

enum { SILENT_MAX = 2 }; /* members in a row that don't answer */

struct walk {
  struct fettle_redfish *r;
  fettle_redfish_member *visit;
  void *opaque;
  json_t *seen; /* paths of pages and members */
  uint32_t members, silent, left_out;
};

/* A node that has gone or is to be left alone isn't asked for more. */
static int
is_lasting (fettle_result result)
{
  return result == FETTLE_E_UNREACHABLE || result == FETTLE_E_ABORTED || result == FETTLE_E_AUTH
         || result == FETTLE_E_BUSY || result == FETTLE_E_NOMEM;
}

static fettle_result
read_member (struct walk *w, const json_t *link, const char *path)
{
  json_t *member = NULL;
  fettle_result result;

  if (json_object_size (link) > 1) { /* expanded */
    w->silent = 0;
    return w->visit (w->opaque, link);
  }
  result = fettle_redfish_get (w->r, path, &member, NULL);
  w->silent = result == FETTLE_E_TIMEOUT ? w->silent + 1 : 0;
  if (result == FETTLE_OK) {
    result = w->visit (w->opaque, member);
    json_decref (member);
    return result;
  }
  if (is_lasting (result) || w->silent >= SILENT_MAX)
    return result;
  fettle_say (w->r->h, w->r->c, FETTLE_LOG_WARNING, "%s is left out: %s", path,
              fettle_redfish_why (w->r));
  w->left_out++;
  return FETTLE_OK;
}

static fettle_result
visit_page (struct walk *w, const json_t *page)
{
  const json_t *members = json_object_get (page, "Members");
  fettle_result result = FETTLE_OK;
  size_t i;

  for (i = 0; result == FETTLE_OK && i < json_array_size (members); i++) {
    const json_t *link = json_array_get (members, i);
    const char *path = fettle_redfish_link (link, "");

    if (!path) {
      w->r->h->log (w->r->c, FETTLE_LOG_WARNING, "a member of a collection has no path and is left out");
      w->left_out++;
      continue;
    }
    if (json_object_get (w->seen, path))
      continue;
    if (++w->members > FETTLE_REDFISH_MEMBERS_MAX)
      return fettle_redfish_fail (w->r, FETTLE_E_PROTOCOL, "a collection of the node has more than"
                          " %d members", FETTLE_REDFISH_MEMBERS_MAX);
    json_object_set_new (w->seen, path, json_true ());
    result = read_member (w, link, path);
  }
  return result;
}

/* The first page, expanded if that is offered and works. */
static fettle_result
first_page (struct fettle_redfish *r, const char *path, json_t **ret)
{
  char expanded[FETTLE_REDFISH_PATH + 20];
  fettle_result result;

  if (!r->expands || strchr (path, '?'))
    return fettle_redfish_get (r, path, ret, NULL);
  snprintf (expanded, sizeof expanded, "%s?$expand=.", path);
  result = fettle_redfish_get (r, expanded, ret, NULL);
  if (result == FETTLE_OK || is_lasting (result))
    return result;
  fettle_say (r->h, r->c, FETTLE_LOG_INFO, "%s doesn't expand: reading its members one by one", path);
  r->expands = 0;
  return fettle_redfish_get (r, path, ret, NULL);
}

static fettle_result
walk_pages (struct walk *w, const char *path)
{
  json_t *page = NULL;
  fettle_result result = first_page (w->r, path, &page);
  unsigned n;

  for (n = 1; result == FETTLE_OK; n++) {
    const char *next = json_string_value (json_object_get (page, "Members@odata.nextLink"));
    json_t *previous = page;

    result = visit_page (w, page);
    page = NULL;
    if (result == FETTLE_OK && next) {
      if (n == FETTLE_REDFISH_PAGES_MAX || json_object_get (w->seen, next))
        result = fettle_redfish_fail (w->r, FETTLE_E_PROTOCOL, "the pages of %s have no end: %s",
                              path, n == FETTLE_REDFISH_PAGES_MAX ? "too many" : "one names an earlier one");
      else {
        json_object_set_new (w->seen, next, json_true ());
        result = fettle_redfish_get (w->r, next, &page, NULL);
      }
    }
    json_decref (previous);
    if (!page)
      break;
  }
  return result;
}

fettle_result
fettle_redfish_each (struct fettle_redfish *r, const char *path, fettle_redfish_member *visit,
                     void *opaque, uint32_t *left_out)
{
  struct walk w;
  fettle_result result;

  memset (&w, 0, sizeof w);
  w.r = r;
  w.visit = visit;
  w.opaque = opaque;
  w.seen = json_object ();
  if (!w.seen)
    return fettle_redfish_fail (r, FETTLE_E_NOMEM, "no memory");
  result = walk_pages (&w, path);
  json_decref (w.seen);
  if (left_out)
    *left_out += w.left_out;
  return result;
}
