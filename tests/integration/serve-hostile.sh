# serve-hostile.sh - clients that mean harm: each comes to its end within limits,
# others are served meanwhile, and what the listeners hold stays bounded.
# SPDX-License-Identifier: Apache-2.0
. "$srcdir/tap.sh"
. "$srcdir/integration/serve-lib.sh"
requires python3

# A sanitizer keeps what was freed: not so much of it that it looks like growth.
export ASAN_OPTIONS=${ASAN_OPTIONS:+$ASAN_OPTIONS:}quarantine_size_mb=8
head -c 3000000 /dev/urandom >"$T/file"
sum=$(sum_of "$T/file")
ok "the listeners start" listener "$T/file" connections=3000 node_connections=1500 head=3 idle=3 stall=3
rss () { awk '/^VmRSS/ { print $2 }' "/proc/$listener/status"; }
files () { ls "/proc/$listener/fd" | wc -l; }
ok "they serve" still_well
start_files=$(files)

cat >"$T/hostile.py" <<'P'
import os, random, resource, socket, ssl, subprocess, sys, threading, time, urllib.parse
plain, tls = (urllib.parse.urlparse (u) for u in sys.argv[2:4])
status = urllib.parse.urlparse (sys.argv[4])
resource.setrlimit (resource.RLIMIT_NOFILE, (resource.getrlimit (resource.RLIMIT_NOFILE)[1],) * 2)
def dial (u = plain, timeout = 60):
    s = socket.create_connection ((u.hostname, u.port), timeout); return s
def ask (data, u = plain):
    "What comes back until the other side ends."
    s = dial (u); out = b""
    try:
        s.sendall (data)
        while True:
            got = s.recv (65536)
            if not got: break
            out += got
    except ConnectionError: pass
    s.close (); return out
def code (data): return ask (data)[:13]
def well (n = 1):
    for i in range (n): assert b"200 OK" in ask (b"GET %s HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n" % plain.path.encode ())
H = b" HTTP/1.1\r\nHost: x\r\n"
G = b"GET " + plain.path.encode () + H

def slowloris (): # a thousand heads that don't come to an end
    many = [dial () for i in range (1000)]
    for s in many: s.sendall (b"GET /d/")
    well ()
    for s in many:
        try:
            s.settimeout (60)
            while s.recv (1000): pass
        except ConnectionError: pass
def half_open (): # nothing at all, plain and before the TLS handshake
    many = [dial (u) for u in (plain, tls) for i in range (300)]
    well ()
    for s in many: assert s.recv (1) == b""
def tls_garbage ():
    for i in range (200):
        ask (os.urandom (random.randint (1, 600)) , tls) if i % 2 else ask (b"\x16\x03\x01\x02\x00" + os.urandom (512), tls)
    well ()
def huge_heads ():
    for n in (17000, 1000000): assert b" 431 " in code (b"GET /d/x" + H + b"A: " + b"b" * n + b"\r\n\r\n")
    assert b" 431 " in code (b"GET /d/x" + H + b"A: b\r\n" * 100 + b"\r\n")
    assert b" 414 " in code (b"GET /" + b"a" * 5000 + H + b"\r\n")
def huge_bodies ():
    p = b"POST " + status.path.encode () + H
    assert b" 413 " in code (p + b"Content-Length: 99999999\r\n\r\n")
    assert b" 400 " in code (p + b"Content-Length: 99999999999999999999999\r\n\r\n")
    assert b" 404 " in code (b"POST /s/" + b"0" * 32 + H + b"Content-Length: 60000\r\n\r\n")
    many = [dial () for i in range (200)] # bodies that don't come
    for s in many: s.sendall (p + b"Content-Type: application/json\r\nContent-Length: 60000\r\n\r\n" + b"x" * 50000)
    well ()
    for s in many:
        try:
            while s.recv (1000): pass
        except ConnectionError: pass
def traversal ():
    t = plain.path.rsplit ("/", 1)[0]
    for p in ("/..%2f..%2fetc%2fpasswd", "/../../../etc/passwd", "/%2e%2e/x", "/x%00y", "/.", "//file", "/file/"):
        assert b" 404 " in code ((b"GET " + (t + p).encode () + H + b"\r\n")), p
    assert b" 400 " in code (b"GET //etc/passwd" + H + b"\r\n")
def wrong_tokens ():
    begin = time.time (); n = 0
    def run ():
        nonlocal n
        for i in range (1250):
            assert b" 404 " in code (b"GET /d/%032x/file" % random.getrandbits (128) + H + b"\r\n"); n += 1
    threads = [threading.Thread (target = run) for i in range (8)]
    [t.start () for t in threads]; well (3); [t.join () for t in threads]
    assert n == 10000
    print ("# %.0f wrong tokens a second" % (n / (time.time () - begin)))
