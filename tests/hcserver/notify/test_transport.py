from __future__ import annotations

import pytest

from hcserver.notify.group import Group
from hcserver.notify.registry import CHANNEL_KINDS
from hcserver.notify.transport import Transport


@pytest.mark.parametrize("name", [name for name in CHANNEL_KINDS if name != Group.name])
def test_every_kind_that_sends_has_all_that_a_transport_has(name: str) -> None:
    names = [member for member in vars(Transport) if not member.startswith("_")]
    assert {"name", "needs", "form", "normalise", "hosts", "masked", "secrets", "send"} == set(names)
    assert all(hasattr(CHANNEL_KINDS[name], member) for member in names)
    assert CHANNEL_KINDS[name].name == name


@pytest.mark.parametrize(
    ("name", "target", "hosts"),
    [
        ("email", "ops@10.0.0.1", ()),
        ("shell", "pager", ()),
        ("group", "5e7a5a52-6a0e-4c64-8d4b-5a9c2f5c6d10", ()),
        ("webhook", "http://u:p@10.0.0.1:8080/x", ("10.0.0.1",)),
        ("webhook", "http://[::1]/", ("::1",)),
        ("webhook", '{"down": {"url": "http://a/"}, "up": {"url": "http://b/"}}', ("a", "b")),
        ("webhook", '{"url": "http://a/x", "up": {"url": "http://a/y"}}', ("a",)),
    ],
)
def test_the_hosts_that_a_target_names(name: str, target: str, hosts: tuple[str, ...]) -> None:
    assert CHANNEL_KINDS[name].hosts(target) == hosts
