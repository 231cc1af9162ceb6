# A BMC that really behaves: it takes or pulls firmware, checks it, flashes it
# for a while, restarts and is gone meanwhile.  Python's standard library alone.
#
#   python3 FOLDER CERTIFICATE KEY READY [--listen ADDRESS[:PORT],...] [--second CERTIFICATE KEY]
#                                   [--weak CERTIFICATE KEY PARAMETERS]
#   python3 FOLDER image FILE TARGET VERSION [SIZE] [unsigned|corrupt]       see image.py
#
# writes its port to READY; each request is a line in READY.log, each flash one, with
# its time, in READY.flashes.  READY.how says
# what it is: a personality (people.py: ilo4 ilo4-old ilo5-old ilo5 ilo6 ilo7
# openbmc idrac supermicro lenovo ami none) or a folder of captures in the first
# line, NAME=VALUE in each other.  When `new` changes there, or the first line,
# it is another BMC; else it stays, with other faults.  Listening on 0.0.0.0 it
# is one BMC for each address that is asked, and pulls from that address; then
# READY.how.ADDRESS, where it is there, says what that one is.
#
# Who asks and how:
#   user=, password=       those that it knows (admin, secret)
#   sessions=N             at most N at once (4)
#   expire=N               request N with a token finds that the session has ended
#   refuse=yes             nobody's password is right after the first login
#   slow=S                 each answer takes that long
#   cut=PART               the answer of a path that ends so is half of it, then the end
#   half=PART              the same, and it goes on listening: half-closed
#   busy=PART, garbage=PART, missing=PART    twice 503, no JSON, 404 there
#   slash=yes  expand=no|links  page=N|loop  xmldata=FILE  rest=FILE
# Its updates:
#   flash=S, away=S, linger=S   how long they take, the restart, and until it (0.3, 1, 0.1)
#   hold=yes               it flashes until that is gone here, and somebody has asked it something
#   update=STATUS          the first one is refused so: 503 (Retry-After 1), 409, 429
#   monitor=404            tasks aren't found after they were made
#   location=no            no Location; location=body: the task's id in the body's words only
#   lie=completed          says so, and nothing was flashed; lie=failed: says so, and it was
#   sticky=yes             state Error of long ago
#   queue=exception        an item in the queue that has failed blocks the others
#   power=transfer|flash   the power is lost then, once
#   tpm=yes                a TPM is on, and wants to be known of; tpm=hidden: nothing says so
#   max=BYTES, limit=BYTES of an image: told before, or not
#   same=refused, etag=yes (PATCH needs If-Match), etag=moves (once it is 412)
#   host=stays             the server doesn't restart when it is asked to; host=off; host=tests:
#                          somebody has restarted it, when it is to be restarted for an update
#   agent=Uefi             components aren't for the BMC to update
#   tasks=kept             they are known after a restart
#   tls=old                it speaks TLS 1.0 and 1.1 alone; tls=dh: 1.2, by Diffie-Hellman
#                          with the small key of --weak
#   certificate=second     it has another certificate, after its first restart
#
# SPDX-License-Identifier: Apache-2.0
import sys, warnings
warnings.simplefilter("ignore", DeprecationWarning)
sys.dont_write_bytecode = True
import hashlib, http.server, json, os, re, socket, ssl, struct, threading, time, urllib.parse

import image, machine, people
from people import ROOT, UPDATE

LIMIT = 1 << 28


class World:
    """All BMCs behind one socket."""

    def __init__(self, ready):
        self.ready, self.lock, self.read, self.bmcs = ready, threading.Lock(), {}, {}
        self.log = open(ready + ".log", "a", buffering=1)

    def note(self, text):
        with self.lock, open(self.ready + ".flashes", "a") as f:
            f.write(f"{time.time():.3f} flash {text}\n")

    def how(self, path):
        """The first line and the rest of a file, read when it has changed."""
        st = os.stat(path)
        stamp = st.st_mtime_ns, st.st_ino
        if self.read.get(path, (None,))[0] != stamp:
            with open(path) as f:
                lines = f.read().splitlines()
            self.read[path] = stamp, lines[0], dict(a.split("=", 1) for a in lines[1:])
        return self.read[path][1:]

    def bmc(self, address):
        with self.lock:
            try:
                who, how = self.how(f"{self.ready}.how.{address}")
            except OSError:
                who, how = self.how(self.ready + ".how")
            b = self.bmcs.get(address)
            if not b or b.who != who or b.how.get("new") != how.get("new"):
                b = self.bmcs[address] = machine.Bmc(who, address, how, self.note)
                b.rest = json.load(open(how["rest"])) if "rest" in how else None
            b.how = how
            return b


