# people.py - the personalities: what a BMC's tree of resources says before
# anything happens.  Written by hand after the standard and vendors' documents,
# no captures; a folder of captures is a personality, too.
#
# SPDX-License-Identifier: Apache-2.0
import json, os

ROOT = "/redfish/v1"
UPDATE = ROOT + "/UpdateService"
FIRMWARE = UPDATE + "/FirmwareInventory"
HPE_ACTIONS = UPDATE + "/Actions/Oem/Hpe/HpeiLOUpdateServiceExt."

# kind: "bmc" restarts itself after its update, "host" needs the server restarted
ITEMS = [  # name, version, class, targets, kind
    ("Manager", "1.00 Jan 01 2025", "c1", ["t1"], "bmc"),
    ("System ROM", "U99 v1.00 (01/01/2025)", "c2", ["t2"], "host"),
    ("Backplane", "1.00", "c4", ["t4"], "device"),
]
ILOS = {"ilo5-old": "iLO 5", "ilo5": "iLO 5", "ilo6": "iLO 6", "ilo7": "iLO 7"}
GENERIC = {
    "openbmc": {"push": "update", "multipart": None, "pull": False, "vendor": None, "product": "OpenBMC"},
    "idrac": {"push": None, "multipart": "MultipartUpload", "pull": True, "vendor": "Dell", "product": "iDRAC"},
    "supermicro": {"push": None, "multipart": "upload", "pull": False, "vendor": "Supermicro", "product": None},
    "lenovo": {"push": "/fwupdate", "multipart": "/mfwupdate", "pull": False, "vendor": "Lenovo", "product": "XCC"},
    "ami": {"push": None, "multipart": "upload", "pull": True, "vendor": "AMI", "product": "AMI Redfish Server"},
}


def link(path):
    return {"@odata.id": path}


def root(who):
    body = {"@odata.id": ROOT, "RedfishVersion": "1.6.0",
            "Links": {"Sessions": link(ROOT + "/SessionService/Sessions")},
            "Systems": link(ROOT + "/Systems"), "Managers": link(ROOT + "/Managers"),
            "Tasks": link(ROOT + "/TaskService"), "UpdateService": link(UPDATE)}
    if who in ILOS:
        body["Vendor"] = "HPE"
        body["Oem"] = {"Hpe": {"Manager": [{"ManagerType": ILOS[who]}]}}
        body["ProtocolFeaturesSupported"] = {"ExpandQuery": {"NoLinks": True}}
    elif who in GENERIC:
        for name in "vendor", "product":
            if GENERIC[who][name]:
                body[name.capitalize()] = GENERIC[who][name]
    return body


def hpe_service(who):
    def action(name):
        return {"target": HPE_ACTIONS + name}
    return {"State": "Idle", "Accept3rdPartyFirmware": False, "DowngradePolicy": "AllowDowngrade",
            "Capabilities": {} if who == "ilo5-old" else {"UpdateFWPKG": True},
            "ComponentRepository": link(UPDATE + "/ComponentRepository"),
            "InstallSets": link(UPDATE + "/InstallSets"),
            "UpdateTaskQueue": link(UPDATE + "/UpdateTaskQueue"),
            "Actions": {"#HpeiLOUpdateServiceExt." + name: action(name)
                        for name in ("AddFromUri", "DeleteUpdateTaskQueueItems", "DeleteUnlockedComponents")}}


def absolute(path):
    return path if path.startswith("/") else UPDATE + "/" + path


def service(who):
    body = {"@odata.id": UPDATE, "Id": "UpdateService", "ServiceEnabled": True, "FirmwareInventory": link(FIRMWARE)}
    simple = {"target": UPDATE + "/Actions/UpdateService.SimpleUpdate",
              "TransferProtocol@Redfish.AllowableValues": ["HTTP", "HTTPS"]}
    if who in ILOS:
        body["HttpPushUri"] = "/cgi-bin/uploadFile"
        body["Actions"] = {"#UpdateService.SimpleUpdate": simple}
        body["Oem"] = {"Hpe": hpe_service(who)}
    else:
        g = GENERIC[who]
        if g["push"]:
            body["HttpPushUri"] = absolute(g["push"])
        if g["multipart"]:
            body["MultipartHttpPushUri"] = absolute(g["multipart"])
        if g["pull"]:
            if who == "ami":
                simple = {"target": UPDATE + "/Actions/SimpleUpdate"}
            body["Actions"] = {"#UpdateService.SimpleUpdate": simple}
    return body


def members(path, names):
    return {"@odata.id": path, "Members": [link(f"{path}/{n}") for n in names], "Members@odata.count": len(names)}


