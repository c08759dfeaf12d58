"""GET checks/<uuid or unique_key>/flips/"""

from __future__ import annotations

import calendar
from typing import Any

import pytest

from tests.handlers.harness import Site

NOON = calendar.timegm((2024, 3, 10, 12, 0, 0))  # the test's clock shows three quarters of a second more


async def with_flips(site: Site) -> str:
    """A check that went up at noon, down a minute later, and up again after another one."""
    check = (await site.create())["uuid"]
    for signal in ("", "/fail", ""):
        await site.ping(check, signal)
        site.clock.advance(60)
    return str(check)


async def minutes(site: Site, check: str, query: str) -> str:
    """The minutes of the flips."""
    return " ".join(flip["timestamp"][15:16] for flip in await site.flips(check, query))


async def test_flips_are_listed_the_newest_first_without_fractions(site: Site) -> None:
    check = await with_flips(site)
    flips = [
        {"timestamp": "2024-03-10T12:02:00+00:00", "up": 1},
        {"timestamp": "2024-03-10T12:01:00+00:00", "up": 0},
        {"timestamp": "2024-03-10T12:00:00+00:00", "up": 1},
    ]
    unique = (await site.get(check, key=site.keys.api_key_readonly))["unique_key"]
    for identifier in (check, unique):
        for key in (site.keys.api_key, site.keys.api_key_readonly):
            reply = await site.api("GET", f"checks/{identifier}/flips/", key=key)
            assert (reply.status, reply.json) == (200, {"flips": flips})


async def test_a_check_without_flips_has_an_empty_list(site: Site) -> None:
    check = (await site.create())["uuid"]
    await site.ping(check, "/start")
    await site.ping(check, "/log")
    assert (await site.api("GET", f"checks/{check}/flips/")).json == {"flips": []}


async def test_every_change_of_status_is_a_flip(site: Site) -> None:
    check = (await site.create(timeout=60, grace=60))["uuid"]
    for ups, act in (
        ([0], lambda: site.ping(check, "/fail")),
        ([0], lambda: site.ping(check, "/1")),
        ([0, 0], lambda: site.api("POST", f"checks/{check}/pause")),
        ([0, 0, 0], lambda: site.api("POST", f"checks/{check}/resume")),
        ([1, 0, 0, 0], lambda: site.ping(check)),
        ([1, 0, 0, 0], lambda: site.ping(check)),
    ):
        await act()
        site.clock.advance(1)
        assert [flip["up"] for flip in await site.flips(check)] == ups
    site.clock.advance(119)
    await site.settled()
    await site.tick()
    flips = await site.flips(check)
    assert [flip["up"] for flip in flips] == [0, 1, 0, 0, 0]
    # It carries the moment at which the time was over, not that at which somebody looked.
    assert flips[0]["timestamp"] == "2024-03-10T12:02:05+00:00"


async def test_start_is_inclusive_and_end_exclusive(site: Site) -> None:
    site.clock.advance(0.25)
    check = await with_flips(site)
    noon = NOON + 1
    for query, expected in (
        (f"?start={noon}", "2 1 0"),
        (f"?start={noon + 1}", "2 1"),
        (f"?start={noon + 60}", "2 1"),
        (f"?end={noon}", ""),
        (f"?end={noon + 1}", "0"),
        (f"?end={noon + 60}", "0"),
        (f"?end={noon + 61}", "1 0"),
        (f"?start={noon + 60}&end={noon + 61}", "1"),
        (f"?start={noon + 61}&end={noon + 60}", ""),
        ("?start=0&end=10000000000", "2 1 0"),
        ("?start=10000000000", ""),
        (f"?start=0&start={noon + 61}", "2"),
        ("?start=2024-03-10T12:01:01Z", "2 1"),
        ("?start=2024-03-10T12:01:01.001Z", "2"),
        ("?start=2024-03-10T13:01:01%2B01:00&end=2024-03-10T12:02:01+00:00", "1"),
    ):
        assert await minutes(site, check, query) == expected, query


async def test_seconds_look_back_from_now(site: Site) -> None:
    check = await with_flips(site)
    for query, expected in (
        ("?seconds=0", ""),
        ("?seconds=59", ""),
        ("?seconds=60", "2"),
        ("?seconds=120", "2 1"),
        ("?seconds=31536000", "2 1 0"),
        ("?seconds=", "2 1 0"),
        (f"?seconds=180&end={NOON + 100}", "1 0"),
        (f"?seconds=180&start={NOON + 100}", "2"),
        (f"?seconds=60&start={NOON}", "2"),
    ):
        assert await minutes(site, check, query) == expected, query


ODD = ["-1", "x", "1.0", "1e5", "+1", "%001", "٣", "9" * 5000, "NaN"]


