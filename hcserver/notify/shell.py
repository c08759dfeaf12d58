"""Shell: a command on this machine, one of those that the settings name."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
from collections.abc import Collection
from typing import Final

from hcserver.config.shell_commands import is_name
from hcserver.errors import DeliveryError, InvalidRequest
from hcserver.notify.alert_message import AlertMessage, Receipt
from hcserver.notify.masking import words
from hcserver.notify.payload import placeholders
from hcserver.notify.plain_text import one_line
from hcserver.notify.send_context import SendContext
from hcserver.notify.target_form import TargetField, TargetForm, one_field
from hcserver.notify.targets import MASK, refusal, stripped

NEEDS: Final = (
    "the name of a command that the settings define, such as pager for the section [shell.pager]; the "
    "placeholders of webhooks are variables of its environment"
)
# The only variables of our own environment that a command gets: others may hold passwords.
_INHERITED = ("PATH", "HOME", "LANG")
# Linux accepts at most 131,072 bytes in one variable. A character takes at most four bytes in UTF-8, and
# twelve in JSON.
_VALUE_CHARACTERS = 30_000
_BODY_CHARACTERS = 10_000
_OUTPUT_BYTES = 2000
# Seconds to wait for the last output of a command that has ended: its children may keep the pipe open.
_OUTPUT_SECONDS = 0.5


class Shell:
    """The target is the name of a command in the settings: who may change channels only chooses one."""

    name = "shell"
    needs = NEEDS

    @property
    def form(self) -> TargetForm:
        help = "The name of a command that the server's settings define."
        field = TargetField(name="command", label="Command", help=help, example="pager")
        return one_field("Command", "A command on the server's machine.", field, self.normalise)

    def normalise(self, target: str) -> str:
        target = stripped(target, NEEDS)
        if not is_name(target):
            raise refusal(f"{target[:100]!r} is no name of a command", NEEDS)
        return target

    def require_known(self, name: str, commands: Collection[str]) -> None:
        """Raises InvalidRequest unless a command has this name; the error lists those that there are."""
        if name not in commands:
            known = ", ".join(sorted(commands)) or "none"
            raise InvalidRequest(
                f"there is no command {name!r} in the server's settings, which define: {known}"
            )

    def hosts(self, target: str) -> tuple[str, ...]:
        return ()

    def masked(self, target: str) -> str:
        """A name is no secret. Everything else is a command that a former version has stored."""
        return target if is_name(target) else MASK

    def secrets(self, target: str) -> list[str]:
        return [] if is_name(target) else words(target)

    async def send(self, target: str, alert_message: AlertMessage, context: SendContext) -> Receipt:
        command = context.commands.get(target)
        if command is None:
            raise DeliveryError(
                f"there is no command {self.masked(target)!r} in the server's settings", transient=False
            )
        if os.geteuid() == 0 and not context.notifications.shell_as_root:
            raise DeliveryError(
                "commands are not run as root: run hcserver as a user of its own, or set "
                "notifications.shell_as_root = true",
                transient=False,
            )
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


def _environment(alert_message: AlertMessage) -> dict[str, str]:
    """Values in variables are not parsed by the shell, so that nothing in them can be run."""
    makers = placeholders(alert_message, _BODY_CHARACTERS, full=True)
    values = {name: make() for name, make in makers.items()}
    ours = {
        name: value.replace("\0", "")[: _VALUE_CHARACTERS * 4 if name.endswith("JSON") else _VALUE_CHARACTERS]
        for name, value in values.items()
    }
    return {name: os.environ[name] for name in _INHERITED if name in os.environ} | ours


class _Output(asyncio.Protocol):
    """Keeps the first bytes of the output and drops the rest, so that the command never blocks on it."""

    def __init__(self) -> None:
        self.head = b""
        self.ended = asyncio.Event()

    def data_received(self, data: bytes) -> None:
        self.head += data[: _OUTPUT_BYTES - len(self.head)]

    def connection_lost(self, error: Exception | None) -> None:
        self.ended.set()


async def _run(command: str, environment: dict[str, str]) -> tuple[int, bytes]:
    """The exit status and the beginning of the output. When cancelled, the command's process group is killed.

    asyncio's own pipe would wait until every process that inherited it has ended.
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
