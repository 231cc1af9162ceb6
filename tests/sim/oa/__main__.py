# An emulated BladeSystem enclosure with two Onboard Administrators: xmldata,
# SOAP, uploads over HTTPS, and a command line (cli.py, through a real sshd).
# It takes images, flashes the standby and then the active OA, and each is gone
# while it restarts.  Python's standard library alone.
#
#   python3 FOLDER CERTIFICATE KEY READY [--oa1 ADDRESS:PORT] [--oa2 ADDRESS:PORT] [--http ADDRESS:PORT] [--net A.B]
#   python3 FOLDER image FILE VERSION [HARDWARE]
#
# writes "PORT1 PORT2 HTTPPORT" to READY; READY.sock is for cli.py.  Requests and
# what befalls the hardware are lines in READY.log; READY.sessions has how many are logged in,
# READY.versions what the OAs have.  READY.how has NAME=VALUE
# lines; when `new` changes there it is another enclosure, else it stays.
#   what=full|whole|mixed  what is in it (enclosure.py); xmldata=FILE: a capture
#   xmldata=off  soap=off  old=yes (no newer fields)  script=no (pages instead)
#   version=4.70, standby=4.70   what the OAs have; solo=yes: there is one OA
#   user=, password=       those that it knows (Administrator, secret)
#   sessions=N             at most N at once (4)
#   fail=METHOD:CODE       a fault; METHOD may be "upload"
#   cut=METHOD  cutafter=METHOD   the connection ends before, after it was done; once
#   update=running         somebody else's update: nobody is let in
#   flash=S, away=S        how long each OA is flashed, is gone (0.1, 0.15)
#   hold=yes               no flash goes on; patient=yes: nor is it restarted before its events were asked for
#   standby_fails=yes  nosync=yes (the standby keeps its version)  lie=yes (both do)
#   swap=yes               the other one is the active OA afterwards
#   forever=yes            it doesn't come back
#   fips=yes               no older versions
#   events=no              no subscriptions
#   ilo=fails              an iLO keeps its version
#
# SPDX-License-Identifier: Apache-2.0
import sys
sys.dont_write_bytecode = True
import argparse, email, email.policy, html, http.server, json, os, re, secrets, socket, socketserver, ssl, threading, time, traceback, zlib

import enclosure

MAGIC = "FETTLE-EMULATED-OA"
TEXTS = {8: "Your user account does not have sufficient privileges", 74: "Unable to download the file", 93: "Firmware could not be updated",
         137: "Too many sessions", 139: "Not the active Onboard Administrator", 150: "User name or password incorrect",
         216: "A firmware update is in progress. Logging in is disabled.", 222: "Onboard Administrators differ",
         225: "Already running the same firmware", 269: "Not an iLO image", 270: "CRC mismatch", 292: "Older firmware image",
         293: "Not a valid Onboard Administrator image", 381: "Unable to download the iLO image", 386: "The download timed out",
         387: "The host could not be reached", 388: "The file was not found", 418: "Downgrade not allowed in FIPS mode"}


class Fault(Exception):
    pass


class Oa:
    def __init__(self, bay, role, version, address):
        self.bay, self.role, self.version, self.address = bay, role, version, address
        self.serial, self.name, self.away, self.next = f"SIMOA{bay}", f"OA-SIM{bay}", False, version


