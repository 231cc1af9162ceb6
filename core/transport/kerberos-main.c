/* kerberos-main.c - fettle-kerberos: a credential helper (fettled(8)) that lets
 * Windows nodes be reached by Kerberos.
 *
 * A worker can neither read tickets nor reach a KDC: it is confined to its
 * node.  So this program, which the service runs before each call, asks the
 * system's GSSAPI for tickets of the node, and answers with what is sent to it
 * (tokens) and the key that comes with each: good for this node, once each,
 * for some minutes.  Who we are is what GSSAPI knows of the service's user: a
 * credential cache, or a client keytab.
 *
 * GSSAPI is loaded at run time, so that Fettle doesn't need it; its C binding
 * (RFC 2744) is written down here.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "util/base.h"

#include <dlfcn.h>

#include "util/buf.h"
#include "util/secret.h"
#include "util/text.h"

#define LIBRARY      "libgssapi_krb5.so.2"
#define QUESTION_MAX 16384
#define ANSWER_MAX   12000 /* the service takes 16 KiB */
#define TOKENS       4     /* connections of one call: a node may restart in between */

/* ---- RFC 2744 ---- */

struct gss_buffer {
  size_t size;
  void *data;
};
struct gss_oid {
  uint32_t size;
  const void *elements;
};
struct gss_buffers {
  size_t n;
  struct gss_buffer *elements;
};

#define GSS_DONE         0u
#define GSS_IS_ERROR(r)  ((r) & 0xffff0000u)
#define GSS_REPLAY       4u
#define GSS_SEQUENCE     8u
#define GSS_INTEGRITY    32u
#define GSS_MECHANISM    2 /* of gss_display_status */
#define GSS_INITIATE     1

/* 1.2.840.113554.1.2.2, .1.2.1.4 (a service of a host), .1.2.2.5.5 (the session's key), .1.2.1.1 (a user) */
static const struct gss_oid kerberos = { 9, "\x2a\x86\x48\x86\xf7\x12\x01\x02\x02" };
static const struct gss_oid host_service = { 10, "\x2a\x86\x48\x86\xf7\x12\x01\x02\x01\x04" };
static const struct gss_oid session_key = { 11, "\x2a\x86\x48\x86\xf7\x12\x01\x02\x02\x05\x05" };
static const struct gss_oid user_name = { 10, "\x2a\x86\x48\x86\xf7\x12\x01\x02\x01\x01" };

struct gss {
  uint32_t (*import_name) (uint32_t *, const struct gss_buffer *, const struct gss_oid *, void **);
  uint32_t (*acquire_cred) (uint32_t *, void *, uint32_t, void *, int, void **, void *, uint32_t *);
  uint32_t (*init_sec_context) (uint32_t *, void *, void **, void *, const struct gss_oid *, uint32_t, uint32_t,
                                void *, const struct gss_buffer *, void *, struct gss_buffer *, uint32_t *, uint32_t *);
  uint32_t (*inquire_sec_context_by_oid) (uint32_t *, void *, const struct gss_oid *, struct gss_buffers **);
  uint32_t (*delete_sec_context) (uint32_t *, void **, struct gss_buffer *);
  uint32_t (*display_status) (uint32_t *, uint32_t, int, const struct gss_oid *, uint32_t *, struct gss_buffer *);
  uint32_t (*release_name) (uint32_t *, void **);
  uint32_t (*release_cred) (uint32_t *, void **);
  uint32_t (*release_buffer) (uint32_t *, struct gss_buffer *);
  uint32_t (*release_buffer_set) (uint32_t *, struct gss_buffers **);
};

static bool
load (struct gss *g)
{
  void *library = dlopen (LIBRARY, RTLD_NOW | RTLD_LOCAL);
  const struct { void *place; const char *name; } all[] = {
    { &g->import_name, "gss_import_name" },
    { &g->acquire_cred, "gss_acquire_cred" },
    { &g->init_sec_context, "gss_init_sec_context" },
    { &g->inquire_sec_context_by_oid, "gss_inquire_sec_context_by_oid" },
    { &g->delete_sec_context, "gss_delete_sec_context" },
    { &g->display_status, "gss_display_status" },
    { &g->release_name, "gss_release_name" },
    { &g->release_cred, "gss_release_cred" },
    { &g->release_buffer, "gss_release_buffer" },
    { &g->release_buffer_set, "gss_release_buffer_set" },
  };

  for (size_t i = 0; library && i < COUNT (all); i++) {
    void *p = dlsym (library, all[i].name);

    if (!p)
      return false;
    memcpy (all[i].place, &p, sizeof p);
  }
  return library != NULL;
}

static int
fail (const struct gss *g, const char *doing, const char *what, uint32_t minor)
{
  struct gss_buffer text = { 0, NULL };
  uint32_t ignored, more = 0;

  g->display_status (&ignored, minor, GSS_MECHANISM, &kerberos, &more, &text);
  fprintf (stderr, "%s %s: %.*s\n", doing, what, (int) text.size, text.data ? (const char *) text.data : "");
  g->release_buffer (&ignored, &text);
  return EXIT_FAILURE;
}

