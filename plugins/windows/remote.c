/* remote.c - the service RemoteRegistry, without which the registry can't be
 * asked: started where it isn't running, also where it is disabled, and put
 * back afterwards.
 *
 * How it was is kept on the node, in a file, before anything is changed: so
 * that whatever call of ours comes next can put it back if this one dies.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include <string.h>

#include "inventory.h"

#define SERVICE "RemoteRegistry"
#define NOTE_SHARE "ADMIN$"
#define NOTE "fettle-remote-registry"
enum { START_S = 60, LISTEN_TRIES = 80 };

struct note {
  char text[64];
  size_t size;
};

static fettle_result
take_note (void *opaque, const void *data, size_t size)
{
  struct note *n = opaque;
  size_t room = sizeof n->text - 1 - n->size;

  memcpy (n->text + n->size, data, size < room ? size : room);
  n->size += size < room ? size : room;
  n->text[n->size] = '\0';
  return FETTLE_OK;
}

/* WIN_NONE when there is none.  "start 4 state 1" */
static fettle_result
read_note (const struct win *w, uint32_t *start, uint32_t *state)
{
  struct note n = { .size = 0 };
  unsigned a, b;
  fettle_result r;

  if (win_stat (w, NOTE, NULL) == WIN_NONE)
    return WIN_NONE;
  r = w->smb->read (w->c, NOTE_SHARE, NOTE, 0, sizeof n.text - 1, take_note, &n);
  if (r != FETTLE_OK)
    return r;
  if (sscanf (n.text, "start %u state %u", &a, &b) != 2 || a < 2 || a > 4) {
    w->h->log (w->c, FETTLE_LOG_WARNING, "ADMIN$\\fettle-remote-registry on the node can't be read and is removed: look how "
               "the service RemoteRegistry is to be");
    w->smb->remove (w->c, NOTE_SHARE, NOTE);
    return WIN_NONE;
  }
  *start = a;
  *state = b;
  return FETTLE_OK;
}

static fettle_result
write_note (const struct win *w, uint32_t start, uint32_t state)
{
  char text[64];
  int n = snprintf (text, sizeof text, "start %u state %u\n", (unsigned) start, (unsigned) state);

  return w->smb->write (w->c, NOTE_SHARE, NOTE, text, (size_t) n);
}

/* Is it disabled, or just not running?  Noted before it is changed.  One that runs
 * may have been started by our knocking, as Windows does it, and listens soon. */
static fettle_result
start_it (const struct win *w, struct services *s, const struct ndr_handle *service)
{
  struct svc_status st;
  uint32_t start, old_start, old_state, win32;
  fettle_result r = svc_get_start (s, service, &start);

  if (r == FETTLE_OK)
    r = svc_status (s, service, &st);
  if (r == FETTLE_OK && st.state == SVC_RUNNING)
    return FETTLE_OK;
  if (r == FETTLE_OK && read_note (w, &old_start, &old_state) == WIN_NONE)
    r = write_note (w, start, SVC_STOPPED);
  if (r == FETTLE_OK && start == SVC_DISABLED)
    r = svc_set_start (s, service, SERVICE, SVC_DEMAND);
  if (r == FETTLE_OK)
    r = svc_start (s, service, SERVICE, &win32);
  if (r == FETTLE_OK)
    r = svc_wait (s, service, SERVICE, SVC_RUNNING, START_S, &st);
  if (r == FETTLE_OK)
    fettle_say (w->h, w->c, FETTLE_LOG_INFO, "the service %s was %s: it is started, and put back afterwards", SERVICE,
                start == SVC_DISABLED ? "disabled" : "stopped");
  return r;
}

static fettle_result
with_service (const struct win *w, fettle_result (*what) (const struct win *, struct services *, const struct ndr_handle *))
{
  struct services s;
  struct ndr_handle service;
  fettle_result r = svc_connect (&s, w);

  if (r != FETTLE_OK)
    return r;
  r = svc_open (&s, SERVICE, &service);
  if (r == FETTLE_OK) {
    r = what (w, &s, &service);
    svc_close (&s, &service);
  }
  svc_disconnect (&s);
  return r;
}

