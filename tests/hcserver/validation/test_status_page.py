from __future__ import annotations

import pytest

from hcserver.errors import InvalidFields
from hcserver.validation.status_page import MAX_PAGE_TAGS, parse_status_page, short_line

GOOD = {"slug": "our-jobs", "title": "Our jobs"}


def test_a_form_becomes_a_request() -> None:
    spec = parse_status_page({**GOOD, "title": " Our jobs ", "tags": "web  db web", "names": "on"})
    assert (spec.slug, spec.title, spec.tags) == ("our-jobs", "Our jobs", ("web", "db"))
    assert (spec.names, spec.published) == (True, False)


@pytest.mark.parametrize("slug", ["a", "1", "a-b", "a--b", "x" * 64])
def test_a_slug_has_small_letters_digits_and_hyphens(slug: str) -> None:
    assert parse_status_page({**GOOD, "slug": slug}).slug == slug


@pytest.mark.parametrize("slug", ["", "-", "-a", "a-", "A", "a b", "a/b", "ä", "x" * 65, "a\n", "٣"])
def test_other_slugs_are_refused(slug: str) -> None:
    with pytest.raises(InvalidFields) as caught:
        parse_status_page({**GOOD, "slug": slug})
    assert list(caught.value.faults) == ["slug"]


def test_all_faults_are_named_at_once() -> None:
    tags = " ".join(map(str, range(MAX_PAGE_TAGS + 1)))
    with pytest.raises(InvalidFields) as caught:
        parse_status_page({"tags": tags})
    assert sorted(caught.value.faults) == ["slug", "tags", "title"]


@pytest.mark.parametrize("tags", ["x" * 2001, "a\x00b", "\u202e"])
def test_tags_that_cannot_be_used_are_refused(tags: str) -> None:
    with pytest.raises(InvalidFields) as caught:
        parse_status_page({**GOOD, "tags": tags})
    assert list(caught.value.faults) == ["tags"]


@pytest.mark.parametrize("text", ["", "  ", "x" * 101, "a\nb", "\x00", "x" * 1_000_000])
def test_a_line_that_cannot_be_used_is_refused(text: str) -> None:
    with pytest.raises(InvalidFields) as caught:
        short_line("name", text)
    assert list(caught.value.faults) == ["name"]
