"""Our own warnings: two persons, what is issued, and that it stays as it was issued."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import timedelta

import pytest
from small_county import NOW, make_user
from warning_world import HALF_CANGLANG, OURS, issue, said

from anlan.apps.warning import composing, keys
from anlan.apps.warning.models import Draft, DraftKind, Message
from anlan.apps.warning.queries import messages as queries
from anlan.apps.warning.services import drafting
from anlan.apps.warning.services.errors import Refused
from anlan.formats.cap import check, references_of
from anlan.formats.cap.chinese import identifier_of, is_chinese
from anlan.kernel.audit.models import Entry
from anlan.kernel.notices.models import Notice
from anlan.kernel.people.rights import NotAllowed
from anlan.kernel.people.services import give_role, system_user

pytestmark = pytest.mark.django_db


def proposed(world, **more):
    draft = drafting.write(None, said(**more), actor=world.officer, now=NOW)
    return drafting.propose(draft, actor=world.officer, now=NOW)


def alert_of(message):
    verdict = check(
        bytes(message.data), trusted={OURS: keys.signer().certificates}, now=NOW, book=None
    )  # fmt: skip
    assert verdict.signed, verdict.findings
    return verdict.alert


def test_what_is_issued_passes_our_own_reader_in_all_four_layers(world):
    message = issue(world, headline_en="Rainstorm", description_en="Heavy rain.", instruction_en="Stay in.")
    alert = alert_of(message)
    assert [layer["ok"] for layer in message.verdict] == [True, True, True, True]
    assert not [one for layer in message.verdict for one in layer["findings"] if one["blocks"]]
    assert is_chinese(alert)
    assert identifier_of(alert.identifier).sender == OURS == alert.sender
    assert [info.language for info in alert.infos] == ["zh-CN", "en"]
    first = alert.infos[0]
    assert (first.event, first.severity, first.categories) == ("暴雨", "Moderate", ("Met",))
    assert first.parameter("color") == "YELLOW"
    assert first.areas[0].geocodes[0].value == "990123101"
    assert first.areas[0].polygons
    assert first.sender_name == "安澜县应急管理局"
    assert (message.level, message.is_own, message.signed) == (3, True, True)
    assert queries.real(queries.visible(world.town)).filter(queries.in_force(NOW)).count() == 1
    assert queries.real(queries.visible(world.danya_officer)).count() == 0


def test_w6_nobody_issues_what_he_wrote_however_he_got_the_right(world):
    draft = proposed(world)
    give_role(user=world.officer, role="leader", region=world.county, actor=world.hand, now=NOW)
    with pytest.raises(Refused):
        drafting.issue(draft, digest=composing.digest_of(draft), actor=world.officer, now=NOW)
    # A leader who changed one word is a writer, too.
    give_role(user=world.leader, role="duty_officer", region=world.county, actor=world.hand, now=NOW)
    draft = drafting.write(draft, said(instruction="改一字"), actor=world.leader, now=NOW)
    draft = drafting.propose(draft, actor=world.officer, now=NOW)
    with pytest.raises(Refused):
        drafting.issue(draft, digest=composing.digest_of(draft), actor=world.leader, now=NOW)
    with pytest.raises(Refused):
        drafting.issue(draft, digest=composing.digest_of(draft), actor=system_user("tests"), now=NOW)
    assert Message.objects.count() == 0
    assert drafting.issue(draft, digest=composing.digest_of(draft), actor=world.second, now=NOW).pk


def test_w6_only_those_who_may_issue_there_do(world):
    draft = proposed(world)
    town_leader = make_user("town_leader", "leader", region=world.danya)
    for actor in (world.admin, world.town, town_leader, make_user("nobody")):
        with pytest.raises(NotAllowed):
            drafting.issue(draft, digest=composing.digest_of(draft), actor=actor, now=NOW)


def test_w6_a_draft_that_was_changed_since_it_was_read_is_not_issued(world):
    draft = proposed(world)
    read = composing.digest_of(draft)
    for name in composing.WRITTEN:
        changed = Draft(**{field.attname: getattr(draft, field.attname) for field in Draft._meta.concrete_fields})
        setattr(changed, name, {"level": 1}.get(name, "x"))
        assert composing.digest_of(changed) != read, name
    draft = drafting.write(draft, said(level=1, severity="Extreme"), actor=world.officer, now=NOW)
    assert draft.state == "draft"  # the second person's turn is over
    with pytest.raises(Refused):
        drafting.issue(draft, digest=read, actor=world.leader, now=NOW)
    draft = drafting.propose(draft, actor=world.officer, now=NOW)
    with pytest.raises(Refused):
        drafting.issue(draft, digest=read, actor=world.leader, now=NOW)
    assert Message.objects.count() == 0


def test_it_is_issued_once(world):
    draft = proposed(world)
    drafting.issue(draft, digest=composing.digest_of(draft), actor=world.leader, now=NOW)
    for act in (
        lambda: drafting.issue(draft, digest=composing.digest_of(draft), actor=world.second, now=NOW),
        lambda: drafting.write(draft, said(), actor=world.officer, now=NOW),
        lambda: drafting.discard(draft, actor=world.officer, now=NOW),
        lambda: drafting.propose(draft, actor=world.officer, now=NOW),
    ):
        with pytest.raises(Refused):
            act()
    assert Message.objects.count() == 1


def test_two_in_one_second_have_two_names_and_the_eleventh_waits(world):
    names = {issue(world).identifier for _n in range(10)}
    assert len(names) == 10
    with pytest.raises(Refused):
        issue(world)
    assert issue(world, at=NOW + timedelta(seconds=1)).identifier not in names


def test_nothing_is_issued_while_nobody_has_said_who_we_are(world, monkeypatch):
    draft = proposed(world)
    for wrong in ("", "990123", "99012300000000x"):
        monkeypatch.setenv("ANLAN_WARNING_SENDER", wrong)
        with pytest.raises(Refused, match="ANLAN_WARNING_SENDER"):
            drafting.issue(draft, digest=composing.digest_of(draft), actor=world.leader, now=NOW)
    assert Message.objects.count() == 0


def test_a_draft_sent_back_tells_its_author_why(world):
    draft = proposed(world)
    assert Notice.objects.filter(to=world.leader, ref=f"warning_draft:{draft.pk}").exists()
    assert not Notice.objects.filter(to=world.officer, ref=f"warning_draft:{draft.pk}").exists()
    with pytest.raises(Refused):
        drafting.send_back(draft, reason="", actor=world.leader, now=NOW)
    draft = drafting.send_back(draft, reason="区域偏大", actor=world.leader, now=NOW)
    assert (draft.state, draft.returned_why) == ("draft", "区域偏大")
    assert Notice.objects.filter(to=world.officer, ref=f"warning_draft:{draft.pk}").count() == 1


def test_an_update_and_a_cancellation_name_all_that_went_before(world):
    first = issue(world)
    later = NOW + timedelta(minutes=5)
    update = issue(world, at=later, kind=DraftKind.UPDATE, of=first, level=2, severity="Severe", headline="升级为橙色")
    first.refresh_from_db()
    assert first.superseded_by_id == update.pk
    with pytest.raises(Refused):  # only the newest is followed
        issue(world, at=later, kind=DraftKind.CANCEL, of=first)
    last = NOW + timedelta(minutes=9)
    cancel = issue(world, at=last, kind=DraftKind.CANCEL, of=update, urgency="Past", headline="解除暴雨预警")
    assert [one.identifier for one in references_of(alert_of(cancel))] == [first.identifier, update.identifier]
    assert queries.real(queries.visible(world.officer)).filter(queries.in_force(last)).count() == 0
    assert cancel.thread == update.thread == first.pk
    with pytest.raises(Refused):
        issue(world, at=last, kind=DraftKind.CANCEL, of=cancel)


def test_w9_an_exercise_says_so_in_every_text_and_stays_one(world):
    message = issue(world, exercise=True, headline_en="Rainstorm", description_en="Rain.")
    alert = alert_of(message)
    assert (alert.status, message.exercise) == ("Exercise", True)
    assert "演练" in alert.note
    assert [info.headline[:4] for info in alert.infos] == ["【演练】", "[EXE"]
    assert [info.description[:4] for info in alert.infos] == ["【演练】", "[EXE"]
    cancel = issue(world, at=NOW + timedelta(minutes=1), kind=DraftKind.CANCEL, of=message, urgency="Past")
    assert alert_of(cancel).status == "Exercise"
    assert queries.real(queries.visible(world.officer)).count() == 0


def test_an_area_drawn_by_hand_is_in_the_message_and_asks_for_the_whole_place(world):
    ring = [[104.1, 31.6], [104.3, 31.6], [104.3, 31.9], [104.1, 31.9], [104.1, 31.6]]
    polygon = {"type": "Polygon", "coordinates": [ring]}
    message = issue(world, places=[], polygon=polygon)
    assert alert_of(message).infos[0].areas[0].polygons == (HALF_CANGLANG,)  # fmt: skip
    assert [place.region.code for place in message.places.all()] == ["990123101"]
    town_officer = make_user("town_writer", "duty_officer", region=world.canglang)
    drafting.write(None, said(), actor=town_officer, now=NOW)
    with pytest.raises(NotAllowed):
        drafting.write(None, said(polygon=polygon), actor=town_officer, now=NOW)
    with pytest.raises(NotAllowed):
        drafting.write(None, said(places=["990123102"]), actor=town_officer, now=NOW)
    with pytest.raises(NotAllowed):
        drafting.write(None, said(places=["990123101", "990123102"]), actor=town_officer, now=NOW)


BOW = {"type": "Polygon", "coordinates": [[[0, 0], [1, 1], [1, 0], [0, 1], [0, 0]]]}


@pytest.mark.parametrize(
    "wrong",
    [
        {"places": [], "polygon": None}, {"places": ["nowhere"]}, {"event": "?"}, {"level": 5}, {"level": 0},
        {"severity": "Extreme"}, {"urgency": "soon"}, {"certainty": ""}, {"headline": " "}, {"description": ""},
        {"headline": "x" * 161}, {"instruction": "x" * 4001}, {"headline_en": "only"}, {"description_en": "only"},
        {"expires": NOW}, {"expires": NOW + timedelta(hours=169)}, {"onset": NOW + timedelta(hours=7)},
        {"polygon": BOW}, {"polygon": {"type": "Point", "coordinates": [104, 31]}}, {"polygon": {"type": "Polygon"}},
        {"polygon": {"type": "Polygon", "coordinates": "x"}}, {"polygon": {"type": "Polygon", "coordinates": [[[0]]]}},
        {"polygon": {"type": "Polygon", "coordinates": [[[200, 31], [201, 31], [201, 32], [200, 31]]]}},
        {"polygon": {"type": "Polygon", "coordinates": [[[0, n / 1e5] for n in range(2100)]]}},
        {"polygon": {"type": "Polygon", "coordinates": []}}, {"places": ["990123101"] * 1 + [str(n) for n in range(300)]},  # noqa: E501
    ],
)  # fmt: skip
def test_what_no_warning_can_say_is_refused_and_nothing_is_kept(world, wrong):
    with pytest.raises(Refused):
        drafting.write(None, said(**wrong), actor=world.officer, now=NOW)
    assert Draft.records.count() == 0
    assert not Entry.objects.filter(verb="warning.draft").exists()


def test_a_draft_that_ends_before_it_is_issued_is_not_issued(world):
    draft = proposed(world)
    with pytest.raises(Refused):
        drafting.issue(draft, digest=composing.digest_of(draft), actor=world.leader, now=NOW + timedelta(hours=7))


def test_every_act_leaves_its_line_with_who_and_what(world):
    message = issue(world)
    verbs = list(Entry.objects.filter(ref=f"warning_draft:{message.draft.pk}").order_by("id").values_list("verb", "actor_name"))  # fmt: skip  # noqa: E501
    assert verbs == [("warning.draft", "officer"), ("warning.propose", "officer"), ("warning.issue", "leader")]
    line = Entry.objects.get(verb="warning.issue")
    assert (line.after["identifier"], line.after["digest"]) == (message.identifier, composing.digest_of(message.draft))


def test_one_changed_sign_of_an_issued_message_is_noticed(world):
    data = bytes(issue(world).data)
    trusted = {OURS: keys.signer().certificates}
    assert check(data, trusted=trusted, now=NOW).signed
    for old, new in (("大到暴雨", "小到中雨"), ("YELLOW", "ORANGE"), ("990123101", "990123102"), ("Actual", "Test")):
        assert old.encode() in data
        assert not check(data.replace(old.encode(), new.encode()), trusted=trusted, now=NOW).signed


def test_the_preview_is_the_message_but_for_its_name_and_signature(world):
    draft = proposed(world)
    alert, verdict = composing.preview(
        draft, bureau=drafting.bureau_name(), references=(), sender=OURS, now=NOW
    )  # fmt: skip
    assert all(layer.ok is not False for layer in verdict.layers)
    message = drafting.issue(draft, digest=composing.digest_of(draft), actor=world.leader, now=NOW)
    assert alert_of(message) == replace(alert, identifier=message.identifier)
    assert json.dumps(draft.places) == '["990123101"]'


def test_a_preview_that_our_reader_would_not_take_says_so(world):
    draft = proposed(world)
    draft.headline = "x\x00y"
    _alert, verdict = composing.preview(
        draft, bureau=drafting.bureau_name(), references=(), sender=OURS, now=NOW
    )  # fmt: skip
    assert [layer.ok for layer in verdict.layers] == [False]
