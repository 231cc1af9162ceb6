/* store.c - see store.h.  SPDX-License-Identifier: Apache-2.0 */
#include "util/base.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdarg.h>
#include <sys/stat.h>

#include "store/backup.h"
#include "store/schema.h"
#include "store/store.h"
#include "util/log.h"

struct waiting {
  void (*f) (void *arg);
  void *arg;
};

/* Statements are prepared once and found again by the address of their text:
 * every caller passes a literal. */
struct prepared {
  const char *sql;
  sqlite3_stmt *statement;
};

struct fettle_store {
  sqlite3 *db;
  struct event *commit_event;
  bool in_transaction, has_failed;
  struct waiting *waiting;
  size_t n_waiting, room_waiting;
  struct prepared prepared[512];
  size_t n_prepared;
  void (*failed) (void *arg, const char *why);
  void *arg;
};

static void
fail (struct fettle_store *s, const char *doing)
{
  char why[512];

  if (s->has_failed)
    return;
  s->has_failed = true;
  s->n_waiting = 0;
  if (!s->failed) /* still being opened: who opens it says so */
    return;
  snprintf (why, sizeof why, "the store can't be used: %s: %s", doing, sqlite3_errmsg (s->db));
  s->failed (s->arg, why);
}

static bool
execute (struct fettle_store *s, const char *sql)
{
  if (sqlite3_exec (s->db, sql, NULL, NULL, NULL) == SQLITE_OK)
    return true;
  fail (s, sql);
  return false;
}

static void
commit (struct fettle_store *s)
{
  struct waiting *now = s->waiting;
  size_t n = s->n_waiting;

  if (s->in_transaction && execute (s, "COMMIT"))
    s->in_transaction = false;
  if (s->has_failed)
    return;
  s->waiting = NULL;
  s->n_waiting = s->room_waiting = 0;
  for (size_t i = 0; i < n; i++)
    if (now[i].f)
      now[i].f (now[i].arg);
  free (now);
}

static void
on_commit (evutil_socket_t fd, short what, void *arg)
{
  (void) fd;
  (void) what;
  commit (arg);
}

static bool
begin (struct fettle_store *s)
{
  if (s->has_failed)
    return false;
  if (s->in_transaction)
    return true;
  if (!execute (s, "BEGIN IMMEDIATE"))
    return false;
  s->in_transaction = true;
  event_active (s->commit_event, 0, 0);
  return true;
}

static sqlite3_stmt *
prepare (struct fettle_store *s, const char *sql)
{
  struct prepared *p;

  for (size_t i = 0; i < s->n_prepared; i++)
    /* One that is being read higher up can't be used twice. */
    if (s->prepared[i].sql == sql && !sqlite3_stmt_busy (s->prepared[i].statement))
      return s->prepared[i].statement;
  p = &s->prepared[s->n_prepared];
  p->sql = sql;
  if (s->n_prepared == COUNT (s->prepared)
      || sqlite3_prepare_v2 (s->db, sql, -1, &p->statement, NULL) != SQLITE_OK) {
    fail (s, sql);
    return NULL;
  }
  s->n_prepared++;
  return p->statement;
}

static void
bind_all (sqlite3_stmt *st, const char *format, va_list ap)
{
  for (int i = 1; *format; format++, i++) {
    if (*format == 'i')
      sqlite3_bind_int64 (st, i, va_arg (ap, int64_t));
    else if (*format == 's')
      sqlite3_bind_text (st, i, va_arg (ap, const char *), -1, SQLITE_TRANSIENT);
    else if (*format == 'b') {
      const void *data = va_arg (ap, const void *);

      sqlite3_bind_blob64 (st, i, data, va_arg (ap, size_t), SQLITE_TRANSIENT);
    }
    else {
      const json_t *j = va_arg (ap, const json_t *);
      char *text = j ? json_dumps (j, JSON_COMPACT | JSON_ENCODE_ANY) : NULL;

      sqlite3_bind_text (st, i, text, -1, free);
    }
  }
}

bool
fettle_store_run (struct fettle_store *s, const char *sql, const char *format, ...)
{
  sqlite3_stmt *st;
  va_list ap;
  bool ok;

  if (!begin (s) || !(st = prepare (s, sql)))
    return false;
  va_start (ap, format);
  bind_all (st, format, ap);
  va_end (ap);
  ok = sqlite3_step (st) == SQLITE_DONE;
  if (!ok)
    fail (s, sql);
  sqlite3_reset (st);
  sqlite3_clear_bindings (st);
  return ok;
}

