"""Hand messages over: fetched by the subscriber, or sent to its address; each time with a line of who had what.

At least once: what is not acknowledged comes again under the same number. What leaves is written down before it leaves.
"""

from __future__ import annotations

import hmac
from collections.abc import Callable, Sequence
from datetime import datetime, timedelta

import msgspec
from django.db import transaction
from django.db.models import F, Q

from anlan.apps.exchange import feed, outside, rules
from anlan.apps.exchange.models import Message, Mode, Outcome, State, Subscription, Taken
from anlan.apps.exchange.outside import Answer, NoAnswer
from anlan.apps.exchange.services.subscriptions import hash_of, start_over
from anlan.kernel.audit import services as audit
from anlan.kernel.people.services import system_user
from anlan.kernel.registers.models import Head

#: Messages and bytes of one answer or one post.
MOST, MOST_BYTES = 20, 1024 * 1024
#: Posts of one run of the job, so that other jobs have their turn; it comes again.
POSTS = 30
#: Rows deleted in one transaction.
AT_ONCE = 200

Post = Callable[[str, bytes], Answer]


class NotHad(LookupError):
    """Messages that cannot be had: `code` is gone (older than what is kept) or ahead (not made yet)."""

    def __init__(self, code: str, first: int, last: int) -> None:
        super().__init__(code)
        self.code, self.first, self.last = code, first, last


def subscriber(authorization: str, now: datetime) -> tuple[Subscription | None, str]:
    """The subscription that an Authorization header proves (`Bearer <code>:<key>`), and why it may have nothing.

    Asked of the database each time, so that a key that was replaced or ended opens nothing from that moment on.

    returns  (None, "credential"), (row, "state") for one that is not in force, (row, "")
    """
    scheme, _blank, credential = authorization.partition(" ")
    code, _colon, key = credential.strip().partition(":")
    row = Subscription.records.select_related("region").filter(code=code[:40], mode=Mode.PULL).first()
    known = row.key_hash if row is not None else ""
    # Compared in any case, so that an unknown name and a wrong key take the same time.
    fits = hmac.compare_digest(hash_of(key), known or hash_of(""))
    if scheme.lower() != "bearer" or row is None or not known or not fits:
        return None, "credential"
    return row, "" if feed.in_force(row, now) else "state"


def fetch(row: Subscription, *, after: int, most: int, origin: str, now: datetime) -> list[str]:
    """Lines of the messages behind number `after`, at most `most`; made now where they are due.

    Raises NotHad for numbers that are kept no longer or are not made yet.
    """
    feed.compose(row.pk, now=now, most=most)
    row.refresh_from_db()
    if after > row.last_seq:
        raise NotHad("ahead", row.first_seq, row.last_seq)
    if after < row.first_seq - 1:
        raise NotHad("gone", row.first_seq, row.last_seq)
    messages = _messages(row, after, most)
    if messages:
        _leaving(row, messages, origin, Outcome.GIVEN, now)
    return [feed.line_of(message) for message in messages]


@transaction.atomic
def acknowledge(row: Subscription, *, seq: int, now: datetime) -> int:
    """The subscriber has everything up to `seq`; returns the number that is acknowledged now. Raises NotHad."""
    row = Subscription.records.select_for_update().get(pk=row.pk)
    if seq > row.last_seq:
        raise NotHad("ahead", row.first_seq, row.last_seq)
    if seq > row.acked_seq:
        row.acked_seq, row.acked_at = seq, now
        row.save(update_fields=("acked_seq", "acked_at"))
    return row.acked_seq


def has_work(row: Subscription) -> bool:
    """Whether there may be something to send: messages that wait, or changes that are in none."""
    return bool(row.backlog) or has_news(row)


def has_news(row: Subscription) -> bool:
    """Whether there may be something that is in no message yet."""
    if row.begins:
        return True
    heads = dict(Head.objects.values_list("register", "n"))
    return any(one.copying or heads.get(one.register, 0) > one.n for one in row.allowed.all())


def push(row: Subscription, *, now: datetime, post: Post = outside.post) -> bool:
    """Send what is due to the address of a subscription; False when it could not be delivered.

    post  how a body goes to an address; raises NoAnswer

    Another address than the one on the list is never asked: a redirect counts as a failure.
    """
    again = 0
    for _round in range(POSTS):
        feed.compose(row.pk, now=now, most=MOST)
        row = Subscription.records.select_related("region", "address").get(pk=row.pk)
        messages = _messages(row, row.acked_seq, MOST)
        if not messages or not may_send(row, now):
            return True
        assert row.address is not None  # may_send asked
        taken = _leaving(row, messages, row.address.place, Outcome.SENDING, now)
        lines = "\n".join(feed.line_of(message) for message in messages)
        try:
            reached = _understood(post(row.address.place, lines.encode("ascii")), messages[-1].seq)
        except NoAnswer as error:
            _failed(row, taken, f"{error.code}: {error}", now)
            return False
        again = again + 1 if reached < messages[0].seq else 0
        if again > 1:  # it was asked to begin elsewhere, and does not come on from there either
            _failed(row, taken, "stuck: the receiver takes none of the messages it asked for", now)
            return False
        _reached(row, taken, reached, now)
    return True


def hand_over(row: Subscription, *, now: datetime) -> int:
    """Make what is due for a broker and write down that it leaves; the gateway takes no more than that.

    Returns the number of messages that are new.
    """
    feed.compose(row.pk, now=now)
    row = Subscription.records.select_related("region", "address").get(pk=row.pk)
    if row.mode != Mode.NATS or not may_send(row, now):
        return 0
    assert row.address is not None  # may_send asked
    done = Taken.objects.filter(subscription=row).order_by("-seq_to").values_list("seq_to", flat=True).first() or 0
    made = 0
    while messages := _messages(row, max(done, row.first_seq - 1), MOST):
        done = messages[-1].seq
        made += len(messages)
        _leaving(row, messages, row.address.place, Outcome.SENDING, now)
    return made


