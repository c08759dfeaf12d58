"""What an import has to do: source and project are compared check by check. No I/O."""

from __future__ import annotations

from collections import Counter, defaultdict, deque
from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Literal
from uuid import UUID

import msgspec
from msgspec.structs import replace

from hcserver.domain.channel import Channel
from hcserver.domain.check import Check
from hcserver.errors import InvalidRequest
from hcserver.services.importing.source import Source, SourceCheck
from hcserver.validation.check import Spec, apply_spec, parse_spec
from hcserver.validation.json_fields import without_prefix

Action = Literal["create", "change", "unchanged", "refuse"]

_VERSION = 3  # of the API, whose words the fields are in
_DELETED = (
    "the check with this id was deleted here minutes ago, which a running server has still to finish: try "
    "again in a quarter of an hour"
)


class Step(msgspec.Struct, frozen=True, kw_only=True):
    """What is to be done for one check of the source."""

    action: Action
    source: SourceCheck
    check: UUID | None = None  # ours; for a new check: the id that it is to have, None for any
    spec: Spec | None = None  # its settings; None: they stay as they are
    changes: tuple[str, ...] = ()  # the names of the fields that change
    paused: bool | None = None  # to be paused or resumed; None: neither
    fault: str = ""  # why it is refused


class Existing(msgspec.Struct, frozen=True, kw_only=True):
    """What there is on our side: the project's checks, the oldest first, and its channels.

    `elsewhere` are the ids of the source that checks of other projects have, `deleted` those of checks that
    were deleted so recently that servers may still have them in memory.
    """

    checks: Sequence[Check]
    channels: Sequence[Channel]
    elsewhere: Collection[UUID] = frozenset()
    deleted: Collection[UUID] = frozenset()


class Plan(msgspec.Struct, frozen=True, kw_only=True):
    """The steps in the order of the source, and what people should know."""

    steps: tuple[Step, ...]
    warnings: tuple[str, ...]

    def of(self, *actions: Action) -> list[Step]:
        """The steps with one of these actions."""
        return [step for step in self.steps if step.action in actions]


def make_plan(source: Source, existing: Existing, *, new_ids: bool = False) -> Plan:
    """Compare the source with our project. A check of ours is the copy of the one with the same id.

    With `new_ids`, and where the source has no ids, it is the copy of the one with the same slug, or with the
    same name if that has no slug; several with the same one belong together in their order.
    """
    ours = {check.id: check for check in existing.checks}
    copies = _Copies(existing.checks)
    channels = _Channels(source, existing.channels)
    seen: set[UUID] = set()
    steps = []
    for one in source.checks:
        id = None if new_ids else one.id
        if id is not None and id in seen:
            steps.append(_refused(one, "the source has two checks with this id"))
            continue
        if id is None:
            copy = copies.take(one.fields.get("slug"), one.fields.get("name", ""))
        else:
            seen.add(id)
            copy = ours.get(id)
        steps.append(_step(one, id, copy, existing, channels))
    ids = {step.source.id: step.check for step in steps if step.source.id and step.action != "refuse"}
    steps = [_with_dependencies(step, ids, ours) for step in steps]
    return Plan(steps=tuple(steps), warnings=(*source.warnings, *channels.warnings))


class _Copies:
    """Our checks by slug and by name, each to be taken once."""

    def __init__(self, checks: Iterable[Check]) -> None:
        self._taken: set[UUID] = set()
        self._by_slug: defaultdict[object, deque[Check]] = defaultdict(deque)
        self._by_name: defaultdict[object, deque[Check]] = defaultdict(deque)
        for check in checks:
            self._by_slug[check.slug].append(check)
            self._by_name[check.name].append(check)

    def take(self, slug: object, name: object) -> Check | None:
        """The first check with this slug or, if the source has none, with this name."""
        candidates = self._by_slug[slug] if slug else self._by_name[name]
        while candidates:
            check = candidates.popleft()
            if check.id not in self._taken:
                self._taken.add(check.id)
                return check
        return None


