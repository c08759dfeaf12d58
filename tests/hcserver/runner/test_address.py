from __future__ import annotations

import pytest

from hcserver.runner.address import PingAddress

RID = "3f1a2b3c-0000-4000-8000-000000000001"


@pytest.mark.parametrize(
    ("given", "address"),
    [
        ("https://h.example/ping/u", f"https://h.example/ping/u/start?rid={RID}"),
        ("http://h.example:8000/ping/u/", f"http://h.example:8000/ping/u/start?rid={RID}"),
        ("https://h.example/ping/k/s?create=1", f"https://h.example/ping/k/s/start?create=1&rid={RID}"),
        ("https://h.example/ping/u#part", f"https://h.example/ping/u/start?rid={RID}"),
        ("https://h.example/ping/u?rid=mine&a=", "https://h.example/ping/u/start?rid=mine&a="),
        ("http://[::1]:8000/ping/u", f"http://[::1]:8000/ping/u/start?rid={RID}"),
    ],
)
def test_a_signal_goes_into_the_path_and_the_run_into_the_query(given: str, address: str) -> None:
    assert PingAddress.parse(given).signal("start", RID) == address


@pytest.mark.parametrize(
    "text",
    [
        *("", "h.example/ping/u", "ftp://h.example/u", "https:///ping/u"),
        *("http://h:x/", "http://h:0/", "http://[h/", "http://u:p@h.example/"),
        *("https://h.example/ping/a b", "https://h.example/ü", "https://h.example/\n"),
    ],
)
def test_what_is_no_ping_address_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="expected a ping address"):
        PingAddress.parse(text)


def test_messages_name_the_server_only() -> None:
    assert PingAddress.parse("https://h.example:444/ping/secret").host == "h.example:444"