def may_send(row: Subscription, now: datetime) -> bool:
    """Whether data may leave for the address of a subscription: it is in force, and the address is on the list."""
    listed = row.address is not None and row.address.ended_at is None
    return listed and row.mode != Mode.PULL and feed.in_force(row, now)


def _understood(answer: Answer, last: int) -> int:
    """The number up to which everything has arrived, by an answer to messages that end with `last`.

    2xx means that all have, unless the body says `{"acked": n}`; 409 asks with it for those behind n. Raises NoAnswer.
    """
    if 300 <= answer.status < 400:
        raise NoAnswer("redirect", f"{answer.status}: leads to {answer.leads_to or '?'}, which is not followed")
    said = _acked(answer.body)
    if answer.status == 409 and said is not None:
        return min(said, last)
    if not 200 <= answer.status < 300:
        raise NoAnswer("status", f"answered {answer.status}")
    return last if said is None else min(said, last)


def _acked(body: bytes) -> int | None:
    try:
        said = msgspec.json.decode(body)
    except (msgspec.DecodeError, RecursionError, UnicodeDecodeError):
        return None
    number = said.get("acked") if isinstance(said, dict) else None
    return number if isinstance(number, int) and not isinstance(number, bool) and number >= 0 else None


def _messages(row: Subscription, after: int, most: int) -> list[Message]:
    """Messages behind a number, in order, as many as one answer may hold."""
    found: list[Message] = []
    size = 0
    for message in row.messages.filter(seq__gt=after, seq__gte=row.first_seq).order_by("seq")[:most]:
        size += message.size
        if found and size > MOST_BYTES:
            break
        found.append(message)
    return found


@transaction.atomic
def _leaving(
    row: Subscription, messages: Sequence[Message], origin: str, outcome: Outcome, now: datetime
) -> Taken:  # fmt: skip
    """Write down that these messages leave; the same ones sent once more are one line with another try."""
    first, last = messages[0].seq, messages[-1].seq
    if outcome == Outcome.SENDING:
        before = Taken.objects.filter(subscription=row, seq_from=first, seq_to=last, origin=origin[:300])
        earlier = before.exclude(outcome=Outcome.ARRIVED).first()
        if earlier is not None:
            earlier.tries, earlier.outcome, earlier.at = earlier.tries + 1, outcome, now
            earlier.save(update_fields=("tries", "outcome", "at"))
            return earlier
    registers: dict[str, int] = {}
    for message in messages:
        if message.register:
            registers[message.register] = registers.get(message.register, 0) + message.rows
    taken = Taken.objects.create(
        subscription=row, at=now, mode=row.mode, registers=registers, seq_from=first, seq_to=last,
        rows=sum(registers.values()), personal=any(message.personal for message in messages), origin=origin[:300],
        outcome=outcome,
    )  # fmt: skip
    after = {"seq": [first, last], "rows": registers, "personal": taken.personal, "to": origin}
    audit.record(
        actor=system_user("exchange"), verb="exchange.take", obj=row, region=row.region, after=after, now=now,
        source=origin[:60],
    )  # fmt: skip
    return taken


@transaction.atomic
def _reached(row: Subscription, taken: Taken, reached: int, now: datetime) -> None:
    """Go on behind `reached`; a receiver that asks for what is kept no longer gets everything anew."""
    row = Subscription.records.select_for_update().get(pk=row.pk)
    taken.outcome = Outcome.ARRIVED
    taken.save(update_fields=("outcome",))
    row.failures, row.next_try, row.last_error, row.acked_at = 0, None, "", now
    row.acked_seq = reached
    row.save(update_fields=("failures", "next_try", "last_error", "acked_at", "acked_seq"))
    if reached < row.first_seq - 1:
        start_over(row)


@transaction.atomic
def _failed(row: Subscription, taken: Taken, words: str, now: datetime) -> None:
    taken.outcome = Outcome.FAILED
    taken.save(update_fields=("outcome",))
    Subscription.records.filter(pk=row.pk).update(failures=F("failures") + 1, last_error=words[:300])
    row.refresh_from_db()
    wait = timedelta(seconds=rules.back_off_s(row.failures, now))
    Subscription.records.filter(pk=row.pk).update(next_try=now + wait)


def forget(*, now: datetime) -> int:
    """Drop messages that are kept no longer; returns how many.

    A subscriber that has not taken its messages for as long begins anew when it comes back.
    """
    oldest = now - timedelta(days=rules.rule(rules.KEEPING, now).body["keep_days"])
    gone = 0
    for row in Subscription.records.all():
        with transaction.atomic():
            row = Subscription.records.select_for_update().get(pk=row.pk)
            old = row.messages.filter(made_at__lt=oldest)
            if row.state == State.ENDED:
                row.first_seq = row.last_seq + 1
            elif old.filter(seq__gt=row.acked_seq).exists():
                start_over(row)
            elif (last := old.order_by("-seq").values_list("seq", flat=True).first()) is not None:
                row.first_seq = max(row.first_seq, last + 1)
            row.save(update_fields=("first_seq",))
        out = Q(seq__lt=row.first_seq)
        while pks := list(row.messages.filter(out).values_list("pk", flat=True)[:AT_ONCE]):
            gone += Message.objects.filter(pk__in=pks).delete()[0]
    return gone
