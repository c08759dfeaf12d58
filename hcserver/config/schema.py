"""The settings: one dataclass for each section, with the default and the type of every value.

config.toml at the top of the repository documents all of them. loader.py says where values come from.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TypeVar

from hcserver.config import types
from hcserver.config.masking import hidden, without_credentials
from hcserver.config.types import Network, SettingType

T = TypeVar("T")


_CERTIFICATE = types.path('the path of a PEM file with the certificate chain, or ""', optional=True)
_PRIVATE_KEY = types.path('the path of a PEM file with the private key, or ""', optional=True)


def _setting(
    default: T, kind: SettingType[T], *, key: str = "", secret: Callable[[T], object] | None = None
) -> T:
    """Declare a setting.

    `key` is its name in the file and in the environment, where that is not the attribute's name. `secret`
    marks a secret and gives the part of its value that may be shown.
    """
    declared = {"kind": kind, "key": key, "secret": secret}
    value: T = field(default=default, repr=secret is None, metadata=declared)
    return value


@dataclass(frozen=True, slots=True)
class HttpSettings:
    """The HTTP listener: `port` without TLS, `tls_port` with it if there is a certificate, only the latter if
    they are the same. Times in seconds, sizes in bytes.
    """

    # On all addresses by default: jobs report from other machines, and every change needs a key.
    host: str = _setting("0.0.0.0", types.listening_host())
    port: int = _setting(8000, types.integer(1, 65535, "a port"))
    tls_port: int = _setting(8443, types.integer(0, 65535, "a port (0: off)"))
    tls_cert: str = _setting("", _CERTIFICATE)
    tls_key: str = _setting("", _PRIVATE_KEY)
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
        """The URL at which people and jobs reach the server, without a trailing slash."""
        return self.base_url.rstrip("/") or f"http{'s' * self.tls_only}://localhost:{self.port}"

    @property
    def tls_only(self) -> bool:
        """Whether there is TLS and no port for HTTP without it: both ports are the same."""
        return bool(self.tls_cert) and self.port == self.tls_port


@dataclass(frozen=True, slots=True)
class WebSettings:
    """The pages: who is signed in by a reverse proxy."""

    auth_header: str = _setting("", types.header_name())
    auth_create: bool = _setting(False, types.boolean())


@dataclass(frozen=True, slots=True)
class SmtpSettings:
    """The SMTP listener. Times in seconds, sizes in bytes; with port 0 there is no listener."""

    host: str = _setting("0.0.0.0", types.listening_host())
    port: int = _setting(2525, types.integer(0, 65535, "a port (0: off)"))
    domains: tuple[str, ...] = _setting(("localhost",), types.domains(), key="domain")
    max_message_bytes: int = _setting(
        10_000_000, types.integer(65_536, 100_000_000, "a whole number of bytes")
    )
    # RFC 5321 section 4.5.3.1.8: a server must accept at least 100.
    max_recipients: int = _setting(100, types.integer(1, 10_000, "a whole number of recipients"))
    max_connections: int = _setting(500, types.integer(1, 50_000, "a whole number of connections"))
    max_connections_per_address: int = _setting(50, types.integer(1, 50_000, "a whole number of connections"))
    idle_timeout: float = _setting(60.0, types.seconds(1, 3600))
    data_timeout: float = _setting(300.0, types.seconds(1, 3600))
    tls_cert: str = _setting("", _CERTIFICATE)
    tls_key: str = _setting("", _PRIVATE_KEY)
    require_tls: bool = _setting(False, types.boolean())
    proxy_protocol: bool = _setting(False, types.boolean())
    auth: str = _setting("off", types.choice("off", "accept-any", "required"))
    # In ASCII, since clients don't agree on the encoding of anything else.
    auth_username: str = _setting("", types.text('a user name in ASCII, or ""', str.isascii))
    auth_password: str = _setting("", types.text('a password in ASCII, or ""', str.isascii), secret=hidden)


@dataclass(frozen=True, slots=True)
class MongoSettings:
    """The MongoDB that stores everything; without a URI the embedded database does. Times in seconds."""

    uri: str = _setting("", types.mongodb_uri(), secret=without_credentials)
    database: str = _setting("hcserver", types.database_name())
    # For one operation. Below 5 s, so that a client gets an answer (503, 451) before its own timeout.
    timeout: float = _setting(4.0, types.seconds(0.1, 60))


@dataclass(frozen=True, slots=True)
class EmbeddedSettings:
    """The embedded database: its folder and the size of its cache."""

    path: str = _setting("data", types.path('the path of a folder, such as "data"', optional=False))
    cache_size: str = _setting("256M", types.size())


@dataclass(frozen=True, slots=True)
class SecretsSettings:
    """Encryption of the targets of channels."""

    key_file: str = _setting(
        "", types.path('the path of the file with the keys, or "" (in embedded.path)', optional=True)
    )


@dataclass(frozen=True, slots=True)
class LimitSettings:
    """How much is stored and allowed. Sizes in bytes."""

    # The limit of a new project; it can be changed for each. It stops scripts that create checks endlessly.
    checks_per_project: int = _setting(10_000, types.integer(1, 1_000_000, "a whole number of checks"))
    # The API's documentation promises at most 1000 for each check.
    pings_per_check: int = _setting(100, types.integer(1, 1000, "a whole number of pings"))
    # Their numbers stand in the document of the check, and one query finds all of them.
    failures_per_check: int = _setting(0, types.integer(0, 100, "a whole number of failures"))
    # Status pages and the activity show 90 days of flips; the database removes notifications after 90 days.
    flip_days: int = _setting(400, types.integer(90, 36_500, "a whole number of days"))
    notification_days: int = _setting(90, types.integer(1, 90, "a whole number of days"))
    ping_body_bytes: int = _setting(10_000, types.integer(0, 1_000_000, "a whole number of bytes"))
    body_part: str = _setting("start", types.choice("start", "end"))
    email_body_bytes: int = _setting(1_000_000, types.integer(0, 10_000_000, "a whole number of bytes"))
    cached_checks: int = _setting(50_000, types.integer(100, 10_000_000, "a whole number of checks"))
    indexed_checks: int = _setting(100_000, types.integer(0, 10_000_000, "a whole number of checks"))
    recent_ping_bytes: int = _setting(
        32_000_000, types.integer(0, 100_000_000_000, "a whole number of bytes")
    )


@dataclass(frozen=True, slots=True)
class EmailSettings:
    """The mail server for outgoing mail; without a host no mail can be sent. Times in seconds."""

    host: str = _setting("", types.optional(types.host("the name or address of a mail server")))
    port: int = _setting(587, types.integer(1, 65535, "a port"))
    security: str = _setting("starttls", types.choice("starttls", "tls", "none"))
    username: str = _setting("", types.text('a user name, or ""', lambda name: True))
    password: str = _setting("", types.text('a password, or ""', lambda password: True), secret=hidden)
    sender: str = _setting("hcserver@localhost", types.mailbox())
    bounce_domain: str = _setting("", types.optional(types.domain()))
    timeout: float = _setting(15.0, types.seconds(1, 300))


@dataclass(frozen=True, slots=True)
class NotificationSettings:
    """How people are notified. Times in seconds."""

    allowed_networks: tuple[Network, ...] = _setting((), types.networks())
    redirects: bool = _setting(False, types.boolean())
    shell_as_root: bool = _setting(False, types.boolean())
    # The pauses double up to half an hour, so that twenty attempts last longer than an outage of four hours.
    attempts: int = _setting(20, types.integer(1, 100, "a whole number of attempts"))
    timeout: float = _setting(20.0, types.seconds(1, 300))
    operator: str = _setting("", types.optional(types.mailbox()))


@dataclass(frozen=True, slots=True)
class LogSettings:
    """What is logged, and in which form."""

    level: str = _setting("info", types.choice("debug", "info", "warning", "error"))
    format: str = _setting("text", types.choice("text", "json"))


@dataclass(frozen=True, slots=True)
class MetricsSettings:
    """Who may read the metrics of the server: whoever has the key; without one nobody."""

    key: str = _setting("", types.secret_key(), secret=hidden)


@dataclass(frozen=True, slots=True)
class Settings:
    """All settings. `sources` names the file or variable of each `section.key` that was set.

    `shell` has the commands that channels may run, by name. They may hold passwords.
    """

    http: HttpSettings = field(default_factory=HttpSettings)
    web: WebSettings = field(default_factory=WebSettings)
    smtp: SmtpSettings = field(default_factory=SmtpSettings)
    mongodb: MongoSettings = field(default_factory=MongoSettings)
    embedded: EmbeddedSettings = field(default_factory=EmbeddedSettings)
    secrets: SecretsSettings = field(default_factory=SecretsSettings)
    limits: LimitSettings = field(default_factory=LimitSettings)
    email: EmailSettings = field(default_factory=EmailSettings)
    notifications: NotificationSettings = field(default_factory=NotificationSettings)
    log: LogSettings = field(default_factory=LogSettings)
    metrics: MetricsSettings = field(default_factory=MetricsSettings)
    shell: Mapping[str, str] = field(default_factory=dict, repr=False, hash=False)
    sources: Mapping[str, str] = field(default_factory=dict, compare=False)

    @property
    def key_file(self) -> str:
        """The path of the file with the keys that encrypt the targets of channels."""
        return self.secrets.key_file or os.path.join(self.embedded.path, "secrets.key")