def error(key, registry="iLO.2.23.", **more):
    return {"error": {"code": "Base.1.0.ExtendedError",
                      "@Message.ExtendedInfo": [dict({"MessageId": registry + key}, **more)]}}


class Gone(Exception):
    pass


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    timeout = 60

    def log_message(self, *args):
        pass

    def parse_request(self):
        if not super().parse_request():
            return False
        self.bmc = self.server.world.bmc(self.request.getsockname()[0])
        if self.bmc.is_away():
            raise Gone()
        time.sleep(float(self.bmc.how.get("slow", 0)))
        return True

    def send_error(self, *args, **fields):
        super().send_error(*args, **fields)
        self.connection.shutdown(socket.SHUT_WR) # what still comes mustn't reset the answer
        self.connection.settimeout(30)
        while self.connection.recv(65536):
            pass

    def faulty(self, name):
        path = self.path.partition("?")[0].rstrip("/")
        return name in self.bmc.how and path.endswith(self.bmc.how[name])

    def answer(self, status, body=None, **fields):
        data = body if isinstance(body, bytes) else json.dumps(body or {}).encode()
        self.server.world.log.write(f"{self.command} {self.path} {status}\n")
        self.send_response(status)
        for name, value in fields.items():
            self.send_header(name.replace("_", "-"), value)
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        if self.faulty("cut"):
            self.wfile.write(data[:len(data) // 2])
            raise Gone()
        if self.faulty("half"):
            self.wfile.write(data[:len(data) // 2])
            self.connection.shutdown(socket.SHUT_WR)
            self.rfile.read(1) # until the other side has hung up, too
            raise Gone()
        self.wfile.write(data)

    # ---- who asks

    def token_ok(self):
        b = self.bmc
        with b.lock:
            if self.headers.get("X-Auth-Token") not in b.sessions.values():
                return False
            b.seen["asked"] += 1
            if b.seen["asked"] == int(b.how.get("expire", 0)):
                b.sessions.clear()
                return False
            return True

    def login(self):
        b, body = self.bmc, self.json()
        with b.lock:
            b.seen["logins"] += 1
            n = b.seen["logins"]
            right = (body == {"UserName": b.how.get("user", "admin"), "Password": b.how.get("password", "secret")}
                     and not (b.fault("refuse", "yes") and n > 1))
            full = len(b.sessions) >= int(b.how.get("sessions", 4))
            if right and not full:
                b.sessions[str(n)] = f"token-{n}"
        if not right:
            return self.answer(400, error("UnauthorizedLoginAttempt"))
        if full:
            return self.answer(400, error("SessionLimitExceeded"))
        self.answer(201, {"Id": str(n)}, X_Auth_Token=f"token-{n}",
                    Location=f"https://{self.headers['Host']}{ROOT}/SessionService/Sessions/{n}")

    # ---- reading

    def stored(self, path):
        return self.bmc.rest.get(path) if self.bmc.rest is not None else self.bmc.overlay(path)

    def page(self, path, query, body):
        n, at = self.bmc.how.get("page"), int(query.get("$skip", ["0"])[0])
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
        offered = (self.stored(ROOT) or {}).get("ProtocolFeaturesSupported", {}).get("ExpandQuery", {})
        if "$expand" in query and "Members" in body and offered.get("NoLinks") and not self.bmc.fault("expand", "links"):
            body["Members"] = [self.stored(m["@odata.id"]) or m for m in body["Members"]]
        return body

    def monitor(self, number):
        task = self.bmc.tasks.get(number)
        if not task or self.bmc.fault("monitor", "404"):
            return self.answer(404, error("ResourceMissingAtURI"))
        running = task["TaskState"] in ("New", "Running")
        self.answer(202 if running else 200, task, **({"Retry_After": "1"} if running else {}))

    def do_GET(self):
        b, url = self.bmc, urllib.parse.urlsplit(self.path)
        query, path = urllib.parse.parse_qs(url.query), url.path
        if path == "/xmldata":
            return self.answer(200, open(b.how["xmldata"], "rb").read()) if "xmldata" in b.how else self.answer(404, b"")
        if path == "/emulated": # for tests: what has really happened
            return self.answer(200, {"versions": b.versions(), "staged": b.staged, "flashed": b.flashed,
                                     "queue": list(b.queue), "repository": list(b.repository), "sessions": len(b.sessions), "state": b.state,
                                     "sets": list(b.sets), "invoked": b.invoked, "sections": b.sections, "restarts": b.restarts, "early": b.early,
                                     "accepts": b.tree.get(UPDATE, {}).get("Oem", {}).get("Hpe", {}).get("Accept3rdPartyFirmware")})
        if b.fault("slash", "yes") and not path.endswith("/"):
            return self.answer(308, b"", Location=f"https://bmc.example{path}/" + ("?" + url.query if url.query else ""))
        path = path.rstrip("/")
        if path not in (ROOT, "/rest/v1") and not self.token_ok():
            return self.answer(401, error("NoValidSession"))
        if self.faulty("busy") and b.times("busy " + path, 2):
            return self.answer(503, error("ResourceBeingFlashed"), Retry_After="1")
        if self.faulty("garbage"):
            return self.answer(200, b"<html>{\"a\":")
        if path.startswith(ROOT + "/TaskService/TaskMonitors/"):
            return self.monitor(path.rsplit("/", 1)[1])
        if path.startswith(ROOT + "/TaskService/Tasks/") and b.fault("monitor", "404"):
            return self.answer(404, error("ResourceMissingAtURI"))
        body = None if self.faulty("missing") else self.stored(path)
        if body is None:
            return self.answer(404, error("ResourceMissingAtURI", MessageArgs=[path]))
        if "$expand" in query and b.fault("expand", "no"):
            return self.answer(501, error("QueryNotSupported"))
        fields = {"ETag": self.etag(path)} if "etag" in b.how else {}
        self.answer(200, self.page(path, query, self.expand(query, body)), **fields)

    # ---- changing

    def body(self):
        return self.rfile.read(min(int(self.headers.get("Content-Length", 0)), LIMIT))

    def json(self):
        try:
            body = json.loads(self.body() or b"{}")
        except ValueError:
            body = {}
        return body if isinstance(body, dict) else {}

    def parts(self):
        """name -> (file name, bytes) of multipart/form-data; in its order"""
        found, boundary = {}, re.search(r'boundary="?([^";]+)', self.headers.get("Content-Type", ""))
        for part in self.body().split(b"--" + boundary[1].encode())[1:-1] if boundary else ():
            head, _, data = part[2:].partition(b"\r\n\r\n")
            name, file = (re.search(rb'[; ]' + key + rb'="([^"]*)"', head) for key in (b"name", b"filename"))
            found[name[1].decode()] = (file[1].decode() if file else None, data.removesuffix(b"\r\n"))
        return found

    def etag(self, path):
        return f'"{self.bmc.seen["times"].get("patched " + path, 0)}"'

    def do_PATCH(self):
        b, path, body = self.bmc, self.path.rstrip("/"), self.json()
        if not self.token_ok():
            return self.answer(401, error("NoValidSession"))
        if "etag" in b.how and "If-Match" not in self.headers:
            return self.answer(428, error("PreconditionRequired"))
        if b.fault("etag", "moves") and b.times("moved", 1):
            b.times("patched " + path, 1)
        if "etag" in b.how and self.headers["If-Match"] != self.etag(path):
            return self.answer(412, error("PreconditionFailed"))
        if path not in b.tree:
            return self.answer(404, error("ResourceMissingAtURI"))
        merge(b.tree[path], body)
        b.times("patched " + path, 1)
        self.answer(200, {})

    def do_DELETE(self):
        b, path = self.bmc, self.path.rstrip("/")
        prefix, _, name = path.rpartition("/")
        name = urllib.parse.unquote(name)
        if prefix.endswith("Sessions"):
            with b.lock:
                mine = b.sessions.get(name) == self.headers.get("X-Auth-Token", "")
                if mine:
                    del b.sessions[name]
            return self.answer(200 if mine else 404, {})
        if not self.token_ok():
            return self.answer(401, error("NoValidSession"))
        have = {UPDATE + "/UpdateTaskQueue": b.queue, UPDATE + "/ComponentRepository": b.repository,
                UPDATE + "/InstallSets": b.sets}.get(prefix, {})
        if name not in have:
            return self.answer(404, error("ResourceMissingAtURI"))
        if have is b.repository and b.is_used(name):
            return self.answer(400, error("ComponentLocked"))
        del have[name]
        b.run_queue()
        self.answer(200, {})

    def started(self, number):
        """The answer to a request for an update."""
        b = self.bmc
        if number is None:
            return self.answer(400 if b.is_hpe() else 503, error("FirmwareFlashAlreadyInProgress"),
                               **({} if b.is_hpe() else {"Retry_After": "30"}))
        task, how = b.tasks[number], b.how.get("location")
        if b.who == "ilo5-old":
            return self.answer(200, error("UpdateInProgress"))
        if how == "body" or b.who == "supermicro":
            return self.answer(202, {"Accepted": {"code": "Base.v1_10_3.Accepted", "@Message.ExtendedInfo": [
                {"MessageId": "SMC.1.0.OemSimpleupdateAcceptedMessage", "MessageArgs": [task["@odata.id"]]}]}})
        if how == "no":
            return self.answer(202, task)
        self.answer(202, task, Location=task["TaskMonitor"], Retry_After="1")

    def refused_first(self):
        status = self.bmc.how.get("update")
        if not status or not self.bmc.times("update", 1):
            return False
        self.body()
        self.answer(int(status), error("ResourceBeingFlashed"), **({"Retry_After": "1"} if status != "409" else {}))
        return True

    def simple_update(self):
        b, body = self.bmc, self.json()
        url = body.get("ImageURI", "")
        if "://" not in url:
            return self.answer(400, error("SimpleUpdateInvalidImageURI"))
        if b.fault("tpm") and not body.get("TPMOverrideFlag"):
            return self.answer(400, error("FWFlashTPMOverrideFlagRequired"))
        if b.who == "ilo5-old" and url.endswith(".fwpkg"):
            return self.answer(200, error("Success")) # and that is all
        self.started(b.begin(url=url))

    def upload(self):
        """/cgi-bin/uploadFile of iLO 5 and later."""
        b, parts = self.bmc, self.parts()
        token = self.headers.get("X-Auth-Token", "")
        if ("sessionKey=" + token not in self.headers.get("Cookie", "")
                or parts.get("sessionKey", (None, b""))[1].decode() != token):
            return self.answer(401, error("NoValidSession"))
        said = json.loads(parts.get("parameters", (None, b"{}"))[1])
        name, data = parts.get("file", (None, None))
        if not name:
            return self.answer(400, error("UpdateBadParameter"))
        if b.busy:
            return self.answer(400, error("ComponentUploadAlreadyInProgress"))
        if said.get("UpdateTarget"):
            if b.fault("tpm") and not said.get("TPMOverride"):
                return self.answer(400, error("FWFlashTPMOverrideFlagRequired"))
            b.begin(data, etag=said.get("UploadCurrentEtag"))
            return self.answer(200, {})
        return self.to_repository(name, data, parts.get("compsig"), said)

    def to_repository(self, name, data, signature, said):
        b, section = self.bmc, int(said.get("Section", 0))
        if len(data) > 32 << 20:
            return self.answer(400, error("ComponentUploadFailed"))
        with b.lock:
            pieces = b.seen.setdefault("pieces", {}) if section else b.seen.update(pieces={}) or b.seen["pieces"]
            pieces[section] = data
            whole = b"".join(pieces[i] for i in sorted(pieces))
        b.sections.append([section, len(data), signature and signature[0]])
        b.etag = said.get("UploadCurrentEtag")
        if signature and signature[1].split()[-1:] != [hashlib.sha256(data).hexdigest().encode()]:
            b.state, b.result = "Error", "ComponentUploadFailed"
            return self.answer(200, {})
        _, why = image.read(whole) if len(data) < 32 << 20 else (None, None)
        if why and not signature:
            b.state, b.result = "Error", "ComponentUploadFailed"
            return self.answer(200, {})
        try:
            b.store(name, whole)
        except machine.Failed as e:
            return self.answer(400, error(str(e)))
        self.answer(200, {})

    def enqueue(self):
        b, body = self.bmc, self.json()
        name, file = body.get("Name", ""), body.get("Filename") or body.get("Component")
        if not name or name in b.queue or file not in b.repository:
            return self.answer(400, error("UpdateBadParameter"))
        if b.fault("tpm") and not body.get("TPMOverride"):
            return self.answer(400, error("FWFlashTPMOverrideFlagRequired"))
        path = f"{UPDATE}/UpdateTaskQueue/{urllib.parse.quote(name)}"
        b.queue[name] = {"Name": name, "State": "Pending", "Filename": file, "UpdatableBy": body.get("UpdatableBy", ["Bmc"])}
        b.run_queue()
        self.answer(201, b.queue[name], Location=path)

    def make_set(self):
        b, body = self.bmc, self.json()
        name, steps = body.get("Name", ""), body.get("Sequence", [])
        if not name or name in b.sets or not steps or any(s.get("Filename") not in b.repository for s in steps):
            return self.answer(400, error("UpdateBadParameter"))
        path = f"{UPDATE}/InstallSets/{urllib.parse.quote(name)}"
        b.sets[name] = {"@odata.id": path, "Name": name, "IsRecovery": False, "Sequence": steps, "Actions": {
            "#HpeComponentInstallSet.Invoke": {"target": path + "/Actions/HpeComponentInstallSet.Invoke"}}}
        self.answer(201, b.sets[name], Location=path)

    def invoke_set(self):
        b, body = self.bmc, self.json()
        made = b.sets.get(urllib.parse.unquote(self.path.split("/")[-3]))
        if not made:
            return self.answer(404, error("ResourceMissingAtURI"))
        if b.fault("tpm") and not body.get("TPMOverride"):
            return self.answer(400, error("FWFlashTPMOverrideFlagRequired"))
        for s in made["Sequence"]:
            b.queue[s["Name"]] = {"State": "Pending"} | s
        b.invoked += 1
        b.run_queue()
        self.answer(200, {})

    def add_from_uri(self):
        body = self.json()
        url = body.get("ImageURI", "")
        if "://" not in url:
            return self.answer(400, error("SimpleUpdateInvalidImageURI"))
        done = self.bmc.add_from_uri(url.rsplit("/", 1)[1], url, body.get("UploadCurrentEtag"))
        self.answer(200 if done else 400, {} if done else error("ComponentUploadAlreadyInProgress"))

    def install_from_uri(self):
        """iLO 4."""
        b, body = self.bmc, self.json()
        if body.get("Action", "InstallFromURI") != "InstallFromURI" or "://" not in body.get("FirmwareURI", ""):
            return self.answer(400, error("UpdateBadParameter", "iLO.0.10."))
        if b.fault("tpm") and not body.get("TPMOverrideFlag"):
            return self.answer(400, error("FWFlashTPMOverrideFlagRequired", "iLO.0.10."))
        if b.begin(url=body["FirmwareURI"]) is None:
            return self.answer(400, error("FirmwareFlashAlreadyInProgress", "iLO.0.10."))
        self.answer(200, error("Success", "iLO.0.10."))

    def push(self):
        """The body is the image, or its part UpdateFile."""
        b = self.bmc
        if "Content-Length" not in self.headers:
            return self.answer(411, error("LengthRequired", "Base.1.0."))
        if self.headers.get("Content-Type", "").startswith("multipart/"):
            parts = self.parts()
            if "UpdateParameters" not in parts or "UpdateFile" not in parts:
                return self.answer(400, error("PropertyMissing", "Base.1.0."))
            json.loads(parts["UpdateParameters"][1])
            data = parts["UpdateFile"][1]
        else:
            data = self.body()
        if len(data) > int(b.how.get("max", LIMIT)):
            return self.answer(413, error("PayloadTooLarge", "Base.1.0."))
        self.started(b.begin(data))

    def route(self, path):
        b, service = self.bmc, self.bmc.tree.get(UPDATE, {})
        simple = service.get("Actions", {}).get("#UpdateService.SimpleUpdate", {}).get("target")
        if path == simple:
            return self.simple_update
        if path == "/cgi-bin/uploadFile" and b.is_hpe():
            return self.upload
        if path == UPDATE + "/UpdateTaskQueue" and b.is_hpe():
            return self.enqueue
        if path == UPDATE + "/InstallSets" and b.is_hpe():
            return self.make_set
        if path.startswith(UPDATE + "/InstallSets/") and path.endswith("/Actions/HpeComponentInstallSet.Invoke"):
            return self.invoke_set
        if path == people.HPE_ACTIONS + "AddFromUri":
            return self.add_from_uri
        if b.who.startswith("ilo4") and "/Managers/1/UpdateService" in path:
            return self.install_from_uri
        if path in (service.get("HttpPushUri"), service.get("MultipartHttpPushUri")) and path != "/cgi-bin/uploadFile":
            return self.push
        return None

    def do_POST(self):
        path = self.path.rstrip("/")
        if path in (ROOT + "/SessionService/Sessions", "/rest/v1/Sessions"):
            return self.login()
        if not self.token_ok():
            self.body()
            return self.answer(401, error("NoValidSession"))
        if path.endswith("/Actions/ComputerSystem.Reset"):
            if self.json().get("ResetType") not in ("GracefulRestart", "ForceRestart"):
                return self.answer(400, error("ActionParameterValueNotInList"))
            self.bmc.restart_host()
            return self.answer(200, {})
        do = self.route(path)
        if not do:
            self.body()
            return self.answer(405, error("ActionNotSupported"))
        if not self.refused_first():
            do()


def merge(into, what):
    for k, v in what.items():
        if isinstance(v, dict) and isinstance(into.get(k), dict):
            merge(into[k], v)
        else:
            into[k] = v


class Server(http.server.ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 1024

    def process_request_thread(self, request, address):
        try:
            bmc = self.world.bmc(request.getsockname()[0])
            if bmc.is_away():
                bmc.missed = True
                raise Gone()
            second = bmc.fault("certificate", "second") and bmc.away_until
            which = self.weak if bmc.fault("tls", "dh") else self.old if bmc.fault("tls") else self.contexts[bool(second)]
            request = which.wrap_socket(request, server_side=True)
            self.finish_request(request, address)
        except Gone: # as if it weren't there
            request.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        except OSError:
            pass
        finally:
            request.close()


def context(cert, key, ciphers=None):
    c = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    if ciphers:
        c.set_ciphers(ciphers)
    c.load_cert_chain(cert, key)
    return c


def main(args):
    if args[0] == "image":
        return image.main(args[1:])
    cert, key, ready = args[:3]
    more = dict(zip(args[3::1], range(3, len(args))))
    listen = args[more["--listen"] + 1] if "--listen" in more else "127.0.0.1"
    world = World(ready)
    contexts, old = [context(cert, key)], context(cert, key)
    old.minimum_version, old.maximum_version = ssl.TLSVersion.TLSv1, ssl.TLSVersion.TLSv1_1
    old.set_ciphers("ALL:@SECLEVEL=0")
    if "--second" in more:
        contexts.append(context(*args[more["--second"] + 1:more["--second"] + 3]))
    weak = None
    if "--weak" in more:
        *pair, parameters = args[more["--weak"] + 1:more["--weak"] + 4]
        weak = context(*pair, "DHE-RSA-AES256-SHA:@SECLEVEL=0")
        weak.load_dh_params(parameters)
        weak.maximum_version = ssl.TLSVersion.TLSv1_2
    for one in listen.split(","):
        host, _, port = one.partition(":")
        server = Server((host, int(port or 0)), Handler)
        server.world, server.contexts, server.old, server.weak = world, contexts, old, weak
        threading.Thread(target=server.serve_forever, daemon=True).start()
    with open(ready + ".new", "w") as f:
        f.write(f"{server.server_address[1]}\n")
    os.rename(ready + ".new", ready)
    threading.Event().wait()


main(sys.argv[1:])
