"""The settings: what there is, where values come from, and what is wrong with them.

A value comes from the environment (HCSERVER_<SECTION>_<KEY>), else from the configuration file, else it is
the default below. config.toml at the top of the repository documents every one of them.
"""

from __future__ import annotations

import dataclasses
import difflib
import os
import re
import tomllib
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar

from hcserver.config import types
from hcserver.config.types import Network, SettingType
from hcserver.errors import ConfigError

T = TypeVar("T")

PREFIX = "HCSERVER_"
CONFIG_VARIABLE = "HCSERVER_CONFIG"
DEFAULT_FILE = "config.toml"

# Kubernetes puts such variables into every container beside a service named hcserver or hcserver-something
# (https://kubernetes.io/docs/concepts/services-networking/service/#environment-variables): not meant for us.
_SERVICE_LINK = re.compile(
    r"HCSERVER_(\w+_)?(SERVICE_HOST|SERVICE_PORT(_\w+)?|PORT_\d+_(TCP|UDP|SCTP)(_\w+)?)"
)
_SERVICE_URL = re.compile(r"(tcp|udp|sctp)://.*")  # in HCSERVER_PORT, or HCSERVER_HTTP_PORT for hcserver-http
_MASK = "****"
_SHOWN_CHARACTERS = 100
_ALIKE = 0.75  # of 1: names that are close enough to have been meant


def _without_credentials(uri: str) -> str:
    """A MongoDB URI without what nobody should see: the credentials, and options that carry some."""
    scheme, _, rest = uri.partition("://")
    # Whatever stands before the last @ may be part of a password that somebody forgot to encode.
    credentials, at, place = rest.rpartition("@")
    if not at:
        credentials, place = "", rest
    place = re.sub(r"(?i)([?&][^=&]*(?:password|properties)[^=&]*=)[^&]*", rf"\g<1>{_MASK}", place)
    return f"{scheme}://{_MASK}@{place}" if credentials else f"{scheme}://{place}" if uri else ""


def _hidden(password: str) -> str:
    """Whether there is one, and nothing else."""
    return _MASK if password else ""


def _setting(
    default: T, kind: SettingType[T], *, key: str = "", secret: Callable[[T], object] | None = None
) -> T:
    """Declare a setting; `key` is its outside name where that isn't the attribute's, `secret` what may be
    seen of its value where that isn't all.
    """
    declared = {"kind": kind, "key": key, "secret": secret}
    value: T = field(default=default, repr=secret is None, metadata=declared)
    return value


@dataclass(frozen=True, slots=True)
class HttpSettings:
    """The HTTP listener. Times in seconds, sizes in bytes."""

    # Everywhere by default: jobs report from other machines, and whatever changes something needs a key.
    host: str = _setting("0.0.0.0", types.listening_host())
    port: int = _setting(8000, types.integer(1, 65535, "a port"))
    base_url: str = _setting("", types.base_url())
    trusted_proxies: tuple[Network, ...] = _setting(
        types.networks().read(["127.0.0.0/8", "::1/128"]), types.networks()
    )
    max_header_bytes: int = _setting(65_536, types.integer(4096, 1_048_576, "a whole number of bytes"))
    max_body_bytes: int = _setting(1_048_576, types.integer(65_536, 67_108_864, "a whole number of bytes"))
    idle_timeout: float = _setting(75.0, types.seconds(1, 3600))
    body_timeout: float = _setting(60.0, types.seconds(1, 3600))
    # A 9600 baud line has ten times as much.
    min_body_rate: int = _setting(100, types.integer(1, 1_000_000, "a whole number of bytes per second"))
    write_timeout: float = _setting(60.0, types.seconds(1, 3600))
    # 0: what the limit of open files allows, see handlers/server/listener.py.
    max_connections: int = _setting(0, types.integer(0, 1_000_000, "a whole number of connections"))
    max_connections_per_address: int = _setting(
        0, types.integer(0, 1_000_000, "a whole number of connections")
    )
    access_log: bool = _setting(False, types.boolean())

    @property
    def public_url(self) -> str:
        """The URL at which people and jobs reach the server, without a slash at the end."""
        return self.base_url.rstrip("/") or f"http://localhost:{self.port}"


