"""The import wizard over HTTP: file, columns, rows, result."""

from __future__ import annotations

from typing import Any
from urllib.parse import quote

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from anlan.formats import coordinates
from anlan.formats.faults import Fault as FileFault
from anlan.formats.faults import Refused as FileRefused
from anlan.kernel.people.models import User
from anlan.kernel.registers.declarations import Register
from anlan.kernel.registers.importing import files, guessing, preview, services, sheets, steps
from anlan.kernel.registers.importing.models import Import, Line, Step, Verdict
from anlan.kernel.registers.importing.wording import words_of as file_words
from anlan.kernel.registers.services import Refused
from anlan.kernel.registers.services.batches import require_somewhere
from anlan.kernel.registers.views.common import register_or_404, words_of

#: Past imports listed on the first page.
_MOST_PAST = 50
_XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"


def _open(request: HttpRequest, code: str, pk: int) -> tuple[Register, Import]:
    """The register and an import of one's own; what the file says is nobody else's to see."""
    register = register_or_404(request, code)
    row = Import.objects.select_related("by", "batch").filter(pk=pk, register=register.code).first()
    if row is None or row.by_id != request.user.pk or row.step == Step.DROPPED:
        raise Http404
    return register, row


def _to(register: Register, row: Import | None = None, query: str = "") -> str:
    if row is None:
        return reverse("registers:import", args=[register.code])
    return reverse("registers:import_open", args=[register.code, row.pk]) + (f"?{query}" if query else "")


# --- the file ---------------------------------------------------------------------------------------------------------
@require_http_methods(["GET", "HEAD", "POST"])
def start(request: HttpRequest, code: str) -> HttpResponse:
    """Take a file in, or show how, with the imports there have been."""
    register = register_or_404(request, code)
    assert isinstance(request.user, User)
    require_somewhere(register, request.user)
    error = ""
    if request.method == "POST":
        sent = request.FILES.get("file")
        layer, encoding = request.POST.get("layer", "")[:80], request.POST.get("encoding", "")
        try:
            if sent is None or isinstance(sent, list):
                raise Refused([services.Fault("file", "missing", _("Choose a file first."))])
            if (sent.size or 0) > files.MOST_BYTES:
                raise FileRefused("too_large", bytes=sent.size or 0, limit=files.MOST_BYTES)
            encoding = encoding if encoding in ("utf-8", "gb18030", "utf-16") else ""
            row = services.take_in(
                register, sent.read(), sent.name or "", encoding=encoding, layer=layer, actor=request.user,
                now=timezone.now(),
            )  # fmt: skip
        except FileRefused as refused:
            error = file_words(refused.fault, place=True)
        except Refused as refused:
            error = words_of(refused)
        else:
            return redirect(_to(register, row))
    return _start_page(request, register, error)


def _start_page(request: HttpRequest, register: Register, error: str, status: int = 422) -> HttpResponse:
    past = Import.objects.filter(register=register.code).exclude(step=Step.DROPPED).select_related("by", "batch")
    rows = [(row, row.by_id == request.user.pk, _may_undo(request, row)) for row in past[:_MOST_PAST]]
    context = {
        "register": register, "error": error, "past": rows, "most": files.MOST_BYTES >> 20,
        "located": register.located,
    }  # fmt: skip
    return render(request, "registers/import.html", context, status=status if error else 200)


def _may_undo(request: HttpRequest, row: Import) -> bool:
    assert isinstance(request.user, User)
    return row.step == Step.DONE and (row.by_id == request.user.pk or services.may_all(row, request.user))


@require_safe
def template(request: HttpRequest, code: str) -> HttpResponse:
    """The empty sheet of a register."""
    register = register_or_404(request, code)
    assert isinstance(request.user, User)
    require_somewhere(register, request.user)
    return _workbook(sheets.template(register, request.user), _("%(title)s template") % {"title": register.title})


def _workbook(data: bytes, name: str) -> HttpResponse:
    answer = HttpResponse(data, content_type=_XLSX)
    answer["Content-Disposition"] = f"attachment; filename*=UTF-8''{quote(name)}.xlsx"
    return answer


# --- step by step -----------------------------------------------------------------------------------------------------
@require_safe
def open_import(request: HttpRequest, code: str, pk: int) -> HttpResponse:
    """The page of the step that an import is in."""
    register, row = _open(request, code, pk)
    services.release(row, now=timezone.now())
    if row.step == Step.MAPPING:
        return _naming_page(request, register, row)
    if row.is_busy:
        return render(request, "registers/import_wait.html", {"register": register, "row": row, "stage": _stage(row)})
    if row.step == Step.CHECKED:
        return _rows_page(request, register, row)
    if row.step == Step.REFUSED:
        return _start_page(request, register, row.note, status=200)
    context = {"register": register, "row": row, "stage": 4, "may_undo": _may_undo(request, row)}
    return render(request, "registers/import_done.html", context)


