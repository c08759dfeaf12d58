from __future__ import annotations

import asyncio
import json
import os
import time
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hcserver.errors import DeliveryError, InvalidRequest
from hcserver.notify.alert_message import Receipt
from hcserver.notify.send_context import SendContext
from hcserver.notify.shell import Shell, _Output
from tests.hcserver.notify.alert_messages import CHECK, alert_message, check, ping
from tests.hcserver.receivers import making_send_context

SHELL = Shell()


@pytest.fixture
async def context() -> AsyncIterator[SendContext]:
    async with making_send_context(shell=True) as context:
        yield context


async def failing(command: str, context: SendContext) -> DeliveryError:
    with pytest.raises(DeliveryError) as caught:
        await SHELL.send(command, alert_message(), context)
    return caught.value


async def test_commands_are_off_unless_the_settings_say_otherwise(tmp_path: Path) -> None:
    async with making_send_context() as context:
        failed = await failing(f"touch {tmp_path}/run", context)
    assert (failed.transient, os.listdir(tmp_path)) == (False, [])
    assert "notifications.shell" in str(failed)


async def test_a_command_has_the_placeholders_in_its_environment(
    context: SendContext, tmp_path: Path
) -> None:
    command = f'printf "%s|" "$CODE" "$STATUS" "$NAME" "$TAG2" "$EXITSTATUS" "$BODY" > {tmp_path}/out'
    assert await SHELL.send(command, alert_message(last_ping=ping()), context) == Receipt(status=0)
    assert (tmp_path / "out").read_text() == f"{CHECK}|down|Nightly backup|db|3|disk is full\n|"


@pytest.mark.parametrize(
    "name", ["$(touch RUN)", "`touch RUN`", "; touch RUN", "x' \"; touch RUN #", "\n touch RUN"]
)
async def test_nothing_in_a_value_is_run(context: SendContext, tmp_path: Path, name: str) -> None:
    evil = name.replace("RUN", f"{tmp_path}/run")
    told = alert_message(check=check(name=evil, tags=evil), last_ping=ping(body=evil.encode()))
    await SHELL.send('echo "$NAME" $BODY $TAGS "$JSON" > /dev/null', told, context)
    assert os.listdir(tmp_path) == []


