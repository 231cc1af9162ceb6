/* fwpkg.c - HPE's firmware package; see formats.h.
 *
 * A zip whose payload.json says what it is for, or a package of DMTF's PLDM
 * for Firmware Update (DSP0267), which says its version; whom that is for is
 * then in the .json beside it.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "util/base.h"

#include "baseline/container.h"
#include "baseline/formats.h"

enum { PAYLOAD_MAX = 4 << 20, FILES_MAX = 1000 };

/* PLDM: 16 bytes of identifier, format revision, header's size (2), date and
 * time (13), length of a bitmap (2), type and length of the version's text. */
enum { PLDM_ID = 16, PLDM_TEXT = 36 };

/* All of a member, so that its checksum is checked; its text, if wanted. */
static fettle_result
read_member (struct fettle_container *c, const char *name, struct fettle_buf *text,
             struct fettle_error *err)
{
  _cleanup_ (fettle_cleanup_source) struct fettle_source *s = NULL;
  const void *data;
  fettle_result r = fettle_container_source (c, &s, err);
  ssize_t n = 0;

  while (!r && (n = fettle_source_read (s, &data)) > 0)
    if (text && !fettle_buf_add (text, data, (size_t) n))
      r = fettle_error_set (err, FETTLE_E_CONFIG, "its %.100s is larger than %zu bytes", name, text->max);
  if (!r && n < 0)
    r = fettle_error_set (err, FETTLE_E_CONFIG, "its %.200s is broken: %s", name, fettle_source_why (s));
  return r;
}

static fettle_result
read_zip (struct fettle_source *s, struct fettle_buf *payload, struct fettle_error *err)
{
  _cleanup_ (fettle_cleanup_container) struct fettle_container *c = NULL;
  _cleanup_free_ struct fettle_member *m = malloc (sizeof *m);
  fettle_result r = m ? fettle_container_open (s, &c, err) : fettle_about_no_memory (err);

  for (unsigned n = 0; !r; n++) {
    r = fettle_container_next (c, m, err);
    if (r || m->kind == FETTLE_MEMBER_END)
      break;
    if (n >= FILES_MAX)
      return fettle_error_set (err, FETTLE_E_CONFIG, "it has more than %d files", FILES_MAX);
    if (m->kind != FETTLE_MEMBER_FILE)
      return fettle_error_set (err, FETTLE_E_CONFIG, "its %.200s: %.200s", m->path,
                               m->kind == FETTLE_MEMBER_PROBLEM ? m->text : "it is a link");
    r = read_member (c, m->path, strcmp (m->path, "payload.json") == 0 ? payload : NULL, err);
  }
  return r ? r : fettle_container_finish (c, err);
}

static fettle_result
take_payload (const struct fettle_buf *payload, struct fettle_abouts *a, struct fettle_error *err)
{
  _cleanup_json_ json_t *json = json_loadb (fettle_buf_text (payload), payload->size, 0, NULL);
  fettle_result r = json_is_object (json) ? fettle_hpe_json (json, a, err) : fettle_not_this (err);

  if (r == FETTLE_E_UNSUPPORTED || a->complete)
    return fettle_error_set (err, FETTLE_E_CONFIG,
                             payload->size ? "its payload.json doesn't say what it is for"
                                           : "it has no payload.json that says what it is for");
  for (size_t i = 0; i < a->n && !r; i++) {
    a->list[i]->stem = false;
    if (!fettle_component_set (&a->list[i]->c.format, "fwpkg"))
      r = fettle_about_no_memory (err);
  }
  return r;
}

/* Revisions 1.0 to 1.3; what is wanted is at the same place in all. */
static bool
is_pldm (const unsigned char *p, size_t n)
{
  static const unsigned char ids[][PLDM_ID] = {
    { 0xf0, 0x18, 0x87, 0x8c, 0xcb, 0x7d, 0x49, 0x43, 0x98, 0x00, 0xa0, 0x2f, 0x05, 0x9a, 0xca, 0x02 },
    { 0x12, 0x44, 0xd2, 0x64, 0x8d, 0x7d, 0x47, 0x18, 0xa0, 0x30, 0xfc, 0x8a, 0x56, 0x58, 0x7d, 0x5a },
    { 0x31, 0x19, 0xce, 0x2f, 0xe8, 0x0a, 0x4a, 0x99, 0xaf, 0x6d, 0x46, 0xf8, 0xb1, 0x21, 0xf6, 0xbf },
    { 0x7b, 0x29, 0x1c, 0x99, 0x6d, 0xb6, 0x42, 0x08, 0x80, 0x1b, 0x02, 0x02, 0x6e, 0x46, 0x3c, 0x78 },
  };

  for (size_t i = 0; i < COUNT (ids); i++)
    if (n >= PLDM_TEXT && memcmp (p, ids[i], PLDM_ID) == 0)
      return true;
  return false;
}

/* Just its version; all else comes from beside it. */
static fettle_result
take_pldm (const unsigned char *p, size_t n, struct fettle_abouts *a, struct fettle_error *err)
{
  struct fettle_about *one = fettle_about_add (a, NULL, err);
  char version[256];
  size_t length = p[PLDM_TEXT - 1];

  if (!one)
    return err->code;
  if (p[PLDM_TEXT - 2] == 0 || p[PLDM_TEXT - 2] > 2 || PLDM_TEXT + length > n)
    length = 0; /* UTF-16, or cut: it isn't said here */
  memcpy (version, p + PLDM_TEXT, length);
  version[length] = '\0';
  return fettle_about_version (&one->c, version, "hpe dotted")
             && fettle_component_set (&one->c.format, "fwpkg")
             && fettle_component_set (&one->c.kind, "firmware")
           ? FETTLE_OK : fettle_about_no_memory (err);
}

fettle_result
fettle_fwpkg_read (struct fettle_source *s, struct fettle_abouts *a, struct fettle_error *err)
{
  _cleanup_ (fettle_buf_clear) struct fettle_buf payload = FETTLE_BUF_INIT (PAYLOAD_MAX);
  const void *head;
  ssize_t n = fettle_source_peek (s, &head);
  fettle_result r;

  if (n > 0 && is_pldm (head, (size_t) n))
    return take_pldm (head, (size_t) n, a, err);
  r = read_zip (s, &payload, err);
  return r ? r : take_payload (&payload, a, err);
}
