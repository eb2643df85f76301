"""What the features API takes and gives, as OpenAPI 3.0 (Part 1, requirements class oas30)."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from django.utils.translation import gettext_lazy as _

from anlan.kernel.registers.api.shapes import in_both
from anlan.kernel.registers.conditions import filterable
from anlan.kernel.registers.declarations import Register
from anlan.kernel.registers.ogc.features import CRS84, LANGUAGES

KIND = "application/vnd.oai.openapi+json;version=3.0"


def document(registers: Iterable[Register], server: str) -> dict[str, Any]:
    """The description for one asker: the collections that are open to them."""
    paths: dict[str, Any] = {
        "/": _get("landing", _("Landing page")),
        "/conformance": _get("conformance", _("What this service conforms to")),
        "/collections": _get("collections", _("Collections")),
    }
    for register in registers:
        here = f"/collections/{register.code}"
        name = register.code.replace("-", "_")
        paths[here] = _get(f"{name}_collection", register.title)
        paths[f"{here}/queryables"] = _get(f"{name}_queryables", _("Fields that a filter may ask for"))
        paths[f"{here}/items"] = _get(f"{name}_items", register.title, _parameters(register), "application/geo+json")
        code = {"name": "code", "in": "path", "required": True, "schema": {"type": "string"}}
        paths[f"{here}/items/{{code}}"] = _get(f"{name}_item", register.one, [code], "application/geo+json")
    return {
        "openapi": "3.0.3",
        "info": {"title": in_both(_("Registers as features")), "version": "1"},
        "servers": [{"url": server}],
        "security": [{"token": []}, {"basic": []}],
        "paths": paths,
        "components": {
            "securitySchemes": {
                "token": {"type": "http", "scheme": "bearer"}, "basic": {"type": "http", "scheme": "basic"},
            }
        },
    }  # fmt: skip


def _get(name: str, words: Any, parameters: Any = (), kind: str = "application/json") -> dict[str, Any]:
    content = {kind: {"schema": {"type": "object"}}}
    responses = {
        "200": {"description": in_both(_("Done")), "content": content},
        "400": {"description": in_both(_("A parameter cannot be meant"))},
        "401": {"description": in_both(_("No valid token and no session"))},
        "404": {"description": in_both(_("Not there, or not open to you"))},
    }
    found = {"operationId": name, "summary": in_both(words), "responses": responses}
    return {"get": {**found, "parameters": list(parameters)} if parameters else found}


def _parameters(register: Register) -> list[dict[str, Any]]:
    def query(name: str, schema: dict[str, Any], **more: Any) -> dict[str, Any]:
        return {"name": name, "in": "query", "required": False, "schema": schema, **more}

    text = {"type": "string"}
    numbers = {"type": "array", "items": {"type": "number"}, "minItems": 4, "maxItems": 6}
    return [
        query("limit", {"type": "integer", "minimum": 1, "maximum": 1000, "default": 100}),
        query("offset", {"type": "integer", "minimum": 0, "default": 0}),
        query("bbox", numbers, style="form", explode=False),
        query("datetime", text),
        query("filter", text),
        query("filter-lang", {"type": "string", "enum": list(LANGUAGES), "default": LANGUAGES[0]}),
        query("filter-crs", {"type": "string", "enum": [CRS84]}),
        query("q", text),
        query("sortby", text),
        *(
            query(name, text, description=in_both(info.field.verbose_name))
            for name, info in filterable(register).items()
        ),
    ]
