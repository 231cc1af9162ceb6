/* redfish-deploy.c - an update from its beginning to the node's being well
 * again: a state machine over the token.
 *
 * The token is JSON: "s" is the step (begin, start, wait, settle), "t" when it
 * began, "w" the way, "p" a sum of the firmware's versions before anything was
 * done, "k" the task's path, "F" the node has fetched the image, "a" since
 * when it doesn't answer, "R" it was away since the start, "W" the rest comes
 * with the server's restart, "u" nobody knows how the task ended.
 *
 * SPDX-License-Identifier: Apache-2.0 OR BSD-2-Clause
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "redfish-internal.h"

enum {
  TOKEN_MAX = 1000,
  DEPTH_MAX = 6,     /* of a list of firmware */
  WELL = 3,          /* looks in a row before a node is well again */
  BUSY_MAX_S = 1800, /* how long another's update is waited for */
};

#define AT   fettle_redfish_at
#define TEXT fettle_redfish_text

typedef struct fettle_redfish_update update;

/* ---- what is kept ---- */

static void
keep_text (update *u, const char *key, const char *text)
{
  json_object_set_new (u->state, key, json_string (text));
}

static void
keep_number (update *u, const char *key, json_int_t n)
{
  json_object_set_new (u->state, key, json_integer (n));
}

static json_int_t
number (const update *u, const char *key)
{
  return json_integer_value (json_object_get (u->state, key));
}

static json_int_t
age (const update *u)
{
  return (json_int_t) time (NULL) - number (u, "t");
}

static void
set_step (update *u, const char *step)
{
  keep_text (u, "s", step);
  keep_number (u, "t", (json_int_t) time (NULL));
}

fettle_result
fettle_redfish_again (update *u, uint32_t delay_s)
{
  char *token = json_dumps (u->state, JSON_COMPACT);
  fettle_result r;

  if (!token || strlen (token) > TOKEN_MAX)
    r = u->h->error (u->c, FETTLE_E_INTERNAL, "what is to be kept of the update is too long");
  else
    r = u->h->again (u->c, delay_s, token);
  free (token);
  return r;
}

static const char *
service_path (update *u)
{
  return u->updater->service ? u->updater->service (u)
                             : fettle_redfish_link (fettle_redfish_root (u->redfish), "UpdateService");
}

/* ---- what is on the node: a sum that changes with any version ---- */

struct sum {
  uint64_t sum;
  size_t n;
};

static uint64_t
hash (uint64_t h, const char *text)
{
  for (; *text; text++)
    h = (h ^ (unsigned char) *text) * UINT64_C (1099511628211);
  return h;
}

static void
add_versions (struct sum *s, const json_t *json, unsigned depth)
{
  const char *version = *TEXT (json, "VersionString") ? TEXT (json, "VersionString") : TEXT (json, "Version");
  const json_t *value;
  const char *key;
  size_t i;

  if (*version) {
    s->sum += hash (hash (hash (UINT64_C (14695981039346656037), TEXT (json, "Name")), "\n"), version);
    s->n++;
  }
  if (depth == DEPTH_MAX)
    return;
  json_object_foreach ((json_t *) json, key, value)
    if (json_is_object (value) || json_is_array (value))
      add_versions (s, value, depth + 1);
  json_array_foreach (json, i, value)
    add_versions (s, value, depth + 1);
}

static fettle_result
add_member (void *opaque, const json_t *member)
{
  add_versions (opaque, member, DEPTH_MAX);
  return FETTLE_OK;
}

/* "" when it can't be told. */
static void
read_versions (update *u, char text[24])
{
  const char *whole = u->updater->firmware ? u->updater->firmware (u) : NULL;
  const char *path = fettle_redfish_link (u->service, "FirmwareInventory");
  struct sum s = { 0, 0 };
  json_t *list = NULL;
  uint32_t left_out = 0;
  fettle_result r = FETTLE_E_UNSUPPORTED;

  text[0] = '\0';
  if (whole)
    r = fettle_redfish_get (u->redfish, whole, &list, NULL);
  else if (path)
    r = fettle_redfish_each (u->redfish, path, add_member, &s, &left_out);
  add_versions (&s, list, 0);
  json_decref (list);
  if (r == FETTLE_OK && !left_out && s.n)
    snprintf (text, 24, "%" PRIx64, s.sum);
}

