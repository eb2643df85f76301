"""Words for what programs say in codes: layers, findings, reasons, errors of fetching."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from anlan.kernel.web.finding_words import finding_words

LAYERS = {
    "form": gettext_lazy("Form"),
    "schema": gettext_lazy("Schema"),
    "meaning": gettext_lazy("Meaning"),
    "signature": gettext_lazy("Signature"),
}
LAYER_HINTS = {
    "form": gettext_lazy("Can it be read at all, without danger"),
    "schema": gettext_lazy("Is it built as CAP prescribes"),
    "meaning": gettext_lazy("Does what it says fit together"),
    "signature": gettext_lazy("Is it whole, and from whom it says"),
}
#: Why a message is not taken.
REASONS = {
    "form": gettext_lazy("It cannot be read."),
    "schema": gettext_lazy("It is not built as CAP prescribes."),
    "meaning": gettext_lazy("What it says contradicts itself."),
    "signature": gettext_lazy("The signature does not hold, or is missing where one is required."),
    "sender": gettext_lazy("Its sender waits for a decision."),
    "refused": gettext_lazy("Its sender was refused."),
    "own_name": gettext_lazy("It uses our own name as sender and is not one of our messages."),
    "other_content": gettext_lazy("A message of the same name with other content is here already."),
    "long": gettext_lazy("Its sender or its name is longer than can be told from others."),
    "future": gettext_lazy("It says that it was sent in the future."),
}
#: What went wrong when a source was asked.
ERRORS = {
    "shape": gettext_lazy("The address is not written as it must be."),
    "scheme": gettext_lazy("Only http and https are asked."),
    "secret": gettext_lazy("A name or a password does not belong into an address; it would stand in lists and logs."),
    "host": gettext_lazy(
        "The host is not on the list. Whoever runs the server adds it to ANLAN_WARNING_HOSTS; until then Anlan does "
        "not connect to it."
    ),
    "unknown": gettext_lazy("The name of the host is not known on this network."),
    "connect": gettext_lazy("Their machine cannot be reached."),
    "time": gettext_lazy("Their machine did not answer in time."),
    "tls": gettext_lazy("Their certificate is not trusted here."),
    "broken": gettext_lazy("Their answer is no HTTP."),
    "large": gettext_lazy("Too much came at once."),
    "packed": gettext_lazy("Their answer is packed and cannot be unpacked."),
    "bomb": gettext_lazy("Their answer is packed so as to fill our memory; it was not unpacked."),
    "redirect": gettext_lazy("They send us on to another address, which is not followed."),
    "status": gettext_lazy("Their machine does not give the file."),
    "feed": gettext_lazy("What came is neither a feed nor a CAP message."),
    "entries": gettext_lazy("Some messages of the feed could not be fetched."),
}
TYPES = {
    "Alert": gettext_lazy("Warning"),
    "Update": gettext_lazy("Update"),
    "Cancel": gettext_lazy("Cancellation"),
    "Ack": gettext_lazy("Acknowledgement"),
    "Error": gettext_lazy("Refusal"),
}
URGENCY = {
    "Immediate": gettext_lazy("Act at once"),
    "Expected": gettext_lazy("Act soon (within the next hour)"),
    "Future": gettext_lazy("Act in the near future"),
    "Past": gettext_lazy("No longer needed"),
    "Unknown": gettext_lazy("Urgency not known"),
}
SEVERITY = {
    "Extreme": gettext_lazy("Extraordinary threat"),
    "Severe": gettext_lazy("Significant threat"),
    "Moderate": gettext_lazy("Possible threat"),
    "Minor": gettext_lazy("Minimal threat"),
    "Unknown": gettext_lazy("Severity not known"),
}
CERTAINTY = {
    "Observed": gettext_lazy("Happened or going on"),
    "Likely": gettext_lazy("Likely (over half)"),
    "Possible": gettext_lazy("Possible (up to half)"),
    "Unlikely": gettext_lazy("Unlikely"),
    "Unknown": gettext_lazy("Certainty not known"),
}


def type_words(message: Any) -> str:
    """The type of a message; an update that only says all clear is a lifting."""
    if message.lifts and message.msg_type in ("Alert", "Update"):
        return _("All clear")
    return str(TYPES.get(message.msg_type, message.msg_type or "?"))


def of_error(error: str) -> str:
    """Words for an error written as `code: …`."""
    return str(ERRORS.get(error.partition(":")[0], ""))


#: What every reader of XML may say; the rest has its words in `kernel.web.finding_words`.
FORM = {
    "too_large": gettext_lazy("The file has %(bytes)s bytes; at most %(limit)s are taken."),
    "empty_file": gettext_lazy("The file holds nothing."),
    "unknown_encoding": gettext_lazy("The signs of the file are in no encoding that is read here (line %(line)s)."),
    "doctype": gettext_lazy("The file declares a document type (DOCTYPE), which is never taken."),
    "broken_xml": gettext_lazy("It is not well-formed XML in line %(line)s."),
    "too_deep": gettext_lazy("It is nested more than %(limit)s deep."),
    "too_many_parts": gettext_lazy("It holds %(parts)s elements; at most %(limit)s are taken."),
    "text_too_long": gettext_lazy("It holds a text of %(length)s signs; more than are taken."),
}


def of_finding(finding: Mapping[str, Any]) -> str:
    """A finding as a sentence; one that an older release left without its words says its code, and never less."""
    code, args = str(finding.get("code")), dict(finding.get("args") or {})
    try:
        return str(FORM[code]) % defaultdict(lambda: "?", args) if code in FORM else finding_words(code, args)
    except KeyError:
        return f"{code}: " + ", ".join(f"{name} {value}" for name, value in args.items())
