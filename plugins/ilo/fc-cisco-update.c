/* fc-cisco-update.c - Cisco MDS: `copy` of both images onto the switch, then
 * `install all`.  UNVERIFIED: general knowledge of NX-OS, tried on no switch.
 *
 * The component has format mds and two files, the one with "-kickstart-" in its
 * name is that.  Its conversation is followed until the switch restarts, or its
 * standby supervisor takes over; from then on the token is "mds wait ...", and
 * the version tells.
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

enum { COPY_MS = 30 * 60000, INSTALL_MS = 60 * 60000, WAIT_S = 3600, QUIET_S = 600 };

#define WAIT   "mds wait "
#define PROMPT "^[^ ]+# ?$"
#define FAILED "[Ee]rror|ERROR|[Ff]ail(ed|ure)|[Nn]o such file|[Pp]ermission denied|[Ii]nvalid|[Nn]ot enough space"

struct update {
  struct fc f;
  const struct fettle_image *image;
};

static const char *
file_name (const struct update *u, uint32_t i)
{
  return ((const struct fettle_file *) ((const char *) u->image->files + (size_t) i * u->image->file_size))->name;
}

/* ---- what it has ---- */

static fettle_result
look (struct update *u, int *ret_has, char *version, size_t size)
{
  fettle_result r = fc_run (&u->f, "show version");

  if (r != FETTLE_OK)
    return r;
  if (!fc_is_cisco (u->f.text) || !fc_cisco_version (u->f.text, "system:", version, size))
    return u->f.h->error (u->f.c, FETTLE_E_UNSUPPORTED, "the component is for a Cisco MDS, which this switch isn't");
  *ret_has = strcmp (version, u->image->version) == 0;
  return FETTLE_OK;
}

/* ---- waiting ---- */

static fettle_result
wait_on (struct update *u, long long since, uint32_t delay)
{
  char token[60];

  snprintf (token, sizeof token, WAIT "%lld", since);
  return u->f.h->again (u->f.c, delay, token);
}

/* With the old version still, `show install all status` tells of a failure. */
static fettle_result
judge (struct update *u, long long since)
{
  long long age = (long long) time (NULL) - since;
  char version[100], words[200];
  const char *line;
  size_t n;
  int has;
  fettle_result r = look (u, &has, version, sizeof version);

  if (r != FETTLE_OK || has)
    return r;
  r = fc_run (&u->f, "show install all status");
  if (r != FETTLE_OK)
    return r;
  line = fettle_dialogue_find (u->f.text, FAILED, &n);
  if (line) {
    snprintf (words, sizeof words, "%.*s", (int) (n < 190 ? n : 190), line);
    return fettle_fail (u->f.h, u->f.c, FETTLE_E_REJECTED, "the switch says: %s", words);
  }
  if (strstr (u->f.text, "successful") || age > QUIET_S) {
    fettle_say (u->f.h, u->f.c, FETTLE_LOG_WARNING, "the installation has ended, and the switch has %s", version);
    return FETTLE_OK; /* the inventory decides */
  }
  u->f.h->progress (u->f.c, 800, "the switch installs it");
  return wait_on (u, since, age < 30 ? 2 : 15);
}

static fettle_result
go_on (struct update *u, const char *token)
{
  long long since = strtoll (token + strlen (WAIT), NULL, 10);
  fettle_result r = judge (u, since);

  if ((r == FETTLE_E_UNREACHABLE || r == FETTLE_E_TIMEOUT || r == FETTLE_E_PROTOCOL)
      && (long long) time (NULL) - since <= WAIT_S) {
    u->f.h->progress (u->f.c, 900, "the switch restarts");
    return wait_on (u, since, (long long) time (NULL) - since < 30 ? 2 : 15);
  }
  return r;
}

/* ---- beginning ---- */

static fettle_result
said_no (struct update *u, const char *what, const char *text)
{
  size_t n;
  const char *line = fettle_dialogue_find (text ? text : "", FAILED, &n);

  return line ? fettle_fail (u->f.h, u->f.c, FETTLE_E_REJECTED, "%s: the switch says: %.*s", what,
                             (int) (n < 300 ? n : 300), line) : FETTLE_OK;
}

