#!/usr/bin/env python3
"""A hostile server: passes what a client and smbd say, and changes smbd's answers
at random.

    hostile.py PORTFILE HOW SEED [PASSWORD [UPSTREAM]]

Listens at a free port of this host, which it writes to PORTFILE, and passes on
to 127.0.0.1:UPSTREAM (445). HOW:

    raw      any answer is changed, its signature isn't: what a client does
             before it knows whom it talks to, and with what it can't verify
    signed   the answers behind the login are changed and signed again. It knows
             the PASSWORD, and so the keys: as a node that was broken into. For
             the dialect 2.1 (server max protocol = SMB2_10)
    cut      nothing is changed, but once a connection ends: behind as many answers, of
             all of them, as the SEED says
    capabilities, mode, guid, dialect
             nothing but one thing of its answer to the negotiation: it can neither
             encrypt nor write much at once, doesn't demand signatures, is another
             server, speaks another dialect
    true     nothing is changed

The changes of the connection N follow from SEED + N alone, so a failure is had
again by its seed. It prints a line for each connection that ended: its seed and
how many answers were changed; of a cut, at once.

SPDX-License-Identifier: Apache-2.0
"""
import hashlib
import hmac
import os
import random
import select
import socket
import struct
import sys
import threading

MAGIC = b"\xfeSMB"
NEGOTIATE = 0
SESSION_SETUP = 1
NTLMSSP = b"NTLMSSP\0"
LIMIT = 1 << 24
SIGNED = 8
ALTERED = ("capabilities", "mode", "guid", "dialect")
OTHER_DIALECT = {0x0210: 0x0300, 0x0300: 0x0210, 0x0302: 0x0300, 0x0311: 0x0302}
HOT = (0, 1, 2, 4, 7, 8, 16, 63, 64, 65, 0x7F, 0x80, 0xFF, 0xFFFE, 0xFFFF, 0x10000, 0x7FFFFFFF, 0x80000000, 0xFFFFFFFE,
       0xFFFFFFFF)


def md4(data):
    """As NTLM needs it; OpenSSL 3 has none any more."""
    def turn(x, n):
        x &= 0xFFFFFFFF
        return (x << n | x >> (32 - n)) & 0xFFFFFFFF
    length = struct.pack("<Q", 8 * len(data))
    data += b"\x80" + b"\0" * ((55 - len(data)) % 64) + length
    state = [0x67452301, 0xEFCDAB89, 0x98BADCFE, 0x10325476]
    rounds = (
        (lambda x, y, z: x & y | ~x & z, 0, (3, 7, 11, 19), range(16)),
        (lambda x, y, z: x & y | x & z | y & z, 0x5A827999, (3, 5, 9, 13),
         (0, 4, 8, 12, 1, 5, 9, 13, 2, 6, 10, 14, 3, 7, 11, 15)),
        (lambda x, y, z: x ^ y ^ z, 0x6ED9EBA1, (3, 9, 11, 15), (0, 8, 4, 12, 2, 10, 6, 14, 1, 9, 5, 13, 3, 11, 7, 15)))
    for at in range(0, len(data), 64):
        words = struct.unpack("<16I", data[at:at + 64])
        a, b, c, d = state
        for function, constant, shifts, order in rounds:
            for i, k in enumerate(order):
                a, b, c, d = d, turn(a + function(b, c, d) + words[k] + constant, shifts[i % 4]), b, c
        state = [(x + y) & 0xFFFFFFFF for x, y in zip(state, (a, b, c, d))]
    return struct.pack("<4I", *state)


def rc4(key, data):
    box, j, i = list(range(256)), 0, 0
    for n in range(256):
        j = (j + box[n] + key[n % len(key)]) % 256
        box[n], box[j] = box[j], box[n]
    out, j = bytearray(), 0
    for byte in data:
        i = (i + 1) % 256
        j = (j + box[i]) % 256
        box[i], box[j] = box[j], box[i]
        out.append(byte ^ box[(box[i] + box[j]) % 256])
    return bytes(out)


def field(message, at):
    """A field of an NTLM message: length, room, offset."""
    size, _, offset = struct.unpack_from("<HHI", message, at)
    return message[offset:offset + size]


