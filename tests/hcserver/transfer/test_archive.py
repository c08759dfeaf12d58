import gzip
import hashlib
import stat
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from uuid import uuid4

import bson
import pytest
from bson.binary import Binary

from hcserver.errors import HcError
from hcserver.storage.schema import SCHEMA_VERSION, prepare
from hcserver.transfer import archive
from hcserver.transfer.archive import dump, load, verify


def silent(step: str, done: int, total: int) -> None:
    assert 0 <= done <= total


def files_in(folder: Path) -> list[Path]:
    return list(folder.iterdir())


@pytest.fixture
async def target(database: Any) -> Any:
    """Another empty database on the same server."""
    other = database.client.get_database(
        f"{database.name}_target", codec_options=database.codec_options, write_concern=database.write_concern
    )
    yield other
    await database.client.drop_database(other.name)


async def contents(database: Any) -> dict[str, list[dict[str, Any]]]:
    return {
        name: sorted(
            await database[name].find().to_list(None),
            key=lambda document: bytes(str(document["_id"]), "utf-8"),
        )
        for name in sorted(await database.list_collection_names())
    }


async def fill(database: Any) -> None:
    """A little of everything that the stores put into documents, and pings enough for several batches."""
    await prepare(database)
    check = uuid4()
    at = datetime(2026, 1, 2, 3, 4, 5, 678000, tzinfo=UTC)
    await database.checks.insert_one(
        {"_id": check, "name": "ä\0€", "n": 2**40, "x": None, "tags": [1.5, True]}
    )
    await database.projects.insert_one({"_id": uuid4(), "created": at, "ping_key": "k", "badge_key": "b"})
    await database.pings.insert_many(
        [
            {"_id": Binary(check.bytes + n.to_bytes(8, "big")), "at": at, "body": bytes([n % 256]) * (n % 50)}
            for n in range(450)
        ]
    )
    await database.pings.insert_one({"_id": Binary(b"large"), "body": b"y" * 3_000_000})
    await database.news.insert_one({"at": at})
    await database.locks.insert_one({"_id": "x"})


async def test_what_is_dumped_and_loaded_is_the_same(database: Any, target: Any, tmp_path: Path) -> None:
    await fill(database)
    counts = await dump(database, tmp_path / "d", silent)
    assert await load(tmp_path / "d", target, silent) == counts
    assert counts["pings"] == 451
    expected = await contents(database)
    assert {name: len(documents) for name, documents in expected.items() if name in counts} == counts
    found = await contents(target)
    for name, documents in expected.items():
        assert found.get(name, []) == ([] if name in {"news", "locks"} else documents), name


async def test_a_dump_carries_checks_before_and_pings_after_everything_else(
    database: Any, tmp_path: Path
) -> None:
    await fill(database)
    counts = await dump(database, tmp_path / "d", silent)
    assert (next(iter(counts)), list(counts)[-1]) == ("checks", "pings")


