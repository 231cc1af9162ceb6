# fos.py - a Brocade switch; or a Cisco MDS, or a Virtual Connect module; see cli.py.
#
# `how`, besides cli.py's:
#   shape=new|old|older|director   how it writes its versions
#   take=S                         how long a download takes (0.3); away=S, a restart (0.3)
#   fault=inaccessible|same|busy|preinstall|steps|downgrade   firmwaredownload refuses so
#   fault=fails        the download fails
#   fault=lie          it says that it has succeeded, and nothing changed
#   fault=power        the power is lost in the middle; back with the old version
#   fault=password     it wants another password than the switch's
#   fault=stay         it goes on behind its prompt, and is seen in its status alone
#   capture=FOLDER     it answers COMMAND with COMMAND.txt there
#   who=mds|vc|other   it is a Cisco MDS, a Virtual Connect module, none of these
#   primary=ADDRESS|?  vc: it isn't the primary module, which is there; it doesn't say where
#
# A release's folder is what the file server 192.0.2.5 has: /images/VERSION; from
# anywhere else it is truly fetched, by FTP (fetch).  who=mds copies likewise.
#
# SPDX-License-Identifier: Apache-2.0
import ftplib, hashlib, os, re, sys, time

import cli

REFUSALS = {
    "inaccessible": "The server is inaccessible or firmware path is invalid. Please make sure the server name or IP"
                    " address, user/password and firmware path are valid.",
    "same": "Cannot download the same firmware version.",
    "busy": "Firmwaredownload failed because another session is running.",
    "preinstall": "There is a problem with a port.\nFirmwaredownload failed. (0x29) The pre-install script failed.",
    "steps": "Cannot upgrade directly to 9.1. Please upgrade to 9.0 first and then upgrade to the desired version.",
    "downgrade": "Downgrade is not allowed.",
}


def fetch(host, port, folder, ours=""):
    """All of a release: release.plist has lines "SHA256 PATH", of which each is
    fetched and compared.  How many there were; OSError, ftplib.Error or ValueError."""
    with ftplib.FTP() as ftp:
        ftp.connect(host, port, timeout=20, source_address=(ours, 0))
        ftp.login("anonymous", "anonymous")
        def get(path):
            got = []
            ftp.retrbinary("RETR " + folder + "/" + path, got.append)
            return b"".join(got)
        lines = [l.split(" ", 1) for l in get("release.plist").decode().splitlines()]
        for sha256, path in lines:
            if hashlib.sha256(get(path)).hexdigest() != sha256:
                raise ValueError(path)
        return len(lines)


