"""One SecantusDB process: how it is started, and how it is ended."""

from __future__ import annotations

import asyncio
import contextlib
import importlib.util
import os
import signal
import socket
import sys
from collections.abc import Awaitable, Callable
from pathlib import Path

from hcserver.config.schema import EmbeddedSettings
from hcserver.embedded import parent_death, private_socket
from hcserver.embedded.data_directory import DataDirectory
from hcserver.errors import ConfigError, HcError

HOST = "127.0.0.1"

# All in seconds.
POLL = 0.01
START_LIMIT = 120.0  # after a crash, the recovery of a long log takes time
STOP_LIMIT = 5.0
SIGNAL_INTERVAL = 0.25

Connect = Callable[[], Awaitable[tuple[asyncio.StreamReader, asyncio.StreamWriter]]]


def on_port(port: int) -> Connect:
    """Connects to a database that listens on a TCP port."""
    return lambda: asyncio.open_connection(HOST, port)


def on_socket(path: Path) -> Connect:
    """Connects to a database that listens on a Unix socket."""
    return lambda: asyncio.open_unix_connection(path)


class DatabaseProcess:
    """A SecantusDB process of ours, from `spawn` to `stop`."""

    def __init__(self, process: asyncio.subprocess.Process, folder: DataDirectory, connect: Connect) -> None:
        self._process = process
        self._folder = folder
        self._connect = connect

    @classmethod
    async def spawn(cls, folder: DataDirectory, command: list[str], connect: Connect) -> DatabaseProcess:
        """Start `command`, whose output goes to the log of the folder. Raises OSError."""
        output = folder.open_log()
        try:
            process = await asyncio.create_subprocess_exec(
                *command,
                stdin=asyncio.subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                env={name: value for name, value in os.environ.items() if not name.startswith("HCSERVER_")},
                # A session of its own: Ctrl-C in the terminal reaches only us, and the database ends last.
                start_new_session=True,
            )
        finally:
            os.close(output)
        return cls(process, folder, connect)

    @property
    def pid(self) -> int:
        return self._process.pid

    async def wait(self) -> int:
        """Wait for its end and return its exit status."""
        return await self._process.wait()

    async def until_listening(self) -> None:
        """Wait until it listens. Raises HcError if it ends instead, or is not ready within START_LIMIT."""
        try:
            async with asyncio.timeout(START_LIMIT):
                while self._process.returncode is None:
                    if await nudge(self._connect):
                        return
                    await asyncio.sleep(POLL)
        except TimeoutError:
            await self.stop()
            raise HcError(
                f"the embedded database did not start within {START_LIMIT:g} s; see {self._folder.log}"
            ) from None
        raise HcError(
            f"the embedded database ended at once (exit status {self._process.returncode}): "
            f"{self._folder.last_words()}; see {self._folder.log}"
        )

    async def stop(self) -> None:
        """End it, by force after STOP_LIMIT: nothing is lost then, because every write is synced."""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(STOP_LIMIT):
                await self._ask_to_end()
        if self._process.returncode is None:
            send_signal(self.pid, signal.SIGKILL)
            await self._process.wait()

    async def _ask_to_end(self) -> None:
        loop = asyncio.get_running_loop()
        again = loop.time()
        while self._process.returncode is None:
            # On a busy machine the process has been seen to run its signal handler only at the next signal.
            if loop.time() >= again:
                send_signal(self.pid, signal.SIGTERM)
                again = loop.time() + SIGNAL_INTERVAL
            await nudge(self._connect)
            await asyncio.sleep(POLL)


def require_installed() -> None:
    """Raises ConfigError when SecantusDB is not installed."""
    # Only looked up, never imported: it is under the GPL.
    if importlib.util.find_spec("secantus") is None:
        raise ConfigError(
            "mongodb.uri is empty and the embedded database isn't installed: "
            "pip install SecantusDB, or set mongodb.uri"
        )


def public_command(settings: EmbeddedSettings, folder: DataDirectory, port: int) -> list[str]:
    """The command that runs the folder's database on a TCP port, with a password."""
    address = ["--host", HOST, "--port", str(port), "--auth"]
    return _with_owner(["-m", "secantus", *_options(settings, folder, folder.database), *address])


def private_command(
    settings: EmbeddedSettings, folder: DataDirectory, database: Path, socket: Path
) -> list[str]:
    """The command that runs the database in `database` on a Unix socket, without a password."""
    script = [os.path.abspath(private_socket.__file__), os.fspath(socket)]
    return _with_owner([*script, *_options(settings, folder, database)])


def _options(settings: EmbeddedSettings, folder: DataDirectory, database: Path) -> list[str]:
    places = ["--config", os.fspath(folder.config), "--storage-path", os.fspath(database)]
    # Without --sync-on-commit a crash loses acknowledged writes.
    # --standalone: nobody reads change streams, and writes without their log take about 20 % less time.
    durable = ["--sync-on-commit", "--standalone"]
    return [*places, "--cache-size", settings.cache_size, *durable, "--log-level", "WARNING"]


def _with_owner(arguments: list[str]) -> list[str]:
    """The command for Python with `arguments`, with private files; on Linux it ends with us."""
    # -P: a folder named "secantus" in the working directory is not the package.
    python = ["-P", *arguments]
    return [sys.executable, "-I", "-S", os.path.abspath(parent_death.__file__), str(os.getpid()), *python]


def send_signal(pid: int, number: signal.Signals) -> None:
    """Send a signal; harmless when the process has ended."""
    # Not Process.send_signal, which may reap the process before asyncio's watcher does.
    with contextlib.suppress(ProcessLookupError):
        os.kill(pid, number)


async def nudge(connect: Connect) -> bool:
    """Connect and hang up; returns whether something listens there.

    SecantusDB notices a signal to end when its accept(2) returns, otherwise after 2 s.
    """
    try:
        _, writer = await connect()
    except OSError:
        return False
    writer.close()
    with contextlib.suppress(OSError):
        await writer.wait_closed()
    return True


def free_port() -> int:
    """A TCP port on which nothing listens at this moment."""
    with socket.socket() as probe:
        probe.bind((HOST, 0))
        port: int = probe.getsockname()[1]
        return port
