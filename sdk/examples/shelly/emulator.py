#!/usr/bin/env python3
# An emulated plug: emulator.py PORT.
# SPDX-License-Identifier: Apache-2.0 OR BSD-2-Clause
import http.server, json, sys

ANSWERS = {
    "/rpc/Shelly.GetDeviceInfo": {"name": None, "id": "shellyplus1-0123456789ab", "mac": "0123456789AB", "gen": 2,
                                  "model": "SNSW-001X16EU", "ver": "1.0.8", "app": "Plus1", "auth_en": False},
    "/rpc/Shelly.GetStatus": {"sys": {"uptime": 86400, "available_updates": {"stable": {"version": "1.1.0"}}}},
    "/rpc/Shelly.Reboot": {},
}


class Plug(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        body = json.dumps(ANSWERS.get(self.path, {"code": 404})).encode()
        self.send_response(200 if self.path in ANSWERS else 404)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *words):
        pass


server = http.server.ThreadingHTTPServer(("127.0.0.1", int(sys.argv[1])), Plug)
print("port", server.server_address[1], flush=True)
server.serve_forever()
