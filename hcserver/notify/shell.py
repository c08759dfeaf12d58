"""Shell: a command on this machine."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
from typing import Final

import msgspec

from hcserver.errors import DeliveryError, InvalidRequest
from hcserver.notify.alert_message import AlertMessage, Receipt
from hcserver.notify.body_preview import one_line
from hcserver.notify.payload import placeholders
from hcserver.notify.send_context import SendContext
from hcserver.notify.targets import MASK, decoded, encoded, refusal, stripped

NEEDS: Final = (
    'a command such as "/usr/local/bin/tell \\"$NAME\\" $STATUS", or a JSON object such as '
    '{"down": "…", "up": "…"}; the placeholders of webhooks are variables of its environment'
)
# All that a command sees of our own environment, which may hold passwords.
_INHERITED = ("PATH", "HOME", "USER", "LANG", "LC_ALL", "TZ")
# Linux takes no more than 131,072 bytes in one variable; a character has at most four of them in UTF-8, and
# twelve in JSON.
_VALUE_CHARACTERS = 30_000
_BODY_CHARACTERS = 10_000
_OUTPUT_BYTES = 2000
# Seconds to wait for the last output of a command that has ended; others may hold it open.
_OUTPUT_SECONDS = 0.5


class Commands(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True):
    """ "up" is for good news, "down" for everything else."""

    down: str = ""
    up: str = ""


class Shell:
    name = "shell"
    needs = NEEDS

    def normalise(self, target: str) -> str:
        target = stripped(target, NEEDS)
        commands = _parse(target)
        if not commands.down.strip() and not commands.up.strip():
            raise refusal("the target has no command in it", NEEDS)
        if "\0" in commands.down or "\0" in commands.up:
            raise refusal("the command has a NUL in it", NEEDS)
        return encoded(commands) if target.startswith("{") else target

    def masked(self, target: str) -> str:
        """Arguments may hold credentials; the program's name is enough to recognise the command."""
        try:
            commands = _parse(target)
        except InvalidRequest:
            return MASK
        if not target.startswith("{"):
            return _program(target)
        return encoded(Commands(down=_program(commands.down), up=_program(commands.up)))

    async def send(self, target: str, alert_message: AlertMessage, context: SendContext) -> Receipt:
        if not context.notifications.shell:
            raise DeliveryError("commands are off: see the setting notifications.shell", transient=False)
        try:
            commands = _parse(target)
        except InvalidRequest as error:
            raise DeliveryError(str(error), transient=False) from error
        command = commands.up if alert_message.up else commands.down
        if not command:
            return Receipt()
        limit = context.notifications.timeout
        try:
            async with asyncio.timeout(limit):
                status, output = await _run(command, _environment(alert_message))
        except TimeoutError as error:
            raise DeliveryError(f"the command has not ended within {limit:g} s", transient=True) from error
        except (OSError, ValueError) as error:
            raise DeliveryError(f"the command could not be started: {error}", transient=True) from error
        if status != 0:
            raise DeliveryError(_complaint(status, output), transient=True, status=status)
        return Receipt(status=status)


def _parse(target: str) -> Commands:
    if target.startswith("{"):
        return decoded(target, Commands, NEEDS)
    return Commands(down=target, up=target)


def _program(command: str) -> str:
    words = command.split()
    if not words:
        return ""
    program = MASK if "=" in words[0] else words[0]
    return program if len(words) == 1 else f"{program} {MASK}"


def _environment(alert_message: AlertMessage) -> dict[str, str]:
    """Values go around the shell's own reading of the command, so that nothing in them can be run."""
    values = placeholders(alert_message, _BODY_CHARACTERS)
    ours = {
        name: value.replace("\0", "")[: _VALUE_CHARACTERS * 4 if name.endswith("JSON") else _VALUE_CHARACTERS]
        for name, value in values.items()
    }
    return {name: os.environ[name] for name in _INHERITED if name in os.environ} | ours


class _Output(asyncio.Protocol):
    """Keeps the first bytes and lets the rest go, so that the command never waits for us."""

    def __init__(self) -> None:
        self.head = b""
        self.ended = asyncio.Event()

    def data_received(self, data: bytes) -> None:
        self.head += data[: _OUTPUT_BYTES - len(self.head)]

    def connection_lost(self, error: Exception | None) -> None:
        self.ended.set()


async def _run(command: str, environment: dict[str, str]) -> tuple[int, bytes]:
    """Exit status and the head of the output. Cancelled, it ends everything that the command has started.

    The pipe is our own: asyncio's waits for the end of all that the command leaves behind.
    """
    reading, writing = os.pipe()
    try:
        transport, output = await asyncio.get_running_loop().connect_read_pipe(
            _Output, os.fdopen(reading, "rb", 0)
        )
        process = await asyncio.create_subprocess_exec(
            *("/bin/sh", "-c", command),
            stdin=asyncio.subprocess.DEVNULL,
            stdout=writing,
            stderr=writing,
            env=environment,
            start_new_session=True,
        )
    finally:
        os.close(writing)
    try:
        status = await _ended(process)
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(_OUTPUT_SECONDS):
                await output.ended.wait()
        return status, output.head
    finally:
        transport.close()


async def _ended(process: asyncio.subprocess.Process) -> int:
    try:
        return await process.wait()
    except asyncio.CancelledError:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        await process.wait()
        raise


def _complaint(status: int, output: bytes) -> str:
    ended = f"exit status {status}" if status > 0 else f"signal {-status}"
    said = one_line(output.decode("utf-8", "replace"))
    return f"the command has ended with {ended}" + (f": {said}" if said else "")
