"""`./anlan demo` and `serve` from start to stop, with a stand-in for the server's own commands."""

from __future__ import annotations

import json
import os
import re
import select
import signal
import socket
import subprocess
import sys
import time
import urllib.request

import pytest

from anlan.environment import BadSetting
from anlan.launcher.house import House
from anlan.launcher.place import Place, Running
from anlan.launcher.running import answers, banner, demo_users, processes

#: What `python -m anlan.server NAME` does here: notes its call; the web answers /healthz; the others wait.
SERVER = """
import http.server, json, os, pathlib, signal, sys
data = pathlib.Path(os.environ["ANLAN_DATA"])
name = sys.argv[1]
with (data / "calls").open("a") as calls:
    calls.write(json.dumps([*sys.argv[1:], os.environ["ANLAN_DEMO"], os.environ["ANLAN_INGEST_PORT"]]) + "\\n")
for told in ("CAMERA", "MODBUS"):  # whole at once: every process writes it
    own = data / f"{told}.{os.getpid()}"
    own.write_text(os.environ.get(f"ANLAN_{told}_HOSTS", ""))
    own.replace(data / told)
if (data / "came").exists():
    (data / "came").write_text("x")
broken = data / "broken"
if broken.exists() and broken.read_text() == name:
    sys.exit(f"ERROR {name} is broken on purpose")
if name == "build_demo":
    assert (data / "demo.password").exists()
    (data / "demo-users.json").write_text('[{"username": "duty", "title": "值班员"}, {"username": "town"}]')
if name == "first_start_token":
    print("token-4711")
if name == "serve_web":
    class Answer(http.server.BaseHTTPRequestHandler):
        def do_GET(self):
            self.send_response(200 if self.path == "/healthz" else 404)
            self.end_headers()
        def log_message(self, *words): pass
    http.server.HTTPServer(("127.0.0.1", int(sys.argv[3])), Answer).serve_forever()
elif name in ("serve_ingest", "serve_engine", "serve_jobs", "serve_mqtt", "serve_tcp", "serve_modbus", "simulate"):
    signal.pause()
"""
LAUNCHER = """
import os, sys
from pathlib import Path
from anlan.launcher import running
from anlan.launcher.house import House, Trouble, Voice
running.setup = lambda *arguments: None
try:
    running.run(House(Path(sys.argv[1])), Voice(), os.environ, demo=sys.argv[2] == "demo")
except Trouble as trouble:
    print(trouble)
    sys.exit(1)
"""


