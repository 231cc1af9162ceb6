/* record-serve.c - what a plugin offered to its node, and what the node did
 * with it: names and numbers.  A URL's secret is removed from all that follows.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "util/base.h"

#include "worker/record.h"

const struct fettle_serve *fettle_recorded_serve;

/* {"listener": "http", "file": "0"}: texts, as replay.c looks for them. */
static json_t *
what (uint32_t listener, const char *file)
{
  static const char *const names[] = { "", "http", "https", "ftp" };

  return json_pack ("{s:s s:s*}", "listener", listener < COUNT (names) ? names[listener] : "", "file", file);
}

static json_t *
which (uint32_t listener, uint32_t file)
{
  char number[16];

  snprintf (number, sizeof number, "%u", file);
  return what (listener, file == FETTLE_SERVE_FOLDER ? "folder" : number);
}

static const char *
offered (json_t *asked, const char *url)
{
  if (url)
    fettle_record_url (url);
  fettle_record_line (json_pack ("{s:o s:i s:o*}", "offer", asked, "result", url ? FETTLE_OK : FETTLE_E_SERVICE, "url",
                                 fettle_record_text (url)));
  return url;
}

static const char *
file_url (fettle_ctx *c, uint32_t listener, uint32_t file)
{
  return offered (which (listener, file), fettle_recorded_serve->file_url (c, listener, file));
}

static const char *
status_url (fettle_ctx *c, uint32_t listener)
{
  return offered (what (listener, "status"), fettle_recorded_serve->status_url (c, listener));
}

static fettle_result
next_status (fettle_ctx *c, uint32_t timeout_ms, const char **ret)
{
  fettle_result r = fettle_recorded_serve->next_status (c, timeout_ms, ret);

  fettle_record_line (json_pack ("{s:{} s:i s:o*}", "status", "result", r, "told",
                                 r == FETTLE_OK ? fettle_record_text (*ret) : NULL));
  return r;
}

static fettle_result
fetched (fettle_ctx *c, uint32_t listener, uint32_t file, uint64_t *ret_bytes, uint32_t *ret_answers)
{
  fettle_result r = fettle_recorded_serve->fetched (c, listener, file, ret_bytes, ret_answers);

  fettle_record_line (json_pack ("{s:o s:i s:I s:I}", "fetched", which (listener, file), "result", r, "bytes",
                                 (json_int_t) (r < 0 ? 0 : *ret_bytes), "answers", (json_int_t) (r < 0 ? 0 : *ret_answers)));
  return r;
}

static int32_t
blocked (fettle_ctx *c, uint32_t listener)
{
  int32_t is = fettle_recorded_serve->blocked (c, listener);

  fettle_record_line (json_pack ("{s:o s:i}", "blocked", what (listener, NULL), "answer", is));
  return is;
}

const struct fettle_serve fettle_record_serve = {
  .struct_size = sizeof (struct fettle_serve), .version = 1, .file_url = file_url, .status_url = status_url,
  .next_status = next_status, .fetched = fetched, .blocked = blocked,
};
