"""How a device of another protocol is known at the door: by its number there and the credential of that protocol.

Without Django: the gateway and the services make the same digest.
"""

from __future__ import annotations

import hashlib

#: Protocols by the word under which a link is kept.
HJ212, SL651, JT808 = "hj212", "sl651", "jt808"
PROTOCOLS = (HJ212, SL651, JT808)
#: Counted like them; a device that is asked has no number and no credential.
MODBUS = "modbus"


def secret_hash(protocol: str, number: str, secret: str) -> str:
    """What is kept of a device's password: SHA-256 in hex, different for each device.

    The passwords of these protocols are short and travel in clear, so the digest hides them from a reader of the
    records, not from one who tries all.
    """
    return hashlib.sha256(f"{protocol}:{number}:{secret}".encode("utf-8", "surrogatepass")).hexdigest()


def point_code(device: str, sensor: str) -> str:
    """The code of the point that takes a sensor's values unless the link says otherwise."""
    return f"{device}/{sensor}"
