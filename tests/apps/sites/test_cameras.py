"""Cameras: addresses without secrets, sealed access, pictures through us from listed hosts only, spot checks."""

from __future__ import annotations

import json
import socket
import time
from datetime import timedelta

import pytest
from asgiref.sync import async_to_sync
from camera_server import ACCOUNT, PASSWORD, picture, running
from django.db import connection
from django.urls import reverse
from django.utils import timezone
from small_county import NOW, sign_in

from anlan.apps.sites import pictures, queries
from anlan.apps.sites.camera_address import Problem, problem_of
from anlan.apps.sites.declarations import CAMERAS
from anlan.apps.sites.models import Camera, Check, CheckList
from anlan.apps.sites.pictures import NoPicture, Splitter
from anlan.apps.sites.services import cameras as services
from anlan.apps.sites.services import spot_checks
from anlan.apps.sites.views import cameras as views
from anlan.kernel.audit.models import Entry
from anlan.kernel.evidence.models import Evidence
from anlan.kernel.people.rights import NotAllowed
from anlan.kernel.registers import services as registers
from anlan.kernel.registers.models import Revision
from anlan.kernel.web.outgoing import NotAllowed as NoSuchPlace
from anlan.kernel.web.outgoing import target_of


@pytest.fixture
def server(monkeypatch):
    """A camera on this machine, whose host is allowed."""
    with running() as found:
        monkeypatch.setenv("ANLAN_CAMERA_HOSTS", "127.0.0.1/32")
        yield found


def camera(world, **other):
    values = {"name": "沙头闸口", "watches": "water", "region": "990123101201", "lookers": "all", "subject": "水尺"}
    return registers.create(CAMERAS, {**values, **other}, actor=world.actor, now=NOW)


# --- addresses --------------------------------------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("url", "protocol", "problem"),
    [
        ("http://10.1.2.3:8080/video", "mjpeg", None),
        ("https://host.lan/live/index.m3u8?channel=3", "hls", None),
        ("rtsp://10.1.2.3:554/1", "rtsp", None),
        ("rtsp://10.1.2.3:554/1", "hls", Problem.SCHEME),
        ("file:///etc/passwd", "mjpeg", Problem.SHAPE),
        ("http://admin:12345@10.1.2.3/video", "mjpeg", Problem.SECRET),
        ("http://10.1.2.3/video?Token=abc", "mjpeg", Problem.SECRET),
        ("http://10.1.2.3:99999/", "mjpeg", Problem.SHAPE),
        ("http://10.1.2.3/a b", "mjpeg", Problem.SHAPE),
        ("10.1.2.3/video", "mjpeg", Problem.SHAPE),
    ],
)
def test_an_address_fits_its_protocol_and_holds_no_secret(url, protocol, problem):
    assert problem_of(url, protocol) is problem


def test_a_secret_in_an_address_is_refused_with_the_way_to_do_it(world):
    with pytest.raises(registers.Refused) as refused:
        camera(world, protocol="mjpeg", stream="http://admin:12345@10.1.2.3/video")
    assert refused.value.faults[0].code == "secret"
    assert "12345" not in str(refused.value)


@pytest.mark.parametrize(
    ("url", "allowed"),
    [
        ("http://127.0.0.1:8000/", []),
        ("http://127.0.0.1:8000/", ["10.0.0.0/8"]),
        ("http://127.0.0.1:8000/", ["127.0.0.1:8020"]),
        ("http://127.0.0.1/", ["127.0.0.1:8020"]),
        ("http://127.0.0.2:8020/", ["127.0.0.1:8020"]),
        ("http://[::1]/", ["127.0.0.1"]),
        ("http://[::ffff:127.0.0.1]/", ["10.0.0.0/8"]),
        ("http://169.254.169.254/latest/", ["10.0.0.0/8", "169.254.169.254x"]),
        ("http://0.0.0.0/", ["0.0.0.0x"]),
        ("http://2130706433/", ["10.0.0.0/8"]),
        ("http://localhost/", ["localhost"]),
        ("rtsp://10.0.0.1/", ["10.0.0.0/8"]),
        ("file:///etc/passwd", ["10.0.0.0/8"]),
    ],
)
def test_S9_no_connection_to_a_host_that_is_not_listed(url, allowed):
    with pytest.raises(NoSuchPlace):
        target_of(url, allowed)


