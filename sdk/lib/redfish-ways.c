/* redfish-ways.c - by which way an image gets to the node, and the standard's
 * way of telling it so.
 *
 * SPDX-License-Identifier: Apache-2.0 OR BSD-2-Clause
 */
#include <stdio.h>
#include <string.h>

#include "redfish-update.h"

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

uint32_t
fettle_redfish_push_way (const update *u)
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

fettle_result
fettle_redfish_choose_way (update *u)
{
  static const char *const words[] = {
    "", "by pull: the node fetches the image from us", "by push, as multipart", "by push",
  };
  int blocked = u->ways.pull[0] && !wants (u, "pull") && !wants (u, "push") && way_back_blocked (u);

  if (u->ways.pull[0] && !blocked && !wants (u, "push") && serve (u))
    u->way = FETTLE_REDFISH_PULL;
  else
    u->way = fettle_redfish_push_way (u);
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

fettle_result
fettle_redfish_start_standard (update *u, struct fettle_redfish_answer *answer)
{
  return u->way == FETTLE_REDFISH_PULL        ? start_pull (u, answer)
         : u->way == FETTLE_REDFISH_MULTIPART ? start_multipart (u, answer) : start_push (u, answer);
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
