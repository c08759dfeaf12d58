from __future__ import annotations

import json
from typing import Any

import pytest

from hcserver.errors import InvalidRequest
from hcserver.notify.webhook import Webhook

FORM = Webhook().form
URL = "https://example.org/hook"
SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"


def stored(**values: str) -> str:
    return Webhook().normalise(FORM.to_target(values))


@pytest.mark.parametrize(
    ("values", "target"),
    [
        ({"url": URL}, URL),
        ({"url": URL, "method": "PUT"}, {"url": URL, "method": "PUT"}),
        (
            {"url": URL, "headers": "X-A: $NAME\nX-B: b:c", "body": "$NAME\nis $STATUS"},
            {"url": URL, "headers": {"X-A": "$NAME", "X-B": "b:c"}, "body": "$NAME\nis $STATUS"},
        ),
        ({"url": URL, "secret": SECRET, "full": "yes"}, {"url": URL, "secret": SECRET, "full": True}),
        (
            {"url": URL, "up_url": f"{URL}/up", "up_method": "DELETE", "up_headers": "X-A: 1"},
            {"down": {"url": URL}, "up": {"url": f"{URL}/up", "method": "DELETE", "headers": {"X-A": "1"}}},
        ),
        (
            {"url": URL, "up_url": f"{URL}/up", "up_body": "fine", "secret": SECRET},
            {"down": {"url": URL}, "up": {"url": f"{URL}/up", "body": "fine"}, "secret": SECRET},
        ),
    ],
)
def test_fields_become_the_target_that_people_could_write_and_are_read_from_it(
    values: dict[str, str], target: str | dict[str, Any]
) -> None:
    made = stored(**values)
    assert (json.loads(made) if isinstance(target, dict) else made) == target
    assert stored(**FORM.from_target(made)) == made
    assert FORM.from_target(made).items() >= values.items()


@pytest.mark.parametrize(
    "target",
    [
        json.dumps({"up": {"url": URL}}),
        json.dumps({"down": {"url": URL}}),
        json.dumps({"url": URL, "headers": {"X-A": " blank "}}),
        json.dumps({"url": URL, "body": ""}),
    ],
)
def test_what_the_fields_do_not_express_is_shown_as_a_whole(target: str) -> None:
    made = Webhook().normalise(target)
    assert FORM.from_target(made) == {"target": made}
    assert stored(**FORM.from_target(made)) == made


@pytest.mark.parametrize(
    ("values", "problem"),
    [
        ({}, "url is missing"),
        ({"url": "example.org"}, "url does not look like https://example.org/hook"),
        ({"url": URL, "method": "HEAD"}, "method is none of POST, PUT, PATCH, GET, DELETE"),
        ({"url": URL, "headers": "X-A"}, "headers has a line that does not look like X-Check: $NAME"),
        ({"url": URL, "headers": ": x"}, "headers has a line that does not look like X-Check: $NAME"),
        ({"url": URL, "method": "GET", "body": "x"}, "body does not go together with the method GET"),
        ({"url": URL, "up_body": "x"}, "up_body is given without up_url"),
        ({"url": URL, "secret": "hush"}, f"secret does not look like {SECRET}"),
        ({"url": URL, "full": "true"}, "full is none of no, yes"),
    ],
)
def test_a_fault_names_its_field(values: dict[str, str], problem: str) -> None:
    with pytest.raises(InvalidRequest) as refused:
        FORM.to_target(values)
    assert str(refused.value) == problem


@pytest.mark.parametrize("target", ["{", "{}", '{"url": 1}', '{"down": 1}', "", "x"])
def test_a_stored_target_that_fits_no_more_is_shown_as_it_is(target: str) -> None:
    assert FORM.from_target(target) == {"target": target}
