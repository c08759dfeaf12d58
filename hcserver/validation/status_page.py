"""What people type to create status pages and walls. Faults are sentences to show beside the field."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Final

import msgspec

from hcserver.errors import InvalidFields
from hcserver.validation.account import all_of
from hcserver.validation.limits import MAX_NAME

MAX_SLUG: Final = 64  # characters
MAX_PAGE_TAGS: Final = 50
_MAX_TAGS_TEXT: Final = 2000  # characters
_SLUG: Final = re.compile(r"[a-z0-9](?:[a-z0-9-]*[a-z0-9])?")


class StatusPageSpec(msgspec.Struct, frozen=True, kw_only=True):
    """A request for a status page; see hcserver.domain.status_page.StatusPage."""

    slug: str
    title: str
    tags: tuple[str, ...]
    names: bool
    published: bool


def parse_status_page(fields: Mapping[str, str]) -> StatusPageSpec:
    """The fields of a form, where tags are separated by blanks and an unchecked box is missing.

    Raises InvalidFields.
    """
    slug, title, tags = (fields.get(name, "") for name in ("slug", "title", "tags"))
    all_of(lambda: _slug(slug), lambda: short_line("title", title), lambda: _tags(tags))
    return StatusPageSpec(
        slug=slug,
        title=title.strip(),
        tags=_tags(tags),
        names=bool(fields.get("names")),
        published=bool(fields.get("published")),
    )


def short_line(field: str, value: str) -> str:
    """A line of text that is not blank, without blanks around it. Raises InvalidFields."""
    text = value[: 10 * MAX_NAME].strip()
    if not text:
        raise InvalidFields({field: "This is needed."})
    if len(text) > MAX_NAME:
        raise InvalidFields({field: f"At most {MAX_NAME} characters fit."})
    if not text.isprintable():
        raise InvalidFields({field: "It has characters that can't be printed."})
    return text


def _slug(value: str) -> None:
    if len(value) > MAX_SLUG or not _SLUG.fullmatch(value):
        raise InvalidFields(
            {"slug": f"At most {MAX_SLUG} small letters, digits and hyphens, with no hyphen at the ends."}
        )


def _tags(value: str) -> tuple[str, ...]:
    if len(value) > _MAX_TAGS_TEXT:
        raise InvalidFields({"tags": f"At most {_MAX_TAGS_TEXT} characters fit."})
    tags = tuple(dict.fromkeys(value.split()))
    if len(tags) > MAX_PAGE_TAGS:
        raise InvalidFields({"tags": f"At most {MAX_PAGE_TAGS} tags fit."})
    if not all(tag.isprintable() for tag in tags):
        raise InvalidFields({"tags": "They have characters that can't be printed."})
    return tags
