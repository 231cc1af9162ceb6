/* smb.h - one SMB session with the target: what the files of smb/1 share.
 *
 * smb-wire, smb-crypto, smb-ntlm, smb-spnego and smb-rpc-pdu are pure: bytes
 * in, bytes out.  smb-link has the socket, smb-message turns a command into
 * an answer whose signature or seal is right, smb-login makes a session,
 * smb-tree, smb-file, smb-list, smb-put and smb-rpc are what is done with it.
 *
 * One request is on its way at a time.  A request is written into s->out
 * behind fettle_smb_begin and sent by fettle_smb_ask; the answer lies in s->in
 * until the next one.  After a failure of the connection itself, or an answer
 * that is nonsense, the connection is dropped; the next call connects anew.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef FETTLE_TRANSPORT_SMB_H
#define FETTLE_TRANSPORT_SMB_H

#include <fettle/smb.h>

#include "transport/context.h"
#include "transport/smb-ntlm.h"
#include "transport/smb-wire.h"

#define FETTLE_SMB_TREES    8
#define FETTLE_SMB_PIPES    16
#define FETTLE_SMB_TRANSFER (1024 * 1024) /* bytes of one read or write, at most */
#define FETTLE_SMB_SHARE    81            /* bytes of a share's name */

enum fettle_smb_command {
  SMB_NEGOTIATE, SMB_SESSION_SETUP, SMB_LOGOFF, SMB_TREE_CONNECT, SMB_TREE_DISCONNECT, SMB_CREATE,
  SMB_CLOSE, SMB_FLUSH, SMB_READ, SMB_WRITE, SMB_LOCK, SMB_IOCTL, SMB_CANCEL, SMB_ECHO,
  SMB_QUERY_DIRECTORY, SMB_CHANGE_NOTIFY, SMB_QUERY_INFO, SMB_SET_INFO, SMB_OPLOCK_BREAK
};

#define SMB_HEADER 64

/* NTSTATUS that mean something here; smb-status.c has the table for people. */
#define NT_OK                     0x00000000u
#define NT_PENDING                0x00000103u
#define NT_BUFFER_OVERFLOW        0x80000005u
#define NT_NO_MORE_FILES          0x80000006u
#define NT_END_OF_FILE            0xc0000011u
#define NT_INVALID_DEVICE_REQUEST 0xc0000010u
#define NT_MORE_PROCESSING        0xc0000016u
#define NT_NOT_SUPPORTED          0xc00000bbu
#define NT_FILE_CLOSED            0xc0000128u

struct fettle_smb_file_id {
  uint8_t id[16];
};

struct fettle_smb_pipe;
struct fettle_smb_name_list;

struct fettle_smb_state {
  fettle_ctx *c;
  uint32_t status;         /* by which the node refused the last call of the plugin */
  char doing[512];         /* what for, in errors: "reading ADMIN$/Temp/x" */
  unsigned n_tickets;      /* of Kerberos, used so far */
  char login_failed[512];  /* why: tried once in a call, since wrong ones lock an account */
  struct fettle_smb_name_list *names; /* the last name status */
  struct fettle_smb_pipe *pipes[FETTLE_SMB_PIPES]; /* of remote procedures; those of a lost connection too */

  /* ---- The connection; all zero but fd = -1 without one. ---- */
  int fd;
  uint16_t declared;       /* port, as the plugin calls it */
  uint16_t dialect, security_mode;
  uint32_t capabilities;   /* the node's */
  uint8_t our_guid[16], node_guid[16];
  unsigned cipher, signing;
  uint32_t max_transfer, max_transact;
  bool large;              /* more than 64 KiB in a request */
  uint64_t next_id, session;
  uint32_t credits;
  uint8_t preauth[64];
  bool ready;              /* logged in: all is signed or encrypted from now on */
  bool validated;          /* what was negotiated is what the node meant */
  bool kerberos;
  uint8_t sign_key[16], seal_key[32], open_key[32];
  uint64_t n_sealed;       /* messages so far: the nonce */
  int64_t node_time, our_time;
  struct fettle_ntlm_told told;
  struct {
    char share[FETTLE_SMB_SHARE];
    uint32_t id;
  } trees[FETTLE_SMB_TREES];
  unsigned n_trees;
  struct fettle_writer out;
  struct fettle_buf in;
};

/* ---- smb-link.c: frames over TCP, by port 445 or a NetBIOS session ---- */

#define FETTLE_SMB_FRAME_HEAD 4

/* Connects to 445, or to 139 where that isn't open and both are declared. */
fettle_result fettle_smb_connect (struct fettle_smb_state *);

/* Sends s->out, whose first 4 bytes are left for the frame's head. */
fettle_result fettle_smb_send (struct fettle_smb_state *);

