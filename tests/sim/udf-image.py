#!/usr/bin/env python3
"""Makes an image whose file system is UDF alone out of one by genisoimage -udf,
which has ISO 9660 beside it: udf-image.py IN OUT [--halves FILE] [--inline FILE]

--halves: the second half of the file lies before the first.  --inline: the
file's bytes are in its entry.  Both as UDF allows it, and as discs that were
written bit by bit look.
SPDX-License-Identifier: Apache-2.0
"""
import argparse
import struct

BLOCK = 2048


def crc(data):
    value = 0
    for byte in data:
        value ^= byte << 8
        for _ in range(8):
            value = (value << 1 ^ (0x1021 if value & 0x8000 else 0)) & 0xffff
    return value


def sealed(entry, length):
    """A descriptor with its tag's sums made anew."""
    entry = bytearray(entry)
    struct.pack_into("<HH", entry, 8, crc(entry[16:length]), length - 16)
    entry[4] = 0
    entry[4] = sum(entry[:16]) & 0xff
    return bytes(entry).ljust(BLOCK, b"\0")


def entry_of(image, data):
    """The block of the file entry whose only extent has these bytes."""
    for block in range(256, len(image) // BLOCK):
        at = block * BLOCK
        tag, size = struct.unpack_from("<H", image, at)[0], struct.unpack_from("<Q", image, at + 56)[0]
        if tag != 261 or size != len(data) or image[at + 27] != 5 or image[at + 34] & 7:
            continue
        attributes, = struct.unpack_from("<I", image, at + 168)
        length, position = struct.unpack_from("<II", image, at + 176 + attributes)
        for start in range(257, len(image) // BLOCK):
            if start - position >= 0 and image[start * BLOCK:start * BLOCK + len(data)] == data:
                return at, 176 + attributes, position, start
    raise SystemExit("no entry of that file")


def halves(image, data):
    at, where, position, start = entry_of(image, data)
    assert len(image[start * BLOCK:]) >= len(data)
    blocks = -(-len(data) // BLOCK)
    head = blocks // 2
    mixed = data[head * BLOCK:].ljust((blocks - head) * BLOCK, b"\0") + data[:head * BLOCK]
    image[start * BLOCK:(start + blocks) * BLOCK] = mixed
    entry = bytearray(image[at:at + BLOCK])
    struct.pack_into("<I", entry, 172, 16)
    struct.pack_into("<IIII", entry, where, head * BLOCK, position + blocks - head,
                     len(data) - head * BLOCK, position)
    image[at:at + BLOCK] = sealed(entry, where + 16)


def inline(image, data):
    at, where, _, _ = entry_of(image, data)
    entry = bytearray(image[at:at + where])
    flags, = struct.unpack_from("<H", entry, 34)
    struct.pack_into("<H", entry, 34, flags | 3)
    struct.pack_into("<I", entry, 172, len(data))
    struct.pack_into("<Q", entry, 64, 0)
    image[at:at + BLOCK] = sealed(bytes(entry) + data, where + len(data))


def udf_alone(image):
    """The recognition sequence without ISO 9660's part."""
    sectors = [bytes(image[n * BLOCK:(n + 1) * BLOCK]) for n in range(16, 32)]
    ours = [s for s in sectors if s[1:6] in (b"BEA01", b"NSR02", b"NSR03", b"TEA01")]
    assert len(ours) == 3
    image[16 * BLOCK:32 * BLOCK] = b"".join(ours).ljust(16 * BLOCK, b"\0")


parser = argparse.ArgumentParser()
parser.add_argument("image")
parser.add_argument("out")
parser.add_argument("--halves", action="append", default=[])
parser.add_argument("--inline", action="append", default=[])
args = parser.parse_args()
data = bytearray(open(args.image, "rb").read())
for name in args.halves:
    halves(data, open(name, "rb").read())
for name in args.inline:
    inline(data, open(name, "rb").read())
udf_alone(data)
open(args.out, "wb").write(data)
