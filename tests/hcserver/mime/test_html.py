from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hcserver.mime.html import html_to_text, meta_charset
from tests.cpu_time import cpu_seconds


@pytest.mark.parametrize(
    ("html", "text"),
    [
        ("<p>Backup<p>failed", "Backup\nfailed"),
        ("<table><tr><td>a</td><td>b</td></tr><tr><th>c</th></tr></table>", "a b\nc"),
        ("a<br>b<br/>c<hr>d", "a\nb\nc\nd"),
        ("<div>a</div>b", "a\nb"),
        ("<ul><li>a<li>b</ul>c", "a\nb\nc"),
        ("Back<b>up</b> <i>fa</i><span>il</span>ed", "Backup failed"),
        ("a&nbsp;&amp;&nbsp;b &lt;c&gt; &eacute;&#233;&#xe9;", "a & b <c> ééé"),
        ("AT&T tail &", "AT&T tail &"),
        ("<p>tail AT&", "tail AT&"),
        ("a \r\n\t b", "a b"),
        ("back&shy;up\u200bs", "backups"),
        ("<script>error</script><style>error</style><!-- error --><p title='error'>fine", "fine"),
        ("<title>Done</title><p hidden>hidden</p><noscript>n</noscript>", "Done\nhidden\nn"),
        ("<![if !mso]>shown<![endif]> a<![", "shown a<!["),
        ("<!--[if mso]>error<![endif]-->fine", "fine"),
        ("<![CDATA[x]]>y", "y"),
        ("<?xml version='1.0'?><html xmlns='x'><body><p>x</body></html>", "x"),
        ("<?xml version='1.0'?><feed><entry>x</entry></feed>", "x"),
        ("<?xml version='1.0'?><?xml version='1.0'?><p>x", "x"),
        ("a\0b<p>c", "ab\nc"),
        ("", ""),
        ("no markup at all", "no markup at all"),
        ("http://example.org/", "http://example.org/"),
        ("C:\\backup.log", "C:\\backup.log"),
        ("1 < 2", "1 < 2"),
        ("</p></div>x", "x"),
        ("a</p>b</br>c", "a\nb\nc"),
        ("<html><body>a</body></html><html><body>b", "a\nb"),
        ("<html>a<html>b", "a\nb"),
        ("<meta charset=koi8-r><p>Gr\u00fc\u00dfe", "Gr\u00fc\u00dfe"),
        ("\ufeff<p>a\ud800b", "a?b"),
        ("<p>a<textarea>b</textarea><button>c</button>d", "a b c d"),
        ("<![0]>Backup failed", "Backup failed"),
        ("<![0] Backup failed", "<![0] Backup failed"),
        ("<! x><?y?></ z></>Backup", "Backup"),
        ("<!-->a<!--->b<!-- x --!>c<!-- d", "abc"),
        ("<img src=x alt='Backup failed'>!<IMG ALT = ok ><img alt>", "Backup failed ! ok"),
        ("<p title='a>b' class=\"c>d\" e=f>g", "g"),
        ("<p title='a>Backup failed", "Backup failed"),
        ("<script>x</script><!-- y --><p title='a>It's \"broken\"", 'It\'s "broken"'),
        ("a<b and no more", "a<b and no more"),
        ('a<b title=">" and no more', 'a" and no more'),
        ("<script>if (a <!b) '</p>'</SCRIPT >x<style>b</style x>y<script/>z", "xy"),
        ("<scripted>a</scripted><styles>b</styles>", "ab"),
        ("<pre>a\n  b</pre>c\nd", "a\nb\nc d"),
        ("<pre>a<div><pre>b\nc</pre>d\ne</div></pre>f\ng", "a\nb\nc\nd\ne\nf g"),
        ("&#65;&#x42;&#0000000067;&#x0000000044;&#9999999999;&#xfffffffff;", "ABCD\ufffd\ufffd"),
        ("&#" + "9" * 5000, "\ufffd"),
        ("&#" + "0" * 5000 + "65;", "A"),
        ("&#x" + "0" * 5000 + "4a;<p>", "J"),
        ("&#" + "0" * 5000 + " &#x" + "0" * 5000 + " &# &#x", "\ufffd \ufffd &# &#x"),
        ("<DIV>A</DIV><SPAN>b</SPAN>", "A\nb"),
    ],
)
def test_what_is_seen_is_what_is_searched(html: str, text: str) -> None:
    assert html_to_text(html) == text


