"""`{% load anlan %}`: level badges, icons, clocks, ages and the designed states, for every template."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from django import template
from django.templatetags.static import static
from django.urls import reverse
from django.utils import timezone
from django.utils.html import format_html
from django.utils.safestring import SafeString, mark_safe
from django.utils.translation import get_language
from django.utils.translation import gettext as _

from anlan.kernel.web import formatting, refs

register = template.Library()


@register.simple_tag
def level(value: int | None, word: str = "") -> SafeString:
    """Badge of a level 1 … 4 with numeral and colour word; `word` is added after a middle dot; None: not graded."""
    name = formatting.CSS_NAMES.get(value or 0)
    if name is None or value is None:
        return format_html('<span class="lv none">{}</span>', word or _("Not graded"))
    text = f"{formatting.NUMERALS[value]} {formatting.COLOURS[value]}"
    return format_html('<span class="lv {}">{}</span>', name, f"{text} · {word}" if word else text)


@register.filter
def level_class(value: int | None) -> str:
    """CSS name of a level: red, orange, yellow, blue; "none" when not graded."""
    return formatting.CSS_NAMES.get(value or 0, "none")


@register.filter
def level_word(value: int | None) -> str:
    """A level as plain text: `Ⅱ Orange`."""
    if value not in formatting.NUMERALS:
        return _("Not graded")
    return f"{formatting.NUMERALS[value]} {formatting.COLOURS[value]}"


@register.simple_tag
def icon(name: str, size: str = "", label: str = "") -> SafeString:
    """An icon of the sprite. `size` "s" 14, "l" 20, "x" 28 px. Without a label it is hidden from screen readers."""
    href = f"{static('web/icons.svg')}#{name}"
    if label:
        return format_html('<svg class="i {}" role="img" aria-label="{}"><use href="{}"/></svg>', size, label, href)
    return format_html('<svg class="i {}" aria-hidden="true"><use href="{}"/></svg>', size, href)


@register.simple_tag(takes_context=True)
def clock(
    context: Any,
    due: datetime | None,
    started: datetime | None = None,
    stopped: datetime | None = None,
    paused: datetime | None = None,
) -> SafeString:
    """A running clock: digits to `due`, counted down in the browser, wavy and with a word when overdue.

    With `stopped` it stands still and says how much of it was used; with `paused` it says so.
    """
    if due is None:
        return mark_safe('<span class="clk none">—</span>')
    now = _now(context)
    at = stopped or paused or now
    seconds = (due - at).total_seconds()
    classes = ["clk"]
    if seconds < 0:
        classes.append("over")
    elif seconds < 600:
        classes.append("soon")
    if stopped:
        classes.append("done")
        if seconds < 0:
            words = _("Overdue by %(span)s") % {"span": formatting.span(seconds)}
        elif started:
            words = _("Used %(span)s") % {"span": formatting.span((stopped - started).total_seconds())}
        else:
            words = _("In time")
        return format_html(
            '<time class="{}" datetime="{}" title="{}">{}</time>',
            " ".join(classes), due.isoformat(), formatting.bureau_time(due), words,
        )  # fmt: skip
    if paused:
        return format_html(
            '<span class="{}" title="{}"><b>{}</b><em>{}</em></span>',
            " ".join(classes), formatting.bureau_time(due), formatting.digits(seconds), _("Paused"),
        )  # fmt: skip
    return format_html(
        '<time class="{}" datetime="{}" data-due="{}" data-started="{}" title="{}"><b>{}</b>{}</time>',
        " ".join(classes),
        due.isoformat(),
        _ms(due),
        _ms(started) if started else "",
        formatting.bureau_time(due),
        formatting.digits(seconds),
        format_html("<em>{}</em>", _("Overdue")) if seconds < 0 else "",
    )


@register.filter
def bureau_time(moment: datetime | None, style: str = "") -> str:
    """`2026-11-22 03:25` in the bureau's zone; style "s" adds seconds, "short" drops the date when it is today."""
    if style == "short":
        return formatting.short_time(moment)
    return formatting.bureau_time(moment, seconds=style == "s")


@register.filter(is_safe=True)
def ago(moment: datetime | None) -> SafeString | str:
    """An age that keeps counting in the browser: `12 s ago`."""
    if moment is None:
        return "—"
    return format_html(
        '<time class="ago" datetime="{}" data-ago="{}" title="{}">{}</time>',
        moment.isoformat(),
        _ms(moment),
        formatting.bureau_time(moment, seconds=True),
        formatting.age(moment, timezone.now()),
    )


@register.filter
def duration(value: timedelta | float | int | None) -> str:
    """A timedelta or seconds in words: `2 d 4 h`."""
    if value is None:
        return "—"
    return formatting.span(value.total_seconds() if isinstance(value, timedelta) else float(value))


@register.filter
def millis(moment: datetime | None) -> str:
    """Milliseconds since 1970 UTC, for data attributes that scripts read."""
    return str(_ms(moment)) if moment else ""


@register.filter
def unlocalised(value: float | None) -> str:
    """A number as programs write it, for addresses and data attributes: `104.61234`, never `104,61`."""
    return "" if value is None else repr(value)


@register.simple_tag
def url_of(ref: str) -> str:
    """Address of the page of a ref such as "case:3"; blank when its room gave none."""
    return refs.url_of(ref) or ""


@register.simple_tag
def label_of(ref: str) -> str:
    """Words for a ref such as "alarm:12", as its room says them."""
    return str(refs.label_of(ref))


@register.simple_tag
def entry_title(entry: Any) -> str:
    """Title of a rulebook entry in the language of the page."""
    chinese = (get_language() or "").startswith("zh")
    return str((chinese and entry.title_zh) or entry.title)


@register.simple_tag
def entry_source(entry: Any) -> SafeString:
    """Standard and clause of a rulebook entry, a link to it, and the mark when nobody verified it."""
    words = " ".join(text for text in (entry.standard, entry.clause) if text) or f"{entry.code} v{entry.version}"
    link = format_html('<a href="{}" class="rule">{}</a>', reverse("rulebook:entry", args=[entry.pk]), words)
    if entry.verified:
        return link
    return format_html('{} <span class="tag warn">{}</span>', link, _("Unverified"))


@register.inclusion_tag("web/parts/state.html")
def state_empty(icon: str, title: str, hint: str = "") -> dict[str, str]:
    """Nothing to show, and what comes next."""
    return {"icon": icon, "title": title, "hint": hint, "kind": "empty"}


@register.inclusion_tag("web/parts/state.html")
def state_error(title: str, hint: str = "") -> dict[str, str]:
    """Something could not be loaded, and what to do."""
    return {"icon": "alert", "title": title, "hint": hint, "kind": "error"}


@register.inclusion_tag("web/parts/state.html")
def state_denied(title: str, hint: str = "") -> dict[str, str]:
    """No right to see this, and who gives it."""
    return {"icon": "lock", "title": title, "hint": hint, "kind": "denied"}


@register.inclusion_tag("web/parts/loading.html")
def state_loading(rows: int = 4) -> dict[str, Any]:
    """Grey bars where rows will stand; the heading above stays in place."""
    return {"rows": range(rows)}


def _now(context: Any) -> datetime:
    frame = context.get("frame") if hasattr(context, "get") else None
    now = getattr(frame, "now", None)
    return now if isinstance(now, datetime) else timezone.now()


def _ms(moment: datetime) -> int:
    return round(moment.timestamp() * 1000)
