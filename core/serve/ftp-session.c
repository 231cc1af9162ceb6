/* ftp-session.c - one FTP client: login, commands, answers.
 * SPDX-License-Identifier: Apache-2.0 */
#include "util/base.h"

#include <arpa/inet.h>
#include <event2/buffer.h>
#include <strings.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <time.h>

#include "serve/ftp-internal.h"
#include "util/clock.h"
#include "util/text.h"

#define OUTPUT_MAX    4096 /* bytes of answers; who doesn't read them isn't asked for more */
#define WRONG_MAX     5    /* wrong names or logins */
#define LINGER        5    /* seconds for the last answer */
#define OFFER_PREFIX  "/d/"

static const char features[] = "211-Features:\r\n EPSV\r\n MDTM\r\n PASV\r\n REST STREAM\r\n SIZE\r\n"
                               " TVFS\r\n UTF8\r\n211 End";
static const char helping[] = "214 ABOR CDUP CWD EPSV FEAT HELP MDTM MODE NOOP OPTS PASS PASV PWD"
                              " QUIT REST RETR SIZE STRU SYST TYPE USER";

/* ---- Answers ---- */

void
fettle_ftp_reply (struct ftp_session *s, const char *line)
{
  evbuffer_add_printf (bufferevent_get_output (s->bev), "%s\r\n", line);
}

void
fettle_ftp_session_deadline (struct ftp_session *s, unsigned seconds)
{
  struct timeval limit = { .tv_sec = seconds };

  if (seconds)
    evtimer_add (s->deadline, &limit);
  else
    evtimer_del (s->deadline);
}

/* The last answer: nothing more is read. */
static void
end_with (struct ftp_session *s, const char *line)
{
  fettle_ftp_reply (s, line);
  s->closing = true;
  fettle_ftp_session_deadline (s, LINGER);
}

/* A wrong name or login: few of them. */
static void
refuse (struct ftp_session *s, const char *line, const char *what)
{
  fettle_ftp_complain (s->ftp, s->from, what);
  if (++s->wrong >= WRONG_MAX)
    end_with (s, "421 That was wrong too often.");
  else
    fettle_ftp_reply (s, line);
}

/* ---- Files ---- */

/* What a path means to this client. */
struct found {
  struct fettle_offer *offer;
  struct fettle_offer_file *file; /* of the offer; a reference */
  const char *text;  /* where there is no offer */
  uint64_t size;
};

/* A file that an offer's name and what follows it mean, a reference; or NULL. */
static struct fettle_offer_file *
find_file (const struct fettle_offer *o, const char *name)
{
  size_t n = strlen (o->name);

  if (o->file)
    return strcmp (o->name, name) == 0 ? fettle_offer_file_hold (o->file) : NULL;
  return o->tree && strncmp (o->name, name, n) == 0 && name[n] == '/' ? fettle_offer_tree_open (o->tree, name + n + 1)
                                                                      : NULL;
}

static struct fettle_offer *
find_offer (struct ftp_session *s, const char *path, struct fettle_offer_file **ret, bool *ret_known, const char **ret_why)
{
  const char *token = path + strlen (OFFER_PREFIX), *name;
  struct fettle_offer *o;

  *ret_why = "what it doesn't have";
  if (strncmp (path, OFFER_PREFIX, strlen (OFFER_PREFIX)) != 0 || !(name = strchr (token, '/')))
    return NULL;
  o = fettle_offer_find (s->ftp->o.offers, token, (size_t) (name - token), s->from,
                         FETTLE_LISTEN_FTP, (int64_t) fettle_seconds (), ret_why);
  if (!o || (*ret = find_file (o, name + 1)))
    return o;
  *ret_known = o->tree != NULL;
  *ret_why = "another name than it has";
  return NULL;
}

static void
found_clear (struct found *f)
{
  fettle_offer_file_release (f->file);
}

/* False: has answered; else found_clear follows.  Texts are for once: they are there for RETR only. */
static bool
find (struct ftp_session *s, const char *argument, bool fetch, struct found *ret)
{
  char path[FETTLE_FTP_PATH_MAX];
  const char *why = "a path that leads up, or is too long";
  bool known = false;

  *ret = (struct found) { 0 };
  if (fettle_ftp_path (s->folder, argument, path)) {
    ret->offer = find_offer (s, path, &ret->file, &known, &why);
    if (!ret->offer && fetch && s->ftp->o.other)
      ret->text = s->ftp->o.other (s->ftp->o.arg, path, s->from);
  }
  ret->size = ret->offer ? ret->file->length : ret->text ? strlen (ret->text) : 0;
  if (ret->offer || ret->text)
    return true;
  if (known) /* who has the folder may ask for what isn't in it */
    fettle_ftp_reply (s, "550 There is no such file.");
  else
    refuse (s, "550 There is no such file.", why);
  return false;
}

