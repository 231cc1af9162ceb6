/* fettle/redfish.h - Redfish for plugins: one BMC, for the time of one call.
 *
 * The code is in libfettle-redfish.a (pkg-config fettle-redfish), which is
 * linked into the plugin; it needs the service "http" and the library jansson,
 * nothing of Fettle.  Functions that return a fettle_result have said why
 * (host->error) when they fail.
 *
 * SPDX-License-Identifier: Apache-2.0 OR BSD-2-Clause
 */
#ifndef FETTLE_REDFISH_H
#define FETTLE_REDFISH_H

#include <jansson.h>

#include <fettle/plugin.h>

#ifdef __cplusplus
extern "C" {
#endif

#define FETTLE_REDFISH_MEMBERS_MAX 2000 /* of one collection */
#define FETTLE_REDFISH_PAGES_MAX    100

struct fettle_redfish;

/* Reads the service root, without logging in.  `port` is a declared one,
 * `flags` is 0 or FETTLE_HTTP_OLD_TLS. */
fettle_result fettle_redfish_open (const struct fettle_host *, fettle_ctx *,
                                   const struct fettle_target *, uint32_t port, uint32_t flags,
                                   struct fettle_redfish **ret);

/* Ends the session, if there is one.  `result`: how the call went, so that a
 * node that has gone isn't waited for a second time.  NULL is taken. */
void fettle_redfish_close (struct fettle_redfish *, fettle_result result);

/* Logs in, with what the user gave for the node: the plugin doesn't see it.
 * A session that expires is made anew once, by whatever finds out. */
fettle_result fettle_redfish_login (struct fettle_redfish *);

/* Why a function here failed last, for the log of who bears it: borrowed. */
const char *fettle_redfish_why (const struct fettle_redfish *);

/* The service root: borrowed. */
const json_t *fettle_redfish_root (const struct fettle_redfish *);

/* A resource: a JSON object, to be freed by json_decref.  A node that is busy
 * and says for how long is asked again, for a minute or so.  *ret_status, if
 * wanted, has the HTTP status also when this fails, 0 without an answer. */
fettle_result fettle_redfish_get (struct fettle_redfish *, const char *path, json_t **ret,
                                  int32_t *ret_status);

/* One member of a collection, borrowed.  An error ends the walk. */
typedef fettle_result fettle_redfish_member (void *opaque, const json_t *member);

/* All members, each once, in the collection's order: by $expand where the
 * service offers it, else one by one.  One that can't be read is logged and
 * left out; its number is added to *left_out unless NULL. */
fettle_result fettle_redfish_each (struct fettle_redfish *, const char *path,
                                   fettle_redfish_member *, void *opaque, uint32_t *left_out);

/* ---- Reading JSON: no I/O ---- */

/* The value at keys with slashes between ("Oem/Hpe/Targets"), or NULL. */
const json_t *fettle_redfish_at (const json_t *, const char *keys);

/* A text there, "" if there is none: borrowed. */
const char *fettle_redfish_text (const json_t *, const char *keys);

/* The path that a link there ({"@odata.id": ...}) names, or NULL if there is
 * none that could be asked for: borrowed. */
const char *fettle_redfish_link (const json_t *, const char *keys);

/* What an answer says in words, from its @Message.ExtendedInfo: the messages,
 * or their ids where a service leaves the words out.  "" if it says nothing.
 * Returns `text`. */
const char *fettle_redfish_message (const json_t *answer, char *text, size_t size);

#ifdef __cplusplus
}
#endif
#endif /* FETTLE_REDFISH_H */
