from __future__ import annotations

from ipaddress import ip_network
from typing import Any

import pytest

from hcserver.config import types
from hcserver.config.types import SettingType


@pytest.mark.parametrize(
    ("kind", "text", "value"),
    [
        (types.integer(0, 9, "a digit"), " +7 ", 7),
        (types.seconds(0, 9), "1.5", 1.5),
        (types.boolean(), "Yes", True),
        (types.boolean(), "off", False),
        (types.choice("a", "b"), "b", "b"),
        (types.path("a path", optional=True), "", ""),
        (types.listening_host(), "*", "*"),
        (types.host("a host"), "::1", "::1"),
        (types.domain(), "HC.example.org", "hc.example.org"),
        (types.optional(types.domain()), "", ""),
        (types.domains(), "A.org, b.org", ("a.org", "b.org")),
        (types.networks(), "10.0.0.0/8,::1", (ip_network("10.0.0.0/8"), ip_network("::1"))),
        (types.networks(), "", ()),
        (types.mailbox(), "Monitor <hc@example.org>", "Monitor <hc@example.org>"),
        (types.base_url(), "http://[::1]:80", "http://[::1]:80"),
        (types.mongodb_uri(), "mongodb+srv://h/", "mongodb+srv://h/"),
        (types.database_name(), "hc-1", "hc-1"),
        (types.size(), "1G", "1G"),
        (types.header_name(), "Remote-User", "Remote-User"),
        (types.header_name(), "", ""),
    ],
)
def test_the_text_of_a_variable_is_read(kind: SettingType[Any], text: str, value: object) -> None:
    assert kind.read_text(text) == value


@pytest.mark.parametrize(
    ("kind", "value"),
    [
        (types.integer(0, 9, "a digit"), True),
        (types.integer(0, 9, "a digit"), 10),
        (types.integer(0, 9, "a digit"), "7"),
        (types.seconds(0, 9), float("nan")),
        (types.seconds(0, 9), "1"),
        (types.boolean(), 1),
        (types.choice("a", "b"), "c"),
        (types.path("a path", optional=False), " "),
        (types.path("a path", optional=True), "a\0b"),
        (types.host("a host"), "*"),
        (types.domain(), "a@b"),
        (types.domain(), "a." * 127 + "org"),
        (types.domains(), []),
        (types.networks(), [1]),
        (types.mailbox(), "a\r\nBcc: b <hc@example.org>"),
        (types.base_url(), "http://u@h"),
        (types.mongodb_uri(), "mysql://h"),
        (types.database_name(), "ä" * 32),
        (types.size(), "256"),
        (types.header_name(), "Remote User"),
        (types.header_name(), "Remote-User:"),
    ],
)
def test_a_value_that_does_not_fit_is_a_value_error(kind: SettingType[Any], value: object) -> None:
    with pytest.raises(ValueError):
        kind.read(value)


def test_the_plain_form_of_a_value_is_read_to_the_same_value() -> None:
    for kind, value in (
        (types.networks(), (ip_network("10.0.0.0/8"),)),
        (types.domains(), ("a.org",)),
        (types.integer(0, 9, "a digit"), 3),
    ):
        assert kind.read(kind.plain(value)) == value  # type: ignore[arg-type]
