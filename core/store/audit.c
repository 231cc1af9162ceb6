/* audit.c - see audit.h.  SPDX-License-Identifier: Apache-2.0 */
#include "util/base.h"

#include <openssl/evp.h>
#include <time.h>

#include "store/audit.h"
#include "store/syslog.h"
#include "util/buf.h"
#include "util/text.h"

#define QUEUE_MAX (4 << 20) /* bytes for the system's log, of one transaction */

struct fettle_audit {
  struct fettle_store *store;
  struct fettle_syslog *log;    /* NULL: none */
  struct fettle_buf queue;      /* lines that wait for the commit, each with its NUL */
  int64_t id;                   /* of the last row */
  char hash[FETTLE_AUDIT_HASH]; /* its */
};

static const char first_hash[FETTLE_AUDIT_HASH] =
  "0000000000000000000000000000000000000000000000000000000000000000";

static void
hash_text (const char *before, const char *row, char ret[FETTLE_AUDIT_HASH])
{
  EVP_MD_CTX *c = EVP_MD_CTX_new ();
  unsigned char md[32];

  if (!c || !EVP_DigestInit_ex (c, EVP_sha256 (), NULL)
      || !EVP_DigestUpdate (c, before, FETTLE_AUDIT_HASH - 1)
      || !EVP_DigestUpdate (c, row, strlen (row)) || !EVP_DigestFinal_ex (c, md, NULL))
    abort (); /* no memory */
  EVP_MD_CTX_free (c);
  fettle_hex (md, sizeof md, ret);
}

/* The text that is hashed; the caller frees. */
static char *
row_text (int64_t id, int64_t when, const struct fettle_audit_entry *e, const char *detail)
{
  _cleanup_json_ json_t *row = json_pack ("[I,I,s?,s?,s?,s?,s?,s?,s?]", (json_int_t) id,
                                          (json_int_t) when, e->who, e->role, e->origin, e->what,
                                          e->object, e->outcome, detail);

  /* Text that isn't UTF-8 can't come from here; in the store it can. */
  return row ? json_dumps (row, JSON_COMPACT) : strdup ("");
}

struct fettle_audit *
fettle_audit_new (struct fettle_store *store, struct event_base *base, const char *system_log)
{
  struct fettle_audit *a = calloc (1, sizeof *a);
  struct fettle_rows rows;

  if (!a)
    abort ();
  *a = (struct fettle_audit) { .store = store, .queue = FETTLE_BUF_INIT (QUEUE_MAX),
                               .log = *system_log ? fettle_syslog_new (system_log, base)
                                                   : NULL };
  memcpy (a->hash, first_hash, sizeof a->hash);
  fettle_store_query (store, &rows, "SELECT id, hash FROM audit ORDER BY id DESC LIMIT 1", "");
  if (fettle_rows_next (&rows)) {
    a->id = fettle_rows_int (&rows, 0);
    snprintf (a->hash, sizeof a->hash, "%s", fettle_rows_text (&rows, 1));
    fettle_rows_end (&rows);
  }
  return a;
}

void
fettle_audit_free (struct fettle_audit *a)
{
  if (!a)
    return;
  if (!fettle_store_sync (a->store)) /* the last entries are told as well */
    fettle_store_forget (a->store, a);
  fettle_syslog_free (a->log);
  fettle_buf_clear (&a->queue);
  free (a);
}

/* After the commit: what the system's log has is in the store. */
static void
tell_system (void *arg)
{
  struct fettle_audit *a = arg;

  for (size_t at = 0; at < a->queue.size; at += strlen (a->queue.data + at) + 1)
    fettle_syslog_send (a->log, a->queue.data + at);
  fettle_buf_clear (&a->queue);
}

static void
queue (struct fettle_audit *a, const struct fettle_audit_entry *e, const char *detail)
{
  bool is_first = a->queue.size == 0;

  if (!a->log)
    return;
  if (!fettle_buf_printf (&a->queue, "audit %lld %s: %s (%s%s%s) %s%s%s: %.300s %.1000s",
                          (long long) a->id, a->hash, e->who, e->role ? e->role : "",
                          e->origin ? ", " : "", e->origin ? e->origin : "", e->what,
                          e->object ? " " : "", e->object ? e->object : "",
                          e->outcome ? e->outcome : "", detail ? detail : "")
      || !fettle_buf_add (&a->queue, "", 1))
    return; /* a transaction of many thousand rows: the store has them all */
  if (is_first)
    fettle_store_then (a->store, tell_system, a);
}

void
fettle_audit_add (struct fettle_audit *a, const struct fettle_audit_entry *e)
{
  _cleanup_free_ char *detail = e->detail ? json_dumps (e->detail, JSON_COMPACT | JSON_SORT_KEYS)
                                          : NULL;
  int64_t when = time (NULL);
  _cleanup_free_ char *row = row_text (a->id + 1, when, e, detail);
  char hash[FETTLE_AUDIT_HASH];

  hash_text (a->hash, row, hash);
  if (!fettle_store_run (a->store,
                         "INSERT INTO audit (id, time, who, role, origin, what, object, outcome,"
                         " detail, hash) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)", "iissssssss",
                         a->id + 1, when, e->who, e->role, e->origin, e->what, e->object,
                         e->outcome, detail, hash))
    return;
  a->id++;
  memcpy (a->hash, hash, sizeof a->hash);
  queue (a, e, detail);
}

/* ---- Verifying ---- */

static void
look_at (struct fettle_rows *r, struct fettle_audit_state *s)
{
  struct fettle_audit_entry e = { .who = fettle_rows_text (r, 2), .role = fettle_rows_text (r, 3),
                                  .origin = fettle_rows_text (r, 4),
                                  .what = fettle_rows_text (r, 5),
                                  .object = fettle_rows_text (r, 6),
                                  .outcome = fettle_rows_text (r, 7) };
  int64_t id = fettle_rows_int (r, 0);
  _cleanup_free_ char *row = row_text (id, fettle_rows_int (r, 1), &e, fettle_rows_text (r, 8));
  const char *has = fettle_rows_text (r, 9);
  char hash[FETTLE_AUDIT_HASH];

  hash_text (*s->hash ? s->hash : first_hash, row, hash);
  if (id != s->id + 1)
    s->wrong = "rows before it are missing";
  else if (!has || strcmp (has, hash) != 0)
    s->wrong = "it, or one before it, was changed";
  s->id = id;
  s->rows++;
  memcpy (s->hash, hash, sizeof s->hash);
}

void
fettle_audit_verify (struct fettle_store *store, struct fettle_audit_state *s, int n)
{
  struct fettle_rows rows;
  int seen = 0;

  fettle_store_query (store, &rows,
                      "SELECT id, time, who, role, origin, what, object, outcome, detail, hash"
                      " FROM audit WHERE id > ? ORDER BY id LIMIT ?", "ii", s->id, (int64_t) n);
  while (!s->wrong && fettle_rows_next (&rows)) {
    look_at (&rows, s);
    seen++;
  }
  fettle_rows_end (&rows);
  s->done = s->wrong || seen < n;
}
