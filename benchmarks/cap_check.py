"""Signed CAP warnings of a county judged in all four layers, one after another in one process: messages a second.

A message has two languages, an outline of 200 points and a signature whose certificate was issued by the configured
one. Nothing is kept from one message to the next. A province passes on some hundreds on its worst day.
"""

from __future__ import annotations

import math
import statistics
import time
from dataclasses import replace
from datetime import UTC, datetime, timedelta

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from anlan.formats.cap import Alert, Area, Info, Named, Signer, check, write
from benchmarks.figure import how_busy, verdict

RUNS, MESSAGES, CORNERS = 5, 100, 200
GOAL = 50.0
NOW = datetime(2026, 7, 15, 1, 0, tzinfo=UTC)
SENDER = "51072741600000"


def main() -> int:
    """Sign messages, judge them, print the figure."""
    root, leaf = ec.generate_private_key(ec.SECP256R1()), ec.generate_private_key(ec.SECP256R1())
    authority = _certificate("authority", root, "authority", root, ca=True)
    signer = Signer(leaf, (_certificate("weather", leaf, "authority", root, ca=False),))
    messages = [write(_alert(number), signer=signer) for number in range(MESSAGES)]
    rates = []
    for _run in range(RUNS):
        start = time.perf_counter()
        for data in messages:
            assert check(data, trusted={SENDER: (authority,)}, now=NOW).signed
        rates.append(MESSAGES / (time.perf_counter() - start))
    print(f"{len(messages[0])} bytes a message; {how_busy()}")
    return verdict("cap-check", statistics.median(rates), GOAL)


def _alert(number: int) -> Alert:
    angles = [2 * math.pi * at / CORNERS for at in range(CORNERS)]
    ring = [f"{32.4 + 0.2 * math.sin(one):.5f},{104.5 + 0.2 * math.cos(one):.5f}" for one in angles]
    area = Area(
        description="平武县",
        polygons=(" ".join([*ring, ring[0]]),),
        geocodes=(Named(name="GB/T 2260", value="510727"),),
    )
    chinese = Info(
        language="zh-CN",
        categories=("Met",),
        event="暴雨",
        urgency="Expected",
        severity="Severe",
        certainty="Likely",
        expires="2026-07-15T20:30:00+08:00",
        headline="平武县气象台发布暴雨橙色预警",
        areas=(area,),
    )
    return Alert(
        identifier=f"{SENDER}_202607150830{number % 60:02}_0",
        sender=SENDER,
        sent="2026-07-15T08:30:00+08:00",
        status="Actual",
        msg_type="Alert",
        scope="Public",
        infos=(chinese, replace(chinese, language="en-US", event="Rainstorm")),
    )


def _certificate(
    name: str, key: ec.EllipticCurvePrivateKey, issuer: str, by: ec.EllipticCurvePrivateKey, *, ca: bool
) -> x509.Certificate:
    subject, issued_by = (x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, one)]) for one in (name, issuer))
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issued_by)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(NOW - timedelta(days=1))
        .not_valid_after(NOW + timedelta(days=365))
        .add_extension(x509.BasicConstraints(ca=ca, path_length=None), critical=True)
        .sign(by, hashes.SHA256())
    )


if __name__ == "__main__":
    raise SystemExit(main())
