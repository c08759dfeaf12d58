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
    log,
    log_entry,
    members,
    new_check,
    new_project,
    rules,
    schedule,
    settings,
    settings_badges,
    settings_keys,
    settings_status,
    settings_walls,
    setup,
    sign_in,
    status_page,
    wall,
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
    *log.ROUTES,
    *log_entry.ROUTES,
    *members.ROUTES,
    *new_check.ROUTES,
    *new_project.ROUTES,
    *rules.ROUTES,
    *schedule.ROUTES,
    *settings.ROUTES,
    *settings_badges.ROUTES,
    *settings_keys.ROUTES,
    *settings_status.ROUTES,
    *settings_walls.ROUTES,
    *setup.ROUTES,
    *sign_in.ROUTES,
    *status_page.ROUTES,
    *wall.ROUTES,
]
