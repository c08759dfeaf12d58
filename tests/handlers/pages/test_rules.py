from __future__ import annotations

from typing import Any

import pytest
from bs4 import BeautifulSoup

from handlers.pages.paths import check_path
from handlers.pages.rules import as_email, reason_in_words
from hcserver.domain.keywords import Reason
from hcserver.services.classification.past_reports import Judgement
from tests.handlers.harness import NOWHERE, Site
from tests.handlers.pages.visitor import Visitor, make_check, text_of

RULES = {"filter_http_body": "on", "failure_kw": "error, failed", "success_kw": "completed"}
BODIES = (b"backup completed", b"rsync <error> 23", b"nothing to see")


def read(text: str) -> Any:
    return BeautifulSoup(text, "lxml")


def verdicts(page: Any) -> list[str]:
    return [one.get_text(strip=True) for one in page.select("#preview .state, article .state")]


async def make_reports(site: Site, **fields: object) -> str:
    """The path of the rules of a check that has received BODIES."""
    check = await make_check(site, **fields)
    await site.ping(str(check.id))
    for body in BODIES:
        await site.ping(str(check.id), body=body)
    return f"/checks/{check.id}/rules"


async def test_the_form_has_the_rules_of_the_check(site: Site, editor: Visitor) -> None:
    path = await make_reports(site, filter_http_body=True, failure_kw="error", kw_whole_word=True)
    page = await editor.page(path)
    assert [box["name"] for box in page.select("[type=checkbox][checked]")] == [
        "filter_http_body",
        "kw_whole_word",
    ]
    assert page.find(id="failure_kw")["value"] == "error"


async def test_reports_are_shown_with_their_verdict_and_the_keyword_marked(
    site: Site, editor: Visitor
) -> None:
    path = await make_reports(site, filter_http_body=True, failure_kw="error", success_kw="completed")
    page = await editor.page(path)
    assert verdicts(page) == ["Ignored", "Failure", "Success"]
    assert [mark.get_text() for mark in page.select("mark")] == ["error", "completed"]
    assert [pre.get_text() for pre in page.select("pre")] == [body.decode() for body in reversed(BODIES)]
    assert "would be judged as by the saved ones" in page.find(id="preview").get_text()


async def test_other_rules_are_tried_and_what_would_change_is_told(site: Site, editor: Visitor) -> None:
    path = await make_reports(site)
    reply = await editor.fragment(path, "preview", do="preview", **RULES)
    assert reply.status == 200 and "<html" not in reply.text
    assert verdicts(read(reply.text)) == ["Ignored", "Failure", "Success"]
    text = text_of(reply)
    assert "Of the last 3 reports, 2 would be judged otherwise than by the saved rules." in text
    assert "“error” is in the body" in text and "success by the saved rules" in text
    whole_page = await editor.post(path, do="preview", **RULES)
    assert read(whole_page.text).find(id="failure_kw")["value"] == "error, failed"
    assert verdicts(read(whole_page.text)) == ["Ignored", "Failure", "Success"]


async def test_a_pasted_email_is_judged(site: Site, editor: Visitor) -> None:
    check = await make_check(site)
    path, rules = f"/checks/{check.id}/rules", {"filter_subject": "on", "failure_kw": "failed"}
    mail = "Subject: =?utf-8?q?Backup_failed?=\n\nbody"
    page = read((await editor.fragment(path, "preview", do="preview", mail=mail, **rules)).text)
    assert verdicts(page) == ["Failure"]
    assert page.mark.get_text() == "failed"
    assert "the pasted email" in page.get_text()


async def test_saving_changes_the_check(site: Site, editor: Visitor) -> None:
    check = await make_check(site, filter_subject=True, start_kw="begin")
    reply = await editor.post(f"/checks/{check.id}/rules", **RULES, mail="Subject: not stored")
    assert (reply.status, reply.headers["location"]) == (303, check_path(check.id))
    saved = await site.services.checks.get(site.project, check.id)
    assert (saved.filter_http_body, saved.filter_subject) == (True, False)
    assert (saved.failure_kw, saved.success_kw, saved.start_kw) == ("error, failed", "completed", "")


@pytest.mark.parametrize("do", ["", "preview"])
async def test_faults_stand_beside_their_field(site: Site, editor: Visitor, do: str) -> None:
    check = await make_check(site)
    reply = await editor.post(f"/checks/{check.id}/rules", do=do, failure_kw="x" * 201)
    page = read(reply.text)
    assert reply.status == (200 if do else 400)
    assert page.find(id="fault-failure_kw").get_text() == "The list of keywords is too long."
    assert page.find(id="failure_kw")["aria-invalid"] == "true"