async def test_a_dump_is_private_and_replaces_an_older_one_only_when_complete(
    database: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "d"
    file.write_text("older")
    monkeypatch.setattr(
        archive._Writer, "finish", lambda _self, _counts: (_ for _ in ()).throw(OSError(28, "full"))
    )
    with pytest.raises(HcError, match="d: full"):
        await dump(database, file, silent)
    assert file.read_text() == "older"
    assert files_in(tmp_path) == [file]
    monkeypatch.undo()
    await dump(database, file, silent)
    assert files_in(tmp_path) == [file]
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert verify(file, silent) == {}


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


async def test_a_load_that_was_cut_off_is_begun_afresh(
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


async def test_a_load_into_a_database_that_others_write_to_is_not_called_good(
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


@pytest.fixture
async def good(database: Any, tmp_path: Path) -> bytes:
    """The frames of a good dump."""
    await prepare(database)
    await database.checks.insert_many([{"_id": n, "name": "x" * 50} for n in range(5)])
    await dump(database, tmp_path / "good", silent)
    return gzip.decompress((tmp_path / "good").read_bytes())


async def test_a_file_that_is_cut_off_anywhere_is_refused(good: bytes, tmp_path: Path) -> None:
    file = tmp_path / "cut"
    whole = (tmp_path / "good").read_bytes()
    for end in range(len(whole)):
        file.write_bytes(whole[:end])
        with pytest.raises(HcError):
            verify_file(file)
    for end in range(len(good)):
        file.write_bytes(gzip.compress(good[:end], 0))
        with pytest.raises(HcError):
            verify_file(file)


async def test_a_file_with_any_byte_changed_is_refused(good: bytes, tmp_path: Path) -> None:
    file = tmp_path / "changed"
    for place in range(len(good)):
        changed = bytearray(good)
        changed[place] ^= 0x55
        file.write_bytes(gzip.compress(bytes(changed), 0))
        if b"created" in good[max(0, place - 16) : place + 8]:
            continue  # the moment in the header may be any
        with pytest.raises(HcError):
            verify_file(file)


def verify_file(file: Path) -> None:
    with archive._file_errors(file):
        verify(file, silent)


def frame(kind: bytes, document: dict[str, Any]) -> bytes:
    return kind + bson.encode(document)


HEADER = {
    "format": archive.FORMAT,
    "version": 1,
    "schema": SCHEMA_VERSION,
    "created": datetime(2026, 1, 1, tzinfo=UTC),
}


def written(path: Path, *frames: bytes, counts: dict[str, int]) -> Path:
    end = {"counts": counts, "sha256": hashlib.sha256(b"".join(frames)).hexdigest()}
    path.write_bytes(gzip.compress(b"".join(frames) + frame(b"E", end)))
    return path


@pytest.mark.parametrize(
    ("header", "problem"),
    [
        ({**HEADER, "format": "other"}, "this is no dump"),
        ({**HEADER, "version": 2}, "format version 2, this hcserver reads version 1"),
        ({**HEADER, "schema": SCHEMA_VERSION + 1}, "load it with the hcserver that wrote it, or a newer one"),
        ({**HEADER, "schema": "1"}, "schema version 1"),
    ],
)
def test_a_file_for_another_hcserver_is_refused(header: dict[str, Any], problem: str, tmp_path: Path) -> None:
    with pytest.raises(HcError, match=problem):
        verify_file(written(tmp_path / "d", frame(b"H", header), counts={}))


@pytest.mark.parametrize("name", ["system.users", "a$b", "", "a" * 101, 5, "checks"])
def test_a_name_that_is_no_collection_of_ours_is_refused(name: Any, tmp_path: Path) -> None:
    frames = frame(b"H", HEADER), frame(b"C", {"name": "checks"}), frame(b"C", {"name": name})
    with pytest.raises(HcError, match="is no collection of ours"):
        verify_file(written(tmp_path / "d", *frames, counts={}))


def test_parts_out_of_order_are_refused(tmp_path: Path) -> None:
    with pytest.raises(HcError, match="out of order"):
        verify_file(written(tmp_path / "d", frame(b"H", HEADER), frame(b"D", {}), counts={}))
    with pytest.raises(HcError, match="this is no dump"):
        verify_file(written(tmp_path / "d", frame(b"C", {"name": "checks"}), counts={"checks": 0}))


def test_something_behind_the_end_is_refused(tmp_path: Path) -> None:
    file = written(tmp_path / "d", frame(b"H", HEADER), counts={})
    file.write_bytes(gzip.compress(gzip.decompress(file.read_bytes()) + frame(b"D", {})))
    with pytest.raises(HcError, match="goes on behind its end"):
        verify_file(file)


async def test_a_file_that_is_missing_or_no_dump_is_refused_before_anything_is_written(
    target: Any, tmp_path: Path
) -> None:
    with pytest.raises(HcError, match="nowhere: No such file"):
        await load(tmp_path / "nowhere", target, silent)
    (tmp_path / "text").write_text("hello")
    with pytest.raises(HcError, match="text is damaged or no dump"):
        await load(tmp_path / "text", target, silent)
    assert await target.list_collection_names() == []
