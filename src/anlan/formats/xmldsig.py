"""Enveloped signatures of XML (W3C XML Signature 1.1): one form of them, whole documents, nothing else.

A signature may sign any part of a document and be hidden anywhere, and most attacks live on that. Here it stands
directly in the root element, is the only one, signs the whole document by the reference `""`, and uses no transform
but its own removal and a canonical form without comments. `verify` hands back the very octets that were digested;
whoever reads the message reads those. Base64 must be the canonical writing of its bytes: recorded messages show that
a changed last sign is otherwise not noticed. SHA-1 is not taken.
"""

from __future__ import annotations

import base64
import binascii
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from cryptography import x509
from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, padding, rsa
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature, encode_dss_signature
from lxml import etree

from anlan.formats.findings import BadMessage, found
from anlan.formats.trees import Element, children, text_of

SPACE = "http://www.w3.org/2000/09/xmldsig#"
_MORE = "http://www.w3.org/2001/04/xmldsig-more#"
_ENVELOPED = SPACE + "enveloped-signature"
_EXCLUSIVE = "http://www.w3.org/2001/10/xml-exc-c14n#"
#: Canonical forms without comments, and whether they are exclusive. 1.1 differs from 1.0 in attributes of `xml:` alone,
#: which no root element here has.
_FORMS = {
    "http://www.w3.org/TR/2001/REC-xml-c14n-20010315": False,
    "http://www.w3.org/2006/12/xml-c14n11": False,
    _EXCLUSIVE: True,
}
_DIGESTS: Mapping[str, type[hashes.HashAlgorithm]] = {
    "http://www.w3.org/2001/04/xmlenc#sha256": hashes.SHA256,
    _MORE + "sha384": hashes.SHA384,
    "http://www.w3.org/2001/04/xmlenc#sha512": hashes.SHA512,
}
_RSA = {
    _MORE + f"rsa-sha{bits}": hash_
    for bits, hash_ in ((256, hashes.SHA256), (384, hashes.SHA384), (512, hashes.SHA512))
}
_ECDSA = {
    _MORE + f"ecdsa-sha{bits}": hash_
    for bits, hash_ in ((256, hashes.SHA256), (384, hashes.SHA384), (512, hashes.SHA512))
}
_ED25519 = "http://www.w3.org/2021/04/xmldsig-more#eddsa-ed25519"
#: Bits of an RSA key that is still believed.
_LEAST_RSA = 2048
#: Certificates of one message.
_MOST_CERTIFICATES = 8

PrivateKey = rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey | ed25519.Ed25519PrivateKey


@dataclass(frozen=True, slots=True)
class Signed:
    """A signature whose digest is that of the document.

    octets        what was digested: the document without its signature, in canonical form
    infos         what the signature itself is over, as it stands and without indentation
    indented      the document was indented after it was signed; without the white space between elements it is whole
    value         the signature
    method        its algorithm
    certificates  those the message brings, the signer's not necessarily first
    """

    octets: bytes
    infos: tuple[bytes, ...]
    value: bytes
    method: str
    certificates: tuple[x509.Certificate, ...]
    indented: bool = False

    def fits(self, key: Any) -> bool:
        """Whether the private half of a key made the signature."""
        return any(self._fits(key, info) for info in self.infos)

    def _fits(self, key: Any, info: bytes) -> bool:
        try:
            if self.method in _RSA and isinstance(key, rsa.RSAPublicKey) and key.key_size >= _LEAST_RSA:
                key.verify(self.value, info, padding.PKCS1v15(), _RSA[self.method]())
            elif self.method in _ECDSA and isinstance(key, ec.EllipticCurvePublicKey):
                half = (key.curve.key_size + 7) // 8
                if len(self.value) != 2 * half:
                    return False
                r, s = (int.from_bytes(part, "big") for part in (self.value[:half], self.value[half:]))
                key.verify(encode_dss_signature(r, s), info, ec.ECDSA(_ECDSA[self.method]()))
            elif self.method == _ED25519 and isinstance(key, ed25519.Ed25519PublicKey):
                key.verify(self.value, info)
            else:
                return False
        except (InvalidSignature, UnsupportedAlgorithm, ValueError):
            return False
        return True


