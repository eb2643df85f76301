"""A message of ours: CAP 1.2 in UTF-8, signed when a key is given, and never one that our own reader would refuse."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import timedelta

from cryptography import x509

from anlan.formats import records
from anlan.formats.cap import meaning, schema
from anlan.formats.cap.values import Alert, moment
from anlan.formats.findings import BadMessage, found
from anlan.formats.xmldsig import PrivateKey, sign


@dataclass(frozen=True, slots=True)
class Signer:
    """A key, and the certificates that lead from it to one that the readers know, its own first."""

    key: PrivateKey
    certificates: Sequence[x509.Certificate]


def write(alert: Alert, *, signer: Signer | None = None) -> bytes:
    """The message. Raises BadMessage with all that is wrong with the values, by the places they would stand at."""
    try:
        root = records.build(alert, "alert", schema.SPACE)
    except ValueError as error:
        # A sign that XML cannot hold, such as a null; lxml does not say which.
        raise BadMessage(found("bad_value", "alert", value="", kind="XML")) from error
    findings = list(schema.breaches(root))
    at = moment(alert.sent)
    if at is not None:
        # Judged as of the moment it is sent.
        findings += meaning.judge(replace(alert, version="1.2"), at, timedelta(0))
    if any(one.blocks for one in findings):
        raise BadMessage(*(one for one in findings if one.blocks))
    if signer is not None:
        sign(root, signer.key, signer.certificates)
    return records.written(root)
