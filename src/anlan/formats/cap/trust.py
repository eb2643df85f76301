"""Whose signature it is: certificates that lead to one configured for the sender, each within its time."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime

from cryptography import x509
from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.x509.oid import ExtensionOID

from anlan.formats.cap.values import Alert, stamp
from anlan.formats.findings import BadMessage, Finding, found, noted
from anlan.formats.trees import Element
from anlan.formats.xmldsig import Signed, signatures, verify

#: Certificates by the sender they speak for, as `alert/sender` names it. One of an authority stands for all that the
#: authority issues: of a sender with a certificate from a public one, the sender's own belongs here.
Trusted = Mapping[str, Sequence[x509.Certificate]]

#: Certificates from the signer's to the configured one.
_LONGEST = 5


def certificates_of(pem: bytes) -> tuple[x509.Certificate, ...]:
    """Certificates as an office hands them on: PEM, one after the other. Raises ValueError."""
    return tuple(x509.load_pem_x509_certificates(pem))


def judge(
    root: Element, alert: Alert, trusted: Trusted, now: datetime
) -> tuple[Signed | None, bool | None, list[Finding]]:
    """The signature, whether it holds (None: the message has none and needs none), and what is wrong with it.

    A sender with a certificate here is a sender who signs: a message of his without a signature does not hold, or
    whoever takes the signature off would be believed.
    """
    known = tuple(trusted.get(alert.sender, ()))
    if not signatures(root):
        if known:
            return None, False, [found("signature_missing", "alert")]
        return None, None, [noted("unsigned", "alert")]
    try:
        signed = verify(root, "alert")
    except BadMessage as refused:
        return None, False, list(refused.findings)
    findings = list(_judge(signed, alert.sender, known, now))
    if signed.indented and not findings:
        return signed, True, [noted("signature_indented", "alert/Signature")]
    return signed, not findings, findings


def _judge(signed: Signed, sender: str, known: Sequence[x509.Certificate], now: datetime) -> Iterator[Finding]:
    where = "alert/Signature"
    if not signed.certificates and not known:
        yield found("signature_no_certificate", where)
        return
    signer = next((one for one in (*signed.certificates, *known) if signed.fits(one.public_key())), None)
    if signer is None:
        yield found("signature_wrong", where)
        return
    chain = _chain(signer, signed.certificates, known)
    if chain is None:
        yield found("certificate_unknown", where, subject=_subject(signer), sender=sender[:120])
        chain = (signer,)
    if not _may_sign(signer):
        yield found("certificate_use", where, subject=_subject(signer))
    for one in chain:
        if now > one.not_valid_after_utc:
            yield found("certificate_expired", where, subject=_subject(one), at=stamp(one.not_valid_after_utc))
        elif now < one.not_valid_before_utc:
            yield found("certificate_early", where, subject=_subject(one), at=stamp(one.not_valid_before_utc))


def _chain(
    signer: x509.Certificate, brought: Sequence[x509.Certificate], known: Sequence[x509.Certificate]
) -> tuple[x509.Certificate, ...] | None:
    """From the signer's certificate to a configured one; None when there is no such way."""
    ways: list[tuple[x509.Certificate, ...]] = [(signer,)]
    while ways:
        way = ways.pop(0)
        if way[-1] in known:
            return way
        if len(way) < _LONGEST:
            ways += [
                (*way, one) for one in (*known, *brought) if one not in way and _issued(way[-1], one, len(way) - 1)
            ]
    return None


def _issued(one: x509.Certificate, by: x509.Certificate, below: int) -> bool:
    """Whether a certificate was issued by another one that may, with `below` authorities under it."""
    try:
        basic = by.extensions.get_extension_for_class(x509.BasicConstraints).value
        if not basic.ca or (basic.path_length is not None and basic.path_length < below):
            return False
        try:
            if not by.extensions.get_extension_for_class(x509.KeyUsage).value.key_cert_sign:
                return False
        except x509.ExtensionNotFound:
            pass
        one.verify_directly_issued_by(by)
    except (x509.ExtensionNotFound, InvalidSignature, UnsupportedAlgorithm, ValueError, TypeError):
        return False
    return True


def _may_sign(one: x509.Certificate) -> bool:
    try:
        usage = one.extensions.get_extension_for_oid(ExtensionOID.KEY_USAGE).value
    except (x509.ExtensionNotFound, ValueError):
        return True
    return isinstance(usage, x509.KeyUsage) and (usage.digital_signature or usage.content_commitment)


def _subject(one: x509.Certificate) -> str:
    try:
        return one.subject.rfc4514_string()[:200]
    except ValueError:
        return "?"