def _stage(row: Import) -> int:
    return {Step.READING: 1, Step.CHECKING: 3}.get(Step(row.step), 4)


@require_safe
def progress(request: HttpRequest, code: str, pk: int) -> HttpResponse:
    """How far the running step is; when it has ended, the page is loaded anew."""
    register, row = _open(request, code, pk)
    if services.release(row, now=timezone.now()) or not row.is_busy:
        answer = HttpResponse(status=200)
        answer["HX-Redirect"] = _to(register, row)
        return answer
    return render(request, "registers/_import_progress.html", {"register": register, "row": row})


def _place(request: HttpRequest, row: Import, name: str, limit: int) -> int:
    text = request.GET.get(name, "")
    place = int(text) if text.isdigit() and len(text) < 4 else row.options.get(name, 0)
    return place if 0 <= place < limit else 0


def _naming_page(
    request: HttpRequest, register: Register, row: Import, *, options: dict[str, Any] | None = None,
    faults: tuple[Any, ...] = (),
) -> HttpResponse:  # fmt: skip
    context: dict[str, Any] = {"register": register, "row": row, "stage": 2, "faults": faults}
    sheet = header = 0
    if "sheets" in row.sources:
        found = row.sources["sheets"]
        first = next((at for at, one in enumerate(found) if not one["empty"] and not one["hidden"]), 0)
        sheet = options["sheet"] if options else _place(request, row, "sheet", len(found))
        if not options and "sheet" not in request.GET and "sheet" not in row.options:
            sheet = first
        header = options["header"] if options else _place(request, row, "header", len(found[sheet]["headers"]))
        notes = [file_words(FileFault.of(note), place=True) for note in found[sheet]["notes"]]
        context |= {"sheets": found, "headers": found[sheet]["headers"]}
    else:
        notes = [file_words(FileFault.of(note), place=True) for note in row.sources["notes"]]
        for fault, count in row.sources["mended"]:
            words = {"what": file_words(FileFault.of(fault)), "n": count}
            notes.append(ngettext("%(what)s (%(n)d feature)", "%(what)s (%(n)d features)", count) % words)
    if options is None:
        same = row.options.get("sheet") == sheet and row.options.get("header") == header and "columns" in row.options
        options = row.options if same else services.suggested(row, sheet, header)
    names = services.headings(row, sheet, header)
    chosen = {int(at): name for at, name in options["columns"].items()}
    samples = _samples(row, sheet, header)
    mapped = set(chosen.values())
    infos = [register.info(name) for name in guessing.fields(register)]
    context |= {
        "sheet": sheet, "header": header, "notes": notes,
        "columns": [
            (at, name, [sample[at] for sample in samples], chosen.get(at, "")) for at, name in enumerate(names)
        ],
        "fields": infos, "remembered": options.get("remembered", False), "options": options,
        "systems": _systems(), "asks": "sheets" not in row.sources and register.located,
        "fixable": [(info, options.get("fixed", {}).get(info.name, ""), preview.choices_of(info))
                    for info in infos if info.name not in mapped and _may_be_fixed(info)],
        "twins": services.twins(row)[:1],
    }  # fmt: skip
    return render(request, "registers/import_map.html", context, status=422 if faults else 200)


def _may_be_fixed(info: Any) -> bool:
    return info.name not in ("code", "name", "lon", "lat", "outline", "remark")


def _samples(row: Import, sheet: int, header: int) -> list[list[str]]:
    """The first rows under the headings, as text."""
    if not services.headings(row, sheet, header):
        return []
    table = files.open_table_of(row.pk, row.sources, {"sheet": sheet, "header": header})
    found = []
    for number in table.numbers[: files.MOST_SAMPLES]:
        cells = (value.text if isinstance(value, files.Broken) else value for value in table.values(number))
        found.append(["" if value is None else str(value)[:40] for value in cells])
    return found


