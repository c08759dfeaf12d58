from __future__ import annotations

import time

from hypothesis import example, given, settings
from hypothesis import strategies as st

from hcserver.domain.keyword_marks import CONTEXT, Excerpt, excerpt
from hcserver.domain.keywords import Rules, classify

ALPHABET = "aA bB-ß İé́\u200b\0\n"


def test_the_keyword_is_marked_where_it_first_stands() -> None:
    found = excerpt(Rules(failure="error"), "error", "an error and another error")
    assert found == Excerpt(before="an ", keyword="error", after=" and another error")


def test_case_and_white_space_are_as_in_the_text() -> None:
    rules = Rules(failure="backup FAILED", ignore_case=True)
    found = excerpt(rules, "backup FAILED", "The Backup\n  failed today")
    assert found == Excerpt(before="The ", keyword="Backup failed", after=" today")


def test_a_whole_word_is_marked_not_a_part_of_another_one() -> None:
    rules = Rules(failure="error", whole_word=True)
    found = excerpt(rules, "error", "errors, no error_1, terror: (error)")
    assert found == Excerpt(before="errors, no error_1, terror: (", keyword="error", after=")")


def test_characters_that_folding_makes_longer_shift_nothing() -> None:
    found = excerpt(Rules(failure="error", ignore_case=True), "error", "Straße ßßß ERROR ß")
    assert found == Excerpt(before="Straße ßßß ", keyword="ERROR", after=" ß")
    found = excerpt(Rules(failure="strasse", ignore_case=True), "strasse", "die STRAßE dort")
    assert found == Excerpt(before="die ", keyword="STRAßE", after=" dort")


def test_invisible_characters_and_nul_are_no_obstacle() -> None:
    assert excerpt(Rules(failure="error"), "error", "\0 er\u00adror").keyword == "error"
    found = excerpt(Rules(failure="x", whole_word=True), "x", "a\0\0 x")
    assert (found.before, found.keyword) == ("a\ufffd\ufffd ", "x")


def test_only_the_surroundings_are_shown() -> None:
    found = excerpt(Rules(failure="error"), "error", "a" * 1000 + "error" + "b" * 1000)
    assert found == Excerpt(before="…" + "a" * CONTEXT, keyword="error", after="b" * CONTEXT + "…")


def test_without_a_keyword_the_beginning_is_shown() -> None:
    assert excerpt(Rules(), None, "hello") == Excerpt(before="hello")
    assert excerpt(Rules(), None, "a" * 500).before == "a" * 400 + "…"
    assert excerpt(Rules(failure="error"), "error", "hello") == Excerpt(before="hello")


@settings(max_examples=500)
@given(
    st.text(ALPHABET, max_size=40),
    st.text("aAbB ßé-", min_size=1, max_size=5),
    st.booleans(),
    st.booleans(),
)
@example("ß", "s", True, False)
def test_what_decides_is_marked(text: str, keyword: str, ignore_case: bool, whole_word: bool) -> None:
    rules = Rules(failure=keyword, ignore_case=ignore_case, whole_word=whole_word)
    text = text.replace("\0", "\ufffd")
    reason = classify(rules, None, text)
    found = excerpt(rules, reason.keyword, text)
    assert bool(found.keyword) == (reason.keyword is not None)
    if found.keyword:
        plain = Rules(failure=keyword, ignore_case=ignore_case)
        assert classify(plain, None, found.keyword).keyword == reason.keyword


def test_a_megabyte_is_searched_in_linear_time() -> None:
    start = time.process_time()
    for text in ("a" * 1_000_000, "ß" * 1_000_000, "a " * 500_000, "\0" * 1_000_000):
        excerpt(Rules(failure="aaaaaab", ignore_case=True, whole_word=True), "aaaaaab", text)
        excerpt(Rules(failure="s s", ignore_case=True), "s s", text + " s s")
    assert time.process_time() - start < 30  # seconds; it takes one or two
