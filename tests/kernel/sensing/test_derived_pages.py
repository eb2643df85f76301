"""Pages of derived points: how one is computed is one click away, and whoever makes one is told what is wrong."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.utils import timezone
from sensing_world import points_of, sign_in

from anlan.kernel.sensing.derived import services
from anlan.kernel.sensing.models import DerivedPoint, Point

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def in_english(settings) -> None:
    settings.LANGUAGE_CODE = "en"


@pytest.fixture
def slope(device, town, hands) -> Point:
    return points_of(device, town, hands, 1, kind="displacement", unit="mm", period_s=300, code="GNSS-1")[0]


@pytest.fixture
def angle(slope, hands) -> DerivedPoint:
    return services.add_derived(
        code="QX-1", name="切线角", function="tangent_angle", inputs=[slope], parameters={"v0": 3.0, "window_h": 6},
        actor=hands, now=timezone.now() - timedelta(hours=1),
    )  # fmt: skip


def page(client, path: str, status: int = 200) -> str:
    answer = client.get(path)
    assert answer.status_code == status, path
    return answer.content.decode()


def test_the_point_says_formula_inputs_source_and_domain(client, engineer, angle, slope):
    sign_in(client, engineer)
    text = page(client, "/sensing/points/QX-1/")
    for says in (
        "α = arctan", "steady rate", "3 mm/d", "6 h", "/sensing/points/GNSS-1/", "许强", "not verified",
        "at each reading of GNSS-1", "silence is not zero", "Inputs too late",
    ):  # fmt: skip
        assert says in text, says


def test_an_input_says_what_is_computed_from_it(client, engineer, angle, slope):
    sign_in(client, engineer)
    text = page(client, "/sensing/points/GNSS-1/")
    assert "Used by" in text and "/sensing/points/QX-1/#computed" in text
    assert "How this is computed" not in text


def test_lists_mark_and_name_them(client, engineer, angle):
    sign_in(client, engineer)
    assert '<span class="tag">derived</span>' in page(client, "/sensing/")
    listed = page(client, "/sensing/derived/")
    assert "QX-1" in listed and "GNSS-1" in listed and "Improved tangent angle" in listed


def test_one_is_made_from_the_page(client, engineer, slope):
    sign_in(client, engineer)
    assert "Improved tangent angle" in page(client, "/sensing/derived/new/")
    form = page(client, "/sensing/derived/new/?function=velocity&input=GNSS-1")
    assert 'value="GNSS-1"' in form and "v = dS/dt" in form
    facts = {
        "function": "velocity", "inputs": "GNSS-1", "p_window_h": "6", "code": "SL-1", "name": "坡顶速率",
        "mode": "arrival", "every_s": "300", "settle_s": "5", "past_days": "30",
    }  # fmt: skip
    answer = client.post("/sensing/derived/new/", facts)
    assert answer.status_code == 302 and answer.url == "/sensing/points/SL-1/"
    made = DerivedPoint.objects.get()
    assert (made.function, made.parameters, made.mode, made.made_by) == (
        "velocity", {"window_h": 6.0}, "arrival", engineer,
    )  # fmt: skip


@pytest.mark.parametrize(
    ("wrong", "says"),
    [
        ({"inputs": "NONE-7"}, "There is no point “NONE-7”"),
        ({"p_window_h": "nan"}, "window: a number from 0.05"),
        ({"p_window_h": "soon"}, "window: a number from 0.05"),
        ({"settle_s": "x"}, "whole numbers"),
        ({"code": "GNSS-1"}, "is used already"),
        ({"function": "effective_rain", "p_k": "0.84", "p_days": "15"}, "is of the kind “Slope displacement”"),
    ],
)
def test_what_is_wrong_is_told_in_words_and_what_was_typed_stays(client, engineer, slope, wrong, says):
    sign_in(client, engineer)
    facts = {
        "function": "velocity", "inputs": "GNSS-1", "p_window_h": "6", "code": "SL-1", "name": "坡顶速率",
        "mode": "arrival", "every_s": "300", "settle_s": "5", "past_days": "0",
    }  # fmt: skip
    answer = client.post("/sensing/derived/new/", facts | wrong)
    assert answer.status_code == 422
    text = answer.content.decode()
    assert says in text and "坡顶速率" in text
    assert not DerivedPoint.objects.exists()


def test_whoever_may_only_look_makes_and_ends_none(client, officer, angle):
    sign_in(client, officer)
    assert "How this is computed" in page(client, "/sensing/points/QX-1/")
    page(client, "/sensing/derived/new/", 403)
    assert client.post("/sensing/derived/new/", {"function": "sum"}).status_code == 403
    assert client.post(f"/sensing/derived/{angle.pk}/end/").status_code == 404


def test_another_town_sees_neither_the_point_nor_its_account(client, foreigner, angle):
    sign_in(client, foreigner)
    page(client, "/sensing/points/QX-1/", 404)
    assert "QX-1" not in page(client, "/sensing/derived/")
    assert client.post(f"/sensing/derived/{angle.pk}/end/").status_code == 404


def test_an_engineer_ends_it(client, engineer, angle):
    sign_in(client, engineer)
    assert client.post(f"/sensing/derived/{angle.pk}/end/").status_code == 302
    angle.refresh_from_db()
    assert angle.ended_at is not None
    assert "no more since" in page(client, "/sensing/points/QX-1/")


def test_the_device_of_derived_points_cannot_be_let_in(client, engineer, angle):
    sign_in(client, engineer)
    device = angle.point.device
    assert client.post(f"/sensing/devices/{device.pk}/restore/").status_code == 404
    device.refresh_from_db()
    assert not device.enabled
