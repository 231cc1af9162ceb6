/* ndr.h - arguments of remote procedures as bytes: NDR 2.0, little endian.
 *
 * Writing and reading never fail in the middle: once something doesn't fit,
 * `failed` is set and what follows does nothing, so one look at the end is
 * enough.  What is read is foreign: each length is checked against what is
 * there before it is used.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef WINDOWS_NDR_H
#define WINDOWS_NDR_H

#include <stddef.h>
#include <stdint.h>

enum {
  NDR_OUT_MAX = 1024 * 1024, /* what smb/1 takes for a call */
  NDR_HANDLE = 20            /* bytes of a context handle */
};

struct ndr_handle {
  unsigned char bytes[NDR_HANDLE];
};

struct ndr_out {
  unsigned char *data;
  size_t size, room;
  uint32_t referents; /* pointers that were written */
  int failed;
};

void ndr_out_clear (struct ndr_out *);
void ndr_put (struct ndr_out *, const void *data, size_t size); /* NULL: zeroes */
void ndr_put_align (struct ndr_out *, size_t to);
void ndr_put_u16 (struct ndr_out *, uint32_t);
void ndr_put_u32 (struct ndr_out *, uint32_t);
void ndr_put_handle (struct ndr_out *, const struct ndr_handle *);
/* A unique pointer's referent: 0 or another number each time. */
void ndr_put_pointer (struct ndr_out *, int there);
/* [string] wchar_t *, with its NUL, of UTF-8. */
void ndr_put_string (struct ndr_out *, const char *);
/* The same behind a unique pointer; NULL is none. */
void ndr_put_unique_string (struct ndr_out *, const char *);

struct ndr_in {
  const unsigned char *data;
  size_t size, at;
  int failed;
};

void ndr_in_init (struct ndr_in *, const void *data, size_t size);
/* NULL when there is less. */
const unsigned char *ndr_take (struct ndr_in *, size_t size);
void ndr_take_align (struct ndr_in *, size_t to);
uint16_t ndr_take_u16 (struct ndr_in *);
uint32_t ndr_take_u32 (struct ndr_in *);
void ndr_take_handle (struct ndr_in *, struct ndr_handle *);
/* The elements of a conformant and varying array of elements of `width` bytes:
 * borrowed, *ret_count of them.  NULL when it isn't one. */
const unsigned char *ndr_take_varying (struct ndr_in *, size_t width, size_t *ret_count);
/* The same of a conformant array. */
const unsigned char *ndr_take_conformant (struct ndr_in *, size_t width, size_t *ret_count);
/* What the call itself answered: its last four bytes. */
uint32_t ndr_take_error (struct ndr_in *);

uint32_t ndr_u32_at (const unsigned char *);
uint32_t ndr_u16_at (const unsigned char *);

/* UTF-16LE to UTF-8 up to the first NUL, without control characters or broken
 * surrogates ('?' stands for those), cut between characters at `size` - 1
 * bytes.  Returns `to`. */
char *ndr_text (char *to, size_t size, const unsigned char *from, size_t bytes);
/* The same of a list of texts, NULs between, into one with newlines between. */
char *ndr_texts (char *to, size_t size, const unsigned char *from, size_t bytes);

#endif
