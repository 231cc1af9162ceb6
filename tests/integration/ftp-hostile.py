"""Clients of the FTP listener that are up to something.

    ftp-hostile.py CASE ADDRESS PORT NAME OTHER-ADDRESS

Each case is a function; it raises when something isn't as it must be.
SPDX-License-Identifier: Apache-2.0"""
import errno
import re
import socket
import sys

case, address, port, name, other = sys.argv[1:6]
port = int(port)
SIZE = 3000000


class Client:
    def __init__(self, source=None, login=True, to=None):
        family = socket.AF_INET6 if ":" in address else socket.AF_INET
        self.s = socket.socket(family)
        self.s.settimeout(60)
        if source:
            self.s.bind((source, 0))
        self.s.connect((to or address, port))
        self.buffer = b""
        self.greeting = self.answer()
        if login:
            assert self.ask("USER anonymous") == 331
            assert self.ask("PASS x") == 230
            assert self.ask("TYPE I") == 200

    def line(self):
        while b"\n" not in self.buffer:
            more = self.s.recv(4096)
            if not more:
                raise EOFError("closed")
            self.buffer += more
        line, self.buffer = self.buffer.split(b"\n", 1)
        return line.decode().rstrip("\r")

    def answer(self):
        self.text = self.line()
        code = self.text[:3]
        while self.text[3:4] == "-" or self.text[:3] != code:
            self.text = self.line()
        return int(code)

    def ask(self, command):
        self.s.sendall(command.encode() + b"\r\n")
        return self.answer()

    def passive(self):
        if self.ask("EPSV") != 229:
            raise AssertionError(self.text)
        return int(re.search(r"\|\|\|(\d+)\|", self.text).group(1))

    def data(self, number, source=None):
        s = socket.socket(self.s.family)
        s.settimeout(60)
        if source:
            s.bind((source, 0))
        s.connect((address, number))
        return s

    def closed(self):
        """Nothing but answers until it is closed."""
        try:
            while self.s.recv(4096):
                pass
        except ConnectionResetError:
            pass
        return True


def works():
    """A well-behaved client is served."""
    c = Client()
    d = c.data(c.passive())
    assert c.ask("RETR " + name) == 150, c.text
    got = 0
    while (b := d.recv(1 << 16)):
        got += len(b)
    assert got == SIZE and c.answer() == 226, (got, c.text)
    assert c.ask("QUIT") == 221


def drained(s):
    n = 0
    try:
        while (b := s.recv(1 << 16)):
            n += len(b)
    except ConnectionResetError:
        pass
    return n


def bounce():
    """Nothing is connected to, not even the client itself."""
    with socket.socket() as trap:
        trap.bind(("127.0.0.1", 0))
        trap.listen(1)
        hi, lo = divmod(trap.getsockname()[1], 256)
        for command in (f"PORT 127,0,0,1,{hi},{lo}", "PORT 10,0,0,1,0,22",
                        f"EPRT |1|127.0.0.1|{hi * 256 + lo}|"):
            c = Client()
            assert c.ask(command) == 502, c.text
            assert c.ask("RETR " + name) == 425, c.text
        trap.settimeout(0.2)
        try:
            trap.accept()
            raise AssertionError("it connected")
        except socket.timeout:
            pass


def elsewhere():
    """A data connection of another address is nobody's; the right one still works."""
    c = Client()
    number = c.passive()
    thief = c.data(number, other)
    assert c.ask("NOOP") == 200
    assert drained(thief) == 0, "the thief got something"
    d = c.data(number)
    assert c.ask("RETR " + name) == 150, c.text
    assert drained(d) == SIZE and c.answer() == 226


def another_node():
    """Another node's name is as if it weren't there; so is its size."""
    c = Client(other)
    for command in ("SIZE ", "MDTM "):
        assert c.ask(command + name) == 550, c.text
    d = c.data(c.passive(), other)
    assert c.ask("RETR " + name) == 550, c.text
    right = c.text
    assert c.ask("RETR d/" + "0" * 32 + "/firmware.bin") == 550, c.text
    assert c.text == right, "the answers differ"
    d.close()


def wrong_names():
    """A few wrong names end the connection; none is found."""
    token = name.split("/")[1]
    for bad in ("/etc/passwd", "d/../../etc/passwd", f"d/{token}/../{token}/firmware.bin",
                f"d/{token}", f"d/{token}/", f"d/{token}/firmware.bin/x", f"d/{token[:-1]}/firmware.bin",
                f"d/{token}0/firmware.bin", f"d/{token}/firmware.bi", "", "/", ".", "..", "d//" + "x" * 400,
                f"D/{token}/firmware.bin", f"d/{token.upper()}/firmware.bin" if token.upper() != token else "x",
                f"d/{token}/%66irmware.bin", f"d\\{token}\\firmware.bin", "c/" + token, "~root"):
        c = Client()
        c.passive()
        for command in ("RETR ", "MDTM ", "SIZE ", "RETR "):
            assert c.ask(command + bad) == 550, (command, bad, c.text)
        assert c.ask("SIZE " + bad) == 421, (bad, c.text)
        assert c.closed()
    c = Client()
    assert c.ask("CWD ..") == 550, c.text
    assert c.ask("CWD /" + "x/" * 300) == 550, c.text


def writing():
    """Nothing is written, listed, or run."""
    for command in ("STOR x", "APPE x", "DELE x", "MKD x", "SITE EXEC id"):
        assert Client().ask(command) == 550, command
    c = Client()
    for command in ("LIST", "NLST /", "MLSD", "STAT /"):
        assert c.ask(command) == 502, command
    assert c.ask("XYZZY") == 500
    assert c.ask("NOOP") == 200


