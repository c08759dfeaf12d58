from __future__ import annotations

from typing import Any

import pytest
import pytest_asyncio

from handlers.pages import log_entry
from handlers.pages.paths import check_path
from hcserver.domain.check import Check
from hcserver.domain.ping import Report
from tests.handlers.harness import Site
from tests.handlers.pages.visitor import Visitor, make_check, text_of

MAIL = b"""\
From: =?utf-8?q?J=C3=BCrgen?= <nas@example.org>
To: %s@hc.example.org
Subject: backup <b>failed</b>
X-Evil: </dd><script>alert(1)</script>
MIME-Version: 1.0
Content-Type: multipart/mixed; boundary=b

--b
Content-Type: multipart/alternative; boundary=c

--c
Content-Type: text/plain

plain words
--c
Content-Type: text/html

<p>fine <script>alert(1)</script><img src="http://192.0.2.1/pixel.png">
<a href="javascript:alert(1)">a link</a></p>
--c--
--b
Content-Type: application/pdf
Content-Disposition: attachment; filename="<i>report</i>.pdf"
Content-Transfer-Encoding: base64

AAAABBBB
--b--
"""


async def mail_to(site: Site, check: Check, raw: bytes) -> None:
    await site.services.intake.record(
        [
            Report(
                check=check.id, at=site.clock(), signal="fail", scheme="email", remote_addr="192.0.2.1",
                subject="backup <b>failed</b>", sender="nas@example.org", body=raw,
            )
        ]
    )  # fmt: skip


@pytest_asyncio.fixture(loop_scope="session")
async def mailed(site: Site) -> Check:
    check = await make_check(site, slug="nas")
    await mail_to(site, check, MAIL % str(check.id).encode())
    return check


async def test_an_email_is_shown_as_text_with_its_header_and_attachments(
    editor: Visitor, mailed: Check
) -> None:
    page = await editor.page(f"/checks/{mailed.id}/log/1")
    assert page.pre.get_text() == "plain words"
    fields = {dt.get_text(): dt.find_next("dd").get_text() for dt in page.select("main dt")}
    assert fields["From"] == "Jürgen <nas@example.org>"
    assert fields["To"] == f"{mailed.id}@hc.example.org"
    assert fields["X-Evil"] == "</dd><script>alert(1)</script>"
    assert "<i>report</i>.pdf application/pdf , 6 bytes" in " ".join(
        page.select_one("main ul").get_text(" ").split()
    )
    assert not page.select("main script, main i")
    [frame] = page.select("iframe")
    assert (frame["src"], "".join(frame["sandbox"])) == (f"{check_path(mailed.id)}/log/1/html", "")


async def test_the_script_gets_the_output_alone(editor: Visitor, mailed: Check) -> None:
    reply = await editor.get(f"/checks/{mailed.id}/log/1", X_Fragment="output")
    assert reply.status == 200
    assert "plain words" in reply.text
    assert "<html" not in reply.text


async def test_the_html_of_an_email_runs_and_fetches_nothing(editor: Visitor, mailed: Check) -> None:
    reply = await editor.get(f"/checks/{mailed.id}/log/1/html")
    assert reply.status == 200
    policy = reply.headers["content-security-policy"]
    assert policy.startswith("default-src 'none'; style-src 'unsafe-inline'; img-src data:;")
    assert policy.endswith("; sandbox")
    assert "fine" in reply.text and "a link" in reply.text
    for hostile in ("script", "192.0.2.1", "alert"):
        assert hostile not in reply.text


@pytest.mark.parametrize("raw", [b"Subject: x\n\ntext", b"\0\xff" * 100])
async def test_an_email_without_html_has_no_frame(site: Site, editor: Visitor, raw: bytes) -> None:
    check = await make_check(site)
    await mail_to(site, check, raw)
    assert not (await editor.page(f"/checks/{check.id}/log/1")).select("iframe")
    assert (await editor.get(f"/checks/{check.id}/log/1/html")).status == 404


async def test_a_body_is_downloaded_as_it_came(site: Site, editor: Visitor) -> None:
    check = await make_check(site, slug="job")
    body = b"<script>\0\xff"
    await site.ping(str(check.id), "", body)
    reply = await editor.get(f"/checks/{check.id}/log/1/raw")
    assert reply.body == body
    assert reply.headers["content-type"] == "text/plain"
    assert reply.headers["content-disposition"] == 'attachment; filename="job-1.txt"'
    assert reply.headers["x-content-type-options"] == "nosniff"


async def test_viewers_see_emails_without_the_ping_address(
    editor: Visitor, viewer: Visitor, mailed: Check
) -> None:
    page = await viewer.page(f"/checks/{mailed.id}/log/1")
    assert f"{mailed.id}@" not in page.get_text()
    assert page.pre.get_text() == "plain words"
    assert (await viewer.get(f"/checks/{mailed.id}/log/1/raw")).status == 403
    assert (await editor.get(f"/checks/{mailed.id}/log/1/raw")).body.startswith(b"From: ")


@pytest.mark.parametrize("path", ["", "/raw", "/html", "/diff"])
async def test_what_is_not_there_is_not_found(
    site: Site, editor: Visitor, anonymous: Visitor, path: str
) -> None:
    check = await make_check(site)
    assert (await editor.get(f"/checks/{check.id}/log/99999999999{path}")).status == 404
    assert (await anonymous.get(f"/checks/{check.id}/log/1{path}")).status == 303


