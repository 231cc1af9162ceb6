/* hasher.c - see hasher.h.  SPDX-License-Identifier: Apache-2.0 */
#include "util/base.h"

#include <errno.h>
#include <pthread.h>

#include "baseline/hasher.h"
#include "util/text.h"

enum { SLOTS = 8, SLOT_SIZE = 1 << 18 };

struct slot {
  EVP_MD_CTX *md;
  size_t size;
  char data[SLOT_SIZE];
};

/* Slots [first, first + used) wait for the thread, the first is being hashed. */
static struct {
  pthread_mutex_t lock;
  pthread_cond_t changed;
  struct slot *slots;
  size_t first, used;
} ring = { PTHREAD_MUTEX_INITIALIZER, PTHREAD_COND_INITIALIZER, NULL, 0, 0 };

static void *
hash (void *unused FETTLE_UNUSED)
{
  pthread_mutex_lock (&ring.lock);
  for (;;) {
    struct slot *slot;

    while (!ring.used)
      pthread_cond_wait (&ring.changed, &ring.lock);
    slot = &ring.slots[ring.first];
    pthread_mutex_unlock (&ring.lock);
    EVP_DigestUpdate (slot->md, slot->data, slot->size);
    pthread_mutex_lock (&ring.lock);
    ring.first = (ring.first + 1) % SLOTS;
    ring.used--;
    pthread_cond_broadcast (&ring.changed);
  }
  return NULL;
}

fettle_result
fettle_hasher_start (struct fettle_error *err)
{
  pthread_t thread;
  int r;

  ring.slots = calloc (SLOTS, sizeof *ring.slots);
  if (!ring.slots)
    return fettle_error_set (err, FETTLE_E_NOMEM, "no memory to hash files");
  r = pthread_create (&thread, NULL, hash, NULL);
  if (r) {
    free (ring.slots);
    ring.slots = NULL;
    errno = r;
    return fettle_error_errno (err, FETTLE_E_INTERNAL, "starting a thread that hashes files");
  }
  pthread_detach (thread);
  return FETTLE_OK;
}

static void
put (EVP_MD_CTX *md, const void *data, size_t size)
{
  struct slot *slot;

  pthread_mutex_lock (&ring.lock);
  while (ring.used == SLOTS)
    pthread_cond_wait (&ring.changed, &ring.lock);
  slot = &ring.slots[(ring.first + ring.used) % SLOTS];
  pthread_mutex_unlock (&ring.lock);
  slot->md = md;
  slot->size = size;
  memcpy (slot->data, data, size);
  pthread_mutex_lock (&ring.lock);
  ring.used++;
  pthread_cond_broadcast (&ring.changed);
  pthread_mutex_unlock (&ring.lock);
}

void
fettle_hasher_update (EVP_MD_CTX *md, const void *data, size_t size)
{
  if (!ring.slots) {
    EVP_DigestUpdate (md, data, size);
    return;
  }
  while (size) {
    size_t n = size < SLOT_SIZE ? size : SLOT_SIZE;

    put (md, data, n);
    data = (const char *) data + n;
    size -= n;
  }
}

void
fettle_hasher_drain (void)
{
  pthread_mutex_lock (&ring.lock);
  while (ring.used)
    pthread_cond_wait (&ring.changed, &ring.lock);
  pthread_mutex_unlock (&ring.lock);
}

void
fettle_hasher_finish (EVP_MD_CTX *md, char ret_hex[FETTLE_SHA256_TEXT])
{
  unsigned char digest[EVP_MAX_MD_SIZE];

  fettle_hasher_drain ();
  EVP_DigestFinal_ex (md, digest, NULL);
  fettle_hex (digest, 32, ret_hex);
}