/* 1: something was flashed since; 0: nothing; -1: nobody knows. */
static int
has_changed (update *u)
{
  const char *before = TEXT (u->state, "p");
  char now[24];

  if (!*before)
    return -1;
  read_versions (u, now);
  return now[0] ? strcmp (before, now) != 0 : -1;
}

/* ---- by which way ---- */

void
fettle_redfish_ways (const json_t *service, struct fettle_redfish_ways *ret)
{
  const json_t *simple = AT (service, "Actions/#UpdateService.SimpleUpdate");
  const json_t *protocols = json_object_get (simple, "TransferProtocol@Redfish.AllowableValues");
  const json_t *max = AT (service, "MaxImageSizeBytes");
  size_t i;

  memset (ret, 0, sizeof *ret);
  snprintf (ret->pull, sizeof ret->pull, "%s", TEXT (simple, "target"));
  snprintf (ret->multipart, sizeof ret->multipart, "%s", TEXT (service, "MultipartHttpPushUri"));
  snprintf (ret->push, sizeof ret->push, "%s", TEXT (service, "HttpPushUri"));
  if (json_is_integer (max) && json_integer_value (max) > 0)
    ret->max_size = (uint64_t) json_integer_value (max);
  ret->http = json_array_size (protocols) == 0;
  for (i = 0; i < json_array_size (protocols); i++) {
    const char *one = TEXT (json_array_get (protocols, i), "");

    ret->http |= strcmp (one, "HTTP") == 0;
    ret->https |= strcmp (one, "HTTPS") == 0;
  }
  if (!fettle_redfish_path_ok (ret->pull) || !(ret->http || ret->https))
    ret->pull[0] = '\0';
  if (!fettle_redfish_path_ok (ret->multipart))
    ret->multipart[0] = '\0';
  if (!fettle_redfish_path_ok (ret->push))
    ret->push[0] = '\0';
}

static uint32_t
listener (const update *u)
{
  return u->ways.http ? FETTLE_LISTEN_HTTP : FETTLE_LISTEN_HTTPS;
}

static const struct fettle_serve *
serve (const update *u)
{
  return u->h->service (u->c, "serve", 1);
}

const char *
fettle_redfish_image_url (update *u)
{
  const struct fettle_serve *s = serve (u);

  if (!s) {
    u->h->error (u->c, FETTLE_E_SERVICE, "the node should fetch the image, and this Fettle offers none");
    return NULL;
  }
  return s->file_url (u->c, listener (u), 0);
}

/* What a check has found of the way from the node to us. */
static int
way_back_blocked (const update *u)
{
  const struct fettle_serve *s = serve (u);

  return s && FETTLE_HAS (s, struct fettle_serve, blocked) && s->blocked (u->c, listener (u)) == 1;
}

static int
wants (const update *u, const char *way)
{
  const char *setting = u->h->setting (u->c, "transfer");

  return setting && strcmp (setting, way) == 0;
}

static uint32_t
push_way (const update *u)
{
  if (wants (u, "pull"))
    return 0;
  return u->ways.multipart[0] ? FETTLE_REDFISH_MULTIPART : u->ways.push[0] ? FETTLE_REDFISH_PUSH : 0;
}

static fettle_result
no_way (update *u, int blocked)
{
  if (wants (u, "pull"))
    return u->h->error (u->c, FETTLE_E_CONFIG, "the node doesn't fetch images by HTTP or HTTPS, which its"
                        " setting transfer=pull demands: set it to auto");
  if (wants (u, "push"))
    return u->h->error (u->c, FETTLE_E_CONFIG, "images can't be pushed to this node, which its setting"
                        " transfer=push demands: set it to auto");
  if (blocked)
    return fettle_fail (u->h, u->c, FETTLE_E_UNREACHABLE, "the way from the node to us is blocked, and images"
                        " can't be pushed to it: fettle check %s says where", u->t->name);
  return u->h->error (u->c, FETTLE_E_UNSUPPORTED, "the node's update service offers no way that Fettle knows:"
                      " no SimpleUpdate by HTTP, no MultipartHttpPushUri, no HttpPushUri");
}

static fettle_result
choose_way (update *u)
{
  static const char *const words[] = {
    "", "by pull: the node fetches the image from us", "by push, as multipart", "by push",
  };
  int blocked = u->ways.pull[0] && !wants (u, "pull") && !wants (u, "push") && way_back_blocked (u);

  if (u->ways.pull[0] && !blocked && !wants (u, "push") && serve (u))
    u->way = FETTLE_REDFISH_PULL;
  else
    u->way = push_way (u);
  if (!u->way)
    return no_way (u, blocked);
  fettle_say (u->h, u->c, FETTLE_LOG_INFO, "%s%s", words[u->way],
              blocked ? ", since a check has found the way back blocked" : "");
  keep_number (u, "w", (json_int_t) u->way);
  return FETTLE_OK;
}

