#!/usr/bin/env python3
"""What stands behind smbd's named pipes: takes the place of Samba's own servers
and passes each pipe on to whom it belongs.

    pipes.py FRONT BACK NODE CONF

CONF is their smb.conf. FRONT and BACK are folders of sockets, smbd's and samba-dcerpcd's ("ncalrpc dir"
of either, with np below). NODE is the folder where the node keeps:

    relay       the port of `node.exe relay`, which joins us to the pipe svcctl
                of Wine's service control manager
    import.reg  what programs on the node want in the registry that winreg serves:
                imported when the pipe is opened the next time
    registry    is there while the service RemoteRegistry runs; without it the
                pipe winreg is refused, as Windows refuses it
    late        how often winreg is refused although that service runs: as on a
                Windows that starts it when somebody knocks
    mutate      a seed: then answers of svcctl and winreg are changed at random

Wine 8 answers each PDU with call_id 1: the number that was asked is put back.

SPDX-License-Identifier: Apache-2.0
"""
import os
import random
import socket
import struct
import subprocess
import sys
import threading
import time

MAGIC = b"NPAM"
MESSAGE_MODE, DEVICE_STATE, ALLOCATED = 2, 0x05FF, 4096
NAME_NOT_FOUND = 0xC0000034
# Samba answers the key CurrentVersion itself, with next to nothing: the seed has it by another name.
CURRENT = tuple(("Windows NT\\CurrentVersio" + end).encode("utf-16-le") for end in "n0")
PIPES = ("winreg", "lsarpc", "srvsvc", "wkssvc", "samr", "epmapper", "netlogon")


def exact(stream, n):
    data = b""
    while len(data) < n:
        more = stream.recv(n - len(data))
        if not more:
            raise EOFError
        data += more
    return data


def shut(*streams):
    for s in streams:
        try:
            s.shutdown(socket.SHUT_RDWR)
        except OSError:
            pass


def together(*functions):
    """Runs them at once, until each has ended."""
    threads = [threading.Thread(target=f, daemon=True) for f in functions]
    for t in threads:
        t.start()
    for t in threads:
        t.join()


def greeting(smbd):
    """Who comes, as smbd says it: the request as it was, and its level."""
    length = exact(smbd, 4)
    request = exact(smbd, struct.unpack(">I", length)[0])
    if request[:4] != MAGIC:
        raise EOFError
    return length + request, struct.unpack("<I", request[4:8])[0]


def answer(smbd, level, status):
    body = MAGIC + struct.pack("<IIHHIQI", level, level, MESSAGE_MODE, DEVICE_STATE, 0, ALLOCATED, status)
    smbd.sendall(struct.pack(">I", len(body)) + body)


class Mutations:
    """Changes of some answers, reproducible by their seed."""

    def __init__(self, path):
        self.path, self.random, self.seed = path, None, None

    def __call__(self, pdu):
        try:
            with open(self.path, encoding="ascii") as f:
                seed = f.read().strip()
        except OSError:
            return pdu
        if seed != self.seed:
            self.seed, self.random = seed, random.Random(seed)
        r = self.random
        if r.random() < 0.5:
            return pdu
        pdu = bytearray(pdu)
        for _ in range(r.randint(1, 6)):
            i = r.randrange(len(pdu))
            pdu[i] = r.choice((0, 1, 0x7F, 0x80, 0xFF, r.randrange(256)))
        if r.random() < 0.2 and len(pdu) > 16:
            pdu = pdu[:r.randrange(16, len(pdu))]
        return bytes(pdu)


