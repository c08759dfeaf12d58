from __future__ import annotations

import gzip
import re

import pytest

from handlers.pages.static_files import STATIC, TEMPLATES
from tests.handlers.pages.visitor import Visitor


async def test_addresses_in_pages_are_kept_by_the_browser_for_long(anonymous: Visitor) -> None:
    page = await anonymous.get("/sign-in")
    [address] = re.findall(r'href="(/static/app\.css\?v=[^"]+)"', page.text)
    reply = await anonymous.get(address)
    assert (reply.status, reply.headers["content-type"]) == (200, "text/css")
    assert "max-age=315360000" in reply.headers["cache-control"]
    assert reply.headers["x-content-type-options"] == "nosniff"


async def test_a_script_that_another_one_imports_is_asked_for_again(anonymous: Visitor) -> None:
    reply = await anonymous.get("/static/times.js")
    assert reply.headers["cache-control"] == "no-cache"
    assert reply.headers["content-type"] == "text/javascript; charset=utf-8"
    again = await anonymous.get("/static/times.js", If_None_Match=reply.headers["etag"])
    assert again.status == 304


@pytest.mark.parametrize("path", ["/favicon.ico", "/robots.txt", "/static/icon.svg"])
async def test_browsers_find_what_they_look_for(anonymous: Visitor, path: str) -> None:
    assert (await anonymous.get(path)).status == 200


@pytest.mark.parametrize("path", ["/static/", "/static/../base.py", "/static/%2e%2e/base.py", "/static/none"])
async def test_nothing_else_is_served(anonymous: Visitor, path: str) -> None:
    assert (await anonymous.get(path)).status in (403, 404)


def test_styles_and_scripts_are_small() -> None:
    styles = gzip.compress((STATIC / "app.css").read_bytes())
    scripts = gzip.compress(b"".join(path.read_bytes() for path in sorted(STATIC.glob("*.js"))))
    assert len(styles) <= 6144
    assert len(scripts) <= 12288


def test_templates_have_neither_styles_nor_scripts_in_them() -> None:
    for path in TEMPLATES.glob("*.html"):
        text = path.read_text()
        assert not re.search(r"\sstyle=|<style|\son[a-z]+=|<script(?! type=\"module\" src=)", text), path.name
        assert not re.search(r"(src|href)=\"https?:", text), path.name