@dataclass(frozen=True, slots=True)
class SmtpSettings:
    """The SMTP listener. Times in seconds, sizes in bytes; port 0: no listener."""

    host: str = _setting("0.0.0.0", types.listening_host())
    port: int = _setting(2525, types.integer(0, 65535, "a port (0: off)"))
    domains: tuple[str, ...] = _setting(("localhost",), types.domains(), key="domain")
    max_message_bytes: int = _setting(
        10_000_000, types.integer(65_536, 100_000_000, "a whole number of bytes")
    )
    # RFC 5321 section 4.5.3.1.8: at least 100 must be taken.
    max_recipients: int = _setting(100, types.integer(1, 10_000, "a whole number of recipients"))
    max_connections: int = _setting(500, types.integer(1, 50_000, "a whole number of connections"))
    max_connections_per_address: int = _setting(50, types.integer(1, 50_000, "a whole number of connections"))
    idle_timeout: float = _setting(60.0, types.seconds(1, 3600))
    data_timeout: float = _setting(300.0, types.seconds(1, 3600))
    tls_cert: str = _setting(
        "", types.path('the path of a PEM file with the certificate chain, or ""', optional=True)
    )
    tls_key: str = _setting(
        "", types.path('the path of a PEM file with the private key, or ""', optional=True)
    )
    require_tls: bool = _setting(False, types.boolean())
    proxy_protocol: bool = _setting(False, types.boolean())


@dataclass(frozen=True, slots=True)
class MongoSettings:
    """The MongoDB to keep everything in; with no URI, the embedded one. Times in seconds."""

    uri: str = _setting("", types.mongodb_uri(), secret=_without_credentials)
    database: str = _setting("hcserver", types.database_name())
    # For one operation: below 5 s in all, so that a client is told to come back before it gives up by itself.
    timeout: float = _setting(4.0, types.seconds(0.1, 60))


@dataclass(frozen=True, slots=True)
class EmbeddedSettings:
    """The embedded database: its folder and the size of its cache."""

    path: str = _setting("data", types.path('the path of a folder, such as "data"', optional=False))
    cache_size: str = _setting("256M", types.size())


@dataclass(frozen=True, slots=True)
class LimitSettings:
    """How much is kept and allowed. Sizes in bytes."""

    # What a new project gets (each project's can be changed): a guard against runaway scripts.
    checks_per_project: int = _setting(10_000, types.integer(1, 1_000_000, "a whole number of checks"))
    # The API's documents promise no more than 1000 per check.
    pings_per_check: int = _setting(100, types.integer(1, 1000, "a whole number of pings"))
    ping_body_bytes: int = _setting(10_000, types.integer(0, 1_000_000, "a whole number of bytes"))
    email_body_bytes: int = _setting(1_000_000, types.integer(0, 10_000_000, "a whole number of bytes"))
    cached_checks: int = _setting(50_000, types.integer(100, 10_000_000, "a whole number of checks"))


@dataclass(frozen=True, slots=True)
class EmailSettings:
    """The server that takes outgoing mail; with no host, no mail can be sent. Times in seconds."""

    host: str = _setting("", types.optional(types.host("the name or address of a mail server")))
    port: int = _setting(587, types.integer(1, 65535, "a port"))
    security: str = _setting("starttls", types.choice("starttls", "tls", "none"))
    username: str = _setting("", types.text('a user name, or ""', lambda name: True))
    password: str = _setting("", types.text('a password, or ""', lambda password: True), secret=_hidden)
    sender: str = _setting("hcserver@localhost", types.mailbox())
    bounce_domain: str = _setting("", types.optional(types.domain()))
    timeout: float = _setting(15.0, types.seconds(1, 300))


@dataclass(frozen=True, slots=True)
class NotificationSettings:
    """How people are told. Times in seconds."""

    allowed_networks: tuple[Network, ...] = _setting((), types.networks())
    redirects: bool = _setting(False, types.boolean())
    shell: bool = _setting(False, types.boolean())
    # With pauses that double up to half an hour, twenty attempts outlast an outage of four hours.
    attempts: int = _setting(20, types.integer(1, 100, "a whole number of attempts"))
    timeout: float = _setting(20.0, types.seconds(1, 300))
    operator: str = _setting("", types.optional(types.mailbox()))


@dataclass(frozen=True, slots=True)
class LogSettings:
    """What is logged, and as what."""

    level: str = _setting("info", types.choice("debug", "info", "warning", "error"))
    format: str = _setting("text", types.choice("text", "json"))


