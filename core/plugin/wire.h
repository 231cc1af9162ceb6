/* wire.h - messages between fettled and its workers.
 *
 * JSON objects, one per datagram of a Unix SOCK_SEQPACKET socket, with file
 * descriptors beside them (SCM_RIGHTS).  Both ends are of one build, so there
 * are no versions; a worker is still treated as foreign input by the service,
 * since plugin code runs in it.
 *
 * Control socket, fettled <-> zygote (one zygote for each plugin):
 *   > {"start": N}            one descriptor: the call's own socket
 *   > {"kill": N}             SIGKILL the call's process
 *   < {"ready": true}         once, after the plugin was loaded
 *   < {"refused": "why"}      instead, when it can't be
 *   < {"exited": N, "status": waitpid's}
 *
 * Call socket, fettled <-> the process of one call:
 *   > {"call": "probe|inventory|deploy|cleanup|activate|firewall_open|
 *               firewall_restore|reach_back", "type": "linux",
 *      "target": {"address": "10.0.0.7", "name": "web1", "operation": "t-12",
 *                 "message": text, "delay": s},     activate: for its users
 *      "phase": 1|2,
 *      "ports": [[6, 22, 22, 2222, 2222], ...]    protocol, declared, real
 *      "settings": {"ssh_port": "2222"},          set ones only
 *      "credentials": {"user": , "password": , "key": (PEM text), "passphrase": ,
 *                      "agent": true, "sudo_password": },
 *      "host_key": {"policy": "tofu|strict", "pinned": "ssh-ed25519 SHA256:..." or null},
 *      "certificate": "SHA256:..." or null,       pinned; the policy is host_key's
 *      "timeouts": {"connect": s, "read": s},
 *      "token": "..." or null,
 *      "argument": text or null,                  reach_back: the URL; firewall_restore: the former state
 *      "image": {"id", "format", "match", "version", "flags",
 *                "files": [{"name", "sha256", "size", "offset": in the descriptor,
 *                            "stamp": what it looks like while it is unchanged, or ""}]},
 *      "fds": ["agent", "known_hosts", "recording", "file", "file"]}   what the descriptors are
 *   > {"abort": true}
 *   > {"served": {"url": ...} or {"bytes", "answers"} or {"blocked"} or {"code", "error"}}  to each serve but status
 *   > {"status": {...}}                           what the node posted; to each that asked for it
 *   < {"serve": "url|fetched|way", "listener": n, "file": n; -1: a place for status}
 *   < {"serve": "status"}
 *   < {"log": "text", "level": 6}
 *   < {"progress": 250, "step": "uploading"}
 *   < {"items": [{"id", "kind", "name", "version", "scheme", "match",
 *                 "location", "arch", "staged", "updateable": bool}, ...]}
 *   < {"node": {"address", "type", "name", "location", "pair",
 *               "relation": "member|manager|peer"}}
 *   < {"host_key": "ssh-ed25519 SHA256:..."}      seen and accepted (tofu)
 *   < {"certificate": "SHA256:..."}               the same for its certificate's key
 *   < {"result": code, "error": "text" or null,
 *      "score": n, "delay": s, "token": "...",
 *      "former": firewall_open's}                 the last one
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef FETTLE_WIRE_H
#define FETTLE_WIRE_H

#include <jansson.h>

#include "util/error.h"

#define FETTLE_WIRE_MAX (128 * 1024) /* bytes of one message */
#define FETTLE_WIRE_FDS 32           /* descriptors of one message */

/* A pair of sockets for such messages, close-on-exec, blocking. */
fettle_result fettle_wire_pair (int ret[2], struct fettle_error *);

/* Sends; blocks if the socket does, else FETTLE_AGAIN while it is full.  Takes
 * no ownership; its copy of the text is wiped, as there may be secrets in it. */
fettle_result fettle_wire_send (int socket, const json_t *message, const int *fds, size_t n_fds,
                                struct fettle_error *);

/* The same for a message that is JSON text already. */
fettle_result fettle_wire_send_text (int socket, const char *text, size_t size, const int *fds,
                                     size_t n_fds, struct fettle_error *);

/* Receives one message.  FETTLE_E_UNREACHABLE at the end of the stream,
 * FETTLE_AGAIN when the socket doesn't block and has nothing.  *n_fds is the
 * room in fds, then how many came; descriptors (close-on-exec) become the
 * caller's.  With fds NULL they are closed. */
fettle_result fettle_wire_receive (int socket, json_t **ret, int *fds, size_t *n_fds,
                                   struct fettle_error *);

/* The same without descriptors, telling how large it was. */
fettle_result fettle_wire_receive_size (int socket, json_t **ret, size_t *ret_size,
                                        struct fettle_error *);

#endif
