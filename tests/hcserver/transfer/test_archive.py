from __future__ import annotations

import gzip
from pathlib import Path
from typing import Any

import pytest

from hcserver.errors import HcError
from hcserver.storage.schema import SCHEMA_VERSION, prepare
from hcserver.transfer import archive
from hcserver.transfer.archive import verify
from hcserver.transfer.dump import dump
from tests.hcserver.transfer.databases import silent
from tests.hcserver.transfer.files import HEADER, frame, written


@pytest.fixture
async def good(database: Any, tmp_path: Path) -> bytes:
    """The frames of a good dump."""
    await prepare(database)
    await database.checks.insert_many([{"_id": n, "name": "x" * 50} for n in range(5)])
    await dump(database, tmp_path / "good", silent)
    return gzip.decompress((tmp_path / "good").read_bytes())


async def test_a_file_that_is_cut_off_at_any_place_is_refused(good: bytes, tmp_path: Path) -> None:
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
    with archive.file_errors(file):
        verify(file, silent)


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
def test_a_name_that_no_collection_can_have_is_refused(name: Any, tmp_path: Path) -> None:
    frames = frame(b"H", HEADER), frame(b"C", {"name": "checks"}), frame(b"C", {"name": name})
    with pytest.raises(HcError, match="is not a valid name of a collection"):
        verify_file(written(tmp_path / "d", *frames, counts={}))


def test_parts_out_of_order_are_refused(tmp_path: Path) -> None:
    with pytest.raises(HcError, match="out of order"):
        verify_file(written(tmp_path / "d", frame(b"H", HEADER), frame(b"D", {}), counts={}))
    with pytest.raises(HcError, match="this is no dump"):
        verify_file(written(tmp_path / "d", frame(b"C", {"name": "checks"}), counts={"checks": 0}))


def test_a_file_that_goes_on_after_its_end_is_refused(tmp_path: Path) -> None:
    file = written(tmp_path / "d", frame(b"H", HEADER), counts={})
    file.write_bytes(gzip.compress(gzip.decompress(file.read_bytes()) + frame(b"D", {})))
    with pytest.raises(HcError, match="something follows its end"):
        verify_file(file)
