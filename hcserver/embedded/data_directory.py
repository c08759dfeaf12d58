"""The data folder of the embedded database: its owner, its password, and the process that runs on it.

    db/                the database's files
    db.new/            the files of a database that is being made
    credentials.json   its user and password, made on first use
    running.json       process and port of the database that runs on the folder
    lock               locked (flock) by the hcserver process that owns the folder, for as long as it runs
    embedded.log       the output of the database; embedded.log.1 is the one before
    secantusd.toml     empty, so that SecantusDB does not look for its configuration elsewhere

Only the owner can read these files (mode 0600, folders 0700). Only the owner may write to the folder: whoever
can put files there decides what hcserver runs on.
"""

from __future__ import annotations

import fcntl
import os
import shutil
import stat
import subprocess
import sys
from pathlib import Path
from typing import TypeVar

import msgspec

from hcserver.errors import ConfigError, HcError

T = TypeVar("T")

LOG_BYTES = 1_000_000  # a log that is larger at a start is renamed
_TAIL_BYTES = 4096
_FILE_BYTES = 65_536


class DataDirectoryInUse(HcError):
    """Another hcserver process owns the data folder."""


class Credentials(msgspec.Struct, frozen=True):
    """The one user of the embedded database."""

    user: str
    password: str


class Running(msgspec.Struct, frozen=True):
    """The database process on the folder; with `shared` (a server runs it) commands may use it too."""

    pid: int
    port: int
    shared: bool


class DataDirectory:
    """One data folder. Raises ConfigError when it can't be used."""

    def __init__(self, path: str) -> None:
        self._given = path
        self.path = Path(path).resolve()
        self.database = self.path / "db"
        self.log = self.path / "embedded.log"
        self.config = self.path / "secantusd.toml"
        self._credentials = self.path / "credentials.json"
        self._running = self.path / "running.json"
        self._lock_file = self.path / "lock"
        self._lock: int | None = None

    def prepare(self) -> None:
        """Make the folder if it is missing, and make sure that nobody else can write to it."""
        try:
            self.path.mkdir(mode=0o700, parents=True, exist_ok=True)
        except OSError as error:
            raise self._unusable(error) from error
        self.require_private()

    def require_private(self) -> None:
        """Raises ConfigError if other users can write to the folder; harmless if there is no folder."""
        try:
            found = self.path.stat()
        except FileNotFoundError:
            return
        except OSError as error:
            raise self._unusable(error) from error
        user = os.geteuid()
        if found.st_uid not in (user, 0):
            raise ConfigError(
                f"embedded.path: {self._given!r} belongs to another user (id {found.st_uid}): expected a "
                f"folder of the user that runs hcserver; run `chown -R {user} {self.path}`, or name another"
            )
        if found.st_mode & (stat.S_IWGRP | stat.S_IWOTH):
            raise ConfigError(
                f"embedded.path: other users can write to {self._given!r} (mode "
                f"{found.st_mode & 0o777:04o}): expected a folder that only its owner can write to; "
                f"run `chmod go-w {self.path}`, or name a folder that does not exist yet"
            )

    def try_lock(self) -> None:
        """Own the folder until `unlock` or until the process ends. Raises DataDirectoryInUse."""
        try:
            lock = os.open(self._lock_file, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        except OSError as error:
            raise self._unusable(error) from error
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            owner = os.read(lock, 32).decode("ascii", "replace").strip()
            os.close(lock)
            raise DataDirectoryInUse(
                f"another hcserver (process {owner or 'unknown'}) is using the folder {self.path}: "
                "stop it first, or give this one another embedded.path"
            ) from None
        self._lock = lock
        try:
            os.ftruncate(lock, 0)
            os.write(lock, f"{os.getpid()}\n".encode())
            self._write(self.config, b"# Empty on purpose: every option is on the command line.\n")
        except OSError as error:
            self.unlock()
            raise self._unusable(error) from error

    def unlock(self) -> None:
        """Release the folder; harmless when it isn't owned."""
        if self._lock is not None:
            os.close(self._lock)
            self._lock = None

    def credentials(self) -> Credentials | None:
        """The user and password; None if the folder has no database. Raises HcError when they are lost."""
        found = self._read(self._credentials, Credentials)
        if not self.database.exists():
            return None
        if found is None:
            raise HcError(
                f"{self._credentials} is missing or damaged: without its password the database in "
                f"{self.database} can't be used; restore the file, or move the folder away to start afresh"
            )
        return found

    def adopt(self, credentials: Credentials, fresh: Path) -> None:
        """Make the files in `fresh` the folder's database; `credentials` is its user."""
        self._write(self._credentials, msgspec.json.encode(credentials))
        os.replace(fresh, self.database)
        _sync(self.path)

    def discard(self) -> None:
        """Remove the database and its password."""
        shutil.rmtree(self.database)
        self._credentials.unlink()

    def running(self) -> Running | None:
        """The database process that runs on the folder now, or None."""
        found = self._read(self._running, Running)
        return found if found is not None and self._is_ours(found.pid) else None

    def set_running(self, running: Running | None) -> None:
        """Record the database process, or that there is none."""
        if running is None:
            self._running.unlink(missing_ok=True)
        else:
            self._write(self._running, msgspec.json.encode(running))

    def open_log(self) -> int:
        """A file descriptor that appends to the database's log; a large log is renamed first."""
        if self.log.exists() and self.log.stat().st_size > LOG_BYTES:
            os.replace(self.log, self.log.with_name("embedded.log.1"))
        return os.open(self.log, os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC, 0o600)

    def last_words(self) -> str:
        """The last line of the database's log."""
        try:
            with self.log.open("rb") as file:
                file.seek(max(0, self.log.stat().st_size - _TAIL_BYTES))
                lines = file.read().decode("utf-8", "replace").split("\n")
        except OSError:
            lines = []
        return next((line.strip() for line in reversed(lines) if line.strip()), "its log is empty")

    def _is_ours(self, pid: int) -> bool:
        """Whether the process is a database on this folder: its id may belong to another process by now."""
        words = _command_line(pid)
        return "secantus" in words and os.fspath(self.database) in words

    def _read(self, file: Path, kind: type[T]) -> T | None:
        try:
            with file.open("rb") as opened:
                return msgspec.json.decode(opened.read(_FILE_BYTES), type=kind)
        except (FileNotFoundError, msgspec.DecodeError):
            return None
        except OSError as error:
            raise self._unusable(error) from error

    def _write(self, file: Path, content: bytes) -> None:
        """Write all or nothing, readable by the owner only."""
        draft = file.with_name(f"{file.name}.new")
        draft.unlink(missing_ok=True)
        descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(descriptor, "wb") as opened:
            opened.write(content)
            opened.flush()
            os.fsync(descriptor)
        os.replace(draft, file)

    def _unusable(self, error: OSError) -> ConfigError:
        return ConfigError(
            f"embedded.path: {self._given!r} can't be used ({error.strerror or error}): expected a folder "
            "that this user may write to; or set mongodb.uri"
        )


def _command_line(pid: int) -> list[str]:
    """The arguments of a running process's command line; empty when there is no such process."""
    if pid <= 0:
        return []
    if sys.platform == "linux":
        try:
            return Path(f"/proc/{pid}/cmdline").read_bytes().decode("utf-8", "surrogateescape").split("\0")
        except OSError:
            return []
    found = subprocess.run(
        ["ps", "-ww", "-o", "command=", "-p", str(pid)], capture_output=True, text=True, check=False
    )
    return found.stdout.split()


def _sync(folder: Path) -> None:
    """Make renames in `folder` durable."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
