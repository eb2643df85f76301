"""`./anlan demo` and `./anlan serve`: make the data ready, start the processes, say where they are."""

from __future__ import annotations

import json
import os
import shlex
import signal
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Mapping, Sequence

from anlan.environment import BadSetting, broker, open_port, port, secret_key, sta_mqtt, text, words
from anlan.launcher.house import Failed, House, Trouble, Voice, follow
from anlan.launcher.place import Place, Running, place_for
from anlan.launcher.ports import exactly, next_free
from anlan.launcher.setting_up import purpose_for, setup
from anlan.launcher.supervise import Supervisor, orphan_guard

#: A start that takes longer than this has failed; a cold boot is promised within 60 s (K1).
START_LIMIT = 120.0
#: A process that crashed this often before the web answers will not come up by itself.
START_CRASHES = 3
#: The demo county's name as a sender of warnings, as fictional as the county itself.
DEMO_SENDER = "99012300000000"
#: Where the ports of devices that speak TCP are set, and the first that the demo tries for each.
TCP_PORTS = {"ANLAN_TCP_HJ212_PORT": 8040, "ANLAN_TCP_SL651_PORT": 8041, "ANLAN_TCP_JT808_PORT": 8042}


def server_command(house: House, *arguments: str) -> list[str]:
    """A management command of the server, as `python -m anlan.server` runs it."""
    return [str(house.python), "-m", "anlan.server", *arguments]


def server_env(place: Place, environ: Mapping[str, str], **more: str) -> dict[str, str]:
    """The environment of a process that works in `place`."""
    return {**environ, "ANLAN_DATA": str(place.path), "PYTHONUNBUFFERED": "1", **more}


