"""Lines that are signed: the published example, and what a changed line does not get past."""

from __future__ import annotations

import json

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from hypothesis import given
from hypothesis import strategies as st

from anlan.formats import jws

#: RFC 8037, appendix A.1 to A.4: key, thumbprint, and the signature over "Example of Ed25519 signing".
PRIVATE = "nWGxne_9WmC6hEr0kuwsxERJxWl7MmkZcDusAxyuf2A"
PUBLIC = "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"
THUMBPRINT = "kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k"
SIGNED = (
    "eyJhbGciOiJFZERTQSJ9.RXhhbXBsZSBvZiBFZDI1NTE5IHNpZ25pbmc."
    "hgyY0il_MGCjP0JzlnLWG1PPOt7-09PGcvMg3AIbQR6dWbhijcNR4ki4iylGjg5BhVsPt9g7sVvpAr_MuM0KAg"
)
KEY = Ed25519PrivateKey.from_private_bytes(jws.read(PRIVATE))
KIND = "anlan-exchange"


def line_of(payload: bytes, key: Ed25519PrivateKey = KEY) -> str:
    header = jws.header_of(key.public_key(), KIND)
    return jws.joined(header, payload, jws.signature_of(header, payload, key))


def opened(line: str) -> bytes:
    return jws.opened(line, {jws.thumbprint(KEY.public_key()): KEY.public_key()}, KIND)[1]


def test_key_name_and_signature_are_those_of_the_rfc():
    assert jws.written(jws.public_bytes(KEY.public_key())) == PUBLIC
    assert jws.thumbprint(KEY.public_key()) == THUMBPRINT
    header, payload, signature = SIGNED.split(".")
    assert jws.signature_of(header, jws.read(payload), KEY) == signature


@given(st.binary(max_size=300))
def test_what_was_signed_comes_out_as_it_went_in(payload: bytes):
    assert opened(line_of(payload)) == payload


def test_any_changed_character_is_noticed():
    line = line_of('{"seq":7,"name":"沙头村"}'.encode())
    for at, sign in enumerate(line):
        for other in ("A", "B", "g", "_", ".", "=", "\n", "\u00e9"):
            if other != sign:
                with pytest.raises(jws.BadLine):
                    opened(line[:at] + other + line[at + 1 :])
        with pytest.raises(jws.BadLine):
            opened(line[:at] + line[at + 1 :])


def test_the_unused_bits_of_the_last_character_are_not_free():
    # 64 bytes fill 85 characters and a third: four writings of the last one decode to the same signature.
    line = line_of(b"{}")
    signs = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
    taken = []
    for other in signs:
        try:
            opened(line[:-1] + other)
        except jws.BadLine:
            continue
        taken.append(other)
    assert taken == [line[-1]]


@pytest.mark.parametrize(
    "header",
    [
        {"alg": "none", "kid": THUMBPRINT, "typ": KIND},
        {"alg": "HS256", "kid": THUMBPRINT, "typ": KIND},
        {"alg": "EdDSA", "kid": THUMBPRINT, "typ": "JWT"},
        {"alg": "EdDSA", "kid": THUMBPRINT, "typ": KIND, "crit": ["b64"], "b64": False},
        {"alg": "EdDSA", "kid": [THUMBPRINT], "typ": KIND},
        {"alg": "EdDSA", "typ": KIND, "jwk": {"kty": "OKP", "crv": "Ed25519", "x": PUBLIC}},
        [],
        "EdDSA",
    ],
)
def test_a_header_decides_neither_the_algorithm_nor_the_key(header):
    text = jws.written(json.dumps(header).encode())
    with pytest.raises(jws.BadLine) as refused:
        opened(jws.joined(text, b"{}", jws.signature_of(text, b"{}", KEY)))
    assert refused.value.code == "header"


def test_a_key_that_is_not_known_is_refused_before_the_payload_is_read():
    stranger = Ed25519PrivateKey.generate()
    with pytest.raises(jws.BadLine) as refused:
        opened(line_of(b"\xff" * 10, stranger))
    assert refused.value.code == "key"


@pytest.mark.parametrize("line", ["", ".", "..", "a.b", "a.b.c.d", "é.é.é", "A" * 5000 + ".A.A", "e30.e30.", "[[." * 9])
def test_nonsense_is_refused_with_a_reason(line):
    with pytest.raises(jws.BadLine) as refused:
        opened(line)
    assert refused.value.code in {"shape", "encoding", "header"}


def test_a_header_of_endless_brackets_is_refused():
    with pytest.raises(jws.BadLine):
        opened(f"{jws.written(b'[' * 380)}.e30.e30")


def test_a_public_key_is_taken_as_text_and_as_pem():
    public = KEY.public_key()
    assert jws.thumbprint(jws.key_of(f"  {PUBLIC}\n")) == THUMBPRINT
    assert jws.thumbprint(jws.key_of(jws.as_pem(public))) == THUMBPRINT
    assert jws.as_jwk(public)["x"] == PUBLIC
    for text in ("", "abc", PUBLIC[:-1], PUBLIC + "AA", "-----BEGIN PUBLIC KEY-----\nAAAA\n-----END PUBLIC KEY-----"):
        with pytest.raises(ValueError):
            jws.key_of(text)
