"""All pages."""

from __future__ import annotations

from typing import Any

<<<<<<< HEAD
from handlers.pages import bulk, checks, home, live, new_check, status_page, wall
=======
from handlers.pages import bulk, check_actions, check_page, checks, home, live, live_check, new_check
>>>>>>> main

ROUTES: list[tuple[str, Any]] = [
    *home.ROUTES,
    *checks.ROUTES,
    *live.ROUTES,
    *bulk.ROUTES,
    *check_page.ROUTES,
    *check_actions.ROUTES,
    *live_check.ROUTES,
    *new_check.ROUTES,
    *status_page.ROUTES,
    *wall.ROUTES,
]
