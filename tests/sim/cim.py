# An emulated CIM server of an ESXi host: CIM-XML by HTTPS, software identities,
# and HPE's installer of smart components, which really fetches what it is told
# to, and has jobs that it forgets.  Python's standard library alone; its
# personality is made up, its classes are those of the documentation.
#
# A module of esx.py (--cim FILE), or beside another emulated host:
#
#   python3 cim.py CERTIFICATE KEY READY [--listen ADDRESS] [--beside URL]
#   python3 cim.py component FILE FAMILY VERSION [reboot] [code=N]
#
# Alone, it writes its port to READY, requests to READY.log, and reads NAME=VALUE
# lines from READY.how.  URL is where another emulated host tells its tickets and
# boots as JSON; when it doesn't, it is away.
#   user=root password=secret
# From the host's or its own `how`:
#   cim=off                  connections are closed
#   cimauth=password ticket nobody   who is let in; else both are
#   cimonce=yes              a ticket is good for one request
#   cimnohpe=yes cimnoservice=yes cimempty=yes
#   cimerror=METHOD:CODE     an error of CIM; cimstumble=METHOD:CODE: once
#   cimstatus=METHOD:CODE cimgarbage=METHOD cimcut=METHOD cimcutafter=METHOD (once)
#   cimhang=METHOD           no answer, ever
#   cimprefix=odd            whitespace and namespaces that mean nothing
#   cimreturn=N              of InstallFromURI
#   cimparam=NAME            the only name of the third parameter that it knows
#   cimjob=full local name nowhere   how InstallFromURI names the job
#   cimhold=yes              a job doesn't end while this is there
#   cimforget=yes            a job is forgotten when it ends
#   cimcode=N                what the component exits with
#   cimlie=yes               installs nothing and says it did
#   cimlate=N                after a restart, the first N requests are lost
#
# SPDX-License-Identifier: Apache-2.0
import sys
sys.dont_write_bytecode = True
import argparse, base64, html, http.client, http.server, json, os, socketserver, ssl, threading, time, traceback, urllib.parse, urllib.request
import xml.etree.ElementTree as ET

PARENTS = {
    "VMware_ComponentSoftwareIdentity": "CIM_SoftwareIdentity", "OMC_SMASHFirmwareIdentity": "CIM_SoftwareIdentity",
    "SMX_SystemFirmware": "CIM_SoftwareIdentity", "SMX_MPFirmware": "CIM_SoftwareIdentity", "SMX_SAFirmware": "CIM_SoftwareIdentity",
    "SMX_Agent": "CIM_SoftwareIdentity", "SMX_SCInstallationService": "CIM_SoftwareInstallationService",
    "SMX_SCInstallationServiceCapabilities": "CIM_SoftwareInstallationServiceCapabilities", "SMX_SCInstallerConcreteJob": "CIM_ConcreteJob",
}
SPACES = {
    "root/cimv2": {"CIM_SoftwareIdentity", "VMware_ComponentSoftwareIdentity", "OMC_SMASHFirmwareIdentity"},
    "root/hpq": {"CIM_SoftwareIdentity", "SMX_SystemFirmware", "SMX_MPFirmware", "SMX_SAFirmware", "SMX_Agent", "SMX_SCInstallationService",
                 "CIM_SoftwareInstallationService", "SMX_SCInstallationServiceCapabilities", "CIM_ConcreteJob", "SMX_SCInstallerConcreteJob"},
}


class CimError(Exception):
    def __init__(self, code, text=""):
        self.code, self.text = code, text


class Instance:
    def __init__(self, kind, keys, properties):
        self.kind, self.keys, self.properties = kind, keys, dict(keys, **properties)


def component(family, version, *words):
    return f"emulated smart component\nfamily={family}\nversion={version}\n{chr(10).join(words)}\n".encode() + bytes(range(256)) * 64


