"""docs/channels.md says what is so."""

from __future__ import annotations

import re
import shlex
from pathlib import Path

import pytest

from hcserver.notify.registry import CHANNEL_KINDS, kind

TEXT = (Path(__file__).parents[3] / "docs" / "channels.md").read_text("utf-8")
SECTIONS = dict(re.findall(r"^### (\S+)\n(.*?)(?=^##|\Z)", TEXT, re.M | re.S))


def test_every_kind_has_a_section_and_a_row() -> None:
    assert list(SECTIONS) == list(CHANNEL_KINDS)
    assert re.findall(r"^\| \[(\w+)\]\(#\w+\) \|", TEXT, re.M) == list(CHANNEL_KINDS)


@pytest.mark.parametrize("name", CHANNEL_KINDS)
def test_the_examples_are_taken_and_shown_as_it_says(name: str) -> None:
    examples = re.findall(r"^    (hcserver channel create .*?)\n\n", SECTIONS[name], re.M | re.S)
    targets = []
    for line in "\n".join(examples).split("hcserver channel create main ")[1:]:
        words = shlex.split(line)
        assert words.pop(0) == name
        if "--name" in words:
            del words[words.index("--name") : words.index("--name") + 2]
        targets += words
    assert targets
    masks = {kind(name).masked(kind(name).normalise(target)) for target in targets}
    if shown := re.search(r"[Ss]hown as\s+`([^`]*)`", SECTIONS[name]):
        assert shown[1] in masks
