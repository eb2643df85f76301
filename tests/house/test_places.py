"""The launcher's ports, data directory, lock, passwords and stamps."""

from __future__ import annotations

import json
import os
import socket
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from anlan import environment
from anlan.launcher.house import House, Trouble, write_whole
from anlan.launcher.place import Place, Running, place_for, reachable
from anlan.launcher.ports import exactly, is_free, next_free
from anlan.launcher.stamps import Stamps

HOLDER = """
import sys
from pathlib import Path
from anlan.launcher.place import Place, Running
place = Place(Path(sys.argv[1]))
with place.held():
    place.note_running(Running(4711, "127.0.0.1", 8003, 8012, True))
    print("held", flush=True)
    sys.stdin.read()
"""


@pytest.fixture
def taken():
    """A port of this machine that another program listens on."""
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        yield other.getsockname()[1]


def test_a_taken_port_leads_to_the_next_free_one(taken):
    chosen = next_free("127.0.0.1", taken)
    assert taken < chosen < taken + 50
    assert is_free("127.0.0.1", chosen)


def test_the_readings_never_get_the_port_of_the_web():
    wanted = next_free("127.0.0.1", 42000)
    assert next_free("127.0.0.1", wanted, (wanted,)) > wanted


def test_a_port_that_a_bureau_chose_is_refused_rather_than_changed(taken):
    with pytest.raises(Trouble, match=rf"(?s)Port {taken} is taken.*set ANLAN_PORT to another"):
        exactly("127.0.0.1", taken, "ANLAN_PORT")


def test_a_foreign_address_says_what_to_set():
    with pytest.raises(Trouble, match=r"(?s)cannot listen on 192\.0\.2\.1.*set ANLAN_HOST"):
        is_free("192.0.2.1", 8000)


