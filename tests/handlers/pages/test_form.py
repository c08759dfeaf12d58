from __future__ import annotations

import pytest
from tornado.web import HTTPError

from handlers.pages.form import MAX_FIELDS, parse_form

URLENCODED = "application/x-www-form-urlencoded; charset=UTF-8"


def test_fields_are_texts_without_outer_blanks_and_with_simple_line_ends() -> None:
    form = parse_form(URLENCODED, b"name=+caf%C3%A9+&notes=one%0D%0Atwo&box=&tag=a&tag=b")
    assert form.get("name") == "café"
    assert form.get("notes") == "one\ntwo"
    assert (form.get("tag"), form.all("tag")) == ("b", ["a", "b"])
    assert (form.get("missing"), form.all("missing"), form.is_on("box")) == ("", [], False)
    assert "box" in form and "missing" not in form
    assert form.values() == {"name": "café", "notes": "one\ntwo", "box": "", "tag": "b"}


@pytest.mark.parametrize(
    ("content_type", "body"),
    [
        ("multipart/form-data; boundary=x", b"--x"),
        ("application/json", b"{}"),
        (URLENCODED, "name=é".encode()),
        (URLENCODED, b"&".join(b"a=1" for _ in range(MAX_FIELDS + 1))),
    ],
)
def test_what_is_no_form_is_refused(content_type: str, body: bytes) -> None:
    with pytest.raises(HTTPError) as caught:
        parse_form(content_type, body)
    assert caught.value.status_code == 400


def test_an_empty_body_is_an_empty_form() -> None:
    assert parse_form("", b"").values() == {}
