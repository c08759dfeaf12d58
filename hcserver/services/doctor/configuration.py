"""The configuration: settings that contradict each other, and files that are open to others or unusable."""

from __future__ import annotations

import stat
from collections.abc import Iterator, Mapping
from datetime import datetime, timedelta
from pathlib import Path

from cryptography import x509

from hcserver.config.entries import ENTRIES
from hcserver.config.schema import Settings
from hcserver.config.shell_commands import setting
from hcserver.embedded.data_directory import DataDirectory
from hcserver.errors import ConfigError
from hcserver.net.certificate import Certificate
from hcserver.services.doctor.finding import Finding, counted, error, ok, warning
from hcserver.storage.key_file import KeyFile, KeyFileError

SUBJECT = "configuration"
EXPIRES_SOON = timedelta(days=14)

_OTHERS = stat.S_IRWXG | stat.S_IRWXO
_FILE = "_FILE"  # ends the name of a variable that names a file with a secret


def examine_configuration(settings: Settings, environ: Mapping[str, str], now: datetime) -> Iterator[Finding]:
    """`settings` were loaded, with this environment."""
    yield ok(
        SUBJECT, f"the settings are valid; {counted(len(settings.sources), 'setting')} not at the default"
    )
    yield from _contradictions(settings)
    yield from _secret_files(settings, environ)
    yield from _key_file(Path(settings.key_file))
    yield from _data_folder(settings)
    for section, listener in (("http", settings.http), ("smtp", settings.smtp)):
        if listener.tls_cert:
            yield from _certificate(section, listener.tls_cert, listener.tls_key, now)


def _contradictions(settings: Settings) -> Iterator[Finding]:
    """Settings that are allowed together, but hardly meant."""
    email = settings.email
    if not settings.http.base_url:
        url = settings.http.public_url
        yield warning(SUBJECT, f"http.base_url is empty: the links in messages lead to {url}")
    if settings.notifications.operator and not email.host:
        yield warning(SUBJECT, "notifications.operator gets no mail, as email.host is empty")
    if email.bounce_domain and not settings.smtp.port:
        yield warning(SUBJECT, "nobody receives the mail of email.bounce_domain, as smtp.port is 0")
    if email.password and email.security == "none":
        yield warning(SUBJECT, 'email.password is sent in clear, as email.security is "none"')


def _secret_files(settings: Settings, environ: Mapping[str, str]) -> Iterator[Finding]:
    """The files from which secrets were read."""
    secrets = {entry.name for entry in ENTRIES if entry.secret is not None}
    secrets |= {setting(name) for name in settings.shell}
    files: dict[Path, list[str]] = {}
    for name in sorted(secrets & settings.sources.keys()):
        source = settings.sources[name]
        if source in environ and not source.endswith(_FILE):
            continue  # it stands in the environment
        files.setdefault(Path(environ.get(source, source)), []).append(name)
    for file, names in files.items():
        yield _readable_by_others(file, f"has {', '.join(names)}")


def _readable_by_others(file: Path, why: str) -> Finding:
    try:
        mode = file.stat().st_mode
    except OSError as problem:
        return error(SUBJECT, f"{file}, which {why}, can't be read: {problem.strerror}")
    if mode & _OTHERS:
        shown = f"{stat.S_IMODE(mode):04o}"
        return warning(
            SUBJECT, f"{file}, which {why}, is open to others (mode {shown}): run `chmod go= {file}`"
        )
    return ok(SUBJECT, f"{file}, which {why}, is readable by its owner only")


def _key_file(path: Path) -> Iterator[Finding]:
    if not path.exists():
        yield ok(SUBJECT, f"there is no key file {path} yet: the first channel makes it")
        return
    yield _readable_by_others(path, "has the keys of channels")
    try:
        KeyFile(path).current()
    except KeyFileError as problem:
        yield error(SUBJECT, str(problem))


def _data_folder(settings: Settings) -> Iterator[Finding]:
    if settings.mongodb.uri:
        return
    try:
        DataDirectory(settings.embedded.path).require_private()
    except ConfigError as problem:
        yield error(SUBJECT, str(problem))


def _certificate(section: str, cert: str, key: str, now: datetime) -> Iterator[Finding]:
    try:
        Certificate(section, cert, key)
        end = x509.load_pem_x509_certificate(Path(cert).read_bytes()).not_valid_after_utc
    except (ConfigError, OSError, ValueError) as problem:
        yield error(SUBJECT, str(problem))
        return
    yield _readable_by_others(Path(key), f"is {section}.tls_key")
    if end <= now:
        yield error(SUBJECT, f"{section}.tls_cert expired on {end:%Y-%m-%d}")
    elif end - now < EXPIRES_SOON:
        yield warning(SUBJECT, f"{section}.tls_cert expires on {end:%Y-%m-%d}")
    else:
        yield ok(SUBJECT, f"{section}.tls_cert is valid until {end:%Y-%m-%d}")
