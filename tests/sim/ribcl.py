# ribcl.py - an iLO 2, 3 or 4 that speaks RIBCL: iLO 2 right behind the TLS
# handshake, the others as the body of POST /ribcl after an upload.  It really
# flashes what it is sent, restarts, and is gone meanwhile.
#
#   ribcl.py CERTIFICATE KEY READY [ADDRESS]
#
# writes its port to READY, and what it is asked to READY.log.  READY.how says
# what it is, a NAME=VALUE in each line, read with each connection; when `new`
# changes it is another one.
#   generation=2|3|4   version=1.82   user=admin   password=secret   tpm=yes
#   health=FILE        the GET_EMBEDDED_HEALTH_DATA that is in there
#   raw=FILE           what is answered to any request that changes nothing: a
#                      captured answer, for iLO 3 and 4 with its HTTP head
#   xmldata=FILE|no    the answer to /xmldata
#   away=S, flash=S    how long a restart and the flashing take (1, 0.2)
#   fault=             of what is answered to reading:
#     slow             byte by byte, at first
#     half             half of it, and the end
#     garbage          no XML
#     drop             the connection is reset instead of an answer
#     mangled          quotes, control characters, a tag that doesn't end
#                      and of an update, once:
#     cut-upload       the connection is reset in the middle of the image
#     no-cookie        iLO 3, 4: the upload is taken, without a Set-Cookie
#     refused          the image is said to be none
#     lie-done         it says that all went well, and nothing was flashed
#     lie-failed       it says that it failed, and it was flashed
#     failed           it fails at 40 %
#     power            the power is lost in the middle: gone, and back as before
#     cut              the connection is reset at the end, instead of the last word
#     hang             it is never heard of again after the flash
#
# Images are those of bmc/image.py, for targets "ilo2", "ilo3", "ilo4", "bios".
#
# SPDX-License-Identifier: Apache-2.0
import sys
sys.dont_write_bytecode = True
import html, os, re, socket, ssl, struct, threading, time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "bmc"))
import image

cert, key, ready = sys.argv[1:4]
address = sys.argv[4] if len(sys.argv) > 4 else "127.0.0.1"
context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
context.load_cert_chain(cert, key)
NONE = {"STATUS": "0x0000", "MESSAGE": "No error"}


class Ilo:
    """What outlives a connection."""

    def __init__(self):
        self.new = self.how = None
        self.uploads, self.faults_done = {}, set()

    def become(self):
        with open(ready + ".how") as f:
            self.how = dict(a.split("=", 1) for a in f.read().split("\n") if "=" in a)
        if self.how.get("new") != self.new or not self.new:
            self.new, self.uploads, self.faults_done = self.how.get("new"), {}, set()
            self.generation = int(self.how.get("generation", 3))
            self.version, self.rom = self.how.get("version", "1.82"), "05/05/2011"

    def fault(self, *names):
        """Is it this one's turn?"""
        name = self.how.get("fault")
        return name if name in names else None

    def once(self, *names):
        name = self.fault(*names)
        if not name or name in self.faults_done:
            return None
        self.faults_done.add(name)
        return name


ilo = Ilo()


def log(text):
    with open(ready + ".log", "a") as f:
        f.write(text + "\n")


def reset(s):
    """Without taking leave."""
    s.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    s.close()
    raise ConnectionError


# ---- RIBCL ----

def document(inside="", status="0x0000", message="No error"):
    closed = "/" if ilo.generation == 2 else ""  # as iLO 2 has it
    return (f'<?xml version="1.0"?>\r\n<RIBCL VERSION="2.23"{closed}>\n<RESPONSE\n    STATUS="{status}"\n'
            f"    MESSAGE='{message}'\n     />\n{inside}</RIBCL>\n")


HEALTH = [("ProLiant System ROM", None), ("ProLiant System ROM - Backup", "02/02/2010"), ("iLO", None),
          ("Power Management Controller", "1.6"), ("Power Management Controller", "1.7")]


