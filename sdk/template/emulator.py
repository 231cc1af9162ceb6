#!/usr/bin/env python3
# An emulated @title@, to try the plugin with: emulator.py PORT.
# SPDX-License-Identifier: @license@
import http.server, os, ssl, subprocess, sys

ANSWERS = {"/version": "4.2.1\n"}


class Node(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        body = ANSWERS.get(self.path, "?\n").encode()
        self.send_response(200 if self.path in ANSWERS else 404)
        self.send_header("Content-Type", "text/plain")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *words):
        pass


server = http.server.ThreadingHTTPServer(("127.0.0.1", int(sys.argv[1])), Node)
pem = os.path.join(os.path.dirname(os.path.abspath(__file__)), "emulator.pem")  # kept: the node is known by its key
if not os.path.exists(pem):
    subprocess.run(["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "3650", "-subj", "/CN=emulator",
                    "-keyout", pem, "-out", pem], check=True, stderr=subprocess.DEVNULL)
context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
context.load_cert_chain(pem)
server.socket = context.wrap_socket(server.socket, server_side=True)
print("an emulated @title@ listens at port", server.server_address[1], flush=True)
server.serve_forever()
