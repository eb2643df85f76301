"""Personal data that stands encrypted in the database (S6): readable with the installation's own key only.

AES-SIV (RFC 5297) gives the same text the same cipher, so that a sealed field can be found and compared by its whole
value without anything in clear; parts of it cannot be searched. The key lies beside the database, not in it
(`personal.key` in the data directory): a copy of the database alone says nothing, a backup without it is not complete.
"""

from __future__ import annotations

import base64
import functools
import secrets
from typing import Any

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESSIV
from django.conf import settings
from django.core.exceptions import ImproperlyConfigured
from django.core.validators import MaxLengthValidator
from django.db import models
from django.utils.translation import gettext_lazy as _

from anlan.environment import kept_secret

#: What a sealed value begins with, so that one is never sealed twice.
MARK = "\u2b1a"
KEY_FILE = "personal.key"


@functools.cache
def _cipher(place: str) -> AESSIV:
    text = kept_secret(settings.DATA / KEY_FILE, base64.urlsafe_b64encode(secrets.token_bytes(64)).decode())
    return AESSIV(base64.urlsafe_b64decode(text))


def seal(clear: str) -> str:
    """A text as it is kept: the same text gives the same cipher, an empty one stays empty."""
    if not clear:
        return ""
    cipher = _cipher(str(settings.DATA)).encrypt(clear.encode(), None)
    return MARK + base64.urlsafe_b64encode(cipher).decode()


def unseal(kept: str) -> str:
    """A kept text in clear; one that was never sealed as it is.

    Raises ImproperlyConfigured when it was sealed with another key: the wrong `personal.key` lies in the directory.
    """
    if not kept.startswith(MARK):
        return kept
    try:
        return _cipher(str(settings.DATA)).decrypt(base64.urlsafe_b64decode(kept[len(MARK) :]), None).decode()
    except InvalidTag:
        raise ImproperlyConfigured(
            f"personal data was sealed with another key: bring back {KEY_FILE} that belongs to this database"
        ) from None


class SealedField(models.TextField):
    """Text that is encrypted in the database and clear in Python; `=` and `in` work on it, parts of it do not.

    length  most characters in clear
    """

    description = _("Encrypted text")

    def __init__(self, *args: Any, length: int = 60, **kwargs: Any) -> None:
        self.length = length
        super().__init__(*args, **kwargs)
        self.validators.append(MaxLengthValidator(length))

    def deconstruct(self) -> Any:
        name, path, args, kwargs = super().deconstruct()
        return name, path, args, {**kwargs, "length": self.length}

    def get_prep_value(self, value: Any) -> Any:
        value = super().get_prep_value(value)
        return value if not value or value.startswith(MARK) else seal(value)

    def from_db_value(self, value: Any, _expression: Any, _connection: Any) -> Any:
        return value if value is None else unseal(value)