/* ---- the standard's way of telling the node ---- */

/* Where the values of an annotation are given, Immediate must be one. */
static int
takes_apply_time (const json_t *service, const char *of)
{
  const json_t *values = AT (AT (service, of), "SupportedValues");
  size_t i;

  for (i = 0; i < json_array_size (values); i++)
    if (strcmp (TEXT (json_array_get (values, i), ""), "Immediate") == 0)
      return 1;
  return json_array_size (values) == 0;
}

static fettle_result
start_pull (update *u, struct fettle_redfish_answer *answer)
{
  const char *url = fettle_redfish_image_url (u);
  json_t *body = url ? json_pack ("{s:s, s:s}", "ImageURI", url, "TransferProtocol",
                                  u->ways.http ? "HTTP" : "HTTPS") : NULL;
  fettle_result r;

  if (!url)
    return FETTLE_E_SERVICE; /* it has been said */
  r = body ? fettle_redfish_send (u->redfish, "POST", u->ways.pull, body, answer)
           : u->h->error (u->c, FETTLE_E_NOMEM, "no memory");
  json_decref (body);
  return r;
}

static void
file_part (const update *u, struct fettle_http_part *part)
{
  memset (part, 0, sizeof *part);
  part->type = "application/octet-stream";
  part->size = u->image->files[0].size;
}

static fettle_result
start_multipart (update *u, struct fettle_redfish_answer *answer)
{
  static const char now[] = "{\"Targets\": [], \"@Redfish.OperationApplyTime\": \"Immediate\"}";
  static const char plain[] = "{\"Targets\": []}";
  int immediate = takes_apply_time (u->service, "MultipartHttpPushUri@Redfish.OperationApplyTimeSupport");
  struct fettle_http_part parts[2];
  struct fettle_redfish_upload upload = { .path = u->ways.multipart, .step = "uploading",
                                          .flags = FETTLE_HTTP_MULTIPART, .n_parts = 2, .from = 50,
                                          .to = 550, .parts = parts };

  memset (parts, 0, sizeof parts);
  parts[0].name = "UpdateParameters";
  parts[0].type = "application/json";
  parts[0].data = immediate ? now : plain;
  parts[0].size = immediate ? sizeof now - 1 : sizeof plain - 1;
  file_part (u, &parts[1]);
  parts[1].name = "UpdateFile";
  parts[1].file_name = u->image->files[0].name;
  return fettle_redfish_upload (u->redfish, &upload, answer);
}

static fettle_result
start_push (update *u, struct fettle_redfish_answer *answer)
{
  struct fettle_http_part part;
  struct fettle_redfish_upload upload = { .path = u->ways.push, .step = "uploading", .n_parts = 1,
                                          .from = 50, .to = 550, .parts = &part };

  file_part (u, &part);
  return fettle_redfish_upload (u->redfish, &upload, answer);
}

static fettle_result
start_standard (update *u, struct fettle_redfish_answer *answer)
{
  return u->way == FETTLE_REDFISH_PULL        ? start_pull (u, answer)
         : u->way == FETTLE_REDFISH_MULTIPART ? start_multipart (u, answer) : start_push (u, answer);
}

/* ---- tasks that nobody has named ---- */

struct search {
  char path[FETTLE_REDFISH_PATH];
};

static fettle_result
is_update (void *opaque, const json_t *task)
{
  static const char *const words[] = { "pdate", "lash", "irmware" };
  const char *path = fettle_redfish_link (task, "");
  struct fettle_redfish_task t;
  struct search *s = opaque;
  size_t i;

  fettle_redfish_judge (200, task, &t);
  for (i = 0; i < FETTLE_COUNT (words) && t.state == FETTLE_REDFISH_RUNS && path; i++)
    if (strstr (TEXT (task, "Name"), words[i]) || strstr (TEXT (task, "Payload/TargetUri"), words[i]))
      snprintf (s->path, sizeof s->path, "%s", path);
  return FETTLE_OK;
}

