"""What the short codes of errors mean to a person; the codes and the words for machines stay in English."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _

WORDS = {
    "connect": _("Their machine cannot be reached."),
    "time": _("Their machine did not answer in time."),
    "tls": _("Their certificate is not trusted here."),
    "broken": _("Their answer is no HTTP."),
    "large": _("Too much came at once."),
    "redirect": _("They send us on to another address, which is not followed."),
    "status": _("Their machine does not take it."),
    "stuck": _("They ask for messages again and take none of them."),
    "nats": _("The broker does not take it."),
    "gap": _("Messages before this one are missing."),
    "chain": _("It names another message before it than the one that came."),
    "key": _("It is signed with a key that is not known here."),
    "signature": _("The signature does not fit: it was changed on its way."),
    "sub": _("It is meant for a subscription that we do not have with this sender."),
    "shape": _("It is no signed message."),
    "encoding": _("It is no signed message."),
    "header": _("It is signed in a way that is not taken here."),
    "payload": _("It does not say what a message must say."),
    "rows": _("A row in it is not what a row must be."),
}


def of_error(error: str) -> str:
    """Words for an error written as `code: …`; none for a code that is not known."""
    return str(WORDS.get(error.partition(":")[0], ""))