def firmware(who):
    tree = {}
    for i, (name, version, device, targets, kind) in enumerate(ITEMS, 1):
        if kind == "bmc":
            name = ILOS.get(who, GENERIC.get(who, {}).get("product") or "BMC")
        key = str(i) if who in ILOS else f"Installed-{i}" if who == "idrac" else name.replace(" ", "")
        path = f"{FIRMWARE}/{key}"
        tree[path] = {"@odata.id": path, "Id": key, "Name": name, "Version": version, "Updateable": True}
        if who in ILOS:
            tree[path]["Oem"] = {"Hpe": {"DeviceContext": "System Board", "DeviceClass": device, "Targets": targets}}
        else:
            tree[path]["SoftwareId"] = targets[0]
    tree[FIRMWARE] = members(FIRMWARE, [p.rsplit("/", 1)[1] for p in tree])
    return tree


def redfish(who):
    system, manager = ROOT + "/Systems/1", ROOT + "/Managers/1"
    tree = {ROOT: root(who), UPDATE: service(who), ROOT + "/Systems": members(ROOT + "/Systems", ["1"]),
            ROOT + "/Managers": members(ROOT + "/Managers", ["1"]),
            system: {"@odata.id": system, "Model": "ProLiant Emulated", "SerialNumber": "EMU1", "BiosVersion": "U99 v1.00",
                     "PowerState": "On", "Manufacturer": GENERIC.get(who, {}).get("vendor") or "HPE",
                     "Actions": {"#ComputerSystem.Reset": {"target": system + "/Actions/ComputerSystem.Reset",
                                 "ResetType@Redfish.AllowableValues": ["On", "ForceRestart", "GracefulRestart"]}}},
            manager: {"@odata.id": manager, "Model": ILOS.get(who, "BMC"), "FirmwareVersion": "1.00"},
            ROOT + "/TaskService": {"@odata.id": ROOT + "/TaskService", "Tasks": link(ROOT + "/TaskService/Tasks")},
            ROOT + "/TaskService/Tasks": members(ROOT + "/TaskService/Tasks", [])}
    for name in ("ComponentRepository", "UpdateTaskQueue", "InstallSets") if who in ILOS else ():
        tree[f"{UPDATE}/{name}"] = members(f"{UPDATE}/{name}", [])
    if who in ILOS:
        tree[UPDATE + "/ComponentRepository"]["Oem"] = {"Hpe": {"FreeSizeBytes": 800000000, "TotalSizeBytes": 1000000000}}
    tree |= firmware(who)
    for path, body in tree.items(): # the standard wants these of each
        body.setdefault("Id", path.rsplit("/", 1)[1])
        body.setdefault("Name", body["Id"])
        body.setdefault("UUID", "00000000-0000-0000-0000-000000000001")
    return tree


def ilo4(old):
    """REST before 2.30 (old), and Redfish by Hp's words."""
    base = "/rest/v1" if old else ROOT
    service_path = base + "/Managers/1/UpdateService"
    def one(key, name, version):
        return {key: [{"Key": key, "Name": name, "Location": "System Board", "VersionString": version, "Updateable": True}]}
    tree = {base: {"Oem": {"Hp": {"Manager": [{"ManagerType": "iLO 4"}]}},
                   "links": {"Systems": {"href": base + "/Systems"}, "Sessions": {"href": base + "/Sessions"}}},
            base + "/Systems/1": {"Model": "ProLiant Emulated Gen9", "SerialNumber": "EMU4",
                                  "Bios": {"Current": {"VersionString": "I36 v1.40"}}},
            base + "/Managers/1": {"Model": "iLO 4", "Firmware": {"Current": {"VersionString": "iLO 4 v2.50"}}},
            base + "/Systems/1/FirmwareInventory": {"Current": one("SystemBMC", "iLO", "2.50 Sep 23 2016")
                                                    | one("SystemRomActive", "System ROM", "I36 v1.40 (01/01/2015)")},
            service_path: {"Type": "HpiLOFirmwareUpdate.1.0.0", "State": "IDLE", "ProgressPercent": 0}}
    if not old:
        del tree[ROOT]["links"]
        tree[ROOT] |= {"Links": {"Sessions": link(ROOT + "/SessionService/Sessions")}, "Systems": link(ROOT + "/Systems")}
        tree[service_path]["Actions"] = {"#HpiLOFirmwareUpdate.InstallFromURI": {
            "target": service_path + "/Actions/HpiLOFirmwareUpdate.InstallFromURI"}}
    return tree


def captured(folder):
    tree = {}
    for where, _, files in os.walk(folder):
        if "index.json" in files:
            path = ROOT + "/" + os.path.relpath(where, folder)
            try:
                with open(os.path.join(where, "index.json")) as f:
                    tree[path.removesuffix("/.")] = json.load(f)
            except ValueError:
                pass
    return tree


def personality(who):
    if "/" in who:
        return captured(who)
    if who in ("ilo4", "ilo4-old"):
        return ilo4(who == "ilo4-old")
    return redfish(who) if who in ILOS or who in GENERIC else {}