def signatures(root: Element) -> tuple[Element, ...]:
    """All signatures of a document, wherever they stand."""
    return tuple(root.iter(f"{{{SPACE}}}Signature"))


def verify(root: Element, where: str) -> Signed:
    """The one signature of a document, its digest checked. Whether a key made it is the question of `Signed.fits`.

    Raises BadMessage: `signature_several`, `signature_place`, `signature_form`, `signature_algorithm`,
    `signature_base64`, `signature_digest`, `certificate_broken`.
    """
    all_ = signatures(root)
    if len(all_) != 1:
        raise BadMessage(found("signature_several", where, signatures=len(all_)))
    signature = all_[0]
    if signature.getparent() is not root:
        raise BadMessage(found("signature_place", where))
    if any(str(name).startswith("{http://www.w3.org/XML/1998/namespace}") for name in root.attrib):
        raise BadMessage(found("signature_form", where, part="xml:"))
    here = f"{where}/Signature"
    parts = {str(one.tag).rpartition("}")[2]: one for one in _of_signatures(signature, here)}
    if list(parts) not in (["SignedInfo", "SignatureValue"], ["SignedInfo", "SignatureValue", "KeyInfo"]):
        raise BadMessage(found("signature_form", here, part="Signature"))
    info = parts["SignedInfo"]
    method, digests, form = _signed_info(info, here)
    value = _base64(text_of(parts["SignatureValue"]), here, "SignatureValue")
    certificates = tuple(_certificates(parts["KeyInfo"], here)) if "KeyInfo" in parts else ()
    try:
        octets, indented = _digested(root, digests, here)
        infos = [form.of(info)]
        if indented:
            infos.append(form.of(_bare(root).find(f"{_q('Signature')}/{_q('SignedInfo')}")))
    except etree.C14NError as error:
        # A namespace that is a relative address has no canonical form.
        raise BadMessage(found("signature_form", where, part="xmlns")) from error
    return Signed(octets, tuple(infos), value, method, certificates, indented)


@dataclass(frozen=True, slots=True)
class _Form:
    """A canonical form."""

    exclusive: bool
    prefixes: tuple[str, ...] = ()

    def of(self, node: Any) -> bytes:
        """The octets of an element or of a whole document.

        libxml2 writes the form of an element that has been moved or whose siblings are gone with a stray `xmlns=""`;
        of a document freshly read it does not. What is in scope outside an element comes along.
        """
        fresh = _parsed(etree.tostring(node, with_tail=False)).getroottree()
        octets: bytes = etree.tostring(
            fresh, method="c14n", exclusive=self.exclusive, with_comments=False,
            inclusive_ns_prefixes=list(self.prefixes) if self.exclusive and self.prefixes else None,
        )  # fmt: skip
        return octets


@dataclass(frozen=True, slots=True)
class _Digest:
    form: _Form
    hash: type[hashes.HashAlgorithm]
    value: bytes

    def is_of(self, octets: bytes) -> bool:
        made = hashes.Hash(self.hash())
        made.update(octets)
        return made.finalize() == self.value


def _signed_info(info: Element, where: str) -> tuple[str, _Digest, _Form]:
    """The signature's algorithm, the digest of the document, and the canonical form of the info itself."""
    parts = _of_signatures(info, where)
    if [_local(one) for one in parts] != ["CanonicalizationMethod", "SignatureMethod", "Reference"]:
        raise BadMessage(found("signature_form", where, part="SignedInfo"))
    form, method, reference = parts
    algorithm = _algorithm(method)
    if algorithm not in _RSA and algorithm not in _ECDSA and algorithm != _ED25519:
        raise BadMessage(found("signature_algorithm", where, value=algorithm[:120]))
    return algorithm, _reference(reference, where), _form_of(form, where)


