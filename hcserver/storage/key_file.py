"""The file with the keys that encrypt the targets of channels.

It has one key on each line (32 random bytes in base64); empty lines and those that begin with # are ignored.
The first key encrypts. The others only decrypt what was encrypted before a newer key was put before them.
"""

from __future__ import annotations

import base64
import binascii
import fcntl
import hashlib
import logging
import os
import secrets
import stat
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

from hcserver.errors import HcError

log = logging.getLogger(__name__)

KEY_BYTES = 32  # AES-256
_FILE_BYTES = 65_536
_HEADER = (
    "# hcserver encrypts the targets of channels with the first key and decrypts them with any of these.\n"
    "# Keep a copy with your backups: without its key a target can't be recovered.\n"
)


class KeyFileError(HcError):
    """The key file can't be read, can't be written, or is damaged; the text names it and the reason."""


class Key(NamedTuple):
    """A key. `id` is derived from it and stored with what it encrypts."""

    id: str
    secret: bytes


class KeyFile:
    """The keys in the file `path`, which is made when a key is needed for the first time.

    The file is read again when it has changed, so that a running server uses a key that a command has added.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self._keys: tuple[Key, ...] = ()
        self._version: tuple[int, ...] = ()  # of the file from which `_keys` were read

    def current(self) -> Key:
        """The key that encrypts. Raises KeyFileError."""
        if not self.path.exists():
            self._add(unless_exists=True)
        self._refresh()
        if not self._keys:
            raise KeyFileError(f"the key file {self.path} has disappeared")
        return self._keys[0]

    def find(self, id: str) -> Key | None:
        """The key with this id, or None if the file does not have it. Raises KeyFileError."""
        if (key := self._known(id)) is None:
            self._refresh()
            key = self._known(id)
        return key

    def rotate(self) -> Key:
        """Put a new key in front of the others, and return it. Raises KeyFileError."""
        self._add(unless_exists=False)
        return self.current()

    def _known(self, id: str) -> Key | None:
        return next((key for key in self._keys if key.id == id), None)

    def _refresh(self) -> None:
        """Read the file if it has changed. If it is missing, the keys that were read before are kept."""
        try:
            with self.path.open("rb") as file:
                found = os.fstat(file.fileno())
                version = (found.st_ino, found.st_mtime_ns, found.st_size)
                if version != self._version:
                    self._keys = _parse(file.read(_FILE_BYTES))
                    self._version = version
                    if found.st_mode & stat.S_IRWXO:
                        log.warning("every user of this machine can read the key file %s", self.path)
        except FileNotFoundError:
            self._version = ()
        except OSError as error:
            raise KeyFileError(
                f"the key file {self.path} can't be read: {error.strerror or error}"
            ) from error
        except ValueError as error:
            raise KeyFileError(f"the key file {self.path} is damaged: {error}") from error

    def _add(self, *, unless_exists: bool) -> None:
        try:
            self.path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            with _locked(self.path.parent):
                if unless_exists and self.path.exists():
                    return
                self._refresh()
                fresh = Key("", secrets.token_bytes(KEY_BYTES))
                _write(self.path, (fresh, *self._keys))
        except OSError as error:
            raise KeyFileError(
                f"the key file {self.path} can't be written ({error.strerror or error}): name another one "
                "with secrets.key_file"
            ) from error


def _parse(content: bytes) -> tuple[Key, ...]:
    """Raises ValueError for what is no list of keys."""
    keys = []
    for number, line in enumerate(content.splitlines(), 1):
        text = line.strip()
        if not text or text.startswith(b"#"):
            continue
        try:
            secret = base64.b64decode(text, validate=True)
        except binascii.Error:
            secret = b""
        if len(secret) != KEY_BYTES:
            raise ValueError(f"line {number} is no key of {KEY_BYTES} bytes in base64")
        keys.append(Key(_id_of(secret), secret))
    if not keys:
        raise ValueError("it has no keys")
    return tuple(keys)


def _id_of(secret: bytes) -> str:
    return hashlib.sha256(b"hcserver key id" + secret).hexdigest()[:8]


def _write(path: Path, keys: Sequence[Key]) -> None:
    """Replace the file in one step, readable by its owner only. The folder is locked."""
    draft = path.with_name(f"{path.name}.new")
    draft.unlink(missing_ok=True)
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "w", encoding="ascii") as file:
        file.write(_HEADER)
        file.writelines(base64.b64encode(key.secret).decode("ascii") + "\n" for key in keys)
        file.flush()
        os.fsync(descriptor)
    os.replace(draft, path)


@contextmanager
def _locked(folder: Path) -> Iterator[None]:
    """No other process changes the key file meanwhile. Afterwards the change is durable."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_CLOEXEC)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
        os.fsync(descriptor)
    finally:
        os.close(descriptor)  # which also releases the lock