@pytest.fixture
def held(tmp_path):
    """A data directory in which another launcher works."""
    other = subprocess.Popen(
        [sys.executable, "-c", HOLDER, str(tmp_path)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        env={**os.environ, "PYTHONPATH": str(House().top / "src")},
    )
    assert other.stdout.readline() == "held\n"
    yield tmp_path, other
    other.kill()
    other.communicate()


def test_two_launchers_never_work_in_one_directory(held):
    place, _other = held
    with pytest.raises(Trouble, match=r"(?s)already runs in .*8003.*process 4711.*Ctrl-C"), Place(place).held():
        pass


def test_who_runs_is_known_while_it_runs_and_not_after_a_kill(held):
    path, other = held
    assert Place(path).running() == Running(4711, "127.0.0.1", 8003, 8012, True)
    other.kill()
    other.wait()
    assert (path / "running.json").exists()
    assert Place(path).running() is None


def test_a_directory_can_be_held_again_after_a_kill(held):
    path, other = held
    other.kill()
    other.wait()
    with Place(path).held():
        pass
    assert not (path / "running.json").exists()


def test_a_data_directory_is_private(tmp_path):
    place = Place(tmp_path / "data")
    place.prepare()
    assert stat.S_IMODE(place.path.stat().st_mode) == 0o700
    assert stat.S_IMODE(place.logs.stat().st_mode) == 0o700


def test_a_data_directory_that_is_a_file_says_what_to_do(tmp_path):
    (tmp_path / "data").write_text("in the way")
    with pytest.raises(Trouble, match=r"(?s)cannot be written.*set ANLAN_DATA"):
        Place(tmp_path / "data").prepare()


def test_the_demo_keeps_its_password_for_the_next_start(tmp_path):
    place = Place(tmp_path)
    first = place.demo_password()
    assert len(first.replace("-", "")) == 16
    assert place.demo_password() == first
    assert stat.S_IMODE((tmp_path / "demo.password").stat().st_mode) == 0o600


def test_two_demos_have_two_passwords(tmp_path):
    assert Place(tmp_path / "a").demo_password() != Place(tmp_path / "b").demo_password()


def test_the_secret_key_is_made_once_and_for_its_owner_only(tmp_path):
    key = environment.secret_key(tmp_path, {})
    assert len(key) >= 48
    assert environment.secret_key(tmp_path, {}) == key
    assert stat.S_IMODE((tmp_path / "secret.key").stat().st_mode) == 0o600
    assert [path.name for path in tmp_path.iterdir()] == ["secret.key"]


def test_a_short_secret_key_is_refused(tmp_path):
    with pytest.raises(environment.BadSetting, match="shorter than 32"):
        environment.secret_key(tmp_path, {"ANLAN_SECRET_KEY": "guess"})


@pytest.mark.parametrize("value", ["0", "65536", "http", "-1", "８０００"])
def test_a_port_outside_the_range_is_refused_with_the_name_of_its_variable(value):
    with pytest.raises(environment.BadSetting, match="ANLAN_PORT"):
        environment.port("ANLAN_PORT", {"ANLAN_PORT": value})


def test_an_empty_variable_counts_as_not_set():
    assert environment.port("ANLAN_PORT", {"ANLAN_PORT": ""}) == 8000
    assert environment.switch("ANLAN_DEBUG", {"ANLAN_DEBUG": " "}) is False


def test_a_switch_refuses_a_word_that_is_neither_on_nor_off():
    with pytest.raises(environment.BadSetting, match="ANLAN_DEBUG"):
        environment.switch("ANLAN_DEBUG", {"ANLAN_DEBUG": "maybe"})


def test_a_choice_takes_only_its_words():
    assert environment.choice("ANLAN_ENGINE_FAST", environment.FAST, {}) == "auto"
    assert environment.choice("ANLAN_ENGINE_FAST", environment.FAST, {"ANLAN_ENGINE_FAST": "OFF"}) == "off"
    with pytest.raises(environment.BadSetting, match="write auto or off"):
        environment.choice("ANLAN_ENGINE_FAST", environment.FAST, {"ANLAN_ENGINE_FAST": "quick"})


def test_the_public_address_is_an_origin_and_nothing_more():
    assert environment.origin(environ={}) == ""
    assert environment.origin(environ={"ANLAN_PUBLIC_URL": "https://a.example:8443/"}) == "https://a.example:8443"
    assert environment.host_of("https://a.example:8443") == "a.example"
    for wrong in ("a.example", "https://a.example/desk", "ftp://a.example", "https://"):
        with pytest.raises(environment.BadSetting, match="ANLAN_PUBLIC_URL"):
            environment.origin(environ={"ANLAN_PUBLIC_URL": wrong})


def test_an_unknown_time_zone_is_refused():
    assert environment.zone(environ={}) == "Asia/Shanghai"
    with pytest.raises(environment.BadSetting, match="Asia/Anlan"):
        environment.zone(environ={"ANLAN_TIME_ZONE": "Asia/Anlan"})


def test_the_demo_and_a_bureau_never_share_a_directory(tmp_path):
    house = House(tmp_path)
    assert place_for(house, {}, demo=True).path == tmp_path / "var/demo"
    assert place_for(house, {}, demo=False).path == tmp_path / "var/data"
    assert place_for(house, {"ANLAN_DATA": "elsewhere"}, demo=True).path == tmp_path / "elsewhere"


def test_a_command_without_more_words_means_the_directory_that_is_there(tmp_path):
    house = House(tmp_path)
    (tmp_path / "var/demo").mkdir(parents=True)
    assert place_for(house, {}).path.name == "demo"
    (tmp_path / "var/data").mkdir()
    assert place_for(house, {}).path.name == "data"


@pytest.mark.parametrize(
    ("host", "written"),
    [("0.0.0.0", "127.0.0.1"), ("::1", "[::1]"), ("::", "127.0.0.1"), ("10.1.2.3", "10.1.2.3")],
)
def test_an_address_is_written_so_that_this_machine_can_open_it(host, written):
    assert reachable(host) == written


def test_a_step_that_breaks_off_leaves_no_stamp(tmp_path):
    stamps = Stamps(tmp_path)
    stamps.mark("packages", "old")
    with pytest.raises(KeyboardInterrupt), stamps.working("packages", "new"):
        raise KeyboardInterrupt
    assert not stamps.holds("packages", "old")
    assert not stamps.holds("packages", "new")


def test_a_step_that_ended_is_not_due_again_until_what_it_depends_on_changes(tmp_path):
    stamps = Stamps(tmp_path)
    with stamps.working("packages", "one"):
        assert not stamps.holds("packages", "one")
    assert stamps.holds("packages", "one")
    assert not stamps.holds("packages", "two")


def test_a_file_is_written_whole_or_not_at_all(tmp_path, monkeypatch):
    write_whole(tmp_path / "note.json", json.dumps({"a": 1}).encode())

    def no_space(*_names: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "replace", no_space)
    with pytest.raises(OSError, match="No space"):
        write_whole(tmp_path / "note.json", b"{")
    assert json.loads(Path(tmp_path / "note.json").read_bytes()) == {"a": 1}
