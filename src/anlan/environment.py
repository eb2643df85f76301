"""The settings that a bureau gives by environment variables: one table, read by the launcher and by the server.

Standard library only: the launcher reads it before any package is installed. `docs/reference/settings.md` is generated
from `VARIABLES`, so a variable that is not declared here can neither be read nor be documented.
"""

from __future__ import annotations

import os
import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_network
from pathlib import Path
from urllib.parse import SplitResult, unquote, urlsplit
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError


@dataclass(frozen=True, slots=True)
class Variable:
    """One environment variable: its name, what holds without it, and one sentence of meaning."""

    name: str
    default: str
    meaning: str


VARIABLES: tuple[Variable, ...] = (
    Variable(
        "ANLAN_DATA",
        "var/data",
        "Directory of everything that must be kept: databases, files, keys, logs. Relative paths start at the "
        "repository. `./anlan demo` uses `var/demo` when it is not set.",
    ),
    Variable(
        "ANLAN_DATABASE_URL",
        "",
        "Empty: two SQLite files in the data directory. `postgresql://user:password@host:5432/name`: records and "
        "readings both live in PostgreSQL.",
    ),
    Variable(
        "ANLAN_HOST",
        "127.0.0.1",
        "Address that the web and ingest processes listen on. Anything but a loopback address belongs behind a proxy "
        "that speaks TLS.",
    ),
    Variable("ANLAN_PORT", "8000", "Port of the web process."),
    Variable("ANLAN_INGEST_PORT", "8010", "Port of the process that takes readings from devices."),
    Variable(
        "ANLAN_MQTT_URL",
        "",
        "Broker to take readings from, `mqtt://user:password@host:1883` or `mqtts://…` with TLS. Empty: no MQTT "
        "(`./anlan demo` then has a broker of its own).",
    ),
    Variable("ANLAN_MQTT_CA", "", "File of certificates by which a broker with TLS is trusted. Empty: the system's."),
    Variable(
        "ANLAN_MQTT_CLIENT_ID",
        "anlan",
        "Name under which the broker keeps our session. Two installations on one broker need two names.",
    ),
    Variable(
        "ANLAN_MQTT_PORT", "1883", "Port of the broker that an installation without `ANLAN_MQTT_URL` brings along."
    ),
    Variable(
        "ANLAN_STA_MQTT",
        "",
        "SensorThings over MQTT: `create` lets devices publish observations, `receive` tells those who subscribe, "
        "`create,receive` both. Empty: neither. Without `ANLAN_MQTT_URL` an own broker is started for it.",
    ),
    Variable(
        "ANLAN_TCP_HJ212_PORT",
        "",
        "Port at which devices that speak HJ 212 connect. Empty: none do. `./anlan demo` uses the first free one from "
        "8040 on.",
    ),
    Variable("ANLAN_TCP_SL651_PORT", "", "Port for stations that speak SL 651 (the demo: from 8041 on)."),
    Variable("ANLAN_TCP_JT808_PORT", "", "Port for terminals that speak JT/T 808 (the demo: from 8042 on)."),
    Variable(
        "ANLAN_TCP_HOST",
        "127.0.0.1",
        "Address that the ports for devices listen on. These protocols have short passwords and no encryption: give "
        "an address of a private network (VPN, APN of the carrier), never one of the internet.",
    ),
    Variable(
        "ANLAN_TCP_PER_ADDRESS",
        "500",
        "Connections that devices may have from one address at the same time; a carrier may hide many behind one.",
    ),
    Variable("ANLAN_DEMO_CAMERA_PORT", "8030", "Port of the cameras that `./anlan demo` brings along."),
    Variable(
        "ANLAN_NATS_URL",
        "",
        "NATS server through which data is exchanged with other installations, `nats://user:password@host:4222` or "
        "`tls://…`. Empty: no exchange by NATS. Needs the extra `nats` (`./anlan setup --full`).",
    ),
    Variable("ANLAN_NATS_CA", "", "File of certificates by which a NATS server is trusted. Empty: the system's."),
    Variable(
        "ANLAN_NATS_CLIENT_ID",
        "anlan",
        "Name under which a NATS server keeps how far we have read. Two installations on one server need two names.",
    ),
    Variable(
        "ANLAN_EXCHANGE_CA",
        "",
        "File of certificates by which HTTPS addresses that we send data to are trusted. Empty: the system's.",
    ),
    Variable(
        "ANLAN_SECRET_KEY",
        "",
        "Key that signs sessions. Empty: `secret.key` in the data directory, made at the first start and readable by "
        "its owner only.",
    ),
    Variable("ANLAN_TIME_ZONE", "Asia/Shanghai", "The bureau's zone; times are stored in UTC and shown in this zone."),
    Variable(
        "ANLAN_ALLOWED_HOSTS",
        "localhost,127.0.0.1,[::1]",
        "Host names under which browsers reach the desks, separated by commas.",
    ),
    Variable(
        "ANLAN_PUBLIC_URL",
        "",
        "Address under which browsers reach the desks when a proxy speaks TLS, such as `https://anlan.example.org`. "
        "Forms from it are accepted and cookies never travel in clear.",
    ),
    Variable(
        "ANLAN_ENGINE_FAST",
        "auto",
        "`auto`: the engine runs compiled where numba is installed (`./anlan setup --full`). `off`: it never does; the "
        "alarms are the same.",
    ),
    Variable(
        "ANLAN_CAMERA_HOSTS",
        "",
        "Hosts from which pictures of cameras are fetched: networks (`10.20.0.0/16`), addresses, addresses with a port "
        "(`127.0.0.1:8020`) or names, separated by commas. Empty: Anlan connects to no camera.",
    ),
    Variable(
        "ANLAN_MODBUS_HOSTS",
        "",
        "Hosts that are asked by Modbus TCP, written like ANLAN_CAMERA_HOSTS: networks (`10.30.0.0/16`), addresses, "
        "addresses with a port (`10.30.1.7:502`) or names. Empty: Anlan asks none. The protocol has no password and no "
        "encryption: list private networks only.",
    ),
    Variable("ANLAN_DEMO_MODBUS_PORT", "8050", "Port of the controller that speaks Modbus TCP in `./anlan demo`."),
    Variable(
        "ANLAN_OUTSIDE_HOSTS",
        "",
        "Hosts from which outside data (earthquakes, hotspots, weather stations) is fetched: networks, addresses, "
        "addresses with a port or names, separated by commas. Empty: nothing is fetched.",
    ),
    Variable(
        "ANLAN_WARNING_HOSTS",
        "",
        "Hosts from which warnings of others are fetched, written as those of cameras. Empty: Anlan fetches none; "
        "others may still push theirs.",
    ),
    Variable(
        "ANLAN_WARNING_CA",
        "",
        "File of certificates by which hosts of warnings with TLS are trusted. Empty: the system's.",
    ),
    Variable(
        "ANLAN_WARNING_SENDER",
        "",
        "Our name as a sender of warnings after GB/T 35965.1, 14 signs: region (6 digits), institution (3), unit (3), "
        "extension (2), such as `99012300000000`. Empty: warnings can be written and not issued.",
    ),
    Variable("ANLAN_DEMO", "off", "`on` when the data directory holds the demo county; `./anlan demo` sets it."),
    Variable("ANLAN_DEBUG", "off", "`on` shows error details to the browser; never on a machine that others reach."),
)