class Switch(cli.Cli):
    def prompt(self):
        return "made_up:admin> "

    def initial(self):
        return {"version": "v9.0.1a", "second": "v9.0.1a", "status": [], "until": 0, "then": None}

    def unknown(self, line):
        self.say(f"rbash: {line.split()[0]}: command not found")

    def begin(self):
        # A download goes on without its session, and a restart ends all of them.
        with self.changing() as s:
            if s["then"] and time.time() >= s["until"]:
                self.advance(s)
        if self.state["then"] == "restart":
            self.cut()

    def note(self, text):
        """For tests of several devices: what befalls it, and when."""
        with open(self.path("flashes"), "a") as f:
            f.write(f"{time.time():.3f} flash {os.path.basename(self.folder)} {text}\n")

    def advance(self, s):
        then, s["then"] = s["then"], None
        if then == "restart":
            s["status"].append("Firmwaredownload command has completed successfully. Use firmwareshow to verify the"
                               " firmware versions.")
            self.note(s.get("wanted", "?") + " ends")
        elif then == "download":
            s["version"] = s["second"] = s["wanted"]
            s["status"].append("Firmware has been downloaded to the secondary partition of the switch.")
            s["then"], s["until"] = "restart", time.time() + float(self.how.get("away", 0.3))

    def command(self, line):
        self.read_how()
        if "capture" not in self.how:
            return super().command(line)
        try:
            with open(os.path.join(self.how["capture"], line.split()[0] + ".txt")) as f:
                self.say(*f.read().split("\n"))
        except OSError:
            self.unknown(line)

    # ---- reading

    def do_version(self, words):
        if self.how.get("who") == "other":
            return self.unknown("version")
        self.say("Kernel:     2.6.34.6", f"Fabric OS:  {self.state['version']}", "Made on:    Mon Sep 9 17:08:27 2019",
                 "Flash:      Fri Dec 13 16:05:16 2019", "BootProm:   2.0.3")

    def do_firmwareshow(self, words):
        s, shape = self.state, self.how.get("shape", "new")
        if shape == "older":
            self.say(f"Primary partition:\t{s['version']}", f"Secondary Partition:\t{s['second']}")
        elif shape == "old":
            self.say(f"Primary version:   {s['version']}", "Secondary version: Unknown")
        elif shape == "director":
            self.say("Slot Name       Appl     Primary/Secondary Versions               Status", "-" * 74,
                     f"  6  CP0        FOS      {s['version']}                                  STANDBY",
                     f"                         {s['second']}",
                     f"  7  CP1        FOS      {s['version']}                                  ACTIVE *",
                     f"                         {s['second']}")
        else:
            self.say("Appl     Primary/Secondary Versions", "-" * 42, f"FOS      {s['version']}", f"         {s['second']}")

    def do_switchshow(self, words):
        self.say("switchName:     made_up", "switchType:     162.0", "switchState:    Online",
                 "switchWwn:      10:00:00:00:00:00:00:01", "", "Index Port Address Media Speed       State   Proto", "=" * 50,
                 *[f"  {i:2}  {i:2}   0{i:02x}000   id    N16      Online      FC  F-Port" for i in range(30)])

    def do_chassisshow(self, words):
        self.say("", "FAN  Unit: 1", "Time Awake:             24 days", "", "CHASSIS/WWN  Unit: 1",
                 "Factory Part Num:       40-0000000-12", "Factory Serial Num:     FAC0001", "Part Num:               PART0001",
                 "Serial Num:             SER0001")

    def do_firmwaredownloadstatus(self, words):
        with self.changing() as s:
            if s["then"] and time.time() >= s["until"]:
                self.advance(s)
        for n, line in enumerate(self.state["status"]):
            self.say(f"[{n + 1}]: Sun Nov 22 10:0{n % 10}:00 2026", line, "")
        if not self.state["status"]:
            self.say("No firmwaredownload has been run.")

    # ---- a download

    def do_firmwaredownload(self, words):
        fault = self.how.get("fault")
        host = self.ask("Server Name or IP Address: ")
        user = self.ask("User Name: ")
        path = self.ask("File Name: ")
        way = self.ask("Network Protocol(1-auto-select, 2-FTP, 3-SCP, 4-SFTP) [1]: ")
        for _ in range(2 if fault == "password" else 1):
            self.secret("Password: ")
        self.say("", "Checking system settings for firmwaredownload...")
        m = re.match(r"/.*/(v[\w.]+)$", path)
        if host != "192.0.2.5" and m and way == "2" and fault not in REFUSALS:
            try:
                self.log(f"fetched {fetch(host, 21, path)} files")
                host = "192.0.2.5"
            except (OSError, ValueError, *ftplib.all_errors) as e:
                self.log(f"# {e}")
        if fault in REFUSALS or not m or host != "192.0.2.5" or (way, user) not in (("2", "anonymous"), ("3", "files"), ("4", "fw")):
            return self.say(*REFUSALS.get(fault, REFUSALS["inaccessible"]).split("\n"))
        self.say("System settings check passed.", "", "You can run firmwaredownloadstatus to get the status of this command.", "",
                 "This command will cause a warm/non-disruptive boot but will require that existing telnet, secure telnet or"
                 " SSH sessions be restarted.", "")
        if self.ask("Do you want to continue (Y/N) [Y]: ", "y") != "y":
            return
        begun = "Firmware is being downloaded to the switch. This step may take up to 30 minutes."
        take = float(self.how.get("take", 0.3))
        self.note(m[1] + " begins")
        with self.changing() as s:
            s.update(status=["Firmwaredownload command has started.", begun], wanted=m[1], then="download", until=time.time() + take)
            if fault == "fails":
                s.update(then=None, status=s["status"] + ["Firmware download failed. Failed to download RPM package."])
            if fault in ("lie", "power"):
                s.update(then="restart", until=time.time() + float(self.how.get("away", 0.3)))
            if fault == "power":
                s["status"] = []
        self.say(begun)
        if fault == "fails":
            return self.say("Firmware download failed. Failed to download RPM package.")
        if fault == "stay":
            return
        if fault == "power":
            with self.changing() as s:
                s["then"] = None
            self.cut()
        time.sleep(take)
        with self.changing() as s:
            self.advance(s)
        self.cut()


