# gate-probe.py - what a node and a listener do, for tests of the firewall.
#   gate-probe.py listen PROTOCOL/PORT...       echoes, on IPv4 and IPv6; prints "ready"
#   gate-probe.py tcp|udp ADDRESS PORT [S]      prints open, refused, timeout or the error's name
#   gate-probe.py hold ADDRESS PORT             prints "up"; after a line on stdin "alive" or "cut"
#
# SPDX-License-Identifier: Apache-2.0
import errno, socket, sys, threading

def echo (c):
    try:
        while data := c.recv (4096):
            c.sendall (data)
    except OSError:
        pass
    c.close ()

def listen (words):
    for word in words:
        protocol, port = word.split ("/")
        kind = socket.SOCK_STREAM if protocol == "tcp" else socket.SOCK_DGRAM
        s = socket.socket (socket.AF_INET6, kind)
        s.setsockopt (socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 0)
        s.setsockopt (socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        s.bind (("::", int (port)))
        if protocol == "tcp":
            s.listen (64)
            def accept (s):
                while True:
                    threading.Thread (target=echo, args=(s.accept ()[0],), daemon=True).start ()
        else:
            def accept (s):
                while True:
                    data, peer = s.recvfrom (4096)
                    s.sendto (data, peer)
        threading.Thread (target=accept, args=(s,), daemon=True).start ()
    print ("ready", flush=True)
    threading.Event ().wait ()

def connect (kind, address, port, timeout):
    info = socket.getaddrinfo (address, int (port), type=kind, flags=socket.AI_NUMERICHOST)[0]
    s = socket.socket (info[0], kind)
    s.settimeout (timeout)
    s.connect (info[4])
    return s

def probe (kind, address, port, timeout=0.7):
    try:
        s = connect (kind, address, port, float (timeout))
        s.send (b"x")
        return "open" if s.recv (9) == b"x" else "closed"
    except (TimeoutError, socket.timeout):
        return "timeout"
    except OSError as e:
        return errno.errorcode.get (e.errno, str (e)).lower ().replace ("econn", "")

def hold (address, port):
    s = connect (socket.SOCK_STREAM, address, port, 3)
    s.send (b"x")
    s.recv (9)
    print ("up", flush=True)
    sys.stdin.readline ()
    s.settimeout (1.5)
    try:
        s.send (b"y")
        print ("alive" if s.recv (9) else "closed", flush=True)
    except OSError:
        print ("cut", flush=True)

mode, rest = sys.argv[1], sys.argv[2:]
if mode == "listen":
    listen (rest)
elif mode == "hold":
    hold (*rest)
else:
    print (probe (socket.SOCK_STREAM if mode == "tcp" else socket.SOCK_DGRAM, *rest))
