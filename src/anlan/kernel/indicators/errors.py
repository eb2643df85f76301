"""What is refused, in words for whoever asked."""

from __future__ import annotations


class Refused(ValueError):
    """Something that cannot be entered or set; says what, where and how to mend it. `faults` has every sentence."""

    def __init__(self, *faults: str) -> None:
        super().__init__(" ".join(faults))
        self.faults = faults
