/* papers.c - see papers.h.  SPDX-License-Identifier: Apache-2.0 */
#include "util/base.h"

#include <openssl/evp.h>

#include "baseline/gather.h"
#include "baseline/papers.h"
#include "baseline/scan.h"
#include "sign/paper.h"

enum { CHUNK = 3 << 18 }; /* of a paper on one line; base64 has 4 bytes for 3 */

static fettle_result
say (FILE *out, const char *member, json_t *value, struct fettle_error *err)
{
  if (fettle_scan_line (out, member, value))
    return FETTLE_OK;
  return fettle_error_set (err, FETTLE_E_INTERNAL, "the result can't be written");
}

static fettle_result
say_chunk (FILE *out, const char *name, const char *data, size_t size, struct fettle_error *err)
{
  _cleanup_free_ char *text = malloc (4 * (size / 3 + 1) + 1);

  if (!text)
    return fettle_error_set (err, FETTLE_E_NOMEM, "no memory for %.200s", name);
  EVP_EncodeBlock ((unsigned char *) text, (const unsigned char *) data, (int) size);
  return say (out, "paper", json_pack ("{s:s s:s}", "name", name, "data", text), err);
}

static fettle_result
say_paper (FILE *out, const char *name, const struct fettle_buf *data, struct fettle_error *err)
{
  size_t at = 0;
  fettle_result r;

  do {
    size_t n = data->size - at < CHUNK ? data->size - at : CHUNK;

    r = say_chunk (out, name, fettle_buf_text (data) + at, n, err);
    at += n;
  } while (!r && at < data->size);
  return r;
}

fettle_result
fettle_scan_papers (const struct fettle_records *records, FILE *out, struct fettle_error *err)
{
  json_int_t papers = 0;

  for (size_t i = 0; i < records->n; i++) {
    const struct fettle_record *r = records->list[i];

    if (!fettle_is_paper (r->path))
      continue;
    if (r->problem)
      return fettle_error_set (err, FETTLE_E_CONFIG, "%.200s: %s", r->path, r->problem);
    if (say_paper (out, r->path, &r->text, err))
      return err->code;
    papers++;
  }
  return say (out, "papers", json_integer (papers), err);
}

static fettle_result
say_file (const struct fettle_record *r, FILE *out, struct fettle_error *err)
{
  json_t *file = json_pack ("{s:s s:I s:s}", "path", r->path, "size", (json_int_t) r->size,
                            "sha256", r->sha256);

  if (!file)
    return fettle_error_set (err, FETTLE_E_CONFIG, "%.200s: its name isn't UTF-8, and so it can't be "
                                                   "signed", r->path);
  return say (out, "file", file, err);
}

fettle_result
fettle_scan_files (const struct fettle_records *records, FILE *out, struct fettle_error *err)
{
  json_int_t files = 0;

  for (size_t i = 0; i < records->n; i++) {
    const struct fettle_record *r = records->list[i];

    /* Without a digest: a link that leads elsewhere, what can't be read. */
    if (fettle_paper_unlisted (r->path) || strstr (r->path, "!/") || !r->sha256[0])
      continue;
    if (say_file (r, out, err))
      return err->code;
    files++;
  }
  return say (out, "files", json_integer (files), err);
}

fettle_result
fettle_scan_files_alone (int fd, const char *name, FILE *out, struct fettle_error *err)
{
  struct fettle_progress progress = { .out = out };
  struct fettle_records records = { .n = 0 };
  fettle_result r = fettle_gather (fd, name, NULL, &records, &progress, err);

  if (!r)
    r = fettle_scan_papers (&records, out, err);
  if (!r)
    r = fettle_scan_files (&records, out, err);
  fettle_records_clear (&records);
  return r;
}
