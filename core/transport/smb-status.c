/* smb-status.c - what a node's refusals mean: NTSTATUS and faults of DCE/RPC
 * as data.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "util/base.h"

#include "transport/smb.h"

struct meaning {
  uint32_t status;
  fettle_result result;
  const char *name, *why;
};

#define AUTH   FETTLE_E_AUTH
#define REFUSE FETTLE_E_REJECTED
#define BUSY   FETTLE_E_BUSY
#define CANT   FETTLE_E_UNSUPPORTED
#define ODD    FETTLE_E_PROTOCOL
#define GONE   FETTLE_E_UNREACHABLE

static const struct meaning statuses[] = {
  { 0xc0000001, REFUSE, "STATUS_UNSUCCESSFUL",               "it failed, and the node doesn't say why" },
  { 0xc0000002, CANT,   "STATUS_NOT_IMPLEMENTED",            "the node can't do that" },
  { 0xc0000008, ODD,    "STATUS_INVALID_HANDLE",             "the node has forgotten the open file" },
  { 0xc000000d, REFUSE, "STATUS_INVALID_PARAMETER",          "the node takes the request for wrong" },
  { 0xc000000f, REFUSE, "STATUS_NO_SUCH_FILE",               "there is no such file" },
  { 0xc0000010, CANT,   "STATUS_INVALID_DEVICE_REQUEST",     "the node can't do that with this file" },
  { 0xc0000011, REFUSE, "STATUS_END_OF_FILE",                "the file ends before" },
  { 0xc0000016, ODD,    "STATUS_MORE_PROCESSING_REQUIRED",   "the node wants another round of the login, which has none" },
  { 0xc0000017, BUSY,   "STATUS_NO_MEMORY",                  "the node is out of memory" },
  { 0xc0000022, AUTH,   "STATUS_ACCESS_DENIED",              "the user may not; it takes an administrator of the node, and for a local "
                        "one other than the built-in Administrator the registry value LocalAccountTokenFilterPolicy = 1" },
  { 0xc0000033, REFUSE, "STATUS_OBJECT_NAME_INVALID",        "the node takes no such name" },
  { 0xc0000034, REFUSE, "STATUS_OBJECT_NAME_NOT_FOUND",      "there is no such file, or no such pipe" },
  { 0xc0000035, REFUSE, "STATUS_OBJECT_NAME_COLLISION",      "there is already one of that name" },
  { 0xc000003a, REFUSE, "STATUS_OBJECT_PATH_NOT_FOUND",      "there is no such folder" },
  { 0xc000003b, REFUSE, "STATUS_OBJECT_PATH_SYNTAX_BAD",     "the node takes no such path" },
  { 0xc0000043, BUSY,   "STATUS_SHARING_VIOLATION",          "another program of the node has the file open" },
  { 0xc0000044, REFUSE, "STATUS_QUOTA_EXCEEDED",             "the user's quota of the disk is used up" },
  { 0xc0000054, BUSY,   "STATUS_FILE_LOCK_CONFLICT",         "another program of the node has locked the file" },
  { 0xc0000056, BUSY,   "STATUS_DELETE_PENDING",             "the file is being removed, once who has it open closes it" },
  { 0xc000005e, AUTH,   "STATUS_NO_LOGON_SERVERS",           "the node reaches no domain controller that knows the user" },
  { 0xc0000061, AUTH,   "STATUS_PRIVILEGE_NOT_HELD",         "the user hasn't the privilege for it" },
  { 0xc0000064, AUTH,   "STATUS_NO_SUCH_USER",               "the node knows no such user" },
  { 0xc000006a, AUTH,   "STATUS_WRONG_PASSWORD",             "the password is wrong" },
  { 0xc000006d, AUTH,   "STATUS_LOGON_FAILURE",              "the user or the password is wrong" },
  { 0xc000006e, AUTH,   "STATUS_ACCOUNT_RESTRICTION",        "the account may not log in over the network (one with an empty password, e.g.)" },
  { 0xc000006f, AUTH,   "STATUS_INVALID_LOGON_HOURS",        "the account may not log in at this hour" },
  { 0xc0000070, AUTH,   "STATUS_INVALID_WORKSTATION",        "the account may not log in from this host" },
  { 0xc0000071, AUTH,   "STATUS_PASSWORD_EXPIRED",           "the password has expired: set a new one at the node" },
  { 0xc0000072, AUTH,   "STATUS_ACCOUNT_DISABLED",           "the account is disabled" },
  { 0xc000007f, REFUSE, "STATUS_DISK_FULL",                  "the disk is full: make room on the node" },
  { 0xc000009a, BUSY,   "STATUS_INSUFFICIENT_RESOURCES",     "the node is out of resources" },
  { 0xc00000a2, REFUSE, "STATUS_MEDIA_WRITE_PROTECTED",      "the disk is write-protected" },
  { 0xc00000ab, BUSY,   "STATUS_INSTANCE_NOT_AVAILABLE",     "all instances of the pipe are in use" },
  { 0xc00000ac, BUSY,   "STATUS_PIPE_NOT_AVAILABLE",         "nobody listens at the pipe: its service is stopped or busy" },
  { 0xc00000ae, BUSY,   "STATUS_PIPE_BUSY",                  "the pipe is busy" },
  { 0xc00000b0, GONE,   "STATUS_PIPE_DISCONNECTED",          "the service behind the pipe has gone" },
  { 0xc00000b1, GONE,   "STATUS_PIPE_CLOSING",               "the service behind the pipe has gone" },
  { 0xc00000b5, FETTLE_E_TIMEOUT, "STATUS_IO_TIMEOUT",       "the node has waited too long" },
  { 0xc00000ba, REFUSE, "STATUS_FILE_IS_A_DIRECTORY",        "it is a folder" },
  { 0xc00000bb, CANT,   "STATUS_NOT_SUPPORTED",              "the node can't do that" },
  { 0xc00000c9, ODD,    "STATUS_NETWORK_NAME_DELETED",       "the share was removed meanwhile" },
  { 0xc00000ca, AUTH,   "STATUS_NETWORK_ACCESS_DENIED",      "the user may not use it over the network" },
  { 0xc00000cc, REFUSE, "STATUS_BAD_NETWORK_NAME",           "there is no such share" },
  { 0xc00000d0, BUSY,   "STATUS_REQUEST_NOT_ACCEPTED",       "the node takes no more connections to the share: others must end first" },
  { 0xc0000101, REFUSE, "STATUS_DIRECTORY_NOT_EMPTY",        "the folder isn't empty" },
  { 0xc0000103, REFUSE, "STATUS_NOT_A_DIRECTORY",            "it isn't a folder" },
  { 0xc0000120, BUSY,   "STATUS_CANCELLED",                  "the node gave it up" },
  { 0xc0000121, REFUSE, "STATUS_CANNOT_DELETE",              "it can't be removed (it is read-only, or in use)" },
  { 0xc0000128, ODD,    "STATUS_FILE_CLOSED",                "the node has closed the file" },
  { 0xc000013c, GONE,   "STATUS_REMOTE_DISCONNECT",          "the node has gone away" },
  { 0xc000014b, GONE,   "STATUS_PIPE_BROKEN",                "the service behind the pipe has gone" },
  { 0xc000015b, AUTH,   "STATUS_LOGON_TYPE_NOT_GRANTED",     "the user may not log in over the network (a policy of the node)" },
  { 0xc0000190, AUTH,   "STATUS_TRUSTED_DOMAIN_FAILURE",     "the domain's trust has failed" },
  { 0xc0000193, AUTH,   "STATUS_ACCOUNT_EXPIRED",            "the account has expired" },
  { 0xc0000203, GONE,   "STATUS_USER_SESSION_DELETED",       "the node has ended the session" },
  { 0xc0000205, BUSY,   "STATUS_INSUFF_SERVER_RESOURCES",    "the node is out of resources" },
  { 0xc000020c, GONE,   "STATUS_CONNECTION_DISCONNECTED",    "the node has gone away" },
  { 0xc000020d, GONE,   "STATUS_CONNECTION_RESET",           "the node has hung up" },
  { 0xc0000224, AUTH,   "STATUS_PASSWORD_MUST_CHANGE",       "the password must be changed at the node first" },
  { 0xc0000233, AUTH,   "STATUS_DOMAIN_CONTROLLER_NOT_FOUND", "the node finds no controller of the user's domain" },
  { 0xc0000234, AUTH,   "STATUS_ACCOUNT_LOCKED_OUT",         "the account is locked after too many wrong passwords: unlock it, or wait" },
  { 0xc0000257, CANT,   "STATUS_PATH_NOT_COVERED",           "it lies on another server (DFS), where nobody is sent" },
  { 0xc000035c, GONE,   "STATUS_NETWORK_SESSION_EXPIRED",    "the session has expired" },
  { 0xc0000388, AUTH,   "STATUS_DOWNGRADE_DETECTED",         "the node wants Kerberos where NTLM was used" },
  { 0xc0000413, AUTH,   "STATUS_AUTHENTICATION_FIREWALL_FAILED", "the node doesn't let the user in from where he is (selective authentication)" },
  { 0xc0000418, AUTH,   "STATUS_NTLM_BLOCKED",               "the node takes no NTLM (a policy of it): it wants Kerberos" },
  { 0xc05d0000, ODD,    "STATUS_SMB_NO_PREAUTH_INTEGRITY_HASH_OVERLAP", "node and Fettle have no hash in common" },
};

/* What faults of remote procedures mean: NCA's numbers and Windows' own. */
static const struct meaning faults[] = {
  { 0x00000005, AUTH,   "access denied",             "the user may not call it" },
  { 0x000006a6, CANT,   "RPC_S_INVALID_BINDING",     "the binding isn't one for it" },
  { 0x000006bb, BUSY,   "RPC_S_SERVER_TOO_BUSY",     "the service is too busy" },
  { 0x000006d1, CANT,   "RPC_S_PROCNUM_OUT_OF_RANGE", "the service has no such procedure" },
  { 0x000006f7, ODD,    "RPC_X_BAD_STUB_DATA",       "the service can't read what it was sent" },
  { 0x1c00001a, ODD,    "nca_s_fault_context_mismatch", "the handle isn't valid (any more)" },
  { 0x1c00001b, BUSY,   "nca_s_fault_remote_no_memory", "the node is out of memory" },
  { 0x1c010002, CANT,   "nca_s_op_rng_error",        "the service has no such procedure" },
  { 0x1c010003, CANT,   "nca_s_unk_if",              "the service has no such interface" },
  { 0x1c01000b, ODD,    "nca_s_proto_error",         "the service takes what it was sent for wrong" },
  { 0x1c010013, BUSY,   "nca_s_server_too_busy",     "the service is too busy" },
};

static const struct meaning *
find (const struct meaning *table, size_t n, uint32_t status)
{
  for (size_t i = 0; i < n; i++)
    if (table[i].status == status)
      return &table[i];
  return NULL;
}

fettle_result
fettle_smb_refused (struct fettle_smb_state *s, uint32_t status)
{
  const struct meaning *m = find (statuses, COUNT (statuses), status);

  s->status = status;
  if (!m)
    return fettle_error_set (&s->c->error, REFUSE, "%s: the node refused it with status 0x%08x", s->doing,
                             status);
  return fettle_error_set (&s->c->error, m->result, "%s: %s (%s, 0x%08x)", s->doing, m->why, m->name, status);
}

fettle_result
fettle_smb_faulted (struct fettle_smb_state *s, uint32_t fault)
{
  const struct meaning *m = find (faults, COUNT (faults), fault);

  s->status = fault;
  if (!m)
    return fettle_error_set (&s->c->error, REFUSE, "%s: the service failed with 0x%08x", s->doing, fault);
  return fettle_error_set (&s->c->error, REFUSE, "%s: %s (%s, 0x%08x)", s->doing, m->why, m->name, fault);
}
