"""The checks of a project on a server that speaks any version of the management API of Healthchecks."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Any, Final
from uuid import UUID

import httpx
import msgspec

from hcserver import __version__
from hcserver.domain.uuids import UUID_PATTERN, parse_uuid
from hcserver.errors import HcError
from hcserver.net.http_client import tls_context
from hcserver.services.importing.source import Source, SourceCheck

_VERSIONS: Final = (3, 2, 1)  # the newest that the server has is used
_TIMEOUT: Final = 60.0  # seconds without a byte
MAX_ANSWER_BYTES: Final = 64 * 1024 * 1024  # some 50,000 checks
_API_PATH: Final = re.compile(r"/api(/v[0-9]+(/.*)?)?$")
_BADGE: Final = re.compile(rf"/b/[23]/({UUID_PATTERN})\.")

_WRONG_KEY: Final = "the server does not accept the API key"
_READ_ONLY: Final = (
    "this is a read-only API key, with which a server shows neither the UUIDs nor the ping addresses of its "
    "checks: use the read-write key of the project"
)

# Members of the document of a check that are settings.
_FIELDS: Final = (
    *("name", "slug", "tags", "desc", "timeout", "grace", "schedule", "tz", "methods", "manual_resume"),
    *("start_kw", "success_kw", "failure_kw", "filter_subject", "filter_body"),
    *("filter_http_body", "filter_default_fail"),
    # Of hcserver only.
    *("kw_ignore_case", "kw_whole_word", "success_exit_statuses", "failures_before_alert", "repeat_after"),
    *("max_runtime", "min_runtime", "early", "ignored_exit_statuses", "snoozed_until", "successes_before_up"),
)
_OLD_KEYWORDS: Final = ("subject", "subject_fail")  # where there is no success_kw yet


async def read_healthchecks(url: str, api_key: str) -> Source:
    """The checks of the project that the read-write API key opens. `url` is the address of the server.

    Raises HcError that says what is wrong with the address, the key or the answer.
    """
    base, auth = _base(url)
    if not (api_key.isascii() and api_key.isprintable() and api_key):
        raise HcError("the API key has characters that no API key has")
    headers = {"X-Api-Key": api_key, "User-Agent": f"hcserver/{__version__}"}
    async with httpx.AsyncClient(
        headers=headers, auth=auth, verify=tls_context(), timeout=_TIMEOUT, trust_env=False
    ) as client:
        for version in _VERSIONS:
            found = await _get(client, f"{base}/api/v{version}/checks/")
            if found is not None:
                # A read-only key does not open this list.
                listed = await _get(client, f"{base}/api/v{version}/channels/", _READ_ONLY)
                return _source(base, _list(base, found, "checks"), listed)
    raise HcError(f"{base} has no management API of Healthchecks: /api/v3/, v2/ and v1/checks/ are not found")


def _base(url: str) -> tuple[str, tuple[str, str] | None]:
    """The address of a server, which people may have copied with more of its path, without the user and the
    password that a proxy in front of it may ask for; and these. Raises HcError.
    """
    try:
        parsed = httpx.URL(url.strip())
    except httpx.InvalidURL as error:
        raise HcError(f"{url!r} is not a valid address: {error}") from error
    if parsed.scheme not in ("http", "https") or not parsed.host:
        raise HcError(f"{url!r} is not the address of a server, such as https://healthchecks.example.org")
    path = _API_PATH.sub("", parsed.path.rstrip("/"))
    auth = (parsed.username, parsed.password) if parsed.userinfo else None
    plain = parsed.copy_with(userinfo=b"", path=path or "/", query=None, fragment=None)
    return str(plain).rstrip("/"), auth


async def _get(client: httpx.AsyncClient, url: str, wrong_key: str = _WRONG_KEY) -> bytes | None:
    """The body of a successful answer; None for 404. Raises HcError, with `wrong_key` for 401 and 403."""
    try:
        async with client.stream("GET", url) as response:
            if response.status_code == 404:
                return None
            _require_success(url, response, wrong_key)
            body = bytearray()
            async for piece in response.aiter_bytes():
                body += piece
                if len(body) > MAX_ANSWER_BYTES:
                    raise HcError(f"{url}: the answer is larger than {MAX_ANSWER_BYTES // 2**20} MiB")
            return bytes(body)
    except httpx.TimeoutException as error:
        raise HcError(f"{url}: no answer within {_TIMEOUT:g} s") from error
    except (httpx.HTTPError, httpx.InvalidURL, OSError) as error:
        raise HcError(f"{url}: no answer: {str(error) or type(error).__name__}") from error


def _require_success(url: str, response: httpx.Response, wrong_key: str) -> None:
    status = response.status_code
    if status in (401, 403):
        raise HcError(f"{url}: {wrong_key} (status {status})")
    if response.is_redirect:
        target = response.headers.get("location", "")[:200]
        raise HcError(f"{url}: the server leads to {target!r}: give the address of that server")
    if status != 200:
        raise HcError(f"{url}: the server answered with status {status}")


def _list(base: str, body: bytes, name: str) -> list[Mapping[str, Any]]:
    """The objects in the list `name` of an answer. Raises HcError."""
    try:
        listed = msgspec.json.decode(body)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise HcError(f"{base}: the answer is not JSON: {error}") from error
    found = listed.get(name) if isinstance(listed, dict) else None
    if not isinstance(found, list) or not all(isinstance(one, dict) for one in found):
        raise HcError(f"{base}: the answer has no list of {name}: is it a server of Healthchecks?")
    return found


def _source(base: str, documents: Iterable[Mapping[str, Any]], channels: bytes | None) -> Source:
    documents = list(documents)
    if any("unique_key" in document for document in documents):
        raise HcError(f"{base}: {_READ_ONLY}")
    listed = [] if channels is None else _list(base, channels, "channels")
    names = {str(one.get("id")): str(one.get("name") or "") for one in listed}
    warnings = () if channels is not None else ("the server does not list its channels: none are assigned",)
    checks = tuple(_check(document, names, channels is not None) for document in documents)
    return Source(checks=checks, channels=tuple(filter(None, names.values())), warnings=warnings)


def _check(document: Mapping[str, Any], channels: Mapping[str, str], channels_known: bool) -> SourceCheck:
    fields = {name: document[name] for name in _FIELDS if document.get(name) is not None}
    if "success_kw" not in fields:
        fields |= {name: document[name] for name in _OLD_KEYWORDS if document.get(name) is not None}
    ids = [id for id in str(document.get("channels") or "").split(",") if id]
    badge = _BADGE.search(str(document.get("badge_url") or ""))
    return SourceCheck(
        id=_id(document),
        address=str(document.get("ping_url") or ""),
        fields=fields,
        badge=None if badge is None else UUID(badge[1]),
        channels=tuple(channels.get(id, "") for id in ids) if channels_known else None,
        depends_on=_dependencies(document),
        paused=document.get("status") == "paused",
    )


def _dependencies(document: Mapping[str, Any]) -> tuple[UUID, ...]:
    """The checks on which it depends; of hcserver only."""
    listed = document.get("depends_on")
    ids = [parse_uuid(str(one)) for one in (listed if isinstance(listed, list) else ())]
    return tuple(id for id in ids if id is not None)


def _id(document: Mapping[str, Any]) -> UUID:
    """The UUID, which older servers show only in addresses. Raises HcError."""
    for text in (document.get("uuid"), document.get("update_url"), document.get("ping_url")):
        if id := parse_uuid(str(text or "").rstrip("/").rpartition("/")[2]):
            return id
    raise HcError(f"the server gives no UUID for the check {str(document.get('name'))[:100]!r}")
