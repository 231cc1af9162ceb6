# machine.py - one BMC: its sessions, its firmware, and what an update does to
# it in the course of time.  __main__.py lists the faults.
#
# SPDX-License-Identifier: Apache-2.0
import hashlib, http.client, json, os, ssl, threading, time, urllib.parse

import image, people
from people import FIRMWARE, ROOT, UPDATE

STEPS = 10  # of a flash


class Failed(Exception):
    """An update has ended badly: the key of a message."""


def fetch(url, ours):
    """What a URL has, asked from the BMC's own address; one redirection."""
    for _ in range(2):
        u = urllib.parse.urlsplit(url)
        kind = http.client.HTTPConnection
        more = {}
        if u.scheme == "https":
            kind, more = http.client.HTTPSConnection, {"context": ssl._create_unverified_context()}
        c = kind(u.hostname, u.port, timeout=20, source_address=(ours, 0), **more)
        try:
            c.request("GET", u.path)
            answer = c.getresponse()
            if answer.status == 307:
                url = answer.headers["Location"]
                continue
            data, digest = answer.read(), answer.headers.get("Digest", "")
        finally:
            c.close()
        if answer.status != 200:
            raise Failed("ImageTransferFailed")
        if digest.lower().startswith("sha-256="):
            import base64
            if base64.b64decode(digest[8:]) != hashlib.sha256(data).digest():
                raise Failed("ImageTransferFailed")
        return data
    raise Failed("ImageTransferFailed")


