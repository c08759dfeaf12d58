from __future__ import annotations

from types import SimpleNamespace
from typing import Any

from hcserver.config.schema import MongoSettings
from hcserver.storage.client import connect
from hcserver.storage.command_times import CommandTimes


def test_the_time_of_every_command_is_reported_in_seconds() -> None:
    seen: list[tuple[str, float, bool]] = []
    times = CommandTimes(lambda *report: seen.append(report))
    event: Any = SimpleNamespace(command_name="find", duration_micros=2500)
    times.started(event)
    times.succeeded(event)
    times.failed(event)
    assert seen == [("find", 0.0025, False), ("find", 0.0025, True)]


async def test_a_client_reports_its_commands_to_whoever_asks_for_it() -> None:
    def listeners(client: Any) -> list[type[Any]]:
        return [type(one) for one in client.options.event_listeners]

    assert listeners(connect("mongodb://127.0.0.1:1/", MongoSettings())) == []
    client = connect("mongodb://127.0.0.1:1/", MongoSettings(), lambda *report: None)
    assert listeners(client) == [CommandTimes]