int64_t
fettle_store_last_id (struct fettle_store *s)
{
  return sqlite3_last_insert_rowid (s->db);
}

void
fettle_store_then (struct fettle_store *s, void (*f) (void *arg), void *arg)
{
  if (s->has_failed)
    return;
  if (!s->in_transaction) {
    f (arg);
    return;
  }
  if (s->n_waiting == s->room_waiting) {
    size_t room = s->room_waiting ? 2 * s->room_waiting : 64;
    struct waiting *more = realloc (s->waiting, room * sizeof *more);

    if (!more)
      abort ();
    s->waiting = more;
    s->room_waiting = room;
  }
  s->waiting[s->n_waiting++] = (struct waiting) { f, arg };
}

bool
fettle_store_sync (struct fettle_store *s)
{
  if (s->in_transaction)
    commit (s);
  return !s->has_failed;
}

void
fettle_store_forget (struct fettle_store *s, void *arg)
{
  for (size_t i = 0; i < s->n_waiting; i++)
    if (s->waiting[i].arg == arg)
      s->waiting[i].f = NULL;
}

static void
query (struct fettle_store *s, struct fettle_rows *rows, const char *sql, const char *format,
       va_list ap)
{
  rows->statement = s->has_failed ? NULL : prepare (s, sql);
  if (rows->statement)
    bind_all (rows->statement, format, ap);
}

void
fettle_store_query (struct fettle_store *s, struct fettle_rows *rows, const char *sql,
                    const char *format, ...)
{
  va_list ap;

  va_start (ap, format);
  query (s, rows, sql, format, ap);
  va_end (ap);
}

bool
fettle_rows_next (struct fettle_rows *rows)
{
  if (rows->statement && sqlite3_step (rows->statement) == SQLITE_ROW)
    return true;
  fettle_rows_end (rows);
  return false;
}

void
fettle_rows_end (struct fettle_rows *rows)
{
  if (!rows->statement)
    return;
  sqlite3_reset (rows->statement);
  sqlite3_clear_bindings (rows->statement);
  rows->statement = NULL;
}

int64_t
fettle_rows_int (struct fettle_rows *rows, int column)
{
  return sqlite3_column_int64 (rows->statement, column);
}

const char *
fettle_rows_text (struct fettle_rows *rows, int column)
{
  return (const char *) sqlite3_column_text (rows->statement, column);
}

const void *
fettle_rows_blob (struct fettle_rows *rows, int column, size_t *ret_size)
{
  const void *data = sqlite3_column_blob (rows->statement, column);

  *ret_size = (size_t) sqlite3_column_bytes (rows->statement, column);
  return data;
}

json_t *
fettle_rows_json (struct fettle_rows *rows, int column)
{
  const char *text = fettle_rows_text (rows, column);
  json_t *j = text ? json_loads (text, JSON_DECODE_ANY, NULL) : NULL;

  return j ? j : json_null ();
}

int64_t
fettle_store_number (struct fettle_store *s, int64_t otherwise, const char *sql,
                     const char *format, ...)
{
  struct fettle_rows rows;
  va_list ap;

  va_start (ap, format);
  query (s, &rows, sql, format, ap);
  va_end (ap);
  if (!fettle_rows_next (&rows))
    return otherwise;
  otherwise = fettle_rows_int (&rows, 0);
  fettle_rows_end (&rows);
  return otherwise;
}

/* A step can't be taken back. */
static fettle_result
copy_before (struct fettle_store *s, const char *path, int64_t have, struct fettle_error *err)
{
  char copy[PATH_MAX];

  if ((size_t) snprintf (copy, sizeof copy, "%s.schema-%lld", path, (long long) have)
      >= sizeof copy)
    return fettle_error_set (err, FETTLE_E_CONFIG, "the path %s is too long", path);
  fettle_log (FETTLE_LOG_INFO, "the store is of an older Fettle: it is brought up to date, %s is a"
                               " copy of it as it was", copy);
  return fettle_backup_now (s->db, copy, err);
}

/* Takes the steps of the schema that this store lacks. */
static fettle_result
update_schema (struct fettle_store *s, const char *path, struct fettle_error *err)
{
  int64_t have = fettle_store_number (s, 0, "PRAGMA user_version", "");
  char sql[64];

  if (have > (int64_t) COUNT (fettle_schema))
    return fettle_error_set (err, FETTLE_E_CONFIG,
                             "the store %s was written by a newer Fettle (schema %lld)", path,
                             (long long) have);
  if (have > 0 && have < (int64_t) COUNT (fettle_schema) && copy_before (s, path, have, err))
    return err->code;
  for (size_t i = (size_t) have; i < COUNT (fettle_schema); i++) {
    snprintf (sql, sizeof sql, "PRAGMA user_version = %zu; COMMIT", i + 1);
    if (!execute (s, "BEGIN IMMEDIATE") || !execute (s, fettle_schema[i]) || !execute (s, sql))
      return fettle_error_set (err, FETTLE_E_CONFIG, "making the store %s: %s", path,
                               sqlite3_errmsg (s->db));
  }
  return FETTLE_OK;
}