/* An update that runs on the node; "" when there is none, or it has no tasks. */
static void
find_running (update *u, struct search *s)
{
  const char *path = fettle_redfish_link (fettle_redfish_root (u->redfish), "Tasks");
  json_t *service = NULL;

  s->path[0] = '\0';
  if (path && fettle_redfish_get (u->redfish, path, &service, NULL) == FETTLE_OK) {
    path = fettle_redfish_link (service, "Tasks");
    if (path)
      fettle_redfish_each (u->redfish, path, is_update, s, NULL);
  }
  json_decref (service);
}

static uint32_t
interval (const update *u, const struct fettle_redfish_task *t)
{
  json_int_t n = age (u);

  if (t && t->retry_after)
    return t->retry_after < 60 ? t->retry_after : 60;
  return n < 15 ? 2 : n < 120 ? 5 : n < 600 ? 10 : 20;
}

uint64_t
fettle_redfish_fetched (update *u)
{
  const struct fettle_serve *s = serve (u);
  uint64_t bytes = 0;
  uint32_t answers;

  if (u->way != FETTLE_REDFISH_PULL || !s || s->fetched (u->c, listener (u), 0, &bytes, &answers) != FETTLE_OK)
    return 0;
  return bytes;
}

/* ---- the end ---- */

static fettle_result
gone (update *u, fettle_result r);

static fettle_result
end (update *u, fettle_result code, const char *text)
{
  fettle_result r = u->updater->finish ? u->updater->finish (u) : FETTLE_OK;

  if (code >= 0 && (r == FETTLE_E_UNREACHABLE || r == FETTLE_E_TIMEOUT)) /* it restarts only now */
    return gone (u, r);
  return code < 0 ? u->h->error (u->c, code, text) : code;
}

/* Nobody has said how it ended, and nothing is new: it looks bad, and the
 * inventory has the last word. */
static fettle_result
end_unknown (update *u)
{
  char text[600];

  snprintf (text, sizeof text, "%s, and the firmware is what it was before.  Deploy again%s",
            number (u, "R") ? "the node restarted before it said how its update ended"
                            : "the node's task is gone without a word on how the update ended",
            number (u, "R") ? "; if it lost its power, see to that first" : "");
  return end (u, FETTLE_E_TIMEOUT, text);
}

/* The service is there: is the node well again, and has it what it was given? */
static fettle_result
settle (update *u)
{
  int changed = has_changed (u), i;
  const char *path;
  json_t *now = NULL;

  u->h->progress (u->c, 950, "waiting until the node is well again");
  if (changed != 1 && !number (u, "R") && !number (u, "W") && age (u) < (json_int_t) u->reset_s)
    return fettle_redfish_again (u, interval (u, NULL));
  path = service_path (u);
  for (i = 1; i < WELL && path; i++) {
    if (u->h->sleep_ms (u->c, 1000) != FETTLE_OK)
      return u->h->error (u->c, FETTLE_E_ABORTED, "aborted while the node restarted");
    if (fettle_redfish_get (u->redfish, path, &now, NULL) != FETTLE_OK) {
      if (age (u) > (json_int_t) u->away_s)
        break; /* as well as it gets */
      keep_number (u, "R", 1);
      return fettle_redfish_again (u, 2);
    }
    json_decref (now);
    now = NULL;
  }
  if (changed != 1 && number (u, "u"))
    return end_unknown (u);
  return end (u, number (u, "W") && changed != 1 ? FETTLE_OK_REBOOT : FETTLE_OK, "");
}

/* ---- while it runs ---- */

static fettle_result
push_instead (update *u, const char *why)
{
  fettle_say (u->h, u->c, FETTLE_LOG_WARNING, "the node didn't fetch the image (%s): it is pushed instead",
              why);
  u->way = push_way (u);
  keep_number (u, "w", (json_int_t) u->way);
  json_object_del (u->state, "k");
  set_step (u, "start");
  return fettle_redfish_again (u, 1);
}

static fettle_result
not_fetched (update *u, const char *why)
{
  char text[900];

  if (push_way (u))
    return push_instead (u, why);
  snprintf (text, sizeof text, "the node didn't fetch the image: %.500s.  Can it reach us? fettle check %.100s"
            " says so", why, u->t->name);
  return end (u, FETTLE_E_UNREACHABLE, text);
}

static fettle_result
task_failed (update *u, const struct fettle_redfish_task *t)
{
  char text[900];

  if (has_changed (u) == 1) {
    fettle_say (u->h, u->c, FETTLE_LOG_WARNING, "the node says that the update failed (%s), but its firmware"
                " has changed: the inventory decides", t->words);
    set_step (u, "settle");
    return settle (u);
  }
  if (u->way == FETTLE_REDFISH_PULL && !number (u, "F") && !fettle_redfish_fetched (u))
    return not_fetched (u, t->words);
  snprintf (text, sizeof text, "the node didn't install it: %.700s", t->words);
  return end (u, FETTLE_E_REJECTED, text);
}

