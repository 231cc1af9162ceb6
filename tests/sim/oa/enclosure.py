# enclosure.py - what is in an emulated enclosure, and how an OA writes it: as
# xmldata, as SOAP, as lines of its command line.
#
# SPDX-License-Identifier: Apache-2.0
from xml.sax.saxutils import escape

UNKNOWN = "[Unknown]"


def blade(bay, name="ProLiant BL460c Gen8", mp="iLO4", firmware="2.50 Sep 23 2016", address=None, rom="I31 06/01/2015",
          **more):
    return dict({"bay": bay, "name": name, "mp": mp, "firmware": firmware, "rom": rom, "pic": "3.3.0",
                 "address": address or "0.0.0.0", "serial": f"SIMBL{bay:0>4}", "part": "641016-B21",
                 "host": f"ilo-bay{bay.lower()}"}, **more)


def module(bay, name, firmware, address="0.0.0.0", fabric="ETH"):
    return {"bay": bay, "name": name, "firmware": firmware, "address": address, "fabric": fabric,
            "serial": f"SIMIC{bay}", "part": "638526-B21"}


def full(net):
    """Two OAs, sixteen blades, two Virtual Connect modules."""
    return {"name": "full", "blades": [blade(str(i), address=f"{net}.1.{i}") for i in range(1, 17)],
            "modules": [module(str(i), "HP VC Flex-10/10D Module", "4.45", f"{net}.2.{i}") for i in (1, 2)]}


def whole(net):
    """The same, with two Fibre Channel switches."""
    e = full(net)
    e["blades"][15]["server"] = "srv16.example.com"
    return dict(e, name="whole", modules=e["modules"] + [
        module(str(i), "Brocade 16Gb/28c SAN Switch", "v9.0.1a", f"{net}.2.{i}", "FIB") for i in (3, 4)])


def mixed(net):
    """What is seldom, all at once."""
    return {"name": "R&D <1>", "blades": [
        blade("1", name="ProLiant BL460c Gen9", firmware="2.55 Aug 16 2017", address=f"{net}.1.1", rom="I36 02/17/2017",
              pic="1.0.9", part="727021-B21", server="srv1.example.com"),
        blade("3", server="not a name", name="ProLiant BL620c G7", mp="iLO3", firmware="1.82 Jan 30 2015", address=f"{net}.1.3", rom="I25 05/05/2011"),
        {"bay": "11", "subsumed": True},
        blade("5A", name="ProLiant BL2x220c G7", mp="iLO3", firmware="1.28 Jan 13 2012", address=f"{net}.1.5"),
        blade("5B", name="ProLiant BL2x220c G7", mp="iLO3", firmware="1.28 Jan 13 2012", address="169.254.1.2"),
        blade("6", firmware=UNKNOWN, rom=UNKNOWN, pic=UNKNOWN, host=".example.com", v6="fd00:77::6"),
        {"bay": "7", "name": "HP StorageWorks D2220sb", "storage": True}],
        "modules": [
            module("1", "HP VC Flex-10/10D Module", "4.45", f"{net}.2.1"),
            module("2", "HP VC Flex-10/10D Module", "4.45", f"{net}.2.2"),
            module("3", "HP 10GbE Pass-Thru Module", UNKNOWN),
            {"bay": "4", "subsumed": True},
            module("5", "HP 6Gb SAS BL Switch", "2.2.15.0", f"{net}.2.5", "SAS"),
            module("7", "Brocade 8/24c SAN Switch", "v7.2.1d", f"{net}.2.7", "FIB")]}


def element(name, value):
    return f"<{name}>{escape(value)}</{name}>\n"


# ---- xmldata

def bays(n):
    return "<BAYS>\n" + "".join(f'<BAY NAME="{i}">\n<SIDE>FRONT</SIDE>\n</BAY>\n' for i in range(1, n + 1)) + "</BAYS>\n"


