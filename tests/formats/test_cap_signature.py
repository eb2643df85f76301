"""Signatures of warnings: whose they are, that what was signed is what is read, and the ways round it."""

from __future__ import annotations

import base64
import re
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import serialization
from hypothesis import given, settings
from hypothesis import strategies as st

from anlan.formats.cap import Signer, Verdict, certificates_of, check, write
from anlan.formats.trees import Bounds
from tests.formats.neighbours import NOW, certificate, key_of, recorded
from tests.formats.warnings_of_cap import ALERT, SENDER, with_info

OFFICE, STRANGER = key_of("ec", 1), key_of("ec", 2)
OFFICE_CERTIFICATE = certificate("Pingwu weather", OFFICE)
TRUSTED = {SENDER: (OFFICE_CERTIFICATE,)}
SIGNED = write(ALERT, signer=Signer(OFFICE, (OFFICE_CERTIFICATE,)))
#: While the recorded certificate held.
SUMMER = datetime(2024, 7, 15, tzinfo=UTC)


def verdict_of(data: bytes, now: datetime = NOW) -> Verdict:
    return check(data, trusted=TRUSTED, now=now)


def faults(data: bytes, now: datetime = NOW) -> list[str]:
    return [one.code for one in verdict_of(data, now)["signature"].findings if one.blocks]


@pytest.mark.parametrize("kind", ["ec", "rsa", "ed25519"])
def test_a_signed_message_is_its_senders(kind: str):
    key = key_of(kind, 7)
    mine = certificate("weather", key)
    verdict = check(write(ALERT, signer=Signer(key, (mine,))), trusted={SENDER: (mine,)}, now=NOW)
    assert verdict.signed and verdict.alert == ALERT
    assert [layer.ok for layer in verdict.layers] == [True] * 4


def test_the_recorded_signature_holds_by_its_own_certificate_in_its_time():
    data = recorded("cap/wmo_sc_valid.xml")
    pem = re.search(rb"X509Certificate>([^<]+)<", data)
    assert pem is not None
    mine = x509.load_der_x509_certificate(base64.b64decode(pem.group(1)))
    for sender, now, codes in (
        ("info@meteo.gov.sc", SUMMER, []),
        ("info@meteo.gov.sc", NOW, ["certificate_expired"]),
        ("info@meteo.gov.sc", datetime(2024, 5, 19, 14, tzinfo=UTC), ["certificate_early"]),
        ("somebody@else.sc", SUMMER, ["certificate_unknown"]),
    ):
        verdict = check(data, trusted={sender: (mine,)}, now=now)
        assert [one.code for one in verdict["signature"].findings if one.blocks] == codes
        assert verdict.signed == (not codes)
    assert [
        one.code for one in check(data, trusted={"info@meteo.gov.sc": (mine,)}, now=SUMMER)["signature"].findings
    ] == ["signature_indented"]
    moved = data.replace(b"46.078276 -9.336746", b"47.078276 -9.336746")
    assert (
        check(moved, trusted={"info@meteo.gov.sc": (mine,)}, now=SUMMER)["signature"].findings[0].code
        == "signature_digest"
    )


@pytest.mark.parametrize("what", ["certificate", "digest", "signature"])
def test_a_damaged_recorded_signature_fails_in_its_layer_alone(what: str):
    verdict = check(recorded(f"cap/wmo_sc_invalid_{what}.xml"), trusted={}, now=SUMMER)
    assert [layer.ok for layer in verdict.layers] == [True, True, True, False]
    assert [one.code for one in verdict.findings if one.blocks] == ["signature_base64"]


def test_whoever_takes_the_signature_off_is_not_believed():
    verdict = verdict_of(write(ALERT))
    assert not verdict.ok and [one.code for one in verdict["signature"].findings] == ["signature_missing"]


def test_a_sender_without_a_certificate_here_may_go_unsigned_and_is_not_called_signed():
    verdict = check(write(ALERT), trusted={}, now=NOW)
    assert verdict.ok and not verdict.signed and verdict["signature"].ok is None


@pytest.mark.parametrize(
    ("old", "new"), [("暴雨", "晴天"), ("Actual", "Test"), ("104.528 20", "104.528 2"), ("ORANGE", "BLUE")]
)
def test_a_changed_word_is_noticed(old: str, new: str):
    assert faults(SIGNED.decode().replace(old, new).encode()) == ["signature_digest"]