static void
do_size (struct ftp_session *s, const char *argument)
{
  struct found f;
  char line[64];

  if (!find (s, argument, false, &f))
    return;
  snprintf (line, sizeof line, "213 %llu", (unsigned long long) f.size);
  fettle_ftp_reply (s, line);
  found_clear (&f);
}

static void
do_mdtm (struct ftp_session *s, const char *argument)
{
  struct found f;
  struct stat st;
  struct tm tm = { 0 };
  char line[64];

  if (!find (s, argument, false, &f))
    return;
  if (!f.offer || fstat (f.file->fd, &st) || !gmtime_r (&st.st_mtime, &tm))
    snprintf (line, sizeof line, "550 Its time isn't known.");
  else
    strftime (line, sizeof line, "213 %Y%m%d%H%M%S", &tm);
  fettle_ftp_reply (s, line);
  found_clear (&f);
}

static void
do_retr (struct ftp_session *s, const char *argument)
{
  struct ftp_data *d = &s->data;
  uint64_t rest = s->seen_rest ? s->rest : 0;
  struct found f;

  s->seen_rest = false;
  if (!d->passive && !d->bev) {
    fettle_ftp_reply (s, "425 Say PASV or EPSV first.");
    return;
  }
  if (!find (s, argument, true, &f))
    return;
  if (rest > f.size) {
    fettle_ftp_reply (s, "554 The file isn't that long.");
    found_clear (&f);
    return;
  }
  d->wanted = true;
  d->text = f.text;
  d->offset = rest;
  d->left = f.size - rest;
  if (f.offer)
    fettle_ftp_use (s, f.offer, f.file);
  found_clear (&f);
  fettle_ftp_send (s);
}

static void
do_rest (struct ftp_session *s, const char *argument)
{
  char line[80];

  s->seen_rest = fettle_parse_uint (argument, 0, INT64_MAX, &s->rest);
  snprintf (line, sizeof line, s->seen_rest ? "350 The next file begins at %llu."
                                            : "501 That is no position.", (unsigned long long) s->rest);
  fettle_ftp_reply (s, line);
}

/* ---- Folders: any may be entered, so that nobody learns which are there ---- */

static void
do_cwd (struct ftp_session *s, const char *argument)
{
  if (fettle_ftp_path (s->folder, argument, s->folder))
    fettle_ftp_reply (s, "250 All right.");
  else
    refuse (s, "550 There is no such folder.", "a folder that leads up, or is too long");
}

static void
do_pwd (struct ftp_session *s)
{
  char line[2 * FETTLE_FTP_PATH_MAX + 16] = "257 \"";
  size_t n = strlen (line);

  for (const char *p = s->folder; *p; p++) {
    if (*p == '"')
      line[n++] = '"';
    line[n++] = *p;
  }
  snprintf (line + n, sizeof line - n, "\"");
  fettle_ftp_reply (s, line);
}

/* ---- Data connections ---- */

static bool
is_six (const struct ftp_session *s)
{
  return strchr (s->door->address, ':') != NULL;
}

static void
do_pasv (struct ftp_session *s)
{
  const char *address = s->door->address;
  unsigned char b[4];
  char line[96];
  uint16_t port;

  if (s->extended_only || inet_pton (AF_INET, address, b) != 1) {
    fettle_ftp_reply (s, "425 Say EPSV.");
    return;
  }
  port = fettle_ftp_passive (s);
  if (!port)
    return;
  snprintf (line, sizeof line, "227 Entering passive mode (%u,%u,%u,%u,%u,%u).", b[0], b[1], b[2],
            b[3], port >> 8, port & 0xff);
  fettle_ftp_reply (s, line);
}

static void
do_epsv (struct ftp_session *s, const char *argument)
{
  char line[96];
  uint16_t port;

  if (strcasecmp (argument, "ALL") == 0) {
    s->extended_only = true;
    fettle_ftp_reply (s, "200 EPSV only, then.");
    return;
  }
  if (*argument && strcmp (argument, is_six (s) ? "2" : "1") != 0) {
    fettle_ftp_reply (s, is_six (s) ? "522 The protocol is another one, use (2)."
                                    : "522 The protocol is another one, use (1).");
    return;
  }
  port = fettle_ftp_passive (s);
  if (!port)
    return;
  snprintf (line, sizeof line, "229 Entering extended passive mode (|||%u|).", port);
  fettle_ftp_reply (s, line);
}

static void
do_abor (struct ftp_session *s)
{
  bool wanted = s->data.wanted;

  fettle_ftp_data_clear (s);
  if (wanted)
    fettle_ftp_reply (s, "426 The file was broken off.");
  fettle_ftp_reply (s, "226 Aborted.");
}

