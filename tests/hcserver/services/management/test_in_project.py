from __future__ import annotations

from datetime import UTC, datetime
from uuid import uuid4

import pytest
from msgspec.structs import replace

from hcserver.domain.check import Check
from hcserver.domain.state_machine import Step
from hcserver.errors import NotFound
from hcserver.services.management.in_project import in_project


def test_a_change_holds_for_a_check_of_the_project_only() -> None:
    check = Check(id=uuid4(), project=uuid4(), created=datetime(2026, 3, 1, tzinfo=UTC), badge=uuid4())
    rename = in_project(check.project, lambda check: Step(replace(check, name="new")))
    assert rename(check).check.name == "new"
    with pytest.raises(NotFound):
        rename(replace(check, project=uuid4()))
