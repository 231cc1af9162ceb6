/* fettle/smb.h - "smb", 1: files, named pipes and remote procedures of a
 * Windows node, by SMB 2.1 to 3.1.1.
 *
 * The node type declares TCP port 445.  It may declare 139: where 445 isn't
 * answered, the session is made over NetBIOS there.  The first call connects
 * and logs in as the node's user (USER, DOMAIN\USER or USER@REALM); everything
 * goes over that one connection until the operation ends.  Each message is
 * signed, and encrypted where the node offers or demands it; a node that
 * would answer unsigned, or let us in as a guest, is refused.
 *
 * Shares are names ("ADMIN$").  Paths are relative to their share, UTF-8, with
 * / or \ between names, none of them "." or ".."; "" is the share itself.
 *
 * Results beside the usual ones: AUTH for a wrong or locked account and for a
 * file, share or pipe that it may not use; REJECTED for what the node refuses
 * otherwise (there is no such file, it is in use, the disk is full); BUSY where it
 * says that later it may; UNSUPPORTED for what it doesn't know.  status() has
 * the number behind it.
 *
 * SPDX-License-Identifier: Apache-2.0 OR BSD-2-Clause
 */
#ifndef FETTLE_SMB_H
#define FETTLE_SMB_H

#include <fettle/services.h>