def test_a_port_of_one_address_may_be_listed_alone():
    assert target_of("http://127.0.0.1:8020/a", ["127.0.0.1:8020"]).url == "http://127.0.0.1:8020/a"
    assert target_of("http://[::1]:8020/a", ["[::1]:8020"]).url == "http://[::1]:8020/a"


def test_only_the_page_of_the_picture_may_play_what_it_puts_together(world, client):
    made = camera(world, protocol="hls", stream="http://10.1.2.3/index.m3u8")
    sign_in(client, world.town)
    said = client.get(reverse("sites:live", args=[made.code]))["Content-Security-Policy"]
    assert "media-src 'self' blob:" in said
    assert "media-src" not in client.get(reverse("registers:list", args=["camera"]))["Content-Security-Policy"]


def test_S9_a_name_is_resolved_once_and_the_number_is_what_is_asked(monkeypatch):
    answers = iter([[(2, 1, 6, "", ("10.9.8.7", 80))], [(2, 1, 6, "", ("127.0.0.1", 80))]])
    monkeypatch.setattr(socket, "getaddrinfo", lambda *args, **kwargs: next(answers))
    target = target_of("http://cam.lan/video?a=1", ["cam.lan"], query="token=x")
    assert (target.url, target.name) == ("http://10.9.8.7:80/video?a=1&token=x", "cam.lan")
    with pytest.raises(NoSuchPlace):  # the name now means this machine
        target_of("http://cam.lan/video", ["cam.lan"])


# --- access -----------------------------------------------------------------------------------------------------------
def test_the_access_is_sealed_and_stands_in_no_page_history_or_trail(world, client):
    made = camera(world, protocol="mjpeg", stream="http://10.1.2.3/video")
    sign_in(client, world.keeper)
    answer = client.post(
        reverse("sites:access", args=[made.code]), {"account": ACCOUNT, "password": PASSWORD, "query": "token=q9q9"}
    )
    assert answer.status_code == 302
    made = Camera.records.get(pk=made.pk)
    assert (made.account, made.password, made.query) == (ACCOUNT, PASSWORD, "token=q9q9")
    with connection.cursor() as cursor:
        cursor.execute("select account, password, query from sites_camera where id = %s", [made.pk])
        kept = str(cursor.fetchone())
    kept += json.dumps(list(Revision.objects.values("before", "after")))
    kept += json.dumps(list(Entry.objects.values("before", "after", "note")))
    for url in (
        reverse("sites:access", args=[made.code]),
        reverse("sites:live", args=[made.code]),
        reverse("registers:archive", args=["camera", made.code]),
        reverse("registers:archive", args=["camera", made.code]) + "?tab=picture",
        reverse("registers:edit", args=["camera", made.code]),
        reverse("registers:list", args=["camera"]) + "?cols=account,password,query,stream",
    ):
        kept += client.get(url).content.decode()
    for secret in (PASSWORD, "q9q9"):
        assert secret not in kept
    assert Entry.objects.filter(verb="camera.access").count() == 1
    registers.change(CAMERAS, made, {"name": "改名"}, actor=world.actor, now=NOW)
    assert Camera.records.get(pk=made.pk).password == PASSWORD
    client.post(reverse("sites:access", args=[made.code]), {"do": "clear"})
    assert not Camera.records.get(pk=made.pk).has_credentials


def test_S2_only_a_keeper_of_the_region_enters_the_access(world, client):
    made = camera(world)
    for user in (world.town, world.duty, world.other):
        sign_in(client, user)
        assert client.get(reverse("sites:access", args=[made.code])).status_code == 404
    with pytest.raises(NotAllowed):
        services.set_access(made, account="a", password="b", query="", actor=world.town, now=NOW)
    with pytest.raises(services.Refused):
        services.set_access(made, account="", password="b", query="", actor=world.keeper, now=NOW)


