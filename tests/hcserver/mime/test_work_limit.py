from __future__ import annotations

import pytest

from hcserver.mime.work_limit import TooCostly, WorkLimit


def test_as_many_steps_as_allowed_may_be_taken_and_no_more() -> None:
    work = WorkLimit(10)
    work.spend(4)
    work.spend(6)
    with pytest.raises(TooCostly):
        work.spend(1)


def test_without_a_limit_no_number_of_steps_is_too_many() -> None:
    WorkLimit(None).spend(10**30)
