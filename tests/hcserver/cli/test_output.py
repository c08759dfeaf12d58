from __future__ import annotations

import asyncio
import json

import pytest

from hcserver.cli.output import harmless, print_json, print_rows, print_table, run


def test_control_characters_of_outside_texts_are_escaped() -> None:
    assert harmless("a\x1b[31m\x07\r") == "a\\x1b[31m\\x07\\r"
    assert harmless("line\n\ttab Größe") == "line\n\ttab Größe"
    assert harmless("\u202eevil\u200b") == "\\u202eevil\\u200b"


def test_json_is_indented_and_can_be_parsed(capsys: pytest.CaptureFixture[str]) -> None:
    print_json({"a": [1, None], "b": "ü"})
    text = capsys.readouterr().out
    assert json.loads(text) == {"a": [1, None], "b": "ü"}
    assert len(text.splitlines()) > 1


def test_rows_become_a_table_of_the_named_columns(capsys: pytest.CaptureFixture[str]) -> None:
    print_rows(("name", "id"), [{"id": 1, "name": "[bold]x", "more": "hidden"}, {"id": None, "name": "y"}])
    header, *lines = [line.split() for line in capsys.readouterr().out.splitlines() if line.strip()]
    text = " ".join(word for line in lines for word in line)
    assert header[-2:] == ["name", "id"] or {"name", "id"} <= set(header)
    assert "[bold]x" in text and "hidden" not in text and "None" not in text


def test_a_table_in_a_pipe_does_not_break_long_lines(capsys: pytest.CaptureFixture[str]) -> None:
    print_table(("", ""), [("target", "x" * 200)])
    assert "x" * 200 in capsys.readouterr().out


def test_run_returns_the_result_and_raises_what_the_coroutine_raises() -> None:
    async def work(result: int) -> int:
        await asyncio.sleep(0)
        if result < 0:
            raise ValueError("negative")
        return result

    assert run(work(3)) == 3
    with pytest.raises(ValueError, match="negative"):
        run(work(-1))