# --- who may look -----------------------------------------------------------------------------------------------------
def test_who_may_look_at_a_camera(world):
    everyone, county, nobody = (
        camera(world, code=f"C-{kind}", name=f"镜头{kind}", lookers=kind) for kind in ("all", "county", "nobody")
    )
    seen = {
        user.username: [queries.may_look(user, one) for one in (everyone, county, nobody)]
        for user in (world.duty, world.town, world.other, world.keeper)
    }
    assert seen == {
        "duty": [True, True, False],
        "town": [True, False, False],
        "other": [False, False, False],
        "keeper": [False, False, False],
    }


def test_the_live_page_says_why_there_is_no_picture(world, client, monkeypatch):
    monkeypatch.delenv("ANLAN_CAMERA_HOSTS", raising=False)
    sign_in(client, world.duty)
    for code, values in (
        ("NONE", {}),
        ("RTSP", {"protocol": "rtsp", "stream": "rtsp://10.1.2.3/1"}),
        ("HOST", {"protocol": "mjpeg", "stream": "http://10.1.2.3/video"}),
    ):
        made = camera(world, code=code, name=f"镜头{code}", **values)
        page = client.get(reverse("sites:live", args=[made.code]))
        assert page.status_code == 200
        assert "data-live" not in page.content.decode()
    assert Entry.objects.filter(verb="camera.look").count() == 3
    closed = camera(world, code="SHUT", name="封闭", lookers="nobody")
    assert client.get(reverse("sites:live", args=[closed.code])).status_code == 403
    assert client.get(reverse("sites:picture", args=[closed.code])).status_code == 404
    assert client.get(reverse("sites:hls", args=[closed.code, "x"])).status_code == 404
    assert client.post(reverse("sites:snapshot", args=[closed.code])).status_code == 404
    sign_in(client, world.other)
    assert client.get(reverse("sites:live", args=[closed.code])).status_code == 404


# --- pictures ---------------------------------------------------------------------------------------------------------
def test_a_stream_is_cut_into_pictures_wherever_the_chunks_end():
    parts = b"".join(b"--b\r\nContent-Type: image/jpeg\r\n\r\n" + picture(n) + b"\r\n" for n in (1, 2, 3)) + b"--b--"
    for size in (1, 7, 1000, len(parts)):
        splitter = Splitter('multipart/x-mixed-replace; boundary="b"')
        found = [one for at in range(0, len(parts), size) for one in splitter.feed(parts[at : at + size])]
        assert found == [picture(1), picture(2), picture(3)]
    with pytest.raises(NoPicture):
        Splitter("text/html")
    with pytest.raises(NoPicture):
        Splitter("multipart/x-mixed-replace; boundary=b").feed(b"x" * (pictures.MOST_PICTURE + 1))


def test_a_moving_picture_comes_through_us(world, client, server, monkeypatch):
    monkeypatch.setattr(pictures, "GAP_S", 0.0)
    base, seen = server
    made = camera(world, protocol="mjpeg", stream=f"{base}/video")
    sign_in(client, world.town)
    assert "data-moving" in client.get(reverse("sites:live", args=[made.code])).content.decode()
    answer = client.get(reverse("sites:picture", args=[made.code]))
    assert answer["Content-Type"].startswith("multipart/x-mixed-replace")
    content = b"".join(answer.streaming_content) if not answer.is_async else async_to_sync(_all)(answer)
    assert content.count(b"\xff\xd8\xff") == 3
    assert seen == [("/video", base.removeprefix("http://"))]
    assert len(views.SEATS) == 0


async def _all(answer):
    return b"".join([part async for part in answer.streaming_content])


def test_too_many_open_pictures_are_refused_and_a_lost_seat_ends(monkeypatch):
    seats = pictures.Seats()
    taken = [seats.take(1) for _seat in range(pictures.MOST_EACH)]
    with pytest.raises(NoPicture):
        seats.take(1)
    seats.take(2)
    seats.leave(taken[0])
    seats.take(1)
    later = time.monotonic() + pictures.LIVE_S + pictures.READ_S + 1
    monkeypatch.setattr(time, "monotonic", lambda: later)
    seats.take(1)
    assert len(seats) == 1


