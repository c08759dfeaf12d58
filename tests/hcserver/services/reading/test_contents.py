from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import pytest

from hcserver.errors import Unavailable
from hcserver.services.reading.contents import Contents
from hcserver.services.reading.contents_worker import Content

NESTED = b"Content-Type: text/html\n\n" + b"<div>" * 200_000  # takes minutes


@pytest.fixture
async def contents() -> AsyncIterator[Contents]:
    contents = Contents(time_limit=60.0, patience=60.0)
    yield contents
    await contents.close()


async def test_bodies_are_read_in_another_process(contents: Contents) -> None:
    letter = await contents.letter(b"Subject: x\n\ntext")
    assert letter is not None
    assert letter.text == "text"
    assert await contents.html(b"Content-Type: text/html\n\n<p>x") == "<p>x</p>"
    assert await contents.search("X", [Content(7, False, b"x")]) == [7]
    assert await contents.search("x", []) == []
    comparison = await contents.compare(Content(1, False, b"a"), Content(2, False, b"b"))
    assert comparison is not None
    assert comparison.differs


async def test_what_takes_too_long_is_given_up_and_the_next_request_is_answered() -> None:
    contents = Contents(time_limit=1.0, patience=60.0)
    try:
        assert await contents.html(NESTED) is None
        contents._time_limit = 60.0
        assert await contents.letter(NESTED) is not None
    finally:
        await contents.close()


async def test_who_has_to_wait_for_too_long_is_told_so() -> None:
    contents = Contents(time_limit=60.0, patience=0.05)
    slow = asyncio.create_task(contents.html(NESTED))
    try:
        while not contents._processes._slots.locked():
            await asyncio.sleep(0.01)
        with pytest.raises(Unavailable, match="try again"):
            await contents.letter(b"")
    finally:
        slow.cancel()
        await asyncio.gather(slow, return_exceptions=True)
        await contents.close()


async def test_without_processes_the_page_says_so(
    contents: Contents, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def no_process(*args: object) -> bytes:
        raise BlockingIOError("no more processes")

    monkeypatch.setattr(contents._processes, "ask", no_process)
    with pytest.raises(Unavailable, match="can't be read now"):
        await contents.letter(b"")