def unused() -> str:
    """A port that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return str(probe.getsockname()[1])


@pytest.fixture
def start(tmp_path):
    """Start the launcher in a clone of its own: `start("demo", broken="serve_web", ANLAN_PORT="8001")`."""
    server = tmp_path / "src/anlan/server"
    server.mkdir(parents=True)
    (server / "__init__.py").touch()
    (server / "__main__.py").write_text(SERVER, encoding="utf-8")
    (tmp_path / ".venv/bin").mkdir(parents=True)
    (tmp_path / ".venv/bin/python").symlink_to(sys.executable)
    started = []

    def run(kind: str, broken: str = "", **environ: str) -> subprocess.Popen:
        if broken:
            (tmp_path / f"var/{'demo' if kind == 'demo' else 'data'}").mkdir(parents=True)
            (tmp_path / f"var/{'demo' if kind == 'demo' else 'data'}/broken").write_text(broken)
        clean = {name: value for name, value in os.environ.items() if not name.startswith("ANLAN_")}
        # Ports of its own, so that tests may run side by side.
        names = (
            "ANLAN_PORT",
            "ANLAN_INGEST_PORT",
            "ANLAN_MQTT_PORT",
            "ANLAN_DEMO_CAMERA_PORT",
            "ANLAN_DEMO_MODBUS_PORT",
        )
        names += ("ANLAN_TCP_HJ212_PORT", "ANLAN_TCP_SL651_PORT", "ANLAN_TCP_JT808_PORT") if kind == "demo" else ()
        clean |= {name: unused() for name in names}
        # The launcher finds the product's own package first, its children the stand-in.
        code = f"import sys; sys.path.insert(0, {str(House().top / 'src')!r})\n" + LAUNCHER
        process = subprocess.Popen(
            [sys.executable, "-c", code, str(tmp_path), kind],
            env={**clean, "PYTHONPATH": str(tmp_path / "src"), **environ},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            encoding="utf-8",
            # A run started in the background inherits SIGINT as ignored; here somebody sits at the keyboard.
            preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),
        )
        started.append(process)
        return process

    yield run
    for process in started:
        process.kill()
        process.wait()
        process.stdout.close()


def until(process: subprocess.Popen, words: str) -> str:
    """What is printed up to the line with these words."""
    said = ""
    for line in process.stdout:
        said += line
        if words in line:
            return said
    pytest.fail(f"{words!r} was never said, but:\n{said}")


def calls(place) -> list[list[str]]:
    return [json.loads(line) for line in (place / "calls").read_text(encoding="utf-8").splitlines()]


def all_called(place, number: int) -> None:
    """Wait until so many processes have noted their start: the web may answer before the last one has come so far."""
    until_s = time.monotonic() + 30
    while len(calls(place)) < number:
        assert time.monotonic() < until_s, calls(place)
        time.sleep(0.02)


def test_the_demo_starts_prints_how_to_enter_and_stops_with_all_its_processes(start, tmp_path):
    (tmp_path / "var/demo").mkdir(parents=True)
    os.mkfifo(tmp_path / "var/demo/came")
    came = os.open(tmp_path / "var/demo/came", os.O_RDWR)
    process = start("demo")
    said = until(process, "Ctrl-C")
    for _ in range(8):
        assert select.select([came], [], [], 60.0)[0], "not every command came"
        os.read(came, 1)
    os.close(came)
    password = (tmp_path / "var/demo/demo.password").read_text().strip()
    assert re.search(rf"Password +{password}\n", said)
    assert re.search(r"Sign in as +duty +值班员\n +town\n", said)
    address = re.search(r"Address +(http://127\.0\.0\.1:\d+/)", said)[1]
    with urllib.request.urlopen(address + "healthz") as answer:
        assert answer.status == 200
    assert (tmp_path / "var/demo/calls").stat().st_mode & 0o077 == 0
    running = Place(tmp_path / "var/demo").running()
    assert running.demo
    assert running.pid == process.pid
    all_called(tmp_path / "var/demo", 2 + 8)
    process.send_signal(signal.SIGINT)
    assert "Stopped (SIGINT)" in process.communicate()[0]
    assert process.returncode == 0
    assert not answers(address + "healthz")
    names = [call[0] for call in calls(tmp_path / "var/demo")]
    assert names[:2] == ["migrate", "build_demo"]
    assert sorted(names[2:]) == [
        "serve_engine",
        "serve_ingest",
        "serve_jobs",
        "serve_modbus",
        "serve_mqtt",
        "serve_tcp",
        "serve_web",
        "simulate",
    ]


def test_the_demo_may_ask_its_own_cameras_beside_those_it_was_given(start, tmp_path):
    until(start("demo", ANLAN_CAMERA_HOSTS="10.20.0.0/16"), "Ctrl-C")
    own = Place(tmp_path / "var/demo").running().camera_port
    assert (tmp_path / "var/demo/CAMERA").read_text() == f"10.20.0.0/16,127.0.0.1:{own}"


def test_the_demo_may_ask_its_own_controller_beside_the_hosts_that_were_given(start, tmp_path):
    until(start("demo", ANLAN_MODBUS_HOSTS="10.30.0.0/16"), "Ctrl-C")
    own = Place(tmp_path / "var/demo").running().modbus_port
    assert (tmp_path / "var/demo/MODBUS").read_text() == f"10.30.0.0/16,127.0.0.1:{own}"


def test_a_bureau_asks_by_modbus_only_where_it_lists_hosts():
    assert "modbus" not in dict(processes(Running(1, "127.0.0.1", 8000, 8010, False)))
    found = Running(1, "127.0.0.1", 8000, 8010, False, modbus=True)
    assert dict(processes(found))["modbus"] == ("serve_modbus",)


def test_a_second_start_shows_the_same_password(start, tmp_path):
    shown = []
    for _ in range(2):
        process = start("demo")
        shown.append(re.search(r"Password +(\S+)", until(process, "Ctrl-C"))[1])
        process.terminate()
        process.communicate()
    assert shown[0] == shown[1]


def test_a_taken_port_is_passed_over_and_said(start):
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        taken = other.getsockname()[1]
        said = until(start("demo", ANLAN_PORT=str(taken)), "Ctrl-C")
    assert f"Port {taken} is taken; web on port" in said
    assert f"Address      http://127.0.0.1:{taken}/" not in said


def test_a_bureau_gets_the_token_of_its_first_start_and_no_demo(start, tmp_path):
    process = start("serve")
    said = until(process, "Ctrl-C")
    assert re.search(r"Token +token-4711", said)
    assert "/first-start/" in said
    assert "Password" not in said
    made = calls(tmp_path / "var/data")
    assert {call[0] for call in made}.isdisjoint({"build_demo", "simulate"})
    assert {call[-2] for call in made} == {"0"}


def test_a_port_that_a_bureau_set_and_that_is_taken_stops_the_start(start):
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        taken = other.getsockname()[1]
        process = start("serve", ANLAN_PORT=str(taken))
        said = process.communicate()[0]
    assert process.returncode == 1
    assert f"Port {taken} is taken by another program." in said
    assert "What to do:" in said


def test_a_second_launcher_says_where_the_first_one_is(start):
    first = start("demo")
    address = re.search(r"Address +(\S+)/", until(first, "Ctrl-C"))[1]
    second = start("demo")
    said = second.communicate()[0]
    assert second.returncode == 1
    assert "already runs in" in said
    assert address in said


def test_a_failing_migration_shows_its_words_and_what_to_do(start):
    process = start("serve", broken="migrate")
    said = process.communicate()[0]
    assert process.returncode == 1
    assert "migrate is broken on purpose" in said
    assert "./anlan doctor" in said


def test_a_web_process_that_crashes_at_every_start_ends_the_start_with_its_log(start):
    process = start("serve", broken="serve_web")
    said = process.communicate()[0]
    assert process.returncode == 1
    assert "The web process crashes at every start" in said
    assert "serve_web is broken on purpose" in said


def test_a_wrong_setting_is_named_before_anything_starts(start, tmp_path):
    process = start("serve", ANLAN_PORT="web")
    said = process.communicate()[0]
    assert process.returncode == 1
    assert "ANLAN_PORT='web': write a port" in said
    assert not (tmp_path / "var/data/calls").exists()


def test_only_the_demo_simulates():
    names = [[name for name, _ in processes(Running(1, "127.0.0.1", 8000, 8010, demo))] for demo in (True, False)]
    assert names == [["web", "ingest", "engine", "jobs", "simulate"], ["web", "ingest", "engine", "jobs"]]


def test_the_gateway_runs_with_a_broker_of_the_bureau_or_with_the_one_of_the_demo():
    own = dict(processes(Running(1, "127.0.0.1", 8000, 8010, True, False, 1883)))
    outside = dict(processes(Running(1, "127.0.0.1", 8000, 8010, False, True, 0)))
    assert own["mqtt"] == ("serve_mqtt", "--own-broker")
    assert outside["mqtt"] == ("serve_mqtt",)


def test_sensorthings_is_told_beside_the_gateway_only_to_a_broker_of_the_bureau(monkeypatch):
    from anlan.launcher.running import _listening

    class Quiet:
        def line(self, _words: str) -> None:
            """Nothing is shown."""

    def started(**more: str) -> dict[str, tuple[str, ...]]:
        monkeypatch.setattr("anlan.launcher.running.exactly", lambda _host, wanted, _name: wanted)
        return dict(processes(_listening(Quiet(), more, False)))

    url = {"ANLAN_MQTT_URL": "mqtt://broker.example.org"}
    assert "mqtt" not in started()
    assert started(ANLAN_STA_MQTT="create")["mqtt"] == ("serve_mqtt", "--own-broker")
    assert "sensorthings" not in started(ANLAN_STA_MQTT="create,receive")
    assert "sensorthings" not in started(ANLAN_STA_MQTT="create", **url)
    both = started(ANLAN_STA_MQTT="receive", **url)
    assert (both["mqtt"], both["sensorthings"]) == (("serve_mqtt",), ("serve_sensorthings",))
    with pytest.raises(BadSetting, match="write create, receive, or both"):
        started(ANLAN_STA_MQTT="all")


def test_the_gateway_to_nats_runs_where_the_bureau_names_a_server():
    assert "nats" not in dict(processes(Running(1, "127.0.0.1", 8000, 8010, False)))
    assert dict(processes(Running(1, "127.0.0.1", 8000, 8010, False, nats=True)))["nats"] == ("serve_nats",)


def test_the_gateway_for_tcp_runs_where_a_port_is_set(tmp_path):
    assert "tcp" not in dict(processes(Running(1, "127.0.0.1", 8000, 8010, False)))
    found = Running(1, "127.0.0.1", 8000, 8010, False, sl651_port=8041)
    assert dict(processes(found))["tcp"] == ("serve_tcp",)
    assert "SL 651 :8041 (TCP)" in banner(House(tmp_path), Place(tmp_path / "var/data"), found, "")


def test_a_bureau_with_an_owner_gets_no_token(tmp_path):
    said = banner(House(tmp_path), Place(tmp_path / "var/data"), Running(1, "10.1.2.3", 80, 81, False), "")
    assert "http://10.1.2.3:80/" in said
    assert "Token" not in said
    assert "var/data/log" in said


def test_a_list_of_users_that_cannot_be_read_does_not_stop_the_start(tmp_path):
    (tmp_path / "demo-users.json").write_text("[{}]")
    ((name, words),) = demo_users(Place(tmp_path))
    assert name == ""
    assert "demo-users.json" in words
