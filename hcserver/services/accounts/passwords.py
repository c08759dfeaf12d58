"""Hashing passwords with Argon2, outside the event loop."""

from __future__ import annotations

import asyncio
import os
import sys
import threading
from base64 import b64encode
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Final, TypeVar

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

from hcserver.errors import Unavailable

# Twice the work of the first choice for Argon2id in OWASP's Password Storage Cheat Sheet. One lane: several
# would take all processors from the event loop. The memory in KiB.
_MEMORY: Final = 47_104
_PASSES: Final = 2
_LANES: Final = 1
_HASH_BYTES: Final = 32
_SALT_BYTES: Final = 16

T = TypeVar("T")

AT_ONCE: Final = 2  # passwords that are hashed at a time, in 46 MiB each
MAX_WAITING: Final = 20  # that wait for it, a second or so; beyond it nobody would wait any longer
_NICENESS: Final = (
    5  # by which the threads that hash are nicer than the server: whoever signs in may wait, pings may not
)


class Passwords:
    """Makes and verifies hashes, few at a time."""

    def __init__(self) -> None:
        self._hasher = PasswordHasher(_PASSES, _MEMORY, _LANES, _HASH_BYTES, _SALT_BYTES)
        self._threads = ThreadPoolExecutor(AT_ONCE, "passwords", _be_nice)
        self._free = asyncio.Semaphore(AT_ONCE)
        self._waiting = 0

    def close(self) -> None:
        """Let the threads end."""
        self._threads.shutdown(wait=False, cancel_futures=True)

    async def hash(self, password: str) -> str:
        """Raises Unavailable if too many wait."""
        return await self._run(lambda: self._hasher.hash(_bytes(password)))

    async def verify(self, password_hash: str | None, password: str) -> bool:
        """Whether the hash was made of the password. None, of which none was made, takes as long as a hash.

        Raises Unavailable if too many wait.
        """
        return await self._run(lambda: self._verify(password_hash or UNKNOWN, password))

    def _verify(self, password_hash: str, password: str) -> bool:
        try:
            return self._hasher.verify(password_hash, _bytes(password))
        except (VerificationError, InvalidHashError):
            return False

    async def _run(self, work: Callable[[], T]) -> T:
        if self._waiting >= MAX_WAITING:
            raise Unavailable("too many people sign in at the moment, try again")
        self._waiting += 1
        try:
            await self._free.acquire()
        finally:
            self._waiting -= 1
        try:
            return await asyncio.get_running_loop().run_in_executor(self._threads, work)
        finally:
            self._free.release()


def _be_nice() -> None:
    """Let others go first. Linux has a priority for each thread, other systems one for all of them."""
    if sys.platform == "linux":
        thread = threading.get_native_id()
        own = os.getpriority(os.PRIO_PROCESS, thread)
        os.setpriority(os.PRIO_PROCESS, thread, min(19, own + _NICENESS))


def _bytes(password: str) -> bytes:
    """The password in UTF-8, as far as it has characters that UTF-8 knows."""
    return password.encode("utf-8", "surrogatepass")


def _encoded(count: int) -> str:
    """So many zero bytes, as they stand in a hash."""
    return b64encode(bytes(count)).decode().rstrip("=")


# A hash of no known password, which takes as long as any other.
UNKNOWN: Final = (
    f"$argon2id$v=19$m={_MEMORY},t={_PASSES},p={_LANES}${_encoded(_SALT_BYTES)}${_encoded(_HASH_BYTES)}"
)