static fettle_result
copy (struct update *u, struct fettle_dialogue *d, uint32_t i)
{
  struct fc_source s = { .number = NULL };
  char command[900], user[90], password[40]; /* filled in below */
  const char *text = "";
  const struct fettle_dialogue_rule rules[] = {
    { "[Uu]ser ?name: ?$", user, 0, FETTLE_DIALOGUE_FILL, 0 },
    { "[Pp]assword: ?$", password, 0, FETTLE_DIALOGUE_FILL, 0 },
    { "overwrite.*\\? ?(\\[[yn]\\])? ?$", "y\n", 0, 0, 0 },
  };
  struct fettle_dialogue_ask ask;
  fettle_result r = fc_find_source (&u->f, u->image, i, &s);

  if (r != FETTLE_OK)
    return r;
  if (s.port && s.port != 21)
    return fettle_fail (u->f.h, u->f.c, FETTLE_E_CONFIG, "the switch knows no other port of FTP than 21, and ours is %u: set"
                        " ftp_port to 21 in fettle.conf, or firmware_source to another file server", s.port);
  snprintf (password, sizeof password, "%s\n", fc_is_anonymous (&s) ? "anonymous" : "%{text:second_password}");
  snprintf (user, sizeof user, "%s\n", s.user[0] ? s.user : fc_is_anonymous (&s) ? "anonymous" : "%{text:second_user}");
  snprintf (command, sizeof command, "copy %s://%s%s%s%s bootflash:%s", s.protocol, s.user, s.user[0] ? "@" : "", s.host,
            s.folder, file_name (u, i));
  memset (&ask, 0, sizeof ask);
  ask.command = command;
  ask.time_ms = COPY_MS;
  ask.rules = rules;
  ask.n_rules = FETTLE_COUNT (rules);
  u->f.h->progress (u->f.c, 100 + 200 * i, "the switch fetches the images");
  r = fettle_dialogue_ask (d, &ask, &text);
  return r == FETTLE_OK ? said_no (u, file_name (u, i), text) : r;
}

static fettle_result
install (struct update *u, struct fettle_dialogue *d, uint32_t kickstart)
{
  static const struct fettle_dialogue_rule rules[] = { { "continue with the installation.*\\? *(\\[n\\])? ?$", "y\n", 0, 0, 0 } };
  struct fettle_dialogue_ask ask;
  char command[600];
  const char *text = "";
  fettle_result r;

  snprintf (command, sizeof command, "install all kickstart bootflash:%s system bootflash:%s", file_name (u, kickstart),
            file_name (u, !kickstart));
  memset (&ask, 0, sizeof ask);
  ask.command = command;
  ask.flags = FETTLE_DIALOGUE_ENDS;
  ask.time_ms = INSTALL_MS;
  ask.rules = rules;
  ask.n_rules = FETTLE_COUNT (rules);
  u->f.h->progress (u->f.c, 600, "the switch installs it");
  r = fettle_dialogue_ask (d, &ask, &text);
  if (r == FETTLE_OK && !fettle_dialogue_ended (d))
    r = said_no (u, "\"install all\"", text);
  /* It goes on without us; what became of it, its version will tell. */
  return r == FETTLE_OK || r == FETTLE_E_TIMEOUT || r == FETTLE_E_UNREACHABLE ? wait_on (u, (long long) time (NULL), 2) : r;
}

static fettle_result
start (struct update *u, uint32_t kickstart)
{
  static const struct fettle_dialogue_rule more = FETTLE_DIALOGUE_MORE;
  struct fettle_dialogue_options o;
  struct fettle_dialogue *d = NULL;
  uint32_t i;
  fettle_result r;

  memset (&o, 0, sizeof o);
  o.port = 22;
  o.flags = FETTLE_SSH_TERMINAL;
  o.prompt = PROMPT;
  o.leave = "exit";
  o.rules = &more;
  o.n_rules = 1;
  r = fettle_dialogue_open (u->f.h, u->f.c, u->f.t, &o, &d);
  for (i = 0; i < 2 && r == FETTLE_OK; i++)
    r = copy (u, d, i);
  if (r == FETTLE_OK)
    r = install (u, d, kickstart);
  fettle_dialogue_close (d, r);
  return r;
}

static fettle_result
begin (struct update *u)
{
  char version[100];
  uint32_t kickstart = 0;
  int has = 0;
  fettle_result r;

  if (u->image->n_files == 2)
    kickstart = strstr (file_name (u, 0), "-kickstart-") ? 0 : 1;
  if (u->image->n_files != 2 || !strstr (file_name (u, kickstart), "-kickstart-"))
    return u->f.h->error (u->f.c, FETTLE_E_CONFIG, "a Cisco MDS takes two images that go together, of which one has"
                          " \"-kickstart-\" in its name");
  r = look (u, &has, version, sizeof version);
  if (r != FETTLE_OK)
    return r;
  u->f.h->log (u->f.c, FETTLE_LOG_WARNING, "Cisco MDS: how it is updated was never tried on a real one");
  if (has)
    fettle_say (u->f.h, u->f.c, FETTLE_LOG_INFO, "it has %s already", version);
  return has ? FETTLE_OK : start (u, kickstart);
}

fettle_result
fc_cisco_deploy (ILO_CALL, const struct fettle_image *image)
{
  const char *token = h->token (c);
  struct update u = { { h, c, t, NULL, 0 }, image };
  fettle_result r;

  if (fc_is_rest (h, c))
    return h->error (c, FETTLE_E_CONFIG, "a Cisco MDS has no REST interface that Fettle knows: set interface to ssh");
  r = token && strncmp (token, WAIT, strlen (WAIT)) == 0 ? go_on (&u, token) : begin (&u);
  fc_clear (&u.f);
  return r;
}
