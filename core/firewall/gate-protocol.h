/* gate-protocol.h - what the service and fettle-gate say to each other.
 *
 * A SOCK_SEQPACKET socket of this host; a request is one packet, its answer
 * another, in the same order.  A request is a head and an array of one kind of
 * struct; no lengths, no text: there is nothing to parse.  Numbers are in the
 * host's byte order, addresses in the network's.  What isn't used is zero.
 *
 * This file is part of fettle-gate too, which is linked with libnftables.
 *
 * SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-only
 */
#ifndef FETTLE_GATE_PROTOCOL_H
#define FETTLE_GATE_PROTOCOL_H

#include <stdint.h>

#define FETTLE_GATE_MAGIC    0x46744731u /* FtG1 */
#define FETTLE_GATE_VERSION  1u
#define FETTLE_GATE_BATCH    1000u      /* structs in a packet */
#define FETTLE_GATE_LIFETIME 3600000u   /* ms that a hole can be asked for */
#define FETTLE_GATE_PORTS_MAX 64u       /* spans of ports */
#define FETTLE_GATE_SPAN_MAX 4096u      /* ports in all spans together */
#define FETTLE_GATE_HOLES_MAX 1048576u  /* of each kind of address */
#define FETTLE_GATE_MARK     0x00100000u

enum fettle_gate_type {
  FETTLE_GATE_PING = 1,  /*       -> one state */
  FETTLE_GATE_PORTS,     /* spans: the ports that are closed but for holes, from now on */
  FETTLE_GATE_OPEN,      /* holes: open for lifetime_ms from now on, new or not */
  FETTLE_GATE_CLOSE,     /* holes: not open any more, if they were */
  FETTLE_GATE_CLOSE_ALL,
  FETTLE_GATE_STATUS,    /* holes -> statuses, in the same order */
  FETTLE_GATE_TRACE,     /* holes -> traces, in the same order */
  FETTLE_GATE_SEEN,      /*       -> seen: who was refused lately */
  FETTLE_GATE_LOOK,      /*       -> findings: who else in this host's firewall drops */
};

enum fettle_gate_result {
  FETTLE_GATE_OK = 0,
  FETTLE_GATE_E_REQUEST,  /* malformed: a defect of the sender */
  FETTLE_GATE_E_REFUSED,  /* not one of the ports that this gate was started for */
  FETTLE_GATE_E_KERNEL,   /* the kernel or libnftables said no: see the text */
  FETTLE_GATE_E_NOMEM,
};

struct fettle_gate_head {
  uint32_t magic;
  uint16_t version;
  uint16_t type;
  uint32_t id;    /* the answer has the same */
  uint32_t count; /* structs that follow */
};

#define FETTLE_GATE_TEXT 232

struct fettle_gate_answer {
  struct fettle_gate_head head;
  uint32_t result;
  uint32_t index;              /* E_REQUEST, E_REFUSED: of the struct that is wrong */
  char text[FETTLE_GATE_TEXT]; /* why it failed; ends with NUL */
};

struct fettle_gate_span {
  uint8_t protocol; /* 6 TCP, 17 UDP */
  uint8_t zero[3];
  uint16_t first, last;
};

/* A source address that may reach one of our ports. */
struct fettle_gate_hole {
  uint8_t family;   /* 4 or 6 */
  uint8_t protocol;
  uint16_t port;
  uint32_t lifetime_ms; /* OPEN: 1 .. LIFETIME; else 0 */
  uint8_t address[16];  /* IPv4: the first four */
  char interface[16];   /* of an IPv6 link-local address, else "" */
};

struct fettle_gate_status {
  uint64_t packets, bytes;
  uint32_t remaining_ms;
  uint32_t open; /* 0: there is no such hole */
};

/* Connections and datagrams of that address to that port, where they were
 * seen; forgotten after ten minutes.  A TCP connection counts as one. */
struct fettle_gate_trace {
  uint64_t arrived; /* from the network, before routing and filters */
  uint64_t refused; /* packets that we dropped: no hole */
  uint64_t passed;  /* let through by all filters of this host */
};

struct fettle_gate_seen {
  uint8_t family, protocol;
  uint16_t port;
  uint8_t zero[4];
  uint8_t address[16];
  uint64_t packets;
};

#define FETTLE_GATE_OWNED     (1u << 0) /* the kernel removes all with this process */
#define FETTLE_GATE_PROLONGS  (1u << 1) /* holes keep their counters when opened again */
#define FETTLE_GATE_CONFINED  (1u << 2) /* system calls are limited */

struct fettle_gate_state {
  uint32_t flags, mark;
  uint64_t arrived, refused, members, passed; /* of all addresses */
};

/* A filter of somebody else that drops what comes through our holes. */
enum fettle_gate_manager {
  FETTLE_GATE_PLAIN = 1, /* nftables rules of the administrator's own */
  FETTLE_GATE_IPTABLES,  /* made by iptables-nft */
  FETTLE_GATE_LEGACY,    /* iptables-legacy: is there, can't be read */
  FETTLE_GATE_FIREWALLD,
  FETTLE_GATE_UFW,
};

#define FETTLE_GATE_BY_POLICY (1u << 0) /* of the chain; else by a rule of it */
#define FETTLE_GATE_EARLY     (1u << 1) /* before our mark is set */
#define FETTLE_GATE_MENDS     (1u << 2) /* fettle-gate --setup adds the rule */
#define FETTLE_GATE_FINDINGS  16u
#define FETTLE_GATE_NAME      256
#define FETTLE_GATE_WHAT      700
#define FETTLE_GATE_MEND      1200

struct fettle_gate_finding {
  uint8_t manager;
  uint8_t flags;
  uint8_t protocol;   /* an example of what it drops */
  uint8_t zero;
  uint16_t port;
  uint16_t zero2;
  int32_t priority;
  char family[8];     /* "inet", "ip", "ip6" */
  char table[FETTLE_GATE_NAME], chain[FETTLE_GATE_NAME];
  char what[FETTLE_GATE_WHAT]; /* in words; printable; ends with NUL */
  char mend[FETTLE_GATE_MEND]; /* what to type */
};

_Static_assert (sizeof (struct fettle_gate_head) == 16, "no padding");
_Static_assert (sizeof (struct fettle_gate_answer) == 256, "no padding");
_Static_assert (sizeof (struct fettle_gate_span) == 8, "no padding");
_Static_assert (sizeof (struct fettle_gate_hole) == 40, "no padding");
_Static_assert (sizeof (struct fettle_gate_seen) == 32, "no padding");

#endif
