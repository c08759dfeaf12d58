from __future__ import annotations

from typing import Any

import pytest

from hcserver.domain.check import Check
from hcserver.domain.keywords import Reason, Rules
from hcserver.services.classification.examination import (
    Examination,
    Question,
    examine,
    examine_inline,
    give_up,
    question,
)
from tests.cpu_time import cpu_seconds
from tests.smtp.fakes import FakeIntake

RAW = b"Subject: Backup failed\n\nAll is well.\n"


def check(**changes: Any) -> Check:
    return FakeIntake().add(**changes)


def ask(**changes: Any) -> Question:
    return question(check(**{"failure_kw": "failed", "success_kw": "well", **changes}))


def test_a_check_is_asked_about_what_it_filters() -> None:
    asked = question(check(filter_body=True, failure_kw="a", filter_default_fail=True, kw_whole_word=True))
    assert asked == Question(
        rules=Rules(failure="a", default="fail", whole_word=True), subject=False, body=True
    )


@pytest.mark.parametrize(
    ("filters", "reason"),
    [
        ({}, Reason(signal="success", keyword=None, where="unfiltered")),
        ({"filter_default_fail": True}, Reason(signal="success", keyword=None, where="unfiltered")),
        ({"filter_subject": True}, Reason(signal="fail", keyword="failed", where="subject")),
        ({"filter_body": True}, Reason(signal="success", keyword="well", where="body")),
        (
            {"filter_subject": True, "filter_body": True},
            Reason(signal="fail", keyword="failed", where="subject"),
        ),
    ],
)
def test_only_what_is_filtered_is_searched(filters: dict[str, bool], reason: Reason) -> None:
    expected = Examination(subject="Backup failed", reasons=[reason])
    assert examine(RAW, [ask(**filters)]) == expected
    assert examine_inline(RAW, [ask(**filters)]) == expected


def test_several_questions_are_answered_in_their_order() -> None:
    asked = [ask(), ask(filter_subject=True), ask(filter_body=True), ask()]
    assert [reason.signal for reason in examine(RAW, asked).reasons] == [
        "success",
        "fail",
        "success",
        "success",
    ]


def test_the_text_is_shown_on_demand_even_if_it_is_not_searched() -> None:
    shown = examine_inline(RAW, [ask()], with_text=True)
    assert shown is not None
    assert shown.text == "All is well.\n"


def test_a_large_message_needs_no_worker_if_only_its_subject_is_wanted() -> None:
    large = RAW + b"x" * 5_000_000
    for filters in ({}, {"filter_subject": True}):
        assert examine_inline(large, [ask(**filters)]) is not None
    assert examine_inline(large, [ask(filter_subject=True), ask(filter_body=True)]) is None


def test_many_checks_with_many_keywords_are_not_served_in_the_event_loop() -> None:
    raw = b"\n" + b"x" * 30_000
    asked = [
        Question(rules=Rules(failure=",".join(f"{n}y{m}" for m in range(40))), subject=True, body=True)
        for n in range(50)
    ]
    assert examine_inline(raw, asked[:1]) is not None
    assert examine_inline(raw, asked) is None
    whole = Question(rules=Rules(failure="xy", whole_word=True), subject=False, body=True)
    assert examine_inline(raw * 2, [whole]) is None


def test_blanks_in_html_are_read_in_the_event_loop_in_milliseconds_or_left_to_the_workers() -> None:
    raw = b"Content-Type: text/html\n\n" + b" " * 63_000 + b"<p>failed"
    assert cpu_seconds(lambda: examine_inline(raw, [ask(filter_body=True)]), attempts=3) < 0.5  # it was 5 s
    assert examine(raw * 5, [ask(filter_body=True)]).reasons[0].signal == "fail"


def test_numbers_that_are_too_long_for_python_are_no_obstacle() -> None:
    for piece in (b"&#" + b"9" * 5000, b"&#x" + b"f" * 5000, b"&#" + b"0" * 5000):
        raw = b"Content-Type: text/html\n\n" + piece + b" failed"
        assert examine(raw, [ask(filter_body=True)]).reasons[0].signal == "fail"


def test_a_long_subject_is_searched_whole_and_kept_in_part() -> None:
    raw = b"Subject: " + b"x" * 2000 + b" failed\n\n"
    examination = examine(raw, [ask(filter_subject=True)])
    assert examination.reasons[0].signal == "fail"
    assert examination.subject == "x" * 1000


def test_what_could_not_be_read_is_a_failure_by_its_subject_or_unread() -> None:
    questions = [
        ask(),
        ask(filter_body=True),
        ask(filter_body=True, filter_default_fail=True),
        ask(filter_subject=True, filter_default_fail=True),
        ask(filter_subject=True, filter_body=True, failure_kw="broken"),
        ask(filter_subject=True, filter_body=True, success_kw="broken"),
    ]
    given = give_up(b"Subject: It is broken\r\n\r\nfar too much", questions)
    assert [(reason.signal, reason.where) for reason in given.reasons] == [
        ("success", "unfiltered"),
        ("ign", "unread"),
        ("fail", "unread"),
        ("fail", "default"),
        ("fail", "subject"),
        ("ign", "unread"),
    ]
    assert given.subject == "It is broken"
    assert not given.complete
    hopeless = give_up(b"Subject: " + b"=?utf-8?q?x?= " * 10_000 + b"\r\n\r\n", questions)
    assert [reason.where for reason in hopeless.reasons] == ["unfiltered", *["unread"] * 5]


def test_bringing_texts_into_another_form_for_many_checks_is_left_to_the_workers() -> None:
    raw = b"\r\n" + b"nothing to see here\r\n" * 3000
    apart = [ask(filter_body=True, kw_ignore_case=True, failure_kw=f"bad {n}") for n in range(20)]
    assert examine_inline(raw, apart[:2]) is not None
    assert examine_inline(raw, apart) is None
