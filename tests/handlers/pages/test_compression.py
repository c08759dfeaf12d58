from __future__ import annotations

import gzip

from tests.handlers.harness import Site
from tests.handlers.pages.visitor import Visitor, make_check


async def test_pages_and_styles_are_compressed_for_browsers_that_take_it(site: Site, editor: Visitor) -> None:
    for n in range(20):
        await make_check(site, name=f"a check with a long name {n}")
    plain = await editor.get(editor.path)
    packed = await editor.get(editor.path, Accept_Encoding="gzip, br")
    assert "content-encoding" not in plain.headers
    assert packed.headers["content-encoding"] == "gzip"
    assert packed.headers["vary"] == "Accept-Encoding"
    assert b"a check with a long name 19" in gzip.decompress(packed.body)
    assert len(packed.body) < len(plain.body) / 3
    style = await editor.get("/static/app.css", Accept_Encoding="gzip")
    assert style.headers["content-encoding"] == "gzip"


async def test_answers_of_the_api_are_not_compressed(site: Site) -> None:
    for n in range(20):
        await make_check(site, name=f"job {n}")
    headers = {"X-Api-Key": site.keys.api_key, "Accept-Encoding": "gzip"}
    reply = await site.request("GET", "/api/v3/checks/", headers)
    assert "content-encoding" not in reply.headers and "vary" not in reply.headers
    assert len(reply.json["checks"]) == 20


async def test_a_part_of_a_file_is_not_compressed(editor: Visitor) -> None:
    reply = await editor.get("/static/app.css", Accept_Encoding="gzip", Range="bytes=0-2999")
    assert (reply.status, len(reply.body)) == (206, 3000)
    assert "content-encoding" not in reply.headers


async def test_a_file_that_the_browser_has_is_not_sent_again(editor: Visitor) -> None:
    reply = await editor.get("/static/app.css", Accept_Encoding="gzip")
    assert gzip.decompress(reply.body).startswith(b"/* Tokens")
    again = await editor.get("/static/app.css", Accept_Encoding="gzip", If_None_Match=reply.headers["etag"])
    assert (again.status, again.body) == (304, b"")
