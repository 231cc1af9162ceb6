/* ribcl-update.c - firmware by RIBCL: iLO 3 and 4 are sent the image first, and
 * told of it then; iLO 2 takes it in the middle of the request.
 *
 * What it says while it flashes is its progress.  At the end an iLO that has
 * flashed itself restarts, and cuts the connection; so what ends badly may have
 * gone well, and the other way round.  Once all of the image was sent, the
 * token is "ribcl wait ...", and the version that the iLO comes back with
 * decides.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <fettle/util.h>

#include "ribcl.h"

enum {
  IMAGE_MIN = 1024, IMAGE_MAX = 128 << 20, /* bytes */
  FLASH_SILENCE = 600000,                  /* ms without a word while it flashes */
  RESTART_S = 120, RESTART_ANYWAY_S = 30,  /* in which it is to go away; although it failed */
  RETURN_S = 900,                          /* in which it is to be back */
};

#define WAIT "ribcl wait "

struct update {
  struct ribcl r;
  const struct fettle_image *image;
  int itself;                /* the iLO's own firmware; else the server's, by the iLO */
  char cookie[200];
  char heard[512];           /* the end of what it says */
  size_t heard_size;
  int percent;
};

int
ribcl_owns (const char *token)
{
  return token && strncmp (token, WAIT, strlen (WAIT)) == 0;
}

/* ---- what it is for ---- */

static int
has_word (const char *words, const char *word)
{
  size_t n = strlen (word);
  const char *p;

  for (p = words; p && (p = strstr (p, word)); p += n)
    if ((p == words || p[-1] == ' ') && (p[n] == ' ' || !p[n]))
      return 1;
  return 0;
}

static fettle_result
check_image (struct update *u)
{
  const struct fettle_image *image = u->image;
  const char *match = image->match ? image->match : "";
  unsigned generation = u->r.who->generation;
  char word[20];

  snprintf (word, sizeof word, "ilo:%u", generation);
  u->itself = has_word (match, word);
  if (!u->itself && !(generation > 2 && strncmp (match, "bios:", 5) == 0))
    return fettle_fail (u->r.h, u->r.c, FETTLE_E_REJECTED, "the component is for \"%.100s\", and this is an iLO %u,"
                        " which takes \"%s\"%s", match, generation, word,
                        generation > 2 ? " and, for the server's ROM, \"bios:FAMILY\"" : "");
  if (strcmp (image->format, "raw") != 0)
    return fettle_fail (u->r.h, u->r.c, FETTLE_E_UNSUPPORTED, "an iLO %u takes the bare image: take the .bin out of"
                        " the \"%.20s\" (\"sh CPNNNNNN.scexe --unpack=FOLDER\"), and describe it in a file"
                        " NAME.bin.component.cfg", generation, image->format);
  if (image->files[0].size < IMAGE_MIN || image->files[0].size > IMAGE_MAX)
    return fettle_fail (u->r.h, u->r.c, FETTLE_E_REJECTED, "%s can't be firmware: it has %llu bytes",
                        image->files[0].name, (unsigned long long) image->files[0].size);
  return FETTLE_OK;
}

/* "1.94" and "1.94 (2020-01-02)" are the same: the first words. */
static int
same_version (const char *a, const char *b)
{
  size_t n = strcspn (a, " ");

  return n > 0 && n == strcspn (b, " ") && memcmp (a, b, n) == 0;
}

/* ---- progress ---- */

static void
sent (void *opaque, uint64_t bytes, uint64_t all)
{
  struct update *u = opaque;

  if (all)
    u->r.h->progress (u->r.c, (uint32_t) (bytes <= all ? 50 + bytes * 400 / all : 450), "sending the image");
}

/* News come in pieces, cut anywhere: the last half KiB has the latest one. */
static fettle_result
heard (void *opaque, const void *data, size_t size)
{
  struct update *u = opaque;
  const size_t room = sizeof u->heard;
  const char *text = data;
  struct ribcl_said said;
  size_t keep;

  if (size > room) {
    text += size - room;
    size = room;
  }
  keep = u->heard_size + size > room ? room - size : u->heard_size;
  memmove (u->heard, u->heard + u->heard_size - keep, keep);
  memcpy (u->heard + keep, text, size);
  u->heard_size = keep + size;
  ribcl_read (u->heard, u->heard_size, &said);
  if (said.percent > u->percent) {
    u->percent = said.percent;
    u->r.h->progress (u->r.c, 450 + (uint32_t) said.percent * 5, said.inform);
  }
  return FETTLE_OK;
}

/* ---- the version that decides ---- */

static fettle_result
ask_version (struct update *u, char *ret, size_t size)
{
  fettle_result result;

  u->r.heard = NULL;
  u->r.sent = NULL;
  u->r.cookie = NULL;
  u->r.file = -1;
  u->r.silence_ms = 0;
  result = ribcl_ask_surely (&u->r, "<RIB_INFO MODE=\"read\"><GET_FW_VERSION/></RIB_INFO>\r\n");
  if (result != FETTLE_OK)
    return result;
  ribcl_version (&u->r, ret, size);
  if (*ret)
    return FETTLE_OK;
  return u->r.h->error (u->r.c, FETTLE_E_PROTOCOL, "its answer to GET_FW_VERSION was cut off, or has no version in it");
}

