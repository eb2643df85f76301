"""The tabs of an archive that every record has: its parts, chains, documents, links and history."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext as _

from anlan.kernel.chains.models import Chain
from anlan.kernel.chains.models import Link as ChainLink
from anlan.kernel.chains.queries import final
from anlan.kernel.evidence import queries as evidence
from anlan.kernel.people.rights import holds, may
from anlan.kernel.registers import history, listing
from anlan.kernel.registers.declarations import Register, Tab, declared, parts_of, tabs
from anlan.kernel.registers.models import Link
from anlan.kernel.web import refs

#: Rows of a part shown on the archive; the register shows all.
MOST_PARTS = 50


def tabs_of(register: Register, record: Any, viewer: Any) -> list[Tab]:
    """Every tab of an archive, in order: parts, what rooms add, then documents, links, chains and history."""
    every = [*_parts(register, record, viewer), *tabs(register, record, viewer), *_common(register, record, viewer)]
    return sorted(every, key=lambda tab: tab.order)


def _parts(register: Register, record: Any, viewer: Any) -> Iterator[Tab]:
    for at, part in enumerate(parts_of(register)):
        if not holds(viewer, part.see):
            continue
        rows = part.rows(viewer).filter(**{part.parent: record.pk})
        n = rows.count()
        if not n and (part.located or not may(viewer, part.edit, record.region)):
            continue  # nothing to read and nothing to add here: those with a place of their own begin in their list
        yield Tab(
            code=part.code, title=part.title, template="registers/tabs/parts.html", count=n, panel=n > 0,
            context=lambda part=part, rows=rows: rows_of_part(part, rows, record, viewer),
            order=(20 if n else 120) + at,  # what is empty stands behind, where something may be added
        )  # fmt: skip


def rows_of_part(part: Register, rows: Any, record: Any, viewer: Any) -> dict[str, Any]:
    """What the template of a part's tab shows: the first of its rows, in the columns of its own list."""
    columns = [name for name in listing.chosen_columns(part, "") if name not in (part.parent, "region")]
    related = [name for name, info in part.infos().items() if info.kind in ("record", "person")]
    found = list(rows.select_related("region", *related)[:MOST_PARTS])
    return {
        "register": part,
        "record": record,
        "heads": [part.info(name) for name in columns if name in part.infos()],
        "rows": [
            (refs.address_of(row), [listing.cell(part, row, name) for name in columns if name in part.infos()])
            for row in found
        ],
        "may_edit": may(viewer, part.edit, record.region),
    }


def _common(register: Register, record: Any, viewer: Any) -> Iterable[Tab]:
    ref = refs.ref_of(record)
    chains = ChainLink.objects.filter(Q(cause=ref) | Q(effect=ref)).values("chain").distinct()
    links = Link.objects.filter(Q(one=ref) | Q(other=ref))
    documents = evidence.of(ref)
    return (
        Tab(
            "documents", _("Documents"), "registers/tabs/documents.html", count=documents.count(), order=70,
            context=lambda: {"rows": list(documents), "may_edit": may(viewer, register.edit, record.region),
                             "register": register, "record": record},
        ),
        Tab(
            "links", _("Links"), "registers/tabs/links.html", count=links.count(), order=75,
            context=lambda: _links(register, record, ref, links, viewer),
        ),
        Tab(
            "chains", _("Chains"), "registers/tabs/chains.html", count=chains.count(), order=80,
            context=lambda: {"rows": _chains(chains, viewer)},
        ),
        Tab(
            "history", _("History"), "registers/tabs/history.html", count=history.count(register, record), order=90,
            context=lambda: {"lines": history.of(register, record), "most": history.MOST},
        ),
    )  # fmt: skip


def _links(register: Register, record: Any, ref: str, links: Any, viewer: Any) -> dict[str, Any]:
    rows = []
    for link in links.select_related("by"):
        partner = link.other if link.one == ref else link.one
        if refs.may_see(viewer, partner):
            rows.append((link, refs.label_of(partner), refs.url_of(partner), _title(partner)))
    return {
        "rows": rows,
        "register": register,
        "record": record,
        "registers": [one for one in declared() if holds(viewer, one.see)],
        "may_edit": may(viewer, register.edit, record.region),
        "now": timezone.now(),
    }


def _title(ref: str) -> str:
    kind = ref.partition(":")[0]
    return next((str(one.one) for one in declared() if one.code == kind), "")


def _chains(numbers: Any, viewer: Any) -> list[Any]:
    rows = Chain.records.filter(pk__in=numbers).select_related("region").order_by("-opened_at")[:100]
    return list({chain.pk: chain for chain in map(final, rows) if may(viewer, "chain.see", chain.region)}.values())
