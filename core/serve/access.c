/* access.c - see access.h.  SPDX-License-Identifier: Apache-2.0 */
#include "util/base.h"

#include <openssl/evp.h>
#include <openssl/x509.h>
#include <strings.h>
#include <time.h>

#include "serve/access.h"
#include "util/clock.h"
#include "util/log.h"
#include "util/secret.h"
#include "util/text.h"

#define PREFIX  "fettle_"
#define SECRET  64   /* hex digits */
#define SLOTS   1024 /* addresses that are counted: more share one */
#define HEX     "0123456789abcdef"
#define SUBJECT 512

struct wrong {
  uint64_t since;
  unsigned n;
};

struct fettle_access {
  unsigned char local[FETTLE_TOKEN_HASH];
  struct fettle_access_tokens tokens;
  char *roles;
  uint64_t refused;
  uint32_t seed;
  struct wrong wrong[SLOTS];
};

static bool
hash_of (const char *text, size_t size, unsigned char ret[FETTLE_TOKEN_HASH])
{
  return EVP_Digest (text, size, ret, NULL, EVP_sha256 (), NULL) == 1;
}

/* ---- The map from subjects to roles ---- */

static const char *
skip (const char *p)
{
  return p + strspn (p, " \t");
}

/* The next "SUBJECT: ROLE" of the map.  False: the end, or it is malformed
 * (*p isn't at the end then).  A subject has ':' and '\;' in it, maybe. */
static bool
next_role (const char **p, const char **ret_subject, size_t *ret_size, enum fettle_role *ret_role)
{
  const char *start = skip (*p), *end = start, *colon = NULL;
  char word[16];
  size_t n;

  for (; *end && *end != ';'; end++) {
    if (*end == '\\' && end[1])
      end++;
    else if (*end == ':')
      colon = end;
  }
  if (!colon)
    return false;
  n = strcspn (skip (colon + 1), " \t;");
  snprintf (word, sizeof word, "%.*s", n < sizeof word ? (int) n : 0, skip (colon + 1));
  *ret_role = fettle_role_by_name (word);
  while (colon > start && colon[-1] == ' ')
    colon--;
  *ret_subject = start;
  *ret_size = (size_t) (colon - start);
  if (!*ret_role || !*ret_size || skip (skip (strchr (start + *ret_size, ':') + 1) + n) != end)
    return false;
  *p = skip (end + (*end == ';'));
  return true;
}

static fettle_result
check_roles (const char *roles, struct fettle_error *err)
{
  const char *p = skip (roles), *subject;
  enum fettle_role role;
  size_t size;

  while (*p)
    if (!next_role (&p, &subject, &size, &role))
      return fettle_error_set (err, FETTLE_E_CONFIG,
                               "client_roles: \"%.100s\" isn't SUBJECT: ROLE, like \"CN=ops,O=Example:"
                               " operator\"; roles are viewer, operator and admin", p);
  return FETTLE_OK;
}

static enum fettle_role
role_of_subject (const struct fettle_access *a, const char *wanted)
{
  const char *p = skip (a->roles), *subject;
  enum fettle_role role;
  size_t size;

  while (*p && next_role (&p, &subject, &size, &role))
    if (strlen (wanted) == size && memcmp (subject, wanted, size) == 0)
      return role;
  return FETTLE_ROLE_NONE;
}

/* ---- Wrong ones ---- */

/* An IPv6 user has a /64: its text, up to the fourth colon. */
static struct wrong *
slot_of (struct fettle_access *a, const char *from)
{
  uint32_t h = a->seed;
  unsigned colons = 0;

  for (const char *p = from; *p && (colons += *p == ':') < 4; p++)
    h = (h ^ (unsigned char) *p) * 16777619u;
  return &a->wrong[(h ^ h >> 16) % SLOTS];
}

static int
refuse (struct fettle_access *a, const char *from, int status)
{
  struct wrong *w = slot_of (a, from);
  uint64_t now = fettle_seconds ();

  a->refused++;
  if (!w->n || now - w->since >= FETTLE_WRONG_SECONDS)
    *w = (struct wrong) { .since = now };
  return ++w->n > FETTLE_WRONG_MAX ? 429 : status;
}

/* ---- Tokens ---- */

/* "fettle_ID_SECRET" */
static bool
split (const char *token, size_t size, char id[FETTLE_TOKEN_ID + 1], const char **ret_secret)
{
  size_t n = strlen (PREFIX);

  if (size != n + FETTLE_TOKEN_ID + 1 + SECRET || memcmp (token, PREFIX, n) != 0
      || token[n + FETTLE_TOKEN_ID] != '_')
    return false;
  memcpy (id, token + n, FETTLE_TOKEN_ID);
  id[FETTLE_TOKEN_ID] = '\0';
  *ret_secret = token + n + FETTLE_TOKEN_ID + 1;
  return strspn (id, HEX) == FETTLE_TOKEN_ID;
}

static bool
is_over (const struct fettle_caller *c)
{
  return c->until && c->until <= (int64_t) time (NULL);
}

/* The same work whether there is such a token or not. */
static bool
check_token (struct fettle_access *a, const char *token, size_t size, struct fettle_caller *c)
{
  unsigned char hash[FETTLE_TOKEN_HASH], want[FETTLE_TOKEN_HASH] = { 0 };
  char id[FETTLE_TOKEN_ID + 1];
  const char *secret;
  bool found, equal;

  if (!split (token, size, id, &secret)) {
    if (!hash_of (token, size, hash)
        || !fettle_secret_equal (hash, sizeof hash, a->local, sizeof a->local))
      return false;
    *c = (struct fettle_caller) { .name = "local", .role = FETTLE_ROLE_ADMIN };
    return true;
  }
  found = a->tokens.find && a->tokens.find (a->tokens.arg, id, want, c);
  if (!hash_of (secret, SECRET, hash))
    return false;
  equal = fettle_secret_equal (hash, sizeof hash, want, sizeof want);
  if (!found || !equal || is_over (c))
    return false;
  memcpy (c->token, id, sizeof id);
  if (a->tokens.used)
    a->tokens.used (a->tokens.arg, id);
  return true;
}

