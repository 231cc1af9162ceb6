/* registry.c - see registry.h.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "registry.h"

#include <stdlib.h>
#include <string.h>

#define WINREG "338cd001-2244-31f1-aaaa-900038001003"

enum {
  OP_OPEN_MACHINE = 2, OP_CLOSE = 5, OP_CREATE_KEY = 6, OP_DELETE_KEY = 7, OP_ENUM_KEY = 9,
  OP_OPEN_KEY = 15, OP_QUERY_VALUE = 17,
  MAXIMUM_ALLOWED = 0x02000000,
  KEY_READ = 0x20019,
  VOLATILE = 1, CREATED_NEW = 1,
  NAME_BYTES = 2 * 256,    /* of a key, with its NUL */
  FIRST_ROOM = 4096        /* for a value: what most need */
};

/* ---- pieces of arguments ---- */

/* A counted string; its NUL counts. */
static void
put_name (struct ndr_out *o, const char *text)
{
  struct ndr_out string = { .referents = 0 };
  size_t bytes;

  ndr_put_string (&string, text);
  bytes = string.size - 12;
  o->failed |= string.failed || bytes > 0xfffe;
  ndr_put_align (o, 4);
  ndr_put_u16 (o, (uint32_t) bytes);
  ndr_put_u16 (o, (uint32_t) bytes);
  ndr_put_pointer (o, 1);
  ndr_put (o, string.data, string.size);
  ndr_out_clear (&string);
}

/* Room for a counted string of the answer. */
static void
put_name_room (struct ndr_out *o, uint32_t bytes)
{
  ndr_put_align (o, 4);
  ndr_put_u16 (o, 0);
  ndr_put_u16 (o, bytes);
  ndr_put_pointer (o, 1);
  ndr_put_u32 (o, bytes / 2);
  ndr_put_u32 (o, 0);
  ndr_put_u32 (o, 0);
}

/* Type, room for the value, its size and length. */
static void
put_value_room (struct ndr_out *o, uint32_t bytes)
{
  ndr_put_pointer (o, 1);
  ndr_put_u32 (o, 0);
  ndr_put_pointer (o, 1);
  ndr_put_u32 (o, bytes);
  ndr_put_u32 (o, 0);
  ndr_put_u32 (o, 0);
  ndr_put_pointer (o, 1);
  ndr_put_u32 (o, bytes);
  ndr_put_pointer (o, 1);
  ndr_put_u32 (o, 0);
}

static void
take_name (struct ndr_in *in, char *to, size_t size)
{
  const unsigned char *text = NULL;
  size_t n = 0;

  to[0] = '\0';
  ndr_take_align (in, 4);
  ndr_take_u16 (in);
  ndr_take_u16 (in);
  if (ndr_take_u32 (in) != 0)
    text = ndr_take_varying (in, 2, &n);
  ndr_text (to, size, text, 2 * n);
}

int
reg_take_subkey (struct ndr_in *in, char name[REG_NAME_MAX], uint32_t *ret_error)
{
  *ret_error = ndr_take_error (in);
  name[0] = '\0';
  if (*ret_error == 0 && !in->failed)
    take_name (in, name, REG_NAME_MAX);
  return in->failed ? -1 : 0;
}

static int
copy_value (struct reg_value *v, const unsigned char *data, size_t n)
{
  if (n == 0)
    return 0;
  v->data = malloc (n);
  if (!v->data)
    return -1;
  memcpy (v->data, data, n);
  v->size = n;
  return 0;
}

int
reg_take_value (struct ndr_in *in, struct reg_value *v, uint32_t *ret_error)
{
  const unsigned char *data = NULL;
  size_t n = 0;

  memset (v, 0, sizeof *v);
  *ret_error = ndr_take_error (in);
  if (in->failed || (*ret_error != 0 && *ret_error != WIN_MORE_DATA))
    return in->failed ? -1 : 0;
  if (ndr_take_u32 (in) != 0)
    v->type = ndr_take_u32 (in);
  if (ndr_take_u32 (in) != 0)
    data = ndr_take_varying (in, 1, &n);
  if (ndr_take_u32 (in) != 0)
    v->wanted = ndr_take_u32 (in);
  if (in->failed)
    return -1;
  return *ret_error == 0 ? copy_value (v, data, n) : 0;
}

