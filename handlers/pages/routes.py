"""All pages."""

from __future__ import annotations

from typing import Any

from handlers.pages import (
    bulk,
    check_actions,
    check_page,
    checks,
    home,
    live,
    live_check,
    new_check,
    new_project,
    settings,
    settings_badges,
    settings_keys,
    settings_status,
    settings_walls,
    status_page,
    wall,
)

ROUTES: list[tuple[str, Any]] = [
    *home.ROUTES,
    *checks.ROUTES,
    *live.ROUTES,
    *bulk.ROUTES,
    *check_page.ROUTES,
    *check_actions.ROUTES,
    *live_check.ROUTES,
    *new_check.ROUTES,
    *new_project.ROUTES,
    *settings.ROUTES,
    *settings_keys.ROUTES,
    *settings_badges.ROUTES,
    *settings_status.ROUTES,
    *settings_walls.ROUTES,
    *status_page.ROUTES,
    *wall.ROUTES,
]
