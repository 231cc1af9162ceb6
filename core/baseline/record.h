/* record.h - the files of a baseline as they were found: what they are, where
 * they lie, what they tell.  In this order: gathered, sorted by path, looked up.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef FETTLE_RECORD_H
#define FETTLE_RECORD_H

#include "baseline/about.h"
#include "util/buf.h"

#define FETTLE_RECORDS_MAX 200000

struct fettle_record;

/* What another file tells of this one. */
struct fettle_told {
  const struct fettle_record *from;
  const struct fettle_about *about;
};

struct fettle_record {
  char *path;
  char *problem; /* a sentence: why it can't be used; NULL */
  char *container;
  uint64_t offset, size;
  bool packed;
  char sha256[FETTLE_SHA256_TEXT];
  char stamp[FETTLE_STAMP_MAX]; /* of what is on the disk, when that was read */
  struct fettle_buf text; /* of a side file */
  struct fettle_abouts abouts;
  struct fettle_told *told; /* for the caller */
  size_t n_told;
  bool unsure;  /* the problem is none when a side file says what it is */
  bool opened;  /* an archive whose files are records too */
  bool claimed; /* for the caller: it is part of a component ... */
  bool in_tree; /* ... that is a folder, and nothing of itself */
};

struct fettle_records {
  struct fettle_record **list;
  size_t n, room;
  struct fettle_record **by_name; /* sorted by the last part of the path */
};

/* NULL and an error: too many, or no memory. */
struct fettle_record *fettle_record_add (struct fettle_records *, const char *path,
                                         struct fettle_error *);

bool fettle_record_problem (struct fettle_record *, const char *sentence);

/* But for its path as if it was new. */
void fettle_record_reset (struct fettle_record *);

/* Forgets all from this one on. */
void fettle_records_cut (struct fettle_records *, size_t n);

/* Sorts.  A path that is there twice becomes a problem. */
fettle_result fettle_records_sort (struct fettle_records *, struct fettle_error *);

struct fettle_record *fettle_record_find (const struct fettle_records *, const char *path);

/* The one record with this last part of its path, NULL if there are more. */
struct fettle_record *fettle_record_by_name (const struct fettle_records *, const char *name);

/* Whom a description in `from` means by `file`: a path beside it, beside the
 * archive that it is in, or the only one with such a name. */
struct fettle_record *fettle_record_meant (const struct fettle_records *,
                                           const struct fettle_record *from, const char *file);

/* The last part of a path. */
const char *fettle_base_name (const char *path);

void fettle_records_clear (struct fettle_records *);

#endif