class Bmc:
    def __init__(self, who, address, how, note):
        self.who, self.address, self.how, self.note = who, address, how, note
        self.lock = threading.RLock()
        self.tree = people.personality(who)
        self.sessions, self.seen = {}, {"logins": 0, "asked": 0, "times": {}}
        self.away_until, self.busy = 0, False
        self.missed = True # somebody has seen that it is away
        self.staged, self.repository, self.queue = {}, {}, {}
        self.state, self.result, self.percent, self.etag = "Idle", None, None, None
        self.tasks, self.flashed, self.number = {}, [], 0
        self.sets, self.invoked, self.sections, self.restarts, self.testing, self.early = {}, 0, [], 0, 0, 0
        if how.get("sticky") == "yes":
            self.state, self.result = "Error", "UpdateFailed"
        if how.get("queue") == "exception":
            self.queue["old"] = {"Name": "old", "State": "Exception", "Filename": "gone.bin", "UpdatableBy": ["Bmc"]}

    # ---- faults

    def fault(self, name, value=None):
        return self.how.get(name) == value if value is not None else self.how.get(name)

    def times(self, name, n):
        """True the first n times."""
        with self.lock:
            self.seen["times"][name] = self.seen["times"].get(name, 0) + 1
            return self.seen["times"][name] <= n

    def seconds(self, name, otherwise):
        return float(self.how.get(name, otherwise))

    def is_away(self):
        return time.monotonic() < self.away_until or not self.missed

    def leave(self, seconds):
        """It restarts: gone for a while, and knows nothing of who was there."""
        with self.lock:
            self.away_until = time.monotonic() + seconds
            self.sessions.clear()
            self.state, self.percent, self.busy = "Idle", None, False
            if not self.fault("tasks", "kept"):
                self.tasks.clear()

    # ---- its firmware

    def ilo4_keys(self):
        base = "/rest/v1" if self.who == "ilo4-old" else ROOT
        return self.tree.get(base + "/Systems/1/FirmwareInventory", {}).get("Current", {})

    def items(self):
        """target -> (what has its version, the member, which kind it is)"""
        found = {}
        for key, one in self.ilo4_keys().items():
            found[key] = (one[0], "VersionString", "bmc" if key == "SystemBMC" else "host")
        for path, body in self.tree.items():
            if path.startswith(FIRMWARE + "/"):
                ids = body.get("Oem", {}).get("Hpe", {}).get("Targets") or [body.get("SoftwareId") or body.get("Id")]
                kind = ("bmc" if ids[0] == "t1" or body.get("Description") == "SystemBMC" or body.get("Id") == "BMC"
                        else "host" if body.get("Name") == "System ROM" else "device")
                for target in ids:
                    found[target] = (body, "Version", kind)
        return found

    def versions(self):
        return {t: body[key] for t, (body, key, _) in self.items().items()}

    def restart_host(self):
        with self.lock:
            self.restarts += 1
            self.early += self.testing > 0
            if self.fault("host", "stays"):
                return
            self.testing = 1 # until somebody has seen it so
            for target, version in self.staged.items():
                body, key, _ = self.items()[target]
                body[key] = version
            self.staged.clear()

    # ---- an update

    def step(self, state, percent=None):
        with self.lock:
            self.state, self.percent = state, percent

    def check(self, data):
        if len(data) > int(self.how.get("limit", self.how.get("max", 1 << 30))):
            raise Failed("UpdateImageTooLarge")
        head, why = image.read(data)
        if why:
            raise Failed(why)
        if head["target"] not in self.items():
            raise Failed("UpdateNotApplicable")
        if self.fault("same", "refused") and self.versions()[head["target"]] == head["version"]:
            raise Failed("UpdateSkippedSameVersion")
        return head

    def power_loss(self, when):
        if self.fault("power", when) and self.times("power", 1):
            self.leave(self.seconds("away", 1))
            self.missed = when != "flash" # that is seen, however slow who asks is
            return True
        return False

    def apply(self, head):
        body, key, kind = self.items()[head["target"]]
        self.flashed.append((head["target"], head["version"]))
        if self.fault("lie", "completed"):
            return kind
        with self.lock:
            if kind == "host":
                self.staged[head["target"]] = head["version"]
                self.testing = 3 if self.fault("host", "tests") else 0
            else:
                body[key] = head["version"]
        return kind

    def work(self, task, data, url):
        """In a thread: from the image to its end."""
        try:
            if url:
                self.step("Uploading")
                if self.power_loss("transfer"):
                    return
                try:
                    data = fetch(url, self.address)
                except OSError:
                    raise Failed("ImageTransferFailed")
            self.step("Verifying")
            time.sleep(self.seconds("flash", 0.3) / STEPS)
            head = self.check(data)
            self.step("Writing")
            self.note(f"{self.address} {head['version']} begins")
            for i in range(STEPS):
                self.step("Updating", i * 100 // STEPS)
                self.progress(task, i * 100 // STEPS)
                time.sleep(self.seconds("flash", 0.3) / STEPS)
                if i == STEPS // 2 and self.power_loss("flash"):
                    return
                while i == STEPS // 2 and self.fault("hold"):
                    time.sleep(0.05)
            kind = self.apply(head)
            self.note(f"{self.address} {head['version']} ends")
            self.finish(task, "UpdateFailed" if self.fault("lie", "failed") else None)
            if kind == "bmc":
                time.sleep(self.seconds("linger", 0.1))
                self.leave(self.seconds("away", 1))
        except Failed as e:
            self.finish(task, str(e))
        except Exception as e:
            self.finish(task, "InternalError")
            raise

    def finish(self, task, why):
        with self.lock:
            self.busy = False
            self.state, self.result, self.percent = ("Error" if why else "Complete"), why or "Success", None
            if task in self.tasks:
                t = self.tasks[task]
                t["TaskState"] = "Exception" if why else "Completed"
                t["TaskStatus"] = "Critical" if why else "OK"
                t["PercentComplete"] = 100
                t["Messages"] = [{"MessageId": self.registry() + (why or "UpdateSuccessful")}]

    def registry(self):
        return "iLO.2.23." if self.is_hpe() else "Update.1.0."

    def is_hpe(self):
        return bool(self.tree.get(ROOT, {}).get("Oem", {}).get("Hpe"))

    def progress(self, task, percent):
        with self.lock:
            if task in self.tasks:
                self.tasks[task].update(TaskState="Running", PercentComplete=percent)

    def begin(self, data=None, url=None, etag=None):
        """The task's number; None: another update is under way."""
        with self.lock:
            if self.busy:
                return None
            self.busy, self.etag, self.result = True, etag, None
            self.state = "Uploading"
            self.number += 1
            n = str(self.number)
            path = f"{ROOT}/TaskService/Tasks/{n}"
            self.tasks[n] = {"@odata.id": path, "@odata.type": "#Task.v1_4_3.Task", "Id": n, "Name": "Update",
                             "TaskState": "New", "TaskStatus": "OK", "PercentComplete": 0,
                             "TaskMonitor": f"{ROOT}/TaskService/TaskMonitors/{n}"}
        threading.Thread(target=self.work, args=(n, data, url), daemon=True).start()
        return n

    # ---- HPE's repository and queue

    def store(self, name, data):
        with self.lock:
            if any(q["Filename"] == name and q["State"] in ("Pending", "InProgress") for q in self.queue.values()):
                raise Failed("UpdateRepositoryUnavailable")
            self.repository[name] = data
        self.step("Complete")

    def add_from_uri(self, name, url, etag):
        with self.lock:
            if self.busy:
                return False
            self.busy, self.etag, self.state, self.result = True, etag, "Uploading", None

        def run():
            why = None
            try:
                data = fetch(url, self.address)
                head, why = image.read(data)
                if not why:
                    self.repository[name] = data
            except (OSError, Failed):
                why = "ImageTransferFailed"
            with self.lock:
                self.busy, self.state, self.result = False, "Error" if why else "Complete", why
        threading.Thread(target=run, daemon=True).start()
        return True

    def run_queue(self):
        """Strictly in order: what failed or expired blocks all behind it."""
        def run():
            while True:
                with self.lock:
                    at = next((q for q in self.queue.values() if q["State"] not in ("Complete", "Canceled")), None)
                    if not at or at["State"] != "Pending" or self.busy or "Bmc" not in at["UpdatableBy"]:
                        return
                    at["State"] = "InProgress"
                    data = self.repository.get(at["Filename"])
                number = self.begin(data or b"", etag=at["Name"])
                while self.tasks.get(number, {}).get("TaskState") in ("New", "Running"):
                    time.sleep(0.02)
                with self.lock:
                    good = self.result == "Success" or self.is_away()
                    at["State"] = "Complete" if good and data else "Exception"
                    at["Result"] = {"MessageId": self.registry() + (self.result or "Success")}
        threading.Thread(target=run, daemon=True).start()

    # ---- what it says of itself now

    def overlay(self, path):
        """The resource with what has happened in it, a copy; None: there is none."""
        with self.lock:
            prefix, _, name = path.rpartition("/")
            if prefix == ROOT + "/TaskService/Tasks":
                body = self.tasks.get(name)
            elif prefix == UPDATE + "/UpdateTaskQueue":
                body = self.queue.get(urllib.parse.unquote(name))
            elif prefix == UPDATE + "/InstallSets" and urllib.parse.unquote(name) in self.sets:
                body = self.sets[urllib.parse.unquote(name)]
            elif prefix == UPDATE + "/ComponentRepository":
                body = self.component(urllib.parse.unquote(name), path)
            else:
                body = self.tree.get(path)
            if body is None:
                return None
            body = json.loads(json.dumps(body))
            if path == UPDATE + "/InstallSets" and self.sets:
                body["Members"] = body.get("Members", []) + people.members(path, [urllib.parse.quote(k) for k in self.sets])["Members"]
            if path == ROOT + "/Systems/1" and self.is_hpe():
                self.say_host(body)
            for where, have in (("UpdateTaskQueue", self.queue), ("ComponentRepository", self.repository)):
                if path == f"{UPDATE}/{where}":
                    body |= people.members(path, [urllib.parse.quote(k) for k in have])
            if path == ROOT + "/TaskService/Tasks":
                body |= people.members(path, list(self.tasks))
            if prefix == UPDATE + "/UpdateTaskQueue":
                body["@odata.id"] = path
            if path == UPDATE and body.get("Oem", {}).get("Hpe"):
                self.say_hpe(body["Oem"]["Hpe"])
            if path.endswith("/Managers/1/UpdateService"):
                self.say_hp(body)
            if path == ROOT + "/Systems/1" and self.fault("tpm", "yes"):
                body["TrustedModules"] = [{"Status": {"State": "Enabled"}}]
            if path == UPDATE and "max" in self.how:
                body["MaxImageSizeBytes"] = int(self.how["max"])
            return body

    def is_used(self, name):
        return any(q["Filename"] == name for q in self.queue.values()) or any(
            s["Filename"] == name for made in self.sets.values() for s in made["Sequence"])

    def say_host(self, body):
        body["PowerState"] = "Off" if self.fault("host", "off") else "On"
        body.setdefault("Oem", {}).setdefault("Hpe", {})["PostState"] = "InPost" if self.testing else "FinishedPost"
        self.testing = max(self.testing - 1, 0)

    def component(self, name, path):
        if name not in self.repository:
            return None
        used = self.is_used(name)
        return {"@odata.id": path, "Filename": name, "Name": name, "Locked": used,
                "SizeBytes": len(self.repository[name]), "UpdatableBy": [self.how.get("agent", "Bmc")]}

    def say_hpe(self, hpe):
        hpe["State"] = self.state
        if self.state == "Updating":
            hpe["FlashProgressPercent"] = self.percent
        if self.result:
            hpe["Result"] = {"MessageId": self.registry() + self.result}
        if self.etag:
            hpe["CurrentEtag"] = self.etag

    def say_hp(self, body):
        words = {"Idle": "IDLE", "Uploading": "UPLOADING", "Complete": "COMPLETED", "Error": "ERROR"}
        body["State"] = words.get(self.state, "PROGRESSING")
        body["ProgressPercent"] = self.percent or 0
