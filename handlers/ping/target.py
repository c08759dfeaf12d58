"""What a ping's path and query say: which check, which signal, which run."""

from __future__ import annotations

import re
from typing import NamedTuple
from uuid import UUID

from hcserver.domain.ping import Signal
from hcserver.domain.uuids import parse_uuid
from hcserver.errors import InvalidRequest, NotFound

PREFIX = "/ping/"
_SLUG = re.compile(r"[A-Za-z0-9_-]{1,100}")
_STATUS = re.compile(r"[0-9]+")
_NAMED: dict[str, Signal] = {"start": "start", "fail": "fail", "log": "log"}
_MAX_STATUS = 255
_MISPLACED = re.compile(r"((?:^|&)(?:create|rid)=[^&/?]*)/(start|fail|log|[0-9]*)(?:[&?]|$)")


class Target(NamedTuple):
    """What a ping's path says: a check by its id, or by ping key and slug, and the signal."""

    check: UUID | None
    ping_key: str
    slug: str
    signal: Signal
    exit_status: int | None


def split_signal(query: str) -> tuple[str, str]:
    """The query without a signal that stands behind `create` or `rid`, and that signal, "" if there is none.

    Scripts that append "/start" to a ping address which has a query already ask for `?create=1/start`, and
    then maybe for `?create=1/start?rid=…`.
    """
    match = _MISPLACED.search(query) if "/" in query else None
    if match is None:
        return query, ""
    return f"{query[: match.end(1)]}&{query[match.end() :]}", match[2]


def parse_target(path: str, signal_in_query: str = "") -> Target:
    """Read a path below /ping/; `signal_in_query` counts where the path has no signal.

    Raises NotFound for what is no ping's path, InvalidRequest for a faulty one.
    """
    parts = path[len(PREFIX) :].split("/")
    if check := parse_uuid(parts[0]):
        ping_key, slug, rest = "", "", parts[1:]
    elif len(parts) > 1 and _SLUG.fullmatch(parts[0]) and _SLUG.fullmatch(parts[1]):
        ping_key, slug, rest = parts[0], parts[1], parts[2:]
    else:
        raise NotFound("not found")
    if slug != slug.lower():
        raise InvalidRequest("invalid url format")
    signal, exit_status = _parse_signal([signal_in_query] if rest in ([], [""]) else rest)
    return Target(check, ping_key, slug, signal, exit_status)


def parse_run_id(query: dict[str, list[str]]) -> UUID | None:
    """The run that the ping belongs to; the last of several counts. Raises InvalidRequest."""
    if "rid" not in query:
        return None
    if (rid := parse_uuid(query["rid"][-1])) is None:
        raise InvalidRequest("invalid uuid format")
    return rid


def _parse_signal(rest: list[str]) -> tuple[Signal, int | None]:
    """The signal and the exit status in what follows the check."""
    if rest == [""]:
        return "success", None
    if len(rest) > 1:
        raise NotFound("not found")
    if signal := _NAMED.get(rest[0]):
        return signal, None
    if not _STATUS.fullmatch(rest[0]):
        raise NotFound("not found")
    digits = rest[0].lstrip("0") or "0"
    if len(digits) > 3 or int(digits) > _MAX_STATUS:
        raise InvalidRequest("invalid url format")
    status = int(digits)
    return "fail" if status else "success", status
