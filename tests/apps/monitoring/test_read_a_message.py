"""The page and the command that say what stands in a message: for whom, within which bounds, and nothing is kept."""

from __future__ import annotations

import io
import threading
from pathlib import Path

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.core.management import CommandError, call_command
from django.test import Client
from django.urls import reverse
from sensing_world import sign_in

from anlan.apps.monitoring import message_views, message_words
from anlan.formats.devices import FAULTS
from anlan.formats.faults import MEANINGS
from anlan.formats.findings import SENTENCES
from anlan.formats.telling import FORMATS, Note
from anlan.kernel.audit.models import Entry as AuditEntry
from anlan.kernel.registers.importing import wording
from tests.formats.device_frames import HJ212, SL651
from tests.formats.test_sl651_ascii import TIMED
from tests.formats.test_telling import COT, GPX, UNKNOWN

PAGE = "/monitoring/message/"


@pytest.fixture
def desk(client: Client, engineer) -> Client:
    return sign_in(client, engineer)


def shown(answer) -> dict:
    return answer.context["told"]


def test_the_page_says_what_a_pasted_frame_of_a_station_holds(desk: Client):
    answer = desk.post(PAGE, {"text": SL651["S1"].hex(" "), "format": ""})
    assert answer.status_code == 200
    text = answer.content.decode()
    assert "瞬时河道水位" in text
    assert "0.55" in text
    assert "2020-07-24 17:23:00" in text
    assert (shown(answer)["total"], shown(answer)["rows_total"]) == (1, 4)
    # What was pasted stands there again, to be mended.
    assert SL651["S1"].hex(" ")[:30] in text


def test_a_file_is_read_as_well_and_a_broken_frame_is_said_with_its_place(desk: Client):
    sent = SimpleUploadedFile("log.bin", SL651["S1"] + SL651["S4"] + TIMED)
    answer = desk.post(PAGE, {"file": sent, "text": ""})
    items = shown(answer)["items"]
    assert [(one["bad"], one["at"]) for one in items] == [(False, 0), (True, 60), (False, 60 + len(SL651["S4"]))]
    assert [note["words"] for note in items[1]["notes"]] == ["校验码不符"]


def test_a_file_of_hexadecimal_digits_is_what_it_means(desk: Client):
    sent = SimpleUploadedFile("log.txt", SL651["S1"].hex(" ").encode())
    assert shown(desk.post(PAGE, {"file": sent}))["rows_total"] == 4


@pytest.mark.parametrize(
    ("text", "kind"), [(HJ212["H2"], "hj212"), (GPX.decode(), "gpx"), (COT.decode(), "cot"), (UNKNOWN.decode(), "xml")]
)
def test_every_form_has_words_and_none_is_left_in_code(desk: Client, text: str, kind: str):
    answer = desk.post(PAGE, {"text": text})
    assert shown(answer)["format"] == str(message_words.FORMATS[kind])
    assert answer.status_code == 200


def test_moments_are_shown_in_the_zone_of_the_bureau(desk: Client):
    text = desk.post(PAGE, {"text": GPX.decode()}).content.decode()
    assert "2026-07-01 08:00:00" in text
    assert "2026-07-01T00:00:00" not in text.partition("<textarea")[0]


def test_every_fault_and_finding_and_format_has_words():
    for code in (*FAULTS, *filter(wording.knows, MEANINGS), *SENTENCES):
        args = dict.fromkeys(_names(code), "x")
        for frames in (True, False):
            words = message_words.note_words(Note(code, "", args), frames=frames)
            assert words
            assert words != code, code
    assert set(message_words.FORMATS) == set(FORMATS)


def _names(code: str) -> list[str]:
    text = SENTENCES.get(code) or MEANINGS.get(code) or ""
    return [part.partition("}")[0] for part in text.split("{")[1:]]


def test_who_does_not_look_after_devices_is_denied_and_who_is_not_signed_in_must_sign_in(client: Client, officer):
    assert client.get(PAGE).status_code == 302
    desk = sign_in(client, officer)
    assert desk.get(PAGE).status_code == 403
    assert desk.post(PAGE, {"text": HJ212["H2"]}).status_code == 403
    assert "monitoring/message" not in desk.get(reverse("sensing:points")).content.decode()


def test_the_tab_is_there_for_who_may(desk: Client):
    assert PAGE in desk.get(reverse("sensing:points")).content.decode()


def test_nothing_too_large_and_a_format_of_no_list_are_refused_in_words(desk: Client):
    assert desk.post(PAGE, {"text": "  "}).status_code == 422
    assert desk.post(PAGE, {"text": "x", "format": "fax"}).status_code == 422
    large = desk.post(PAGE, {"file": SimpleUploadedFile("a.bin", bytes(5_000_001))})
    assert large.status_code == 413
    assert "5 MB" in large.content.decode()
    for answer in (large, desk.post(PAGE, {"text": ""})):
        assert 'role="alert"' in answer.content.decode()


def test_markup_in_a_message_is_shown_and_never_obeyed(desk: Client):
    answer = desk.post(PAGE, {"text": "<a><b>&lt;script&gt;alert(1)&lt;/script&gt;</b></a>"})
    assert "<script>alert(1)" not in answer.content.decode()
    assert "&lt;script&gt;alert(1)" in answer.content.decode()


def test_nothing_of_a_message_is_kept(desk: Client, django_assert_max_num_queries):
    desk.get(PAGE)
    before = AuditEntry.objects.count()
    with django_assert_max_num_queries(12) as asked:
        desk.post(PAGE, {"text": HJ212["H2"] * 50})
    assert not [one for one in asked.captured_queries if one["sql"].startswith(("INSERT", "UPDATE", "DELETE"))]
    assert AuditEntry.objects.count() == before


def test_a_hundred_messages_ask_the_database_no_more_than_who_may_and_which_tabs(
    desk: Client, django_assert_max_num_queries
):
    # Rights are remembered for some seconds, so the number for one page is not always the same.
    with django_assert_max_num_queries(12):
        assert shown(desk.post(PAGE, {"text": "\r\n".join([HJ212["H2"]] * 100)}))["total"] == 100


def test_while_two_others_read_the_third_is_asked_to_wait(desk: Client, monkeypatch):
    gate = threading.BoundedSemaphore(1)
    monkeypatch.setattr(message_views, "_AT_ONCE", gate)
    assert gate.acquire(blocking=False)
    assert desk.post(PAGE, {"text": HJ212["H2"]}).status_code == 503
    gate.release()
    assert desk.post(PAGE, {"text": HJ212["H2"]}).status_code == 200
    assert gate.acquire(blocking=False)


def test_the_command_says_the_same_of_a_file(tmp_path: Path):
    good, bad = tmp_path / "a.hex", tmp_path / "b.bin"
    good.write_text(SL651["S1"].hex(" "))
    bad.write_bytes(SL651["S4"])
    out = io.StringIO()
    call_command("read_message", str(good), "--hex", stdout=out)
    assert "39" in out.getvalue()
    assert "0.55" in out.getvalue()
    with pytest.raises(CommandError):
        call_command("read_message", str(bad), stdout=out)
    with pytest.raises(CommandError, match=r"c\.bin"):
        call_command("read_message", str(tmp_path / "c.bin"), stdout=out)
    (tmp_path / "d.bin").write_bytes(bytes(5_000_001))
    with pytest.raises(CommandError):
        call_command("read_message", str(tmp_path / "d.bin"), stdout=out)
