"""The page on which a person reads any message: what a device sends, what a file holds. Nothing of it is kept."""

from __future__ import annotations

import threading
from typing import Any

from django.core.files.uploadedfile import UploadedFile
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from anlan.apps.monitoring import message_words as words
from anlan.formats.faults import Refused
from anlan.formats.telling import FORMATS, Item, Note, Told, octets_of, tell_apart
from anlan.formats.telling.frames import TELLERS
from anlan.formats.telling.limited import MOST_BYTES
from anlan.kernel.people.doors import needs
from anlan.kernel.registers.importing.wording import words_of
from anlan.kernel.sensing.views import tabs

#: Readers of one server process that may run at the same time: each has a processor and memory of its own.
_AT_ONCE = threading.BoundedSemaphore(2)
#: Of a pasted text what is shown again, signs.
_AGAIN = 20_000


@require_http_methods(["GET", "HEAD", "POST"])
@needs("device.manage")
def page(request: HttpRequest) -> HttpResponse:
    """Take a file or a text, say what stands in it, and forget it."""
    context: dict[str, Any] = {
        "formats": [(code, words.said(words.FORMATS, code)) for code in FORMATS],
        "tabs": tabs(request, "message"),
        "most_mb": MOST_BYTES // 1_000_000,
    }
    status = 200
    if request.method == "POST":
        asked = request.POST.get("format", "")
        text = request.POST.get("text", "")
        context |= {"format": asked, "text": text[:_AGAIN]}
        told, error, status = _told(request.FILES.get("file"), text, asked)
        context |= {"error": error} if told is None else {"told": _shown(told)}
    return render(request, "monitoring/message.html", context, status=status)


def _told(sent: Any, text: str, format: str) -> tuple[Told | None, str, int]:
    """What was told, or why not and the status of the answer."""
    if format and format not in FORMATS:
        return None, _("There is no such format."), 422
    if isinstance(sent, UploadedFile):
        if (sent.size or 0) > MOST_BYTES:
            return None, _("At most %(n)s MB are read.") % {"n": MOST_BYTES // 1_000_000}, 413
        data = sent.read()
        # A file of digits is what a terminal program saved.
        if data[:1].isalnum() and data.isascii() and len(data) < 1 << 20:
            data = octets_of(data.decode("ascii"))
    else:
        data = octets_of(text)
    if not data.strip():
        return None, _("Choose a file or paste a message."), 422
    if not _AT_ONCE.acquire(blocking=False):
        return None, _("Others are reading messages right now; try again in a moment."), 503
    try:
        return tell_apart(data, now_ms=int(timezone.now().timestamp() * 1000), format=format), "", 200
    except Refused as refused:
        return None, words_of(refused.fault), 422
    finally:
        _AT_ONCE.release()


def _shown(told: Told) -> dict[str, Any]:
    frames = told.format in TELLERS
    tone, verdict = words.VERDICTS[told.verdict]
    return {
        "format": words.said(words.FORMATS, told.format),
        "tone": tone,
        "verdict": verdict,
        "size": told.size,
        "items": [_item(one, number, frames=frames) for number, one in enumerate(told.items, 1)],
        "notes": [_note(note, frames=frames) for note in told.notes],
        "layers": [{"name": words.said(words.LAYERS, one.name), "ok": one.ok} for one in told.layers],
        "counts": [(_note(Note(code), frames=True)["words"], n) for code, n in told.counts.items()],
        "total": told.total,
        "rows_total": told.rows_total,
        "more": told.total - len(told.items),
        "rows_more": told.rows_total - sum(len(one.rows) for one in told.items),
    }


def _item(item: Item, number: int, *, frames: bool) -> dict[str, Any]:
    return {
        "number": number,
        "kind": words.said(words.KINDS, item.kind),
        "bad": item.kind == "bad" or any(note.blocks for note in item.notes),
        "at": item.at,
        "head": [
            (words.said(words.HEAD, name), words.head_words(name, text), name not in words.HEAD)
            for name, text in item.head
        ],
        "rows": [
            {
                "row": row,
                "meaning": row.meaning or words.said(words.MEANINGS_OF, row.sensor) * (row.sensor in words.MEANINGS_OF),
                "quality": words.said(words.QUALITIES, row.quality),
                "good": row.quality == "good",
                "at": words.moment_of(row.time_ms),
            }
            for row in item.rows
        ],
        "notes": [_note(note, frames=frames) for note in item.notes],
        "raw": item.raw,
    }


def _note(note: Note, *, frames: bool) -> dict[str, Any]:
    return {
        "words": words.note_words(note, frames=frames),
        "where": note.where,
        "bad": note.blocks,
        "layer": words.said(words.LAYERS, note.layer),
    }
