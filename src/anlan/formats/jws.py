"""Signed messages as one line of text: JSON Web Signature, compact form (RFC 7515), with Ed25519 (RFC 8037).

A line is `header.payload.signature`, each part base64url without padding. Three things are stricter than the RFCs, so
that one message has one line and no other: base64url must be the canonical writing of its bytes, the header holds
exactly `alg`, `kid` and `typ`, and `alg` is EdDSA whatever the line claims (RFC 8725, 3.1).
"""

from __future__ import annotations

import base64
import binascii
import hashlib
from collections.abc import Mapping
from typing import Any

import msgspec
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

ALGORITHM = "EdDSA"
#: Characters of a header; ours have about 110.
MOST_HEADER = 512


class BadLine(ValueError):
    """A line that is not what it must be. `code` is stable: shape, encoding, header, key or signature."""

    def __init__(self, code: str, why: str) -> None:
        super().__init__(why)
        self.code = code


def written(content: bytes) -> str:
    """Bytes as base64url without padding."""
    return base64.urlsafe_b64encode(content).rstrip(b"=").decode("ascii")


def read(text: str) -> bytes:
    """The bytes of base64url without padding. Raises BadLine for any other writing of the same bytes."""
    try:
        content = base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True)
    except (ValueError, binascii.Error) as error:
        raise BadLine("encoding", "a part is not base64url") from error
    if written(content) != text:
        raise BadLine("encoding", "a part is not the canonical base64url of its bytes")
    return content


def public_bytes(key: Ed25519PublicKey) -> bytes:
    """The 32 bytes of a public key."""
    return key.public_bytes(serialization.Encoding.Raw, serialization.PublicFormat.Raw)


def key_of(text: str) -> Ed25519PublicKey:
    """A public key as people hand it on: 43 characters of base64url, or PEM. Raises ValueError."""
    text = text.strip()
    if text.startswith("-----BEGIN"):
        key = serialization.load_pem_public_key(text.encode("ascii"))
        if not isinstance(key, Ed25519PublicKey):
            raise ValueError("this is a key of another kind than Ed25519")
        return key
    return Ed25519PublicKey.from_public_bytes(read(text))


def as_jwk(key: Ed25519PublicKey) -> dict[str, str]:
    """A public key as JSON Web Key (RFC 7517, RFC 8037)."""
    return {"kty": "OKP", "crv": "Ed25519", "x": written(public_bytes(key)), "use": "sig", "alg": ALGORITHM,
            "kid": thumbprint(key)}  # fmt: skip


def as_pem(key: Ed25519PublicKey) -> str:
    """A public key as PEM."""
    form = serialization.PublicFormat.SubjectPublicKeyInfo
    return key.public_bytes(serialization.Encoding.PEM, form).decode("ascii")


def thumbprint(key: Ed25519PublicKey) -> str:
    """The name of a key: SHA-256 over its required members in the order of RFC 7638."""
    members = f'{{"crv":"Ed25519","kty":"OKP","x":"{written(public_bytes(key))}"}}'
    return written(hashlib.sha256(members.encode("ascii")).digest())


def header_of(key: Ed25519PublicKey, kind: str) -> str:
    """The first part of a line signed with the private half of `key`; `kind` says what the payload is."""
    header = {"alg": ALGORITHM, "kid": thumbprint(key), "typ": kind}
    return written(msgspec.json.encode(header))


def signature_of(header: str, payload: bytes, key: Ed25519PrivateKey) -> str:
    """The last part of a line."""
    return written(key.sign(f"{header}.{written(payload)}".encode("ascii")))


def joined(header: str, payload: bytes, signature: str) -> str:
    """The line of its parts."""
    return f"{header}.{written(payload)}.{signature}"


def digest(line: str) -> str:
    """SHA-256 of a line in hex, by which the next one names it."""
    return hashlib.sha256(line.encode("ascii")).hexdigest()


def opened(line: str, keys: Mapping[str, Ed25519PublicKey], kind: str) -> tuple[str, bytes]:
    """The name of the key and the payload of a line that holds.

    keys  the keys that are trusted, by `thumbprint`

    Raises BadLine before anything of the payload is looked at.
    """
    parts = line.split(".")
    if len(parts) != 3 or not line.isascii():
        raise BadLine("shape", "a line is header.payload.signature")
    header, payload, signature = parts
    kid = _kid(header, kind)
    key = keys.get(kid)
    if key is None:
        raise BadLine("key", "the line is signed with a key that is not known here")
    content, sign = read(payload), read(signature)
    try:
        key.verify(sign, f"{header}.{payload}".encode("ascii"))
    except InvalidSignature as error:
        raise BadLine("signature", "the signature does not fit: the line was changed on its way") from error
    return kid, content


def _kid(header: str, kind: str) -> str:
    if len(header) > MOST_HEADER:
        raise BadLine("header", "the header is too long")
    try:
        said: Any = msgspec.json.decode(read(header))
    except (msgspec.DecodeError, RecursionError, UnicodeDecodeError) as error:
        raise BadLine("header", "the header is not JSON") from error
    if not isinstance(said, dict) or set(said) != {"alg", "kid", "typ"} or not isinstance(said["kid"], str):
        raise BadLine("header", "the header holds alg, kid and typ and nothing else")
    if said["alg"] != ALGORITHM or said["typ"] != kind:
        raise BadLine("header", f"alg is {ALGORITHM} and typ is {kind}")
    return said["kid"]