def _reference(reference: Element, where: str) -> _Digest:
    parts = _of_signatures(reference, where)
    if reference.get("URI") != "" or [_local(one) for one in parts] != ["Transforms", "DigestMethod", "DigestValue"]:
        raise BadMessage(found("signature_form", where, part="Reference"))
    transforms = _of_signatures(parts[0], where)
    if not 1 <= len(transforms) <= 2 or _algorithm(transforms[0]) != _ENVELOPED:
        raise BadMessage(found("signature_form", where, part="Transforms"))
    # Without a form of its own the document is digested in the canonical form 1.0.
    form = _form_of(transforms[1], where) if len(transforms) == 2 else _Form(exclusive=False)
    hash_ = _DIGESTS.get(_algorithm(parts[1]))
    if hash_ is None:
        raise BadMessage(found("signature_algorithm", where, value=_algorithm(parts[1])[:120]))
    return _Digest(form, hash_, _base64(text_of(parts[2]), where, "DigestValue"))


def _form_of(element: Element, where: str) -> _Form:
    algorithm = _algorithm(element)
    if algorithm not in _FORMS:
        raise BadMessage(found("signature_algorithm", where, value=algorithm[:120]))
    inner = list(children(element))
    if not inner:
        return _Form(_FORMS[algorithm])
    if not _FORMS[algorithm] or len(inner) != 1 or inner[0].tag != f"{{{_EXCLUSIVE}}}InclusiveNamespaces":
        raise BadMessage(found("signature_form", where, part="InclusiveNamespaces"))
    return _Form(exclusive=True, prefixes=tuple(str(inner[0].get("PrefixList", "")).split()))


def _digested(root: Element, digest: _Digest, where: str) -> tuple[bytes, bool]:
    """The octets of the document without its signature, if they have the digest, and whether indentation was undone.

    The document's own form includes the processing instructions beside its root; many signers leave them out. And some
    indent the message after they signed it. Neither carries anything of the message, so all are tried.
    """
    for indented, copy in ((False, _copy(root)), (True, _bare(root))):
        inside = signatures(copy)[0]
        parent, before = inside.getparent(), inside.getprevious()
        if inside.tail and before is None:
            parent.text = (parent.text or "") + inside.tail
        elif inside.tail:
            before.tail = (before.tail or "") + inside.tail
        parent.remove(inside)
        for node in (copy.getroottree(), copy):
            octets = digest.form.of(node)
            if digest.is_of(octets):
                return octets, indented
    raise BadMessage(found("signature_digest", where))


def _copy(root: Element) -> Element:
    """The document again."""
    return _parsed(etree.tostring(root.getroottree()))


def _parsed(plain: bytes) -> Element:
    return etree.fromstring(plain, etree.XMLParser(resolve_entities=False, no_network=True))


def _bare(root: Element) -> Element:
    """The document again, without white space between elements; the text of an element is left as it is."""
    copy = _copy(root)
    for element in copy.iter():
        if len(element) and not (element.text or "").strip(" \t\r\n"):
            element.text = None
        if element is not copy and not (element.tail or "").strip(" \t\r\n"):
            element.tail = None
    return copy


def _certificates(key_info: Element, where: str) -> Iterator[x509.Certificate]:
    found_ = list(key_info.iter(f"{{{SPACE}}}X509Certificate"))
    if len(found_) > _MOST_CERTIFICATES:
        raise BadMessage(found("signature_form", where, part="X509Data"))
    for one in found_:
        octets = _base64(text_of(one), where, "X509Certificate")
        try:
            certificate = x509.load_der_x509_certificate(octets)
            # Parts are read when they are asked for; here is where a broken one can be told.
            certificate.public_key(), certificate.extensions, certificate.subject, certificate.not_valid_after_utc
        except (ValueError, UnsupportedAlgorithm, x509.DuplicateExtension, x509.UnsupportedGeneralNameType) as error:
            raise BadMessage(found("certificate_broken", where)) from error
        yield certificate