/* One frame into s->in. */
fettle_result fettle_smb_receive (struct fettle_smb_state *, uint32_t timeout_ms);

/* Says why the connection is of no use, and drops it. */
fettle_result fettle_smb_broken (struct fettle_smb_state *, fettle_result, const char *format, ...)
  FETTLE_FORMAT (3, 4);
void fettle_smb_drop (struct fettle_smb_state *);

/* Bytes of a declared TCP port, also for RPC: all of them, or a failure. */
fettle_result fettle_smb_write_all (fettle_ctx *, int fd, const void *data, size_t size);
fettle_result fettle_smb_read_all (fettle_ctx *, int fd, void *data, size_t size, uint32_t timeout_ms);

/* ---- smb-message.c ---- */

struct fettle_smb_question {
  size_t least;          /* bytes of an answer's fixed part */
  uint32_t also;         /* a status that is fine beside 0 */
  uint32_t payload;      /* bytes that go either way: they cost credits */
  uint32_t timeout_ms;   /* 0: the user's setting */
};

struct fettle_smb_answer {
  uint32_t status;
  struct fettle_bytes message; /* with its header: what offsets count from */
  struct fettle_bytes body;
};

/* Begins a request: what its body is written to. */
struct fettle_writer *fettle_smb_begin (struct fettle_smb_state *, enum fettle_smb_command,
                                        uint32_t tree);

/* Sends it and waits for its answer.  A status that isn't wanted is a failure,
 * said with s->doing. */
fettle_result fettle_smb_ask (struct fettle_smb_state *, const struct fettle_smb_question *,
                              struct fettle_smb_answer *);

/* Is this message signed by who has the session's key? */
bool fettle_smb_verify (const struct fettle_smb_state *, struct fettle_bytes message);

/* A part of an answer to which its body's numbers lead. */
fettle_result fettle_smb_part (struct fettle_smb_state *, const struct fettle_smb_answer *,
                               size_t offset, size_t size, struct fettle_bytes *ret);

/* How many bytes a request may move now. */
uint32_t fettle_smb_room (const struct fettle_smb_state *);

/* A message as it came, made plain: parsed without a connection, for fuzzers. */
bool fettle_smb_parse (struct fettle_bytes message, uint16_t command, uint64_t id,
                       struct fettle_smb_answer *ret, bool *ret_not_ours, const char **ret_why);

/* ---- smb-status.c ---- */

/* The failure that a status stands for: "s->doing: why (NAME, number)". */
fettle_result fettle_smb_refused (struct fettle_smb_state *, uint32_t status);
/* The same of a fault. */
fettle_result fettle_smb_faulted (struct fettle_smb_state *, uint32_t fault);

/* ---- smb-negotiate.c, smb-login.c ---- */

struct fettle_smb_offer {
  uint16_t dialect, security_mode;
  uint32_t capabilities, max_transact, max_read, max_write;
  uint64_t time;
  uint8_t guid[16];
  unsigned cipher, signing;
  bool preauth;             /* of 3.1.1: it agrees to SHA-512 */
  struct fettle_bytes blob; /* SPNEGO */
};

/* A node's answer to our offer.  false: *ret_why says what is wrong with it. */
bool fettle_smb_read_offer (const struct fettle_smb_answer *, struct fettle_smb_offer *ret,
                            const char **ret_why);
fettle_result fettle_smb_negotiate (struct fettle_smb_state *);
/* Below 3.1.1: was it the node that answered?  In a tree. */
fettle_result fettle_smb_validate (struct fettle_smb_state *, uint32_t tree);

/* Connected and logged in. */
fettle_result fettle_smb_ready (fettle_ctx *, struct fettle_smb_state **ret);
/* Connected; what the node says before it knows who we are; not logged in. */
fettle_result fettle_smb_look (fettle_ctx *, struct fettle_smb_state **ret);
/* The state, made at its first use; NULL: no memory. */
struct fettle_smb_state *fettle_smb_state (fettle_ctx *);

/* What the plugin asked for, in errors; forgets the last status. */
void fettle_smb_begins (struct fettle_smb_state *, const char *format, ...) FETTLE_FORMAT (2, 3);

/* ---- smb-tree.c, smb-file.c ---- */

fettle_result fettle_smb_tree (struct fettle_smb_state *, const char *share, uint32_t *ret_id);

struct fettle_smb_open {
  uint32_t tree;
  struct fettle_smb_file_id file;
  uint32_t attributes;
  uint64_t size;
  int64_t written;
};

