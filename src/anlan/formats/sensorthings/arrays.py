"""Many observations in one body: data arrays, as `CreateObservations` takes and `$resultFormat=dataArray` gives them.

A row that is wrong does not spoil the others: the answer to such a body says of each row whether it was taken. The
count that stands in a body is told when it is wrong and not relied on. Source: OGC 18-088, clause 14.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from anlan.formats.findings import BadMessage, Finding, found, noted
from anlan.formats.sensorthings.entities import Entity, Id, Mode, Ref, decoded, kind_of, read
from anlan.formats.sensorthings.model import ENTITIES
from anlan.formats.sensorthings.times import Time

#: Rows and arrays of one body.
MOST_ROWS, MOST_ARRAYS = 200_000, 10_000
_FEATURE = "FeatureOfInterest/id"
COMPONENTS = ("id", *(one.name for one in ENTITIES["Observation"].properties), _FEATURE)


@dataclass(frozen=True, slots=True)
class Row:
    """One observation, or why it is none."""

    number: int
    observation: Entity | None
    findings: tuple[Finding, ...] = ()


@dataclass(frozen=True, slots=True)
class DataArray:
    """Observations of one datastream; `datastream` is None where the address says it."""

    datastream: Id | None
    components: tuple[str, ...]
    rows: tuple[Row, ...]
    findings: tuple[Finding, ...] = ()


def read_arrays(body: bytes) -> tuple[DataArray, ...]:
    """The arrays of a body, which is a list of them or a single one.

    Raises BadMessage when an array as a whole cannot be used, Refused for what is no JSON within the bounds.
    """
    content = decoded(body)
    if isinstance(content, dict) and isinstance(content.get("value"), list):
        content = content["value"]
    all_ = content if isinstance(content, list) else [content]
    if len(all_) > MOST_ARRAYS:
        raise BadMessage(found("too_many", name="arrays", found=len(all_), limit=MOST_ARRAYS))
    rows = sum(
        len(one["dataArray"]) for one in all_ if isinstance(one, dict) and isinstance(one.get("dataArray"), list)
    )
    if rows > MOST_ROWS:
        raise BadMessage(found("too_many", name="rows", found=rows, limit=MOST_ROWS))
    return tuple(_array(one, f"[{number}]") for number, one in enumerate(all_, 1))


def _array(content: Any, where: str) -> DataArray:
    if not isinstance(content, dict):
        raise BadMessage(found("not_an_object", where, found=kind_of(content)))
    components, rows = content.get("components"), content.get("dataArray")
    findings = [
        found("wrong_kind", where, name=name, found=kind_of(value), expected="list")
        for name, value in (("components", components), ("dataArray", rows)) if not isinstance(value, list)
    ]  # fmt: skip
    datastream, wrong = _datastream(content, where)
    findings += wrong
    names = tuple(map(str, components)) if isinstance(components, list) else ()
    findings += [found("unknown_component", where, name=one[:80]) for one in names if one not in COMPONENTS]
    findings += [
        found("repeated_component", where, name=one[:80]) for one in sorted({o for o in names if names.count(o) > 1})
    ]
    if names and "result" not in names:
        findings.append(found("missing_property", f"{where}/components", name="result"))
    if findings or not isinstance(rows, list):
        raise BadMessage(*findings)
    told: tuple[Finding, ...] = ()
    said = content.get("dataArray@iot.count")
    if isinstance(said, int) and said != len(rows):
        told = (noted("other_count", where, said=said, found=len(rows)),)
    return DataArray(
        datastream, names, tuple(_row(one, n, names, datastream, where) for n, one in enumerate(rows, 1)), told
    )


def _datastream(content: Mapping[str, Any], where: str) -> tuple[Id | None, list[Finding]]:
    said = content.get("Datastream")
    if said is None:
        return None, []
    if not isinstance(said, dict):
        return None, [found("not_an_object", f"{where}/Datastream", found=kind_of(said))]
    id_ = said.get("@iot.id", said.get("id"))
    if isinstance(id_, bool) or not isinstance(id_, int | str):
        kind = kind_of(id_)
        return None, [found("wrong_kind", f"{where}/Datastream", name="@iot.id", found=kind, expected="number or text")]
    return id_, []


def _row(content: Any, number: int, names: Sequence[str], datastream: Id | None, where: str) -> Row:
    here = f"{where}/dataArray[{number}]"
    if not isinstance(content, list) or len(content) != len(names):
        size = len(content) if isinstance(content, list) else 0
        return Row(number, None, (found("wrong_row", here, row=number, found=size, expected=len(names)),))
    values = dict(zip(names, content, strict=True))
    body: dict[str, Any] = {name: value for name, value in values.items() if name not in (_FEATURE, "id")}
    if values.get(_FEATURE) is not None:
        body["FeatureOfInterest"] = {"@iot.id": values[_FEATURE]}
    if datastream is not None:
        body["Datastream"] = {"@iot.id": datastream}
    if values.get("id") is not None:
        body["@iot.id"] = values["id"]
    try:
        observation = read("Observation", body, mode=Mode.CREATE, given=("Datastream",))
    except BadMessage as refused:
        told = (Finding(one.code, here + one.where.removeprefix("Observation"), one.args) for one in refused.findings)
        return Row(number, None, tuple(told))
    return Row(number, observation)


def arrays_as_json(arrays: Iterable[DataArray]) -> list[dict[str, Any]]:
    """The body of arrays, as `read_arrays` takes it; rows that are no observation are left out."""
    return [_as_json(one) for one in arrays]


def _as_json(array: DataArray) -> dict[str, Any]:
    rows = [_values(one.observation, array.components) for one in array.rows if one.observation is not None]
    body: dict[str, Any] = {} if array.datastream is None else {"Datastream": {"@iot.id": array.datastream}}
    return body | {"components": list(array.components), "dataArray@iot.count": len(rows), "dataArray": rows}


def _values(observation: Entity, components: Sequence[str]) -> list[Any]:
    return [_value(observation, name) for name in components]


def _value(observation: Entity, name: str) -> Any:
    if name == "id":
        return observation.id
    if name == _FEATURE:
        feature = observation.links.get("FeatureOfInterest")
        return feature.id if isinstance(feature, Ref | Entity) else None
    value = observation.values.get(name)
    return str(value) if isinstance(value, Time) else value