def reading(tag):
    if tag == "GET_FW_VERSION":
        name = {2: "iLO2", 3: "iLO3", 4: "iLO4"}[ilo.generation]
        return (f'<GET_FW_VERSION\n   FIRMWARE_VERSION = "{ilo.version}"\n   FIRMWARE_DATE    = "Jan 15 2015"\n'
                f'   MANAGEMENT_PROCESSOR    = "{name}"\n    />\n')
    if tag == "GET_HOST_DATA":
        return ('<GET_HOST_DATA>\n <SMBIOS_RECORD TYPE="0" B64_DATA="AA==">\n  <FIELD NAME="Family" VALUE="I99"/>\n'
                f'  <FIELD NAME="Date" VALUE="{ilo.rom}"/>\n </SMBIOS_RECORD>\n <SMBIOS_RECORD TYPE="1" B64_DATA="AA==">\n'
                '  <FIELD NAME="Product Name" VALUE="ProLiant Made &lt;Up&gt;"/>\n'
                '  <FIELD NAME="Serial Number" VALUE="SIM0001      "/>\n </SMBIOS_RECORD>\n'
                ' <SMBIOS_RECORD TYPE="17"/>\n <SMBIOS_RECORD TYPE="209">\n  <FIELD NAME="Date" VALUE="no date"/>\n'
                ' </SMBIOS_RECORD>\n</GET_HOST_DATA>\n')
    if tag == "GET_SERVER_NAME":
        return '<SERVER_NAME VALUE="host-1" />\n'
    if tag == "GET_TPM_STATUS" and ilo.generation > 2:
        on = "Yes" if ilo.how.get("tpm") == "yes" else "No"
        return (f'<GET_TPM_STATUS>\r\n    <TPM_SUPPORTED VALUE="Yes"/>\n    <TPM_PRESENT VALUE="{on}"/>\n'
                f'    <TPM_ENABLED VALUE="{on}"/>\n</GET_TPM_STATUS>\r\n')
    if tag == "GET_EMBEDDED_HEALTH" and "health" in ilo.how:
        with open(ilo.how["health"]) as f:
            return re.search("<GET_EMBEDDED_HEALTH_DATA>.*</GET_EMBEDDED_HEALTH_DATA>", f.read(), re.S)[0] + "\n"
    if tag == "GET_EMBEDDED_HEALTH" and ilo.generation > 2:
        rows = "".join(f'<INDEX_{i}>\n <FIRMWARE_NAME VALUE = "{n}"/>\n <FIRMWARE_VERSION VALUE = '
                       f'"{v or (ilo.rom if "ROM" in n else ilo.version)}"/>\n</INDEX_{i}>\n'
                       for i, (n, v) in enumerate(HEALTH, 1))
        return ('<GET_EMBEDDED_HEALTH_DATA>\n <FANS><FAN><LABEL VALUE = "Fan 1"/></FAN></FANS>\n <NIC_INFOMATION></NIC_INFOMATION>\n'
                f' <FIRMWARE_INFORMATION>\n{rows} </FIRMWARE_INFORMATION>\n</GET_EMBEDDED_HEALTH_DATA>\n')
    return None


def attribute(text, name):
    m = re.search(name + r'\s*=\s*"([^"]*)"', text)
    return m and html.unescape(m[1])


def answer(request):
    """To all of a request that reads."""
    log("request " + " ".join(re.findall(r"<([A-Z_]+)", request)[2:]))
    if attribute(request, "USER_LOGIN") != ilo.how.get("user", "admin") \
            or attribute(request, "PASSWORD") != ilo.how.get("password", "secret"):
        return document() + document(status="0x005F", message="Login credentials rejected.")
    text = document() * 2 + document("<INFORM>Scripting utility should be updated to the latest version.</INFORM>\n")
    for tag in re.findall(r"<(GET_[A-Z_]+)", request):
        body = reading(tag)
        text += document(body) if body else document(status="0x003C", message="Feature not supported.")
    text += document() * 2
    if ilo.fault("mangled"):
        text = text.replace('VALUE="host-1"', 'VALUE="a "host" & more"').replace("<GET_HOST", "\001\002<GET_HOST")
        text = text.replace('VALUE="I99"/>', 'VALUE="I99"').replace("MESSAGE='No error'", "MESSAGE='No 'real' error'")
    return text


# ---- a connection ----

