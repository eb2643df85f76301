"""What one register takes and gives, as OpenAPI 3.1; every field and filter in Chinese and English."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from django.utils.translation import gettext_lazy as _

from anlan.kernel.registers import selecting
from anlan.kernel.registers.api.reading import MOST_ROWS
from anlan.kernel.registers.api.shapes import field_schema, in_both, listed_fields
from anlan.kernel.registers.api.writing import MOST_ITEMS
from anlan.kernel.registers.conditions import PLACE, filterable
from anlan.kernel.registers.declarations import Register
from anlan.kernel.registers.info import FieldInfo, Kind

KIND = "application/vnd.oai.openapi+json;version=3.1"
_SPANNED = (Kind.INTEGER, Kind.NUMBER, Kind.DATE, Kind.MOMENT)
_LISTED = (Kind.CHOICE, Kind.CHOICES, Kind.LEVEL, Kind.FLAG, Kind.REGION, Kind.RECORD, Kind.PERSON)
_STATUS = {
    400: _("The body is no JSON object"),
    401: _("No valid token and no session"),
    403: _("The right is missing"),
    404: _("Not there, or not open to you"),
    412: _("Somebody changed the record in the meantime"),
    422: _("Faults, each with its field and in words"),
    428: _("No revision was named"),
    429: _("Too many requests"),
}


def document(register: Register, server: str) -> dict[str, Any]:
    """The description of the API of one register; `server` is the address of the API."""
    base = f"/{register.code}"
    return {
        "openapi": "3.1.0",
        "info": {"title": in_both(register.title), "version": "1"},
        "servers": [{"url": server.rstrip("/")}],
        "security": [{"token": []}],
        "paths": {
            f"{base}/records": {
                "get": _operation("list", _("List"), 200, "Page", (422,), parameters=_list_parameters(register)),
                "post": _operation("create", _("Enter a record"), 201, "Record", (400, 422), body="NewRecord"),
            },
            f"{base}/records/{{code}}": {
                "parameters": [_CODE],
                "get": _operation("read", _("One record"), 200, "Record", (404,), parameters=_clear(register)),
                "patch": _operation(
                    "change", _("Change what is sent"), 200, "Record", (400, 404, 412, 422, 428), body="Values",
                    parameters=[_IF_MATCH],
                ),
                "delete": _operation(
                    "remove", _("Take out of use"), 204, "", (404, 412, 422),
                    parameters=[_IF_MATCH, _query("why", _("Reason, kept in the history"), required=True)],
                ),
            },
            f"{base}/records/{{code}}/restore": {
                "parameters": [_CODE],
                "post": _operation(
                    "restore", _("Bring back into use"), 200, "Record", (404, 422),
                    parameters=[_query("why", _("Reason, kept in the history"))],
                ),
            },
            f"{base}/bulk": {
                "post": _operation("bulk", _("Many acts as one: all or none"), 200, "Done", (400, 422), body="Bulk")
            },
        },
        "components": {
            "securitySchemes": {
                "token": {
                    "type": "http", "scheme": "bearer",
                    "description": in_both(_("An API token; page “API tokens” in the account menu.")),
                }
            },
            "schemas": _schemas(register),
        },
    }  # fmt: skip


_CODE = {"name": "code", "in": "path", "required": True, "schema": {"type": "string"}}
_IF_MATCH = {
    "name": "If-Match", "in": "header", "required": False, "schema": {"type": "string"},
    "description": 'revision: "7"',
}  # fmt: skip


def _query(name: str, words: Any, *, more: str = "", required: bool = False, **schema: Any) -> dict[str, Any]:
    description = f"{in_both(words)}: {more}" if more else in_both(words)
    return {
        "name": name, "in": "query", "required": required, "description": description,
        "schema": schema or {"type": "string"},
    }  # fmt: skip


def _operation(
    name: str, words: Any, status: int, schema: str, faults: Iterable[int], *, body: str = "", parameters: Any = ()
) -> dict[str, Any]:
    responses: dict[str, Any] = {str(status): {"description": in_both(_("Done"))}}
    if schema:
        responses[str(status)]["content"] = {"application/json": {"schema": _ref(schema)}}
    for fault in sorted({*faults, 401, 403, 429}):
        content = {"application/problem+json": {"schema": _ref("Problem")}}
        responses[str(fault)] = {"description": in_both(_STATUS[fault]), "content": content}
    found: dict[str, Any] = {"operationId": name, "summary": in_both(words), "responses": responses}
    if parameters:
        found["parameters"] = list(parameters)
    if body:
        found["requestBody"] = {"required": True, "content": {"application/json": {"schema": _ref(body)}}}
    return found


def _ref(name: str) -> dict[str, str]:
    return {"$ref": f"#/components/schemas/{name}"}


def _list_parameters(register: Register) -> list[dict[str, Any]]:
    found = [
        _query("q", _("Words that a record contains: Chinese, code, pinyin or its initials")),
        _query(
            "sort",
            _("Up to three fields, a minus before one turns it: -changed_at,name"),
            more=", ".join(sorted(selecting.sortable(register))),
        ),
        _query("page", _("Page, from 1"), type="integer", minimum=1),
        _query("size", _("Records a page"), type="integer", minimum=1, maximum=MOST_ROWS),
        _query("cols", _("Fields that are wanted, separated by commas; all without it")),
        *_clear(register),
    ]
    found += [
        _query(name, info.field.verbose_name, more=in_both(_filter_words(info)))
        for name, info in filterable(register).items()
    ]
    if register.located:
        found.append(
            _query(PLACE, _("some: has a place on the map; none: has not"), type="string", enum=["some", "none"])
        )
    return found


def _filter_words(info: FieldInfo) -> Any:
    if info.kind in _SPANNED:
        return _("a span from..to, either end may be missing; days also as today, -30d, +30d; none, some")
    if info.kind in _LISTED:
        return _("one or several values, separated by commas; none, some")
    return _("none: empty; some: filled; values only where the register lists them")


def _clear(register: Register) -> list[dict[str, Any]]:
    if not register.sensitive:
        return []
    return [
        _query("clear", _("Personal fields to show in clear; needs the right, and is written down")),
        _query("why", _("Why they are needed in clear")),
    ]


def _schemas(register: Register) -> dict[str, Any]:
    infos = register.infos()
    fields = {name: field_schema(info) for name, info in infos.items()}
    editable = {name: fields[name] for name, info in infos.items() if info.editable}
    required = [
        name for name, info in infos.items() if info.required and info.editable and name not in ("code", "region")
    ]
    revision = {"type": "integer", "description": in_both(_("Raised by each change")), "readOnly": True}
    fault = {
        "type": "object",
        "properties": {
            "item": {"type": "integer"}, "field": {"type": "string"}, "code": {"type": "string"},
            "words": {"type": "string"}, "blocks": {"type": "boolean"},
        },
    }  # fmt: skip
    act = {
        "type": "object",
        "required": ["do"],
        "properties": {
            "do": {"type": "string", "enum": ["create", "change", "remove", "restore"]},
            "code": {"type": "string"}, "revision": {"type": "integer"}, "why": {"type": "string"},
            "values": _ref("Values"),
        },
    }  # fmt: skip
    listed = [*dict.fromkeys(("code", "name", *listed_fields(register)))]
    return {
        "Record": {
            "type": "object", "required": ["code", "name", "revision"],
            "properties": {**fields, "revision": revision, "warnings": {"type": "array", "items": fault}},
        },
        "Listed": {"type": "object", "properties": {**{name: fields[name] for name in listed}, "revision": revision}},
        "Page": {
            "type": "object", "required": ["total", "page", "size", "pages", "next", "items"],
            "properties": {
                **{name: {"type": "integer"} for name in ("total", "page", "size", "pages")},
                "next": {"type": ["string", "null"]}, "items": {"type": "array", "items": _ref("Listed")},
            },
        },
        "NewRecord": {"type": "object", "required": required, "properties": editable},
        "Values": {"type": "object", "properties": {**editable, "revision": {"type": "integer"}}},
        "Bulk": {
            "type": "object", "required": ["items"],
            "properties": {"items": {"type": "array", "minItems": 1, "maxItems": MOST_ITEMS, "items": act}},
        },
        "Done": {
            "type": "object",
            "properties": {
                "items": {
                    "type": "array",
                    "items": {
                        "type": "object",
                        "properties": {
                            "do": {"type": "string"}, "code": {"type": "string"}, "revision": {"type": "integer"},
                        },
                    },
                }
            },
        },
        "Problem": {
            "type": "object", "required": ["status", "code", "detail"],
            "properties": {
                "type": {"type": "string"}, "title": {"type": "string"}, "status": {"type": "integer"},
                "code": {"type": "string"}, "detail": {"type": "string"}, "instance": {"type": "string"},
                "faults": {"type": "array", "items": fault},
            },
        },
    }  # fmt: skip