static fettle_result
still_runs (update *u, const struct fettle_redfish_task *t)
{
  char step[120], why[80];

  if (u->way == FETTLE_REDFISH_PULL && !number (u, "F")) {
    if (fettle_redfish_fetched (u))
      keep_number (u, "F", 1);
    else if (age (u) > (json_int_t) u->fetch_s) {
      snprintf (why, sizeof why, "nothing came of it in %u s", (unsigned) u->fetch_s);
      if (*TEXT (u->state, "k"))
        fettle_redfish_send (u->redfish, "DELETE", TEXT (u->state, "k"), NULL, NULL);
      return not_fetched (u, why);
    }
  }
  if (!*TEXT (u->state, "k") && !u->updater->look && age (u) > (json_int_t) u->silent_s) {
    keep_number (u, "u", 1);
    set_step (u, "settle");
    return settle (u);
  }
  snprintf (step, sizeof step, "installing%s%.100s", t->words[0] ? ": " : "", t->words);
  u->h->progress (u->c, 600 + t->percent * 3, step);
  return fettle_redfish_again (u, interval (u, t));
}

/* Without a task: one that appears, or the versions. */
static fettle_result
look_standard (update *u, const char *path, struct fettle_redfish_task *ret)
{
  struct search s;

  if (*path)
    return fettle_redfish_look (u->redfish, path, ret);
  memset (ret, 0, sizeof *ret);
  find_running (u, &s);
  if (s.path[0])
    keep_text (u, "k", s.path);
  else if (has_changed (u) == 1)
    ret->state = FETTLE_REDFISH_DONE;
  return FETTLE_OK;
}

static fettle_result
wait_for_task (update *u)
{
  struct fettle_redfish_task t;
  fettle_result r = u->updater->look ? u->updater->look (u, TEXT (u->state, "k"), &t)
                                     : look_standard (u, TEXT (u->state, "k"), &t);

  if (r != FETTLE_OK)
    return gone (u, r);
  switch (t.state) {
  case FETTLE_REDFISH_RUNS:
    return still_runs (u, &t);
  case FETTLE_REDFISH_FAILED:
    return task_failed (u, &t);
  case FETTLE_REDFISH_UNKNOWN:
    u->h->log (u->c, FETTLE_LOG_WARNING, "the node knows nothing of its update any more: the inventory decides");
    keep_number (u, "u", 1);
    break;
  case FETTLE_REDFISH_WAITS:
    keep_number (u, "W", 1);
    break;
  default:
    fettle_say (u->h, u->c, FETTLE_LOG_INFO, "the node says that it is done%s%s", t.words[0] ? ": " : "",
                t.words);
  }
  set_step (u, "settle");
  return settle (u);
}

/* ---- the beginning ---- */

static fettle_result
start (update *u)
{
  struct fettle_redfish_answer answer;
  char path[FETTLE_REDFISH_PATH];
  struct search s = { "" };
  fettle_result r;

  /* Perhaps it was begun, and we are who crashed. */
  if ((!u->updater->start && fettle_redfish_fetched (u)) || has_changed (u) == 1) {
    u->h->log (u->c, FETTLE_LOG_INFO, "the update has begun before");
    set_step (u, "wait");
    return wait_for_task (u);
  }
  if (!u->updater->start)
    find_running (u, &s);
  if (s.path[0] && age (u) < BUSY_MAX_S) {
    u->h->progress (u->c, 30, "waiting for another update of the node");
    return fettle_redfish_again (u, 10);
  }
  memset (&answer, 0, sizeof answer);
  u->h->progress (u->c, 50, "telling the node");
  r = u->updater->start ? u->updater->start (u, &answer) : start_standard (u, &answer);
  if (r == FETTLE_OK) {
    set_step (u, "wait");
    if (fettle_redfish_task_path (&answer, path, sizeof path) && strlen (path) < 500)
      keep_text (u, "k", path);
    r = fettle_redfish_again (u, answer.retry_after ? answer.retry_after % 60 : 1);
  } else if (r == FETTLE_E_BUSY && age (u) < BUSY_MAX_S) {
    fettle_say (u->h, u->c, FETTLE_LOG_INFO, "%s: waiting", fettle_redfish_why (u->redfish));
    r = fettle_redfish_again (u, age (u) < 30 ? 3 : 20);
  }
  json_decref (answer.body);
  return r;
}