class World:
    def __init__(self, args):
        self.args, self.lock, self.stamp, self.new = args, threading.RLock(), None, None
        self.how = {}
        self.listeners = {}
        self.look()

    def log(self, text):
        with self.lock, open(self.args.ready + ".log", "a") as f:
            f.write(f"{time.time():.3f} {text}\n")

    def look(self):
        """What it is by now."""
        with self.lock:
            try:
                st = os.stat(self.args.ready + ".how")
            except FileNotFoundError:
                return self.become({})
            if (st.st_mtime_ns, st.st_ino) == self.stamp:
                return
            self.stamp = st.st_mtime_ns, st.st_ino
            with open(self.args.ready + ".how") as f:
                self.become(dict(x.split("=", 1) for x in f.read().split("\n") if "=" in x))

    def become(self, how):
        self.how = how
        if how.get("new", "") == self.new:
            return
        self.new = how.get("new", "")
        addresses = [self.args.oa1[0], self.args.oa2[0]]
        version = how.get("version", "4.70")
        self.oas = [Oa(1, "ACTIVE", version, addresses[0]), Oa(2, "STANDBY", how.get("standby", version), addresses[1])]
        if how.get("solo"):
            self.oas.pop()
        self.inside = getattr(enclosure, how.get("what", "full"))(self.args.net)
        self.sessions, self.files, self.events, self.updating, self.done = set(), {}, [], False, set()
        self.note()

    def note(self):
        """For tests: how many are logged in, and what the OAs have."""
        for name, text in ("sessions", f"{len(self.sessions)}\n"), ("versions", " ".join(o.version for o in self.oas) + "\n"):
            with open(f"{self.args.ready}.{name}.new", "w") as f:
                f.write(text)
            os.rename(f"{self.args.ready}.{name}.new", f"{self.args.ready}.{name}")

    def once(self, name, method):
        """Is this fault wanted here, and for the first time?"""
        if self.how.get(name) != method or (name, method) in self.done:
            return False
        self.done.add((name, method))
        return True

    def number(self, name, usual):
        return float(self.how.get(name, usual))

    # ---- updates

    def event(self, name, value=0):
        with self.lock:
            self.events.append((name, value))

    def flash_one(self, oa, version, prefix):
        self.event(prefix + "_STARTED")
        self.log(f"flash oa{oa.bay} {version} begins")
        while self.how.get("hold"):
            time.sleep(0.05)
            self.look()
        for i in range(1, 6):
            time.sleep(self.number("flash", 0.1) / 5)
            self.event(prefix + "_PROGRESS", i * 20)
        if self.how.get("lie") != "yes":
            oa.next = version
        self.log(f"flash oa{oa.bay} {version} ends")

    def restart(self, oa):
        oa.away = True
        self.log(f"oa{oa.bay} restarts")
        self.close(oa.bay)
        if self.how.get("forever"):
            return
        time.sleep(self.number("away", 0.15))
        with self.lock:
            oa.version = oa.next
            self.note()
        self.open(oa.bay)
        oa.away = False
        self.log(f"oa{oa.bay} is back")

    def update(self, version):
        standby = [o for o in self.oas if o.role == "STANDBY"]
        active = [o for o in self.oas if o.role == "ACTIVE"][0]
        if standby and not self.how.get("nosync"):
            self.flash_one(standby[0], version, "EVENT_STANDBY_FLASH")
            if self.how.get("standby_fails"):
                self.event("EVENT_STANDBY_FLASH_FAILED")
                self.updating = False
                return
            self.event("EVENT_STANDBY_FLASH_BOOTING")
            self.restart(standby[0])
            self.event("EVENT_STANDBY_FLASH_BOOTED")
        self.flash_one(active, version, "EVENT_FLASH")
        self.event("EVENT_FLASH_PENDING")
        time.sleep(0.1)
        for _ in range(600):
            if not self.how.get("patient") or not self.events:
                break
            time.sleep(0.05)
        with self.lock:
            self.sessions.clear()
            self.note()
        self.restart(active)
        if standby and self.how.get("swap"):
            active.role, standby[0].role = "STANDBY", "ACTIVE"
        self.updating = False

    def start_update(self, version, force, oa):
        now, then = float(version), float(oa.version)
        if now == then and not force:
            raise Fault(225)
        if now < then and self.how.get("fips"):
            raise Fault(418)
        if now < then and not force:
            raise Fault(292)
        self.updating = True
        self.log(f"update {version}{' forced' if force else ''}")
        threading.Thread(target=self.update, args=(version,), daemon=True).start()

    def sync(self):
        active = [o for o in self.oas if o.role == "ACTIVE"][0]
        for o in self.oas:
            if o.version != active.version:
                self.log(f"sync oa{o.bay} {active.version}")
                o.version = o.next = active.version
        with self.lock:
            self.note()

    # ---- listeners

    def open(self, bay):
        address, port = (self.args.oa1, self.args.oa2)[bay - 1]
        for _ in range(100):
            try:
                self.listeners[bay] = Server((address, port), Handler, self, bay, True)
                break
            except OSError:
                time.sleep(0.05)
        server = self.listeners[bay]
        (self.args.oa1, self.args.oa2)[bay - 1][1] = server.server_address[1]
        threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True).start()

    def close(self, bay):
        server = self.listeners.pop(bay)
        server.shutdown()
        server.server_close()