static bool
name_of (const struct gss *g, const char *text, const struct gss_oid *kind, void **ret, uint32_t *ret_minor)
{
  struct gss_buffer b = { strlen (text), (void *) (uintptr_t) text };

  return !GSS_IS_ERROR (g->import_name (ret_minor, &b, kind, ret));
}

/* ---- Tokens ---- */

/* One token and its key, as "TOKEN:KEY ", in hexadecimal. */
static bool
add_token (const struct gss *g, void *credential, void *target, struct fettle_buf *b, uint32_t *ret_minor)
{
  struct gss_buffer token = { 0, NULL };
  struct gss_buffers *key = NULL;
  void *context = NULL;
  uint32_t ignored;
  bool ok = g->init_sec_context (ret_minor, credential, &context, target, &kerberos,
                                 GSS_REPLAY | GSS_SEQUENCE | GSS_INTEGRITY, 0, NULL, NULL, NULL, &token, NULL, NULL)
              == GSS_DONE
            && g->inquire_sec_context_by_oid (ret_minor, context, &session_key, &key) == GSS_DONE
            && key && key->n >= 1 && key->elements[0].size >= 16;
  size_t size = ok ? 2 * (token.size + key->elements[0].size) + 3 : 0;
  char *text = ok ? malloc (size) : NULL;

  if (text) {
    fettle_hex (token.data, token.size, text);
    text[2 * token.size] = ':';
    fettle_hex (key->elements[0].data, key->elements[0].size, text + 2 * token.size + 1);
    text[size - 2] = ' ';
    text[size - 1] = '\0';
    /* What has no room is left out: there is one already. */
    if (!fettle_buf_text_add (b, text) && !b->size)
      ok = false;
    fettle_wipe_free (text);
  }
  g->release_buffer (&ignored, &token);
  if (key)
    g->release_buffer_set (&ignored, &key);
  if (context)
    g->delete_sec_context (&ignored, &context, NULL);
  return ok && text;
}

struct names {
  void *target, *user, *credential;
};

static int
answer (const struct gss *g, const char *host, const char *user, struct names *n)
{
  _cleanup_ (fettle_buf_clear) struct fettle_buf b = FETTLE_BUF_SECRET (ANSWER_MAX);
  char service[300];
  uint32_t minor = 0;
  _cleanup_json_ json_t *j = NULL;

  snprintf (service, sizeof service, "cifs@%s", host);
  if (!name_of (g, service, &host_service, &n->target, &minor))
    return fail (g, "taking as a name", service, minor);
  if (user && strchr (user, '@') && !name_of (g, user, &user_name, &n->user, &minor))
    return fail (g, "taking as a name", user, minor);
  if (GSS_IS_ERROR (g->acquire_cred (&minor, n->user, 0, NULL, GSS_INITIATE, &n->credential, NULL, NULL)))
    return fail (g, "looking for a ticket or a client keytab of", n->user ? user : "the service's user", minor);
  for (int i = 0; i < TOKENS; i++)
    if (!add_token (g, n->credential, n->target, &b, &minor))
      return fail (g, "getting a ticket for", service, minor);
  j = json_pack ("{s:s}", "kerberos", fettle_buf_text (&b));
  return j && json_dumpf (j, stdout, JSON_COMPACT) == 0 && puts ("") >= 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}

static void
names_clear (const struct gss *g, struct names *n)
{
  uint32_t ignored;

  if (n->credential)
    g->release_cred (&ignored, &n->credential);
  if (n->user)
    g->release_name (&ignored, &n->user);
  if (n->target)
    g->release_name (&ignored, &n->target);
}

int
main (int argc, char **argv)
{
  _cleanup_json_ json_t *question = NULL;
  const char *node, *address, *user;
  char line[QUESTION_MAX];
  struct names names = { NULL, NULL, NULL };
  struct gss g;
  int status;

  fettle_secret_json ();
  if (argc != 2 || strcmp (argv[1], "get") != 0 || !fgets (line, sizeof line, stdin)) {
    fputs ("usage: fettle-kerberos get, with a question on the standard input: fettled(8), CREDENTIAL HELPERS\n", stderr);
    return EXIT_FAILURE;
  }
  question = json_loads (line, 0, NULL);
  node = json_string_value (json_object_get (question, "node"));
  address = json_string_value (json_object_get (question, "address"));
  user = json_string_value (json_object_get (question, "user"));
  if (!node || !address) {
    fputs ("the question has no node or no address\n", stderr);
    return EXIT_FAILURE;
  }
  if (!load (&g)) {
    fputs ("this host has no GSSAPI: " LIBRARY " can't be loaded\n", stderr);
    return EXIT_FAILURE;
  }
  /* A ticket is for a name: the address if it is one, else the node's own. */
  status = answer (&g, fettle_is_address (address) ? node : address, user, &names);
  names_clear (&g, &names);
  return status;
}
