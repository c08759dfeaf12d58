from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import click
import pytest

from hcserver.cli import _COMMANDS
from hcserver.cli.manual import _command, manual

PAGE = Path(__file__).parents[3] / "docs/hcserver.1"


def test_the_page_in_docs_is_up_to_date() -> None:
    assert PAGE.read_text("utf-8") == manual(), "run `make man`"


def test_every_command_is_in_it_with_its_options() -> None:
    page = manual()
    for name in _COMMANDS:
        assert f'.SS "hcserver {name} '.replace("-", "\\-") in page
    assert '.SS "hcserver project rotate\\-key [OPTIONS] PROJECT {api|api\\-readonly|ping|badge}"' in page
    assert ".TP\n.B \\-\\-retry\\-for SECONDS\nFor how long to try again" in page


def test_what_means_something_to_troff_is_only_text() -> None:
    @click.command(help='.SH no heading\n\n\'quoted \\fB "x"\n\n\b\n.nf\nas it is', context_settings={})
    @click.argument("what")
    def odd(what: str) -> None: ...

    assert "".join(_command(odd, click.Context(odd, info_name="odd"))) == (
        '.SS "odd [OPTIONS] WHAT"\n'
        ".PP\n\\&.SH no heading\n"
        ".PP\n\\&'quoted \\efB \\(dqx\\(dq\n"
        ".PP\n.nf\n\\&.nf\nas it is\n.fi\n"
    )


@pytest.mark.skipif(not (shutil.which("man") and shutil.which("groff")), reason="no man, or no groff")
def test_man_shows_it() -> None:
    environ = {"PATH": "/usr/bin:/bin", "MANWIDTH": "100", "LC_ALL": "C.UTF-8", "MANPAGER": "cat"}
    shown = subprocess.run(
        ["man", "--local-file", PAGE], env=environ, capture_output=True, text=True, check=True, timeout=60
    ).stdout
    assert "hcserver run [OPTIONS] COMMAND..." in shown
    assert "--retry-for SECONDS" in shown