/* ---- calls ---- */

/* What an answer means where something may just not be there. */
static fettle_result
judge (struct registry *g, const char *what, const struct ndr_in *in, uint32_t error)
{
  if (in->failed)
    return fettle_fail (g->w->h, g->w->c, FETTLE_E_PROTOCOL, "%s: the registry answered nonsense", what);
  if (error == WIN_FILE_NOT_FOUND || error == WIN_PATH_NOT_FOUND || error == WIN_NO_MORE_ITEMS
      || error == WIN_ACCESS_DENIED)
    return WIN_NONE;
  return error ? win_refused (g->w, what, error) : FETTLE_OK;
}

fettle_result
reg_connect (struct registry *g, const struct win *w)
{
  struct ndr_out out = { .referents = 0 };
  struct ndr_in in;
  fettle_result r;
  uint32_t error;

  g->w = w;
  g->pipe = w->smb->rpc_open (w->c, 0, "winreg", WINREG, 1, 0);
  if (g->pipe < 0)
    return g->pipe;
  ndr_put_pointer (&out, 0);
  ndr_put_u32 (&out, MAXIMUM_ALLOWED);
  r = win_rpc (w, g->pipe, OP_OPEN_MACHINE, &out, &in);
  if (r == FETTLE_OK) {
    ndr_take_handle (&in, &g->machine);
    error = ndr_take_error (&in);
    r = judge (g, "opening the registry", &in, error);
    if (r == WIN_NONE)
      r = win_refused (w, "opening the registry", error);
  }
  if (r != FETTLE_OK)
    reg_disconnect (g);
  return r;
}

void
reg_disconnect (struct registry *g)
{
  if (g->pipe >= 0)
    g->w->smb->rpc_close (g->w->c, g->pipe);
  g->pipe = -1;
}

fettle_result
reg_open (struct registry *g, const struct ndr_handle *base, const char *path, struct ndr_handle *ret)
{
  struct ndr_out out = { .referents = 0 };
  struct ndr_in in;
  uint32_t error;
  fettle_result r;

  ndr_put_handle (&out, base ? base : &g->machine);
  put_name (&out, path);
  ndr_put_u32 (&out, 0);
  ndr_put_u32 (&out, KEY_READ);
  r = win_rpc (g->w, g->pipe, OP_OPEN_KEY, &out, &in);
  if (r != FETTLE_OK)
    return r;
  ndr_take_handle (&in, ret);
  error = ndr_take_error (&in);
  return judge (g, path, &in, error);
}

fettle_result
reg_create (struct registry *g, const char *path, int is_volatile, struct ndr_handle *ret, int *ret_was_there)
{
  struct ndr_out out = { .referents = 0 };
  struct ndr_in in;
  uint32_t error, disposition = 0;
  fettle_result r;

  ndr_put_handle (&out, &g->machine);
  put_name (&out, path);
  ndr_put_align (&out, 4);
  put_name (&out, "");
  ndr_put_u32 (&out, is_volatile ? VOLATILE : 0);
  ndr_put_u32 (&out, MAXIMUM_ALLOWED);
  ndr_put_pointer (&out, 0); /* security: its parent's */
  ndr_put_pointer (&out, 1);
  ndr_put_u32 (&out, 0);
  r = win_rpc (g->w, g->pipe, OP_CREATE_KEY, &out, &in);
  if (r != FETTLE_OK)
    return r;
  ndr_take_handle (&in, ret);
  if (ndr_take_u32 (&in) != 0)
    disposition = ndr_take_u32 (&in);
  error = ndr_take_error (&in);
  r = judge (g, path, &in, error);
  *ret_was_there = disposition != CREATED_NEW;
  return r == WIN_NONE ? win_refused (g->w, path, error) : r;
}

fettle_result
reg_delete (struct registry *g, const char *path)
{
  struct ndr_out out = { .referents = 0 };
  struct ndr_in in;
  fettle_result r;
  uint32_t error;

  ndr_put_handle (&out, &g->machine);
  put_name (&out, path);
  r = win_rpc (g->w, g->pipe, OP_DELETE_KEY, &out, &in);
  if (r != FETTLE_OK)
    return r;
  error = ndr_take_error (&in);
  return error == WIN_ACCESS_DENIED ? win_refused (g->w, path, error) : judge (g, path, &in, error);
}

