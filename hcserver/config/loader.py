"""Where the values of the settings come from: environment, secret files, configuration file, defaults.

The environment (HCSERVER_<SECTION>_<KEY>, or HCSERVER_<SECTION>_<KEY>_FILE for a secret) is used first,
then the configuration file, then the default in the schema.
"""

from __future__ import annotations

import difflib
import os
import re
import tomllib
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from hcserver.config import shell_commands
from hcserver.config.entries import ENTRIES, PREFIX, SECTIONS, Entry
from hcserver.config.masking import MASK
from hcserver.config.schema import Settings
from hcserver.errors import ConfigError

CONFIG_VARIABLE = "HCSERVER_CONFIG"
DEFAULT_FILE = "config.toml"

_BY_NAME = {entry.name: entry for entry in ENTRIES}
_BY_VARIABLE = {entry.variable: entry for entry in ENTRIES}
_BY_FILE_VARIABLE = {f"{entry.variable}_FILE": entry for entry in ENTRIES if entry.secret is not None}

# Kubernetes sets such variables in every container when a service is named hcserver or hcserver-something
# (https://kubernetes.io/docs/concepts/services-networking/service/#environment-variables).
_SERVICE_LINK = re.compile(
    r"HCSERVER_(\w+_)?(SERVICE_HOST|SERVICE_PORT(_\w+)?|PORT_\d+_(TCP|UDP|SCTP)(_\w+)?)"
)
_SERVICE_URL = re.compile(r"(tcp|udp|sctp)://.*")  # in HCSERVER_PORT, or HCSERVER_HTTP_PORT for hcserver-http
# Settings of former versions, and what has taken their place.
_REMOVED = {
    "notifications.shell": "name each command in a section such as [shell.pager], which channels then choose",
}
_REMOVED_VARIABLES = {f"{PREFIX}{name.replace('.', '_').upper()}": name for name in _REMOVED}
_SHOWN_CHARACTERS = 100
_SIMILARITY = 0.75  # of 1: a known name this close to an unknown one is suggested instead


def load(path: str | None, environ: Mapping[str, str]) -> Settings:
    """The settings from `environ` and the file `path` (else HCSERVER_CONFIG, else ./config.toml).

    Raises ConfigError that lists every problem: the setting, its value, and what would be accepted.
    """
    loading = _Loading()
    file = _config_file(path, environ)
    if file is not None:
        loading.read_file(file)
    loading.read_environment(environ)
    settings = loading.settings()
    problems = [*loading.problems, *_contradictions(settings)]
    if problems:
        raise ConfigError("\n".join(problems))
    return settings


class _Loading:
    """The values found so far, each with its source, and the problems met on the way."""

    def __init__(self) -> None:
        self.problems: list[str] = []
        self._values: dict[str, dict[str, Any]] = {section: {} for section in SECTIONS}
        self._commands: dict[str, str] = {}
        self._sources: dict[str, str] = {}

    def settings(self) -> Settings:
        defaults = Settings()
        sections = {name: type(getattr(defaults, name))(**found) for name, found in self._values.items()}
        return Settings(**sections, shell=self._commands, sources=self._sources)

    def read_file(self, file: Path) -> None:
        for section, content in _parse(file).items():
            if section not in (*SECTIONS, shell_commands.SECTION):
                known = [*SECTIONS, shell_commands.SECTION]
                self.problems.append(f"{file}: {_unknown('section', section, known)}")
            elif not isinstance(content, dict):
                self.problems.append(
                    f"{file}: {section} = {_shown(content)}: expected a section, [{section}]"
                )
            elif section == shell_commands.SECTION:
                self._read_commands(file, content)
            else:
                self._read_section(file, section, content)

    def _read_section(self, file: Path, section: str, content: dict[str, Any]) -> None:
        for key, value in content.items():
            entry = _BY_NAME.get(f"{section}.{key}")
            if f"{section}.{key}" in _REMOVED:
                self._refuse_removed(f"{section}.{key}", str(file))
            elif entry is None:
                known = [entry.name for entry in ENTRIES if entry.section == section]
                self.problems.append(f"{file}: {_unknown('setting', f'{section}.{key}', known)}")
            else:
                self._take(entry, entry.kind.read, value, str(file))

    def _read_commands(self, file: Path, content: dict[str, Any]) -> None:
        for name, members in content.items():
            if not shell_commands.is_name(name) or not isinstance(members, dict):
                self.problems.append(
                    f"{file}: shell.{_shown(name)[1:-1]} does not fit: expected a section [shell.NAME] with "
                    f"{shell_commands.NAME_NEEDS}"
                )
            elif set(members) != {shell_commands.KEY}:
                self.problems.append(
                    f"{file}: [shell.{name}] does not fit: expected command = ... and nothing else"
                )
            else:
                self._take_command(name, members[shell_commands.KEY], str(file))

    def _take_command(self, name: str, command: object, source: str) -> None:
        setting = shell_commands.setting(name)
        try:
            self._commands[name] = shell_commands.command_type.read(command)
        except ValueError:
            accepts = shell_commands.command_type.accepts
            self.problems.append(f"{setting} ({source}): {MASK} does not fit: expected {accepts}")
        else:
            self._sources[setting] = source

    def _refuse_removed(self, name: str, source: str) -> None:
        self.problems.append(f"{name} ({source}) is no setting any more: {_REMOVED[name]}")

    def read_environment(self, environ: Mapping[str, str]) -> None:
        for variable in sorted(name for name in environ if name.startswith(PREFIX)):
            if variable.endswith("_PORT") and _SERVICE_URL.fullmatch(environ[variable]):
                continue
            if entry := _BY_VARIABLE.get(variable):
                self._take(entry, entry.kind.read_text, environ[variable], variable)
            elif entry := _BY_FILE_VARIABLE.get(variable):
                self._read_secret(entry, variable, environ)
            elif (name := shell_commands.name_in(variable)) is not None:
                self._take_command(name, environ[variable], variable)
            elif variable in _REMOVED_VARIABLES:
                self._refuse_removed(_REMOVED_VARIABLES[variable], variable)
            elif variable != CONFIG_VARIABLE and not _SERVICE_LINK.fullmatch(variable):
                known = [CONFIG_VARIABLE, *_BY_VARIABLE, *_BY_FILE_VARIABLE]
                self.problems.append(_unknown("environment variable", variable, known))

    def _read_secret(self, entry: Entry, variable: str, environ: Mapping[str, str]) -> None:
        if entry.variable in environ:
            self.problems.append(
                f"{entry.name}: both {entry.variable} and {variable} are set: expected one of them"
            )
            return
        file = environ[variable]
        try:
            text = Path(file).read_text("utf-8").removesuffix("\n").removesuffix("\r")
            if not text:
                raise ValueError("it is empty")
        except (OSError, ValueError) as error:
            reason = error.strerror if isinstance(error, OSError) and error.strerror else error
            self.problems.append(
                f"{entry.name} ({variable}): {file!r} can't be read ({reason}): expected a readable text file"
            )
        else:
            self._take(entry, entry.kind.read_text, text, variable)

    def _take(self, entry: Entry, read: Callable[[Any], Any], value: object, source: str) -> None:
        try:
            self._values[entry.section][entry.attribute] = read(value)
        except ValueError:
            shown = _shown(value) if entry.secret is None else MASK
            self.problems.append(
                f"{entry.name} ({source}): {shown} does not fit: expected {entry.kind.accepts}"
            )
        else:
            self._sources[entry.name] = source


