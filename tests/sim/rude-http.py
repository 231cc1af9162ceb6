# rude-http.py - an HTTPS server with the manners of the path: for tests of
# clients.  rude-http.py CERTIFICATE KEY READY [tls1]: writes its port to READY,
# and counts requests in READY.count.
#
# SPDX-License-Identifier: Apache-2.0
import os, socket, ssl, sys, threading, time

cert, key, ready = sys.argv[1:4]
context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
if sys.argv[4:] == ["tls1"]:
    context.set_ciphers("ALL:@SECLEVEL=0")
    context.minimum_version = context.maximum_version = ssl.TLSVersion.TLSv1
context.load_cert_chain(cert, key)
count, lock = {}, threading.Lock()


def answer(text, status="200 OK", fields=""):
    body = text if isinstance(text, bytes) else text.encode()
    return f"HTTP/1.1 {status}\r\n{fields}Content-Length: {len(body)}\r\n\r\n".encode() + body


def chunked(c):
    c.sendall(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")
    for i in range(3):
        c.sendall(b"5\r\nhell" + str(i).encode() + b"\r\n")
    c.sendall(b"0\r\n\r\n")


def bomb(c):
    import zlib
    z = zlib.compressobj(9, zlib.DEFLATED, 31)
    body = b"".join(z.compress(bytes(1 << 20)) for _ in range(512)) + z.flush()
    c.sendall(b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: %d\r\n\r\n" % len(body) + body)


def endless(c):
    c.sendall(b"HTTP/1.1 200 OK\r\n\r\n")
    while True:
        c.sendall(bytes(65536))


def many_fields(c):
    c.sendall(b"HTTP/1.1 200 OK\r\n")
    while True:
        c.sendall(b"X-Field: " + b"a" * 8000 + b"\r\n")


def head_of(c, buffer):
    while b"\r\n\r\n" not in buffer:
        more = c.recv(65536)
        if not more:
            return None, b""
        buffer += more
    head, rest = buffer.split(b"\r\n\r\n", 1)
    return head, rest


def body_of(c, head, rest):
    size = 0
    for line in head.split(b"\r\n")[1:]:
        name, value = line.split(b":", 1)
        if name.lower() == b"content-length":
            size = int(value)
    while len(rest) < size:
        rest += c.recv(65536)
    return rest[:size], rest[size:]


# True: the connection goes on.
def serve(c, method, path, head, body):
    if path.startswith("/echo"):
        c.sendall(answer(head + b"\r\n\r\n" + body))
        return True
    if path == "/count":
        c.sendall(answer(" ".join(f"{k}={v}" for k, v in sorted(count.items()))))
        return True
    if path == "/cookie":
        c.sendall(answer("cookie" if b"Cookie: a=b" in head else "none", fields="Set-Cookie: a=b\r\n"))
        return True
    if path == "/elsewhere":
        c.sendall(answer("there", "302 Found", "Location: http://127.0.0.1:1/\r\n"))
        return True
    if path == "/early":
        c.sendall(answer("too large", "413 Payload Too Large", "Connection: close\r\n"))
        while c.recv(65536):
            pass
        return False
    if path == "/close-after":  # says nothing of it
        c.sendall(answer("fine"))
        return False
    if path == "/continue":
        c.sendall(b"HTTP/1.1 100 Continue\r\nX-First: 1\r\n\r\n" + answer("ok", fields="X-Second: 2\r\n"))
        return True
    if path == "/silent":
        time.sleep(600)
    if path == "/drip":
        c.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 20\r\n\r\n")
        for _ in range(20):
            c.sendall(b"x")
            time.sleep(0.2)
        return True
    if path == "/cut":
        c.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nhalf")
    if path == "/garbage":
        c.sendall(bytes(range(256)) * 20)
    if path == "/http09":
        c.sendall(b"<html>hello</html>")
    if path == "/bad-length":
        c.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: -5\r\n\r\nhello")
    for name, deed in (("/chunked", chunked), ("/bomb", bomb), ("/endless", endless), ("/fields", many_fields)):
        if path == name:
            deed(c)
    return path == "/chunked"


def talk(c):
    try:
        c = context.wrap_socket(c, server_side=True)
        buffer = b""
        while True:
            head, rest = head_of(c, buffer)
            if head is None:
                return
            method, path = head.split(b" ", 2)[:2]
            with lock:
                name = path.decode()
                count[name] = count.get(name, 0) + 1
            body, buffer = (b"", b"") if path == b"/early" else body_of(c, head, rest)
            if not serve(c, method.decode(), path.decode(), head, body):
                break
            if b"Connection: close" in head:
                c.unwrap()
                break
    except (OSError, ValueError):
        pass
    finally:
        c.close()


s = socket.create_server(("127.0.0.1", 0), backlog=64)
with open(ready + ".tmp", "w") as f:
    print(s.getsockname()[1], file=f)
os.rename(ready + ".tmp", ready)
while True:
    threading.Thread(target=talk, args=(s.accept()[0],), daemon=True).start()
