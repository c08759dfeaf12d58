"""All pages."""

from __future__ import annotations

from typing import Any

from handlers.pages import (
    account,
    activity,
    bulk,
    channel,
    channel_form,
    channels,
    check_actions,
    check_page,
    checks,
    docs,
    home,
    live,
    live_check,
    members,
    new_check,
    rules,
    schedule,
    setup,
    sign_in,
    windows,
)

ROUTES: list[tuple[str, Any]] = [
    *account.ROUTES,
    *activity.ROUTES,
    *bulk.ROUTES,
    *channel.ROUTES,
    *channel_form.ROUTES,
    *channels.ROUTES,
    *check_actions.ROUTES,
    *check_page.ROUTES,
    *checks.ROUTES,
    *docs.ROUTES,
    *home.ROUTES,
    *live.ROUTES,
    *live_check.ROUTES,
    *members.ROUTES,
    *new_check.ROUTES,
    *rules.ROUTES,
    *schedule.ROUTES,
    *setup.ROUTES,
    *sign_in.ROUTES,
    *windows.ROUTES,
]
