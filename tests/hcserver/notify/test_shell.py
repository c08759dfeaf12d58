from __future__ import annotations

import asyncio
import os
import time
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hcserver.errors import DeliveryError, InvalidRequest
from hcserver.notify.alert_message import AlertMessage, Receipt
from hcserver.notify.send_context import SendContext
from hcserver.notify.shell import Shell, _Output
from tests.hcserver.notify.alert_messages import CHECK, alert_message, check, ping
from tests.hcserver.receivers import making_send_context

SHELL = Shell()


@pytest.fixture
async def context() -> AsyncIterator[SendContext]:
    async with making_send_context() as context:
        yield context


async def running(command: str, alert_message: AlertMessage, context: SendContext) -> Receipt:
    """Send by a channel that has chosen this command."""
    return await SHELL.send("it", alert_message, replace(context, commands={"it": command}))


async def failing(command: str, context: SendContext) -> DeliveryError:
    with pytest.raises(DeliveryError) as caught:
        await running(command, alert_message(), context)
    return caught.value


async def test_a_target_that_is_a_command_itself_is_never_run(context: SendContext, tmp_path: Path) -> None:
    with pytest.raises(DeliveryError) as caught:
        await SHELL.send(f"touch {tmp_path}/run", alert_message(), context)
    assert (caught.value.transient, os.listdir(tmp_path)) == (False, [])
    assert str(caught.value) == "there is no command '****' in the server's settings"


async def test_as_root_nothing_is_run_unless_the_settings_allow_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(os, "geteuid", lambda: 0)
    async with making_send_context(shell_as_root=False) as context:
        failed = await failing(f"touch {tmp_path}/run", context)
        assert (failed.transient, os.listdir(tmp_path)) == (False, [])
        assert "notifications.shell_as_root" in str(failed)
        monkeypatch.setattr(os, "geteuid", lambda: 1000)
        assert await running("true", alert_message(), context) == Receipt(status=0)


async def test_a_command_has_the_placeholders_in_its_environment(
    context: SendContext, tmp_path: Path
) -> None:
    command = f'printf "%s|" "$CODE" "$STATUS" "$NAME" "$TAG2" "$EXITSTATUS" "$BODY" > {tmp_path}/out'
    assert await running(command, alert_message(last_ping=ping()), context) == Receipt(status=0)
    assert (tmp_path / "out").read_text() == f"{CHECK}|down|Nightly backup|db|3|disk is full\n|"


@pytest.mark.parametrize(
    "name", ["$(touch RUN)", "`touch RUN`", "; touch RUN", "x' \"; touch RUN #", "\n touch RUN"]
)
async def test_nothing_in_a_value_is_run(context: SendContext, tmp_path: Path, name: str) -> None:
    evil = name.replace("RUN", f"{tmp_path}/run")
    told = alert_message(check=check(name=evil, tags=evil), last_ping=ping(body=evil.encode()))
    await running('echo "$NAME" $BODY $TAGS "$JSON" > /dev/null', told, context)
    assert os.listdir(tmp_path) == []


async def test_of_our_own_environment_a_command_gets_three_variables(
    context: SendContext, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HCSERVER_MONGODB_URI", "mongodb://u:SECRET@h/")
    monkeypatch.setenv("PGPASSWORD", "SECRET")
    monkeypatch.setenv("LANG", "C.UTF-8")
    await running(f"env -0 > {tmp_path}/env", alert_message(), context)
    seen = (tmp_path / "env").read_text()
    assert "SECRET" not in seen
    names = {variable.partition("=")[0] for variable in seen.split("\0") if variable}
    ours = {
        "CODE",
        "STATUS",
        "NOW",
        "NAME",
        "SLUG",
        "TAGS",
        "TAG1",
        "TAG2",
        "JSON",
        "EXITSTATUS",
        "NAME_JSON",
    }
    ours |= {"BODY", "BODY_JSON", "BODY_TEXT", "BODY_TEXT_JSON"}
    by_the_shell = {"PWD", "OLDPWD", "SHLVL", "_"}
    assert names - by_the_shell == ours | {"PATH", "HOME", "LANG"}


async def test_values_of_any_size_and_kind_fit(context: SendContext) -> None:
    body = "😀".encode() * 500_000 + b"\0"
    told = alert_message(check=check(name="a\0b", desc="é" * 1_000_000), last_ping=ping(body=body))
    assert await running("true", told, context) == Receipt(status=0)


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
    await running(f"sleep 60 & echo $! > {tmp_path}/pid", alert_message(), context)
    assert time.monotonic() - started < 30
    os.kill(int((tmp_path / "pid").read_text()), 9)


async def test_a_command_is_killed_with_its_children_when_its_time_is_over(tmp_path: Path) -> None:
    async with making_send_context(timeout=0.3) as context:
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
    task = asyncio.create_task(running(f"sleep 60 & echo $! > {fifo}; wait", alert_message(), context))
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


async def test_there_may_be_no_such_command_any_more(context: SendContext) -> None:
    with pytest.raises(DeliveryError, match="there is no command 'pager' in the server's settings"):
        await SHELL.send("pager", alert_message(), context)


def test_a_target_is_the_name_of_a_command() -> None:
    assert SHELL.normalise(" pager_2 ") == "pager_2"


@pytest.mark.parametrize(
    "given", ["", " ", "a\0b", "{", "{}", '{"down": "a"}', "/bin/true", "page me", "a;b", "Pager", "a" * 51]
)
def test_a_target_that_is_no_name_is_refused_with_what_is_needed(given: str) -> None:
    with pytest.raises(InvalidRequest, match=": expected the name of a command"):
        SHELL.normalise(given)


def test_an_unknown_command_is_refused_with_those_that_there_are() -> None:
    SHELL.require_known("pager", ["pager"])
    with pytest.raises(InvalidRequest, match=r"there is no command 'x' in .* define: a, b"):
        SHELL.require_known("x", {"b": "", "a": ""})
    with pytest.raises(InvalidRequest, match="define: none"):
        SHELL.require_known("x", {})


@pytest.mark.parametrize(
    ("stored", "shown"), [("pager", "pager"), ("/bin/tell TOKEN", "****"), ('{"down":"TOKEN"}', "****")]
)
def test_a_name_is_shown_and_a_command_that_was_stored_by_a_former_version_is_not(
    stored: str, shown: str
) -> None:
    assert SHELL.masked(stored) == shown


@given(st.text())
def test_no_target_raises_anything_else(text: str) -> None:
    SHELL.masked(text)
    try:
        stored = SHELL.normalise(text)
    except InvalidRequest:
        return
    assert SHELL.normalise(stored) == stored
