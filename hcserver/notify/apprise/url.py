"""Apprise URLs as text: their parts, what they must not contain, and which parts are secret.

Nothing here needs Apprise, which must not handle what users have sent in the server's own process.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from urllib.parse import quote, unquote

MAX_LENGTH = 2000  # characters

_URL = re.compile(r"([a-zA-Z][a-zA-Z0-9]{1,30})://([^/?][^?]*)(?:\?(.*))?")

_WEBHOOK = "use the kind webhook, which can sign what it sends and says what it has sent before"
_LOCAL = "it would act on the server's own machine"
REFUSED_SCHEMES = {
    **dict.fromkeys(("json", "jsons", "xml", "xmls", "form", "forms", "http", "https"), _WEBHOOK),
    **dict.fromkeys(("dbus", "qt", "kde", "glib", "gio", "gnome", "macosx", "windows", "syslog"), _LOCAL),
    **dict.fromkeys(("blink1", "file"), _LOCAL),
}
_REPEATS = "failures are seen and repeated by the server"
_REFUSED_OPTIONS = {
    "template": "it would read a file",
    "optional": _REPEATS,
    "retry": _REPEATS,
    "wait": _REPEATS,
    "store": "nothing is kept between messages",
}

# Shorter parts are not taken out of texts, which would become unreadable.
_SECRET_CHARACTERS = 3


def tidied(url: str) -> str:
    """The URL with its scheme in lower case. Raises ValueError, which says why it is refused."""
    if len(url) > MAX_LENGTH:
        raise ValueError(f"it is longer than {MAX_LENGTH} characters")
    if not url.isprintable() or " " in url:
        raise ValueError("there are blanks or control characters in it")
    match = _URL.fullmatch(url)
    if match is None:
        raise ValueError("it is not an URL")
    scheme, place, query = match[1].lower(), match[2], match[3]
    if reason := REFUSED_SCHEMES.get(scheme):
        raise ValueError(f"{scheme}:// is not taken: {reason}")
    for option in _options(query):
        if reason := _REFUSED_OPTIONS.get(option):
            raise ValueError(f"the option {option} is not taken: {reason}")
    # Apprise ignores fragments; people mean the name of a room.
    place = place.replace("#", "%23")
    return f"{scheme}://{place}" + ("" if query is None else f"?{query}")


def with_options(url: str, options: Mapping[str, str]) -> str:
    """The URL with those of the options added that it does not have itself."""
    _, _, query = url.partition("?")
    present = _options(query)
    missing = {name: value for name, value in options.items() if name.lower() not in present}
    if not missing:
        return url
    added = [f"{quote(name, safe='+')}={quote(value, safe='')}" for name, value in missing.items()]
    return f"{url}{'&' if query else '' if url.endswith('?') else '?'}{'&'.join(added)}"


def host_of(url: str) -> tuple[str, ...]:
    """What stands in the place of the host, without its port; empty if the URL can't be read."""
    match = _URL.fullmatch(url)
    if match is None:
        return ()
    place = match[2].partition("/")[0].rpartition("@")[2]
    if place.startswith("["):
        return (place.partition("]")[0] + "]",)
    return (place.partition(":")[0],)


def without_secrets(text: str, url: str) -> str:
    """`text` with every part of the URL that may be secret taken out; host names are left in."""
    for secret in secrets_of(url):
        text = text.replace(secret, "****")
    return text


def _options(query: str | None) -> dict[str, str]:
    pairs = (pair.partition("=") for pair in (query or "").split("&"))
    return {unquote(name).strip().lower(): value for name, _, value in pairs if name}


def secrets_of(url: str) -> list[str]:
    """Every part of the URL that may be secret. Longest first, as one may be a part of another."""
    match = _URL.fullmatch(url)
    if match is None:
        return [url] if url else []
    place, query = match[2], match[3]
    credentials, _, rest = place.rpartition("@")
    host, *path = re.split("/", rest)
    name, _, port = host.partition(":")
    parts = [*re.split("[:/]", credentials), *path, *_options(query).values()]
    # In many Apprise URLs a token stands in the place of the host, without a dot but for "o." (Pushbullet).
    if not re.fullmatch(r"[\w-]{2,}(\.[\w-]+)+|localhost|\[[0-9a-fA-F:]*", name):
        parts += [name, port]
    parts += [piece for part in parts for piece in unquote(part).split("/")]
    found = {form for part in parts for form in (part, unquote(part)) if len(form) >= _SECRET_CHARACTERS}
    return sorted(found - _WORDS, key=len, reverse=True)


# Values of options that are not secret.
_WORDS = frozenset({"yes", "true", "text", "html", "markdown", "webhook", "high", "default", "max", "min"})
