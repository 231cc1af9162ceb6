# http11.py HOST PORT PATH: requests that RFC 9110 and 9112 have an opinion on, and
# the statuses that it allows; TAP points without their numbers ("ok what", "not
# ok what: status").  The cases are those of public sets (h1spec), and more.
#
# SPDX-License-Identifier: Apache-2.0
import re
import socket
import sys

host, port, P = sys.argv[1], int(sys.argv[2]), sys.argv[3].encode()
H = b"Host: localhost\r\n"
W = None  # it waits for more


def g(line, fields=H, body=b""):
    return line.replace(b"PATH", P) + b"\r\n" + fields + b"\r\n" + body


cases = []
whole = g(b"GET PATH HTTP/1.1")
for cut in (1, 4, 4 + len(P), 5 + len(P), len(P) + 9, whole.index(b"\r"), whole.index(b"\r") + 1, whole.index(b"\n") + 1, whole.index(b"Ho") + 3, whole.index(b": ") + 1, whole.index(b": ") + 2, len(whole) - 4, len(whole) - 3, len(whole) - 2, len(whole) - 1):
    cases.append((f"cut after {cut}", whole[:cut], W))
ok, bad = (200, 206), tuple(range(400, 500))
cases += [
 ("no version", g(b"GET PATH ", b""), tuple(range(400, 600))),
 ("no version, no space", g(b"GET PATH"), (400,)),
 ("Expect", g(b"GET PATH HTTP/1.1", H + b"Expect: 100-continue\r\n"), (100,) + ok),
 ("a GET", whole, ok),
 ("case, tab, empty field", g(b"GET PATH HTTP/1.1", b"hoSt:\tlocalhost\r\nempty:\r\n"), ok),
 ("invalid name", g(b"GET PATH HTTP/1.1", H + b"X-Invalid[]: t\r\n"), bad),
 ("space in a name", g(b"GET PATH HTTP/1.1", H + b"Bad Header: t\r\n"), (400,)),
 ("no Host", g(b"GET PATH HTTP/1.1", b""), (400,)),
 ("two Hosts", g(b"GET PATH HTTP/1.1", H + b"Host: example.com\r\n"), (400,)),
 ("invalid Host", g(b"GET PATH HTTP/1.1", b"Host: bad host\r\n"), (400,)),
 ("space before colon", g(b"GET PATH HTTP/1.1", b"Host : localhost\r\n"), (400,)),
 ("NUL", g(b"GET PATH HTTP/1.1", b"Host: local\0host\r\n"), (400,)),
 ("obs-fold", g(b"GET PATH HTTP/1.1", H + b"  continued\r\n"), (400,)),
 ("control character", g(b"GET PATH HTTP/1.1", H + b"X: a\x07\r\n"), bad),
 ("length -1234", g(b"GET PATH HTTP/1.1", H + b"Content-Length: -1234\r\n"), bad),
 ("length overflows", g(b"GET PATH HTTP/1.1", H + b"Content-Length: 123456789123456789123456789\r\n"), bad),
 ("length abc", g(b"GET PATH HTTP/1.1", H + b"Content-Length: abc\r\n"), bad),
 ("length +5", g(b"GET PATH HTTP/1.1", H + b"Content-Length: +5\r\n", b"hello"), bad),
 ("lengths 5, 5", g(b"GET PATH HTTP/1.1", H + b"Content-Length: 5, 5\r\n", b"hello"), bad + ok),
 ("lengths 5 and 6", g(b"GET PATH HTTP/1.1", H + b"Content-Length: 5\r\nContent-Length: 6\r\n", b"hello"), (400,)),
 ("CL and TE", g(b"GET PATH HTTP/1.1", H + b"Transfer-Encoding: chunked\r\nContent-Length: 5\r\n"), bad),
 ("unknown TE", g(b"GET PATH HTTP/1.1", H + b"Transfer-Encoding: magic\r\n"), (400, 411, 501)),
 ("HTTP/9.9", g(b"GET PATH HTTP/9.9"), bad + (505,)),
 ("HTTP/2.0", g(b"GET PATH HTTP/2.0"), (400, 505)),
 ("prefix", b"Extra line" + whole, tuple(range(400, 600))),
 ("bare CR", b"GET " + P + b" HTTP/1.1\r\n" + H + b"\rSome: t\r\n\r\n", (400,)),
 ("OPTIONS *", g(b"OPTIONS * HTTP/1.1"), (200, 204, 404, 405, 501)),
 # RFC 9112 wants it taken; it is for proxies, and refused here on purpose.
 ("absolute form", g(b"GET http://localhostPATH HTTP/1.1"), (400,)),
 ("CONNECT", g(b"CONNECT example.com:443 HTTP/1.1"), (404, 405, 501)),
 ("POST with a body", g(b"POST PATH HTTP/1.1", H + b"Content-Length: 5\r\n", b"hello"), (200, 404, 405, 415)),
 ("chunked body", g(b"POST PATH HTTP/1.1", H + b"Transfer-Encoding: chunked\r\n", b"5\r\nhello\r\n0\r\n\r\n"), (200, 404, 405, 411, 415)),
 ("chunk of bad size", g(b"POST PATH HTTP/1.1", H + b"Transfer-Encoding: chunked\r\n", b"zz\r\nhello\r\n0\r\n\r\n"), bad),
 ("unknown method", g(b"FROB PATH HTTP/1.1"), (405, 501)),
 ("HEAD", g(b"HEAD PATH HTTP/1.1"), ok),
 ("HTTP/1.0 without Host", g(b"GET PATH HTTP/1.0", b""), ok),
 ("long line", g(b"GET PATH" + b"a" * 20000 + b" HTTP/1.1"), (404, 414, 431, 400)),
 ("101 fields", g(b"GET PATH HTTP/1.1", H + b"".join(b"X-%d: v\r\n" % i for i in range(101))), ok + (431, 400)),
 ("large field", g(b"GET PATH HTTP/1.1", H + b"X: " + b"x" * 20000 + b"\r\n"), (431, 400)),
 ("two at once", whole.replace(b"GET", b"HEAD") * 2, ok),
 ("empty line first", b"\r\n" + whole, ok + (400,)),
]


def status(request, patience):
    with socket.create_connection((host, port)) as s:
        s.settimeout(patience)
        try:
            s.sendall(request)
            m = re.match(rb"HTTP/1\.\d (\d{3}) ?[^\r]*\r\n", s.recv(65536))
            return int(m[1]) if m else "no status"
        except socket.timeout:
            return W
        except OSError as e:
            return e.strerror


for name, request, wanted in cases:
    got = status(request, 0.3 if wanted is W else 60)
    good = got is W if wanted is W else got in wanted
    print("ok" if good else "not ok", name if good else f"{name}: {got}")
