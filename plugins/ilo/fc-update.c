/* fc-update.c - Fabric OS by `firmwaredownload`: the switch fetches a release's
 * unpacked folder from a file server, and restarts.
 *
 * The command asks for what it needs; a password is its answer, not an
 * argument.  Its conversation is followed as long as the switch keeps it up,
 * which is until it restarts, or its standby processor has taken over.  From
 * then on the token is "fos wait ...", and `firmwaredownloadstatus` tells.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <fettle/dialogue.h>
#include <fettle/util.h>

#include "fc.h"

enum {
  DOWNLOAD_MS = 45 * 60000, /* of the command itself: the switch says "up to 30 minutes" */
  WAIT_S = 5400,            /* until it is done, restarts and all */
  QUIET_S = 300,            /* after which a switch that says nothing of a download has none */
};

#define WAIT "fos wait "
#define PROMPT "^[^ ]+:[^ ]+> ?$"

struct update {
  struct fc f;
  const struct fettle_image *image;
};

/* ---- what it has ---- */

/* Do all of its processors run the version that is wanted? */
static fettle_result
look (struct update *u, int *ret_has, char *ret, size_t size)
{
  struct fc_part parts[FC_PARTS_MAX];
  fettle_result r = fc_run (&u->f, "firmwareshow");
  unsigned n, i;

  if (r != FETTLE_OK)
    return r;
  n = fc_firmware (u->f.text, parts);
  if (n == 0)
    return fettle_fail (u->f.h, u->f.c, FETTLE_E_PROTOCOL, "\"firmwareshow\" names no version: it begins with \"%.60s\"",
                        u->f.text);
  *ret_has = 1;
  ret[0] = '\0';
  for (i = 0; i < n; i++) {
    *ret_has = *ret_has && fc_same_version (parts[i].first, u->image->version);
    if (parts[i].active || !*ret)
      snprintf (ret, size, "%s", parts[i].first);
  }
  return FETTLE_OK;
}

/* ---- waiting ---- */

static fettle_result
wait_on (struct update *u, long long since, int lost, uint32_t delay)
{
  char token[60];

  snprintf (token, sizeof token, WAIT "%lld %d", since, lost);
  return u->f.h->again (u->f.c, delay, token);
}

static fettle_result
judge (struct update *u, long long since, int lost)
{
  long long age = (long long) time (NULL) - since;
  char words[300], version[40];
  enum fc_state state;
  int has;
  fettle_result r = fc_run (&u->f, "firmwaredownloadstatus");

  if (r != FETTLE_OK)
    return r;
  state = fc_download (u->f.text, words, sizeof words);
  if (state == FC_FAILED)
    return fc_failed (&u->f, words);
  r = look (u, &has, version, sizeof version);
  if (r != FETTLE_OK)
    return r;
  if (state == FC_DONE || (state == FC_NOTHING && (has || lost || age > QUIET_S))) {
    if (!has)
      fettle_say (u->f.h, u->f.c, FETTLE_LOG_WARNING, "the download has ended, and the switch has %s: %s", version,
                  *words ? words : "it says nothing of one");
    return FETTLE_OK; /* the inventory decides */
  }
  if (age > WAIT_S)
    return fettle_fail (u->f.h, u->f.c, FETTLE_E_TIMEOUT, "the switch isn't done after %lld minutes: %s", age / 60, words);
  u->f.h->progress (u->f.c, 700, words);
  return wait_on (u, since, lost, age < 30 ? 2 : 15);
}

static fettle_result
go_on (struct update *u, const char *token)
{
  long long since = 0;
  int lost = 0;
  fettle_result r;

  if (sscanf (token + strlen (WAIT), "%lld %d", &since, &lost) != 2)
    return u->f.h->error (u->f.c, FETTLE_E_INTERNAL, "a token that can't be read");
  r = judge (u, since, lost);
  if ((r == FETTLE_E_UNREACHABLE || r == FETTLE_E_TIMEOUT || r == FETTLE_E_AUTH || r == FETTLE_E_PROTOCOL)
      && (long long) time (NULL) - since <= WAIT_S) {
    u->f.h->progress (u->f.c, 800, "the switch restarts");
    return wait_on (u, since, 1, (long long) time (NULL) - since < 30 ? 2 : 15);
  }
  return r;
}

/* ---- beginning ---- */

static fettle_result
hear (void *opaque, const char *line)
{
  struct update *u = opaque;
  char words[200];

  if (fc_download (line, words, sizeof words) != FC_NOTHING)
    u->f.h->progress (u->f.c, 300, words);
  return u->f.h->aborted (u->f.c) ? FETTLE_E_ABORTED : FETTLE_OK;
}

