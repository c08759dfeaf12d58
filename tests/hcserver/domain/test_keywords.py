from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hcserver.domain.keywords import Reason, Rules, classify, needles, parse_keywords
from tests.cpu_time import cpu_seconds

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


# Characters that neither combine with others nor are invisible.
characters = st.characters(exclude_categories=("Cs", "Mn", "Mc", "Me", "Cf", "Lo"))


@given(
    st.text(characters, max_size=30),
    st.text(characters, min_size=1, max_size=5),
    st.text(characters, max_size=30),
    st.booleans(),
)
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


anything = st.text(
    st.characters() | st.sampled_from("a\0\u200b\u0301\u0327\u0345\ufdfa\ud800, _"), max_size=200
)


@settings(max_examples=300)
@given(anything, anything, anything, st.booleans(), st.booleans())
def test_any_text_can_be_searched_for_any_keywords(
    listed: str, subject: str, body: str, ignore_case: bool, whole_word: bool
) -> None:
    rules = Rules(failure=listed, success="a", ignore_case=ignore_case, whole_word=whole_word)
    assert classify(rules, subject, body).where in ("subject", "body", "default")


@pytest.mark.parametrize("whole_word", [False, True])
@pytest.mark.parametrize("ignore_case", [False, True])
@pytest.mark.parametrize(
    ("keyword", "text"),
    [
        ("Größe", "Gro\u0308ße"),
        ("Gro\u0308ße", "Größe"),
        ("가각", "\u1100\u1161\u1100\u1161\u11a8"),
        ("backup failed", "back\u00adup fai\u200bled"),
        ("back\u200dup", "backup"),
        ("backup", "b\u200ca\u200dc\u2060k\ufeffup"),
    ],
)
def test_composition_and_invisible_characters_make_no_difference(
    keyword: str, text: str, ignore_case: bool, whole_word: bool
) -> None:
    rules = Rules(failure=keyword, ignore_case=ignore_case, whole_word=whole_word)
    assert classify(rules, None, f"x {text}.") == Reason(signal="fail", keyword=keyword, where="body")


def test_a_keyword_of_invisible_characters_is_no_keyword() -> None:
    assert classify(Rules(failure="\u200b"), "x", None).where == "default"


def test_a_keyword_that_means_the_same_as_one_before_it_is_left_out() -> None:
    rules = Rules(failure="a,a, a ,A,b  c", success="b c,a,d", ignore_case=True)
    assert [(needle.signal, needle.keyword) for needle in needles(rules)] == [
        ("fail", "a"),
        ("fail", "b  c"),
        ("success", "d"),
    ]


whole = st.text(st.sampled_from("ab_ .\0éß\n一"), max_size=8)


@settings(max_examples=500)
@given(whole, whole, st.booleans())
def test_whole_words_are_found_where_no_word_character_continues_them(
    keyword: str, text: str, ignore_case: bool
) -> None:
    def plain(text: str) -> str:
        text = " ".join(text.split())
        return text.casefold() if ignore_case else text

    def continues(inside: str, outside: str) -> bool:
        return all(char and (char.isalnum() or char == "_") for char in (inside, outside))

    needle, hay = plain(keyword), plain(text)
    expected = any(
        hay.startswith(needle, at)
        and not continues(needle[0], hay[at - 1 : at] if at else "")
        and not continues(needle[-1], hay[at + len(needle) :][:1])
        for at in range(len(hay))
        if needle
    )
    rules = Rules(failure=keyword, whole_word=True, ignore_case=ignore_case)
    assert (classify(rules, None, text).signal == "fail") is expected


def test_words_are_whole_wherever_a_long_text_is_cut_to_be_marked(monkeypatch: pytest.MonkeyPatch) -> None:
    for size in range(1, 12):
        monkeypatch.setattr("hcserver.domain.keywords._MARK_AT_ONCE", size)
        for text, found in (("it has failed.", True), ("it has failed", True), ("it hasfailed.", False)):
            assert (classify(Rules(failure="failed", whole_word=True), text, None).signal == "fail") is found


def worst_lists(word: str) -> Rules:
    """Three lists of 200 characters whose keywords resemble the text in as many places as possible."""
    lists = [",".join(f"{word * n}{end}" for n in range(1, 200)) for end in "xyz"]
    failure, success, start = (listed[:200] for listed in lists)
    return Rules(failure=failure, success=success, start=start, whole_word=True, ignore_case=True)


@pytest.mark.parametrize(
    ("rules", "text"),
    [
        (Rules(failure=",".join("a" * 100), success="a," * 100, whole_word=True), "a" * 10_000),
        (Rules(failure="a,aa,aaa,aaaa,aaaaa," * 10, whole_word=True), "a" * 10_000),
        (worst_lists("a"), "a" * 10_000),
        (worst_lists("a"), "a " * 5_000),
        (worst_lists("\N{GREEK SMALL LETTER ALPHA}"), "\N{GREEK SMALL LETTER ALPHA}" * 5_000),
        (worst_lists("a"), "a\u0345\u0301" * 2_000),
        (worst_lists("a"), "a" + "\u0301\u0327" * 2_500),
    ],
)
def test_the_worst_lists_cost_a_body_of_10_kb_about_a_millisecond(rules: Rules, text: str) -> None:
    classify(rules, None, "")  # the keywords are prepared once
    # 2 ms, with room for slow machines; it was 900 ms.
    assert cpu_seconds(lambda: classify(rules, None, text), attempts=5) < 0.1


@pytest.mark.parametrize("changes", [{}, {"ignore_case": True}, {"whole_word": True}])
@pytest.mark.parametrize("text", ["a" * 2_000_000, "a " * 1_000_000, "a" + " " * 2_000_000, "aé" * 1_000_000])
def test_time_is_linear_in_the_text(changes: dict[str, Any], text: str) -> None:
    rules = Rules(failure=" ".join("a" * 20) + "b, aab," + "a" * 30 + "b", **changes)
    assert classify(rules, None, text).signal == "ign"  # a quadratic search takes hours
