"""What the first line and the header of a request mean, where Tornado takes no notice or differs."""

from __future__ import annotations

import re

from tornado.httputil import HTTPHeaders, RequestStartLine

_ABSOLUTE_FORM = re.compile(r"https?://[^/?]*", re.IGNORECASE)
_UNRESERVED = re.compile(r"%(?:2[DdEe]|3[0-9]|4[1-9A-Fa-f]|5[0-9AaFf]|6[1-9A-Fa-f]|7[0-9AaEe])")


def origin_form(target: str) -> str:
    """The path and query of a request target; proxies may send the absolute form (RFC 9112 section 3.2)."""
    if absolute := _ABSOLUTE_FORM.match(target):
        rest = target[absolute.end() :]
        return rest if rest.startswith("/") else "/" + rest
    return target


def decode_unreserved(path: str) -> str:
    """The path with letters, digits and `-._~` unencoded: it is the same path (RFC 3986 section 6.2.2.2)."""
    return _UNRESERVED.sub(lambda encoded: chr(int(encoded[0][1:], 16)), path)


def mend_headers(start_line: RequestStartLine, headers: HTTPHeaders) -> None:
    """Change a request's headers so that Tornado does the right thing."""
    if "Expect" in headers:
        # RFC 9110 section 10.1.1: in any case, but not of an HTTP/1.0 client.
        expected = headers.pop("Expect").lower()
        if start_line.version == "HTTP/1.1":
            headers["Expect"] = expected
    if (
        start_line.version != "HTTP/1.1"
        and start_line.method not in ("GET", "HEAD")
        and not ("Content-Length" in headers or "Transfer-Encoding" in headers)
    ):
        # The body ends with the connection, so that one must not be promised to stay.
        headers["Connection"] = "close"


def syntax_fault(start_line: RequestStartLine, headers: HTTPHeaders, bare_line_feeds: bool) -> str | None:
    """What is wrong with a header that Tornado takes, although other servers may read it differently.

    Such a request can hide another one in it (RFC 9112 sections 2.2, 3.2, 6.1 and 6.3).
    """
    host = headers.get("Host")
    if (host is None and start_line.version == "HTTP/1.1") or "," in (host or ""):
        return "there must be one Host field"
    if bare_line_feeds:
        return "header lines must end with CRLF"
    if "," in headers.get("Content-Length", ""):
        return "several Content-Length fields"
    if start_line.version != "HTTP/1.1" and "Transfer-Encoding" in headers:
        return "Transfer-Encoding in HTTP/1.0"
    return None
