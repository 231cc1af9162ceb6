/* ilo.c - firmware of blades' iLOs through the OA, which hands it to all of
 * them: where the setting ilo_updates asks for it.
 *
 * Tokens: none, look; "begin", upload and start; "wait S", until all have it.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include <stdio.h>
#include <string.h>
#include <time.h>

#include <fettle/util.h>

#include "deploy.h"

enum { NAMES_SIZE = 400, BAYS_SIZE = 1800 };

/* "2.55 Aug 16 2017" and "2.55" are the same one. */
static int
same_version (const char *a, const char *b)
{
  size_t n = strcspn (a, " "), m = strcspn (b, " ");

  return n == m && n > 0 && strncmp (a, b, n) == 0;
}

/* Those that are to be updated: "1, 7".  Their bays as an argument, too. */
static unsigned
wanting (const struct oa_job *j, const struct oa_enclosure *e, int again, char names[NAMES_SIZE],
         char bays[BAYS_SIZE])
{
  const struct oa_thing *t = NULL;
  size_t used = 0, told = 0;
  unsigned n = 0;
  char match[16];

  names[0] = bays[0] = '\0';
  while ((t = oa_thing_next (e, OA_BLADE, t))) {
    oa_ilo_match (t->mp, match);
    if (!match[0] || !strstr (j->image->match, match) || (!again && same_version (t->firmware, j->image->version))
        || used + 64 > BAYS_SIZE || told + 16 > NAMES_SIZE)
      continue;
    used += (size_t) snprintf (bays + used, BAYS_SIZE - used, "<hpoa:bay>%.*s</hpoa:bay>",
                               (int) strspn (t->bay, "0123456789"), t->bay);
    told += (size_t) snprintf (names + told, NAMES_SIZE - told, "%s%s", n ? ", " : "", t->bay);
    n++;
  }
  return n;
}

static fettle_result
start (const struct oa_job *j, const char *bays)
{
  struct fettle_http_answer a;
  struct oa_session s;
  struct oa_upload upload;
  char arguments[3000];
  fettle_result r = oa_login (&s, j->h, j->c, j->t);

  if (r == FETTLE_OK) {
    j->h->progress (j->c, 20, "uploading");
    r = oa_send_file (&s, "ILO_IMAGE", j->image, &upload);
  }
  if (r == FETTLE_OK) {
    snprintf (arguments, sizeof arguments, "<hpoa:bayArray>%s</hpoa:bayArray><hpoa:iLoImageUrl>%s</hpoa:iLoImageUrl>"
              "<hpoa:crc32>%s</hpoa:crc32>", bays, upload.token, upload.crc32);
    j->h->progress (j->c, 300, "the OA updates the iLOs");
    r = oa_call (&s, "updateProLiantMp", arguments, 300000, &a);
  }
  oa_logout (&s, r);
  return r;
}

static fettle_result
again_later (const struct oa_job *j, long long since)
{
  char token[40];

  snprintf (token, sizeof token, "wait %lld", since);
  return j->h->again (j->c, oa_number (j->h, j->c, "poll"), token);
}

fettle_result
oa_deploy_ilo (const struct oa_job *j, struct oa_enclosure *e)
{
  const char *token = j->h->token (j->c);
  long long since = 0;
  int waits = token && sscanf (token, "wait %lld", &since) == 1;
  char names[NAMES_SIZE], bays[BAYS_SIZE];
  unsigned n;
  fettle_result r = oa_look (j, e);

  if (r != FETTLE_OK)
    return waits && r != FETTLE_E_ABORTED && (long long) time (NULL) - since < 600 ? again_later (j, since) : r;
  if (oa_is_standby (e))
    return oa_refuse_standby (j, e);
  n = wanting (j, e, j->force && !waits, names, bays);
  if (!n)
    return FETTLE_OK;
  if (!token) {
    r = oa_try_login (j);
    return r == FETTLE_OK ? j->h->again (j->c, 0, "begin") : r;
  }
  if (!waits) {
    r = start (j, bays);
    return r == FETTLE_OK ? again_later (j, (long long) time (NULL)) : r;
  }
  if ((long long) time (NULL) - since > (long long) oa_number (j->h, j->c, "reboot_timeout"))
    return fettle_fail (j->h, j->c, FETTLE_E_TIMEOUT, "the iLOs of bays %s still haven't %s", names, j->image->version);
  return again_later (j, since);
}