def _of_signatures(element: Element, where: str) -> list[Element]:
    inner = list(children(element))
    if any(not str(one.tag).startswith(f"{{{SPACE}}}") for one in inner):
        raise BadMessage(found("signature_form", where, part=_local(element)))
    return inner


def _local(element: Element) -> str:
    return str(element.tag).rpartition("}")[2]


def _algorithm(element: Element) -> str:
    return str(element.get("Algorithm", ""))


def _base64(written: str, where: str, part: str) -> bytes:
    """The bytes of base64 in lines; any other writing of the same bytes is refused."""
    plain = "".join(written.split())
    try:
        octets = base64.b64decode(plain, validate=True)
    except (ValueError, binascii.Error) as error:
        raise BadMessage(found("signature_base64", where, part=part)) from error
    if base64.b64encode(octets).decode("ascii") != plain:
        raise BadMessage(found("signature_base64", where, part=part))
    return octets


def sign(root: Element, key: PrivateKey, certificates: Sequence[x509.Certificate]) -> None:
    """Sign a document and put the signature last in its root element.

    certificates  the signer's first, then those that lead to one the reader knows

    Raises ValueError for a key that the first certificate is not of, for a weak one, and for a document signed already.
    """
    if signatures(root):
        raise ValueError("the document is signed already")
    if not certificates or _public_bytes(certificates[0].public_key()) != _public_bytes(key.public_key()):
        raise ValueError("the first certificate is not of this key")
    method = _method_of(key)
    made = hashes.Hash(hashes.SHA256())
    made.update(_Form(exclusive=True).of(root))
    signature = etree.SubElement(root, _q("Signature"), nsmap={"ds": SPACE})
    info = etree.SubElement(signature, _q("SignedInfo"))
    etree.SubElement(info, _q("CanonicalizationMethod"), Algorithm=_EXCLUSIVE)
    etree.SubElement(info, _q("SignatureMethod"), Algorithm=method)
    reference = etree.SubElement(info, _q("Reference"), URI="")
    transforms = etree.SubElement(reference, _q("Transforms"))
    etree.SubElement(transforms, _q("Transform"), Algorithm=_ENVELOPED)
    etree.SubElement(transforms, _q("Transform"), Algorithm=_EXCLUSIVE)
    etree.SubElement(reference, _q("DigestMethod"), Algorithm="http://www.w3.org/2001/04/xmlenc#sha256")
    etree.SubElement(reference, _q("DigestValue")).text = _text(made.finalize())
    etree.SubElement(signature, _q("SignatureValue")).text = _text(_made(key, _Form(exclusive=True).of(info)))
    data = etree.SubElement(etree.SubElement(signature, _q("KeyInfo")), _q("X509Data"))
    for certificate in certificates:
        etree.SubElement(data, _q("X509Certificate")).text = _text(certificate.public_bytes(serialization.Encoding.DER))


def _method_of(key: PrivateKey) -> str:
    if isinstance(key, ed25519.Ed25519PrivateKey):
        return _ED25519
    if isinstance(key, rsa.RSAPrivateKey):
        if key.key_size < _LEAST_RSA:
            raise ValueError(f"an RSA key has at least {_LEAST_RSA} bits")
        return _MORE + "rsa-sha256"
    return _MORE + "ecdsa-sha256"


def _made(key: PrivateKey, info: bytes) -> bytes:
    if isinstance(key, ed25519.Ed25519PrivateKey):
        return key.sign(info)
    if isinstance(key, rsa.RSAPrivateKey):
        return key.sign(info, padding.PKCS1v15(), hashes.SHA256())
    half = (key.curve.key_size + 7) // 8
    r, s = decode_dss_signature(key.sign(info, ec.ECDSA(hashes.SHA256())))
    return r.to_bytes(half, "big") + s.to_bytes(half, "big")


def _public_bytes(key: Any) -> bytes:
    octets: bytes = key.public_bytes(serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo)
    return octets


def _q(name: str) -> str:
    return f"{{{SPACE}}}{name}"


def _text(octets: bytes) -> str:
    return base64.b64encode(octets).decode("ascii")
