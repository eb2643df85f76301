"""S6: personal data is not readable in the database without the installation's own key."""

from __future__ import annotations

import pytest
from django.core.exceptions import ImproperlyConfigured
from hypothesis import HealthCheck, given
from hypothesis import settings as how
from hypothesis import strategies as st

from anlan.kernel.people import sealed


@pytest.fixture(autouse=True)
def _own_key(settings, tmp_path):
    settings.DATA = tmp_path
    sealed._cipher.cache_clear()
    yield
    sealed._cipher.cache_clear()


def test_what_is_kept_says_nothing_and_comes_back():
    kept = sealed.seal("19000004855")
    assert "1900" not in kept
    assert sealed.unseal(kept) == "19000004855"


def test_the_same_text_is_found_again_by_its_cipher():
    assert sealed.seal("19000004855") == sealed.seal("19000004855")
    assert sealed.seal("19000004855") != sealed.seal("19000004856")


def test_nothing_stays_nothing_and_clear_text_of_old_rows_is_read():
    assert sealed.seal("") == ""
    assert sealed.unseal("19000004855") == "19000004855"


def test_the_key_is_readable_by_its_owner_only(tmp_path):
    sealed.seal("x")
    assert (tmp_path / sealed.KEY_FILE).stat().st_mode & 0o077 == 0


def test_another_key_is_said_and_not_shown_as_data(tmp_path):
    kept = sealed.seal("19000004855")
    (tmp_path / sealed.KEY_FILE).unlink()
    sealed._cipher.cache_clear()
    with pytest.raises(ImproperlyConfigured, match=r"personal\.key"):
        sealed.unseal(kept)


@how(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.text(max_size=60))
def test_any_text_comes_back(text):
    assert sealed.unseal(sealed.seal(text)) == text
