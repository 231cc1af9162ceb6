/* peer-internal.h - a connection of a node, and its request that is being
 * answered.  Within serve/peer*.c.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef FETTLE_PEER_INTERNAL_H
#define FETTLE_PEER_INTERNAL_H

#include "serve/guard.h"
#include "serve/head.h"
#include "serve/peer.h"
#include "serve/quota.h"
#include "serve/range.h"
#include "util/text.h"

enum peer_state {
  PEER_HEAD,    /* handshake, or part of a head */
  PEER_BODY,    /* of a post */
  PEER_IDLE,    /* between two requests */
  PEER_WAITING, /* a post isn't answered yet */
  PEER_SENDING,
  PEER_LINGER,  /* answered for the last time: read what still comes, so that no
                 * reset takes the answer away */
};

/* A request, from its head until its answer is in the connection's output. */
struct exchange {
  struct fettle_head head;       /* in the guard's buffer */
  struct peer *peer;
  struct fettle_offer *offer;    /* NULL: none, or no more */
  struct fettle_offer_use use;
  struct fettle_post *post;      /* WAITING */

  struct fettle_offer_file *file; /* a download's */
  struct fettle_range ranges[FETTLE_RANGES_MAX];
  unsigned n_ranges, at;         /* at: the range that is being sent */
  uint64_t done;                 /* bytes of that one */
  bool multipart;
  bool sent_all;                 /* all of it is in the output */
  uint64_t added, counted;       /* bytes of the file: in the output, in offer->bytes */
};

struct peer {
  struct peer *next, **here;
  struct fettle_peers *all;
  struct bufferevent *bev;
  struct fettle_quota *quota;
  struct exchange *x;
  void (*released) (void *arg);  /* adopted */
  void *released_arg;
  struct fettle_guard guard;
  uint64_t deadline;             /* seconds of fettle_seconds (); 0: none */
  uint8_t state;                 /* enum peer_state */
  uint8_t listener;
  bool tls, dedicated, close;
  bool ended;                    /* the node sends no more */
  bool handing_on;               /* a post, at this moment */
};

struct fettle_peers {
  struct event_base *base;
  struct fettle_peer_limits limits;
  struct fettle_offers *offers;
  struct fettle_peer_handlers handlers;
  void *arg;
  struct fettle_quotas *quotas;
  struct peer *first;
  unsigned n;
  struct event *tick;
  uint64_t last_complaint;
  unsigned complaints;           /* not said */
  time_t date_of;
  char date[40];
  bool stopping;
};

#define PEER_INPUT_MAX (16 << 10) /* beside a body */

struct fettle_post {
  struct peer *peer; /* NULL: gone */
};

/* ---- peer.c ---- */

void fettle_peer_end_exchange (struct peer *);
void fettle_peer_drop (struct peer *);
void fettle_peer_set_state (struct peer *, enum peer_state);

/* ---- peer-request.c ---- */

/* All requests that have come, one after the other. */
void fettle_peer_process (struct peer *);
bool fettle_peer_is_reading (const struct peer *);

/* Status line and headers that each answer has; more may be added, then an
 * empty line. */
void fettle_peer_begin_answer (struct peer *, int status, uint64_t size);
/* A whole small answer: text/plain.  `extra`: further header lines, or "". */
void fettle_peer_answer (struct peer *, int status, const char *extra, const char *text);
void fettle_peer_not_found (struct peer *, const char *why);
/* The answer is in the output: on with the next request. */
void fettle_peer_done (struct peer *);

/* ---- peer-get.c ---- */

void fettle_peer_get (struct peer *, const char *name, size_t name_size);
/* More of the file into the output. */
void fettle_peer_feed (struct peer *);
void fettle_peer_forget_pieces (void);
/* All of it has been taken. */
void fettle_peer_sent (struct peer *);
/* What has been taken so far, into the offer's count. */
void fettle_peer_count (struct peer *);

#endif
