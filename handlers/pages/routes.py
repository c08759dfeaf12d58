"""All pages."""

from __future__ import annotations

from typing import Any

from handlers.pages import bulk, checks, home, live, new_check

ROUTES: list[tuple[str, Any]] = [
    *home.ROUTES,
    *checks.ROUTES,
    *live.ROUTES,
    *bulk.ROUTES,
    *new_check.ROUTES,
]
