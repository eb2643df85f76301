"""What `./anlan test`, `check`, `bench` and `doctor` run and conclude."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

from anlan.launcher import doctor, proving
from anlan.launcher.commands import main, parser
from anlan.launcher.house import House, Trouble, Voice


@pytest.fixture
def house(tmp_path):
    """A clone with this test's own Python."""
    (tmp_path / ".venv/bin").mkdir(parents=True)
    (tmp_path / ".venv/bin/python").symlink_to(sys.executable)
    for folder in ("tests/engine", "tests/kernel", "benchmarks", "src"):
        (tmp_path / folder).mkdir(parents=True)
    return House(tmp_path)


def test_a_plain_run_takes_the_pure_rooms_without_django_first_and_leaves_out_special_tests(house):
    pure, rest = proving.test_runs(house, [], [], workers=2)
    assert pure.arguments[:2] == ("-p", "no:django")
    assert "tests/engine" in pure.arguments
    assert "--ignore=tests/engine" in rest.arguments
    for run in (pure, rest):
        assert "not services and not browser and not nightly" in run.arguments


def test_marks_add_up_and_nightly_comes_only_when_asked(house):
    services, browser = proving.test_runs(house, ["services", "browser"], [], workers=2)
    assert "(services) and not nightly" in services.arguments
    assert "(browser) and not nightly" in browser.arguments
    (run,) = proving.test_runs(house, ["nightly"], [], workers=2)
    assert "nightly" in run.arguments


def test_browsers_never_run_side_by_side(house):
    assert "-n" not in proving.test_runs(house, ["browser"], [], workers=2)[0].arguments
    assert "-n" in proving.test_runs(house, ["services"], [], workers=2)[0].arguments


def test_side_by_side_files_stay_whole_and_in_the_order_the_tests_give(house):
    arguments = proving.test_runs(house, [], [], workers=2)[1].arguments
    assert arguments[arguments.index("--dist") + 1] == "loadfile"
    assert "--no-loadscope-reorder" in arguments


def test_a_path_is_one_run_of_just_that(house):
    (run,) = proving.test_runs(house, [], ["tests/kernel", "-x"], workers=1)
    assert run.arguments[-2:] == ("tests/kernel", "-x")


@pytest.mark.parametrize(("codes", "code"), [([0, 0], 0), ([0, 1], 1), ([0, 5], 0), ([5, 5], 1), ([2, 0], 1)])
def test_tests_pass_only_when_something_ran_and_nothing_failed(house, monkeypatch, codes, code):
    left = list(codes)
    monkeypatch.setattr(subprocess, "run", lambda command, **_how: subprocess.CompletedProcess(command, left.pop(0)))
    assert proving.test(house, Voice(), {}, [], []) == code


def test_every_check_runs_even_when_one_fails(house, monkeypatch, capsys):
    steps = (
        proving.Step("first", ("-c", "raise SystemExit('a long line in views.py')"), "mend the first"),
        proving.Step("second", ("-c", "print('fine')"), "mend the second"),
    )
    monkeypatch.setattr(proving, "CHECKS", steps)
    assert proving.check(house, Voice(), os.environ) == 1
    said = capsys.readouterr().out
    assert "a long line in views.py" in said
    assert "mend the first" in said
    assert "second            ok" in said
    assert said.rstrip().endswith("check: 1 of 2 failed")


def test_a_check_works_in_a_data_directory_of_its_own(house, monkeypatch):
    look = "import os; raise SystemExit('anlan-check-' not in os.environ['ANLAN_DATA'])"
    monkeypatch.setattr(proving, "CHECKS", (proving.Step("data", ("-c", look), ""),))
    assert proving.check(house, Voice(), {**os.environ, "ANLAN_DATA": "/precious"}) == 0


def test_an_unknown_check_is_refused(house):
    with pytest.raises(Trouble, match="No such step: spelling"):
        proving.check(house, Voice(), os.environ, ["spelling"])


def figure(house: House, name: str, source: str) -> None:
    (house.top / "benchmarks" / f"{name}.py").write_text(source)


def test_a_file_gives_its_own_name_or_the_names_it_lists(house):
    figure(house, "history_read", 'if __name__ == "__main__": print()\n')
    figure(house, "pages", '#: bench: pages-duty pages-work\nif __name__ == "__main__": print()\n')
    figure(house, "frame", "def median(): ...\n")
    assert proving.benches(house) == {"history-read": "history_read", "pages-duty": "pages", "pages-work": "pages"}