class Cim:
    """One host's.  `how` gives its faults, `tickets` those that are good, `fetch` gets a URL, `log` takes lines."""

    def __init__(self, how, tickets, fetch, log):
        self.how, self.tickets, self.fetch, self.log = how, tickets, fetch, log
        self.lock, self.done, self.used, self.jobs, self.waiting, self.boots, self.serial, self.late = threading.RLock(), set(), set(), {}, {}, None, 0, 0
        self.firmware = {"P89": "v2.40 (02/17/2017)", "RI9": "2.50", "SA1": "6.06"}

    def restarted(self, boots):
        with self.lock:
            if self.boots not in (None, boots):
                self.firmware.update(self.waiting)
                self.waiting, self.jobs, self.late = {}, {}, int(self.how().get("cimlate", 0))
            self.boots = boots

    def once(self, name, value):
        if self.how().get(name) != value or (name, value) in self.done:
            return False
        self.done.add((name, value))
        return True

    def let_in(self, field):
        who = self.how().get("cimauth", "ticket password").split()
        if not field.startswith("Basic "):
            return False
        user, _, password = base64.b64decode(field[6:]).decode().partition(":")
        if user == self.how().get("user", "root") and password == self.how().get("password", "secret"):
            self.log("cim by password")
            return "password" in who
        good = "ticket" in who and user == password and user in self.tickets() and user not in self.used
        if self.how().get("cimonce"):
            self.used.add(user)
        self.log(f"cim by {'good' if good else 'bad'} ticket")
        return good

    # ---- what there is

    def instances(self, space):
        how, f = self.how(), self.firmware
        if how.get("cimempty"):
            return []
        if space == "root/cimv2":
            return [Instance("VMware_ComponentSoftwareIdentity", {"InstanceID": "EMU:nhpsa"}, {"Name": "nhpsa", "VersionString": "2.0.14", "Classifications": [2]}),
                    Instance("OMC_SMASHFirmwareIdentity", {"InstanceID": "46.10000"}, {"Name": "Emulated Board Controller", "VersionString": "9.9"})]

        def hpq(kind, id, name, family, classes, **more):
            return Instance(kind, {"InstanceID": f"HPQ:{id}"}, {"Name": name, "VersionString": f.get(family), "Classifications": classes, "OperationalStatus": [2],
                            "IdentityInfoType": ["HPQ:SoftwarePath", "CIM:SoftwareFamily"], "IdentityInfoValue": ["HPQ:nowhere", f"HPQ:{family}"], **more})
        out = [hpq("SMX_SystemFirmware", "rom1", "System ROM", "P89", [11]),
               hpq("SMX_SystemFirmware", "rom2", "System ROM", "P89", [11], VersionString="v1.20 (01/01/2015)", OperationalStatus=[2, 0x8001]),
               hpq("SMX_MPFirmware", "mp", "iLO <4> & more", "RI9", [10]),
               hpq("SMX_SAFirmware", "sa1", "Emulated Array", "SA1", [10], VersionString="", MajorVersion=f["SA1"].split(".")[0], MinorVersion=f["SA1"].split(".")[1]),
               hpq("SMX_Agent", "agent", "An agent", "agent.exe", [2], VersionString="1")]
        if not how.get("cimnoservice"):
            out += [Instance("SMX_SCInstallationService", {"SystemCreationClassName": "SMX_ComputerSystem", "SystemName": "esx \"1\"", "Name": "installer"}, {"EnabledState": 5}),
                    Instance("SMX_SCInstallationServiceCapabilities", {"InstanceID": "capabilities"}, {"SupportedInstallOptions": [2, 3, 4, 6, 7, 11, 32770, 32771]})]
        with self.lock:
            return out + [self.job_instance(k, j) for k, j in self.jobs.items()]

    def job_instance(self, key, j):
        return Instance("SMX_SCInstallerConcreteJob", {"InstanceID": key}, {"JobState": j["state"], "PercentComplete": j["percent"], "ErrorCode": j["code"],
                        "ErrorDescription": j["text"], "DeleteOnCompletion": "true"})

    def find(self, space, kind):
        if space not in SPACES or (space == "root/hpq" and self.how().get("cimnohpe")):
            raise CimError(3, f"no namespace {space}")
        if kind not in SPACES[space]:
            raise CimError(5, f"no class {kind}")
        return [i for i in self.instances(space) if kind in (i.kind, PARENTS.get(i.kind))]

    def get(self, space, name):
        kind, keys = name.get("CLASSNAME"), {b.get("NAME"): b.findtext("KEYVALUE") for b in name.findall("KEYBINDING")}
        for i in self.find(space, kind):
            if i.keys == keys:
                return i
        raise CimError(6, "no such instance")

    # ---- installing

    def install(self, url, options):
        with self.lock:
            if any(j["state"] < 7 for j in self.jobs.values()):
                return 6, None
            self.serial += 1
            key = f"SMX_SCInstallerConcreteJob:{self.serial} <&>/{'x' * 20}"
            job = self.jobs[key] = {"state": 3, "percent": 0, "code": 0, "text": ""}
        threading.Thread(target=self.run, args=(key, job, url, options), daemon=True).start()
        return 4096, key

    def run(self, key, job, url, options):
        try:
            data = self.fetch(url)
            lines = data.split(b"\n")
            if lines[0] != b"emulated smart component":
                raise ValueError("it isn't one")
            about = dict(x.decode().split("=", 1) for x in lines[1:4] if b"=" in x)
            job.update(state=4, percent=40)
            while self.how().get("cimhold"):
                time.sleep(0.05)
            self.end(job, self.execute(about, b"reboot" in lines[:6], options))
        except Exception as e:
            self.log(f"cim couldn't fetch: {e}")
            job.update(text="the download failed", code=500, state=10)
        if self.how().get("cimforget"):
            with self.lock:
                self.jobs.pop(key)

    def execute(self, about, reboot, options):
        code = int(self.how().get("cimcode", about.get("code", 1 if reboot else 0)))
        family, version = about["family"], about["version"]
        if family not in self.firmware:
            return 3
        if self.firmware[family] == version and not {"3", "6"} & set(options):
            return 2
        if code < 2 and not self.how().get("cimlie"):
            (self.waiting if reboot else self.firmware)[family] = version
        self.log(f"cim installed {family} {version} options {' '.join(options)} code {code}")
        return code

    def end(self, job, code):
        job.update(percent=100, code=code, text="OK" if code == 0 else f"Flasher returned error code: {code}", state=7 if code == 0 else 10)

    # ---- answering

    def value(self, name, v):
        def kind(x):
            return "uint16" if isinstance(x, int) else "string"
        if v is None:
            return f'<PROPERTY NAME="{name}" TYPE="string"/>'
        if isinstance(v, list):
            return f'<PROPERTY.ARRAY NAME="{name}" TYPE="{kind(v[0])}"><VALUE.ARRAY>' + "".join(f"<VALUE>{html.escape(str(x))}</VALUE>" for x in v) + "</VALUE.ARRAY></PROPERTY.ARRAY>"
        return f'<PROPERTY NAME="{name}" TYPE="{kind(v)}"><VALUE>{html.escape(str(v))}</VALUE></PROPERTY>'

    def name(self, i):
        return f'<INSTANCENAME CLASSNAME="{i.kind}">' + "".join(
            f'<KEYBINDING NAME="{k}"><KEYVALUE VALUETYPE="string">{html.escape(v)}</KEYVALUE></KEYBINDING>' for k, v in i.keys.items()) + "</INSTANCENAME>"

    def instance(self, i, wanted=None):
        return f'<INSTANCE CLASSNAME="{i.kind}">' + "".join(self.value(k, v) for k, v in i.properties.items() if not wanted or k in wanted) + "</INSTANCE>"

    def intrinsic(self, method, call):
        space = "/".join(n.get("NAME") for n in call.findall("LOCALNAMESPACEPATH/NAMESPACE"))
        parameters = {p.get("NAME"): p for p in call.findall("IPARAMVALUE")}
        if method in ("EnumerateInstances", "EnumerateInstanceNames"):
            all = self.find(space, parameters["ClassName"].find("CLASSNAME").get("NAME"))
            if method == "EnumerateInstanceNames":
                return "".join(self.name(i) for i in all)
            wanted = [v.text for v in parameters["PropertyList"].findall("VALUE.ARRAY/VALUE")] if "PropertyList" in parameters else None
            return "".join(f"<VALUE.NAMEDINSTANCE>{self.name(i)}{self.instance(i, wanted)}</VALUE.NAMEDINSTANCE>" for i in all)
        if method == "GetInstance":
            return self.instance(self.get(space, parameters["InstanceName"].find("INSTANCENAME")))
        raise CimError(7, f"not {method}")

    def extrinsic(self, method, call):
        path = call.find("LOCALINSTANCEPATH")
        space = "/".join(n.get("NAME") for n in path.findall("LOCALNAMESPACEPATH/NAMESPACE"))
        i = self.get(space, path.find("INSTANCENAME"))
        if (i.kind, method) != ("SMX_SCInstallationService", "InstallFromURI"):
            raise CimError(17, f"no method {method}")
        given = {p.get("NAME"): p for p in call.findall("PARAMVALUE")}
        how = self.how()
        values = how.get("cimparam", "InstallOptionValues")
        if set(given) != {"URI", "InstallOptions", values}:
            raise CimError(4, f"parameters {' '.join(given)}")
        options = [v.text for v in given["InstallOptions"].findall("VALUE.ARRAY/VALUE")]
        if len(given[values].findall("VALUE.ARRAY/VALUE")) != len(options) or not {"4", "32770"} & set(options):
            raise CimError(4, "options")
        url = given["URI"].findtext("VALUE")
        if not url.startswith("http://"):
            raise CimError(4, "only http")
        code, key = (int(how["cimreturn"]), None) if how.get("cimreturn") else self.install(url, options)
        self.log(f"cim InstallFromURI {code}")
        return f'<RETURNVALUE PARAMTYPE="uint32"><VALUE>{code}</VALUE></RETURNVALUE>' + (self.reference(key) if key else "")

    def reference(self, key):
        form, space = self.how().get("cimjob", "full"), '<NAMESPACE NAME="root"/><NAMESPACE NAME="hpq"/>'
        name = self.name(self.job_instance(key, self.jobs[key])) if key in self.jobs else f'<INSTANCENAME CLASSNAME="SMX_SCInstallerConcreteJob"><KEYBINDING NAME="InstanceID"><KEYVALUE>{html.escape(key)}</KEYVALUE></KEYBINDING></INSTANCENAME>'
        if form == "nowhere":
            return ""
        inner = {"full": f"<INSTANCEPATH><NAMESPACEPATH><HOST>esx1</HOST><LOCALNAMESPACEPATH>{space}</LOCALNAMESPACEPATH></NAMESPACEPATH>{name}</INSTANCEPATH>",
                 "local": f"<LOCALINSTANCEPATH><LOCALNAMESPACEPATH>{space}</LOCALNAMESPACEPATH>{name}</LOCALINSTANCEPATH>", "name": name}[form]
        return f'<PARAMVALUE NAME="Job" PARAMTYPE="reference"><VALUE.REFERENCE>{inner}</VALUE.REFERENCE></PARAMVALUE>'

    def answer(self, method, call):
        intrinsic = call.tag == "IMETHODCALL"
        try:
            wanted, _, code = self.how().get("cimerror", "").partition(":")
            if wanted == method:
                raise CimError(int(code), "as it was told to")
            wanted, _, code = self.how().get("cimstumble", "").partition(":")
            if wanted == method and self.once("cimstumble", f"{wanted}:{code}"):
                raise CimError(int(code), "this once")
            text = f"<IRETURNVALUE>{self.intrinsic(method, call)}</IRETURNVALUE>" if intrinsic else self.extrinsic(method, call)
        except CimError as e:
            self.log(f"cim error {e.code} {e.text}")
            text = f'<ERROR CODE="{e.code}" DESCRIPTION="{html.escape(e.text)}"/>'
        kind = "IMETHODRESPONSE" if intrinsic else "METHODRESPONSE"
        out = (f'<?xml version="1.0" encoding="utf-8" ?>\n<CIM CIMVERSION="2.0" DTDVERSION="2.0"><MESSAGE ID="1" PROTOCOLVERSION="1.0"><SIMPLERSP>'
               f'<{kind} NAME="{method}">{text}</{kind}></SIMPLERSP></MESSAGE></CIM>')
        return out.replace("><", ">\n <").replace("<CIM ", '<CIM xmlns="urn:x" xmlns:y="urn:y" ') if self.how().get("cimprefix") else out


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def setup(self):
        self.cim = self.server.of(self.request.getsockname()[0])
        if self.cim is None or self.cim.how().get("cim") == "off":
            raise ConnectionError("away")
        self.request.settimeout(60)
        self.request = self.server.context.wrap_socket(self.request, server_side=True)
        super().setup()

    def log_message(self, *arguments):
        pass

    def say(self, status, body="", fields=()):
        self.send_response(status)
        for name, value in fields:
            self.send_header(name, value)
        if body:
            self.send_header("Content-Type", 'application/xml; charset="utf-8"')
        self.send_header("Content-Length", str(len(body.encode())))
        self.end_headers()
        self.wfile.write(body.encode())

    def do_POST(self):
        cim, how = self.cim, self.cim.how()
        if self.headers.get("Expect"):
            return self.say(417)
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        if self.path != "/cimom":
            return self.say(404)
        if not cim.let_in(self.headers.get("Authorization", "")):
            return self.say(401, "", [("WWW-Authenticate", 'Basic realm="cimom"')])
        call = ET.fromstring(body).find("MESSAGE/SIMPLEREQ")[0]
        method = call.get("NAME")
        classes = [e.get("NAME") for e in call.iter("CLASSNAME")] + [e.get("CLASSNAME") for e in call.iter("INSTANCENAME")]
        cim.log(f"cim {method} {' '.join(classes)}")
        if self.headers.get("CIMMethod") != method or urllib.parse.unquote(self.headers.get("CIMObject", ""))[:5] != "root/" or self.headers.get("CIMOperation") != "MethodCall":
            return self.say(400, "", [("CIMError", "header-mismatch")])
        if how.get("cimhang") == method:
            return time.sleep(120)
        if cim.once("cimcut", method) or cim.late:
            cim.late = max(cim.late - 1, 0)
            self.close_connection = True
            return
        wanted, _, status = how.get("cimstatus", "").partition(":")
        if wanted == method:
            return self.say(int(status))
        if how.get("cimgarbage") == method:
            return self.say(200, "<html>what?")
        try:
            text = cim.answer(method, call)
        except Exception:
            traceback.print_exc()
            return self.say(500)
        if cim.once("cimcutafter", method):
            self.close_connection = True
            return
        self.say(200, text)


