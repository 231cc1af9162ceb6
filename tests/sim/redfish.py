# redfish.py - a BMC that answers with the files of a folder: FOLDER/a/b/index.json
# is /redfish/v1/a/b.  It has sessions, and faults on demand.
#   redfish.py CERTIFICATE KEY READY
# writes its port to READY; each request is a line in READY.log.  READY.how says
# what it is, the folder in the first line, NAME=VALUE in each other; when that
# file changes it is another BMC, with the next request.
#   sessions=N     at most N at once (4)
#   user=, password=   those that it knows
#   xmldata=FILE   the answer to /xmldata
#   rest=FILE      a JSON object {path: answer} instead of the folder
#   slash=yes      a path without a slash at its end is a redirection
#   expand=no      it offers $expand, and refuses it; expand=links: it does nothing
#   garbage=PART   a path that ends so is answered with no JSON
#   missing=PART   ... with 404 and an error without words
#   busy=PART      ... twice with 503 and a Retry-After, then properly
#   expire=N       request N with a token finds that the session has ended
#   refuse=yes     nobody's password is right after the first login
#   page=N         collections come in pages of N; page=loop: the last names the first
#
# SPDX-License-Identifier: Apache-2.0
import http.server, json, os, ssl, sys, threading, urllib.parse

cert, key, ready = sys.argv[1:4]
lock = threading.Lock()
said = folder = rest = None
how, sessions, seen = {}, {}, {}


def become():
    global said, folder, rest, how, seen
    with lock, open(ready + ".how") as f:
        text = f.read()
        if text == said:
            return
        said, lines = text, text.splitlines()
        folder, how = lines[0], dict(a.split("=", 1) for a in lines[1:])
        rest = json.load(open(how["rest"])) if "rest" in how else None
        seen = {"logins": 0, "asked": 0, "busy": {}}
        sessions.clear()


def error(key, **more):
    return {"error": {"code": "Base.1.0.ExtendedError",
                      "@Message.ExtendedInfo": [dict({"MessageId": "iLO.2.14." + key}, **more)]}}


def stored(path):
    if rest is not None:
        return rest.get(path.rstrip("/"))
    if not path.startswith("/redfish/v1") or ".." in path:
        return None
    try:
        with open(os.path.join(folder, path[len("/redfish/v1"):].strip("/"), "index.json")) as f:
            return json.load(f)
    except (OSError, ValueError):
        return None


def faulty(name, path):
    return name in how and path.rstrip("/").endswith(how[name])


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_message(self, *args):
        pass

    def parse_request(self):
        become()
        return super().parse_request()

    def answer(self, status, body, **fields):
        data = body if isinstance(body, bytes) else json.dumps(body).encode()
        with lock, open(ready + ".log", "a") as f:
            f.write(f"{self.command} {self.path} {status}\n")
        self.send_response(status)
        for name, value in fields.items():
            self.send_header(name.replace("_", "-"), value)
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def token_ok(self):
        with lock:
            token = self.headers.get("X-Auth-Token")
            if token not in sessions.values():
                return False
            seen["asked"] += 1
            if seen["asked"] == int(how.get("expire", 0)):
                sessions.clear()
                return False
            return True

    def page(self, path, query, body):
        n, at = how.get("page"), int(query.get("$skip", ["0"])[0])
        if not n or "Members" not in body:
            return body
        size = 2 if n == "loop" else int(n)
        left = body["Members"][at + size:]
        body["Members"] = body["Members"][at:at + size]
        if left:
            body["Members@odata.nextLink"] = f"{path}?$skip={at + size}"
        elif n == "loop":
            body["Members@odata.nextLink"] = f"{path}?$skip=2"
        return body

    def expand(self, query, body):
        offered = (stored("/redfish/v1") or {}).get("ProtocolFeaturesSupported", {}).get("ExpandQuery", {})
        if "$expand" in query and "Members" in body and offered.get("NoLinks") and how.get("expand") != "links":
            body["Members"] = [stored(m["@odata.id"]) or m for m in body["Members"]]
        return body

    def is_busy(self, path):
        if not faulty("busy", path):
            return False
        with lock:
            seen["busy"][path] = seen["busy"].get(path, 0) + 1
            return seen["busy"][path] <= 2

    def do_GET(self):
        url = urllib.parse.urlsplit(self.path)
        query, path = urllib.parse.parse_qs(url.query), url.path
        if path == "/xmldata":
            return self.answer(200, open(how["xmldata"], "rb").read()) if "xmldata" in how else self.answer(404, b"")
        if how.get("slash") == "yes" and not path.endswith("/"):
            return self.answer(308, b"", Location=f"https://bmc.example{path}/" + ("?" + url.query if url.query else ""))
        if path.rstrip("/") not in ("/redfish/v1", "/rest/v1") and not self.token_ok():
            return self.answer(401, error("NoValidSession"))
        if self.is_busy(path):
            return self.answer(503, error("ResourceBeingFlashed"), Retry_After="1")
        if faulty("garbage", path):
            return self.answer(200, b"<html>{\"a\":")
        body = None if faulty("missing", path) else stored(path)
        if body is None:
            return self.answer(404, error("ResourceMissingAtURI", MessageArgs=[path]))
        if "$expand" in query and how.get("expand") == "no":
            return self.answer(501, error("QueryNotSupported"))
        self.answer(200, self.page(path, query, self.expand(query, body)))

    def login(self):
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        with lock:
            seen["logins"] += 1
            n = seen["logins"]
            right = (body == {"UserName": how.get("user", "admin"), "Password": how.get("password", "secret")}
                     and not (how.get("refuse") == "yes" and n > 1))
            full = len(sessions) >= int(how.get("sessions", 4))
            if right and not full:
                sessions[str(n)] = f"token-{n}"
        if not right:
            return self.answer(400, error("UnauthorizedLoginAttempt"))
        if full:
            return self.answer(400, error("SessionLimitExceeded"))
        self.answer(201, {"Id": str(n)}, X_Auth_Token=f"token-{n}",
                    Location=f"https://bmc.example/redfish/v1/SessionService/Sessions/{n}")

    def do_POST(self):
        if self.path.rstrip("/") in ("/redfish/v1/SessionService/Sessions", "/rest/v1/Sessions"):
            return self.login()
        self.answer(405, error("ActionNotSupported"))

    def do_DELETE(self):
        with lock:
            name = self.path.rstrip("/").rsplit("/", 1)[1]
            mine = sessions.get(name) == self.headers.get("X-Auth-Token", "")
            if mine:
                del sessions[name]
        self.answer(200 if mine else 404, {})


class Server(http.server.ThreadingHTTPServer):
    daemon_threads = True

    def handle_error(self, request, address):
        pass


server = Server(("127.0.0.1", 0), Handler)
context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
context.load_cert_chain(cert, key)
server.socket = context.wrap_socket(server.socket, server_side=True)
with open(ready + ".new", "w") as f:
    f.write(f"{server.server_address[1]}\n")
os.rename(ready + ".new", ready)
server.serve_forever()
