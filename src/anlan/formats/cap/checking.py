"""A message judged in four layers, each with its own verdict: form, schema, meaning, signature."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from anlan.formats.cap import chinese, meaning, schema, trust
from anlan.formats.cap.chinese import CodeBook
from anlan.formats.cap.trust import Trusted
from anlan.formats.cap.values import Alert
from anlan.formats.faults import Refused
from anlan.formats.findings import Finding, found, noted, of_fault
from anlan.formats.trees import Bounds, Element, tree_of

LAYERS = ("form", "schema", "meaning", "signature")
#: What is taken of one message. The largest recorded one has 23 kB; photographs may be inside.
BOUNDS = Bounds(bytes=4 << 20, depth=24, elements=20_000, text=3 << 20)
#: Findings of a layer that block, and such that do not.
MOST_TOLD = 100
#: How far a sender's clock may be ahead before it is told.
SKEW = timedelta(minutes=10)


@dataclass(frozen=True, slots=True)
class Layer:
    """The verdict of one layer: ok, not ok, or None for what was not judged (an unsigned message, a layer after one
    without which there is nothing to judge)."""

    name: str
    ok: bool | None
    findings: tuple[Finding, ...] = ()


@dataclass(frozen=True, slots=True)
class Verdict:
    """What is to be held of a message.

    layers  in the order of `LAYERS`
    alert   the message, read from the octets that were signed if it is signed; None unless form and schema are right
    """

    layers: tuple[Layer, ...]
    alert: Alert | None

    def __getitem__(self, name: str) -> Layer:
        """A layer by its name."""
        return next(layer for layer in self.layers if layer.name == name)

    @property
    def ok(self) -> bool:
        """Form, schema and meaning are right, and the signature is not wrong."""
        *first, signature = self.layers
        return all(layer.ok for layer in first) and signature.ok is not False

    @property
    def signed(self) -> bool:
        """The message is whole and comes from the sender it names, by a certificate configured for him."""
        return self.ok and self["signature"].ok is True

    @property
    def findings(self) -> tuple[Finding, ...]:
        """Those of all layers."""
        return tuple(one for layer in self.layers for one in layer.findings)


def check(
    data: bytes, *, trusted: Trusted, now: datetime, book: CodeBook | None = None, bounds: Bounds = BOUNDS,
    skew: timedelta = SKEW,
) -> Verdict:  # fmt: skip
    """Judge a message.

    trusted  the certificates of the senders that sign
    now      by which certificates and messages have ended
    book     the codes of the Chinese profile in hand; without one all of them are told to be unknown
    bounds   what is taken before anything is read

    Never raises for what a message may hold. An earlier layer that fails does not spare the later ones, as long as
    there is something to judge: whoever mends a message learns all at once.
    """
    try:
        root = tree_of(data, "", bounds)
    except Refused as refused:
        return _only(Layer("form", ok=False, findings=(of_fault(refused.fault),)))
    form = Layer("form", ok=True)
    if schema.version_of(root) is None:
        return _only(form, Layer("schema", ok=False, findings=tuple(schema.breaches(root))))
    alert = schema.read(root)
    layer = _layer("schema", _schema(root))
    meant = _layer("meaning", _meaning(alert, book or CodeBook(), now, skew))
    signed, ok, said = trust.judge(root, alert, trusted, now)
    if signed is not None:
        # What is handed on is what was signed, not what stands around it.
        inside = schema.read(tree_of(signed.octets, "", replace(bounds, bytes=len(signed.octets))))
        if inside != alert:
            ok, said = False, [*said, found("signature_digest", "alert/Signature")]
    signature = Layer("signature", ok, tuple(said))
    return Verdict((form, layer, meant, signature), alert if layer.ok else None)


def _only(*layers: Layer) -> Verdict:
    """The verdict on what is no message at all."""
    return Verdict((*layers, *(Layer(name, None) for name in LAYERS[len(layers) :])), None)


def _layer(name: str, findings: Iterator[Finding]) -> Layer:
    """The verdict on all findings; of very many the first are told."""
    ok = True
    told: list[Finding] = []
    room = {True: MOST_TOLD, False: MOST_TOLD}
    for one in findings:
        ok = ok and not one.blocks
        if room[one.blocks]:
            room[one.blocks] -= 1
            told.append(one)
    return Layer(name, ok, tuple(told))


def _schema(root: Element) -> Iterator[Finding]:
    wrong, right = schema.MISSPELT
    for one in schema.breaches(root):
        if one.code == "not_in_list" and one.where == "alert/msgType" and one.args["value"] == wrong:
            # A cancellation that is not understood leaves a warning standing.
            yield noted("misspelt", one.where, found=wrong, meant=right)
        else:
            yield one


def _meaning(alert: Alert, book: CodeBook, now: datetime, skew: timedelta) -> Iterator[Finding]:
    yield from meaning.judge(alert, now, skew)
    if chinese.is_chinese(alert):
        yield from chinese.judge(alert, book)