def alter(how, message):
    """An answer to the negotiation, with one thing altered."""
    m = bytearray(message)
    if how == "capabilities":
        m[88] &= ~0x44 & 0xFF
    elif how == "mode":
        m[66] &= ~2 & 0xFF
    elif how == "guid":
        m[72] ^= 1
    else:
        dialect = struct.unpack_from("<H", m, 68)[0]
        struct.pack_into("<H", m, 68, OTHER_DIALECT[dialect])
    return bytes(m)


def session_key(password, message):
    """The key of a session, out of the client's last message of its login."""
    answer, domain, user, key = (field(message, at) for at in (20, 28, 36, 52))
    name = user.decode("utf-16-le").upper().encode("utf-16-le") + domain
    owner = hmac.new(md4(password.encode("utf-16-le")), name, "md5").digest()
    base = hmac.new(owner, answer[:16], "md5").digest()
    return rc4(base, key) if key else base


class Mutator:
    left, counting = 0, threading.Lock()  # answers before the one cut, of all connections

    @classmethod
    def cut(cls):
        with cls.counting:
            cls.left -= 1
            return cls.left == -1

    def __init__(self, seed, how, password):
        self.random, self.how, self.password = random.Random(seed), how, password
        self.key, self.changed, self.last, self.login = None, 0, b"", b""
        # Some connections are left to themselves for a while, so that all that
        # comes later is reached as well.
        self.quiet = self.random.choice((0, 0, 1, 2, 3, 5, 8, 13, 21, 34, 55))
        self.rate = self.random.choice((0.1, 0.3, 0.6, 1.0))

    def heard(self, message):
        """What the client says."""
        at = message.find(NTLMSSP + struct.pack("<I", 3))
        if self.password and at >= 0:
            self.login = message[at:]

    def sign(self, message):
        message = message[:48] + b"\0" * 16 + message[64:]
        return message[:48] + hmac.new(self.key, message, hashlib.sha256).digest()[:16] + message[64:]

    def answer(self, message):
        """What comes instead of the answer: any number of messages, None for the end."""
        r = self.random
        if message[:4] == MAGIC and len(message) >= 64:
            status, command = struct.unpack_from("<IH", message, 8)
            if command == SESSION_SETUP and status == 0 and self.login and self.how == "signed":
                self.key = session_key(self.password, self.login)[:16]
                return [message]
        if self.how == "cut":
            if not Mutator.cut():
                return [message]
            print("cut", flush=True)
            return [None]
        if self.how in ALTERED:
            if message[:4] != MAGIC or len(message) < 92 or command != NEGOTIATE or self.changed:
                return [message]
            out = alter(self.how, message)
            self.changed = int(out != message)
            return [out]
        if self.how == "true" or (self.how == "signed" and self.key is None):
            return [message]
        if self.quiet > 0 or r.random() > self.rate:
            self.quiet -= 1
            self.last = message
            return [message]
        self.changed += 1
        out = self.change(message)
        self.last = message
        return out

    def change(self, message):
        r = self.random
        kind = r.random()
        if kind < 0.02:
            return [None]
        if kind < 0.05:
            return [message, message]
        if kind < 0.08 and self.last:
            return [self.last]
        if kind < 0.10:
            return [bytes(r.randrange(256) for _ in range(r.choice((0, 1, 3, 4, 63, 64, 65, 200))))]
        if kind < 0.13 and len(message) >= 64:
            pending = bytearray(message[:64] + b"\x09\0\0\0\0\0\0\0\0")
            struct.pack_into("<I", pending, 8, 0x103)
            struct.pack_into("<I", pending, 16, struct.unpack_from("<I", message, 16)[0] | 2)
            return [self.again(bytes(pending))] * r.randint(1, 4) + [message]
        if kind < 0.17 and len(message) >= 64:
            return [self.again(self.chained(message))]
        return [self.again(self.bytes_changed(message))]

    @staticmethod
    def chained(message):
        """Two answers in one, the second the same as the first."""
        padded = bytearray(message + b"\0" * (-len(message) % 8))
        struct.pack_into("<I", padded, 20, len(padded))
        return bytes(padded) + message

    def bytes_changed(self, message):
        r, m = self.random, bytearray(message)
        for _ in range(r.choice((1, 1, 1, 2, 3, 8))):
            if not m:
                break
            # Near the beginning is where lengths and offsets are.
            at = r.randrange(min(len(m), r.choice((16, 64, 80, 96, 128, 160, 1 << 20))))
            if self.how == "signed" and at < 4:
                continue
            kind = r.random()
            if kind < 0.3:
                m[at] = r.choice((0, 1, 0x7F, 0x80, 0xFF, r.randrange(256)))
            elif kind < 0.5 and at + 2 <= len(m):
                struct.pack_into("<H", m, at & ~1, r.choice(HOT) & 0xFFFF)
            elif kind < 0.8 and (at & ~3) + 4 <= len(m):
                struct.pack_into("<I", m, at & ~3, r.choice(HOT))
            elif kind < 0.9:
                del m[at:]
            elif kind < 0.95:
                m += bytes(r.randrange(256) for _ in range(r.choice((1, 8, 100, 3000))))
            else:
                del m[at:at + r.randint(1, 16)]
        return bytes(m)

    def again(self, message):
        return self.sign(message) if self.key and len(message) >= 64 else message


