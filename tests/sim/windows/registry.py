#!/usr/bin/env python3
"""The registry of an emulated Windows server, as a .reg file on standard output.

    registry.py [serial=X] [uuid=X] [bios=X] [build=N] [agent=VERSION] [pending=1] [bitlocker=1]

Written from the documentation of Windows and of SMBIOS (DSP0134): no machine's.

SPDX-License-Identifier: Apache-2.0
"""
import struct
import sys
import uuid

SETTINGS = {"serial": "FT0123456X", "uuid": "33221100-5544-7766-8899-aabbccddeeff", "bios": "T77 v1.20 (03/04/2024)",
            "build": "20348", "agent": "1.0.0.0", "pending": "", "bitlocker": ""}
for word in sys.argv[1:]:
    key, _, value = word.partition("=")
    if key not in SETTINGS:
        sys.exit(f"registry.py: unknown setting {key}")
    SETTINGS[key] = value

CLASS = r"SYSTEM\CurrentControlSet\Control\Class"
NT = r"SOFTWARE\Microsoft\Windows NT\CurrentVersio0"  # pipes.py says why
UNINSTALL = r"SOFTWARE\Microsoft\Windows\CurrentVersion\Uninstall"
UNINSTALL32 = r"SOFTWARE\WOW6432Node\Microsoft\Windows\CurrentVersion\Uninstall"
PACKAGES = r"SOFTWARE\Microsoft\Windows\CurrentVersion\Component Based Servicing\Packages"
NET, DISK, FIRMWARE = ("{4d36e972-e325-11ce-bfc1-08002be10318}", "{4d36e97b-e325-11ce-bfc1-08002be10318}",
                       "{f2e7dd72-6468-4e36-b6f1-6488f42c1b52}")


def structure(kind, handle, body, *strings):
    """One SMBIOS structure; its strings are numbered from 1."""
    text = b"".join(s.encode() + b"\0" for s in strings) or b"\0"
    return struct.pack("<BBH", kind, 4 + len(body), handle) + body + text + b"\0"


def slot(handle, name, number, used, bus, device, function):
    body = struct.pack("<BBBBBHBBHBB", 1, 0xB5, 0x0D, used, 4, number, 0x0C, 0x01, 0, bus, device << 3 | function)
    return structure(9, handle, body, name)


def smbios():
    identity = uuid.UUID(SETTINGS["uuid"]).bytes_le
    date = "03/04/2024"
    bios = struct.pack("<BBHBBQHBBBB", 1, 2, 0xF000, 3, 0xFF, 0x08, 0x0300, 1, 20, 2, 72)
    system = struct.pack("<BBBB", 1, 2, 3, 4) + identity + struct.pack("<BBB", 6, 5, 6)
    board = struct.pack("<BBBBBBBHB", 1, 2, 3, 4, 0, 1, 5, 0x0300, 10) + b"\0"
    chassis = struct.pack("<BBBBB", 1, 0x17, 2, 3, 4) + struct.pack("<BBBBIBBBB", 3, 3, 3, 3, 0, 2, 2, 0, 0)
    memory = struct.pack("<HHHHHBBBBBHHBBBB", 0x1000, 0xFFFE, 72, 64, 0x7FFF, 9, 0, 1, 2, 0x1A, 0, 3200, 3, 4, 5, 6)
    memory += struct.pack("<BIH", 2, 32768, 3200)
    table = structure(0, 0, bios, "Fettle Works", "T77", date)
    table += structure(1, 1, system, "Fettle Works", "Anvil 7 Gen2", "A1", SETTINGS["serial"], "P00-001", "Anvil")
    table += structure(2, 2, board, "Fettle Works", "Anvil Board", "B1", "BRD0042", "Bay 1")
    table += structure(3, 3, chassis, "Fettle Works", "C1", SETTINGS["serial"], "ASSET-9")
    table += slot(9, "PCI-E Slot 1", 1, 4, 0x12, 0, 0)
    table += slot(10, "PCI-E Slot 2", 2, 3, 0xFF, 0x1F, 7)
    table += structure(17, 11, memory, "PROC 1 DIMM 1", "Bank 1", "Fettle Works", "DIMM77", "A", "P11-111")
    table += structure(127, 0xFEFF, b"")
    return struct.pack("<BBBBI", 0, 3, 3, 0, len(table)) + table


def quoted(text):
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'


def value(v):
    if isinstance(v, bytes):
        return "hex:" + ",".join(f"{b:02x}" for b in v)
    if isinstance(v, int):
        return f"dword:{v:08x}"
    if isinstance(v, list):
        data = "".join(s + "\0" for s in v).encode("utf-16-le") + b"\0\0"
        return "hex(7):" + ",".join(f"{b:02x}" for b in data)
    return quoted(v)


def key(path, **values):
    print(f"\r\n[HKEY_LOCAL_MACHINE\\{path}]\r")
    for name, v in values.items():
        print(f"{quoted(name)}={value(v)}\r")


def driver(group, number, title, **values):
    key(CLASS + "\\" + group, Class=title)
    key(CLASS + "\\" + group + f"\\{number:04d}", **values)


def resource(identity, kind, version, lowest, status):
    key(r"HARDWARE\UEFI\ESRT" + "\\{" + identity + "}", Type=kind, Version=version,
        LowestSupportedVersion=lowest, LastAttemptVersion=version, LastAttemptStatus=status, Flags=0)


