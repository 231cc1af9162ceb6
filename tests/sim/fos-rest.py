# fos-rest.py - a Brocade switch's REST interface (Fabric OS 8.2 and later), as
# its maker's own clients use it; nobody here has seen one.
#   fos-rest.py CERTIFICATE KEY READY [ADDRESS]
# writes its port to READY; each request is a line in READY.log, "fetched N files"
# when it has a release.  READY.how, NAME=VALUE one a line, says what goes wrong:
#   fault=inaccessible|fails|lie|forgets|busy|eula|garbage|cut   sessions=N (2); cut: it
#   begins, and its answer to that is lost
#   state=new     it is as new, when that word changes
# It really fetches what it is told to, by FTP, and restarts: away=S (0.5).
#
# SPDX-License-Identifier: Apache-2.0
import base64, ftplib, http.server, json, os, re, ssl, sys, threading, time
sys.dont_write_bytecode = True
import fos

cert, key, ready = sys.argv[1:4]
lock = threading.Lock()
said, state = None, {}


def become():
    global said
    with open(ready + ".how") as f:
        how = dict(line.rstrip("\n").split("=", 1) for line in f if "=" in line)
    if said != how.get("state") or not state:
        said = how.get("state")
        state.clear()
        state.update(version="v9.0.1a", status=None, words="", until=0, sessions={}, number=0)
    state["how"] = how
    return how


def log(text):
    with open(ready + ".log", "a") as f:
        f.write(text + "\n")


def download(how, p):
    fault = how.get("fault")
    try:
        if p["protocol"] != "ftp":
            raise ValueError("only FTP is really done")
        n = fos.fetch(p["host"], p.get("port", 21), p["remote-directory"], server.server_address[0])
        log(f"fetched {n} files")
    except (OSError, ValueError, *ftplib.all_errors) as e:
        log(f"# {e}")
        fault = "inaccessible"
    with lock:
        state["words"] = "Firmware is being downloaded to the switch. This step may take up to 30 minutes."
    time.sleep(0.2)
    with lock:
        if fault in ("inaccessible", "fails"):
            state["status"] = "error"
            state["words"] = fos.REFUSALS["inaccessible"] if fault == "inaccessible" else "Firmware download failed."
            return
        if fault != "lie":
            state["version"] = p["remote-directory"].rsplit("/", 1)[1]
        state["status"], state["words"] = "done", "Firmwaredownload command has completed successfully."
        if fault == "forgets":
            state["status"] = None
        state["until"] = time.monotonic() + float(how.get("away", 0.5))
        state["sessions"].clear()


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_message(self, *args):
        pass

    def answer(self, status, body=None, **fields):
        log(f"{self.command} {self.path} {status}")
        data = json.dumps(body).encode() if body is not None else b""
        if state["how"].get("fault") == "garbage" and status == 200 and body:
            data = b"<html>"
        self.send_response(status)
        for name, value in fields.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def error(self, status, words):
        self.answer(status, {"errors": {"error": [{"error-type": "application", "error-message": words}]}})

    def body(self):
        return json.loads(self.rfile.read(int(self.headers.get("Content-Length", 0))) or b"{}")

    def who(self):
        return self.headers.get("Authorization", "") in state["sessions"]

    def login(self):
        good = "Basic " + base64.b64encode(b"admin:secret").decode()
        if self.headers.get("Authorization") != good:
            return self.error(401, "Invalid credentials")
        if len(state["sessions"]) >= int(state["how"].get("sessions", 2)):
            return self.error(503, "Max limit for REST sessions reached")
        state["number"] += 1
        token = f"Custom_Basic session-{state['number']}"
        state["sessions"][token] = True
        self.answer(200, None, Authorization=token)

    def do_GET(self):
        with lock:
            become()
            if not self.who():
                return self.error(401, "No session")
            if self.path.endswith("/brocade-fibrechannel-switch/fibrechannel-switch"):
                return self.answer(200, {"Response": {"fibrechannel-switch": [{
                    "name": "10:00:00:00:00:00:00:01", "domain-id": 1, "user-friendly-name": "made_up", "model": "162.0",
                    "firmware-version": state["version"]}]}})
            if self.path.endswith("/brocade-chassis/chassis"):
                return self.answer(200, {"Response": {"chassis": {"chassis-wwn": "10:00:00:00:00:00:00:02",
                    "serial-number": "FAC0001", "vendor-serial-number": "SER0001", "vendor-part-number": "PART0001"}}})
            self.error(404, "Not Found")

    def begin(self, body):
        how, p = state["how"], body["firmwaredownload-parameters"]
        base64.b64decode(p["password"], validate=True)
        log("told " + json.dumps({k: v for k, v in p.items() if k != "password"}, sort_keys=True))
        log(f"password of {len(base64.b64decode(p['password']))} bytes")
        if how.get("fault") == "busy":
            return self.error(400, fos.REFUSALS["busy"])
        if how.get("fault") == "eula" and p.get("eula-action") != "accept":
            return self.error(400, "The EULA must be accepted")
        state["status"], state["words"] = "queued", "queued"
        threading.Thread(target=download, args=(how, p), daemon=True).start()
        if how.get("fault") == "cut":
            self.close_connection = True
            return
        self.answer(202, {"Response": {"show-status": {"message-id": 20001, "operation": "firmwaredownload", "status": "queued"}}})

    def do_POST(self):
        with lock:
            become()
            body = self.body()
            if self.path == "/rest/login":
                return self.login()
            if not self.who():
                return self.error(401, "No session")
            if self.path == "/rest/logout":
                del state["sessions"][self.headers["Authorization"]]
                return self.answer(204)
            if self.path == "/rest/operations/firmwaredownload":
                return self.begin(body)
            if self.path == "/rest/operations/show-status":
                if not state["status"]:
                    return self.error(400, "No such message id")
                return self.answer(200, {"Response": {"show-status": {"message-id": 20001, "status": state["status"],
                                                                     "application-message": {"message": state["words"]}}}})
            self.error(404, "Not Found")


class Server(http.server.ThreadingHTTPServer):
    daemon_threads = True

    def process_request_thread(self, request, address):
        try:
            with lock:
                become()
                away = time.monotonic() < state["until"]
            if not away:
                self.finish_request(context.wrap_socket(request, server_side=True), address)
        except OSError:
            pass
        finally:
            request.close()


server = Server((sys.argv[4] if len(sys.argv) > 4 else "127.0.0.1", 0), Handler)
context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
context.load_cert_chain(cert, key)
with open(ready + ".new", "w") as f:
    f.write(f"{server.server_address[1]}\n")
os.rename(ready + ".new", ready)
server.serve_forever()
