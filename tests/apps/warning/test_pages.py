"""The pages: who sees what, what they say when there is nothing, and what each act does."""

from __future__ import annotations

import json
from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone
from small_county import NOW, make_user, sign_in
from warning_world import ELSEWHERE, THEM, allow, come, issue, made, naming, said, signer, source

from anlan.apps.warning import composing, inbox
from anlan.apps.warning.models import Draft, Message, Sender, Source
from anlan.apps.warning.services import drafting, receiving
from anlan.formats.cap import Area, Info, Named
from anlan.kernel.chains import timeline
from anlan.kernel.chains.models import Chain
from anlan.kernel.desks.inbox import items
from anlan.kernel.layers import declarations as layers
from anlan.kernel.layers.declarations import Window
from anlan.kernel.web import refs

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _now(monkeypatch):
    monkeypatch.setattr("django.utils.timezone.now", lambda: NOW)


@pytest.fixture
def heard(world):
    row = source(world)
    allow(world, row)
    return row


def get(client, who, page, *args, lang="en", **params):
    who.language = lang
    who.save(update_fields=("language",))
    sign_in(client, who)
    return client.get(reverse(f"warning:{page}", args=args), params)


def text(answer, status=200):
    assert answer.status_code == status, answer.status_code
    return answer.content.decode()


def post(client, who, page, *args, **data):
    sign_in(client, who)
    return client.post(reverse(f"warning:{page}", args=args), data)


# --- lists ------------------------------------------------------------------------------------------------------------
def test_an_empty_list_says_whether_anything_is_known_at_all(client, world):
    assert "No source of warnings is open" in text(get(client, world.officer, "list"))
    source(world)
    assert "No warning in force" in text(get(client, world.officer, "list"))
    assert "No warning fits" in text(get(client, world.officer, "list", q="x"))
    assert "No exercise and no test" in text(get(client, world.officer, "played"))
    assert "No warning about other regions" in text(get(client, world.officer, "list", where="elsewhere"))


def test_a_source_that_is_silent_is_said_above_the_list(client, world):
    row = source(world, url="http://127.0.0.1:9/x")
    assert "does not answer" not in text(get(client, world.officer, "list"))
    Source.objects.filter(pk=row.pk).update(opened_at=NOW - timedelta(hours=1), heard_at=None)
    assert "邻县预警中心 does not answer" in text(get(client, world.officer, "list"))


def test_the_list_is_scoped_filtered_and_searched(client, world, heard):
    come(heard, made())
    come(heard, made(number=1, status="Exercise", note="演练", info={"headline": "演习一条"}))
    come(heard, made(number=2, info={"headline": "外地一条"}, area=Area(description="外", polygons=(ELSEWHERE,))))
    page = text(get(client, world.officer, "list"))
    assert "邻县气象台发布暴雨橙色预警" in page
    assert "演习一条" not in page and "外地一条" not in page
    assert "演习一条" in text(get(client, world.officer, "played"))
    assert "外地一条" in text(get(client, world.officer, "list", where="elsewhere"))
    assert "邻县气象台发布" in text(get(client, world.town, "list"))
    assert "邻县气象台发布" not in text(get(client, world.danya_officer, "list"))
    for found in ({"q": "暴雨"}, {"q": "橙"}, {"q": "沧浪 暴"}, {"level": "2"}, {"event": "暴雨"}, {"sender": THEM}):
        assert "发布暴雨橙色预警</a>" in text(get(client, world.officer, "list", **found)), found
    for missed in (
        {"q": "高温"},
        {"level": "1"},
        {"level": "none"},
        {"event": "高温"},
        {"sender": "x"},
        {"state": "ended"},
    ):
        assert "发布暴雨橙色预警</a>" not in text(get(client, world.officer, "list", **missed)), missed
    for odd in ({"level": "9 OR 1=1"}, {"state": "?"}, {"event": "x"}, {"q": "%_\\'\""}, {"sender": "\x00"}):
        assert get(client, world.officer, "list", **odd).status_code in (200, 400), odd


