"""What is wrong with a message of a neighbour: a stable code, the place, and what a sentence about it needs.

`faults` is for files that a person hands in and mends cell by cell; this is for messages between machines. This room
words nothing: `SENTENCES` says in English what each code means, and a code that is not in it cannot be made.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from anlan.formats.faults import MEANINGS, Fault

Arg = str | int | float | tuple[str, ...]

SENTENCES: Mapping[str, str] = {
    # Structure
    "unknown_root": "the root element {name} of the namespace {space} is none that is read here",
    "unexpected_element": "{name} does not belong here",
    "unread_element": "{name} is not read here",
    "missing_element": "{name} is missing",
    "repeated_element": "{name} stands here more often than the {limit} times it may",
    "unexpected_attribute": "the attribute {name} does not belong here",
    "unexpected_text": "text stands between the elements",
    "not_in_list": "{value} is none of {expected}",
    "bad_value": "{value} is no {kind}",
    "either_or": "exactly one of {names} stands here",
    "no_time_zone": "{value} does not say its time zone",
    # Meaning of CAP
    "restricted_sign": "{value} holds a space, a comma, < or &",
    "empty_element": "the element holds nothing",
    "no_references": "a message of the type {type} names the message it speaks of",
    "bad_reference": "{value} is not sender,identifier,sent",
    "refers_to_itself": "the message names itself as the one it speaks of",
    "refers_to_later": "{value} was sent after this message",
    "no_restriction": "a restricted message says for whom",
    "no_addresses": "a private message says to whom",
    "idle_restriction": "a restriction has no effect in the scope {scope}",
    "no_note": "a message {of} should explain itself in a note",
    "no_info": "an alert says what happens",
    "no_area": "an alert says where",
    "bad_language": "{value} is no language tag",
    "late_order": "{first} {first_at} is after {second} {second_at}",
    "expired": "the message has expired at {at}",
    "no_expiry": "the message does not say when it ends",
    "from_the_future": "the message was sent at {at}, which is still to come",
    "past_but_future": "what is {certainty} cannot be {urgency}",
    "clear_but_urgent": "all clear is given for something {urgency} and {severity}",
    "none_and_more": "no action is asked for beside an action",
    "bad_pair": "{value} is not latitude,longitude",
    "out_of_range": "latitude {latitude}, longitude {longitude} is no place",
    "swapped_pair": "longitude seems to stand before latitude in {value}",
    "few_points": "a polygon has at least four points, this one {points}",
    "open_polygon": "the first point {first} is not the last {last}",
    "crossing_polygon": "the outline crosses itself near {near}",
    "flat_polygon": "the outline encloses no area",
    "bad_circle": "{value} is not latitude,longitude radius",
    "wide_circle": "a radius of {radius} km is more than half the Earth",
    "no_radius": "the circle has no extent",
    "lone_ceiling": "a ceiling needs an altitude",
    "low_ceiling": "the ceiling {ceiling} is below the altitude {altitude}",
    "empty_code": "{name} has no value",
    "bad_digest": "the digest {found} is not that of the content, {expected}",
    "bad_size": "{said} bytes are announced, {found} came",
    "old_version": "the message is CAP {version}",
    "misspelt": "{found} is read as {meant}",
    # Chinese profile
    "wrong_identifier": "{value} is not the identifier of GB/T 35965.1",
    "other_sender": "the sender {sender} is not the one of the identifier, {expected}",
    "other_colour": "the colour {colour} stands for {expected}, the message says {severity}",
    "other_region": "the identifier is of the region {region}, the area of {found}",
    "unknown_code": "the code {value} of {list} is not in the code book in hand",
    # Signature
    "unsigned": "the message is not signed",
    "signature_missing": "messages of this sender are signed, this one is not",
    "signature_several": "the message holds {signatures} signatures; one is judged",
    "signature_place": "the signature does not stand directly in the message",
    "signature_form": "the signature is not formed as it must be: {part}",
    "signature_algorithm": "the algorithm {value} is not taken",
    "signature_base64": "{part} is not the canonical base64 of its bytes",
    "signature_indented": "the message was indented after it was signed; without that the signature holds",
    "signature_digest": "the content is not the one that was signed",
    "signature_wrong": "the signature does not fit the certificate",
    "signature_no_certificate": "no certificate is at hand to judge the signature by",
    "certificate_broken": "a certificate cannot be read",
    "certificate_unknown": "the certificate {subject} leads to none configured for the sender {sender}",
    "certificate_expired": "the certificate {subject} ended at {at}",
    "certificate_early": "the certificate {subject} begins at {at}",
    "certificate_use": "the certificate {subject} is not for signing",
    # Waveforms
    "short_record": "the record at byte {byte} ends after {found} of {expected} bytes",
    "not_a_record": "no miniSEED record at byte {byte}",
    "bad_record": "the record at byte {byte} contradicts itself: {part}",
    "unknown_encoding_code": "the record at byte {byte} is packed by the encoding {encoding}, which is not read",
    "wrong_last_sample": "the record at byte {byte} ends with {found} and says {expected}",
    # Earthquakes
    "not_preferred": "the event has several of {name} and does not say which it prefers",
    "shallow_depth": "{depth} m is shallow for magnitude {magnitude}; the catalogue may mean kilometres",
    # SensorThings
    "not_an_object": "a JSON object is expected, not {found}",
    "missing_property": "{name} is missing",
    "wrong_kind": "{name} is {found} and must be {expected}",
    "unknown_property": "{name} is no property of {entity}",
    "bad_time": "{value} is no ISO 8601 time with a zone",
    "bad_interval": "the interval {value} ends before it begins",
    "bad_place": "{name} is no GeoJSON geometry of WGS 84",
    "wrong_result": "{value} is no result of the observation type {type}",
    "reference_with_more": "{name} holds @iot.id and other properties",
    "wrong_row": "row {row} has {found} values for {expected} components",
    "unknown_component": "{name} is no component of an observation",
    "repeated_component": "{name} stands twice among the components",
    "other_count": "{said} rows are announced, {found} came",
    "too_many": "{found} of {name}; at most {limit} are taken",
    "bad_query": "{option} is not understood at character {at}: {expected} is expected",
    "unknown_option": "{option} is no option of the query",
    "repeated_option": "{option} stands twice in the query",
}


@dataclass(frozen=True, slots=True)
class Finding:
    """One finding.

    code    a key of `SENTENCES`, or of `faults.MEANINGS` for what every file may have
    where   the place as a path, `alert/info[1]/area[2]`, or ""
    args    what the sentence needs, by name
    blocks  False for what is worth telling and no reason to refuse
    """

    code: str
    where: str = ""
    args: Mapping[str, Arg] = field(default_factory=dict)
    blocks: bool = True

    def __post_init__(self) -> None:
        if self.code not in SENTENCES and self.code not in MEANINGS:
            raise KeyError(f"no sentence is declared for the finding {self.code}")

    def __str__(self) -> str:
        """For logs and tracebacks; never shown to people."""
        said = ", ".join(f"{name}={value}" for name, value in self.args.items())
        return self.code + (f" at {self.where}" if self.where else "") + (f" ({said})" if said else "")


def found(code: str, where: str = "", **args: Arg) -> Finding:
    """A finding for which the message is refused."""
    return Finding(code, where, args)


def noted(code: str, where: str = "", **args: Arg) -> Finding:
    """A finding that is only told."""
    return Finding(code, where, args, blocks=False)


def of_fault(fault: Fault) -> Finding:
    """A fault of the readers that every file passes."""
    return Finding(fault.code, fault.where, {name: _arg(value) for name, value in fault.why.items()})


def _arg(value: object) -> Arg:
    if isinstance(value, tuple):
        return tuple(map(str, value))
    return value if isinstance(value, str | int | float) else str(value)


class BadMessage(ValueError):
    """A message or value is not taken; nothing of it has been used. `findings` says why, all of it."""

    def __init__(self, *findings: Finding) -> None:
        self.findings = findings
        super().__init__("; ".join(map(str, findings)))

    @property
    def codes(self) -> tuple[str, ...]:
        """The codes of what blocks."""
        return tuple(one.code for one in self.findings if one.blocks)