/* ---- Certificates ---- */

static bool
subject_text (X509 *cert, char ret[SUBJECT])
{
  BIO *bio = BIO_new (BIO_s_mem ());
  char *data;
  long n = 0;

  if (bio && X509_NAME_print_ex (bio, X509_get_subject_name (cert), 0,
                                 XN_FLAG_RFC2253 & ~(unsigned long) ASN1_STRFLGS_ESC_MSB) >= 0)
    n = BIO_get_mem_data (bio, &data);
  if (n > 0 && n < SUBJECT) {
    memcpy (ret, data, (size_t) n);
    ret[n] = '\0';
  }
  BIO_free (bio);
  return n > 0 && n < SUBJECT;
}

/* Seconds since 1970; 0: not to be told. */
static int64_t
end_of (const X509 *cert)
{
  struct tm tm = { 0 };

  return ASN1_TIME_to_tm (X509_get0_notAfter (cert), &tm) ? (int64_t) timegm (&tm) : 0;
}

/* A session that is resumed brings the certificate of its beginning: its end
 * is looked at each time. */
static int
check_certificate (struct fettle_access *a, SSL *ssl, struct fettle_caller *c)
{
  X509 *cert = ssl ? SSL_get0_peer_certificate (ssl) : NULL;
  char subject[SUBJECT];

  if (!cert || SSL_get_verify_result (ssl) != X509_V_OK || !subject_text (cert, subject))
    return 401;
  *c = (struct fettle_caller) { .role = role_of_subject (a, subject), .until = end_of (cert) };
  snprintf (c->name, sizeof c->name, "%.*s", (int) sizeof c->name - 1, subject);
  if (!c->until || is_over (c))
    return 401;
  if (!c->role) {
    fettle_log (FETTLE_LOG_DEBUG, "the certificate's subject %s isn't in client_roles", subject);
    return 403;
  }
  return 0;
}

/* ---- Both ---- */

int
fettle_access_check (struct fettle_access *a, const char *value, size_t size, SSL *ssl,
                     const char *from, struct fettle_caller *ret)
{
  static const char scheme[] = "Bearer ";
  struct fettle_caller c = { .role = FETTLE_ROLE_NONE };
  size_t n = strlen (scheme);
  int status = 401;

  if (!value && !(ssl && SSL_get0_peer_certificate (ssl)))
    return 401; /* who shows nothing doesn't guess */
  if (!value)
    status = check_certificate (a, ssl, &c);
  else if (size > n && size - n < FETTLE_TOKEN_MAX && strncasecmp (value, scheme, n) == 0
           && check_token (a, value + n, size - n, &c))
    status = 0;
  if (status)
    return refuse (a, from, status);
  snprintf (c.from, sizeof c.from, "%s", from);
  *ret = c;
  return 0;
}

bool
fettle_access_still (struct fettle_access *a, const struct fettle_caller *c)
{
  unsigned char hash[FETTLE_TOKEN_HASH];
  struct fettle_caller now;

  if (is_over (c))
    return false;
  if (!*c->token)
    return true;
  return a->tokens.find && a->tokens.find (a->tokens.arg, c->token, hash, &now) && !is_over (&now);
}

uint64_t
fettle_access_refused (const struct fettle_access *a)
{
  return a->refused;
}

fettle_result
fettle_access_make (char ret_id[FETTLE_TOKEN_ID + 1], char ret_text[FETTLE_TOKEN_MAX],
                    unsigned char ret_hash[FETTLE_TOKEN_HASH], struct fettle_error *err)
{
  unsigned char random[(FETTLE_TOKEN_ID + SECRET) / 2];
  char hex[2 * sizeof random + 1];
  fettle_result r = fettle_random (random, sizeof random, err);

  if (r)
    return r;
  fettle_hex (random, sizeof random, hex);
  snprintf (ret_id, FETTLE_TOKEN_ID + 1, "%.*s", FETTLE_TOKEN_ID, hex);
  snprintf (ret_text, FETTLE_TOKEN_MAX, PREFIX "%s_%s", ret_id, hex + FETTLE_TOKEN_ID);
  if (!hash_of (hex + FETTLE_TOKEN_ID, SECRET, ret_hash))
    r = fettle_error_set (err, FETTLE_E_INTERNAL, "hashing a token: the library refuses");
  fettle_wipe (random, sizeof random);
  fettle_wipe (hex, sizeof hex);
  return r;
}

void
fettle_access_set_tokens (struct fettle_access *a, const struct fettle_access_tokens *tokens)
{
  a->tokens = *tokens;
}

fettle_result
fettle_access_new (const char *token, const char *roles, struct fettle_access **ret,
                   struct fettle_error *err)
{
  struct fettle_access *a;

  if (check_roles (roles, err))
    return err->code;
  a = calloc (1, sizeof *a);
  if (!a || !(a->roles = strdup (roles)) || !hash_of (token, strlen (token), a->local)
      || fettle_random (&a->seed, sizeof a->seed, err)) {
    fettle_access_free (a);
    return fettle_error_set (err, FETTLE_E_NOMEM, "no memory for the API's tokens");
  }
  *ret = a;
  return FETTLE_OK;
}

void
fettle_access_free (struct fettle_access *a)
{
  if (!a)
    return;
  free (a->roles);
  free (a);
}
