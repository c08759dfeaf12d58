from __future__ import annotations

import json
import logging
import re
from datetime import datetime
from typing import Literal

import pytest

from hcserver.config.schema import LogSettings
from hcserver.logs import set_up_logging

pytestmark = pytest.mark.usefixtures("own_logging")

log = logging.getLogger("hcserver.test")

FORMATS: tuple[Literal["text", "json"], ...] = ("text", "json")
NASTY = [
    "ping\n2026-01-01 00:00:00,000 ERROR   hcserver: forged",
    "ping\r\nforged",
    "ping\x1b[2J\x1b[31mred",
    "ping\x00\x07\x08\x7f\x9b",
    "ping\u2028\u2029\x85\x0b\x0c\x1cforged",
    "ping\u202egnp.exe",
    "ping\ud800",
]


def logged(capsys: pytest.CaptureFixture[str]) -> list[str]:
    """The lines, by every character that somebody may take for the end of one."""
    out, err = capsys.readouterr()
    assert out == ""
    assert err.endswith("\n")
    return err.splitlines()


def test_a_line_for_people_has_time_level_logger_and_message(capsys: pytest.CaptureFixture[str]) -> None:
    set_up_logging(LogSettings())
    log.warning("the %s is %d%% full", "Köln disk", 97)
    (line,) = logged(capsys)
    assert re.fullmatch(
        r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d,\d{3} WARNING hcserver\.test: the Köln disk is 97% full", line
    )


def test_a_line_for_machines_is_an_object(capsys: pytest.CaptureFixture[str]) -> None:
    set_up_logging(LogSettings(format="json"))
    log.warning("the %s is %d%% full", "Köln disk", 97)
    (line,) = logged(capsys)
    entry = json.loads(line)
    assert datetime.fromisoformat(entry.pop("time")).utcoffset() is not None
    assert entry == {"level": "warning", "logger": "hcserver.test", "message": "the Köln disk is 97% full"}


@pytest.mark.parametrize("format", FORMATS)
@pytest.mark.parametrize("nasty", NASTY, ids=ascii)
def test_what_comes_from_outside_stays_one_harmless_line(
    capsys: pytest.CaptureFixture[str], format: Literal["text", "json"], nasty: str
) -> None:
    set_up_logging(LogSettings(format=format))
    log.info("failed: %s", nasty)
    (line,) = logged(capsys)
    assert line.isprintable()
    if format == "json":
        assert json.loads(line)["message"] == f"failed: {nasty}"
    else:
        assert line.endswith(f" failed: {nasty.encode('unicode_escape').decode()}")


@pytest.mark.parametrize("nasty", NASTY, ids=ascii)
def test_a_traceback_is_indented_so_that_nothing_in_it_passes_for_a_line_of_the_log(
    capsys: pytest.CaptureFixture[str], nasty: str
) -> None:
    set_up_logging(LogSettings())
    try:
        raise ValueError(nasty)
    except ValueError:
        log.exception("it failed")
    first, *others = logged(capsys)
    assert first.endswith(" ERROR   hcserver.test: it failed")
    assert others[0] == "    Traceback (most recent call last):"
    assert any(line.startswith("    ValueError: ping") for line in others)
    assert all(line.startswith("    ") and line.isprintable() for line in others)


def test_a_traceback_for_machines_is_a_member_of_the_object(capsys: pytest.CaptureFixture[str]) -> None:
    set_up_logging(LogSettings(format="json"))
    try:
        raise ValueError("a\nb")
    except ValueError:
        log.exception("it failed")
    (line,) = logged(capsys)
    entry = json.loads(line)
    assert entry["message"] == "it failed"
    assert entry["exception"].endswith("ValueError: a\nb")


def test_only_what_is_asked_for_is_logged(capsys: pytest.CaptureFixture[str]) -> None:
    set_up_logging(LogSettings(level="error"))
    log.warning("not this")
    log.error("but this")
    (line,) = logged(capsys)
    assert line.endswith("but this")


@pytest.mark.parametrize("name", ["httpx", "httpcore.connection", "pymongo.command", "tornado.general"])
def test_other_peoples_chatter_is_not_logged(capsys: pytest.CaptureFixture[str], name: str) -> None:
    set_up_logging(LogSettings(level="debug"))
    logging.getLogger(name).info("https://hooks.example.org/secret")
    assert capsys.readouterr().err == ""


def test_setting_it_up_again_replaces_what_was(capsys: pytest.CaptureFixture[str]) -> None:
    set_up_logging(LogSettings(format="json"))
    set_up_logging(LogSettings())
    log.info("once")
    (line,) = logged(capsys)
    assert line.endswith(": once")


def test_other_handlers_get_the_message_as_it_is(capsys: pytest.CaptureFixture[str]) -> None:
    set_up_logging(LogSettings())
    seen = []

    class Other(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            seen.append(record.getMessage())

    other = Other()
    logging.getLogger().addHandler(other)
    try:
        log.info("a%sb", "\n")
    finally:
        logging.getLogger().removeHandler(other)
    assert seen == ["a\nb"]
