# An emulated ESXi host, the one with hostile answers (sim/esxsim is the strict and
# honest one): the vSphere API by SOAP, esxcli over it, datastores, a
# firewall that keeps it from fetching, maintenance mode, and restarts in which
# it is gone.  It really fetches, unpacks and installs VIBs (ar, descriptor.xml)
# and offline bundles (zip).  Python's standard library alone; its personality
# is made up.
#
#   python3 esx.py CERTIFICATE KEY READY [--listen ADDRESS] [--cim FILE]
#   python3 esx.py vib FILE NAME VERSION [live]
#   python3 esx.py bundle FILE NAME VERSION...
#
# writes its port to READY.  Each address that it is reached at is a host of its
# own.  Requests and what befalls a host are lines in READY.log; READY.how.ADDRESS,
# or READY.how, has NAME=VALUE lines; when `new` changes there, it is another
# host, else it stays.
#   user=root password=secret     those that it knows
#   vcenter=yes                   it says that it is one
#   versions=no                   no vimServiceVersions.xml
#   prefix=odd                    other namespace prefixes
#   noesxcli=yes noimages=yes nopatch=yes nodatastore=yes   what it hasn't
#   licence=free                  no changes through the API
#   fault=METHOD:NAME  cut=METHOD  cutafter=METHOD  status=METHOD:CODE  garbage=METHOD
#   expire=METHOD                 the session is gone, once, when that comes
#   missing=PATH:FAULT            a property that it doesn't tell
#   esxcli=[WORD]                 an installation fails with it
#   vms=yes                       maintenance mode is never reached
#   slow=S away=S forever=yes     tasks, restarts take so long; it doesn't come back
#   lie=yes                       installs nothing and says it did
#   full=yes                      the datastore takes nothing
#   closed=yes                    outbound default deny, by its rulesets
#   rules=mine                    nfsClient is on, for a few
#   direct=no                     whatever the rulesets say, nothing can be fetched
#   stay=yes                      a restart that it is told of doesn't happen
#   sfcbd=no                      its service for CIM is off, and says so
# With --cim it has a CIM server, too, on the port that goes to FILE: see cim.py.
#
# SPDX-License-Identifier: Apache-2.0
import sys
sys.dont_write_bytecode = True
import argparse, html, http.client, http.server, io, json, os, re, secrets, socket, socketserver, ssl, threading, time, traceback, urllib.parse, zipfile
import xml.etree.ElementTree as ET

import cim

XSI = "http://www.w3.org/2001/XMLSchema-instance"


def ar(members):
    out = b"!<arch>\n"
    for name, data in members:
        out += f"{name:<16}{0:<12}{0:<6}{0:<6}{'100644':<8}{len(data):<10}`\n".encode() + data + b"\n" * (len(data) & 1)
    return out


def vib(name, version, live=False):
    flag = str(live).lower()
    return ar([("descriptor.xml", f"<vib version=\"5.0\"><type>bootbank</type><name>{name}</name><version>{version}</version><vendor>EMU</vendor>"
                f"<summary>made up</summary><system-requires><maintenance-mode>{str(not live).lower()}</maintenance-mode></system-requires>"
                f"<live-install-allowed>{flag}</live-install-allowed><live-remove-allowed>{flag}</live-remove-allowed></vib>".encode()),
               ("sig.pkcs7", b"signature"), ("payload1", b"payload of " + name.encode() * 200)])


def bundle(file, pairs):
    with zipfile.ZipFile(file, "w") as z:
        z.writestr("index.xml", "<vendorList><vendor><name>Emulated</name><indexfile>vendor-index.xml</indexfile></vendor></vendorList>")
        for name, version in pairs:
            z.writestr(f"vib20/{name}/EMU_bootbank_{name}_{version}.vib", vib(name, version))


def read_vib(data):
    if data[:8] != b"!<arch>\n":
        raise Cli("[VibFormatError]", "not a VIB")
    head = data[8:68]
    size = int(head[48:58])
    root = ET.fromstring(data[68:68 + size])
    return root.findtext("name"), root.findtext("version"), root.findtext("live-install-allowed") == "true"


class Cli(Exception):
    pass


class Fault(Exception):
    def __init__(self, name, text="", inner=""):
        self.name, self.text, self.inner = name, text, inner


