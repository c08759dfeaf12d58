"""The types of settings: how each reads a value from TOML or from an environment variable."""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Generic, TypeVar
from urllib.parse import urlsplit

T = TypeVar("T")
Network = ipaddress.IPv4Network | ipaddress.IPv6Network

ALL_HOSTS = "*"

_INTEGER = re.compile(r"[+-]?[0-9]{1,18}")
_TRUE = frozenset({"true", "yes", "on", "1"})
_FALSE = frozenset({"false", "no", "off", "0"})
_DOMAIN = re.compile(r"(?!-)[\w-]{1,63}(?<!-)(\.(?!-)[\w-]{1,63}(?<!-))*")
# A plain address of RFC 5322, without quoted local parts and comments.
_ADDRESS = rf"[\w.!#$%&'*+/=?^`{{|}}~-]{{1,64}}@{_DOMAIN.pattern}"
_MAILBOX = re.compile(rf"{_ADDRESS}|[^\0-\x1f\x7f<>@\",:;()\\\[\]]*<{_ADDRESS}>", re.ASCII)
_TOKEN = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]{0,100}")
_KEY = re.compile(r"[!-~]{16,}")
_SIZE = re.compile(r"[1-9][0-9]{0,8}[KMG]")
# MongoDB's naming restrictions for databases, the stricter ones of Windows hosts included.
_DATABASE = re.compile(r"[^/\\. \"$*<>:|?\0]{1,63}")


@dataclass(frozen=True, slots=True)
class SettingType(Generic[T]):
    """The type of a setting.

    `read` takes a value from TOML, `read_text` the text of an environment variable. Both raise ValueError for
    a value that does not fit; `accepts` describes the values that do. `plain` turns a value into one that
    TOML and JSON can hold.
    """

    accepts: str
    read: Callable[[object], T]
    read_text: Callable[[str], T]
    plain: Callable[[T], object] = lambda value: value


def integer(low: int, high: int, what: str) -> SettingType[int]:
    """A whole number from `low` to `high`."""

    def read(value: object) -> int:
        # bool is a subclass of int, but true is not a number in a configuration file.
        if not isinstance(value, int) or isinstance(value, bool) or not low <= value <= high:
            raise ValueError
        return value

    def read_text(text: str) -> int:
        if not _INTEGER.fullmatch(text.strip()):
            raise ValueError
        return read(int(text))

    return SettingType(f"{what} from {low} to {high}", read, read_text)


def seconds(low: float, high: float) -> SettingType[float]:
    """A length of time in seconds, fractions allowed."""

    def read(value: object) -> float:
        # The comparison is also false for NaN.
        if not isinstance(value, int | float) or isinstance(value, bool) or not low <= value <= high:
            raise ValueError
        return float(value)

    return SettingType(f"a number of seconds from {low:g} to {high:g}", read, lambda text: read(float(text)))


def boolean() -> SettingType[bool]:
    """True or false; in a variable also yes/no, on/off or 1/0."""

    def read(value: object) -> bool:
        if not isinstance(value, bool):
            raise ValueError
        return value

    def read_text(text: str) -> bool:
        word = text.strip().lower()
        if word not in _TRUE | _FALSE:
            raise ValueError
        return word in _TRUE

    return SettingType("true or false", read, read_text)


def text(accepts: str, fits: Callable[[str], bool]) -> SettingType[str]:
    """A string without NUL for which `fits` is true."""

    def read(value: object) -> str:
        if not isinstance(value, str) or "\0" in value or not fits(value):
            raise ValueError
        return value

    return SettingType(accepts, read, read)


def header_name() -> SettingType[str]:
    """The name of an HTTP header (a token of RFC 9110 section 5.6.2), or nothing."""
    accepts = 'the name of a header such as "Remote-User", or ""'
    return text(accepts, lambda name: bool(_TOKEN.fullmatch(name)))


def secret_key() -> SettingType[str]:
    """A key that can stand in a header, or nothing."""
    accepts = 'a key of 16 or more visible ASCII characters, or ""'
    return text(accepts, lambda key: not key or bool(_KEY.fullmatch(key)))


def choice(*words: str) -> SettingType[str]:
    """One of `words`."""
    return text("one of " + ", ".join(words), lambda value: value in words)


def path(accepts: str, *, optional: bool) -> SettingType[str]:
    """The path of a file or folder; with `optional` also ""."""
    return text(accepts, lambda value: optional or value.strip() != "")