def item(tag, bay, /, **texts):
    return (f"<{tag}>\n<BAY>\n<CONNECTION>{bay}</CONNECTION>\n</BAY>\n"
            + "".join(element(k, v) for k, v in texts.items()) + f"</{tag}>\n")


def blade_xml(b, old):
    if b.get("subsumed"):
        return item("BLADE", b["bay"], TYPE="SUBSUMED", SPN=UNKNOWN)
    if b.get("storage"):
        return item("BLADE", b["bay"], SPN=b["name"], BSN="SIMSTO7  ", TYPE="STORAGE", MGMTIPADDR="")
    texts = {"MGMTIPADDR": b["address"]}
    if "v6" in b:
        texts.update(MGMTIPV6ADDR_LL="fe80::1/64", MGMTIPV6ADDR1=b["v6"] + "/64")
    texts["MGMTDNSNAME"] = b["host"]
    if not old:
        texts.update(MGMTPN=b["mp"], MGMTFWVERSION=b["firmware"], BLADEROMVER=b["rom"], PWRM=b["pic"],
                     NAME=b.get("server", UNKNOWN))
    return item("BLADE", b["bay"], PN=b["part"], SPN=b["name"], BSN=b["serial"] + "   ", TYPE="SERVER", STATUS="OK", **texts)


def module_xml(m):
    if m.get("subsumed"):
        return item("SWITCH", m["bay"], SPN="Bay Subsumed")
    return item("SWITCH", m["bay"], MGMTIPADDR=m["address"], MGMTURL="", BSN=m["serial"], PN=m["part"], FWRI=m["firmware"],
                FABRICTYPE="INTERCONNECT_TYPE_" + m["fabric"], SPN=m["name"])


def manager_xml(o, here):
    return item("MANAGER", o.bay, MGMTIPADDR=o.address, NAME=o.name, ROLE=o.role, FWRI=o.version,
                YOUAREHERE="true" if o is here else "false", BSN=o.serial + "    ",
                SPN="BladeSystem c7000 DDR2 Onboard Administrator with KVM")


def xmldata(e, oas, here, old=False):
    s = '<?xml version="1.0"?>\n<RIMP>\n<MP>\n<ST>1</ST>\n' + element("PRIM", "true" if here.role == "ACTIVE" else "false")
    s += element("PN", "BladeSystem c7000 DDR2 Onboard Administrator with KVM") + element("FWRI", here.version)
    s += element("HWRI", "65.50") + element("SN", here.serial + "   ") + "</MP>\n<INFRA2>\n" + element("RACK", "UnnamedRack")
    s += element("ENCL", e["name"]) + element("PN", "BladeSystem c7000 Enclosure G3") + element("ENCL_SN", "SIMENC0001")
    s += element("PART", "681844-B21")
    if here.role == "ACTIVE":
        s += "<BLADES>\n" + bays(16) + "".join(blade_xml(b, old) for b in e["blades"]) + "</BLADES>\n"
        s += "<SWITCHES>\n" + bays(8) + "".join(module_xml(m) for m in e["modules"]) + "</SWITCHES>\n"
    s += "<MANAGERS>\n" + bays(2) + "".join(manager_xml(o, here) for o in oas) + "</MANAGERS>\n"
    if here.role == "ACTIVE":
        s += "<LCDS>\n" + item("LCD", 1, SPN="BladeSystem c7000 Insight Display", FWRI="2.5.5", PN="519349-001") + "</LCDS>\n"
        s += "<FANS>\n" + bays(10) + item("FAN", 1, PN="412140-B21", PRODUCTNAME="Active Cool 200 Fan") + "</FANS>\n"
        s += "<POWER>\n" + bays(6) + item("POWERSUPPLY", 1, SN="SIMPS1", FWRI="0.00", PN="733459-B21") + "</POWER>\n"
    return s + "<VCM>\n<vcmMode>false</vcmMode>\n<vcmUrl>empty</vcmUrl>\n</VCM>\n</INFRA2>\n</RIMP>\n"


# ---- SOAP

