# post-status.py URL: posts {"n": 1}, {"n": 2}, ... {"n": 1000} on eight connections
# until they break; prints the numbers that were answered with 200.
# SPDX-License-Identifier: Apache-2.0
import http.client, ssl, sys, threading, urllib.parse

url = urllib.parse.urlparse(sys.argv[1])
lock, n = threading.Lock(), 0


def connection():
    if url.scheme == "http":
        return http.client.HTTPConnection(url.hostname, url.port, timeout=60)
    return http.client.HTTPSConnection(url.hostname, url.port, timeout=60, context=ssl._create_unverified_context())


def run():
    global n
    c = connection()
    while True:
        with lock:
            n += 1
            i = n
        if i > 1000:
            return
        try:
            c.request("POST", url.path, '{"n":%d}' % i, {"Content-Type": "application/json"})
            r = c.getresponse()
            r.read()
        except Exception:
            return
        if r.status == 200:
            with lock:
                print(i, flush=True)


threads = [threading.Thread(target=run) for _ in range(8)]
[t.start() for t in threads]
[t.join() for t in threads]
