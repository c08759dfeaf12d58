from __future__ import annotations

import pytest
from tornado.httputil import HTTPHeaders, RequestStartLine

from handlers.server.request_target import decode_unreserved, mend_headers, origin_form, syntax_fault


@pytest.mark.parametrize(
    ("target", "origin"),
    [
        ("/a?b", "/a?b"),
        ("http://host/a?b", "/a?b"),
        ("HTTPS://host:80", "/"),
        ("http://host?b", "/?b"),
        ("*", "*"),
        ("ftp://host/a", "ftp://host/a"),
    ],
)
def test_the_absolute_form_becomes_path_and_query(target: str, origin: str) -> None:
    assert origin_form(target) == origin


def test_only_what_means_the_same_is_decoded() -> None:
    assert decode_unreserved("/%70ing/%61%2D%7e%5f%39%41") == "/ping/a-~_9A"
    for kept in ("%2F", "%00", "%C3%A4", "%25", "%3F", "%", "%4"):
        assert decode_unreserved(f"/{kept}") == f"/{kept}"


def line(version: str = "HTTP/1.1", method: str = "POST") -> RequestStartLine:
    return RequestStartLine(method, "/", version)


def test_100_continue_is_for_http_1_1_in_any_case() -> None:
    new, old = HTTPHeaders({"Expect": "100-Continue"}), HTTPHeaders({"Expect": "100-Continue"})
    mend_headers(line(), new)
    mend_headers(line("HTTP/1.0"), old)
    assert new.get("Expect") == "100-continue"
    assert "Expect" not in old


@pytest.mark.parametrize(
    ("start_line", "headers", "closes"),
    [
        (line("HTTP/1.0"), {}, True),
        (line("HTTP/1.0"), {"Content-Length": "1"}, False),
        (line("HTTP/1.0", "GET"), {}, False),
        (line(), {}, False),
    ],
)
def test_a_body_that_ends_with_the_connection_closes_it(
    start_line: RequestStartLine, headers: dict[str, str], closes: bool
) -> None:
    mended = HTTPHeaders(headers)
    mend_headers(start_line, mended)
    assert (mended.get("Connection") == "close") is closes


HOST = ("Host", "x")


@pytest.mark.parametrize(
    ("version", "fields", "bare_line_feeds", "fault"),
    [
        ("HTTP/1.1", [HOST], False, None),
        ("HTTP/1.0", [], False, None),
        ("HTTP/1.1", [], False, "there must be one Host field"),
        ("HTTP/1.1", [HOST, ("Host", "y")], False, "there must be one Host field"),
        ("HTTP/1.0", [HOST, HOST], False, "there must be one Host field"),
        ("HTTP/1.1", [HOST], True, "header lines must end with CRLF"),
        ("HTTP/1.1", [HOST, ("Content-Length", "4,4")], False, "several Content-Length fields"),
        ("HTTP/1.1", [HOST, *[("Content-Length", "4")] * 2], False, "several Content-Length fields"),
        ("HTTP/1.1", [HOST, ("Transfer-Encoding", "chunked")], False, None),
        ("HTTP/1.0", [HOST, ("Transfer-Encoding", "chunked")], False, "Transfer-Encoding in HTTP/1.0"),
    ],
)
def test_a_header_that_others_could_read_differently_is_a_fault(
    version: str, fields: list[tuple[str, str]], bare_line_feeds: bool, fault: str | None
) -> None:
    headers = HTTPHeaders()
    for name, value in fields:
        headers.add(name, value)
    assert syntax_fault(line(version), headers, bare_line_feeds) == fault