class Connection:
    def __init__(self, s):
        self.s, self.data, self.http, self.chunked = s, b"", False, False

    def more(self):
        piece = self.s.recv(65536)
        if not piece:
            raise ConnectionError
        self.data += piece

    def until(self, mark):
        while mark not in self.data:
            self.more()
        at = self.data.index(mark) + len(mark)
        part, self.data = self.data[:at], self.data[at:]
        return part

    def take(self, size):
        while len(self.data) < size:
            self.more()
            if size > 5000 and len(self.data) > size // 2 and ilo.once("cut-upload"):
                log("cut")
                reset(self.s)
        part, self.data = self.data[:size], self.data[size:]
        return part

    def say(self, text, last=True):
        data = text if isinstance(text, bytes) else text.encode("latin-1")
        if self.chunked:  # cut in the middle of a tag
            half = len(data) // 2 or len(data)
            data = b"".join(b"%03x\r\n%s\r\n" % (len(p), p) for p in (data[:half], data[half:]) if p)
            data += b"0\r\n\r\n" if last else b""
        self.s.sendall(data)

    def head(self, status="200 OK", fields=""):
        self.s.sendall((f"HTTP/1.1 {status}\r\nContent-Type: text/xml\r\n{fields}Connection: close\r\n\r\n").encode())

    def tell(self, text):
        """An answer to reading, with what may be wrong with it."""
        fault = ilo.fault("slow", "half", "garbage", "drop")
        if fault == "drop":
            reset(self.s)
        if fault == "garbage":
            text = "\x00\xff<<<>=\"<?xml <RIBC"
        if fault == "half":
            text = text[:len(text) // 2]
        if fault == "slow":
            for c in text[:40]:
                self.say(c, last=False)
                time.sleep(0.01)
            text = text[40:]
        self.say(text, last=fault != "half")

    # ---- an update ----

    def flash(self, data, name, tpm):
        """What is said meanwhile; then it restarts."""
        head, why = image.read(data)
        bios = name == "UPDATE_FIRMWARE"
        fault = ilo.once("refused", "lie-done", "lie-failed", "failed", "power", "cut", "hang")
        self.say(document() * 3, last=False)
        if ilo.how.get("tpm") == "yes" and ilo.generation > 2 and not tpm:
            return self.say(document(status="0x0065", message="TPM is enabled, and the override isn't given."))
        if fault == "refused" or not head or head["target"] != ("bios" if bios else f"ilo{ilo.generation}"):
            log("refused")
            return self.say(document(status="0x0071", message="The firmware image is not valid."))
        for i in (0, 20, 40, 60, 80, 100):
            if i == 60 and fault == "failed":
                self.say(document(status="0x0072", message="Firmware flash failed."))
                return
            if i == 60 and fault == "power":
                self.s.close()
                return self.restart()
            self.say(document(f"<INFORM>Progress of Programming flash: {i} %</INFORM>\n"), last=False)
            time.sleep(float(ilo.how.get("flash", 0.2)) / 6)
        if fault != "lie-done":
            log(f"flashed {head['target']} {head['version']}")
            if bios:
                ilo.rom = head["version"]
            else:
                ilo.version = head["version"]
        if fault == "lie-failed":
            self.say(document(status="0x0072", message="Firmware flash failed."))
        elif fault == "cut":
            self.s.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        else:
            self.say(document("<INFORM>Firmware flash completed successfully.</INFORM>\n") + document() * 2)
        if not bios:
            self.s.close()
            self.restart(fault == "hang")

    def restart(self, forever=False):
        log("restart")
        server.leave(1000 if forever else float(ilo.how.get("away", 1)))

    # ---- iLO 2 ----

    def raw(self):
        text = self.until(b"<LOGIN")
        while b"</RIBCL>" not in self.data and b"UPDATE_RIB_FIRMWARE" not in self.data:
            self.more()
        if "raw" in ilo.how:
            return self.s.sendall(open(ilo.how["raw"], "rb").read())
        if b"UPDATE_RIB_FIRMWARE" not in self.data:
            return self.tell(answer((text + self.data).decode("latin-1")))
        text += self.until(b"UPDATE_RIB_FIRMWARE") + self.until(b"/>")
        request = text.decode("latin-1")
        if attribute(request, "PASSWORD") != ilo.how.get("password", "secret"):
            return self.tell(answer(request))
        data = self.take(int(attribute(request, "IMAGE_LENGTH")))
        self.until(b"</RIBCL>")
        log("image " + str(len(data)))
        self.flash(data, "UPDATE_RIB_FIRMWARE", "TPM_ENABLED" in request)

    # ---- HTTP ----

    def request(self):
        lines = self.until(b"\r\n\r\n").decode("latin-1").split("\r\n")
        fields = {a.split(":", 1)[0].lower(): a.split(":", 1)[1].strip() for a in lines[1:] if ":" in a}
        method, path = lines[0].split(" ")[:2]
        body = self.take(int(fields.get("content-length", 0)))
        if path.startswith("/xmldata") and ilo.how.get("xmldata") != "no":
            return self.xmldata()
        if path == "/cgi-bin/uploadRibclFiles" and method == "POST" and ilo.generation > 2:
            return self.upload(fields, body)
        if path == "/ribcl" and method == "POST" and ilo.generation > 2:
            return self.ribcl(fields, body.decode("latin-1"))
        log(f"{method} {path} 404")
        self.head("404 Not Found", "Content-Length: 0\r\n")

    def xmldata(self):
        if "xmldata" in ilo.how:
            data = open(ilo.how["xmldata"], "rb").read()
        else:
            data = (f"<RIMP><HSI><SBSN>SIM0001   </SBSN><SPN>ProLiant Made Up</SPN></HSI><MP><ST>1</ST>"
                    f"<PN>Integrated Lights-Out {ilo.generation} (iLO {ilo.generation})</PN>"
                    f"<FWRI>{ilo.version}</FWRI></MP></RIMP>").encode()
        self.head(fields=f"Content-Length: {len(data)}\r\n")
        self.s.sendall(data)

    def upload(self, fields, body):
        boundary = b"--" + fields["content-type"].split("boundary=")[1].encode()
        parts = {}
        for part in body.split(boundary)[1:-1]:
            head, _, data = part[2:-2].partition(b"\r\n\r\n")
            parts[re.search(rb'[; ]name="([^"]*)"', head)[1].decode()] = data
        log("upload " + " ".join(f"{n}:{len(d)}" for n, d in parts.items()))
        n = f"{len(ilo.uploads) + 1}"
        ilo.uploads[n] = parts["fwimgfile"]
        cookie = "" if ilo.once("no-cookie") else f"Set-Cookie: RibclFlash={n}; path=/; secure\r\n"
        self.head(fields=cookie + "Content-Length: 0\r\n")

    def ribcl(self, fields, request):
        if "raw" in ilo.how:
            return self.s.sendall(open(ilo.how["raw"], "rb").read())
        self.head(fields="Transfer-Encoding: chunked\r\n")
        self.chunked = True
        m = re.search(r"<(UPDATE_(?:RIB_)?FIRMWARE)\b", request)
        if not m or attribute(request, "PASSWORD") != ilo.how.get("password", "secret"):
            return self.tell(answer(request))
        cookies = re.findall(r"RibclFlash=(\d+)", fields.get("cookie", ""))
        data = ilo.uploads.get(cookies[0]) if len(cookies) == 1 else None
        if data is None or len(data) != int(attribute(request, "IMAGE_LENGTH")):
            return self.say(document(status="0x0070", message="No such image was uploaded."))
        log("image " + str(len(data)))
        self.flash(data, m[1], "TPM_ENABLED" in request)

    def serve(self):
        while len(self.data) < 5:
            self.more()
        if self.data[:5] == b"<?xml":
            return self.raw() if ilo.generation == 2 else None
        self.request()


# ---- the server ----

class Server:
    def __init__(self):
        self.port, self.closed_until, self.wake = 0, 0, threading.Event()

    def listen(self):
        s = socket.socket()
        s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        s.bind((address, self.port))
        s.listen(50)
        s.settimeout(0.1)
        self.port = s.getsockname()[1]
        return s

    def leave(self, seconds):
        self.closed_until = time.monotonic() + seconds

    def run(self):
        s = self.listen()
        with open(ready + ".new", "w") as f:
            f.write(f"{self.port}\n")
        os.rename(ready + ".new", ready)
        while True:
            if time.monotonic() < self.closed_until:
                s.close()
                log("away")
                while time.monotonic() < self.closed_until and os.path.exists(ready + ".how"):
                    time.sleep(0.05)
                    with open(ready + ".how") as f:
                        if f"new={ilo.new}" not in f.read().split("\n"):
                            self.closed_until = 0  # another one
                s = self.listen()
            try:
                one, _ = s.accept()
            except socket.timeout:
                continue
            threading.Thread(target=self.one, args=(one,), daemon=True).start()

    def one(self, s):
        s.settimeout(60)
        try:
            s = context.wrap_socket(s, server_side=True)
            ilo.become()
            Connection(s).serve()
        except (OSError, ConnectionError):
            pass
        finally:
            s.close()


server = Server()
server.run()
