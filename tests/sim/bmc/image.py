# image.py - firmware images that an emulated BMC takes.  A head line, then
# as many bytes as it says:
#   FETTLE-EMULATED-FIRMWARE {"target": "t1", "version": "2.00", "sha256": ..., "signed": true}
#
#   python3 FOLDER image FILE TARGET VERSION [SIZE] [unsigned|corrupt]
#
# SPDX-License-Identifier: Apache-2.0
import hashlib, json, random

MAGIC = b"FETTLE-EMULATED-FIRMWARE "


def make(target, version, size=2000, how=""):
    data = random.Random(target + version).randbytes(int(size))
    head = {"target": target, "version": version, "sha256": hashlib.sha256(data).hexdigest(),
            "signed": how != "unsigned"}
    if how == "corrupt":
        data = data[:-1] + bytes([data[-1] ^ 1])
    return MAGIC + json.dumps(head).encode() + b"\n" + data


def read(data):
    """The head, or why it is no image: the key of a message."""
    line, _, rest = data.partition(b"\n")
    if not line.startswith(MAGIC):
        return None, "UpdateInvalidFile"
    head = json.loads(line[len(MAGIC):])
    if not head["signed"]:
        return None, "UpdateSignatureMissing"
    if hashlib.sha256(rest).hexdigest() != head["sha256"]:
        return None, "UpdateInvalidFile"
    return head, None


def main(args):
    with open(args[0], "wb") as f:
        f.write(make(*args[1:]))
