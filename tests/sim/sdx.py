# sdx.py - the command line of an emulated Superdome X, as plugins/superdome
# describes it in superdome.quirks; what a real one says isn't known here.  It
# fetches the bundle that it is told to, and judges it: a JSON object
#   {"hardware": "superdome-x", "version": "8.5.34"}
# Behind sim/cli.py's, what is in "how":
#   running=yes     somebody else's update runs
#   fetch=404       the download fails so;  fetch=no: it never begins
#   analysis=fail   partition 1 is in the way
#   wait=FILE       it doesn't get further than 40 % until that file is there
#   restart=N       afterwards it hangs up on N logins
#   flashes=no      it says that it is done, and has the old version
#   sparse=yes      values are "[Unknown]", bays are empty, modules unknown
#
# SPDX-License-Identifier: Apache-2.0
import cli, json, os, signal, ssl, sys, time, urllib.error, urllib.request


def newer(a, b):
    return [int(n) for n in a.split(".")] > [int(n) for n in b.split(".")]


class Superdome(cli.Cli):
    banner = "Made-up Superdome Onboard Administrator\n\nType 'HELP' to display a list of valid commands."

    def prompt(self):
        return "\r\nsdx-oa1" + (" [SCRIPT MODE]" if self.script else "") + "> "

    script = False

    def initial(self):
        return {"complex": "7.6.0", "partitions": {"1": "7.6.0", "2": "7.6.0"}, "update": None, "fetched": [],
                "restarts": 0}

    def unknown(self, line):
        self.say("Invalid command: " + line)

    def begin(self):
        with self.changing() as state:
            state["restarts"] -= 1
            away = state["restarts"] >= 0
        if away:
            self.hang_up()

    def do_set_script_mode(self, words):
        self.script = words == ["on"]

    # ---- what it is

    def do_show_complex_info(self, words):
        unknown = self.how.get("sparse") == "yes"
        self.say("Complex Information:", "\tComplex Name: made-up", "\tProduct Name: Superdome X",
                 "\tSerial Number: [Unknown]" if unknown else "\tSerial Number: MADE0001  ",
                 "\tComplex Firmware Version: " + self.state["complex"], "\tUUID: 09MADE0001")

    def do_show_npartition_info(self, words):
        for n, version in sorted(self.state["partitions"].items()):
            self.say(f"nPartition #{n} Information:", f"\tnPartition Name: par{n}", "\tStatus: Active",
                     "\tFirmware Version: " + version, "")

    def do_show_server_info(self, words):
        for n in range(1, 5):
            self.say(f"Server Blade #{n} Information:")
            if n == 4 or self.how.get("sparse") == "yes":
                self.say("\tServer Blade Type: No Server Blade Installed", "")
                continue
            self.say("\tType: Server Blade", "\tManufacturer: Made Up", "\tProduct Name: BL920s made up",
                     f"\tSerial Number: MADEBL{n}", "\tROM Version: " + ("[Unknown]" if n == 3 else "7.6.0 Nov 02 2015"),
                     "")

    def do_show_oa_info(self, words):
        for n in (1, 2):
            self.say(f"Onboard Administrator #{n} information:", "\tProduct Name  : Superdome DDR2 OA, made up",
                     f"\tSerial Number : MADEOA{n}", "\tFirmware Ver. : 7.6.0", "\tHw Version    : A0", "")

    def do_show_gpsm_info(self, words):
        if self.how.get("sparse") == "yes":
            return self.unknown("show gpsm info")
        for n in (1, 2):
            self.say(f"Global Partition Services Module #{n} Information:", "\tProduct Name: GPSM, made up",
                     "\tFirmware Version: 7.6.0", "")

    # ---- how it is updated

    def do_show_update_firmware(self, words):
        update = self.state["update"]
        if self.how.get("running") == "yes":
            return self.say("Status: Updating", "Firmware update is in progress: 12%")
        if not update:
            return self.say("No firmware update has been started.")
        self.say("Status: " + update["status"], *update["text"])

    def set(self, status, *text):
        with self.changing() as state:
            state["update"] = {"status": status, "text": list(text)}

    def fetch(self, url):
        if self.how.get("fetch") == "404":
            raise urllib.error.URLError("404 Not Found")
        context = ssl.create_default_context()
        context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
        with urllib.request.urlopen(url, timeout=20, context=context) as answer:
            return answer.read(1 << 20)

    def wrong(self, bundle, old, words):
        """Why the bundle isn't installed; None: it is."""
        if bundle.get("hardware") != "superdome-x":
            return "Error: the bundle is not intended for this hardware"
        if self.how.get("analysis") == "fail":
            return "Error: analysis failed: partition 1 is running"
        if bundle["version"] == old and "reinstall" not in words:
            return "All devices are already at this version."
        if newer(old, bundle["version"]) and "force" not in words:
            return "Error: the bundle is older than the installed firmware"
        return None

    def update(self, url, words):
        self.set("Downloading", "Downloading the bundle")
        try:
            bundle = json.loads(self.fetch(url))
        except (urllib.error.URLError, OSError) as e:
            return self.set("Failed", f"Download failed: {getattr(e, 'reason', e)}")
        except ValueError:
            return self.set("Failed", "Error: not a valid firmware bundle")
        self.set("Analyzing", "Analysis phase")
        with self.changing() as state:
            state["fetched"].append(url.split("/")[0])
            old = state["complex"] if "complex" in words else state["partitions"][words[-1]]
        why = self.wrong(bundle, old, words)
        if why:
            return self.set("Failed" if "Error" in why else "Complete", why)
        self.set("Updating", "Firmware update is in progress: 40%")
        while "wait" in self.how and not os.path.exists(self.how["wait"]):
            time.sleep(0.05)
        with self.changing() as state:
            if self.how.get("flashes") != "no":
                if "complex" in words:
                    state["complex"] = bundle["version"]
                    state["partitions"] = dict.fromkeys(state["partitions"], bundle["version"])
                else:
                    state["partitions"][words[-1]] = bundle["version"]
            state["restarts"] = int(self.how.get("restart", 0))
        self.set("Complete", "The firmware update has completed successfully: 100%")

    def do_update_firmware(self, words):
        flags = [w for w in words if w in ("reinstall", "force")]
        url, *target = [w for w in words if w not in flags]
        if target[:1] == ["npartition"] and target[1:2] != [] and target[1] not in self.state["partitions"]:
            return self.say("Error: there is no such partition")
        if self.how.get("running") == "yes":
            return self.say("Error: a firmware update is already in progress")
        if self.ask("This will update the firmware. Type YES to go on: ") != "YES":
            return self.say("Error: not confirmed")
        if self.how.get("fetch") == "no":
            return self.say("The firmware update was queued.")
        self.set("Downloading", "Starting")
        # Who asked may hang up before the child has a session of its own.
        signal.signal(signal.SIGHUP, signal.SIG_IGN)
        if os.fork() == 0:
            os.setsid()
            for fd in (0, 1, 2):
                os.close(fd)
            try:
                self.update(url, flags + target)
            except BaseException as e:
                self.log(f"# {e!r}")
            os._exit(0)
        self.say("Firmware update is in progress.")


Superdome().main()
