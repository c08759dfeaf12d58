from __future__ import annotations

from datetime import UTC, datetime

import pytest

from handlers.pages.zones import ShownZone
from tests.handlers.harness import Site
from tests.handlers.pages.visitor import Visitor, make_check


def test_moments_are_converted() -> None:
    local = ShownZone("check", "Asia/Tokyo", False).local(datetime(2026, 1, 1, 12, tzinfo=UTC))
    assert f"{local:%H:%M}" == "21:00"


@pytest.mark.parametrize(
    ("cookies", "query", "name", "guess"),
    [
        ("", "", "Asia/Tokyo", True),
        ("tz=Europe%2FKiev", "", "Europe/Kyiv", False),
        ("tz=nonsense", "", "Asia/Tokyo", False),
        ("tz=Europe%2FRiga; zone=utc", "", "UTC", False),
        ("tz=Europe%2FRiga; zone=utc", "?zone=check", "Asia/Tokyo", False),
        ("tz=Europe%2FRiga; zone=nonsense", "?zone=nonsense", "Europe/Riga", False),
    ],
)
async def test_the_zone_is_the_one_chosen(
    site: Site, editor: Visitor, cookies: str, query: str, name: str, guess: bool
) -> None:
    check = await make_check(site, schedule="0 0 * * *", tz="Asia/Tokyo")
    reply = await editor.get(
        f"/checks/{check.id}/log{query}", Cookie=f"{editor.headers['Cookie']}; {cookies}".rstrip("; ")
    )
    assert f"Times in {name}:" in reply.text
    assert ("data-guess" in reply.text) is guess
