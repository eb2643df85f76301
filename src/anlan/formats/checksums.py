"""Checksums of device frames, quick without anything compiled.

Each of them is linear over single bits, so a frame can be folded as one large integer before the last bytes are gone
through one by one, or gone through two bytes at a time with a table of all pairs.
"""

from __future__ import annotations

import struct
from functools import cache

#: Polynomial of CRC-16/MODBUS and of HJ 212, lowest bit first.
_POLYNOMIAL = 0xA001


def _shifted(value: int, bits: int) -> int:
    for _bit in range(bits):
        value = (value >> 1) ^ _POLYNOMIAL if value & 1 else value >> 1
    return value


_BYTE = [_shifted(value, 8) for value in range(256)]
_HIGH = [value >> 8 for value in _BYTE]


@cache
def _pairs() -> list[int]:
    """What each of the 65,536 states of the register becomes after two bytes."""
    table = [0] * 65_536
    for bit in range(16):
        table[1 << bit] = _shifted(1 << bit, 16)
    for value in range(1, 65_536):
        low = value & -value
        table[value] = table[low] ^ table[value ^ low]
    return table


def modbus_crc(data: bytes) -> int:
    """CRC-16/MODBUS: register FFFF, polynomial A001 reflected."""
    pairs, size = _pairs(), len(data)
    crc = 0xFFFF
    for pair in struct.unpack_from(f"<{size >> 1}H", data):
        crc = pairs[crc ^ pair]
    if size & 1:
        crc = (crc >> 8) ^ _BYTE[(crc ^ data[-1]) & 0xFF]
    return crc


def hj212_crc(data: bytes) -> int:
    """The routine of HJ 212: before each byte the register loses its lower half, `(crc >> 8) ^ byte`.

    So only its upper half, one byte, goes from byte to byte, and eight steps with zeros bring that byte back to itself.
    Bytes that lie a multiple of eight apart may therefore be added up before the routine runs over eight of them.
    """
    size = len(data)
    if not size:
        return 0xFFFF
    folded = int.from_bytes(data, "big") ^ 0xFF << 8 * (size - 1)
    span = 64 << max(0, (size - 1).bit_length() - 4)
    while span >= 64:
        folded ^= folded >> span
        span >>= 1
    state = 0
    final = (folded & 0xFFFF_FFFF_FFFF_FFFF).to_bytes(8, "big")
    for byte in final[:7]:
        state = _HIGH[state ^ byte]
    return _BYTE[state ^ final[7]]


def xor(data: bytes) -> int:
    """All bytes added without carry."""
    folded = int.from_bytes(data, "big")
    span = 8 << max(0, (len(data) - 1).bit_length() - 1) if data else 0
    while span >= 8:
        folded ^= folded >> span
        span >>= 1
    return folded & 0xFF
