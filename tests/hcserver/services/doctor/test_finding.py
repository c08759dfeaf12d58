from __future__ import annotations

import msgspec

from hcserver.services.doctor.finding import Finding, counted, error, fixed, ok, warning


def test_a_finding_has_a_level_a_subject_and_a_text() -> None:
    assert [make("data", "so").level for make in (ok, warning, error)] == ["ok", "warning", "error"]
    assert msgspec.to_builtins(fixed("data", "removed it")) == {
        "level": "ok",
        "subject": "data",
        "text": "removed it",
        "fixed": True,
    }
    assert Finding("ok", "data", "so") == ok("data", "so")


def test_nouns_have_a_plural() -> None:
    assert [counted(n, "check") for n in (0, 1, 2)] == ["0 checks", "1 check", "2 checks"]