class Stream:
    """Messages with the length before them, as on TCP."""

    def __init__(self, s):
        self.socket, self.data = s, b""

    def messages(self):
        """What has come whole; None at the end."""
        more = self.socket.recv(1 << 18)
        if not more:
            return None
        self.data += more
        out = []
        while len(self.data) >= 4:
            size = struct.unpack(">I", self.data[:4])[0] & 0xFFFFFF
            if len(self.data) < 4 + size:
                break
            out.append(self.data[4:4 + size])
            self.data = self.data[4 + size:]
        return out


def frame(r, message):
    """With its length, seldom a wrong one."""
    size = len(message)
    if r.random() < 0.005:
        size = r.choice((0, 1, 63, size + 1, max(0, size - 1), 0xFFFFFF, 0x1000000, 0x85000000))
    return struct.pack(">I", size & 0xFFFFFFFF) + message


def talk(client, server, mutator):
    """False: the client is gone, or is to be left."""
    ready = select.select([client.socket, server.socket], [], [], 60)[0]
    if not ready:
        return False
    if client.socket in ready:
        said = client.messages()
        if said is None:
            return False
        for message in said:
            mutator.heard(message)
            server.socket.sendall(struct.pack(">I", len(message)) + message)
    if server.socket in ready:
        said = server.messages()
        if said is None:
            return False
        for message in said:
            for changed in mutator.answer(message):
                if changed is None:
                    return False
                hurt = mutator.changed and mutator.how in ("raw", "signed")
                client.socket.sendall(frame(mutator.random if hurt else random.Random(0), changed))
    return True


def one(connection, seed, how, password, upstream):
    mutator = Mutator(seed, how, password)
    with connection, socket.create_connection(("127.0.0.1", upstream)) as back:
        client, server = Stream(connection), Stream(back)
        try:
            while talk(client, server, mutator):
                pass
        except OSError:
            pass
    print(f"seed {seed}: {mutator.changed} changed", flush=True)


def main():
    port_file, how, seed = sys.argv[1], sys.argv[2], int(sys.argv[3])
    password = sys.argv[4] if len(sys.argv) > 4 else None
    upstream = int(sys.argv[5]) if len(sys.argv) > 5 else 445
    if how not in ("raw", "signed", "cut", "true", *ALTERED) or (how == "signed" and not password):
        sys.exit(__doc__)
    Mutator.left = seed
    listener = socket.create_server(("", 0))
    with open(port_file + ".new", "w", encoding="ascii") as f:
        print(listener.getsockname()[1], file=f)
    os.rename(port_file + ".new", port_file)
    while True:
        connection, _ = listener.accept()
        threading.Thread(target=one, args=(connection, seed, how, password, upstream), daemon=True).start()
        seed += 1


assert md4(b"abc").hex() == "a448017aaf21d8525fc10ae87aa6729d"
main()
