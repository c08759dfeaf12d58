from __future__ import annotations

from datetime import timedelta
from uuid import UUID

import msgspec
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from hcserver.domain.check import Check
from hcserver.payloads import rendered_checks
from hcserver.payloads.check import check_payload
from hcserver.payloads.rendered_checks import RenderedChecks
from tests.hcserver.payloads.test_check import NOW, A

BASE = "https://hc.example.org"
CHECK = Check(id=A, project=A, created=NOW, badge=UUID(int=7))
MOMENTS = st.none() | st.integers(-100, 100).map(lambda seconds: NOW + timedelta(seconds=seconds))


def as_made_anew(check: Check, seconds: float, version: int, writable: bool) -> bytes:
    now = NOW + timedelta(seconds=seconds)
    return msgspec.json.encode(check_payload(check, now, BASE, version, writable))


@given(
    check=st.builds(
        lambda **fields: replace(CHECK, **fields),
        status=st.sampled_from(["new", "up", "down", "paused"]),
        last_ping=MOMENTS,
        last_start=MOMENTS,
        alert_after=MOMENTS,
        snoozed_until=MOMENTS,
        timeout=st.integers(1, 100),
        grace=st.integers(1, 100),
    ),
    looks=st.lists(st.tuples(st.integers(-150, 150), st.sampled_from([1, 3]), st.booleans()), min_size=2),
)
def test_a_kept_document_is_what_would_be_made_anew(check: Check, looks: list[tuple[int, int, bool]]) -> None:
    rendered = RenderedChecks(BASE)
    for seconds, version, writable in looks:
        document = rendered.document(check, NOW + timedelta(seconds=seconds), version, writable)
        assert document == as_made_anew(check, seconds, version, writable)


def test_a_document_is_made_once_for_each_state_of_the_check() -> None:
    rendered = RenderedChecks(BASE)
    first = rendered.document(CHECK, NOW, 3, True)
    assert rendered.document(CHECK, NOW + timedelta(days=9), 3, True) is first
    changed = replace(CHECK, name="new")
    assert rendered.document(changed, NOW, 3, True) == as_made_anew(changed, 0, 3, True)


def test_documents_take_no_more_memory_than_allowed() -> None:
    size = len(as_made_anew(CHECK, 0, 3, True)) + rendered_checks._OVERHEAD
    rendered = RenderedChecks(BASE, 2 * size)
    checks = [replace(CHECK, id=UUID(int=number)) for number in range(3)]
    first, second = (rendered.document(check, NOW, 3, True) for check in checks[:2])
    assert rendered.document(checks[0], NOW, 3, True) is first
    rendered.document(checks[2], NOW, 3, True)
    assert rendered.document(checks[0], NOW, 3, True) is first
    assert rendered.document(checks[1], NOW, 3, True) is not second
    assert rendered._bytes == sum(document.size for document in rendered._documents.values()) <= 2 * size
