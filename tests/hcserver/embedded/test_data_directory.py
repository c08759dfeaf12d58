from __future__ import annotations

import os
from pathlib import Path

import msgspec
import pytest

from hcserver.embedded.data_directory import (
    LOG_BYTES,
    Credentials,
    DataDirectory,
    DataDirectoryInUse,
    Running,
)
from hcserver.errors import ConfigError, HcError


@pytest.fixture
def folder(tmp_path: Path) -> DataDirectory:
    folder = DataDirectory(str(tmp_path / "data"))
    folder.prepare()
    return folder


def test_a_new_folder_is_for_its_owner_only(folder: DataDirectory) -> None:
    assert folder.path.stat().st_mode & 0o777 == 0o700


@pytest.mark.parametrize("mode", [0o720, 0o702, 0o775, 0o1777])
def test_a_folder_that_others_can_write_to_is_refused_with_the_remedy(
    folder: DataDirectory, mode: int
) -> None:
    folder.path.chmod(mode)
    expected = rf"^embedded\.path: other users can write to '.*' \(mode {mode & 0o777:04o}\): .*`chmod go-w "
    with pytest.raises(ConfigError, match=expected):
        folder.prepare()


@pytest.mark.parametrize("mode", [0o700, 0o750, 0o755])
def test_a_folder_that_others_can_only_read_is_used(folder: DataDirectory, mode: int) -> None:
    folder.path.chmod(mode)
    folder.prepare()


def test_a_folder_of_another_user_is_refused_with_the_remedy(
    folder: DataDirectory, monkeypatch: pytest.MonkeyPatch
) -> None:
    owner = folder.path.stat().st_uid
    if owner == 0:  # only root can give a folder to another user, and root's own folder is always accepted
        os.chown(folder.path, 12345, -1)
    else:
        monkeypatch.setattr("hcserver.embedded.data_directory.os.geteuid", lambda: owner + 1)
    with pytest.raises(ConfigError, match=r"belongs to another user \(id \d+\): .*`chown -R \d+ "):
        folder.prepare()


def test_a_folder_can_be_locked_once(folder: DataDirectory) -> None:
    folder.try_lock()
    other = DataDirectory(str(folder.path))
    with pytest.raises(DataDirectoryInUse, match=rf"process {os.getpid()}\)"):
        other.try_lock()
    folder.unlock()
    other.try_lock()
    other.unlock()


def test_credentials_belong_to_a_database(folder: DataDirectory) -> None:
    credentials = Credentials("hcserver", "secret")
    assert folder.credentials() is None
    (folder.path / "db.new").mkdir()
    folder.adopt(credentials, folder.path / "db.new")
    assert folder.credentials() == credentials
    assert (folder.path / "credentials.json").stat().st_mode & 0o777 == 0o600
    folder.discard()
    assert folder.credentials() is None


def test_a_database_without_its_credentials_is_an_error(folder: DataDirectory) -> None:
    folder.database.mkdir()
    with pytest.raises(HcError, match=r"credentials\.json is missing or damaged"):
        folder.credentials()


def test_a_process_that_is_no_database_on_this_folder_does_not_run_on_it(folder: DataDirectory) -> None:
    for pid in (os.getpid(), 0, -1, 2**22 + 1):
        (folder.path / "running.json").write_bytes(msgspec.json.encode(Running(pid, 1, True)))
        assert folder.running() is None
    folder.set_running(None)
    assert not (folder.path / "running.json").exists()


def test_the_last_words_are_the_last_line_of_the_log(folder: DataDirectory) -> None:
    assert folder.last_words() == "its log is empty"
    folder.log.write_text("first\nlast \n\n")
    assert folder.last_words() == "last"


def test_a_large_log_is_renamed(tmp_path: Path) -> None:
    folder = DataDirectory(str(tmp_path))
    folder.log.write_bytes(b"x" * (LOG_BYTES + 1))
    os.close(folder.open_log())
    assert folder.log.stat().st_size == 0
    assert (tmp_path / "embedded.log.1").stat().st_size == LOG_BYTES + 1