class _Channels:
    """Which of our channels have the names of the source's channels."""

    def __init__(self, source: Source, ours: Iterable[Channel]) -> None:
        ours = list(ours)
        times = Counter(channel.name for channel in ours)
        self._by_name = {one.name: one.id for one in ours if one.name and times[one.name] == 1}
        self._followed = {self._by_name[name] for name in source.channels if name in self._by_name}
        self.warnings = tuple(self._missing(source, times))

    def of(self, source: SourceCheck, copy: Check | None) -> tuple[UUID, ...] | None:
        """The channels that the copy is to have; None: those that it has, or that new checks get.

        Channels of which the source knows nothing stay.
        """
        if source.channels is None:
            return None
        wanted = [self._by_name[name] for name in source.channels if name in self._by_name]
        kept = (
            [] if copy is None else [id for id in copy.channels if id in wanted or id not in self._followed]
        )
        return tuple(dict.fromkeys([*kept, *wanted]))

    def _missing(self, source: Source, times: Counter[str]) -> Iterable[str]:
        users = Counter(name for check in source.checks for name in dict.fromkeys(check.channels or ()))
        for name, count in users.items():
            if name not in self._by_name:
                checks = "1 check has" if count == 1 else f"{count} checks have"
                there = f"{times[name]} channels" if times[name] else "no channel"
                named = f"of the name {name!r}" if name else "without a name"
                yield (
                    f"{checks} a channel {named} at the source"
                    + (f", but this project has {there} of that name" if name else "")
                    + ": it is left out"
                )


def _step(
    source: SourceCheck, id: UUID | None, copy: Check | None, existing: Existing, channels: _Channels
) -> Step:
    try:
        spec = parse_spec(dict(source.fields), _VERSION)
        if copy is not None:
            return _compared(source, spec, copy, channels.of(source, copy))
    except InvalidRequest as error:
        return _refused(source, without_prefix(error))
    if id in existing.elsewhere:
        return _refused(
            source, "a check of another project of this server has this id: --new-ids makes new ones"
        )
    if id in existing.deleted:
        return _refused(source, _DELETED)
    spec = _with_channels(spec, channels.of(source, None))
    # The history has the status.
    paused = True if source.paused and source.history is None else None
    return Step(action="create", source=source, check=id, spec=spec, paused=paused)


def _compared(source: SourceCheck, spec: Spec, copy: Check, channels: tuple[UUID, ...] | None) -> Step:
    wanted = apply_spec(copy, spec)
    changes = [name for name in _names(wanted) if getattr(wanted, name) != getattr(copy, name)]
    if channels is not None and set(channels) != set(copy.channels):
        changes.append("channels")
        spec = _with_channels(spec, channels)
    paused = None
    # As long as nothing has pinged the copy, the source says whether it is paused.
    if copy.n_pings == 0 and source.paused != (copy.status == "paused"):
        paused = source.paused
    settings = spec if changes else None
    if paused is not None:
        changes.append("paused")
    action: Action = "change" if changes else "unchanged"
    return Step(
        action=action, source=source, check=copy.id, spec=settings, changes=tuple(changes), paused=paused
    )


def _with_dependencies(step: Step, ids: Mapping[UUID, UUID | None], ours: Mapping[UUID, Check]) -> Step:
    """The step, which is a change if our check is to depend on others than it does. `ids` are ours by those
    of the source, None for those that are yet to be made.
    """
    wanted = [ids[id] for id in step.source.depends_on if id in ids]
    if not wanted or step.check is None or step.action not in ("change", "unchanged"):
        return step
    if wanted == list(ours[step.check].depends_on):
        return step
    return replace(step, action="change", changes=(*step.changes, "depends_on"))


def _names(check: Check) -> tuple[str, ...]:
    return tuple(name for name in check.__struct_fields__ if name not in ("channels", "depends_on"))


def _with_channels(spec: Spec, channels: tuple[UUID, ...] | None) -> Spec:
    return spec if channels is None else replace(spec, channels=",".join(map(str, channels)))


def _refused(source: SourceCheck, fault: str) -> Step:
    return Step(action="refuse", source=source, fault=fault)