def _systems() -> list[tuple[str, list[tuple[str, str]]]]:
    """Coordinate systems to choose from, in groups with words."""
    degrees = [
        (coordinates.WGS84, _("WGS-84, degrees (GPS receivers)")),
        (coordinates.CGCS2000, _("CGCS2000, degrees (as Tianditu shows them)")),
        (coordinates.GCJ02, _("GCJ-02, degrees (Amap, Tencent)")),
        (coordinates.BD09, _("BD-09, degrees (Baidu)")),
    ]
    groups: dict[str, list[tuple[str, str]]] = {}
    for name, grid in coordinates.GRIDS.items():
        words = {"width": grid.width, "zone": grid.zone, "meridian": f"{grid.meridian:g}"}
        if grid.zone:
            title = _("CGCS2000, metres, %(width)d-degree zone before the easting") % words
            label = _("zone %(zone)d, central meridian %(meridian)s°E") % words
        else:
            title = _("CGCS2000, metres, %(width)d-degree zone, no zone number") % words
            label = _("central meridian %(meridian)s°E") % words
        groups.setdefault(title, []).append((name, label))
    web = (coordinates.WEB_MERCATOR, _("Web Mercator, metres (EPSG:3857)"))
    return [(_("Degrees"), degrees), *groups.items(), (_("Others"), [web])]


@require_POST
def name_columns(request: HttpRequest, code: str, pk: int) -> HttpResponse:
    """Keep which column is which field, and let the rows be checked."""
    register, row = _open(request, code, pk)
    assert isinstance(request.user, User)
    data = request.POST
    sheet, header = _number(data.get("sheet")), _number(data.get("header"))
    found = row.sources.get("sheets")
    if found and (sheet >= len(found) or header >= max(1, len(found[sheet]["headers"]))):
        raise Http404
    columns = {key[4:]: value for key, value in data.items() if key.startswith("col.") and value}
    options = {
        "sheet": sheet, "header": header,
        "columns": {int(at): name for at, name in columns.items() if at.isdigit() and len(at) < 5},
        "fixed": {key[4:]: value[:200] for key, value in data.items() if key.startswith("fix.")},
        "system": data.get("system", ""), "swap": data.get("swap") == "1",
        "aliases": row.options.get("aliases") or services.suggested_aliases(row, sheet, header),
    }  # fmt: skip
    try:
        services.name_columns(row, options, actor=request.user, now=timezone.now())
    except Refused as refused:
        return _naming_page(request, register, row, options=options, faults=refused.faults)
    return redirect(_to(register, row))


def _number(text: str | None) -> int:
    return int(text) if text and text.isdigit() and len(text) < 4 else 0