/* ---- sending ---- */

static fettle_result
keep_cookie (struct update *u, const struct fettle_http_answer *a)
{
  size_t n = 0;
  const char *value = fettle_http_field (a->fields, "Set-Cookie", &n);

  if (a->status != 200 && a->status != 201)
    return fettle_fail (u->r.h, u->r.c, a->status == 503 ? FETTLE_E_BUSY : FETTLE_E_REJECTED, "%s refuses the upload of"
                        " %s with status %d", u->r.who->product, u->image->files[0].name, (int) a->status);
  if (!value || n == 0 || n + 10 > sizeof u->cookie)
    return fettle_fail (u->r.h, u->r.c, FETTLE_E_PROTOCOL, "%s took the upload of %s but gave no name (Set-Cookie) for"
                        " it: is its firmware older than 1.20?", u->r.who->product, u->image->files[0].name);
  n = strcspn (value, ";\n") < n ? strcspn (value, ";\n") : n;
  snprintf (u->cookie, sizeof u->cookie, "Cookie: %.*s", (int) n, value);
  return FETTLE_OK;
}

static fettle_result
upload (struct update *u)
{
  const struct fettle_http *http = u->r.h->service (u->r.c, "http", 1);
  struct fettle_http_request q;
  struct fettle_http_answer a;
  struct fettle_http_part parts[2];
  fettle_result result;

  memset (&q, 0, sizeof q);
  memset (&a, 0, sizeof a);
  memset (parts, 0, sizeof parts);
  parts[0].name = "fileType";
  parts[0].data = "";
  parts[1].name = "fwimgfile";
  parts[1].file_name = u->image->files[0].name;
  parts[1].type = "application/octet-stream";
  parts[1].size = u->image->files[0].size;
  q.struct_size = sizeof q;
  q.flags = u->r.tls | FETTLE_HTTP_MULTIPART;
  q.port = 443;
  q.method = "POST";
  q.path = "/cgi-bin/uploadRibclFiles";
  q.n_parts = 2;
  q.part_size = sizeof parts[0];
  q.parts = parts;
  q.sent = sent;
  q.opaque = u;
  a.struct_size = sizeof a;
  result = http->request (u->r.c, &q, &a);
  if (result == FETTLE_OK)
    result = keep_cookie (u, &a);
  http->disconnect (u->r.c); /* so that the cookie isn't sent twice */
  return result;
}

/* ---- flashing ---- */

static fettle_result
wait_for_it (struct update *u, const char *wrong)
{
  char token[700];

  snprintf (token, sizeof token, WAIT "%lld %u %d %s", (long long) time (NULL), u->r.who->generation, 0, wrong);
  u->r.h->progress (u->r.c, 960, "the iLO restarts");
  return u->r.h->again (u->r.c, 2, token);
}

/* Something went wrong although all was sent. */
static fettle_result
doubtful (struct update *u, const struct ribcl_said *said)
{
  char text[400];

  if (said->status) {
    fettle_result code = FETTLE_E_REJECTED;
    const char *why = ribcl_explain (said->status, &code);

    if (u->percent < 0)
      return ribcl_judge (&u->r, FETTLE_E_REJECTED);
    snprintf (text, sizeof text, "it says %s (status 0x%04X) at %d %%%s%s", said->message, said->status, u->percent,
              why ? ": " : "", why ? why : "");
    fettle_say (u->r.h, u->r.c, FETTLE_LOG_WARNING, "%s: its version will show what became of it", text);
    return wait_for_it (u, text);
  }
  if (u->r.size && !said->documents)
    return ribcl_judge (&u->r, FETTLE_E_REJECTED);
  snprintf (text, sizeof text, "the connection ended at %d %%", u->percent < 0 ? 0 : u->percent);
  fettle_say (u->r.h, u->r.c, u->percent == 100 ? FETTLE_LOG_INFO : FETTLE_LOG_WARNING, "%s: its version will show what"
              " became of it", text);
  if (u->itself)
    return wait_for_it (u, text);
  return fettle_fail (u->r.h, u->r.c, FETTLE_E_TIMEOUT, "%s of sending the server's ROM: what became of it, only the"
                      " next inventory can tell", text);
}

