#!/usr/bin/env python3
# An emulated PowerPDU: emulator.py PORT.  It has the outputs of the recording.
# SPDX-License-Identifier: Apache-2.0 OR BSD-2-Clause
import base64, http.server, json, os, sys

here = os.path.dirname(os.path.abspath(__file__))
with open(os.path.join(here, "netio.recording")) as f:
    BODY = [json.loads(line) for line in f][1]["body"].encode()
LOGIN = "Basic " + base64.b64encode(b"netio:netio").decode()


class Pdu(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        status = 404 if self.path != "/netio.json" else 200 if self.headers["Authorization"] == LOGIN else 401
        body = BODY if status == 200 else b""
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *words):
        pass


server = http.server.ThreadingHTTPServer(("127.0.0.1", int(sys.argv[1])), Pdu)
print("port", server.server_address[1], flush=True)
server.serve_forever()