async def test_a_command_sees_nothing_of_our_own_environment(
    context: SendContext, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HCSERVER_MONGODB_URI", "mongodb://u:SECRET@h/")
    await SHELL.send(f"env > {tmp_path}/env", alert_message(), context)
    seen = (tmp_path / "env").read_text()
    assert "SECRET" not in seen
    assert "PATH=" in seen


async def test_values_of_any_size_and_kind_fit(context: SendContext) -> None:
    body = "😀".encode() * 500_000 + b"\0"
    told = alert_message(check=check(name="a\0b", desc="é" * 1_000_000), last_ping=ping(body=body))
    assert await SHELL.send("true", told, context) == Receipt(status=0)


async def test_an_exit_status_is_a_failure_that_may_pass(context: SendContext) -> None:
    failed = await failing("echo no such; echo pager >&2; exit 7", context)
    assert (failed.transient, failed.status) == (True, 7)
    assert str(failed) == "the command has ended with exit status 7: no such pager"


async def test_a_signal_is_a_failure_too(context: SendContext) -> None:
    assert str(await failing("kill -9 $$", context)) == "the command has ended with signal 9"


async def test_output_is_bounded_and_never_blocks_the_command(context: SendContext) -> None:
    failed = await failing("head -c 5000000 /dev/zero | tr '\\0' x; exit 1", context)
    assert len(str(failed)) < 300


def test_of_the_output_only_the_head_is_kept() -> None:
    output = _Output()
    for _ in range(10):
        output.data_received(b"x" * 1500)
    assert output.head == b"x" * 2000


async def test_a_command_that_leaves_something_behind_has_ended_all_the_same(
    context: SendContext, tmp_path: Path
) -> None:
    started = time.monotonic()
    await SHELL.send(f"sleep 60 & echo $! > {tmp_path}/pid", alert_message(), context)
    assert time.monotonic() - started < 4
    os.kill(int((tmp_path / "pid").read_text()), 9)


async def test_a_command_is_killed_with_its_children_when_its_time_is_over(tmp_path: Path) -> None:
    async with making_send_context(shell=True, timeout=0.3) as context:
        failed = await failing(f"sleep 60 & echo $! > {tmp_path}/pid; wait", context)
    assert (str(failed), failed.transient) == ("the command has not ended within 0.3 s", True)
    await gone(int((tmp_path / "pid").read_text()))


async def test_a_command_is_killed_with_its_children_when_cancelled(
    context: SendContext, tmp_path: Path
) -> None:
    fifo = tmp_path / "fifo"
    os.mkfifo(fifo)
    reading = os.open(fifo, os.O_RDONLY | os.O_NONBLOCK)
    readable = asyncio.Event()
    asyncio.get_running_loop().add_reader(reading, readable.set)
    task = asyncio.create_task(SHELL.send(f"sleep 60 & echo $! > {fifo}; wait", alert_message(), context))
    await readable.wait()
    asyncio.get_running_loop().remove_reader(reading)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    await gone(int(os.read(reading, 100)))
    os.close(reading)


async def gone(pid: int) -> None:
    for _ in range(300):
        if not runs(pid):
            return
        await asyncio.sleep(0.01)
    raise AssertionError("it still runs")


def runs(pid: int) -> bool:
    """A zombie, which waits for its new parent to look after it, has no command line."""
    try:
        return Path(f"/proc/{pid}/cmdline").read_bytes() != b""
    except (FileNotFoundError, ProcessLookupError):
        return False


async def test_down_and_up_may_have_commands_of_their_own(context: SendContext, tmp_path: Path) -> None:
    both = json.dumps({"down": f"echo d >> {tmp_path}/out", "up": f"echo u >> {tmp_path}/out"})
    for event in ("down", "up", "reminder"):
        await SHELL.send(SHELL.normalise(both), alert_message(event), context)
    assert (tmp_path / "out").read_text() == "d\nu\nd\n"


async def test_where_there_is_no_command_for_the_event_nothing_is_run(context: SendContext) -> None:
    only_down = SHELL.normalise('{"down": "exit 1"}')
    assert await SHELL.send(only_down, alert_message("up"), context) == Receipt(status=None)


async def test_a_stored_target_that_does_not_fit_fails_for_good(context: SendContext) -> None:
    assert (await failing('{"down": 1}', context)).transient is False


@pytest.mark.parametrize(
    ("given", "stored"),
    [(" tell $NAME ", "tell $NAME"), ('{ "up": "a", "down": "" }', '{"up":"a"}')],
)
def test_a_target_is_stored_in_short_form(given: str, stored: str) -> None:
    assert SHELL.normalise(given) == stored


@pytest.mark.parametrize(
    "given", ["", " ", "a\0b", "{", "{}", '{"down": " "}', '{"down": 1}', '{"on": "x"}', '{"up": "\\u0000"}']
)
def test_a_target_that_does_not_fit_is_refused_with_what_would(given: str) -> None:
    with pytest.raises(InvalidRequest, match=": expected a command such as"):
        SHELL.normalise(given)


@pytest.mark.parametrize(
    ("stored", "shown"),
    [
        ("/bin/tell TOKEN", "/bin/tell ****"),
        ("tell", "tell"),
        ("TOKEN=x tell", "**** ****"),
        ('{"down":"a TOKEN"}', '{"down":"a ****"}'),
        ("{TOKEN", "****"),
    ],
)
def test_what_others_see_of_a_command_is_its_program(stored: str, shown: str) -> None:
    assert SHELL.masked(stored) == shown


@given(st.text() | st.text().map("{".__add__))
def test_no_target_raises_anything_else(text: str) -> None:
    SHELL.masked(text)
    try:
        stored = SHELL.normalise(text)
    except InvalidRequest:
        return
    assert SHELL.normalise(stored) == stored
