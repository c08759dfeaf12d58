from __future__ import annotations

from urllib.parse import quote

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hcserver.notify.apprise.url import tidied, with_options, without_secrets


def test_the_scheme_is_put_into_lower_case_and_rooms_are_no_fragments() -> None:
    assert tidied("Matrix://user@host/#room?to=%23a") == "matrix://user@host/%23room?to=%23a"


@given(st.text(max_size=60))
@settings(max_examples=200)
def test_any_text_is_taken_or_refused_with_a_reason(text: str) -> None:
    try:
        url = tidied(text)
    except ValueError as error:
        assert str(error)
    else:
        assert tidied(url) == url


def test_options_are_added_where_the_url_does_not_have_them() -> None:
    options = {"format": "markdown", "+details": "a b&c\n/é"}
    assert with_options("ntfy://host/a", options) == (
        "ntfy://host/a?format=markdown&+details=a%20b%26c%0A%2F%C3%A9"
    )
    assert with_options("ntfy://host/a?FORMAT=text", {"format": "markdown"}) == "ntfy://host/a?FORMAT=text"
    assert with_options("ntfy://host/a?", {"x": "1"}) == "ntfy://host/a?x=1"
    assert with_options("ntfy://host/a?y=2", {"x": "1"}) == "ntfy://host/a?y=2&x=1"
    assert with_options("ntfy://host/a", {}) == "ntfy://host/a"


SECRET = st.text("abcXYZ019_@:/?&=% ", min_size=4, max_size=20).map(lambda text: f"s{text}s")


@given(SECRET, SECRET, SECRET, SECRET)
@settings(max_examples=100)
def test_no_part_of_an_url_that_may_be_secret_is_left_in_a_text(
    user: str, password: str, token: str, value: str
) -> None:
    parts = [user, password, token, value]
    a, b, c, d = (quote(part, safe="") for part in parts)
    url = f"ntfys://{a}:{b}@ntfy.example.org:8080/{c}?auth={d}"
    told = f"x {a}|{user}; y {b}|{password}; z {c}|{token}; {d}|{value} at ntfy.example.org:8080"
    cleaned = without_secrets(told, url)
    assert not [part for part in (*parts, a, b, c, d) if part in cleaned]
    assert "ntfy.example.org" in cleaned


@pytest.mark.parametrize(
    ("url", "secret"),
    [
        ("tgram://123456789:AbCdEfGh/-100", "AbCdEfGh"),
        ("pbul://o.AbCdEfGhIj", "o.AbCdEfGhIj"),
        ("slack://T123/B123/C123", "T123"),
        ("rockets://abc123%2Fdef456@chat.example.org/", "def456"),
        ("no URL at all", "no URL at all"),
    ],
)
def test_tokens_that_stand_in_the_place_of_a_host_are_secret(url: str, secret: str) -> None:
    assert without_secrets(f"<{secret}>", url) == "<****>"
