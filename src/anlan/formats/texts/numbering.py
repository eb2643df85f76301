"""Which numbers of a text are missing, stand twice or out of order. Nothing is ever put in their place."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence

from anlan.formats.texts.pieces import Finding, Node

#: Numbers named in one finding; more are counted.
MOST_NAMED = 200


def check(roots: Sequence[Node]) -> Iterator[Finding]:
    """Articles are counted through the text, everything else below what it stands in."""
    articles = [node for root in roots for node in root.walk() if node.level == "article"]
    yield from _in_order("article", "", articles)
    yield from _each("", roots)


def _each(under: str, nodes: Sequence[Node]) -> Iterator[Finding]:
    """The numbers of these nodes, and of what stands below each of them."""
    yield from _below(under, nodes)
    for node in nodes:
        counted = f"{under} {node.values[0]}" if node.level == "paragraph" else ""
        yield from _each(node.number or counted or node.heading, node.children)


def _below(under: str, nodes: Sequence[Node]) -> Iterator[Finding]:
    for level in ("part", "chapter", "section", "clause", "heading", "sheet", "item", "subitem"):
        here = [node for node in nodes if node.level == level]
        if here and level != "sheet":
            yield from _in_order(level, under, here)


def _in_order(level: str, under: str, nodes: Sequence[Node]) -> Iterator[Finding]:
    numbered = [node for node in nodes if node.values]
    keys = [(node.values[-1], 0) if level != "article" else _key(node.values) for node in numbered]
    yield from in_order(level, under, [node.number for node in numbered], keys)


def in_order(level: str, under: str, numbers: Sequence[str], keys: Sequence[tuple[int, int]]) -> Iterator[Finding]:
    """What is missing, repeated or out of order in one series.

    numbers  as written
    keys     what they mean, the second part for 之一; of the same length
    """
    if not keys:
        return
    missing = gaps(number for number, _sub in keys)
    if missing:
        yield Finding("missing", level, under, spans(missing), sum(last - first + 1 for first, last in missing))
    twice = {key for key, n in Counter(keys).items() if n > 1}
    if twice:
        written = tuple(number for number, key in zip(numbers, keys, strict=True) if key in twice)
        yield Finding("repeated", level, under, tuple(dict.fromkeys(written))[:MOST_NAMED], len(twice))
    backwards = [
        number for number, key, before in zip(numbers[1:], keys[1:], keys, strict=False)
        if key < before and key not in twice
    ]  # fmt: skip
    if backwards:
        yield Finding("disordered", level, under, tuple(backwards)[:MOST_NAMED], len(backwards))


def _key(values: tuple[int, ...]) -> tuple[int, int]:
    return values[0], values[1] if len(values) > 1 else 0


def gaps(present: Iterable[int]) -> list[tuple[int, int]]:
    """Stretches of whole numbers from 1 up to the largest that are not there; never counted out one by one."""
    found: list[tuple[int, int]] = []
    before = 0
    for number in sorted(set(present)):
        if number > before + 1:
            found.append((before + 1, number - 1))
        before = max(before, number)
    return found


def spans(stretches: Sequence[tuple[int, int]]) -> tuple[str, ...]:
    """Stretches of numbers as they are written: 3, 5–9."""
    return tuple(str(a) if a == b else f"{a}–{b}" for a, b in stretches[:MOST_NAMED])