def login():
    """Without the login there is nothing; other logins are refused, and few may be tried."""
    c = Client(login=False)
    for command in ("RETR " + name, "SIZE " + name, "EPSV", "PWD", "NOOP"):
        assert c.ask(command) == 530, command
    for _ in range(4):
        assert c.ask("USER root") == 530
    assert c.ask("PASS secret") == 421
    assert c.closed()


def big_lines():
    """Lines without end, with NULs and control characters end the connection."""
    for bad in (b"x" * 5000, b"RETR " + b"a/" * 2000 + b"\r\n", b"NOOP\0\r\n", b"NOOP \x01\r\n",
                b"\r\r\r\n", b"A" * 1024 + b"\r\n"):
        c = Client()
        c.s.sendall(bad)
        assert c.answer() == 500, (bad[:20], c.text)
        assert c.closed()
    c = Client()
    try:  # megabytes
        for _ in range(64):
            c.s.sendall(b"y" * 65536)
    except OSError as e:
        assert e.errno in (errno.EPIPE, errno.ECONNRESET), e
    assert c.closed()


def telnet():
    """Telnet's commands in front of ABOR are taken out, and urgent data is read."""
    c = Client()
    c.s.sendall(b"\xff\xf4\xff")
    c.s.send(b"\xf2", socket.MSG_OOB)
    c.s.sendall(b"ABOR\r\n")
    assert c.answer() == 226, c.text
    c.s.send(b"ABOR\r\n", socket.MSG_OOB)
    assert c.answer() == 226, c.text
    assert c.ask("NOOP") == 200


def many_of_one():
    """One address has few connections; who is refused, hears so."""
    held = [Client() for _ in range(8)]
    more = Client(login=False)
    assert more.greeting == 421 and more.closed()
    del held[0].s
    for c in held[1:]:
        assert c.ask("NOOP") == 200


def crowd():
    """A thousand connections of many addresses."""
    idle = []
    for i in range(1000):
        s = socket.socket()
        s.bind((f"127.0.{1 + i // 250}.{1 + i % 250}", 0))
        s.settimeout(60)
        s.connect((address, port))
        idle.append(s)
    return idle


def thousand():
    """A thousand idle ones: others are served meanwhile."""
    idle = crowd()
    works()
    for s in idle:
        assert s.recv(3) == b"220"


def thousand_go():
    """A thousand that don't log in are told so, and closed."""
    for s in crowd():
        text = b""
        while (b := s.recv(1000)):
            text += b
        assert text.startswith(b"220") and b"421" in text, text


def flood():
    """Commands without reading the answers: memory stays bounded, others are served."""
    c = Client()
    c.s.settimeout(1)
    sent = 0
    try:
        while sent < 64 << 20:
            sent += c.s.send(b"FEAT\r\nHELP\r\n" * 1000)
    except (socket.timeout, ConnectionError):
        pass
    assert sent < 64 << 20, "it took all of it"
    works()


def slow():
    """One that doesn't read is broken off, in its time; others are served meanwhile."""
    c = Client()
    d = socket.socket(c.s.family)
    d.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    d.settimeout(60)
    d.connect((address, c.passive()))
    assert c.ask("RETR " + name) == 150, c.text
    works()
    assert c.ask("NOOP") == 200, c.text  # also while a file is on its way
    assert c.answer() == 426, c.text
    assert c.ask("NOOP") == 200, c.text


def no_data():
    """RETR without a connection: 425, and it goes on.  The listener waits a few
    seconds only, which may be too few for us: then it's tried again."""
    for _ in range(20):
        c = Client()
        answers = []
        try:
            for command in ("RETR " + name, "EPSV", "RETR " + name, "NOOP"):
                answers.append(c.ask(command))
        except (EOFError, OSError):
            pass
        if answers == [425, 229, 425, 200]:
            return
        assert 421 in answers, answers
    raise AssertionError("never in time")


def ports():
    """Ports end before sessions do; the next node has them all the same."""
    held = [Client() for _ in range(8)]
    numbers = {c.passive() for c in held}
    assert len(numbers) == 8, numbers  # different ones, since the address is the same
    c = Client(other)
    assert c.passive() in numbers      # shared
    for c in held:
        assert c.ask("ABOR") == 226
    held[0].passive()
    # Again and again: what was opened before is closed.
    for _ in range(100):
        held[0].passive()
    works_after = held[0].data(held[0].passive())
    assert held[0].ask("RETR " + name) == 150
    assert drained(works_after) == SIZE


def rest():
    c = Client()
    for bad in ("REST -1", "REST x", "REST 99999999999999999999", "REST"):
        assert c.ask(bad) == 501, (bad, c.text)
    c.data(c.passive())
    assert c.ask("REST 3000001") == 350
    assert c.ask("RETR " + name) == 554, c.text
    for bad in ("EPSV 3", "EPSV x"):
        assert c.ask(bad) == 522, c.text
    assert c.ask("EPSV ALL") == 200
    assert c.ask("PASV") == 425, c.text


def pipelined():
    """All at once, and ABOR among it: an answer for each, in order."""
    c = Client()
    d = c.data(c.passive())
    c.s.sendall(b"NOOP\r\nRETR " + name.encode() + b"\r\nNOOP\r\nABOR\r\nPWD\r\nQUIT\r\n")
    got = []
    while not got or got[-1] != 221:
        got.append(c.answer())
    # 150 only when the data connection was seen before ABOR was.
    assert [g for g in got if g != 150] in ([200, 200, 426, 226, 257, 221],
                                            [200, 200, 226, 226, 257, 221]), got
    d.close()
    assert c.closed()


globals()[case]()
