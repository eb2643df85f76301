"""What an address of a camera may look like; which hosts may be asked says `kernel.web.outgoing`."""

from __future__ import annotations

from enum import StrEnum
from urllib.parse import parse_qsl, urlsplit

SCHEMES = {"hls": ("http", "https"), "mjpeg": ("http", "https"), "rtsp": ("rtsp", "rtsps"),
           "webrtc": ("http", "https", "wss", "ws")}  # fmt: skip
#: Names of parts of an address that hold a secret.
SECRETS = ("token", "password", "passwd", "pwd", "secret", "auth", "sign", "signature", "key", "accesskey", "ticket")


class Problem(StrEnum):
    SHAPE = "shape"
    SCHEME = "scheme"
    SECRET = "secret"  # noqa: S105  the name of a problem


def problem_of(url: str, protocol: str) -> Problem | None:
    """What is wrong with an address, None when nothing is."""
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        return Problem.SHAPE
    if not parts.scheme or not parts.hostname or port == 0 or parts.fragment:
        return Problem.SHAPE
    if any(sign.isspace() or not sign.isprintable() for sign in url):
        return Problem.SHAPE
    if protocol in SCHEMES and parts.scheme not in SCHEMES[protocol]:
        return Problem.SCHEME
    named = {name.lower() for name, _value in parse_qsl(parts.query, keep_blank_values=True)}
    if parts.username is not None or parts.password is not None or named & set(SECRETS):
        return Problem.SECRET
    return None