class Host:
    def __init__(self, world, address):
        self.world, self.address, self.new = world, address, None
        self.lock = threading.RLock()
        self.look()

    def look(self):
        how = {}
        for file in (f"{self.world.ready}.how.{self.address}", f"{self.world.ready}.how"):
            try:
                with open(file) as f:
                    how = dict(x.split("=", 1) for x in f.read().split("\n") if "=" in x)
                break
            except FileNotFoundError:
                pass
        with self.lock:
            self.how = how
            if how.get("new", "") != self.new:
                self.become()

    def become(self):
        self.new = self.how.get("new", "")
        self.boots, self.away, self.maintenance, self.tasks, self.sessions, self.done, self.files = 1, False, False, {}, set(), set(), {}
        self.vibs = {"esx-base": "6.5.0-1.26.5969303", "nhpsa": "2.0.14-1OEM.650.0.0.4598673", "emu-nic": "4.1.0-1OEM.650",
                     "emu_tools": "10.0-1", "Emu-Mixed": "1.0-1"}
        self.next = None
        self.tickets = set()
        self.cim = cim.Cim(lambda: self.how, lambda: self.tickets, self.read, self.log)
        self.rulesets = {
            "sshServer": [("inbound", "tcp", 22, 22), True, None],
            "httpClient": [("outbound", "tcp", 80, 443), False, None],
            "updateManager": [("outbound", "tcp", 9000, 9100), True, None],
            "nfsClient": [("outbound", "tcp", 0, 65535), False, None],
            "ntpClient": [("outbound", "udp", 123, 123), False, (["10.0.0.9"], ["10.1.0.0/16"])],
        }
        if self.how.get("rules") == "mine":
            self.rulesets["nfsClient"][1:] = [True, (["10.0.0.7"], ["10.2.0.0/16"])]

    def number(self, name, usual):
        return float(self.how.get(name, usual))

    def log(self, text):
        self.world.log(f"{self.address} {text}")

    def once(self, name, value):
        if self.how.get(name) != value or (name, value) in self.done:
            return False
        self.done.add((name, value))
        return True

    # ---- what happens

    def task(self, name, work, patient=True):
        key = f"haTask-{len(self.tasks) + 1}"
        task = self.tasks[key] = {"state": "queued", "name": name, "fault": None}

        def run():
            task["state"] = "running"
            if patient:
                time.sleep(self.number("slow", 0.1))
            try:
                work(task)
                self.log(f"task {name} success")
                task["state"] = "success"
            except Fault as f:
                self.log(f"task {name} error {f.name}")
                task["fault"], task["state"] = f, "error"
        threading.Thread(target=run, daemon=True).start()
        return f'<returnval type="Task">{key}</returnval>'

    def enter(self, timeout):
        def work(task):
            end = time.time() + (timeout or 3600)
            while self.how.get("vms") == "yes":
                if task.get("cancel"):
                    raise Fault("RequestCanceled")
                if time.time() > end:
                    raise Fault("Timedout", "Operation timed out.")
                time.sleep(0.05)
            self.maintenance = True
        return self.task("enterMaintenanceMode", work)

    def leave(self):
        def work(task):
            if not self.maintenance:
                raise Fault("InvalidState", "The operation is not allowed in the current state.")
            self.maintenance = False
        return self.task("exitMaintenanceMode", work)

    def reboot(self, force):
        if not self.maintenance and not force:
            raise Fault("InvalidState", "The operation is not allowed in the current state.")

        def work(task):
            if self.how.get("stay"):
                return
            self.away = True
            self.log("restarts")
            time.sleep(self.number("away", 0.5))
            with self.lock:
                self.sessions.clear()
                self.boots += 1
                if self.next is not None:
                    self.vibs, self.next = self.next, None
                self.away = bool(self.how.get("forever"))
            self.log("is back")
        return self.task("rebootHost", work, False)

    def may_fetch(self, address, port):
        if self.how.get("direct") == "no":
            return False
        if not self.how.get("closed"):
            return True
        for (direction, protocol, first, last), enabled, hosts in self.rulesets.values():
            if enabled and direction == "outbound" and protocol == "tcp" and first <= port <= last and (hosts is None or address in hosts[0]):
                return True
        return False

    def read(self, url):
        if url.startswith("file://"):
            url = url[7:]
        if url.startswith("/vmfs/volumes/"):
            store, _, name = url[len("/vmfs/volumes/"):].partition("/")
            if store == "local ds1" and name in self.files:
                return self.files[name]
            raise Cli("[FileIOError]", f"{url} isn't there")
        u = urllib.parse.urlsplit(url)
        if not self.may_fetch(u.hostname, u.port or 80):
            self.log(f"may not fetch from {u.hostname} {u.port}")
            raise Cli("[VibDownloadError]", f"('{url}', '<urlopen error [Errno 110] Connection timed out>')")
        try:
            c = http.client.HTTPConnection(u.hostname, u.port or 80, timeout=60, source_address=(self.address, 0))
            c.request("GET", u.path)
            r = c.getresponse()
            data = r.read()
            if r.status != 200:
                raise OSError(f"HTTP Error {r.status}")
            self.log(f"fetched {len(data)}")
            return data
        except (OSError, http.client.HTTPException) as e:
            self.log(f"couldn't fetch: {e}")
            raise Cli("[VibDownloadError]", f"('{url}', '{e}')")

    def install(self, packages, update=False):
        """Of (name, version, live): which were installed, which skipped; a restart is needed."""
        if self.how.get("esxcli"):
            raise Cli(self.how["esxcli"], "as it was told to")
        done, skipped, reboot = [], [], False
        with self.lock:
            image = dict(self.next if self.next is not None else self.vibs)
            for name, version, live in packages:
                if image.get(name) == version or (update and name not in image):
                    skipped.append(f"EMU_bootbank_{name}_{version}")
                    continue
                if not live and not self.maintenance:
                    raise Cli("[MaintenanceModeError]", "MaintenanceMode is required to install it")
                image[name] = version
                reboot |= not live
                done.append(f"EMU_bootbank_{name}_{version}")
            if self.how.get("lie") != "yes":
                if reboot or self.next is not None:
                    self.next = image
                else:
                    self.vibs = image
        self.log(f"installed {' '.join(done) or 'nothing'}")
        return done, skipped, reboot

    def packages(self, arguments):
        out = []
        for url in arguments.get("viburl", []):
            out.append(read_vib(self.read(url)))
        for path in arguments.get("depot", []):
            if path.startswith("http"):
                raise Cli("[MetadataDownloadError]", "not the index of a depot")
            with zipfile.ZipFile(io.BytesIO(self.read(path))) as z:
                out += [read_vib(z.read(n)) for n in z.namelist() if n.endswith(".vib")]
        return out

    # ---- esxcli

    def esxcli(self, method, arguments):
        if method == "software.vib.list":
            image = self.next if arguments.get("rebootingimage") == ["true"] else self.vibs
            return "ArrayOfDataObject", "".join(
                f'<DataObject xsi:type="VimEsxCLIsoftwareviblistSummaryExt"><AcceptanceLevel>PartnerSupported</AcceptanceLevel><ID>EMU_{n}</ID>'
                f"<Name>{n}</Name><Vendor>EMU</Vendor><Version>{v}</Version></DataObject>" for n, v in (image or {}).items())
        if method in ("software.vib.install", "software.vib.update"):
            done, skipped, reboot = self.install(self.packages(arguments), method.endswith("update"))
            return ("VimEsxCLIsoftwarevibinstallInstallationResult",
                    f"<Message>Operation finished successfully.</Message><RebootRequired>{str(reboot).lower()}</RebootRequired>"
                    + "".join(f"<VIBsInstalled>{d}</VIBsInstalled>" for d in done)
                    + "".join(f"<VIBsSkipped>{d}</VIBsSkipped>" for d in skipped))
        if method == "network.nic.get":
            if arguments.get("nicname") == ["vmnic1"]:
                raise Cli("Unknown error", "no such device")
            return ("VimEsxCLInetworknicgetNic", "<DriverInfo><BusInfo>0000:03:00.0</BusInfo><Driver>emu_nic</Driver>"
                    "<FirmwareVersion>1.61, 0x80000daa</FirmwareVersion><Version>4.1.0</Version></DriverInfo>")
        if method == "storage.san.fc.list":
            return ("ArrayOfDataObject", '<DataObject xsi:type="X"><Adapter>vmhba2</Adapter><FirmwareVersion>8.01.00</FirmwareVersion>'
                    "<DriverVersion>2.1.50</DriverVersion></DataObject>")
        raise Fault("MethodNotFound")

    def execute(self, moid, method, arguments):
        at = method.removeprefix("vim.EsxCLI.")
        parsed = {}
        for name, value in arguments:
            parsed[name] = [e.text or "" for e in ET.fromstring(f"<all>{value}</all>") if e.tag == name]
        self.log(f"esxcli {at} {parsed}")
        head = f'<obj xmlns:xsd="http://www.w3.org/2001/XMLSchema" xmlns:xsi="{XSI}" xmlns="urn:vim25" versionId="5.0" xsi:type='
        try:
            if moid != "ha-cli-handler-" + at.rpartition(".")[0].replace(".", "-"):
                raise Fault("ManagedObjectNotFound")
            kind, text = self.esxcli(at, parsed)
            return f"<response>{html.escape(f'{head}{chr(34)}{kind}{chr(34)}>{text}</obj>')}</response>"
        except Cli as e:
            lines = "".join(f"<errMsg>{html.escape(x)}</errMsg>" for x in e.args)
            detail = f'{head}"LocalizedMethodFault"><fault xsi:type="VimEsxCLICLIFault">{lines}</fault><localizedMessage>EsxCLI.CLIFault.summary</localizedMessage></obj>'
            return f"<fault><faultMsg>EsxCLI.CLIFault.summary</faultMsg><faultDetail>{html.escape(detail)}</faultDetail></fault>"

    # ---- properties

    def host_properties(self):
        def devices(kind, all):
            return "".join(f'<{k} xsi:type="{k}">{x}</{k}>' for k, x in all)
        pci = [("0000:00:1f.0", 0x601, 0x8086, 0x8d44, "Intel", "bridge"), ("0000:03:00.0", 0x200, 0x8086, 0x1528, "Intel &amp; Co", "Emulated 10G"),
               ("0000:04:00.0", 0x104, 0x103c, 0x3239, "HPE", "Emulated Array"), ("0000:05:00.0", 0xc04, 0x1077, 0x2532, "QLogic", "Emulated FC")]
        short = lambda v: v - 65536 if v > 32767 else v
        return {
            "name": ("xsd:string", self.how.get("name", "esx1.example")),
            "hardware.systemInfo": ("HostSystemInfo", "<vendor>Emulated</vendor><model>Server Gen9</model><uuid>00</uuid><otherIdentifyingInfo><identifierValue>"
                                    "EMU0000001</identifierValue><identifierType><label>Service tag</label><key>ServiceTag</key></identifierType></otherIdentifyingInfo>"),
            "hardware.biosInfo": ("HostBIOSInfo", "<biosVersion>E89</biosVersion><releaseDate>2017-02-17T00:00:00Z</releaseDate>"
                                  "<firmwareMajorRelease>2</firmwareMajorRelease><firmwareMinorRelease>5</firmwareMinorRelease>"),
            "hardware.pciDevice": ("ArrayOfHostPciDevice", devices("", [("HostPciDevice", f"<id>{i}</id><classId>{short(c)}</classId><vendorId>{short(v)}</vendorId>"
                                   f"<deviceId>{short(d)}</deviceId><vendorName>{vn}</vendorName><deviceName>{dn}</deviceName>") for i, c, v, d, vn, dn in pci])),
            "config.product": ("AboutInfo", "<name>VMware ESXi</name><version>6.5.0</version><build>5969303</build>"),
            "config.storageDevice.hostBusAdapter": ("ArrayOfHostHostBusAdapter",
                '<HostHostBusAdapter xsi:type="HostBlockHba"><device>vmhba1</device><model>Emulated Array</model><driver>nhpsa</driver><pci>0000:04:00.0</pci></HostHostBusAdapter>'
                '<HostHostBusAdapter xsi:type="HostFibreChannelHba"><device>vmhba2</device><model>Emulated FC</model><driver>emu_fc</driver></HostHostBusAdapter>'),
            "config.storageDevice.scsiLun": ("ArrayOfScsiLun", '<ScsiLun xsi:type="HostScsiDisk"><canonicalName>naa.600</canonicalName><vendor>EMU </vendor>'
                "<model>LOGICAL VOLUME  </model><revision>6.00</revision></ScsiLun>"),
            "config.network.pnic": ("ArrayOfPhysicalNic", devices("", [("PhysicalNic", f"<device>vmnic{i}</device><pci>0000:03:00.0</pci><driver>emu_nic</driver>"
                "<mac>00:00:00:00:00:01</mac>") for i in (0, 1)])),
            "runtime.inMaintenanceMode": ("xsd:boolean", str(self.maintenance).lower()),
            "runtime.connectionState": ("HostSystemConnectionState", "connected"),
            "runtime.bootTime": ("xsd:dateTime", f"2026-11-22T10:00:{self.boots:02}Z"),
            "configManager": ("HostConfigManager", '<firewallSystem type="HostFirewallSystem">fw-9</firewallSystem>'
                + '<serviceSystem type="HostServiceSystem">services</serviceSystem>'
                + ("" if self.how.get("nopatch") else '<patchManager type="HostPatchManager">patches</patchManager>')
                + ("" if self.how.get("noimages") else '<imageConfigManager type="HostImageConfigManager">images</imageConfigManager>')),
            "recentTask": ("ArrayOfManagedObjectReference", "".join(f'<ManagedObjectReference type="Task">{k}</ManagedObjectReference>' for k in list(self.tasks)[-5:])),
            "datastore": ("ArrayOfManagedObjectReference", "" if self.how.get("nodatastore") else
                          '<ManagedObjectReference type="Datastore">ds-2</ManagedObjectReference><ManagedObjectReference type="Datastore">ds-1</ManagedObjectReference>'),
        }

    def properties(self, kind, id):
        if kind == "HostSystem":
            return self.host_properties()
        if kind == "Task" and id in self.tasks:
            t = self.tasks[id]
            error = t["fault"]
            return {"info": ("TaskInfo", f'<key>{id}</key><task type="Task">{id}</task><descriptionId>HostSystem.{t["name"]}</descriptionId><state>{t["state"]}</state>' + (
                f'<error><fault xsi:type="{error.name}"/><localizedMessage>{error.text}</localizedMessage></error>' if error else ""))}
        if kind == "Datastore" and id in ("ds-1", "ds-2"):
            name, accessible = (("local ds1", "true"), ("gone", "false"))[id == "ds-2"]
            return {"summary": ("DatastoreSummary", f"<name>{name}</name><url>/vmfs/volumes/x</url><capacity>99</capacity><freeSpace>{10 << 30}</freeSpace>"
                                f"<accessible>{accessible}</accessible><type>VMFS</type>")}
        if kind == "HostServiceSystem":
            return {"serviceInfo": ("HostServiceInfo", "".join(f"<service><key>{k}</key><label>{k}</label><required>false</required><uninstallable>false</uninstallable>"
                    f"<running>{r}</running></service>" for k, r in (("TSM", "false"), ("sfcbd-watchdog", str(self.how.get("sfcbd") != "no").lower()))))}
        if kind == "HostFirewallSystem":
            return {"firewallInfo": ("HostFirewallInfo", "".join(
                f"<ruleset><key>{k}</key><label>{k}</label><required>false</required><rule><port>{r[2]}</port>"
                + (f"<endPort>{r[3]}</endPort>" if r[3] != r[2] else "") + f"<direction>{r[0]}</direction><portType>dst</portType><protocol>{r[1]}</protocol></rule>"
                f"<enabled>{str(e).lower()}</enabled><allowedHosts>" + ("".join(f"<ipAddress>{a}</ipAddress>" for a in (h or ([], []))[0])
                + "".join(f"<ipNetwork><network>{n.split('/')[0]}</network><prefixLength>{n.split('/')[1]}</prefixLength></ipNetwork>" for n in (h or ([], []))[1]))
                + f"<allIp>{str(h is None).lower()}</allIp></allowedHosts></ruleset>" for k, (r, e, h) in self.rulesets.items()))}
        raise Fault("ManagedObjectNotFound")


