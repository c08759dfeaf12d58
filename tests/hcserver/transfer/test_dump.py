from __future__ import annotations

import stat
from pathlib import Path
from typing import Any

import pytest

from hcserver.errors import HcError
from hcserver.transfer.archive import Writer, verify
from hcserver.transfer.dump import dump
from tests.hcserver.transfer.databases import fill, silent


def files_in(folder: Path) -> list[Path]:
    return list(folder.iterdir())


async def test_a_dump_has_checks_before_and_pings_after_everything_else(
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
    monkeypatch.setattr(Writer, "finish", lambda _self, _counts: (_ for _ in ()).throw(OSError(28, "full")))
    with pytest.raises(HcError, match="d: full"):
        await dump(database, file, silent)
    assert file.read_text() == "older"
    assert files_in(tmp_path) == [file]
    monkeypatch.undo()
    await dump(database, file, silent)
    assert files_in(tmp_path) == [file]
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert verify(file, silent) == {}