def run(house: House, voice: Voice, environ: Mapping[str, str], *, demo: bool) -> None:
    """Set up, migrate, build the demo county when asked, and keep the processes alive until a signal.

    Raises Trouble with what to do when anything on the way fails.
    """
    setup(house, voice, purpose_for(environ), environ)
    place = place_for(house, environ, demo=demo)
    # Databases, photos and logs are for the account that runs it, whatever the directory above allows.
    os.umask(0o077)
    place.prepare()
    with place.held():
        try:
            secret_key(place.path, environ)
            running = _listening(voice, environ, demo)
        except BadSetting as error:
            raise Trouble(str(error), "correct it, then run again.") from error
        env = server_env(
            place,
            environ,
            ANLAN_HOST=running.host,
            ANLAN_PORT=str(running.port),
            ANLAN_INGEST_PORT=str(running.ingest_port),
            ANLAN_DEMO="1" if demo else "0",
            **_own_env(running, environ),
        )
        _prepare_data(house, voice, place, env, demo)
        supervisor = Supervisor(voice, env, house.top)
        supervisor.stop_on(signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
        for name, arguments in processes(running):
            supervisor.add(name, [*orphan_guard(house), "anlan.server", *arguments], place.logs)
        try:
            _wait_for_web(voice, supervisor, running)
            if not supervisor.stopping:
                place.note_running(running)
                voice.line(banner(house, place, running, _first_start(house, env, demo)))
            supervisor.run()
        finally:
            supervisor.end_all()
        voice.line(f"Stopped ({supervisor.stopping}). Everything is kept in {house.shown(place.path)}.")


def processes(running: Running) -> list[tuple[str, Sequence[str]]]:
    """Name and command of each process, in the order of their start."""
    found: list[tuple[str, Sequence[str]]] = [
        ("web", ("serve_web", "--port", str(running.port))),
        ("ingest", ("serve_ingest", "--port", str(running.ingest_port))),
        ("engine", ("serve_engine",)),
        ("jobs", ("serve_jobs",)),
    ]
    if running.mqtt_broker or running.mqtt_port:
        found.append(("mqtt", ("serve_mqtt", *(["--own-broker"] if running.mqtt_port else []))))
    if running.sensorthings:
        found.append(("sensorthings", ("serve_sensorthings",)))
    if running.nats:
        found.append(("nats", ("serve_nats",)))
    if running.hj212_port or running.sl651_port or running.jt808_port:
        found.append(("tcp", ("serve_tcp",)))
    if running.modbus or running.modbus_port:
        found.append(("modbus", ("serve_modbus",)))
    return [*found, ("simulate", ("simulate",))] if running.demo else found


def _own_env(running: Running, environ: Mapping[str, str]) -> dict[str, str]:
    """What a process must know of ports that were chosen for it; nothing where there are none."""
    found = {"ANLAN_MQTT_PORT": str(running.mqtt_port)} if running.mqtt_port else {}
    tcp = zip(TCP_PORTS, (running.hj212_port, running.sl651_port, running.jt808_port), strict=True)
    found |= {name: str(number) for name, number in tcp if number}
    if running.demo:
        found["ANLAN_WARNING_SENDER"] = text("ANLAN_WARNING_SENDER", environ) or DEMO_SENDER
    if running.camera_port:
        found["ANLAN_DEMO_CAMERA_PORT"] = str(running.camera_port)
        for name in ("ANLAN_CAMERA_HOSTS", "ANLAN_OUTSIDE_HOSTS"):
            found[name] = ",".join([*words(name, environ), f"127.0.0.1:{running.camera_port}"])
    if running.modbus_port:
        hosts = [*words("ANLAN_MODBUS_HOSTS", environ), f"127.0.0.1:{running.modbus_port}"]
        found |= {"ANLAN_DEMO_MODBUS_PORT": str(running.modbus_port), "ANLAN_MODBUS_HOSTS": ",".join(hosts)}
    return found


def banner(house: House, place: Place, running: Running, first_start: str) -> str:
    """What a person needs to know once everything runs."""
    rows = [("Address", running.address + "/")]
    if running.demo:
        users = demo_users(place)
        rows += [("Sign in as" if not at else "", f"{name:<13}{title}") for at, (name, title) in enumerate(users)]
        rows.append(("Password", place.demo_password()))
    elif first_start:
        rows += [("First start", f"{running.address}/first-start/"), ("Token", first_start)]
    rows += [
        ("Readings", f"{running.ingest_address}/api/v1/readings"),
        *([("", f"{running.mqtt_address} (MQTT)")] if running.mqtt_port else []),
        *([("", f"{', '.join(devices)} (TCP)")] if (devices := _device_ports(running)) else []),
        ("Data", house.shown(place.path)),
        ("Logs", house.shown(place.logs)),
    ]
    title = "Anlan 安澜 · the demo county is alive" if running.demo else "Anlan 安澜 is running"
    lines = ["", f"  {title}", "", *(f"    {name:<13}{value}".rstrip() for name, value in rows), ""]
    if running.demo:
        lines.append(f"  Everything in it is invented. Start a leak: {running.address}/monitoring/scenarios/")
        lines.append("  or, in another terminal: ./anlan manage scenario leak")
    elif first_start:
        lines.append("  Open the first-start address, enter the token and choose the owner's password.")
    return "\n".join([*lines, "  Stop with Ctrl-C.", ""])


def _device_ports(running: Running) -> list[str]:
    """Protocols and ports of devices that speak TCP."""
    named = (("HJ 212", running.hj212_port), ("SL 651", running.sl651_port), ("JT/T 808", running.jt808_port))
    return [f"{name} :{number}" for name, number in named if number]


def demo_users(place: Place) -> list[tuple[str, str]]:
    """Name and duty of those who may sign in to the demo, the duty officer first, as `build_demo` wrote them down."""
    try:
        rows = json.loads((place.path / "demo-users.json").read_text(encoding="utf-8"))
        return [(row["username"], row.get("title", "")) for row in rows]
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return [("", "see demo-users.json in the data directory")]


def _listening(voice: Voice, environ: Mapping[str, str], demo: bool) -> Running:
    """Choose host and ports. The demo takes the next free ones; a bureau's own are taken as given or refused."""
    host, wanted = text("ANLAN_HOST", environ), port("ANLAN_PORT", environ)
    wanted_ingest = port("ANLAN_INGEST_PORT", environ)
    if demo or not environ.get("ANLAN_PORT", "").strip():
        web = next_free(host, wanted)
    else:
        web = exactly(host, wanted, "ANLAN_PORT")
    if demo or not environ.get("ANLAN_INGEST_PORT", "").strip():
        ingest = next_free(host, wanted_ingest, (web,))
    else:
        ingest = exactly(host, wanted_ingest, "ANLAN_INGEST_PORT")
    outside = broker(environ=environ) is not None
    nats = broker("ANLAN_NATS_URL", environ, schemes=("nats", "tls")) is not None
    wanted_mqtt = port("ANLAN_MQTT_PORT", environ)
    sta = sta_mqtt(environ)
    mqtt = 0
    if demo and not outside:
        mqtt = next_free(host, wanted_mqtt, (web, ingest))
    elif sta and not outside:
        mqtt = exactly(host, wanted_mqtt, "ANLAN_MQTT_PORT")
    wanted_cameras = port("ANLAN_DEMO_CAMERA_PORT", environ)
    cameras = next_free("127.0.0.1", wanted_cameras, (web, ingest, mqtt)) if demo else 0
    taken = (web, ingest, mqtt, cameras)
    tcp: list[int] = []
    for name, first in TCP_PORTS.items():
        given = open_port(name, environ)
        if demo:
            tcp.append(next_free(text("ANLAN_TCP_HOST", environ), given or first, (*taken, *tcp)))
        else:
            tcp.append(exactly(text("ANLAN_TCP_HOST", environ), given, name) if given else 0)
    wanted_modbus = port("ANLAN_DEMO_MODBUS_PORT", environ)
    modbus = next_free("127.0.0.1", wanted_modbus, (*taken, *tcp)) if demo else 0
    asks = bool(words("ANLAN_MODBUS_HOSTS", environ))
    for chosen, asked, what in (
        (web, wanted, "web"),
        (ingest, wanted_ingest, "readings"),
        (mqtt or wanted_mqtt, wanted_mqtt, "MQTT"),
        (cameras or wanted_cameras, wanted_cameras, "cameras"),
        (modbus or wanted_modbus, wanted_modbus, "Modbus"),
    ):
        if chosen != asked:
            voice.line(f"· Port {asked} is taken; {what} on port {chosen} instead")
    hj212, sl651, jt808 = tcp
    tells = outside and "receive" in sta
    return Running(
        os.getpid(), host, web, ingest, demo, outside, mqtt, nats, cameras, hj212, sl651, jt808, asks, modbus, tells
    )


def _prepare_data(house: House, voice: Voice, place: Place, env: Mapping[str, str], demo: bool) -> None:
    """Bring the databases to this release; build the demo county when it is not there."""
    steps = [("Preparing the databases", ["migrate", "--no-input", "--verbosity", "0"], "./anlan doctor")]
    if demo:
        place.demo_password()
        again = f"rm -r {house.shown(place.path)}, then ./anlan demo"
        steps.append(("Looking after the demo county (built at the first start)", ["build_demo"], again))
    for said, arguments, remedy in steps:
        with voice.step(said):
            try:
                for line in follow(server_command(house, *arguments), cwd=house.top, env=env):
                    voice.line(f"    {line}")
            except Failed as error:
                raise Trouble(
                    f"`{' '.join(arguments)}` failed in {place.path}.",
                    f"read its last lines above; if they do not help: {remedy}",
                ) from error


def _wait_for_web(voice: Voice, supervisor: Supervisor, running: Running) -> None:
    """Turn the supervisor until the web answers. Raises Trouble when it does not come up."""
    web = supervisor.children[0]
    began = time.monotonic()
    next_look = began
    while not supervisor.stopping:
        supervisor.turn(0.1)
        now = time.monotonic()
        if now >= next_look:
            # Ours must be there too: another program may have taken the port since it was chosen.
            if web.process is not None and answers(f"{running.address}/healthz") and web.process.poll() is None:
                return
            next_look = now + 0.25
            voice.moving(f"  waiting for the web process, {now - began:.0f} s")
        broken = [child for child in supervisor.children if child.backoff.crashes >= START_CRASHES]
        if broken or now - began > START_LIMIT:
            child = broken[0] if broken else web
            for line in child.log.tail(20):
                voice.line(f"    {line}")
            what = "crashes at every start" if broken else f"does not answer after {START_LIMIT:.0f} s"
            raise Trouble(
                f"The {child.name} process {what}.",
                f"read the lines above ({child.log.path}), then run ./anlan doctor.",
            )


def answers(address: str, timeout: float = 2.0) -> bool:
    """Whether this address of our own machine answers 200; no proxy is asked."""
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    try:
        with opener.open(address, timeout=timeout) as answer:
            return bool(answer.status == 200)
    except (urllib.error.URLError, OSError, ValueError):
        return False


def _first_start(house: House, env: Mapping[str, str], demo: bool) -> str:
    """The one-time token of a bureau that has no owner yet; empty when it has one."""
    if demo:
        return ""
    done = subprocess.run(
        server_command(house, "first_start_token"),
        cwd=house.top,
        env=dict(env),
        capture_output=True,
        text=True,
        stdin=subprocess.DEVNULL,
    )
    return done.stdout.strip() if done.returncode == 0 else ""


def manage(house: House, voice: Voice, environ: Mapping[str, str], arguments: Sequence[str]) -> int:
    """Run a management command in the data directory that is in use; returns its exit code."""
    place = place_for(house, environ)
    running = place.running()
    more = {"ANLAN_DEMO": "1" if place.path.name == "demo" else environ.get("ANLAN_DEMO", "0")}
    if running:
        more = {
            "ANLAN_DEMO": "1" if running.demo else "0",
            "ANLAN_HOST": running.host,
            "ANLAN_PORT": str(running.port),
            "ANLAN_INGEST_PORT": str(running.ingest_port),
            **_own_env(running, environ),
        }
    voice.line(f"· {shlex.join(arguments)} in {house.shown(place.path)}")
    setup(house, voice, purpose_for(environ), environ)
    sys.stdout.flush()
    # In the caller's directory: a command may be given the path of a file.
    done = subprocess.run(server_command(house, *arguments), env=server_env(place, environ, **more))
    return done.returncode


def replay(house: House, voice: Voice, environ: Mapping[str, str], arguments: Sequence[str]) -> int:
    """Send a recording through the door of the installation that runs. Raises Trouble when none runs.

    The suite (`--suite`) needs none: it is judged by the engine alone.
    """
    if "--suite" not in arguments and place_for(house, environ).running() is None:
        raise Trouble(
            "Nothing runs that could take the recording.",
            "start ./anlan demo in another terminal (or set ANLAN_DATA to the directory of the one that runs).",
        )
    return manage(house, voice, environ, ["replay", *arguments])