class Mds(Switch):
    """As general knowledge has it: nobody here has seen one."""

    def do_version(self, words):
        self.say("% Invalid command at '^' marker.")

    do_firmwareshow = do_firmwaredownload = do_version

    def prompt(self):
        return "mds-1# "

    def initial(self):
        return super().initial() | {"version": "4.2(9)", "files": {}, "install": ""}

    def do_show_version(self, words):
        version = self.state["version"]
        self.say("Cisco Nexus Operating System (NX-OS) Software", "Software", "  BIOS:      version 1.0.19",
                 f"  kickstart: version {version}", f"  system:    version {version}", "  kickstart image file is:"
                 " bootflash:/m9100-s2ek9-kickstart-mz.4.2.9.bin", "", "  Processor Board ID MDS0001", "  Device name: mds-1")

    def do_copy(self, words):
        m = re.match(r"(scp|sftp|ftp)://(?:[\w.]+@)?([\w.]+)(/\S+)$", words[0])
        if "@" not in words[0]:
            self.ask("Enter username: ")
        self.secret("Password: ")
        if self.how.get("fault") == "missing" or not m or m[2] != "192.0.2.5":
            return self.say("No such file or directory")
        name = words[1].removeprefix("bootflash:")
        with self.changing() as s:
            s["files"][name] = m[3]
        self.say("***** Transfer of file Completed Successfully *****")

    def do_install_all(self, words):
        files, fault = self.state["files"], self.how.get("fault")
        images = [words[i + 1].removeprefix("bootflash:") for i in (0, 2)]
        if words[0] != "kickstart" or words[2] != "system" or any(i not in files for i in images):
            return self.say("Failed to find the image")
        if fault == "check":
            return self.say("Verifying image bootflash:/" + images[0], "Compatibility check has failed: not enough space")
        if self.ask("Do you want to continue with the installation (y/n)?  [n] ", "y") != "y":
            return
        with self.changing() as s:
            s["install"] = "Install has been successful."
            if fault == "fails":
                s["install"] = "Install has failed. Return code 0x40930013"
            elif fault != "lie":
                s["version"] = re.search(r"mz\.([\w.()]+)\.bin", images[1])[1]
        self.cut()

    def do_show_install_all_status(self, words):
        self.say(self.state["install"] or "There is no installation.")


class Vc(cli.Cli):
    banner = ("-" * 60 + "\nHP Virtual Connect Management CLI v4.62\nBuild: 4.62-5 (r315367) Mar 10 2017\n"
              "(C) Copyright 2006-2017 Hewlett-Packard Development Company, L.P.\nAll Rights Reserved\n" + "-" * 60 + "\n")

    def prompt(self):
        return "->"

    def unknown(self, line):
        self.say("ERROR: Invalid command: " + line)

    def refused(self):
        other = self.how.get("primary")
        if other:
            self.say("ERROR: This module is not the primary module. The primary module is at " + other + "."
                     if other != "?" else "ERROR: This module is not the primary.")
        return other

    def do_show_domain(self, words):
        self.refused() or self.say("Domain Name           : made_up_domain", "Checkpoint Status     : Valid",
                                   "Domain IPv4 Status    : Disabled", "IPv4 Address          : -- --")

    def do_show_interconnect(self, words):
        for bay, serial in ((1, "7C90001"), (2, "7C90002")):
            self.say(f"ID                    : enc0:{bay}", "Enclosure             : made_up_enclosure", f"Bay                   : {bay}",
                     "Type                  : VC-ENET", "Product Name          : HP VC Flex-10 Enet Module",
                     f"Role                  : {'Primary' if bay == 1 else 'Standby'}", "Status                : OK",
                     "Communication Status  : OK", f"Serial Number         : {serial}", "Host Name             : -- --", "", "-" * 70)

    def do_show_firmware(self, words):
        if self.how.get("none"):
            return self.say("No firmware exist")
        for bay, kind, version, status in ((1, "VC-ENET", "4.62 2017-03-10T10:16:12Z", "OK"),
                                           (2, "VC-ENET", "4.50 2015-03-10T10:16:12Z", self.how.get("status", "OK")),
                                           (5, "VC-FC", "-- --", "OK")):
            self.say(f"ID               : enc0:{bay}", "Enclosure        : made_up_enclosure", f"Bay              : {bay}",
                     f"Type             : {kind}", f"Firmware Version : {version}", f"Status           : {status}", "", "-" * 70)


if __name__ == "__main__":
    with open(os.path.join(sys.argv[1], "how")) as f:
        who = re.findall("^who=(.*)", f.read(), re.M)
    {"mds": Mds, "vc": Vc}.get(who[0] if who else "fos", Switch)().main()
