"""Paths for the log, which is read by more people than keys are for."""

from __future__ import annotations

import re

from handlers.server.request_target import decode_unreserved

# Whoever knows a uuid or a ping key can ping, a badge key shows badges, a wall's token shows states, and a
# set-up token creates the first user, an API key reads metrics: only their beginnings are logged.
_UUID = re.compile(r"([0-9a-fA-F]{8})(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}")
_KEY = re.compile(r"^(/(?:(?:ping|badge|setup|wall)|projects/[^/]*/metrics)/[^/]{4})[^/]+")
_LONGEST = 200  # characters


def loggable_path(target: str) -> str:
    """The path of a request target without its query, and without secrets; cut at 200 characters."""
    path = decode_unreserved(target.partition("?")[0])
    return _UUID.sub(r"\1…", _KEY.sub(r"\1…", path))[:_LONGEST]
