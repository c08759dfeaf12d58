"""Making a new database, with somebody on the same machine who watches for the moment to get in."""

from __future__ import annotations

import os
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from pymongo import MongoClient
from pymongo.errors import PyMongoError

from hcserver.config.schema import EmbeddedSettings
from hcserver.embedded import provisioning
from hcserver.embedded.data_directory import DataDirectory
from hcserver.embedded.database import EmbeddedDatabase
from hcserver.errors import HcError
from hcserver.storage import administration
from tests.hcserver.embedded.running import connected, started

LISTENING = "0A"  # state of a socket in /proc/net/tcp, see proc(5)


class Watcher(threading.Thread):
    """Finds the database in the list of processes; plants a key and a user on every port that it opens."""

    def __init__(self, folder: Path) -> None:
        super().__init__(daemon=True)
        self.ended = threading.Event()
        self.ports: set[int] = set()
        self.planted: list[str] = []
        self.sockets: set[tuple[str, int]] = set()  # path, and mode of the folder
        self._folder = f"{folder}/"

    def run(self) -> None:
        while not self.ended.is_set():
            for process in Path("/proc").glob("[0-9]*"):
                try:
                    words = (process / "cmdline").read_bytes().decode("utf-8", "replace").split("\0")
                    if any(word.startswith(self._folder) for word in words) and "--storage-path" in words:
                        self._look_at(process, words)
                except OSError:
                    continue  # it has ended meanwhile

    def _look_at(self, process: Path, words: list[str]) -> None:
        for word in words:
            if word.endswith(".sock") and os.path.exists(word):
                self.sockets.add((word, Path(word).parent.stat().st_mode & 0o777))
        for port in _ports_of(process):
            self.ports.add(port)
            self._attack(port)

    def _attack(self, port: int) -> None:
        uri = f"mongodb://127.0.0.1:{port}/?directConnection=true"
        with MongoClient[dict[str, Any]](uri, timeoutMS=300, serverSelectionTimeoutMS=300) as eve:
            for what, plant in (
                ("key", lambda: eve.hcserver.admin_keys.insert_one({"_id": uuid4().hex})),
                ("user", lambda: eve.admin.command("createUser", uuid4().hex, pwd="eve", roles=["root"])),
            ):
                try:
                    plant()
                except PyMongoError:
                    continue
                self.planted.append(what)


def _ports_of(process: Path) -> set[int]:
    """The TCP ports on which a process listens."""
    inodes = {os.readlink(one) for one in (process / "fd").iterdir()}
    lines = [line.split() for line in (process / "net" / "tcp").read_text().splitlines()[1:]]
    return {
        int(words[1].partition(":")[2], 16)
        for words in lines
        if words[3] == LISTENING and f"socket:[{words[9]}]" in inodes
    }


def _exists(path: str) -> bool:
    return os.path.exists(path)


@contextmanager
def watching(folder: Path) -> Iterator[Watcher]:
    watcher = Watcher(folder)
    watcher.start()
    try:
        yield watcher
    finally:
        watcher.ended.set()
        watcher.join()


@pytest.mark.skipif(sys.platform != "linux", reason="the watcher reads /proc")
async def test_somebody_who_watches_the_first_start_finds_no_open_database(tmp_path: Path) -> None:
    folder = tmp_path / "data"
    with watching(folder) as watcher:
        async with started(EmbeddedSettings(path=str(folder))) as uri:
            with connected(uri) as client:
                users = [user["_id"] for user in client.admin["system.users"].find()]
                keys = client.hcserver.admin_keys.count_documents({})
    assert len(watcher.ports) == 1  # the one that asks for a password
    assert watcher.planted == []
    assert (users, keys) == (["admin.hcserver"], 0)
    # Without a password it listens on a socket in a folder that nobody else can enter.
    assert {mode for _, mode in watcher.sockets} == {0o700}
    assert not [socket for socket, _ in watcher.sockets if _exists(socket)]


@pytest.mark.parametrize("intrusion", ["user", "document"])
async def test_a_new_database_in_which_somebody_else_has_written_is_removed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, intrusion: str
) -> None:
    create_user = administration.create_user

    def intrude(uri: str, name: str, password: str) -> None:
        create_user(uri, name, password)
        if intrusion == "user":
            create_user(uri, "eve", "eve")
        else:
            with connected(uri) as eve:
                eve.hcserver.admin_keys.insert_one({"_id": "eve"})

    monkeypatch.setattr(administration, "create_user", intrude)
    settings = EmbeddedSettings(path=str(tmp_path / "data"))
    found = {
        "user": r"let in the users admin\.eve, admin\.hcserver, not only .*: it was removed again",
        "document": r"let in somebody who has made the databases hcserver: it was removed again",
    }
    with pytest.raises(HcError, match=found[intrusion]):
        await EmbeddedDatabase(settings).start(wait=0)
    monkeypatch.undo()
    async with started(settings):
        pass


async def test_a_database_that_asks_for_no_password_is_not_used(
    settings: EmbeddedSettings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(administration, "asks_for_password", lambda _uri: False)
    with pytest.raises(HcError, match=r"lets in everybody, without a password: .* so it is not used"):
        await EmbeddedDatabase(settings).start(wait=0)
    assert DataDirectory(settings.path).database.exists()


async def test_files_of_a_database_that_was_never_finished_are_replaced(tmp_path: Path) -> None:
    draft = tmp_path / "data" / "db.new"
    draft.mkdir(parents=True)
    (tmp_path / "data").chmod(0o700)
    (draft / "WiredTiger").write_bytes(b"nonsense")
    async with started(EmbeddedSettings(path=str(tmp_path / "data"))):
        assert not draft.exists()


def test_the_uri_of_a_socket_has_its_path_escaped() -> None:
    assert provisioning.socket_uri(Path("/tmp/a b/db.sock")).startswith(
        "mongodb://%2Ftmp%2Fa%20b%2Fdb.sock/?"
    )