/* The conversation: what it asks is answered, what it says judged. */
static fettle_result
converse (struct update *u, struct fettle_dialogue *d, const struct fc_source *s)
{
  char host[110], user[90], folder[530], number[4];
  const char *anonymous = fc_is_anonymous (s) ? "anonymous\n" : NULL, *text = "";
  const struct fettle_dialogue_rule rules[] = {
    { "Server Name or IP Address", host, 0, 0, 0 },
    { "User Name", anonymous ? anonymous : user, 0, FETTLE_DIALOGUE_FILL, 0 },
    { "File Name", folder, 0, 0, 0 },
    { "Network Protocol", number, 0, 0, 0 },
    { "[Pp]assword:", anonymous ? anonymous : "%{text:second_password}\n", 0, FETTLE_DIALOGUE_FILL, 0 },
    { "Do Auto-Commit after [Rr]eboot", "y\n", 0, 0, 0 },
    { "Reboot system after download", "y\n", 0, 0, 0 },
    { "Do you want to continue", "y\n", 0, 0, 3 },
  };
  struct fettle_dialogue_ask ask;
  char words[300];
  fettle_result r;

  snprintf (host, sizeof host, "%s\n", s->host);
  snprintf (user, sizeof user, "%s\n", s->user[0] ? s->user : "%{text:second_user}");
  snprintf (folder, sizeof folder, "%s\n", s->folder);
  snprintf (number, sizeof number, "%s\n", s->number);
  memset (&ask, 0, sizeof ask);
  ask.command = "firmwaredownload";
  ask.flags = FETTLE_DIALOGUE_ENDS;
  ask.time_ms = DOWNLOAD_MS;
  ask.rules = rules;
  ask.n_rules = FETTLE_COUNT (rules);
  ask.line = hear;
  ask.opaque = u;
  r = fettle_dialogue_ask (d, &ask, &text);
  if (fc_download (text ? text : "", words, sizeof words) == FC_FAILED)
    return fc_failed (&u->f, words);
  /* It goes on without us; what became of it, it will tell. */
  if (r == FETTLE_OK || r == FETTLE_E_TIMEOUT || r == FETTLE_E_UNREACHABLE)
    return wait_on (u, (long long) time (NULL), r == FETTLE_E_UNREACHABLE || fettle_dialogue_ended (d), 2);
  return r;
}

static fettle_result
start (struct update *u, const struct fc_source *s)
{
  struct fettle_dialogue_options o;
  struct fettle_dialogue *d = NULL;
  fettle_result r;

  memset (&o, 0, sizeof o);
  o.port = 22;
  o.flags = FETTLE_SSH_TERMINAL;
  o.prompt = PROMPT;
  o.leave = "exit";
  r = fettle_dialogue_open (u->f.h, u->f.c, u->f.t, &o, &d);
  if (r == FETTLE_OK) {
    fettle_say (u->f.h, u->f.c, FETTLE_LOG_INFO, "the switch is told to fetch %s from %s by %s", s->folder, s->host,
                s->protocol);
    r = converse (u, d, s);
  }
  fettle_dialogue_close (d, r);
  return r;
}

static fettle_result
begin (struct update *u)
{
  struct fc_source source;
  char version[40], words[300];
  int has = 0;
  fettle_result r = fc_find_source (&u->f, u->image, FETTLE_SERVE_FOLDER, &source);

  if (r == FETTLE_OK && source.port && source.port != 21)
    return fettle_fail (u->f.h, u->f.c, FETTLE_E_CONFIG, "\"firmwaredownload\" knows no other port of FTP than 21, and ours is"
                        " %u: set ftp_port to 21 in fettle.conf, the switch's setting interface to rest, or"
                        " firmware_source to another file server", source.port);
  if (r == FETTLE_OK)
    r = fc_run (&u->f, "version");
  if (r == FETTLE_OK && !strstr (u->f.text, "Fabric OS:"))
    return fettle_fail (u->f.h, u->f.c, FETTLE_E_UNSUPPORTED, "the component is for Fabric OS, which isn't what runs on this"
                        " switch");
  if (r == FETTLE_OK)
    r = look (u, &has, version, sizeof version);
  if (r != FETTLE_OK)
    return r;
  if (has) {
    fettle_say (u->f.h, u->f.c, FETTLE_LOG_INFO, "it has %s already", version);
    return FETTLE_OK; /* the switch itself refuses the same one once more */
  }
  r = fc_run (&u->f, "firmwaredownloadstatus");
  if (r != FETTLE_OK)
    return r;
  if (fc_download (u->f.text, words, sizeof words) == FC_RUNNING) {
    fettle_say (u->f.h, u->f.c, FETTLE_LOG_INFO, "a download is under way: %s", words);
    return wait_on (u, (long long) time (NULL), 0, 2);
  }
  return start (u, &source);
}

fettle_result
fc_fos_deploy (ILO_CALL, const struct fettle_image *image)
{
  const char *token = h->token (c);
  struct update u = { { h, c, t, NULL, 0 }, image };
  fettle_result r = token && strncmp (token, WAIT, strlen (WAIT)) == 0 ? go_on (&u, token) : begin (&u);

  fc_clear (&u.f);
  return r;
}
