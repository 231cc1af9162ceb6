/* offer.h - one-time names: what one node may fetch, or post to, in one job.
 *
 * An offer is for one node's address, one file (or one place for its status),
 * one job and task, and has an end.  Its token, 128 random bits, is the name
 * and the only key: the listeners (HTTP, FTP) look it up with the address that
 * asks, and tell nobody which of the two was wrong.
 *
 * A file is a part of an open file: that is how a member of an ISO is served
 * without unpacking.  A folder is a list of files beneath it.  What sends it keeps a reference of the file, and takes a
 * use of the offer to hear when that ends.  The table knows no sockets.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef FETTLE_OFFER_H
#define FETTLE_OFFER_H

#include <jansson.h>
#include <netinet/in.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "util/error.h"
#include "util/file.h"

#define FETTLE_PEER_MAX    (INET6_ADDRSTRLEN + 20) /* an address with its zone */
#define FETTLE_OFFER_TOKEN 33                      /* 32 hex digits, NUL */
#define FETTLE_OFFER_NAME  256
#define FETTLE_OFFER_URL   512

struct fettle_offers;

/* ---- A file, or a part of one ---- */

struct fettle_offer_file {
  unsigned references;
  int fd;
  uint64_t offset, length;  /* of the part that is served */
  char sha256[65];          /* of the part, verified; "" if that isn't known */
  char stamp[FETTLE_STAMP_MAX]; /* what it looks like while it is unchanged; "": it is ours */
  void *segment;            /* the sender's own, of the whole part */
  void (*segment_free) (void *segment);
};

/* Takes over the descriptor, also when there is no memory (NULL). */
struct fettle_offer_file *fettle_offer_file_new (int fd, uint64_t offset, uint64_t length,
                                                 const char *sha256);
struct fettle_offer_file *fettle_offer_file_hold (struct fettle_offer_file *);
void fettle_offer_file_release (struct fettle_offer_file *);

/* It is what its digest was taken of. */
bool fettle_offer_file_unchanged (const struct fettle_offer_file *);

/* Bytes at an offset of the part.  0 at its end, -1 when it can't be read, or
 * has changed. */
ssize_t fettle_offer_file_read (const struct fettle_offer_file *, uint64_t offset, void *,
                                size_t size);

/* ---- A folder with all that is in it ----
 *
 * Its files are those of a list that was made when their digests were taken:
 * what has changed since, or wasn't there, isn't had. */

#define FETTLE_OFFER_TREE_MAX 100000 /* files */

struct fettle_offer_tree;

/* Takes over the folder's descriptor.  `list`: [[path within it, stamp, size]]. */
fettle_result fettle_offer_tree_new (int folder, const json_t *list, struct fettle_offer_tree **ret,
                                     struct fettle_error *);
struct fettle_offer_tree *fettle_offer_tree_hold (struct fettle_offer_tree *);
void fettle_offer_tree_release (struct fettle_offer_tree *);

/* A file of it, a reference of the caller's, or NULL. */
struct fettle_offer_file *fettle_offer_tree_open (const struct fettle_offer_tree *, const char *path);

/* ---- Offers ---- */

/* Somebody who is using an offer, from outside. */
struct fettle_offer_use {
  struct fettle_offer_use *next, **here;
  void (*ended) (struct fettle_offer_use *); /* the offer is no more: stop.  May free itself */
};

struct fettle_offer {
  char token[FETTLE_OFFER_TOKEN];
  char address[FETTLE_PEER_MAX]; /* of the node; without zone */
  char name[FETTLE_OFFER_NAME];  /* of a file: its last part in the URL; "" for status */
  struct fettle_offer_file *file; /* NULL: a place for status, or a folder ... */
  struct fettle_offer_tree *tree; /* ... that is this; FTP alone has it */
  int64_t node, job, task;       /* the engine's ids, for logs and events */
  int64_t until;                 /* seconds of fettle_seconds (); 0: until it is freed */
  uint64_t bytes;                /* sent of it, in all */
  uint64_t fetches;              /* answers that were sent to their end */
  uint32_t listeners;            /* bit FETTLE_LISTEN_*: where it may be asked for; 0: anywhere */
  bool contacted;                /* the node has asked for it */
  const char *moved;             /* where a download goes on after the first contact, or NULL */
  /* It was asked for the first time, or an answer was sent to its end.  Must
   * not end the offer.  NULL: nobody wants to know. */
  void (*changed) (void *arg, struct fettle_offer *);
  void *arg;

  struct fettle_offer *next;     /* the table's */
  struct fettle_offer_use *uses;
  struct fettle_offers *offers;
};

struct fettle_offers *fettle_offers_new (void);
/* Ends all offers. */
void fettle_offers_free (struct fettle_offers *);
size_t fettle_offers_count (const struct fettle_offers *);

/* Adds an offer: a copy of `wanted`, whose file it takes a reference of.  An
 * empty token gets a new one; one that is given (out of the store) is kept. */
fettle_result fettle_offer_new (struct fettle_offers *, const struct fettle_offer *wanted,
                                struct fettle_offer **ret, struct fettle_error *);
/* Ends it: who uses it hears so. */
void fettle_offer_free (struct fettle_offer *);

/* The offer of that token, for who asks from `from`, over that listener
 * (FETTLE_LISTEN_*); `now` of fettle_seconds ().  NULL: there is none, or not
 * for him; *ret_why is for the log, never for the asker. */
struct fettle_offer *fettle_offer_find (struct fettle_offers *, const char *token, size_t size,
                                        const char *from, uint32_t listener, int64_t now,
                                        const char **ret_why);

void fettle_offer_use_begin (struct fettle_offer *, struct fettle_offer_use *);
void fettle_offer_use_end (struct fettle_offer_use *);

/* ---- Addresses ---- */

/* As numbers, v4-mapped ones as IPv4; "" when it is none. */
void fettle_peer_text (const struct sockaddr *, socklen_t, char ret[FETTLE_PEER_MAX]);

/* The same address, zones aside. */
bool fettle_peer_same (const char *, const char *);

#endif
