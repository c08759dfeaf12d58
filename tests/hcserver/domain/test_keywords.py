from __future__ import annotations

import time
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hcserver.domain import keywords
from hcserver.domain.keywords import Reason, Rules, classify, parse_keywords

RULES = Rules(failure="error, failed", success="done,OK", start="begin")

words = st.sampled_from(["error", "failed", "done", "OK", "begin", "x", "Error", "ok", " ", "\n", ",", "é"])
texts = st.lists(words, max_size=6).map(" ".join)
lists = st.lists(words, max_size=4).map(",".join)
rules = st.builds(
    Rules,
    failure=lists,
    success=lists,
    start=lists,
    default=st.sampled_from(["fail", "ign"]),
    ignore_case=st.booleans(),
)


def oracle(rules: Rules, subject: str | None, body: str | None) -> str:
    """The truth table, as plainly as it can be said."""
    if subject is None and body is None:
        return "success"

    def plain(text: str) -> str:
        text = " ".join(text.split())
        return text.casefold() if rules.ignore_case else text

    for signal, listed in (("fail", rules.failure), ("success", rules.success), ("start", rules.start)):
        for keyword in (plain(part) for part in listed.split(",")):
            if keyword and any(keyword in plain(text) for text in (subject, body) if text is not None):
                return signal
    return rules.default


@settings(max_examples=300)
@given(rules, st.none() | texts, st.none() | texts)
def test_failure_beats_success_beats_start_beats_the_default(
    rules: Rules, subject: str | None, body: str | None
) -> None:
    reason = classify(rules, subject, body)
    assert reason.signal == oracle(rules, subject, body)
    if reason.where in ("subject", "body"):
        found_in = {"subject": subject, "body": body}[reason.where]
        assert found_in is not None
        assert reason.keyword in parse_keywords(",".join((rules.failure, rules.success, rules.start)))
        assert oracle(Rules(failure=reason.keyword, ignore_case=rules.ignore_case), found_in, None) == "fail"
    else:
        assert reason.keyword is None


@given(st.text(max_size=30), st.text(min_size=1, max_size=5), st.text(max_size=30), st.booleans())
def test_a_keyword_is_found_wherever_it_stands(
    before: str, word: str, behind: str, ignore_case: bool
) -> None:
    for keyword in parse_keywords(word):
        found = classify(Rules(failure=word, ignore_case=ignore_case), before + keyword + behind, None)
        assert found.signal == "fail"


def test_the_reason_names_the_keyword_as_written_and_where_it_was() -> None:
    assert classify(RULES, "all done", "failed") == Reason(signal="fail", keyword="failed", where="body")
    assert classify(RULES, "all done", "OK") == Reason(signal="success", keyword="done", where="subject")
    assert classify(RULES, "", "begin") == Reason(signal="start", keyword="begin", where="body")
    assert classify(RULES, "x", None) == Reason(signal="ign", keyword=None, where="default")
    assert classify(RULES, None, None) == Reason(signal="success", keyword=None, where="unfiltered")


def test_without_a_match_the_default_decides_even_on_empty_texts() -> None:
    assert classify(Rules(default="fail"), "", None).signal == "fail"
    assert classify(Rules(default="ign"), "", "").signal == "ign"


@pytest.mark.parametrize(
    ("listed", "expected"),
    [
        ("", ()),
        (" , ,", ()),
        ("a", ("a",)),
        (" a , b c ,,d\n", ("a", "b c", "d")),
        ("\N{NO-BREAK SPACE}a", ("a",)),
    ],
)
def test_keywords_are_split_at_commas_and_stripped(listed: str, expected: tuple[str, ...]) -> None:
    assert parse_keywords(listed) == expected


@pytest.mark.parametrize(
    ("changes", "keyword", "text", "found"),
    [
        ({}, "fail", "Failure", False),
        ({}, "fail", "xfailx", True),
        ({}, "STRASSE", "straße", False),
        ({"ignore_case": True}, "STRASSE", "straße", True),
        ({"ignore_case": True}, "ΣΑΣ", "σας", True),
        ({"ignore_case": True}, "fail", "A FAILURE", True),
        ({"whole_word": True}, "fail", "A failure", False),
        ({"whole_word": True}, "fail", "prefail", False),
        ({"whole_word": True}, "fail", "fail_1 failed fail.", True),
        ({"whole_word": True}, "fail", "fail", True),
        ({"whole_word": True}, "fail", "über\nfail!", True),
        ({"whole_word": True}, "fail", "üfail", False),
        ({"whole_word": True}, "[OK]", "x[OK]y", True),
        ({"whole_word": True}, "0 errors", "10 errors", False),
        ({"whole_word": True}, "0 errors", "10 errors, 0  errors", True),
        ({"whole_word": True, "ignore_case": True}, "ok", "Not okay; OK", True),
        ({}, "backup failed", "backup\r\n  failed", True),
        ({}, "backup \t failed", "backup failed", True),
        ({}, "backup failed", "backup\N{NO-BREAK SPACE}failed", True),
        ({}, "backup failed", "backupfailed", False),
        ({}, "backup failed", "backup, failed", False),
    ],
)
def test_matching(changes: dict[str, Any], keyword: str, text: str, found: bool) -> None:
    assert (classify(Rules(failure=keyword, **changes), None, text).signal == "fail") is found


@given(st.lists(st.sampled_from(["a", "b", " ", "\n", "\u2003", "ß"]), max_size=40).map("".join))
def test_texts_longer_than_a_chunk_are_searched_the_same_way(text: str) -> None:
    chunk = keywords.CHUNK
    keywords.CHUNK = 3
    try:
        collapsed, folded = keywords._collapse(text), keywords._fold(text)
    finally:
        keywords.CHUNK = chunk
    assert collapsed.strip() == " ".join(text.split())
    assert "  " not in collapsed
    assert folded == text.casefold()


@pytest.mark.parametrize("changes", [{}, {"ignore_case": True}, {"whole_word": True}])
@pytest.mark.parametrize("text", ["a" * 2_000_000, "a " * 1_000_000, "a" + " " * 2_000_000, "aé" * 1_000_000])
def test_time_is_linear_in_the_text(changes: dict[str, Any], text: str) -> None:
    rules = Rules(failure=" ".join("a" * 20) + "b, aab," + "a" * 30 + "b", **changes)
    began = time.perf_counter()
    assert classify(rules, None, text).signal == "ign"
    assert time.perf_counter() - began < 5  # a quadratic search takes hours
