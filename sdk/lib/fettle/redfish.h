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
#include <fettle/services.h>

#ifdef __cplusplus
extern "C" {
#endif

#define FETTLE_REDFISH_MEMBERS_MAX 2000 /* of one collection */
#define FETTLE_REDFISH_PAGES_MAX    100
#define FETTLE_REDFISH_PATH_MAX     1024

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

/* ---- Changing things ----
 *
 * FETTLE_OK is a status of 2xx.  A node that is busy and says for how long
 * (503, 429) is asked again, for a minute or so; then, and with 409, it is
 * FETTLE_E_BUSY; FETTLE_E_REJECTED is what it doesn't want. */

struct fettle_redfish_answer {
  int32_t status;                          /* also of a failure; 0: none came */
  uint32_t retry_after;                    /* seconds; 0: it doesn't say */
  char location[FETTLE_REDFISH_PATH_MAX];  /* path of its Location; "" */
  json_t *body;                            /* an object to be freed by json_decref, or NULL */
};

/* "POST" or "DELETE"; `body` and `ret` may be NULL. */
fettle_result fettle_redfish_send (struct fettle_redfish *, const char *method, const char *path,
                                   const json_t *body, struct fettle_redfish_answer *ret);

/* PATCH of what the resource is now (If-Match); when another changed it just
 * then, once more. */
fettle_result fettle_redfish_patch (struct fettle_redfish *, const char *path, const json_t *body);

/* POST of parts.  `flags`: 0 or FETTLE_HTTP_MULTIPART; `fields`: more of them,
 * or NULL.  Progress is told between `from` and `to` (of 1000). */
struct fettle_redfish_upload {
  const char *path, *fields, *step;
  uint32_t flags, n_parts, from, to;
  const struct fettle_http_part *parts;
};
fettle_result fettle_redfish_upload (struct fettle_redfish *, const struct fettle_redfish_upload *,
                                     struct fettle_redfish_answer *ret);

/* The session's token, for services that want it elsewhere, too: borrowed. */
const char *fettle_redfish_token (const struct fettle_redfish *);

/* ---- Tasks ---- */

#define FETTLE_REDFISH_RUNS    0u
#define FETTLE_REDFISH_DONE    1u /* it says so */
#define FETTLE_REDFISH_FAILED  2u /* it says so */
#define FETTLE_REDFISH_WAITS   3u /* for a restart of the server */
#define FETTLE_REDFISH_UNKNOWN 4u /* there is no such task (any more) */

struct fettle_redfish_task {
  uint32_t state, percent; /* percent: 0 when it doesn't say */
  uint32_t retry_after;    /* seconds; 0: it doesn't say */
  char words[600];         /* what it says, "" nothing */
  uint32_t busy;           /* failed, since another update was under way */
};

/* Where to look for what was begun: a monitor or a task.  0 if it doesn't say. */
int fettle_redfish_task_path (const struct fettle_redfish_answer *, char *path, size_t size);

/* One look.  Fails only when the node couldn't be asked. */
fettle_result fettle_redfish_look (struct fettle_redfish *, const char *path,
                                   struct fettle_redfish_task *ret);

/* What a task or monitor said, by its status and body.  No I/O. */
void fettle_redfish_judge (int32_t status, const json_t *body, struct fettle_redfish_task *ret);

/* ---- Updates ----
 *
 * fettle_redfish_deploy is the whole of a node type's deploy: it begins by pull
 * or push, follows what the node says, bears its restart, and comes to an end
 * when the node's service is well again.  What it says isn't believed: the
 * inventory decides.  It needs the service "serve" for pulling. */

#define FETTLE_REDFISH_PULL      1u /* SimpleUpdate: the node fetches */
#define FETTLE_REDFISH_MULTIPART 2u /* MultipartHttpPushUri */
#define FETTLE_REDFISH_PUSH      3u /* HttpPushUri: the bare image */

/* What an UpdateService offers.  No I/O. */
struct fettle_redfish_ways {
  char pull[FETTLE_REDFISH_PATH_MAX], multipart[FETTLE_REDFISH_PATH_MAX], push[FETTLE_REDFISH_PATH_MAX];
  uint64_t max_size; /* of an image; 0: it doesn't say */
  int http, https;   /* protocols it pulls by */
};
void fettle_redfish_ways (const json_t *service, struct fettle_redfish_ways *ret);

struct fettle_redfish_update {
  struct fettle_redfish *redfish;
  const struct fettle_host *h;
  fettle_ctx *c;
  const struct fettle_target *t;
  const struct fettle_image *image;
  const struct fettle_redfish_updater *updater;
  struct fettle_redfish_ways ways;
  uint32_t way;          /* FETTLE_REDFISH_* */
  uint32_t reset_s, away_s, fetch_s, silent_s; /* the updater's */
  json_t *service;       /* the UpdateService as it is now */
  json_t *state;         /* what is kept until the next call: small.  Keys of
                          * more than one letter are the updater's own */
};

/* How a kind of node is updated; NULL: by the standard. */
struct fettle_redfish_updater {
  uint32_t tls;          /* FETTLE_HTTP_OLD_TLS or 0 */
  uint32_t reset_s;      /* how long after its end the node's own restart may begin */
  uint32_t away_s;       /* how long it may be gone */
  uint32_t fetch_s;      /* when it should have fetched the image, after it was told to */
  uint32_t silent_s;     /* how long an update without any task may take */

  /* The path of its UpdateService, and of its list of firmware if that is one
   * resource and no collection. */
  const char *(*service) (struct fettle_redfish_update *);
  const char *(*firmware) (struct fettle_redfish_update *);
  /* Fills in `ways` from the service; may change the times. */
  void (*ways) (struct fettle_redfish_update *);
  /* Tells the node to update itself, by `way`, or sees that it was told before
   * a crash.  With FETTLE_AGAIN by fettle_redfish_again it is called again. */
  fettle_result (*start) (struct fettle_redfish_update *, struct fettle_redfish_answer *);
  /* How far it is; `path` is "" when there is no task. */
  fettle_result (*look) (struct fettle_redfish_update *, const char *path,
                         struct fettle_redfish_task *ret);
  /* Once it has come to its end: removes what is left of it on the node.
   * FETTLE_E_UNREACHABLE, FETTLE_E_TIMEOUT: it is called again when the node is back. */
  fettle_result (*finish) (struct fettle_redfish_update *);
};

fettle_result fettle_redfish_deploy (const struct fettle_host *, fettle_ctx *,
                                     const struct fettle_target *, const struct fettle_image *,
                                     const struct fettle_redfish_updater *);

/* Keeps `state` and calls again. */
fettle_result fettle_redfish_again (struct fettle_redfish_update *, uint32_t delay_s);

/* How many bytes of the image the node has fetched; 0 also if it doesn't. */
uint64_t fettle_redfish_fetched (struct fettle_redfish_update *);

/* The image's URL for the node, by the listener that it can use; NULL: said why. */
const char *fettle_redfish_image_url (struct fettle_redfish_update *);

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
