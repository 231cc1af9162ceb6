/* registry.h - the node's registry, over the pipe winreg (MS-RRP).
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef WINDOWS_REGISTRY_H
#define WINDOWS_REGISTRY_H

#include "windows.h"

enum {
  REG_NAME_MAX = 768,                /* of a key or a value, in UTF-8; Windows: 255 characters of a key */
  REG_VALUE_MAX = 1024 * 1024,       /* bytes of a value; what is longer is left out */
  REG_KEYS_MAX = 65536,              /* subkeys that are looked at */
  REG_SZ = 1, REG_EXPAND_SZ = 2, REG_BINARY = 3, REG_DWORD = 4, REG_MULTI_SZ = 7, REG_QWORD = 11
};

struct registry {
  const struct win *w;
  int32_t pipe;             /* -1: not open */
  int started;              /* the service behind it may run for us alone (remote.c) */
  struct ndr_handle machine; /* HKEY_LOCAL_MACHINE */
};

struct reg_value {
  uint32_t type;
  unsigned char *data;      /* allocated; NULL when it is empty */
  size_t size;
  uint32_t wanted;          /* of an answer: how much it needs */
};

/* The pipe and HKEY_LOCAL_MACHINE. */
fettle_result reg_connect (struct registry *, const struct win *);
void reg_disconnect (struct registry *);

/* A key below another one; NULL: below HKEY_LOCAL_MACHINE.  WIN_NONE when it
 * isn't there, or not for us. */
fettle_result reg_open (struct registry *, const struct ndr_handle *base, const char *path, struct ndr_handle *);
/* For writing; made when it isn't there, `is_volatile`: until the node restarts. */
fettle_result reg_create (struct registry *, const char *path, int is_volatile, struct ndr_handle *, int *ret_was_there);
fettle_result reg_delete (struct registry *, const char *path);
void reg_close (struct registry *, struct ndr_handle *);

/* The name of the n-th subkey; WIN_NONE behind the last. */
fettle_result reg_subkey (struct registry *, const struct ndr_handle *, uint32_t n, char name[REG_NAME_MAX]);
/* A value, which is to be cleared; WIN_NONE when there is no such one, or it is longer than REG_VALUE_MAX. */
fettle_result reg_value (struct registry *, const struct ndr_handle *, const char *name, struct reg_value *);
void reg_value_clear (struct reg_value *);

/* A value as text: numbers as digits, lists with newlines between; "" when there is none. */
fettle_result reg_text (struct registry *, const struct ndr_handle *, const char *name, char *to, size_t size);
/* WIN_NONE when there is no such number. */
fettle_result reg_number (struct registry *, const struct ndr_handle *, const char *name, uint32_t *ret);
char *reg_value_text (const struct reg_value *, char *to, size_t size);

/* ---- what comes in, for tests ---- */

/* The answer to EnumKey.  0; or -1 when it isn't one; *ret_error is Windows'. */
int reg_take_subkey (struct ndr_in *, char name[REG_NAME_MAX], uint32_t *ret_error);
/* The answer to QueryValue. */
int reg_take_value (struct ndr_in *, struct reg_value *, uint32_t *ret_error);

#endif