def test_a_snapshot_is_kept_as_evidence_with_audit(world, client, server):
    base, _seen = server
    made = camera(world, protocol="mjpeg", stream=f"{base}/locked/video", still=f"{base}/locked/still.jpg")
    sign_in(client, world.town)
    client.post(reverse("sites:snapshot", args=[made.code]))
    assert not Evidence.objects.exists()  # the camera asked for a name and got none
    services.set_access(made, account=ACCOUNT, password=PASSWORD, query="", actor=world.keeper, now=NOW)
    client.post(reverse("sites:snapshot", args=[made.code]), {"note": "闸口正常"})
    kept = Evidence.objects.get()
    assert (kept.ref, kept.role, kept.note, kept.by) == (f"camera:{made.pk}", "snapshot", "闸口正常", world.town)
    assert Entry.objects.filter(verb="camera.snapshot").count() == 1
    assert "闸口正常" in client.get(reverse("sites:live", args=[made.code])).content.decode()


@pytest.mark.parametrize(
    ("path", "code"), [("/page", "kind"), ("/elsewhere", "refused"), ("/locked/still.jpg", "refused")]
)
def test_what_is_no_picture_is_refused_in_words(server, path, code):
    base, seen = server
    with pytest.raises(NoPicture) as missing:
        pictures.still(target_of(base + path, ["127.0.0.1"]), pictures.Login())
    assert missing.value.code == code
    assert services.picture_words(missing.value)
    assert all(asked == path for asked, _host in seen)  # no redirect was followed


def test_a_camera_that_is_away_says_so(world):
    with socket.socket() as held:
        held.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{held.getsockname()[1]}/still.jpg"
        with pytest.raises(NoPicture) as missing:
            pictures.still(target_of(url, ["127.0.0.1"]), pictures.Login())
    assert missing.value.code == "connect"


def test_an_hls_stream_is_led_through_us(world, client, server):
    base, seen = server
    made = camera(world, protocol="hls", stream=f"{base}/live/index.m3u8")
    sign_in(client, world.town)
    door = reverse("sites:hls", args=[made.code, "index.m3u8"])
    assert door in client.get(reverse("sites:live", args=[made.code])).content.decode()
    playlist = client.get(door).content.decode()
    folder = door.removesuffix("index.m3u8")
    assert f"{folder}part1.ts?n=1" in playlist
    assert f"{folder}sub/part2.ts" in playlist
    assert f'URI="{folder}init.mp4"' in playlist
    assert base not in playlist
    part = client.get(f"{folder}part1.ts?n=1")
    assert (part.status_code, part["Content-Type"], len(part.content)) == (200, "video/mp2t", 188)
    assert seen[-1][0] == "/live/part1.ts?n=1"


@pytest.mark.parametrize("name", ["bad.m3u8", "../still.jpg", "..%2Fstill.jpg", "http://169.254.169.254/latest/"])
def test_S9_an_hls_stream_leads_nowhere_else(world, client, server, name):
    base, seen = server
    made = camera(world, protocol="hls", stream=f"{base}/live/index.m3u8")
    sign_in(client, world.town)
    folder = reverse("sites:hls", args=[made.code, "x"])[:-1]
    assert client.get(folder + name).status_code in (404, 502)
    assert all(asked.startswith("/live/") for asked, _host in seen)


# --- spot checks ------------------------------------------------------------------------------------------------------
def many(world, count=30):
    for n in range(count):
        region = "990123101201" if n % 2 else "990123102201"
        camera(world, code=f"K-{n:02d}", name=f"抽查镜头{n}", region=region)


def test_the_same_seed_and_pool_give_the_same_list(world):
    many(world)
    drawn = spot_checks.draw(world.county.county, actor=world.duty, now=NOW, seed="a1")
    chosen = [check.camera.code for check in drawn.checks.order_by("position")]
    codes = [f"K-{n:02d}" for n in range(30)]
    assert chosen == spot_checks.lot(codes[::-1], "a1", drawn.wanted)
    assert (drawn.pool, drawn.wanted, drawn.pool_digest) == (30, 8, spot_checks.digest_of(codes))
    assert drawn.rule.code == "CAMERA-CHECK-DAY"
    assert chosen != spot_checks.lot(codes, "a2", drawn.wanted)
    entry = Entry.objects.get(verb="camera.draw")
    assert (entry.after["seed"], entry.after["cameras"]) == ("a1", chosen)


