"""A stand-in for the service: answers the command as a table of scripted
answers says, so that a test can have answers that a real service seldom
gives.  Usage: cli-standin.py STATE_FOLDER ANSWERS.json LOG

ANSWERS: {"GET /nodes": {"status": 200, "body": {...}}, ...}; a list is given
one after the other, its last one for ever.  "raw" is a body that isn't JSON;
"delay" waits; "drop" closes the connection.  LOG gets a line of JSON for each
request.

SPDX-License-Identifier: Apache-2.0
"""
import http.server
import json
import os
import socket
import ssl
import sys
import threading
import time

state, answers_path, log_path = sys.argv[1:4]
answers = json.load(open(answers_path))
lock = threading.Lock()


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_message(self, *args):
        pass

    def choose(self):
        key = self.command + " " + self.path.removeprefix("/api/v1")
        with lock:
            found = answers.get(key, answers.get(key.split("?")[0]))
            if isinstance(found, list):
                found = found.pop(0) if len(found) > 1 else found[0]
        if found is None and key == "GET /service":
            found = {"body": {"version": "0", "pid": os.getpid(), "ssl_port": port}}
        return found or {"status": 404, "body": {"detail": "no answer for " + key, "code": "unreachable"}}

    def answer(self):
        size = int(self.headers.get("Content-Length") or 0)
        body = self.rfile.read(size).decode()
        with lock, open(log_path, "a") as log:
            log.write(json.dumps({"method": self.command, "path": self.path, "body": json.loads(body) if body else None,
                                  "authorization": self.headers.get("Authorization")}) + "\n")
        found = self.choose()
        time.sleep(found.get("delay", 0))
        if found.get("drop"):
            self.close_connection = True
            self.connection.shutdown(socket.SHUT_RDWR)
            return
        text = found["raw"].encode() if "raw" in found else json.dumps(found.get("body", {})).encode()
        status = found.get("status", 200)
        self.send_response(status)
        self.send_header("Content-Type", "application/json" if status < 400 else "application/problem+json")
        self.send_header("Content-Length", str(len(text)))
        self.end_headers()
        self.wfile.write(text)

    do_GET = do_POST = do_PATCH = do_DELETE = answer


server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
server.daemon_threads = True
port = server.server_address[1]
context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
context.load_cert_chain(os.path.join(state, "cert.pem"), os.path.join(state, "key.pem"))
server.socket = context.wrap_socket(server.socket, server_side=True)
with open(os.path.join(state, "service.json.new"), "w") as f:
    json.dump({"pid": os.getpid(), "ssl_port": port, "version": "0"}, f)
os.rename(os.path.join(state, "service.json.new"), os.path.join(state, "service.json"))
server.serve_forever()
