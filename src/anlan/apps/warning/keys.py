"""The key that our messages are signed with and its certificate: `warning.key` and `warning.crt` in the data directory.

Made once and signed by itself: whoever takes our messages enters the certificate with our sender. A bureau
that has a certificate of an authority puts its own two files there instead, PEM, its own certificate first.
"""

from __future__ import annotations

import functools
from datetime import UTC, datetime
from pathlib import Path
from typing import cast

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
from django.conf import settings

from anlan.environment import kept_secret
from anlan.formats.cap import Signer, certificates_of
from anlan.formats.xmldsig import PrivateKey

KEY_FILE, CERTIFICATE_FILE = "warning.key", "warning.crt"
#: Our own certificate holds from and to fixed days: it is believed because somebody entered it, not for its dates, and
#: a clock that was wrong at the first start must not keep a warning from being issued.
BEGINS, ENDS = datetime(2020, 1, 1, tzinfo=UTC), datetime(2049, 12, 31, tzinfo=UTC)


def signer() -> Signer:
    """Key and certificates, made when there are none yet. Raises ValueError when the files do not fit each other."""
    return _read(str(settings.DATA))


def certificate_pem() -> bytes:
    """Our certificates, for those who take our messages."""
    return b"".join(one.public_bytes(serialization.Encoding.PEM) for one in signer().certificates)


@functools.cache
def _read(place: str) -> Signer:
    folder = Path(place)
    fresh = ec.generate_private_key(ec.SECP256R1())
    written = kept_secret(
        folder / KEY_FILE,
        fresh.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        ).decode(),
    )
    key = cast("PrivateKey", serialization.load_pem_private_key(written.encode(), password=None))
    file = folder / CERTIFICATE_FILE
    if isinstance(key, ec.EllipticCurvePrivateKey) and not file.is_file():
        kept_secret(file, _certificate(key).public_bytes(serialization.Encoding.PEM).decode())
    certificates = certificates_of(file.read_bytes())
    if not certificates or certificates[0].public_key() != key.public_key():
        raise ValueError(f"{CERTIFICATE_FILE} does not begin with the certificate of {KEY_FILE}")
    return Signer(key, certificates)


def _certificate(key: ec.EllipticCurvePrivateKey) -> x509.Certificate:
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "Anlan warnings")])
    return (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(BEGINS)
        .not_valid_after(ENDS)
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(
            x509.KeyUsage(
                digital_signature=True, content_commitment=True, key_encipherment=False, data_encipherment=False,
                key_agreement=False, key_cert_sign=False, crl_sign=False, encipher_only=False, decipher_only=False,
            ),
            critical=True,
        )
        .sign(key, hashes.SHA256())
    )  # fmt: skip