def test_a_page_of_the_list_asks_the_database_as_often_for_one_as_for_ten(client, world, heard):
    come(heard, made())
    get(client, world.officer, "list")  # rights and regions are read

    def count():
        with CaptureQueriesContext(connection) as asked:
            assert client.get(reverse("warning:list")).status_code == 200
        return len(asked)

    one = count()
    for number in range(1, 10):
        come(heard, made(number=number, at=NOW - timedelta(minutes=number)))
    assert count() == one
    assert one <= 26


@pytest.mark.parametrize("lang", ["zh-hans", "en"])
def test_every_page_opens_in_both_languages_for_those_who_may_and_for_nobody_else(client, world, heard, lang):
    message = come(heard, made()).message
    aside = receiving.receive(b"junk", source=heard, now=NOW).message
    own = issue(world)
    draft = drafting.write(None, said(), actor=world.officer, now=NOW)
    sender = Sender.objects.get()
    stranger = make_user("stranger")
    pages = {
        ("list",): (world.officer, world.town, world.leader), ("played",): (world.officer, world.town),
        ("message", message.pk): (world.officer, world.town), ("message", own.pk): (world.officer, world.leader),
        ("message", aside.pk): (world.officer, world.leader), ("file", message.pk): (world.officer,),
        ("area", message.pk): (world.officer, world.town), ("drafts",): (world.officer, world.leader),
        ("draft", draft.pk): (world.officer, world.leader), ("new",): (world.officer,), ("edit", draft.pk): (world.officer,),  # noqa: E501
        ("follow", own.pk, "update"): (world.officer,), ("follow", own.pk, "cancel"): (world.officer,),
        ("aside",): (world.officer, world.admin), ("sources",): (world.officer, world.admin, world.leader),
        ("source", heard.pk): (world.officer, world.admin), ("sender", sender.pk): (world.leader, world.officer),
    }  # fmt: skip
    for (name, *args), people in pages.items():
        for who in people:
            assert get(client, who, name, *args, lang=lang).status_code == 200, (name, who)
        assert get(client, stranger, name, *args, lang=lang).status_code in (403, 404), name
        client.logout()
        assert client.get(reverse(f"warning:{name}", args=args)).status_code == 302, name
    for name, *args in (("message", message.pk), ("file", message.pk), ("area", message.pk), ("message", aside.pk)):
        assert get(client, world.danya_officer, name, *args).status_code == 404
    for name, *args in (
        ("aside",),
        ("sources",),
        ("source", heard.pk),
        ("sender", sender.pk),
        ("new",),
        ("draft", draft.pk),
    ):
        assert get(client, world.town, name, *args).status_code in (403, 404), name


# --- one message ------------------------------------------------------------------------------------------------------
def test_a_message_shows_its_verdict_in_words_chinese_first_and_its_story(client, world, heard):
    first = made()
    english = {**{name: getattr(first.infos[0], name) for name in ("categories", "event", "urgency", "severity", "certainty", "areas", "expires")}, "language": "en-US", "headline": "Rainstorm in English"}  # fmt: skip  # noqa: E501
    both = made(infos=(Info(**english), first.infos[0]))
    message = come(heard, both).message
    page = text(get(client, world.officer, "message", message.pk))
    assert page.index("预计未来3小时") < page.index("Rainstorm in English")
    assert "The message is not signed." in page
    assert "is not in the code book in hand" in page
    later = come(heard, made(number=1, at=NOW + timedelta(minutes=1), msg_type="Cancel", references=naming(both),
                             info={"headline": "解除了"}), at=NOW + timedelta(minutes=1)).message  # fmt: skip
    page = text(get(client, world.officer, "message", message.pk))
    assert "Lifted" in page and "解除了" in page
    assert "How it went" in text(get(client, world.officer, "message", later.pk))