class Soap(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def setup(self):
        self.host = self.server.world.host(self.request.getsockname()[0])
        self.host.look()
        if self.host.away:
            raise ConnectionError("away")
        self.request.settimeout(60)
        self.request = self.server.context.wrap_socket(self.request, server_side=True)
        super().setup()

    def log_message(self, *arguments):
        pass

    def answer(self, status, body=b"", fields=(), kind="text/xml; charset=utf-8"):
        if isinstance(body, str):
            body = body.encode()
        self.send_response(status)
        self.send_header("Content-Type", kind)
        for name, value in fields:
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def key(self):
        m = re.search(r'vmware_soap_session="?([0-9a-f]+)', self.headers.get("Cookie", ""))
        return m and m[1]

    def parse_request(self):
        if not super().parse_request():
            return False
        self.host.look()
        self.close_connection |= self.host.away
        return not self.host.away

    def envelope(self, text):
        odd = self.host.how.get("prefix") == "odd"
        out = (f'<?xml version="1.0" encoding="UTF-8"?>\n<soapenv:Envelope xmlns:soapenv="http://schemas.xmlsoap.org/soap/envelope/" '
               f'xmlns:xsi="{XSI}" xmlns:xsd="http://www.w3.org/2001/XMLSchema"><soapenv:Body>{text}</soapenv:Body></soapenv:Envelope>')
        return out.replace("soapenv", "S").replace("xsi:", "XMLSchema-instance:").replace("xmlns:xsi", "xmlns:XMLSchema-instance") if odd else out

    def fault(self, f):
        self.host.log(f"fault {f.name}")
        self.answer(500, self.envelope(f'<soapenv:Fault><faultcode>ServerFaultCode</faultcode><faultstring>{f.text}</faultstring><detail><{f.name}Fault '
                                       f'xmlns="urn:vim25" xsi:type="{f.name}">{f.inner}</{f.name}Fault></detail></soapenv:Fault>'))

    # ---- files

    def file_name(self):
        u = urllib.parse.urlsplit(self.path)
        q = urllib.parse.parse_qs(u.query)
        name = urllib.parse.unquote(u.path)
        if not name.startswith("/folder/") or q.get("dsName") != ["local ds1"] or self.key() not in self.host.sessions:
            return None
        return name[len("/folder/"):]

    def do_GET(self):
        if self.path == "/emulated": # what has really happened to it, for tests
            h = self.host
            rule = h.rulesets["nfsClient"]
            return self.answer(200, json.dumps({"vibs": h.vibs, "next": h.next, "maintenance": h.maintenance, "boots": h.boots, "files": sorted(h.files),
                                                "sessions": len(h.sessions), "nfs": [rule[1], rule[2]],
                                                "firmware": h.cim.firmware, "waiting": h.cim.waiting}))
        if self.path == "/sdk/vimServiceVersions.xml" and self.host.how.get("versions") != "no":
            return self.answer(200, '<?xml version="1.0"?><namespaces version="1.0"><namespace><name>urn:vim25</name><version>6.5</version>'
                               "<priorVersions><version>6.0</version><version>5.5</version></priorVersions></namespace></namespaces>")
        name = self.file_name()
        if name in self.host.files:
            return self.answer(200, self.host.files[name], kind="application/octet-stream")
        self.answer(404)

    def do_PUT(self):
        if self.headers.get("Expect"):
            return self.answer(417)
        data = self.rfile.read(int(self.headers["Content-Length"]))
        name = self.file_name()
        if not name:
            return self.answer(401)
        if self.host.how.get("full"):
            return self.answer(500)
        self.host.files[name] = data
        self.host.log(f"put {name} {len(data)}")
        if self.host.once("cutafter", "PUT"):
            self.close_connection = True
            return
        self.answer(201)

    # ---- methods

    def do_POST(self):
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        host = self.host
        if self.path != "/sdk":
            return self.answer(404)
        call = ET.fromstring(body).find("{*}Body")[0]
        method = call.tag.split("}")[1]
        host.log(f"{method} {self.headers.get('SOAPAction')}")
        how = host.how
        if host.once("cut", method):
            self.close_connection = True
            return
        for name, act in (("status", lambda x: self.answer(int(x))), ("fault", lambda x: self.fault(Fault(x, "as it was told to")))):
            wanted, _, value = how.get(name, "").partition(":")
            if wanted == method:
                return act(value)
        if how.get("garbage") == method:
            return self.answer(200, "<html>what?")
        if host.once("expire", method):
            host.sessions.clear()
        try:
            fields = []
            text = self.do(method, call, fields)
            if host.once("cutafter", method):
                self.close_connection = True
                return
            self.answer(200, self.envelope(f'<{method}Response xmlns="urn:vim25">{text}</{method}Response>'), fields)
        except Fault as f:
            self.fault(f)
        except (ConnectionError, ssl.SSLError): # who asked has gone
            raise
        except Exception:
            traceback.print_exc()
            self.fault(Fault("SystemError"))

    def do(self, method, call, fields):
        host, how = self.host, self.host.how
        this = call.find("{*}_this").text
        get = lambda name: call.findtext("{*}" + name)
        if method == "RetrieveServiceContent":
            return ('<returnval><rootFolder type="Folder">root-1</rootFolder><propertyCollector type="PropertyCollector">pc-1</propertyCollector><about>'
                    f'<fullName>VMware ESXi 6.5.0 build-5969303 (emulated)</fullName><apiType>{"VirtualCenter" if how.get("vcenter") else "HostAgent"}</apiType></about>'
                    '<sessionManager type="SessionManager">sm-1</sessionManager><fileManager type="FileManager">fm-1</fileManager></returnval>')
        if method == "Login":
            if (get("userName"), get("password")) != (how.get("user", "root"), how.get("password", "secret")):
                raise Fault("InvalidLogin", "Cannot complete login due to an incorrect user name or password.")
            key = secrets.token_hex(20)
            host.sessions.add(key)
            fields.append(("Set-Cookie", f'vmware_soap_session="{key}"; Path=/; HttpOnly; Secure'))
            return f"<returnval><key>k</key><userName>root</userName><ipAddress>{self.client_address[0]}</ipAddress></returnval>"
        if self.key() not in host.sessions:
            if method == "RetrievePropertiesEx":
                return ('<returnval><objects><obj type="HostSystem">h</obj><missingSet><path>name</path><fault><fault xsi:type="NotAuthenticated"/>'
                        "<localizedMessage>no</localizedMessage></fault></missingSet></objects></returnval>")
            raise Fault("NotAuthenticated", "The session is not authenticated.")
        if method == "Logout":
            host.sessions.discard(self.key())
            return ""
        if method == "RetrievePropertiesEx":
            return self.retrieve(call.find("{*}specSet"))
        if method == "CancelTask":
            host.tasks[this]["cancel"] = True
            return ""
        if method == "RetrieveManagedMethodExecuter" and not how.get("noesxcli"):
            return '<returnval type="ReflectManagedMethodExecuter">mme-1</returnval>'
        if method == "fetchSoftwarePackages" and not how.get("noimages"):
            return "".join(f"<returnval><name>{n}</name><version>{v}</version><type>bootbank</type></returnval>" for n, v in host.vibs.items())
        if method == "HostImageConfigGetProfile":
            return "<returnval><name>(Updated) Emulated-ESXi-6.5.0</name><vendor>Emulated</vendor></returnval>"
        if method == "HostImageConfigGetAcceptance":
            return "<returnval>partner</returnval>"
        if method == "AcquireCimServicesTicket":
            ticket = secrets.token_hex(16)
            host.tickets.add(ticket)
            return f"<returnval><port>0</port><service>vmware-cim</service><serviceVersion>1.0</serviceVersion><sessionId>{ticket}</sessionId></returnval>"
        if how.get("licence") == "free":
            raise Fault("RestrictedVersion", "Current license or ESXi version prohibits execution of the requested operation.")
        return self.change(method, this, call, get)

    def change(self, method, this, call, get):
        host, how = self.host, self.host.how
        if method == "ExecuteSoap":
            return "<returnval>" + host.execute(get("moid"), get("method"), [(a.findtext("{*}name"), a.findtext("{*}val")) for a in call.findall("{*}argument")]) + "</returnval>"
        if method == "EnterMaintenanceMode_Task":
            return host.enter(int(get("timeout")))
        if method == "ExitMaintenanceMode_Task":
            return host.leave()
        if method == "RebootHost_Task":
            return host.reboot(get("force") == "true")
        if method == "DeleteDatastoreFile_Task":
            name = get("name").removeprefix("[local ds1] ")

            def work(task):
                if host.files.pop(name, None) is None:
                    raise Fault("FileNotFound", f"File {name} was not found")
            return host.task("deleteDatastoreFile", work)
        if method == "InstallHostPatchV2_Task" and not how.get("nopatch"):
            urls = [e.text for e in call.findall("{*}vibUrls")]

            def patch(task):
                try:
                    host.install(host.packages({"viburl": urls}))
                except Cli as e:
                    raise Fault("PatchBinariesNotFound" if "Download" in e.args[0] else "PlatformConfigFault", html.escape(" ".join(e.args)))
            return host.task("installV2", patch)
        if method in ("EnableRuleset", "DisableRuleset", "UpdateRuleset"):
            rule = host.rulesets.get(get("id"))
            if not rule:
                raise Fault("NotFound")
            if method == "UpdateRuleset":
                hosts = call.find("{*}spec/{*}allowedHosts")
                order = [e.tag.split("}")[1] for e in hosts]
                if order != sorted(order, key=["ipAddress", "ipNetwork", "allIp"].index):
                    raise Fault("InvalidRequest", "children out of order")
                rule[2] = None if hosts.findtext("{*}allIp") == "true" else (
                    [e.text for e in hosts.findall("{*}ipAddress")],
                    [e.findtext("{*}network") + "/" + e.findtext("{*}prefixLength") for e in hosts.findall("{*}ipNetwork")])
            else:
                rule[1] = method == "EnableRuleset"
            host.log("rulesets " + repr({k: r[1:] for k, r in host.rulesets.items() if k in ("nfsClient", "httpClient")}))
            return ""
        raise Fault("MethodNotFound", "", f"<method>{method}</method>")

    def retrieve(self, spec):
        host = self.host
        kind = spec.findtext("{*}propSet/{*}type")
        obj = spec.find("{*}objectSet/{*}obj")
        id = "ha-host" if obj.get("type") == "Folder" else obj.text
        if obj.get("type") == "Folder" and [s.findtext("{*}skip") for s in spec.findall("{*}objectSet/{*}selectSet")] != ["true", "true", "false"]:
            raise Fault("InvalidRequest", "this selects nothing")
        all = host.properties(kind, id)
        gone, _, why = host.how.get("missing", "").partition(":")
        out, missing = "", ""
        for path in [e.text for e in spec.findall("{*}propSet/{*}pathSet")]:
            if path == gone or path not in all:
                missing += f'<missingSet><path>{path}</path><fault><fault xsi:type="{why or "InvalidProperty"}"/><localizedMessage/></fault></missingSet>'
            else:
                out += f'<propSet><name>{path}</name><val xsi:type="{all[path][0]}">{all[path][1]}</val></propSet>'
        return f'<returnval><objects><obj type="{kind}">{id}</obj>{out}{missing}</objects></returnval>'


class World(socketserver.ThreadingMixIn, socketserver.TCPServer):
    daemon_threads, allow_reuse_address, request_queue_size = True, True, 64

    def handle_error(self, request, address):
        if not isinstance(sys.exc_info()[1], (OSError, ValueError)):
            traceback.print_exc()


class Hosts:
    def __init__(self, ready):
        self.ready, self.all, self.lock = ready, {}, threading.Lock()

    def host(self, address):
        with self.lock:
            if address not in self.all:
                self.all[address] = Host(self, address)
            return self.all[address]

    def cim(self, address):
        host = self.host(address)
        host.look()
        host.cim.restarted(host.boots)
        return None if host.away else host.cim

    def log(self, text):
        with self.lock, open(self.ready + ".log", "a") as f:
            f.write(text + "\n")


def main():
    if sys.argv[1] == "vib":
        with open(sys.argv[2], "wb") as f:
            f.write(vib(sys.argv[3], sys.argv[4], "live" in sys.argv[5:]))
        return
    if sys.argv[1] == "bundle":
        return bundle(sys.argv[2], list(zip(sys.argv[3::2], sys.argv[4::2])))
    p = argparse.ArgumentParser()
    p.add_argument("certificate")
    p.add_argument("key")
    p.add_argument("ready")
    p.add_argument("--listen", default="127.0.0.1")
    p.add_argument("--port", type=int, default=0)
    p.add_argument("--cim")
    a = p.parse_args()
    server = World((a.listen, a.port), Soap)
    server.world = Hosts(a.ready)
    server.context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    server.context.load_cert_chain(a.certificate, a.key)
    if a.cim:
        threading.Thread(target=cim.serve, args=(server.context, a.listen, a.cim, server.world.cim), daemon=True).start()
    with open(a.ready + ".new", "w") as f:
        f.write(f"{server.server_address[1]}\n")
    os.rename(a.ready + ".new", a.ready)
    server.serve_forever()


main()
