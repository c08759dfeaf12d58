import ipaddress
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hcserver.config.loader import load
from hcserver.config.report import Line, describe
from hcserver.config.schema import Settings
from hcserver.errors import ConfigError


@pytest.fixture(autouse=True)
def elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def problems(environ: dict[str, str], toml: str | None = None) -> list[str]:
    if toml is not None:
        Path("config.toml").write_text(toml)
    with pytest.raises(ConfigError) as caught:
        load(None, environ)
    return str(caught.value).splitlines()


def test_without_file_and_environment_everything_is_the_default() -> None:
    loaded = load(None, {"PATH": "/bin"})
    assert loaded == Settings()
    assert {line.source for line in describe(loaded)} == {"default"}


def test_a_file_in_the_working_directory_is_found() -> None:
    Path("config.toml").write_text("[http]\nport = 9000\n")
    loaded = load(None, {})
    assert loaded.http.port == 9000
    assert [line for line in describe(loaded) if line.source != "default"] == [
        Line("http.port", 9000, "config.toml")
    ]


def test_a_named_file_beats_the_variable_which_beats_the_working_directory() -> None:
    for name, port in (("config.toml", 1), ("variable.toml", 2), ("named.toml", 3)):
        Path(name).write_text(f"[http]\nport = {port}\n")
    assert load("named.toml", {"HCSERVER_CONFIG": "variable.toml"}).http.port == 3
    assert load(None, {"HCSERVER_CONFIG": "variable.toml"}).http.port == 2
    assert load(None, {"HCSERVER_CONFIG": ""}).http.port == 1


def test_the_environment_beats_the_file() -> None:
    Path("config.toml").write_text("[http]\nport = 9000\n[log]\nlevel = 'debug'\n")
    loaded = load(None, {"HCSERVER_HTTP_PORT": "9001"})
    assert (loaded.http.port, loaded.log.level) == (9001, "debug")
    sources = {line.name: line.source for line in describe(loaded)}
    assert (sources["http.port"], sources["log.level"]) == ("HCSERVER_HTTP_PORT", "config.toml")


def test_lists_in_the_environment_are_comma_separated() -> None:
    loaded = load(
        None, {"HCSERVER_HTTP_TRUSTED_PROXIES": "10.0.0.0/8, ::1", "HCSERVER_SMTP_DOMAIN": "A.org,b.org"}
    )
    assert loaded.http.trusted_proxies == (
        ipaddress.ip_network("10.0.0.0/8"),
        ipaddress.ip_network("::1/128"),
    )
    assert loaded.smtp.domains == ("a.org", "b.org")
    assert load(None, {"HCSERVER_HTTP_TRUSTED_PROXIES": ""}).http.trusted_proxies == ()


def test_the_domain_is_a_string_or_a_list() -> None:
    for toml in ('domain = "hc.Example.org"', 'domain = ["hc.example.org"]'):
        Path("config.toml").write_text(f"[smtp]\n{toml}\n")
        assert load(None, {}).smtp.domains == ("hc.example.org",)


@pytest.mark.parametrize(
    ("word", "value"), [("true", True), ("ON", True), ("1", True), ("no", False), ("0", False)]
)
def test_booleans_in_the_environment_have_several_spellings(word: str, value: bool) -> None:
    assert load(None, {"HCSERVER_SMTP_PROXY_PROTOCOL": word}).smtp.proxy_protocol is value


def test_a_secret_is_read_from_a_file_without_its_last_newline() -> None:
    Path("secret").write_text("mongodb://u:p@db/\n")
    assert load(None, {"HCSERVER_MONGODB_URI_FILE": "secret"}).mongodb.uri == "mongodb://u:p@db/"


def test_a_secret_file_that_cannot_be_read_is_a_problem_with_setting_and_variable() -> None:
    (line,) = problems({"HCSERVER_MONGODB_URI_FILE": "nowhere"})
    assert line == (
        "mongodb.uri (HCSERVER_MONGODB_URI_FILE): 'nowhere' can't be read (No such file or directory): "
        "expected a readable text file"
    )


def test_a_secret_given_twice_is_a_problem() -> None:
    (line,) = problems({"HCSERVER_MONGODB_URI_FILE": "x", "HCSERVER_MONGODB_URI": ""})
    assert "both HCSERVER_MONGODB_URI and HCSERVER_MONGODB_URI_FILE are set" in line


def test_a_setting_that_is_no_secret_has_no_file_variable() -> None:
    (line,) = problems({"HCSERVER_HTTP_HOST_FILE": "x"})
    assert line == "unknown environment variable HCSERVER_HTTP_HOST_FILE: did you mean HCSERVER_HTTP_HOST?"