#define SMB_READ_DATA        0x00000001u
#define SMB_WRITE_DATA       0x00000002u
#define SMB_APPEND_DATA      0x00000004u
#define SMB_READ_ATTRIBUTES  0x00000080u
#define SMB_DELETE           0x00010000u
#define SMB_SYNCHRONIZE      0x00100000u
#define SMB_PIPE_ACCESS      0x0012019fu

#define SMB_SHARE_READ       1u
#define SMB_SHARE_WRITE      2u
#define SMB_SHARE_DELETE     4u
#define SMB_SHARE_ALL        7u

#define SMB_OPEN_EXISTING    1u /* disposition */
#define SMB_CREATE_NEW       2u

#define SMB_DIRECTORY_FILE   0x00000001u /* options */
#define SMB_NOT_DIRECTORY    0x00000040u
#define SMB_NOT_THROUGH_LINK 0x00200000u

struct fettle_smb_how {
  uint32_t access, sharing, disposition, options;
};

fettle_result fettle_smb_open_file (struct fettle_smb_state *, const char *share, const char *path,
                                    const struct fettle_smb_how *, struct fettle_smb_open *ret);
/* A result of the operation before it is kept. */
fettle_result fettle_smb_close_file (struct fettle_smb_state *, struct fettle_smb_open *, fettle_result);

/* Makes a file that wasn't there; what had the name is removed first, so that
 * nobody else has it open, and it isn't a link to elsewhere. */
fettle_result fettle_smb_create_anew (struct fettle_smb_state *, const char *share, const char *path,
                                      struct fettle_smb_open *ret);

/* Reads at most `room` bytes: borrowed from s->in.  At the end none. */
fettle_result fettle_smb_read_at (struct fettle_smb_state *, struct fettle_smb_open *, uint64_t offset,
                                  uint32_t size, struct fettle_bytes *ret);
fettle_result fettle_smb_write_at (struct fettle_smb_state *, struct fettle_smb_open *, uint64_t offset,
                                   const void *data, uint32_t size);

/* A path as SMB has it, in UTF-16; CONFIG for one that isn't allowed. */
fettle_result fettle_smb_path (struct fettle_smb_state *, const char *path, bool pattern,
                               struct fettle_writer *ret);

extern const struct fettle_smb_question fettle_smb_plain; /* nothing special: an empty answer */

/* What of the service's table is there. */
fettle_result fettle_smb_put (fettle_ctx *, uint32_t file, uint64_t offset, const char *share,
                              const char *path);
fettle_result fettle_smb_write (fettle_ctx *, const char *share, const char *path, const void *data,
                                size_t size);
fettle_result fettle_smb_read (fettle_ctx *, const char *share, const char *path, uint64_t offset,
                               uint64_t limit, fettle_sink *, void *opaque);
fettle_result fettle_smb_stat (fettle_ctx *, const char *share, const char *path,
                               struct fettle_smb_entry *ret);
fettle_result fettle_smb_list (fettle_ctx *, const char *share, const char *pattern, fettle_smb_take *,
                               void *opaque);
fettle_result fettle_smb_make_directory (fettle_ctx *, const char *share, const char *path);
fettle_result fettle_smb_remove (fettle_ctx *, const char *share, const char *path);
fettle_result fettle_smb_remove_directory (fettle_ctx *, const char *share, const char *path);
fettle_result fettle_smb_rename (fettle_ctx *, const char *share, const char *from, const char *to);
fettle_result fettle_smb_space (fettle_ctx *, const char *share, uint64_t *ret_free, uint64_t *ret_total);
int32_t fettle_smb_rpc_open (fettle_ctx *, uint32_t port, const char *pipe, const char *uuid,
                             uint16_t major, uint16_t minor);
fettle_result fettle_smb_rpc_call (fettle_ctx *, int32_t handle, uint32_t opnum, const void *in,
                                   size_t in_size, uint32_t timeout_ms, const void **ret_out,
                                   size_t *ret_size);
void fettle_smb_rpc_close (fettle_ctx *, int32_t handle);
/* The connection has gone: its handles can only be closed. */
void fettle_smb_rpc_lost (struct fettle_smb_state *);
void fettle_smb_rpc_close_all (struct fettle_smb_state *);
fettle_result fettle_smb_name_status (fettle_ctx *, uint32_t timeout_ms, struct fettle_smb_names *ret);

/* ---- smb-netbios.c ---- */

/* Asks for a session on port 139; the connection is dropped where it isn't given. */
fettle_result fettle_smb_netbios_session (struct fettle_smb_state *);

struct fettle_smb_name_list {
  char text[4096], computer[32], domain[32], mac[32];
  uint32_t n;
};

/* The answer to a name status request. */
bool fettle_smb_read_names (struct fettle_bytes datagram, uint16_t id, struct fettle_smb_name_list *ret);

#endif
