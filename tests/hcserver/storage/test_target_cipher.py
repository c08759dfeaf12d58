from __future__ import annotations

from pathlib import Path
from typing import Any
from uuid import uuid4

import bson
import pytest

from hcserver.storage.client import CODEC
from hcserver.storage.key_file import KeyFile
from hcserver.storage.target_cipher import TargetCipher, Undecryptable

TARGET = "https://user:pässword@example.org/hook"


@pytest.fixture
def cipher(tmp_path: Path) -> TargetCipher:
    return TargetCipher(KeyFile(tmp_path / "secrets.key"))


def test_an_encrypted_target_shows_nothing_and_comes_back(cipher: TargetCipher) -> None:
    channel = uuid4()
    stored = cipher.encrypt(channel, TARGET)
    assert stored["key"] == cipher.current_key()
    assert b"example" not in bson.encode(stored)
    assert cipher.decrypt(channel, stored) == TARGET


def test_the_same_target_is_never_encrypted_in_the_same_way(cipher: TargetCipher) -> None:
    channel = uuid4()
    one, two = cipher.encrypt(channel, TARGET), cipher.encrypt(channel, TARGET)
    assert one["nonce"] != two["nonce"]
    assert one["ciphertext"] != two["ciphertext"]


def test_a_target_in_clear_is_read_as_it_is(cipher: TargetCipher) -> None:
    assert cipher.decrypt(uuid4(), TARGET) == TARGET


def test_a_target_can_not_be_moved_to_another_channel(cipher: TargetCipher) -> None:
    stored = cipher.encrypt(uuid4(), TARGET)
    with pytest.raises(Undecryptable, match="its target is damaged"):
        cipher.decrypt(uuid4(), stored)


@pytest.mark.parametrize(
    "change",
    [
        {"ciphertext": b"x" * 40},
        {"ciphertext": b""},
        {"nonce": b""},
        {"nonce": None},
        {"key": 1},
    ],
)
def test_a_damaged_target_is_an_error_of_its_own(cipher: TargetCipher, change: dict[str, Any]) -> None:
    channel = uuid4()
    with pytest.raises(Undecryptable, match="its target is damaged"):
        cipher.decrypt(channel, {**cipher.encrypt(channel, TARGET), **change})


@pytest.mark.parametrize("stored", [None, 1, {}, {"key": "12345678"}])
def test_what_is_no_target_at_all_is_damaged(cipher: TargetCipher, stored: object) -> None:
    with pytest.raises(Undecryptable, match="its target is damaged"):
        cipher.decrypt(uuid4(), stored)


def test_a_missing_key_is_named(cipher: TargetCipher, tmp_path: Path) -> None:
    channel = uuid4()
    stored = cipher.encrypt(channel, TARGET)
    other = TargetCipher(KeyFile(tmp_path / "other.key"))
    with pytest.raises(Undecryptable, match=f"the key file has no key {stored['key']}; restore the file"):
        other.decrypt(channel, stored)


def test_a_key_file_that_can_not_be_used_is_the_reason(cipher: TargetCipher, tmp_path: Path) -> None:
    channel = uuid4()
    stored = cipher.encrypt(channel, TARGET)
    (tmp_path / "secrets.key").write_text("damaged")
    with pytest.raises(Undecryptable, match=r"can't be decrypted: the key file .* is damaged"):
        TargetCipher(KeyFile(tmp_path / "secrets.key")).decrypt(channel, stored)


def test_an_encoded_document_is_put_in_clear_with_all_its_other_fields(cipher: TargetCipher) -> None:
    channel = uuid4()
    fields = {"_id": channel, "kind": "webhook", "events": ["down"], "delay": 2**40}
    stored = {**fields, "target": cipher.encrypt(channel, TARGET)}
    clear = cipher.in_clear(bson.encode(stored, codec_options=CODEC))
    assert bson.decode(clear, CODEC) == {**fields, "target": TARGET}
    assert cipher.in_clear(clear) == clear


def test_a_document_that_can_not_be_put_in_clear_is_named(cipher: TargetCipher) -> None:
    channel = uuid4()
    document = bson.encode({"_id": channel, "target": cipher.encrypt(uuid4(), TARGET)}, codec_options=CODEC)
    with pytest.raises(Undecryptable, match=f"channel {channel}: its target is damaged"):
        cipher.in_clear(document)