def hpoa(name, /, **texts):
    return f"<hpoa:{name}>" + "".join(f"<hpoa:{k}>{escape(v)}</hpoa:{k}>" for k, v in texts.items()) + f"</hpoa:{name}>"


def soap(method, e, oas, here, bay):
    """The answer to a method that reads, or None."""
    if method == "getEnclosureInfo":
        return hpoa("enclosureInfo", rackName="UnnamedRack", enclosureName=e["name"], name="BladeSystem c7000 Enclosure G3",
                    partNumber="681844-B21", serialNumber="SIMENC0001")
    if method == "getOaInfoArray":
        return "<hpoa:oaInfoArray>" + "".join(hpoa(
            "oaInfo", bayNumber=str(o.bay), youAreHere="true" if o is here else "false",
            name="BladeSystem c7000 DDR2 Onboard Administrator with KVM", serialNumber=o.serial, fwVersion=o.version)
            for o in oas) + "</hpoa:oaInfoArray>"
    if method == "getOaStatusArray":
        return "<hpoa:oaStatusArray>" + "".join(hpoa("oaStatus", bayNumber=str(o.bay), oaName=o.name, oaRole=o.role)
                                                for o in oas) + "</hpoa:oaStatusArray>"
    if method == "getOaNetworkInfo":
        found = [o for o in oas if str(o.bay) == bay]
        return hpoa("oaNetworkInfo", bayNumber=bay, ipAddress=found[0].address if found else "0.0.0.0")
    servers = [b for b in e["blades"] if "mp" in b and b["bay"].isdigit()]
    if method == "getBladeInfoArray":
        return "<hpoa:bladeInfoArray>" + "".join(hpoa("bladeInfo", bayNumber=b["bay"], name=b["name"], partNumber=b["part"],
                                                      serialNumber=b["serial"]) for b in servers) \
            + hpoa("bladeInfo", bayNumber="16", name=UNKNOWN, serialNumber=UNKNOWN) * (len(servers) < 16) + "</hpoa:bladeInfoArray>"
    if method == "getBladeMpInfoArray":
        return "<hpoa:bladeMpInfoArray>" + "".join(hpoa(
            "bladeMpInfo", bayNumber=b["bay"], ipAddress=b["address"], dnsName=b["host"], modelName=b["mp"],
            fwVersion=b["firmware"]) for b in servers) + "</hpoa:bladeMpInfoArray>"
    if method == "getInterconnectTrayInfoArray":
        return "<hpoa:interconnectTrayInfoArray>" + "".join(
            "<hpoa:interconnectTrayInfo>" + "".join(element("hpoa:" + k, v) for k, v in (
                ("bayNumber", m["bay"]), ("interconnectTrayType", "INTERCONNECT_TYPE_" + m["fabric"]), ("name", m["name"]),
                ("partNumber", m["part"]), ("serialNumber", m["serial"]), ("inBandIpAddress", m["address"])))
            + f'<hpoa:extraData hpoa:name="swmFWVersion">{m["firmware"]}</hpoa:extraData></hpoa:interconnectTrayInfo>'
            for m in e["modules"] if "name" in m) + "</hpoa:interconnectTrayInfoArray>"
    if method == "getPowerSupplyInfoArray":
        return hpoa("powerSupplyInfo", bayNumber="1", name="Power supply", partNumber="733459-B21", serialNumber="SIMPS1",
                    fwVersion="0.00")
    if method == "getFanInfoArray":
        return hpoa("fanInfo", bayNumber="1", name="Active Cool 200 Fan", partNumber="412140-B21")
    return None


# ---- the command line

def lines(title, /, **texts):
    return title + "\n" + "".join(f"\t{k.replace('_', ' ')}: {v}\n" for k, v in texts.items()) + "\n"