@dataclass(frozen=True, slots=True)
class Settings:
    """All settings. `sources` says where each `section.key` came from that isn't the default."""

    http: HttpSettings = field(default_factory=HttpSettings)
    smtp: SmtpSettings = field(default_factory=SmtpSettings)
    mongodb: MongoSettings = field(default_factory=MongoSettings)
    embedded: EmbeddedSettings = field(default_factory=EmbeddedSettings)
    limits: LimitSettings = field(default_factory=LimitSettings)
    email: EmailSettings = field(default_factory=EmailSettings)
    notifications: NotificationSettings = field(default_factory=NotificationSettings)
    log: LogSettings = field(default_factory=LogSettings)
    sources: Mapping[str, str] = field(default_factory=dict, compare=False)


@dataclass(frozen=True, slots=True)
class Line:
    """One effective setting: `section.key`, its value (masked if secret), and where that came from."""

    name: str
    value: object
    source: str


@dataclass(frozen=True, slots=True)
class _Entry:
    """A setting as declared: its place in Settings, its outside names and its kind."""

    section: str
    attribute: str
    key: str
    kind: SettingType[Any]
    secret: Callable[[Any], object] | None

    @property
    def name(self) -> str:
        return f"{self.section}.{self.key}"

    @property
    def variable(self) -> str:
        return f"{PREFIX}{self.section}_{self.key}".upper()


def _declared() -> Iterator[_Entry]:
    for section in dataclasses.fields(Settings):
        if section.name == "sources":
            continue
        factory = section.default_factory
        assert factory is not dataclasses.MISSING
        for declared in dataclasses.fields(factory()):
            given = declared.metadata
            key = given["key"] or declared.name
            yield _Entry(section.name, declared.name, key, given["kind"], given["secret"])


_ENTRIES = tuple(_declared())
_BY_NAME = {entry.name: entry for entry in _ENTRIES}
_BY_VARIABLE = {entry.variable: entry for entry in _ENTRIES}
_FILE_VARIABLES = {f"{entry.variable}_FILE": entry for entry in _ENTRIES if entry.secret is not None}
_SECTIONS = tuple(dict.fromkeys(entry.section for entry in _ENTRIES))


def load(path: str | None, environ: Mapping[str, str]) -> Settings:
    """The settings in force: `environ` over the file `path` (else HCSERVER_CONFIG, else ./config.toml).

    Raises ConfigError that lists everything that is wrong: setting, value, and what would be accepted.
    """
    problems: list[str] = []
    found: dict[str, tuple[Any, str]] = {}
    file = _config_file(path, environ)
    if file is not None:
        found.update(_from_file(file, problems))
    found.update(_from_environment(environ, problems))
    settings = _assemble(found)
    problems.extend(_contradictions(settings))
    if problems:
        raise ConfigError("\n".join(problems))
    return settings


def describe(settings: Settings) -> list[Line]:
    """Every setting with its effective value and its source, secrets masked."""
    return [
        Line(entry.name, _public(entry, _value(settings, entry)), settings.sources.get(entry.name, "default"))
        for entry in _ENTRIES
    ]


def _config_file(path: str | None, environ: Mapping[str, str]) -> Path | None:
    named = path or environ.get(CONFIG_VARIABLE)
    if named:
        return Path(named)
    return Path(DEFAULT_FILE) if os.path.exists(DEFAULT_FILE) else None


def _from_file(file: Path, problems: list[str]) -> dict[str, tuple[Any, str]]:
    found: dict[str, tuple[Any, str]] = {}
    for section, content in _parse(file).items():
        if section not in _SECTIONS or not isinstance(content, dict):
            problems.append(
                f"{file}: {_unknown('section', section, _SECTIONS)}"
                if section not in _SECTIONS
                else f"{file}: {section} = {_shown(content)}: expected a section, [{section}]"
            )
            continue
        keys = [entry.key for entry in _ENTRIES if entry.section == section]
        for key, value in content.items():
            entry = _BY_NAME.get(f"{section}.{key}")
            if entry is None:
                problems.append(
                    f"{file}: {_unknown('setting', f'{section}.{key}', [f'{section}.{k}' for k in keys])}"
                )
                continue
            _take(found, problems, entry, entry.kind.read, value, str(file))
    return found


