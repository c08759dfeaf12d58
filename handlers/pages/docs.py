"""The documents of hcserver, at /docs/, with the reader's own addresses and key filled in."""

from __future__ import annotations

import re
from functools import cache
from pathlib import Path
from typing import Final
from xml.sax.saxutils import escape

from handlers.pages.base import PageHandler, public
from handlers.pages.markdown import Document, rendered
from handlers.pages.reference import reference, with_code
from hcserver.domain.project import Project
from hcserver.domain.user import may
from hcserver.errors import NotFound

_FOLDER: Final = Path(__file__).with_name("documents")
# The documents in the order of the navigation, by their names in addresses, with what the navigation says.
DOCUMENTS: Final = {
    "": ("README.md", "Start"),
    "quickstart": ("quick-start.md", "Quick start"),
    "concepts": ("concepts.md", "Concepts"),
    "pages": ("pages.md", "The pages"),
    "jobs": ("jobs.md", "Jobs that report"),
    "channels": ("channels.md", "Channels"),
    "email": ("email.md", "Pings by email"),
    "api": ("api.md", "API"),
    "operations": ("operations.md", "Running it"),
    "troubleshooting": ("troubleshooting.md", "Troubleshooting"),
    "upgrading": ("upgrading.md", "Upgrading"),
    "scaling": ("scaling.md", "Scaling"),
    "moving": ("moving-in.md", "Moving in"),
    "files": ("config-as-code.md", "Projects as files"),
    "metrics": ("metrics.md", "Metrics"),
    "configuration": ("configuration.md", "Configuration"),
    "settings": ("config.toml", "config.toml"),
    "guarantees": ("guarantees.md", "Guarantees"),
    "security": ("security.md", "Security"),
    "architecture": ("architecture.md", "How it works"),
    "comparison": ("comparison.md", "Comparison"),
}
REFERENCE: Final = "reference"
# What stands in the documents for the address of the server, and for the ping key of a project.
_SERVERS: Final = ("http://localhost:8000", "https://hc.example.org")
_PING_KEYS: Final = ("PING_KEY", "&lt;ping key&gt;")
_CODE: Final = re.compile("<code.*?</code>", re.DOTALL)
_DOMAIN: Final = "&lt;domain&gt;"
# As a word of its own: HOMELAB_PING_KEY is the name of something else.
_PLACEHOLDER: Final = re.compile(
    rf"(?<!\w)(?:{'|'.join(map(re.escape, (*_SERVERS, *_PING_KEYS, _DOMAIN)))})(?!\w)"
)


@cache
def document(name: str) -> Document:
    """The document of this name in DOCUMENTS, as it is for everybody."""
    file, title = DOCUMENTS[name]
    text = _FOLDER.joinpath(file).read_text("utf-8")
    if file.endswith(".md"):
        return rendered(text, resolve)
    html = f"<h1>{title}</h1>\n<pre><code>{escape(text)}</code></pre>\n"
    return Document(title, html, [])


def resolve(link: str) -> str | None:
    """Where a link of one document to another leads on the pages; None: to nothing that is there."""
    path, hash, anchor = link.partition("#")
    folder, _, file = path.rpartition("/")
    names = {file: name for name, (file, _) in DOCUMENTS.items()}
    if file not in names or folder not in ("", "..", "docs"):
        return None
    return f"/docs/{names[file]}{hash}{anchor}"


def filled_in(html: str, base_url: str, domain: str, ping_key: str | None) -> str:
    """The document with the addresses of this server, and with the ping key unless it is None, in all that is
    set as code.
    """
    values = dict.fromkeys(_SERVERS, base_url) | ({_DOMAIN: domain} if domain else {})
    values |= {} if ping_key is None else dict.fromkeys(_PING_KEYS, ping_key)

    def value(placeholder: re.Match[str]) -> str:
        return escape(values[placeholder[0]]) if placeholder[0] in values else placeholder[0]

    return _CODE.sub(lambda code: _PLACEHOLDER.sub(value, code[0]), html)


class DocsPage(PageHandler):
    """For everybody; ?project= chooses whose ping key whoever has signed in sees."""

    @public
    async def get(self, name: str) -> None:
        if name != REFERENCE and name not in DOCUMENTS:
            raise NotFound("There is no such document.")
        projects = await self._projects()
        chosen = self.get_query_argument("project", "")
        project = next((one for one in projects if str(one.id) == chosen), projects[0] if projects else None)
        if name == REFERENCE:
            await self._show_reference(projects)
            return
        found = document(name)
        domains = self.services.settings.smtp.domains
        key = None if project is None else project.ping_key
        await self.show(
            "docs.html",
            title=found.title,
            section="docs",
            name=name,
            documents=DOCUMENTS,
            html=filled_in(found.html, self.base_url, domains[0] if domains else "", key),
            headings=[one for one in found.headings if one.level == 2],
            projects=projects,
            chosen=project,
        )

    async def _show_reference(self, projects: list[Project]) -> None:
        await self.show(
            "docs_reference.html",
            title="API reference",
            section="docs",
            name=REFERENCE,
            documents=DOCUMENTS,
            reference=reference(self.base_url),
            with_code=with_code,
            projects=projects,
        )

    async def _projects(self) -> list[Project]:
        """The projects that the reader may change, by name: only those who may ping see a ping key."""
        if self.signed_in is None:
            return []
        memberships = await self.memberships()
        return [one.project for one in memberships if may(one.role, "editor")]


ROUTES = [(r"/docs/([a-z]*)", DocsPage)]