/* NTSTATUS: there is none, it ends just now, or it begins. */
static int
nobody_listens (const struct win *w)
{
  static const uint32_t words[] = {
    FETTLE_NT_PIPE_NOT_AVAILABLE, FETTLE_NT_NAME_NOT_FOUND, FETTLE_NT_NO_SUCH_FILE,
    0xc00000b0, /* STATUS_PIPE_DISCONNECTED */
    0xc000014b, /* STATUS_PIPE_BROKEN */
    0xc000020c, /* STATUS_CONNECTION_DISCONNECTED */
    0xc000020d, /* STATUS_CONNECTION_RESET */
  };
  uint32_t status = w->smb->status (w->c);

  for (size_t i = 0; i < FETTLE_COUNT (words); i++)
    if (words[i] == status)
      return 1;
  return 0;
}

fettle_result
win_registry_open (const struct win *w, struct registry *g)
{
  fettle_result r;

  g->pipe = -1;
  g->started = 0;
  r = win_stat (w, "", NULL); /* may the user do what comes? */
  if (r != FETTLE_OK)
    return r;
  r = reg_connect (g, w);
  if (r == FETTLE_OK || !nobody_listens (w))
    return r;
  r = with_service (w, start_it);
  g->started = 1;
  if (r == WIN_NONE)
    return w->h->error (w->c, FETTLE_E_UNSUPPORTED, "the node's registry can't be asked: nobody listens at its pipe winreg, "
                        "and there is no service RemoteRegistry");
  for (int i = 0; r == FETTLE_OK && i < LISTEN_TRIES; i++) {
    r = reg_connect (g, w);
    if (r == FETTLE_OK || !nobody_listens (w))
      return r;
    r = w->h->sleep_ms (w->c, 250);
  }
  if (r != FETTLE_OK)
    return r;
  return w->h->error (w->c, FETTLE_E_TIMEOUT, "the service RemoteRegistry runs, but nobody listens at its pipe winreg");
}

/* ---- putting back ---- */

static fettle_result
put_back (const struct win *w, struct services *s, const struct ndr_handle *service)
{
  uint32_t start, state, now = 0;
  struct svc_status st;
  fettle_result r = read_note (w, &start, &state);

  if (r != FETTLE_OK)
    return r;
  r = svc_get_start (s, service, &now);
  if (r == FETTLE_OK && now != start)
    r = svc_set_start (s, service, SERVICE, start);
  if (r == FETTLE_OK && state != SVC_RUNNING)
    r = svc_stop (s, service, SERVICE);
  if (r == FETTLE_OK && state != SVC_RUNNING)
    r = svc_wait (s, service, SERVICE, SVC_STOPPED, START_S, &st);
  return r == FETTLE_OK ? w->smb->remove (w->c, NOTE_SHARE, NOTE) : r;
}

fettle_result
win_registry_restore (const struct win *w)
{
  uint32_t start, state;
  fettle_result r = read_note (w, &start, &state);

  if (r == WIN_NONE)
    return FETTLE_OK;
  if (r == FETTLE_OK)
    r = with_service (w, put_back);
  if (r == WIN_NONE)
    r = w->smb->remove (w->c, NOTE_SHARE, NOTE);
  if (r == FETTLE_OK)
    w->h->log (w->c, FETTLE_LOG_INFO, "the service RemoteRegistry is as it was");
  return r;
}

fettle_result
win_registry_close (const struct win *w, struct registry *g, fettle_result result)
{
  fettle_result r;

  reg_disconnect (g);
  /* Looking whether there is something to put back would say that there isn't:
   * why the call failed is kept instead. */
  if (result < 0 && !g->started)
    return result;
  r = win_registry_restore (w);
  if (r != FETTLE_OK)
    w->h->log (w->c, FETTLE_LOG_WARNING, "the service RemoteRegistry couldn't be put back: the next call does it");
  return result;
}