@pytest.mark.parametrize(
    ("html", "charset"),
    [
        (b"<meta charset=windows-1251>", "windows-1251"),
        (b"<META http-equiv='Content-Type' content='text/html; charset=koi8-r'>", "koi8-r"),
        (b"<?xml version='1.0' encoding=\"utf-8\"?>", "utf-8"),
        (b"<p>charset=utf-8", None),
        (b"<!-- " + b"x" * 5000 + b" --><meta charset=utf-8>", None),
        (b"", None),
    ],
)
def test_a_document_may_name_its_own_charset(html: bytes, charset: str | None) -> None:
    assert meta_charset(html) == charset


def test_nesting_of_any_depth_is_read_to_its_bottom() -> None:
    assert html_to_text("<div><b>" * 10_000 + "bottom" + "</b></div>" * 10_000) == "bottom"
    assert html_to_text("<div>" * 5000 + "bottom") == "bottom"


def test_of_a_large_document_nothing_is_lost() -> None:
    words = [f"word{number}" for number in range(45_000)]
    html = "<script>no text</script>" + "".join(f"<p title='of a {word}'>{word}" for word in words)
    assert len(html) > 1_500_000
    assert html_to_text(html).split("\n") == words


@pytest.mark.parametrize(
    ("start", "end"), [("<!--", "-->"), ("<script>", "</script>"), ("<style>", "</style>")]
)
def test_what_is_hidden_in_a_large_document_is_hidden_to_its_end(start: str, end: str) -> None:
    assert html_to_text(f"a{start}{'<b>error' * 100_000}{end}failed") == "a\nfailed"


@pytest.mark.parametrize(
    "markup", ["<p>{}", "<!--{}-->", "<p title='{}'>", "<style>{}</style>", "<{}>", "<?{}>"]
)
def test_no_size_of_markup_hides_what_follows_it(markup: str) -> None:
    assert html_to_text(markup.format("x" * 2_000_000) + " failed").endswith("failed")


def test_the_parser_does_not_warn(recwarn: pytest.WarningsRecorder) -> None:
    for html in ("report.html", "http://example.org", "<?xml version='1.0'?><feed>x</feed>", ""):
        html_to_text(html)
    assert not recwarn.list


@pytest.mark.parametrize(
    "piece", ["<", "<a ", "<!--", "<![CDATA[", "&", "<b>", "</p>", "<td>", "<table>", "&#", "<p a='"]
)
def test_time_is_linear_in_the_document(piece: str) -> None:
    # html.parser of Python 3.11 takes 4 s for 20 kB of "<a ".
    assert cpu_seconds(lambda: html_to_text(piece * (60_000 // len(piece)))) < 3


PIECES = (
    "<|>|</|/>|<!|<!--|-->|<?|]]>|&|&#|&#x|;|=|'|\"| |\n|\0|p|br|pre|img|alt|script|style|title|td|é|\ud800|"
    "\u2028|\U0001f600|0|9|f|amp"
)
pieces = st.sampled_from([*PIECES.split("|"), "0" * 5000, "9" * 5000, "f" * 5000])


@settings(max_examples=500)
@given(st.lists(pieces, max_size=30).map("".join))
def test_no_document_is_too_broken(html: str) -> None:
    text = html_to_text(html)
    assert "\0" not in text
    assert all(line == " ".join(line.split()) for line in text.split("\n"))
