#!/usr/bin/python3
"""The emulated Windows server seen by impacket, another implementation of SMB
and DCE/RPC: prints the dialect, a value of the registry and the state of a
service. By Debian's own Python, for which python3-impacket is.

    impacket-check.py USER PASSWORD KEY VALUE SERVICE

SPDX-License-Identifier: Apache-2.0
"""
import sys

from impacket.dcerpc.v5 import rrp, scmr, transport
from impacket.smbconnection import SMBConnection

user, password, key, value, service = sys.argv[1:6]
smb = SMBConnection("127.0.0.1", "127.0.0.1", timeout=60)
smb.login(user, password)
print(f"dialect {smb.getDialect():#06x}")


def pipe(name, interface):
    t = transport.SMBTransport("127.0.0.1", filename=name, smb_connection=smb)
    rpc = t.get_dce_rpc()
    rpc.connect()
    rpc.bind(interface)
    return rpc


registry = pipe(r"\winreg", rrp.MSRPC_UUID_RRP)
root = rrp.hOpenLocalMachine(registry)["phKey"]
opened = rrp.hBaseRegOpenKey(registry, root, key)["phkResult"]
print("value", rrp.hBaseRegQueryValue(registry, opened, value)[1].rstrip("\0"))

services = pipe(r"\svcctl", scmr.MSRPC_UUID_SCMR)
manager = scmr.hROpenSCManagerW(services)["lpScHandle"]
handle = scmr.hROpenServiceW(services, manager, service + "\0")["lpServiceHandle"]
print("type", scmr.hRQueryServiceConfigW(services, handle)["lpServiceConfig"]["dwStartType"])
