from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from hcserver.errors import HcError
from hcserver.storage.schema import SCHEMA_VERSION, prepare
from hcserver.transfer.dump import dump
from hcserver.transfer.load import load
from tests.hcserver.transfer.databases import contents, fill, silent
from tests.hcserver.transfer.files import HEADER, frame, written

# What is not dumped: it concerns the processes of one server, or gives access to it.
HERE_ONLY = {"news", "locks", "processes", "written", "sessions", "setup_tokens", "walls"}


async def test_what_is_dumped_and_loaded_is_the_same(database: Any, target: Any, tmp_path: Path) -> None:
    await fill(database)
    counts = await dump(database, tmp_path / "d", silent)
    assert await load(tmp_path / "d", target, silent) == counts
    assert counts["pings"] == 451
    expected = await contents(database)
    assert {name: len(documents) for name, documents in expected.items() if name in counts} == counts
    found = await contents(target)
    for name, documents in expected.items():
        assert found.get(name, []) == ([] if name in HERE_ONLY else documents), name


async def test_a_database_that_is_not_empty_is_not_loaded_into(
    database: Any, target: Any, tmp_path: Path
) -> None:
    await fill(database)
    await dump(database, tmp_path / "d", silent)
    await target.channels.insert_one({"_id": 1})
    with pytest.raises(HcError, match=r"is not empty \(there is something in 'channels'\)"):
        await load(tmp_path / "d", target, silent)
    assert list(await contents(target)) == ["channels"]


async def test_a_prepared_database_counts_as_empty(database: Any, target: Any, tmp_path: Path) -> None:
    await fill(database)
    await dump(database, tmp_path / "d", silent)
    await prepare(target)
    await load(tmp_path / "d", target, silent)
    assert await target.meta.find().to_list(None) == [{"_id": "schema", "version": SCHEMA_VERSION}]


async def test_documents_are_indexed_while_they_are_loaded(
    database: Any, target: Any, tmp_path: Path
) -> None:
    await fill(database)
    await dump(database, tmp_path / "d", silent)
    await load(tmp_path / "d", target, silent)
    for collection, number in (("checks", 3), ("flips", 3), ("notifications", 4)):
        indexes = (await target[collection].index_information()).values()
        assert len(indexes) == number, collection
        assert not any("expireAfterSeconds" in index for index in indexes)


async def test_a_load_that_was_interrupted_is_started_again_by_the_next(
    database: Any, target: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    await fill(database)
    counts = await dump(database, tmp_path / "d", silent)

    def stop(step: str, done: int, total: int) -> None:
        if step == "pings":
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        await load(tmp_path / "d", target, stop)
    assert await target.pings.count_documents({}) > 0
    with pytest.raises(HcError, match="loaded only in part"):
        await dump(target, tmp_path / "e", silent)
    assert await load(tmp_path / "d", target, silent) == counts


async def test_a_load_into_a_database_that_others_write_to_is_an_error(
    database: Any, target: Any, tmp_path: Path
) -> None:
    await fill(database)
    await dump(database, tmp_path / "d", silent)
    intruder = database.client.delegate[target.name].checks

    def intrude(step: str, done: int, total: int) -> None:
        if step == "pings" and done == total:
            intruder.insert_one({"_id": 1})

    with pytest.raises(HcError, match="2 of 1 documents arrived in 'checks'"):
        await load(tmp_path / "d", target, intrude)


async def test_a_file_that_is_missing_or_no_dump_is_refused_before_anything_is_written(
    target: Any, tmp_path: Path
) -> None:
    with pytest.raises(HcError, match="nowhere: No such file"):
        await load(tmp_path / "nowhere", target, silent)
    (tmp_path / "text").write_text("hello")
    with pytest.raises(HcError, match="text is damaged or no dump"):
        await load(tmp_path / "text", target, silent)
    assert await target.list_collection_names() == []


async def test_a_file_whose_documents_are_no_documents_is_an_error(target: Any, tmp_path: Path) -> None:
    """It has a correct checksum, so that only the driver finds out."""
    broken = b"D" + (9).to_bytes(4, "little") + b"\x0aa\0\x01\x01"
    frames = frame(b"H", HEADER), frame(b"C", {"name": "checks"}), broken
    file = written(tmp_path / "d", *frames, counts={"checks": 1})
    with pytest.raises(HcError, match="d is damaged or no dump"):
        await load(file, target, silent)
