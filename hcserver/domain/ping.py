"""A ping: one report of a job, however it arrived."""

from __future__ import annotations

from datetime import datetime
from typing import Literal
from uuid import UUID

import msgspec

from hcserver.domain.keywords import Reason

Signal = Literal["start", "success", "fail", "log", "ign"]
Scheme = Literal["http", "https", "email"]


# Thousands are made for a list: the garbage collector need not look at them, as they are in no cycles.
class Ping(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """One entry of a check's log. `n` counts from 1 without gaps; `type` is final, filters applied."""

    check: UUID
    n: int
    at: datetime
    type: Signal
    scheme: Scheme
    remote_addr: str
    method: str = ""
    ua: str = ""
    rid: UUID | None = None  # the run id that joins a start with its end
    exit_status: int | None = None
    body: bytes | None = None
    body_size: int = 0  # bytes of `body`, known even where the body itself was not read
    cut_before: int = 0  # bytes in front of `body` that came with the ping and were not kept
    cut_after: int = 0  # bytes behind it
    subject: str | None = None  # email only
    sender: str | None = None  # email only
    reason: Reason | None = None  # why keywords made it what it is
    token: bytes = b""  # unique to this report: tells our own append from another process's

    @property
    def ignored_end(self) -> bool:
        """Whether it is the end of a run that counts neither as a success nor as a failure."""
        return self.type == "ign" and self.reason is not None and self.reason.where == "exit status"


class LoggedToken(msgspec.Struct, frozen=True):
    """What tells a ping in the log from other attempts at reporting the same."""

    n: int
    at: datetime
    token: bytes
    by_mail: bool


class Report(msgspec.Struct, frozen=True, kw_only=True):
    """A ping before it has a place in the log: what came in, and what its sender or its words say it is."""

    check: UUID
    at: datetime
    signal: Signal
    scheme: Scheme
    remote_addr: str
    method: str = ""
    ua: str = ""
    rid: UUID | None = None
    exit_status: int | None = None
    body: bytes | None = None
    cut_before: int = 0  # as in Ping
    cut_after: int = 0
    subject: str | None = None
    sender: str | None = None
    reason: Reason | None = None
    token: bytes = b""  # 12 bytes; empty: the intake makes one
