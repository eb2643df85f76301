"""Health addresses, the words of scripts, the rail, and pages that say what went wrong."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest
from django.test import Client, RequestFactory
from django.utils.translation import gettext, gettext_lazy, override

from anlan.kernel import web
from anlan.kernel.web import gate, health, nav, texts
from anlan.kernel.web.context import Frame

STATIC = Path(web.__file__).parent / "static" / "web"


@pytest.fixture
def only(monkeypatch):
    """A health register of the test's own."""
    checks: dict[str, health.Check] = {}
    monkeypatch.setattr(health, "_checks", checks)
    return checks


@pytest.mark.django_db
def test_K9_readyz_tells_the_truth_of_each_part(only):
    health.register_check("good", lambda: health.Health(True, "", 1.0, "s"))
    answer = Client().get("/readyz")
    assert answer.status_code == 200
    assert answer.json()["ready"] is True
    health.register_check("engine", lambda: health.Health(False, "40 s behind", 40.0, "s"))
    answer = Client().get("/readyz")
    assert answer.status_code == 503
    assert answer.json()["checks"]["engine"]["detail"] == "40 s behind"
    assert answer.json()["checks"]["good"]["ok"] is True


@pytest.mark.django_db
def test_S7_a_check_that_breaks_names_no_path_and_no_address(only):
    def broken() -> health.Health:
        raise OSError("cannot open /srv/secret/readings.sqlite3")

    health.register_check("store", broken)
    text = Client().get("/readyz").content.decode()
    assert "secret" not in text
    assert "OSError" in text


def test_the_system_desk_says_checks_in_the_language_of_the_page(only):
    health.register_check("disk", lambda: health.Health(False, gettext("Overdue"), 3, "rows"), gettext_lazy("Disk"))
    with override("zh-hans"):
        (row,) = health.in_words(health.run_checks())
        words = f"{row['label']} {row['unit']} {row['detail']}"
    assert not re.search("[A-Za-z]", words), words


@pytest.mark.django_db
def test_the_words_of_readyz_do_not_follow_the_browser(only):
    health.register_check("disk", lambda: health.Health(False, gettext("Overdue"), 3, "rows"))
    answer = Client(headers={"accept-language": "zh-CN"}).get("/readyz")
    assert answer.json()["checks"]["disk"]["detail"] == "Overdue"


@pytest.mark.django_db
def test_healthz_needs_nobody():
    assert Client().get("/healthz").json()["alive"] is True


@pytest.mark.django_db
def test_the_database_and_the_disk_are_checked():
    answers = health.run_checks()
    assert answers["database"]["ok"]
    assert answers["disk"]["unit"] == "%"


def test_every_sentence_of_our_scripts_is_found():
    found = set(texts.sentences())
    assert "Overdue" in found
    assert not any(sentence.startswith("vendor") for sentence in found)
    for path in STATIC.glob("*.js"):
        calls = len(re.findall(r"\bgettext\(", path.read_text("utf-8"))) - len(
            re.findall(r"function gettext\(|gettext\(\"…\"\)", path.read_text("utf-8"))
        )
        literal = len(re.findall(r"\bgettext\(\s*\"(?!…)", path.read_text("utf-8")))
        assert calls == literal, f"{path.name}: gettext() takes a text in double quotes, else no translation is sent"


def test_scripts_get_the_words_of_the_language():
    with override("en"):
        script = texts.script("zh-hans").decode()
    words = json.loads(script.removeprefix("globalThis.anlanTexts = ").removesuffix(";\n"))
    assert words.get("Overdue") != "Overdue"
    assert texts.digest("zh-hans") != texts.digest("en")


class Person:
    pk = 3
    is_authenticated = True


def test_a_desk_shows_to_who_holds_its_verb(monkeypatch):
    monkeypatch.setattr(nav, "_frame", nav._Frame())
    monkeypatch.setattr(gate._gate, "reach", lambda user, verb: ("/",) if verb == "alarm.see" else ())
    nav.register_desk("a", "A", "map", "web:healthz", "alarm.see", 20)
    nav.register_desk("b", "B", "map", "web:healthz", "case.see", 10)
    nav.register_desk("c", "C", "map", "web:healthz", "", 5)
    nav.register_desk("gone", "Gone", "map", "nowhere:page", "", 1)
    assert [desk.code for desk in nav.desks(Person())] == ["c", "a"]


def test_pages_of_a_desk_light_it_in_the_rail_wherever_they_live(monkeypatch):
    monkeypatch.setattr(nav, "_frame", nav._Frame())
    monkeypatch.setattr(gate._gate, "reach", lambda user, verb: ("/",))
    nav.register_desk("probes", "Probes", "map", "web:healthz", "", 5)
    nav.register_desk("other", "Other", "map", "web:texts", "", 6)
    nav.register_area("probes", "web:readyz")
    nav.register_area("probes", "nowhere:page")

    def lit(path: str) -> list[str]:
        request = RequestFactory().get(path)
        request.user = Person()
        return [row["desk"].code for row in Frame(request).desks if row["on"]]

    assert lit("/readyz") == ["probes"]
    assert lit("/healthz") == ["probes"]
    assert lit("/i18n.js") == ["other"]
    assert lit("/elsewhere/") == []


def test_without_a_gate_nobody_holds_anything(monkeypatch):
    monkeypatch.setattr(gate, "_gate", gate._Gate())
    assert not gate.holds(Person(), "alarm.see")
    assert gate.viewer_of("any") is None


def test_S8_no_template_and_no_script_of_ours_needs_inline_code():
    root = Path(web.__file__).parents[2]
    faults = []
    for path in [*root.rglob("templates/**/*.html")]:
        text = path.read_text("utf-8")
        if re.search(r"\sstyle=|\son[a-z]+=|<style|javascript:", text):
            faults.append(path.name)
        for script in re.findall(r"<script\b([^>]*)>", text):
            if "src=" not in script and "application/json" not in script:
                faults.append(f"{path.name}: inline script")
    for path in root.rglob("static/**/*.js"):
        if "vendor" in path.parts:
            continue
        text = path.read_text("utf-8")
        if re.search(r"\beval\(|new Function|\.innerHTML\s*=|setAttribute\(\"style\"|document\.write", text):
            faults.append(path.name)
    assert faults == []


def test_K1_nothing_of_ours_points_outside():
    root = Path(web.__file__).parents[2]
    allowed = ("http://www.w3.org/", "http://{{")  # a name space; an address made of this server's own
    faults = []
    for pattern in ("templates/**/*.html", "static/**/*.js", "static/**/*.css", "static/**/*.svg"):
        for path in root.rglob(pattern):
            if "vendor" in path.parts:
                continue
            for address in re.findall(r"https?://[^\s\"'<>)]+", path.read_text("utf-8")):
                if not address.startswith(allowed):
                    faults.append(f"{path.name}: {address}")
    assert faults == []


def test_every_icon_that_a_template_names_is_drawn():
    drawn = set(re.findall(r'<symbol id="([a-z-]+)"', (STATIC / "icons.svg").read_text("utf-8")))
    root = Path(web.__file__).parents[2]
    asked: dict[str, str] = {}
    for path in root.rglob("templates/**/*.html"):
        for name in re.findall(r"{% *(?:icon|state_empty) \"([a-z-]+)\"", path.read_text("utf-8")):
            asked[name] = path.name
    for path in root.rglob("*.py"):
        for name in re.findall(r"\bicon=\"([a-z-]+)\"", path.read_text("utf-8")):
            asked[name] = path.name
    assert {name: where for name, where in asked.items() if name not in drawn} == {}
