/* services.c - see services.h.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "services.h"

#include <string.h>

#define SVCCTL "367abb81-9844-35f1-ad32-98f038001003"

enum {
  OP_CLOSE = 0, OP_CONTROL = 1, OP_DELETE = 2, OP_CHANGE_CONFIG = 11, OP_CREATE = 12, OP_OPEN_MANAGER = 15,
  OP_OPEN = 16, OP_QUERY_CONFIG = 17, OP_START = 19, OP_QUERY_STATUS_EX = 40,
  CONTROL_STOP = 1,
  MANAGER_CONNECT_CREATE = 3,
  /* Query configuration and status, change, start, stop; the right to delete. */
  SERVICE_ACCESS = 0x0001 | 0x0002 | 0x0004 | 0x0010 | 0x0020 | 0x10000,
  OWN_PROCESS = 0x10, ERROR_IGNORE = 0,
  STATUS_SIZE = 36, CONFIG_SIZE = 8192,
  LOOK_MS = 100
};
#define NO_CHANGE 0xffffffffu

static fettle_result
nonsense (struct services *s, const char *what)
{
  return fettle_fail (s->w->h, s->w->c, FETTLE_E_PROTOCOL, "%s: the service control manager answered nonsense", what);
}

/* A call whose answer is nothing but its number. */
static fettle_result
simple (struct services *s, uint32_t opnum, struct ndr_out *out, const char *what, uint32_t *ret_error)
{
  struct ndr_in in;
  fettle_result r = win_rpc (s->w, s->pipe, opnum, out, &in);

  *ret_error = 0;
  if (r != FETTLE_OK)
    return r;
  *ret_error = ndr_take_error (&in);
  return in.failed ? nonsense (s, what) : FETTLE_OK;
}

/* A call whose answer is a handle, `skip` bytes from its begin. */
static fettle_result
opening (struct services *s, uint32_t opnum, struct ndr_out *out, const char *what, size_t skip, struct ndr_handle *ret,
         uint32_t *ret_error)
{
  struct ndr_in in;
  fettle_result r = win_rpc (s->w, s->pipe, opnum, out, &in);

  *ret_error = 0;
  if (r != FETTLE_OK)
    return r;
  *ret_error = ndr_take_error (&in);
  ndr_take (&in, skip);
  ndr_take_handle (&in, ret);
  return in.failed ? nonsense (s, what) : FETTLE_OK;
}

fettle_result
svc_connect (struct services *s, const struct win *w)
{
  struct ndr_out out = { .referents = 0 };
  uint32_t error;
  fettle_result r;

  s->w = w;
  s->pipe = w->smb->rpc_open (w->c, 0, "svcctl", SVCCTL, 2, 0);
  if (s->pipe < 0)
    return s->pipe;
  ndr_put_unique_string (&out, w->t->address);
  ndr_put_pointer (&out, 0);
  ndr_put_u32 (&out, MANAGER_CONNECT_CREATE);
  r = opening (s, OP_OPEN_MANAGER, &out, "opening the service control manager", 0, &s->manager, &error);
  if (r == FETTLE_OK && error)
    r = win_refused (w, "opening the service control manager", error);
  if (r != FETTLE_OK)
    svc_disconnect (s);
  return r;
}

void
svc_disconnect (struct services *s)
{
  if (s->pipe >= 0)
    s->w->smb->rpc_close (s->w->c, s->pipe);
  s->pipe = -1;
}

fettle_result
svc_open (struct services *s, const char *name, struct ndr_handle *ret)
{
  struct ndr_out out = { .referents = 0 };
  uint32_t error;
  fettle_result r;

  ndr_put_handle (&out, &s->manager);
  ndr_put_string (&out, name);
  ndr_put_u32 (&out, SERVICE_ACCESS);
  r = opening (s, OP_OPEN, &out, name, 0, ret, &error);
  if (r != FETTLE_OK || !error)
    return r;
  return error == WIN_SERVICE_DOES_NOT_EXIST ? WIN_NONE : win_refused (s->w, name, error);
}

fettle_result
svc_create (struct services *s, const char *name, const char *image, uint32_t start, struct ndr_handle *ret,
            int *ret_was_there)
{
  struct ndr_out out = { .referents = 0 };
  uint32_t error;
  fettle_result r;

  ndr_put_handle (&out, &s->manager);
  ndr_put_string (&out, name);
  ndr_put_unique_string (&out, name);
  ndr_put_u32 (&out, SERVICE_ACCESS);
  ndr_put_u32 (&out, OWN_PROCESS);
  ndr_put_u32 (&out, start);
  ndr_put_u32 (&out, ERROR_IGNORE);
  ndr_put_string (&out, image);
  ndr_put_align (&out, 4);
  ndr_put (&out, NULL, 4 * 7); /* group, tag, dependencies and their size, account, password and its size */
  r = opening (s, OP_CREATE, &out, name, 4, ret, &error);
  *ret_was_there = error == WIN_SERVICE_EXISTS;
  return r == FETTLE_OK && error && !*ret_was_there ? win_refused (s->w, name, error) : r;
}

fettle_result
svc_start (struct services *s, const struct ndr_handle *service, const char *name, uint32_t *ret_win32)
{
  struct ndr_out out = { .referents = 0 };
  fettle_result r;

  ndr_put_handle (&out, service);
  ndr_put_u32 (&out, 0);
  ndr_put_pointer (&out, 0);
  r = simple (s, OP_START, &out, name, ret_win32);
  if (r != FETTLE_OK || *ret_win32 == 0 || *ret_win32 == WIN_SERVICE_ALREADY_RUNNING)
    return r;
  return win_refused (s->w, name, *ret_win32);
}