#ifdef __cplusplus
extern "C" {
#endif

/* Of a number of status(): some that plugins act upon.  NTSTATUS. */
#define FETTLE_NT_NO_SUCH_FILE       0xc000000fu
#define FETTLE_NT_ACCESS_DENIED      0xc0000022u
#define FETTLE_NT_NAME_NOT_FOUND     0xc0000034u
#define FETTLE_NT_NAME_COLLISION     0xc0000035u
#define FETTLE_NT_PATH_NOT_FOUND     0xc000003au
#define FETTLE_NT_SHARING_VIOLATION  0xc0000043u
#define FETTLE_NT_DELETE_PENDING     0xc0000056u
#define FETTLE_NT_DISK_FULL          0xc000007fu
#define FETTLE_NT_PIPE_NOT_AVAILABLE 0xc00000acu /* nobody listens: the service is stopped */
#define FETTLE_NT_BAD_NETWORK_NAME   0xc00000ccu /* no such share */
#define FETTLE_NT_NOT_EMPTY          0xc0000101u

/* The same, of a fault of a remote procedure: DCE/RPC's numbers. */
#define FETTLE_RPC_ACCESS_DENIED     0x00000005u
#define FETTLE_RPC_BAD_STUB          0x000006f7u /* it can't read what we sent */
#define FETTLE_RPC_NO_SUCH_PROCEDURE 0x1c010002u
#define FETTLE_RPC_NO_SUCH_INTERFACE 0x1c010003u

#define FETTLE_SMB_SIGNED    (1u << 0)
#define FETTLE_SMB_ENCRYPTED (1u << 1)
#define FETTLE_SMB_KERBEROS  (1u << 2) /* logged in by Kerberos; else NTLMv2 */
#define FETTLE_SMB_LOGGED_IN (1u << 3)

/* What the node said of itself while the session was made.  Texts are "" where
 * it said nothing; borrowed until the connection ends. */
struct fettle_smb_facts {
  uint32_t struct_size;
  uint32_t flags;         /* FETTLE_SMB_* */
  uint32_t dialect;       /* 0x0210, 0x0300, 0x0302, 0x0311 */
  uint32_t port;          /* as declared: 445 or 139 */
  const char *computer;   /* NetBIOS name */
  const char *domain;     /* NetBIOS name of its domain, or its own */
  const char *dns_name;
  const char *dns_domain;
  const char *cipher;     /* "AES-128-GCM", "AES-128-CCM", or "" */
  const char *signing;    /* "AES-GMAC", "AES-CMAC", "HMAC-SHA256", or "" */
  uint32_t os_major, os_minor, os_build; /* 10, 0, 20348; 0: not said */
  uint32_t max_transfer;  /* bytes of one read or write */
  int64_t node_time;      /* its clock when we connected, seconds since 1970 */
  int64_t our_time;       /* ours at that moment */
  const char *our_address; /* ours on this connection, a literal: what the node sees unless there is NAT */
};

#define FETTLE_SMB_READ_ONLY (1u << 0)
#define FETTLE_SMB_HIDDEN    (1u << 1)
#define FETTLE_SMB_SYSTEM    (1u << 2)
#define FETTLE_SMB_DIRECTORY (1u << 4)
#define FETTLE_SMB_ARCHIVE   (1u << 5)
#define FETTLE_SMB_LINK      (1u << 10) /* a reparse point */

struct fettle_smb_entry {
  uint32_t struct_size;
  uint32_t attributes;    /* FETTLE_SMB_READ_ONLY ..., as the node has them */
  uint64_t size;          /* bytes */
  int64_t written;        /* seconds since 1970 */
  const char *name;       /* UTF-8, one name without a path; borrowed for the call */
};

/* Any result but FETTLE_OK ends the list, and is what it returns. */
typedef fettle_result fettle_smb_take (void *opaque, const struct fettle_smb_entry *);

/* What the node's NetBIOS name service knows; borrowed until the next call. */
struct fettle_smb_names {
  uint32_t struct_size;
  uint32_t n_names;
  const char *computer;   /* the unique name 00, or "" */
  const char *domain;     /* the group name 00: domain or workgroup, or "" */
  const char *mac;        /* "00:11:22:33:44:55", or "" */
  const char *names;      /* all: "NAME<20> unique active", newlines between */
};

struct fettle_smb {
  uint32_t struct_size;
  uint32_t version;

  /* What the node says before it is told who we are: dialect, names, build of
   * its system.  Without credentials; for probes.  Ends its connection. */
  fettle_result (*look) (fettle_ctx *, struct fettle_smb_facts *ret);

  /* Connect and log in, if that isn't done yet; NULL: the facts aren't wanted. */
  fettle_result (*connect) (fettle_ctx *, struct fettle_smb_facts *ret);

  /* Forget the connection and its handles: the node restarts. */
  void (*disconnect) (fettle_ctx *);

  /* The number by which the node refused the last call of this table: NTSTATUS,
   * or of a fault (rpc_call); 0 when it failed otherwise, or didn't. */
  uint32_t (*status) (fettle_ctx *);

  /* ---- Files ---- */

  /* Appends a file of the image to a file on the node, from this offset:
   * offset 0 makes it anew.  A cut transfer is resumed by asking the node how
   * much it has (stat) and calling again with that as offset; the node's file
   * must have just that size.  Nobody else can write there meanwhile. */
  fettle_result (*put) (fettle_ctx *, uint32_t file, uint64_t offset, const char *share,
                        const char *path);

  /* Makes a file anew, with this in it; at most 16 MiB. */
  fettle_result (*write) (fettle_ctx *, const char *share, const char *path, const void *data,
                          size_t size);

  /* At most `limit` bytes from the offset on, into the sink; at its end none
   * come.  Also of a file that another is writing. */
  fettle_result (*read) (fettle_ctx *, const char *share, const char *path, uint64_t offset,
                         uint64_t limit, fettle_sink *, void *opaque);

  /* ret->name is "". */
  fettle_result (*stat) (fettle_ctx *, const char *share, const char *path,
                         struct fettle_smb_entry *ret);

  /* What fits the pattern of the last name ("Temp/fettle-*"); "." and ".." are
   * left out.  None is no error; more than 100,000 are. */
  fettle_result (*list) (fettle_ctx *, const char *share, const char *pattern, fettle_smb_take *,
                         void *opaque);

  fettle_result (*make_directory) (fettle_ctx *, const char *share, const char *path);
  /* One file; one empty directory.  A link is removed, not what it leads to.
   * What isn't there is an error (status: NAME_NOT_FOUND). */
  fettle_result (*remove) (fettle_ctx *, const char *share, const char *path);
  fettle_result (*remove_directory) (fettle_ctx *, const char *share, const char *path);
  /* In one share; replaces no other file. */
  fettle_result (*rename) (fettle_ctx *, const char *share, const char *from, const char *to);

  /* Bytes of the volume that we may use. */
  fettle_result (*space) (fettle_ctx *, const char *share, uint64_t *ret_free, uint64_t *ret_total);

  /* ---- Remote procedures: DCE/RPC with NDR 2.0, little endian ----
   *
   * The plugin marshals arguments; binding, fragments and faults are dealt
   * with here.  At most 16 handles at a time. */

  /* Binds an interface: "winreg", "338cd001-2244-31f1-aaaa-900038001003", 1, 0.
   * port 0: on a named pipe, as the session's user.  Another one: on that
   * declared TCP port ("135"), without a user; the pipe is then NULL.
   * A handle >= 0, or a negative result. */
  int32_t (*rpc_open) (fettle_ctx *, uint32_t port, const char *pipe, const char *uuid,
                       uint16_t major, uint16_t minor);

  /* Calls a procedure: at most 1 MiB in, 16 MiB out.  The answer is borrowed
   * until the next call with this handle or its end; a NUL is behind it.
   * timeout_ms: how long the procedure may take; 0: the user's setting.
   * REJECTED for a fault (status has its number); the handle goes on then.  After
   * any other failure the handle is of no use but to be closed. */
  fettle_result (*rpc_call) (fettle_ctx *, int32_t handle, uint32_t opnum, const void *in,
                             size_t in_size, uint32_t timeout_ms, const void **ret_out,
                             size_t *ret_size);
  void (*rpc_close) (fettle_ctx *, int32_t handle);

  /* ---- NetBIOS ---- */

  /* Asks the name service (declared UDP port 137) for all of the node's names,
   * three times in that time (0: 3 s).  UNREACHABLE when nothing comes, as with
   * most nodes of today.  Needs no session and no credentials. */
  fettle_result (*name_status) (fettle_ctx *, uint32_t timeout_ms, struct fettle_smb_names *ret);
};

#ifdef __cplusplus
}
#endif
#endif /* FETTLE_SMB_H */
