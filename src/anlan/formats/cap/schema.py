"""The structure of CAP 1.0, 1.1 and 1.2: which element stands where, how often, and of what kind.

The sequences are declared with the values; what older versions had otherwise stands here. The verdict is that of the
XML Schema of OASIS, which the tests compare on recorded and on damaged messages, with three differences: xsi:type and
xsi:nil are refused, a URI is any text, and an info after the signature is refused, which libxml2 overlooks.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace

from anlan.formats import records
from anlan.formats.cap.values import CATEGORY, RESPONSE, Alert, Named
from anlan.formats.findings import Finding, found
from anlan.formats.records import STRING, TIME, Group, Part, group_of
from anlan.formats.trees import Element, children, name_of, space_of, text_of

SPACES: Mapping[str, str] = {
    "http://www.incident.com/cap/1.0": "1.0",
    "urn:oasis:names:tc:emergency:cap:1.1": "1.1",
    "urn:oasis:names:tc:emergency:cap:1.2": "1.2",
}
SPACE = "urn:oasis:names:tc:emergency:cap:1.2"
SIGNATURES = "http://www.w3.org/2000/09/xmldsig#"

#: A client of the national platform writes it so; it is read, and never written.
MISSPELT = ("Cancle", "Cancel")


#: Responses that came with 1.2.
_NEW = ("Avoid", "AllClear")


def _part(group: Group, name: str) -> Part:
    return next(part for part in group.parts if part.name == name)


def _inner(group: Group, name: str) -> Group:
    inner = _part(group, name).group
    assert inner is not None
    return inner


def _of_1_1(alert: Group) -> Group:
    """Times of any form, fewer responses, heights as text, a resource without its type, no draft unlike 1.2's."""
    info = _inner(alert, "info")
    area = _inner(info, "area")
    resource = _inner(info, "resource")
    area = area.but(altitude=Part("altitude", least=0), ceiling=Part("ceiling", least=0))
    resource = resource.but(mimeType=Part("mimeType", least=0))
    info = info.but(
        responseType=replace(_part(info, "responseType"), values=tuple(one for one in RESPONSE if one not in _NEW)),
        area=replace(_part(info, "area"), group=area), resource=replace(_part(info, "resource"), group=resource),
        **{name: Part(name, TIME, least=0) for name in ("effective", "onset", "expires")},
    )  # fmt: skip
    return Group(alert.but(sent=Part("sent", TIME), info=replace(_part(alert, "info"), group=info)).parts)


def _of_1_0(alert: Group) -> Group:
    """Codes as one text `name=value`, a password, scope and categories that may be missing, its own certainties."""
    info = _inner(alert, "info")
    area = _inner(info, "area")
    resource = _inner(info, "resource").but(derefUri=None)
    plain = {name: Part(name, least=0, most=None) for name in ("eventCode", "parameter")}
    info = info.but(
        category=replace(_part(info, "category"), least=0, values=tuple(one for one in CATEGORY if one != "CBRNE")),
        responseType=None,
        certainty=Part("certainty", STRING, ("Very Likely", "Likely", "Possible", "Unlikely", "Unknown")),
        area=replace(_part(info, "area"), group=area.but(geocode=Part("geocode", least=0, most=None))),
        resource=replace(_part(info, "resource"), group=resource), **plain,
    )  # fmt: skip
    status = replace(_part(alert, "status"), values=("Actual", "Exercise", "System", "Test"))
    alert = alert.but(
        status=status, scope=replace(_part(alert, "scope"), least=0), info=replace(_part(alert, "info"), group=info)
    )
    at = [part.name for part in alert.parts].index("source")
    return Group((*alert.parts[:at], Part("password", least=0), *alert.parts[at:]))


_1_2 = group_of(Alert, after=SIGNATURES)
_1_1 = _of_1_1(_1_2)
GROUPS: Mapping[str, Group] = {"1.0": _of_1_0(_1_1), "1.1": _1_1, "1.2": _1_2}


def version_of(root: Element) -> str | None:
    """The version of CAP that a root element is of; None for another document."""
    return SPACES.get(space_of(root)) if name_of(root) == "alert" else None


def breaches(root: Element) -> Iterator[Finding]:
    """What in a document is not as its version of CAP says."""
    version = version_of(root)
    if version is None:
        yield found("unknown_root", name=name_of(root)[:80], space=space_of(root)[:200])
        return
    yield from records.breaches(root, GROUPS[version], "alert")


def read(root: Element) -> Alert:
    """The values of a document, as far as it goes; None of what it lacks is guessed."""
    version = version_of(root) or ""
    alert = records.read(Alert, root)
    if version == "1.0":
        infos = _named(root, "info")
        alert = replace(alert, infos=tuple(
            replace(
                info,
                event_codes=_split(element, "eventCode"), parameters=_split(element, "parameter"),
                areas=tuple(
                    replace(area, geocodes=_split(place, "geocode"))
                    for area, place in zip(info.areas, _named(element, "area"), strict=True)
                ),
            )
            for info, element in zip(alert.infos, infos, strict=True)
        ))  # fmt: skip
    if alert.msg_type == MISSPELT[0]:
        alert = replace(alert, msg_type=MISSPELT[1])
    return replace(alert, version=version)


def _split(element: Element, name: str) -> tuple[Named, ...]:
    """The codes of CAP 1.0; one without `=` has a value and no name."""
    texts = map(text_of, _named(element, name))
    pairs = (one.partition("=") if "=" in one else ("", "", one) for one in texts)
    return tuple(Named(name=before.strip(), value=after.strip()) for before, _sign, after in pairs)


def _named(element: Element, name: str) -> list[Element]:
    return [one for one in children(element) if one.tag == f"{{{space_of(element)}}}{name}"]
