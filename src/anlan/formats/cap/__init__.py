"""Warnings in the Common Alerting Protocol: CAP 1.0, 1.1 and 1.2 read and judged, 1.2 written and signed.

    verdict = check(data, trusted={"51072741600000": certificates}, now=now, book=book)
    if verdict.ok:
        take(verdict.alert)
    else:
        tell(verdict.findings)
    data = write(alert, signer=Signer(key, certificates))

A message that the schema accepts may still mean nothing, and one that means something may come from somebody else;
hence four layers with a verdict each. Source: CAP 1.2 (OASIS, 2010); GB/T 35965.1-2018 as far as it is in hand.
"""

from .checking import LAYERS, Layer, Verdict, check
from .chinese import CodeBook
from .trust import Trusted, certificates_of
from .values import Alert, Area, Info, Named, Reference, Resource, moment, references_of, reply, stamp
from .writing import Signer, write

__all__ = [
    "LAYERS", "Alert", "Area", "CodeBook", "Info", "Layer", "Named", "Reference", "Resource", "Signer", "Trusted",
    "Verdict", "certificates_of", "check", "moment", "references_of", "reply", "stamp", "write",
]  # fmt: skip
