"""The reference of the API as a document in Markdown, for the site that `make docs` writes."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import Final

from handlers.pages.reference import Answer, Member, Reference, Request, reference

_HEAD: Final = """\
# API reference

Made of the OpenAPI document that every server has at `/api/v3/openapi.json`. All paths follow `{}`. The key
goes into the header `X-Api-Key`. [The management API](api.md) says what the fields mean.
"""
_SPECIAL: Final = re.compile(r"(`[^`]*`)|([\\*<\[])")


def reference_document(found: Reference) -> str:
    """The whole document."""
    lines = [_HEAD.format(found.server)]
    for resource, requests in found.resources.items():
        lines.append(f"## {resource}\n")
        for one in requests:
            lines += _request(one, found.documents)
    lines.append("## Documents\n")
    for name, members in found.documents.items():
        lines += [f"### {name} document\n", *_members(members, "not always there", marked=False)]
    return "\n".join(lines)


def _request(one: Request, documents: dict[str, list[Member]]) -> Iterator[str]:
    yield f"### {one.method} {one.path}\n\n{_text(one.summary)}. {_text(one.description)}\n"
    for heading, members in (("Parameters", one.parameters), ("Body", one.body)):
        if members:
            yield from (f"**{heading}**\n", *_members(members, "required", marked=True))
    yield "**Answers**\n"
    yield from (_answer(answer, documents) for answer in one.answers)
    yield ""


def _members(members: Sequence[Member], mark: str, *, marked: bool) -> Iterator[str]:
    """A list of the members. The mark is on those that are required; with `marked` false, on the others."""
    for member in members:
        yield f"- `{member.name}`: {_text(member.words)}{f' ({mark})' if member.required is marked else ''}"
    yield ""


def _answer(answer: Answer, documents: dict[str, list[Member]]) -> str:
    shown = f"`{answer.schema}`"
    if answer.schema in documents:
        shown = f"[{answer.schema}](#{answer.schema.lower()}-document)"
    return f"- {answer.status}: {_text(answer.words)}{f', {shown}' if answer.schema else ''}"


def _text(words: str) -> str:
    """What stands between backticks is code; nothing else has a meaning in Markdown."""
    return _SPECIAL.sub(lambda found: found[1] or ("&lt;" if found[2] == "<" else f"\\{found[2]}"), words)


if __name__ == "__main__":
    print(reference_document(reference("https://hc.example.org")), end="")
