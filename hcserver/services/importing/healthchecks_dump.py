"""The checks of a project in the JSON that `manage.py dumpdata` of Healthchecks writes.

Django writes each record as an object with `model`, `pk` and `fields`, durations as `1 02:03:04.5`, and
binary fields as Base64 (https://docs.djangoproject.com/en/stable/topics/serialization/).
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Final, TypeVar
from uuid import UUID

import msgspec

from hcserver.domain.check import Status
from hcserver.domain.clock import EPOCH
from hcserver.domain.ping import Scheme, Signal
from hcserver.errors import HcError
from hcserver.services.importing.history import History, SourceFlip, SourcePing
from hcserver.services.importing.source import Source, SourceCheck

T = TypeVar("T")
Key = int | str  # the primary key of a record

_DURATION: Final = re.compile(
    r"(?:(?P<days>\d+) )?(?P<hours>\d+):(?P<minutes>\d+):(?P<seconds>\d+)(?:\.(?P<fraction>\d+))?"
)
_MILLISECOND: Final = timedelta(milliseconds=1)
_SIGNALS: Final[dict[str | None, Signal]] = {
    None: "success",
    "": "success",
    "start": "start",
    "fail": "fail",
    "log": "log",
    "ign": "ign",
}
_SCHEMES: Final[dict[str, Scheme]] = {"http": "http", "https": "https", "email": "email"}

# Members of a record of api.check that are settings under the same names.
_SETTINGS: Final = (
    *("name", "slug", "tags", "desc", "methods", "manual_resume", "start_kw", "success_kw", "failure_kw"),
    *("filter_subject", "filter_body", "filter_http_body", "filter_default_fail", "subject", "subject_fail"),
)


class _Record(msgspec.Struct, gc=False):
    model: str
    pk: Key
    fields: msgspec.Raw


class _Project(msgspec.Struct):
    code: str = ""
    name: str = ""


class _Channel(msgspec.Struct):
    project: Key | None = None
    name: str = ""
    checks: list[Key] = []


class _Check(msgspec.Struct):
    code: UUID
    created: datetime
    project: Key | None = None
    kind: str = "simple"
    timeout: str | None = None
    grace: str | None = None
    schedule: str | None = None
    tz: str | None = None
    badge_key: UUID | None = None
    n_pings: int = 0
    last_ping: datetime | None = None
    last_start: datetime | None = None
    last_start_rid: UUID | None = None
    last_duration: str | None = None
    status: Status = "new"


class _Ping(msgspec.Struct, gc=False):
    owner: Key
    created: datetime
    n: int | None = None
    kind: str | None = None
    scheme: str = "http"
    remote_addr: str | None = None
    method: str = ""
    ua: str = ""
    body: str | None = None
    body_raw: bytes | None = None
    object_size: int | None = None
    exitstatus: int | None = None
    rid: UUID | None = None


class _Flip(msgspec.Struct, gc=False):
    owner: Key
    created: datetime
    old_status: Status
    new_status: Status


def read_dump(path: Path, project: str | None) -> Source:
    """The checks of `project` (a name, a code or a primary key), with their pings and flips.

    None: of the only project that has checks. Raises HcError that says what is wrong with the file.
    """
    records = _records(path)
    checks = _of_model(records, "api.check", _Check)
    chosen = _choose(path, checks.values(), _of_model(records, "accounts.project", _Project), project)
    checks = {pk: check for pk, check in checks.items() if check.project == chosen}
    settings = {record.pk: _settings(record) for record in records["api.check"] if record.pk in checks}
    channels = [one for one in _of_model(records, "api.channel", _Channel).values() if one.project == chosen]
    names = _channel_names(channels)
    pings, missing = _pings(records, checks)
    flips = _flips(records, checks)
    ordered = sorted(checks.items(), key=lambda item: (_moment(item[1].created), str(item[0])))
    return Source(
        checks=tuple(
            _source_check(one, settings[pk], tuple(names[pk]), tuple(pings[pk]), tuple(flips[pk]))
            for pk, one in ordered
        ),
        channels=tuple(channel.name for channel in channels if channel.name),
        warnings=tuple(_warnings(missing)),
    )


def _records(path: Path) -> Mapping[str, list[_Record]]:
    """The records by model."""
    try:
        records = msgspec.json.decode(path.read_bytes(), type=list[_Record])
    except OSError as error:
        raise HcError(f"{path}: {error.strerror or error}") from error
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise HcError(f"{path} is not what `manage.py dumpdata` writes as JSON: {error}") from error
    found: dict[str, list[_Record]] = defaultdict(list)
    for record in records:
        found[record.model].append(record)
    return found


def _of_model(records: Mapping[str, list[_Record]], model: str, type: type[T]) -> dict[Key, T]:
    decoder = msgspec.json.Decoder(type)
    return {record.pk: _decoded(record, decoder) for record in records[model]}


def _decoded(record: _Record, decoder: msgspec.json.Decoder[T]) -> T:
    try:
        return decoder.decode(record.fields)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise HcError(f"the record {record.model} {record.pk} of the dump is faulty: {error}") from error


def _choose(
    path: Path, checks: Iterable[_Check], projects: Mapping[Key, _Project], wanted: str | None
) -> Key | None:
    """The primary key of the project whose checks are imported."""
    with_checks = {check.project for check in checks}
    if not with_checks:
        raise HcError(f"{path} has no records of api.check")
    labels = {
        key: projects[key].name if key in projects else str(key) for key in with_checks if key is not None
    }
    if wanted is None and len(with_checks) == 1:
        return with_checks.pop()
    found = [
        key
        for key in labels
        if wanted in (str(key), labels[key]) or (key in projects and projects[key].code == wanted)
    ]
    if len(found) != 1:
        what = "several projects" if wanted is None or found else f"no checks of a project {wanted!r}"
        listed = ", ".join(
            f"{name or '(without a name)'} ({key})" for key, name in sorted(labels.items(), key=str)
        )
        raise HcError(f"{path} has {what}; name one of these, or its number: {listed}")
    return found[0]


def _settings(record: _Record) -> dict[str, object]:
    given = _decoded(record, msgspec.json.Decoder(dict[str, Any]))
    return {name: given[name] for name in _SETTINGS if given.get(name) is not None}


def _channel_names(channels: Iterable[_Channel]) -> Mapping[Key, list[str]]:
    """The names of the channels of each check, by its primary key."""
    names: dict[Key, list[str]] = defaultdict(list)
    for channel in channels:
        for check in channel.checks:
            names[check].append(channel.name)
    return names


def _pings(
    records: Mapping[str, list[_Record]], checks: Mapping[Key, _Check]
) -> tuple[Mapping[Key, list[SourcePing]], int]:
    """The pings of these checks in their order, and how many have a body that is not in the dump."""
    decoder = msgspec.json.Decoder(_Ping)
    found: dict[Key, list[tuple[int, datetime, SourcePing]]] = defaultdict(list)
    missing = 0
    for record in records["api.ping"]:
        ping = _decoded(record, decoder)
        if ping.owner in checks:
            missing += bool(ping.object_size and not (ping.body or ping.body_raw))
            found[ping.owner].append((ping.n or 0, _moment(ping.created), _source_ping(ping)))
    ordered = {key: sorted(pings, key=lambda one: one[:2]) for key, pings in found.items()}
    return defaultdict(list, {key: [one[2] for one in pings] for key, pings in ordered.items()}), missing


def _source_ping(ping: _Ping) -> SourcePing:
    body = ping.body_raw or (ping.body or "").encode("utf-8", "replace")
    return SourcePing(
        at=_moment(ping.created),
        type=_SIGNALS.get(ping.kind, "log"),
        scheme=_SCHEMES.get(ping.scheme, "http"),
        remote_addr=ping.remote_addr or "",
        method=ping.method,
        ua=ping.ua,
        rid=ping.rid,
        exit_status=ping.exitstatus,
        body=body or None,
    )


def _flips(
    records: Mapping[str, list[_Record]], checks: Mapping[Key, _Check]
) -> Mapping[Key, list[SourceFlip]]:
    found: dict[Key, list[SourceFlip]] = defaultdict(list)
    for flip in _of_model(records, "api.flip", _Flip).values():
        if flip.owner in checks:
            found[flip.owner].append(SourceFlip(_moment(flip.created), flip.old_status, flip.new_status))
    for flips in found.values():
        flips.sort(key=lambda flip: flip.at)
    return found


def _source_check(
    check: _Check,
    settings: dict[str, object],
    channels: tuple[str, ...],
    pings: tuple[SourcePing, ...],
    flips: tuple[SourceFlip, ...],
) -> SourceCheck:
    if check.kind == "simple":
        expected: dict[str, object] = {"timeout": _seconds(check, check.timeout)}
    else:
        expected = {"schedule": check.schedule, "tz": check.tz}
    fields = {**settings, **expected, "grace": _seconds(check, check.grace)}
    duration = _duration(check, check.last_duration)
    history = History(
        created=_moment(check.created),
        status=check.status,
        n_pings=check.n_pings,
        last_ping=None if check.last_ping is None else _moment(check.last_ping),
        last_start=None if check.last_start is None else _moment(check.last_start),
        last_start_rid=check.last_start_rid,
        last_duration=None if duration is None else duration.total_seconds(),
        pings=pings,
        flips=flips,
    )
    return SourceCheck(
        id=check.code,
        address="",
        fields={name: value for name, value in fields.items() if value is not None},
        badge=check.badge_key,
        channels=channels,
        paused=check.status == "paused",
        history=history,
    )


def _duration(check: _Check, text: str | None) -> timedelta | None:
    if text is None:
        return None
    match = _DURATION.fullmatch(text)
    if match is None:
        raise HcError(f"the check {check.code} of the dump has the duration {text[:50]!r}")
    parts = {name: int(match[name] or 0) for name in ("days", "hours", "minutes", "seconds")}
    return timedelta(**parts, milliseconds=int((match["fraction"] or "0").ljust(3, "0")[:3]))


def _seconds(check: _Check, text: str | None) -> int | None:
    duration = _duration(check, text)
    return None if duration is None else int(duration.total_seconds())


def _moment(at: datetime) -> datetime:
    """In UTC, cut to milliseconds. Without a zone it is in UTC already."""
    at = at.replace(tzinfo=UTC) if at.tzinfo is None else at.astimezone(UTC)
    return EPOCH + (at - EPOCH) // _MILLISECOND * _MILLISECOND


def _warnings(missing: int) -> Iterable[str]:
    if missing:
        yield f"bodies of pings that are in an object storage, and not in the dump, are left out: {missing}"