static fettle_result
flash (struct update *u)
{
  const char *what = u->itself ? "UPDATE_RIB_FIRMWARE" : "UPDATE_FIRMWARE";
  const struct fettle_file *file = &u->image->files[0];
  int raw = u->r.who->generation == 2, tpm = ribcl_has_tpm (&u->r);
  struct ribcl_said said;
  fettle_result result;
  char body[700];
  uint64_t all_sent;

  if (!raw && (result = upload (u)) != FETTLE_OK)
    return result;
  snprintf (body, sizeof body, "<RIB_INFO MODE=\"write\">%s<%s IMAGE_LOCATION=\"%s\" IMAGE_LENGTH=\"%llu\"/>",
            tpm ? "<TPM_ENABLED VALUE=\"Yes\"/>" : "", what, file->name, (unsigned long long) file->size);
  u->r.cookie = raw ? NULL : u->cookie;
  u->r.file = raw ? 0 : -1;
  u->r.file_size = file->size;
  u->r.sent = sent;
  u->r.heard = heard;
  u->r.opaque = u;
  u->r.silence_ms = FLASH_SILENCE;
  u->percent = -1;
  u->r.h->progress (u->r.c, raw ? 50 : 450, raw ? "sending the image" : "flashing");
  result = ribcl_ask (&u->r, body, "</RIB_INFO>\r\n");
  all_sent = raw ? u->r.file_sent : file->size;
  ribcl_read (u->r.answer ? u->r.answer : "", u->r.size, &said);
  if (result == FETTLE_E_ABORTED || (result != FETTLE_OK && !said.documents && all_sent < file->size))
    return result; /* it hadn't all of it: nothing was flashed */
  if (result != FETTLE_OK || said.status || !said.documents || (raw && u->percent < 100))
    return doubtful (u, &said);
  return u->itself ? wait_for_it (u, "") : FETTLE_OK_REBOOT;
}

static fettle_result
begin (struct update *u)
{
  fettle_result result = check_image (u);
  char version[40];

  if (result == FETTLE_OK)
    result = ask_version (u, version, sizeof version);
  if (result != FETTLE_OK)
    return result;
  if (u->itself && same_version (version, u->image->version) && !(u->image->flags & FETTLE_IMAGE_REWRITE)) {
    fettle_say (u->r.h, u->r.c, FETTLE_LOG_INFO, "it has version %s already", version);
    return FETTLE_OK;
  }
  return flash (u);
}

/* ---- waiting for the iLO ---- */

struct waiting {
  long long since;
  unsigned generation;
  int lost;          /* it has been away */
  const char *wrong; /* why it may have failed; "": it hadn't */
};

static fettle_result
wait_on (struct update *u, const struct waiting *w, int lost, uint32_t delay)
{
  char token[700];

  snprintf (token, sizeof token, WAIT "%lld %u %d %s", w->since, w->generation, lost, w->wrong);
  return u->r.h->again (u->r.c, delay, token);
}

static fettle_result
decide (struct update *u, const struct waiting *w, const char *version)
{
  if (same_version (version, u->image->version)) {
    if (*w->wrong)
      fettle_say (u->r.h, u->r.c, FETTLE_LOG_WARNING, "it has version %s now, although %s", version, w->wrong);
    return FETTLE_OK;
  }
  if (*w->wrong)
    return fettle_fail (u->r.h, u->r.c, FETTLE_E_REJECTED, "the firmware wasn't updated: %s; the iLO answers, with"
                        " version %s, so that it can be tried again", w->wrong, version);
  fettle_say (u->r.h, u->r.c, FETTLE_LOG_WARNING, "the iLO said that all went well, and still has version %s: was the"
              " image for it, and signed?", version);
  return FETTLE_OK; /* the inventory decides */
}

static fettle_result
go_on (struct update *u, const struct waiting *w)
{
  long long age = (long long) time (NULL) - w->since;
  uint32_t pause = age < 30 ? 2 : 10;
  char version[40];
  fettle_result result = ask_version (u, version, sizeof version);

  if (result == FETTLE_E_ABORTED)
    return result;
  if (result == FETTLE_OK) {
    if (w->lost || age > (*w->wrong ? RESTART_ANYWAY_S : RESTART_S)
        || (same_version (version, u->image->version) && !(u->image->flags & FETTLE_IMAGE_REWRITE)))
      return decide (u, w, version);
    return wait_on (u, w, 0, pause);
  }
  if (age <= RETURN_S)
    return wait_on (u, w, 1, pause);
  return fettle_fail (u->r.h, u->r.c, FETTLE_E_TIMEOUT, "the iLO hasn't answered for %d minutes since it was flashed%s%s:"
                      " take the server's power away for a minute; if it stays silent, its flash recovery is needed",
                      RETURN_S / 60, *w->wrong ? ", and then " : "", w->wrong);
}

fettle_result
ribcl_deploy (ILO_CALL, const struct fettle_image *image, const struct ilo_identity *who)
{
  const char *token = h->token (c);
  struct ilo_identity known;
  struct waiting w;
  struct update u;
  fettle_result result;
  int at = 0;

  memset (&u, 0, sizeof u);
  memset (&w, 0, sizeof w);
  if (ribcl_owns (token)) {
    if (sscanf (token + strlen (WAIT), "%lld %u %d %n", &w.since, &w.generation, &w.lost, &at) < 3 || !at)
      return h->error (c, FETTLE_E_INTERNAL, "a token that can't be read");
    w.wrong = token + strlen (WAIT) + at;
    memset (&known, 0, sizeof known);
    known.generation = w.generation;
    snprintf (known.product, sizeof known.product, "iLO %u", w.generation);
    who = &known;
  }
  ribcl_init (&u.r, h, c, t, who);
  u.image = image;
  result = w.wrong ? go_on (&u, &w) : begin (&u);
  ribcl_clear (&u.r);
  return result;
}
