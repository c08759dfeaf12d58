"""The limits that docs/api.md states are those that the code has."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from hcserver.domain.slug import MAX_SLUG
from hcserver.services.management.channels import MAX_CHANNELS
from hcserver.services.management.windows import MAX_WINDOWS
from hcserver.validation.channel import MAX_DELAY
from hcserver.validation.check import MAX_DESC, MAX_FAILURES, MAX_KEYWORDS, MAX_SECONDS, MIN_SECONDS
from hcserver.validation.limits import MAX_NAME, MAX_SCHEDULE, MAX_TAG, MAX_TAGS
from hcserver.validation.project import MAX_CHECKS, MAX_PINGS
from hcserver.validation.window import MAX_MINUTES

DOCUMENT = (Path(__file__).parents[3] / "docs" / "api.md").read_text("utf-8")
TEXT = " ".join(DOCUMENT.split())


@pytest.mark.parametrize(
    "stated",
    [
        f"| `name` | up to {MAX_NAME} characters |",
        f"| `slug` | for ping addresses: `a-z`, `0-9`, `-`, `_`, up to {MAX_SLUG} characters |",
        f"| `tags` | separated by blanks, up to {MAX_TAGS} characters in all |",
        f"| `desc` | up to {MAX_DESC} characters |",
        f"| `timeout` | seconds between successes, {MIN_SECONDS} to {MAX_SECONDS} |",
        f"or a run may take, {MIN_SECONDS} to {MAX_SECONDS} |",
        f"instead of `timeout`, up to {MAX_SCHEDULE} characters",
        f"keywords with commas between them, up to {MAX_KEYWORDS} characters each",
        f"failures in a row, 1 (the default) to {MAX_FAILURES};",
        f"while it is down, {MIN_SECONDS} to {MAX_SECONDS};",
        f'`{{"seconds": 3600}}` (up to {MAX_SECONDS})',
        f"assigns the channel to checks, up to {MAX_NAME} characters without commas",
        f"seconds, 0 to {MAX_DELAY}:",
        f"separated by blanks, up to {MAX_TAGS} characters:",
        f"at most {MAX_CHANNELS} channels",
        f"`name` has up to {MAX_NAME} characters.",
        f'(`"tag": "db"`, up to {MAX_TAG} characters)',
        f"some minutes (1 to {MAX_MINUTES})",
        f"expression (up to {MAX_SCHEDULE} characters)",
        f"at most {MAX_WINDOWS} windows",
        f"`name` (up to {MAX_NAME} characters)",
        f"`checks_limit` (up to {MAX_CHECKS})",
        f"(of each check, up to {MAX_PINGS})",
    ],
)
def test_the_documentation_states_the_limit(stated: str) -> None:
    assert stated in TEXT


def test_links_within_the_document_lead_to_its_headings() -> None:
    headings = re.findall(r"^#+ (.*)$", DOCUMENT, re.MULTILINE)
    anchors = {re.sub(r"[^a-z0-9 -]", "", heading.lower()).replace(" ", "-") for heading in headings}
    assert set(re.findall(r"\]\(#([^)]*)\)", DOCUMENT)) <= anchors
