from __future__ import annotations

import pytest

from hcserver.mime import safe_html as safe_html_module
from hcserver.mime.safe_html import safe_html

PICTURE = "data:image/png;base64,AAAA"


@pytest.mark.parametrize(
    ("html", "safe"),
    [
        ("<p>a<b>c</b></p>", "<p>a<b>c</b></p>"),
        ("a<script>alert(1)</script>b", "ab"),
        ("a<style>p{background:url(http://x)}</style>b", "ab"),
        ("<svg><script>alert(1)</script></svg>b", "b"),
        ("<iframe src=x></iframe><object data=x></object><embed src=x>b", "b"),
        ("<form action=x><input name=y><button>b</button></form>", "b"),
        ("<p onclick=alert(1) id=x class=y>b</p>", "<p>b</p>"),
        ("<base href=http://x><meta http-equiv=refresh content=0><link rel=stylesheet href=x>b", "b"),
        ('<td background="http://x">b', "b"),
        ("<p style='color:red;background:url(http://x);position:fixed'>b", '<p style="color:red">b</p>'),
        ("<img src=http://x/y.png alt=chart>", '<img alt="chart">'),
        ("<img src=//x/y.png>", "<img>"),
        ("<img srcset='http://x 2x'>", "<img>"),
        ("<img src='data:image/svg+xml;base64,AAAA'>", "<img>"),
        (f"<img src='{PICTURE}'>", f'<img src="{PICTURE}">'),
        ("a\0b", "ab"),
    ],
)
def test_nothing_acts_and_nothing_is_fetched(html: str, safe: str) -> None:
    assert safe_html(html) == safe


@pytest.mark.parametrize(
    ("address", "kept"),
    [
        ("https://example.org/log?id=1", True),
        ("mailto:a@example.org", True),
        ("javascript:alert(1)", False),
        ("java\nscript:alert(1)", False),
        ("data:text/html,x", False),
        ("/checks", False),
    ],
)
def test_links_keep_addresses_that_lead_out(address: str, kept: bool) -> None:
    html = safe_html(f'<a href="{address}">x</a>')
    assert ("href" in html) is kept
    assert 'rel="noopener noreferrer"' in html


def test_a_long_document_is_cut_and_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(safe_html_module, "MAX_HTML", 3)
    assert safe_html("abcdef") == "abc<p>The rest is left out.</p>"
    assert safe_html("abc") == "abc"