def test_what_was_set_aside_never_looks_like_a_warning(client, world, heard):
    bent = come(heard, made(), by=signer())  # taken: a stranger's signature counts as none
    assert bent.message.standing == "taken"
    forged = come(heard, made(info={"headline": "改过"})).message
    page = text(get(client, world.officer, "message", forged.pk))
    assert "This is no warning: it was not taken." in page
    body = page[page.index('id="main"') : page.index("The message</h3>")]
    assert "<h1>改过</h1>" in body and "lv orange" not in body.partition("</header>")[0]
    assert 'data-area="' not in page
    assert json.loads(get(client, world.officer, "area", forged.pk).content)["geometry"] is None


def test_w9_an_exercise_wears_no_colour_of_a_level(client, world, heard):
    played = come(heard, made(status="Exercise", note="演练")).message
    for name, args in (("message", (played.pk,)), ("played", ())):
        page = text(get(client, world.officer, name, *args))
        body = page[page.index('id="main"') : page.index('id="help"')]
        assert "lv orange" not in body and "sq orange" not in body
        assert "Exercise" in body
    area = json.loads(get(client, world.officer, "area", played.pk).content)
    assert area["geometry"] and area["properties"]["level"] is None


def test_words_of_a_stranger_are_shown_as_words(client, world, heard):
    evil = '<script>alert(1)</script>"><img src=x onerror=alert(1)>'
    message = come(heard, made(info={"headline": evil, "description": evil, "web": "javascript:alert(1)"})).message
    page = text(get(client, world.officer, "message", message.pk))
    assert "<script>alert(1)" not in page and "onerror=alert(1)>" not in page
    assert 'href="javascript' not in page
    file = get(client, world.officer, "file", message.pk)
    assert file.headers["Content-Disposition"].startswith("attachment")
    assert b"".join(file) == bytes(message.data) if file.streaming else file.content == bytes(message.data)


def test_a_warning_is_noted_once_and_leaves_the_duty_desk(client, world, heard):
    message = come(heard, made()).message
    assert [one.ref for one in items(world.officer, NOW) if one.kind == "warning"] == [f"warning:{message.pk}"]
    assert inbox.badge(world.officer) == 1
    assert post(client, world.town, "note", message.pk).status_code == 403
    post(client, world.officer, "note", message.pk)
    post(client, world.leader, "note", message.pk)
    message.refresh_from_db()
    assert message.noted_by == world.officer
    assert [one for one in items(world.officer, NOW) if one.kind == "warning"] == []
    assert inbox.badge(world.officer) is None


def test_a_chain_begins_with_a_warning_by_an_act_and_tells_its_story(client, world, heard):
    first = made()
    message = come(heard, first).message
    assert Chain.records.count() == 0
    assert post(client, world.town, "chain", message.pk).status_code == 403
    assert post(client, world.officer, "chain", message.pk).status_code == 302
    update = come(heard, made(number=1, at=NOW + timedelta(minutes=1), msg_type="Update", references=naming(first)),
                  at=NOW + timedelta(minutes=1)).message  # fmt: skip
    post(client, world.officer, "chain", update.pk)
    chain = Chain.records.get()
    assert (chain.region, chain.level, chain.exercise) == (world.canglang, 2, False)
    steps = [step.title for step in timeline.of(chain, world.officer)]
    assert sum("邻县气象台发布暴雨橙色预警" in title for title in steps) == 2
    assert not [step for step in timeline.of(chain, world.danya_officer) if "邻县" in step.title]
    played = come(heard, made(number=2, status="Exercise", note="演练")).message
    post(client, world.officer, "chain", played.pk)
    exercise = Chain.records.exclude(pk=chain.pk).get()
    assert exercise.exercise and exercise.number.startswith("EX")


def test_refs_of_this_room_are_seen_by_those_who_may(world, heard):
    message = come(heard, made()).message
    aside = receiving.receive(b"junk", source=heard, now=NOW).message
    assert refs.may_see(world.town, f"warning:{message.pk}")
    assert not refs.may_see(world.danya_officer, f"warning:{message.pk}")
    assert refs.may_see(world.officer, f"warning:{aside.pk}")
    assert not refs.may_see(world.town, f"warning:{aside.pk}")


