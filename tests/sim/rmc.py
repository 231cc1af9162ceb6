# rmc.py - the rack management controller of an emulated Superdome Flex, made up:
#   rmc.py CERTIFICATE KEY FOLDER [ADDRESS PORT]
# Its port is written to FOLDER/ready; each request is a line of FOLDER/log,
# what it keeps is FOLDER/state.json.  A bundle is fetched by the URL that it is
# given: a JSON object {"hardware": "superdome-flex", "version": "3.60.50"}.
# FOLDER/how, read anew with each request, has NAME=VALUE lines:
#   generation=280    its update action is that of the newer ones (of the older)
#   capture=FOLDER    resources are a capture's: a/b.json is /redfish/v1/a/b
#   ca=FILE           it fetches from those alone whom this certifies
#   running=yes       an update runs already
#   fetch=fail        it can't fetch
#   away=SECONDS      it restarts after an update, and is away so long; what it
#                     knows of tasks is lost with tasks=lost
#   wait=FILE         it doesn't go on until that is there
#   flashes=no        it says that it is done, and has the old version
#   cut=PATH          the connection breaks before it answers a POST to a path that ends
#                     so; cut-after=PATH: once it has done what it was asked for
#   user=, password=  those that it knows (admin, secret)
#
# SPDX-License-Identifier: Apache-2.0
import http.server, json, os, socket, ssl, sys, threading, time, urllib.request

cert, key, folder = sys.argv[1:4]
address, port = (sys.argv[4], int(sys.argv[5])) if len(sys.argv) > 5 else ("127.0.0.1", 0)
lock = threading.RLock()
tokens = set()
V1 = "/redfish/v1"


def path(name):
    return os.path.join(folder, name)


def how():
    with open(path("how")) as f:
        return dict(line.rstrip("\n").split("=", 1) for line in f if "=" in line)


class State(dict):
    """What it keeps: `with State() as s` changes it."""

    def __enter__(self):
        lock.acquire()
        try:
            with open(path("state.json")) as f:
                self.update(json.load(f))
        except (OSError, ValueError):
            self.update({"version": "3.30.120", "tasks": {}, "restarts": 0, "n": 0})
        return self

    def __exit__(self, *args):
        with open(path("state.json.new"), "w") as f:
            json.dump(self, f)
        os.rename(path("state.json.new"), path("state.json"))
        lock.release()


def state():
    with State() as s:
        return dict(s)


# ---- what it is

def link(where):
    return {"@odata.id": V1 + where}


def collection(*members):
    return {"Members": [link(m) for m in members], "Members@odata.count": len(members)}


def resources():
    s, h = state(), how()
    old = {"Hpe": {"#SDFlexUpdateService.UpdateAll": {
        "@Redfish.ActionInfo": V1 + "/UpdateService/SDFlexUpdateAllActionInfo",
        "target": V1 + "/UpdateService/Actions/SDFlexUpdateService.UpdateAll"}}}
    new = {"#SD.UpdateAll": {"target": V1 + "/UpdateService/Actions/Oem/SD.UpdateAll"}}
    r = {"": {"Id": "RootService", "RedfishVersion": "1.0.2", "Links": {"Sessions": link("/SessionService/Sessions")},
              "Chassis": link("/Chassis"), "CompositionService": link("/CompositionService"), "Managers": link("/Managers"),
              "Systems": link("/Systems"), "Tasks": link("/TaskService"), "UpdateService": link("/UpdateService")},
         "/Chassis": collection("/Chassis/r001u01b", "/Chassis/r001u06b"),
         "/Chassis/r001u01b": {"Model": "Made-up Flex base", "SerialNumber": "MADE01"},
         "/Chassis/r001u06b": {"Model": "Made-up Flex expansion", "SerialNumber": ""},
         "/Managers": collection("/Managers/RMC", "/Managers/r001u01b"),
         "/Managers/RMC": {"Name": "RMC", "FirmwareVersion": s["version"] + "-20240601_made_up"},
         "/Managers/r001u01b": {"Name": "BMC of r001u01b", "FirmwareVersion": s["version"]},
         "/Systems": collection("/Systems/Partition0", "/Systems/Partition1"),
         "/Systems/Partition0": {"Name": "Npar 0", "BiosVersion": s.get("bios", "3.30.116")},
         "/Systems/Partition1": {"Name": "Npar 1", "BiosVersion": s.get("bios", "3.30.116")},
         "/UpdateService": {"ServiceEnabled": True, "Actions": {"Oem": new if h.get("generation") == "280" else old},
                            "FirmwareInventory": link("/UpdateService/FirmwareInventory")},
         "/UpdateService/FirmwareInventory": collection("/UpdateService/FirmwareInventory/fwu"),
         "/UpdateService/FirmwareInventory/fwu": {"Name": "Updater", "Version": s["version"]},
         "/TaskService": {"Tasks": link("/TaskService/Tasks")},
         "/TaskService/Tasks": collection(*["/TaskService/Tasks/" + n for n in s["tasks"]])}
    for n, task in s["tasks"].items():
        r["/TaskService/Tasks/" + n] = dict(task, Id=n, Name="Firmware update")
    return r


def resource(where):
    capture = how().get("capture")
    if capture:
        name = os.path.join(capture, *where.strip("/").split("/")) if where else os.path.join(capture, "root")
        try:
            with open(name + ".json") as f:
                return json.load(f)
        except (OSError, ValueError):
            return None
    body = resources().get(where)
    return body and dict(body, **link(where))


# ---- how it is updated