def _config_file(path: str | None, environ: Mapping[str, str]) -> Path | None:
    named = path or environ.get(CONFIG_VARIABLE)
    if named:
        return Path(named)
    return Path(DEFAULT_FILE) if os.path.exists(DEFAULT_FILE) else None


def _parse(file: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(file.read_bytes().decode("utf-8-sig"))
    except OSError as error:
        raise ConfigError(
            f"the configuration file {file} can't be read: {error.strerror or error}"
        ) from error
    except (ValueError, RecursionError) as error:  # TOMLDecodeError and UnicodeDecodeError are ValueErrors
        raise ConfigError(f"the configuration file {file} is no valid TOML: {error}") from error


def _contradictions(settings: Settings) -> Iterator[str]:
    """Problems of settings that are valid one by one but not together."""
    http, smtp = settings.http, settings.smtp
    for section, listener in (("http", http), ("smtp", smtp)):
        if bool(listener.tls_cert) != bool(listener.tls_key):
            missing = f"{section}.tls_key" if listener.tls_cert else f"{section}.tls_cert"
            yield f'{missing}: "" does not fit: expected a file, as certificate and key need each other'
    if smtp.require_tls and not smtp.tls_cert:
        yield "smtp.require_tls: true does not fit: expected false, or smtp.tls_cert and smtp.tls_key as well"
    if smtp.auth == "required" and not (smtp.auth_username and smtp.auth_password):
        missing = "smtp.auth_password" if smtp.auth_username else "smtp.auth_username"
        yield f'{missing}: "" does not fit: expected a user name and a password, as smtp.auth is "required"'
    if smtp.port == http.port:
        yield f"smtp.port: {smtp.port} does not fit: expected another port than http.port"
    elif smtp.port and http.tls_cert and smtp.port == http.tls_port:
        yield f"smtp.port: {smtp.port} does not fit: expected another port than http.tls_port"
    if settings.email.password and not settings.email.username:
        yield 'email.username: "" does not fit: expected a user name, as there is an email.password'


def _unknown(what: str, name: str, known: Sequence[str]) -> str:
    close = difflib.get_close_matches(name[:_SHOWN_CHARACTERS], known, n=1, cutoff=_SIMILARITY)
    hint = f"did you mean {close[0]}?" if close else f"expected one of {', '.join(known)}"
    return f"unknown {what} {_shown(name)[1:-1]}: {hint}"


def _shown(value: object) -> str:
    try:
        text = repr(value)
    except (ValueError, RecursionError):  # an integer of thousands of digits, or brackets nested as deep
        text = f"this {type(value).__name__}"
    return text if len(text) <= _SHOWN_CHARACTERS else text[: _SHOWN_CHARACTERS - 1] + "…"
