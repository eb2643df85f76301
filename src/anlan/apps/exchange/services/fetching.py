"""Fetch what another installation keeps for us: over HTTP, from a listed address, with our code and key there.

Nothing is acknowledged there before it is stored here, so that what a kill cuts off comes again.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from typing import Any

import msgspec
from django.db.models import F

from anlan.apps.exchange import outside, rules
from anlan.apps.exchange.models import Source, Trouble, TroubleKind
from anlan.apps.exchange.outside import Answer, NoAnswer
from anlan.apps.exchange.services import receiving
from anlan.apps.exchange.services.receiving import BadMessage
from anlan.apps.exchange.services.trouble import open_for_source

#: Seconds between two looks for something new.
EVERY_S = 60
#: Rounds of one job, messages asked for in one, and bytes of them that are read.
ROUNDS, MESSAGES, MOST_BYTES = 20, 20, 16 * 1024 * 1024
#: Bytes of any other answer.
MOST_WORDS = 64 * 1024

Ask = Callable[[str, str, bytes, Mapping[str, str], int], Answer]


def fetch(source: Source, *, now: datetime, ask: Ask = outside.ask) -> bool:
    """Fetch and take in what waits there for us; False when that failed and is tried again later.

    ask  (method, address, body, headers, most bytes) to what came back; raises NoAnswer
    """
    try:
        for _round in range(ROUNDS):
            source = Source.objects.select_related("address").get(pk=source.pk)
            if not source.is_fetched or not _fetch_some(source, ask, now):
                break
    except NoAnswer as error:
        return _failed(source, f"{error.code}: {error}", now)
    except BadMessage as bad:
        return _failed(source, f"{bad.code}: {bad}", now)
    Source.objects.filter(pk=source.pk).update(failures=0, last_error="", next_try=now + timedelta(seconds=EVERY_S))
    Trouble.objects.filter(source=source, kind=TroubleKind.UNFETCHED, closed_at=None).update(closed_at=now)
    return True


def _fetch_some(source: Source, ask: Ask, now: datetime) -> bool:
    """One round; whether more may be waiting. Raises NoAnswer, BadMessage."""
    after = source.last_seq
    answer = _asked(source, "GET", f"messages?after={after}&limit={MESSAGES}", b"", ask, most=MOST_BYTES)
    if answer.status == 410:  # kept no longer: begin anew
        first = _number(_asked(source, "POST", "restart", b"", ask), "first")
        answer = _asked(source, "GET", f"messages?after={first - 1}&limit={MESSAGES}", b"", ask, most=MOST_BYTES)
    if answer.status != 200:
        raise NoAnswer("status", f"HTTP {answer.status}")
    try:
        lines = answer.body.decode("ascii").split()
    except UnicodeDecodeError as error:
        raise BadMessage("encoding", "lines are plain ASCII") from error
    if not lines:
        return False
    taken = receiving.receive(lines, now=now)
    _number(_asked(source, "POST", "ack", msgspec.json.encode({"seq": taken.acked}), ask), "acked")
    return taken.new > 0


def _asked(source: Source, method: str, path: str, body: bytes, ask: Ask, *, most: int = MOST_WORDS) -> Answer:
    assert source.address is not None  # is_fetched asked
    headers = {
        "Authorization": f"Bearer {source.access}",
        "Accept-Encoding": "identity",
        "Content-Type": "application/json",
    }
    return ask(method, f"{source.address.place.rstrip('/')}/{path}", body, headers, most)


def _number(answer: Answer, name: str) -> int:
    """A number that an answer holds. Raises NoAnswer."""
    if answer.status != 200:
        raise NoAnswer("status", f"HTTP {answer.status}")
    try:
        said: Any = msgspec.json.decode(answer.body)
    except (msgspec.DecodeError, RecursionError, UnicodeDecodeError):
        said = None
    number = said.get(name) if isinstance(said, dict) else None
    if not isinstance(number, int) or isinstance(number, bool) or number < 0:
        raise NoAnswer("broken", f"the answer has no number {name}")
    return number


def _failed(source: Source, words: str, now: datetime) -> bool:
    Source.objects.filter(pk=source.pk).update(failures=F("failures") + 1, last_error=words[:300])
    source.refresh_from_db()
    wait = timedelta(seconds=rules.back_off_s(source.failures, now))
    Source.objects.filter(pk=source.pk).update(next_try=now + wait)
    following = source.last_seq + 1
    if source.failures > 1:  # one slip is no interruption
        open_for_source(source, TroubleKind.UNFETCHED, following, following, words=words, now=now)
    return False