def machine():
    vendor, product, date = "Fettle Works", "Anvil 7 Gen2", "03/04/2024"
    key(r"HARDWARE\DESCRIPTION\System\BIOS", BIOSVendor=vendor, BIOSVersion=SETTINGS["bios"], BIOSReleaseDate=date,
        BiosMajorRelease=1, BiosMinorRelease=20, ECFirmwareMajorRelease=2, ECFirmwareMinorRelease=72,
        SystemManufacturer=vendor, SystemProductName=product, SystemFamily="Anvil", SystemSKU="P00-001",
        BaseBoardManufacturer=vendor, BaseBoardProduct="Anvil Board", BaseBoardVersion="B1")
    key(r"HARDWARE\DESCRIPTION\System\CentralProcessor\0", ProcessorNameString="Fettle Hammer 3.0 GHz",
        **{"Update Revision": bytes([0, 0, 0, 0, 0xF1, 0x03, 0x00, 0x0D])})
    key(r"SYSTEM\CurrentControlSet\Services\mssmbios\Data", SMBiosData=smbios())
    key(r"SYSTEM\CurrentControlSet\Control\ComputerName\ComputerName", ComputerName="ANVIL7")
    key(r"SYSTEM\CurrentControlSet\Services\Tcpip\Parameters", Hostname="anvil7", Domain="example.org")
    resource("0a1b2c3d-0000-4000-8000-00000000f001", 1, 0x00010014, 0x00010000, 0)
    resource("0a1b2c3d-0000-4000-8000-00000000f002", 2, 0x00000005, 0x00000001, 2)


def system():
    build = SETTINGS["build"]
    key(NT, ProductName="Windows Server 2022 Standard", EditionID="ServerStandard", InstallationType="Server",
        DisplayVersion="21H2", ReleaseId="2009", CurrentBuild=build, CurrentBuildNumber=build, UBR=2340,
        CurrentVersion="6.3", CurrentMajorVersionNumber=10, CurrentMinorVersionNumber=0, SystemRoot="C:\\Windows",
        PathName="C:\\Windows", BuildLabEx=f"{build}.1.amd64fre.fe_release.210507-1500", InstallDate=1700000000)
    key(PACKAGES)
    for number, state in (("5034439", 112), ("5035857", 112), ("5036909", 32)):
        key(PACKAGES + f"\\Package_for_KB{number}~31bf3856ad364e35~amd64~~{build}.2340.1.7", CurrentState=state,
            InstallName=f"Package_for_KB{number}.mum", InstallTimeHigh=31094512, InstallTimeLow=1234567890)
    if SETTINGS["pending"]:
        key(r"SOFTWARE\Microsoft\Windows\CurrentVersion\Component Based Servicing\RebootPending")
        key(r"SYSTEM\CurrentControlSet\Control\Session Manager", PendingFileRenameOperations=[r"\??\C:\Windows\Temp\x", ""])
    else:
        key(r"SYSTEM\CurrentControlSet\Control\Session Manager", ObjectDirectories=["\\Windows", "\\RPC Control"])
    if SETTINGS["bitlocker"]:
        key(r"SYSTEM\CurrentControlSet\Control\BitlockerStatus", BootStatus=1)


def drivers():
    driver(NET, 0, "Net", DriverDesc="Fettle Gigabit Adapter", DriverVersion="20.1.1.5", DriverDate="6-21-2023",
           ProviderName="Fettle Works", InfPath="oem3.inf", MatchingDeviceId="pci\\ven_1dd8&dev_1003")
    driver(NET, 1, "Net", DriverDesc="WAN Miniport (IP)", DriverVersion="10.0.20348.1", DriverDate="6-21-2006",
           ProviderName="Microsoft", InfPath="netrasa.inf", MatchingDeviceId="ms_ndiswanip")
    driver(DISK, 0, "SCSIAdapter", DriverDesc="Fettle Array Controller", DriverVersion="100.20.0.64",
           DriverDate="11-2-2022", ProviderName="Fettle Works", InfPath="oem7.inf",
           MatchingDeviceId="pci\\ven_9005&dev_028f")
    driver(FIRMWARE, 0, "Firmware", DriverDesc="System Firmware", DriverVersion="1.20.0.0", DriverDate="3-4-2024",
           ProviderName="Fettle Works", InfPath="oem9.inf", MatchingDeviceId="uefi\\res_{0a1b2c3d}")


def services():
    for name, kind, start, image in (("FettleAgent", 0x10, 2, "\"C:\\Program Files\\Fettle Works\\agent.exe\" -k"),
                                     ("FettleHost", 0x20, 3, "%SystemRoot%\\system32\\svchost.exe -k fettle"),
                                     ("FettleNic", 1, 0, "C:\\drivers\\nic.sys")):  # a driver
        key(r"SYSTEM\CurrentControlSet\Services" + "\\" + name, Type=kind, Start=start, ImagePath=image, DisplayName=name + " 7")


def software():
    key(UNINSTALL)
    key(UNINSTALL + r"\Test Agent", DisplayName="Test Agent", DisplayVersion=SETTINGS["agent"],
        Publisher="Fettle Works", InstallDate="20240301", UninstallString="C:\\agent\\uninstall.exe")
    key(UNINSTALL + r"\{90160000-0001-0000-1000-0000000FF1CE}", DisplayName="Größen-Werkzeug", DisplayVersion="16.0.1",
        Publisher="Fettle Works GmbH", WindowsInstaller=1)
    key(UNINSTALL + r"\KB5035857", DisplayName="Update", ParentKeyName="OperatingSystem", SystemComponent=1)
    key(UNINSTALL32)
    key(UNINSTALL32 + r"\Old Tool", DisplayName="Old Tool", DisplayVersion="2.5", Publisher="Fettle Works")


sys.stdout.reconfigure(encoding="utf-16-le", newline="")
print("\ufeffWindows Registry Editor Version 5.00\r")
for part in (machine, system, drivers, services, software):
    part()
