/* smb-ntlm.h - NTLMv2 with a MIC ([MS-NLMP]): three messages and a session key.
 *
 * A node is given nothing but NTLMv2: an answer without target information,
 * Unicode or extended session security is refused.  The password is looked at
 * while the third message is made, and not kept.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef FETTLE_SMB_NTLM_H
#define FETTLE_SMB_NTLM_H

#include "transport/smb-wire.h"

#define FETTLE_NTLM_NAME 256

/* What the challenge tells of the node; "" and 0 where it doesn't. */
struct fettle_ntlm_told {
  char computer[FETTLE_NTLM_NAME], domain[FETTLE_NTLM_NAME];
  char dns_name[FETTLE_NTLM_NAME], dns_domain[FETTLE_NTLM_NAME];
  uint32_t os_major, os_minor, os_build;
};

struct fettle_ntlm_challenge {
  struct fettle_ntlm_told told;
  uint32_t flags;
  uint8_t server[8];
  uint64_t time;            /* of the node; 0: not said */
  struct fettle_bytes info; /* target information, borrowed from the message */
};

struct fettle_ntlm_account {
  const char *user;         /* "USER", "DOMAIN\USER", "USER@REALM" */
  const char *password;
  const char *workstation;  /* ours */
  const char *target;       /* the node's service: "cifs/192.0.2.1" */
};

/* What a test wants to know beforehand. */
struct fettle_ntlm_chance {
  uint8_t client[8];        /* challenge */
  uint8_t session_key[16];
  uint64_t time;            /* where the node says none */
};

void fettle_ntlm_negotiate (struct fettle_writer *);

/* false: the message isn't one, *ret_why says what is wrong with it. */
bool fettle_ntlm_read_challenge (struct fettle_bytes message, struct fettle_ntlm_challenge *ret,
                                 const char **ret_why);

/* NTOWFv2: what stands for user and password. */
bool fettle_ntlm_hash (const struct fettle_ntlm_account *, uint8_t ret[16]);

/* NtChallengeResponse and the session's base key, from target information that
 * is ready to be sent. */
bool fettle_ntlm_respond (const uint8_t hash[16], const uint8_t server[8], const uint8_t client[8],
                          uint64_t time, struct fettle_bytes info, struct fettle_writer *ret,
                          uint8_t ret_base_key[16]);

/* The third message, with a MIC over all three, and the session's key. */
bool fettle_ntlm_authenticate (const struct fettle_ntlm_account *, const struct fettle_ntlm_chance *,
                               struct fettle_bytes negotiate, struct fettle_bytes challenge_message,
                               const struct fettle_ntlm_challenge *, struct fettle_writer *ret,
                               uint8_t ret_session_key[16]);

/* A signature of ours over data, the first of the session: what SPNEGO wants
 * of its list of mechanisms. */
bool fettle_ntlm_sign (const uint8_t session_key[16], uint32_t flags, struct fettle_bytes data,
                       uint8_t ret[16]);

#endif