# --- map --------------------------------------------------------------------------------------------------------------
def test_the_map_shows_real_warnings_in_force_by_level_and_they_leave_by_themselves(world, heard):
    layer = layers.get("warnings")
    come(heard, made())
    come(heard, made(number=1, status="Exercise", note="演练"))
    come(heard, made(number=2, area=Area(description="说在话里")))
    come(heard, made(number=3, area=Area(description="外", polygons=(ELSEWHERE,))))
    receiving.receive(b"junk", source=heard, now=NOW)
    found = layer.source(world.officer, Window(now=NOW))["features"]
    assert [one["properties"]["level"] for one in found] == [2]
    assert found[0]["geometry"]["type"] == "Polygon"
    assert layer.count(world.officer) == 1
    assert layer.source(world.danya_officer, Window(now=NOW))["features"] == []
    assert layer.source(world.officer, Window(now=NOW + timedelta(hours=12)))["features"] == []
    card = layer.card(world.officer, found[0]["properties"]["id"])
    assert (card.level, card.exercise) == (2, False)
    assert layer.card(world.danya_officer, found[0]["properties"]["id"]) is None
    assert layer.card(world.officer, "x") is None


def test_a_warning_by_codes_alone_is_drawn_with_the_outline_of_our_region(world, heard):
    come(heard, made(area=Area(description="丹崖镇", geocodes=(Named(name="GB/T 2260", value="990123102"),))))
    (feature,) = layers.get("warnings").source(world.danya_officer, Window(now=NOW))["features"]
    assert min(x for x, _y in feature["geometry"]["coordinates"][0]) == 104.5


# --- sources ----------------------------------------------------------------------------------------------------------
def test_a_source_is_entered_opened_and_given_a_token_on_its_page(client, world):
    answer = post(client, world.admin, "sources", name="邻县", url="", period_s="60", signature="any")
    row = Source.objects.get()
    assert answer.status_code == 302 and not row.enabled
    assert post(client, world.leader, "sources", name="x", period_s="60", signature="any").status_code == 403
    bad = post(client, world.admin, "sources", name="y", url="ftp://x", period_s="60", signature="any")
    assert bad.status_code == 422
    changed = {"name": "邻县", "url": "", "period_s": "60", "signature": "required", "enabled": "1"}
    assert post(client, world.admin, "change_source", row.pk, **changed).status_code == 302
    row.refresh_from_db()
    assert (row.enabled, row.signature) == (True, "required")
    page = post(client, world.admin, "source_token", row.pk)
    token = page.content.decode().split('<code class="key">')[1].split("<")[0]
    assert len(token) > 30
    assert page.headers["Cache-Control"] == "no-store"
    assert token not in text(get(client, world.admin, "source", row.pk))
    for name, args in (("change_source", (row.pk,)), ("source_token", (row.pk,))):
        assert post(client, world.leader, name, *args).status_code == 403


def test_a_sender_is_decided_on_its_page(client, world):
    row = source(world)
    message = come(row, made()).message
    known = Sender.objects.get()
    assert str(known) in text(get(client, world.officer, "sources"))
    assert post(client, world.officer, "decide", known.pk, do="allow", reason="x").status_code == 403
    bad = post(client, world.leader, "decide", known.pk, do="allow", reason="x", certificates="junk")
    assert bad.status_code == 422
    assert post(client, world.leader, "decide", known.pk, do="allow", reason="电话").status_code == 302
    message.refresh_from_db()
    assert message.standing == "taken"


# --- our own ----------------------------------------------------------------------------------------------------------
def form(**more):
    ends = timezone.localtime(NOW + timedelta(hours=6)).strftime("%Y-%m-%dT%H:%M")
    return {
        "event": "rainstorm", "level": "3", "urgency": "Expected", "certainty": "Likely", "places": ["990123101"],
        "polygon": "", "onset": "", "expires": ends, "headline": "暴雨黄色预警", "description": "大到暴雨。",
        "instruction": "远离山谷。", "headline_en": "", "description_en": "", "instruction_en": "",
    } | more  # fmt: skip