def test_all_problems_are_reported_together_with_name_value_and_what_would_be_accepted() -> None:
    lines = problems(
        {"HCSERVER_HTTP_PORT": "99999", "HCSERVER_NONSENSE": "1"},
        "[http]\nhots = '::'\nidle_timeout = true\n[htp]\n[smtp]\nport = '25'\n",
    )
    assert lines == [
        "config.toml: unknown setting http.hots: did you mean http.host?",
        "http.idle_timeout (config.toml): True does not fit: expected a number of seconds from 1 to 3600",
        "config.toml: unknown section htp: did you mean http?",
        "smtp.port (config.toml): '25' does not fit: expected a port (0: off) from 0 to 65535",
        "http.port (HCSERVER_HTTP_PORT): '99999' does not fit: expected a port from 1 to 65535",
        *lines[5:],
    ]
    assert len(lines) == 6
    assert lines[5].startswith("unknown environment variable HCSERVER_NONSENSE: ")


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("http.port", "0"),
        ("http.port", "8000.0"),
        ("http.port", "true"),
        ("http.port", "0x" + "f" * 5000),
        ("http.host", '""'),
        ("http.host", '"a b"'),
        ("http.base_url", '"hc.example.org"'),
        ("http.base_url", '"http://"'),
        ("http.base_url", '"http://h:99999"'),
        ("http.base_url", '"http://h/?a"'),
        ("http.base_url", '"ftp://h"'),
        ("http.trusted_proxies", '"10.0.0.1/8"'),
        ("http.trusted_proxies", "[1]"),
        ("http.idle_timeout", "nan"),
        ("http.idle_timeout", "inf"),
        ("http.idle_timeout", "0x" + "f" * 5000),
        ("smtp.domain", "[]"),
        ("smtp.domain", '"a@b"'),
        ("smtp.domain", "1"),
        ("smtp.require_tls", "1"),
        ("smtp.require_tls", '"true"'),
        ("mongodb.database", '"a.b"'),
        ("mongodb.database", '""'),
        ("mongodb.database", '"' + "ä" * 32 + '"'),
        ("embedded.path", '""'),
        ("embedded.path", r'"a\u0000"'),
        ("embedded.cache_size", '"256"'),
        ("limits.pings_per_check", "1001"),
        ("limits.flip_days", "89"),
        ("limits.flip_days", '"400"'),
        ("limits.notification_days", "0"),
        ("limits.notification_days", "91"),
        ("limits.ping_body_bytes", "1000001"),
        ("email.host", '"a b"'),
        ("email.security", '"ssl"'),
        ("email.sender", '"nobody"'),
        ("email.sender", '"hc@ü.org"'),
        ("email.sender", r'"a\r\nBcc: b <hc@example.org>"'),
        ("email.bounce_domain", '"a@b"'),
        ("notifications.allowed_networks", '["10.0.0.1/8"]'),
        ("notifications.shell_as_root", '"true"'),
        ("notifications.attempts", "0"),
        ("log.level", '"INFO"'),
        ("log.format", "[[[]]]"),
    ],
)
def test_a_value_that_does_not_fit_is_refused_with_its_setting(name: str, value: str) -> None:
    section, key = name.split(".")
    (line,) = problems({}, f"[{section}]\n{key} = {value}\n")
    assert line.startswith(f"{name} (config.toml): ")
    assert ": expected " in line
    assert len(line) < 300


@pytest.mark.parametrize(
    "url", ["", "http://localhost:8000/", "https://hc.example.org/monitor", "http://[::1]:80"]
)
def test_a_base_url_is_taken(url: str) -> None:
    assert load(None, {"HCSERVER_HTTP_BASE_URL": url}).http.base_url == url


def test_settings_that_contradict_each_other_are_refused() -> None:
    assert problems({"HCSERVER_SMTP_TLS_CERT": "c.pem"})[0].startswith("smtp.tls_key: ")
    assert problems({"HCSERVER_SMTP_TLS_KEY": "k.pem"})[0].startswith("smtp.tls_cert: ")
    assert problems({"HCSERVER_SMTP_REQUIRE_TLS": "true"})[0].startswith("smtp.require_tls: ")
    assert problems({"HCSERVER_SMTP_AUTH": "required"})[0].startswith("smtp.auth_username: ")
    named = {"HCSERVER_SMTP_AUTH": "required", "HCSERVER_SMTP_AUTH_USERNAME": "nas"}
    assert problems(named)[0].startswith("smtp.auth_password: ")
    assert load(None, {**named, "HCSERVER_SMTP_AUTH_PASSWORD": "secret"}).smtp.auth == "required"
    assert problems({"HCSERVER_EMAIL_PASSWORD": "x"})[0].startswith("email.username: ")
    assert problems({"HCSERVER_SMTP_PORT": "8000"})[0].startswith("smtp.port: 8000 ")
    assert problems({"HCSERVER_HTTP_TLS_CERT": "c.pem"})[0].startswith("http.tls_key: ")
    assert problems({"HCSERVER_HTTP_TLS_KEY": "k.pem"})[0].startswith("http.tls_cert: ")