# --- the rows ---------------------------------------------------------------------------------------------------------
def _rows_page(request: HttpRequest, register: Register, row: Import) -> HttpResponse:
    assert isinstance(request.user, User)
    counts = {verdict: row.counts.get(str(int(verdict)), 0) for verdict in Verdict}
    numbers_of_sort = {
        "open": row.open_rows, "new": counts[Verdict.NEW], "changed": counts[Verdict.CHANGED],
        "same": counts[Verdict.SAME], "skipped": counts[Verdict.SKIPPED], "warned": row.counts.get("warned", 0),
    }  # fmt: skip
    titles = {
        "open": _("To decide"), "new": _("New rows"), "changed": _("Changed rows"), "same": _("Unchanged rows"),
        "skipped": _("Left out"), "warned": _("With warnings"),
    }  # fmt: skip
    first = next((sort for sort in ("open", "new", "changed", "same", "skipped") if numbers_of_sort[sort]), "new")
    sort = request.GET.get("show", first)
    context: dict[str, Any] = {
        "register": register, "row": row, "stage": 3, "show": sort,
        "tabs": [(name, titles[name], n) for name, n in numbers_of_sort.items() if n or name in ("open", "new")],
        "faulty": counts[Verdict.FAULTY], "doubles": counts[Verdict.DOUBLE],
        "ready": not row.open_rows and (counts[Verdict.NEW] or counts[Verdict.CHANGED]),
        "writes": counts[Verdict.NEW] + counts[Verdict.CHANGED], "has_map": register.located,
        "touched": row.lines.filter(touched=True).exists(),
    }  # fmt: skip
    if sort != "map":
        if sort not in preview.SORTS:
            raise Http404
        numbers = preview.numbers_of(row, sort)
        pages = max(1, -(-len(numbers) // preview.ROWS))
        page = min(max(_number(request.GET.get("page")), 1), pages)
        some = numbers[(page - 1) * preview.ROWS : page * preview.ROWS]
        context |= {"page": page, "pages": pages, "rows": preview.shown(register, row, some, request.user)}
        if sort == "open":
            context["words"] = preview.unknown_words(register, row)
    return render(request, "registers/import_rows.html", context)


@require_http_methods(["GET", "HEAD", "POST"])
def one_row(request: HttpRequest, code: str, pk: int, number: int) -> HttpResponse:
    """Mend a row or decide on it; it is judged again at once. Sent by htmx, the answer is the row alone."""
    register, row = _open(request, code, pk)
    assert isinstance(request.user, User)
    if row.step != Step.CHECKED:
        return redirect(_to(register, row))
    table = files.open_table_of(row.pk, row.sources, row.options)
    if number not in set(table.numbers):
        raise Http404
    every = request.GET.get("every") == "1"
    if request.method == "POST":
        decision, _sep, same = request.POST.get("do", "").partition(":")
        before = preview.shown(register, row, [number], request.user, every=True)[0]
        was = {mending.info.name: mending.text for mending in before.mendings}
        edits = {name: text for name, text in request.POST.items() if name in was and text.strip() != was[name].strip()}
        try:
            if decision not in ("", "skip", "new", "same"):
                raise Refused([services.Fault("", "unknown", _("There is no such decision."))])
            services.decide(
                row, number, decision=decision, same=_allowed_same(row, number, same), edits=edits, actor=request.user
            )
            steps.judge_rows(row, [number])
        except Refused as refused:
            messages.error(request, words_of(refused))
    if "HX-Request" not in request.headers:
        return redirect(_to(register, row, f"show=open#row-{number}"))
    some = preview.shown(register, row, [number], request.user, every=every)
    return render(
        request, "registers/_import_row.html", {"register": register, "row": row, "r": some[0], "alone": True}
    )


def _allowed_same(row: Import, number: int, text: str) -> int:
    """The record that a row is said to be: one of those that it may double."""
    line = Line.objects.filter(of=row, row=number).first()
    offered = {double["pk"] for double in line.doubles} if line is not None else set()
    return int(text) if text.isdigit() and int(text) in offered else 0


@require_POST
def act(request: HttpRequest, code: str, pk: int, name: str) -> HttpResponse:
    """An act on the whole import."""
    if name == "undo":
        return _undo(request, code, pk)
    register, row = _open(request, code, pk)
    assert isinstance(request.user, User)
    actor, now = request.user, timezone.now()
    try:
        if name == "again":
            services.check_again(row, actor=actor, now=now)
        elif name == "back":
            services.open_again(row, actor=actor, now=now)
        elif name == "many":
            n = services.decide_many(row, request.POST.get("do", ""), actor=actor, now=now)
            messages.success(request, ngettext("%(n)d row decided.", "%(n)d rows decided.", n) % {"n": n})
        elif name == "words":
            pairs = zip(request.POST.getlist("word"), request.POST.getlist("means"), strict=False)
            services.mean(row, request.POST.get("field", ""), dict(pairs), actor=actor, now=now)
        elif name == "commit":
            services.commit(row, actor=actor, now=now)
        elif name == "drop":
            services.give_up(row, actor=actor, now=now)
            messages.success(request, _("The file was given up; nothing of it is kept."))
            return redirect(_to(register))
        else:
            raise Http404
    except Refused as refused:
        messages.error(request, words_of(refused))
    return redirect(_to(register, row))


def _undo(request: HttpRequest, code: str, pk: int) -> HttpResponse:
    register = register_or_404(request, code)
    row = Import.objects.select_related("batch", "by").filter(pk=pk, register=register.code).first()
    assert isinstance(request.user, User)
    if row is None:
        raise Http404
    if not _may_undo(request, row) and row.step == Step.DONE:
        raise PermissionDenied
    try:
        services.undo(row, actor=request.user, now=timezone.now())
    except Refused as refused:
        messages.error(request, words_of(refused))
    else:
        messages.success(request, _("The import is being undone."))
    return redirect(_to(register, row) if row.by_id == request.user.pk else _to(register))


@require_safe
def places(request: HttpRequest, code: str, pk: int) -> JsonResponse:
    """Where the rows lie, before they are put in force."""
    register, row = _open(request, code, pk)
    if row.step != Step.CHECKED:
        raise Http404
    return JsonResponse(preview.marks(register, row))


@require_safe
def fault_sheet(request: HttpRequest, code: str, pk: int) -> HttpResponse:
    """The rows that are still open, as a workbook with marked cells."""
    _register, row = _open(request, code, pk)
    if row.step != Step.CHECKED:
        raise Http404
    return _workbook(sheets.faults_of(row), _("%(name)s to mend") % {"name": row.name.rpartition(".")[0] or row.name})
