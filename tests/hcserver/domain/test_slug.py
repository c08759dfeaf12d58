from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hcserver.domain.slug import slugify


@pytest.mark.parametrize(
    ("name", "slug"),
    [
        ("", ""),
        ("Backups", "backups"),
        ("Filesystem  Backup", "filesystem-backup"),
        ("Crème Brûlée", "creme-brulee"),
        ("Größe (täglich)", "groe-taglich"),
        ("a - b -- c", "a-b-c"),
        ("tab\tand\nline", "tab-and-line"),
        ("  __Trim--me_- ", "trim-me"),
        ("keep_under_scores", "keep_under_scores"),
        ("50% off!", "50-off"),
        ("①②", "12"),
        ("日本語", ""),
        ("!!!", ""),
        ("x" * 150, "x" * 100),
        ("y" * 99 + " z", "y" * 99 + "-"),
    ],
)
def test_a_slug_is_derived_from_a_name(name: str, slug: str) -> None:
    assert slugify(name) == slug


@given(st.text())
def test_every_slug_is_one_that_a_client_may_send(name: str) -> None:
    assert re.fullmatch(r"[a-z0-9_-]{0,100}", slugify(name))


@given(st.text(max_size=50))
def test_the_slug_of_a_slug_is_the_same(name: str) -> None:
    slug = slugify(name)
    assert slugify(slug) == slug.strip("-_")