def test_a_comment_in_a_word_changes_neither_the_word_nor_the_signature():
    data = SIGNED.replace(b"Actual", b"Act<!-- Test -->ual")
    verdict = verdict_of(data)
    assert verdict.signed and verdict.alert == ALERT


def test_a_message_of_one_sender_with_the_signature_of_another_is_refused():
    hers = certificate("other office", STRANGER)
    data = write(ALERT, signer=Signer(STRANGER, (hers,)))
    trusted = TRUSTED | {"51070041600000": (hers,)}
    assert [one.code for one in check(data, trusted=trusted, now=NOW)["signature"].findings] == ["certificate_unknown"]


def test_a_certificate_of_the_same_name_and_another_key_is_a_stranger():
    forged = certificate("Pingwu weather", STRANGER)
    assert faults(write(ALERT, signer=Signer(STRANGER, (forged,)))) == ["certificate_unknown"]
    both = write(ALERT, signer=Signer(STRANGER, (forged, OFFICE_CERTIFICATE)))
    assert faults(both) == ["certificate_unknown"]


def test_a_chain_leads_to_the_configured_authority():
    root, middle = key_of("ec", 3), key_of("ec", 4)
    top = certificate("root", root, ca=True)
    between = certificate("middle", middle, ("root", root), ca=True)
    leaf = certificate("weather", OFFICE, ("middle", middle))

    def codes(certificates: tuple[x509.Certificate, ...], known: x509.Certificate = top) -> list[str]:
        data = write(ALERT, signer=Signer(OFFICE, certificates))
        return [one.code for one in check(data, trusted={SENDER: (known,)}, now=NOW)["signature"].findings]

    assert codes((leaf, between)) == []
    assert codes((leaf, between, top)) == []
    assert codes((leaf,)) == ["certificate_unknown"]
    assert codes((leaf, between), certificate("root", STRANGER, ca=True)) == ["certificate_unknown"]
    assert codes((leaf, certificate("middle", middle, ("root", root), ca=True, days=-1))) == ["certificate_expired"]
    # An office is no authority, even when an authority vouches for it.
    plain = certificate("middle", middle, ("root", root))
    assert codes((leaf, plain)) == ["certificate_unknown"]


def test_a_certificate_that_is_not_for_signing_is_told():
    mine = certificate("weather", OFFICE, signs=False)
    data = write(ALERT, signer=Signer(OFFICE, (mine,)))
    assert [one.code for one in check(data, trusted={SENDER: (mine,)}, now=NOW)["signature"].findings] == [
        "certificate_use"
    ]


def test_an_expired_certificate_is_told_with_its_end():
    verdict = verdict_of(SIGNED, NOW + timedelta(days=400))
    (finding,) = verdict["signature"].findings
    assert finding.code == "certificate_expired"
    assert finding.args == {"subject": "CN=Pingwu weather", "at": "2027-07-15T01:00:00-00:00"}


def test_a_signature_that_was_wrapped_is_refused():
    """The signed message hidden in a forged one, in every place that lax verifiers look into."""
    inner = SIGNED.decode().partition("?>")[2].strip()
    forged = write(with_info(headline="撤离取消")).decode()
    signature = re.search(r"<ds:Signature.*</ds:Signature>", inner, re.DOTALL)
    assert signature is not None
    enveloping = signature.group().replace("</ds:KeyInfo>", f"</ds:KeyInfo><ds:Object>{inner}</ds:Object>")
    for data, code in (
        (forged.replace("</alert>", inner + "</alert>"), "signature_place"),
        (forged.replace("</alert>", signature.group() + "</alert>"), "signature_digest"),
        (forged.replace("</alert>", signature.group() * 2 + "</alert>"), "signature_several"),
        (forged.replace("</alert>", signature.group().replace('URI=""', 'URI="#a"') + "</alert>"), "signature_form"),
        (forged.replace("</alert>", enveloping + "</alert>"), "signature_several"),
        (forged.replace("<info>", "<info>" + signature.group()), "signature_place"),
    ):  # fmt: skip
        verdict = verdict_of(data.encode())
        assert not verdict.ok
        assert [one.code for one in verdict["signature"].findings] == [code]


