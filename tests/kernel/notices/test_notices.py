"""The outbox: written with the change, delivered at least once, and what reached nobody is shown."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta

import pytest
from cases_world import NOW, after, person, sign_in
from django.test import Client
from django.urls import reverse
from django.utils.translation import gettext as _

from anlan.kernel.audit.models import Entry
from anlan.kernel.notices import channels, queries, services
from anlan.kernel.notices.channels import NotDelivered, register_channel, words_of
from anlan.kernel.notices.models import Channel, Notice, State
from anlan.kernel.people.models import User
from anlan.kernel.regions.models import Region
from anlan.kernel.web.models import Event

pytestmark = pytest.mark.django_db


class Stand:
    """A channel that fails as often as it is told."""

    def __init__(self, fails: int = 0) -> None:
        self.fails = fails
        self.got: list[str] = []

    def __call__(self, notice: Notice, now: datetime) -> None:
        self.got.append(str(notice.message_id))
        if self.fails:
            self.fails -= 1
            raise NotDelivered("the line is busy")


@pytest.fixture
def stand(monkeypatch: pytest.MonkeyPatch) -> Iterator[Stand]:
    monkeypatch.setattr(channels, "_channels", dict(channels._channels))
    channel = Stand()
    register_channel("stand", channel)
    return channel


def test_a_notice_is_delivered_to_the_open_pages_of_its_reader_alone(officer: User, worker: User) -> None:
    services.tell([officer], title="V-203 超限", level=2, ref="alarm:12", url="/duty/", sound=True, now=NOW)
    assert services.deliver(NOW) == 1
    event = Event.objects.get(kind="notice.new")
    assert event.user_id == officer.pk
    assert (event.data["title"], event.data["level"], event.data["sound"]) == ("V-203 超限", 2, True)
    assert services.deliver(after(seconds=1)) == 0


def test_R3_a_notice_of_what_did_not_happen_is_never_sent(officer: User) -> None:
    from django.db import transaction

    with pytest.raises(RuntimeError), transaction.atomic():
        services.tell([officer], title="未发生", now=NOW)
        raise RuntimeError("the change failed")
    assert services.deliver(NOW) == 0


def test_a_person_named_twice_is_told_once_and_the_product_itself_not(officer: User, hands: User) -> None:
    assert len(services.tell([officer, officer, hands], title="一次", now=NOW)) == 1


def test_each_reader_is_told_in_their_own_language(county: Region) -> None:
    chinese = person("zh", "中文", county, [], language="zh-hans")
    english = person("en", "English", county, [], language="en")
    services.tell([chinese, english], title=lambda: _("Overdue"), now=NOW)
    titles = {notice.to_id: notice.title for notice in Notice.objects.all()}
    assert titles[english.pk] == "Overdue"
    assert len(titles) == 2


def test_a_notice_leads_nowhere_outside(officer: User) -> None:
    for url in ("https://example.org/", "//example.org/", "javascript:alert(1)"):
        with pytest.raises(ValueError, match="inside the product"):
            services.tell([officer], title="x", url=url, now=NOW)


def test_W3_the_same_message_id_on_every_try(officer: User, stand: Stand) -> None:
    stand.fails = 2
    services.tell([officer], title="x", channel="stand", now=NOW)
    sent = [services.deliver(moment, channels=("stand",)) for moment in (NOW, after(seconds=5), after(seconds=20))]
    assert sent == [0, 0, 1]
    assert len(stand.got) == 3
    assert len(set(stand.got)) == 1


def test_W3_what_reached_nobody_is_given_up_and_shown_within_a_minute(
    officer: User, worker: User, town: Region, stand: Stand
) -> None:
    stand.fails = 99
    notice = services.tell([worker], title="x", channel="stand", region=town, now=NOW)[0]
    for second in range(61):
        services.deliver(after(seconds=second), channels=("stand",))
    notice.refresh_from_db()
    assert notice.state == State.FAILED
    assert notice.error == "the line is busy"
    assert list(queries.not_delivered(officer)) == [notice]


def test_what_reached_nobody_is_shown_only_where_the_viewer_watches(
    other_town: Region, worker: User, town: Region, stand: Stand
) -> None:
    elsewhere = person("elsewhere", "外镇", other_town, ["alarm.acknowledge"])
    Notice.objects.filter(pk=services.tell([worker], title="x", region=town, now=NOW)[0].pk).update(state=State.FAILED)
    assert list(queries.not_delivered(elsewhere)) == []
    assert list(queries.not_delivered(worker)) == []


def test_a_secret_in_an_error_of_a_channel_is_not_shown(officer: User, monkeypatch: pytest.MonkeyPatch) -> None:
    def leaks(notice: Notice, now: datetime) -> None:
        raise RuntimeError("key=s3cret")

    monkeypatch.setattr(channels, "_channels", {"leaky": leaks})
    notice = services.tell([officer], title="x", channel="leaky", now=NOW)[0]
    services.deliver(NOW, channels=("leaky",))
    notice.refresh_from_db()
    assert notice.error == "RuntimeError"


def test_one_notice_that_fails_takes_nobody_along(officer: User, leader: User, stand: Stand) -> None:
    first = services.tell([officer], title="a", channel="stand", now=NOW)[0]
    services.tell([leader], title="b", channel="stand", now=NOW)

    def fails_for_the_first(notice: Notice, now: datetime) -> None:
        if notice.pk == first.pk:
            raise NotDelivered("busy")

    register_channel("stand", fails_for_the_first)
    assert services.deliver(NOW, channels=("stand",)) == 1
    assert Notice.objects.get(to=leader).state == State.SENT
    assert Notice.objects.get(to=officer).state == State.WAITING


def test_a_dead_channel_leaves_the_app_alone(officer: User, stand: Stand) -> None:
    stand.fails = 99
    services.tell([officer], title="a", channel="stand", now=NOW)
    services.tell([officer], title="b", now=NOW)
    assert services.deliver(NOW) == 1
    assert stand.got == []


def test_W9_an_exercise_says_so_before_its_title_in_the_language_of_its_reader(officer: User) -> None:
    officer.language = "en"
    officer.save()
    notice = services.tell([officer], title="Leak", exercise=True, now=NOW)[0]
    assert words_of(notice) == "[Exercise] Leak"
    services.deliver(NOW)
    assert Event.objects.get(kind="notice.new").data["title"] == "[Exercise] Leak"


def test_a_notice_is_read_by_its_own_reader_only_and_the_first_time_counts(officer: User, worker: User) -> None:
    notice = services.tell([officer], title="x", now=NOW)[0]
    with pytest.raises(PermissionError):
        services.read(notice, user=worker, now=NOW)
    services.read(notice, user=officer, now=after(minutes=1))
    services.read(notice, user=officer, now=after(minutes=9))
    assert Notice.objects.get(pk=notice.pk).read_at == after(minutes=1)
    assert queries.unread(officer) == 0


def test_a_notice_that_was_read_before_it_was_sent_is_not_sent_again(officer: User) -> None:
    notice = services.tell([officer], title="x", now=NOW)[0]
    services.read(notice, user=officer, now=NOW)
    assert services.deliver(after(minutes=1)) == 0


def test_S1_what_failed_is_sent_again_by_whoever_watches_there_and_leaves_who(
    officer: User, worker: User, town: Region, stand: Stand
) -> None:
    notice = services.tell([worker], title="x", channel="stand", region=town, now=NOW)[0]
    assert not services.send_again(notice, actor=officer, now=NOW)  # it has not failed
    Notice.objects.filter(pk=notice.pk).update(state=State.FAILED, attempts=4)
    assert not services.send_again(notice, actor=worker, now=NOW)
    assert services.send_again(notice, actor=officer, now=after(minutes=9))
    assert Entry.objects.get(verb="notice.again").actor_id == officer.pk
    assert services.deliver(after(minutes=9), channels=("stand",)) == 1


@pytest.fixture
def signed_in(client: Client, officer: User) -> Client:
    return sign_in(client, officer)


def test_the_list_shows_my_notices_and_nobody_elses(signed_in: Client, officer: User, worker: User) -> None:
    services.tell([officer], title="给值班员的", now=NOW)
    services.tell([worker], title="给乡镇的", now=NOW)
    page = signed_in.get(reverse("notices:list")).content.decode()
    assert "给值班员的" in page
    assert "给乡镇的" not in page


def test_opening_a_notice_marks_it_and_goes_where_it_leads(signed_in: Client, officer: User) -> None:
    notice = services.tell([officer], title="x", url="/duty/?item=alarm:12", now=NOW)[0]
    answer = signed_in.post(reverse("notices:open", args=[notice.pk]))
    assert answer.status_code == 302
    assert answer["Location"] == "/duty/?item=alarm:12"
    assert queries.unread(officer) == 0


def test_S2_somebody_elses_notice_and_a_missing_one_look_the_same(signed_in: Client, worker: User) -> None:
    notice = services.tell([worker], title="x", now=NOW)[0]
    answers = {signed_in.post(reverse("notices:open", args=[pk])).status_code for pk in (notice.pk, 99999)}
    assert answers == {404}
    assert queries.unread(worker) == 1


def test_all_are_marked_as_read_at_once(signed_in: Client, officer: User) -> None:
    services.tell([officer], title="a", now=NOW)
    services.tell([officer], title="b", now=NOW)
    signed_in.post(reverse("notices:read_all"))
    assert queries.unread(officer) == 0
    assert "a" not in [notice.title for notice in queries.of_user(officer).filter(read_at=None)]


def test_the_duty_officer_sees_and_sends_again_what_reached_nobody(
    signed_in: Client, worker: User, town: Region
) -> None:
    notice = services.tell([worker], title="没送到的", region=town, now=NOW)[0]
    Notice.objects.filter(pk=notice.pk).update(state=State.FAILED, error="busy")
    assert "没送到的" in signed_in.get(reverse("notices:list"), {"box": "failed"}).content.decode()
    signed_in.post(reverse("notices:again", args=[notice.pk]))
    assert Notice.objects.get(pk=notice.pk).state == State.WAITING


def test_K9_the_outbox_says_when_notices_wait(officer: User) -> None:
    from django.utils import timezone

    assert queries.health().ok
    services.tell([officer], title="x", now=timezone.now() - timedelta(minutes=5))
    assert not queries.health().ok


def test_the_channel_of_the_app_is_there(db: None) -> None:
    assert channels.sender(Channel.APP) is channels.in_app
