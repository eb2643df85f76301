"""Recorded messages of neighbours, and certificates made for a test."""

from __future__ import annotations

import os
from datetime import UTC, datetime, timedelta
from functools import cache
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from cryptography.x509.oid import NameOID

SHARED = Path(os.environ.get("ANLAN_SHARED_DATA", Path(__file__).parents[3] / "shared" / "data"))
NOW = datetime(2026, 7, 15, 1, 0, tzinfo=UTC)

Key = ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey | ed25519.Ed25519PrivateKey


def recorded(path: str) -> bytes:
    """A recording; the test skips where recordings are not at hand."""
    file = SHARED / path
    if not file.is_file():
        pytest.skip(f"the recording {path} is not here (ANLAN_SHARED_DATA)")
    return file.read_bytes()


@cache
def key_of(kind: str = "ec", number: int = 0) -> Key:
    """A key, the same for every test of a run."""
    if kind == "rsa":
        return rsa.generate_private_key(65537, 2048)
    return ed25519.Ed25519PrivateKey.generate() if kind == "ed25519" else ec.generate_private_key(ec.SECP256R1())


def certificate(
    name: str, key: Key, by: tuple[str, Key] | None = None, *, ca: bool = False, days: int = 365, since: datetime = NOW,
    signs: bool = True,
) -> x509.Certificate:  # fmt: skip
    """A certificate of a key, signed by another one or by itself."""
    issuer, issuer_key = by or (name, key)
    subject, issued_by = (x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, one)]) for one in (name, issuer))
    usage = x509.KeyUsage(
        digital_signature=signs, content_commitment=False, key_encipherment=not signs, data_encipherment=False,
        key_agreement=False, key_cert_sign=ca, crl_sign=ca, encipher_only=False, decipher_only=False,
    )  # fmt: skip
    builder = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issued_by)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(since - timedelta(days=30))
        .not_valid_after(since + timedelta(days=days))
        .add_extension(x509.BasicConstraints(ca=ca, path_length=None), critical=True)
        .add_extension(usage, critical=True)
    )
    return builder.sign(issuer_key, None if isinstance(issuer_key, ed25519.Ed25519PrivateKey) else hashes.SHA256())