MORE, REC = "http://www.w3.org/2001/04/xmldsig-more#", "http://www.w3.org/TR/1999/REC-"
METHOD = r'(SignatureMethod Algorithm=")[^"]+'


@pytest.mark.parametrize(
    ("old", "new", "code"),
    [
        (METHOD, r"\1http://www.w3.org/2000/09/xmldsig#rsa-sha1", "signature_algorithm"),
        (METHOD, rf"\1{MORE}hmac-sha256", "signature_algorithm"),
        (METHOD, rf"\1{MORE}rsa-sha256", "signature_wrong"),
        (r'(DigestMethod Algorithm=")[^"]+', r"\1http://www.w3.org/2000/09/xmldsig#sha1", "signature_algorithm"),
        (r'(ds:Transform Algorithm=")[^"]+exc-c14n#', rf"\1{REC}xslt-19991116", "signature_algorithm"),
        (r'(ds:Transform Algorithm=")[^"]+enveloped-signature', rf"\1{REC}xpath-19991116", "signature_form"),
        (r"<ds:Transform [^>]+enveloped-signature\"/>", "", "signature_form"),
        (r"<ds:SignatureValue>[^<]+", "<ds:SignatureValue>" + "A" * 86 + "==", "signature_wrong"),
        (r"<ds:SignatureValue>[^<]+", "<ds:SignatureValue>", "signature_wrong"),
        (r"<ds:SignatureValue>[^<]+</ds:SignatureValue>", "", "signature_form"),
        (r"<ds:X509Certificate>[^<]+", "<ds:X509Certificate>AAAA", "certificate_broken"),
        (r"<ds:KeyInfo>.*</ds:KeyInfo>", "", None),
        (r"<ds:SignedInfo>", "<ds:SignedInfo><!-- a -->", None),
    ],
)  # fmt: skip
def test_the_form_of_a_signature_is_the_one_that_is_judged(old: str, new: str, code: str | None):
    data = re.sub(old, new, SIGNED.decode(), count=1, flags=re.DOTALL)
    assert data != SIGNED.decode()
    assert faults(data.encode()) == ([code] if code else [])


@settings(max_examples=150, deadline=None)
@given(st.integers(0, len(SIGNED) - 1), st.integers(0, 255))
def test_a_changed_byte_never_makes_another_message_pass(at: int, byte: int):
    verdict = verdict_of(SIGNED[:at] + bytes([byte]) + SIGNED[at + 1 :])
    assert not verdict.signed or verdict.alert == ALERT


def test_a_signed_text_that_grows_in_canonical_form_is_still_judged():
    data = write(with_info(description="\r" * 200_000), signer=Signer(OFFICE, (OFFICE_CERTIFICATE,)))
    bounds = Bounds(bytes=len(data), depth=24, elements=20_000, text=200_000)
    plain = data.replace(b"&#13;", b"&#xD;")
    assert check(plain, trusted=TRUSTED, now=NOW, bounds=bounds).signed


def test_a_key_signs_only_with_its_own_certificate():
    with pytest.raises(ValueError, match="not of this key"):
        write(ALERT, signer=Signer(STRANGER, (OFFICE_CERTIFICATE,)))
    with pytest.raises(ValueError, match="not of this key"):
        write(ALERT, signer=Signer(OFFICE, ()))


def test_certificates_come_as_pem():
    pem = OFFICE_CERTIFICATE.public_bytes(serialization.Encoding.PEM)
    assert certificates_of(pem * 2) == (OFFICE_CERTIFICATE,) * 2
    with pytest.raises(ValueError):
        certificates_of(b"-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----")


def test_a_signed_message_stays_valid_with_a_style_sheet_before_it():
    styled = SIGNED.replace(b"<alert", b'<?xml-stylesheet href="a.xsl" type="text/xsl"?>\n<alert', 1)
    assert verdict_of(styled).signed


def test_a_signed_draft_is_still_a_draft():
    draft = replace(ALERT, status="Draft")
    verdict = verdict_of(write(draft, signer=Signer(OFFICE, (OFFICE_CERTIFICATE,))))
    assert verdict.signed and verdict.alert == draft