async def test_only_the_beginning_of_a_long_output_is_shown(
    site: Site, editor: Visitor, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(log_entry, "SHOWN_BYTES", 1000)
    check = await make_check(site)
    await site.ping(str(check.id), "", b"x" * 9000)
    page = await editor.page(f"/checks/{check.id}/log/1")
    assert page.pre.get_text() == "x" * 1000
    assert "These are the first 1 kB of 9 kB." in page.get_text()


async def test_only_the_beginning_of_a_long_email_is_shown(site: Site, editor: Visitor) -> None:
    check = await make_check(site)
    await mail_to(site, check, b"Subject: x\n\n" + b"a line of text\n" * 20_000)
    page = await editor.page(f"/checks/{check.id}/log/1")
    assert len(page.pre.get_text()) <= 200_000
    assert "the beginning of a long text" in page.get_text()


async def test_a_failure_is_compared_with_the_last_success(site: Site, editor: Visitor) -> None:
    check = await make_check(site)
    await site.ping(str(check.id), "", b"a\nold\nb")
    await site.ping(str(check.id))
    await site.ping(str(check.id), "/fail", b"a\n<b>new\nb")
    page = await editor.page(f"/checks/{check.id}/log/3/diff")
    assert [one.get_text() for one in page.select(".diff > *")] == ["  a", "− old", "+ <b>new", "  b"]


@pytest.mark.parametrize(
    ("before", "words"), [(None, "no earlier success"), (b"same", "the same as that of the last success")]
)
async def test_where_there_is_nothing_to_compare_the_page_says_so(
    site: Site, editor: Visitor, before: bytes | None, words: str
) -> None:
    check = await make_check(site)
    await site.ping(str(check.id), "", before)
    await site.ping(str(check.id), "/fail", b"same")
    assert words in text_of(await editor.get(f"/checks/{check.id}/log/2/diff"))


async def test_the_output_is_not_compared_with_that_of_a_run_that_was_too_short(
    site: Site, editor: Visitor
) -> None:
    check = await make_check(site, min_runtime=30)
    await site.ping(str(check.id), "", b"good")
    await site.ping(str(check.id), "/start")
    await site.ping(str(check.id), "", b"short")
    await site.ping(str(check.id), "/fail", b"bad")
    page = await editor.page(f"/checks/{check.id}/log/4/diff")
    assert [one.get_text() for one in page.select(".diff > *")] == ["− good", "+ bad"]
    short = await editor.page(f"/checks/{check.id}/log/3")
    assert short.h1.get_text().startswith("Too short")
    assert "Compare with the last success" in short.get_text()
    assert (await editor.page(f"/checks/{check.id}/log/1")).h1.get_text().startswith("Success")


def words(element: Any) -> str:
    return " ".join(element.get_text(" ").split())


async def cut_output(site: Site, **report: Any) -> Check:
    """A check with one failure, not all of whose output is kept."""
    check = await make_check(site)
    await site.services.intake.record(
        [Report(check=check.id, at=site.clock(), signal="fail", scheme="http", remote_addr="::1", **report)]
    )
    return check


async def test_where_an_output_was_cut_a_mark_says_how_much_is_missing(site: Site, editor: Visitor) -> None:
    check = await cut_output(site, body="€".encode()[1:] + b"no space left", cut_before=12_345)
    for path in (f"/checks/{check.id}/log/1", f"/checks/{check.id}/log"):
        page = await editor.page(path)
        assert words(page.select_one(".cut")) == "… 12,345 bytes before this were not kept"
        assert page.select_one(".cut").find_next("pre").get_text() == "no space left"
    check = await cut_output(site, body=b"checking \xe2", cut_after=1)
    for path in (f"/checks/{check.id}/log/1", f"/checks/{check.id}/log"):
        page = await editor.page(path)
        assert words(page.select_one(".cut")) == "… 1 byte after this was not kept"
        assert page.select_one(".cut").find_previous("pre").get_text() == "checking "
    check = await cut_output(site, cut_after=9)
    page = await editor.page(f"/checks/{check.id}/log/1")
    assert words(page.select_one(".said")).endswith("… 9 bytes after this were not kept")


async def test_the_end_of_a_long_output_is_shown_if_its_beginning_is_not_kept(
    site: Site, editor: Visitor, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(log_entry, "SHOWN_BYTES", 10)
    check = await cut_output(site, body="0123456€ the end".encode(), cut_before=5)
    page = await editor.page(f"/checks/{check.id}/log/1")
    assert page.pre.get_text() == " the end"
    assert page.pre["class"] == ["from-end"]  # it is scrolled to its end
    assert "These are the last 10 bytes of 18 bytes." in words(page)


async def test_a_comparison_says_that_it_is_of_parts(site: Site, editor: Visitor) -> None:
    check = await cut_output(site, body=b"new", cut_before=5)
    await site.ping(str(check.id), "", b"old")
    await site.ping(str(check.id), "/fail", b"new")
    assert "not kept" not in words(await editor.page(f"/checks/{check.id}/log/3/diff"))
    await site.services.intake.record(
        [
            Report(
                check=check.id, at=site.clock(), signal="fail", scheme="http", remote_addr="::1",
                body=b"newer", cut_before=5,
            )
        ]
    )  # fmt: skip
    page = await editor.page(f"/checks/{check.id}/log/4/diff")
    assert "Parts of these outputs are not kept, and were not compared." in words(page)
