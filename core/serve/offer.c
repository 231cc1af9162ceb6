/* offer.c - see offer.h.  SPDX-License-Identifier: Apache-2.0 */
#include "util/base.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netdb.h>
#include <sys/socket.h>
#include <sys/stat.h>

#include "serve/offer.h"
#include "util/secret.h"
#include "util/text.h"

#define BUCKETS_MIN 64

struct fettle_offers {
  struct fettle_offer **buckets;
  size_t n_buckets, n;
  uint64_t seed;
};

/* ---- Files ---- */

struct fettle_offer_file *
fettle_offer_file_new (int fd, uint64_t offset, uint64_t length, const char *sha256)
{
  struct fettle_offer_file *f = calloc (1, sizeof *f);

  if (!f) {
    close (fd);
    return NULL;
  }
  *f = (struct fettle_offer_file) { .references = 1, .fd = fd, .offset = offset,
                                    .length = length };
  snprintf (f->sha256, sizeof f->sha256, "%s", sha256 ? sha256 : "");
  return f;
}

struct fettle_offer_file *
fettle_offer_file_hold (struct fettle_offer_file *f)
{
  f->references++;
  return f;
}

void
fettle_offer_file_release (struct fettle_offer_file *f)
{
  if (!f || --f->references)
    return;
  if (f->segment)
    f->segment_free (f->segment);
  close (f->fd);
  free (f);
}

bool
fettle_offer_file_unchanged (const struct fettle_offer_file *f)
{
  char now[FETTLE_STAMP_MAX];
  struct stat st;

  if (!f->stamp[0])
    return true;
  if (fstat (f->fd, &st))
    return false;
  fettle_file_stamp (&st, now);
  return strcmp (f->stamp, now) == 0;
}

ssize_t
fettle_offer_file_read (const struct fettle_offer_file *f, uint64_t offset, void *buffer,
                        size_t size)
{
  ssize_t n;

  if (offset >= f->length)
    return 0;
  if (size > f->length - offset)
    size = (size_t) (f->length - offset);
  do
    n = pread (f->fd, buffer, size, (off_t) (f->offset + offset));
  while (n < 0 && errno == EINTR);
  return n > 0 && fettle_offer_file_unchanged (f) ? n : -1;
}

/* ---- The table ---- */

/* Tokens are random, but what is asked for is anybody's choice: the seed keeps
 * others from filling one bucket, the comparison tells nothing by its time. */
static struct fettle_offer **
bucket_of (const struct fettle_offers *all, const char *token)
{
  uint64_t hash = all->seed;

  for (const char *p = token; *p; p++)
    hash = (hash ^ (unsigned char) *p) * UINT64_C (0x100000001b3);
  return &all->buckets[(hash ^ hash >> 32) & (all->n_buckets - 1)];
}

struct fettle_offers *
fettle_offers_new (void)
{
  struct fettle_offers *all = calloc (1, sizeof *all);
  struct fettle_error err;

  if (!all)
    return NULL;
  all->n_buckets = BUCKETS_MIN;
  all->buckets = calloc (all->n_buckets, sizeof (struct fettle_offer *));
  if (!all->buckets || fettle_random (&all->seed, sizeof all->seed, &err)) {
    free (all->buckets);
    free (all);
    return NULL;
  }
  return all;
}

size_t
fettle_offers_count (const struct fettle_offers *all)
{
  return all->n;
}

void
fettle_offers_free (struct fettle_offers *all)
{
  if (!all)
    return;
  for (size_t i = 0; i < all->n_buckets; i++)
    while (all->buckets[i])
      fettle_offer_free (all->buckets[i]);
  free (all->buckets);
  free (all);
}

static void
put_in (struct fettle_offers *all, struct fettle_offer *o)
{
  struct fettle_offer **bucket = bucket_of (all, o->token);

  o->next = *bucket;
  *bucket = o;
}

/* Without memory the table only becomes slower. */
static void
grow (struct fettle_offers *all)
{
  struct fettle_offer **old = all->buckets, **new;
  size_t n = all->n_buckets;

  if (all->n < n || !(new = calloc (2 * n, sizeof *new)))
    return;
  all->buckets = new;
  all->n_buckets = 2 * n;
  for (size_t i = 0; i < n; i++)
    for (struct fettle_offer *o = old[i], *next; o; o = next) {
      next = o->next;
      put_in (all, o);
    }
  free (old);
}