#: What ANLAN_ENGINE_FAST may say.
FAST = ("auto", "off")

_BY_NAME = {variable.name: variable for variable in VARIABLES}
_ON = frozenset({"1", "on", "true", "yes"})
_OFF = frozenset({"", "0", "off", "false", "no"})


class BadSetting(ValueError):
    """An environment variable holds something that cannot be meant; says which, what and what to write."""


def text(name: str, environ: Mapping[str, str] = os.environ) -> str:
    """The value of a declared variable with blanks cut off, or its default; an empty value counts as not set."""
    return environ.get(name, "").strip() or _BY_NAME[name].default


def words(name: str, environ: Mapping[str, str] = os.environ) -> list[str]:
    """A declared variable that lists names separated by commas."""
    return [part.strip() for part in text(name, environ).split(",") if part.strip()]


def switch(name: str, environ: Mapping[str, str] = os.environ) -> bool:
    """A declared variable that is on or off. Raises BadSetting for any other word."""
    value = text(name, environ).lower()
    if value in _ON:
        return True
    if value in _OFF:
        return False
    raise BadSetting(f"{name}={value!r}: write on or off.")


def choice(name: str, words: tuple[str, ...], environ: Mapping[str, str] = os.environ) -> str:
    """A declared variable that is one of these words. Raises BadSetting for any other."""
    value = text(name, environ).lower()
    if value not in words:
        raise BadSetting(f"{name}={value!r}: write {' or '.join(words)}.")
    return value


def port(name: str, environ: Mapping[str, str] = os.environ) -> int:
    """A declared variable that is a TCP port. Raises BadSetting outside 1..65535."""
    value = text(name, environ)
    if not value.isascii() or not value.isdigit() or not 1 <= int(value) <= 65535:
        raise BadSetting(f"{name}={value!r}: write a port between 1 and 65535.")
    return int(value)


def open_port(name: str, environ: Mapping[str, str] = os.environ) -> int:
    """A declared variable that is a TCP port, 0 when it is empty. Raises BadSetting for anything else."""
    return port(name, environ) if text(name, environ) else 0


def count(name: str, environ: Mapping[str, str] = os.environ) -> int:
    """A declared variable that is a number of things. Raises BadSetting outside 1..100000."""
    value = text(name, environ)
    if not value.isascii() or not value.isdigit() or not 1 <= int(value) <= 100_000:
        raise BadSetting(f"{name}={value!r}: write a whole number between 1 and 100000.")
    return int(value)


