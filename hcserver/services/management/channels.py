"""Channels, as people manage them."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Collection, Sequence
from contextlib import asynccontextmanager
from uuid import UUID, uuid4

from msgspec.structs import replace

from hcserver.domain.channel import Channel
from hcserver.domain.check import Check
from hcserver.domain.clock import Clock
from hcserver.domain.notification import Attempt, Notification
from hcserver.domain.project import Project
from hcserver.domain.state_machine import Step
from hcserver.errors import Ambiguous, DeliveryError, Forbidden, InvalidRequest, NotFound
from hcserver.net.address_policy import AddressPolicy
from hcserver.notify.group import Group
from hcserver.notify.registry import CHANNEL_KINDS, kind
from hcserver.notify.shell import Shell
from hcserver.notify.target_form import TargetForm
from hcserver.services.delivery.held_notifications import release_of_channel
from hcserver.services.delivery.notifier import Notifier
from hcserver.services.intake.check_cache import CheckCache
from hcserver.services.intake.state_writer import StateWriter
from hcserver.storage import Storage
from hcserver.validation import json_fields
from hcserver.validation.channel import ChannelSpec, apply_channel

MAX_CHANNELS = 1000  # of a project
GROUP_EMPTIED = "the last of its channels was deleted"
_AT_ONCE = 100  # checks changed at a time


class Channels:
    """The channels of projects. Every method raises Unavailable when the database is away."""

    def __init__(
        self,
        storage: Storage,
        cache: CheckCache,
        writer: StateWriter,
        notifier: Notifier,
        policy: AddressPolicy,
        commands: Collection[str],
        clock: Clock,
    ) -> None:
        """`commands`: the names that the settings give to commands, for channels of the kind shell."""
        self._policy = policy
        self._commands = commands
        self._storage = storage
        self._cache = cache
        self._writer = writer
        self._notifier = notifier
        self._clock = clock

    # -- reading

    async def of_project(self, project: UUID) -> list[Channel]:
        """The oldest first."""
        return await self._storage.channels.of_project(project)

    async def get(self, project: Project, id: UUID) -> Channel:
        """Raises NotFound, Forbidden."""
        channel = await self._storage.channels.get(id)
        if channel is None:
            raise NotFound("not found")
        if channel.project != project.id:
            raise Forbidden("")
        return channel

    async def find(self, project: Project, name_or_id: str) -> Channel:
        """The project's channel with this id, else the one with this name. Raises NotFound, Ambiguous."""
        channels = await self.of_project(project.id)
        found = [one for one in channels if str(one.id) == name_or_id]
        found = found or [one for one in channels if one.name == name_or_id]
        if not found:
            raise NotFound(f"there is no channel {name_or_id!r} in the project")
        if len(found) > 1:
            raise Ambiguous(f"several channels are named {name_or_id!r}: give the id")
        return found[0]

    async def notifications(self, channel: Channel, limit: int) -> list[Notification]:
        """The last `limit` notifications for the channel, pending ones included, newest first."""
        return await self._storage.notifications.of_channel(channel.id, limit)

    async def retry(self, channel: Channel, check: UUID, n: int) -> bool:
        """Try the check's notification `n` for the channel once more if it has failed; whether it had."""
        return await self._storage.notifications.retry(check, n, channel.id, self._clock())

    # -- changing

    async def create(self, project: Project, spec: ChannelSpec) -> Channel:
        """Raises InvalidRequest, Forbidden (the project has as many channels as it may)."""
        if spec.kind is None or (spec.target is None and spec.fields is None):
            raise json_fields.fault(f"{'kind' if spec.kind is None else 'target'} is missing")
        if spec.kind not in CHANNEL_KINDS:
            raise json_fields.fault(f"kind has unexpected value: expected one of {', '.join(CHANNEL_KINDS)}")
        async with self._exclusively(project):
            others = await self.of_project(project.id)
            if len(others) >= MAX_CHANNELS:
                raise Forbidden(f"channel limit reached: a project can have {MAX_CHANNELS}")
            target = self._checked_target(spec.kind, spec, others)
            channel = Channel(
                id=uuid4(), project=project.id, created=self._clock(), kind=spec.kind, target=target
            )
            channel = apply_channel(channel, spec, None)
            await self._storage.channels.insert(channel)
        await self._publish(project)
        return channel

    async def update(self, project: Project, id: UUID, spec: ChannelSpec) -> Channel:
        """Raises NotFound, Forbidden, InvalidRequest; then nothing is changed."""
        async with self._exclusively(project):
            channel = await self.get(project, id)
            if spec.kind not in (None, channel.kind):
                raise json_fields.fault("kind can't be changed: create another channel")
            target = None
            # A group that is enabled again is looked at anew: its channels may have been deleted.
            regrouped = channel.kind == Group.name and spec.disabled is False
            if spec.target is not None or spec.fields is not None or regrouped:
                others = await self.of_project(project.id)
                target = self._checked_target(channel.kind, spec, others, before=channel.target)
            channel = apply_channel(channel, spec, target)
            await self._storage.channels.replace(channel)
        await self._publish(project)
        await release_of_channel(self._storage, id, self._clock())
        return channel

    async def delete(self, project: Project, id: UUID) -> Channel:
        """Delete a channel, and take it out of checks and groups; the channel as it was.

        If this is interrupted the channel still exists, and it can be repeated. Raises NotFound, Forbidden.
        """
        channel = await self.get(project, id)
        await self._unassign(channel)
        async with self._exclusively(project):
            await self._leave_groups(channel)
            await self._storage.channels.delete(id)
        await self._publish(project)
        # It may have been assigned to further checks meanwhile.
        await self._unassign(channel)
        return channel

    async def test(self, channel: Channel, check: Check | None = None) -> Attempt:
        """Send a test, about `check` if one is given; the outcome.

        A group sends to all its channels at once, and the outcome is that of the first one that fails.
        """
        if channel.kind != Group.name:
            return await self._notifier.test(channel, check)
        ids = Group().members(channel.target)
        found = [one for one in await self.of_project(channel.project) if one.id in ids]
        if not found:
            return Attempt(at=self._clock(), duration=0.0, error="the group has no channels")
        attempts = await asyncio.gather(*(self._notifier.test(one, check) for one in found))
        failed = next(
            (
                (attempt.status, f"{one.name or one.kind}: {attempt.error}")
                for one, attempt in zip(found, attempts, strict=True)
                if attempt.error is not None
            ),
            (None, None),
        )
        duration = max(attempt.duration for attempt in attempts)
        return Attempt(at=attempts[0].at, duration=duration, status=failed[0], error=failed[1])

    def _checked_target(
        self, name: str, spec: ChannelSpec, others: Sequence[Channel], before: str = ""
    ) -> str:
        """The target as it is stored; `before` is what it was. Raises InvalidRequest.

        One that is not new may be out of reach.
        """
        transport = kind(name)
        target = requested_target(transport.form, spec, before)
        place = "target" if spec.fields is None else f"fields.{transport.form.main}"
        try:
            checked = transport.normalise(target)
            if isinstance(transport, Group):
                _check_members(transport.members(checked), others)
        except InvalidRequest as error:
            raise json_fields.fault(f"{place} does not fit: {error}") from error
        if checked != before:
            self.require_usable(name, checked, place)
        return checked

    def require_usable(self, name: str, target: str, place: str = "target") -> None:
        """Raises InvalidRequest, which begins with `place`, if nothing could be sent to this target: the
        settings don't define its command, or don't let channels reach its host.
        """
        transport = kind(name)
        try:
            if isinstance(transport, Shell):
                transport.require_known(target, self._commands)
        except InvalidRequest as error:
            raise json_fields.fault(f"{place} does not fit: {error}") from error
        try:
            for host in transport.hosts(target):
                self._policy.check_host(host)
        except DeliveryError as error:
            raise json_fields.fault(f"{place} can't be reached: {error}") from error

    async def _unassign(self, channel: Channel) -> None:
        def without(check: Check) -> Step:
            if channel.id not in check.channels:
                return Step(check)
            return Step(replace(check, channels=tuple(id for id in check.channels if id != channel.id)))

        checks = [self._cache.overlay(one) for one in await self._storage.checks.of_project(channel.project)]
        ids = [check.id for check in checks if channel.id in check.channels]
        for start in range(0, len(ids), _AT_ONCE):
            some = ids[start : start + _AT_ONCE]
            outcomes = await asyncio.gather(
                *(self._writer.change(id, without) for id in some), return_exceptions=True
            )
            for outcome in outcomes:
                # A check that was deleted meanwhile has no channels left.
                if isinstance(outcome, BaseException) and not isinstance(outcome, NotFound):
                    raise outcome
            await self._storage.news.publish_checks(self._clock(), channel.project, some)

    async def _leave_groups(self, channel: Channel) -> None:
        for group in await self.of_project(channel.project):
            if group.kind != Group.name:
                continue
            ids = Group().members(group.target)
            if channel.id not in ids:
                continue
            if rest := ",".join(str(id) for id in ids if id != channel.id):
                await self._storage.channels.replace(replace(group, target=rest))
            else:
                await self._storage.channels.replace(replace(group, error=GROUP_EMPTIED))

    async def _publish(self, project: Project) -> None:
        self._notifier.forget(project.id)
        await self._storage.news.publish(self._clock(), project.id)

    @asynccontextmanager
    async def _exclusively(self, project: Project) -> AsyncIterator[None]:
        """One change at a time, so that none is lost and groups have only channels that exist."""
        async with self._storage.locks.hold(f"channels:{project.id}", self._clock):
            yield


def requested_target(form: TargetForm, spec: ChannelSpec, before: str = "") -> str:
    """The target that a request asks for, which the kind has yet to check. Fields that are not in the request
    keep the value that they have in the target `before`. Raises InvalidRequest that names the field.
    """
    if spec.fields is None:
        return before if spec.target is None else spec.target
    try:
        return form.to_target(form.merged(before, spec.fields) if before else spec.fields)
    except InvalidRequest as error:
        raise json_fields.fault(f"fields.{error}") from error


def _check_members(ids: Sequence[UUID], others: Sequence[Channel]) -> None:
    kinds = {one.id: one.kind for one in others}
    for id in ids:
        if id not in kinds:
            raise InvalidRequest(f"{id} is no channel of the project")
        if kinds[id] == Group.name:
            raise InvalidRequest(f"{id} is a group itself")
