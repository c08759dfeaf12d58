from __future__ import annotations

import pytest

from hcserver.domain import line_diff
from hcserver.domain.line_diff import compare


def shown(old: str, new: str) -> list[str]:
    marks = {"same": " ", "old": "-", "new": "+", "gap": "@"}
    return [marks[line.kind] + line.text for line in compare(old, new).lines]


def test_lines_that_changed_are_shown_with_those_around_them() -> None:
    old = "\n".join([*map(str, range(10)), "old", *map(str, range(10, 20))])
    new = old.replace("old", "new")
    assert shown(old, new) == [
        *("@7 equal lines", " 7", " 8", " 9"),
        *("-old", "+new"),
        *(" 10", " 11", " 12", "@7 equal lines"),
    ]


@pytest.mark.parametrize(
    ("old", "new", "lines"),
    [("", "", []), ("a\n", "a", []), ("", "a", ["+a"]), ("a", "", ["-a"]), ("a\nb", "b", ["-a", " b"])],
)
def test_short_texts(old: str, new: str, lines: list[str]) -> None:
    assert shown(old, new) == lines
    assert compare(old, new).differs is bool(lines)
    assert not compare(old, new).cut


def test_only_the_beginning_of_long_texts_is_compared(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(line_diff, "MAX_LINES", 3)
    monkeypatch.setattr(line_diff, "MAX_LINE", 4)
    assert compare("a\nb\nc\nd", "a\nb\nc\ne").cut
    assert not compare("a\nb\nc\nd", "a\nb\nc\ne").differs
    assert compare("abcdef", "abcdxx").cut
    assert not compare("a\nb\nc", "a\nb\nc").cut