class Pipes:
    def __init__(self, front, back, node, conf):
        self.front, self.back, self.node, self.conf = front, back, node, conf
        self.importing = threading.Lock()
        self.mutate = Mutations(os.path.join(node, "mutate"))

    def listen(self, name, serve):
        path = os.path.join(self.front, name)
        listener = socket.socket(socket.AF_UNIX)
        listener.bind(path)
        listener.listen(16)

        def accept():
            while True:
                smbd, _ = listener.accept()
                threading.Thread(target=self.one, args=(serve, name, smbd), daemon=True).start()
        threading.Thread(target=accept, daemon=True).start()

    @staticmethod
    def one(serve, name, smbd):
        with smbd:
            try:
                serve(name, smbd)
            except (EOFError, OSError) as e:
                print(f"{name}: ended {e}", file=sys.stderr, flush=True)

    def take_in(self):
        wanted = os.path.join(self.node, "import.reg")
        with self.importing:
            if os.path.exists(wanted):
                subprocess.run(["net", "-s", self.conf, "registry", "import", wanted], check=False, timeout=60)
                os.unlink(wanted)

    def is_late(self):
        late = os.path.join(self.node, "late")
        with self.importing:
            if not os.path.exists(late):
                return False
            with open(late, encoding="ascii") as f:
                n = int(f.read())
            if n > 1:
                with open(late, "w", encoding="ascii") as f:
                    print(n - 1, file=f)
            else:
                os.unlink(late)
            return True

    def reach(self, name, request):
        """A connection to Samba's server, and what that answers to the greeting. One that ends
        just then, since nobody asked it anything for a minute, hangs up on who comes: that is
        no node's way, so the next one is asked."""
        for left in range(49, -1, -1):
            back = socket.socket(socket.AF_UNIX)
            try:
                back.connect(os.path.join(self.back, name))
                back.sendall(request)
                length = exact(back, 4)
                return back, length + exact(back, struct.unpack(">I", length)[0])
            except (EOFError, OSError) as e:
                back.close()
                print(f"{name}: {type(e).__name__} {e}, {left} more", file=sys.stderr, flush=True)
                if not left:
                    raise
                time.sleep(0.1)

    def samba(self, name, smbd):
        """A pipe of Samba's own."""
        request, level = greeting(smbd)
        if name == "winreg" and (self.is_late() or not os.path.exists(os.path.join(self.node, "registry"))):
            answer(smbd, level, NAME_NOT_FOUND)
            return
        if name == "winreg":
            self.take_in()
        back, reply = self.reach(name, request)
        with back:
            smbd.sendall(reply)

            def up():
                try:
                    while data := smbd.recv(65536):
                        back.sendall(data.replace(*CURRENT) if name == "winreg" else data)
                except OSError:
                    pass
                shut(smbd, back)

            def down():
                try:
                    while True:
                        pdu = exact(back, struct.unpack("<H", exact(back, 2))[0])
                        if name == "winreg":
                            pdu = self.mutate(pdu)
                        smbd.sendall(struct.pack("<H", len(pdu)) + pdu)
                except (EOFError, OSError):
                    pass
                shut(smbd, back)
            together(up, down)

    def services(self, _name, smbd):
        """The pipe of Wine's service control manager."""
        _, level = greeting(smbd)
        with open(os.path.join(self.node, "relay"), encoding="ascii") as f:
            port = int(f.read())
        with socket.create_connection(("127.0.0.1", port)) as wine:
            answer(smbd, level, 0)
            call_id = [b"\1\0\0\0"]

            def up():
                try:
                    while True:
                        pdu = exact(smbd, struct.unpack("<H", exact(smbd, 2))[0])
                        call_id[0] = pdu[12:16]
                        wine.sendall(pdu)
                except (EOFError, OSError):
                    pass
                shut(smbd, wine)

            def down():
                try:
                    while True:
                        head = exact(wine, 16)
                        rest = exact(wine, struct.unpack("<H", head[8:10])[0] - 16)
                        pdu = self.mutate(head[:12] + call_id[0] + rest)
                        smbd.sendall(struct.pack("<H", len(pdu)) + pdu)
                except (EOFError, OSError):
                    pass
                shut(smbd, wine)
            together(up, down)


def main():
    pipes = Pipes(*sys.argv[1:5])
    for name in PIPES:
        pipes.listen(name, pipes.samba)
    if os.path.exists(os.path.join(pipes.node, "relay")):
        pipes.listen("svcctl", pipes.services)
    else:
        pipes.listen("svcctl", pipes.samba)
    print("ready", flush=True)
    threading.Event().wait()


main()
