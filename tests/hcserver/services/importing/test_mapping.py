from __future__ import annotations

import csv
from pathlib import Path
from uuid import uuid4

import pytest

from hcserver.errors import HcError
from hcserver.services.importing.importer import Result
from hcserver.services.importing.mapping import MappingFile
from hcserver.services.importing.plan import Action, Step
from hcserver.services.importing.source import SourceCheck

BASE = "https://hc.example.org"


def result(action: Action, name: str, address: str = "", fault: str = "") -> Result:
    source = SourceCheck(id=None, address=address, fields={"name": name})
    return Result(step=Step(action=action, source=source), check=None if fault else uuid4(), fault=fault)


def test_old_and_new_addresses_stand_side_by_side(tmp_path: Path) -> None:
    file = tmp_path / "addresses.csv"
    results = [
        result("create", 'A, "b"\nc', "https://old.example.org/1"),
        result("unchanged", "Ü"),
        result("refuse", "No", "https://old.example.org/2", fault="timeout is too small"),
    ]
    with MappingFile(file, BASE) as mapping:
        assert not file.exists()
        mapping.write(results)
    assert list(csv.reader(file.read_text("utf-8").splitlines(keepends=True))) == [
        ["name", "old", "new"],
        ['A, "b"\nc', "https://old.example.org/1", f"{BASE}/ping/{results[0].check}"],
        ["Ü", "", f"{BASE}/ping/{results[1].check}"],
    ]
    assert file.stat().st_mode & 0o777 == 0o600
    assert list(tmp_path.iterdir()) == [file]


def test_an_import_that_fails_leaves_the_file_as_it_was(tmp_path: Path) -> None:
    file = tmp_path / "addresses.csv"
    file.write_text("before")
    with pytest.raises(HcError, match="away"), MappingFile(file, BASE):
        raise HcError("away")
    assert file.read_text() == "before"
    assert list(tmp_path.iterdir()) == [file]


def test_a_file_that_can_not_be_written_is_a_fault_before_anything_is_done(tmp_path: Path) -> None:
    with pytest.raises(HcError, match="No such file or directory"), MappingFile(tmp_path / "no/file", BASE):
        raise AssertionError("begun")


def test_a_name_that_a_folder_has_is_a_fault(tmp_path: Path) -> None:
    (tmp_path / "folder").mkdir()
    with (
        pytest.raises(HcError, match=r"the import is done, but not this file: .*directory"),
        MappingFile(tmp_path / "folder", BASE) as mapping,
    ):
        mapping.write([])
