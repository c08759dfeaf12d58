"""All pages."""

from __future__ import annotations

from typing import Any

from handlers.pages import (
    account,
    bulk,
    check_actions,
    check_page,
    checks,
    home,
    live,
    live_check,
    members,
    new_check,
    rules,
    schedule,
    setup,
    sign_in,
)

ROUTES: list[tuple[str, Any]] = [
    *account.ROUTES,
    *bulk.ROUTES,
    *check_actions.ROUTES,
    *check_page.ROUTES,
    *checks.ROUTES,
    *home.ROUTES,
    *live.ROUTES,
    *live_check.ROUTES,
    *members.ROUTES,
    *new_check.ROUTES,
    *rules.ROUTES,
    *schedule.ROUTES,
    *setup.ROUTES,
    *sign_in.ROUTES,
]
