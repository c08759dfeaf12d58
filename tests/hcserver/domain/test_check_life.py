from __future__ import annotations

from hypothesis import settings

from tests.hcserver.domain.check_life import CheckLife

CheckLife.TestCase.settings = settings(max_examples=200, stateful_step_count=30, deadline=None)
test_flips_alerts_and_status_agree_whatever_happens = CheckLife.TestCase