def test_a_list_is_drawn_once_a_day_within_the_region_of_the_officer(world):
    many(world)
    with pytest.raises(NotAllowed):
        spot_checks.draw(world.county.county, actor=world.town, now=NOW)
    drawn = spot_checks.draw(world.county.canglang, actor=world.town, now=NOW)
    assert {check.camera.region.code for check in drawn.checks.all()} == {"990123101201"}
    with pytest.raises(spot_checks.Refused):
        spot_checks.draw(world.county.canglang, actor=world.town, now=NOW + timedelta(hours=1))
    assert spot_checks.draw(world.county.canglang, actor=world.town, now=NOW + timedelta(days=1)).seed != drawn.seed
    Camera.records.all().update(removed_at=NOW)
    with pytest.raises(spot_checks.Refused):
        spot_checks.draw(world.county.danya, actor=world.other, now=NOW)


def test_a_result_is_kept_with_who_and_shows_on_the_camera(world):
    many(world, 4)
    drawn = spot_checks.draw(world.county.county, actor=world.duty, now=NOW)
    first, second, *_rest = drawn.checks.order_by("position")
    spot_checks.record_check(first, condition="online", note="", actor=world.duty, now=NOW)
    with pytest.raises(spot_checks.Refused):
        spot_checks.record_check(second, condition="covered", note="", actor=world.duty, now=NOW)
    spot_checks.record_check(second, condition="covered", note="蛛网", actor=world.duty, now=NOW)
    assert Camera.records.get(pk=second.camera_id).condition == "covered"
    assert Check.objects.get(pk=second.pk).by == world.duty
    found = queries.tally(drawn.checks.values_list("condition", flat=True))
    assert (found.total, found.done, found.online, found.covered, found.rate) == (4, 2, 1, 1, 50.0)
    spot_checks.record_check(second, condition="online", note="已擦拭", actor=world.duty, now=NOW)
    entry = Entry.objects.filter(verb="camera.check").order_by("id").last()
    assert (entry.before["condition"], entry.after["condition"]) == ("covered", "online")
    with pytest.raises(spot_checks.Refused):
        spot_checks.record_check(first, condition="offline", note="次日", actor=world.duty, now=NOW + timedelta(days=1))
    with pytest.raises(NotAllowed):
        spot_checks.record_check(first, condition="online", note="", actor=world.town, now=NOW)


def test_the_pages_of_spot_checks(world, client):
    many(world, 6)
    sign_in(client, world.duty)
    assert client.get(reverse("sites:spot_checks")).status_code == 200
    answer = client.post(reverse("sites:draw"), {"region": "990123"})
    drawn = CheckList.records.get()
    assert answer.url == reverse("sites:spot_check", args=[drawn.pk])
    check = drawn.checks.first()
    client.post(reverse("sites:answer_check", args=[drawn.pk, check.pk]), {"condition": "offline", "note": "画面中断"})
    page = client.get(reverse("sites:spot_check", args=[drawn.pk])).content.decode()
    assert "画面中断" in page
    assert drawn.seed in page
    listed = client.get(reverse("sites:spot_checks"), {"as": "csv"}).content.decode("utf-8-sig")
    assert drawn.seed in listed
    archive = reverse("registers:archive", args=["camera", check.camera.code])
    assert "画面中断" in client.get(archive, {"tab": "picture"}).content.decode()
    sign_in(client, world.town)
    assert client.get(reverse("sites:spot_check", args=[drawn.pk])).status_code == 404
    assert client.post(reverse("sites:draw"), {"region": "990123"}).status_code == 404
    sign_in(client, world.keeper)
    assert client.get(reverse("sites:spot_checks")).status_code == 403


def test_merging_two_cameras_brings_the_checks_along(world):
    keep, drop = camera(world, code="KEEP"), camera(world, code="DROP", name="重复镜头")
    first = spot_checks.draw(world.county.county, actor=world.duty, now=NOW)
    assert first.checks.count() == 2
    registers.merge(CAMERAS, keep, drop, taken={}, actor=world.actor, now=timezone.now())
    assert keep.checks.count() == 1
    assert drop.checks.count() == 1  # both stood on this list
