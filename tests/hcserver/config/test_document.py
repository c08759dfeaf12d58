from __future__ import annotations

from pathlib import Path

from hcserver.config.document import document
from hcserver.config.entries import ENTRIES

TOP = Path(__file__).parents[3]
SAMPLE = (TOP / "config.toml").read_text("utf-8")


def test_the_document_in_docs_is_up_to_date() -> None:
    assert (TOP / "docs/configuration.md").read_text("utf-8") == document(SAMPLE), "run `make man`"


def test_every_setting_has_a_row_of_four_cells() -> None:
    rows = [line for line in document(SAMPLE).splitlines() if line.startswith("| `")]
    assert [row.split("`")[1] for row in rows] == [entry.name for entry in ENTRIES]
    for row in rows:
        assert row.replace("\\|", "").count("|") == 5, row


def test_a_row_says_the_default_the_meaning_and_the_values() -> None:
    lines = document(SAMPLE).splitlines()
    assert "| `http.port` | `8000` | Port to listen on. | a port from 1 to 65535 |" in lines
    (metrics,) = [line for line in lines if line.startswith("| `metrics.key`")]
    assert "A secret: better put it in a file named by `HCSERVER_METRICS_KEY_FILE`." in metrics


def test_nothing_in_a_cell_is_taken_for_markdown() -> None:
    text = document(SAMPLE)
    assert "empty: `http://localhost:<port>`." in text
    assert "`<uuid>@<domain>` and `<ping_key>+<slug>@<domain>`." in text
    assert '/\\\\."$\\*&lt;>:\\|? |' in text  # characters that the name of a database can't have
