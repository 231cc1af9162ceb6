/* oa.h - what the files of the oa plugin share.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef OA_H
#define OA_H

#include <fettle/plugin.h>
#include <fettle/services.h>
#include <fettle/xml.h>

#include "enclosure.h"

/* For calls: the three that each gets. */
#define OA_CALL const struct fettle_host *h, fettle_ctx *c, const struct fettle_target *t

fettle_result oa_probe (OA_CALL, uint32_t *score);
fettle_result oa_inventory (OA_CALL);
fettle_result oa_deploy (OA_CALL, const struct fettle_image *);

/* A setting that is "yes"; a number of one. */
int oa_says_yes (const struct fettle_host *, fettle_ctx *, const char *setting);
uint32_t oa_number (const struct fettle_host *, fettle_ctx *, const char *setting);

/* ---- reading (read.c) ---- */

/* By xmldata, which wants no login: by HTTPS, else by HTTP.  FETTLE_OK when
 * the enclosure was read. */
fettle_result oa_ask_xmldata (OA_CALL, struct oa_enclosure *);

/* By the command line, in script mode (cli.c). */
fettle_result oa_ask_cli (OA_CALL, struct oa_enclosure *);

/* A sentence that names the OA to talk to instead of this standby one. */
void oa_name_active (const struct oa_enclosure *, char *ret, size_t size);

/* What was read, as items and nodes (items.c). */
fettle_result oa_tell (OA_CALL, const struct oa_enclosure *);

/* What an iLO of a blade is matched by: "oa:ilo4"; "" if it is none. */
void oa_ilo_match (const char *mp, char ret[16]);

/* ---- SOAP (soap.c) ---- */

struct oa_session {
  const struct fettle_host *h;
  fettle_ctx *c;
  const struct fettle_target *t;
  char key[80];          /* "": not logged in */
  unsigned code;         /* of the OA's last refusal; 0: none */
  int reached;           /* the OA has answered */
  char why[700];         /* its last refusal, as a sentence */
};

/* What the user gave for the node is filled in by the host. */
fettle_result oa_login (struct oa_session *, OA_CALL);

/* Always; `result` is how the call went, so that an OA that has gone isn't
 * waited for, and its message stays. */
void oa_logout (struct oa_session *, fettle_result result);

/* A method with its arguments, in XML.  The answer is borrowed until the next
 * request.  What the OA refuses has been said in a sentence, s->code has its
 * number. */
fettle_result oa_call (struct oa_session *, const char *method, const char *arguments,
                       uint32_t timeout_ms, struct fettle_http_answer *);

/* POST /cgi-bin/uploadFile: the image's first file.  `type`: "FIRMWARE_IMAGE". */
struct oa_upload {
  char token[200];
  char crc32[20];
  unsigned code;
  char text[200];
};
fettle_result oa_send_file (struct oa_session *, const char *type, const struct fettle_image *,
                            struct oa_upload *);

/* ---- answers, without I/O (answer.c) ---- */

struct oa_fault {
  unsigned code;
  char text[200], operation[64];
};

/* 1 when the answer is a fault. */
int oa_read_fault (const char *text, size_t size, struct oa_fault *);

/* 1 when it has a session key that can be sent back. */
int oa_read_key (const char *text, size_t size, char ret[80]);

/* 1 when it has a token; else code and text say why not, as far as known. */
int oa_read_upload (const char *text, size_t size, struct oa_upload *);

/* A number of an answer by its element's name, or 0. */
unsigned oa_read_number (const char *text, size_t size, const char *name);

/* Events of an update: the last one that counts. */
struct oa_events {
  char name[48];      /* "EVENT_FLASH_PROGRESS"; "": none of an update's */
  unsigned percent;
  int standby_failed, sync_failed, standby_done, flash_done, pending;
};
void oa_read_events (const char *text, size_t size, struct oa_events *);

/* What an error number means: a result, and what is to be done. */
fettle_result oa_explain (unsigned code, const char **ret_sentence);

/* ---- versions (answer.c) ---- */

/* "4.70" is 470; 0: it is none. */
unsigned oa_version (const char *text);

/* Why the way from one version to another isn't a single step; NULL: it is. */
const char *oa_needs_step (unsigned from, unsigned to);

#endif
