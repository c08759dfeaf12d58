from __future__ import annotations

from handlers.pages.markdown import anchor, rendered


def resolve(link: str) -> str | None:
    return {"other.md": "/docs/other", "other.md#part": "/docs/other#part"}.get(link)


def test_headings_have_anchors() -> None:
    found = rendered("# Title\n\n## What a `job` can, and can't\n", resolve)
    assert found.title == "Title"
    assert [(one.level, one.text, one.anchor) for one in found.headings] == [
        (1, "Title", "title"),
        (2, "What a job can, and can't", "what-a-job-can-and-cant"),
    ]
    assert '<h2 id="what-a-job-can-and-cant">' in found.html
    assert anchor("On- and off, `x`") == "on--and-off-x"


def test_links_lead_to_pages_or_become_text() -> None:
    html = rendered(
        "[a](other.md) [b](other.md#part) [c](gone.md) [d](#here) [e](https://x.org/)", resolve
    ).html
    assert '<a href="/docs/other">a</a> <a href="/docs/other#part">b</a> c <a href="#here">d</a>' in html
    assert '<a href="https://x.org/">e</a>' in html


def test_html_stays_text_and_pictures_are_left_out() -> None:
    html = rendered("<script>x</script>\n\n![picture](x.png) [![badge](y.svg)](gone.md) after", resolve).html
    assert "<script>" not in html and "<img" not in html
    assert "after" in html


def test_tables_can_be_scrolled_with_the_keyboard() -> None:
    html = rendered("| a | b |\n| --- | --- |\n| 1 | 2 |\n", resolve).html.strip()
    assert html.startswith('<div class="scroll" tabindex="0" role="group" aria-label="Table"><table>')
    assert html.endswith("</table></div>")


def test_a_text_without_headings_has_no_title() -> None:
    assert rendered("text", resolve).title == ""