def smuggling ():
    p = b"POST " + status.path.encode () + H; inner = G + b"\r\n"
    for fields in (b"Content-Length: 4\r\nTransfer-Encoding: chunked\r\n", b"Transfer-Encoding: chunked\r\nContent-Length: 4\r\n",
                   b"Content-Length: 2\r\nContent-Length: 4\r\n", b"Content-Length: 2, 2\r\n", b"Content-Length: +2\r\n",
                   b"Content-Length: 0x2\r\n", b"Content-Length : 2\r\n", b"Content-Length:\r\n 2\r\n", b"A: b\r\n Content-Length: 2\r\n",
                   b"Content-Length: 2\r\nHost: y\r\n", b"A: \x00\r\nContent-Length: 2\r\n", b"A: b\nContent-Length: 2\r\n"):
        answer = ask (p + fields + b"\r\n{}" + inner)
        assert answer.startswith (b"HTTP/1.1 400 ") and answer.count (b"HTTP/1.1") == 1, (fields, answer)
    answer = ask (p + b"Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n" + inner)
    assert answer.startswith (b"HTTP/1.1 411 ") and answer.count (b"HTTP/1.1") == 1
    answer = ask (G + b"Content-Length: 10\r\n\r\n" + inner)
    assert answer.startswith (b"HTTP/1.1 400 ") and answer.count (b"HTTP/1.1") == 1
    for line in (b"GET /x", b"GET  /x HTTP/1.1", b"GET /x HTTP/1.1 ", b"GET\t/x HTTP/1.1", b" GET /x HTTP/1.1", b"GET http://x/ HTTP/1.1",
                 b"GET /\x01 HTTP/1.1", b"G(T / HTTP/1.1"):
        assert code (line + b"\r\nHost: x\r\n\r\n")[9:12] in (b"400", b"505"), line
    assert b" 505 " in code (b"GET /x HTTP/2.0\r\nHost: x\r\n\r\n")
def range_bombs ():
    for r in (b"0-," * 1000 + b"0-", b",".join (b"%d-%d" % (i, i) for i in range (17)), b"0-,0-,0-", b"-1,0-"):
        answer = ask (G + b"Range: bytes=" + r + b"\r\nConnection: close\r\n\r\n")
        assert answer.startswith (b"HTTP/1.1 200 ") and len (answer) < 3010000, (r[:20], len (answer))
def stalled (): # ask for much, read nothing
    many = []
    for i in range (200):
        s = socket.socket (); s.setsockopt (socket.SOL_SOCKET, socket.SO_RCVBUF, 4096); s.settimeout (60)
        s.connect ((plain.hostname, plain.port)); s.sendall ((G + b"\r\n") * 5); many.append (s)
    c = ssl._create_unverified_context ()
    for i in range (100):
        s = socket.socket (); s.setsockopt (socket.SOL_SOCKET, socket.SO_RCVBUF, 4096); s.settimeout (60)
        s.connect ((tls.hostname, tls.port)); s = c.wrap_socket (s); s.sendall ((b"GET " + tls.path.encode () + H + b"\r\n") * 5); many.append (s)
    well (3)
    open (sys.argv[5], "w").write ("now")
    for s in many: # they are thrown out: what the kernel holds is all that still comes
        got = 0
        try:
            while True:
                n = len (s.recv (1 << 20))
                if not n: break
                got += n
        except (OSError, ssl.SSLError): pass
        s.close ()
def pipelines (): # more requests than answers are taken
    s = dial (); s.settimeout (60)
    threading.Thread (target = lambda: [s.recv (1 << 20) for i in range (100)], daemon = True).start ()
    try:
        for i in range (2000): s.sendall (G + b"Range: bytes=0-99999\r\n\r\n")
    except OSError: pass
    s.close (); well ()
globals ()[sys.argv[1]] ()
P
hostile () { python3 "$T/hostile.py" "$1" "$file" "$sfile" "$status" "$T/stalling"; }
before=$(rss)
while read -r name what; do
  ok "$what" hostile "$name"
  grep '^#' "$T/tap.out" 2>/dev/null
done <<'L'
slowloris a thousand heads without end
half_open connections that say nothing
tls_garbage garbage instead of TLS
huge_heads heads that are too large
huge_bodies bodies that are too large, or don't come
traversal paths that lead elsewhere
wrong_tokens ten thousand wrong tokens
smuggling requests within requests
range_bombs ranges that ask for more than there is
pipelines pipelines without end
stalled many who don't read
L
ok "others are served" still_well
echo "# resident: $before KiB before, $(rss) KiB after"
ok "memory is bounded" test "$(rss)" -lt 150000
settled () { [ "$(files)" -le $((start_files + 2)) ]; }
ok "no connection is left" soon settled
ok "the log isn't flooded" test "$(wc -l <"$T/listener.log")" -lt 200
kill -TERM "$listener"
wait "$listener"; is "they end in order" $? 0
done_testing