def set_task(n, state_, status="OK", *messages):
    with State() as s:
        s["tasks"][n] = {"TaskState": state_, "TaskStatus": status, "Messages": list(messages)}


def failed(n, key, text, resolution):
    set_task(n, "Completed", "Critical", {"MessageId": "Sdflex.1.0." + key, "Message": text, "Resolution": resolution})


def fetch(url):
    h = how()
    if h.get("fetch") == "fail":
        raise OSError("made up")
    context = ssl.create_default_context(cafile=h.get("ca"))
    context.check_hostname = False
    if "ca" not in h:
        context.verify_mode = ssl.CERT_NONE
    with urllib.request.urlopen(url, timeout=20, context=context) as answer:
        return answer.read(1 << 20)


def newer(a, b):
    return [int(n) for n in a.split(".")] > [int(n) for n in b.split(".")]


def update(n, body):
    if how().get("running") == "yes":
        return failed(n, "FirmwareUpdateConflictError", "Another firmware update is in progress.", "Wait for it.")
    set_task(n, "Running")
    try:
        bundle = json.loads(fetch(body["ImageURI"]))
    except ValueError:
        return failed(n, "FirmwareIncompatibleError", "The file isn't a bundle.", "Use a bundle for this product.")
    except OSError as e:
        return failed(n, "FirmwareUpdateDownloadFailure", f"The bundle could not be downloaded: {e}.", "Check the URI.")
    old = state()["version"]
    if bundle.get("hardware") != "superdome-flex":
        return failed(n, "FirmwareIncompatibleError", "The bundle is for other hardware.", "Use one for this product.")
    if newer(old, bundle["version"]) and not body["Reinstall"] and how().get("downgrades") != "yes":
        return failed(n, "FirmwareIncompatibleError", "The bundle is older than the installed firmware.", "None.")
    while "wait" in how() and not os.path.exists(how()["wait"]):
        time.sleep(0.05)
    with State() as s:
        s["bodies"] = s.get("bodies", []) + [dict(body, ImageURI=body["ImageURI"].split("/")[0])]
        if how().get("flashes") != "no":
            s["version"] = bundle["version"]
            if not body["ExcludeNparFw"]:
                s["bios"] = bundle["version"]
    set_task(n, "Completed")
    if "away" in how():
        restart(float(how()["away"]))


def restart(seconds):
    """As when it loses its power: all connections end, nobody listens."""
    with State() as s:
        s["restarts"] += 1
        if how().get("tasks") == "lost":
            s["tasks"] = {}
    os.environ["RMC_AWAY"] = str(seconds)
    os.execv(sys.executable, [sys.executable] + sys.argv[:4] + [address, str(server.server_address[1])])


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_message(self, *args):
        pass

    def answer(self, status, body, **fields):
        data = json.dumps(body).encode()
        with lock, open(path("log"), "a") as f:
            f.write(f"{self.command} {self.path} {status}\n")
        self.send_response(status)
        for name, value in fields.items():
            self.send_header(name.replace("_", "-"), value)
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def error(self, status, key, text):
        self.answer(status, {"error": {"@Message.ExtendedInfo": [{"MessageId": "Base.1.0." + key, "Message": text}]}})

    def where(self):
        return self.path.split("?")[0].rstrip("/")[len(V1):]

    def allowed(self):
        if self.headers.get("X-Auth-Token") in tokens:
            return True
        self.error(401, "NoValidSession", "Log in.")
        return False

    def do_GET(self):
        where = self.where()
        if where and not self.allowed():
            return
        body = resource(where)
        self.answer(200, body) if body else self.error(404, "ResourceMissingAtURI", "There is no such resource.")

    def cut(self, fault):
        if self.path.endswith(how().get(fault, "\n")):
            self.connection.shutdown(socket.SHUT_RDWR)
            return True
        return False

    def do_POST(self):
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        h = how()
        if self.where() == "/SessionService/Sessions":
            if body != {"UserName": h.get("user", "admin"), "Password": h.get("password", "secret")}:
                return self.error(401, "NoValidSession", "The user or the password is wrong.")
            token = f"token-{time.monotonic_ns()}"
            tokens.add(token)
            return self.answer(201, {}, X_Auth_Token=token, Location=V1 + "/SessionService/Sessions/" + token)
        if self.cut("cut") or not self.allowed():
            return
        actions = json.dumps(resources()["/UpdateService"]["Actions"])
        if '"' + self.path + '"' not in actions:
            return self.error(404, "ResourceMissingAtURI", "There is no such action.")
        with State() as s:
            s["n"] += 1
            n = str(s["n"])
            s["tasks"][n] = {"TaskState": "New", "TaskStatus": "OK"}
        threading.Thread(target=update, args=(n, body), daemon=True).start()
        if self.cut("cut-after"):
            return
        self.answer(202, dict(link("/TaskService/Tasks/" + n), TaskState="New"),
                    Location=V1 + "/TaskService/Tasks/" + n)

    def do_DELETE(self):
        tokens.discard(self.where().rsplit("/", 1)[-1])
        self.answer(200, {})


class Server(http.server.ThreadingHTTPServer):
    daemon_threads = True

    def handle_error(self, request, address):
        pass


time.sleep(float(os.environ.pop("RMC_AWAY", "0")))
server = Server((address, port), Handler)
context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
context.load_cert_chain(cert, key)
server.socket = context.wrap_socket(server.socket, server_side=True, do_handshake_on_connect=False)
with open(path("ready.new"), "w") as f:
    f.write(f"{server.server_address[1]}\n")
os.rename(path("ready.new"), path("ready"))
server.serve_forever()
