"""A paper as JSON values and back, so that what was issued stays as it was issued."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any

from anlan.formats.official.paper import Annex, Block, Heading, Paper, Table, Text

#: Fields of a paper that are plain texts.
_TEXTS = ("organ", "number", "title", "signed", "head_word", "printed_by", "secrecy", "urgency", "signer", "note")


def freeze(paper: Paper) -> dict[str, Any]:
    """JSON values that hold the whole paper."""
    return {
        **{name: getattr(paper, name) for name in _TEXTS},
        "on": paper.on.isoformat(),
        "printed_on": paper.printed_on.isoformat() if paper.printed_on else None,
        "to": list(paper.to),
        "copies": list(paper.copies),
        "body": [_block(one) for one in paper.body],
        "annexes": [{"title": one.title, "blocks": [_block(block) for block in one.blocks]} for one in paper.annexes],
    }


def thaw(kept: Mapping[str, Any]) -> Paper:
    """The paper again. Raises KeyError or BadPaper for what `freeze` did not make."""
    return Paper(
        **{name: kept[name] for name in _TEXTS},
        on=date.fromisoformat(kept["on"]),
        printed_on=date.fromisoformat(kept["printed_on"]) if kept["printed_on"] else None,
        to=tuple(kept["to"]),
        copies=tuple(kept["copies"]),
        body=_blocks(kept["body"]),
        annexes=tuple(Annex(one["title"], _blocks(one["blocks"])) for one in kept["annexes"]),
    )


def _block(block: Block) -> dict[str, Any]:
    if isinstance(block, Heading):
        return {"level": block.level, "words": block.words, "text": block.text}
    if isinstance(block, Text):
        return {"words": block.words}
    return {"heads": list(block.heads), "rows": [list(row) for row in block.rows]}


def _blocks(kept: Sequence[Mapping[str, Any]]) -> tuple[Block, ...]:
    found: list[Block] = []
    for one in kept:
        if "heads" in one:
            found.append(Table(tuple(one["heads"]), tuple(tuple(row) for row in one["rows"])))
        elif "level" in one:
            found.append(Heading(one["level"], one["words"], one["text"]))
        else:
            found.append(Text(one["words"]))
    return tuple(found)