def origin(name: str = "ANLAN_PUBLIC_URL", environ: Mapping[str, str] = os.environ) -> str:
    """A declared variable that is scheme and host (and port) of an address, or "". Raises BadSetting otherwise."""
    value = text(name, environ).rstrip("/")
    parts = urlsplit(value)
    if value and (
        parts.scheme not in ("http", "https") or not parts.hostname or value != f"{parts.scheme}://{parts.netloc}"
    ):
        raise BadSetting(f"{name}={value!r}: write scheme and host, such as https://anlan.example.org.")
    return value


def broker(
    name: str = "ANLAN_MQTT_URL",
    environ: Mapping[str, str] = os.environ,
    *,
    schemes: tuple[str, str] = ("mqtt", "mqtts"),
) -> SplitResult | None:
    """A declared variable that is the address of a broker, None when empty. Raises BadSetting otherwise.

    schemes  in clear, and with TLS
    """
    value = text(name, environ)
    if not value:
        return None
    example = f"{name}: write an address such as {schemes[0]}://user:password@broker.example.org."
    try:
        parts = urlsplit(value)
        port_given = parts.port
    except ValueError as error:
        raise BadSetting(example) from error
    if parts.scheme not in schemes or not parts.hostname or parts.path not in ("", "/") or port_given == 0:
        raise BadSetting(example)
    return parts


def sta_mqtt(environ: Mapping[str, str] = os.environ) -> frozenset[str]:
    """What of SensorThings goes over MQTT: "create", "receive". Raises BadSetting for any other word."""
    found = frozenset(words("ANLAN_STA_MQTT", environ))
    if found - {"create", "receive"}:
        raise BadSetting(f"ANLAN_STA_MQTT={','.join(sorted(found))!r}: write create, receive, or both.")
    return found


def unquoted(part: str | None) -> str:
    """A user name or password out of an address, where `%40` means @."""
    return unquote(part or "")


def host_of(address: str) -> str:
    """The host name in an address."""
    return urlsplit(address).hostname or ""


def may_connect(allowed: Sequence[str], host: str, number: IPv4Address | IPv6Address, port: int) -> bool:
    """Whether a list of hosts lets us connect to `number`, which is what the name or address `host` means now.

    allowed  networks ("10.20.0.0/16"), addresses, addresses with a port ("127.0.0.1:8020", that port alone), or host
             names; a name allows whatever it means at the moment, save this machine and its own link, which must be
             written as numbers
    """
    named = host.lower() in {one.lower() for one in allowed}
    own = number.is_loopback or number.is_link_local or number.is_multicast or number.is_unspecified
    literal = f"[{number}]" if number.version == 6 else str(number)
    listed = f"{literal}:{port}" in allowed or any(number in network for network in _networks(allowed))
    return listed or (named and not own)


def _networks(allowed: Sequence[str]) -> list[IPv4Network | IPv6Network]:
    found: list[IPv4Network | IPv6Network] = []
    for one in allowed:
        try:
            found.append(ip_network(one, strict=False))
        except ValueError:
            continue  # a host name
    return found


def zone(name: str = "ANLAN_TIME_ZONE", environ: Mapping[str, str] = os.environ) -> str:
    """A declared variable that names a time zone. Raises BadSetting for a zone that this machine does not know."""
    value = text(name, environ)
    try:
        ZoneInfo(value)
    except (ZoneInfoNotFoundError, ValueError, OSError) as error:
        raise BadSetting(f"{name}={value!r}: write a zone name such as Asia/Shanghai.") from error
    return value


def data_directory(root: Path, environ: Mapping[str, str] = os.environ) -> Path:
    """The absolute path of ANLAN_DATA; a relative value starts at `root`, the top of the repository."""
    return (root / Path(text("ANLAN_DATA", environ)).expanduser()).resolve()


def secret_key(data: Path, environ: Mapping[str, str] = os.environ) -> str:
    """The key that signs sessions: ANLAN_SECRET_KEY, else `secret.key` in the data directory.

    The file is made once with 384 random bits, readable by its owner only; processes that start together agree on it.
    Raises BadSetting for a key under 32 characters.
    """
    given = text("ANLAN_SECRET_KEY", environ)
    if given:
        if len(given) < 32:
            raise BadSetting("ANLAN_SECRET_KEY is shorter than 32 characters: write a longer random text.")
        return given
    return kept_secret(data / "secret.key", secrets.token_urlsafe(48))


def kept_secret(path: Path, fresh: str) -> str:
    """The text kept in `path`, written as `fresh` when the file is not there yet (mode 0600, complete or absent)."""
    path.parent.mkdir(parents=True, exist_ok=True)
    draft = path.with_name(f".{path.name}.{os.getpid()}.{secrets.token_hex(4)}")
    if not path.exists():
        with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="ascii") as file:
            file.write(fresh + "\n")
            file.flush()
            os.fsync(file.fileno())
        # A link fails when another process was first, so that both read the same key.
        try:
            os.link(draft, path)
        except FileExistsError:
            pass
        finally:
            draft.unlink(missing_ok=True)
    return path.read_text(encoding="ascii").strip()