@pytest.mark.parametrize(
    ("member", "values"),
    [
        ("seconds", [*ODD, "31536001"]),
        ("start", [*ODD, "", "10000000001"]),
        ("end", [*ODD, "", "10000000001"]),
    ],
)
async def test_anything_else_is_refused(site: Site, member: str, values: list[str]) -> None:
    check = await with_flips(site)
    for value in values:
        query = f"?{member}={value.encode().decode('latin-1')}"
        reply = await site.api("GET", f"checks/{check}/flips/{query}")
        assert reply.status == 400, value[:20]
        if member == "seconds":
            assert reply.error == "seconds is not a number from 0 to 31536000"
        else:
            assert reply.error in (
                f"{member} is not a moment such as 2030-01-31T18:00:00Z, nor a UNIX time",
                f"{member} is too large",
            )


async def test_flips_are_read_page_by_page(site: Site) -> None:
    check = await with_flips(site)

    async def page(query: str) -> tuple[str, Any]:
        document = (await site.api("GET", f"checks/{check}/flips/{query}")).json
        return " ".join(flip["timestamp"][15:16] for flip in document["flips"]), document["next"]

    first, cursor = await page("?limit=2")
    assert first == "2 1"
    assert await page(f"?limit=2&after={cursor}") == ("0", None)
    assert await page("?limit=3") == ("2 1 0", None)
    assert await page(f"?limit=1&start={NOON + 30}") == ("2", "3")
    assert await page(f"?limit=1&start={NOON + 30}&after=3") == ("1", None)


async def walk(site: Site, check: str, limit: int, query: str = "") -> list[dict[str, Any]]:
    """All flips, page by page."""
    flips: list[dict[str, Any]] = []
    after: str | None = ""
    while after is not None:
        path = f"checks/{check}/flips/?limit={limit}&after={after}{query}"
        document = (await site.api("GET", path)).json
        assert len(document["flips"]) <= limit
        flips += document["flips"]
        after = document["next"]
    return flips


A, B = "a0000000-0000-4000-8000-000000000001", "b0000000-0000-4000-8000-000000000002"


async def test_a_run_that_succeeds_while_another_is_overdue_makes_no_flip(site: Site) -> None:
    check = (await site.create(grace=60))["uuid"]
    for signal in ("", f"/start?rid={B}", f"/start?rid={A}"):
        await site.ping(check, signal)
        site.clock.advance(0.1)
    site.clock.advance(66)
    await site.settled()
    await site.tick()
    assert [flip["up"] for flip in await site.flips(check)] == [0, 1]
    await site.ping(check, f"?rid={B}")
    document = await site.get(check)
    assert (document["status"], document["started"]) == ("down", True)
    await site.settled()
    await site.tick()
    assert [flip["up"] for flip in await site.flips(check)] == [0, 1]
    site.clock.advance(10)
    await site.ping(check, f"?rid={A}")
    flips = await site.flips(check)
    assert (await site.get(check))["status"] == "up"
    assert [(flip["timestamp"], flip["up"]) for flip in flips] == [
        ("2024-03-10T12:01:17+00:00", 1),
        ("2024-03-10T12:01:00+00:00", 0),
        ("2024-03-10T12:00:00+00:00", 1),
    ]
    assert await site.flips(check, "?seconds=1") == flips[:1]


async def test_a_lower_grace_time_makes_a_flip_at_the_change(site: Site) -> None:
    check = (await site.create(grace=3600))["uuid"]
    await site.ping(check)
    await site.ping(check, "/start")
    site.clock.advance(600)
    await site.api("POST", f"checks/{check}", {"grace": 60})
    await site.tick()
    assert [(flip["timestamp"], flip["up"]) for flip in await site.flips(check)] == [
        ("2024-03-10T12:10:00+00:00", 0),
        ("2024-03-10T12:00:00+00:00", 1),
    ]


@pytest.mark.parametrize("limit", [1, 2, 3, 100])
async def test_every_walk_through_the_pages_returns_each_flip_once(site: Site, limit: int) -> None:
    check = (await site.create(grace=60))["uuid"]
    # Between the pings the clock goes forward and back, as those of several servers do.
    for signal, seconds in (("", 3), ("/fail", -2), ("", 0), ("/fail", -30), ("", 1), ("/fail", 40), ("", 0)):
        await site.ping(check, signal)
        site.clock.advance(seconds)
    everything = await site.flips(check)
    assert [flip["up"] for flip in everything] == [1, 0, 1, 0, 1, 0, 1]
    timestamps = [flip["timestamp"] for flip in everything]
    assert timestamps == sorted(timestamps, reverse=True)
    assert await walk(site, check, limit) == everything
    assert await walk(site, check, limit, f"&start={NOON - 60}&end={NOON + 60}") == everything
