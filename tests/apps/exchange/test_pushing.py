"""Data sent to an address: only to listed ones, following nobody, until it is there, and told if it is not."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from datetime import timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
from exchange_world import FIELDS, Mirror, agreement, site, visible
from small_county import NOW

from anlan.apps.exchange import feed, outside
from anlan.apps.exchange.jobs import WATCH_S
from anlan.apps.exchange.models import Subscription, Taken, Trouble
from anlan.apps.exchange.outside import Answer, NoAnswer
from anlan.apps.exchange.services import addresses, delivery, subscriptions, trouble
from anlan.apps.exchange.services.queueing import drive
from anlan.apps.sites.declarations import ENTERPRISES
from anlan.kernel.audit.models import Entry
from anlan.kernel.jobs.models import Job
from anlan.kernel.notices.models import Notice
from anlan.kernel.people.rights import NotAllowed
from anlan.kernel.registers import services as registers

URL = "https://data.example.org/in"


@pytest.fixture
def address(world):
    return addresses.add_address(kind="http", place=URL, note="市局数据中心", actor=world.admin, now=NOW)


@pytest.fixture
def row(world, address):
    return subscriptions.subscribe(agreement(world, mode="push", address=address), actor=world.keeper, now=NOW)[0]


class There:
    """The other end: a mirror that answers as it is told to."""

    def __init__(self):
        self.mirror = Mirror()
        self.posts: list[tuple[str, int]] = []
        self.answers: list[object] = []

    def __call__(self, url: str, body: bytes) -> Answer:
        lines = body.decode().split()
        self.posts.append((url, len(lines)))
        answer = self.answers.pop(0) if self.answers else "take"
        if isinstance(answer, Answer):
            return answer
        if answer == "lost before":
            raise NoAnswer("connect", "cannot be reached")
        self.mirror.take(lines)
        if answer == "lost after":
            raise NoAnswer("time", "no answer in time")
        return Answer(200, b'{"acked": %d}' % self.mirror.seq)


def test_what_is_due_is_sent_and_acknowledged(world, row):
    site(world)
    there = There()
    assert delivery.push(row, now=NOW, post=there)
    row.refresh_from_db()
    assert there.mirror.tables["enterprise"] == visible(ENTERPRISES, world.county.path, FIELDS)
    assert (row.acked_seq, row.backlog, row.failures) == (2, 0, 0)
    assert {url for url, _n in there.posts} == {URL}
    taken = Taken.objects.get()
    assert (taken.outcome, taken.origin, taken.rows) == ("arrived", URL, 1)
    assert Entry.objects.filter(verb="exchange.take").count() == 1


def test_killed_before_or_after_the_answer_every_row_is_there_once(world, row, monkeypatch):
    monkeypatch.setattr(feed, "PAGE", 1)
    there = There()
    now = NOW
    for n in range(10):
        site(world, f"企业{n}")
        there.answers = ["lost after", "lost before", "take"][n % 3 :]
        while not delivery.push(row, now=now, post=there):
            now += timedelta(minutes=20)
    row.refresh_from_db()
    assert row.backlog == 0
    assert there.mirror.tables["enterprise"] == visible(ENTERPRISES, world.county.path, FIELDS)
    assert Taken.objects.filter(tries__gt=1).exists()


def test_what_leaves_is_written_down_before_it_leaves(world, row):
    site(world)
    seen = []

    def killed(_url, _body):
        seen.append(Taken.objects.get().outcome)
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        delivery.push(row, now=NOW, post=killed)
    assert seen == ["sending"]
    assert Taken.objects.get().rows == 1


def test_a_receiver_that_lost_something_gets_it_again(world, row):
    there = There()
    for n in range(3):
        site(world, f"企业{n}")
        delivery.push(row, now=NOW, post=there)
    forgetful = There()
    row.refresh_from_db()
    site(world, "又一家")
    forgetful.answers = [Answer(409, b'{"acked": 0, "error": {"code": "gap"}}')]
    assert delivery.push(row, now=NOW, post=forgetful)
    assert forgetful.mirror.tables["enterprise"] == visible(ENTERPRISES, world.county.path, FIELDS)


def test_a_receiver_that_asks_for_what_is_kept_no_longer_gets_a_full_copy(world, row):
    site(world)
    delivery.push(row, now=NOW, post=There())
    delivery.forget(now=NOW + timedelta(days=31))
    site(world, "又一家")
    there = There()
    there.answers = [Answer(409, b'{"acked": 0}')]
    assert delivery.push(row, now=NOW + timedelta(days=31), post=there)
    assert there.mirror.said[0]["kind"] == "begin"
    assert there.mirror.tables["enterprise"] == visible(ENTERPRISES, world.county.path, FIELDS)


def test_a_receiver_that_never_comes_on_is_a_failure_and_no_endless_loop(world, row):
    site(world)
    asked = []

    def stubborn(url, body):
        asked.append(len(body))
        return Answer(409, b'{"acked": 0}')

    assert not delivery.push(row, now=NOW, post=stubborn)
    assert len(asked) == 2
    row.refresh_from_db()
    assert row.last_error.startswith("stuck")


@pytest.mark.parametrize(
    "answer",
    [
        Answer(301, b"", "https://elsewhere.example.org/"),
        Answer(302, b'{"acked": 2}', "/other"),
        Answer(308, b""),
        Answer(400, b"no"),
        Answer(401, b'{"acked": 99}'),
        Answer(409, b"not json"),
        Answer(409, b'{"acked": "2"}'),
        Answer(500, b""),
        Answer(100, b""),
    ],
)
def test_any_answer_but_success_is_tried_again_later(world, row, answer):
    site(world)
    there = There()
    there.answers = [answer]
    assert not delivery.push(row, now=NOW, post=there)
    row.refresh_from_db()
    assert (row.acked_seq, row.failures, len(there.posts)) == (0, 1, 1)
    assert row.next_try == NOW + timedelta(seconds=5)
    assert delivery.push(row, now=NOW, post=there)


@pytest.mark.parametrize(
    "body", [b"", b"ok", b"[]", b'{"acked": true}', b'{"acked": -3}', b'{"acked": 1e3}', b"[" * 9999]
)
def test_a_plain_2xx_means_that_all_has_arrived(world, row, body):
    site(world)
    there = There()
    there.answers = [Answer(204, body)]
    assert delivery.push(row, now=NOW, post=there)
    row.refresh_from_db()
    assert row.backlog == 0


def test_an_acknowledgement_of_more_than_was_sent_counts_as_what_was_sent(world, row):
    site(world)
    there = There()
    there.answers = [Answer(200, b'{"acked": 999999}')]
    assert delivery.push(row, now=NOW, post=there)
    row.refresh_from_db()
    assert row.acked_seq == row.last_seq == 2


def test_tries_grow_further_apart_and_start_over_after_success(world, row):
    site(world)
    there = There()
    now = NOW
    waits = []
    for _n in range(8):
        there.answers = ["lost before"]
        delivery.push(row, now=now, post=there)
        row.refresh_from_db()
        waits.append((row.next_try - now).total_seconds())
        now = row.next_try
    assert waits == [5, 10, 20, 60, 300, 900, 900, 900]
    assert delivery.push(row, now=now, post=there)
    row.refresh_from_db()
    assert (row.failures, row.next_try, row.last_error) == (0, None, "")


def test_W3_what_cannot_be_delivered_is_shown_within_60_s_told_once_and_closed_when_it_arrives(world, row):
    there = There()
    delivery.push(row, now=NOW, post=there)
    site(world)
    there.answers = ["lost before"] * 20
    Notice.objects.all().delete()
    now, shown_after = NOW, None
    while now <= NOW + timedelta(seconds=60):
        row.refresh_from_db()
        if row.next_try is None or row.next_try <= now:
            delivery.push(row, now=now, post=there)
        trouble.watch(now=now)
        if shown_after is None and Trouble.objects.filter(closed_at=None).exists():
            shown_after = (now - NOW).total_seconds()
        now += timedelta(seconds=WATCH_S)
    assert shown_after is not None
    assert shown_after <= 60
    notice = Notice.objects.get(to=world.keeper)
    assert row.name in notice.title
    assert notice.url == f"/exchange/subscriptions/{row.code}/"
    shown = Trouble.objects.get()
    assert (shown.kind, shown.seq_from) == ("undelivered", row.acked_seq + 1)
    assert "connect" in shown.words
    there.answers = []
    delivery.push(row, now=now, post=there)
    trouble.watch(now=now)
    assert Trouble.objects.get().closed_at == now


def test_a_change_that_no_process_puts_into_messages_is_noticed_too(world, row):
    delivery.push(row, now=NOW, post=There())
    site(world)
    trouble.watch(now=NOW + timedelta(seconds=30))
    assert not Trouble.objects.exists()
    trouble.watch(now=NOW + timedelta(seconds=50))
    assert Trouble.objects.get().kind == "undelivered"


def test_a_backlog_that_is_not_fetched_in_time_raises_an_alarm(world):
    site(world)
    row, _key = subscriptions.subscribe(agreement(world), actor=world.keeper, now=NOW)
    trouble.watch(now=NOW + timedelta(hours=23))
    assert not Trouble.objects.exists()
    trouble.watch(now=NOW + timedelta(hours=25))
    trouble.watch(now=NOW + timedelta(hours=26))
    assert Trouble.objects.get().kind == "untaken"
    assert Notice.objects.filter(to=world.keeper).count() == 1
    subscriptions.pause(row, actor=world.keeper, now=NOW)
    trouble.watch(now=NOW + timedelta(hours=27))
    assert Trouble.objects.get().closed_at is not None


def test_nothing_is_sent_once_an_address_is_off_the_list(world, row, address):
    site(world)
    addresses.end_address(address, actor=world.admin, now=NOW)
    assert drive(NOW) == 0
    there = There()
    delivery.push(row, now=NOW, post=there)
    assert there.posts == []
    assert not Taken.objects.exists()


def test_nothing_is_sent_for_a_subscription_that_is_paused_ended_or_over(world, row):
    site(world)
    there = There()
    delivery.push(row, now=NOW + timedelta(days=400), post=there)
    subscriptions.pause(row, actor=world.keeper, now=NOW)
    delivery.push(row, now=NOW, post=there)
    subscriptions.end(row, actor=world.keeper, now=NOW)
    delivery.push(row, now=NOW, post=there)
    assert there.posts == []


def test_the_jobs_process_finds_what_is_due_once(world, row):
    assert drive(NOW) == 1  # the beginning
    assert drive(NOW) == 0  # it waits in the queue
    job = Job.objects.get(name="exchange.push")
    assert job.args == {"subscription": row.pk}
    Job.objects.all().delete()
    delivery.push(row, now=NOW, post=There())
    assert drive(NOW) == 0
    site(world)
    assert drive(NOW) == 1
    Job.objects.all().delete()
    Subscription.records.update(next_try=NOW + timedelta(seconds=5))
    assert drive(NOW) == 0
    assert drive(NOW + timedelta(seconds=6)) == 1


def test_an_act_that_changed_nothing_leaves_nothing_to_do(world, row):
    one = site(world)
    there = There()
    delivery.push(row, now=NOW, post=there)
    row.refresh_from_db()
    registers.change(ENTERPRISES, one, {"name": one.name}, actor=world.hand, now=NOW)
    assert delivery.has_work(row)
    delivery.push(row, now=NOW, post=there)
    assert len(there.posts) == 1
    assert not delivery.has_work(row)


# --- addresses --------------------------------------------------------------------------------------------------------
@pytest.mark.parametrize(
    "place",
    [
        "", "data.example.org", "ftp://data.example.org", "https://", "https://user:secret@data.example.org/",
        "https://data.example.org:0/", "https://data.example.org:99999/", "https://a b/", "https://x/#part",
        "javascript:alert(1)", "file:///etc/passwd", "https://x/\ny", "//data.example.org",
    ],
)  # fmt: skip
def test_an_address_that_cannot_be_meant_is_refused(world, place):
    with pytest.raises(addresses.Refused):
        addresses.add_address(kind="http", place=place, note="谁", actor=world.admin, now=NOW)


@pytest.mark.parametrize(
    "place", ["anlan.exchange", "anlan.exchange.>", "anlan.exchange.*", "other.city", "anlan.exchange.a b"]
)
def test_a_subject_lies_under_our_own_and_names_one_place(world, place):
    with pytest.raises(addresses.Refused):
        addresses.add_address(kind="nats", place=place, note="谁", actor=world.admin, now=NOW)


def test_S9_only_the_system_administrator_lists_an_address(world):
    for actor in (world.keeper, world.leader):
        with pytest.raises(NotAllowed):
            addresses.add_address(kind="http", place=URL, note="谁", actor=actor, now=NOW)
    with pytest.raises(NotAllowed):
        subscriptions.subscribe(agreement(world), actor=world.admin, now=NOW)


def test_personal_fields_go_to_encrypted_addresses_and_through_no_broker(world):
    fields = {"enterprise": ("name", "keeper_phone")}
    plain = addresses.add_address(kind="http", place="http://10.0.0.9/in", note="谁", actor=world.admin, now=NOW)
    broker = addresses.add_address(kind="nats", place="anlan.exchange.city", note="谁", actor=world.admin, now=NOW)
    for mode, address in (("push", plain), ("nats", broker)):
        with pytest.raises(subscriptions.Refused):
            subscriptions.subscribe(
                agreement(world, mode=mode, address=address, fields=fields, personal_reason="联络"),
                actor=world.keeper, now=NOW,
            )  # fmt: skip


# --- real requests ----------------------------------------------------------------------------------------------------
class Server(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_POST(self):
        self.server.seen.append((self.path, self.rfile.read(int(self.headers["Content-Length"])), dict(self.headers)))
        how = self.path.strip("/")
        if how == "redirect":
            self.send_response(302)
            self.send_header("Location", f"{self.server.elsewhere}/stolen")
            self.send_header("Content-Length", "0")
            self.end_headers()
        elif how == "large":
            self.send_response(200)
            self.send_header("Content-Length", str(1 << 30))
            self.end_headers()
            self.wfile.write(b"x" * 200_000)
        elif how == "cut":
            self.wfile.write(b"HTTP/1.1 200 OK\r\nContent-Length: 50\r\n\r\n{")
            self.close_connection = True
        elif how == "nonsense":
            self.wfile.write(b"no http at all\r\n\r\n")
            self.close_connection = True
        elif how == "silent":
            self.server.ended.wait(10)
            self.close_connection = True
        else:
            self.send_response(200)
            self.send_header("Content-Length", "12")
            self.end_headers()
            self.wfile.write(b'{"acked": 7}')

    do_GET = do_POST

    def log_message(self, *_args):
        """Nothing on the screen of the tests."""


class Quiet(ThreadingHTTPServer):
    daemon_threads = True

    def handle_error(self, request, client_address):
        """A connection that is cut is what the test is about."""


@pytest.fixture
def servers() -> Iterator[list[Quiet]]:
    made = [Quiet(("127.0.0.1", 0), Server) for _n in range(2)]
    for one in made:
        one.seen, one.ended = [], threading.Event()
        one.base = f"http://127.0.0.1:{one.server_address[1]}"
        threading.Thread(target=one.serve_forever, args=(0.01,), daemon=True).start()
    made[0].elsewhere = made[1].base
    yield made
    for one in made:
        one.ended.set()
        one.shutdown()
        one.server_close()


def test_S9_a_redirect_is_not_followed_and_a_proxy_of_the_environment_not_asked(servers, monkeypatch):
    here, canary = servers
    for name in ("HTTP_PROXY", "http_proxy", "ALL_PROXY", "HTTPS_PROXY"):
        monkeypatch.setenv(name, canary.base)
    monkeypatch.delenv("NO_PROXY", raising=False)
    monkeypatch.delenv("no_proxy", raising=False)
    answer = outside.post(f"{here.base}/redirect", b"line")
    assert (answer.status, answer.leads_to) == (302, f"{canary.base}/stolen")
    assert outside.post(f"{here.base}/in", b"line").body == b'{"acked": 7}'
    assert [body for _path, body, _headers in here.seen] == [b"line", b"line"]
    assert "Cookie" not in here.seen[0][2]
    assert canary.seen == []


@pytest.mark.parametrize(
    ("how", "code"), [("large", "large"), ("cut", "broken"), ("nonsense", "broken"), ("silent", "time")]
)
def test_an_answer_that_is_none_is_a_failure_in_words(servers, monkeypatch, how, code):
    monkeypatch.setattr(outside, "READ_S", 0.3)
    with pytest.raises(NoAnswer) as failed:
        outside.post(f"{servers[0].base}/{how}", b"line")
    assert failed.value.code == code


def test_a_closed_port_and_an_unknown_certificate_are_told_apart(servers):
    with pytest.raises(NoAnswer) as failed:
        outside.post("http://127.0.0.1:9/", b"line")
    assert failed.value.code == "connect"
    with pytest.raises(NoAnswer) as failed:
        outside.post(servers[0].base.replace("http://", "https://"), b"line")
    assert failed.value.code in ("tls", "connect")