def host(accepts: str) -> SettingType[str]:
    """An address or host name."""
    return text(accepts, _is_host)


def listening_host() -> SettingType[str]:
    """An address or host name to listen on, or "*" for all addresses, IPv4 and IPv6."""
    accepts = 'an address or host name to listen on, such as "0.0.0.0" or "::1", or "*" for all of them'
    return text(accepts, lambda value: value == ALL_HOSTS or _is_host(value))


def domain() -> SettingType[str]:
    """A domain name, kept in lower case."""
    return SettingType('a domain such as "hc.example.org"', lambda value: _domain(_string(value)), _domain)


def mailbox() -> SettingType[str]:
    """An email address, with or without a display name."""
    accepts = 'an address such as "hcserver@example.org" or "Monitor <hcserver@example.org>"'
    return text(accepts, lambda value: _MAILBOX.fullmatch(value) is not None)


def optional(kind: SettingType[str]) -> SettingType[str]:
    """A value of `kind`, or ""."""

    def read(value: object) -> str:
        return "" if value == "" else kind.read(value)

    return SettingType(
        f'{kind.accepts}, or ""', read, lambda line: "" if line == "" else kind.read_text(line)
    )


def base_url() -> SettingType[str]:
    """An absolute http or https URL without query and fragment, or ""."""
    return text('an URL such as "https://hc.example.org", or ""', lambda url: url == "" or _is_base_url(url))


def mongodb_uri() -> SettingType[str]:
    """A MongoDB connection string, or "". The driver checks its details when it connects."""
    fits = re.compile(r"(mongodb(\+srv)?://[^\s]+)?").fullmatch
    return text(
        'a MongoDB URI ("mongodb://…" or "mongodb+srv://…"), or ""', lambda uri: fits(uri) is not None
    )


def database_name() -> SettingType[str]:
    """A database name that MongoDB allows."""
    accepts = 'a database name: 1 to 63 bytes without blank and any of /\\."$*<>:|?'
    return text(
        accepts,
        lambda name: _DATABASE.fullmatch(name) is not None and len(name.encode("utf-8", "replace")) <= 63,
    )


def size() -> SettingType[str]:
    """A size in the embedded database's notation."""
    return text('a size such as "256M" or "1G"', lambda value: _SIZE.fullmatch(value) is not None)


def domains() -> SettingType[tuple[str, ...]]:
    """One domain or a list of them, kept in lower case."""
    return _list_of(_domain, 'a domain such as "hc.example.org", or a list of them', at_least=1)


def networks() -> SettingType[tuple[Network, ...]]:
    """A list of networks or single addresses."""
    return _list_of(
        ipaddress.ip_network,
        'a list of networks or addresses such as ["10.0.0.0/8", "::1"]',
        plain=lambda network: str(network),
    )


def _list_of(
    read_item: Callable[[str], T],
    accepts: str,
    *,
    at_least: int = 0,
    plain: Callable[[T], object] = lambda item: item,
) -> SettingType[tuple[T, ...]]:
    def read(value: object) -> tuple[T, ...]:
        items = [value] if isinstance(value, str) else value
        if not isinstance(items, list) or len(items) < at_least:
            raise ValueError
        return tuple(read_item(_string(item)) for item in items)

    def read_text(line: str) -> tuple[T, ...]:
        return read([item.strip() for item in line.split(",") if item.strip()])

    return SettingType(accepts, read, read_text, lambda items: [plain(item) for item in items])


def _string(value: object) -> str:
    # ipaddress would read an integer as an address.
    if not isinstance(value, str):
        raise ValueError
    return value


def _domain(name: str) -> str:
    if len(name) > 253 or not _DOMAIN.fullmatch(name):
        raise ValueError
    return name.lower()


def _is_host(name: str) -> bool:
    try:
        ipaddress.ip_address(name)
    except ValueError:
        return _DOMAIN.fullmatch(name) is not None
    return True


def _is_base_url(url: str) -> bool:
    if any(character.isspace() for character in url) or "?" in url or "#" in url:
        return False
    try:
        parts = urlsplit(url)
        parts.port  # noqa: B018 - raises ValueError when it is not a valid port
    except ValueError:
        return False
    return parts.scheme in {"http", "https"} and bool(parts.hostname) and "@" not in parts.netloc