void
reg_close (struct registry *g, struct ndr_handle *key)
{
  struct ndr_out out = { .referents = 0 };
  struct ndr_in in;

  ndr_put_handle (&out, key);
  win_rpc (g->w, g->pipe, OP_CLOSE, &out, &in);
}

fettle_result
reg_subkey (struct registry *g, const struct ndr_handle *key, uint32_t n, char name[REG_NAME_MAX])
{
  struct ndr_out out = { .referents = 0 };
  struct ndr_in in;
  uint32_t error = 0;
  fettle_result r;

  if (n >= REG_KEYS_MAX)
    return WIN_NONE;
  ndr_put_handle (&out, key);
  ndr_put_u32 (&out, n);
  put_name_room (&out, NAME_BYTES);
  ndr_put_pointer (&out, 1); /* the class: Samba wants a place for it */
  ndr_put_u16 (&out, 0);
  ndr_put_u16 (&out, 0);
  ndr_put_pointer (&out, 0);
  ndr_put_pointer (&out, 0); /* the time of the last change */
  r = win_rpc (g->w, g->pipe, OP_ENUM_KEY, &out, &in);
  if (r != FETTLE_OK)
    return r;
  if (reg_take_subkey (&in, name, &error) != 0)
    in.failed = 1;
  return judge (g, "listing keys", &in, error);
}

/* Asks once, and once more with the room that it needs. */
fettle_result
reg_value (struct registry *g, const struct ndr_handle *key, const char *name, struct reg_value *v)
{
  uint32_t room = FIRST_ROOM, error = 0;
  struct ndr_in in;
  fettle_result r;

  memset (v, 0, sizeof *v);
  for (int i = 0; i < 2; i++) {
    struct ndr_out out = { .referents = 0 };

    ndr_put_handle (&out, key);
    put_name (&out, name);
    put_value_room (&out, room);
    r = win_rpc (g->w, g->pipe, OP_QUERY_VALUE, &out, &in);
    if (r != FETTLE_OK)
      return r;
    if (reg_take_value (&in, v, &error) != 0)
      in.failed = 1;
    if (error != WIN_MORE_DATA || in.failed || v->wanted > REG_VALUE_MAX)
      break;
    room = v->wanted;
  }
  if (!in.failed && error == WIN_MORE_DATA && v->wanted > REG_VALUE_MAX)
    return WIN_NONE;
  return judge (g, *name ? name : "reading a value", &in, error);
}

void
reg_value_clear (struct reg_value *v)
{
  free (v->data);
  memset (v, 0, sizeof *v);
}

/* ---- values as something else ---- */

char *
reg_value_text (const struct reg_value *v, char *to, size_t size)
{
  to[0] = '\0';
  if (!v->data)
    return to;
  if (v->type == REG_SZ || v->type == REG_EXPAND_SZ)
    return ndr_text (to, size, v->data, v->size);
  if (v->type == REG_MULTI_SZ)
    return ndr_texts (to, size, v->data, v->size);
  if (v->type == REG_DWORD && v->size == 4)
    snprintf (to, size, "%lu", (unsigned long) ndr_u32_at (v->data));
  return to;
}

fettle_result
reg_text (struct registry *g, const struct ndr_handle *key, const char *name, char *to, size_t size)
{
  struct reg_value v;
  fettle_result r = reg_value (g, key, name, &v);

  to[0] = '\0';
  if (r == FETTLE_OK)
    reg_value_text (&v, to, size);
  reg_value_clear (&v);
  return r == WIN_NONE ? FETTLE_OK : r;
}

fettle_result
reg_number (struct registry *g, const struct ndr_handle *key, const char *name, uint32_t *ret)
{
  struct reg_value v;
  fettle_result r = reg_value (g, key, name, &v);

  if (r == FETTLE_OK && v.type == REG_DWORD && v.size == 4)
    *ret = ndr_u32_at (v.data);
  else if (r == FETTLE_OK)
    r = WIN_NONE;
  reg_value_clear (&v);
  return r;
}
