/* ribcl.h - RIBCL, the XML that iLO 2, 3 and 4 speak: its text, a dialogue with
 * one iLO, and what is done with it.
 *
 * An answer is many XML documents after one another, and none of them need be
 * well formed: a root that is closed before its content, quotes and control
 * characters in values, tags that a cut connection ends in the middle.  So it
 * is read as a sequence of tags, which is all that is asked of it.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef RIBCL_H
#define RIBCL_H

#include <fettle/services.h>

#include "ilo.h"

/* ---- ribcl-text.c: no I/O ---- */

/* Borrowed from the text. */
struct ribcl_tag {
  const char *name, *inside, *text; /* text: what is between this tag and the one before */
  size_t name_size, inside_size, text_size;
  int closing;                      /* </NAME> */
};

/* The next tag at *at, which is moved behind it.  0: there is none. */
int ribcl_next (const char **at, const char *end, struct ribcl_tag *);
int ribcl_is (const struct ribcl_tag *, const char *name);

/* An attribute's value, the text before a tag: printable ASCII, no spaces
 * around, cut to fit.  Whether there is such an attribute; "" if not. */
int ribcl_attribute (const struct ribcl_tag *, const char *name, char *ret, size_t size);
void ribcl_text (const struct ribcl_tag *, char *ret, size_t size);

struct ribcl_said {
  unsigned documents; /* 0: it is no RIBCL */
  unsigned status;    /* the first that isn't 0 */
  char message[200];  /* its words */
  char inform[200];   /* the last piece of news */
  int percent;        /* in one of these, -1 if none had any */
};

void ribcl_read (const char *text, size_t size, struct ribcl_said *);

/* What a status means and what to do, and as which result; NULL: only the
 * iLO's own words are known. */
const char *ribcl_explain (unsigned status, fettle_result *ret);

/* ---- ribcl.c: the dialogue ---- */

#define RIBCL_ANSWER_MAX (4u << 20) /* bytes */

struct ribcl {
  const struct fettle_host *h;
  fettle_ctx *c;
  const struct fettle_target *t;
  const struct ilo_identity *who;
  uint32_t tls;            /* 0 or FETTLE_HTTP_OLD_TLS */
  const char *cookie;      /* "Cookie: ..." of an upload, or NULL */
  uint32_t silence_ms;     /* how long it may be silent; 0: the user's setting */
  int64_t file;            /* what goes behind the first part of a request, or -1 */
  uint64_t file_size, file_sent;
  fettle_sink *heard;      /* takes what comes as it comes, or NULL */
  void (*sent) (void *opaque, uint64_t bytes, uint64_t all);
  void *opaque;            /* for both */

  char *answer;            /* of the last request, with a NUL behind */
  size_t size;
};

void ribcl_init (struct ribcl *, ILO_CALL, const struct ilo_identity *);
void ribcl_clear (struct ribcl *);

/* Logs in and says this ("<RIB_INFO ...>...</RIB_INFO>"); with an image, `tail`
 * follows it.  FETTLE_OK when something came back that may be RIBCL. */
fettle_result ribcl_ask (struct ribcl *, const char *body, const char *tail);

/* The same, and an answer that is no RIBCL, or has a status that isn't 0, is an
 * error that says so. */
fettle_result ribcl_ask_surely (struct ribcl *, const char *body);

/* ribcl_ask's answer as such an error; `otherwise`: where the status means
 * nothing that is known. */
fettle_result ribcl_judge (struct ribcl *, fettle_result otherwise);

/* Is there a TPM that is on?  Firmware that can't tell has none. */
int ribcl_has_tpm (struct ribcl *);

/* The iLO's firmware, "1.82"; "" if it doesn't say. */
void ribcl_version (const struct ribcl *, char *ret, size_t size);

/* ---- what is done with it ---- */

/* All that RIBCL tells of a node that said who it is. */
fettle_result ribcl_inventory (ILO_CALL, const struct ilo_identity *who);

/* Does this token of a deployment belong to the next function? */
int ribcl_owns (const char *token);

/* Updates by upload.  `who` may be NULL once there is a token. */
fettle_result ribcl_deploy (ILO_CALL, const struct fettle_image *, const struct ilo_identity *who);

#endif
