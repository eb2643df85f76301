"""Bytes of frames as they may be kept and shown: without the password of the device."""

from __future__ import annotations

import re

#: HJ 212-2017: `PW=…;` in every frame.
_PW = re.compile(rb"(PW=)[^;&]*")
#: SL 651-2014, uplink in hexadecimal coding: 7E7E, centre (1), station (5), then the password (2).
_SL651 = slice(8, 10)
#: In ASCII coding: 01, both addresses in 12 signs, then the password in 4.
_SL651_ASCII = re.compile(rb"(\x01[0-9A-Fa-f]{12})([0-9A-Fa-f]{1,4})")
#: JT/T 808: message 0102 is the code itself; its head has 12 bytes after the flag, 17 since 2019 (version bit 14).
_PROVES, _NEWER = b"\x7e\x01\x02", 0x40


def masked(protocol: str, raw: bytes) -> bytes:
    """The frame with asterisks for its password; as many bytes as before, so that its faults can still be seen."""
    if protocol == "hj212":
        return _PW.sub(lambda found: found[1] + b"*" * (len(found[0]) - len(found[1])), raw)
    if protocol == "sl651" and raw.startswith(b"\x7e\x7e"):
        return raw[:8] + b"*" * len(raw[_SL651]) + raw[10:]
    if protocol == "sl651":
        return _SL651_ASCII.sub(lambda found: found[1] + b"*" * len(found[2]), raw)
    if protocol == "jt808" and raw.startswith(_PROVES) and len(raw) > 5:
        head = 18 if raw[3] & _NEWER else 13
        return raw[:head] + b"*" * max(0, len(raw) - head - 2) + raw[-2:] if len(raw) > head + 2 else raw[:head]
    return raw