@pytest.mark.parametrize(
    ("last", "code"),
    [
        ("ratio 0.5 0.3 ok", 0),
        ("ratio 0.2 0.3 short", 1),
        ("ratio 0.5 0.3", 1),
        ("other 0.5 0.3 ok", 1),
        ("ratio fast 0.3 ok", 1),
    ],
)
def test_a_figure_holds_only_with_its_verdict_as_the_last_line(house, last, code):
    figure(house, "ratio", f'if __name__ == "__main__":\n    print("working")\n    print("{last}")\n')
    assert proving.bench(house, Voice(), os.environ, ["ratio"]) == code


def test_a_figure_that_fails_after_its_verdict_does_not_hold(house):
    figure(house, "ratio", 'if __name__ == "__main__":\n    print("ratio 1 1 ok")\n    raise SystemExit(3)\n')
    assert proving.bench(house, Voice(), os.environ, ["ratio"]) == 1


def test_a_figure_that_cannot_be_measured_here_says_why_and_is_no_failure(house, capfd):
    figure(house, "peer", 'if __name__ == "__main__":\n    print("peer skipped: no network")\n')
    assert proving.bench(house, Voice(), os.environ, ["peer"]) == 0
    figure(
        house, "peer", 'if __name__ == "__main__":\n    print("peer skipped: no network")\n    raise SystemExit(3)\n'
    )
    assert proving.bench(house, Voice(), os.environ, ["peer"]) == 1


def test_a_figure_names_the_packages_that_it_needs(house):
    figure(house, "plain", 'if __name__ == "__main__": print()\n')
    figure(house, "compiled", '#: bench needs: full\nif __name__ == "__main__": print()\n')
    assert proving.bench_purpose(house, ["plain"], "run") == "run"
    assert proving.bench_purpose(house, ["plain", "compiled"], "run") == "full"
    assert proving.bench_purpose(house, ["all"], "postgres") == "full"


def test_an_unknown_figure_names_the_known_ones(house):
    figure(house, "latency", 'if __name__ == "__main__": print()\n')
    with pytest.raises(Trouble, match=r"(?s)No figure is called speed.*latency"):
        proving.bench(house, Voice(), os.environ, ["speed"])


def test_the_doctor_names_a_port_that_cannot_be_and_a_name_that_is_no_setting():
    environ = {"ANLAN_PORT": "high", "ANLAN_PROT": "8000"}
    findings = list(doctor._settings(environ))
    assert [(finding.state, "ANLAN_PROT" in finding.words) for finding in findings] == [("note", True), ("bad", False)]
    assert "ANLAN_PORT" in findings[1].words


def test_the_doctor_warns_of_listening_to_everyone_without_tls():
    (finding,) = doctor._settings({"ANLAN_HOST": "0.0.0.0"})
    assert finding.state == "note"
    assert "TLS" in finding.do


def test_the_doctor_sees_a_password_that_others_can_read(tmp_path):
    from anlan.launcher.place import Place

    place = Place(tmp_path / "data")
    place.prepare()
    (finding,) = doctor._permissions(place)
    assert finding.state == "ok"
    place.demo_password()
    (place.path / "demo.password").chmod(0o644)
    (finding,) = doctor._permissions(place)
    assert finding.state == "bad"
    assert finding.do == "chmod 600 demo.password"


def test_the_doctor_sees_a_clock_that_stands_in_the_past():
    (finding,) = doctor._clock(0.0)
    assert finding.state == "bad"


def test_the_doctor_sees_a_changed_front_end_file(house):
    (house.top / "vendor.json").write_text('[{"to": "htmx/htmx.min.js", "sha256": "00"}]')
    (finding,) = doctor._front_end(house)
    assert finding.state == "bad"
    assert "htmx/htmx.min.js" in finding.words


def test_every_promised_command_is_there():
    words = parser().format_help()
    for name in ("setup", "demo", "serve", "test", "check", "bench", "replay", "audit", "doctor"):
        assert f"\n    {name}" in words


def test_a_misspelt_option_is_refused_and_not_handed_to_nobody(capsys):
    with pytest.raises(SystemExit):
        main(["demo", "--prot", "8001"], {})
    assert "unrecognized arguments: --prot 8001" in capsys.readouterr().err


def test_options_of_pytest_are_handed_on():
    known, rest = parser().parse_known_args(["test", "--services", "-k", "ledger", "-x"])
    assert known.services
    assert rest == ["-k", "ledger", "-x"]
