from __future__ import annotations

import re

from handlers.pages.reference import Answer, Member, Reference, Request, reference
from handlers.pages.reference_document import reference_document

BASE = "https://hc.example.org"


def test_every_request_and_every_document_has_a_heading() -> None:
    found = reference(BASE)
    text = reference_document(found)
    requests = [one for resource in found.resources.values() for one in resource]
    assert re.findall(r"^### (\w+ /.*)$", text, re.MULTILINE) == [
        f"{one.method} {one.path}" for one in requests
    ]
    assert re.findall(r"^### (\w+) document$", text, re.MULTILINE) == list(found.documents)
    headings = [line.lstrip("# ").lower().replace(" ", "-") for line in text.splitlines() if line[:1] == "#"]
    assert set(re.findall(r"\(#([^)]+)\)", text)) <= set(headings)


def test_a_request_is_told_with_what_it_takes_and_answers() -> None:
    request = Request(
        "POST",
        "/things/{uuid}",
        "Make a *thing*",
        "Needs `<a key>`, not <none>.",
        [Member("n", "whole number", False)],
        [Member("name", "text", True)],
        [
            Answer("200", "done", "Thing"),
            Answer("204", "gone", ""),
            Answer("410", "late", '{"things": [Thing]}'),
        ],
    )
    things = {"Thing": [Member("name", "text", True), Member("n", "whole number", False)]}
    text = reference_document(Reference(BASE, {"things": [request]}, things)).partition("## things\n")[2]
    assert [line for line in text.splitlines() if line] == [
        "### POST /things/{uuid}",
        "Make a \\*thing\\*. Needs `<a key>`, not &lt;none>.",
        "**Parameters**",
        "- `n`: whole number",
        "**Body**",
        "- `name`: text (required)",
        "**Answers**",
        "- 200: done, [Thing](#thing-document)",
        "- 204: gone",
        '- 410: late, `{"things": [Thing]}`',
        "## Documents",
        "### Thing document",
        "- `name`: text",
        "- `n`: whole number (not always there)",
    ]