async def test_exit_statuses_are_saved_and_tried(site: Site, editor: Visitor) -> None:
    check = await make_check(site, success_exit_statuses=[24])
    path = f"/checks/{check.id}/rules"
    await site.ping(str(check.id), "/3", body=b"some files could not be read")
    page = await editor.page(path)
    assert page.find(id="success_exit_statuses")["value"] == "24"
    assert verdicts(page) == ["Failure"]
    tried = await editor.fragment(path, "preview", do="preview", success_exit_statuses="3, 24")
    assert verdicts(read(tried.text)) == ["Success"]
    wrong = read((await editor.post(path, success_exit_statuses="300")).text)
    fault = "The list of exit statuses has something else than whole numbers from 1 to 255."
    assert wrong.find(id="fault-success_exit_statuses").get_text() == fault
    await editor.post(path, success_exit_statuses="24 3")
    saved = await site.services.checks.get(site.project, check.id)
    assert saved.success_exit_statuses == (3, 24)


async def test_ignored_exit_statuses_are_saved_and_tried(site: Site, editor: Visitor) -> None:
    check = await make_check(site, ignored_exit_statuses=[99])
    path = f"/checks/{check.id}/rules"
    await site.ping(str(check.id), "/75", body=b"another backup is at work")
    page = await editor.page(path)
    assert page.find(id="ignored_exit_statuses")["value"] == "99"
    tried = await editor.fragment(path, "preview", do="preview", ignored_exit_statuses="75")
    assert verdicts(read(tried.text)) == ["Ignored"]
    assert "this exit status is ignored" in text_of(tried)
    wrong = read((await editor.post(path, success_exit_statuses="75", ignored_exit_statuses="75")).text)
    fault = wrong.find(id="fault-ignored_exit_statuses").get_text()
    assert fault == "The list of exit statuses has 75, which is a success."
    # Without the other list in the form, the saved one counts.
    reply = await editor.post(path, success_exit_statuses="99")
    assert (reply.status, "ignored_exit_statuses has 99" in text_of(reply)) == (400, True)
    await editor.post(path, ignored_exit_statuses="75")
    saved = await site.services.checks.get(site.project, check.id)
    assert saved.ignored_exit_statuses == (75,)


async def test_a_check_without_reports_says_what_to_do(site: Site, editor: Visitor) -> None:
    check = await make_check(site)
    await site.ping(str(check.id))
    assert "Paste an email to try" in text_of(await editor.get(f"/checks/{check.id}/rules"))


async def test_only_editors_of_the_project_change_rules(
    site: Site, viewer: Visitor, editor: Visitor, anonymous: Visitor
) -> None:
    check = await make_check(site)
    path = f"/checks/{check.id}/rules"
    assert (await viewer.get(path)).status == 403
    assert (await viewer.post(path, **RULES)).status == 403
    assert (await anonymous.get(path)).status == 303
    assert (await editor.post(path, xsrf="wrong", **RULES)).status == 403
    assert (await editor.get(f"/checks/{NOWHERE}/rules")).status == 404


@pytest.mark.parametrize("text", ["\0", "\ud7ff", ",,,", "x" * 300_000, "\u0301" * 30_000, "", "From ", ":"])
async def test_no_text_in_a_field_is_an_error_of_the_server(site: Site, editor: Visitor, text: str) -> None:
    path = await make_reports(site, filter_http_body=True)
    fields = dict.fromkeys(("failure_kw", "start_kw", "mail"), text)
    reply = await editor.post(path, do="preview", filter_subject="on", filter_body="on", mail=text)
    assert reply.status == 200
    assert (await editor.post(path, do="preview", **fields)).status in (200, 413)


def test_what_has_no_header_is_the_body_of_an_email() -> None:
    assert as_email("Subject: a\n\nb") == b"Subject: a\n\nb"
    assert as_email("From nas@example.org Mon\nSubject: a") == b"From nas@example.org Mon\nSubject: a"
    assert as_email("The backup failed: no space") == b"\nThe backup failed: no space"


def test_reasons_in_words() -> None:
    def words(reason: Reason) -> str:
        return reason_in_words(Judgement(signal=reason.signal, reason=reason, subject=None, excerpt=None))

    assert words(Reason(signal="fail", keyword="a", where="subject")) == "“a” is in the subject"
    assert words(Reason(signal="ign", keyword=None, where="default")) == "no keyword was found"
    assert words(Reason(signal="log", keyword=None, where="endpoint")).endswith("so its address decides")
    assert words(Reason(signal="fail", keyword=None, where="unread")) == "it could not be read in time"
    assert words(Reason(signal="success", keyword=None, where="unfiltered")) == "it is not searched"