class Server(socketserver.ThreadingMixIn, socketserver.TCPServer):
    daemon_threads, allow_reuse_address, request_queue_size = True, True, 64

    def handle_error(self, request, address):
        if not isinstance(sys.exc_info()[1], (OSError, ValueError)):
            traceback.print_exc()


def serve(context, address, ready, of):
    """`of` gives the host at an address; None: it is away."""
    server = Server((address, 0), Handler)
    server.context, server.of = context, of
    with open(ready + ".new", "w") as f:
        f.write(f"{server.server_address[1]}\n")
    os.rename(ready + ".new", ready)
    server.serve_forever()


def ask(url):
    unverified = ssl._create_unverified_context()
    try:
        with urllib.request.urlopen(url, timeout=60, context=unverified) as r:
            return json.loads(r.read())
    except (OSError, http.client.HTTPException):
        return None


def get(url):
    u = urllib.parse.urlsplit(url)
    c = http.client.HTTPConnection(u.hostname, u.port or 80, timeout=60)
    c.request("GET", u.path)
    r = c.getresponse()
    if r.status != 200:
        raise OSError(f"status {r.status}")
    return r.read()


def main():
    if sys.argv[1] == "component":
        with open(sys.argv[2], "wb") as f:
            f.write(component(*sys.argv[3:]))
        return
    p = argparse.ArgumentParser()
    p.add_argument("certificate")
    p.add_argument("key")
    p.add_argument("ready")
    p.add_argument("--listen", default="127.0.0.1")
    p.add_argument("--beside")
    a = p.parse_args()
    lock, all, host = threading.Lock(), {}, {"tickets": [], "boots": 1}

    def log(text):
        with lock, open(a.ready + ".log", "a") as f:
            f.write(text + "\n")

    def how():
        try:
            with open(a.ready + ".how") as f:
                return dict(x.split("=", 1) for x in f.read().split("\n") if "=" in x)
        except FileNotFoundError:
            return {}

    def of(address):
        now = ask(a.beside) if a.beside else host
        if now is None:
            return None
        with lock:
            host.update(now)
            cim = all.setdefault(address, Cim(how, lambda: host["tickets"] or [], get, log))
        cim.restarted(host["boots"])
        return cim
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(a.certificate, a.key)
    serve(context, a.listen, a.ready, of)


if __name__ == "__main__":
    main()
