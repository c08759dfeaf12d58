"""What has changed between two outputs, line by line."""

from __future__ import annotations

from difflib import SequenceMatcher
from typing import Final, Literal

import msgspec

MAX_LINES: Final = 2000  # of each text that are compared
MAX_LINE: Final = 500  # characters of a line
CONTEXT: Final = 3  # equal lines that are shown around what differs

Kind = Literal["same", "old", "new", "gap"]


class Line(msgspec.Struct, frozen=True):
    """A line of both texts, of the old one, or of the new one; "gap" stands for equal lines left out."""

    kind: Kind
    text: str


class Comparison(msgspec.Struct, frozen=True, kw_only=True):
    """`cut`: the texts are longer than what was compared."""

    lines: list[Line]
    cut: bool = False

    @property
    def differs(self) -> bool:
        """Whether there is any difference."""
        return any(line.kind in ("old", "new") for line in self.lines)


def compare(old: str, new: str) -> Comparison:
    """Takes up to some seconds for texts that are made to be difficult."""
    before, before_cut = _lines(old)
    after, after_cut = _lines(new)
    lines: list[Line] = []
    at = 0  # the line of `before` up to which everything is told
    for group in SequenceMatcher(None, before, after).get_grouped_opcodes(CONTEXT):
        if group[0][1] > at:
            lines.append(Line("gap", f"{group[0][1] - at} equal lines"))
        for kind, old_from, old_to, new_from, new_to in group:
            if kind == "equal":
                lines += [Line("same", line) for line in before[old_from:old_to]]
                continue
            lines += [Line("old", line) for line in before[old_from:old_to]]
            lines += [Line("new", line) for line in after[new_from:new_to]]
        at = group[-1][2]
    if lines and at < len(before):
        lines.append(Line("gap", f"{len(before) - at} equal lines"))
    return Comparison(lines=lines, cut=before_cut or after_cut)


def _lines(text: str) -> tuple[list[str], bool]:
    lines = text.split("\n", MAX_LINES)
    cut = len(lines) > MAX_LINES or any(len(line) > MAX_LINE for line in lines[:MAX_LINES])
    if lines and not lines[-1]:
        lines.pop()
    return [line[:MAX_LINE] for line in lines[:MAX_LINES]], cut
