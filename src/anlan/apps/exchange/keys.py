"""The key pair by which others know that a message is ours: `exchange.key` in the data directory, made once."""

from __future__ import annotations

import functools
import secrets

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from django.conf import settings

from anlan.environment import kept_secret
from anlan.formats import jws

KEY_FILE = "exchange.key"
#: What the header of our lines says the payload is.
KIND = "anlan-exchange"


@functools.cache
def _read(place: str) -> Ed25519PrivateKey:
    text = kept_secret(settings.DATA / KEY_FILE, jws.written(secrets.token_bytes(32)))
    return Ed25519PrivateKey.from_private_bytes(jws.read(text))


def private_key() -> Ed25519PrivateKey:
    """The half that signs. Raises ValueError when the file holds something else."""
    return _read(str(settings.DATA))


def public_key() -> Ed25519PublicKey:
    """The half that everybody may have."""
    return private_key().public_key()