class Server(http.server.ThreadingHTTPServer):
    daemon_threads, allow_reuse_address, request_queue_size = True, True, 64

    def __init__(self, where, handler, world, bay, tls):
        self.world, self.bay, self.tls = world, bay, tls
        super().__init__(tuple(where), handler)

    def get_request(self):
        s, address = super().get_request()
        s.settimeout(30)
        return (self.world.context.wrap_socket(s, server_side=True, do_handshake_on_connect=False) if self.tls else s), address

    def handle_error(self, *args):
        if not isinstance(sys.exc_info()[1], (OSError, ValueError)):
            traceback.print_exc()


def envelope(body):
    return ('<?xml version="1.0" encoding="UTF-8"?>\n<SOAP-ENV:Envelope xmlns:SOAP-ENV="http://www.w3.org/2003/05/soap-envelope"'
            f' xmlns:hpoa="hpoa.xsd"><SOAP-ENV:Body>{body}</SOAP-ENV:Body></SOAP-ENV:Envelope>\n').encode()


def fault(method, code):
    return envelope("<SOAP-ENV:Fault><SOAP-ENV:Code><SOAP-ENV:Value>SOAP-ENV:Sender</SOAP-ENV:Value></SOAP-ENV:Code>"
                    "<SOAP-ENV:Reason><SOAP-ENV:Text>User Request Error</SOAP-ENV:Text></SOAP-ENV:Reason><SOAP-ENV:Detail>"
                    f"<hpoa:faultInfo><hpoa:operationName>{method}</hpoa:operationName><hpoa:errorText>{TEXTS.get(code, 'Error')}"
                    f"</hpoa:errorText><hpoa:errorCode>{code}</hpoa:errorCode><hpoa:errorType>USER_REQUEST</hpoa:errorType>"
                    "</hpoa:faultInfo></SOAP-ENV:Detail></SOAP-ENV:Fault>")


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_message(self, *args):
        pass

    def setup(self):
        super().setup()
        self.world, self.oa = self.server.world, None

    def find(self):
        self.world.look()
        self.oa = next((o for o in self.world.oas if o.bay == self.server.bay), None)
        return self.oa is not None and not self.oa.away

    def answer(self, status, body, kind="text/xml"):
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def hang_up(self):
        self.close_connection = True
        try:
            self.connection.shutdown(socket.SHUT_RDWR)
        except OSError:
            pass

    def do_GET(self):
        w = self.world
        if not self.find():
            return self.hang_up()
        w.log(f"oa{self.oa.bay} GET {self.path}")
        if self.path != "/xmldata?item=All" or w.how.get("xmldata") == "off":
            return self.answer(404, b"<html>Not Found</html>", "text/html")
        if "xmldata" in w.how:
            with open(w.how["xmldata"], "rb") as f:
                return self.answer(200, f.read())
        self.answer(200, enclosure.xmldata(w.inside, w.oas, self.oa, w.how.get("old") == "yes").encode())

    def do_POST(self):
        w = self.world
        if not self.find() or w.once("cut", "upload" if self.path.startswith("/cgi") else ""):
            return self.hang_up()
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        if self.path == "/cgi-bin/uploadFile":
            return self.upload(body)
        if self.path != "/hpoa" or w.how.get("soap") == "off":
            return self.answer(404, b"<html>Not Found</html>", "text/html")
        text = body.decode()
        method = re.search(r"<SOAP-ENV:Body><hpoa:(\w+)", text).group(1)
        if w.once("cut", method):
            return self.hang_up()
        try:
            result = self.soap(method, text)
            status, data = 200, envelope(f"<hpoa:{method}Response>{result}</hpoa:{method}Response>")
        except Fault as e:
            status, data = 500, fault(method, e.args[0])
        w.log(f"oa{self.oa.bay} SOAP {method} {status}" + (f" {e_code(data)}" if status != 200 else ""))
        if w.once("cutafter", method):
            return self.hang_up()
        self.answer(status, data, "application/soap+xml")

    def soap(self, method, text):
        w = self.world
        get = lambda name: html.unescape((re.search(rf"<hpoa:{name}>([^<]*)<", text) or [None, ""])[1])
        wanted = w.how.get("fail", "").split(":")
        if wanted[0] == method:
            raise Fault(int(wanted[1]))
        if method == "userLogIn":
            return self.log_in(get("username"), get("password"))
        key = get("oaSessionKey")
        if key not in w.sessions:
            raise Fault(150)
        if method == "userLogOut":
            with w.lock:
                w.sessions.discard(key)
                w.note()
            return ""
        if self.oa.role == "STANDBY":
            raise Fault(139)
        if method == "subscribeForEvents":
            if w.how.get("events") == "no":
                raise Fault(162)
            w.events.clear()
            return "<hpoa:pid>77</hpoa:pid>"
        if method == "getAllEvents":
            with w.lock:
                some = 3 if w.how.get("patient") else 7
                found, w.events[:] = w.events[:some], w.events[some:]
            return "<hpoa:eventInfoArray>" + "".join(
                enclosure.hpoa("eventInfo", event=n, eventTimeStamp="1", numValue=str(v)) for n, v in found or [("EVENT_HEARTBEAT", 0)]
            ) + "</hpoa:eventInfoArray>"
        if method == "flashOaRomEnhanced":
            return self.flash(get("oaFileToken"), get("forceFlash") == "true", get("oaReset"))
        if method == "updateProLiantMp":
            return self.update_ilos(text, get("iLoImageUrl"), get("crc32"))
        if method == "syncOaRomEnhanced":
            w.sync()
            return "<hpoa:returnCodeOk/>"
        found = enclosure.soap(method, w.inside, w.oas, self.oa, get("bayNumber"))
        if found is None:
            raise Fault(162)
        return found

    def log_in(self, user, password):
        w = self.world
        if w.updating or w.how.get("update") == "running":
            raise Fault(216)
        if (user, password) != (w.how.get("user", "Administrator"), w.how.get("password", "secret")):
            raise Fault(150)
        if len(w.sessions) >= int(w.how.get("sessions", 4)):
            raise Fault(137)
        key = secrets.token_hex(8)
        with w.lock:
            w.sessions.add(key)
            w.note()
        return f"<hpoa:HpOaSessionKeyToken><hpoa:oaSessionKey>{key}</hpoa:oaSessionKey></hpoa:HpOaSessionKeyToken>"

    def flash(self, token, force, reset):
        w = self.world
        if w.updating:
            raise Fault(216)
        if token not in w.files or reset != "true":
            raise Fault(93)
        w.start_update(w.files.pop(token)["version"], force, self.oa)
        return "<hpoa:returnCodeOk/>"

    def update_ilos(self, text, token, crc):
        w = self.world
        if token not in w.files or w.files[token]["hardware"] != "ilo4":
            raise Fault(269)
        if w.files[token]["crc"] != crc:
            raise Fault(270)
        wanted, version = re.findall(r"<hpoa:bay>(\d+)<", text), w.files.pop(token)["version"]
        w.log(f"ilos {','.join(wanted)} {version}")

        def later():
            time.sleep(w.number("flash", 0.1))
            for b in w.inside["blades"]:
                if b["bay"] in wanted and not (w.how.get("ilo") == "fails" and b is w.inside["blades"][0]):
                    b["firmware"] = version + " Jan  1 2020"
        threading.Thread(target=later, daemon=True).start()
        return "<hpoa:returnCodeOk/>"

    def upload(self, body):
        w = self.world
        wanted = w.how.get("fail", "").split(":")
        head = f"Content-Type: {self.headers['Content-Type']}\r\n\r\n".encode()
        parts = {p.get_param("name", header="Content-Disposition"): p.get_payload(decode=True)
                 for p in email.message_from_bytes(head + body, policy=email.policy.HTTP).iter_parts()}
        key = parts["oaSessionKey"].decode()
        code, image = 0, None
        m = re.match(rb"FETTLE-EMULATED-OA (\S+) (\S+)\n", parts["file"])
        if key not in w.sessions or f"encLocalKey={key}" not in self.headers.get("Cookie", ""):
            code = 8
        elif wanted[0] == "upload":
            code = int(wanted[1])
        elif not m or m[2] not in (b"c7000", b"ilo4"):
            code = 293
        else:
            image = {"version": m[1].decode(), "hardware": m[2].decode(), "crc": f"{zlib.crc32(parts['file']):08x}"}
        w.log(f"oa{self.oa.bay} upload {len(parts['file'])} {code}")
        if code:
            return self.answer(200, fault("uploadFile", code))
        token = "/tmp/" + secrets.token_hex(6)
        w.files[token] = image
        # A page for a browser, whose hidden fields say it.
        page = (f'<html xmlns="http://www.w3.org/1999/xhtml"><body><form id="f"><input type="hidden" id="fileType" value="x"/>'
                f'<input type="hidden" id="oaFileToken" value="{token}"/>')
        if image["hardware"] == "ilo4":
            page += f'<input type="hidden" id="crc32" value="{image["crc"]}"/>'
        if w.once("cutafter", "upload"):
            return self.hang_up()
        self.answer(200, (page + "</form></body></html>").encode(), "text/html")


