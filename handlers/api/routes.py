"""All endpoints of the API."""

from __future__ import annotations

from handlers.api import (
    badges,
    channels,
    check,
    checks,
    classify,
    events,
    flips,
    metrics,
    notifications,
    openapi,
    pings,
    projects,
    snooze,
    status,
    windows,
)
from handlers.api.base import Routes

ROUTES: Routes = [
    *checks.ROUTES,
    *check.ROUTES,
    *pings.ROUTES,
    *flips.ROUTES,
    *snooze.ROUTES,
    *classify.ROUTES,
    *channels.ROUTES,
    *notifications.ROUTES,
    *windows.ROUTES,
    *projects.ROUTES,
    *events.ROUTES,
    *badges.ROUTES,
    *status.ROUTES,
    *metrics.ROUTES,
    *openapi.ROUTES,
]
