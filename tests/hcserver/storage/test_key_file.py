from __future__ import annotations

import base64
import logging
import os
import secrets
import stat
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from hcserver.storage.key_file import KEY_BYTES, KeyFile, KeyFileError


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "data" / "secrets.key"


def test_the_file_is_made_for_its_owner_only_when_a_key_is_needed(path: Path) -> None:
    file = KeyFile(path)
    assert file.find("12345678") is None
    assert not path.exists()
    key = file.current()
    assert len(key.secret) == KEY_BYTES
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700
    assert os.listdir(path.parent) == [path.name]


def test_every_process_gets_the_same_key_also_when_all_begin_at_once(path: Path) -> None:
    with ThreadPoolExecutor(8) as pool:
        keys = list(pool.map(lambda _: KeyFile(path).current(), range(40)))
    assert len(set(keys)) == 1


def test_a_rotation_puts_a_new_key_before_the_old_ones_which_still_decrypt(path: Path) -> None:
    old = KeyFile(path).current()
    new = KeyFile(path).rotate()
    again = KeyFile(path)
    assert again.current() == new != old
    assert again.find(old.id) == old


def test_no_key_is_lost_when_two_processes_rotate_at_once(path: Path) -> None:
    with ThreadPoolExecutor(4) as pool:
        made = list(pool.map(lambda _: KeyFile(path).rotate(), range(12)))
    assert [KeyFile(path).find(key.id) for key in made] == made


def test_a_running_process_uses_the_key_that_another_one_has_added(path: Path) -> None:
    server = KeyFile(path)
    server.current()
    new = KeyFile(path).rotate()
    assert server.find(new.id) == new
    assert server.current() == new


def test_a_file_that_was_removed_is_written_anew_with_the_keys_that_are_known(path: Path) -> None:
    server = KeyFile(path)
    old = server.current()
    path.unlink()
    assert server.find(old.id) == old
    server.current()
    assert KeyFile(path).find(old.id) == old


def test_a_file_written_by_hand_may_have_comments_and_empty_lines(path: Path) -> None:
    secret = secrets.token_bytes(KEY_BYTES)
    path.parent.mkdir()
    path.write_bytes(b"# ours\r\n\r\n" + base64.b64encode(secret) + b"\r\n")
    assert KeyFile(path).current().secret == secret


@pytest.mark.parametrize(
    ("content", "problem"),
    [
        (b"", "it has no keys"),
        (b"# nothing\n", "it has no keys"),
        (b"# one\nshort\n", "line 2 is no key of 32 bytes in base64"),
        (b"\xff\xfe\n", "line 1 is no key"),
        (base64.b64encode(bytes(31)), "line 1 is no key"),
    ],
)
def test_a_damaged_file_is_refused_and_never_overwritten(path: Path, content: bytes, problem: str) -> None:
    path.parent.mkdir()
    path.write_bytes(content)
    match = f"secrets.key is damaged: {problem}"
    with pytest.raises(KeyFileError, match=match):
        KeyFile(path).current()
    with pytest.raises(KeyFileError, match=match):
        KeyFile(path).rotate()
    with pytest.raises(KeyFileError, match=match):
        KeyFile(path).find("12345678")
    assert path.read_bytes() == content


def test_a_file_that_can_not_be_read_or_made_is_an_error_that_names_it(tmp_path: Path) -> None:
    with pytest.raises(KeyFileError, match=rf"{tmp_path} can't be read: Is a directory"):
        KeyFile(tmp_path).current()
    (tmp_path / "file").touch()
    with pytest.raises(KeyFileError, match=r"file/secrets\.key can't be written .*secrets\.key_file"):
        KeyFile(tmp_path / "file" / "secrets.key").current()


def test_a_file_that_everybody_can_read_is_warned_of(path: Path, caplog: pytest.LogCaptureFixture) -> None:
    KeyFile(path).current()
    assert caplog.text == ""
    path.chmod(0o604)
    with caplog.at_level(logging.WARNING):
        KeyFile(path).current()
    assert "every user of this machine can read the key file" in caplog.text