fettle_result
svc_stop (struct services *s, const struct ndr_handle *service, const char *name)
{
  struct ndr_out out = { .referents = 0 };
  uint32_t error;
  fettle_result r;

  ndr_put_handle (&out, service);
  ndr_put_u32 (&out, CONTROL_STOP);
  r = simple (s, OP_CONTROL, &out, name, &error);
  return r == FETTLE_OK && error && error != WIN_SERVICE_NOT_ACTIVE ? win_refused (s->w, name, error) : r;
}

int
svc_take_status (struct ndr_in *in, struct svc_status *st, uint32_t *ret_error)
{
  const unsigned char *p;
  size_t n;

  memset (st, 0, sizeof *st);
  *ret_error = ndr_take_error (in);
  if (*ret_error || in->failed)
    return in->failed ? -1 : 0;
  p = ndr_take_conformant (in, 1, &n);
  if (!p || n < STATUS_SIZE)
    return -1;
  st->state = ndr_u32_at (p + 4);
  st->win32_exit = ndr_u32_at (p + 12);
  st->own_exit = ndr_u32_at (p + 16);
  st->pid = ndr_u32_at (p + 28);
  return 0;
}

fettle_result
svc_status (struct services *s, const struct ndr_handle *service, struct svc_status *ret)
{
  struct ndr_out out = { .referents = 0 };
  struct ndr_in in;
  uint32_t error;
  fettle_result r;

  ndr_put_handle (&out, service);
  ndr_put_u32 (&out, 0); /* SC_STATUS_PROCESS_INFO */
  ndr_put_u32 (&out, STATUS_SIZE);
  r = win_rpc (s->w, s->pipe, OP_QUERY_STATUS_EX, &out, &in);
  if (r != FETTLE_OK)
    return r;
  if (svc_take_status (&in, ret, &error) != 0)
    return nonsense (s, "how a service is");
  return error ? win_refused (s->w, "how a service is", error) : FETTLE_OK;
}

int
svc_take_config (struct ndr_in *in, uint32_t *ret_start, uint32_t *ret_error)
{
  *ret_start = 0;
  *ret_error = ndr_take_error (in);
  if (*ret_error == 0 && !in->failed) {
    ndr_take_u32 (in);
    *ret_start = ndr_take_u32 (in);
  }
  return in->failed ? -1 : 0;
}

fettle_result
svc_get_start (struct services *s, const struct ndr_handle *service, uint32_t *ret_start)
{
  struct ndr_out out = { .referents = 0 };
  struct ndr_in in;
  uint32_t error;
  fettle_result r;

  ndr_put_handle (&out, service);
  ndr_put_u32 (&out, CONFIG_SIZE);
  r = win_rpc (s->w, s->pipe, OP_QUERY_CONFIG, &out, &in);
  if (r != FETTLE_OK)
    return r;
  if (svc_take_config (&in, ret_start, &error) != 0)
    return nonsense (s, "a service's configuration");
  return error ? win_refused (s->w, "a service's configuration", error) : FETTLE_OK;
}

fettle_result
svc_set_start (struct services *s, const struct ndr_handle *service, const char *name, uint32_t start)
{
  struct ndr_out out = { .referents = 0 };
  uint32_t error;
  fettle_result r;

  ndr_put_handle (&out, service);
  ndr_put_u32 (&out, NO_CHANGE);
  ndr_put_u32 (&out, start);
  ndr_put_u32 (&out, NO_CHANGE);
  ndr_put (&out, NULL, 4 * 9); /* image, group, tag, dependencies, size, account, password, size, display name */
  r = simple (s, OP_CHANGE_CONFIG, &out, name, &error);
  return r == FETTLE_OK && error ? win_refused (s->w, name, error) : r;
}

fettle_result
svc_delete (struct services *s, const struct ndr_handle *service, const char *name)
{
  struct ndr_out out = { .referents = 0 };
  uint32_t error;
  fettle_result r;

  ndr_put_handle (&out, service);
  r = simple (s, OP_DELETE, &out, name, &error);
  return r == FETTLE_OK && error && error != WIN_SERVICE_MARKED_FOR_DELETE ? win_refused (s->w, name, error) : r;
}

void
svc_close (struct services *s, struct ndr_handle *handle)
{
  struct ndr_out out = { .referents = 0 };
  struct ndr_in in;

  ndr_put_handle (&out, handle);
  win_rpc (s->w, s->pipe, OP_CLOSE, &out, &in);
}

fettle_result
svc_wait (struct services *s, const struct ndr_handle *service, const char *name, uint32_t state, uint32_t seconds,
          struct svc_status *ret)
{
  fettle_result r;

  for (uint32_t i = 0;; i++) {
    r = svc_status (s, service, ret);
    if (r != FETTLE_OK || ret->state == state)
      return r;
    if (i >= seconds * (1000 / LOOK_MS))
      return fettle_fail (s->w->h, s->w->c, FETTLE_E_TIMEOUT, "the service %s isn't %s after %u s", name,
                          state == SVC_STOPPED ? "stopped" : "running", (unsigned) seconds);
    r = s->w->h->sleep_ms (s->w->c, LOOK_MS);
    if (r != FETTLE_OK)
      return r;
  }
}