def test_a_port_for_https_matters_only_with_a_certificate() -> None:
    assert load(None, {"HCSERVER_SMTP_PORT": "8443"}).smtp.port == 8443
    tls = {"HCSERVER_HTTP_TLS_CERT": "c.pem", "HCSERVER_HTTP_TLS_KEY": "k.pem"}
    (line,) = problems({**tls, "HCSERVER_SMTP_PORT": "8443"})
    assert line == "smtp.port: 8443 does not fit: expected another port than http.tls_port"
    off = {"HCSERVER_SMTP_PORT": "0", "HCSERVER_HTTP_TLS_PORT": "0"}
    assert load(None, {**tls, **off}).http.tls_port == 0


@pytest.mark.parametrize(
    "toml", ["[http", "a = ", "[http]\nport = 1\nport = 2\n", "[http]\nport = " + "[" * 5000, "\0"]
)
def test_a_file_that_is_no_toml_is_refused(toml: str) -> None:
    (line, *_) = problems({}, toml)
    assert line.startswith("the configuration file config.toml is no valid TOML: ")


def test_a_file_that_is_missing_or_no_text_is_refused() -> None:
    with pytest.raises(ConfigError, match=r"nowhere\.toml can't be read: No such file or directory"):
        load("nowhere.toml", {})
    Path("latin.toml").write_bytes(b"# \xe4\n")
    with pytest.raises(ConfigError, match="no valid TOML"):
        load("latin.toml", {})


def test_a_top_level_value_is_no_section() -> None:
    assert problems({}, "http = 1\n") == ["config.toml: http = 1: expected a section, [http]"]


def test_a_variable_that_forgets_the_section_is_unknown() -> None:
    (line,) = problems({"HCSERVER_PORT": "9000"})
    assert line.startswith("unknown environment variable HCSERVER_PORT: did you mean HCSERVER_")


def test_an_unknown_variable_that_resembles_none_is_reported_with_all_variables() -> None:
    (line,) = problems({"HCSERVER_FOO_BAR": "1"})
    assert line.startswith("unknown environment variable HCSERVER_FOO_BAR: expected one of HCSERVER_CONFIG, ")


def test_an_empty_secret_file_is_a_problem(tmp_path: Path) -> None:
    empty = tmp_path / "secret"
    empty.write_text("\n")
    (line,) = problems({"HCSERVER_MONGODB_URI_FILE": str(empty)})
    assert "can't be read (it is empty)" in line


def test_variables_that_kubernetes_adds_for_a_service_are_no_settings() -> None:
    environ = {
        "HCSERVER_PORT": "tcp://10.0.0.1:80",
        "HCSERVER_HTTP_PORT": "tcp://10.0.0.1:80",
        "HCSERVER_PORT_80_TCP_ADDR": "10.0.0.1",
        "HCSERVER_SERVICE_HOST": "10.0.0.1",
        "HCSERVER_MAIL_SERVICE_PORT_SMTP": "25",
    }
    assert load(None, environ) == Settings()


@pytest.mark.parametrize(
    "sender", ["hc@example.org", "Mönitor of J. Doe <hc+x@example.org>", "root@localhost"]
)
def test_a_sender_is_an_address_with_or_without_a_name(sender: str) -> None:
    assert load(None, {"HCSERVER_EMAIL_SENDER": sender}).email.sender == sender


def test_an_optional_host_may_be_left_out() -> None:
    assert load(None, {"HCSERVER_EMAIL_HOST": ""}).email.host == ""
    assert load(None, {"HCSERVER_EMAIL_HOST": "mail.example.org"}).email.host == "mail.example.org"


def test_a_secret_that_does_not_fit_is_not_shown() -> None:
    (line,) = problems({"HCSERVER_MONGODB_URI": "mysql://u:hidden@h"})
    assert "hidden" not in line
    assert line.startswith("mongodb.uri (HCSERVER_MONGODB_URI): **** does not fit: ")


@settings(max_examples=100)
@given(
    st.sampled_from([f"HCSERVER_{line.name.replace('.', '_').upper()}" for line in describe(Settings())]),
    st.text(),
)
def test_no_text_in_a_variable_raises_anything_but_a_config_error(variable: str, text: str) -> None:
    try:
        load(None, {variable: text})
    except ConfigError as error:
        others = ("smtp.", "http.tls_", "email.username")  # which belong to it
        assert variable in str(error) or any(other in str(error) for other in others)
