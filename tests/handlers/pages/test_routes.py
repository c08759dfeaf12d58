"""Who may open what: every page, as a stranger, as a visitor who has not signed in, and as a viewer."""

from __future__ import annotations

import re
from typing import Any, Final
from uuid import uuid4

import pytest

from handlers.api.base import UUID as UUID_PATTERN
from handlers.pages.base import PageHandler
from handlers.pages.cached_pages import CachedPage
from handlers.pages.paths import CHECK
from handlers.pages.routes import ROUTES
from hcserver.domain.api_key import ID_PATTERN
from tests.handlers.harness import Site
from tests.handlers.pages.visitor import Visitor, make_check, visitor

_OF_PROJECTS: Final = [(pattern, handler) for pattern, handler in ROUTES if pattern.startswith("/p/")]
_OF_CHECKS: Final = [(pattern, handler) for pattern, handler in ROUTES if pattern.startswith("/checks/")]
_GUARDED: Final = [*_OF_PROJECTS, *_OF_CHECKS]
_CHOICE: Final = re.compile(r"\(([a-z-]+)(?:\|[a-z-]+)*\)")


def methods(handler: Any) -> list[str]:
    """The methods that the handler has of its own."""
    return [name for name in ("get", "post") if getattr(handler, name) is not getattr(PageHandler, name)]


def path_of(pattern: str, project: str, check: str) -> str:
    """A path that the pattern matches: of this project or check, and of anything else in it."""
    path = pattern.replace(CHECK, check).replace(UUID_PATTERN, project, 1)
    path = path.replace(UUID_PATTERN, str(uuid4())).replace("([0-9]{1,11})", "1").replace("([^/]+)", "x")
    path = _CHOICE.sub(r"\1", path).replace(f"({ID_PATTERN})", "0123456789ab")
    assert re.fullmatch(pattern, path), (pattern, path)
    return path


@pytest.mark.parametrize(("pattern", "handler"), ROUTES)
def test_every_page_says_for_whom_it_is(pattern: str, handler: Any) -> None:
    if issubclass(handler, CachedPage):
        return  # for everybody, and the same for everybody
    assert methods(handler)
    for name in methods(handler):
        assert hasattr(getattr(handler, name), "__wrapped__"), f"{name} is neither @signed_in nor @public"


@pytest.mark.parametrize(("pattern", "handler"), _GUARDED)
async def test_pages_of_projects_are_open_to_members_only(
    pattern: str, handler: Any, site: Site, anonymous: Visitor
) -> None:
    path = path_of(pattern, str(site.project.id), str((await make_check(site)).id))
    stranger = await visitor(site, None)
    for name in methods(handler):
        for who, status in ((stranger, 404), (anonymous, 303)):
            reply = await (who.get(path) if name == "get" else who.post(path))
            assert reply.status == status, (name, path, reply.text)
            if status == 303:
                assert reply.headers["location"].startswith("/sign-in"), path


@pytest.mark.parametrize(("pattern", "handler"), [one for one in _GUARDED if "post" in methods(one[1])])
async def test_viewers_change_nothing(pattern: str, handler: Any, site: Site, viewer: Visitor) -> None:
    path = path_of(pattern, str(site.project.id), str((await make_check(site)).id))
    assert (await viewer.post(path)).status == 403, path


@pytest.mark.parametrize(("pattern", "handler"), [one for one in ROUTES if "post" in methods(one[1])])
async def test_no_other_site_can_send_a_form(pattern: str, handler: Any, site: Site, editor: Visitor) -> None:
    path = path_of(pattern, str(site.project.id), str((await make_check(site)).id))
    assert (await editor.post(path, xsrf="")).status == 403, path
