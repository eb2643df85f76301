"""Nobody types a zero byte, and PostgreSQL compares no text with one: no question holds it when a view reads it."""

from __future__ import annotations

import pytest
from django.http import HttpRequest, HttpResponse
from django.test import override_settings
from django.urls import path
from sensing_world import sign_in
from small_county import make_user, plant_county


def said(request: HttpRequest, name: str) -> HttpResponse:
    return HttpResponse(repr([dict(request.GET.lists()), dict(request.POST.lists())]))


urlpatterns = [path("said/<str:name>/", said)]


@override_settings(
    ROOT_URLCONF=__name__,
    MIDDLEWARE=["django.middleware.common.CommonMiddleware", "anlan.kernel.web.middleware.NoZeroBytes"],
)
def test_what_is_asked_holds_none_and_what_is_sent_is_left_to_its_view(client):
    answer = client.post("/said/x/?q=%00a%00&q=b&empty=%00", {"name": "wang\x00"})
    assert answer.content.decode() == repr([{"q": ["a", "b"], "empty": [""]}, {"name": ["wang\x00"]}])
    assert client.get("/said/a%00b/").status_code == 404


@pytest.mark.django_db
@pytest.mark.parametrize("page", ["/registers/enterprise/", "/system/regions/", "/tracks/", "/chains/"])
def test_pages_search_as_without_it(client, page):
    county = plant_county()
    sign_in(client, make_user("leader", "leader", "system_admin", "record_keeper", region=county.county))
    assert client.get(f"{page}?q=%00").status_code == 200