static fettle_result
damaged (const char *path, const char *how, struct fettle_error *err)
{
  return fettle_error_set (err, FETTLE_E_CONFIG,
                           "the store %s is damaged (%.200s): move it and its -wal file away, and"
                           " put back store.db and key of the last fettle service backup, or start"
                           " anew", path, how);
}

static fettle_result
check (struct fettle_store *s, const char *path, struct fettle_error *err)
{
  struct fettle_rows rows;

  fettle_store_query (s, &rows, "PRAGMA quick_check(1)", "");
  if (!fettle_rows_next (&rows))
    return damaged (path, sqlite3_errmsg (s->db), err);
  if (strcmp (fettle_rows_text (&rows, 0), "ok") != 0)
    damaged (path, fettle_rows_text (&rows, 0), err);
  else
    err->code = FETTLE_OK;
  fettle_rows_end (&rows);
  return err->code;
}

/* Made by us first, so that nobody else can read it from its first byte; and
 * closed before SQLite opens it: closing any descriptor of a file gives up all
 * of the process's locks on it. */
static fettle_result
make_file (const char *path, struct fettle_error *err)
{
  _cleanup_close_ int fd = open (path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);

  if (fd < 0 || fchmod (fd, 0600))
    return fettle_error_errno (err, FETTLE_E_CONFIG, "opening the store %s", path);
  return FETTLE_OK;
}

/* What sqlite3_open doesn't see, the first statement does. */
static fettle_result
open_db (struct fettle_store *s, const char *path, struct fettle_error *err)
{
  int code = sqlite3_open_v2 (path, &s->db, SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX, NULL);

  if (code == SQLITE_OK)
    code = sqlite3_exec (s->db, "PRAGMA locking_mode = EXCLUSIVE; PRAGMA journal_mode = WAL;"
                                "PRAGMA synchronous = FULL; PRAGMA foreign_keys = ON;"
                                "PRAGMA cache_size = -32768;" /* KiB */
                                "PRAGMA secure_delete = ON",
                         NULL, NULL, NULL);
  if (code == SQLITE_CORRUPT || code == SQLITE_NOTADB)
    return damaged (path, sqlite3_errmsg (s->db), err);
  if (code == SQLITE_BUSY || code == SQLITE_LOCKED)
    return fettle_error_set (err, FETTLE_E_BUSY, "the store %s is in use by another process", path);
  return code == SQLITE_OK ? FETTLE_OK
         : fettle_error_set (err, FETTLE_E_CONFIG, "opening the store %s: %s", path,
                             sqlite3_errmsg (s->db));
}

fettle_result
fettle_store_open (const char *path, struct event_base *base,
                   void (*failed) (void *arg, const char *why), void *arg,
                   struct fettle_store **ret, struct fettle_error *err)
{
  struct fettle_store *s = calloc (1, sizeof *s);

  if (!s)
    return fettle_error_set (err, FETTLE_E_NOMEM, "no memory for the store");
  if (make_file (path, err))
    goto out;
  if (open_db (s, path, err) || check (s, path, err) || update_schema (s, path, err))
    goto out;
  s->commit_event = event_new (base, -1, 0, on_commit, s);
  /* Behind all that is ready when it is asked for, which is written with it; in
   * a base with priorities, behind what becomes ready meanwhile, too. */
  event_priority_set (s->commit_event, event_base_get_npriorities (base) - 1);
  s->failed = failed;
  s->arg = arg;
  *ret = s;
  return FETTLE_OK;

out:
  s->has_failed = true;
  fettle_store_close (s);
  return err->code;
}

sqlite3 *
fettle_store_db (struct fettle_store *s)
{
  return s->db;
}

void
fettle_store_close (struct fettle_store *s)
{
  if (!s)
    return;
  if (!s->has_failed && s->in_transaction)
    execute (s, "COMMIT");
  for (size_t i = 0; i < s->n_prepared; i++)
    sqlite3_finalize (s->prepared[i].statement);
  sqlite3_close (s->db);
  if (s->commit_event)
    event_free (s->commit_event);
  free (s->waiting);
  free (s);
}