/* ---- Login and small things ---- */

static void
do_user (struct ftp_session *s, const char *argument)
{
  s->named = strcasecmp (argument, "anonymous") == 0 || strcasecmp (argument, "ftp") == 0;
  if (s->named)
    fettle_ftp_reply (s, "331 Any password will do.");
  else
    refuse (s, "530 There is only anonymous.", "a login other than anonymous");
}

static void
do_pass (struct ftp_session *s)
{
  if (!s->named) {
    refuse (s, "503 Say USER first.", "a password without a name");
    return;
  }
  s->in = true;
  fettle_ftp_reply (s, "230 Welcome.");
}

/* Files are sent as they are, whatever the type. */
static void
do_type (struct ftp_session *s, const char *argument)
{
  char c = (char) (*argument & ~0x20);
  bool fits = (c == 'I' && !argument[1]) || (c == 'A' && (!argument[1] || argument[1] == ' '))
              || strcasecmp (argument, "L 8") == 0;

  fettle_ftp_reply (s, fits ? "200 Files are sent unchanged." : "504 There are types A and I.");
}

static void
do_one_word (struct ftp_session *s, const char *argument, const char *word)
{
  fettle_ftp_reply (s, strcasecmp (argument, word) == 0 ? "200 All right."
                                                        : "504 There is no other.");
}

/* What is for anybody; false: it isn't one of these. */
static bool
do_before_login (struct ftp_session *s, const struct fettle_ftp_command *c)
{
  if (c->verb == FETTLE_FTP_USER)
    do_user (s, c->argument);
  else if (c->verb == FETTLE_FTP_PASS)
    do_pass (s);
  else if (c->verb == FETTLE_FTP_QUIT)
    end_with (s, "221 Goodbye.");
  else if (c->verb == FETTLE_FTP_FEAT)
    fettle_ftp_reply (s, features);
  else
    return false;
  return true;
}

static void
do_command (struct ftp_session *s, const struct fettle_ftp_command *c)
{
  if (do_before_login (s, c))
    return;
  if (!s->in) {
    fettle_ftp_reply (s, "530 Log in first, as anonymous.");
    return;
  }
  switch (c->verb) {
  case FETTLE_FTP_ABOR: do_abor (s); break;
  case FETTLE_FTP_ALLO: fettle_ftp_reply (s, "202 Not needed."); break;
  case FETTLE_FTP_CDUP: fettle_ftp_path_up (s->folder); fettle_ftp_reply (s, "250 All right."); break;
  case FETTLE_FTP_CWD:  do_cwd (s, c->argument); break;
  case FETTLE_FTP_EPSV: do_epsv (s, c->argument); break;
  case FETTLE_FTP_HELP: fettle_ftp_reply (s, helping); break;
  case FETTLE_FTP_MDTM: do_mdtm (s, c->argument); break;
  case FETTLE_FTP_MODE: do_one_word (s, c->argument, "S"); break;
  case FETTLE_FTP_NOOP: fettle_ftp_reply (s, "200 All right."); break;
  case FETTLE_FTP_OPTS: do_one_word (s, c->argument, "UTF8 ON"); break;
  case FETTLE_FTP_PASV: do_pasv (s); break;
  case FETTLE_FTP_PWD:  do_pwd (s); break;
  case FETTLE_FTP_REST: do_rest (s, c->argument); break;
  case FETTLE_FTP_RETR: do_retr (s, c->argument); break;
  case FETTLE_FTP_SIZE: do_size (s, c->argument); break;
  case FETTLE_FTP_STRU: do_one_word (s, c->argument, "F"); break;
  case FETTLE_FTP_SYST: fettle_ftp_reply (s, "215 UNIX Type: L8"); break;
  case FETTLE_FTP_TYPE: do_type (s, c->argument); break;
  case FETTLE_FTP_ACTIVE:
    refuse (s, "502 Nothing is connected to from here: say PASV or EPSV.", "active FTP");
    break;
  case FETTLE_FTP_LISTING: fettle_ftp_reply (s, "502 There is nothing to list."); break;
  case FETTLE_FTP_WRITING: refuse (s, "550 Nothing is written here.", "to write"); break;
  case FETTLE_FTP_FEAT: case FETTLE_FTP_PASS: case FETTLE_FTP_QUIT: case FETTLE_FTP_USER:
  case FETTLE_FTP_UNKNOWN: case FETTLE_FTP_VERBS:
    fettle_ftp_reply (s, "500 What?");
  }
}

/* ---- Reading ---- */