static fettle_result
begin (update *u)
{
  char versions[24];
  fettle_result r;

  if (json_is_false (AT (u->service, "ServiceEnabled")))
    return u->h->error (u->c, FETTLE_E_UNSUPPORTED, "the node's update service is turned off (ServiceEnabled is"
                        " false): turn it on");
  if (u->ways.max_size && u->image->files[0].size > u->ways.max_size)
    return fettle_fail (u->h, u->c, FETTLE_E_REJECTED, "%s has %" PRIu64 " bytes: the node takes at most %" PRIu64,
                        u->image->files[0].name, u->image->files[0].size, u->ways.max_size);
  r = choose_way (u);
  if (r != FETTLE_OK)
    return r;
  read_versions (u, versions);
  keep_text (u, "p", versions);
  set_step (u, "start");
  return fettle_redfish_again (u, 0);
}

/* ---- one call ---- */

/* It doesn't answer.  Once its update has begun, that is to be expected. */
static fettle_result
gone (update *u, fettle_result r)
{
  const char *step = TEXT (u->state, "s");
  json_int_t now = (json_int_t) time (NULL);

  if (r == FETTLE_E_ABORTED || r == FETTLE_E_NOMEM || (strcmp (step, "wait") != 0 && strcmp (step, "settle") != 0))
    return r;
  if (!number (u, "a")) {
    keep_number (u, "a", now);
    u->h->log (u->c, FETTLE_LOG_INFO, "the node doesn't answer: it restarts, it seems");
  }
  keep_number (u, "R", 1);
  if (now - number (u, "a") > (json_int_t) u->away_s)
    return fettle_fail (u->h, u->c, FETTLE_E_TIMEOUT, "the node isn't back %u s after it stopped answering while"
                        " it was updated: look at it, and at its power", (unsigned) u->away_s);
  u->h->progress (u->c, 900, "waiting for the node to be back");
  return fettle_redfish_again (u, now - number (u, "a") < 20 ? 2 : 10);
}

static fettle_result
read_service (update *u)
{
  const char *path = service_path (u);

  if (!path)
    return u->h->error (u->c, FETTLE_E_UNSUPPORTED, "the node has no Redfish UpdateService, so that Fettle can't"
                        " update it");
  return fettle_redfish_get (u->redfish, path, &u->service, NULL);
}

static fettle_result
go_on (update *u)
{
  const char *step = TEXT (u->state, "s");

  if (u->updater->ways)
    u->updater->ways (u);
  else
    fettle_redfish_ways (u->service, &u->ways);
  u->way = (uint32_t) number (u, "w");
  if (number (u, "a"))
    u->h->log (u->c, FETTLE_LOG_INFO, "the node is back");
  json_object_del (u->state, "a");
  return strcmp (step, "start") == 0    ? start (u)
         : strcmp (step, "wait") == 0   ? wait_for_task (u)
         : strcmp (step, "settle") == 0 ? settle (u) : begin (u);
}

fettle_result
fettle_redfish_deploy (const struct fettle_host *h, fettle_ctx *c, const struct fettle_target *t,
                       const struct fettle_image *image, const struct fettle_redfish_updater *updater)
{
  update u = { .h = h, .c = c, .t = t, .image = image, .updater = updater, .reset_s = updater->reset_s,
               .away_s = updater->away_s, .fetch_s = updater->fetch_s, .silent_s = updater->silent_s };
  const char *token = h->token (c);
  fettle_result r;
  int opened;

  u.state = token ? json_loads (token, 0, NULL) : NULL;
  if (!json_is_object (u.state)) {
    json_decref (u.state);
    u.state = json_object ();
  }
  if (!u.state)
    return h->error (c, FETTLE_E_NOMEM, "no memory");
  r = fettle_redfish_open (h, c, t, 443, updater->tls, &u.redfish);
  opened = r == FETTLE_OK;
  if (opened)
    r = fettle_redfish_login (u.redfish);
  if (r == FETTLE_OK)
    r = read_service (&u);
  /* Another certificate than before isn't a node that restarts. */
  if (r != FETTLE_OK)
    r = !opened && r == FETTLE_E_AUTH ? r : gone (&u, r);
  else
    r = go_on (&u);
  fettle_redfish_close (u.redfish, r);
  json_decref (u.service);
  json_decref (u.state);
  return r;
}
