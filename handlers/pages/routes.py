"""All pages."""

from __future__ import annotations

from typing import Any

from handlers.pages import account, bulk, checks, home, live, members, new_check, setup, sign_in

ROUTES: list[tuple[str, Any]] = [
    *home.ROUTES,
    *checks.ROUTES,
    *live.ROUTES,
    *bulk.ROUTES,
    *new_check.ROUTES,
    *members.ROUTES,
    *account.ROUTES,
    *sign_in.ROUTES,
    *setup.ROUTES,
]