def blade_lines(b):
    if b.get("storage"):
        return lines(f"Server Blade #{b['bay']} Information:", Type="Storage Blade", Product_Name=b["name"],
                     Serial_Number="SIMSTO7  ")
    return lines(f"Server Blade #{b['bay']} Information:", Type="Server Blade", Manufacturer="HP", Product_Name=b["name"],
                 Part_Number=b["part"], Serial_Number=b["serial"] + "   ", Server_Name=b.get("server", UNKNOWN), ROM_Version=b["rom"]) \
        + lines("\tManagement Processor Information:", Type=b["mp"], Name=b["host"], Firmware_Version=b["firmware"],
                IP_Address=b["address"], MAC_Address="9C:B6:54:00:00:01",
                Power_Management_Controller_Version=b["pic"])


def module_lines(m):
    if not m:
        return None
    if m.get("subsumed"):
        return f"{m['bay']}. Interconnect Module Type: Bay Subsumed\n\n"
    texts = {"Product_Name": m["name"], "Width": "Single", "URL_to_Management_interface": "[Unknown]",
             "Part_Number": m["part"], "Serial_Number": m["serial"], "Management_IP_Address": m["address"]}
    if m["firmware"] != UNKNOWN:
        texts["Firmware_Version"] = m["firmware"]
    return lines(f"{m['bay']}. " + {"ETH": "Ethernet", "FIB": "Fibre Channel", "SAS": "SAS"}[m["fabric"]], **texts)


def cli(command, e, oas, here):
    """The answer to a command that shows, or None."""
    words = command.split()
    if words[:2] == ["show", "oa"] and here.role == "STANDBY" and words[2:3] == ["status"]:
        return lines(f"Onboard Administrator #{here.bay}:", Name=here.name, Role="Standby", UID="Off", Status="OK") \
            + "".join(lines(f"Onboard Administrator #{o.bay}:", Name=o.name, Role="Active", UID="Off", Status="OK")
                      for o in oas if o is not here)
    if here.role == "STANDBY":
        return "This operation must be performed on the Active Onboard Administrator.\n"
    if command == "show enclosure info":
        return lines("Enclosure Information:", Enclosure_Name=e["name"], Enclosure_Type="BladeSystem c7000 Enclosure G3",
                     Part_Number="681844-B21", Serial_Number="SIMENC0001")
    if command == "show oa info all":
        return "".join(f"Onboard Administrator #{o.bay} information:\n\tProduct Name  : BladeSystem c7000 DDR2 Onboard"
                       f" Administrator with KVM\n\tPart Number   : 456204-B21\n\tSpare Part No.: 503826-001\n"
                       f"\tSerial Number : {o.serial}\n\tUUID          : 09{o.serial}\n\tManufacturer  : HP\n"
                       f"\tFirmware Ver. : {o.version} Nov  1 2017\n\tHw Version    : B1\n\n" for o in oas)
    if command == "show oa status all":
        return "".join(lines(f"Onboard Administrator #{o.bay}:", Name=o.name, Role=o.role.capitalize(), UID="Off")
                       for o in oas)
    if command == "show oa network all":
        return "".join(lines(f"Onboard Administrator #{o.bay} Network Information:", Name=o.name, IP_Address=o.address)
                       for o in oas)
    if command == "show server info all":
        known = {b["bay"]: b for b in e["blades"] if not b.get("subsumed")}
        names = [n for i in range(1, 17) for n in (str(i), f"{i}A", f"{i}B") if n in known or n == str(i)]
        return "".join(blade_lines(known[n]) if n in known else
                       lines(f"Server Blade #{n} Information:", Server_Blade_Type="No Server Blade Installed")
                       for n in names if n in known or n + "A" not in known)
    if command == "show interconnect info all":
        known = {m["bay"]: m for m in e["modules"]}
        return "".join(module_lines(known.get(str(i))) or f"{i}. <absent>\n\n" for i in range(1, 9))
    if command == "show enclosure fan all":
        return lines("Fan #1 information:", Status="OK", Product_Name="Active Cool 200 Fan", Part_Number="412140-B21")
    if command == "show enclosure powersupply all":
        return lines("Power Supply #1 Information:", Status="OK", Product_Name="Power supply", Part_Number="733459-B21",
                     Serial_Number="SIMPS1", Firmware_Version="0.00")
    return None