def e_code(data):
    return re.search(rb"errorCode>(\d+)", data)[1].decode()


class Cli(socketserver.StreamRequestHandler):
    def handle(self):
        w = self.server.world
        q = json.loads(self.rfile.readline())
        w.look()
        oa = next((o for o in w.oas if o.bay == q["bay"]), None)
        if not oa or oa.away:
            a = {"away": True, "name": "gone"}
        else:
            a = dict({"name": oa.name}, **self.run(w, oa, q["line"]))
            if q["line"]:
                w.log(f"oa{oa.bay} CLI {q['line']}")
        self.wfile.write(json.dumps(a).encode() + b"\n")

    def run(self, w, oa, line):
        low = line.lower()
        if not low or low in ("exit", "quit", "logout"):
            return {"text": "", "end": bool(low)}
        if low in ("set script mode on", "set script mode off") and w.how.get("script") != "no":
            return {"text": "", "script": low.endswith("on")}
        if low.startswith("update image "):
            if low.endswith(" yes"):
                return {"text": "Downloading...\nError 74: unable to download the file.\n"}
            return {"text": "", "confirm": "This will update the firmware of all Onboard Administrators."}
        shown = enclosure.cli(low, w.inside, w.oas, oa)
        return {"text": shown if shown is not None else f"Invalid Arguments: {line}\n"}


