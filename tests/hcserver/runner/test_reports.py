from __future__ import annotations

import queue

import pytest

from hcserver.runner.reports import EndReport, StartReport
from hcserver.runner.request import NotDelivered
from tests.hcserver.runner.conftest import PingServer, wait_for


def test_the_start_is_sent_while_nobody_waits_and_its_answer_has_the_limit(ping_server: PingServer) -> None:
    ping_server.hold.clear()
    start = StartReport(ping_server.url + "/start", 10)
    assert start.body_limit == 10_000
    start.send()
    wait_for(lambda: ping_server.signals == ["start"])
    ping_server.hold.set()
    start.finish(60, queue.SimpleQueue())
    assert start.body_limit == 1000


def test_the_start_is_tried_again_until_the_command_has_ended(ping_server: PingServer) -> None:
    ping_server.answers = [503, 503]
    start = StartReport(ping_server.url + "/start", 10)
    start.send()
    wait_for(lambda: len(ping_server.pings) == 3)
    start.finish(60, queue.SimpleQueue())
    assert start.body_limit == 1000


def test_a_start_that_can_not_be_sent_is_given_up_when_the_command_ends(unused_port: int) -> None:
    start = StartReport(f"http://127.0.0.1:{unused_port}/start", 10)
    start.send()
    start.finish(60, queue.SimpleQueue())
    assert start.body_limit == 10_000


def test_the_end_is_tried_again(ping_server: PingServer) -> None:
    ping_server.answers = [503]
    EndReport(ping_server.url + "/0", b"output", queue.SimpleQueue()).send(10, 300)
    assert [(ping.signal, ping.body) for ping in ping_server.pings] == [("0", b"output")] * 2


def test_the_end_is_given_up_in_time(ping_server: PingServer) -> None:
    ping_server.hold.clear()
    with pytest.raises(NotDelivered, match=r"no answer in time|timed out"):
        EndReport(ping_server.url, b"", queue.SimpleQueue()).send(0.2, 0)


def test_a_signal_ends_the_waiting_for_an_answer(ping_server: PingServer) -> None:
    ping_server.hold.clear()
    news: queue.SimpleQueue[object] = queue.SimpleQueue()
    news.put(None)
    with pytest.raises(NotDelivered, match="interrupted"):
        EndReport(ping_server.url, b"", news).send(300, 300)


def test_a_signal_ends_the_pause_before_the_next_attempt(ping_server: PingServer) -> None:
    class News(queue.SimpleQueue[object]):
        def get(self, block: bool = True, timeout: float | None = None) -> object:
            got = super().get(block, timeout)
            self.put(None)  # after the first attempt has failed
            return got

    ping_server.answers = [503]
    with pytest.raises(NotDelivered, match="interrupted"):
        EndReport(ping_server.url, b"", News()).send(300, 300)
    assert len(ping_server.pings) == 1