def test_a_warning_is_written_read_handed_on_and_issued_by_two_people(client, world):
    answer = post(client, world.officer, "new", **form())
    draft = Draft.records.get()
    assert answer.url == reverse("warning:draft", args=[draft.pk])
    assert draft.expires == NOW.replace(second=0) + timedelta(hours=6)  # of the bureau's zone
    page = text(get(client, world.officer, "draft", draft.pk))
    assert "远离山谷。" in page and "Lay before a second person" in page and "Issue the warning" not in page
    assert post(client, world.officer, "act", draft.pk, "propose").status_code == 302
    assert [one.ref for one in items(world.leader, NOW) if one.kind == "warning"] == [f"warning_draft:{draft.pk}"]
    assert [one for one in items(world.officer, NOW) if one.kind == "warning"] == []
    assert post(client, world.officer, "act", draft.pk, "issue", digest=composing.digest_of(draft)).status_code == 403
    page = text(get(client, world.leader, "draft", draft.pk))
    digest = page.split('name="digest" value="')[1].split('"')[0]
    assert post(client, world.leader, "act", draft.pk, "issue", digest="0" * 64).status_code == 302
    assert Message.objects.count() == 0
    answer = post(client, world.leader, "act", draft.pk, "issue", digest=digest)
    message = Message.objects.get()
    assert answer.url == reverse("warning:message", args=[message.pk])
    assert "Cancel the warning" in text(get(client, world.officer, "message", message.pk))


def test_w8_a_cancellation_is_worded_beforehand_and_three_clicks_away(client, world):
    message = issue(world)
    page = get(client, world.officer, "follow", message.pk, "cancel")
    initial = page.context["form"].initial
    assert initial["headline"] == "解除暴雨黄色预警"
    sent = form(
        headline=initial["headline"], description=initial["description"], urgency=initial["urgency"], instruction=""
    )
    post(client, world.officer, "follow", message.pk, "cancel", **sent)
    draft = Draft.records.get(kind="Cancel")
    post(client, world.officer, "act", draft.pk, "propose")
    post(client, world.leader, "act", draft.pk, "issue", digest=composing.digest_of(draft))
    message.refresh_from_db()
    assert message.superseded_by.msg_type == "Cancel"
    assert "No warning in force" in text(get(client, world.officer, "list")) or "No source" in text(get(client, world.officer, "list"))  # fmt: skip  # noqa: E501


@pytest.mark.parametrize(
    "wrong",
    [
        {"headline": ""}, {"expires": "x"}, {"expires": "2020-01-01T00:00"}, {"level": "7"}, {"event": "x"},
        {"places": [], "polygon": ""}, {"polygon": "{"}, {"polygon": "[" * 10_000}, {"polygon": '{"type":"Point"}'},
        {"polygon": '{"type":"Polygon","coordinates":[[[0,0],[1,1],[1,0],[0,1],[0,0]]]}'}, {"places": ["510727"]},
        {"headline_en": "x"}, {"urgency": "x"},
    ],
)  # fmt: skip
def test_a_form_that_cannot_be_meant_comes_back_with_its_words(client, world, wrong):
    answer = post(client, world.officer, "new", **form(**wrong))
    assert answer.status_code == 422
    assert "大到暴雨。" in answer.content.decode()
    assert Draft.records.count() == 0


def test_a_drawn_outline_is_taken_from_the_form(client, world):
    outline = {"type": "Feature", "geometry": {"type": "Polygon", "coordinates": [[[104.1, 31.6], [104.3, 31.6], [104.3, 31.9], [104.1, 31.6]]]}}  # fmt: skip  # noqa: E501
    post(client, world.officer, "new", **form(places=[], polygon=json.dumps(outline), exercise="on"))
    draft = Draft.records.get()
    assert draft.polygon == outline["geometry"]
    assert draft.exercise and draft.region == world.county