class CliServer(socketserver.ThreadingUnixStreamServer):
    daemon_threads = True


def where(text):
    address, _, port = text.rpartition(":")
    return [address, int(port)]


def main():
    if sys.argv[1:2] == ["image"]:
        name, version, hardware = (sys.argv[2:] + ["c7000"])[:3]
        with open(name, "wb") as f:
            f.write(f"{MAGIC} {version} {hardware}\n".encode() + bytes(range(256)) * 400)
        return
    p = argparse.ArgumentParser()
    for name in ("cert", "key", "ready"):
        p.add_argument(name)
    for name in ("--oa1", "--oa2", "--http"):
        p.add_argument(name, type=where, default=["127.0.0.1", 0])
    p.add_argument("--net", default="10.77")
    args = p.parse_args()
    world = World(args)
    world.context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    world.context.load_cert_chain(args.cert, args.key)
    world.open(1)
    world.open(2)
    plain = Server(args.http, Handler, world, 1, False)
    threading.Thread(target=plain.serve_forever, daemon=True).start()
    cli = CliServer(args.ready + ".sock", Cli)
    cli.world = world
    os.chmod(args.ready + ".sock", 0o666)
    with open(args.ready + ".new", "w") as f:
        f.write(f"{args.oa1[1]} {args.oa2[1]} {plain.server_address[1]}\n")
    os.rename(args.ready + ".new", args.ready)
    cli.serve_forever()


main()