/* While a file is on its way, all else waits. */
static bool
may_now (const struct ftp_session *s, enum fettle_ftp_verb verb)
{
  return !s->data.wanted || verb == FETTLE_FTP_ABOR || verb == FETTLE_FTP_NOOP;
}

/* One line of what has come; false: none is whole, or its turn hasn't come. */
static bool
take_line (struct ftp_session *s)
{
  struct evbuffer *input = bufferevent_get_input (s->bev);
  size_t have = evbuffer_get_length (input), n;
  char line[FETTLE_FTP_LINE_MAX];
  struct fettle_ftp_command c;

  if (s->closing || evbuffer_get_length (bufferevent_get_output (s->bev)) > OUTPUT_MAX)
    return false;
  have = have < sizeof line ? have : sizeof line;
  evbuffer_copyout (input, line, have);
  n = fettle_ftp_line (line, have);
  if (!n && have < sizeof line)
    return false;
  if (!n || !fettle_ftp_parse (line, n, &c)) {
    fettle_ftp_complain (s->ftp, s->from, "a line that is no command");
    end_with (s, "500 That is no command.");
    return false;
  }
  if (!may_now (s, c.verb))
    return false;
  evbuffer_drain (input, n);
  do_command (s, &c);
  if (s->in && !s->closing && !s->data.wanted)
    fettle_ftp_session_deadline (s, s->ftp->o.idle_seconds);
  return true;
}

void
fettle_ftp_session_go_on (struct ftp_session *s)
{
  while (take_line (s))
    ;
}

/* ---- Events ---- */

static void
on_read (struct bufferevent *bev, void *arg)
{
  struct ftp_session *s = arg;
  struct evbuffer *input = bufferevent_get_input (bev);

  fettle_ftp_session_go_on (s);
  if (s->closing)
    evbuffer_drain (input, evbuffer_get_length (input));
}

static void
on_written (struct bufferevent *bev, void *arg)
{
  struct ftp_session *s = arg;

  if (s->closing)
    shutdown (bufferevent_getfd (bev), SHUT_WR);
  fettle_ftp_session_go_on (s);
}

static void
on_event (struct bufferevent *bev, short what, void *arg)
{
  (void) bev;
  if (what & (BEV_EVENT_EOF | BEV_EVENT_ERROR | BEV_EVENT_TIMEOUT))
    fettle_ftp_session_free (arg);
}

static void
on_deadline (evutil_socket_t fd, short what, void *arg)
{
  struct ftp_session *s = arg;

  (void) fd, (void) what;
  if (s->closing)
    fettle_ftp_session_free (s);
  else if (s->data.wanted) { /* for a data connection that didn't come */
    fettle_ftp_data_clear (s);
    fettle_ftp_reply (s, "425 No connection for the file came.");
    fettle_ftp_session_deadline (s, s->ftp->o.idle_seconds);
    fettle_ftp_session_go_on (s);
  }
  else
    end_with (s, "421 That took too long.");
}

/* ---- Beginning and end ---- */

void
fettle_ftp_session_new (struct ftp_door *d, int fd, const char *from)
{
  struct fettle_ftp *ftp = d->ftp;
  struct ftp_session *s = calloc (1, sizeof *s);
  int on = 1;

  if (s)
    *s = (struct ftp_session) { .door = d, .ftp = ftp, .folder = "/" };
  if (!s || !(s->deadline = evtimer_new (ftp->base, on_deadline, s))
      || !(s->bev = bufferevent_socket_new (ftp->base, fd, BEV_OPT_CLOSE_ON_FREE))) {
    if (s && s->deadline)
      event_free (s->deadline);
    free (s);
    close (fd);
    return;
  }
  /* Clients send the end of ABOR as urgent data. */
  (void) !setsockopt (fd, SOL_SOCKET, SO_OOBINLINE, &on, sizeof on);
  snprintf (s->from, sizeof s->from, "%s", from);
  s->next = ftp->sessions;
  s->here = &ftp->sessions;
  if (s->next)
    s->next->here = &s->next;
  ftp->sessions = s;
  ftp->n++;
  bufferevent_setwatermark (s->bev, EV_READ, 0, 4 * FETTLE_FTP_LINE_MAX);
  bufferevent_setcb (s->bev, on_read, on_written, on_event, s);
  fettle_ftp_reply (s, "220 Fettle");
  fettle_ftp_session_deadline (s, ftp->o.login_seconds);
  bufferevent_enable (s->bev, EV_READ | EV_WRITE);
}

void
fettle_ftp_session_free (struct ftp_session *s)
{
  fettle_ftp_data_clear (s);
  *s->here = s->next;
  if (s->next)
    s->next->here = s->here;
  s->ftp->n--;
  event_free (s->deadline);
  bufferevent_free (s->bev);
  free (s);
}
