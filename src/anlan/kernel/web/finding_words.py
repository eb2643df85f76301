"""What is wrong with a message of a neighbour, in the reader's language; the room of formats words nothing itself.

A code of `formats.findings` has its sentence here; a test holds the two together.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

_WORDS: Mapping[str, Any] = {
    # Structure
    "unknown_root": gettext_lazy("The root element %(name)s of the namespace %(space)s is none that is read here."),
    "unexpected_element": gettext_lazy("%(name)s does not belong here."),
    "unread_element": gettext_lazy("%(name)s is not read here."),
    "missing_element": gettext_lazy("%(name)s is missing."),
    "repeated_element": gettext_lazy("%(name)s stands here more often than the %(limit)s times it may."),
    "unexpected_attribute": gettext_lazy("The attribute %(name)s does not belong here."),
    "unexpected_text": gettext_lazy("Text stands between the elements."),
    "not_in_list": gettext_lazy("%(value)s is none of %(expected)s."),
    "bad_value": gettext_lazy("%(value)s is no %(kind)s."),
    "either_or": gettext_lazy("Exactly one of %(names)s stands here."),
    "no_time_zone": gettext_lazy("%(value)s does not say its time zone."),
    # Meaning of CAP
    "restricted_sign": gettext_lazy("%(value)s holds a space, a comma, < or &."),
    "empty_element": gettext_lazy("The element holds nothing."),
    "no_references": gettext_lazy("A message of the type %(type)s names the message it speaks of."),
    "bad_reference": gettext_lazy("%(value)s is not sender,identifier,sent."),
    "refers_to_itself": gettext_lazy("The message names itself as the one it speaks of."),
    "refers_to_later": gettext_lazy("%(value)s was sent after this message."),
    "no_restriction": gettext_lazy("A restricted message says for whom."),
    "no_addresses": gettext_lazy("A private message says to whom."),
    "idle_restriction": gettext_lazy("A restriction has no effect in the scope %(scope)s."),
    "no_note": gettext_lazy("A message %(of)s should explain itself in a note."),
    "no_info": gettext_lazy("An alert says what happens."),
    "no_area": gettext_lazy("An alert says where."),
    "bad_language": gettext_lazy("%(value)s is no language tag."),
    "late_order": gettext_lazy("%(first)s %(first_at)s is after %(second)s %(second_at)s."),
    "expired": gettext_lazy("The message has expired at %(at)s."),
    "no_expiry": gettext_lazy("The message does not say when it ends."),
    "from_the_future": gettext_lazy("The message was sent at %(at)s, which is still to come."),
    "past_but_future": gettext_lazy("What is %(certainty)s cannot be %(urgency)s."),
    "clear_but_urgent": gettext_lazy("All clear is given for something %(urgency)s and %(severity)s."),
    "none_and_more": gettext_lazy("No action is asked for beside an action."),
    "bad_pair": gettext_lazy("%(value)s is not latitude,longitude."),
    "out_of_range": gettext_lazy("Latitude %(latitude)s, longitude %(longitude)s is no place."),
    "swapped_pair": gettext_lazy("Longitude seems to stand before latitude in %(value)s."),
    "few_points": gettext_lazy("A polygon has at least four points, this one %(points)s."),
    "open_polygon": gettext_lazy("The first point %(first)s is not the last %(last)s."),
    "crossing_polygon": gettext_lazy("The outline crosses itself near %(near)s."),
    "flat_polygon": gettext_lazy("The outline encloses no area."),
    "bad_circle": gettext_lazy("%(value)s is not latitude,longitude radius."),
    "wide_circle": gettext_lazy("A radius of %(radius)s km is more than half the Earth."),
    "no_radius": gettext_lazy("The circle has no extent."),
    "lone_ceiling": gettext_lazy("A ceiling needs an altitude."),
    "low_ceiling": gettext_lazy("The ceiling %(ceiling)s is below the altitude %(altitude)s."),
    "empty_code": gettext_lazy("%(name)s has no value."),
    "bad_digest": gettext_lazy("The digest %(found)s is not that of the content, %(expected)s."),
    "bad_size": gettext_lazy("%(said)s bytes are announced, %(found)s came."),
    "old_version": gettext_lazy("The message is CAP %(version)s."),
    "misspelt": gettext_lazy("%(found)s is read as %(meant)s."),
    # Chinese profile
    "wrong_identifier": gettext_lazy("%(value)s is not the identifier of GB/T 35965.1."),
    "other_sender": gettext_lazy("The sender %(sender)s is not the one of the identifier, %(expected)s."),
    "other_colour": gettext_lazy("The colour %(colour)s stands for %(expected)s, the message says %(severity)s."),
    "other_region": gettext_lazy("The identifier is of the region %(region)s, the area of %(found)s."),
    "unknown_code": gettext_lazy("The code %(value)s of %(list)s is not in the code book in hand."),
    # Signature
    "unsigned": gettext_lazy("The message is not signed."),
    "signature_missing": gettext_lazy("Messages of this sender are signed, this one is not."),
    "signature_several": gettext_lazy("The message holds %(signatures)s signatures; one is judged."),
    "signature_place": gettext_lazy("The signature does not stand directly in the message."),
    "signature_form": gettext_lazy("The signature is not formed as it must be: %(part)s."),
    "signature_algorithm": gettext_lazy("The algorithm %(value)s is not taken."),
    "signature_base64": gettext_lazy("%(part)s is not the canonical base64 of its bytes."),
    "signature_indented": gettext_lazy(
        "The message was indented after it was signed; without that the signature holds."
    ),
    "signature_digest": gettext_lazy("The content is not the one that was signed."),
    "signature_wrong": gettext_lazy("The signature does not fit the certificate."),
    "signature_no_certificate": gettext_lazy("No certificate is at hand to judge the signature by."),
    "certificate_broken": gettext_lazy("A certificate cannot be read."),
    "certificate_unknown": gettext_lazy(
        "The certificate %(subject)s leads to none configured for the sender %(sender)s."
    ),
    "certificate_expired": gettext_lazy("The certificate %(subject)s ended at %(at)s."),
    "certificate_early": gettext_lazy("The certificate %(subject)s begins at %(at)s."),
    "certificate_use": gettext_lazy("The certificate %(subject)s is not for signing."),
    # Waveforms
    "short_record": gettext_lazy("The record at byte %(byte)s ends after %(found)s of %(expected)s bytes."),
    "not_a_record": gettext_lazy("No miniSEED record at byte %(byte)s."),
    "bad_record": gettext_lazy("The record at byte %(byte)s contradicts itself: %(part)s."),
    "unknown_encoding_code": gettext_lazy(
        "The record at byte %(byte)s is packed by the encoding %(encoding)s, which is not read."
    ),
    "wrong_last_sample": gettext_lazy("The record at byte %(byte)s ends with %(found)s and says %(expected)s."),
    # Earthquakes
    "not_preferred": gettext_lazy("The event has several of %(name)s and does not say which it prefers."),
    "shallow_depth": gettext_lazy(
        "%(depth)s m is shallow for magnitude %(magnitude)s; the catalogue may mean kilometres."
    ),
    # SensorThings
    "not_an_object": gettext_lazy("A JSON object is expected, not %(found)s."),
    "missing_property": gettext_lazy("%(name)s is missing."),
    "wrong_kind": gettext_lazy("%(name)s is %(found)s and must be %(expected)s."),
    "unknown_property": gettext_lazy("%(name)s is no property of %(entity)s."),
    "bad_time": gettext_lazy("%(value)s is no ISO 8601 time with a zone."),
    "bad_interval": gettext_lazy("The interval %(value)s ends before it begins."),
    "bad_place": gettext_lazy("%(name)s is no GeoJSON geometry of WGS 84."),
    "wrong_result": gettext_lazy("%(value)s is no result of the observation type %(type)s."),
    "reference_with_more": gettext_lazy("%(name)s holds @iot.id and other properties."),
    "wrong_row": gettext_lazy("Row %(row)s has %(found)s values for %(expected)s components."),
    "unknown_component": gettext_lazy("%(name)s is no component of an observation."),
    "repeated_component": gettext_lazy("%(name)s stands twice among the components."),
    "other_count": gettext_lazy("%(said)s rows are announced, %(found)s came."),
    "too_many": gettext_lazy("%(found)s of %(name)s; at most %(limit)s are taken."),
    "bad_query": gettext_lazy("%(option)s is not understood at character %(at)s: %(expected)s is expected."),
    "unknown_option": gettext_lazy("%(option)s is no option of the query."),
    "repeated_option": gettext_lazy("%(option)s stands twice in the query."),
}


def finding_words(code: str, args: Mapping[str, Any]) -> str:
    """A sentence for a code of `formats.findings`. Raises KeyError for another one."""
    return str(_WORDS[code]) % {name: _said(value) for name, value in args.items()}


def knows(code: str) -> bool:
    """Whether there are words for a code."""
    return code in _WORDS


def _said(value: Any) -> str:
    return _(", ").join(map(str, value)) if isinstance(value, tuple | list) else str(value)