def _parse(file: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(file.read_bytes().decode("utf-8-sig"))
    except OSError as error:
        raise ConfigError(
            f"the configuration file {file} can't be read: {error.strerror or error}"
        ) from error
    except (ValueError, RecursionError) as error:  # TOMLDecodeError and UnicodeDecodeError are ValueErrors
        raise ConfigError(f"the configuration file {file} is no valid TOML: {error}") from error


def _from_environment(environ: Mapping[str, str], problems: list[str]) -> dict[str, tuple[Any, str]]:
    found: dict[str, tuple[Any, str]] = {}
    known = [CONFIG_VARIABLE, *_BY_VARIABLE, *_FILE_VARIABLES]
    for variable in sorted(name for name in environ if name.startswith(PREFIX)):
        if variable.endswith("_PORT") and _SERVICE_URL.fullmatch(environ[variable]):
            continue
        if variable in _BY_VARIABLE:
            entry = _BY_VARIABLE[variable]
            _take(found, problems, entry, entry.kind.read_text, environ[variable], variable)
        elif variable in _FILE_VARIABLES:
            entry = _FILE_VARIABLES[variable]
            if entry.variable in environ:
                problems.append(
                    f"{entry.name}: both {entry.variable} and {variable} are set: expected one of them"
                )
                continue
            text = _secret_file(entry, variable, environ[variable], problems)
            if text is not None:
                _take(found, problems, entry, entry.kind.read_text, text, variable)
        elif variable != CONFIG_VARIABLE and not _SERVICE_LINK.fullmatch(variable):
            problems.append(_unknown("environment variable", variable, known))
    return found


def _secret_file(entry: _Entry, variable: str, file: str, problems: list[str]) -> str | None:
    try:
        text = Path(file).read_text("utf-8").removesuffix("\n").removesuffix("\r")
        if not text:
            raise ValueError("it is empty")
        return text
    except (OSError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) and error.strerror else error
        problems.append(
            f"{entry.name} ({variable}): {file!r} can't be read ({reason}): expected a readable text file"
        )
        return None


def _take(
    found: dict[str, tuple[Any, str]],
    problems: list[str],
    entry: _Entry,
    read: Callable[[Any], Any],
    value: object,
    source: str,
) -> None:
    try:
        found[entry.name] = read(value), source
    except ValueError:
        shown = _shown(value) if entry.secret is None else _MASK
        problems.append(f"{entry.name} ({source}): {shown} does not fit: expected {entry.kind.accepts}")


def _assemble(found: Mapping[str, tuple[Any, str]]) -> Settings:
    sections: dict[str, dict[str, Any]] = {section: {} for section in _SECTIONS}
    for name, (value, _) in found.items():
        entry = _BY_NAME[name]
        sections[entry.section][entry.attribute] = value
    return Settings(
        http=HttpSettings(**sections["http"]),
        smtp=SmtpSettings(**sections["smtp"]),
        mongodb=MongoSettings(**sections["mongodb"]),
        embedded=EmbeddedSettings(**sections["embedded"]),
        limits=LimitSettings(**sections["limits"]),
        email=EmailSettings(**sections["email"]),
        notifications=NotificationSettings(**sections["notifications"]),
        log=LogSettings(**sections["log"]),
        sources={name: source for name, (_, source) in found.items()},
    )


def _contradictions(settings: Settings) -> Iterator[str]:
    """What fits by itself but not together."""
    smtp = settings.smtp
    if bool(smtp.tls_cert) != bool(smtp.tls_key):
        missing = "smtp.tls_key" if smtp.tls_cert else "smtp.tls_cert"
        yield f'{missing}: "" does not fit: expected a file, as certificate and key need each other'
    if smtp.require_tls and not smtp.tls_cert:
        yield "smtp.require_tls: true does not fit: expected false, or smtp.tls_cert and smtp.tls_key as well"
    if smtp.port == settings.http.port:
        yield f"smtp.port: {smtp.port} does not fit: expected another port than http.port"
    if settings.email.password and not settings.email.username:
        yield 'email.username: "" does not fit: expected a user name, as there is an email.password'


def _value(settings: Settings, entry: _Entry) -> Any:
    return getattr(getattr(settings, entry.section), entry.attribute)


def _public(entry: _Entry, value: Any) -> object:
    return entry.kind.plain(value) if entry.secret is None else entry.secret(value)


def _unknown(what: str, name: str, known: list[str] | tuple[str, ...]) -> str:
    close = difflib.get_close_matches(name[:_SHOWN_CHARACTERS], known, n=1, cutoff=_ALIKE)
    hint = f"did you mean {close[0]}?" if close else f"expected one of {', '.join(known)}"
    return f"unknown {what} {_shown(name)[1:-1]}: {hint}"


def _shown(value: object) -> str:
    try:
        text = repr(value)
    except (ValueError, RecursionError):  # an integer of thousands of digits, brackets nested as deep
        text = f"this {type(value).__name__}"
    return text if len(text) <= _SHOWN_CHARACTERS else text[: _SHOWN_CHARACTERS - 1] + "…"
