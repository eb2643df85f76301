"""The command line of `./anlan`."""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
from collections.abc import Callable, Mapping, Sequence

from anlan.launcher import doctor, locking, proving, running
from anlan.launcher.house import House, Trouble, Voice
from anlan.launcher.setting_up import purpose_for, setup

Run = Callable[[House, Voice, Mapping[str, str], argparse.Namespace, list[str]], int]


def parser() -> argparse.ArgumentParser:
    """All subcommands; what a subcommand does not know is handed on to the tool behind it where that makes sense."""
    top = argparse.ArgumentParser(prog="./anlan", description=__doc__)
    commands = top.add_subparsers(title="commands", metavar="COMMAND", required=True)

    def add(name: str, run: Run, words: str, *, hands_on: bool = False) -> argparse.ArgumentParser:
        one = commands.add_parser(name, help=words, description=words, add_help=not hands_on)
        one.set_defaults(run=run, hands_on=hands_on)
        return one

    one = add("setup", _setup, "make .venv, install locked packages and front end, compile catalogues")
    one.add_argument("--dev", action="store_true", help="with the tools for tests and checks")
    one.add_argument("--postgres", action="store_true", help="with the driver for PostgreSQL")
    one.add_argument("--full", action="store_true", help="with compiled engine loops (numba) and Parquet as well")
    add("demo", _demo, "set up and start the living demo county")
    add("serve", _serve, "set up and start a bureau's own installation")
    one = add("test", _test, "run the tests; other arguments go to pytest")
    for mark in proving.SPECIAL:
        one.add_argument(f"--{mark}", action="store_true", help=f"only tests marked {mark} (marks add up)")
    one.set_defaults(hands_on=True)
    one = add("check", _check, "lint, types, imports, migrations, reference pages, translations")
    one.add_argument("steps", nargs="*", help="only these steps")
    one = add("bench", _bench, "measure: ./anlan bench NAME…, or all")
    one.add_argument("names", nargs="*")
    add("replay", _replay, "replay FILE --map MAP [--speed N]: send a recording through the door", hands_on=True)
    one = add("audit", _audit, "audit verify: check the chained audit trail")
    one.add_argument("what", choices=["verify"])
    add("doctor", _doctor, "look at everything the product stands on")
    add("manage", _manage, "run a management command of the server", hands_on=True)
    one = add("lock", _lock, "for developers: lock package versions and hashes anew")
    one.add_argument("--upgrade", action="store_true", help="to the newest allowed versions")
    add("messages", _messages, "for developers: bring the message catalogues up to date", hands_on=True)
    return top


def main(arguments: Sequence[str], environ: Mapping[str, str] = os.environ) -> int:
    """Run one command; returns the exit code. Trouble is told with what to do, and is code 1."""
    known, rest = parser().parse_known_args(list(arguments))
    if rest and not known.hands_on:
        parser().error(f"unrecognized arguments: {' '.join(rest)}")
    voice = Voice()
    try:
        code: int = known.run(House(), voice, environ, known, rest)
    except Trouble as trouble:
        voice.line()
        voice.line(str(trouble))
        return 1
    except KeyboardInterrupt:
        voice.line()
        voice.line("Interrupted; running the same command again continues.")
        return 130
    return code


def _setup(house: House, voice: Voice, environ: Mapping[str, str], known: argparse.Namespace, rest: list[str]) -> int:
    wanted = [purpose for purpose in ("dev", "full", "postgres") if getattr(known, purpose)]
    purpose = wanted[0] if wanted else purpose_for(environ)
    setup(house, voice, purpose, environ)
    voice.line("Set up. Next: ./anlan demo")
    return 0


def _demo(house: House, voice: Voice, environ: Mapping[str, str], known: argparse.Namespace, rest: list[str]) -> int:
    running.run(house, voice, environ, demo=True)
    return 0


def _serve(house: House, voice: Voice, environ: Mapping[str, str], known: argparse.Namespace, rest: list[str]) -> int:
    running.run(house, voice, environ, demo=False)
    return 0


def _test(house: House, voice: Voice, environ: Mapping[str, str], known: argparse.Namespace, rest: list[str]) -> int:
    setup(house, voice, "dev", environ)
    return proving.test(house, voice, environ, [mark for mark in proving.SPECIAL if getattr(known, mark)], rest)


def _check(house: House, voice: Voice, environ: Mapping[str, str], known: argparse.Namespace, rest: list[str]) -> int:
    setup(house, voice, "dev", environ)
    return proving.check(house, voice, environ, known.steps)


def _bench(house: House, voice: Voice, environ: Mapping[str, str], known: argparse.Namespace, rest: list[str]) -> int:
    setup(house, voice, proving.bench_purpose(house, known.names, purpose_for(environ)), environ)
    return proving.bench(house, voice, environ, known.names)


def _replay(house: House, voice: Voice, environ: Mapping[str, str], known: argparse.Namespace, rest: list[str]) -> int:
    return running.replay(house, voice, environ, rest)


def _audit(house: House, voice: Voice, environ: Mapping[str, str], known: argparse.Namespace, rest: list[str]) -> int:
    return running.manage(house, voice, environ, ["audit_verify"])


def _doctor(house: House, voice: Voice, environ: Mapping[str, str], known: argparse.Namespace, rest: list[str]) -> int:
    return doctor.doctor(house, voice, environ)


def _manage(house: House, voice: Voice, environ: Mapping[str, str], known: argparse.Namespace, rest: list[str]) -> int:
    return running.manage(house, voice, environ, rest or ["help"])


def _lock(house: House, voice: Voice, environ: Mapping[str, str], known: argparse.Namespace, rest: list[str]) -> int:
    setup(house, voice, "dev", environ)
    locking.lock(house, voice, known.upgrade)
    return 0


def _messages(
    house: House, voice: Voice, environ: Mapping[str, str], known: argparse.Namespace, rest: list[str]
) -> int:
    setup(house, voice, "dev", environ)
    done = subprocess.run([house.python, "tools/messages.py", *rest], cwd=house.top, env=dict(environ))
    sys.stdout.flush()
    return done.returncode