static fettle_result
make_token (char ret[FETTLE_OFFER_TOKEN], struct fettle_error *err)
{
  unsigned char random[FETTLE_OFFER_TOKEN / 2];

  if (fettle_random (random, sizeof random, err))
    return err->code;
  fettle_hex (random, sizeof random, ret);
  return FETTLE_OK;
}

fettle_result
fettle_offer_new (struct fettle_offers *all, const struct fettle_offer *wanted,
                  struct fettle_offer **ret, struct fettle_error *err)
{
  struct fettle_offer *o = malloc (sizeof *o);

  if (!o)
    return fettle_error_set (err, FETTLE_E_NOMEM, "no memory for a one-time name");
  *o = *wanted;
  o->offers = all;
  o->uses = NULL;
  if (!*o->token && make_token (o->token, err)) {
    free (o);
    return err->code;
  }
  if (o->file)
    fettle_offer_file_hold (o->file);
  if (o->tree)
    fettle_offer_tree_hold (o->tree);
  grow (all);
  put_in (all, o);
  all->n++;
  *ret = o;
  return FETTLE_OK;
}

void
fettle_offer_free (struct fettle_offer *o)
{
  struct fettle_offer **p;

  if (!o)
    return;
  for (p = bucket_of (o->offers, o->token); *p != o; p = &(*p)->next)
    ;
  *p = o->next;
  o->offers->n--;
  while (o->uses) {
    struct fettle_offer_use *use = o->uses;

    fettle_offer_use_end (use);
    use->ended (use);
  }
  fettle_offer_file_release (o->file);
  fettle_offer_tree_release (o->tree);
  free (o);
}

struct fettle_offer *
fettle_offer_find (struct fettle_offers *all, const char *token, size_t size, const char *from,
                   uint32_t listener, int64_t now, const char **ret_why)
{
  char text[FETTLE_OFFER_TOKEN];
  struct fettle_offer *o;

  *ret_why = "what it doesn't have";
  if (size != sizeof text - 1)
    return NULL;
  memcpy (text, token, size);
  text[size] = '\0';
  for (o = *bucket_of (all, text); o; o = o->next)
    if (fettle_secret_equal (o->token, sizeof o->token, text, sizeof text))
      break;
  if (!o)
    return NULL;
  if (!fettle_peer_same (o->address, from))
    *ret_why = "what is another node's";
  else if (o->until && now > o->until)
    *ret_why = "what has expired";
  else if (o->listeners && !(o->listeners & 1u << listener))
    *ret_why = "what another listener has";
  else
    return o;
  return NULL;
}

/* ---- Uses ---- */

void
fettle_offer_use_begin (struct fettle_offer *o, struct fettle_offer_use *use)
{
  use->next = o->uses;
  use->here = &o->uses;
  if (use->next)
    use->next->here = &use->next;
  o->uses = use;
}

void
fettle_offer_use_end (struct fettle_offer_use *use)
{
  if (!use->here)
    return;
  *use->here = use->next;
  if (use->next)
    use->next->here = use->here;
  use->next = NULL;
  use->here = NULL;
}

/* ---- Addresses ---- */

void
fettle_peer_text (const struct sockaddr *sa, socklen_t size, char ret[FETTLE_PEER_MAX])
{
  const struct in6_addr *six = &((const struct sockaddr_in6 *) (const void *) sa)->sin6_addr;

  ret[0] = '\0';
  if (sa->sa_family == AF_INET6 && IN6_IS_ADDR_V4MAPPED (six))
    inet_ntop (AF_INET, &six->s6_addr[12], ret, FETTLE_PEER_MAX);
  else if (getnameinfo (sa, size, ret, FETTLE_PEER_MAX, NULL, 0, NI_NUMERICHOST))
    ret[0] = '\0';
}

bool
fettle_peer_same (const char *a, const char *b)
{
  unsigned char x[16], y[16];
  char s[FETTLE_PEER_MAX], t[FETTLE_PEER_MAX];

  snprintf (s, sizeof s, "%.*s", (int) strcspn (a, "%"), a);
  snprintf (t, sizeof t, "%.*s", (int) strcspn (b, "%"), b);
  if (inet_pton (AF_INET, s, x) == 1 && inet_pton (AF_INET, t, y) == 1)
    return memcmp (x, y, 4) == 0;
  return inet_pton (AF_INET6, s, x) == 1 && inet_pton (AF_INET6, t, y) == 1
         && memcmp (x, y, 16) == 0;
}
