"""HJ 212-2017 and its edition of 2005: messages of pollution sources, air and water stations, by TCP as ASCII."""

from anlan.formats.hj212.factors import Factor, factor
from anlan.formats.hj212.message import Message
from anlan.formats.hj212.normal import values
from anlan.formats.hj212.reading import Reader, join
from anlan.formats.hj212.writing import (
    reply_data,
    reply_notice,
    reply_request,
    reply_result,
    split,
    write,
)

__all__ = [
    "Factor",
    "Message",
    "Reader",
    "factor",
    "join",
    "reply_data",
    "reply_notice",
    "reply_request",
    "reply_result",
    "split",
    "values",
    "write",
]
