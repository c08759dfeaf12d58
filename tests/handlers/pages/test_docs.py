from __future__ import annotations

import re
from pathlib import Path

import pytest

from handlers.pages import docs
from handlers.pages.docs import DOCUMENTS, document, filled_in, resolve
from tests.handlers.harness import BASE, Site
from tests.handlers.pages.visitor import Visitor, visitor

TOP = Path(__file__).parents[3]


def test_every_document_of_the_repository_is_there_and_the_same() -> None:
    there = {file for file, _ in DOCUMENTS.values()}
    assert there == {"README.md", "config.toml", *(path.name for path in TOP.glob("docs/*.md"))}
    for file in there:
        original = TOP / file if (TOP / file).exists() else TOP / "docs" / file
        assert (Path(docs.__file__).with_name("documents") / file).read_bytes() == original.read_bytes()


@pytest.mark.parametrize("name", [*DOCUMENTS, "reference"])
async def test_everyone_can_read_every_document(anonymous: Visitor, name: str) -> None:
    page = await anonymous.page(f"/docs/{name}")
    assert page.h1.get_text()
    assert page.select_one(".docs-nav [aria-current]")["href"] == f"/docs/{name}"
    assert page.select_one("header .end")["href"] == f"/sign-in?next=%2Fdocs%2F{name}"


@pytest.mark.parametrize("name", DOCUMENTS)
def test_links_between_documents_lead_to_headings_that_exist(name: str) -> None:
    for target, anchor in re.findall(r'href="/docs/([a-z]*)(?:#([^"]*))?"', document(name).html):
        assert not anchor or anchor in {one.anchor for one in document(target).headings}, (target, anchor)


def test_links_to_what_is_not_there_lead_nowhere() -> None:
    assert resolve("docs/api.md#being-notified") == "/docs/api#being-notified"
    assert resolve("../config.toml") == "/docs/settings"
    assert resolve("CONTRIBUTING.md") is None
    assert resolve("bench/README.md") is None


def test_only_code_is_filled_in() -> None:
    html = "<p>PING_KEY <code>http://localhost:8000/ping/PING_KEY</code></p><pre><code>&lt;domain&gt;</code></pre>"
    assert filled_in(html, "https://x.org", "m.org", "k<y") == (
        "<p>PING_KEY <code>https://x.org/ping/k&lt;y</code></p><pre><code>m.org</code></pre>"
    )
    assert "PING_KEY</code>" in filled_in(html, "https://x.org", "m.org", None)


def test_names_that_contain_a_placeholder_stay() -> None:
    html = '<code>{ env = "HOMELAB_PING_KEY" } PING_KEYS PING_KEY+job@&lt;domain&gt;</code>'
    assert filled_in(html, "https://x.org", "m.org", "key") == (
        '<code>{ env = "HOMELAB_PING_KEY" } PING_KEYS key+job@m.org</code>'
    )


async def test_the_readers_own_addresses_and_key_are_filled_in(
    site: Site, editor: Visitor, viewer: Visitor, anonymous: Visitor
) -> None:
    own = f"{BASE}/ping/{site.project.ping_key}/my-first-job?create=1"
    for name, sees in ((editor, True), (viewer, False), (anonymous, False)):
        text = (await name.get("/docs/")).text
        assert (own in text) is sees
        assert f"{BASE}/api/v3/checks/" in text
        assert (site.project.ping_key in text) is sees


async def test_whoever_has_several_projects_chooses(site: Site, editor: Visitor) -> None:
    assert editor.user is not None
    other = (await site.beside()).project
    await site.services.accounts.members.add(other, editor.user, "editor")
    page = await editor.page(f"/docs/?project={other.id}")
    assert page.select_one("#project option[selected]")["value"] == str(other.id)
    assert other.ping_key in page.get_text() and site.project.ping_key not in page.get_text()


async def test_a_stranger_can_not_choose_a_project(site: Site) -> None:
    stranger = await visitor(site, None)
    reply = await stranger.get(f"/docs/?project={site.project.id}")
    assert reply.status == 200
    assert site.project.ping_key not in reply.text


async def test_other_names_are_not_found(anonymous: Visitor) -> None:
    for name in ("nothing", "..", "api/", "README.md"):
        assert (await anonymous.get(f"/docs/{name}")).status == 404
